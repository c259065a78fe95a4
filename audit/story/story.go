// Package story folds the records of a case into what they tell: who left,
// what they had in each system, what became of every access and how well that
// is shown, what people answered for, and how far the clocks lay apart.
//
// The report, the statistics and the population all stand on this one fold, so
// that they cannot disagree. It never takes anybody's word: an access is Gone
// only if a complete reading with a positive control did not hold it, or if the
// change of it was read back.
package story

import (
	"slices"
	"time"

	"lastday"
)

// Case is all that the records of one case tell.
type Case struct {
	ID string `json:"id"`
	// Person is the opaque key.
	Person string `json:"person"`
	// Subject names the person; it is zero when that was erased or never told.
	Subject lastday.SubjectFact `json:"subject"`
	// Opened is what was announced first, Separation what holds now.
	Opened     lastday.OpenedFact `json:"opened"`
	Separation lastday.OpenedFact `json:"separation"`
	News       []News             `json:"news,omitempty"`
	Plans      []Plan             `json:"plans,omitempty"`
	// Stages are those of the last plan, and before them those of earlier plans
	// that came into force, by time.
	Stages     []Stage       `json:"stages,omitempty"`
	Systems    []System      `json:"systems,omitempty"`
	Exceptions []Exception   `json:"exceptions,omitempty"`
	Tasks      []Task        `json:"tasks,omitempty"`
	Messages   []Message     `json:"messages,omitempty"`
	Notes      []Note        `json:"notes,omitempty"`
	Residue    []Residue     `json:"residue,omitempty"`
	Gaps       []lastday.Gap `json:"gaps,omitempty"`
	Clocks     Clocks        `json:"clocks"`
	SLA        SLA           `json:"sla"`
	Verdict    Verdict       `json:"verdict"`
	// Unproved says in words what the records do not show.
	Unproved []string `json:"unproved,omitempty"`
	// Closed is nil while the case is open.
	Closed   *lastday.ClosedFact `json:"closed,omitempty"`
	ClosedAt time.Time           `json:"closedAt,omitzero"`
	// Held is since when a person holds the case; zero if nobody does.
	Held   time.Time `json:"held,omitzero"`
	HeldBy string    `json:"heldBy"`
	// AsOf is the time as of which the case is told.
	AsOf time.Time `json:"asOf,omitzero"`
	// Records counts the records, of the numbers 1 to Last; Missing are numbers
	// without a record: erased, or lost.
	Records int   `json:"records"`
	Last    int   `json:"last"`
	Missing []int `json:"missing,omitempty"`
	// Workflow is Temporal's id, Runs the ids of its runs in their order.
	Workflow string   `json:"workflow"`
	Runs     []string `json:"runs,omitempty"`
}

// News is a change of the announcement.
type News struct {
	At   time.Time           `json:"at,omitzero"`
	By   string              `json:"by"`
	What string              `json:"what"`
	Fact *lastday.OpenedFact `json:"fact,omitempty"`
}

// Plan is one sealed plan.
type Plan struct {
	At time.Time `json:"at,omitzero"`
	lastday.PlanFact
}

// Stage is a stage and when it came into force; Reached is zero if it did not.
type Stage struct {
	lastday.StageFact
	Reached time.Time `json:"reached,omitzero"`
}

// System is one system's part of the case.
type System struct {
	Name string `json:"name"`
	// Account is the last account that was read.
	Account lastday.Account `json:"account"`
	// Searched is how the last search ended, Evidence what it rests on.
	Searched lastday.Verdict `json:"searched"`
	Evidence []string        `json:"evidence,omitempty"`
	Accesses []Access        `json:"accesses,omitempty"`
	// Points are what was seen of its height, by time.
	Points []Point `json:"points,omitempty"`
	// Cut is the reading back at the cut or after it that shows the system empty;
	// nil if there is none.
	Cut *Point `json:"cut,omitempty"`
	// Blind says that the last reading was not complete, and why.
	Blind string        `json:"blind"`
	Gaps  []lastday.Gap `json:"gaps,omitempty"`
	// Resurrected counts accesses that came back after they were gone.
	Resurrected int `json:"resurrected"`
	// Calls counts requests; zero if nobody counted.
	Calls int `json:"calls"`
	// State is the last state that the case gave it; empty while it is open.
	State string `json:"state"`
	// Sighted says that the last reading was whole, by a control or by a record
	// that people keep: what it did not hold needs no answer.
	Sighted bool `json:"sighted,omitempty"`
}

