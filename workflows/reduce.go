package workflows

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"lastday"
	"lastday/activities"
	"lastday/plan"
)

// reduce is one round of a lane on the way down: read everything, judge it
// against the ceiling, change what is above, and go again. Only a round that
// finds nothing above the ceiling, in a complete reading with a positive
// control, ends it. It says whether another round is due, and when.
func (l *laneRun) reduce(ctx workflow.Context, g goal) (again bool, pause time.Duration) {
	inv, err := l.survey(ctx, g.name(), l.patience(), g.urgent)
	if err != nil {
		return l.failed(ctx, err)
	}
	l.look(ctx, inv)
	l.distrust(ctx, inv)
	j, err := l.judge(ctx, g, inv)
	if err != nil {
		return l.failed(ctx, err)
	}
	receive(l.l.Orders, j.Receipts)
	l.raiseAll(ctx, g, inv, j.Judgement)
	due, unseen := l.orderable(j.Judgement.Due)
	switch {
	case len(due)+len(unseen) > 0 && l.c.approvals(l.c.s.Plan.Digest) < j.Approvals:
		return l.needApprovals(ctx, j.Approvals)
	case len(due) == 0 && len(unseen) > 0 && l.fruitless < 3:
		return l.unseen(ctx, unseen)
	case len(due)+len(unseen) > 0:
		return l.apply(ctx, g, due, unseen, j.Approvals > 0)
	case l.acceptable(inv, j.Judgement):
		l.arrive(ctx, g, inv)
		return false, 0
	}
	l.set(ctx, LaneStuck, l.waitsFor())
	return true, l.patientBackoff()
}

// distrust voids what a person answered for and a reading contradicts: an
// attestation that something is gone which is still seen, and a waiver for a
// grant that has risen since.
func (l *laneRun) distrust(ctx workflow.Context, inv lastday.Inventory) {
	if !inv.Control.Seen {
		return
	}
	l.l.Attested = slices.DeleteFunc(l.l.Attested, func(a Attested) bool {
		i := slices.IndexFunc(inv.Grants, func(g lastday.Grant) bool { return g.Key == a.Grant })
		if a.Grant == "" || i < 0 || !contradicts(inv.Grants[i], a) {
			return false
		}
		l.c.note(ctx, Entry{What: fmt.Sprintf("%s: %s %s is seen at %s, though %s answered for it (%s): it is open again",
			l.l.System, inv.Grants[i].Kind, inv.Grants[i].Resource.Name, inv.Grants[i].Rung, a.By, a.Proof)})
		l.c.reopen(l.l.System, a.Grant)
		return true
	})
}

func contradicts(g lastday.Grant, a Attested) bool {
	limit := a.Rung
	if a.Proof == lastday.ProofWaived && a.Seen != "" {
		limit = a.Seen
	}
	above, err := g.Ladder.Compare(g.Rung, limit)
	return err != nil || above > 0
}

// needApprovals waits until enough others approved that a protected account is touched.
func (l *laneRun) needApprovals(ctx workflow.Context, need int) (bool, time.Duration) {
	have := l.c.approvals(l.c.s.Plan.Digest)
	l.c.raise(ctx, Task{
		System: l.l.System, Kind: TaskDecision, What: "the account is protected", Stage: l.l.Stage,
		Why:  fmt.Sprintf("%d different people must approve, %d did", need, have),
		Todo: "approve with the digest of the plan: " + l.c.s.Plan.Digest,
	})
	l.set(ctx, LaneStuck, "the account is protected: waits for approvals")
	return true, l.patientBackoff()
}

func (l *laneRun) judge(ctx workflow.Context, g goal, inv lastday.Inventory) (activities.JudgeOutput, error) {
	c := l.c
	raw := inv.Gaps
	inv.Gaps = l.unanswered(raw)
	in := activities.JudgeInput{
		Question: plan.Question{
			Case: c.id, Separation: c.s.Separation, Stage: g.stage.Name, Plan: slim(c.s.Plan, l.l.System), Inventory: inv,
			Attested: l.attested(), Now: workflow.Now(ctx),
		},
		PolicyName: c.s.PolicyName, PolicyText: c.s.PolicyText, Ordered: ungraded(l.l.Orders), Waived: l.answeredFor(raw),
	}
	id := c.activityID(l.l.System, g.name()+"/judge")
	return call(ctx, caseCall(id, fmt.Sprintf("Compare **%s** with the ceiling of %s", l.l.System, g.name())), cases().Judge, in)
}

