package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"lastday"
	"lastday/internal/app"
	"lastday/plan"
	"lastday/workflows"
)

func (p *program) statusCommand() *cobra.Command {
	var watch bool
	var every time.Duration
	c := &cobra.Command{
		Use:   "status [CASE]",
		Short: "Show where a case stands, or list the open cases",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return p.list(c.Context())
			}
			return p.withCases(c.Context(), func(_ *app.Parts, cases *workflows.Client) error {
				if watch {
					return p.watch(c.Context(), cases, args[0], every)
				}
				return p.showCase(c.Context(), cases, args[0])
			})
		},
	}
	c.Flags().BoolVar(&watch, "watch", false, "draw again until the case is closed")
	c.Flags().DurationVar(&every, "every", time.Second, "how often --watch draws")
	return c
}

// shown is a case with its plan, as status prints it.
type shown struct {
	workflows.Status
	Plan lastday.Plan `json:"plan"`
}

func (p *program) showCase(ctx context.Context, cases *workflows.Client, id string) error {
	one, err := fetch(ctx, cases, id)
	if err != nil {
		return err
	}
	return p.print(one, func(w io.Writer) { p.writeCase(w, one) })
}

func fetch(ctx context.Context, cases *workflows.Client, id string) (shown, error) {
	st, err := cases.Status(ctx, id)
	if err != nil {
		return shown{}, err
	}
	made, err := cases.Plan(ctx, id)
	return shown{Status: st, Plan: made}, err
}

