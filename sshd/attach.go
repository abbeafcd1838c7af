package sshd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
)

// where says which terminal is meant: by its name, by its number, or the one that was
// left last.
type where struct {
	name    string
	number  int  // if name is empty
	last    bool // neither: the one that was left last
	persist bool // the same of those without a name, or else a new one
}

// maxTerminalName is the length of the longest name.
const maxTerminalName = 32

// whereOf reads the argument of @attach. What begins with a digit is a number.
func whereOf(arguments []string) (to where, err error) {
	if len(arguments) == 0 {
		return where{last: true}, nil
	}
	name := arguments[0]
	if name != "" && name[0] >= '0' && name[0] <= '9' {
		n, err := strconv.ParseUint(name, 10, 16)
		if err != nil {
			return where{}, fmt.Errorf("%w: %s is no number of a terminal: see @sessions", errUsage, shown(name, maxShown))
		}
		return where{number: int(n)}, nil
	}
	if err := setName(&to.name, name); err != nil || len(name) > maxTerminalName {
		return where{}, fmt.Errorf("%w: %s is no name: take at most %d letters, digits, dots, dashes and underscores", errUsage, shown(name, maxShown), maxTerminalName)
	}
	return to, nil
}

// mayAttach is whether a user has terminals that outlive their connection.
func mayAttach(g *wire.Grant) bool { return g.Shell && g.PTY && g.AttachTTL > 0 }

// errFinished is for what has ended the channel by itself.
var errFinished = errors.New("the channel is closed")

// attach is @attach.
func (s *session) attach(arguments []string) error {
	arguments, err := s.options("@attach", arguments, 0, 1, nil)
	if err != nil {
		return err
	}
	to, err := whereOf(arguments)
	if err != nil {
		return err
	}
	if s.wish.tty == nil {
		return errors.New("there is no terminal to attach: use ssh -t")
	}
	wish := s.wish
	wish.exec, wish.command = false, ""
	spawn, refused := plan(s.conn.policy.Load(), &wish, s.conn.addresses)
	if refused != 0 {
		s.farewell(refused)
		return errFinished
	}
	s.conn.record(levelInfo, "attach", "", "session", fmt.Sprint(s.number), "to", to.name, "number", fmt.Sprint(to.number))
	return s.attached(to, spawn)
}

// persist is a login shell that outlives its connection: the one that was left last,
// or a new one.
func (s *session) persist(spawn *wire.Spawn) {
	s.conn.answers.settle(s.ctx.Done())
	if err := s.attached(where{persist: true}, spawn); err != nil && !errors.Is(err, errFinished) {
		s.remark(err.Error())
		s.finish(wire.Exit{Status: exitFailure})
	}
}

// attached is the session from its terminal to the end of the channel. An error other
// than errFinished is for the client.
func (s *session) attached(to where, spawn *wire.Spawn) error {
	began := time.Now()
	spawn.TTY = &wire.TTY{Size: *s.size.Load(), Modes: spawn.TTY.Modes}
	k, a, err := s.take(to, spawn)
	s.settled()
	missing := (*absent)(nil)
	switch why := s.dismissed(); {
	case err == nil:
	case why != 0:
		s.farewell(why)
		return errFinished
	case s.ctx.Err() != nil:
		return errFinished // the client has closed the channel
	case errors.As(err, &missing):
		return err
	default:
		s.conn.record(levelError, "session failed", "", "session", fmt.Sprint(s.number), "error", shown(err.Error(), maxDetail))
		s.farewell(refusedStart)
		return errFinished
	}
	defer a.leave() // if it wasn't before
	recording, why := s.toRecord(spawn)
	if why != 0 {
		a.leave()
		if a.fresh {
			k.forget() // nobody has seen it
		}
		if why != lostClient {
			s.farewell(why)
		}
		return errFinished
	}
	s.seat.Store(a)
	s.does("attached " + k.label())
	a.resize(*s.size.Load()) // it may have changed before
	s.spin("input", a.input)
	if s.conn.server.lookedAt(k.screen) {
		s.showAudience(k.screen)
	}
	end := func() {}
	if a.fresh { // its agent and X11 are this session's, and end with it
		end = s.beside(k.process)
	}
	err = a.show()
	end()
	a.leave()
	e, why := a.ended(err)
	if recording != nil {
		why = recording.end(e, why)
	}
	status := ""
	if err == nil {
		status = statusOf(e, why)
	}
	detached := err != nil && why != lostKilled
	s.conn.record(levelInfo, "session end", "", "session", fmt.Sprint(s.number), "tty", k.tty, "detached", fmt.Sprint(detached),
		"status", status, "reason", reasonOf(why), "seconds", fmt.Sprintf("%.3f", time.Since(began).Seconds()))
	if err != nil && why != lostClient {
		_, _ = io.WriteString(s.channel, parting) // an error: the client is gone
	}
	if detached && why != lostClient {
		s.remark("detached - back to it: ssh -t ... @attach " + k.label())
	}
	switch why {
	case lostClient:
	case 0:
		s.conn.answers.settle(s.ctx.Done())
		s.finish(e)
	case lostCell:
		_, _ = stderr{s}.Write(s.sentence(why))
		s.finish(wire.Exit{Signal: 9})
	default:
		s.farewell(why)
	}
	return errFinished
}

