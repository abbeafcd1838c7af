package sshd

import (
	"golang.org/x/crypto/ssh"
)

// The requests of a session channel, RFC 4254 section 6. Each is carried out by
// the goroutine of session.run.

// terminal is pty-req. It comes at most once, and before the program.
func (s *session) terminal(data []byte) bool {
	term, tty, ok := parsePTY(data)
	if !ok || s.started || s.wish.tty != nil {
		return false
	}
	if !s.conn.policy.Load().PTY {
		s.conn.denied("pty-req", nil)
		return false
	}
	size := tty.Size
	s.wish.term, s.wish.tty = term, tty
	s.size.Store(&size)
	s.shown.Store(true)
	return true
}

// variable is env.
func (s *session) variable(data []byte) bool {
	name, value, ok := parseEnv(data)
	return ok && !s.started && s.wish.env.fromClient(s.conn.policy.Load().AcceptEnv, name, value)
}

// wants is shell, exec or subsystem. Whether the first two are allowed is told on
// the channel, in words.
func (s *session) wants(r *ssh.Request) bool {
	switch r.Type {
	case "shell":
		return true
	case "subsystem":
		return s.subsystem(r.Payload)
	}
	p := payload{rest: r.Payload}
	s.wish.exec, s.wish.command = true, p.string(len(r.Payload))
	return p.ok()
}

// resize is window-change. Until the program runs the newest size is kept; then
// each is set at once, and the kernel keeps the newest.
func (s *session) resize(data []byte) bool {
	size, ok := parseSize(data)
	if !ok || s.wish.tty == nil {
		return false
	}
	s.wish.tty.Size = size
	s.size.Store(&size)
	if v := s.viewer.Load(); v != nil {
		v.Resize(sizeOf(&size))
	}
	if l := s.live.Load(); l != nil {
		l.Resize(sizeOf(&size))
	}
	if s.process != nil {
		_ = s.process.Resize(size) // the program may have ended
	}
	if r := s.recording.Load(); r != nil {
		r.resize(size)
	}
	if a := s.seat.Load(); a != nil {
		a.resize(size)
	}
	return true
}

// signal is signal. OpenSSH delivers none to a forced command, which didn't ask
// to be interrupted by whom it serves.
func (s *session) signal(data []byte) bool {
	number, ok := parseSignal(data)
	if !ok || !s.started || s.mute {
		return false
	}
	if s.signals == nil {
		s.signals = make(chan uint32, maxSignals)
		if s.process != nil {
			s.deliverTo(s.process)
		}
	}
	select {
	case s.signals <- number:
	default:
	}
	return true
}

// interrupt is break, RFC 4335. A pseudo-terminal has no line to be broken: the
// kernel's TCSBRK does nothing there, and says that it worked.
func (s *session) interrupt(data []byte) bool {
	p := payload{rest: data}
	p.uint32() // milliseconds
	return p.ok() && s.process != nil && s.process.PTY != nil
}

// noOutput is eow@openssh.com: the client's standard output is closed, so that
// `ssh host yes | head -1` has an end. The program learns of it by SIGPIPE; one
// on a terminal can't, and its output is thrown away.
func (s *session) noOutput() bool {
	s.deaf.Store(true)
	if s.process != nil && s.process.Stdout != nil {
		s.process.Stdout.Close()
	}
	return true
}
