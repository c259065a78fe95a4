// Command temporald is a Temporal server with its web UI in one process, for development, demonstrations and end-to-end
// tests. It takes the words and flags of "temporal server start-dev".
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"lastday/dev/temporald"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	command, err := parse(args, out, errOut, secrets{env: os.LookupEnv, file: readSmall})
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("temporald: %w", err)
	}
	if command.version {
		printVersions(out)
		return nil
	}
	server, err := temporald.New(command.options)
	if err != nil {
		return err
	}
	if err := server.Start(ctx); err != nil {
		return unlessStopped(ctx, err)
	}
	defer server.Stop()
	printAddresses(out, server)
	<-ctx.Done()
	return nil
}

// unlessStopped drops an error of starting that only says that somebody stopped us meanwhile.
func unlessStopped(ctx context.Context, err error) error {
	if errors.Is(err, context.Canceled) || (ctx.Err() != nil && errors.Is(err, context.Cause(ctx))) {
		return nil
	}
	return err
}
