package sshd

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/share"
	"golang.org/x/crypto/ssh"
)

// maxSignals is how many signals may wait for delivery; further ones are lost,
// as a second pending signal of one kind is in the kernel.
const maxSignals = 16

// session is one channel of type session, with at most one program.
//
// Its requests are read by one goroutine, run, which never waits for anything
// but the client's socket: a program, a cell or a broker that stands still must
// not stop the connection's other channels. What may wait is in goroutines of
// their own: program (program.go), the pumps (stream.go), deliver.
type session struct {
	conn    *connection
	id      *identity
	channel ssh.Channel
	number  uint32
	ctx     context.Context // ends with the channel; its cause may be a refusal
	cancel  context.CancelCauseFunc
	settled func()         // the channel's set-up is over
	work    sync.WaitGroup // all goroutines but run
	outputs sync.WaitGroup // those that write to the channel beside program

	// Of run alone.
	wish    wish
	started bool // by shell or exec: there is no second program
	process *Process
	signals chan uint32 // made with the first signal
	mute    bool        // a forced command gets no signals
	reports bool        // its standard error tells of transfers

	spawned chan *Process             // program to run, once
	status  chan wire.Exit            // run to program, once; closed without a value if the cell is gone
	deaf    atomic.Bool               // the client wants no more output of a terminal
	shown   atomic.Bool               // it is for a terminal, where somebody looks on
	size    atomic.Pointer[wire.Size] // of that terminal
	doing   atomic.Pointer[string]    // what it is for, for the list
	gone    chan struct{}             // closed when its program has ended

	live      atomic.Pointer[share.Live]   // the terminal that others may look at
	publishes atomic.Bool                  // which is one that is elsewhere
	audience  sync.Once                    // showAudience
	viewer    atomic.Pointer[share.Viewer] // if the session is a view
	seat      atomic.Pointer[seat]         // if it is attached to a kept terminal
	within    *share.Live                  // the terminal in which a program asks for a word (ask.go)

	clock clock

	recording atomic.Pointer[recording] // nil: there is none

	mu      sync.Mutex
	files   *Process // to be closed by halt
	ended   bool
	notices []string      // that wait to be shown
	noticed chan struct{} // of one: there are some; made with the first

	// Held while something is written to the client's standard error, and while
	// the channel is closed: of x/crypto's writers to one stream there may be one.
	stderr   sync.Mutex
	finished bool
}

func newSession(c *connection, id *identity, ch ssh.Channel, number uint32, settled func()) *session {
	s := &session{
		conn: c, id: id, channel: ch, number: number, settled: settled,
		spawned: make(chan *Process, 1), status: make(chan wire.Exit, 1), gone: make(chan struct{}),
	}
	s.ctx, s.cancel = context.WithCancelCause(c.ctx)
	s.clock.set(s)
	return s
}

// run serves the channel until the client has closed it and every goroutine of
// the session has ended.
func (s *session) run(requests <-chan *ssh.Request) {
	s.clock.look()
	defer s.clock.stop()
	if s.conn.server.protect(s.conn.ref, "session", func() { s.serve(requests) }) {
		s.cancel(lostProgram)
		s.halt()
		if !s.started {
			s.farewell(lostProgram)
		}
	}
	ssh.DiscardRequests(requests) // unread, they would stop the connection
	s.cancel(nil)
	s.halt()
	s.work.Wait()
}

// serve returns when the client has closed the channel, or is gone.
func (s *session) serve(requests <-chan *ssh.Request) {
	var exit <-chan wire.Exit
	over := s.ctx.Done()
	for {
		select {
		case r, open := <-requests:
			if !open {
				return
			}
			s.answer(r)
		case p := <-s.spawned:
			exit = s.running(p)
		case e, known := <-exit:
			exit = nil
			s.exited(e, known)
		case <-over:
			over = nil
			s.halt()
			s.dismiss()
		}
	}
}

// answer answers one request, and starts the program after the answer: its
// output must not overtake it.
func (s *session) answer(r *ssh.Request) {
	switch r.Type {
	case "shell", "exec", "subsystem":
		ok := !s.started && s.ctx.Err() == nil && s.wants(r)
		_ = r.Reply(ok, nil) // an error: the client is gone, and the channel with it
		if ok {
			s.start()
		}
	default:
		_ = r.Reply(s.request(r), nil)
	}
}

// request carries out a request, and reports whether it was understood and
// allowed. What has no line here is refused.
func (s *session) request(r *ssh.Request) bool {
	switch r.Type {
	case "pty-req":
		return s.terminal(r.Payload)
	case "env":
		return s.variable(r.Payload)
	case "window-change":
		return s.resize(r.Payload)
	case "signal":
		return s.signal(r.Payload)
	case "break":
		return s.interrupt(r.Payload)
	case "eow@openssh.com":
		return s.noOutput()
	case "auth-agent-req@openssh.com":
		return s.agent(r.Payload)
	case "x11-req":
		return s.display(r.Payload)
	}
	return false
}

// dismiss tells a client without a program why its session ends. With one, the
// program's goroutine does.
func (s *session) dismiss() {
	why := s.dismissed()
	if s.started || why == 0 {
		return
	}
	s.started = true
	s.spin("farewell", func() { s.farewell(why) })
}

// dismissed returns why the server ends the session; zero if it doesn't.
func (s *session) dismissed() refusal {
	var why refusal
	errors.As(context.Cause(s.ctx), &why)
	return why
}

// spin runs f in a goroutine of the session's own. If it panics, the session
// ends.
func (s *session) spin(where string, f func()) {
	s.work.Go(func() {
		if s.conn.server.protect(s.conn.ref, where, f) {
			s.cancel(lostProgram)
		}
	})
}

// halt closes what leads to the program: a terminal's program gets SIGHUP from
// the kernel, one with pipes gets end of file and SIGPIPE.
func (s *session) halt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	if s.files != nil {
		s.files.close()
		s.letGo(s.files)
		s.files = nil
	}
}

// adopt makes halt responsible for a program's files. It reports false, and has
// closed them, when the session is over already.
func (s *session) adopt(p *Process) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		p.close()
		s.letGo(p)
		return false
	}
	s.files = p
	return true
}

func (p *Process) close() {
	for _, f := range []interface{ Close() error }{p.PTY, p.Stdin, p.Stdout, p.Stderr, p.Agent, p.X11, p.Words} {
		_ = f.Close() // nil or closed already: an error that nobody needs
	}
}
