package workflows

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"lastday"
	"lastday/activities"
)

// SweepType is the workflow type of a Sweep, SweepID the id of the scheduled
// one and of its schedule.
const (
	SweepType = "Sweep"
	SweepID   = "sweep"
)

// QuerySweep asks a running or closed Sweep what it has found so far.
const QuerySweep = "sweep"

// SweepInput starts a Sweep.
type SweepInput struct {
	// Systems are the systems to ask; empty is all.
	Systems []string `json:"systems,omitempty"`
	// OpenCases opens a case for everybody who is found. Without it nothing is
	// changed: what is found is told and listed.
	OpenCases bool `json:"openCases,omitempty"`
	// By is who ordered the sweep.
	By string `json:"by,omitempty"`
	// State carries a sweep over a continue-as-new; nil begins.
	State *SweepState `json:"state,omitempty"`
}

// SweepState is all that a Sweep knows.
type SweepState struct {
	Result SweepResult `json:"result"`
	// At is where the next page of the roster begins.
	At string `json:"at,omitempty"`
	// Found are those for whom a case is to be opened.
	Found []activities.Leaver `json:"found,omitempty"`
	// Failures counts by system how often in a row it could not be asked at all.
	Failures map[string]int `json:"failures,omitempty"`
}

// SweepResult says what people who left still have.
type SweepResult struct {
	Began time.Time `json:"began"`
	Ended time.Time `json:"ended,omitzero"`
	// Leavers is how many people were looked for, Still how many of the roster
	// have not left yet.
	Leavers int           `json:"leavers"`
	Still   int           `json:"still,omitempty"`
	Systems []SweepSystem `json:"systems"`
	// Found is access that should not exist, Unseen what could not be looked at.
	// Both are bounded: More counts what is not listed.
	Found  []activities.Sighting `json:"found,omitempty"`
	Unseen []activities.Unseen   `json:"unseen,omitempty"`
	More   int                   `json:"more,omitempty"`
	// Opened are the cases that were opened.
	Opened []string `json:"opened,omitempty"`
	// Trouble says what else went wrong, such as a case that could not be opened.
	Trouble []string `json:"trouble,omitempty"`
}

// SweepSystem counts people in one system. Looked = Clean + Found + Unknown,
// where somebody found is counted as such also if not all could be seen.
type SweepSystem struct {
	System  string `json:"system"`
	Queue   string `json:"queue"`
	Manual  bool   `json:"manual,omitempty"`
	Looked  int    `json:"looked"`
	Clean   int    `json:"clean"`
	Found   int    `json:"found"`
	Unknown int    `json:"unknown"`
}

// Clean says whether everybody was looked for everywhere and nothing was found.
// A sweep for nobody shows nothing.
func (r SweepResult) Clean() bool {
	for _, s := range r.Systems {
		if s.Clean != r.Leavers {
			return false
		}
	}
	return r.Leavers > 0 && len(r.Systems) > 0 && len(r.Trouble) == 0
}

// Sweep asks every system about everybody who left: access that should not
// exist is told and listed. What could not be looked at is unknown, never
// clean. It cuts nothing; if it was asked to, it opens cases, which pass the
// gate like all others.
func Sweep(ctx workflow.Context, in SweepInput) (SweepResult, error) {
	s := &sweepRun{in: in, s: in.State}
	if s.s == nil {
		s.s = &SweepState{Result: SweepResult{Began: workflow.Now(ctx)}}
	}
	if s.s.Failures == nil {
		// An empty map does not survive a continue-as-new.
		s.s.Failures = map[string]int{}
	}
	err := workflow.SetQueryHandlerWithOptions(ctx, QuerySweep, func() (SweepResult, error) { return s.s.Result, nil },
		workflow.QueryHandlerOptions{Description: "What was found so far"})
	if err != nil {
		return SweepResult{}, err
	}
	if len(s.s.Result.Systems) == 0 {
		if err := s.configure(ctx); err != nil {
			return SweepResult{}, err
		}
	}
	for pages := 1; ; pages++ {
		more, err := s.page(ctx)
		if err != nil {
			if ctx.Err() == nil {
				s.tell(ctx, "the sweep could not look for everybody: "+troubleOf(err).Why)
			}
			return SweepResult{}, err
		}
		if !more {
			return s.end(ctx)
		}
		if pages >= pagesPerRun || workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			in.State = s.s
			return SweepResult{}, workflow.NewContinueAsNewError(ctx, SweepType, in)
		}
	}
}

// The bounds of a sweep: people on a page, pages of a run, what is listed.
const (
	sweepPage   = 25
	pagesPerRun = 40
	mostSwept   = 400
)

// sweepWithin is how long one system is tried for one page.
const sweepWithin = 30 * time.Minute

type sweepRun struct {
	in SweepInput
	s  *SweepState
	n  int
}

func (s *sweepRun) id(what string) string {
	s.n++
	return fmt.Sprintf("sweep/%s-%d", what, s.n)
}

