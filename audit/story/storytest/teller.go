// Package storytest tells cases as a Case would record them: a small company
// whose systems really change, so that readings, changes and verified stages
// fit together. Tests of reports, statistics, populations and events stand on it.
package storytest

import (
	"fmt"
	"slices"
	"time"

	"lastday"
)

// Rung is one step of a grant's ladder.
type Rung = lastday.Rung

// Grant is a grant of the company, at the first rung of its ladder to begin with.
type Grant struct {
	Key, Kind, Name string
	Ladder          lastday.Ladder
	Via             []string
	at              string
}

// Far is a far side: what it grants the person.
type Far struct {
	Name    string
	Account lastday.Account
	Grants  []*Grant
	// Blind makes its readings incomplete, with this reason.
	Blind string
	// ByHand says that people change things there, and nobody can read it.
	ByHand bool
	// Deaf makes it acknowledge changes and not do them.
	Deaf bool
	// Residue is told with each reading.
	Residue []lastday.Residue
	// Lag is how long a reading back takes after the stage.
	Lag time.Duration
}

// NewGrant makes a grant that stands at the first of the rungs.
func NewGrant(key, kind, name string, ladder ...Rung) *Grant {
	return &Grant{Key: key, Kind: kind, Name: name, Ladder: ladder, at: ladder[0].Name}
}

// Teller writes the records of one case.
type Teller struct {
	Case, Person string
	Systems      []*Far
	Stages       []lastday.StageFact
	Zone         string
	opened       lastday.OpenedFact
	records      []lastday.Record
	first        map[string]string
	resurrected  map[string]int
	tasks        map[string]lastday.TaskFact
	now          time.Time
}

// NewTeller begins a case.
func NewTeller(id, person string, at time.Time) *Teller {
	return &Teller{
		Case: id, Person: person, now: at, Zone: "Europe/Berlin",
		first: map[string]string{}, resurrected: map[string]int{}, tasks: map[string]lastday.TaskFact{},
	}
}

// Records are what was told so far.
func (t *Teller) Records() []lastday.Record { return slices.Clone(t.records) }

// At sets the clock; it never goes back.
func (t *Teller) At(at time.Time) *Teller {
	if at.After(t.now) {
		t.now = at
	}
	return t
}

// Now is the time of the next record.
func (t *Teller) Now() time.Time { return t.now }

// After moves the clock on.
func (t *Teller) After(d time.Duration) *Teller { return t.At(t.now.Add(d)) }

// Add writes one record: its number, ids and time are filled in.
func (t *Teller) Add(r lastday.Record) {
	r.Seq = len(t.records) + 1
	r.ID = fmt.Sprintf("%s/%d", t.Case, r.Seq)
	r.Case, r.Person, r.At = t.Case, t.Person, t.now
	r.Workflow, r.Run, r.Event = "case/"+t.Case, "0197a1c2-6f00-7d4e-9c11-5f2d8a3b0e01", 10+7*r.Seq
	t.records = append(t.records, r)
}

// Subject names the person.
func (t *Teller) Subject(name, number string, emails ...string) {
	t.Add(lastday.Record{Kind: lastday.RecordSubject, What: "who it is about", Subject: &lastday.SubjectFact{Name: name, EmployeeNumber: number, Emails: emails}})
}

// Open announces the end of the engagement.
func (t *Teller) Open(o lastday.OpenedFact) {
	o.Told = t.now
	t.opened, t.Zone = o, o.Zone
	t.Add(lastday.Record{Kind: lastday.RecordOpened, By: o.Source, What: "last day " + o.LastDay.String() + " in " + o.Zone, Opened: &o})
}

// News changes the announcement.
func (t *Teller) News(by, what string, change func(*lastday.OpenedFact)) {
	o := t.opened
	change(&o)
	o.Told = t.now
	t.opened = o
	t.Add(lastday.Record{Kind: lastday.RecordNews, By: by, What: what, Opened: &o})
}

// Plan seals a plan with these stages; every system is read before it.
func (t *Teller) Plan(digest string, stages ...lastday.StageFact) {
	for _, far := range t.Systems {
		t.read(far, "")
		t.After(2 * time.Second)
	}
	t.Stages = stages
	changes := 0
	for i := range stages {
		stages[i].Changes = t.due(stages[i])
		changes += stages[i].Changes
	}
	t.Add(lastday.Record{Kind: lastday.RecordPlan, What: "plan " + digest[:8], Plan: &lastday.PlanFact{
		Digest: digest, Policy: "glide", PolicyDigest: "8d2f6b1e0c9a7d5b4e3f2a1908172635445362718090a1b2c3d4e5f60718293a", Stages: stages, Changes: changes,
	}})
}

func (t *Teller) due(stage lastday.StageFact) int {
	n := 0
	for _, far := range t.Systems {
		for _, g := range far.Grants {
			if g.level() > stage.Ceiling {
				n++
			}
		}
	}
	return n
}

// Message is a person's order; refused is empty if it was followed.
func (t *Teller) Message(by, verb, about, reason, refused string) {
	id := fmt.Sprintf("m-%d", len(t.records)+1)
	t.Add(lastday.Record{Kind: lastday.RecordMessage, By: by, What: verb, Message: &lastday.MessageFact{ID: id, Verb: verb, About: about, Reason: reason, Refused: refused}})
}

// Note writes anything else.
func (t *Teller) Note(what string) { t.Add(lastday.Record{Kind: lastday.RecordNote, What: what}) }

// Ask opens a task.
func (t *Teller) Ask(system string, task lastday.TaskFact) {
	task.Since = t.now
	t.tasks[task.ID] = task
	t.Add(lastday.Record{Kind: lastday.RecordTask, System: system, What: task.What, Task: &task})
}

// Answer closes a task.
func (t *Teller) Answer(system, id, by, how, reason, evidence string) {
	task := t.tasks[id]
	task.How, task.Reason, task.Evidence = how, reason, evidence
	t.Add(lastday.Record{Kind: lastday.RecordMessage, By: by, System: system, What: how, Message: &lastday.MessageFact{
		ID: "m-" + id, Verb: "resolve", About: id, Reason: reason, Evidence: evidence,
	}})
	t.Add(lastday.Record{Kind: lastday.RecordTask, System: system, By: by, What: task.What, Task: &task})
}

// System finds a far side by its name.
func (t *Teller) System(name string) *Far {
	i := slices.IndexFunc(t.Systems, func(f *Far) bool { return f.Name == name })
	return t.Systems[i]
}

// Until drops the first record for which the condition holds, and all after it.
func (t *Teller) Until(end func(lastday.Record) bool) *Teller {
	if i := slices.IndexFunc(t.records, end); i >= 0 {
		t.records = t.records[:i]
	}
	return t
}

// Noted writes a note, and goes on.
func (t *Teller) Noted(what string) *Teller {
	t.Note(what)
	return t
}
