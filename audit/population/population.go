// Package population answers the auditor's first question about a period: is
// the list complete? It compares three lists that come from different places:
// the leavers that HR names when it is asked, our cases, and the accounts that
// are still enabled. Every difference is named; where the cause can be seen in
// the lists it is told beside.
//
// A population is complete only if each leaver has a case, each case a leaver,
// no leaver has an account that works after the last day, and every list says
// that it was read whole.
package population

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"lastday"
	"lastday/audit/story"
)

// Leaver is one engagement that HR says ended in the period.
type Leaver struct {
	// Person is the opaque key by which cases know the person, Engagement HR's id
	// of the contract; empty if the list has none.
	Person     string       `json:"person"`
	Engagement string       `json:"engagement,omitempty"`
	Source     string       `json:"source"`
	LastDay    lastday.Date `json:"lastDay"`
	Zone       string       `json:"zone,omitempty"`
	WorkerType string       `json:"workerType,omitempty"`
}

// Enabled is one account that a system shows as usable.
type Enabled struct {
	System  string        `json:"system"`
	Account string        `json:"account"`
	Login   string        `json:"login,omitempty"`
	Person  string        `json:"person"`
	Level   lastday.Level `json:"level"`
	ReadAt  time.Time     `json:"readAt"`
	// Control says why an account that is not in the list would have been seen.
	Control lastday.Control `json:"control"`
}

// List says where one of the lists comes from.
type List struct {
	// Name is leavers, cases or enabled.
	Name string `json:"name"`
	// Source is the system, file or log; Query what was asked of it, with filters.
	Source string    `json:"source"`
	Query  string    `json:"query"`
	ReadAt time.Time `json:"readAt"`
	// Whole says that the source gave all of it: every page, and no error.
	Whole bool `json:"whole"`
	// Why it is not whole.
	Why string `json:"why,omitempty"`
	// Rows and SHA256 are filled by Reconcile: the number of rows, and the digest
	// over their canonical lines.
	Rows   int    `json:"rows"`
	SHA256 string `json:"sha256"`
}

// Input is what Reconcile compares.
type Input struct {
	// From and To bound the period by last day, both inclusive.
	From lastday.Date
	To   lastday.Date
	// Zone is the zone of who asks; times of the files are UTC all the same.
	Zone    string
	Leavers []Leaver
	Cases   []story.Case
	Enabled []Enabled
	// Lists describe the three sources, by name.
	Lists []List
	// Made, By and Tool say when, for whom and with which lastday.
	Made time.Time
	By   string
	Tool string
}

// State is how a row of the comparison ended.
type State string

// The states of a row.
const (
	// Matched: a leaver, a case, and no account left.
	Matched State = "matched"
	// NoCase: HR names the leaver, and there is no case.
	NoCase State = "in HR, no case"
	// NoLeaver: there is a case, and HR does not name the leaver.
	NoLeaver State = "case, not in HR"
	// StillEnabled: the last day is over, and an account still works.
	StillEnabled State = "still enabled"
	// TakenBack: HR names the leaver, and the case says that the engagement goes on.
	TakenBack State = "in HR, case taken back"
	// DatesDiffer: leaver and case do not agree on the last day.
	DatesDiffer State = "last days differ"
)

// Row is one engagement of the comparison.
type Row struct {
	Person     string       `json:"person"`
	Engagement string       `json:"engagement,omitempty"`
	Source     string       `json:"source,omitempty"`
	LastDay    lastday.Date `json:"lastDay"`
	Zone       string       `json:"zone,omitempty"`
	// Case is empty if there is none; Name is known only from its records.
	Case     string         `json:"case,omitempty"`
	Name     string         `json:"name,omitempty"`
	Verdict  story.Word     `json:"verdict,omitempty"`
	CaseDay  lastday.Date   `json:"caseLastDay"`
	Due      time.Time      `json:"due,omitzero"`
	Verified time.Time      `json:"verified,omitzero"`
	SLA      story.SLAState `json:"sla,omitempty"`
	Enabled  []Enabled      `json:"enabled,omitempty"`
	State    State          `json:"state"`
	// Explained says what in the lists explains the difference; empty if nothing
	// does: then a person must.
	Explained string `json:"explained,omitempty"`
}

// Key names the row for a sample: it does not depend on its place.
func (r Row) Key() string {
	return r.Person + "\x00" + r.Engagement + "\x00" + r.Source + "\x00" + r.Case
}

