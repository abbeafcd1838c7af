package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/jailsh/jailsh/internal/instance"
	"github.com/jailsh/jailsh/internal/totp"
	"github.com/jailsh/jailsh/users"
	"github.com/spf13/cobra"
)

func (a *app) userRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove a user, and keep her home",
		Long: `Remove a user from users.toml. A running jailshd logs her out. Her home is kept:
as long as it is there, give her uid to nobody else.`,
		Args:              exactly("NAME"),
		ValidArgsFunction: a.completeUser,
		RunE:              func(_ *cobra.Command, args []string) error { return a.userRemove(args[0]) },
	}
}

func (a *app) userRemove(name string) error {
	var home string
	i, err := a.editUsers(func(src []byte, now *instance.Instance) ([]byte, error) {
		if u, ok := now.Users.User(name); ok {
			home = now.Home(u)
		}
		return users.Remove(src, name)
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "removed %s\n", name)
	if err := (totp.Store{Dir: i.Config.TOTP}).Remove(name); err == nil {
		fmt.Fprintln(a.stdout, "and the secret of her codes")
	} else if !errors.Is(err, totp.ErrNotEnrolled) {
		return err
	}
	if _, err := os.Lstat(home); !errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(a.stdout, "her files are still in %s - remove them when nobody needs them: rm -r %s\n", home, quote(home))
	}
	return apply(i.Config)
}
