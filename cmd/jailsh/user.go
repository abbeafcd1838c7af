package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/jailsh/jailsh/internal/admin"
	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/internal/instance"
	"github.com/jailsh/jailsh/internal/instance/check"
	"github.com/jailsh/jailsh/users"
	"github.com/spf13/cobra"
)

func (a *app) userCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "user",
		Short: "Add, change, remove and list users",
		Long: `Add, change, remove and list users.

The commands edit users.toml and keep its comments and its order; it may as well
be edited by hand. A change that wouldn't load is refused, and the file stays as
it was. A jailshd that runs has taken it over when the command is done.`,
		Args: cobra.ArbitraryArgs,
		RunE: wantsCommand,
	}
	c.AddCommand(a.userAddCommand(), a.userSetCommand(), a.userTOTPCommand(), a.userRemoveCommand(), a.userListCommand())
	return c
}

// warn says what would keep the user out, or what isn't well, now that she is as
// she was asked to be. It may be mended later, and so is no error.
func (a *app) warn(i *instance.Instance, name string) {
	found := check.User(i, name)
	for _, p := range slices.Concat(found.Problems, found.Advice) {
		fmt.Fprintln(a.stderr, "warning: "+printable(config.Hints(p.Error(), a.config)))
	}
}

// editUsers changes the instance's users.toml. What change gets is the text and
// the instance as it is now.
func (a *app) editUsers(change func(src []byte, now *instance.Instance) ([]byte, error)) (*instance.Instance, error) {
	cfg, err := config.Load(a.config)
	if err != nil {
		return nil, err
	}
	base, problems := instance.Base(cfg)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	table, err := users.Edit(cfg.Users, base, func(src []byte) ([]byte, error) {
		now, err := users.Parse(cfg.Users, src, base)
		if err != nil {
			return nil, err
		}
		return change(src, &instance.Instance{Config: cfg, Users: now})
	})
	if err != nil {
		return nil, err
	}
	return &instance.Instance{Config: cfg, Users: table}, nil
}

// apply has a jailshd that runs take over what was changed, and waits for that.
func apply(cfg *config.Config) error {
	d, err := admin.Dial(cfg.RunDir)
	if errors.Is(err, admin.ErrNoDaemon) {
		return nil
	}
	if err == nil {
		defer d.Close()
		err = d.Reload(context.Background())
	}
	if err != nil {
		return fmt.Errorf("jailshd goes on with the users that it had: %w", err)
	}
	return nil
}

// plural is "1 key" or "2 keys".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
