package sshd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// One program per channel, and nothing about it may change once it was asked for.
func TestOneProgramPerChannel(t *testing.T) {
	t.Parallel()
	f := start(t)
	s := f.session(f.dial())
	s.must("exec", text("cat"))
	for name, data := range map[string][]byte{
		"exec": text("echo second"), "shell": nil, "pty-req": ptyRequest("xterm", 80, 24, ""), "env": append(text("LC_ALL"), text("C")...),
	} {
		if s.ask(name, data) {
			t.Errorf("%s was accepted", name)
		}
	}
	if err := s.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if out, _ := io.ReadAll(s); len(out) != 0 {
		t.Errorf("got %q", out)
	}
	if got := s.status(); got != 0 {
		t.Errorf("exit status %d", got)
	}
}

// A second pty-req is refused, and the first one counts.
func TestOneTerminalPerChannel(t *testing.T) {
	t.Parallel()
	f := start(t)
	s := f.session(f.dial())
	s.must("pty-req", ptyRequest("first", 80, 24, ""))
	if s.ask("pty-req", ptyRequest("second", 80, 24, "")) {
		t.Error("a second one was accepted")
	}
	s.must("exec", text("echo $TERM"))
	if out, _ := io.ReadAll(s); string(out) != "first\r\n" {
		t.Errorf("got %q", out)
	}
}

// Requests that are malformed or unknown are answered with no, and nothing else
// happens.
func TestBadRequests(t *testing.T) {
	t.Parallel()
	f := start(t)
	s := f.session(f.dial())
	huge := []byte{0xff, 0xff, 0xff, 0xff}
	for _, r := range []struct {
		name string
		data []byte
	}{
		{"pty-req", nil},
		{"pty-req", text("xterm")},
		{"pty-req", ptyRequest("../../etc/passwd", 1, 1, "")},
		{"pty-req", ptyRequest(strings.Repeat("x", 65), 1, 1, "")},
		{"pty-req", ptyRequest("x\x00y", 1, 1, "")},
		{"pty-req", append(ptyRequest("xterm", 1, 1, ""), 0)},
		{"pty-req", ptyRequest("xterm", 1, 1, strings.Repeat("\x01", 5000))},
		{"env", nil},
		{"env", text("LANG")},
		{"env", huge},
		{"env", append(append(text("LANG"), text("C")...), 'x')},
		{"exec", nil},
		{"exec", huge},
		{"exec", append(text("true"), 0)},
		{"window-change", windowChange(1, 1)},
		{"window-change", nil},
		{"signal", text("TERM")},
		{"signal", nil},
		{"signal", huge},
		{"break", nil},
		{"break", []byte{0, 0, 0, 1}},
		{"subsystem", text("sftp")},
		{"subsystem", huge},
		{"x11-req", nil},
		{"xon-xoff", []byte{1}},
		{"exit-status", []byte{0, 0, 0, 0}},
		{"", nil},
		{"unknown@example.com", make([]byte, 30_000)},
		{"auth-agent-req", nil},
	} {
		if s.ask(r.name, r.data) {
			t.Errorf("%s %.40q was accepted", r.name, r.data)
		}
	}
	s.must("exec", text("exit 4"))
	if got := s.status(); got != 4 {
		t.Errorf("exit status %d", got)
	}
}

// Sizes that no kernel has are cut to the largest that it has.
func TestAbsurdSizes(t *testing.T) {
	t.Parallel()
	f := start(t)
	s := f.session(f.dial())
	s.must("pty-req", ptyRequest("", 0xffffffff, 0, ""))
	s.must("window-change", windowChange(0xfffffffe, 70000))
	s.must("exec", text("stty size; env | grep -c ^TERM="))
	if out, _ := io.ReadAll(s); string(out) != "65535 65535\r\n0\r\n" {
		t.Errorf("got %q", out)
	}
}

