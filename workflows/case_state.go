package workflows

import (
	"time"

	"lastday"
	"lastday/activities"
	"lastday/plan"
)

// CaseInput starts a Case.
type CaseInput struct {
	Case string `json:"case"`
	// State carries a case over a continue-as-new; nil begins a new one. A new
	// case waits for the announcement that it was started with.
	State *CaseState `json:"state,omitempty"`
}

// CaseState is all that a Case knows: one serialisable struct.
type CaseState struct {
	Separation lastday.Separation  `json:"separation"`
	Announced  bool                `json:"announced"`
	Settings   activities.Settings `json:"settings"`
	PolicyName string              `json:"policyName,omitempty"`
	PolicyText []byte              `json:"policyText,omitempty"`
	Plan       lastday.Plan        `json:"plan"`
	// Planned says that the plan was made with the systems read.
	Planned bool `json:"planned,omitempty"`
	// Reached are the stages whose ceilings are in force. They never rise again
	// without a person.
	Reached []Reached `json:"reached,omitempty"`
	Lanes   []*Lane   `json:"lanes,omitempty"`
	Tasks   []Task    `json:"tasks,omitempty"`
	// News is what waits for HR or for a person before it is believed.
	News *News `json:"news,omitempty"`
	// Deliveries are the ids of the events that were taken in.
	Deliveries []string `json:"deliveries,omitempty"`
	// Log is what happened, for people: newest last.
	Log       []Entry    `json:"log,omitempty"`
	Approvals []Approval `json:"approvals,omitempty"`
	Held      *Held      `json:"held,omitempty"`
	CutNow    *Order     `json:"cutNow,omitempty"`
	// Entered says that the gate let the case pass; GateHeld that it did not.
	Entered   bool   `json:"entered,omitempty"`
	GateHeld  string `json:"gateHeld,omitempty"`
	Restoring bool   `json:"restoring,omitempty"`
	// Undoing says that an order to cut was taken back and not everything is given
	// back yet: the plan in force saw the systems half way.
	Undoing bool `json:"undoing,omitempty"`
	// NeedPlan says that the plan does not hold any more.
	NeedPlan bool `json:"needPlan,omitempty"`
	// Replans counts the plans that were made again because something could not be read.
	Replans int `json:"replans,omitempty"`
	// LingerUntil keeps a case open that began with a rescind: older news that
	// comes late must find it, and be known as older.
	LingerUntil time.Time `json:"lingerUntil,omitzero"`
	Times       Times     `json:"times"`
	ReplanAt    time.Time `json:"replanAt,omitzero"`
	// Serial numbers activities, so that their ids are unique and readable.
	Serial int `json:"serial,omitempty"`
	// Recorded counts the records made, and Outbox holds those that are not written yet.
	Recorded int              `json:"recorded,omitempty"`
	Batches  int              `json:"batches,omitempty"`
	Outbox   []lastday.Record `json:"outbox,omitempty"`
	// SealedStage is the stage after which a bundle was made last.
	SealedStage string `json:"sealedStage,omitempty"`
}

// Times are the clocks of a case.
type Times struct {
	// Entered is when HR wrote it down, Told when we knew.
	Entered time.Time `json:"entered,omitzero"`
	Told    time.Time `json:"told,omitzero"`
	// FirstReduced is when the first change was acknowledged.
	FirstReduced time.Time `json:"firstReduced,omitzero"`
	// CutDue is when the cut was due, or ordered; CutVerified when the last
	// system was read back clean after it.
	CutDue      time.Time `json:"cutDue,omitzero"`
	CutVerified time.Time `json:"cutVerified,omitzero"`
	Closed      time.Time `json:"closed,omitzero"`
}

// Reached is a stage whose ceiling is in force.
type Reached struct {
	Stage string    `json:"stage"`
	At    time.Time `json:"at"`
}

// LaneState says what a system's part of the case is doing.
type LaneState string

// The states of a lane.
const (
	// LaneWaiting: the next stage is still to come.
	LaneWaiting LaneState = "waiting"
	// LaneWorking: reading or changing.
	LaneWorking LaneState = "working"
	// LaneClean: read back, with nothing above the ceiling of its stage.
	LaneClean LaneState = "clean"
	// LaneStuck: it cannot go on by itself, or has not for a while.
	LaneStuck LaneState = "stuck"
	// LaneWaived: a person decided to go on without.
	LaneWaived LaneState = "waived"
	// LaneRestored: what we took was given back.
	LaneRestored LaneState = "restored"
)