// slim leaves out of a plan what the judgement of one system does not need, so
// that histories stay small. What the plan saw in that system stays: rules are
// judged by what a grant was before it was lowered.
func slim(p lastday.Plan, system string) lastday.Plan {
	p.Stages = slices.Clone(p.Stages)
	for i, stage := range p.Stages {
		p.Stages[i].Changes = slices.DeleteFunc(slices.Clone(stage.Changes), func(c lastday.Change) bool { return c.Account.System != system })
	}
	p.Systems = slices.DeleteFunc(slices.Clone(p.Systems), func(s lastday.SystemPlan) bool { return s.System != system })
	p.Gaps, p.Residue = nil, nil
	return p
}

// ungraded are the orders that no reading has confirmed yet.
func ungraded(orders []plan.Taken) []plan.Taken {
	var open []plan.Taken
	for _, o := range orders {
		if o.Receipt.Proof < lastday.ProofObserved {
			open = append(open, o)
		}
	}
	return open
}

func (l *laneRun) attested() map[string]string {
	rungs := make(map[string]string, len(l.l.Attested))
	for _, a := range l.l.Attested {
		if a.Grant != "" {
			rungs[a.Grant] = a.Rung
		}
	}
	return rungs
}

// unanswered leaves out the gaps that a person answered for.
func (l *laneRun) unanswered(gaps []lastday.Gap) []lastday.Gap {
	return slices.DeleteFunc(slices.Clone(gaps), func(g lastday.Gap) bool { return l.answered(g.Kind) })
}

// answeredFor are the gaps that a person answered for.
func (l *laneRun) answeredFor(gaps []lastday.Gap) []lastday.Gap {
	return slices.DeleteFunc(slices.Clone(gaps), func(g lastday.Gap) bool { return !l.answered(g.Kind) })
}

// answered says whether a person answered for not seeing a kind of grant; the
// empty kind is everything.
func (l *laneRun) answered(kind string) bool {
	return slices.ContainsFunc(l.l.Attested, func(a Attested) bool {
		return a.Grant == "" && a.Kind == kind && (kind != "" || a.Stage == l.l.Stage)
	})
}

// acceptable says whether a reading may end the lane's way to its goal.
func (l *laneRun) acceptable(inv lastday.Inventory, j plan.Judgement) bool {
	switch j.Verdict {
	case plan.Clean:
		return true
	case plan.Blind:
		// A system without an interface shows nothing: there a person's word is all
		// there can be, and the step says so.
		return len(j.Above) == 0 && len(l.unanswered(inv.Gaps)) == 0 && inv.Match.Verdict != lastday.FoundMany && (l.l.Manual || l.answered(""))
	case plan.Due, plan.Stuck:
		return false
	}
	return false
}

// orderable splits what is due into what is to be ordered and what was done
// before and still shows. What waits for a person is left out.
func (l *laneRun) orderable(due []lastday.Change) (fresh, unseen []lastday.Change) {
	for _, change := range due {
		if l.c.taskOpen(l.l.System, change.ID) {
			continue
		}
		i := orderOf(l.l.Orders, change.ID)
		if i >= 0 && done(l.l.Orders[i].Receipt) {
			unseen = append(unseen, change)
			continue
		}
		fresh = append(fresh, change)
	}
	return fresh, unseen
}

// done says that the far side told us it was done and no reading has shown it yet.
func done(r lastday.Receipt) bool {
	switch r.Outcome {
	case lastday.OutcomeApplied, lastday.OutcomeAlready, lastday.OutcomeAccepted:
		return r.Proof < lastday.ProofObserved
	case lastday.OutcomeOffered, lastday.OutcomeDrifted, lastday.OutcomeDelegated, lastday.OutcomeAsked, lastday.OutcomeRefused:
		return false
	}
	return false
}

