package sshd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jailsh/jailsh/internal/cast"
	"github.com/jailsh/jailsh/internal/seal"
	"github.com/jailsh/jailsh/internal/wire"
)

// recordedTo makes alice's sessions be recorded, to what open opens.
func recordedTo(how uint8, answer wire.Recorded, open func() (*os.File, error)) setting {
	return func(f *fixture, _ *wire.NetConfig) {
		f.grant.Record = how
		f.broker.recorded = func() (*wire.Recorded, *os.File, error) {
			file, err := open()
			return &answer, file, err
		}
	}
}

func newFile(path string) func() (*os.File, error) {
	return func() (*os.File, error) {
		return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	}
}

var anything = wire.Recorded{ID: 7, Version: cast.V3, MaxBytes: 1 << 30}

// terminalSession is a session on a terminal, of 80x24.
func (f *fixture) terminalSession(command string) *rawSession {
	f.t.Helper()
	s := f.session(f.dial())
	s.must("pty-req", ptyRequest("xterm", 80, 24, ""))
	s.must("exec", text(command))
	return s
}

// played is a recording's output, and what else there is, an event a line.
func played(t *testing.T, b []byte) (output, rest string) {
	t.Helper()
	r, err := cast.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatalf("%v: %q", err, b)
	}
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return output, rest
		}
		if err != nil {
			t.Fatalf("%v: %q", err, b)
		}
		if e.Kind == cast.Output {
			output += e.Data
		} else {
			rest += fmt.Sprintf("%c %s\n", e.Kind, e.Data)
		}
	}
}

// All that the terminal shows is recorded, with its sizes and the status; what is
// sealed at the end is what the file holds.
func TestRecording(t *testing.T) {
	t.Parallel()
	for version, exit := range map[uint32]string{cast.V2: "", cast.V3: "x 3\n"} {
		path := filepath.Join(t.TempDir(), "cast")
		answer := anything
		answer.Version = version
		f := start(t, recordedTo(wire.RecordOn, answer, newFile(path)))
		s := f.terminalSession("stty -opost; echo ready; read go; seq 20000; printf '\\303'; exit 3")
		shown := expect(t, s, "ready")
		s.must("window-change", windowChange(100, 30))
		s.must("window-change", windowChange(100, 30))
		fmt.Fprintln(s, "go")
		more, _ := io.ReadAll(s)
		if s.status() != 3 {
			t.Errorf("status %d", s.status())
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		output, rest := played(t, b)
		if output != shown+strings.ToValidUTF8(string(more), "\uFFFD") || !strings.HasSuffix(output, "20000\n\uFFFD") {
			t.Errorf("version %d: recorded are %d bytes, and %d were shown", version, len(output), len(shown)+len(more))
		}
		if rest != "r 100x30\n"+exit {
			t.Errorf("version %d: beside output there is %q", version, rest)
		}
		var chain seal.Chain
		_, _ = chain.Write(b)
		at := chain.Mark()
		last := f.broker.lastSeal()
		if last.ID != 7 || !last.Final || last.Bytes != at.Bytes || last.Lines != at.Lines || !bytes.Equal(last.Head, at.Head[:]) {
			t.Errorf("version %d: sealed was %+v, and there is %+v", version, last, at)
		}
	}
}

// expect reads until there is a word, and returns what was read.
func expect(t *testing.T, from io.Reader, word string) string {
	t.Helper()
	var b strings.Builder
	for buf := make([]byte, 1); !strings.HasSuffix(b.String(), word); {
		if _, err := from.Read(buf); err != nil {
			t.Fatalf("%v after %q, without %q", err, b.String(), word)
		}
		b.Write(buf)
	}
	return b.String()
}

// What is typed is recorded if that is asked for, and never while the terminal
// doesn't echo.
func TestTypedSecrets(t *testing.T) {
	t.Parallel()
	for _, input := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "cast")
		answer := anything
		answer.Input = input
		f := start(t, recordedTo(wire.RecordOn, answer, newFile(path)))
		s := f.terminalSession(`echo one; read a; echo seen; read go; stty -echo; echo two; read b; stty echo; echo three; read c; echo over $a${#b}$c; read end`)
		expect(t, s, "one")
		fmt.Fprintln(s, "early")
		expect(t, s, "seen")
		fmt.Fprintln(s) // whether this is recorded depends on how quick the program is
		expect(t, s, "two")
		fmt.Fprintln(s, "secret")
		expect(t, s, "three")
		fmt.Fprintln(s, "late")
		expect(t, s, "over early6late")
		fmt.Fprintln(s) // nor is it known of what the program ends with
		s.status()
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want := map[bool]string{false: "x 0\n", true: "i early\n\ni late\n\nx 0\n"}[input]
		if _, rest := played(t, b); strings.ReplaceAll(rest, "i \n\n", "") != want || bytes.Contains(b, []byte("secret")) {
			t.Errorf("input %t: %q in\n%s", input, rest, b)
		}
	}
}

