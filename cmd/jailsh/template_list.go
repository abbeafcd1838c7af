package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/jail/template"
	"github.com/spf13/cobra"
)

// templateRow is a template as --json prints it.
type templateRow struct {
	Name     string    `json:"name"`
	Built    time.Time `json:"built"`
	Kind     string    `json:"kind"`
	Profiles []string  `json:"profiles"`
	Source   string    `json:"source,omitempty"`
	Files    int       `json:"files"`
	Bytes    int64     `json:"bytes"`
	Root     string    `json:"root"`
}

func (a *app) templateListCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List the templates that are built",
		Args:  exactly(),
		RunE: func(*cobra.Command, []string) error {
			cfg, err := config.Load(a.config)
			if err != nil {
				return err
			}
			infos, broken := template.List(cfg.Templates)
			rows := make([]templateRow, 0, len(infos))
			t := table{header: []string{"NAME", "BUILT", "KIND", "PROFILES", "FILES", "SIZE", "ROOT"}}
			for _, i := range infos {
				rows = append(rows, templateRow{i.Name, i.Built, string(i.Kind), append([]string{}, i.Profiles...), i.Source, i.Files, i.Bytes, i.Root})
				files, bytes := strconv.Itoa(i.Files), size(i.Bytes)
				if i.Kind == template.Dir {
					files, bytes = "", ""
				}
				t.add(i.Name, i.Built.Local().Format("2006-01-02 15:04"), string(i.Kind), strings.Join(i.Profiles, ","), files, bytes, i.Root)
			}
			if err := a.list(asJSON, rows, &t); err != nil {
				return err
			}
			if broken == nil && len(rows) == 0 && !asJSON {
				fmt.Fprintln(a.stderr, config.Hints("no template is built - run: jailsh template build basic", a.config))
			}
			return broken
		},
	}
	jsonFlag(c, &asJSON)
	return c
}