// Lane is one system's part of a case.
type Lane struct {
	System string    `json:"system"`
	Queue  string    `json:"queue"`
	Manual bool      `json:"manual,omitempty"`
	State  LaneState `json:"state"`
	// Stage is the stage that the lane last set out for, Clean the last at which
	// it was read back clean.
	Stage string `json:"stage,omitempty"`
	Clean string `json:"clean,omitempty"`
	// Why says in words what it waits for or is stuck at.
	Why     string        `json:"why,omitempty"`
	Highest lastday.Level `json:"highest"`
	Grants  int           `json:"grants"`
	// Read is when the system was last read, zero if never.
	Read time.Time `json:"read,omitzero"`
	// Verdict is the last match of the account: one, none, ambiguous.
	Verdict lastday.Verdict `json:"verdict,omitempty"`
	// Account is the account that was found first. It is pinned: every later
	// reading looks at it, whatever the evidence says by then.
	Account lastday.Account `json:"account,omitzero"`
	// Link is the account of a lane that is for a further account of a system,
	// and Decided the account that a person said is the right one.
	Link    lastday.Link `json:"link,omitzero"`
	Decided string       `json:"decided,omitempty"`
	// Exited says that the system was read back clean at the cut or after it.
	Exited bool   `json:"exited,omitempty"`
	Steps  []Step `json:"steps,omitempty"`
	// Orders is the ledger: every change ordered, with its receipt once there is one.
	Orders []plan.Taken `json:"orders,omitempty"`
	// Returns are the restoring changes ordered.
	Returns []plan.Taken `json:"returns,omitempty"`
	// Attested are grants that a person answered for.
	Attested []Attested `json:"attested,omitempty"`
	Calls    int        `json:"calls,omitempty"`
	// ReadingRecorded stands for the reading that was recorded last.
	ReadingRecorded string `json:"readingRecorded,omitempty"`
	// Resurrected counts access that came back after the cut and was taken again.
	Resurrected int `json:"resurrected,omitempty"`
}

// Step is one point of a staircase: how high the access stood when a stage
// was read back.
type Step struct {
	Stage  string        `json:"stage"`
	At     time.Time     `json:"at"`
	Level  lastday.Level `json:"level"`
	Grants int           `json:"grants"`
	// Proof is observed when the reading was complete and had a positive control.
	Proof lastday.Proof `json:"proof"`
}

// Attested is a grant, or with an empty Grant a whole system, that a person answered for.
type Attested struct {
	Grant string `json:"grant,omitempty"`
	Kind  string `json:"kind,omitempty"`
	Rung  string `json:"rung"`
	// Seen is the rung at which the grant was seen when it was answered for.
	Seen string `json:"seen,omitempty"`
	// Stage binds an answer for a whole system to the stage it was given at.
	Stage string        `json:"stage,omitempty"`
	Proof lastday.Proof `json:"proof"`
	By    string        `json:"by"`
	Why   string        `json:"why,omitempty"`
	At    time.Time     `json:"at"`
}

// TaskKind says why a person is needed, or soon will be.
type TaskKind string

// The kinds of task.
const (
	// TaskAsked: the change must be made by hand.
	TaskAsked TaskKind = "asked"
	// TaskRefused: a guard or the far side refused the change.
	TaskRefused TaskKind = "refused"
	// TaskElsewhere: the access comes from somewhere else and must be taken there.
	TaskElsewhere TaskKind = "elsewhere"
	// TaskResidue: something that is no grant is left and needs a person.
	TaskResidue TaskKind = "residue"
	// TaskBlind: we could not look, so nothing can be called done.
	TaskBlind TaskKind = "blind"
	// TaskIdentity: nobody knows which account is the person's.
	TaskIdentity TaskKind = "identity"
	// TaskUnserved: no worker serves the system's queue.
	TaskUnserved TaskKind = "unserved"
	// TaskFailing: the far side does not do what it is asked; it is tried again.
	TaskFailing TaskKind = "failing"
	// TaskUnseen: the far side said done, and still shows the access.
	TaskUnseen TaskKind = "unseen"
	// TaskDecision: the case waits for an approval, or for the end of a hold.
	TaskDecision TaskKind = "decision"
	// TaskDrifted: somebody changed it since, so it is not given back.
	TaskDrifted TaskKind = "drifted"
)

