package aws

import (
	"time"

	"lastday"
)

// job is one change under way, whatever it is about.
type job struct {
	change lastday.Change
	down   bool
	now    string // the rung that was read before writing

	// What the receipt will hold.
	outcome  lastday.Outcome
	note     string
	requests []lastday.Request
	undo     map[string]string
	residue  []lastday.Residue
}

// newJob refuses a change that makes no sense.
func newJob(op string, change lastday.Change) (*job, error) {
	down, err := change.Down()
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInvalid, op, "ladder", err)
	}
	return &job{change: change, down: down}, nil
}

// refuse ends the job without an error: only a person can decide.
func (j *job) refuse(note string) { j.outcome, j.note = lastday.OutcomeRefused, note }

func (j *job) drifted(note string) { j.outcome, j.note = lastday.OutcomeDrifted, note }

func (j *job) did(r lastday.Request) { j.requests = append(j.requests, r) }

func (j *job) keep(key, value string) {
	if j.undo == nil {
		j.undo = map[string]string{}
	}
	j.undo[key] = value
}

// id is what the grant is about.
func (j *job) id() string { return j.change.Grant.Resource.ID }

func (j *job) detail(key string) string { return j.change.Grant.Details[key] }

// absent ends a change of an account that a reading with a positive control
// did not find.
func (j *job) absent(control lastday.Control) {
	if !j.down {
		j.refuse("the user is gone: there is nobody to give it back to")
		return
	}
	j.outcome, j.now, j.note = lastday.OutcomeAlready, lastday.None, "the user is gone; "+control.Evidence
}

// settle ends changes that need no write, or must not be made.
func (j *job) settle() {
	cmp, err := j.change.Grant.Ladder.Compare(j.now, j.change.To)
	switch {
	case j.outcome != "":
	case err == nil && cmp == 0, j.down && err == nil && cmp < 0:
		j.outcome = lastday.OutcomeAlready
	case !j.down && j.now != j.change.From:
		j.drifted("somebody changed it since")
	case !j.down && j.change.Grant.Restore.Fidelity == lastday.RestoreNever:
		j.refuse(j.change.Grant.Restore.Note)
	}
}

func (j *job) receipt(at time.Time) lastday.Receipt {
	r := lastday.Receipt{
		Change: j.change.ID, Outcome: j.outcome, Before: j.now, Note: j.note, Requests: j.requests,
		DoneAt: at, Undo: j.undo, Residue: j.residue,
	}
	if j.outcome == lastday.OutcomeApplied || j.outcome == lastday.OutcomeAlready {
		r.Proof = lastday.ProofAcknowledged
	}
	return r
}