// A recording tells who looked on, and what they have typed as what its owner has.
func TestRecordedAudience(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cast")
	answer := anything
	answer.Input = true
	f := start(t, recordedTo(wire.RecordOn, answer, newFile(path)))
	f.grant.Exec = true
	owner, token := f.shared(f.dial(), "echo welcome; read a; echo seen; read go; stty -echo; echo quiet; read b; stty echo; echo got $a; read c; echo over; read end", "welcome", "--type")
	guest := f.guest(token)
	viewer := f.looksOn(guest, "welcome")
	_, _ = io.WriteString(viewer, "shown\r")
	waitFor(t, byteReader{viewer}, "seen")
	_, _ = io.WriteString(viewer, "\r")
	waitFor(t, byteReader{viewer}, "quiet")
	_, _ = io.WriteString(viewer, "secret\r")
	waitFor(t, byteReader{viewer}, "got shown")
	guest.Close()
	f.broker.waitRecord(t, "view end", nil)
	_, _ = io.WriteString(owner, "by alice\r")
	waitFor(t, byteReader{owner}, "over")
	_, _ = io.WriteString(owner, "\r")
	owner.status()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, rest := played(t, b)
	for _, part := range []string{"m viewer 1, 127.0.0.1, looks on\n", "m viewer 1, 127.0.0.1, types\ni shown\r\n", "is gone\n", "m alice, types\ni by alice\r\n", "x 0\n"} {
		if !strings.Contains(rest, part) {
			t.Errorf("no %q", part)
		}
	}
	if bytes.Contains(b, []byte("secret")) || t.Failed() {
		t.Errorf("recorded was\n%s", b)
	}
}

// So do the recordings of all sessions at a terminal that is kept, each with what its own
// user types.
func TestRecordedAudienceOfAKeptTerminal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	answer := anything
	answer.Input = true
	var made atomic.Int32
	f := start(t, recordedTo(wire.RecordOn, answer, func() (*os.File, error) {
		return newFile(filepath.Join(dir, fmt.Sprint(made.Add(1))))()
	}))
	c := f.dial()
	owner := f.attach(c, "main")
	owner.sees(t, "$ ")
	beside := f.attach(f.dial(), "main")
	beside.sees(t, "$ ")
	out, errs, status := f.word(c, "@share --type")
	if status != 0 {
		t.Fatalf("@share: %s", errs)
	}
	owner.types(t, "echo beg''in; read a; echo o''ne; read b; echo tw''o; read go; stty -echo; echo qui''et; read d; stty echo; echo thr''ee; read e; echo la''st; read end; exit\r")
	owner.sees(t, "begin\r\n")
	owner.types(t, "by the owner\r")
	owner.sees(t, "one\r\n")
	guest := f.guest(f.token(out))
	viewer := f.looksOn(guest, "one")
	_, _ = io.WriteString(viewer, "by a guest\r")
	waitFor(t, byteReader{viewer}, "two")
	_, _ = io.WriteString(viewer, "\r") // when this is read, what came before is recorded
	waitFor(t, byteReader{viewer}, "quiet")
	_, _ = io.WriteString(viewer, "secret\r")
	waitFor(t, byteReader{viewer}, "three")
	guest.Close()
	f.broker.waitRecord(t, "view end", nil)
	owner.types(t, "the end\r")
	owner.sees(t, "last\r\n")
	owner.types(t, "\r")
	owner.status()
	beside.status()
	for name, want := range map[string][]string{
		"1": {"i by the owner\r\nm viewer 3, 127.0.0.1, looks on\nm viewer 3, 127.0.0.1, types\ni by a guest\r\n", "is gone\n", "m alice, types\ni the end\r\n"},
		"2": {"m viewer 3, 127.0.0.1, looks on\n", "m viewer 3, 127.0.0.1, types\ni by a guest\r\n", "is gone\n"},
	} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		_, rest := played(t, b)
		for _, part := range want {
			if part = regexp.MustCompile("viewer [0-9]+").ReplaceAllString(part, "viewer N"); !strings.Contains(regexp.MustCompile("viewer [0-9]+").ReplaceAllString(rest, "viewer N"), part) {
				t.Errorf("recording %s has no %q beside output: %q", name, part, rest)
			}
		}
		if bytes.Contains(b, []byte("secret")) {
			t.Errorf("recording %s has what wasn't shown:\n%s", name, b)
		}
	}
}

