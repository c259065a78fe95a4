package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lastday"
	"lastday/activities"
	"lastday/audit/population"
	"lastday/internal/app"
	"lastday/workflows"
)

// sweepFlags are what a sweep is asked for.
type sweepFlags struct {
	leavers, source, csv string
	systems              []string
	cases, open          bool
}

// swept is what a sweep by hand prints: the result, and the accounts that are
// still enabled in the form that the population takes.
type swept struct {
	workflows.SweepResult
	Enabled []population.Enabled `json:"enabled"`
	// LookedFor are the cases of the people who had left and were looked for:
	// numbers alone would not tell one list of people from another.
	LookedFor []string `json:"lookedFor"`
}

func (p *program) sweepCommand() *cobra.Command {
	var f sweepFlags
	c := &cobra.Command{
		Use:   "sweep [--leavers FILE] [--cases]",
		Short: "Look in all systems for access of people who have left; changes nothing",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.leavers == "" {
				f.cases = true
			}
			return p.sweep(c.Context(), f)
		},
	}
	c.Flags().StringVar(&f.leavers, "leavers", "", "a CSV `file` of people who left, in the form of `lastday import`; - is standard input")
	c.Flags().StringVar(&f.source, "source", "", "the HR source that the list comes from; default is the only one")
	c.Flags().StringSliceVar(&f.systems, "system", nil, "ask only this `system`; may be given several times")
	c.Flags().BoolVar(&f.cases, "cases", false, "look also for everybody whose case is closed (the default without --leavers)")
	c.Flags().StringVar(&f.csv, "csv", "", "write what was found and what could not be seen to this `file`")
	c.Flags().BoolVar(&f.open, "open-cases", false, "open a case for everybody who is found; it passes the gate like all others")
	c.AddCommand(p.sweepScheduleCommand())
	return c
}

func (p *program) sweep(ctx context.Context, f sweepFlags) error {
	if !f.cases && !f.open {
		parts, err := p.open(ctx)
		if err != nil {
			return err
		}
		return p.sweepWith(ctx, parts, nil, f)
	}
	return p.withCases(ctx, func(parts *app.Parts, cases *workflows.Client) error {
		return p.sweepWith(ctx, parts, cases, f)
	})
}

