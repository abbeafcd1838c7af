package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/users"
	"golang.org/x/crypto/ssh"
)

// explanation is what `jailsh explain` found out.
type explanation struct {
	User           string         `json:"user"`
	File           string         `json:"file"`
	Line           int            `json:"line"`
	Class          string         `json:"class,omitempty"`
	From           string         `json:"from"`
	AuthorizedKeys string         `json:"authorized_keys,omitempty"`
	Keys           []decision     `json:"keys"`
	Authorities    []authorityRow `json:"authorities,omitempty"` // whose certificates count
	Jail           *jailRow       `json:"jail,omitempty"`        // nil if it can't be made
}

// authorityRow is one whose certificates let the user in.
type authorityRow struct {
	Source      string   `json:"source"`
	Fingerprint string   `json:"fingerprint"`
	Principals  []string `json:"principals"`
}

// decision is what would happen to one key.
type decision struct {
	Fingerprint string          `json:"fingerprint"`
	Certificate *certificateRow `json:"certificate,omitempty"`
	Comment     string          `json:"comment,omitempty"`
	Accepted    bool            `json:"accepted"`
	Reason      string          `json:"reason,omitempty"`
	Rules       []string        `json:"rules"`
	Shell       bool            `json:"shell"`
	Exec        bool            `json:"exec"`
	PTY         bool            `json:"pty"`
	SFTP        bool            `json:"sftp"`
	Command     *string         `json:"command,omitempty"` // forced
	Touch       bool            `json:"touch_required,omitempty"`
	Verify      bool            `json:"verify_required,omitempty"`
	Record      string          `json:"record,omitempty"` // on or strict
	Env         []string        `json:"env,omitempty"`
	AcceptEnv   []string        `json:"accept_env,omitempty"`
}

// certificateRow is what names a certificate.
type certificateRow struct {
	KeyID  string `json:"key_id"`
	Serial uint64 `json:"serial"`
}

func newDecision(o offer, d users.Decision) decision {
	g := d.Grant
	x := decision{
		Fingerprint: d.KeyFingerprint, Comment: o.comment, Accepted: g.Accepted, Reason: g.Reason, Rules: d.Trace,
		Shell: g.Shell, Exec: g.Exec, PTY: g.PTY, SFTP: g.SFTP.Allowed, Env: g.Env, AcceptEnv: g.AcceptEnv,
	}
	if g.Forced {
		x.Command = &g.Command
	}
	if g.Record != wire.RecordOff {
		x.Record = users.RecordName(g.Record)
	}
	if cert, ok := o.public.(*ssh.Certificate); ok {
		x.Certificate = &certificateRow{cert.KeyId, cert.Serial}
	}
	if g.Accepted && strings.HasPrefix(o.public.Type(), "sk-") {
		x.Touch, x.Verify = !g.NoTouchRequired || g.VerifyRequired, g.VerifyRequired
	}
	return x
}

// jailRow is the jail that the user would be in.
type jailRow struct {
	UID          uint32            `json:"uid"`
	GID          uint32            `json:"gid"`
	Groups       map[string]uint32 `json:"groups"`
	Shell        string            `json:"shell"`
	Home         string            `json:"home"`
	HostHome     string            `json:"host_home"`
	Hostname     string            `json:"hostname"`
	Umask        string            `json:"umask"`
	Network      string            `json:"network"`
	Linger       string            `json:"linger"`
	KillOnLogout bool              `json:"kill_on_logout"`
	AttachTTL    string            `json:"attach_ttl"`
	Limits       limitsRow         `json:"limits"`
	Env          []string          `json:"env"`
	Mounts       []mountRow        `json:"mounts"`
}

// mountRow is one line of the mount table.
type mountRow struct {
	Target   string `json:"target"`
	Kind     string `json:"kind"`
	Mode     string `json:"mode"` // ro or rw
	Source   string `json:"source,omitempty"`
	Optional bool   `json:"optional,omitempty"`
}

