package sshd

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
)

// terminals is @sessions.
func (s *session) terminals(arguments []string) error {
	if _, err := s.options("@sessions", arguments, 0, 0, nil); err != nil {
		return err
	}
	var list []wire.Terminal
	ctx, cancel := context.WithTimeout(s.ctx, startTimeout)
	defer cancel()
	err := s.conn.inCell(ctx, s.id.user, func(cell Cell) (err error) {
		list, err = cell.Terminals(ctx)
		return err
	})
	if err != nil {
		s.conn.record(levelError, "session failed", "", "session", fmt.Sprint(s.number), "error", shown(err.Error(), maxDetail))
		s.farewell(refusedRun)
		return errFinished
	}
	if len(list) == 0 {
		s.remark("nothing of yours runs on a terminal that could be kept")
		return nil
	}
	slices.SortFunc(list, func(a, b wire.Terminal) int { return numberOf(a.TTY) - numberOf(b.TTY) })
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "NUMBER\tNAME\tRUNS\tBEGAN\tSTATE")
	for _, l := range list {
		name := l.Name
		if name == "" {
			name = "-"
		}
		fmt.Fprintf(t, "\n%d\t%s\t%s\t%s ago\t%s", numberOf(l.TTY), shown(name, maxTerminalName), shown(l.Command, maxTerminalName), age(l.Began), s.state(&l))
	}
	_ = t.Flush() // to memory
	s.say(b.String())
	return nil
}

// state says who has a terminal.
func (s *session) state(t *wire.Terminal) string {
	if !t.Lost.IsZero() {
		return "left " + age(t.Lost) + " ago"
	}
	for _, k := range s.conn.server.kept.list(s.id.user) {
		if k.tty != t.TTY {
			continue
		}
		switch n, left := k.attached(); n {
		case 0:
			return "left " + age(left) + " ago"
		case 1:
			return "attached"
		default:
			return fmt.Sprintf("attached %d times", n)
		}
	}
	return "a session of its own"
}

// age is how long ago something was.
func age(since time.Time) string {
	d := max(0, time.Since(since))
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dd", d/(24*time.Hour))
}

// remind tells somebody who gets a new shell what she has left running. The cell knows
// of those that an earlier jailsh-net had: they are waiting. It comes before the shell's
// own output, and the same way: what comes on standard error a client may show later.
func (s *session) remind(waiting int) {
	if !s.shown.Load() || !mayAttach(s.conn.policy.Load()) {
		return
	}
	for _, k := range s.conn.server.kept.list(s.id.user) {
		if n, _ := k.attached(); n == 0 {
			waiting++
		}
	}
	switch {
	case waiting == 1:
		s.say("jailsh: a program of yours still runs - back to it: ssh -t ... @attach")
	case waiting > 1:
		s.say(fmt.Sprintf("jailsh: %d programs of yours still run - see: ssh ... @sessions - back to the last: ssh -t ... @attach", waiting))
	}
}
