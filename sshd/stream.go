package sshd

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
)

// stream hands bytes between the channel and the program until all output is
// written to the client and the program has ended, and returns how.
//
// With pipes the output has an end when the last process that holds them is
// gone, which may be long after the program's (`cmd &`), as with OpenSSH. With a
// terminal the program's end is the end: what it wrote is read without waiting
// for those who still hold the terminal.
func (s *session) stream(p *Process) (wire.Exit, refusal) {
	s.spin("input", func() { s.input(p) })
	if p.PTY != nil {
		to := io.Writer(s.channel)
		if l := s.live.Load(); l != nil {
			to = display{l, s.channel}
		}
		s.output(p.PTY, to)
	} else {
		s.outputs.Add(1)
		s.spin("stderr", func() {
			defer s.outputs.Done()
			if s.reports {
				s.transfers(p.Stderr)
				return
			}
			s.output(p.Stderr, stderr{s})
		})
		s.output(p.Stdout, s.channel)
		s.outputs.Wait()
	}
	var e wire.Exit
	var known bool
	select {
	case e, known = <-s.status:
	case <-s.ctx.Done():
	}
	// Whoever is dismissed has mostly lost her program by that, to a SIGHUP.
	switch why := s.dismissed(); {
	case why != 0:
		return e, why
	case !known && s.ctx.Err() != nil:
		return e, lostClient
	case !known:
		return e, lostCell
	}
	return e, 0
}

// output copies from the program to the client. A client that doesn't read
// stops it, and thereby the program. It returns at the end of the output, or
// when one of the two sides is gone.
func (s *session) output(from *os.File, to io.Writer) {
	src, err := newSource(from, &s.conn.server.chunks, s.conn.link.socket)
	if err != nil {
		return // closed by halt
	}
	r := s.recording.Load()
	for {
		chunk, err := src.next()
		if len(chunk) > 0 {
			s.clock.touch()
			if r != nil {
				r.output(chunk)
			}
		}
		if len(chunk) > 0 && !s.deaf.Load() {
			if _, werr := src.send(to, chunk); werr != nil {
				err = werr
			}
		}
		src.done()
		if err != nil {
			return
		}
	}
}

// stderr is the client's standard error, which notices are written to as well.
type stderr struct{ *session }

func (e stderr) Write(b []byte) (int, error) {
	e.stderr.Lock()
	defer e.stderr.Unlock()
	return e.channel.Stderr().Write(b)
}

// input copies from the client to the program. The client's end of file ends the
// program's standard input; on a terminal it means nothing (OpenSSH's sshd does
// the same: who wants ^D there has to send it).
func (s *session) input(p *Process) {
	to := p.Stdin
	if p.PTY != nil {
		to = p.PTY
	}
	in := sink{channel: heard{s.channel, &s.clock}, chunks: &s.conn.server.chunks, from: s.conn.link.socket, whole: s.reports}
	raw, err := to.SyscallConn()
	if r := s.recording.Load(); r != nil && r.input && err == nil {
		in.channel = &typedInput{Channel: in.channel, to: r, master: raw}
	}
	if err == nil {
		err = in.copy(raw)
	}
	if p.Stdin != nil {
		p.Stdin.Close()
	}
	if !errors.Is(err, io.EOF) {
		// The program reads no more. What still comes is thrown away: unread, it
		// would stop the client, which may be waiting to be told the exit status.
		_ = in.copy(nil)
	}
}

// drain makes the output of a terminal end when there is nothing to read.
func (p *Process) drain() {
	if p.PTY != nil {
		_ = p.PTY.SetReadDeadline(time.Unix(1, 0)) // closed: it has ended already
	}
}
