package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lastday"
	"lastday/audit/population"
	"lastday/internal/app"
)

// populationFlags say which lists are compared.
type populationFlags struct {
	periodFlags
	leavers, source, enabled, out string
}

func (f *populationFlags) lists(c *cobra.Command) {
	f.register(c)
	c.Flags().StringVar(&f.leavers, "leavers", "", "HR's leavers of the period, asked for independently: a CSV `file` in the form of `lastday import`; - is standard input")
	c.Flags().StringVar(&f.source, "source", "", "the HR source that the list comes from; default is the only one")
	c.Flags().StringVar(&f.enabled, "enabled", "", "the accounts that still work: the `file` that `lastday sweep --json --leavers …` wrote")
}

// populationCommand compares HR's leavers, the cases and the enabled accounts.
func (p *program) populationCommand() *cobra.Command {
	var f populationFlags
	c := &cobra.Command{
		Use:   "population --from DATE --to DATE --leavers FILE.csv --enabled sweep.json --out FOLDER",
		Short: "Compare HR's leavers of a period with the cases and the accounts that still work",
		Long: `Compare HR's leavers of a period with the cases and the accounts that still work.

Writes population.csv, population.xlsx and population.json, and the digests of
all into SHA256SUMS. It is complete (exit code 0) only if each leaver has a
case, each case a leaver, no leaver an account, and every list is whole;
otherwise it says who is missing, with exit code 1. A period belongs to the last
days in it, both inclusive.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			when, err := f.period(true)
			if err != nil {
				return err
			}
			if f.out == "" {
				return usage("population: --out names the folder for the files")
			}
			return p.withArchive(c.Context(), func(a app.Archive) error {
				if err := f.askable(a.Parts); err != nil {
					return err
				}
				r, err := p.reconcile(c.Context(), a, when, f)
				if err != nil {
					return err
				}
				return p.tellPopulation(r, f.out)
			})
		},
	}
	f.lists(c)
	c.Flags().StringVar(&f.out, "out", "", "the `folder` for the files; it is made if there is none")
	return c
}

// askable refuses to compare without HR's own list: no kind of source that there
// is can be asked for all who left.
func (f *populationFlags) askable(parts *app.Parts) error {
	if f.leavers != "" {
		return nil
	}
	if _, known := parts.Source(f.source); f.source != "" && !known {
		return usage("population: there is no HR source %q in the configuration", f.source)
	}
	if f.source != "" {
		return lastday.Errorf(lastday.CodeUnsupported, "population", "the source %s can be asked about one person, not for all who left: export the leavers of the period from HR, and give them as --leavers FILE.csv", f.source)
	}
	return usage("population: --leavers is HR's own list of who left, as `lastday import` takes it")
}

// reconcile reads the three lists and compares them.
func (p *program) reconcile(ctx context.Context, a app.Archive, when app.Period, f populationFlags) (population.Result, error) {
	in := population.Input{From: when.From, To: when.To, Zone: f.zone, By: p.actor, Tool: app.Version()}
	told, err := p.cases(ctx, a)
	if err != nil {
		return population.Result{}, err
	}
	in.Made, in.Cases = told.At.UTC(), told.Cases
	checkpoint, err := a.Records.Checkpoint(ctx)
	if err != nil {
		return population.Result{}, err
	}
	query := fmt.Sprintf("all cases of the log, of which those with a last day from %s to %s", when.From, when.To)
	list := population.List{Name: "cases", Source: fmt.Sprintf("log %s, %d entries, root %s", checkpoint.Origin, checkpoint.Size, checkpoint.Root), Query: query, ReadAt: told.At.UTC(), Whole: true}
	if lost := told.EmptySince(when.Begin()); len(lost) > 0 {
		list.Whole, list.Why = false, fmt.Sprintf("the records of %d cases were erased: %s", len(lost), few(lost, 10))
	}
	in.Lists = append(in.Lists, list)
	if err := p.addLeavers(a.Parts, &in, f); err != nil {
		return population.Result{}, err
	}
	if err := addEnabled(a.Parts, &in, f.enabled); err != nil {
		return population.Result{}, err
	}
	return population.Reconcile(in)
}

// addLeavers reads HR's list.
func (p *program) addLeavers(parts *app.Parts, in *population.Input, f populationFlags) error {
	list := population.List{Name: "leavers", Why: "no list of HR was given (--leavers)"}
	if f.leavers != "" {
		text, err := p.read(f.leavers)
		if err != nil {
			return err
		}
		read, err := parts.Leavers(text, f.source)
		if err != nil {
			return err
		}
		for _, l := range read {
			s := l.Separation
			if s.Rescinded {
				continue
			}
			in.Leavers = append(in.Leavers, population.Leaver{
				Person: s.Person.Key, Engagement: s.Engagement.ID, Source: s.Source, LastDay: s.LastDay, Zone: s.Zone, WorkerType: s.Engagement.WorkerType,
			})
		}
		list = population.List{
			Name: "leavers", Source: fmt.Sprintf("file %s, sha256:%s", printable(filepath.Base(f.leavers)), sumOf(text)),
			Query: fmt.Sprintf("rows with a last day from %s to %s", in.From, in.To), ReadAt: time.Now().UTC(), Whole: true,
		}
	}
	in.Lists = append(in.Lists, list)
	return nil
}

func sumOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// addEnabled reads what a sweep found.
func addEnabled(parts *app.Parts, in *population.Input, path string) error {
	list := population.List{Name: "enabled", Why: "no sweep was given (lastday sweep --json --leavers FILE.csv > sweep.json; --enabled sweep.json)"}
	if path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return lastday.Wrap(lastday.CodeInvalid, "population", "read the sweep", err)
		}
		var s swept
		if err := json.Unmarshal(text, &s); err != nil || s.Began.IsZero() {
			return lastday.Wrap(lastday.CodeInvalid, "population", "--enabled is not what lastday sweep --json writes", err)
		}
		for _, e := range s.Enabled {
			in.Enabled = append(in.Enabled, population.Enabled{System: e.System, Account: e.Account, Person: e.Person, Level: e.Level, ReadAt: e.ReadAt, Control: e.Control})
		}
		why := partial(s, parts, leftIn(in))
		list = population.List{
			Name: "enabled", Source: fmt.Sprintf("sweep %s, sha256:%s", printable(filepath.Base(path)), sumOf(text)),
			Query: fmt.Sprintf("accounts of %d people in %s", s.Leavers, sweptSystems(s)), ReadAt: s.Began.UTC(), Whole: why == "", Why: why,
		}
	}
	in.Lists = append(in.Lists, list)
	return nil
}

// leftIn are the leavers of the period.
func leftIn(in *population.Input) []population.Leaver {
	var all []population.Leaver
	for _, l := range in.Leavers {
		if !l.LastDay.Before(in.From) && !in.To.Before(l.LastDay) {
			all = append(all, l)
		}
	}
	return all
}

// forgotten are the leavers whom a sweep did not look for. How many it looked
// for says nothing: they may have been others, or an earlier end of theirs.
func forgotten(s swept, leavers []population.Leaver) []string {
	var all []string
	for _, l := range leavers {
		of := lastday.Separation{Source: l.Source, Person: lastday.Person{Key: l.Person}, Engagement: lastday.Engagement{ID: l.Engagement}}.CaseID()
		if !slices.Contains(s.LookedFor, of) {
			all = append(all, l.Person)
		}
	}
	return all
}

// partial says why a sweep does not show all accounts of the leavers; empty if
// it does.
func partial(s swept, parts *app.Parts, leavers []population.Leaver) string {
	var why []string
	looked := map[string]bool{}
	for _, one := range s.Systems {
		looked[one.System] = true
		if one.Unknown > 0 || one.Looked < s.Leavers {
			why = append(why, fmt.Sprintf("%s could not be looked at for %d people", one.System, max(one.Unknown, s.Leavers-one.Looked)))
		}
	}
	for _, one := range parts.Systems {
		if !looked[one.Name] {
			why = append(why, one.Name+" was not looked at")
		}
	}
	if missing := forgotten(s, leavers); len(missing) > 0 {
		why = append(why, fmt.Sprintf("it did not look for %d of the %d who left, or before they had left: %s", len(missing), len(leavers), few(missing, 10)))
	}
	if n := len(s.Trouble) + s.More; n > 0 {
		why = append(why, fmt.Sprintf("%d things went wrong or are not listed", n))
	}
	return strings.Join(why, "; ")
}

func sweptSystems(s swept) string {
	var names []string
	for _, one := range s.Systems {
		names = append(names, one.System)
	}
	return strings.Join(names, ", ")
}

// populationFile is the file with all that was found, for machines.
const populationFile = "population.json"

// tellPopulation writes the files and says whether it is complete.
func (p *program) tellPopulation(r population.Result, folder string) error {
	if err := p.writePopulation(r, folder); err != nil {
		return err
	}
	if err := p.print(r, func(w io.Writer) { writePopulationText(w, r, folder) }); err != nil {
		return err
	}
	if !r.Complete {
		return lastday.Errorf(lastday.CodeProtected, "population", "it is not complete: %d findings", len(r.Findings))
	}
	return nil
}

func (p *program) writePopulation(r population.Result, folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return lastday.Wrap(lastday.CodeInvalid, "population", "make the folder", err)
	}
	var sums strings.Builder
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{"population.csv", func(w io.Writer) error { return population.WriteCSV(w, r.Rows) }},
		{"population.xlsx", func(w io.Writer) error { return population.WriteXLSX(w, r) }},
		{populationFile, func(w io.Writer) error { return population.WriteJSON(w, r) }},
	} {
		sum := sha256.New()
		if err := p.writeFile(filepath.Join(folder, f.name), func(w io.Writer) error { return f.write(io.MultiWriter(w, sum)) }); err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sum.Sum(nil), f.name)
	}
	return p.writeFile(filepath.Join(folder, "SHA256SUMS"), func(w io.Writer) error {
		_, err := io.WriteString(w, sums.String())
		return err
	})
}

func writePopulationText(w io.Writer, r population.Result, folder string) {
	fmt.Fprintf(w, "%s to %s: %d rows\n\n", r.From, r.To, len(r.Rows))
	table(w, "STATE\tROWS", func(row func(string, ...any)) {
		for _, s := range []population.State{
			population.Matched, population.NoCase, population.NoLeaver, population.StillEnabled, population.TakenBack, population.DatesDiffer,
		} {
			if r.Counts[s] > 0 {
				row("%s\t%d", s, r.Counts[s])
			}
		}
	})
	fmt.Fprintln(w)
	table(w, "LIST\tROWS\tWHOLE\tREAD\tSOURCE", func(row func(string, ...any)) {
		for _, l := range r.Lists {
			whole := "yes"
			if !l.Whole {
				whole = "NO"
			}
			row("%s\t%d\t%s\t%s\t%s", l.Name, l.Rows, whole, utc(l.ReadAt), orDash(l.Source))
		}
	})
	if r.Complete {
		fmt.Fprintln(w, "\nCOMPLETE")
	} else {
		fmt.Fprintln(w, "\nNOT COMPLETE")
		for _, f := range r.Findings {
			fmt.Fprintf(w, "  %s\n", f)
		}
	}
	fmt.Fprintf(w, "\nwritten into %s: population.csv, population.xlsx, %s, SHA256SUMS\n", folder, populationFile)
}
