package main

import (
	"cmp"
	"io"

	"github.com/spf13/cobra"

	"lastday"
	"lastday/audit/stats"
	"lastday/audit/story"
	"lastday/internal/app"
)

// statsCommand says how good we are.
func (p *program) statsCommand() *cobra.Command {
	var f periodFlags
	var months bool
	c := &cobra.Command{
		Use:   "stats [--from DATE] [--to DATE]",
		Short: "Say how long it takes, how well it is shown and what is left, in numbers from the records",
		Long: `Say how long it takes, how well it is shown and what is left, in numbers from the records.

Cases belong to the period in which their cut was due. docs/report.md says what
each number means.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			when, err := f.period(false)
			if err != nil {
				return err
			}
			return p.withArchive(c.Context(), func(a app.Archive) error {
				told, err := p.cases(c.Context(), a)
				if err != nil {
					return err
				}
				if months {
					return p.writeMonths(stats.Months(within(told, when), when.Zone))
				}
				return p.writeStats(stats.Of(within(told, when)))
			})
		},
	}
	f.register(c)
	c.Flags().BoolVar(&months, "months", false, "a row for each month in which cuts were due")
	return c
}

func (p *program) writeMonths(all []stats.Month) error {
	var failed error
	err := p.print(append([]stats.Month{}, all...), func(w io.Writer) { failed = stats.WriteMonths(w, all) })
	return cmp.Or(err, failed)
}

// within keeps the cases of a period, all of them if it has no bounds.
func within(told app.Told, when app.Period) []story.Case {
	if when.From.IsZero() && when.To.IsZero() {
		return told.Cases
	}
	end := when.End()
	if end.IsZero() {
		end = told.At.AddDate(100, 0, 0)
	}
	return stats.Period(told.Cases, when.Begin(), end)
}

func (p *program) writeStats(s stats.Stats) error {
	if p.json {
		return stats.WriteJSON(p.out, s)
	}
	if err := stats.WriteTable(p.out, s); err != nil {
		return err
	}
	if s.Cases == 0 {
		_, err := io.WriteString(p.err, "there is no case in this period\n")
		if err != nil {
			return lastday.Wrap(lastday.CodeTransient, "stats", "write", err)
		}
	}
	return nil
}
