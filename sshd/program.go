package sshd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/share"
)

const (
	// startTimeout is how long opening a cell and starting a program may take.
	startTimeout = 45 * time.Second

	// signalTimeout is how long the cell may take to deliver a signal.
	signalTimeout = 5 * time.Second
)

var errPanicked = errors.New("panic, recorded under the same reference")

// start begins what shell or exec asked for, in a goroutine of its own.
func (s *session) start() {
	s.started = true
	grant := s.conn.policy.Load()
	if s.id.guest != nil {
		s.does("view")
		s.occupy("guest", s.guest)
		return
	}
	if s.wish.asksServer(grant) {
		command := s.wish.command
		s.does(command)
		s.occupy("word", func() { s.word(command) })
		return
	}
	s.mute = grant.Forced
	spawn, refused := plan(grant, &s.wish, s.conn.addresses)
	if refused != 0 {
		s.conn.record(levelInfo, "session refused", "", "session", fmt.Sprint(s.number),
			"command", s.wish.command, "reason", refused.Error())
		s.spin("farewell", func() { s.farewell(refused) })
		return
	}
	s.reports = spawn.Program == wire.ProgramSFTP
	s.does(purposeOf(spawn, &s.wish))
	if spawn.TTY != nil {
		tty := *spawn.TTY // the wish's size may change from here on
		spawn.TTY = &tty
	}
	s.conn.record(levelInfo, "session", "", "session", fmt.Sprint(s.number),
		"command", commandOf(spawn), "original", originalOf(spawn, &s.wish), "terminal", fmt.Sprint(spawn.TTY != nil))
	if grant.Persist && spawn.Hold && !spawn.Exec {
		s.occupy("persist", func() { s.persist(spawn) })
		return
	}
	s.occupy("program", func() { s.program(spawn) })
}

// occupy runs what the session is for, in a goroutine of its own. It ends with the
// channel.
func (s *session) occupy(where string, f func()) {
	s.work.Go(func() {
		if s.conn.server.protect(s.conn.ref, where, f) {
			s.cancel(lostProgram)
			s.halt()
			if r := s.recording.Load(); r != nil {
				r.fail(errPanicked)
			}
			s.farewell(lostProgram)
		}
	})
}

// commandOf is what is run, for the log.
func commandOf(spawn *wire.Spawn) string {
	if spawn.Program == wire.ProgramSFTP {
		return strings.Join(append([]string{internalSFTP}, spawn.Args...), " ")
	}
	return spawn.Command
}

// purposeOf is the same in the administrator's list.
func purposeOf(spawn *wire.Spawn, w *wish) string {
	switch {
	case w.sftp, spawn.Program == wire.ProgramSFTP:
		return "sftp"
	case spawn.Exec:
		return "command " + spawn.Command
	}
	return "shell"
}

// originalOf is what the client asked for, where something else is run.
func originalOf(spawn *wire.Spawn, w *wish) string {
	if w.command == spawn.Command || w.sftp && spawn.Program == wire.ProgramSFTP {
		return ""
	}
	return w.command
}

// program runs the program from its start to the end of the channel.
func (s *session) program(spawn *wire.Spawn) {
	s.conn.answers.settle(s.ctx.Done())
	began := time.Now()
	recording, why := s.toRecord(spawn)
	var p *Process
	if why == 0 {
		p, why = s.launch(spawn)
	}
	s.settled()
	if why != 0 {
		if recording != nil {
			why = recording.end(wire.Exit{}, why)
		}
		if why != lostClient {
			s.farewell(why)
		}
		return
	}
	s.keep(p)
	s.remind(p.Waiting)
	s.begin(p)
	s.spawned <- p
	end := s.beside(p)
	unasked := s.conn.server.answer(p.Words, func() (*session, *share.Live) { return s, s.live.Load() })
	e, why := s.stream(p)
	unasked()
	s.over()
	end()
	s.halt()
	if recording != nil {
		why = recording.end(e, why)
	}
	s.conn.record(levelInfo, "session end", "", "session", fmt.Sprint(s.number), "tty", p.TTY,
		"status", statusOf(e, why), "reason", reasonOf(why),
		"seconds", fmt.Sprintf("%.3f", time.Since(began).Seconds()))
	switch why {
	case lostClient:
	case 0:
		s.conn.answers.settle(s.ctx.Done()) // the client may end with the session: a proof of host keys comes before
		s.finish(e)
	case lostCell:
		_, _ = stderr{s}.Write(s.sentence(why))
		s.finish(wire.Exit{Signal: 9})
	default:
		s.farewell(why)
	}
}

// launch starts the program, or says why it doesn't run.
func (s *session) launch(spawn *wire.Spawn) (*Process, refusal) {
	p, err := s.spawn(spawn)
	switch why := s.dismissed(); {
	case err == nil && s.adopt(p):
		return p, 0
	case why != 0:
		return nil, why
	case s.ctx.Err() != nil:
		return nil, lostClient // it has closed the channel
	}
	s.conn.record(levelError, "session failed", "", "session", fmt.Sprint(s.number), "error", err.Error())
	if spawn.Exec || spawn.Program != wire.ProgramShell {
		return nil, refusedRun
	}
	return nil, refusedStart
}

// spawn starts the program in the user's cell.
func (s *session) spawn(spawn *wire.Spawn) (p *Process, err error) {
	ctx, cancel := context.WithTimeout(s.ctx, startTimeout)
	defer cancel()
	err = s.conn.inCell(ctx, s.id.user, func(cell Cell) (err error) {
		if p, err = cell.Spawn(ctx, spawn); err != nil {
			err = fmt.Errorf("spawn: %w", err)
		}
		return err
	})
	if err == nil {
		p.held = spawn.Hold
	}
	return p, err
}

// running takes note of a started program, and does to it what was asked for
// meanwhile. The kernel tells nobody of a size that isn't new.
func (s *session) running(p *Process) <-chan wire.Exit {
	s.process = p
	if s.wish.tty != nil {
		_ = p.Resize(s.wish.tty.Size) // the program may have ended
		if l := s.live.Load(); l != nil {
			l.Resize(sizeOf(&s.wish.tty.Size))
		}
		if r := s.recording.Load(); r != nil {
			r.resize(s.wish.tty.Size)
		}
	}
	if s.deaf.Load() && s.process.Stdout != nil {
		s.process.Stdout.Close()
	}
	if s.signals != nil {
		s.deliverTo(s.process)
	}
	return s.process.Exit()
}

// deliverTo delivers signals in a goroutine: the cell may take its time.
func (s *session) deliverTo(p *Process) {
	signals := s.signals
	s.spin("signals", func() {
		for {
			select {
			case number := <-signals:
				ctx, cancel := context.WithTimeout(s.ctx, signalTimeout)
				_ = p.Signal(ctx, number) // as kill(2), it can come too late
				cancel()
			case <-s.ctx.Done():
				return
			}
		}
	})
}

// exited hands the program's end on to the goroutine that still sends output.
func (s *session) exited(e wire.Exit, known bool) {
	if known {
		s.status <- e
	}
	close(s.status)
	close(s.gone)
	s.process.drain()
}
