package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/internal/instance"
	"github.com/jailsh/jailsh/users"
	"github.com/spf13/cobra"
)

// userRow is a user as --json prints her.
type userRow struct {
	Name           string     `json:"name"`
	Line           int        `json:"line"`
	UID            uint32     `json:"uid"`
	GID            uint32     `json:"gid"`
	Class          string     `json:"class,omitempty"`
	Template       string     `json:"template"`
	Shell          string     `json:"shell"`
	Home           string     `json:"home"`
	Network        string     `json:"network"`
	State          string     `json:"state"`
	Expires        *time.Time `json:"expires,omitempty"`
	AuthorizedKeys string     `json:"authorized_keys,omitempty"`
	Keys           []keyRow   `json:"keys"`
}

// keyRow is a key as --json prints it.
type keyRow struct {
	Type        string `json:"type"`
	Fingerprint string `json:"fingerprint"`
	Comment     string `json:"comment,omitempty"`
}

func (a *app) userListCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List the users",
		Args:  exactly(),
		RunE: func(*cobra.Command, []string) error {
			i, err := instance.Load(a.config)
			if err != nil {
				return err
			}
			return a.userList(i, asJSON)
		},
	}
	jsonFlag(c, &asJSON)
	return c
}

func (a *app) userList(i *instance.Instance, asJSON bool) error {
	names := i.Users.Names()
	rows := make([]userRow, 0, len(names))
	t := table{header: []string{"NAME", "UID", "CLASS", "TEMPLATE", "SHELL", "NETWORK", "KEYS", "STATE", "HOME"}}
	now := time.Now()
	for _, name := range names {
		u, _ := i.Users.User(name)
		r := userRow{
			Name: u.Name, Line: u.Line, UID: u.UID, GID: u.GID, Class: u.Class, Template: u.Template, Shell: u.Shell,
			Home: i.Home(u), Network: u.Network, State: state(u, now), AuthorizedKeys: u.AuthorizedKeys, Keys: []keyRow{},
		}
		if !u.Expires.IsZero() {
			r.Expires = &u.Expires
		}
		for _, k := range u.Keys {
			r.Keys = append(r.Keys, keyRow{k.Type, k.Fingerprint, k.Comment})
		}
		rows = append(rows, r)
		keys := strconv.Itoa(len(u.Keys))
		if u.AuthorizedKeys != "" {
			keys += "+file"
		}
		t.add(r.Name, fmt.Sprint(r.UID), r.Class, r.Template, r.Shell, r.Network, keys, r.State, r.Home)
	}
	if len(names) == 0 && !asJSON {
		fmt.Fprintln(a.stderr, config.Hints("no user yet - run: jailsh user add NAME --key FILE", a.config))
	}
	return a.list(asJSON, rows, &t)
}

// state says whether the user may log in at all.
func state(u *users.User, now time.Time) string {
	switch {
	case u.Disabled:
		return "disabled"
	case u.Expired(now):
		return "expired"
	}
	return "active"
}
