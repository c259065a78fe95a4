package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"lastday"
	"lastday/activities"
	"lastday/plan"
)

// giveBack sends every lane out to restore what we took, once, and waits.
func (c *caseRun) giveBack(ctx workflow.Context, seen int) error {
	for _, l := range c.lanes {
		if !l.goal.restore && !(l.l.Stage == restoreGoal && l.l.State == LaneRestored) {
			l.setGoal(goal{restore: true})
		}
	}
	c.publish(ctx)
	if until := c.s.LingerUntil; until.After(workflow.Now(ctx)) {
		return c.sleep(ctx, until, "Wait for older news that comes late", seen)
	}
	return c.await(ctx, seen)
}

// restoreGoal is the name of the goal of giving back.
const restoreGoal = "restore"

// restore is one round of a lane on the way back: read everything, merge what
// was before, what we took and what is now, give back what nobody changed
// since, and go again until nothing is left to give.
func (l *laneRun) restore(ctx workflow.Context, g goal) (again bool, pause time.Duration) {
	if len(l.l.Orders) == 0 {
		l.c.clearBut(ctx, l.l.System, nil)
		l.set(ctx, LaneRestored, "nothing was taken here")
		return false, 0
	}
	if l.l.Manual {
		return l.askBack(ctx, g)
	}
	inv, err := l.survey(ctx, g.name(), l.patience(), true)
	if err != nil {
		return l.failed(ctx, err)
	}
	l.look(ctx, inv)
	out, err := l.mergeBack(ctx, inv)
	if err != nil {
		return l.failed(ctx, err)
	}
	l.receive(ctx, l.l.Returns, out.Receipts, true)
	l.raiseReturns(ctx, out.Return)
	due := l.returnable(out.Return.Changes)
	if len(due) == 0 {
		l.arriveBack(ctx, g, inv, out.Return)
		return false, 0
	}
	return l.applyBack(ctx, g, due)
}

func (l *laneRun) mergeBack(ctx workflow.Context, inv lastday.Inventory) (activities.RestoreOutput, error) {
	in := activities.RestoreInput{Case: l.c.id, Taken: l.l.Orders, Inventory: inv, Now: workflow.Now(ctx), Ordered: ungraded(l.l.Returns)}
	o := caseCall(l.c.activityID(l.l.System, "restore/merge"), fmt.Sprintf("Compare what we took in **%s** with what is now", l.l.System))
	return call(ctx, o, cases().Restore, in)
}

// askBack asks people to give back by hand what people took by hand.
func (l *laneRun) askBack(ctx workflow.Context, g goal) (bool, time.Duration) {
	var raised []string
	for _, o := range l.l.Orders {
		if o.Receipt.Proof < lastday.ProofAttested || o.Change.Grant.Restore.Fidelity == lastday.RestoreNever {
			continue
		}
		raised = append(raised, l.c.raise(ctx, Task{
			System: l.l.System, Kind: TaskAsked, What: "give back " + o.Change.Grant.Resource.Name, Why: "the engagement goes on",
			Todo: o.Change.Grant.Restore.Note + "; then resolve with `attest` and the evidence", Stage: g.name(), Change: o.Change.ID + "/back",
		}))
	}
	l.c.clearBut(ctx, l.l.System, raised)
	for _, t := range l.c.openTasks() {
		if t.System == l.l.System {
			l.set(ctx, LaneStuck, "a person must give it back")
			return true, l.patientBackoff()
		}
	}
	l.set(ctx, LaneRestored, fmt.Sprintf("%d given back by hand", len(raised)))
	return false, 0
}

// raiseReturns asks people about what somebody changed since.
func (l *laneRun) raiseReturns(ctx workflow.Context, back plan.Return) {
	var raised []string
	for _, r := range back.Drifted {
		raised = append(raised, l.c.raise(ctx, Task{System: l.l.System, Kind: TaskDrifted, What: r.Kind + " " + r.What, Why: r.Why, Todo: todoFor(TaskDrifted), Stage: "restore"}))
	}
	for _, t := range l.c.openTasks() {
		if t.System == l.l.System && t.Stage == "restore" && t.Change != "" {
			raised = append(raised, t.ID)
		}
	}
	l.c.clearBut(ctx, l.l.System, raised)
}

