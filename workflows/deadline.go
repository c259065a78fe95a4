package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"lastday"
)

// dueIn is the deadline of what is asked now; zero if there is none.
func dueIn(ctx workflow.Context, within time.Duration) time.Time {
	if within <= 0 {
		return time.Time{}
	}
	return workflow.Now(ctx).Add(within)
}

// late says whether the deadline is over.
func (t Task) late(now time.Time) bool { return !t.Due.IsZero() && !t.Due.After(now) }

// tellNext is when people are told next: by the usual clock, or at once when
// the deadline passes.
func (t Task) tellNext() time.Time {
	if !t.Overdue && !t.Due.IsZero() && t.Due.Before(t.TellAt) {
		return t.Due
	}
	return t.TellAt
}

// lateFirst puts what is overdue before the rest.
func lateFirst(due []Task) []Task {
	slices.SortStableFunc(due, func(a, b Task) int {
		switch {
		case a.Overdue == b.Overdue:
			return 0
		case a.Overdue:
			return -1
		}
		return 1
	})
	return due
}

// deadline says in words who must act and until when; empty if nobody said.
func deadline(t Task) string {
	text := ""
	if t.Owner != "" {
		text += ". Owner: " + t.Owner
	}
	if t.Due.IsZero() {
		return text
	}
	at := t.Due.UTC().Format("2006-01-02 15:04 UTC")
	if t.Overdue {
		return text + ". OVERDUE since " + at
	}
	return text + ". Due: " + at
}

// onWord says whether the last reading was of a record that people keep.
func (l *Lane) onWord() bool {
	return len(l.Steps) > 0 && l.Steps[len(l.Steps)-1].Proof == lastday.ProofAttested
}

// seenDone says that a reading showed the order done: what shows again later
// has come back, and is a new order.
func seenDone(r lastday.Receipt) bool {
	return r.Proof == lastday.ProofObserved || (r.Proof == lastday.ProofAttested && !r.SeenAt.IsZero())
}
