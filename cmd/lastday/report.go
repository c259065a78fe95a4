package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"lastday"
	"lastday/audit/population"
	"lastday/audit/report"
	"lastday/audit/stats"
	"lastday/internal/app"
)

// reportFlags are what a page is asked for.
type reportFlags struct {
	periodFlags
	out, population string
}

// reportCommand writes a page of a case or of a period.
func (p *program) reportCommand() *cobra.Command {
	var f reportFlags
	c := &cobra.Command{
		Use:   "report (CASE | --from DATE --to DATE) [--out FILE]",
		Short: "Write the page of a case, or of a period, from the records",
		Long: `Write the page of a case, or of a period, from the records.

The page is one HTML file without scripts and without anything from outside;
print it to PDF with a browser. Cases belong to the period in which their cut
was due. With --json and without --out it writes what the page is made of.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.withArchive(c.Context(), func(a app.Archive) error {
				if len(args) == 1 {
					return p.reportCase(c.Context(), a, args[0], f)
				}
				return p.reportPeriod(c.Context(), a, f)
			})
		},
	}
	f.register(c)
	c.Flags().StringVar(&f.out, "out", "-", "write the page to this `file`; - is standard output")
	c.Flags().StringVar(&f.population, "population", "", "put this `file` of `lastday population` (population.json) into the page of a period")
	plain := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if period := f.from != "" || f.to != "" || f.population != ""; len(args) == 1 == period {
			return usage("report: name a case, or a period with --from and --to")
		}
		return plain(c, args)
	}
	return c
}

func (p *program) reportCase(ctx context.Context, a app.Archive, id string, f reportFlags) error {
	defer p.wait("reading the records of " + id)()
	told, erased, err := a.Case(ctx, id)
	if err != nil {
		return err
	}
	if p.json && f.out == "-" {
		return p.print(told, nil)
	}
	err = p.writeFile(f.out, func(w io.Writer) error { return a.Report(ctx, w, told, erased) })
	if err != nil || f.out == "-" {
		return err
	}
	return p.print(map[string]any{"file": f.out, "case": id, "verdict": told.Verdict, "erased": len(erased)}, func(w io.Writer) {
		fmt.Fprintf(w, "%s: %s, %s\n", f.out, id, told.Verdict.Word)
	})
}

func (p *program) reportPeriod(ctx context.Context, a app.Archive, f reportFlags) error {
	when, err := f.period(true)
	if err != nil {
		return err
	}
	in := report.PeriodIn{From: when.Begin(), To: when.End(), Zone: f.zone}
	if f.population != "" {
		if in.Population, _, err = readPopulation(f.population); err != nil {
			return err
		}
	}
	told, err := p.cases(ctx, a)
	if err != nil {
		return err
	}
	in.Cases = stats.Period(told.Cases, in.From, in.To)
	if p.json && f.out == "-" {
		return p.print(in, nil)
	}
	proofs, err := a.Proofs(ctx, nil)
	if err != nil {
		return err
	}
	err = p.writeFile(f.out, func(w io.Writer) error { return report.Period(w, in, proofs) })
	if err != nil || f.out == "-" {
		return err
	}
	return p.print(map[string]any{"file": f.out, "cases": len(in.Cases)}, func(w io.Writer) {
		fmt.Fprintf(w, "%s: %d cases\n", f.out, len(in.Cases))
	})
}

// mostPopulation bounds the file of a population.
const mostPopulation = 256 << 20

// readPopulation reads what `lastday population` wrote, and gives its bytes too:
// what is drawn from, and what goes into a pack, is the same reading.
func readPopulation(path string) (*population.Result, []byte, error) {
	info, err := os.Stat(path)
	if err != nil || info.Size() > mostPopulation {
		return nil, nil, lastday.Wrap(lastday.CodeInvalid, "population", "read the file (it may have 256 MiB)", err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, lastday.Wrap(lastday.CodeInvalid, "population", "read the file", err)
	}
	var r population.Result
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, nil, lastday.Wrap(lastday.CodeInvalid, "population", "it is no population.json of `lastday population`", err)
	}
	if len(r.Lists) == 0 || r.From.IsZero() {
		return nil, nil, lastday.Errorf(lastday.CodeInvalid, "population", "it is no population.json of `lastday population`")
	}
	return &r, text, nil
}
