package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"lastday"
	"lastday/audit/siem"
	"lastday/audit/store"
	"lastday/internal/app"
)

// siemFlags say which events are wanted, and in which form.
type siemFlags struct {
	format, schema, from, zone string
	follow, status             bool
}

// siemCommand tells the records to security tools.
func (p *program) siemCommand() *cobra.Command {
	var f siemFlags
	c := &cobra.Command{
		Use:   "siem --format ocsf|ecs [--schema VERSION] [--from INDEX|DATE] [--follow]",
		Short: "Write the records as events for security tools, one JSON object a line",
		Long: `Write the records as events for security tools, one JSON object a line.

Workers send events by themselves to what the configuration names under siem;
--status says how far each has come. An event's id is that of its record: what
arrives twice is known by it. The record that names the person is in none.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.withArchive(c.Context(), func(a app.Archive) error {
				if f.status {
					return p.streams(c.Context(), a)
				}
				return p.events(c.Context(), a, f)
			})
		},
	}
	c.Flags().StringVar(&f.format, "format", "ocsf", "ocsf or ecs")
	c.Flags().StringVar(&f.schema, "schema", "", "the `version` of the schema: 1.8.0 (default) or 1.9.0 of ocsf, 9.4.0 of ecs")
	c.Flags().StringVar(&f.from, "from", "0", "begin with the entry of this `index`, or with the first of this day (YYYY-MM-DD)")
	c.Flags().StringVar(&f.zone, "zone", "UTC", "the `zone` in which that day begins")
	c.Flags().BoolVar(&f.follow, "follow", false, "go on with what is appended, until stopped")
	c.Flags().BoolVar(&f.status, "status", false, "say how far the configured streams have come, and write no events")
	return c
}

func (p *program) events(ctx context.Context, a app.Archive, f siemFlags) error {
	encoder, err := siem.New(f.format, f.schema, app.Version())
	if err != nil {
		return usageError{err}
	}
	from, err := firstIndex(ctx, a, f)
	if err != nil {
		return err
	}
	for {
		if from, err = a.Events(ctx, p.out, encoder, from); err != nil || !f.follow {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(patience):
		}
	}
}

// firstIndex is where to begin: an index, or a day.
func firstIndex(ctx context.Context, a app.Archive, f siemFlags) (int64, error) {
	if n, err := strconv.ParseInt(f.from, 10, 64); err == nil && n >= 0 {
		return n, nil
	}
	when, err := app.ParsePeriod(f.from, "", f.zone)
	if err != nil || when.From.IsZero() {
		return 0, usage("siem: --from %q is neither an index from 0 nor a day such as 2026-11-22", f.from)
	}
	return a.IndexAt(ctx, when.Begin())
}

// streams says how far the configured streams have come.
func (p *program) streams(ctx context.Context, a app.Archive) error {
	size, err := a.Records.Size(ctx)
	if err != nil {
		return err
	}
	known, err := a.Records.Streams(ctx)
	if err != nil {
		return err
	}
	type line struct {
		store.Stream
		Kind string `json:"kind"`
		Lag  int64  `json:"lag"`
	}
	lines := []line{}
	for _, c := range a.Parts.Config.SIEM {
		one := line{Stream: store.Stream{Name: c.ID()}, Kind: c.Kind}
		for _, k := range known {
			if k.Name == c.ID() {
				one.Stream = k
			}
		}
		one.Lag = size - one.Next
		lines = append(lines, one)
	}
	if len(lines) == 0 {
		return lastday.Errorf(lastday.CodeNotFound, "siem", "the configuration names no stream under siem")
	}
	return p.print(lines, func(w io.Writer) {
		table(w, "STREAM\tKIND\tNEXT ENTRY\tBEHIND", func(row func(string, ...any)) {
			for _, l := range lines {
				row("%s\t%s\t%d\t%s", l.Name, l.Kind, l.Next, fmt.Sprintf("%d entries", l.Lag))
			}
		})
	})
}
