package story

import (
	"cmp"
	"slices"
	"time"

	"lastday"
)

// Kinds of task that are about more than one grant; the others' names do not
// matter here.
const (
	taskFailing  = "failing"
	taskUnserved = "unserved"
	taskIdentity = "identity"
	taskBlind    = "blind"
)

// whole says whether the exception is about a whole system.
func (e Exception) whole() bool {
	return e.Grant == "" && (e.Kind == taskFailing || e.Kind == taskUnserved || e.Kind == taskIdentity)
}

// How a task may be closed by a person's word.
const (
	howWaive  = "waive"
	howAttest = "attest"
)

// exceptions gathers what rests on people's words: tasks that were waived or
// attested, and changes that were answered for without a task.
func (f *fold) exceptions() {
	for _, t := range f.c.Tasks {
		if t.How == howWaive || t.How == howAttest {
			f.c.Exceptions = append(f.c.Exceptions, f.fromTask(t))
		}
	}
	for _, name := range f.names {
		for _, a := range f.systems[name].order {
			for _, c := range a.changes {
				f.fromChange(name, c)
			}
		}
	}
	slices.SortStableFunc(f.c.Exceptions, func(a, b Exception) int {
		return cmp.Compare(a.Seq, b.Seq)
	})
}

func (f *fold) fromTask(t Task) Exception {
	e := Exception{
		At: t.Closed, System: t.System, What: t.What, How: t.How, Proof: lastday.ProofAttested, By: t.By,
		Reason: t.Reason, Evidence: t.Evidence, Owner: t.Owner, Due: t.Due, Task: t.ID, Kind: t.Kind, Grant: t.Grant, Seq: t.Seq,
	}
	if t.How == howWaive {
		e.Proof = lastday.ProofWaived
	}
	if e.Due.IsZero() {
		e.Due = f.due(t.System, t.Grant)
	}
	e.Approvals = f.approvals(t.ID)
	return e
}

// due is when the access had to be gone, else when the cut was due.
func (f *fold) due(system, grant string) time.Time {
	var at time.Time
	if s, ok := f.systems[system]; ok {
		for _, a := range s.order {
			if a.Key == grant && !a.Due.IsZero() {
				at = a.Due
			}
		}
	}
	if at.IsZero() {
		at = cutDue(f.c)
	}
	return at
}

func (f *fold) approvals(task string) []Approval {
	var all []Approval
	for _, m := range f.c.Messages {
		if m.Verb == "approve" && m.Refused == "" && m.About == task {
			all = append(all, Approval{By: m.By, At: m.At, Reason: m.Reason})
		}
	}
	return all
}

// fromChange adds a change that was answered for, unless its task is there.
func (f *fold) fromChange(system string, c Change) {
	if c.Proof != lastday.ProofWaived && c.Proof != lastday.ProofAttested {
		return
	}
	if slices.ContainsFunc(f.c.Exceptions, func(e Exception) bool { return e.System == system && e.Grant == c.Grant }) {
		return
	}
	e := Exception{
		At: c.Done, System: system, What: cmp.Or(c.Resource.Name, c.Grant), How: howAttest, Proof: c.Proof,
		By: c.AnsweredBy, Reason: c.Note, Due: c.Due, Grant: c.Grant, Seq: c.Last,
	}
	if c.Proof == lastday.ProofWaived {
		e.How = howWaive
	}
	if e.At.IsZero() {
		e.At = c.Ordered
	}
	f.c.Exceptions = append(f.c.Exceptions, e)
}

// overtaken marks the answers on which nothing rests any more, because what they
// were about was read back gone later.
func (f *fold) overtaken() {
	for i := range f.c.Exceptions {
		e := &f.c.Exceptions[i]
		for _, s := range f.c.Systems {
			if s.Name == e.System {
				e.Overtaken = overtakes(s, *e)
			}
		}
	}
}

func overtakes(s System, e Exception) bool {
	if e.whole() || e.Kind == taskBlind {
		return s.Cut != nil && s.Blind == "" && !slices.ContainsFunc(s.Accesses, func(a Access) bool { return a.Standing != Gone && a.Standing != Powerless })
	}
	return e.Grant != "" && slices.ContainsFunc(s.Accesses, func(a Access) bool { return a.Key == e.Grant && (a.Standing == Gone || a.Standing == Powerless) })
}
