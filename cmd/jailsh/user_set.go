package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jailsh/jailsh/internal/instance"
	"github.com/jailsh/jailsh/users"
	"github.com/spf13/cobra"
)

// textKeys are the keys whose value is written without quotes on the command
// line; env.NAME is another.
func textKeys() []string {
	return []string{
		"class", "template", "shell", "home", "hostname", "umask", "network", "linger", "attach_ttl", "command", "authorized_keys",
		"limits.memory", "limits.swap", "limits.tmp", "limits.home", "limits.file_size", "limits.cpu_time", "limits.idle", "limits.max_session",
		"sftp.server", "sftp.start", "sftp.umask",
	}
}

func (a *app) userSetCommand() *cobra.Command {
	var add, remove []string
	c := &cobra.Command{
		Use:   "set NAME [KEY=VALUE | KEY=]...",
		Short: "Change a user",
		Long: `Change keys of a user in users.toml. KEY=VALUE sets a key, KEY= takes it out, so
that class and defaults decide. A KEY may be dotted: allow.pty, env.EDITOR, limits.cpu.

A VALUE is taken as it is for ` + strings.Join(textKeys(), ", ") + `
and env.NAME. For every other key it is written as in the file: 5, true,
2030-01-31, ["10.0.0.0/8"], [{ source = "/srv", target = "/srv" }].`,
		Example: `  jailsh user set alice class=students shell=/bin/dash
  jailsh user set alice disabled=true
  jailsh user set alice 'from=["10.0.0.0/8"]' allow.pty=false env.EDITOR=vi
  jailsh user set alice class= --add-key new.pub --remove-key alice@oldlaptop`,
		Args:              setArgs,
		ValidArgsFunction: a.completeSet,
	}
	c.Flags().StringArrayVar(&add, "add-key", nil, "`FILE` with public keys to add, - for standard input; may be repeated")
	c.Flags().StringArrayVar(&remove, "remove-key", nil, "`KEY` to take out: its fingerprint, its comment or its whole line; may be repeated")
	c.RunE = func(_ *cobra.Command, args []string) error {
		e, err := parseSettings(args[1:])
		if err != nil {
			return err
		}
		if len(args) == 1 && len(add)+len(remove) == 0 {
			return &usageError{"nothing to change: KEY=VALUE is missing"}
		}
		if e.Keys, err = a.readUserKeys(add); err != nil {
			return err
		}
		e.DropKeys = remove
		i, err := a.editUsers(func(src []byte, _ *instance.Instance) ([]byte, error) { return users.Set(src, args[0], e) })
		if err != nil {
			return err
		}
		a.warn(i, args[0])
		fmt.Fprintf(a.stdout, "changed %s\n", args[0])
		return apply(i.Config)
	}
	return c
}

func setArgs(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return &usageError{"NAME is missing"}
	}
	_, err := parseSettings(args[1:])
	return err
}

// parseSettings reads KEY=VALUE and KEY=.
func parseSettings(args []string) (users.Entry, error) {
	var e users.Entry
	for _, arg := range args {
		key, value, ok := strings.Cut(arg, "=")
		switch {
		case !ok || key == "":
			return e, &usageError{fmt.Sprintf("%q is not KEY=VALUE", arg)}
		case value == "":
			e.Unset = append(e.Unset, key)
			continue
		case isText(key, value):
			b, err := json.Marshal(value) // a JSON string is a TOML string
			if err != nil {
				return e, err
			}
			value = string(b)
		}
		e.Settings = append(e.Settings, users.Setting{Key: key, Value: value})
	}
	return e, nil
}

func isText(key, value string) bool {
	for _, k := range textKeys() {
		if key == k {
			return true
		}
	}
	return strings.HasPrefix(key, "env.") || strings.HasPrefix(key, "limits.") && value == unlimited
}

// completeSet offers users, then keys.
func (a *app) completeSet(c *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return a.completeUser(c, args, word)
	}
	keys := []cobra.Completion{"env."}
	for _, k := range users.Keys() {
		keys = append(keys, k+"=")
	}
	for _, k := range users.LimitKeys() {
		keys = append(keys, "limits."+k+"=")
	}
	for _, k := range users.SFTPKeys() {
		keys = append(keys, "sftp."+k+"=")
	}
	return keys, noFiles | cobra.ShellCompDirectiveNoSpace
}
