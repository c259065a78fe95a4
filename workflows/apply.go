package workflows

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"lastday"
	"lastday/activities"
	"lastday/plan"
)

// mostPerBatch bounds the changes of one activity.
const mostPerBatch = 20

// batches cuts changes into activities: a change of level admin is one of its
// own, the rest go in bounded batches in their order.
func batches(due []lastday.Change) [][]lastday.Change {
	var all [][]lastday.Change
	for _, change := range due {
		n := len(all)
		if n > 0 && change.Level() < lastday.LevelAdmin && all[n-1][0].Level() < lastday.LevelAdmin && len(all[n-1]) < mostPerBatch {
			all[n-1] = append(all[n-1], change)
			continue
		}
		all = append(all, []lastday.Change{change})
	}
	return all
}

// apply orders the changes, batch after batch. What fails does not hold up the
// rest: it is tried again in a later round.
func (l *laneRun) apply(ctx workflow.Context, g goal, due, unseen []lastday.Change, protected bool) (bool, time.Duration) {
	l.noteReturned(ctx, g, due)
	progress := false
	for _, batch := range batches(append(due, unseen...)) {
		if l.mayChange(ctx) != nil {
			return false, 0
		}
		progress = l.orderBatch(ctx, g, batch, protected) || progress
	}
	if ctx.Err() != nil {
		return false, 0
	}
	wait := l.askedToWait
	l.askedToWait = 0
	if !progress || wait > 0 {
		return true, max(l.briskBackoff(), wait)
	}
	return true, 0
}

// noteReturned tells people when access came back to a system that had been
// read back clean after the exit.
func (l *laneRun) noteReturned(ctx workflow.Context, g goal, due []lastday.Change) {
	if !g.stage.Watch || !l.l.Exited || len(due) == 0 || l.returned == g.name() {
		return
	}
	l.returned = g.name()
	l.l.Resurrected += len(due)
	l.c.note(ctx, Entry{What: fmt.Sprintf("%s: %d grants came back after the exit and are taken again", l.l.System, len(due))})
	l.c.tellOnce("resurrected/"+l.l.System+"/"+g.name(), l.l.System+": access came back after the exit; it is being taken away again")
}

// mayChange waits while a person holds the case. An order to cut overrides it.
func (l *laneRun) mayChange(ctx workflow.Context) error {
	return workflow.Await(ctx, func() bool { return l.c.s.Held == nil || l.c.s.CutNow != nil })
}

// orderBatch orders a batch and says whether it brought anything new.
func (l *laneRun) orderBatch(ctx workflow.Context, g goal, batch []lastday.Change, protected bool) bool {
	if protected {
		for i := range batch {
			batch[i].Consent = "plan " + l.c.s.Plan.Digest
		}
	}
	before := answers(l.l.Orders, batch)
	var again []string
	l.l.Orders, again = order(l.l.Orders, batch)
	receipts := l.send(ctx, g, batch, again)
	l.receive(ctx, l.l.Orders, receipts, false)
	l.afterReceipts(ctx, batch, receipts)
	return answers(l.l.Orders, batch) > before
}

// answers counts the changes of a batch that have a receipt and were not seen
// done yet.
func answers(ledger []plan.Taken, batch []lastday.Change) int {
	n := 0
	for _, change := range batch {
		i := orderOf(ledger, change.ID)
		if i >= 0 && ledger[i].Receipt.Change != "" && ledger[i].Receipt.Proof < lastday.ProofObserved {
			n++
		}
	}
	return n
}

// sendAttempts is how often Temporal tries a batch that gets nothing done before
// the lane goes on with the next one and comes back to it later.
const sendAttempts = 3

// send orders one batch and returns what receipts there are. A person is told
// of each change that failed, if it does not mend.
func (l *laneRun) send(ctx workflow.Context, g goal, batch []lastday.Change, again []string) []lastday.Receipt {
	id := l.c.activityID(l.l.System, g.name()+"/change")
	o := systemCall(l.l.Queue, id, batchSummary(l.l.System, batch), attemptTimeout, g.urgent)
	o.RetryPolicy.MaximumAttempts = sendAttempts
	o.WaitForCancellation = true
	in := activities.ApplyInput{Case: l.c.id, System: l.l.System, Stage: g.name(), Changes: batch, Again: again}
	out, err := call(ctx, o, systems().Apply, in)
	if err != nil && ctx.Err() == nil {
		for _, change := range batch {
			l.changeFailed(ctx, change, troubleOf(err))
		}
	}
	for _, f := range out.Failed {
		if i := slices.IndexFunc(batch, func(c lastday.Change) bool { return c.ID == f.Change }); i >= 0 {
			l.changeFailed(ctx, batch[i], f.Trouble)
		}
	}
	return out.Receipts
}

