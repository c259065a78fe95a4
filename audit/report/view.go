package report

import (
	"cmp"
	"fmt"
	"strings"

	"lastday"
	"lastday/audit/story"
)

// page is what every page has.
type page struct {
	Title   string
	Running string
	Proofs  Proofs
	Made    string
	Grades  []grade
	Stand   []figure
	// Checkable says that a checkpoint vouches for the page.
	Checkable bool
}

// figure is a number with its name.
type figure struct {
	Value string
	Name  string
	Class string
}

// caseData is what the page of a case is filled with.
type caseData struct {
	page
	Case     story.Case
	Name     string
	Tone     string
	Lead     string
	Facts    []fact
	Pictures []picture
	Dial     dial
	SLA      string
	SLATone  string
	Clocks   []distanceRow
	Systems  []systemTable
	Except   []exceptionRow
	Residue  []residueRow
	Stages   []stageRow
	Events   []eventRow
	Tasks    []taskRow
	Plans    []planRow
	Controls []control
}

type fact struct {
	Name  string
	Value string
	Mono  bool
}

type distanceRow struct {
	Name, Span, Meaning string
	Known               bool
	// Partly is what is known of some systems, where not of all.
	Partly string
}

type systemTable struct {
	Name, Account, Searched, Blind string
	Evidence                       []string
	Rows                           []accessRow
}

type accessRow struct {
	Kind, Name, Via          string
	Before, BeforeLevel      string
	After, AfterLevel        string
	Ordered, Done, Seen, Due stamp
	Late, LateClass          string
	Proof                    grade
	Standing                 string
	Class                    string
	Note                     string
	Requests                 []string
}

type exceptionRow struct {
	story.Exception
	When, Due stamp
	Grade     grade
	Timing    string
	Eyes      string
	EyesClass string
}

type residueRow struct {
	story.Residue
	Ends, State, Class, Holder string
}

type stageRow struct {
	Name, Ceiling, Rule string
	At, Reached         stamp
	Changes             int
	Cut, Watch          bool
}

type taskRow struct {
	story.Task
	Opened, Due, Closed stamp
	State, Class        string
}

type planRow struct {
	story.Plan
	At stamp
}

func newPage(title, running string, p Proofs, k clock) page {
	return page{
		Title: title, Running: running, Proofs: p, Made: k.long(p.Made), Grades: grades(), Checkable: p.Checkpoint != "",
	}
}

func caseView(c story.Case, p Proofs) caseData {
	k := newClock(c.Separation.Zone)
	d := caseData{
		page: newPage("Offboarding record "+c.ID, c.ID, p, k), Case: c, Name: c.Name(), Tone: tone(c.Verdict.Word), Lead: lead(c, k),
		Facts: facts(c, k), Pictures: pictures(c, k), Dial: drawClocks(c, k), Controls: controls(tallyOf([]story.Case{c})),
		Events: events(c, k),
	}
	d.Stand = figures(c)
	d.SLA, d.SLATone = promise(c.SLA), slaTone(c.SLA)
	d.Clocks = distances(c.Clocks)
	for _, s := range c.Systems {
		d.Systems = append(d.Systems, systemRows(s, k))
	}
	d.lists(c, k)
	return d
}

func distances(k story.Clocks) []distanceRow {
	var all []distanceRow
	for _, x := range k.Distances() {
		row := distanceRow{Name: x.Name, Span: signed(x.Span()), Meaning: x.Meaning, Known: x.Known}
		if !x.Known && x.From.Equal(k.Due) && !k.LastShown.IsZero() && x.To.Equal(k.Verified) {
			row.Partly = fmt.Sprintf("for %d of %s: %s", k.Shown, plural(k.Systems, "system"), signed(k.LastShown.Sub(k.Due)))
		}
		all = append(all, row)
	}
	return all
}