// What an exec request may carry: at most what execve takes, and no zero byte.
func TestCommandsThatCanNotBeRun(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	for command, want := range map[string]string{"echo a\x00b": sentences[refusedNUL], strings.Repeat("x", wire.MaxCommand): sentences[refusedLong]} {
		s := f.session(c)
		s.must("exec", text(command))
		errs, _ := io.ReadAll(s.Stderr())
		if !strings.Contains(string(errs), want) || s.status() != exitRefused {
			t.Errorf("%.20q: %q, %+v", command, errs, s.requests)
		}
	}
	long := strings.Repeat("x", wire.MaxCommand-len("echo ")-1)
	s := f.session(c)
	s.must("exec", text("echo "+long))
	if out, _ := io.ReadAll(s); string(out) != long+"\n" {
		t.Errorf("the longest command: %d bytes", len(out))
	}
}

// What a key may not do is told in words.
func TestPolicyIsTold(t *testing.T) {
	t.Parallel()
	f := start(t, func(f *fixture, _ *wire.NetConfig) { f.grant = &wire.Grant{Accepted: true} })
	c := f.dial()
	for request, want := range map[string]string{"shell": "a shell is not allowed with this key", "exec": "commands are not allowed with this key"} {
		s := f.session(c)
		if s.ask("pty-req", ptyRequest("xterm", 80, 24, "")) {
			t.Error("a terminal was allowed")
		}
		s.must(request, text("true"))
		errs, _ := io.ReadAll(s.Stderr())
		r := f.broker.waitRecord(t, "session refused", func(r *wire.Record) bool { return attr(r, "reason") == want })
		if string(errs) != "jailsh: "+want+": reference "+r.Ref+"\n" || s.status() != exitRefused {
			t.Errorf("%s: %q", request, errs)
		}
	}
}

// Signals reach the program's group, by the RFC's names.
func TestSignalsReachTheProgram(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	for _, name := range []string{"TERM", "INT", "HUP", "USR1", "USR2", "QUIT", "ALRM"} {
		s := f.session(c)
		if s.ask("signal", text(name)) {
			t.Errorf("%s: accepted before there was a program", name)
		}
		s.must("exec", text("trap 'echo got "+name+"; exit 0' "+name+"; echo ready; while :; do sleep 0.01; done"))
		r := byteReader{s}
		waitFor(t, r, "ready\n")
		if s.ask("signal", text("SIG"+name)) || s.ask("signal", text("WINCH")) {
			t.Error("names were accepted that the RFC doesn't have")
		}
		s.must("signal", text(name))
		waitFor(t, r, "got "+name+"\n")
	}
}

// A break is carried out on a terminal, where it does nothing (a pseudo-terminal has
// no line), and refused without one (RFC 4335 section 3).
func TestBreak(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	second := []byte{0, 0, 3, 0xe8}
	for _, terminal := range []bool{true, false} {
		s := f.session(c)
		if terminal {
			s.must("pty-req", ptyRequest("xterm", 80, 24, ""))
		}
		if s.ask("break", second) {
			t.Error("accepted before there was a program")
		}
		s.must("exec", text("trap 'echo interrupted' INT; echo ready; read x; echo $x"))
		waitFor(t, byteReader{s}, "ready")
		if s.ask("break", second) != terminal || s.ask("break", second[:3]) || s.ask("break", append(second, 0)) {
			t.Errorf("with a terminal %t: answered otherwise", terminal)
		}
		if _, err := s.Write([]byte("on\n")); err != nil {
			t.Fatal(err)
		}
		if out, _ := io.ReadAll(s); !strings.HasSuffix(strings.TrimSpace(string(out)), "on") || strings.Contains(string(out), "interrupted") {
			t.Errorf("with a terminal %t: %q", terminal, out)
		}
	}
}

type byteReader struct{ io.Reader }

func (r byteReader) ReadByte() (byte, error) {
	b := make([]byte, 1)
	_, err := io.ReadFull(r.Reader, b)
	return b[0], err
}

