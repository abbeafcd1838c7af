package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jailsh/jailsh/internal/admin"
	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/internal/wire"
	"github.com/spf13/cobra"
)

// sessionRow is one of the list.
type sessionRow struct {
	ID    string    `json:"id"`
	User  string    `json:"user"` // empty: a guest
	From  string    `json:"from"`
	Since time.Time `json:"since"`
	Idle  int64     `json:"idle_seconds"`
	What  string    `json:"what"`
	TTY   string    `json:"tty"`
}

func (a *app) sessionsCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "sessions",
		Short: "List what users have open",
		Long: `List what all users have open, the oldest first: sessions, connections that have
none, and terminals that their user has left and can come back to. The ID of a session
begins with that of its connection, which is in the log too. A guest, who looks on
with a token, has no user.`,
		Example: "  jailsh sessions\n  jailsh sessions --json",
		Args:    exactly(),
	}
	jsonFlag(c, &asJSON)
	c.RunE = func(c *cobra.Command, _ []string) error {
		list, err := a.sessions(c.Context())
		if err != nil {
			return err
		}
		rows := []sessionRow{}
		t := &table{header: []string{"ID", "USER", "FROM", "SINCE", "IDLE", "WHAT", "TTY"}}
		for _, s := range list {
			idle := s.Idle.Round(time.Second)
			rows = append(rows, sessionRow{s.ID, s.User, s.From, s.Since, int64(idle.Seconds()), s.What, s.TTY})
			t.add(s.ID, s.User, s.From, s.Since.Local().Format(time.DateTime), idle.String(), s.What, s.TTY)
		}
		return a.list(asJSON, rows, t)
	}
	return c
}

func (a *app) sessions(ctx context.Context) ([]wire.Session, error) {
	d, err := a.daemon()
	if err != nil {
		return nil, err
	}
	defer d.Close()
	list, err := d.Sessions(ctx)
	slices.SortStableFunc(list, func(a, b wire.Session) int { return cmp.Compare(a.Since.Unix(), b.Since.Unix()) })
	return list, told(err)
}

// daemon connects to the instance's jailshd.
func (a *app) daemon() (*admin.Client, error) {
	cfg, err := config.Load(a.config)
	if err != nil {
		return nil, err
	}
	return dial(cfg)
}

// told is an error that may be jailsh-net's word, which is nobody to send anything to a
// terminal of root's.
func told(err error) error {
	if failure := (*wire.Failure)(nil); errors.As(err, &failure) {
		return errors.New(printable(failure.Text))
	}
	return err
}

// completeSession offers what is open now.
func (a *app) completeSession(c *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, noFiles
	}
	list, err := a.sessions(c.Context())
	if err != nil {
		return nil, noFiles
	}
	var offers []cobra.Completion
	for _, s := range list {
		offers = append(offers, cobra.CompletionWithDesc(printable(s.ID), printable(s.User+" "+s.What)))
	}
	return offers, noFiles
}