func sweeps() *activities.Sweeps { return nil }

func (s *sweepRun) configure(ctx workflow.Context) error {
	var settings activities.Settings
	o := caseCall(s.id("configure"), "Read which systems there are")
	if err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, o), cases().Configure, activities.ConfigureInput{}).Get(ctx, &settings); err != nil {
		return err
	}
	for _, system := range settings.Systems {
		if len(s.in.Systems) == 0 || slices.Contains(s.in.Systems, system.Name) {
			s.s.Result.Systems = append(s.s.Result.Systems, SweepSystem{System: system.Name, Queue: system.Queue, Manual: system.Manual})
		}
	}
	for _, name := range s.in.Systems {
		if !slices.ContainsFunc(s.s.Result.Systems, func(x SweepSystem) bool { return x.System == name }) {
			return temporal.NewNonRetryableApplicationError("there is no system "+name, string(lastday.CodeInvalid), nil)
		}
	}
	return nil
}

// page looks for one page of people in all systems at once.
func (s *sweepRun) page(ctx workflow.Context) (more bool, err error) {
	o := caseCall(s.id("leavers"), "Read who left")
	o.StartToCloseTimeout, o.ScheduleToCloseTimeout = 2*time.Minute, sweepWithin
	page, err := call(ctx, o, sweeps().Leavers, activities.LeaversInput{At: s.s.At, Most: sweepPage})
	if err != nil {
		return false, err
	}
	r := &s.s.Result
	r.Trouble = append(r.Trouble, page.Trouble[:min(len(page.Trouble), max(0, mostSwept-len(r.Trouble)))]...)
	r.Leavers, r.Still, s.s.At = r.Leavers+len(page.Leavers), r.Still+page.Still, page.Next
	if len(page.Leavers) > 0 {
		if err := s.look(ctx, page.Leavers); err != nil {
			return false, err
		}
	}
	workflow.SetCurrentDetails(ctx, r.Details())
	return page.Next != "", nil
}

// look asks all systems about the people of one page. Their answers are taken
// in by the order of the systems, whichever comes first.
func (s *sweepRun) look(ctx workflow.Context, people []activities.Leaver) error {
	futures := make([]workflow.Future, len(s.s.Result.Systems))
	for i, system := range s.s.Result.Systems {
		if s.s.Failures[system.System] >= mostFailures {
			continue
		}
		o := systemCall(system.Queue, s.id(system.System), fmt.Sprintf("Look for %d people in **%s**", len(people), system.System), sweepWithin, false)
		// Cases come first.
		o.Priority = temporal.Priority{PriorityKey: 5}
		in := activities.LookInput{System: system.System, Manual: system.Manual, Leavers: people}
		futures[i] = workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, o), systems().Look, in)
	}
	for i, future := range futures {
		system := &s.s.Result.Systems[i]
		if future == nil {
			s.skip(system, people)
			continue
		}
		var out activities.LookOutput
		err := future.Get(ctx, &out)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			s.unseen(system, people, err)
			continue
		}
		s.s.Failures[system.System] = 0
		s.take(system, people, out)
	}
	return nil
}

// mostFailures is after how many pages in a row a system that cannot be asked
// is not asked any more in this sweep.
const mostFailures = 2

func (s *sweepRun) skip(system *SweepSystem, people []activities.Leaver) {
	system.Looked += len(people)
	system.Unknown += len(people)
}

// unseen notes that a whole page could not be looked for.
func (s *sweepRun) unseen(system *SweepSystem, people []activities.Leaver, err error) {
	s.skip(system, people)
	t := troubleOf(err)
	if s.s.Failures[system.System]++; s.s.Failures[system.System] == 1 {
		s.s.Result.list(nil, []activities.Unseen{{Gap: lastday.Gap{System: system.System, What: "the whole system", Code: t.Code, Why: t.Why}}}, mostSwept)
	}
}

func (s *sweepRun) take(system *SweepSystem, people []activities.Leaver, out activities.LookOutput) {
	found := system.count(out)
	s.s.Result.list(out.Found, out.Unseen, mostSwept)
	for _, l := range people {
		known := slices.ContainsFunc(s.s.Found, func(x activities.Leaver) bool { return x.Case == l.Case })
		if s.in.OpenCases && found[l.Separation.Person.Key] && !known && len(s.s.Found) < mostSwept {
			s.s.Found = append(s.s.Found, l)
		}
	}
}

// count takes in what a system showed, and says who was found.
func (x *SweepSystem) count(out activities.LookOutput) map[string]bool {
	found := map[string]bool{}
	for _, f := range out.Found {
		if f.Access() {
			found[f.Person] = true
		}
	}
	x.Looked += out.Looked
	x.Clean += out.Clean
	x.Found += len(found)
	x.Unknown += out.Looked - out.Clean - len(found)
	return found
}

