package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jailsh/jailsh/internal/admin"
	"github.com/jailsh/jailsh/internal/cell"
	"github.com/jailsh/jailsh/internal/instance"
	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/users"
	"golang.org/x/sys/unix"
)

// escapeTimeout is how long the probe may take in one cell.
const escapeTimeout = 5 * time.Minute

// maxProbeOutput bounds what is read of the probe's words, in bytes: it runs in the
// jail, where the user could put another in its place.
const maxProbeOutput = 1 << 20

// attackRow is one line of the probe.
type attackRow struct {
	User   string `json:"user"`
	Attack string `json:"attack"`
	Result string `json:"result"` // held, BROKEN or absent
	Detail string `json:"detail"`
}

const broken = "BROKEN"

// unpackProbe writes the probe from standard input to a folder of its own, runs it,
// and takes it away again. The shell is the user's.
const unpackProbe = `umask 077
d=$(mktemp -d /tmp/jailsh-probe.XXXXXX) && cat >"$d/jailsh-probe" && chmod 700 "$d/jailsh-probe" || exit 126
"$d/jailsh-probe" --victim "network=$1" </dev/null
s=$?
rm -rf "$d"
exit $s`

// escape runs the probe in the cell of each of the users, and fails if one of its
// attacks worked.
func (a *app) escape(ctx context.Context, name string, asJSON bool) error {
	i, err := instance.Load(a.config)
	if err != nil {
		return err
	}
	names, err := escapers(i, name)
	if err != nil {
		return err
	}
	d, err := dial(i.Config)
	if err != nil {
		return err
	}
	defer d.Close()
	var rows []attackRow
	var failed []error
	for _, name := range names {
		u, _ := i.Users.User(name) // jailshd says it of one that isn't there
		found, err := a.probe(ctx, d, name, network(u))
		rows = append(rows, found...)
		if refused := (*wire.Failure)(nil); errors.As(err, &refused) {
			failed = append(failed, refused) // it names the user
		} else if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", name, err))
		}
	}
	t := &table{header: []string{"USER", "ATTACK", "RESULT", "DETAIL"}}
	holes := 0
	for _, r := range rows {
		t.add(r.User, r.Attack, r.Result, r.Detail)
		if r.Result == broken {
			holes++
		}
	}
	if err := a.list(asJSON, rows, t); err != nil {
		return err
	}
	if holes > 0 {
		failed = append(failed, fmt.Errorf("%d of %d attacks worked - let nobody in whom you don't trust, and report this: see SECURITY.md", holes, len(rows)))
	}
	return errors.Join(failed...)
}

// escapers are whose cells are probed: hers alone, or for each template that is in
// use that of the first user who may log in.
func escapers(i *instance.Instance, name string) ([]string, error) {
	if name != "" {
		return []string{name}, nil // jailshd says what is wrong with her
	}
	var names []string
	seen := map[string]bool{}
	for _, name := range i.Users.Names() {
		if u, _ := i.Users.User(name); !seen[u.Template] && u.Active(time.Now()) {
			seen[u.Template] = true
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, errors.New("nobody may log in here, so there is no jail to get out of - run: jailsh user add NAME")
	}
	return names, nil
}

// network is that of a user, if there is one: what of the host's may be reached.
func network(u *users.User) string {
	if u == nil {
		return ""
	}
	return u.Network
}

// probe sends the probe into the user's cell and reads what it says.
func (a *app) probe(ctx context.Context, d *admin.Client, user, network string) ([]attackRow, error) {
	ctx, cancel := context.WithTimeout(ctx, escapeTimeout)
	defer cancel()
	program, err := os.Open(filepath.Join(ownFolder(), "jailsh-probe"))
	if err != nil {
		return nil, fmt.Errorf("%w - install it beside jailsh", err)
	}
	defer program.Close()
	c, err := d.Open(ctx, user)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	p, err := c.Spawn(ctx, &wire.Spawn{Exec: true, Command: unpackProbe, Args: []string{"jailsh", network}})
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() {
		_ = p.Signal(context.WithoutCancel(ctx), uint32(unix.SIGKILL)) // its children may live on
		p.Stdout.Close()
		p.Stderr.Close()
	})
	defer stop()
	said, complaints, exit, err := converse(p, program)
	rows := attackRows(user, said)
	switch {
	case ctx.Err() != nil:
		return rows, fmt.Errorf("the probe didn't end in %s - look at what hangs: jailsh run %s -- ps aux", escapeTimeout, user)
	case err != nil:
		return rows, err
	case statusOf(exit) > 1 || len(rows) == 0:
		return rows, fmt.Errorf("the probe could not be run (status %d): %s - it takes a POSIX shell, mktemp, cat, chmod and rm in the jail, and room in its /tmp",
			statusOf(exit), printable(lastLine(complaints)))
	}
	return rows, nil
}

// converse writes to a program until it wants no more, and reads all that it says.
func converse(p *cell.Process, input io.Reader) (said, complaints []byte, exit wire.Exit, err error) {
	defer p.Stdout.Close()
	defer p.Stderr.Close()
	go func() { // ends with the program, or with its input
		defer p.Stdin.Close()
		_, _ = io.Copy(p.Stdin, input)
	}()
	exit, err = collect(p,
		func() (err error) { said, err = readBounded(p.Stdout); return err },
		func() (err error) { complaints, err = readBounded(p.Stderr); return err })
	return said, complaints, exit, err
}

// readBounded reads to the end, and keeps the beginning.
func readBounded(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxProbeOutput))
	if err == nil {
		_, err = io.Copy(io.Discard, r)
	}
	return b, err
}

// attackRows takes `NAME RESULT DETAIL` apart, line by line. A result that there
// isn't is one of a probe that somebody has tampered with, and as bad as a hole.
func attackRows(user string, said []byte) []attackRow {
	var rows []attackRow
	for line := range bytes.Lines(said) {
		name, rest, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		result, detail, _ := strings.Cut(strings.TrimSpace(rest), " ")
		if name == "" {
			continue
		}
		if result != "held" && result != "absent" {
			result, detail = broken, strings.TrimSpace(result+" "+detail)
		}
		rows = append(rows, attackRow{user, name, result, strings.TrimSpace(strings.TrimPrefix(detail, broken))})
	}
	return rows
}

func lastLine(b []byte) string {
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return lines[len(lines)-1]
}