// returnable leaves out what was offered already, or waits for a person.
func (l *laneRun) returnable(changes []lastday.Change) []lastday.Change {
	var due []lastday.Change
	for _, change := range changes {
		i := orderOf(l.l.Returns, change.ID)
		offered := i >= 0 && l.l.Returns[i].Receipt.Outcome == lastday.OutcomeOffered
		if !offered && !l.c.taskOpen(l.l.System, change.ID) {
			due = append(due, change)
		}
	}
	return due
}

func (l *laneRun) applyBack(ctx workflow.Context, g goal, due []lastday.Change) (bool, time.Duration) {
	before := answeredReturns(l.l.Returns)
	for _, batch := range batches(due) {
		if l.mayChange(ctx) != nil {
			return false, 0
		}
		var again []string
		l.l.Returns, again = order(l.l.Returns, batch)
		receipts := l.send(ctx, g, batch, again)
		l.receive(ctx, l.l.Returns, receipts, true)
		l.afterReceipts(ctx, batch, receipts)
	}
	if ctx.Err() != nil {
		return false, 0
	}
	if answeredReturns(l.l.Returns) == before {
		l.l.Why = "given back, as the far side says, and not seen yet: it is tried again"
		return true, l.briskBackoff()
	}
	return true, 0
}

// patientReturns is after how many fruitless rounds a lane that gives back is
// planned around: the person may have to accept an invitation first.
const patientReturns = 5

// planAfterUndo plans again when the systems have given back what an order to
// cut took by mistake, and again when those that took longer have: the plan that
// was made when the order was taken back saw them half way.
func (c *caseRun) planAfterUndo() {
	if !c.s.Undoing {
		return
	}
	left := false
	for _, l := range c.lanes {
		if l.working && l.goal.restore && !l.pausing {
			return
		}
		left = left || (l.working && l.goal.restore)
	}
	c.s.Undoing = left
	if !c.s.Restoring && c.s.CutNow == nil && !c.pastCut() {
		c.s.NeedPlan = true
		c.wake()
	}
}

func answeredReturns(returns []plan.Taken) int {
	n := 0
	for _, r := range returns {
		if r.Receipt.Change != "" {
			n++
		}
	}
	return n
}

func (l *laneRun) countReturns() (given, offered, refused int) {
	for _, r := range l.l.Returns {
		switch r.Receipt.Outcome {
		case lastday.OutcomeApplied, lastday.OutcomeAlready:
			given++
		case lastday.OutcomeOffered, lastday.OutcomeAccepted:
			offered++
		case lastday.OutcomeRefused, lastday.OutcomeDrifted, lastday.OutcomeDelegated, lastday.OutcomeAsked:
			refused++
		}
	}
	return given, offered, refused
}

func (l *laneRun) arriveBack(ctx workflow.Context, g goal, inv lastday.Inventory, back plan.Return) {
	given, offered, refused := l.countReturns()
	why := fmt.Sprintf("%d given back", given)
	if refused > 0 {
		why += fmt.Sprintf(", %d refused", refused)
	}
	if offered > 0 {
		why += fmt.Sprintf(", %d offered: the person must accept", offered)
	}
	if n := len(back.Cannot); n > 0 {
		why += fmt.Sprintf(", %d cannot be given back", n)
	}
	l.step(ctx, g.name(), inv)
	l.recordReading(ctx, g.name(), inv)
	l.c.note(ctx, Entry{What: l.l.System + ": " + why})
	for _, r := range back.Cannot {
		l.c.note(ctx, Entry{What: fmt.Sprintf("%s: cannot be given back: %s %s (%s)", l.l.System, r.Kind, r.What, r.Why)})
	}
	if l.c.flush(ctx) != nil {
		return
	}
	l.set(ctx, LaneRestored, why)
	if len(back.Cannot) > 0 {
		l.c.tellOnce("not_given_back", fmt.Sprintf("%s: %s", l.l.System, why))
	}
}
