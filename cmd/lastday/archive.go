package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"lastday"
	"lastday/internal/app"
)

// withArchive runs do with the log of records. It needs neither Temporal nor a
// credential of any system.
func (p *program) withArchive(ctx context.Context, do func(app.Archive) error) error {
	parts, err := app.Options{Config: p.config, Log: io.Discard}.OpenAlone(ctx)
	if err != nil {
		return err
	}
	records, err := parts.ReadRecords(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = records.Close() }() // What was appended is on the disk already.
	return do(app.Archive{Parts: parts, Records: records, By: p.actor})
}

// periodFlags are the days that somebody asks about.
type periodFlags struct{ from, to, zone string }

func (f *periodFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.from, "from", "", "the first `day` of the period: YYYY-MM-DD")
	c.Flags().StringVar(&f.to, "to", "", "the last `day` of the period, inclusive")
	c.Flags().StringVar(&f.zone, "zone", "UTC", "the `zone` in which the days begin and times are told beside UTC, such as Europe/Berlin")
}

// period reads the flags. Whoever compares lists needs both days.
func (f *periodFlags) period(both bool) (app.Period, error) {
	if both && (f.from == "" || f.to == "") {
		return app.Period{}, usage("say which period: --from YYYY-MM-DD --to YYYY-MM-DD, both inclusive")
	}
	when, err := app.ParsePeriod(f.from, f.to, f.zone)
	if err != nil {
		return app.Period{}, usageError{err}
	}
	return when, nil
}

// patience is after how long people are told that something goes on.
const patience = 2 * time.Second

// wait tells people what takes its time, once it takes more than two seconds,
// until stop is called.
func (p *program) wait(what string) (stop func()) {
	if p.json {
		return func() {}
	}
	done := make(chan struct{})
	var told sync.WaitGroup
	told.Go(func() {
		began, tick := time.Now(), time.NewTicker(patience)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				fmt.Fprintf(p.err, "  %s … %s\n", what, time.Since(began).Round(time.Second))
			}
		}
	})
	return sync.OnceFunc(func() { close(done); told.Wait() })
}

// cases tells all cases; whoever asks is told of those that were erased.
func (p *program) cases(ctx context.Context, a app.Archive) (app.Told, error) {
	defer p.wait("reading the records")()
	told, err := a.Cases(ctx)
	if err == nil && len(told.Empty) > 0 && !p.json {
		fmt.Fprintf(p.err, "%d cases are not among these: their records were erased\n", len(told.Empty))
	}
	return told, err
}

// writeFile makes a file with its content at once, or leaves what was there.
// It names people: only its owner may read it. The name - is standard output.
func (p *program) writeFile(path string, write func(io.Writer) error) error {
	if path == "-" {
		return write(p.out)
	}
	draft, err := os.CreateTemp(filepath.Dir(path), ".draft-*")
	if err != nil {
		return lastday.Wrap(lastday.CodeInvalid, "file", "write", err)
	}
	defer func() { _ = os.Remove(draft.Name()) }() // After the rename there is none.
	if err := errors.Join(write(draft), draft.Sync(), draft.Close()); err != nil {
		return err
	}
	if err := os.Rename(draft.Name(), path); err != nil {
		return lastday.Wrap(lastday.CodeInvalid, "file", "write", err)
	}
	return nil
}

// few names some of many.
func few(all []string, most int) string {
	if len(all) <= most {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:most], ", "), len(all)-most)
}

// utc is a time for people: in UTC and, if that differs, in their zone.
func utc(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	text := t.UTC().Format("2006-01-02 15:04:05Z")
	if local := t.Local().Format("15:04 MST"); !strings.HasSuffix(local, "UTC") {
		text += " (" + local + ")"
	}
	return text
}
