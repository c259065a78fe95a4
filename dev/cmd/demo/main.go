// Command demo shows lastday at work on this machine: `demo story` tells the
// main job with real dates and checks it independently, `demo dev` leaves the
// same stack running to try things by hand.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
	_ "time/tzdata" // Zone rules are part of the program, not of the machine.
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "\ndemo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	bin := flags.String("bin", "bin", "the `folder` of the binaries")
	dir := flags.String("dir", "", "the `folder` for state and logs; default is a temporary one")
	ui := flags.Int("ui-port", 0, "`port` of the Temporal UI; 0 takes 8233 for dev and a free one for story")
	examples := flags.String("examples", "examples", "the `folder` with the description of the support console")
	out := flags.String("out", ".cache/demo", "the `folder` where the story leaves report, bundle and public key")
	keep := flags.Bool("keep", false, "leave the story's stack running until interrupted")
	latency := flags.Duration("latency", 5*time.Millisecond, "how long the sandbox takes to answer")
	if len(args) == 0 {
		return fmt.Errorf("say what: demo story, or demo dev")
	}
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	o := options{bin: *bin, examples: *examples, out: *out, dir: *dir, uiPort: *ui, keep: *keep, latency: *latency}
	switch args[0] {
	case "story":
		return inDir(&o, func() error { return tellStory(ctx, o) })
	case "dev":
		return inDir(&o, func() error { return serveDev(ctx, o) })
	}
	return fmt.Errorf("there is no %q: demo story, or demo dev", args[0])
}

type options struct {
	bin, dir, examples, out string

	uiPort  int
	keep    bool
	latency time.Duration
}

// inDir makes the folder for state and logs, and removes a temporary one if
// all went well.
func inDir(o *options, do func() error) error {
	if o.dir != "" {
		if err := os.MkdirAll(o.dir, 0o700); err != nil {
			return err
		}
		return do()
	}
	dir, err := os.MkdirTemp("", "lastday-demo-")
	if err != nil {
		return err
	}
	o.dir = dir
	if err := do(); err != nil {
		return fmt.Errorf("%w\n      state and logs are left in %s", err, dir)
	}
	return os.RemoveAll(dir)
}

func (o options) program(name string) string { return filepath.Join(o.bin, name) }
