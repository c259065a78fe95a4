// Command starter takes events from HR in over HTTP and hands them to Temporal.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // Zone rules are part of the program, not of the machine.

	"lastday/internal/app"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "starter:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("starter", flag.ContinueOnError)
	config := flags.String("config", "lastday.yaml", "the configuration `file`")
	asJSON := flags.Bool("log-json", false, "write the log as JSON")
	if err := flags.Parse(args); err != nil {
		return app.Usage(err)
	}
	return app.RunStarter(ctx, app.Options{Config: *config, LogJSON: *asJSON, Log: os.Stderr})
}
