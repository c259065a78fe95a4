package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lastday"
	"lastday/integrations/hr"
	"lastday/internal/app"
	"lastday/plan"
)

// person is what the flags say of somebody who leaves.
type person struct {
	source, key, engagement, worker, department, manager, lastDay, zone, cutoff, number string
	emails, links                                                                       []string
	immediate                                                                           bool
}

func (p *program) planCommand() *cobra.Command {
	var who person
	var file, source string
	c := &cobra.Command{
		Use:   "plan (--person KEY --last-day DATE | --file EVENT)",
		Short: "Show what a case would do, and change nothing",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			parts, err := p.open(c.Context())
			if err != nil {
				return err
			}
			s, err := p.separation(parts, who, file, source)
			if err != nil {
				return err
			}
			made, err := parts.Plan(c.Context(), s, time.Now(), p.progress)
			if err != nil {
				return err
			}
			return p.print(made, func(w io.Writer) { p.writePlan(w, made) })
		},
	}
	who.flags(c)
	c.Flags().StringVar(&file, "file", "", "take the separation from an event `file` instead")
	c.Flags().StringVar(&source, "source", "", "the HR source whose form the file has; default is the only one")
	return c
}

func (p *program) writePlan(w io.Writer, made lastday.Plan) {
	fmt.Fprintln(w, plan.Text(made, plan.TextOptions{Colour: p.colour()}))
	fmt.Fprintln(w, plan.Staircase(made, plan.StairOptions{Colour: p.colour()}))
}

func (w *person) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&w.key, "person", "", "HR's `key` of the person")
	f.StringVar(&w.engagement, "engagement", "", "HR's `id` of the contract; default is the person's key")
	f.StringVar(&w.worker, "worker-type", "contractor", "employee, contractor, contingent, intern, eor, vendor_staff or unknown")
	f.StringVar(&w.department, "department", "", "HR's `label` of the department, if policies ask for it")
	f.StringVar(&w.manager, "manager", "", "HR's `key` of the manager, if policies ask for it")
	f.StringVar(&w.lastDay, "last-day", "", "the last `day`, inclusive: YYYY-MM-DD")
	f.StringVar(&w.zone, "zone", "", "IANA `zone` in which the person works, such as Europe/Berlin")
	f.StringVar(&w.cutoff, "cutoff", "", "time of day on the last day: HH:MM; default is the policy's")
	f.BoolVar(&w.immediate, "immediate", false, "the engagement ends now")
	f.StringSliceVar(&w.emails, "email", nil, "verified corporate `address`")
	f.StringVar(&w.number, "employee-number", "", "HR's `number` of the person")
	f.StringSliceVar(&w.links, "link", nil, "known account: SYSTEM=ID, or SYSTEM=@LOGIN if only the login is known")
}

// separation is what the flags or the file say.
func (p *program) separation(parts *app.Parts, who person, file, source string) (lastday.Separation, error) {
	if file != "" {
		events, err := readEvents(parts, p, file, source)
		if err != nil {
			return lastday.Separation{}, err
		}
		if len(events) != 1 || events[0].Separation == nil {
			return lastday.Separation{}, lastday.Errorf(lastday.CodeInvalid, file, "want one separation, and it holds %s", tellEvents(events))
		}
		return *events[0].Separation, nil
	}
	if who.source = source; source == "" {
		who.source = onlySource(parts)
	}
	return who.separation()
}

func tellEvents(events []hr.Event) string {
	if len(events) == 1 && events[0].Unknown != "" {
		return "none: " + events[0].Unknown
	}
	return fmt.Sprintf("%d events", len(events))
}

func onlySource(parts *app.Parts) string {
	if len(parts.Sources) == 1 {
		return parts.Sources[0].Name()
	}
	return "manual"
}

func (w person) separation() (lastday.Separation, error) {
	if w.key == "" || (w.lastDay == "" && !w.immediate) {
		return lastday.Separation{}, usage("say who and when: --person KEY and --last-day YYYY-MM-DD (or --immediate), or --file EVENT")
	}
	if w.engagement == "" {
		w.engagement = w.key
	}
	s := lastday.Separation{
		Source: w.source, Kind: lastday.SeparationScheduled, Zone: w.zone,
		Person:     lastday.Person{Key: w.key, EmployeeNumber: w.number},
		Engagement: lastday.Engagement{ID: w.engagement, WorkerType: w.worker, Department: w.department, Manager: w.manager},
	}
	for _, e := range w.emails {
		s.Person.Emails = append(s.Person.Emails, strings.ToLower(e))
	}
	if w.immediate {
		s.Kind = lastday.SeparationImmediate
	}
	return s, w.dates(&s)
}

func (w person) dates(s *lastday.Separation) error {
	for _, l := range w.links {
		system, id, ok := strings.Cut(l, "=")
		if !ok || system == "" || id == "" {
			return usage("--link %q: want SYSTEM=ID or SYSTEM=@LOGIN", l)
		}
		link := lastday.Link{System: system, ID: id}
		if login, weak := strings.CutPrefix(id, "@"); weak {
			link = lastday.Link{System: system, Login: login}
		}
		s.Person.Links = append(s.Person.Links, link)
	}
	if w.lastDay != "" {
		day, err := lastday.ParseDate(w.lastDay)
		if err != nil {
			return usageError{err}
		}
		s.LastDay = day
	}
	if w.cutoff != "" {
		at, err := lastday.ParseWallTime(w.cutoff)
		if err != nil {
			return usageError{err}
		}
		s.Cutoff = &at
	}
	return nil
}

// readEvents reads a file in the form of a configured source.
func readEvents(parts *app.Parts, p *program, file, source string) ([]hr.Event, error) {
	if source == "" {
		source = onlySource(parts)
	}
	from, ok := parts.Source(source)
	if !ok {
		return nil, usage("there is no HR source %q in the configuration; name one with --source", source)
	}
	text, err := p.read(file)
	if err != nil {
		return nil, err
	}
	return from.Parse(text)
}

// mostFileBytes bounds what is read from a file.
const mostFileBytes = 16 << 20

func (p *program) read(file string) ([]byte, error) {
	in := p.in
	if file != "-" {
		opened, err := os.Open(file)
		if err != nil {
			return nil, lastday.Wrap(lastday.CodeInvalid, "file", "open", err)
		}
		defer opened.Close()
		in = opened
	}
	text, err := io.ReadAll(io.LimitReader(in, mostFileBytes+1))
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInvalid, "file", "read", err)
	}
	if len(text) > mostFileBytes {
		return nil, lastday.Errorf(lastday.CodeInvalid, "file", "larger than %d bytes", mostFileBytes)
	}
	return text, nil
}
