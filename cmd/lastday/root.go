package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"lastday"
	"lastday/internal/app"
	"lastday/workflows"
)

// world is what the program has of the outside.
type world struct {
	in       io.Reader
	out, err io.Writer
	actor    string
}

// actor names the person at the keyboard, as the machine knows them.
func actor() string {
	who, err := user.Current()
	if err != nil {
		return ""
	}
	host, err := os.Hostname()
	if err != nil {
		return who.Username
	}
	return who.Username + "@" + host
}

// run runs one command and gives the exit code: 0 done, 1 not done, 2 used wrongly.
func run(ctx context.Context, args []string, w world) int {
	p := &program{world: w}
	root := p.root()
	root.SetArgs(args)
	root.SetIn(w.in)
	root.SetOut(w.out)
	root.SetErr(w.err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	p.fail(err)
	if _, ok := errors.AsType[usageError](err); ok {
		return 2
	}
	return 1
}

// usageError is a command used wrongly.
type usageError struct{ error }

// Unwrap gives the cause.
func (u usageError) Unwrap() error { return u.error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// program is one run of the command.
type program struct {
	world
	config string
	json   bool
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "lastday",
		Short:         "End a person's access when their work ends, step by step and with proof",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.PersistentFlags().StringVar(&p.config, "config", "lastday.yaml", "the configuration `file`")
	root.PersistentFlags().BoolVar(&p.json, "json", false, "write JSON for machines")
	root.PersistentFlags().StringVar(&p.actor, "actor", p.actor, "who you are, for the record")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(p.planCommand(), p.startCommand(), p.importCommand(), p.statusCommand(), p.checkCommand())
	root.AddCommand(p.sweepCommand(), p.linkCommand())
	root.AddCommand(p.verifyCommand(), p.replayCommand(), p.sealCommand())
	root.AddCommand(p.reportCommand(), p.statsCommand(), p.populationCommand(), p.sampleCommand(), p.siemCommand(), p.recordsCommand())
	root.AddCommand(p.messageCommands()...)
	strict(root)
	return root
}

// fail tells a person, or with --json a machine, what went wrong.
func (p *program) fail(err error) {
	if !p.json {
		fmt.Fprintln(p.err, "lastday:", err)
		return
	}
	text, _ := json.Marshal(map[string]string{"code": string(lastday.CodeOf(err)), "error": err.Error()})
	fmt.Fprintln(p.err, string(text))
}

// open reads the configuration and opens what it names.
func (p *program) open(ctx context.Context) (*app.Parts, error) {
	return app.Options{Config: p.config, Log: io.Discard}.Open(ctx)
}

// connect opens the configuration and the connection to Temporal.
func (p *program) connect(ctx context.Context) (*app.Parts, client.Client, error) {
	parts, err := p.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	c, err := app.Dial(ctx, parts)
	return parts, c, err
}

// withCases runs do with a client for cases.
func (p *program) withCases(ctx context.Context, do func(*app.Parts, *workflows.Client) error) error {
	parts, c, err := p.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	return do(parts, workflows.NewClient(c))
}

// print writes a value: as JSON for machines, else as people want it.
func (p *program) print(value any, people func(io.Writer)) error {
	if !p.json {
		people(p.out)
		return nil
	}
	encoder := json.NewEncoder(p.out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// progress tells people on the error stream what takes its time.
func (p *program) progress(system, what string) {
	if !p.json {
		fmt.Fprintf(p.err, "  %-20s %s\n", system, what)
	}
}

// table writes rows in columns.
func table(w io.Writer, head string, rows func(row func(format string, cells ...any))) {
	columns := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(columns, head)
	rows(func(format string, cells ...any) { fmt.Fprintf(columns, format+"\n", cells...) })
	_ = columns.Flush() // A terminal that is gone cannot be told.
}

// colour says whether the output is a terminal that shows colours.
func (p *program) colour() bool {
	file, ok := p.out.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func when(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04 MST")
}
