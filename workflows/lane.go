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

// goal is what a lane is to reach: a stage's ceiling, or, restoring, what was
// before we came.
type goal struct {
	stage   lastday.Stage
	restore bool
	urgent  bool
}

func (g goal) name() string {
	if g.restore {
		return restoreGoal
	}
	return g.stage.Name
}

// laneRun is one system's part of a run. A new goal supersedes the old one at
// once, also when the old one is waiting or being retried.
type laneRun struct {
	c       *caseRun
	l       *Lane
	goal    goal
	goalRev int
	cancel  workflow.CancelFunc
	// kicked counts the orders to try again now.
	kicked  int
	working bool
	// pausing says that nothing is under way that a new run would lose.
	pausing bool
	// next is the goal that waits until what was taken is given back.
	next *goal
	// askedToWait is how long the far side asked us to wait in this round.
	askedToWait time.Duration
	// returned is the stage at which people were told that access came back.
	returned string
	// waived says that a person decided to go on without this goal.
	waived bool
	// settling says that the link table was not heard yet about what a person decided.
	settling bool
	// fruitless counts the rounds that brought nothing, for the pause before the next.
	fruitless int
}

// startLanes starts those that do not run yet.
func (c *caseRun) startLanes(ctx workflow.Context) {
	for _, lane := range c.s.Lanes[len(c.lanes):] {
		l := &laneRun{c: c, l: lane}
		c.lanes = append(c.lanes, l)
		workflow.GoNamed(ctx, "lane "+lane.System, l.run)
	}
}

// resumeLanes sends lanes on after a continue-as-new.
func (c *caseRun) resumeLanes() {
	if len(c.s.Reached) == 0 || c.s.Restoring {
		return
	}
	last := c.s.Reached[len(c.s.Reached)-1].Stage
	stage, ok := c.s.Plan.Stage(last)
	if !ok && c.pastCut() && workflow.GetVersion(c.root, versionResume, workflow.DefaultVersion, 1) >= 1 {
		stage, ok = lastday.Stage{Name: last, Ceiling: lastday.LevelNone, Watch: true}, true
	}
	for _, l := range c.lanes {
		if ok && l.l.Clean != stage.Name && l.l.State != LaneWaived {
			l.setGoal(goal{stage: stage})
		}
	}
}

// setGoal sends the lane out for a goal and interrupts what it is doing.
//
// A stage that is no cut waits until what is being given back is given back.
func (l *laneRun) setGoal(g goal) {
	if l.working && l.goal.restore && !g.restore && !g.urgent && !g.stage.Cut && !g.stage.Watch {
		l.next = &g
		return
	}
	l.goal, l.next = g, nil
	l.goalRev++
	l.working = true
	l.waived = false
	l.fruitless = 0
	if l.l.State == LaneWaived {
		// The waiver was for the goal before; nothing may end on it any more.
		l.l.State = LaneWaiting
	}
	if l.cancel != nil {
		l.cancel()
	}
}

// interrupt ends what the lane is doing; its goal is gone.
func (l *laneRun) interrupt() {
	l.goal, l.next = goal{}, nil
	l.goalRev++
	if l.cancel != nil {
		l.cancel()
	}
}

// begin makes a working lane set out for its goal again, after what it was
// doing has ended.
func (l *laneRun) begin() {
	if l.working && l.goal.name() != "" {
		l.goalRev++
		l.cancel()
	}
}

// kick makes a pausing lane try again at once.
func (l *laneRun) kick() { l.kicked++ }

func (l *laneRun) run(ctx workflow.Context) {
	done := 0
	for {
		if workflow.Await(ctx, func() bool { return l.goalRev != done }) != nil {
			return
		}
		done = l.goalRev
		goalCtx, cancel := workflow.WithCancel(ctx)
		l.cancel = cancel
		if l.goal.name() != "" {
			l.pursue(goalCtx, l.goal)
		}
		cancel()
		if l.goalRev == done {
			l.working = false
		}
		l.c.planAfterUndo()
		if l.next != nil && !l.working {
			l.setGoal(*l.next)
		}
		l.c.wake()
	}
}

