package workflows

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"lastday"
)

// Status is where a case stands, for people and machines.
type Status struct {
	Case  string `json:"case"`
	State string `json:"state"`
	// WaitsFor says in words what the case waits for; empty if for nothing.
	WaitsFor   string             `json:"waitsFor,omitempty"`
	Stage      string             `json:"stage"`
	NextStage  string             `json:"nextStage,omitempty"`
	NextAt     time.Time          `json:"nextAt,omitzero"`
	Separation lastday.Separation `json:"separation"`
	Cutoff     lastday.Moment     `json:"cutoff"`
	PlanDigest string             `json:"planDigest"`
	Lanes      []Lane             `json:"lanes"`
	Tasks      []Task             `json:"tasks,omitempty"`
	News       *News              `json:"news,omitempty"`
	Held       *Held              `json:"held,omitempty"`
	CutNow     *Order             `json:"cutNow,omitempty"`
	Approvals  []Approval         `json:"approvals,omitempty"`
	Reached    []Reached          `json:"reached,omitempty"`
	Log        []Entry            `json:"log,omitempty"`
	Times      Times              `json:"times"`
}

// Answer finds what became of a message.
func (s Status) Answer(message string) (Entry, bool) {
	i := slices.IndexFunc(s.Log, func(e Entry) bool { return e.Message == message })
	if i < 0 {
		return Entry{}, false
	}
	return s.Log[i], true
}

// The states of a case, as they stand in search attributes.
const (
	StatePlanning  = "planning"
	StateApproval  = "needs approval"
	StateHeld      = "held"
	StateWaiting   = "waiting"
	StateReducing  = "reducing"
	StateStuck     = "stuck"
	StateWatching  = "watching"
	StateRestoring = "restoring"
	StateClosed    = "closed"
)

func (c *caseRun) status() (Status, error) {
	st := Status{
		Case: c.id, State: c.state(), WaitsFor: c.waitsFor(), Separation: c.s.Separation, Cutoff: c.s.Plan.Cutoff,
		PlanDigest: c.s.Plan.Digest, Lanes: copies(c.s.Lanes), Tasks: c.s.Tasks, News: c.s.News, Held: c.s.Held, CutNow: c.s.CutNow,
		Approvals: c.s.Approvals, Reached: c.s.Reached, Log: c.s.Log, Times: c.s.Times, Stage: c.stage(),
	}
	if next, ok := c.nextStage(); ok {
		st.NextStage, st.NextAt = next.Name, next.Moment.Instant
	}
	return st, nil
}

// stage is the last stage that is in force.
func (c *caseRun) stage() string {
	if n := len(c.s.Reached); n > 0 {
		return c.s.Reached[n-1].Stage
	}
	return "before"
}

func (c *caseRun) state() string {
	switch {
	case !c.s.Times.Closed.IsZero():
		return StateClosed
	case c.s.Held != nil && c.s.CutNow == nil:
		return StateHeld
	case c.stuck():
		return StateStuck
	case c.s.Restoring:
		return StateRestoring
	case c.s.Plan.Digest == "":
		return StatePlanning
	case c.waitsFor() != "" || c.newsWaits():
		return StateApproval
	case c.anyWorking():
		return StateReducing
	case c.pastCut():
		return StateWatching
	}
	return StateWaiting
}

func (c *caseRun) newsWaits() bool { return c.s.News != nil && c.s.News.Why != "" }

func (c *caseRun) anyWorking() bool {
	return slices.ContainsFunc(c.s.Lanes, func(l *Lane) bool { return l.State == LaneWorking })
}

// stuck says that something waits for a person, or has not mended for long
// enough that a person was told.
func (c *caseRun) stuck() bool {
	return slices.ContainsFunc(c.s.Tasks, func(t Task) bool {
		return t.Closed == nil && t.System+string(t.Kind) != string(TaskDecision) && (t.Told > 0 || !t.Kind.heals())
	})
}

// attributes are the search attributes as they were last written.
type attributes struct {
	stage, state, person, stuck, details string
	tasks                                int64
	cutoff                               time.Time
}

// publish writes what changed to where admins look: search attributes, which
// are stored, and the current details, which the UI asks for.
func (c *caseRun) publish(ctx workflow.Context) {
	if details := c.details(); details != c.attributes.details {
		c.attributes.details = details
		workflow.SetCurrentDetails(ctx, details)
	}
	updates := c.changedAttributes()
	if len(updates) == 0 {
		return
	}
	if err := workflow.UpsertTypedSearchAttributes(ctx, updates...); err != nil {
		workflow.GetLogger(ctx).Error("search attributes were not written", "case", c.id, "code", "internal")
	}
}

