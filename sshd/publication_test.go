package sshd

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/share"
	"golang.org/x/crypto/ssh"
)

// castHead is the first line of an asciicast.
const castHead = `{"version":3,"term":{"cols":80,"rows":24}}` + "\n"

// publishes is a session that publishes under a key, and what it was told first.
func (f *fixture) publishes(c *ssh.Client, key, says string) (*rawSession, string) {
	f.t.Helper()
	p := f.session(c)
	p.must("exec", text("@publish --type --resume "+key+" talk"))
	return p, f.hears(p.Stderr(), says)
}

// hears reads until something was said, and to the end of that line.
func (f *fixture) hears(r io.Reader, says string) (said string) {
	f.t.Helper()
	b := make([]byte, 1)
	for !strings.Contains(said, says) || !strings.HasSuffix(said, "\n") {
		if _, err := r.Read(b); err != nil {
			f.t.Fatalf("%v after %q, without %q", err, said, says)
		}
		said += string(b)
	}
	return said
}

// The link of a publisher is lost. Those who look on stay, and see it go on when he is
// back; who joins then uses the same token.
func TestAPublisherComesBack(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	p, said := f.publishes(c, "k1", "ssh -p")
	token := f.token(said)
	_, _ = io.WriteString(p, castHead+`[0, "o", "slide-one"]`+"\n")
	v := f.looksOn(f.guest(token), "slide-one")
	f.hears(p.Stderr(), "1 looking on")
	c.Close()
	f.eventually(func() bool {
		for _, p := range f.server.published.list() {
			p.mu.Lock()
			lost := p.by == nil
			p.mu.Unlock()
			if lost {
				return true
			}
		}
		return false
	})
	_, _ = io.WriteString(v, "typed to nobody")
	again, said := f.publishes(f.dial(), "k1", "talk is published on")
	if strings.Contains(said, "ssh -p") {
		t.Errorf("there is another token: %q", said)
	}
	f.hears(again.Stderr(), "1 looking on")
	_, _ = io.WriteString(again, castHead+`[0, "o", "\u001bcslide-two"]`+"\n")
	waitFor(t, byteReader{v}, "slide-two")
	f.looksOn(f.guest(token), "slide-two")
	f.hears(again.Stderr(), "2 looking on")
	_, _ = io.WriteString(v, "next")
	waitFor(t, byteReader{again}, "next")
	_, _ = io.WriteString(again, `[0, "x", "0"]`+"\n")
	if got := again.status(); got != 0 {
		t.Errorf("the publisher leaves with %d", got)
	}
	waitFor(t, byteReader{v.Stderr()}, "alice/talk has ended")
}

// He is back before the server knows that the old link is dead. What still comes by
// that isn't shown, and the old session ends.
func TestAPublisherTakesOver(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	old, said := f.publishes(c, "k1", "ssh -p")
	token := f.token(said)
	p := f.server.published.list()[0]
	p.mu.Lock()
	before := publisher{p, p.by}
	p.mu.Unlock()
	again, _ := f.publishes(f.dial(), "k1", "talk is published on")
	before.Write([]byte("stale"))
	before.Resize(share.Size{Cols: 40, Rows: 10})
	if status := old.status(); status != exitRefused {
		t.Errorf("the old one left with %d", status)
	}
	_, _ = io.WriteString(again, "fresh")
	v := f.looksOn(f.guest(token), "fresh")
	_, _ = io.WriteString(again, "\r\nthe-end\r\n")
	if shown := f.hears(v, "the-end"); strings.Contains(shown, "stale") || p.live.Size() != share.Usual() {
		t.Errorf("shows %q in %v", shown, p.live.Size())
	}
	// Somebody who takes the same name by chance.
	_, errs, status := f.word(c, "@publish --resume k2 talk")
	if status != exitFailure || !strings.Contains(errs, "you share something under this name already") {
		t.Errorf("another key: %d %q", status, errs)
	}
	if _, errs, status := f.word(c, "@share stop talk"); status != 0 {
		t.Fatal(errs)
	}
	f.hears(again.Stderr(), "talk is not shared any more")
	if got := again.status(); got != 0 {
		t.Errorf("the publisher leaves with %d", got)
	}
}

// What waits for its publisher ends with his rights, and with its time.
func TestWhatIsPublishedEndsWithoutAPublisher(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*fixture){
		"withdrawn": func(f *fixture) {
			f.broker.allow("alice", f.key.PublicKey(), &wire.Grant{Accepted: true, Exec: true})
			f.server.Recheck()
		},
		"gone": func(f *fixture) {
			f.broker.allow("alice", f.key.PublicKey(), &wire.Grant{})
			f.server.Recheck()
		},
		"time": func(*fixture) { <-time.After(resumeTime) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, f *fixture) {
				c := f.dialMem()
				_, said := f.publishes(c, "k1", "ssh -p")
				c.Close()
				f.wait()
				f.server.Recheck() // without a change
				if len(f.server.hub.Shares("alice")) != 1 {
					t.Fatal("it is gone at once")
				}
				end(f)
				f.wait()
				if len(f.server.hub.Shares("alice")) != 0 || len(f.server.published.list()) != 0 {
					t.Errorf("it is there still: %q", said)
				}
			})
		})
	}
}