// watch draws the case until it is closed; machines get a line of JSON for
// each change.
func (p *program) watch(ctx context.Context, cases *workflows.Client, id string, every time.Duration) error {
	tick := time.NewTicker(max(every, 100*time.Millisecond))
	defer tick.Stop()
	last := ""
	for {
		one, err := fetch(ctx, cases, id)
		if err != nil {
			return err
		}
		if now := fmt.Sprint(one.State, one.Stage, len(one.Log), one.Lanes); now != last {
			last = now
			if err := p.draw(one); err != nil {
				return err
			}
		}
		if one.State == workflows.StateClosed {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (p *program) draw(one shown) error {
	if p.colour() && !p.json {
		fmt.Fprint(p.out, "\x1b[H\x1b[2J")
	}
	return p.print(one, func(w io.Writer) { p.writeCase(w, one) })
}

func (p *program) writeCase(w io.Writer, s shown) {
	fmt.Fprintf(w, "%s  %s", s.Case, strings.ToUpper(s.State))
	if s.WaitsFor != "" {
		fmt.Fprintf(w, "  waits for %s", s.WaitsFor)
	}
	fmt.Fprintf(w, "\ncut    %s %s %s (%s)\n", s.Cutoff.Date, s.Cutoff.Time, s.Cutoff.Zone, when(s.Cutoff.Instant))
	if s.NextStage != "" {
		fmt.Fprintf(w, "next   %s, %s\n", s.NextStage, when(s.NextAt))
	}
	fmt.Fprintf(w, "plan   %s\n\n", s.PlanDigest)
	fmt.Fprintln(w, staircase(s, p.colour()))
	writeLanes(w, s)
	writeTasks(w, s)
	writeNews(w, s)
	writeLog(w, s)
}

// staircase draws what was planned and what was seen.
func staircase(s shown, colour bool) string {
	return s.Status.Staircase(s.Plan, plan.StairOptions{Now: time.Now(), Colour: colour})
}

func writeLanes(w io.Writer, s shown) {
	table(w, "SYSTEM\tSTATE\tHIGHEST NOW\tGRANTS\tCLEAN AT\tREAD\tWHY", func(row func(string, ...any)) {
		for _, l := range s.Lanes {
			level := l.Highest.String()
			if l.Read.IsZero() {
				level = "not read"
			}
			row("%s\t%s\t%s\t%d\t%s\t%s\t%s", l.System, l.State, level, l.Grants, orDash(l.Clean), when(l.Read), l.Why)
		}
	})
}

func writeTasks(w io.Writer, s shown) {
	open := 0
	for _, t := range s.Tasks {
		if t.Closed != nil {
			continue
		}
		if open++; open == 1 {
			fmt.Fprintln(w, "\nOPEN: a person is needed")
		}
		fmt.Fprintf(w, "  %s  %s: %s\n      why: %s\n", t.ID, of(t.System), t.What, t.Why)
		if t.Todo != "" {
			fmt.Fprintf(w, "      do:  %s\n", t.Todo)
		}
		fmt.Fprintf(w, "      since %s, told %s\n", when(t.Since), times(t.Told))
		writeOwner(w, t)
	}
}

// of names what a task is about: a system, or the case as a whole.
func of(system string) string {
	if system == "" {
		return "case"
	}
	return system
}

func times(n int) string {
	switch n {
	case 0:
		return "nobody yet"
	case 1:
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func writeOwner(w io.Writer, t workflows.Task) {
	var parts []string
	if t.Owner != "" {
		parts = append(parts, "owner "+t.Owner)
	}
	if !t.Due.IsZero() {
		parts = append(parts, "due "+when(t.Due)+overdue(t))
	}
	if len(parts) > 0 {
		fmt.Fprintf(w, "      %s\n", strings.Join(parts, ", "))
	}
}

func overdue(t workflows.Task) string {
	if t.Due.IsZero() || t.Due.After(time.Now()) {
		return ""
	}
	return ": OVERDUE"
}

func writeNews(w io.Writer, s shown) {
	if s.News == nil {
		return
	}
	fmt.Fprintf(w, "\nNEWS from %s, not believed yet (%s)\n  to approve it: lastday approve %s --digest %s\n", s.News.By, orDash(s.News.Why), s.Case, s.News.ID)
}

// mostLogLines bounds what the terminal shows; --json has all.
const mostLogLines = 12

func writeLog(w io.Writer, s shown) {
	fmt.Fprintln(w, "\nWHAT HAPPENED")
	if earlier := len(s.Log) - mostLogLines; earlier > 0 {
		fmt.Fprintf(w, "  … %d earlier; --json has all that the case still holds, `lastday report %s` the whole story\n", earlier, s.Case)
	}
	for _, e := range s.Log[max(0, len(s.Log)-mostLogLines):] {
		fmt.Fprintf(w, "  %s  %s", when(e.At), e.What)
		if e.By != "" {
			fmt.Fprintf(w, "  (%s)", e.By)
		}
		if e.Refused != "" {
			fmt.Fprintf(w, "  REFUSED: %s", e.Refused)
		}
		fmt.Fprintln(w)
	}
}

// listed is one open case in the list.
type listed struct {
	Case   string   `json:"case"`
	State  string   `json:"state"`
	Stage  string   `json:"stage"`
	Cutoff string   `json:"cutoff"`
	Tasks  int64    `json:"tasks"`
	Stuck  []string `json:"stuck,omitempty"`
}

// mostListed bounds the list.
const mostListed = 1000

// list lists the open cases by what the server stores of them: no worker need run.
func (p *program) list(ctx context.Context) error {
	_, c, err := p.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	all, err := openCases(ctx, c)
	if err != nil {
		return lastday.Wrap(lastday.CodeTransient, "list", "Temporal", err)
	}
	return p.print(all, func(w io.Writer) {
		table(w, "CASE\tSTATE\tSTAGE\tCUT (UTC)\tOPEN TASKS\tSTUCK", func(row func(string, ...any)) {
			for _, l := range all {
				row("%s\t%s\t%s\t%s\t%d\t%s", l.Case, l.State, l.Stage, minute(l.Cutoff), l.Tasks, strings.Join(l.Stuck, ", "))
			}
		})
	})
}

// minute shortens a moment of a search attribute for people. What is no moment
// stays as it is.
func minute(moment string) string {
	at, err := time.Parse(time.RFC3339Nano, moment)
	if err != nil {
		return orDash(moment)
	}
	return at.UTC().Format("2006-01-02 15:04")
}

func openCases(ctx context.Context, c client.Client) ([]listed, error) {
	all := []listed{}
	var token []byte
	for len(all) < mostListed {
		page, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Query: `WorkflowType = 'Case' AND ExecutionStatus = 'Running'`, PageSize: 200, NextPageToken: token,
		})
		if err != nil {
			return nil, err
		}
		for _, e := range page.GetExecutions() {
			fields := e.GetSearchAttributes().GetIndexedFields()
			l := listed{Case: strings.TrimPrefix(e.GetExecution().GetWorkflowId(), "case/")}
			for name, into := range map[string]any{
				"LastdayState": &l.State, "LastdayStage": &l.Stage, "LastdayCutoff": &l.Cutoff, "LastdayTasks": &l.Tasks, "LastdayStuck": &l.Stuck,
			} {
				if field, ok := fields[name]; ok {
					if err := converter.GetDefaultDataConverter().FromPayload(field, into); err != nil {
						return nil, fmt.Errorf("read %s of %s: %w", name, l.Case, err)
					}
				}
			}
			all = append(all, l)
		}
		if token = page.GetNextPageToken(); len(token) == 0 {
			return all, nil
		}
	}
	return all, nil
}
