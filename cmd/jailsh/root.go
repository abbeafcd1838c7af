package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/jailsh/jailsh/internal/config"
	"github.com/spf13/cobra"
)

// app is one call of the command: where it reads and writes, and the flags that
// every command takes.
type app struct {
	stdin, stdout, stderr *os.File

	config  string // --config
	started bool   // the command line was good and a command has begun
}

// main runs the command line and returns the exit status.
func (a *app) main(args []string) int {
	root := a.root()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(context.Background())
	if err == nil {
		return 0
	}
	if status := exitStatus(0); errors.As(err, &status) {
		return int(status)
	}
	if usage := (*usageError)(nil); !a.started || errors.As(err, &usage) {
		fmt.Fprintf(a.stderr, "%s: %v - see: %s --help\n", cmd.CommandPath(), err, cmd.CommandPath())
		return 2
	}
	fmt.Fprintln(a.stderr, config.Hints(err.Error(), a.config))
	return 1
}

// root is the tree of commands.
func (a *app) root() *cobra.Command {
	c := &cobra.Command{
		Use:   "jailsh",
		Short: "Jailed shells over ssh: the administrator's command",
		Long: `Jailed shells over ssh: the administrator's command.

Every command works on one instance, which is named by its jailsh.toml.
Exit status: 0 good, 1 a problem found or a failure, 2 wrong usage.`,
		Args:              cobra.ArbitraryArgs,
		RunE:              wantsCommand,
		PersistentPreRun:  func(*cobra.Command, []string) { a.started = true },
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	c.SetIn(a.stdin)
	c.SetOut(a.stdout)
	c.SetErr(a.stderr)
	c.PersistentFlags().StringVar(&a.config, "config", config.DefaultFile, "the instance's jailsh.toml")
	_ = c.RegisterFlagCompletionFunc("config", cobra.FixedCompletions([]string{"toml"}, cobra.ShellCompDirectiveFilterFileExt))
	c.AddCommand(a.initCommand(), a.checkCommand(), a.explainCommand(), a.userCommand(),
		a.templateCommand(), a.runCommand(), a.sessionsCommand(), a.killCommand(), a.watchCommand(), a.publishCommand(),
		a.recordCommand(), a.versionCommand())
	return c
}

// wantsCommand is what a group of commands does when none of them is named.
func wantsCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return &usageError{"no command given"}
	}
	c.SuggestionsMinimumDistance = 2
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		return &usageError{fmt.Sprintf("unknown command %q, did you mean %s?", args[0], near[0])}
	}
	return &usageError{fmt.Sprintf("unknown command %q", args[0])}
}
