package main

import (
	"fmt"
	"net/netip"

	"github.com/jailsh/jailsh/internal/instance"
	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/jail"
	"github.com/jailsh/jailsh/users"
	"github.com/spf13/cobra"
)

func (a *app) explainCommand() *cobra.Command {
	var asJSON bool
	var from string
	var files []string
	c := &cobra.Command{
		Use:   "explain USER",
		Short: "Say what would happen at a login, and why",
		Long: `Say what would happen if USER logged in now, and why: the rules that decide, one
by one, and the jail that she would be in. jailshd decides by the same code.

FILE may have a certificate, as ssh-keygen -s makes it. Without --key each key of
users.toml is tried, and the authorities are named whose certificates count. The exit status is 1 when none of
the keys would be let in, or when the jail can't be made.`,
		Example:           "  jailsh explain alice --from 10.1.2.3\n  jailsh explain alice --key offered.pub",
		Args:              exactly("USER"),
		ValidArgsFunction: a.completeUser,
	}
	c.Flags().StringVar(&from, "from", "127.0.0.1", "`IP` address that she comes from")
	c.Flags().StringArrayVar(&files, "key", nil, "`FILE` with the public key that she offers, - for standard input; may be repeated")
	jsonFlag(c, &asJSON)
	c.RunE = func(_ *cobra.Command, args []string) error {
		addr, err := netip.ParseAddr(from)
		if err != nil {
			return &usageError{fmt.Sprintf("--from: %q is no IP address", from)}
		}
		i, err := instance.Load(a.config)
		if err != nil {
			return err
		}
		u, ok := i.Users.User(args[0])
		if !ok {
			return fmt.Errorf("%s: there is no user %q: refused like a wrong key - see: jailsh user list", i.Config.Users, args[0])
		}
		lines, err := a.readLines(files, func(line string) error {
			_, err := parseOffer(line)
			return err
		})
		if err != nil {
			return err
		}
		return a.explain(i, u, addr, lines, asJSON)
	}
	return c
}

func (a *app) explain(i *instance.Instance, u *users.User, from netip.Addr, lines []string, asJSON bool) error {
	offers, err := offersOf(u, lines)
	if err != nil {
		return err
	}
	x := explanation{User: u.Name, File: i.Config.Users, Line: u.Line, Class: u.Class, From: from.String(), AuthorizedKeys: u.AuthorizedKeys}
	accepted := false
	for _, o := range offers {
		d := o.decide(i, u.Name, from)
		x.Keys = append(x.Keys, newDecision(o, d))
		accepted = accepted || d.Grant.Accepted
	}
	if len(lines) == 0 {
		for _, a := range i.Users.Authorities(u) {
			x.Authorities = append(x.Authorities, authorityRow{a.Source, a.Fingerprint, a.Principals})
			accepted = accepted || len(offers) == 0 // it isn't known who would come
		}
	}
	spec, err := plan(i, u)
	if err == nil {
		x.Jail = newJail(spec, u, i.Home(u))
	}
	if asJSON {
		if err := printJSON(a.stdout, x); err != nil {
			return err
		}
	} else {
		x.print(a.stdout)
	}
	if err == nil && !accepted {
		return exitStatus(1)
	}
	return err
}

// offersOf are the lines, or without any the keys of users.toml that one can log in
// with.
func offersOf(u *users.User, lines []string) (offers []offer, err error) {
	for _, l := range lines {
		o, err := parseOffer(l)
		if err != nil {
			return nil, err
		}
		offers = append(offers, o)
	}
	if len(lines) > 0 {
		return offers, nil
	}
	for _, k := range u.Keys {
		if k.Options.Authority {
			continue
		}
		o, err := offerOf(k)
		if err != nil {
			return nil, err
		}
		offers = append(offers, o)
	}
	return offers, nil
}

func plan(i *instance.Instance, u *users.User) (*wire.Spec, error) {
	account, err := i.Account(u)
	if err != nil {
		return nil, err
	}
	return jail.Plan(account)
}
