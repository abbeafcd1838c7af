package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/jail/template"
	"github.com/spf13/cobra"
)

func (a *app) templateBuildCommand() *cobra.Command {
	b := &templateBuild{app: a}
	c := &cobra.Command{
		Use:   "build [NAME [PROFILE...] | --all]",
		Short: "Build a template",
		Long: `Build a template: what the root of a jail is made of.

  jailsh template build NAME PROFILE...   copies the commands and files of the profiles
  jailsh template build NAME --host       the host's own /usr, beside a neutral /etc
  jailsh template build NAME --dir PATH   a folder with a root file system

A PROFILE with a / in it is a file of your own, which is written in the same way.

Without any of these a template is built as it was before, and for the first time
from the profile of its name; without a NAME, basic is. --all builds again all
that are there, as after an upgrade of the host.

The new build is made beside the old one, checked, and swapped in at once: cells
that run keep what they have, the next ones get the new build. When it can't be
made, the old one stays.`,
		Example:           "  jailsh template build lab basic python git\n  jailsh template build debian --dir /srv/debian",
		Args:              b.args,
		ValidArgsFunction: a.completeProfile,
		RunE:              b.run,
	}
	c.Flags().BoolVar(&b.all, "all", false, "build every template again that is there")
	c.Flags().BoolVar(&b.host, "host", false, "make it of the host's own programs")
	c.Flags().StringVar(&b.dir, "dir", "", "make it of the root file system in the folder `PATH`")
	_ = c.MarkFlagDirname("dir")
	return c
}

// templateBuild is one call of `jailsh template build`.
type templateBuild struct {
	app       *app
	all, host bool
	dir       string
}

func (b *templateBuild) args(_ *cobra.Command, args []string) error {
	switch {
	case b.all && len(args) > 0:
		return &usageError{"a NAME and --all exclude each other"}
	case b.all && (b.host || b.dir != ""):
		return &usageError{"--all builds each template as it was: --host and --dir are for a NAME"}
	case b.host && b.dir != "":
		return &usageError{"--host and --dir exclude each other"}
	case (b.host || b.dir != "") && len(args) != 1:
		return &usageError{"--host and --dir want a NAME, and no PROFILE"}
	}
	return nil
}

func (b *templateBuild) run(c *cobra.Command, args []string) error {
	cfg, err := config.Load(b.app.config)
	if err != nil {
		return err
	}
	names := []string{"basic"}
	o := template.Options{Dir: cfg.Templates}
	switch {
	case b.all:
		if names, err = builtTemplates(cfg.Templates); err != nil {
			return err
		}
		if len(names) == 0 {
			return fmt.Errorf("%s: there is no template yet - run: jailsh template build basic", cfg.Templates)
		}
	case b.host:
		names, o.Kind = args, template.Host
	case b.dir != "":
		names, o.Kind = args, template.Dir
		if o.Source, err = filepath.Abs(b.dir); err != nil {
			return err
		}
	case len(args) > 0:
		names = args[:1]
		if o.Profile, err = profileNames(args[1:]); err != nil {
			return err
		}
	}
	var problems []error
	for _, name := range names {
		o.Name = name
		info, err := b.app.buildTemplate(c.Context(), o)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		fmt.Fprintf(b.app.stdout, "built %s: %s\n", info.Name, contentsOf(info))
	}
	return errors.Join(problems...)
}

// profileNames makes the paths among profiles absolute: a template remembers them.
func profileNames(args []string) ([]string, error) {
	var names []string
	for _, name := range args {
		if strings.ContainsRune(name, filepath.Separator) {
			abs, err := filepath.Abs(name)
			if err != nil {
				return nil, err
			}
			name = abs
		}
		names = append(names, name)
	}
	return names, nil
}

// contentsOf says what a build consists of.
func contentsOf(i *template.Info) string {
	switch i.Kind {
	case template.Dir:
		return "the folder " + i.Source
	case template.Host:
		return fmt.Sprintf("%s of the host, %d files of its own", strings.Join(i.Bound, ", "), i.Files)
	default:
		return fmt.Sprintf("%d files, %s", i.Files, size(i.Bytes))
	}
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