func (d *caseData) lists(c story.Case, k clock) {
	for _, e := range c.Exceptions {
		d.Except = append(d.Except, exceptionOf(e, k))
	}
	for _, r := range c.Residue {
		d.Residue = append(d.Residue, residueOf(r, c, k))
	}
	for _, s := range c.Stages {
		d.Stages = append(d.Stages, stageRow{
			Name: s.Name, Ceiling: s.Ceiling.String(), Rule: s.Moment.Rule, At: k.stamp(s.Moment.Instant), Reached: k.stamp(s.Reached),
			Changes: s.Changes, Cut: s.Cut, Watch: s.Watch,
		})
	}
	for _, t := range c.Tasks {
		d.Tasks = append(d.Tasks, taskOf(t, k))
	}
	for _, p := range c.Plans {
		d.Plans = append(d.Plans, planRow{Plan: p, At: k.stamp(p.At)})
	}
}

func lead(c story.Case, k clock) string {
	if c.Separation.Rescinded {
		return "The end of the engagement was taken back."
	}
	due := c.Clocks.Due
	if due.IsZero() {
		return "Last day " + c.Separation.LastDay.String() + ", no plan yet."
	}
	return "Access due to end " + k.long(due) + "."
}

func facts(c story.Case, k clock) []fact {
	s := c.Separation
	zone := s.Zone
	if s.ZoneBasis != "" {
		zone += " (" + strings.ReplaceAll(s.ZoneBasis, "_", " ") + ")"
	}
	if !k.known {
		zone += ": unknown here, times are UTC"
	}
	all := []fact{
		{"Last day", s.LastDay.String(), false},
		{"Zone", zone, false},
		{"Kind", strings.ReplaceAll(string(s.Kind), "_", " "), false},
		{"Works as", cmp.Or(s.Engagement.WorkerType, "not told"), false},
		{"Told by", s.Source, false},
		{"Person", c.Person, true},
		{"Employee number", cmp.Or(c.Subject.EmployeeNumber, "not told"), true},
		{"Engagement", s.Engagement.ID, true},
		{"Records", recordCount(c), false},
		{"Told as of", k.long(c.AsOf), false},
	}
	if c.Closed != nil {
		all = append(all, fact{"Closed", k.long(c.ClosedAt), false})
	}
	return all
}

func recordCount(c story.Case) string {
	if len(c.Missing) == 0 {
		return fmt.Sprintf("%d, numbered without a gap", c.Records)
	}
	return fmt.Sprintf("%d of %d", c.Records, c.Last)
}

func figures(c story.Case) []figure {
	left := 0
	for _, r := range c.Residue {
		if r.Open(c.AsOf) {
			left++
		}
	}
	back := 0
	for _, s := range c.Systems {
		back += s.Resurrected
	}
	open := c.Total() - c.Accesses(story.Gone, story.Powerless, story.Attested, story.Waived)
	alarm := "p-none"
	if tone(c.Verdict.Word) == "calm" {
		alarm = "" // what is not due yet is no finding
	}
	return []figure{
		{fmt.Sprint(c.Total()), "accesses found", ""},
		{fmt.Sprint(c.Accesses(story.Gone, story.Powerless)), "read back gone", "p-observed"},
		{fmt.Sprint(c.Accesses(story.Attested)), "of them attested", mark(c.Accesses(story.Attested), "p-attested")},
		{fmt.Sprint(c.Accesses(story.Waived)), "of them waived", mark(c.Accesses(story.Waived), "p-waived")},
		{fmt.Sprint(open), "not shown gone", mark(open, alarm)},
		{fmt.Sprint(back), "came back", mark(back, "p-none")},
		{fmt.Sprint(left), "residue open", mark(left, alarm)},
	}
}

func mark(n int, class string) string {
	if n == 0 {
		return "zero"
	}
	return class
}

func promise(s story.SLA) string {
	text := ""
	switch s.State {
	case story.SLAMet:
		text = fmt.Sprintf("Met: verified %s after it was due and known; %s allowed.", span(s.Taken), span(s.Allowed))
	case story.SLAMissed:
		text = fmt.Sprintf("Missed: %s after it was due and known; %s allowed.", span(s.Taken), span(s.Allowed))
	case story.SLAAnswered:
		text = fmt.Sprintf("In time, but part of it on people's word: %s; %s allowed.", span(s.Taken), span(s.Allowed))
	case story.SLARunning:
		text = "The time is not over."
	case story.SLANone:
		text = "Does not apply."
	}
	if s.LateHR {
		text += " HR told of it after it was due: late HR."
	}
	return text
}