// A signal that comes while the program is being started is not lost.
func TestSignalBeforeTheProgramRuns(t *testing.T) {
	t.Parallel()
	got := make(chan uint32, 1)
	script, p := newScript(t)
	script.signal = func(n uint32) { got <- n }
	begin := make(chan struct{})
	f := start(t, play(func(context.Context, *wire.Spawn) (*Process, error) {
		<-begin
		return p, nil
	}))
	s := f.session(f.dial())
	s.must("exec", text("x"))
	s.must("signal", text("USR1"))
	close(begin)
	if n := <-got; n != 10 {
		t.Errorf("got signal %d", n)
	}
	script.end(wire.Exit{})
	s.wait()
}

// A forced command gets no signals from whom it serves.
func TestForcedCommandGetsNoSignals(t *testing.T) {
	t.Parallel()
	f := start(t, func(f *fixture, _ *wire.NetConfig) { f.grant.Forced, f.grant.Command = true, "cat" })
	s := f.session(f.dial())
	s.must("shell", nil)
	if s.ask("signal", text("KILL")) {
		t.Error("it was accepted")
	}
	_ = s.CloseWrite()
	if got := s.status(); got != 0 {
		t.Errorf("exit status %d", got)
	}
}

// The order of the end: the rest of the output, how it ended, end of file, close.
func TestOrderOfTheEnd(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.wireLogin()
	c.openSession(1 << 20)
	c.channelRequest("exec", text("echo out; echo err >&2; exit 2"))
	var order []string
	for {
		p := c.mustRead()
		switch p[0] {
		case msgChannelData, msgChannelExtended:
			order = append(order, "data")
		case msgChannelRequest:
			order = append(order, string(p[9:9+p[8]]))
		case msgChannelEOF:
			order = append(order, "eof")
		case msgChannelClose:
			order = append(order, "close")
		}
		if p[0] == msgChannelClose {
			break
		}
	}
	if want := []string{"data", "data", "exit-status", "eof", "close"}; !slices.Equal(order, want) {
		t.Errorf("the order is %q", order)
	}
}

// No packet is longer than chunkSize, though the client would take it.
func TestPacketsAreShort(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.wireLogin()
	c.openSession(1 << 30)
	const size = 10 * wideSize
	c.channelRequest("exec", text(fmt.Sprintf("head -c %d /dev/zero", size)))
	for came := 0; came < size; {
		p := c.must(msgChannelData)
		n := len(p) - 9
		if n > chunkSize {
			t.Fatalf("a packet has %d bytes", n)
		}
		came += n
	}
}

// Nothing overtakes output that waits for the client's window, of either stream.
func TestTheEndWaitsForTheOutput(t *testing.T) {
	t.Parallel()
	script, p := newScript(t)
	f := start(t, play(func(context.Context, *wire.Spawn) (*Process, error) { return p, nil }))
	c := f.wireLogin()
	c.openSession(10)
	c.channelRequest("exec", text("x"))
	_, _ = script.errs.Write(make([]byte, 100))
	script.end(wire.Exit{Status: 1})
	if p := c.mustRead(); p[0] != msgChannelExtended || len(p) != 13+10 {
		t.Fatalf("first came %q", p)
	}
	// What would overtake it has the time in which this answer comes.
	c.send(bytes.Join([][]byte{{msgGlobalRequest}, text("keepalive@openssh.com"), {1}}, nil))
	c.must(msgRequestSuccess)
	c.send([]byte{msgWindowAdjust, 0, 0, 0, 0, 0, 0, 1, 0})
	if p := c.mustRead(); p[0] != msgChannelExtended || len(p) != 13+90 {
		t.Errorf("then came %q", p)
	}
	if p := c.mustRead(); p[0] != msgChannelRequest || !bytes.Contains(p, []byte("exit-status")) {
		t.Errorf("then came %q", p)
	}
}

