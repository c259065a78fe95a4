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
		if l.l.State == LaneRestored || l.goal.restore {
			continue
		}
		l.setGoal(goal{restore: true})
	}
	c.publish(ctx)
	return c.await(ctx, seen)
}

// restore is one round of a lane on the way back: read everything, merge what
// was before, what we took and what is now, give back what nobody changed
// since, and go again until nothing is left to give.
func (l *laneRun) restore(ctx workflow.Context, g goal) (again bool, pause time.Duration) {
	if len(l.l.Orders) == 0 {
		l.c.clearBut(ctx, l.l.System, nil)
		l.set(ctx, LaneRestored, "nothing was taken here")
		return false, 0
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
	receive(l.l.Returns, out.Receipts)
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
	var failed error
	for _, batch := range batches(due) {
		if ctx.Err() != nil {
			return false, 0
		}
		var again []string
		l.l.Returns, again = order(l.l.Returns, batch)
		receipts, err := l.send(ctx, g, batch, again)
		receive(l.l.Returns, receipts)
		l.afterReceipts(ctx, batch, receipts)
		if err != nil {
			failed = err
		}
	}
	if failed != nil {
		return l.failed(ctx, failed)
	}
	if answeredReturns(l.l.Returns) == before {
		return true, l.backoff()
	}
	return true, 0
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

func (l *laneRun) arriveBack(ctx workflow.Context, g goal, inv lastday.Inventory, back plan.Return) {
	offered := 0
	for _, r := range l.l.Returns {
		if r.Receipt.Outcome == lastday.OutcomeOffered {
			offered++
		}
	}
	why := fmt.Sprintf("%d given back", len(l.l.Returns)-offered)
	if offered > 0 {
		why += fmt.Sprintf(", %d offered: the person must accept", offered)
	}
	if n := len(back.Cannot); n > 0 {
		why += fmt.Sprintf(", %d cannot be given back", n)
	}
	l.step(ctx, g.name(), inv)
	l.set(ctx, LaneRestored, why)
	l.c.note(ctx, Entry{What: l.l.System + ": " + why})
	for _, r := range back.Cannot {
		l.c.note(ctx, Entry{What: fmt.Sprintf("%s: cannot be given back: %s %s (%s)", l.l.System, r.Kind, r.What, r.Why)})
	}
	if len(back.Cannot) > 0 {
		l.c.tellOnce(ctx, "not_given_back", fmt.Sprintf("%s: %s", l.l.System, why))
	}
}