func (c *caseRun) changedAttributes() []temporal.SearchAttributeUpdate {
	var updates []temporal.SearchAttributeUpdate
	a := &c.attributes
	keyword := func(have *string, now string, key temporal.SearchAttributeKeyKeyword) {
		if *have != now {
			*have = now
			updates = append(updates, key.ValueSet(now))
		}
	}
	keyword(&a.state, c.state(), searchState())
	keyword(&a.stage, c.stage(), searchStage())
	keyword(&a.person, personKey(c.s.Separation), searchPerson())
	if cutoff := c.s.Plan.Cutoff.Instant; !cutoff.IsZero() && !cutoff.Equal(a.cutoff) {
		a.cutoff = cutoff
		updates = append(updates, searchCutoff().ValueSet(cutoff))
	}
	if stuck := c.stuckSystems(); strings.Join(stuck, ",") != a.stuck {
		a.stuck = strings.Join(stuck, ",")
		updates = append(updates, searchStuck().ValueSet(stuck))
	}
	if n := int64(len(c.openTasks())); n != a.tasks {
		a.tasks = n
		updates = append(updates, searchTasks().ValueSet(n))
	}
	return updates
}

func (c *caseRun) stuckSystems() []string {
	stuck := []string{}
	for _, l := range c.s.Lanes {
		if l.State == LaneStuck {
			stuck = append(stuck, l.System)
		}
	}
	return stuck
}

// details is the page that an admin sees first: in one table per question,
// where does it stand, and what is stuck and why.
func (c *caseRun) details() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n", c.headline())
	c.writeLanes(&b)
	c.writeTasks(&b)
	c.writeStages(&b)
	c.writeLog(&b)
	return b.String()
}

func (c *caseRun) headline() string {
	cut := c.s.Plan.Cutoff
	head := strings.ToUpper(c.state()[:1]) + c.state()[1:]
	if !cut.Date.IsZero() {
		head += fmt.Sprintf(" · cut %s %s %s", cut.Date, cut.Time, cut.Zone)
	}
	if next, ok := c.nextStage(); ok && !c.s.Restoring {
		head += fmt.Sprintf(" · next **%s** on %s %s", next.Name, next.Moment.Date, next.Moment.Time)
	}
	if waits := c.waitsFor(); waits != "" {
		head += " · waits for " + waits
	}
	if c.newsWaits() {
		head += " · news waits for approval: " + tellSeparation(c.s.News.Separation)
	}
	return head
}

func (c *caseRun) writeLanes(b *strings.Builder) {
	b.WriteString("| System | State | Highest level now | Grants | Read back clean at | Why |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, l := range c.s.Lanes {
		level, grants := l.Highest.String(), fmt.Sprint(l.Grants)
		if l.Read.IsZero() {
			level, grants = "not read", ""
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |\n", l.System, l.State, level, grants, l.Clean, cell(l.Why))
	}
}

func (c *caseRun) writeStages(b *strings.Builder) {
	if len(c.s.Plan.Stages) == 0 {
		return
	}
	b.WriteString("\n| Stage | From | Nothing above | In force | Planned changes |\n| --- | --- | --- | --- | --- |\n")
	for _, st := range c.s.Plan.Stages {
		in := ""
		if c.reached(st.Name) {
			in = "yes"
		}
		fmt.Fprintf(b, "| %s | %s %s %s | %s | %s | %d |\n", st.Name, st.Moment.Date, st.Moment.Time, st.Moment.Zone, st.Ceiling, in, len(st.Changes))
	}
}

// mostRows bounds the tables: details have a limit, and the CLI shows all.
const mostRows = 12

func (c *caseRun) writeTasks(b *strings.Builder) {
	open := c.openTasks()
	if len(open) == 0 {
		return
	}
	fmt.Fprintf(b, "\n**Open: %d**\n\n", len(open))
	for _, t := range open[:min(len(open), mostRows)] {
		fmt.Fprintf(b, "- **%s** %s: %s\n", cmp.Or(t.System, "case"), cell(t.What), cell(t.Why))
		if t.Todo != "" {
			fmt.Fprintf(b, "  - to do: %s\n", cell(t.Todo))
		}
		if by := strings.TrimPrefix(deadline(t), ". "); by != "" {
			fmt.Fprintf(b, "  - %s\n", cell(by))
		}
		fmt.Fprintf(b, "  - answer: `lastday resolve %s --task %s --how …`\n", c.id, t.ID)
	}
	if more := len(open) - mostRows; more > 0 {
		fmt.Fprintf(b, "\n%d more: `lastday status %s`\n", more, c.id)
	}
}

func (c *caseRun) writeLog(b *strings.Builder) {
	b.WriteString("\n| When | What | Who |\n| --- | --- | --- |\n")
	for _, e := range c.s.Log[max(0, len(c.s.Log)-mostRows):] {
		what := cell(e.What)
		if e.Refused != "" {
			what += " (refused: " + cell(e.Refused) + ")"
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", e.At.UTC().Format("2006-01-02 15:04:05"), what, cell(e.By))
	}
}

// cell makes a text safe for a cell of a table.
func cell(text string) string {
	const most = 160
	text = strings.Join(strings.Fields(strings.ReplaceAll(text, "|", "/")), " ")
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}
