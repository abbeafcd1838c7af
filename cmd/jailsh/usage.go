package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// usageError is a command line that can't be carried out: exit status 2.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

// exitStatus is an error that was said already, or that is a command's own.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// exactly checks that there is one argument for each of the names.
func exactly(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return &usageError{names[len(args)] + " is missing"}
		}
		if len(args) > len(names) {
			return &usageError{fmt.Sprintf("%q is too much", args[len(names)])}
		}
		return nil
	}
}

// commandArgs checks that there is who, and behind -- a command, unless that is
// optional.
func commandArgs(who string, optional bool) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch dash := c.ArgsLenAtDash(); {
		case dash == 0 || len(args) == 0:
			return &usageError{who + " is missing"}
		case dash < 0 && len(args) > 1:
			return &usageError{"-- is missing before the command"}
		case dash > 1:
			return &usageError{fmt.Sprintf("%q is too much before --", args[1])}
		case len(args) == 1 && (dash == 1 || !optional):
			return &usageError{"the command is missing"}
		}
		return nil
	}
}

// atMost checks that there is no argument beyond the names.
func atMost(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > len(names) {
			return &usageError{fmt.Sprintf("%q is too much", args[len(names)])}
		}
		return nil
	}
}