// With strict there is no session that isn't recorded; with on there is, and the log
// says so.
func TestNothingToRecordTo(t *testing.T) {
	t.Parallel()
	for how, want := range map[uint8]string{wire.RecordOn: "ran\r\n", wire.RecordStrict: ""} {
		f := start(t, func(f *fixture, _ *wire.NetConfig) { f.grant.Record = how })
		s := f.terminalSession("echo ran")
		go func() { _, _ = io.Copy(io.Discard, s.Stderr()) }()
		out, _ := io.ReadAll(s)
		if string(out) != want || (how == wire.RecordStrict) != (s.status() == exitRefused) {
			t.Errorf("%d: %q, status %d", how, out, s.status())
		}
		f.broker.waitRecord(t, "not recorded", func(r *wire.Record) bool { return strings.Contains(attr(r, "error"), "no recordings here") })
		if ran := f.cell.last() != nil; ran != (how == wire.RecordOn) {
			t.Errorf("%d: it ran: %t", how, ran)
		}
	}
}

// A recording that can't be written any more ends a session that must not go
// unrecorded, in words, and no other.
func TestRecordingThatFails(t *testing.T) {
	t.Parallel()
	full := func() (*os.File, error) { return os.OpenFile("/dev/full", os.O_WRONLY, 0) }
	lost := func() (*os.File, error) {
		r, w, err := os.Pipe()
		if err == nil {
			r.Close()
		}
		return w, err
	}
	small := anything
	small.MaxBytes = 2000
	for _, tc := range []struct {
		name   string
		answer wire.Recorded
		open   func() (*os.File, error)
		why    error
	}{
		{"full disk", anything, full, syscall.ENOSPC},
		{"lost", anything, lost, syscall.EPIPE},
		{"too large", small, newFile(filepath.Join(t.TempDir(), "cast")), errLarge},
	} {
		for _, how := range []uint8{wire.RecordOn, wire.RecordStrict} {
			if tc.name == "too large" {
				tc.open = newFile(filepath.Join(t.TempDir(), "cast"))
			}
			f := start(t, recordedTo(how, tc.answer, tc.open))
			s := f.terminalSession("seq 2000; echo asked; read go; echo went on")
			errs := make(chan string, 1)
			go func() {
				b, _ := io.ReadAll(s.Stderr())
				errs <- string(b)
			}()
			f.broker.waitRecord(t, "recording failed", func(r *wire.Record) bool { return strings.Contains(attr(r, "error"), tc.why.Error()) })
			if how == wire.RecordOn {
				fmt.Fprintln(s, "go")
			}
			out, _ := io.ReadAll(s)
			status, told := s.status(), <-errs
			if how == wire.RecordOn && (status != 0 || told != "" || !bytes.Contains(out, []byte("went on"))) {
				t.Errorf("%s, on: status %d, told %q", tc.name, status, told)
			}
			if how == wire.RecordStrict && (status != exitRefused || !strings.Contains(told, sentences[lostRecording])) {
				t.Errorf("%s, strict: status %d, told %q", tc.name, status, told)
			}
			if last := f.broker.lastSeal(); !last.Final {
				t.Errorf("%s: what was written wasn't sealed: %+v", tc.name, last)
			}
		}
	}
}