// What a program doesn't want to read any more is thrown away: the client gets
// rid of it.
func TestInputOfAProgramThatClosedIt(t *testing.T) {
	t.Parallel()
	f := start(t)
	s := f.session(f.dial())
	s.must("exec", text("exec <&-; echo closed; sleep 300"))
	waitFor(t, byteReader{s}, "closed\n")
	if n, err := s.Write(make([]byte, 16<<20)); n != 16<<20 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// A panic over a request ends its session, with a sentence; the connection's
// others go on, whatever still comes for the dead one.
func TestPanicOverARequest(t *testing.T) {
	t.Parallel()
	for _, started := range []bool{true, false} {
		script, p := newScriptTTY(t)
		script.resize = func(wire.Size) { panic("on purpose") }
		f := start(t)
		f.broker.cell = &scriptCell{spawn: func(ctx context.Context, m *wire.Spawn) (*Process, error) {
			if m.TTY != nil {
				return p, nil
			}
			return f.cell.Spawn(ctx, m)
		}}
		c := f.dial()
		s := f.session(c)
		s.must("pty-req", ptyRequest("xterm", 80, 24, ""))
		if started {
			s.must("shell", nil) // its first resize panics
		} else {
			f.server.connections()[0].policy.Store(nil)
			_, _ = s.SendRequest("env", false, append(text("LANG"), text("C")...))
		}
		errs, _ := io.ReadAll(s.Stderr())
		if !strings.Contains(string(errs), sentences[lostProgram]) {
			t.Errorf("started %v: the client was told %q", started, errs)
		}
		r := f.broker.waitRecord(t, "panic", nil)
		if started != (attr(r, "panic") == "on purpose") {
			t.Errorf("recorded %+v", r)
		}
		f.broker.forget("panic")
		f.server.connections()[0].policy.Store(f.grant)
		other := f.session(c)
		other.must("exec", text("echo alive"))
		if out, _ := io.ReadAll(other); string(out) != "alive\n" {
			t.Errorf("started %v: got %q", started, out)
		}
	}
}

// Requests for a channel on which the server has ended the session, and which the
// client doesn't close, are still answered.
func TestRequestsAfterTheEnd(t *testing.T) {
	t.Parallel()
	f := start(t, play(func(context.Context, *wire.Spawn) (*Process, error) { panic("on purpose") }))
	c := f.wireLogin()
	c.openSession(1 << 20)
	c.channelRequest("exec", text("x"))
	for c.mustRead()[0] != msgChannelClose {
		continue
	}
	for range 100 {
		c.send(bytes.Join([][]byte{{msgChannelRequest, 0, 0, 0, 0}, text("signal"), {0}, text("TERM")}, nil))
	}
	c.send(bytes.Join([][]byte{{msgGlobalRequest}, text("keepalive@openssh.com"), {1}}, nil))
	c.must(msgRequestSuccess)
}

// A client that doesn't read stops its program, and nobody else's; nothing piles
// up in the server.
func TestClientThatDoesNotReadStopsItsProgram(t *testing.T) {
	t.Parallel()
	script, p := newScript(t)
	f := start(t)
	f.broker.cell = &scriptCell{spawn: func(ctx context.Context, m *wire.Spawn) (*Process, error) {
		if m.Command == "script" {
			return p, nil
		}
		return f.cell.Spawn(ctx, m)
	}}
	c := f.wireLogin()
	const window = 100_000
	c.openSession(window)
	c.channelRequest("exec", text("script"))
	written := make(chan int, 1)
	go func() {
		n := 0
		chunk := make([]byte, 4096)
		for {
			_ = script.out.SetWriteDeadline(time.Now().Add(500 * time.Millisecond))
			m, err := script.out.Write(chunk)
			n += m
			if err != nil {
				written <- n
				return
			}
		}
	}()
	// The window, what was read at once and waits for it, and the pipe.
	if n := <-written; n < window || n > window+wideSize+outputPipe {
		t.Errorf("%d bytes were taken from the program", n)
	}
	other := f.session(f.dial())
	other.must("exec", text("echo alive"))
	if out, _ := io.ReadAll(other); string(out) != "alive\n" {
		t.Errorf("got %q", out)
	}
}

// A client that sends more than its program reads is stopped by its window.
func TestProgramThatDoesNotReadStopsItsClient(t *testing.T) {
	t.Parallel()
	f := start(t)
	s := f.session(f.dial())
	s.must("exec", text("read -N 1 x; echo $x; sleep 300"))
	done := make(chan int, 1)
	go func() {
		n, _ := s.Write(bytes.Repeat([]byte("x"), 16<<20))
		done <- n
	}()
	waitFor(t, byteReader{s}, "\n")
	select {
	case n := <-done:
		t.Errorf("%d bytes were taken", n)
	case <-time.After(300 * time.Millisecond):
	}
	_ = s.Close()
	if n := <-done; n > 4<<20 {
		t.Errorf("%d bytes were taken", n)
	}
}

// eow@openssh.com: the program has nobody to write for, and learns it.
func TestEndOfWrite(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	s := f.session(c)
	s.must("exec", text("yes"))
	waitFor(t, byteReader{s}, "y\n")
	if _, err := s.SendRequest("eow@openssh.com", false, nil); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, s)
	if got := s.wait(); len(got) != 1 || got[0].Type != "exit-signal" || !bytes.HasPrefix(got[0].Payload, text("PIPE")) {
		t.Errorf("ended with %+v", got)
	}
	// On a terminal the program doesn't learn it; its output is thrown away.
	s = f.session(c)
	s.must("pty-req", ptyRequest("xterm", 80, 24, ""))
	s.must("exec", text("read x; yes | head -c 1000000; exit 3"))
	if _, err := s.SendRequest("eow@openssh.com", true, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write([]byte("\n")); err != nil {
		t.Fatal(err)
	}
	if out, _ := io.ReadAll(s); len(out) > 10 {
		t.Errorf("%d bytes came", len(out))
	}
	if got := s.status(); got != 3 {
		t.Errorf("exit status %d", got)
	}
}

// When the client closes the channel, or is gone, the terminal's program gets
// SIGHUP from the kernel; one with pipes gets its end of input.
func TestProgramsLearnThatTheClientIsGone(t *testing.T) {
	t.Parallel()
	for _, gone := range []string{"channel", "connection"} {
		for _, terminal := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, terminal %v", gone, terminal), func(t *testing.T) {
				t.Parallel()
				f := start(t)
				c := f.dial()
				s := f.session(c)
				file := t.TempDir() + "/told"
				command := "trap 'echo HUP >" + file + "; exit' HUP; echo ready; while :; do sleep 0.01; done"
				if terminal {
					s.must("pty-req", ptyRequest("xterm", 80, 24, ""))
				} else {
					command = "echo ready; cat; echo EOF >" + file
				}
				s.must("exec", text(command))
				waitFor(t, byteReader{s}, "ready")
				if gone == "channel" {
					s.Close()
				} else {
					c.Close()
				}
				want := map[bool]string{true: "HUP\n", false: "EOF\n"}[terminal]
				f.eventually(func() bool {
					b, err := os.ReadFile(file)
					return err == nil && string(b) == want
				})
			})
		}
	}
}

