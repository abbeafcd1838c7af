package main

import (
	"io/fs"
	"strings"

	"github.com/jailsh/jailsh/etc"
	"github.com/jailsh/jailsh/internal/instance"
	"github.com/spf13/cobra"
)

const noFiles = cobra.ShellCompDirectiveNoFileComp

// completeUser offers the users of the table for the first argument. A table that
// can't be read offers nothing: the command itself says why.
func (a *app) completeUser(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, noFiles
	}
	i, err := instance.Load(a.config)
	if err != nil {
		return nil, noFiles
	}
	return i.Users.Names(), noFiles
}

// completeClass offers the classes that are in use.
func (a *app) completeClass(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	i, err := instance.Load(a.config)
	if err != nil {
		return nil, noFiles
	}
	var classes []string
	seen := map[string]bool{"": true}
	for _, name := range i.Users.Names() {
		if u, _ := i.Users.User(name); !seen[u.Class] {
			seen[u.Class] = true
			classes = append(classes, u.Class)
		}
	}
	return classes, noFiles
}

// completeTemplate offers the templates that are there.
func (a *app) completeTemplate(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	i, err := instance.Load(a.config)
	if err != nil {
		return nil, noFiles
	}
	names, _ := builtTemplates(i.Config.Templates)
	return names, noFiles
}

// completeProfile offers the profiles: for the first time, a template is built
// from that of its name.
func (a *app) completeProfile(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	files, _ := fs.Glob(etc.Profiles(), "*.toml")
	for i, f := range files {
		files[i] = strings.TrimSuffix(f, ".toml")
	}
	return files, noFiles
}