// ended is how the session ends, after show has returned.
func (a *seat) ended(err error) (e wire.Exit, why refusal) {
	switch why = a.session.dismissed(); {
	case why != 0 || errors.Is(err, errDetached):
		return e, why
	case err != nil:
		return e, lostClient
	}
	<-a.kept.over // the output ends a moment before
	if !a.kept.known {
		return e, lostCell
	}
	return a.kept.exit, 0
}

// absent is why there is nothing to attach to, for the client.
type absent struct{ text string }

func (e *absent) Error() string { return e.text }

// take finds the terminal, or makes it, and attaches to it. One at a time of a user's
// sessions does, so that no two make the same.
func (s *session) take(to where, spawn *wire.Spawn) (*keptTerminal, *seat, error) {
	server := s.conn.server
	ctx, cancel := context.WithTimeout(s.ctx, startTimeout)
	defer cancel()
	entering := server.kept.of(s.id.user).entering
	select {
	case entering <- struct{}{}:
		defer func() { <-entering }()
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	if k := to.among(server.kept.list(s.id.user)); k != nil {
		if a := k.sit(s, spawn.TTY.Size, false); a != nil {
			return k, a, nil
		}
	}
	// A way in of the terminal's own, which lives as long as it does.
	cell, err := server.broker.Open(server.ctx, &wire.Open{User: s.id.user, Ref: s.conn.ref, Ticket: s.conn.ticket()})
	if err != nil {
		return nil, nil, fmt.Errorf("open: %w", err)
	}
	k, fresh, err := s.enter(ctx, cell, to, spawn)
	if err != nil {
		_ = cell.Close() // nothing came of it
		return nil, nil, err
	}
	a := k.sit(s, spawn.TTY.Size, fresh)
	if a == nil {
		return nil, nil, &absent{"the terminal has ended just now"}
	}
	return k, a, nil
}

// enter takes a terminal that the cell keeps, or makes one.
func (s *session) enter(ctx context.Context, cell Cell, to where, spawn *wire.Spawn) (k *keptTerminal, fresh bool, err error) {
	list, err := cell.Terminals(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("terminals: %w", err)
	}
	t, taken := to.of(list)
	switch {
	case taken:
		return nil, false, &absent{"that is a session of its own, which is still connected: see @sessions"}
	case t != nil:
		k, err = s.adoptTerminal(ctx, cell, t, spawn.TTY.Size)
		return k, false, err
	case to.last:
		return nil, false, &absent{"you have left nothing running; @attach NAME makes a shell to come back to"}
	case to.name == "" && !to.persist:
		return nil, false, &absent{fmt.Sprintf("there is no terminal %d: see @sessions", to.number)}
	}
	k, err = s.makeTerminal(ctx, cell, to.name, spawn)
	return k, true, err
}

// adoptTerminal takes one that an earlier jailsh-net had.
func (s *session) adoptTerminal(ctx context.Context, cell Cell, t *wire.Terminal, size wire.Size) (*keptTerminal, error) {
	p, err := cell.Adopt(ctx, t.Pid)
	if err != nil {
		return nil, fmt.Errorf("adopt: %w", err)
	}
	k := s.conn.server.keepTerminal(s.id.user, shown(t.Name, maxTerminalName), cell, p, t.Size)
	k.nudge(size)
	return k, nil
}

// makeTerminal starts a shell on a terminal that is kept.
func (s *session) makeTerminal(ctx context.Context, cell Cell, name string, spawn *wire.Spawn) (*keptTerminal, error) {
	p, err := cell.Spawn(ctx, spawn)
	if err != nil {
		return nil, fmt.Errorf("spawn: %w", err)
	}
	if err := p.Keep(ctx, name); err != nil {
		p.close() // the way in is closed too, and the cell hangs it up
		s.conn.record(levelInfo, "not kept", "", "session", fmt.Sprint(s.number), "error", shown(err.Error(), maxDetail))
		return nil, &absent{"as many terminals of yours are kept as may be: end one, see @sessions"}
	}
	s.remind(p.Waiting)
	return s.conn.server.keepTerminal(s.id.user, name, cell, p, spawn.TTY.Size), nil
}

// among finds it among those of this jailsh-net; nil if it isn't there.
func (to where) among(list []*keptTerminal) (found *keptTerminal) {
	var newest time.Time
	for _, k := range list {
		n, left := k.attached()
		switch {
		case to.last || to.persist:
			if n == 0 && left.After(newest) && (to.last || k.name == "") {
				found, newest = k, left
			}
		case to.name != "":
			if k.name == to.name {
				return k
			}
		case numberOf(k.tty) == to.number:
			return k
		}
	}
	return found
}

// of finds it in what a cell keeps, unless somebody has it: then it is taken.
func (to where) of(list []wire.Terminal) (found *wire.Terminal, taken bool) {
	var newest time.Time
	for i := range list {
		t := &list[i]
		switch {
		case to.last || to.persist:
			if t.Lost.After(newest) && (to.last || t.Name == "") {
				found, newest = t, t.Lost
			}
		case to.name != "" && t.Name == to.name, to.name == "" && numberOf(t.TTY) == to.number:
			return t, t.Lost.IsZero()
		}
	}
	return found, false
}