// A client that goes away while its program is being started leaves nothing: the
// descriptors that come late are closed.
func TestClientGoneWhileTheProgramStarts(t *testing.T) {
	t.Parallel()
	script, p := newScript(t)
	asked, begin := make(chan struct{}), make(chan struct{})
	f := start(t, play(func(context.Context, *wire.Spawn) (*Process, error) {
		close(asked)
		<-begin
		return p, nil
	}))
	s := f.session(f.dial())
	s.must("exec", text("x"))
	<-asked
	s.Close()
	s.wait()
	close(begin)
	_ = script.in.SetReadDeadline(time.Now().Add(patience))
	if n, err := script.in.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("the program's input: %d, %v", n, err)
	}
}

// A cell that ends takes its programs along; the client is told so.
func TestCellThatEnds(t *testing.T) {
	t.Parallel()
	for _, terminal := range []bool{true, false} {
		script, p := newScript(t)
		if terminal {
			script, p = newScriptTTY(t)
		}
		f := start(t, play(func(context.Context, *wire.Spawn) (*Process, error) { return p, nil }))
		s := f.session(f.dial())
		end := "\n"
		if terminal {
			s.must("pty-req", ptyRequest("xterm", 80, 24, ""))
			end = "\r\n"
		}
		s.must("exec", text("x"))
		_, _ = io.WriteString(script.out, "last words")
		if !terminal {
			script.out.Close()
			script.errs.Close()
		}
		close(script.exit)
		out, _ := io.ReadAll(s)
		errs, _ := io.ReadAll(s.Stderr())
		r := f.broker.waitRecord(t, "session end", nil)
		if string(out) != "last words" || string(errs) != "jailsh: "+sentences[lostCell]+": reference "+r.Ref+end {
			t.Errorf("terminal %v: got %q and %q", terminal, out, errs)
		}
		if got := s.wait(); len(got) != 1 || got[0].Type != "exit-signal" || !bytes.HasPrefix(got[0].Payload, text("KILL")) {
			t.Errorf("terminal %v: ended with %+v", terminal, got)
		}
	}
}

