package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jailsh/jailsh/etc"
	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/jail/template"
	"github.com/spf13/cobra"
)

// templateProblemRow is a template's problem as --json prints it.
type templateProblemRow struct {
	Template string   `json:"template"`
	What     string   `json:"what"`
	Paths    []string `json:"paths,omitempty"`
	Fix      string   `json:"fix"`
}

func (a *app) templateCheckCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "check [NAME]",
		Short: "Find what is wrong with templates, and what the host has changed since",
		Long: `Find what is wrong with a template, or with all of them: libraries that are
missing, files that the host has changed since the build, files that were changed
in the build, setuid and setgid bits, what others may write to, links that lead
nowhere. Each is named with its fix. It changes nothing. The exit status is 1 if
there is a problem.`,
		Args:              atMost("NAME"),
		ValidArgsFunction: a.completeTemplate,
		RunE: func(c *cobra.Command, args []string) error {
			return a.checkTemplates(c.Context(), args, asJSON)
		},
	}
	jsonFlag(c, &asJSON)
	return c
}

func (a *app) checkTemplates(ctx context.Context, names []string, asJSON bool) error {
	cfg, err := config.Load(a.config)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		if names, err = builtTemplates(cfg.Templates); err != nil {
			return err
		}
	}
	rows := []templateProblemRow{}
	for _, name := range names {
		problems, err := template.Check(ctx, template.Options{Dir: cfg.Templates, Name: name, Profiles: etc.Profiles()})
		if err != nil {
			return err
		}
		for _, p := range problems {
			rows = append(rows, templateProblemRow(p))
		}
		if asJSON {
			continue
		}
		for _, p := range problems {
			fmt.Fprintln(a.stdout, printable(problemLine(p)))
		}
		if len(problems) == 0 {
			fmt.Fprintf(a.stdout, "template %s: no problem found\n", name)
		}
	}
	if asJSON {
		if err := printJSON(a.stdout, rows); err != nil {
			return err
		}
	}
	if len(rows) > 0 {
		return exitStatus(1)
	}
	return nil
}

// shownPaths is how many of a problem's paths people are shown; JSON has them all.
const shownPaths = 3

func problemLine(p template.Problem) string {
	var b strings.Builder
	fmt.Fprintf(&b, "template %s: ", p.Template)
	switch n := len(p.Paths); {
	case n == 0:
	case n <= shownPaths:
		fmt.Fprintf(&b, "%s: ", strings.Join(p.Paths, ", "))
	default:
		fmt.Fprintf(&b, "%s and %d more: ", strings.Join(p.Paths[:shownPaths], ", "), n-shownPaths)
	}
	b.WriteString(p.What)
	if p.Fix != "" {
		b.WriteString(" - " + p.Fix)
	}
	return b.String()
}
