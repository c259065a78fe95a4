package lastday

import (
	"encoding/json"
	"time"
)

// RecordKind says what sort of fact a record is.
type RecordKind string

// The kinds of record, in the order in which a case usually makes them.
const (
	// RecordSubject names the person. It stands alone so that it can be erased
	// before everything else.
	RecordSubject RecordKind = "subject"
	// RecordOpened: HR or a person announced the end of an engagement.
	RecordOpened RecordKind = "opened"
	// RecordNews: the announcement changed: another date, a rescind.
	RecordNews RecordKind = "news"
	// RecordPlan: a plan was made and sealed.
	RecordPlan RecordKind = "plan"
	// RecordMessage: a person ordered, approved, held, answered; or was refused.
	RecordMessage RecordKind = "message"
	// RecordStage: a ceiling came into force.
	RecordStage RecordKind = "stage"
	// RecordReading: a system was read, and what it granted then.
	RecordReading RecordKind = "reading"
	// RecordChange: what became of one change, as far as it is shown.
	RecordChange RecordKind = "change"
	// RecordTask: something came to need a person, or does no more.
	RecordTask RecordKind = "task"
	// RecordVerified: a system was read back with nothing above the ceiling of a stage.
	RecordVerified RecordKind = "verified"
	// RecordNote: anything else that happened and that people should know.
	RecordNote RecordKind = "note"
	// RecordClosed: the case ended, with its clocks and its outcome.
	RecordClosed RecordKind = "closed"
	// RecordSealed: a bundle of a case was made. It is the log's, not the case's.
	RecordSealed RecordKind = "sealed"
)

// Record is one fact of a case, made to be kept: it is appended to a log that
// shows every later change of it. Records of a case are numbered without a gap.
//
// Only a record of kind RecordSubject names a person. Accounts are named by
// their ids and logins, which is why records are salted in the log and can be
// erased from it.
type Record struct {
	// ID is the same for the same fact, however often it is written.
	ID   string `json:"id"`
	Case string `json:"case"`
	// Seq counts the records of the case from 1.
	Seq  int        `json:"seq"`
	At   time.Time  `json:"at"`
	Kind RecordKind `json:"kind"`
	// Person is the opaque key of the person.
	Person string `json:"person"`
	// By is who did it; empty is lastday itself.
	By     string `json:"by,omitempty"`
	System string `json:"system,omitempty"`
	Stage  string `json:"stage,omitempty"`
	// What happened, in words.
	What string `json:"what"`
	// Workflow and Run are Temporal's ids of the run that made the record.
	Workflow string `json:"workflow"`
	Run      string `json:"run"`
	// Event is the id of the last event of that run's history that the record
	// rests on.
	Event int `json:"event,omitempty"`

	Subject  *SubjectFact  `json:"subject,omitempty"`
	Opened   *OpenedFact   `json:"opened,omitempty"`
	Plan     *PlanFact     `json:"plan,omitempty"`
	Message  *MessageFact  `json:"message,omitempty"`
	Moment   *Moment       `json:"moment,omitempty"`
	Reading  *ReadingFact  `json:"reading,omitempty"`
	Change   *ChangeFact   `json:"change,omitempty"`
	Task     *TaskFact     `json:"task,omitempty"`
	Verified *VerifiedFact `json:"verified,omitempty"`
	Closed   *ClosedFact   `json:"closed,omitempty"`
	Sealed   *SealedFact   `json:"sealed,omitempty"`
}

// SubjectFact says who the person is.
type SubjectFact struct {
	Name           string   `json:"name,omitempty"`
	EmployeeNumber string   `json:"employeeNumber,omitempty"`
	Emails         []string `json:"emails,omitempty"`
}

// OpenedFact is what was announced: of an opening and of later news.
type OpenedFact struct {
	Source       string         `json:"source"`
	Engagement   Engagement     `json:"engagement"`
	Kind         SeparationKind `json:"kind"`
	Rescinded    bool           `json:"rescinded,omitempty"`
	LastDay      Date           `json:"lastDay"`
	Cutoff       *WallTime      `json:"cutoff,omitempty"`
	Zone         string         `json:"zone"`
	ZoneBasis    string         `json:"zoneBasis,omitempty"`
	Confidential bool           `json:"confidential,omitempty"`
	// Entered is when HR wrote it down, Told when lastday knew.
	Entered time.Time `json:"entered,omitzero"`
	Told    time.Time `json:"told"`
}

