package main

import (
	"fmt"

	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/internal/instance"
	"github.com/jailsh/jailsh/users"
	"github.com/spf13/cobra"
)

func (a *app) userAddCommand() *cobra.Command {
	var e users.Entry
	var files []string
	c := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a user",
		Long: `Add a user to users.toml. Her home is made at her first login.

A key file has one line for each key, as an id_*.pub or an authorized_keys has;
options before a key are kept.`,
		Example: "  jailsh user add alice --key alice.pub\n  curl -s https://github.com/alice.keys | jailsh user add alice --key -",
		Args:    exactly("NAME"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return nil, noFiles
		},
	}
	c.Flags().StringArrayVar(&files, "key", nil, "`FILE` with public keys, - for standard input; may be repeated")
	c.Flags().Uint32Var(&e.UID, "uid", 0, "uid (default: the owner of her home if it exists, else the next free one)")
	c.Flags().StringVar(&e.Class, "class", "", "class to belong to")
	c.Flags().StringVar(&e.Template, "template", "", "template of the jail (default: what class and defaults say)")
	_ = c.RegisterFlagCompletionFunc("class", a.completeClass)
	_ = c.RegisterFlagCompletionFunc("template", a.completeTemplate)
	c.RunE = func(c *cobra.Command, args []string) error {
		if c.Flags().Changed("uid") && e.UID == 0 {
			return &usageError{"--uid 0 is root"}
		}
		e.Name = args[0]
		return a.userAdd(e, files)
	}
	return c
}

func (a *app) userAdd(e users.Entry, files []string) error {
	keys, err := a.readUserKeys(files)
	if err != nil {
		return err
	}
	e.Keys = keys
	i, err := a.editUsers(func(src []byte, now *instance.Instance) ([]byte, error) {
		if e.UID == 0 {
			e.UID = now.NextUID(e.Name)
		}
		return users.Add(src, e)
	})
	if err != nil {
		return err
	}
	u, _ := i.Users.User(e.Name)
	fmt.Fprintf(a.stdout, "added %s: uid %d, home %s, %s\n", u.Name, u.UID, i.Home(u), plural(len(u.Keys), "key", "keys"))
	if len(u.Keys) == 0 && u.AuthorizedKeys == "" && len(i.Users.Authorities(u)) == 0 {
		fmt.Fprintln(a.stdout, config.Hints(fmt.Sprintf("nobody can log in as %s without a key - run: jailsh user set %s --add-key FILE", u.Name, u.Name), a.config))
	}
	a.warn(i, e.Name)
	return apply(i.Config)
}
