package workflows

import (
	"fmt"
	"slices"

	"go.temporal.io/sdk/workflow"

	"lastday"
	"lastday/plan"
)

// raiseAll opens a task for all that keeps the system from being clean and
// needs a person, and closes those of earlier rounds that are no more.
func (l *laneRun) raiseAll(ctx workflow.Context, g goal, inv lastday.Inventory, j plan.Judgement) {
	raised := l.stillDue(j.Due)
	add := func(t Task) {
		t.System, t.Stage = l.l.System, g.name()
		raised = append(raised, l.c.raise(ctx, t))
	}
	if inv.Match.Verdict == lastday.FoundMany {
		add(Task{Kind: TaskIdentity, What: "the account", Why: candidates(inv.Match), Todo: "resolve with `link` and the account's id"})
	}
	for _, gap := range j.Gaps {
		add(Task{Kind: TaskBlind, What: gap.What, Why: gap.Why, Todo: gap.Fix, Code: gap.Code, GrantKind: gap.Kind})
	}
	if j.Verdict == plan.Blind && len(j.Gaps) == 0 && inv.Match.Verdict != lastday.FoundMany && !l.l.Manual && !l.answered("") {
		add(Task{Kind: TaskBlind, What: "the whole system", Why: "nothing showed that we could have seen the access"})
	}
	residue := slices.Clone(j.Residue)
	for _, grant := range j.Above {
		if len(j.Due) > 0 {
			// Much of what comes by way of something else goes with it.
			break
		}
		var why lastday.Residue
		why, residue = takeReason(residue, grant)
		add(l.delegated(grant, Task{Kind: TaskElsewhere, What: grant.Kind + " " + grant.Resource.Name + ": " + grant.Rung, Why: why.Why, Grant: grant.Key, From: grant.Rung, To: lastday.None, Todo: why.Todo, Owner: why.Owner, Due: dueIn(ctx, why.Within)}))
	}
	for _, r := range residue {
		if !r.Harmless && len(j.Due) == 0 && (g.stage.Cut || g.stage.Watch) {
			add(Task{Kind: TaskResidue, What: r.Kind + " " + r.What, Why: r.Why, Todo: r.Todo, Owner: r.Owner, Due: dueIn(ctx, r.Within)})
		}
	}
	l.c.clearBut(ctx, l.l.System, append(raised, l.delegatedStill(g)...))
}

// stillDue are the tasks about changes that are due as before.
func (l *laneRun) stillDue(due []lastday.Change) []string {
	var ids []string
	for _, t := range l.c.s.Tasks {
		if t.Closed == nil && t.System == l.l.System && slices.ContainsFunc(due, func(c lastday.Change) bool { return c.ID == t.Change }) {
			ids = append(ids, t.ID)
		}
	}
	return ids
}

func candidates(m lastday.Match) string {
	text := fmt.Sprintf("%d accounts may be the person's:", len(m.Candidates))
	for _, c := range m.Candidates {
		text += fmt.Sprintf(" %s (id %s: %v)", c.Account.Login, c.Account.ID, c.Evidence)
	}
	return text
}

// takeReason takes out of the residue the entry that says why a grant cannot
// be changed here.
func takeReason(residue []lastday.Residue, g lastday.Grant) (lastday.Residue, []lastday.Residue) {
	i := slices.IndexFunc(residue, func(r lastday.Residue) bool {
		return r.Kind == g.Kind && r.What == g.Rung+" on "+g.Resource.Name
	})
	if i < 0 {
		return lastday.Residue{Why: "it cannot be changed here", Todo: todoFor(TaskElsewhere)}, residue
	}
	why := residue[i]
	return why, slices.Delete(residue, i, i+1)
}