// Who keeps writing to a terminal whose program has ended doesn't keep its
// session.
func TestTerminalThatIsWrittenToForEver(t *testing.T) {
	t.Parallel()
	script, p := newScriptTTY(t)
	f := start(t, play(func(context.Context, *wire.Spawn) (*Process, error) { return p, nil }))
	s := f.session(f.dial())
	s.must("pty-req", ptyRequest("xterm", 80, 24, ""))
	s.must("exec", text("x"))
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			if _, err := script.out.Write(bytes.Repeat([]byte("y\n"), 1000)); err != nil {
				return
			}
		}
	}()
	waitFor(t, byteReader{s}, "y\r\n")
	script.exit <- wire.Exit{Status: 6}
	close(script.exit)
	_, _ = io.Copy(io.Discard, s)
	if got := s.status(); got != 6 {
		t.Errorf("exit status %d", got)
	}
	script.out.Close()
	<-stopped
}

// More sessions than MaxSessions are refused; one that has ended makes room.
func TestMaxSessions(t *testing.T) {
	t.Parallel()
	f := start(t, func(_ *fixture, cfg *wire.NetConfig) { cfg.MaxSessions = 2 })
	c := f.dial()
	first := f.session(c)
	f.session(c)
	_, _, err := c.OpenChannel("session", nil)
	if refused := (*ssh.OpenChannelError)(nil); !errors.As(err, &refused) || refused.Reason != ssh.ResourceShortage {
		t.Errorf("a third: %v", err)
	}
	first.Close()
	f.eventually(func() bool {
		ch, requests, err := c.OpenChannel("session", nil)
		if err != nil {
			return false
		}
		go ssh.DiscardRequests(requests)
		ch.Close()
		return true
	})
}

// After no-more-sessions@openssh.com there are no more.
func TestNoMoreSessions(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	first := f.session(c)
	if ok, _, err := c.SendRequest("no-more-sessions@openssh.com", true, nil); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if _, _, err := c.OpenChannel("session", nil); err == nil {
		t.Error("there is another one")
	}
	first.must("exec", text("exit 3"))
	if got := first.status(); got != 3 {
		t.Errorf("exit status %d", got)
	}
}

// The one session that a client opens just before it says so may be seen later.
func TestNoMoreSessionsLeavesTheOneOnItsWay(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		for wait, want := range map[time.Duration]bool{0: true, 900 * time.Millisecond: true, 1100 * time.Millisecond: false} {
			c := f.dialMem()
			if ok, _, err := c.SendRequest("no-more-sessions@openssh.com", true, nil); !ok || err != nil {
				t.Fatal(ok, err)
			}
			<-time.After(wait)
			_, requests, err := c.OpenChannel("session", nil)
			if (err == nil) != want {
				t.Errorf("after %v: %v", wait, err)
			}
			if err == nil {
				go ssh.DiscardRequests(requests)
				if _, _, err := c.OpenChannel("session", nil); err == nil {
					t.Errorf("after %v: a second one", wait)
				}
			}
			c.Close()
		}
	})
}

// The answers to global requests.
func TestGlobalRequests(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	for range 1000 {
		if ok, _, err := c.SendRequest("keepalive@openssh.com", true, nil); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if ok, _, err := c.SendRequest("unknown@example.com", true, make([]byte, 1000)); ok || err != nil {
			t.Fatal(ok, err)
		}
	}
}