// heals says whether the task may go away by itself: then a person is told
// only after a while.
func (k TaskKind) heals() bool {
	switch k {
	case TaskUnserved, TaskFailing, TaskUnseen:
		return true
	case TaskAsked, TaskRefused, TaskElsewhere, TaskResidue, TaskBlind, TaskIdentity, TaskDrifted, TaskDecision:
		return false
	}
	return false
}

// Task is something that a person has to decide or do.
type Task struct {
	ID     string   `json:"id"`
	System string   `json:"system"`
	Kind   TaskKind `json:"kind"`
	// What it is about, Why it is open and what to do about it, in words.
	What string       `json:"what"`
	Why  string       `json:"why"`
	Todo string       `json:"todo,omitempty"`
	Code lastday.Code `json:"code,omitempty"`
	// Grant is the key of the grant it is about, GrantKind a kind that could not be seen.
	Grant     string    `json:"grant,omitempty"`
	GrantKind string    `json:"grantKind,omitempty"`
	Change    string    `json:"change,omitempty"`
	From      string    `json:"from,omitempty"`
	To        string    `json:"to,omitempty"`
	Stage     string    `json:"stage,omitempty"`
	Since     time.Time `json:"since"`
	// ManagedIn is the connected system in which the access of the task is
	// managed: the task ends by itself when both were read back clean.
	ManagedIn string `json:"managedIn,omitempty"`
	// Owner is who must act, a role or a queue, and Due until when; both may be
	// empty. Overdue says that people were told that it is late.
	Owner   string    `json:"owner,omitempty"`
	Due     time.Time `json:"due,omitzero"`
	Overdue bool      `json:"overdue,omitempty"`
	// Told counts how often people were told; TellAt is when they are told next.
	Told   int       `json:"told"`
	TellAt time.Time `json:"tellAt,omitzero"`
	// Closed is set when it needs nobody any more.
	Closed *Closing `json:"closed,omitempty"`
}

// Closing says how a task ended.
type Closing struct {
	// How is retry, waive, attest, link or cleared (it went away by itself).
	How      string    `json:"how"`
	By       string    `json:"by,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	Evidence string    `json:"evidence,omitempty"`
	At       time.Time `json:"at"`
}

// News is a later date or a rescind that waits to be believed.
type News struct {
	ID         string             `json:"id"`
	Separation lastday.Separation `json:"separation"`
	// By is who brought it: a source, or a person.
	By  string `json:"by"`
	Why string `json:"why"`
	// Undo says that HR still says the known end: approving takes back the order
	// to cut, not the end itself.
	Undo  bool      `json:"undo,omitempty"`
	Since time.Time `json:"since"`
}

// Approval is one person's consent to the plan, or news, with that digest.
type Approval struct {
	Digest string    `json:"digest"`
	By     string    `json:"by"`
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at"`
}

// Held is a person's order to wait.
type Held struct {
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// Order is a person's order to cut now.
type Order struct {
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// Entry is one line of what happened.
type Entry struct {
	At   time.Time `json:"at"`
	What string    `json:"what"`
	// By is who did it; empty is the case itself.
	By string `json:"by,omitempty"`
	// Message is the id of the message that it answers, and Refused why that
	// message was refused.
	Message string `json:"message,omitempty"`
	Refused string `json:"refused,omitempty"`
}

// Outcome says how a case ended.
type Outcome string

// The outcomes of a case.
const (
	// OutcomeClean: everything was read back gone, nothing is left.
	OutcomeClean Outcome = "clean"
	// OutcomeAnswered: done, but some of it rests on a person's word or waiver.
	OutcomeAnswered Outcome = "answered_for"
	// OutcomeRescinded: the engagement goes on; what we took was given back, as
	// far as it can be.
	OutcomeRescinded Outcome = "rescinded"
)

// CaseResult is the record of a closed case.
type CaseResult struct {
	Case    string    `json:"case"`
	Outcome Outcome   `json:"outcome"`
	Times   Times     `json:"times"`
	Lanes   []Lane    `json:"lanes"`
	Tasks   []Task    `json:"tasks,omitempty"`
	Reached []Reached `json:"reached,omitempty"`
	Plan    string    `json:"plan"`
	Log     []Entry   `json:"log,omitempty"`
}