// Point is how high a system stood at one time.
type Point struct {
	At    time.Time     `json:"at,omitzero"`
	Stage string        `json:"stage"`
	Level lastday.Level `json:"level"`
	// Proof is observed only for a complete reading with a positive control.
	Proof lastday.Proof `json:"proof"`
	// Verified says that a stage was declared clean by it.
	Verified bool      `json:"verified,omitempty"`
	Grants   int       `json:"grants"`
	Why      string    `json:"why"`
	Due      time.Time `json:"due,omitzero"`
}

// Standing says how an access stands, as far as it is shown.
type Standing string

// The standings.
const (
	// Gone: read back, with a positive control.
	Gone Standing = "gone"
	// Powerless: last seen at a rung that can do nothing, such as a disabled account.
	Powerless Standing = "without power"
	// Lowered: read back lower than it was first, and not gone.
	Lowered Standing = "lowered"
	// Unchanged: last seen as it was first.
	Unchanged Standing = "unchanged"
	// Restored: given back after a rescind, and read back.
	Restored Standing = "given back"
	// Back: it was gone, nobody of us gave it back, and it was seen again.
	Back Standing = "came back"
	// Said: the far side acknowledged a change that nobody has read back.
	Said Standing = "acknowledged only"
	// Attested: a person said that it is gone.
	Attested Standing = "attested"
	// Waived: a person decided to go on without.
	Waived Standing = "waived"
	// Unknown: it was seen once, and the last reading could not tell.
	Unknown Standing = "unknown"
)

// Access is one grant of one account, from its first sight to its last.
type Access struct {
	System   string           `json:"system"`
	Account  lastday.Account  `json:"account"`
	Key      string           `json:"key"`
	Kind     string           `json:"kind"`
	Resource lastday.Resource `json:"resource"`
	Via      []string         `json:"via,omitempty"`
	Managed  string           `json:"managed"`
	Pending  bool             `json:"pending,omitempty"`
	// Before is the rung at which it was first seen.
	Before      string        `json:"before"`
	BeforeLevel lastday.Level `json:"beforeLevel"`
	BeforeAt    time.Time     `json:"beforeAt,omitzero"`
	// After is the rung at which it was last seen; none if it was seen gone.
	After      string        `json:"after"`
	AfterLevel lastday.Level `json:"afterLevel"`
	SeenAt     time.Time     `json:"seenAt,omitzero"`
	// Due, Ordered, Done and Seen are the times of the last change: when it had to
	// be, when the first record of it was made, when the far side acknowledged, and
	// when it was first read back. Each is zero if it did not happen.
	Due      time.Time     `json:"due,omitzero"`
	Ordered  time.Time     `json:"ordered,omitzero"`
	Done     time.Time     `json:"done,omitzero"`
	Seen     time.Time     `json:"seen,omitzero"`
	Standing Standing      `json:"standing"`
	Proof    lastday.Proof `json:"proof"`
	// Resurrected counts how often it came back.
	Resurrected int               `json:"resurrected"`
	Changes     []Change          `json:"changes,omitempty"`
	Residue     []lastday.Residue `json:"residue,omitempty"`
	// Note explains anything but the plain case.
	Note string `json:"note"`
}

// Late is how much later than due the access was read back, negative if
// earlier. It is false if there was no due time or no reading back.
func (a Access) Late() (time.Duration, bool) {
	if a.Due.IsZero() || a.Seen.IsZero() {
		return 0, false
	}
	return a.Seen.Sub(a.Due), true
}

// Change is the last that is known of one change.
type Change struct {
	Stage   string    `json:"stage"`
	Ordered time.Time `json:"ordered,omitzero"`
	// First and Last are the numbers of the records that tell of it.
	First int `json:"first"`
	Last  int `json:"last"`
	lastday.ChangeFact
}