// unseen waits for a far side that said done and still shows the access.
func (l *laneRun) unseen(ctx workflow.Context, changes []lastday.Change) (bool, time.Duration) {
	for _, change := range changes {
		l.c.raise(ctx, Task{
			System: l.l.System, Kind: TaskUnseen, What: describe(change), Change: change.ID, Grant: change.Grant.Key, To: change.To,
			Why: "the far side said that it is done, and still shows it", Stage: l.l.Stage,
		})
	}
	l.set(ctx, LaneWorking, "waiting until the far side shows what it did")
	return true, l.briskBackoff()
}

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
	receive(l.l.Orders, receipts)
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
				Todo: todoFor(kind),
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

// arrive notes that the system was read back clean at the goal.
func (l *laneRun) arrive(ctx workflow.Context, g goal, inv lastday.Inventory) {
	l.fruitless = 0
	l.l.Clean = g.name()
	l.step(ctx, g.name(), inv)
	l.set(ctx, LaneClean, "")
	if g.stage.Cut || g.stage.Watch {
		l.l.Exited = true
		l.c.noteCut(ctx)
	}
	l.c.publish(ctx)
}

// noteCut says when the last system was read back gone, and how many rest on
// somebody's word instead.
func (c *caseRun) noteCut(ctx workflow.Context) {
	if !c.s.Times.CutVerified.IsZero() || !c.allLanes(func(l *Lane) bool { return l.Exited || l.State == LaneWaived }) {
		return
	}
	read := 0
	for _, l := range c.s.Lanes {
		if n := len(l.Steps); l.Exited && n > 0 && l.Steps[n-1].Proof == lastday.ProofObserved {
			read++
		}
	}
	now := workflow.Now(ctx)
	what := fmt.Sprintf("cut read back gone in %d of %d systems, %s after it was due", read, len(c.s.Lanes), now.Sub(c.s.Times.CutDue).Round(time.Millisecond))
	if read < len(c.s.Lanes) {
		what += "; the rest is on people's word"
	}
	if read > 0 {
		c.s.Times.CutVerified = now
	}
	c.note(ctx, Entry{What: what})
}

// failed notes trouble with a system and says when to try again.
func (l *laneRun) failed(ctx workflow.Context, err error) (again bool, pause time.Duration) {
	if ctx.Err() != nil {
		return false, 0
	}
	trouble := troubleOf(err)
	l.openTrouble(ctx, trouble)
	l.set(ctx, LaneStuck, string(trouble.Code)+": "+trouble.Why)
	switch {
	case trouble.RetryAfter > 0:
		return true, trouble.RetryAfter
	case trouble.Code.Retryable() || trouble.Code == codeUnserved:
		return true, l.briskBackoff()
	}
	return true, l.patientBackoff()
}

func (l *laneRun) openTrouble(ctx workflow.Context, t activities.Trouble) {
	kind, todo := TaskFailing, "it is tried again; if it does not mend: `waive` with a reason"
	if t.Code == codeUnserved {
		kind, todo = TaskUnserved, "start a worker for the queue "+l.l.Queue
	}
	if t.Code == lastday.CodeDenied {
		todo = "mend our credential (`lastday check` says what is missing), then resolve with `retry`"
	}
	l.c.raise(ctx, Task{System: l.l.System, Kind: kind, What: "the whole system", Why: t.Why, Code: t.Code, Todo: todo, Stage: l.l.Stage})
}

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
		add(Task{Kind: TaskElsewhere, What: grant.Kind + " " + grant.Resource.Name + ": " + grant.Rung, Why: why.Why, Grant: grant.Key, From: grant.Rung, To: lastday.None, Todo: why.Todo})
	}
	for _, r := range residue {
		if !r.Harmless && len(j.Due) == 0 && (g.stage.Cut || g.stage.Watch) {
			add(Task{Kind: TaskResidue, What: r.Kind + " " + r.What, Why: r.Why, Todo: r.Todo})
		}
	}
	l.c.clearBut(ctx, l.l.System, raised)
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

// waitsFor says in words what a stuck lane waits for.
func (l *laneRun) waitsFor() string {
	open := 0
	var first Task
	for _, t := range l.c.openTasks() {
		if t.System == l.l.System {
			if open == 0 {
				first = t
			}
			open++
		}
	}
	if open == 0 {
		return "nothing showed that the access is gone"
	}
	return fmt.Sprintf("%d for a person, first: %s (%s)", open, first.What, first.Why)
}
