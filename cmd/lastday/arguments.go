package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// strict makes arguments that a command does not take a wrong use (exit code
// 2) that says how the command is used, for c and all commands below it. A
// command that only holds others shows its help, and refuses any other word.
func strict(c *cobra.Command) {
	check := c.Args
	if c.HasSubCommands() && !c.Runnable() {
		check = noSuchCommand
		c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	}
	if check != nil {
		c.Args = func(c *cobra.Command, args []string) error { return asUsage(c, check(c, args)) }
	}
	for _, below := range c.Commands() {
		strict(below)
	}
}

func asUsage(c *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	if _, ours := errors.AsType[usageError](err); ours { // It says what is missing.
		return err
	}
	return usageError{fmt.Errorf("%w; use: %s", err, c.UseLine())}
}

func noSuchCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usage("%s: there is no command %q; see %s --help", c.CommandPath(), args[0], c.CommandPath())
}