func (l *laneRun) changeFailed(ctx workflow.Context, change lastday.Change, t activities.Trouble) {
	l.askedToWait = max(l.askedToWait, t.RetryAfter)
	l.c.raise(ctx, Task{
		System: l.l.System, Kind: TaskFailing, What: describe(change), Why: t.Why, Code: t.Code, Stage: l.l.Stage,
		Grant: change.Grant.Key, Change: change.ID, From: change.From, To: change.To,
		Todo: "it is tried again; if it does not mend: `waive` with a reason, or do it by hand and `attest`",
	})
}

// batchSummary says what a batch changes: how many of which kinds.
func batchSummary(system string, batch []lastday.Change) string {
	if len(batch) == 1 {
		return fmt.Sprintf("**%s**: %s", system, describe(batch[0]))
	}
	text := fmt.Sprintf("**%s**: %d changes:", system, len(batch))
	for i, n := 0, 0; i < len(batch); i += n {
		for n = 1; i+n < len(batch) && batch[i+n].Grant.Kind == batch[i].Grant.Kind; n++ {
		}
		text += fmt.Sprintf(" %d %s,", n, batch[i].Grant.Kind)
	}
	return text[:min(len(text)-1, mostSummary)]
}

// mostSummary keeps a summary under what the UI shows well.
const mostSummary = 180

// describe says a change in words.
func describe(c lastday.Change) string {
	return fmt.Sprintf("%s %s: %s → %s", c.Grant.Kind, c.Grant.Resource.Name, c.From, c.To)
}

// afterReceipts notes the first reduction and asks people where a person is needed.
func (l *laneRun) afterReceipts(ctx workflow.Context, batch []lastday.Change, receipts []lastday.Receipt) {
	for _, r := range receipts {
		i := slices.IndexFunc(batch, func(c lastday.Change) bool { return c.ID == r.Change })
		if i < 0 {
			continue
		}
		if r.Outcome == lastday.OutcomeApplied && l.c.s.Times.FirstReduced.IsZero() {
			l.c.s.Times.FirstReduced = workflow.Now(ctx)
		}
		if kind, ok := personNeeded(r.Outcome); ok {
			change := batch[i]
			l.c.raise(ctx, Task{
				System: l.l.System, Kind: kind, What: describe(change), Why: r.Note, Stage: l.l.Stage,
				Grant: change.Grant.Key, Change: change.ID, From: change.From, To: change.To,
				Todo: cmp.Or(r.Todo, todoFor(kind)), Owner: r.Owner, Due: dueIn(ctx, r.Within),
			})
		}
	}
}

func personNeeded(o lastday.Outcome) (TaskKind, bool) {
	switch o {
	case lastday.OutcomeAsked:
		return TaskAsked, true
	case lastday.OutcomeRefused:
		return TaskRefused, true
	case lastday.OutcomeDelegated:
		return TaskElsewhere, true
	case lastday.OutcomeDrifted:
		return TaskDrifted, true
	case lastday.OutcomeApplied, lastday.OutcomeAlready, lastday.OutcomeAccepted, lastday.OutcomeOffered:
		return "", false
	}
	return "", false
}

func todoFor(kind TaskKind) string {
	switch kind {
	case TaskAsked:
		return "do it by hand, then resolve with `attest` and the evidence"
	case TaskElsewhere:
		return "take it away where it is managed, then resolve with `retry`"
	case TaskRefused:
		return "mend the reason and resolve with `retry`, or `waive` with a reason"
	case TaskDrifted:
		return "somebody changed it since: decide by hand, then resolve with `waive` and a reason"
	case TaskResidue, TaskBlind, TaskIdentity, TaskUnserved, TaskFailing, TaskUnseen, TaskDecision:
		return "resolve with `retry` or `waive`"
	}
	return ""
}
