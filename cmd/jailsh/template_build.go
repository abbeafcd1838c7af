package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/jailsh/jailsh/internal/config"
	"github.com/spf13/cobra"
)

func (a *app) templateBuildCommand() *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use:   "build [NAME | --all]",
		Short: "Build a template from the host's files",
		Long: `Build a template from the host's files, by the profile of the same name.

The new build is made beside the old one, checked, and swapped in at once: cells
that run keep what they have, the next ones get the new build. When it can't be
made, the old one stays. Without a NAME, basic is built; --all builds again all
that are there.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return &usageError{fmt.Sprintf("%q is too much", args[1])}
			}
			if all && len(args) > 0 {
				return &usageError{"a NAME and --all exclude each other"}
			}
			return nil
		},
		ValidArgsFunction: a.completeProfile,
	}
	c.Flags().BoolVar(&all, "all", false, "build every template again that is there")
	c.RunE = func(c *cobra.Command, args []string) error {
		cfg, err := config.Load(a.config)
		if err != nil {
			return err
		}
		names := args
		if all {
			if names, err = builtTemplates(cfg.Templates); err != nil {
				return err
			}
			if len(names) == 0 {
				return fmt.Errorf("%s: there is no template yet - run: jailsh template build basic", cfg.Templates)
			}
		} else if len(names) == 0 {
			names = []string{"basic"}
		}
		var problems []error
		for _, name := range names {
			info, err := a.buildTemplate(c.Context(), cfg.Templates, name)
			if err != nil {
				problems = append(problems, err)
				continue
			}
			fmt.Fprintf(a.stdout, "built %s: %d files, %s\n", info.Name, info.Files, size(info.Bytes))
		}
		return errors.Join(problems...)
	}
	return c
}

// builtTemplates are the names of all templates, the broken ones too: building
// them again is what mends them.
func builtTemplates(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names, nil
}
