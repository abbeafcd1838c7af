package sshd

import (
	"bufio"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// unmoved is an owner's program that would tell of anything that reached her terminal
// beside a line of her own: a key, a size, a signal.
const unmoved = `for s in HUP INT QUIT USR1 USR2 TERM WINCH TSTP CONT; do trap "echo signal $s" $s; done
echo welcome; while :; do read l; s=$?; [ $s -gt 128 ] || echo "got <$l> at $(stty size)"; done`

// A viewer sends whatever there is to be sent, and nothing of it reaches the owner:
// neither of one who has nothing but a token, nor of one who has an account here.
func TestNothingOfAViewerReachesTheOwner(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.broker.allow("bob", f.key.PublicKey(), everything())
	session, token := f.shared(f.dial(), unmoved, "welcome", "--for bob")
	owner := bufio.NewReader(session)
	for who, name := range map[string]string{"a guest": "", "bob": "bob"} {
		c, command := f.guest(token), ""
		if name != "" {
			c, command = f.dialWith(f.clientConfig(name, f.key)), "@watch alice/main"
		}
		v := f.session(c)
		v.must("pty-req", ptyRequest("xterm", 80, 24, ""))
		v.must("exec", text(command))
		waitFor(t, byteReader{v}, "welcome")
		for _, keys := range []string{"typed", "\r", "\n", "\x1c", "\x1a", "\x1b[<0;1;1M", "\x1b[?1;2c"} {
			_, _ = io.WriteString(v, keys)
		}
		if _, err := v.Stderr().Write([]byte("typed as extended data\r")); err != nil {
			t.Fatal(err)
		}
		v.must("window-change", windowChange(100, 30))
		for _, signal := range signals {
			v.ask("signal", text(signal.name)) // there is no program that would get it
		}
		for request, data := range map[string][]byte{
			"break": {0, 0, 0, 1}, "env": append(text("LANG"), text("C")...), "xon-xoff": {1},
			"pty-req": ptyRequest("xterm", 10, 10, ""), "shell": nil, "exec": text("echo never"), "subsystem": text("sftp"),
		} {
			if v.ask(request, data) {
				t.Errorf("%s: %s was accepted", who, request)
			}
		}
		_, _ = io.WriteString(session, "by alice\r")
		waitFor(t, owner, "by alice\r\n") // the echo
		line, err := owner.ReadString('\n')
		if err != nil || line != "got <by alice> at 24 80\r\n" {
			t.Errorf("%s: the owner has %q %v", who, line, err)
		}
		waitFor(t, byteReader{v}, "by alice")
		_, _ = io.WriteString(v, "q")
		if got := v.status(); got != 0 {
			t.Errorf("%s leaves with %d", who, got)
		}
	}
	if out, _, _ := f.word(f.dial(), "@share list"); strings.Count(out, "\n") != 1 {
		t.Errorf("somebody still looks on:\n%s", out)
	}
}

// A token that has expired lets nobody in, as one that never was.
func TestExpiredToken(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	_, token := f.shared(c, "echo welcome; exec sleep 300", "welcome", "--ttl 1ms")
	for {
		if _, errs, _ := f.word(c, "@share list"); strings.Contains(errs, "you share nothing") {
			break
		}
	}
	cfg := f.clientConfig(token)
	cfg.Auth = nil
	if c, err := ssh.Dial("tcp", f.addr, cfg); err == nil {
		c.Close()
		t.Error("it is good")
	}
	f.broker.waitRecord(t, "refused", func(r *wire.Record) bool { return r.User == token && attr(r, "reason") == errGuess.Error() })
}

// Who types for a program that doesn't read is held up himself, and nobody else is: he
// can leave, and be sent away.
func TestTypingForWhoDoesNotRead(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	_, shared := f.shared(c, "stty raw -echo; echo welcome; exec sleep 300", "welcome", "--type")
	p := f.session(c) // whose client doesn't read what comes back
	p.must("exec", text("@publish talk --type --size 80x24"))
	published := f.token(untilToken(t, p.Stderr()))
	_, _ = io.WriteString(p, "welcome")
	for n, token := range []string{shared, published} {
		guest := f.guest(token)
		v := f.looksOn(guest, "welcome")
		var typed atomic.Int64
		flooded := make(chan struct{})
		go func() {
			defer close(flooded)
			for {
				n, err := v.Write(make([]byte, chunkSize))
				typed.Add(int64(n))
				if err != nil {
					return
				}
			}
		}()
		last := int64(0)
		f.eventually(func() bool { // until it goes no further: his channel is full
			before := last
			last = typed.Load()
			return last > 1<<20 && last == before
		})
		guest.Close()
		<-flooded
		f.eventually(func() bool { return f.broker.count("logout") == n+1 })
	}
}

// untilToken reads until a line with a token.
func untilToken(t *testing.T, from io.Reader) string {
	t.Helper()
	said := make([]byte, 4096)
	n, err := from.Read(said)
	for err == nil && !tokenLine.Match(said[:n]) {
		var more int
		more, err = from.Read(said[n:])
		n += more
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(said[:n])
}

// Who may not look on any more, by what the administrator says, doesn't: neither whom he
// has taken out of share_with, nor anybody when the owner may not share any more, though
// she may publish, or the other way round.
func TestViewsFollowTheTable(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	_, token := f.shared(c, "echo welcome; exec sleep 300", "welcome", "")
	p := f.session(c)
	p.must("exec", text("@publish talk --size 80x24"))
	published := f.token(untilToken(t, p.Stderr()))
	p.types(t, "slide one")
	named := everything()
	named.Shares = []string{"alice"} // share_with
	f.broker.allow("bob", f.key.PublicKey(), named)
	bob := f.onTTY(f.dialWith(f.clientConfig("bob", f.key)), "@watch alice/main", "welcome")
	guest, reader := f.looksOn(f.guest(token), "welcome"), f.looksOn(f.guest(published), "slide one")

	f.broker.allow("bob", f.key.PublicKey(), everything())
	f.server.Recheck()
	waitFor(t, byteReader{bob.Stderr()}, "ended your view")
	if got := bob.status(); got != exitFailure {
		t.Errorf("bob leaves with %d", got)
	}
	for _, change := range []struct {
		share, publish bool
		gone           *rawSession
	}{{false, true, guest}, {true, false, reader}} {
		g := everything()
		g.Share, g.Publish = change.share, change.publish
		f.broker.allow("alice", f.key.PublicKey(), g)
		f.server.Recheck()
		waitFor(t, byteReader{change.gone.Stderr()}, "ended your view")
		if change.publish {
			p.types(t, "slide two")
			reader.sees(t, "slide two")
		}
	}
}