// Result is a comparison with all that is needed to trust or doubt it.
type Result struct {
	From  lastday.Date `json:"from"`
	To    lastday.Date `json:"to"`
	Zone  string       `json:"zone"`
	Rows  []Row        `json:"rows"`
	Lists []List       `json:"lists"`
	// Strangers are enabled accounts of people who are in neither of the other
	// lists; they are no finding about leavers.
	Strangers int `json:"strangers"`
	// Complete is the verdict, Findings what speaks against it.
	Complete bool          `json:"complete"`
	Findings []string      `json:"findings,omitempty"`
	Counts   map[State]int `json:"counts"`
	Made     time.Time     `json:"made"`
	By       string        `json:"by,omitempty"`
	Tool     string        `json:"tool,omitempty"`
}

// Reconcile compares the three lists.
//
// CodeInvalid: the period is turned around, or the same engagement stands twice
// in the list of leavers with different facts.
func Reconcile(in Input) (Result, error) {
	if in.To.Before(in.From) {
		return Result{}, lastday.Errorf(lastday.CodeInvalid, "population", "the period ends on %s before it begins on %s", in.To, in.From)
	}
	leavers, err := once(in)
	if err != nil {
		return Result{}, err
	}
	m := matcher{in: in, leavers: leavers, used: map[string]bool{}}
	m.match()
	r := Result{From: in.From, To: in.To, Zone: in.Zone, Rows: m.rows, Made: in.Made, By: in.By, Tool: in.Tool, Counts: map[State]int{}}
	r.Strangers = m.strangers()
	for _, row := range r.Rows {
		r.Counts[row.State]++
	}
	r.Lists = lists(in, leavers)
	r.Findings = slices.Concat(findings(r), m.dayless(), unfinished(in))
	r.Complete = len(r.Findings) == 0
	return r, nil
}

// once keeps the leavers of the period, each engagement once.
func once(in Input) ([]Leaver, error) {
	seen := map[string]Leaver{}
	var all []Leaver
	for _, l := range in.Leavers {
		if l.LastDay.Before(in.From) || in.To.Before(l.LastDay) {
			continue
		}
		key := l.Source + "\x00" + l.Person + "\x00" + l.Engagement
		if l.Engagement == "" { // then only the last day tells two of them apart
			key += l.LastDay.String()
		}
		if old, twice := seen[key]; twice {
			if old != l {
				return nil, lastday.Errorf(lastday.CodeInvalid, "population", "engagement %s of %s stands twice in the list of leavers, with different facts", l.Engagement, l.Person)
			}
			continue
		}
		seen[key] = l
		all = append(all, l)
	}
	return all, nil
}

type matcher struct {
	in      Input
	leavers []Leaver
	used    map[string]bool
	rows    []Row
}

func (m *matcher) match() {
	for _, l := range m.leavers {
		m.rows = append(m.rows, m.leaver(l))
	}
	for _, c := range m.in.Cases {
		if !m.used[c.ID] && m.within(c) {
			m.rows = append(m.rows, m.alone(c))
		}
	}
	slices.SortStableFunc(m.rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.LastDay.String(), b.LastDay.String()), cmp.Compare(a.Person, b.Person), cmp.Compare(a.Engagement, b.Engagement), cmp.Compare(a.Case, b.Case))
	})
}

// unfinished says that days of the period are still to come, wherever one is:
// whoever leaves on them can be in no list.
func unfinished(in Input) []string {
	today := lastday.DateOf(in.Made.In(time.FixedZone("", 14*60*60))) // no zone is further ahead
	if in.Made.IsZero() || !today.Before(in.To) {
		return nil
	}
	return []string{fmt.Sprintf("the period ends on %s, and was compared at %s: who leaves after that is in no list", in.To, utc(in.Made))}
}

// dayless names the cases that may belong to the period, and whose records do
// not tell their last day any more.
func (m *matcher) dayless() []string {
	var all []string
	for _, c := range m.in.Cases {
		if !c.Separation.LastDay.IsZero() || c.Separation.Rescinded || m.used[c.ID] {
			continue
		}
		due, closed := lastday.DateOf(c.Clocks.Due.UTC()), lastday.DateOf(c.ClosedAt.UTC()) // their own days are at most two away
		if !c.Clocks.Due.IsZero() && (due.AddDays(2).Before(m.in.From) || m.in.To.Before(due.AddDays(-2))) {
			continue
		}
		if !c.ClosedAt.IsZero() && closed.AddDays(2).Before(m.in.From) {
			continue
		}
		all = append(all, "case "+c.ID+" does not tell the last day: the record of it was erased, or lost")
	}
	return all
}

func (m *matcher) within(c story.Case) bool {
	day := c.Separation.LastDay
	return !day.Before(m.in.From) && !m.in.To.Before(day)
}

