package main

import (
	"context"

	"github.com/jailsh/jailsh/etc"
	"github.com/jailsh/jailsh/jail/template"
	"github.com/spf13/cobra"
)

func (a *app) templateCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "template",
		Short: "Build, check and list what the jails' roots are made of",
		Args:  cobra.ArbitraryArgs,
		RunE:  wantsCommand,
	}
	c.AddCommand(a.templateBuildCommand(), a.templateCheckCommand(), a.templateListCommand())
	return c
}

// buildTemplate builds the template that o names, with a progress bar if standard
// error is a terminal.
func (a *app) buildTemplate(ctx context.Context, o template.Options) (*template.Info, error) {
	b := newBar(a.stderr, "template "+o.Name)
	defer b.clear()
	o.Profiles, o.Progress = etc.Profiles(), b.set
	return template.Build(ctx, o)
}
