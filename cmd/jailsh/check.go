package main

import (
	"fmt"
	"path/filepath"

	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/internal/instance/check"
	"github.com/spf13/cobra"
)

// problemRow is a problem as --json prints it.
type problemRow struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"`
	Key  string `json:"key,omitempty"`
	What string `json:"what"`
	Fix  string `json:"fix,omitempty"`
}

func (a *app) checkCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "check",
		Short: "Find what is wrong with the configuration and the host",
		Long: `Find what is wrong with the configuration and the host: every problem at once,
with its file and line, and what to do. It changes nothing, and works whether
jailshd runs or not. The exit status is 1 if there is a problem.`,
		Args: exactly(),
		RunE: func(*cobra.Command, []string) error { return a.check(asJSON) },
	}
	jsonFlag(c, &asJSON)
	return c
}

func (a *app) check(asJSON bool) error {
	found := check.All(a.config, a.runningDaemon())
	rows := make([]problemRow, 0, len(found))
	for _, p := range found {
		rows = append(rows, problemRow{p.File, p.Line, p.Key, p.What, p.Fix})
		if !asJSON {
			fmt.Fprintln(a.stdout, printable(p.Error()))
		}
	}
	if asJSON {
		if err := printJSON(a.stdout, rows); err != nil {
			return err
		}
	} else if len(found) == 0 {
		fmt.Fprintf(a.stdout, "%s: no problem found\n", filepath.Clean(a.config))
	}
	if len(found) > 0 {
		return exitStatus(1)
	}
	return nil
}

// runningDaemon is the pid of the instance's jailshd, or 0.
func (a *app) runningDaemon() int {
	cfg, err := config.Load(a.config)
	if err != nil {
		return 0
	}
	d, err := dialDaemon(cfg.RunDir)
	if err != nil {
		return 0
	}
	defer d.close()
	pid, err := d.pid()
	if err != nil {
		return 0
	}
	return pid
}