func newJail(s *wire.Spec, u *users.User, hostHome string) *jailRow {
	j := &jailRow{
		UID: s.UID, GID: s.GID, Groups: map[string]uint32{}, Shell: s.Shell, Home: s.Home, HostHome: hostHome,
		Hostname: s.Hostname, Umask: fmt.Sprintf("%03o", s.Umask), Network: s.Network.Kind.String(),
		Linger: s.Linger.String(), KillOnLogout: s.KillOnLogout, AttachTTL: s.AttachTTL.String(), Env: s.Env,
		Limits: newLimits(s.Limits, u.Limits),
	}
	for _, g := range s.Groups {
		j.Groups[g.Name] = g.GID
	}
	for i, m := range s.Mounts {
		if covered(s.Mounts[i+1:], m) {
			continue
		}
		row := mountRow{Target: m.Target, Kind: m.Kind.String(), Mode: "ro", Source: m.Source, Optional: m.Optional}
		if m.Writable {
			row.Mode = "rw"
		}
		switch m.Kind {
		case wire.MountTmpfs:
			row.Source = m.Data
		case wire.MountFile:
			row.Source = fmt.Sprintf("%d bytes made for the user", len(m.Content))
		}
		j.Mounts = append(j.Mounts, row)
	}
	return j
}

// covered tells whether the directory m is only there for what comes later to be
// mounted on.
func covered(later []wire.Mount, m wire.Mount) bool {
	return m.Kind == wire.MountDir && (m.Target == "/proc" || m.Target == "/dev" ||
		slices.ContainsFunc(later, func(o wire.Mount) bool { return o.Target == m.Target }))
}

func (x *explanation) print(w io.Writer) {
	class := ""
	if x.Class != "" {
		class = ", class " + x.Class
	}
	fmt.Fprintf(w, "%s: %s:%d%s, coming from %s\n", x.User, x.File, x.Line, class, x.From)
	for _, k := range x.Keys {
		verdict := "refused"
		if k.Accepted {
			verdict = "let in"
		}
		what := "key"
		if k.Certificate != nil {
			what = "certificate of"
		}
		fmt.Fprintf(w, "\n%s %s %s: %s\n", what, k.Fingerprint, printable(k.Comment), verdict)
		for _, r := range k.Rules {
			fmt.Fprintf(w, "  %s\n", printable(r))
		}
		if k.Accepted {
			if k.Verify {
				fmt.Fprintf(w, "  the security device has to verify its user, by a PIN or a finger\n")
			} else if k.Touch {
				fmt.Fprintf(w, "  the security device has to be touched\n")
			}
			fmt.Fprintf(w, "  environment of the key: %s; accepted from the client: %s\n", words(k.Env), words(k.AcceptEnv))
		}
	}
	if len(x.Keys) == 0 {
		fmt.Fprintf(w, "\nno key in users.toml\n")
	}
	for _, a := range x.Authorities {
		fmt.Fprintf(w, "\ncertificates of %s for %s count too (%s): name one with --key\n", a.Fingerprint, words(a.Principals), a.Source)
	}
	if x.AuthorizedKeys != "" {
		fmt.Fprintf(w, "\nkeys of %s count too: name one with --key\n", x.AuthorizedKeys)
	}
	if x.Jail != nil {
		x.Jail.print(w)
	}
}

func (j *jailRow) print(w io.Writer) {
	networks := map[string]string{
		users.NetworkPrivate: "private: a loopback of her own and nothing else",
		users.NetworkEgress:  "egress: out to the world, but not to this host, other jails, or egress_deny",
		users.NetworkHost:    "host: all that the host reaches, its own services too",
	}
	fmt.Fprintf(w, "\njail\n  uid %d, gid %d", j.UID, j.GID)
	for _, name := range sortedKeys(j.Groups) {
		fmt.Fprintf(w, ", %s %d", name, j.Groups[name])
	}
	fmt.Fprintf(w, "\n  shell %s, home %s (%s on the host), hostname %s, umask %s\n", j.Shell, j.Home, j.HostHome, j.Hostname, j.Umask)
	fmt.Fprintf(w, "  network %s\n  linger %s, kill on logout %t, terminals kept for %s\n", networks[j.Network], j.Linger, j.KillOnLogout, j.AttachTTL)
	fmt.Fprintf(w, "  limits: %s\n", j.Limits)
	fmt.Fprintf(w, "  environment: %s\n\n", words(j.Env))
	t := table{header: []string{"TARGET", "KIND", "MODE", "SOURCE"}}
	for _, m := range j.Mounts {
		source := m.Source
		if m.Optional {
			source += " (if it is there)"
		}
		t.add(m.Target, m.Kind, m.Mode, source)
	}
	t.add("/proc", "proc", "rw", "of the jail's own processes")
	t.add("/dev", "tmpfs", "ro", "null, zero, full, random, urandom, tty, ptmx, pts, shm")
	_ = t.print(w)
}

func words(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return printable(strings.Join(list, " "))
}
