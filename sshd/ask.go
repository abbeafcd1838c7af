package sshd

import (
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/share"
)

// A program on a terminal asks for the words of sharing at a socket in its cell, as
// `jailsh share` there does. It is the session's user by that alone: the socket is in
// a folder of hers. What it may do is what she may by `ssh ... @share`.

// askTime is how long one question may take, with its answer. There is one at a time.
const askTime = 10 * time.Second

// asked is the socket of one terminal.
type asked struct {
	server *Server
	socket *os.File
	who    func() (*session, *share.Live) // a nil session: nobody is there
	ended  chan struct{}
	loop   sync.WaitGroup

	mu      sync.Mutex
	current *os.File // whoever asks now
}

// answer answers at a socket, which may be nil, until the function that it returns is
// called. That waits.
func (s *Server) answer(socket *os.File, who func() (*session, *share.Live)) (end func()) {
	if socket == nil {
		return func() {}
	}
	a := &asked{server: s, socket: socket, who: who, ended: make(chan struct{})}
	a.loop.Go(func() { s.protect("", "asked", a.run) })
	return sync.OnceFunc(func() {
		close(a.ended)
		a.socket.Close()
		a.hold(nil)
		a.loop.Wait()
	})
}

// hold takes note of who asks, and sends away whoever did.
func (a *asked) hold(f *os.File) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.current != nil {
		_ = a.current.SetDeadline(time.Unix(1, 0)) // closed: it has ended
	}
	a.current = f
}

func (a *asked) run() {
	raw, err := a.socket.SyscallConn()
	if err != nil {
		return // closed already
	}
	for {
		fd, _, acceptErr, err := awaitAccept(raw)
		if err != nil {
			return // closed
		}
		if acceptErr != nil {
			select {
			case <-time.After(maxBackoff):
				continue
			case <-a.ended:
				return
			}
		}
		f := os.NewFile(uintptr(fd), "asked")
		err = f.SetDeadline(time.Now().Add(askTime))
		a.hold(f) // from here on, the end ends it
		select {
		case <-a.ended: // has come before
		default:
			if err == nil {
				a.serve(f)
			}
		}
		f.Close()
	}
}

// serve answers one question, as if it had come by a session of its own.
func (a *asked) serve(f *os.File) {
	text, err := io.ReadAll(io.LimitReader(f, wire.MaxAsked))
	if err != nil {
		return // too slow, or gone
	}
	to := &asker{to: f}
	owner, l := a.who()
	words := strings.Fields(string(text))
	if owner == nil || l == nil || len(words) == 0 || words[0] != "share" || len(text) == wire.MaxAsked {
		_, _ = io.WriteString(to.Stderr(), "jailsh: this can't be asked here\n")
		to.status([]byte{0, 0, 0, exitUsage})
		return
	}
	s := newSession(owner.conn, owner.id, to, owner.number, func() {})
	s.within = l
	s.word("@" + strings.Join(words, " "))
	s.cancel(nil)
	s.work.Wait()
}

// theWord is the one that is asked, and not a part of an address.
var theWord = regexp.MustCompile(`(^|\s)@share\b`)

// asker is who asks, as an ssh.Channel: it takes what a word says.
type asker struct{ to *os.File }

func (a *asker) part(kind byte, b []byte) (int, error) {
	n := len(b)
	if kind != wire.PartStatus { // what is to be typed is typed in the jail
		b = theWord.ReplaceAll(b, []byte("${1}jailsh share"))
	}
	for rest := b; len(rest) > 0; {
		part := rest[:min(len(rest), wire.MaxPart)]
		if _, err := a.to.Write(wire.AppendPart(nil, kind, part)); err != nil {
			return 0, err
		}
		rest = rest[len(part):]
	}
	return n, nil
}

func (a *asker) status(b []byte) { _, _ = a.part(wire.PartStatus, b) }

// Write writes to standard output.
func (a *asker) Write(b []byte) (int, error) { return a.part(wire.PartOutput, b) }

// Stderr writes to standard error.
func (a *asker) Stderr() io.ReadWriter { return askerError{a} }

type askerError struct{ *asker }

func (a askerError) Write(b []byte) (int, error) { return a.part(wire.PartError, b) }

// Read has nothing: the question was read.
func (a *asker) Read([]byte) (int, error) { return 0, io.EOF }

// SendRequest takes the exit status.
func (a *asker) SendRequest(name string, _ bool, payload []byte) (bool, error) {
	if name == "exit-status" {
		a.status(payload)
	}
	return true, nil
}

// Close leaves it to serve.
func (a *asker) Close() error { return nil }

// CloseWrite does, too.
func (a *asker) CloseWrite() error { return nil }
