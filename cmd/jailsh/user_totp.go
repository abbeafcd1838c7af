package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/internal/instance"
	"github.com/jailsh/jailsh/internal/totp"
	"github.com/spf13/cobra"
)

func (a *app) userTOTPCommand() *cobra.Command {
	var reset, remove bool
	c := &cobra.Command{
		Use:   "totp NAME",
		Short: "Give a user the secret of her second factor",
		Long: `Give a user a secret, from which an app on her phone makes the codes that she is
asked for after her key. She is asked if her auth in users.toml says so:

  jailsh user set NAME 'auth=["publickey", "totp"]'

On a terminal it shows a QR code for the app, and keeps the secret when a code of
the app has confirmed it. Elsewhere it prints the otpauth:// address and keeps it at
once. Nothing prints the secret a second time: who has lost it is given another
one with --reset.`,
		Example:           "  jailsh user totp alice\n  jailsh user totp alice --reset\n  jailsh user totp alice | mail -s code alice@example.org",
		Args:              exactly("NAME"),
		ValidArgsFunction: a.completeUser,
		RunE: func(_ *cobra.Command, args []string) error {
			if reset && remove {
				return &usageError{"--reset and --remove are two things"}
			}
			i, err := instance.Load(a.config)
			if err != nil {
				return err
			}
			if remove {
				return a.totpRemove(i, args[0])
			}
			return a.totpEnrol(i, args[0], reset)
		},
	}
	c.Flags().BoolVar(&reset, "reset", false, "replace the secret that she has")
	c.Flags().BoolVar(&remove, "remove", false, "take her secret away: she can't log in while her auth wants a code")
	return c
}

func (a *app) totpRemove(i *instance.Instance, name string) error {
	if _, ok := i.Users.User(name); !ok {
		return fmt.Errorf("%s: there is no user %q - see: jailsh user list", i.Config.Users, name)
	}
	if err := (totp.Store{Dir: i.Config.TOTP}).Remove(name); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	_, err := fmt.Fprintf(a.stdout, "removed the secret of %s\n", name)
	return err
}

func (a *app) totpEnrol(i *instance.Instance, name string, reset bool) error {
	u, ok := i.Users.User(name)
	if !ok {
		return fmt.Errorf("%s: there is no user %q - see: jailsh user list", i.Config.Users, name)
	}
	codes := totp.Store{Dir: i.Config.TOTP}
	switch err := codes.Enrolled(name); {
	case reset || errors.Is(err, totp.ErrNotEnrolled):
	case err == nil:
		return fmt.Errorf("%s: has a secret already - replace it with: jailsh user totp %s --reset", name, name)
	default:
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	secret := totp.NewSecret()
	uri := totp.URI(host, name, secret)
	if a.onTerminal() {
		err = a.totpShow(codes, name, secret, uri)
	} else if err = codes.Enrol(name, secret, "", time.Now()); err == nil {
		fmt.Fprintln(a.stdout, uri)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "enrolled %s\n", name)
	if !u.TOTP {
		fmt.Fprintln(a.stderr, config.Hints(fmt.Sprintf(`she isn't asked for a code yet - run: jailsh user set %s 'auth=["publickey", "totp"]'`, name), a.config))
	}
	return nil
}

// totpTries is how often a code may be mistyped.
const totpTries = 3

// totpShow shows the secret on the terminal, and keeps it when a code of the app
// has confirmed it.
func (a *app) totpShow(codes totp.Store, name string, secret totp.Secret, uri string) error {
	picture, err := qrCode(uri)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "%sor type it: %s\n%s\n", picture, secret, uri)
	lines := bufio.NewScanner(a.stdin)
	for range totpTries {
		fmt.Fprint(a.stdout, "the code that the app shows: ")
		if !lines.Scan() || lines.Text() == "" {
			break
		}
		err := codes.Enrol(name, secret, lines.Text(), time.Now())
		if !errors.Is(err, totp.ErrWrong) {
			return err
		}
		fmt.Fprintf(a.stdout, "that isn't one for now, which is %s\n", time.Now().Format(time.TimeOnly))
	}
	return fmt.Errorf("%s: no code has confirmed it: nothing was changed - set the clocks of both, and try again", name)
}
