package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"lastday/internal/app"
	"lastday/workflows"
)

// sweepScheduleCommand is for the sweeps that Temporal does by itself.
func (p *program) sweepScheduleCommand() *cobra.Command {
	c := &cobra.Command{Use: "schedule", Short: "Let Temporal sweep by itself, and tell people what it finds"}
	c.AddCommand(
		p.createScheduleCommand(),
		p.scheduleVerb("show", "Show when it sweeps and what it found last", func(ctx context.Context, cases *workflows.Client) error {
			planned, err := cases.ScheduledSweep(ctx)
			if err != nil {
				return err
			}
			return p.print(planned, func(w io.Writer) { writePlanned(w, planned) })
		}),
		p.scheduleVerb("run", "Begin a sweep now", func(ctx context.Context, cases *workflows.Client) error { return cases.RunSweep(ctx) }),
		p.scheduleVerb("pause", "Sweep no more until it is resumed", func(ctx context.Context, cases *workflows.Client) error {
			return cases.PauseSweep(ctx, true, "paused by "+p.actor)
		}),
		p.scheduleVerb("resume", "Go on sweeping", func(ctx context.Context, cases *workflows.Client) error {
			return cases.PauseSweep(ctx, false, "resumed by "+p.actor)
		}),
		p.scheduleVerb("delete", "Delete the schedule", func(ctx context.Context, cases *workflows.Client) error {
			return cases.UnscheduleSweep(ctx)
		}),
	)
	return c
}

func (p *program) scheduleVerb(name, short string, do func(context.Context, *workflows.Client) error) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.withCases(c.Context(), func(_ *app.Parts, cases *workflows.Client) error { return do(c.Context(), cases) })
		},
	}
}

func (p *program) createScheduleCommand() *cobra.Command {
	s := workflows.SweepSchedule{}
	c := &cobra.Command{
		Use: "create --every DURATION | --cron EXPRESSION", Short: "Make the schedule", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if (s.Every > 0) == (s.Cron != "") {
				return usage("say how often or when: --every 24h, or --cron '0 3 * * *'")
			}
			s.Input.By = p.actor
			return p.withCases(c.Context(), func(_ *app.Parts, cases *workflows.Client) error {
				return cases.ScheduleSweep(c.Context(), s)
			})
		},
	}
	c.Flags().DurationVar(&s.Every, "every", 0, "how often, at least 1h")
	c.Flags().StringVar(&s.Cron, "cron", "", "when, as five fields in UTC")
	c.Flags().StringSliceVar(&s.Input.Systems, "system", nil, "ask only this `system`; may be given several times")
	c.Flags().BoolVar(&s.Input.OpenCases, "open-cases", false, "open a case for everybody who is found")
	return c
}

func writePlanned(w io.Writer, s workflows.SweepPlanned) {
	if s.Paused {
		fmt.Fprintf(w, "PAUSED: %s\n", orDash(s.Note))
	}
	for _, at := range s.Next {
		fmt.Fprintf(w, "next   %s\n", when(at))
	}
	if s.Last == "" {
		fmt.Fprintln(w, "last   never")
		return
	}
	fmt.Fprintf(w, "last   %s, workflow %s\n", when(s.LastAt), s.Last)
	if s.Result == nil {
		fmt.Fprintln(w, "       what it found cannot be asked now: does a worker run?")
		return
	}
	if s.Result.Ended.IsZero() {
		fmt.Fprintln(w, "       it has not ended")
	} else {
		fmt.Fprintf(w, "       it took %s\n", s.Result.Ended.Sub(s.Result.Began).Round(time.Second))
	}
	fmt.Fprintln(w)
	writeSweep(w, *s.Result)
}
