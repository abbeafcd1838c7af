package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) killCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "kill ID",
		Short: "End a session, a connection, or a terminal",
		Long: `End what has this ID: a session with its program, a connection with all its
sessions, or a terminal that can be come back to. jailsh sessions lists them; the ID of
a connection is that of its sessions up to the dash. The client reads why. A program
is hung up, and killed if it is still there two seconds later. What it has put into
the background with nohup or setsid runs on, as after any logout. It is in the audit
log, with who did it.`,
		Example:           "  jailsh kill 0a1b2c3d-1\n  jailsh kill 0a1b2c3d\n  jailsh kill alice/3",
		Args:              exactly("ID"),
		ValidArgsFunction: a.completeSession,
		RunE: func(c *cobra.Command, args []string) error {
			d, err := a.daemon()
			if err != nil {
				return err
			}
			defer d.Close()
			if _, err := d.Kill(c.Context(), args[0]); err != nil {
				return fmt.Errorf("%s: %w", args[0], told(err))
			}
			return nil
		},
	}
}