// PlanFact is a sealed plan without its grants: those stand in the readings.
type PlanFact struct {
	Digest       string      `json:"digest"`
	Policy       string      `json:"policy"`
	PolicyDigest string      `json:"policyDigest"`
	Stages       []StageFact `json:"stages"`
	Changes      int         `json:"changes"`
	Approvals    int         `json:"approvals,omitempty"`
	Gaps         []Gap       `json:"gaps,omitempty"`
	Guards       []Guard     `json:"guards,omitempty"`
	Kept         []Kept      `json:"kept,omitempty"`
	Notes        []string    `json:"notes,omitempty"`
}

// StageFact is a stage of a plan.
type StageFact struct {
	Name    string `json:"name"`
	Moment  Moment `json:"moment"`
	Ceiling Level  `json:"ceiling"`
	Cut     bool   `json:"cut,omitempty"`
	Watch   bool   `json:"watch,omitempty"`
	Changes int    `json:"changes"`
}

// MessageFact is what a person asked for, and what became of it.
type MessageFact struct {
	// ID is the sender's id of the message.
	ID string `json:"id"`
	// Verb is approve, hold, release, reschedule, rescind, cut-now or resolve.
	Verb   string `json:"verb"`
	Reason string `json:"reason,omitempty"`
	// About is the digest, task or date that it is about.
	About string `json:"about,omitempty"`
	// Evidence is what the sender put forward, as a reference.
	Evidence string `json:"evidence,omitempty"`
	// Refused says why it was not followed; empty if it was.
	Refused string `json:"refused,omitempty"`
}

// ReadingFact is what a system granted when it was read.
type ReadingFact struct {
	Account Account `json:"account,omitzero"`
	Verdict Verdict `json:"verdict"`
	// Evidence is what the match rests on.
	Evidence []string `json:"evidence,omitempty"`
	// Control is the positive control: why absence would have been seen.
	Control  Control     `json:"control"`
	Complete bool        `json:"complete"`
	Highest  Level       `json:"highest"`
	Grants   []GrantFact `json:"grants,omitempty"`
	Gaps     []Gap       `json:"gaps,omitempty"`
	Residue  []Residue   `json:"residue,omitempty"`
	ReadAt   time.Time   `json:"readAt"`
	Calls    int         `json:"calls,omitempty"`
}

// GrantFact is one grant as it was read, without what only a restore needs.
type GrantFact struct {
	Key       string   `json:"key"`
	Kind      string   `json:"kind"`
	Resource  Resource `json:"resource"`
	Rung      string   `json:"rung"`
	Level     Level    `json:"level"`
	Via       []string `json:"via,omitempty"`
	ManagedBy string   `json:"managedBy,omitempty"`
	Pending   bool     `json:"pending,omitempty"`
}

// Fact is the grant as a record keeps it.
func (g Grant) Fact() GrantFact {
	return GrantFact{
		Key: g.Key, Kind: g.Kind, Resource: g.Resource, Rung: g.Rung, Level: g.Level(), Via: g.Via, ManagedBy: g.ManagedBy, Pending: g.Pending,
	}
}

// ChangeFact is what became of one change. A change has several records when
// more becomes known: acknowledged first, observed later. The last one counts.
type ChangeFact struct {
	ID       string   `json:"id"`
	Account  Account  `json:"account"`
	Grant    string   `json:"grant"`
	Kind     string   `json:"kind"`
	Resource Resource `json:"resource"`
	// From and To are the rungs ordered, Before and After those that were read.
	From    string    `json:"from"`
	To      string    `json:"to"`
	Before  string    `json:"before,omitempty"`
	After   string    `json:"after,omitempty"`
	Level   Level     `json:"level"`
	Restore bool      `json:"restore,omitempty"`
	Rule    string    `json:"rule,omitempty"`
	Consent string    `json:"consent,omitempty"`
	Outcome Outcome   `json:"outcome"`
	Proof   Proof     `json:"proof"`
	Due     time.Time `json:"due,omitzero"`
	// Done is when the far side acknowledged, Seen when it was read back.
	Done     time.Time `json:"done,omitzero"`
	Seen     time.Time `json:"seen,omitzero"`
	Requests []Request `json:"requests,omitempty"`
	Residue  []Residue `json:"residue,omitempty"`
	Note     string    `json:"note,omitempty"`
	// AnsweredBy is the person who attested or waived.
	AnsweredBy string `json:"answeredBy,omitempty"`
}

