package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/jailsh/jailsh/internal/instance"
	"github.com/jailsh/jailsh/internal/seal"
	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"
)

// verdictRow is what was found out about a recording.
type verdictRow struct {
	Name     string     `json:"name"`
	Good     bool       `json:"good"`
	Finished bool       `json:"finished"`
	Problem  string     `json:"problem,omitempty"`
	Bytes    uint64     `json:"bytes"`
	Sealed   uint64     `json:"sealed_bytes"`
	Time     *time.Time `json:"sealed,omitempty"`
	Head     string     `json:"head"`
}

func (a *app) recordVerifyCommand() *cobra.Command {
	var asJSON bool
	var files []string
	c := &cobra.Command{
		Use:   "verify [RECORDING...]",
		Short: "Say whether recordings are as they were written",
		Long: `Say whether recordings, by default all, are as they were written: each byte is
covered by a signature of the host key's. Of a recording that isn't finished it says
how far that is so. The exit status is 0 if all of each is good, and 1 else.

Whoever replaced the host key names the old one, FILE.pub, with --key.`,
		Example:           "  jailsh record verify\n  jailsh record verify alice/20300102T150405Z-0a1b2c3d-1\n  jailsh record verify ./old.cast --key old_host_key.pub",
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: a.completeRecording,
	}
	c.Flags().StringArrayVar(&files, "key", nil, "`FILE` with the public part of a former host key; may be repeated")
	jsonFlag(c, &asJSON)
	c.RunE = func(_ *cobra.Command, args []string) error {
		keys, err := a.sealKeys(files)
		if err != nil {
			return err
		}
		if len(args) == 0 {
			if args, err = a.allRecordings(); err != nil {
				return err
			}
		}
		rows, bad := []verdictRow{}, false
		for _, called := range args {
			row, err := a.verify(called, keys)
			if err != nil {
				return fmt.Errorf("%s: %w", called, err)
			}
			rows = append(rows, *row)
			bad = bad || !row.Good
			if !asJSON {
				fmt.Fprintln(a.stdout, printable(row.String()))
			}
		}
		if asJSON {
			if err := printJSON(a.stdout, rows); err != nil {
				return err
			}
		}
		if bad {
			return exitStatus(1)
		}
		return nil
	}
	return c
}

func (a *app) allRecordings() ([]string, error) {
	store, err := a.recordings()
	if err != nil {
		return nil, err
	}
	list, err := store.List("")
	names := make([]string, len(list))
	for i := range list {
		names[i] = list[i].Called()
	}
	return names, err
}

// sealKeys are the host keys, and those of files.
func (a *app) sealKeys(files []string) ([]ssh.PublicKey, error) {
	i, err := instance.Load(a.config)
	if err != nil {
		return nil, err
	}
	signers, err := i.HostKeys()
	if err != nil {
		return nil, err
	}
	var keys []ssh.PublicKey
	for _, s := range signers {
		keys = append(keys, s.PublicKey())
	}
	lines, err := a.readLines(files, func(line string) error {
		_, err := parseOffer(line)
		return err
	})
	for _, line := range lines {
		o, err := parseOffer(line)
		if err != nil {
			return nil, err
		}
		keys = append(keys, o.public)
	}
	return keys, err
}

func (a *app) verify(called string, keys []ssh.PublicKey) (*verdictRow, error) {
	file, seals, err := a.openRecording(called)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var from io.Reader = strings.NewReader("")
	if seals != nil {
		defer seals.Close()
		from = seals
	}
	v, err := seal.Check(file, from, keys)
	if err != nil {
		return nil, err
	}
	row := &verdictRow{
		Name: called, Good: v.Whole(), Finished: v.Finished, Problem: v.Problem, Bytes: v.Bytes,
		Sealed: v.Good.Bytes, Head: fmt.Sprintf("%x", v.Good.Head),
	}
	if v.Seals > 0 {
		row.Time = &v.Time
		if is := v.User + "/" + v.File; row.Problem == "" && !isCalled(called, v) {
			row.Good, row.Problem = false, "is "+is+" by its seals"
		}
	}
	return row, nil
}

// isCalled tells whether a recording is called what its seals say. A file elsewhere may
// be in any folder.
func isCalled(called string, v *seal.Verdict) bool {
	if strings.HasPrefix(called, "/") || strings.HasPrefix(called, ".") {
		return filepath.Base(called) == v.File
	}
	return strings.TrimSuffix(called, ".cast")+".cast" == v.User+"/"+v.File
}

func (r *verdictRow) String() string {
	sealed := "never"
	if r.Time != nil {
		sealed = r.Time.Local().Format(time.DateTime)
	}
	switch {
	case r.Good:
		return fmt.Sprintf("%s: good, %d bytes, sealed at %s", r.Name, r.Bytes, sealed)
	case r.Problem != "":
		return fmt.Sprintf("%s: BAD: it %s; good are %d of %d bytes, sealed at %s", r.Name, r.Problem, r.Sealed, r.Bytes, sealed)
	}
	return fmt.Sprintf("%s: unfinished: good are %d of %d bytes, sealed at %s; what comes after them isn't sealed", r.Name, r.Sealed, r.Bytes, sealed)
}
