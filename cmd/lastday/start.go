package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"lastday"
	"lastday/intake"
	"lastday/internal/app"
	"lastday/workflows"
)

// started is one line of what became of an event or a row.
type started struct {
	Line   int            `json:"line,omitempty"`
	Case   string         `json:"case,omitempty"`
	Cutoff lastday.Moment `json:"cutoff,omitzero"`
	Policy string         `json:"policy,omitempty"`
	Result string         `json:"result"`
	Notes  []string       `json:"notes,omitempty"`
}

func (p *program) startCommand() *cobra.Command {
	var file, source string
	c := &cobra.Command{
		Use:   "start --file EVENT",
		Short: "Bring an event by hand, as if HR had sent it",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if file == "" {
				return usage("name the event: --file event.json (or - for standard input)")
			}
			return p.withCases(c.Context(), func(parts *app.Parts, cases *workflows.Client) error {
				return p.startFile(c.Context(), parts, cases, file, source)
			})
		},
	}
	c.Flags().StringVar(&file, "file", "", "the event `file`; - is standard input")
	c.Flags().StringVar(&source, "source", "", "the HR source whose form the file has; default is the only one")
	return c
}

func (p *program) startFile(ctx context.Context, parts *app.Parts, cases *workflows.Client, file, source string) error {
	text, err := p.read(file)
	if err != nil {
		return err
	}
	again := *p
	again.in = bytes.NewReader(text)
	events, err := readEvents(parts, &again, "-", source)
	if err != nil {
		return err
	}
	if source == "" {
		source = onlySource(parts)
	}
	var lines []started
	for _, e := range events {
		d := p.delivery(source, e.ID, e.Type, text)
		d.Separation, d.Parked = e.Separation, e.Unknown
		if d.Separation == nil {
			return lastday.Errorf(lastday.CodeInvalid, "event", "%s: mend the file; nothing was started", e.Unknown)
		}
		line, err := hand(ctx, cases, d)
		if err != nil {
			return err
		}
		lines = append(lines, line)
	}
	return p.print(lines, func(w io.Writer) { writeStarted(w, lines) })
}

// delivery is what a person brings by hand.
func (p *program) delivery(source, id, kind string, body []byte) lastday.Delivery {
	sum := sha256.Sum256(body)
	return lastday.Delivery{
		Source: source, ID: id, Type: kind, ReceivedAt: time.Now().UTC(),
		BodySHA256: hex.EncodeToString(sum[:]), Scheme: "file", Actor: p.actor,
	}
}

func hand(ctx context.Context, cases *workflows.Client, d lastday.Delivery) (started, error) {
	duplicate, err := cases.Accept(ctx, d)
	if err != nil {
		return started{}, err
	}
	line := started{Case: d.Separation.CaseID(), Result: "handed over"}
	if duplicate {
		line.Result = "was handed over before"
	}
	return line, nil
}

func writeStarted(w io.Writer, lines []started) {
	table(w, "LINE\tCASE\tCUT\tPOLICY\tRESULT", func(row func(string, ...any)) {
		for _, l := range lines {
			cut := "-"
			if !l.Cutoff.Date.IsZero() {
				cut = fmt.Sprintf("%s %s %s", l.Cutoff.Date, l.Cutoff.Time, l.Cutoff.Zone)
			}
			number := "-"
			if l.Line > 0 {
				number = fmt.Sprint(l.Line)
			}
			row("%s\t%s\t%s\t%s\t%s", number, orDash(l.Case), cut, orDash(l.Policy), l.Result)
			for _, n := range l.Notes {
				row("\t\t\t\t  %s", n)
			}
		}
	})
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func (p *program) importCommand() *cobra.Command {
	var source string
	var dry bool
	c := &cobra.Command{
		Use:   "import LEAVERS.csv",
		Short: "Start a case for each row of a list; --dry-run shows what each row would do",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("name the list: lastday import leavers.csv")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if !dry {
				return p.withCases(c.Context(), func(parts *app.Parts, cases *workflows.Client) error {
					return p.importList(c.Context(), parts, cases, args[0], source)
				})
			}
			parts, err := p.open(c.Context())
			if err != nil {
				return err
			}
			return p.importList(c.Context(), parts, nil, args[0], source)
		},
	}
	c.Flags().StringVar(&source, "source", "", "the HR source that the list comes from; default is the only one")
	c.Flags().BoolVar(&dry, "dry-run", false, "show what each row would do, and start nothing")
	return c
}

// importList starts nothing while there is any mistake in the list: a list
// that was half taken in is worse than one that was not.
func (p *program) importList(ctx context.Context, parts *app.Parts, cases *workflows.Client, file, source string) error {
	if source == "" {
		source = onlySource(parts)
	}
	text, err := p.read(file)
	if err != nil {
		return err
	}
	rows, err := intake.ParseCSV(bytes.NewReader(text), intake.Columns{Source: source, Domains: parts.Config.Company.Domains})
	if err != nil {
		return err
	}
	lines, mistakes := p.preview(parts, rows)
	if mistakes == 0 && cases != nil {
		if err := p.startRows(ctx, cases, rows, lines, source, string(text)); err != nil {
			return err
		}
	}
	if err := p.print(lines, func(w io.Writer) { writeStarted(w, lines) }); err != nil {
		return err
	}
	if mistakes > 0 {
		return lastday.Errorf(lastday.CodeInvalid, "import", "%d of %d rows have mistakes; nothing was started", mistakes, len(rows))
	}
	return nil
}

func (p *program) preview(parts *app.Parts, rows []intake.Row) (lines []started, mistakes int) {
	for _, r := range rows {
		line := started{Line: r.Line, Result: "would be started", Notes: r.Mistakes}
		switch {
		case len(r.Mistakes) > 0:
			line.Result = "mistakes"
			mistakes++
		case r.Separation == nil:
			line.Result = "passed over"
		case r.Separation.Rescinded:
			line.Case, line.Result = r.Separation.CaseID(), "would rescind"
		default:
			line.Case = r.Separation.CaseID()
			made, err := parts.Preview(*r.Separation, time.Now())
			if err != nil {
				line.Result, line.Notes = "mistakes", []string{err.Error()}
				mistakes++
				break
			}
			line.Cutoff, line.Policy, line.Notes = made.Cutoff, made.Policy, made.Notes
		}
		lines = append(lines, line)
	}
	return lines, mistakes
}

func (p *program) startRows(ctx context.Context, cases *workflows.Client, rows []intake.Row, lines []started, source, list string) error {
	for i, r := range rows {
		if r.Separation == nil {
			continue
		}
		// The id is derived from the list and what the row says: importing the same
		// list twice starts nothing twice, and a later list is news again.
		s := r.Separation
		cut := ""
		if s.Cutoff != nil {
			cut = s.Cutoff.String()
		}
		id := "row-" + lastday.OpaqueKey(list, s.Person.Key, s.Engagement.ID, s.LastDay.String(), cut, s.Zone, string(s.Kind), fmt.Sprint(s.Rescinded))
		d := p.delivery(source, id, "list", []byte(id))
		d.Separation = s
		line, err := hand(ctx, cases, d)
		if err != nil {
			return lastday.Wrap(lastday.CodeOf(err), "import", fmt.Sprintf("stopped at line %d; importing the list again is safe", r.Line), err)
		}
		lines[i].Result = line.Result
	}
	return nil
}