// Add takes in all that one system showed.
func (r *SweepResult) Add(system SweepSystem, out activities.LookOutput) {
	system.count(out)
	r.Systems = append(r.Systems, system)
	r.list(out.Found, out.Unseen, math.MaxInt)
	r.sort()
}

// sort puts the highest access first.
func (r *SweepResult) sort() {
	slices.SortStableFunc(r.Found, func(a, b activities.Sighting) int {
		return cmp.Or(cmp.Compare(b.Highest, a.Highest), cmp.Compare(a.System, b.System), cmp.Compare(a.Person, b.Person))
	})
}

// list keeps what is told, up to a bound: the rest is counted.
func (r *SweepResult) list(found []activities.Sighting, unseen []activities.Unseen, most int) {
	n := min(len(found), max(0, most-len(r.Found)))
	m := min(len(unseen), max(0, most-len(r.Unseen)))
	r.Found, r.Unseen = append(r.Found, found[:n]...), append(r.Unseen, unseen[:m]...)
	r.More += len(found) - n + len(unseen) - m
}

// end opens cases if it was asked to, tells people, and gives the result.
func (s *sweepRun) end(ctx workflow.Context) (SweepResult, error) {
	r := &s.s.Result
	r.sort()
	if err := s.openCases(ctx); err != nil {
		return SweepResult{}, err
	}
	r.Ended = workflow.Now(ctx)
	workflow.SetCurrentDetails(ctx, r.Details())
	if text := r.Tell(); text != "" {
		s.tell(ctx, text)
	}
	return *r, nil
}

// openCases hands everybody who was found to a case of their own. A case
// passes the gate and the guards before it changes anything.
func (s *sweepRun) openCases(ctx workflow.Context) error {
	for _, l := range s.s.Found {
		separation := l.Separation
		d := lastday.Delivery{
			Source: separation.Source, ID: fmt.Sprintf("sweep-%s-%s", workflow.GetInfo(ctx).FirstRunID, l.Case), Type: "sweep",
			ReceivedAt: workflow.Now(ctx), Scheme: "sweep", Actor: cmp.Or(s.in.By, "the sweep"), Separation: &separation,
		}
		o := caseCall(s.id("open"), "Open case "+l.Case)
		o.ScheduleToCloseTimeout = 10 * time.Minute
		id, err := call(ctx, o, cases().HandOver, d)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			s.s.Result.Trouble = append(s.s.Result.Trouble, fmt.Sprintf("case %s could not be opened: %s", l.Case, troubleOf(err).Why))
			continue
		}
		s.s.Result.Opened = append(s.s.Result.Opened, id)
	}
	return nil
}

// Details are a page for the Temporal UI. It names nobody.
func (r SweepResult) Details() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Looked for %d people who left.\n\n| System | Looked for | Clean | Still there | Unknown |\n| --- | --- | --- | --- | --- |\n", r.Leavers)
	for _, s := range r.Systems {
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d |\n", s.System, s.Looked, s.Clean, s.Found, s.Unknown)
	}
	for _, id := range r.Opened {
		fmt.Fprintf(&b, "- opened %s\n", id)
	}
	for _, t := range r.Trouble[:min(len(r.Trouble), mostRows)] {
		fmt.Fprintf(&b, "- trouble: %s\n", cell(t))
	}
	return b.String()
}

// Tell says in one line what people should know; empty if all is clean. It
// names nobody.
func (r SweepResult) Tell() string {
	if r.Clean() {
		return ""
	}
	text := fmt.Sprintf("sweep for %d people who left:", r.Leavers)
	for _, s := range r.Systems {
		if s.Found > 0 {
			text += fmt.Sprintf(" %s: %d still have access;", s.System, s.Found)
		}
		if s.Unknown > 0 {
			text += fmt.Sprintf(" %s: %d could not be looked for;", s.System, s.Unknown)
		}
	}
	if r.Leavers == 0 {
		text += " the roster is empty, so that nothing was shown;"
	}
	if len(r.Opened) > 0 {
		text += fmt.Sprintf(" %d cases opened;", len(r.Opened))
	}
	if len(r.Trouble) > 0 {
		text += " " + r.Trouble[0] + ";"
	}
	return text[:len(text)-1]
}

// tell tells people, for a day at most: the result is there in any case.
func (s *sweepRun) tell(ctx workflow.Context, text string) {
	info := workflow.GetInfo(ctx)
	urgent := slices.ContainsFunc(s.s.Result.Systems, func(x SweepSystem) bool { return x.Found > 0 })
	o := caseCall(s.id("tell"), "Tell people what was found")
	o.ScheduleToCloseTimeout = 24 * time.Hour
	n := activities.Notice{ID: info.WorkflowExecution.ID + "/" + info.FirstRunID, Kind: "sweep", Text: text, Urgent: urgent}
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, o), cases().Tell, n).Get(ctx, nil)
	if err != nil && !errors.Is(err, workflow.ErrCanceled) {
		s.s.Result.Trouble = append(s.s.Result.Trouble, "nobody could be told: "+troubleOf(err).Why)
	}
}
