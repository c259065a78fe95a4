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
	l.recordFirst(ctx, g, inv)
	l.distrust(ctx, inv)
	j, err := l.judge(ctx, g, inv)
	if err != nil {
		return l.failed(ctx, err)
	}
	l.receive(ctx, l.l.Orders, j.Receipts, false)
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
	if l.followsAnother(j.Judgement) {
		return true, l.briskBackoff()
	}
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
			Case: c.id, Separation: c.s.Separation, Stage: c.judgedAt(g), Plan: slim(c.s.Plan, l.l.System), Inventory: inv,
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

// arrive notes that the system was read back clean at the goal.
func (l *laneRun) arrive(ctx workflow.Context, g goal, inv lastday.Inventory) {
	l.fruitless = 0
	l.step(ctx, g.name(), inv)
	why := ""
	if inv.Match.Verdict == lastday.FoundNone {
		why = "no account was found"
	}
	l.recordReading(ctx, g.name(), inv)
	l.recordVerified(ctx, g, inv, why)
	l.set(ctx, LaneWorking, "read back clean; the record is being written")
	if l.c.flush(ctx) != nil {
		return
	}
	l.l.Clean = g.name()
	l.set(ctx, LaneClean, why)
	l.c.settleDelegated(ctx, l)
	if g.stage.Cut || g.stage.Watch {
		l.l.Exited = true
		l.c.noteCut(ctx)
	}
	l.c.sealStage(g.stage)
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
	if c.allLanes(func(l *Lane) bool { return l.Verdict == lastday.FoundNone }) {
		c.note(ctx, Entry{What: "no account was found in any system"})
		c.tellOnce("no_account", "no account was found in any system: is this the right person?")
	}
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