// pursue goes round after round until the goal is reached or superseded.
func (l *laneRun) pursue(ctx workflow.Context, g goal) {
	l.l.Stage = g.name()
	for ctx.Err() == nil {
		l.set(ctx, LaneWorking, "")
		round := l.reduce
		if g.restore {
			round = l.restore
		}
		again, pause := round(ctx, g)
		if !again {
			return
		}
		l.pause(ctx, pause)
	}
}

// pause waits before the next round; a kick or a new goal ends it.
func (l *laneRun) pause(ctx workflow.Context, d time.Duration) {
	if d <= 0 || ctx.Err() != nil {
		return
	}
	l.c.publish(ctx)
	l.pausing = true
	if l.goal.restore && l.fruitless == patientReturns {
		l.c.planAfterUndo()
	}
	defer func() { l.pausing = false }()
	if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
		l.c.wake()
	}
	kicked := l.kicked
	timerCtx, cancel := workflow.WithCancel(ctx)
	defer cancel()
	timer := workflow.NewTimerWithOptions(timerCtx, d, workflow.TimerOptions{Summary: lookAgain(l.l.System, l.l.Why)})
	// An error means that the lane has a new goal: its loop sees that itself.
	_ = workflow.Await(ctx, func() bool { return timer.IsReady() || l.kicked != kicked })
}

func lookAgain(system, why string) string {
	if why == "" {
		return system + ": look again"
	}
	return fmt.Sprintf("%s: look again (%s)", system, why)
}

// backoff is the pause after the n-th fruitless round: seconds while a far
// side settles, a day when a person has not acted for long.
func (l *laneRun) backoff() time.Duration {
	steps := [...]time.Duration{
		time.Second, 2 * time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute,
		15 * time.Minute, time.Hour, 4 * time.Hour, 12 * time.Hour, 24 * time.Hour,
	}
	d := steps[min(l.fruitless, len(steps)-1)]
	l.fruitless++
	return d
}

// briskBackoff is the pause while a far side does not do what it is asked: it
// may be well again at any time.
func (l *laneRun) briskBackoff() time.Duration {
	return min(l.backoff(), time.Hour)
}

// patientBackoff is the pause while a person is needed: there is no hurry in
// reading again, and Resolve ends it at once.
func (l *laneRun) patientBackoff() time.Duration {
	return max(l.backoff(), 5*time.Minute)
}

func (l *laneRun) set(ctx workflow.Context, state LaneState, why string) {
	if l.waived {
		return
	}
	changed := l.l.State != state
	l.l.State, l.l.Why = state, why
	if changed {
		l.c.publish(ctx)
	}
}

// survey orders the reading of the system.
func (l *laneRun) survey(ctx workflow.Context, stage string, within time.Duration, urgent bool) (lastday.Inventory, error) {
	if err := l.settle(ctx); err != nil {
		return lastday.Inventory{}, err
	}
	id := l.c.activityID(l.l.System, stage+"/read")
	o := systemCall(l.l.Queue, id, fmt.Sprintf("Read everything in **%s** (%s)", l.l.System, stage), within, urgent)
	if match, disputed := l.disputed(); disputed {
		return lastday.Inventory{System: l.l.System, ReadAt: workflow.Now(ctx), Match: match}, nil
	}
	in := activities.SurveyInput{Case: l.c.id, System: l.l.System, Person: l.pinned()}
	inv, err := call(ctx, o, systems().Survey, in)
	return l.held(in.Person, inv), err
}

// patience is how long Temporal retries an order before the case knows and tells.
func (l *laneRun) patience() time.Duration {
	if d := l.c.s.Plan.TellAfter; d > 0 {
		return d
	}
	return 15 * time.Minute
}

// look remembers what a reading showed.
func (l *laneRun) look(ctx workflow.Context, inv lastday.Inventory) {
	l.l.Read, l.l.Verdict = workflow.Now(ctx), inv.Match.Verdict
	if inv.Match.Verdict == lastday.FoundOne {
		l.l.Account = inv.Match.Account
	}
	l.l.Grants, l.l.Highest = l.standing(inv)
	l.l.Calls += inv.Calls
	if len(l.l.Steps) == 0 {
		l.step(ctx, stepBefore, inv)
	}
}

