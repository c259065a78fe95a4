// Command bench measures lastday against a bare Temporal on this machine and
// prints what it found, as ratios of one run where a time would be noise.
//
// It starts the server that -temporald names, and itself again as worker and
// as starter: the same runtime as the mains have, with far sides that live in
// memory. Every part begins with a fresh server on a database file.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // Zone rules are part of the program, not of the machine.
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) > 0 && (args[0] == roleWorker || args[0] == roleStarter) {
		return serve(ctx, args[0], args[1:])
	}
	o, err := parse(args, out)
	if err != nil {
		return err
	}
	return measureAll(ctx, o, out)
}

// options are what the command line says.
type options struct {
	temporald string
	quick     bool
	json      bool
	write     string
	requests  string
	profiles  string
	only      []string
	runs      int
	sleepers  int
	now       func() time.Time
}

func parse(args []string, out io.Writer) (options, error) {
	o := options{now: time.Now}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&o.temporald, "temporald", "bin/temporald", "the Temporal server, a `program` that knows server start-dev")
	flags.BoolVar(&o.quick, "quick", false, "small sizes and one run each: does it still work? The numbers are noise")
	flags.BoolVar(&o.json, "json", false, "print JSON")
	flags.StringVar(&o.write, "write", "", "write the results as Markdown to this `file`; parts that are not measured stay in it as they are")
	flags.StringVar(&o.requests, "requests", "", "write the requests of a leaver by kind of integration to this JSON `file`")
	flags.StringVar(&o.profiles, "profiles", "", "write profiles of the worker to this `folder`")
	only := flags.String("only", "", "a comma-separated `list` of parts: "+strings.Join(partNames(), ", "))
	flags.IntVar(&o.runs, "runs", 3, "how many runs the medians are of")
	flags.IntVar(&o.sleepers, "sleepers", 10_000, "how many cases sleep while memory is measured")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.quick {
		o.runs, o.sleepers = 1, 40
	}
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	return o, o.check(flags.Args())
}

func (o options) check(rest []string) error {
	if len(rest) > 0 {
		return fmt.Errorf("unexpected argument %q", rest[0])
	}
	if o.quick && (o.write != "" || o.requests != "") {
		return errors.New("-quick with -write or -requests: numbers that are noise are not to be read by others")
	}
	if o.runs < 1 || o.sleepers < 1 {
		return errors.New("-runs and -sleepers must be at least 1")
	}
	for _, name := range o.only {
		if !slices.Contains(partNames(), name) {
			return fmt.Errorf("-only: there is no part %q; there are: %s", name, strings.Join(partNames(), ", "))
		}
	}
	return nil
}

// part is one question that the benchmarks answer.
type part struct {
	name    string
	measure func(context.Context, options) (section, error)
}

func parts() []part {
	return []part{
		{"acknowledge", measureAcknowledge},
		{"throughput", measureThroughput},
		{"cut", measureCut},
		{"everywhere", measureEverywhere},
		{"history", measureHistory},
		{"requests", measureRequests},
		{"memory", measureMemory},
		{"records", measureRecords},
	}
}

func partNames() []string {
	var names []string
	for _, p := range parts() {
		names = append(names, p.name)
	}
	return names
}

func measureAll(ctx context.Context, o options, out io.Writer) error {
	r := report{Machine: describeMachine(ctx, o)}
	for _, p := range parts() {
		if len(o.only) > 0 && !slices.Contains(o.only, p.name) {
			continue
		}
		fmt.Fprintln(os.Stderr, "measuring", p.name)
		began, load := o.now(), loadAverage()
		s, err := p.measure(ctx, o)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		s.Name, s.Load, s.Took = p.name, load, o.now().Sub(began).Round(time.Second).String()
		r.Sections = append(r.Sections, s)
		if err := r.save(o); err != nil {
			return err
		}
	}
	return r.deliver(o, out)
}