// What can't be sealed counts as not written.
func TestRecordingThatCanNotBeSealed(t *testing.T) {
	t.Parallel()
	f := start(t, recordedTo(wire.RecordStrict, anything, newFile(filepath.Join(t.TempDir(), "cast"))))
	f.broker.onSeal = func(*wire.Seal) error { return errors.New("no room") }
	s := f.terminalSession("true")
	errs, _ := io.ReadAll(s.Stderr())
	if s.status() != exitRefused || !strings.Contains(string(errs), sentences[lostRecording]) {
		t.Errorf("status %d: %s", s.status(), errs)
	}
	f.broker.waitRecord(t, "recording failed", nil)
}

const lotsOfOutput = "stty -opost; seq 200000"

// A disk that stands still doesn't stop a session that may go unrecorded.
func TestDiskThatStandsStill(t *testing.T) {
	t.Parallel()
	disk, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	f := start(t, recordedTo(wire.RecordOn, anything, func() (*os.File, error) { return w, nil }))
	s := f.terminalSession(lotsOfOutput)
	out, _ := io.ReadAll(s)
	f.broker.waitRecord(t, "recording failed", func(r *wire.Record) bool { return strings.Contains(attr(r, "error"), errStalled.Error()) })
	disk.Close()
	if s.status() != 0 || !bytes.HasSuffix(out, []byte("200000\n")) {
		t.Errorf("status %d, %d bytes", s.status(), len(out))
	}
}

// One that must not go unrecorded waits for the disk, and misses nothing.
func TestSlowDisk(t *testing.T) {
	t.Parallel()
	disk, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	f := start(t, recordedTo(wire.RecordStrict, anything, func() (*os.File, error) { return w, nil }))
	s := f.terminalSession(lotsOfOutput)
	written := make(chan []byte, 1)
	go func() {
		b, _ := io.ReadAll(disk)
		written <- b
	}()
	out, _ := io.ReadAll(s)
	if s.status() != 0 {
		t.Errorf("status %d", s.status())
	}
	if output, _ := played(t, <-written); output != string(out) {
		t.Errorf("recorded are %d bytes of %d", len(output), len(out))
	}
	disk.Close()
}

// Without a terminal a session that must not go unrecorded is refused; files are not
// what is recorded.
func TestStrictWantsATerminal(t *testing.T) {
	t.Parallel()
	f := start(t, func(f *fixture, _ *wire.NetConfig) { f.grant.Record = wire.RecordStrict })
	c := f.dial()
	for _, request := range []string{"shell", "exec"} {
		s := f.session(c)
		s.must(request, text("true"))
		errs, _ := io.ReadAll(s.Stderr())
		if s.status() != exitRefused || !strings.Contains(string(errs), sentences[refusedUnseen]) {
			t.Errorf("%s: status %d: %s", request, s.status(), errs)
		}
	}
	if f.cell.last() != nil {
		t.Error("something ran")
	}
	if _, why := plan(&wire.Grant{Record: wire.RecordStrict, SFTP: wire.SFTP{Allowed: true}}, &wish{sftp: true}, addresses{}); why != 0 {
		t.Errorf("sftp: %v", why)
	}
}

// A session whose program can't be started ends its recording.
func TestRecordingOfWhatDoesNotStart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cast")
	f := start(t, recordedTo(wire.RecordStrict, anything, newFile(path)),
		play(func(context.Context, *wire.Spawn) (*Process, error) { return nil, errors.New("no") }))
	s := f.terminalSession("true")
	go func() { _, _ = io.Copy(io.Discard, s.Stderr()) }()
	if s.status() != exitRefused {
		t.Errorf("status %d", s.status())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if output, rest := played(t, b); output != "" || rest != "m "+sentences[refusedRun]+"\n" {
		t.Errorf("recorded is %q %q", output, rest)
	}
}
