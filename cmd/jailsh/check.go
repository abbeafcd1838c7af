package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jailsh/jailsh/internal/admin"
	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/internal/instance/check"
	"github.com/spf13/cobra"
)

// findingRow is a problem, or a piece of advice, as --json prints it.
type findingRow struct {
	Level string `json:"level"`
	File  string `json:"file"`
	Line  int    `json:"line,omitempty"`
	Key   string `json:"key,omitempty"`
	What  string `json:"what"`
	Fix   string `json:"fix,omitempty"`
}

// The levels of a findingRow.
const (
	levelProblem = "problem"
	levelAdvice  = "advice"
)

func (a *app) checkCommand() *cobra.Command {
	var asJSON, onlyProblems, escape bool
	c := &cobra.Command{
		Use:   "check [--escape [USER]]",
		Short: "Find what is wrong with the configuration and the host",
		Long: `Find what is wrong with the configuration and the host: every problem at once,
with its file and line, and what to do. It changes nothing, and works whether
jailshd runs or not. The exit status is 1 if there is a problem.

A line that begins with "advice:" is none: jailsh works and holds without it, and
would hold better, or longer, with it.

With --escape it tries to get out of a jail instead: jailshd opens the cell of USER,
or of one user for each template, and jailsh-probe runs in it, as the user and
beside what she runs. It takes some seconds. The exit status is 1 if anything worked
that mustn't.`,
		Args: func(c *cobra.Command, args []string) error {
			switch {
			case escape && onlyProblems:
				return &usageError{"--problems has no use with --escape"}
			case escape:
				return atMost("USER")(c, args)
			}
			return exactly()(c, args)
		},
		ValidArgsFunction: a.completeUser,
		RunE: func(c *cobra.Command, args []string) error {
			if escape {
				return a.escape(c.Context(), strings.Join(args, ""), asJSON)
			}
			return a.check(c.Context(), asJSON, onlyProblems)
		},
	}
	jsonFlag(c, &asJSON)
	c.Flags().BoolVar(&escape, "escape", false, "try to get out of a jail")
	c.Flags().BoolVar(&onlyProblems, "problems", false, "leave the advice out")
	return c
}

func (a *app) check(ctx context.Context, asJSON, onlyProblems bool) error {
	o := check.Options{Programs: ownFolder()}
	a.askDaemon(ctx, &o)
	found := check.All(a.config, o)
	if onlyProblems {
		found.Advice = nil
	}
	if err := a.printFindings(found, asJSON); err != nil {
		return err
	}
	if len(found.Problems) > 0 {
		return exitStatus(1)
	}
	return nil
}

func (a *app) printFindings(found *check.Report, asJSON bool) error {
	for _, p := range slices.Concat(found.Problems, found.Advice) {
		p.Fix = config.Hints(p.Fix, a.config)
	}
	if asJSON {
		rows := make([]findingRow, 0, len(found.Problems)+len(found.Advice))
		for _, p := range found.Problems {
			rows = append(rows, findingRow{levelProblem, p.File, p.Line, p.Key, p.What, p.Fix})
		}
		for _, p := range found.Advice {
			rows = append(rows, findingRow{levelAdvice, p.File, p.Line, p.Key, p.What, p.Fix})
		}
		return printJSON(a.stdout, rows)
	}
	for _, p := range found.Problems {
		fmt.Fprintln(a.stdout, printable(p.Error()))
	}
	for _, p := range found.Advice {
		fmt.Fprintln(a.stdout, "advice: "+printable(p.Error()))
	}
	if len(found.Problems) == 0 {
		fmt.Fprintf(a.stdout, "%s: no problem found\n", filepath.Clean(a.config))
	}
	return nil
}

// ownFolder is where this program is, and the others with it.
func ownFolder() string {
	own, err := os.Executable()
	if err != nil {
		return ""
	}
	return filepath.Dir(own)
}

// askDaemon fills in what only the instance's jailshd can tell, if it runs.
func (a *app) askDaemon(ctx context.Context, o *check.Options) {
	cfg, err := config.Load(a.config)
	if err != nil {
		return
	}
	d, err := admin.Dial(cfg.RunDir)
	if err != nil {
		return
	}
	defer d.Close()
	pid, err := d.Pid()
	if err != nil {
		return
	}
	o.Daemon = pid
	if status, err := d.Status(ctx); err == nil { // else it is of another version, and asked to be restarted for that
		o.Stale, o.Penalised = status.Stale, status.Penalised
	}
}