func (p *program) sweepWith(ctx context.Context, parts *app.Parts, cases *workflows.Client, f sweepFlags) error {
	leavers, trouble, err := p.leavers(ctx, parts, cases, f)
	if err != nil {
		return err
	}
	err = parts.WithTable(ctx, func(known activities.LinkTable) (err error) {
		for i := range leavers {
			if leavers[i], err = activities.WithLinks(ctx, known, leavers[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	result, err := parts.Sweep(ctx, leavers, f.systems, p.progress)
	if err != nil {
		return err
	}
	looked := lookedFor(leavers, result.Began)
	result.Trouble = append(result.Trouble, trouble...)
	if f.open {
		if err := p.openSwept(ctx, cases, leavers, &result); err != nil {
			return err
		}
	}
	if f.csv != "" {
		if err := writeSweepCSV(f.csv, result); err != nil {
			return err
		}
	}
	if err := p.print(swept{result, enabledOf(result), looked}, func(w io.Writer) { writeSweep(w, result) }); err != nil {
		return err
	}
	if text := result.Tell(); text != "" {
		return lastday.Errorf(lastday.CodeProtected, "sweep", "%s", text)
	}
	return nil
}

// leavers reads the list and the closed cases. A person of both is taken once,
// with the accounts that the case knows.
func (p *program) leavers(ctx context.Context, parts *app.Parts, cases *workflows.Client, f sweepFlags) (all []activities.Leaver, trouble []string, err error) {
	if f.leavers != "" {
		text, err := p.read(f.leavers)
		if err != nil {
			return nil, nil, err
		}
		if all, err = parts.Leavers(text, f.source); err != nil {
			return nil, nil, err
		}
	}
	if !f.cases {
		return all, nil, nil
	}
	at := map[string]int{}
	for i, l := range all {
		at[l.Case] = i
	}
	var token []byte
	for {
		page, next, err := cases.ClosedCases(ctx, token, 200)
		if err != nil {
			return nil, nil, err
		}
		trouble = append(trouble, page.Trouble...)
		for _, l := range page.Leavers {
			if i, listed := at[l.Case]; listed {
				all[i] = app.Enrich(all[i], l)
				continue
			}
			all = append(all, l)
		}
		if token = next; len(token) == 0 {
			return all, trouble, nil
		}
	}
}

// openSwept opens a case for everybody who was found.
func (p *program) openSwept(ctx context.Context, cases *workflows.Client, leavers []activities.Leaver, result *workflows.SweepResult) error {
	found := map[string]bool{}
	for _, s := range result.Found {
		found[s.Case] = found[s.Case] || s.Access()
	}
	for _, l := range leavers {
		if !found[l.Case] {
			continue
		}
		id := fmt.Sprintf("sweep-%s-%s", result.Began.Format(time.RFC3339Nano), l.Case)
		separation := l.Separation
		d := p.delivery(separation.Source, id, "sweep", []byte(id))
		d.Separation = &separation
		line, err := hand(ctx, cases, d)
		if err != nil {
			return err
		}
		result.Opened = append(result.Opened, line.Case)
	}
	return nil
}

// lookedFor are the cases of those who had left when the sweep began.
func lookedFor(leavers []activities.Leaver, began time.Time) []string {
	all := []string{}
	for _, l := range leavers {
		if l.Left(began) {
			all = append(all, l.Case)
		}
	}
	return all
}

func enabledOf(r workflows.SweepResult) []population.Enabled {
	all := make([]population.Enabled, 0, len(r.Found))
	for _, s := range r.Found {
		if s.Access() {
			all = append(all, population.Enabled{System: s.System, Account: s.Account.ID, Login: s.Account.Login, Person: s.Person, Level: s.Highest, ReadAt: s.ReadAt, Control: s.Control})
		}
	}
	return all
}

func writeSweep(w io.Writer, r workflows.SweepResult) {
	fmt.Fprintf(w, "looked for %d people who left", r.Leavers)
	if r.Still > 0 {
		fmt.Fprintf(w, "; %d have not left yet", r.Still)
	}
	fmt.Fprint(w, "\n\n")
	table(w, "SYSTEM\tLOOKED FOR\tCLEAN\tSTILL THERE\tUNKNOWN", func(row func(string, ...any)) {
		for _, s := range r.Systems {
			row("%s\t%d\t%d\t%d\t%d", s.System, s.Looked, s.Clean, s.Found, s.Unknown)
		}
	})
	writeSighted(w, r.Found)
	if len(r.Unseen) > 0 {
		fmt.Fprintln(w, "\nUNKNOWN: could not be looked at")
		for _, u := range r.Unseen {
			fmt.Fprintf(w, "  %s  %s  %s: %s\n", u.System, orDash(u.Person), u.What, u.Why)
		}
	}
	for _, id := range r.Opened {
		fmt.Fprintf(w, "opened: lastday status %s\n", id)
	}
	for _, t := range r.Trouble {
		fmt.Fprintf(w, "trouble: %s\n", t)
	}
	if r.More > 0 {
		fmt.Fprintf(w, "%d more are not listed\n", r.More)
	}
}

func writeSighted(w io.Writer, found []activities.Sighting) {
	if len(found) == 0 {
		return
	}
	fmt.Fprintln(w, "\nSHOULD NOT EXIST (with highest none: things that are left for people)")
	table(w, "SYSTEM\tPERSON\tACCOUNT\tLEFT\tHIGHEST\tGRANTS\tWHAT", func(row func(string, ...any)) {
		for _, s := range found {
			account := s.Account.ID
			if s.Account.Login != "" {
				account += " (" + s.Account.Login + ")"
			}
			row("%s\t%s\t%s\t%s\t%s\t%d\t%s", s.System, s.Person, account, s.LastDay, s.Highest, s.Count, firstOf(s))
		}
	})
}

// firstOf tells the highest grant, or else what is left.
func firstOf(s activities.Sighting) string {
	if len(s.Grants) > 0 {
		g := s.Grants[0]
		return g.Kind + " " + g.Resource.Name + ": " + g.Rung
	}
	if len(s.Left) > 0 {
		return s.Left[0].Kind + " " + s.Left[0].What
	}
	return "-"
}

// writeSweepCSV writes one row for each finding and each thing unseen.
func writeSweepCSV(path string, r workflows.SweepResult) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return lastday.Wrap(lastday.CodeInvalid, "sweep", "write the file", err)
	}
	defer file.Close()
	rows := [][]string{{"verdict", "system", "person", "case", "last_day", "account", "login", "highest", "grants", "what", "evidence", "control", "read_at"}}
	for _, s := range r.Found {
		verdict := "left for people"
		if s.Access() {
			verdict = "still there"
		}
		rows = append(rows, []string{
			verdict, s.System, s.Person, s.Case, s.LastDay.String(), s.Account.ID, s.Account.Login, s.Highest.String(),
			fmt.Sprint(s.Count), firstOf(s), strings.Join(s.Evidence, "; "), s.Control.Evidence, s.ReadAt.Format(time.RFC3339),
		})
	}
	for _, u := range r.Unseen {
		rows = append(rows, []string{"unknown", u.System, u.Person, "", "", "", "", "", "", u.What, u.Why, "", ""})
	}
	for _, row := range rows {
		for i := range row {
			row[i] = harmless(row[i])
		}
	}
	if err := csv.NewWriter(file).WriteAll(rows); err != nil {
		return lastday.Wrap(lastday.CodeTransient, "sweep", "write the file", err)
	}
	return nil
}

// harmless keeps a spreadsheet from taking a cell for a formula
// (https://owasp.org/www-community/attacks/CSV_Injection).
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