// TaskFact is a task that was opened or closed.
type TaskFact struct {
	ID    string    `json:"id"`
	Kind  string    `json:"kind"`
	What  string    `json:"what"`
	Why   string    `json:"why"`
	Todo  string    `json:"todo,omitempty"`
	Owner string    `json:"owner,omitempty"`
	Due   time.Time `json:"due,omitzero"`
	Grant string    `json:"grant,omitempty"`
	Since time.Time `json:"since"`
	// How it was closed: retry, waive, attest, link, cleared; empty while open.
	How      string `json:"how,omitempty"`
	Reason   string `json:"reason,omitempty"`
	Evidence string `json:"evidence,omitempty"`
}

// VerifiedFact says how a system stood when it was read back for a stage.
type VerifiedFact struct {
	Ceiling Level     `json:"ceiling"`
	Cut     bool      `json:"cut,omitempty"`
	Watch   bool      `json:"watch,omitempty"`
	Highest Level     `json:"highest"`
	Grants  int       `json:"grants"`
	Proof   Proof     `json:"proof"`
	Due     time.Time `json:"due,omitzero"`
	// Account, Control and Evidence say what the reading looked at, and why it
	// would have seen what it did not show.
	Account  Account   `json:"account,omitzero"`
	Verdict  Verdict   `json:"verdict,omitempty"`
	Control  Control   `json:"control"`
	Evidence []string  `json:"evidence,omitempty"`
	ReadAt   time.Time `json:"readAt,omitzero"`
	Why      string    `json:"why,omitempty"`
}

// ClosedFact is how a case ended.
type ClosedFact struct {
	Outcome string `json:"outcome"`
	// Entered, Told, FirstReduced, CutDue and CutVerified are the clocks of the case.
	Entered      time.Time    `json:"entered,omitzero"`
	Told         time.Time    `json:"told"`
	FirstReduced time.Time    `json:"firstReduced,omitzero"`
	CutDue       time.Time    `json:"cutDue,omitzero"`
	CutVerified  time.Time    `json:"cutVerified,omitzero"`
	Systems      []SystemFact `json:"systems"`
	Plan         string       `json:"plan"`
}

// SealedFact is what a bundle holds beside the records.
type SealedFact struct {
	// Of is the case, and Last the number of its last record in the bundle.
	Of   string `json:"of"`
	Last int    `json:"last"`
	// Entries are the places of these records in the log, like 3-5,9: nothing else
	// may stand for one of them.
	Entries string `json:"entries"`
	// Final says that the case was closed, so that its histories are complete.
	Final bool `json:"final"`
	// Tool is the version of the program that made the bundle.
	Tool  string     `json:"tool"`
	Files []FileFact `json:"files"`
}

// FileFact is a file by its content.
type FileFact struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// SystemFact is how one system stood when the case ended.
type SystemFact struct {
	System      string  `json:"system"`
	State       string  `json:"state"`
	Account     Account `json:"account,omitzero"`
	Highest     Level   `json:"highest"`
	Grants      int     `json:"grants"`
	Resurrected int     `json:"resurrected,omitempty"`
	Calls       int     `json:"calls,omitempty"`
}

// Bytes are the record as it is kept, hashed and signed: its JSON, byte for byte
// the same for the same record.
func (r Record) Bytes() ([]byte, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, Wrap(CodeInternal, "record", "encode", err)
	}
	return text, nil
}

// ParseRecord reads what Bytes wrote.
func ParseRecord(text []byte) (Record, error) {
	var r Record
	if err := json.Unmarshal(text, &r); err != nil {
		return Record{}, Wrap(CodeInvalid, "record", "decode", err)
	}
	return r, nil
}