// Exception is what does not rest on a reading, but on a person's word.
type Exception struct {
	At time.Time `json:"at,omitzero"`
	// Seq is the number of the record that tells of it.
	Seq    int    `json:"seq"`
	System string `json:"system"`
	// What it is about: a grant's name, or the task's.
	What string `json:"what"`
	// How is waive or attest.
	How      string        `json:"how"`
	Proof    lastday.Proof `json:"proof"`
	By       string        `json:"by"`
	Reason   string        `json:"reason"`
	Evidence string        `json:"evidence"`
	// Owner was asked to do it; empty if nobody was named.
	Owner string `json:"owner"`
	// Approvals are of others about the same task.
	Approvals []Approval `json:"approvals,omitempty"`
	Due       time.Time  `json:"due,omitzero"`
	Task      string     `json:"task"`
	// Kind is the task's kind, empty if there was no task.
	Kind  string `json:"kind"`
	Grant string `json:"grant"`
	// Overtaken says that a later reading shows it gone: nothing rests on the
	// answer any more.
	Overtaken bool `json:"overtaken,omitempty"`
}

// BeforeDue says whether it was decided before the deadline; the second value
// is false if there was no deadline.
func (e Exception) BeforeDue() (early, known bool) {
	return !e.At.After(e.Due), !e.Due.IsZero()
}

// FourEyes says whether somebody else than the one who decided approved it. Who
// was asked to do it does not count: that may be a role which the decider fills.
func (e Exception) FourEyes() bool {
	return slices.ContainsFunc(e.Approvals, func(a Approval) bool { return a.By != e.By })
}

// Approval is a person's consent.
type Approval struct {
	By     string    `json:"by"`
	At     time.Time `json:"at,omitzero"`
	Reason string    `json:"reason"`
}

// Task is a task from its opening to its closing.
type Task struct {
	lastday.TaskFact
	System string    `json:"system"`
	Opened time.Time `json:"opened,omitzero"`
	// Closed is zero while it is open.
	Closed time.Time `json:"closed,omitzero"`
	By     string    `json:"by"`
	// Seq is the number of the last record about it.
	Seq int `json:"seq"`
}

// Open says whether somebody still has to do something.
func (t Task) Open() bool { return t.Closed.IsZero() }

// Message is what a person asked for.
type Message struct {
	At time.Time `json:"at,omitzero"`
	By string    `json:"by"`
	lastday.MessageFact
}

// Note is one line of what else happened.
type Note struct {
	At     time.Time `json:"at,omitzero"`
	By     string    `json:"by"`
	System string    `json:"system"`
	What   string    `json:"what"`
}

// Residue is something left, and who is to see to it.
type Residue struct {
	lastday.Residue
	// Owner of the task about it; empty if there is none.
	Owner string `json:"owner"`
	// Answered says how a person answered for it; empty if nobody did.
	Answered string    `json:"answered"`
	SeenAt   time.Time `json:"seenAt,omitzero"`
}

// Open says whether it still needs a person at the time of the story.
func (r Residue) Open(at time.Time) bool {
	return !r.Harmless && r.Answered == "" && (r.Until.IsZero() || r.Until.After(at))
}

// Name is what to call the person: by name if it is told, else by key.
func (c Case) Name() string {
	if c.Subject.Name != "" {
		return c.Subject.Name
	}
	return c.Person
}

// CutStage is the stage after which nothing may be left; false if no plan has one.
func (c Case) CutStage() (Stage, bool) {
	for _, s := range c.Stages {
		if s.Cut {
			return s, true
		}
	}
	return Stage{}, false
}

// Accesses counts the accesses of all systems that stand as asked.
func (c Case) Accesses(standing ...Standing) int {
	n := 0
	for _, s := range c.Systems {
		for _, a := range s.Accesses {
			for _, want := range standing {
				if a.Standing == want {
					n++
				}
			}
		}
	}
	return n
}

// Total counts the accesses of all systems.
func (c Case) Total() int {
	n := 0
	for _, s := range c.Systems {
		n += len(s.Accesses)
	}
	return n
}