func systemRows(s story.System, k clock) systemTable {
	t := systemTable{Name: s.Name, Account: strings.TrimSpace(s.Account.Login + " " + s.Account.ID), Blind: s.Blind, Evidence: s.Evidence}
	switch s.Searched {
	case lastday.FoundOne:
		t.Searched = "exactly one account"
	case lastday.FoundNone:
		t.Searched = "no account, after a complete search"
	case lastday.FoundMany:
		t.Searched = "more than one account may be the person's"
	default:
		t.Searched = "never read"
	}
	for _, a := range s.Accesses {
		t.Rows = append(t.Rows, accessOf(a, k))
	}
	return t
}

func accessOf(a story.Access, k clock) accessRow {
	r := accessRow{
		Kind: a.Kind, Name: cmp.Or(a.Resource.Name, a.Key), Via: strings.Join(a.Via, " → "), Before: a.Before, BeforeLevel: a.BeforeLevel.String(),
		After: a.After, AfterLevel: a.AfterLevel.String(), Ordered: k.stamp(a.Ordered), Done: k.stamp(a.Done), Seen: k.stamp(a.Seen), Due: k.stamp(a.Due),
		Proof: gradeOf(a.Proof), Standing: string(a.Standing), Note: a.Note, Class: "st-" + strings.ReplaceAll(string(a.Standing), " ", "-"),
	}
	if a.Managed != "" {
		r.Via = strings.TrimSpace(r.Via + " managed by " + a.Managed)
	}
	if late, known := a.Late(); known && len(a.Changes) > 0 {
		r.Late, r.LateClass = signed(late), "early"
		if late > 0 {
			r.LateClass = "after"
		}
	}
	for _, c := range a.Changes {
		for _, q := range c.Requests {
			r.Requests = append(r.Requests, strings.TrimSpace(fmt.Sprintf("%s %s %d", q.What, q.ID, q.Status)))
		}
	}
	return r
}

func exceptionOf(e story.Exception, k clock) exceptionRow {
	r := exceptionRow{Exception: e, When: k.stamp(e.At), Due: k.stamp(e.Due), Grade: gradeOf(e.Proof), Eyes: "nobody else approved it", EyesClass: "bad"}
	switch {
	case e.FourEyes():
		r.Eyes, r.EyesClass = "approved by another person", "good"
	case e.Proof == lastday.ProofAttested:
		r.Eyes, r.EyesClass = "one person's word", "word"
	}
	early, known := e.BeforeDue()
	switch {
	case !known:
		r.Timing = "no deadline"
	case early:
		r.Timing = span(e.Due.Sub(e.At)) + " before the deadline"
	default:
		r.Timing = span(e.At.Sub(e.Due)) + " after the deadline"
	}
	return r
}

func residueOf(r story.Residue, c story.Case, k clock) residueRow {
	row := residueRow{Residue: r, State: "open", Class: "bad", Ends: "not by itself", Holder: cmp.Or(r.Owner, "nobody")}
	if !r.Until.IsZero() {
		row.Ends = k.stamp(r.Until).UTC
	}
	switch {
	case r.Harmless:
		row.State, row.Class, row.Holder = "harmless", "good", "needs nobody"
	case r.Answered != "":
		row.State, row.Class = r.Answered, "word"
	case !r.Open(c.AsOf):
		row.State, row.Class = "ended by itself", "good"
	}
	return row
}

func taskOf(t story.Task, k clock) taskRow {
	row := taskRow{Task: t, Opened: k.stamp(t.Opened), Due: k.stamp(t.Due), Closed: k.stamp(t.Closed), State: "open", Class: "bad"}
	if !t.Open() {
		row.State, row.Class = closedHow(t), "good"
	}
	return row
}

// closedHow says in words how a task was closed.
func closedHow(t story.Task) string {
	switch t.How {
	case "waive":
		return "waived by " + t.By
	case "attest":
		return "attested by " + t.By
	case "cleared":
		return "went away by itself"
	case "link":
		return "linked by " + t.By
	}
	return "tried again" + by(t.By)
}

func by(name string) string {
	if name == "" {
		return ""
	}
	return " by " + name
}
