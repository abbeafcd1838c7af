package integration

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// publisher is a stock client that publishes alice's talk.
type publisher struct {
	t     *testing.T
	stock *exec.Cmd
	stdin io.WriteCloser
	said  string // with the token

	complaints *journal // its standard error
}

func (i *instance) publisher() *publisher {
	i.t.Helper()
	p := &publisher{t: i.t, stock: i.sshCommand("alice", "--", "@publish", "talk", "--size", "132x43")}
	p.complaints = newJournal(i.t)
	p.stock.Stderr = p.complaints
	var err error
	if p.stdin, err = p.stock.StdinPipe(); err != nil {
		i.t.Fatal(err)
	}
	if err := p.stock.Start(); err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(p.end)
	p.said = p.complaints.wait("@127.0.0.1\r")
	return p
}

// end ends the client, and waits for it.
func (p *publisher) end() {
	_ = p.stock.Process.Kill()
	_ = p.stock.Wait() // by the signal, or collected before
}

// writes publishes b, as often as said.
func (p *publisher) writes(b []byte, times int) {
	p.t.Helper()
	for range times {
		if _, err := p.stdin.Write(b); err != nil {
			p.t.Fatal(err)
		}
	}
}

// What is published is anything. It costs the server no memory; and who joins, in the
// middle of it or afterwards, sees what is on the screen then.
func TestWhateverIsPublished(t *testing.T) {
	t.Parallel()
	i := sharer(t)
	const mib = 1 << 20
	long := func(text string) []byte { return bytes.Repeat([]byte(text), mib/len(text)) }
	noise := make([]byte, mib)
	_, _ = rand.Read(noise) // never fails
	p := i.publisher()
	always, err := i.views(tokenOf(t, p.said))
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, always.out) }() // to the end of the test
	p.writes(long("warm up\r\n"), 20)
	before := 0
	for n, c := range []struct {
		name, begin string
		body        []byte
		mib         int
		end         string
	}{
		{"a word", "", nil, 0, ""},
		{"random bytes", "", noise, 10, "\x18\x1bc"},
		{"lines", "", long("the quick brown fox\r\n"), 100, ""},
		{"a line without end", "", long("x"), 10, ""},
		{"wide characters", "", long("世"), 5, ""},
		{"accents", "e", long("\u0301"), 5, ""},
		{"titles", "\x1b]0;", long("x"), 10, "\x07"},
		{"one link", "\x1b]8;;http://", long("x"), 10, "\x1b\\"},
		{"many links", "", long("\x1b]8;;http://a\x07a\x1b]8;;http://b\x07b"), 5, "\x1b]8;;\x07"},
		{"clipboards", "\x1b]52;c;", long("QUJD"), 10, "\x1b\\"},
		{"pictures", "\x1bPq", long("#0~~@@vv@@~~$-"), 10, "\x1b\\"},
		{"device controls", "\x1bP1$r", long("0m"), 10, "\x1b\\"},
		{"cancelled device controls", "\x1bP", long("0;"), 10, "\x18"},
		{"application commands", "\x1b_G", long("AAAA"), 10, "\x1b\\"},
		{"privacy messages", "\x1b^", long("x"), 10, "\x1b\\"},
		{"strings", "\x1bX", long("x"), 10, "\x1b\\"},
		{"parameters", "\x1b[", long("1;"), 10, "m\x1b[m"},
		{"intermediates", "\x1b", long(" "), 10, "\x18"},
		{"styles", "", long("\x1b[38;2;1;2;3ma\x1b[48;5;77mb\x1b[m"), 5, ""},
		{"half a character", "\xe4\xb8", nil, 0, ""},
		{"half a sequence", "\x1b[12;", nil, 0, "H"},
	} {
		p.writes([]byte(c.begin), 1)
		p.writes(c.body, c.mib)
		i.log.mark()
		amid := openTerminal(t, i.guestCommand(p.said).Args)
		i.log.wait("msg=view", "of=alice/talk")
		text := fmt.Sprintf("%s were shown %d", c.name, n)
		p.writes([]byte(c.end+"\x1b[2J\x1b[H"+text), 1)
		after := openTerminal(t, i.guestCommand(p.said).Args)
		for when, x := range map[string]*terminal{"in the middle": amid, "afterwards": after} {
			if shown := x.wait(text); shown != text {
				t.Errorf("%s: who joins %s sees\n%s", c.name, when, shown)
			}
			x.press("q")
			x.wait(over)
		}
		if n == 0 {
			i.forgetPeak()
			before = i.peak()
		}
	}
	peak := i.peak()
	t.Logf("jailsh-net had %d MiB before, and up to %d", before, peak)
	// Of 250 MiB; what isn't needed is collected once it is as much as what is, ballast
	// and all.
	if peak > before+30 {
		t.Errorf("jailsh-net had %d MiB before, and up to %d", before, peak)
	}
	i.unharmed()
}

// What begins as an asciicast and goes on as something else ends, and says why; what
// it had shown was seen, and the server keeps nothing of it.
func TestBrokenAsciicasts(t *testing.T) {
	t.Parallel()
	i := sharer(t)
	const header = `{"version":3,"term":{"cols":132,"rows":43}}` + "\n" + `[0.1,"o","slide one"]` + "\n"
	i.publisher().end()
	i.forgetPeak()
	before := i.peak()
	for body, want := range map[string]string{
		`[0.1,"o","` + strings.Repeat("x", 10<<20):      "line 3: has more than the 1048576 bytes allowed",
		strings.Repeat("[", 1<<19) + "\n":               "line 3: is no event",
		`[1e999,"o","x"]` + "\n":                        "line 3: is no event",
		`[0.1,"r","999999999999x1"]` + "\n":             "is no size",
		`["o",` + strings.Repeat("[],", 1<<18) + "1]\n": "line 3: is no event",
		"\x00\xff\xfe\n":                                "line 3: is no event",
	} {
		p := i.publisher()
		p.writes([]byte(header), 1)
		viewer := openTerminal(t, i.guestCommand(p.said).Args)
		viewer.wait("slide one")
		go func() { _, _ = io.WriteString(p.stdin, body) }() // which nobody reads to its end
		_ = p.stock.Wait()                                   // its status is looked at
		if code := p.stock.ProcessState.ExitCode(); code != 1 || !strings.Contains(p.complaints.String(), "jailsh: asciicast: ") || !strings.Contains(p.complaints.String(), want) {
			t.Errorf("%.20s: status %d: %s", body, code, p.complaints)
		}
		viewer.wait("slide one", "alice/talk has ended", over+"0")
	}
	if peak := i.peak(); peak > before+24 {
		t.Errorf("jailsh-net had %d MiB before, and up to %d", before, peak)
	}
	i.unharmed()
}

// A publisher that is killed, and one that is there no more without a word: its viewers
// are told, the token is worth nothing, and the name is free again.
func TestAPublisherVanishes(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.server = "client_alive_interval = \"1s\"\nclient_alive_count_max = 1"
	i.person("alice").table = "allow = { publish = true }"
	i.start()
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGSTOP} {
		p := i.publisher()
		p.writes([]byte("slide one"), 1)
		viewer := openTerminal(t, i.guestCommand(p.said).Args)
		viewer.wait("slide one")
		if err := p.stock.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if shown := viewer.wait("alice/talk has ended", over+"0"); !strings.Contains(shown, "slide one") {
			t.Errorf("%s: the last that is shown is\n%s", signal, shown)
		}
		if o := runCommand(t, nil, i.guestCommand(p.said)); o.code != 255 {
			t.Errorf("%s: the token is good still: %+v", signal, o)
		}
	}
}