// leaver finds the case of a leaver: by person and engagement, or by person
// alone where the list has no engagement and the person has one case.
func (m *matcher) leaver(l Leaver) Row {
	row := Row{Person: l.Person, Engagement: l.Engagement, Source: l.Source, LastDay: l.LastDay, Zone: l.Zone, State: NoCase}
	c, found := m.caseOf(l)
	if found {
		m.used[c.ID] = true
		row.fill(c)
		row.State = Matched
		if from := c.Separation.Source; from != l.Source {
			row.Explained = "the case came from " + from + ": the key of the person is taken to mean the same there"
		}
	} else {
		row.Explained = m.otherCase(l)
	}
	switch {
	case found && c.Separation.Rescinded:
		row.State = TakenBack
	case found && c.Separation.LastDay != l.LastDay:
		row.State = DatesDiffer
	}
	m.enabled(&row)
	return row
}

func (m *matcher) caseOf(l Leaver) (story.Case, bool) {
	var found []story.Case
	for _, c := range m.in.Cases {
		same := c.Person == l.Person && (l.Engagement == "" || c.Separation.Engagement.ID == l.Engagement)
		if same && !m.used[c.ID] {
			found = append(found, c)
		}
	}
	if len(found) == 1 {
		return found[0], true
	}
	for _, c := range found {
		if c.Separation.LastDay == l.LastDay {
			return c, true
		}
	}
	return story.Case{}, false
}

// otherCase tells of a case of the same person about another engagement: it
// explains nothing away.
func (m *matcher) otherCase(l Leaver) string {
	for _, c := range m.in.Cases {
		if c.Person == l.Person {
			return "the person has case " + c.ID + " about engagement " + c.Separation.Engagement.ID
		}
	}
	return ""
}

func (r *Row) fill(c story.Case) {
	r.Case, r.Name, r.Verdict, r.CaseDay = c.ID, c.Subject.Name, c.Verdict.Word, c.Separation.LastDay
	r.Due, r.Verified, r.SLA = c.Clocks.Due, c.Clocks.Verified, c.SLA.State
}

// alone is a case that HR's list does not hold.
func (m *matcher) alone(c story.Case) Row {
	row := Row{
		Person: c.Person, Engagement: c.Separation.Engagement.ID, Source: c.Separation.Source, LastDay: c.Separation.LastDay, Zone: c.Separation.Zone, State: NoLeaver,
	}
	row.fill(c)
	switch {
	case c.Separation.Rescinded:
		row.State, row.Explained = Matched, "taken back: HR does not count it as a leaver any more"
	case c.Separation.Kind == lastday.SeparationImmediate:
		row.Explained = "immediate: HR may not have written it down yet"
	}
	m.enabled(&row)
	return row
}

// enabled adds the accounts that still work although the last day was over when
// they were read. Who stays keeps accounts.
func (m *matcher) enabled(row *Row) {
	if !row.goes() {
		return
	}
	for _, e := range m.in.Enabled {
		if e.Person == row.Person && e.Level > lastday.LevelNone && after(e.ReadAt, *row) {
			row.Enabled = append(row.Enabled, e)
		}
	}
	if len(row.Enabled) == 0 {
		return
	}
	if row.State == Matched || row.State == DatesDiffer {
		row.State = StillEnabled
	}
	if why := m.goesOn(*row); why != "" {
		row.Explained = strings.TrimPrefix(row.Explained+"; "+why, "; ")
	}
}

// goes is false for who stays: the case was taken back, and HR does not name them.
func (r Row) goes() bool { return r.Verdict != story.Rescinded || r.State != Matched }

// after says whether the access was due to end when the account was read: by
// the case's own due time, else from the day after the last day in its zone on.
func after(read time.Time, row Row) bool {
	if !row.Due.IsZero() {
		return read.After(row.Due)
	}
	zone, err := time.LoadLocation(row.Zone)
	if err != nil {
		zone = time.UTC
	}
	return row.LastDay.Before(lastday.DateOf(read.In(zone)))
}

// goesOn tells of another engagement that goes on, which may be why.
func (m *matcher) goesOn(row Row) string {
	for _, c := range m.in.Cases {
		if c.Person == row.Person && c.ID != row.Case && (c.Separation.Rescinded || row.LastDay.Before(c.Separation.LastDay)) {
			return "another engagement goes on until " + c.Separation.LastDay.String() + " (" + c.ID + ")"
		}
	}
	return ""
}

// strangers counts enabled accounts of people in neither of the other lists.
func (m *matcher) strangers() int {
	known := map[string]bool{}
	for _, r := range m.rows {
		known[r.Person] = true
	}
	n := 0
	for _, e := range m.in.Enabled {
		if !known[e.Person] {
			n++
		}
	}
	return n
}