// standing is how much access is left: what was read, but for what a person
// answered for.
func (l *laneRun) standing(inv lastday.Inventory) (grants int, highest lastday.Level) {
	rungs := l.attested()
	for _, g := range inv.Grants {
		if rung, ok := rungs[g.Key]; ok {
			g.Rung = rung
		}
		if level := g.Level(); level > lastday.LevelNone {
			grants, highest = grants+1, max(highest, level)
		}
	}
	return grants, highest
}

// stepBefore is the step of the first reading, before any stage.
const stepBefore = "before"

// restsOn says whether a reading is only enough because a person answered for
// something, and how well the weakest of that is shown.
func (l *laneRun) restsOn(inv lastday.Inventory) (word lastday.Proof, rests bool) {
	word = lastday.ProofAttested
	rungs := l.attested()
	for _, a := range l.l.Attested {
		seen := slices.ContainsFunc(inv.Grants, func(g lastday.Grant) bool { return g.Key == a.Grant && g.Rung != rungs[g.Key] })
		gap := a.Grant == "" && slices.ContainsFunc(inv.Gaps, func(g lastday.Gap) bool { return g.Kind == a.Kind })
		whole := a.Grant == "" && a.Kind == "" && a.Stage == l.l.Stage
		if seen || gap || whole {
			word, rests = min(word, a.Proof), true
		}
	}
	return word, rests
}

// proofOf grades what a reading shows of a whole system.
func (l *laneRun) proofOf(inv lastday.Inventory) lastday.Proof {
	if word, rests := l.restsOn(inv); rests {
		return word
	}
	switch {
	case !inv.Complete():
		return lastday.ProofNone
	case inv.Control.KeptBy != "":
		return lastday.ProofAttested
	}
	return lastday.ProofObserved
}

// mostSteps bounds a staircase; watches after that replace the last step.
const mostSteps = 40

func (l *laneRun) step(ctx workflow.Context, stage string, inv lastday.Inventory) {
	s := Step{Stage: stage, At: workflow.Now(ctx), Level: l.l.Highest, Grants: l.l.Grants, Proof: l.proofOf(inv)}
	if n := len(l.l.Steps); n > 0 && (l.l.Steps[n-1].Stage == stage || n >= mostSteps) {
		l.l.Steps[n-1] = s
		return
	}
	l.l.Steps = append(l.l.Steps, s)
}

// order writes down what is about to be ordered, before it is: an order whose
// answer is lost is still known to be ours. It returns the ids of those that
// were ordered before and not seen done.
func order(ledger []plan.Taken, changes []lastday.Change) (grown []plan.Taken, again []string) {
	for _, change := range changes {
		i := orderOf(ledger, change.ID)
		if i < 0 {
			ledger = append(ledger, plan.Taken{Change: change})
			continue
		}
		if seenDone(ledger[i].Receipt) {
			// It was seen done, and the access came back since: this is a new order.
			ledger[i].Receipt = lastday.Receipt{}
			continue
		}
		again = append(again, change.ID)
	}
	return ledger, again
}

func orderOf(ledger []plan.Taken, id string) int {
	for i := range ledger {
		if ledger[i].Change.ID == id {
			return i
		}
	}
	return -1
}

// receive writes receipts into the ledger. A better proof is never replaced by
// a lesser one of the same outcome.
func receive(ledger []plan.Taken, receipts []lastday.Receipt) {
	for _, r := range receipts {
		i := orderOf(ledger, r.Change)
		if i < 0 {
			continue
		}
		old := ledger[i].Receipt
		if old.Outcome == r.Outcome && old.Proof > r.Proof {
			continue
		}
		ledger[i].Receipt = r
	}
}

// abandon ends the way to the present goal without reaching it.
func (l *laneRun) abandon() {
	l.waived = true
	if l.cancel != nil {
		l.cancel()
	}
}
