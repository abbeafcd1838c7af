package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/internal/totp"
	"github.com/jailsh/jailsh/internal/wire"
)

// verify says whether a code is good, once. jailsh-net has verified a key of the
// user's before; one that was taken over hasn't, and is bounded by the same tries.
func (d *daemon) verify(t tickets, m *wire.Verify, files []*os.File) (wire.Message, []*os.File, error) {
	closeAll(files)
	if reason := d.badCode(m); reason != "" {
		return &wire.Verified{Reason: reason}, nil, nil
	}
	return &wire.Verified{Accepted: true, Ticket: t.ticket(m.User, m.Ref)}, nil, nil
}

// badCode returns why a code isn't good, for the log, or "".
func (d *daemon) badCode(m *wire.Verify) string {
	i, now := d.instance.Load(), time.Now()
	user, ok := i.Users.User(m.User)
	if !ok || !user.Active(now) || !user.TOTP {
		return "the user may not log in with a code"
	}
	if wait := d.guesses.take(m.User, now); wait > 0 {
		return fmt.Sprintf("too many wrong codes: the next may be tried in %s", wait.Round(time.Second))
	}
	err := (totp.Store{Dir: i.Config.TOTP}).Verify(m.User, m.Code, now)
	switch {
	case err == nil:
		d.guesses.forget(m.User)
		return ""
	case errors.Is(err, totp.ErrWrong), errors.Is(err, totp.ErrUsed), errors.Is(err, totp.ErrNotEnrolled):
		return err.Error()
	}
	d.events.write(slog.LevelError, "verify: "+config.Hints(err.Error(), i.Config.File), slog.String("ref", m.Ref), slog.String("user", m.User))
	return "the code could not be verified"
}

// proven refuses a user who has to give a code and, on this connection, hasn't.
func (d *daemon) proven(t tickets, m *wire.Open) error {
	if user, ok := d.instance.Load().Users.User(m.User); ok && user.TOTP && !t.good(m.Ticket, m.User, m.Ref) {
		return fmt.Errorf("user %q: no code was verified on this connection - log in again", m.User)
	}
	return nil
}
