package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"lastday"
	"lastday/activities"
)

// Case is one engagement's way out, from notice to closed record.
//
// It takes news and orders at any time, makes a plan, and brings one ceiling
// after the other into force when its time has come. Every system has a lane
// of its own: a system that is down holds up neither the next stage nor
// another system. The case ends when every lane was read back clean after the
// last watch, and nothing is left that a person must answer for.
func Case(ctx workflow.Context, in CaseInput) (CaseResult, error) {
	c := newCaseRun(ctx, in)
	if err := c.listen(ctx); err != nil {
		return CaseResult{}, err
	}
	return c.run(ctx)
}

// caseRun is one run of a Case: its state, and what need not be remembered.
type caseRun struct {
	id    string
	s     *CaseState
	lanes []*laneRun
	// inbox holds the deliveries and orders that the main loop has not looked at.
	inbox []News
	// revision counts what the main loop must react to.
	revision int
	// tasksRevision counts what the teller must react to.
	tasksRevision int
	// root is the context of the whole run.
	root workflow.Context
	// laters counts the times that something of our own failed in a row.
	laters int
	// signals are the channels of people's messages.
	signals []workflow.ReceiveChannel
	// telling counts the notices that are on their way.
	telling int
	// seen and unseen are what the last planning read.
	seen       []lastday.Inventory
	unseen     []lastday.Gap
	asking     bool
	attributes attributes
	// configured says that the settings were read in this run.
	configured bool
	// recorder says that records are being kept, writing that a batch is on its
	// way, flushTo up to which record somebody waits, and looking that systems are
	// being read for a plan.
	recorder, writing, looking bool
	flushTo                    int
	// unwritten counts the batches in a row that could not be written.
	unwritten int
	// renumbered counts how often the outbox was numbered anew.
	renumbered int
	// hearing is the message that is being answered.
	hearing lastday.MessageFact
}

func newCaseRun(ctx workflow.Context, in CaseInput) *caseRun {
	c := &caseRun{id: in.Case, s: in.State, root: ctx}
	if c.s == nil {
		c.s = &CaseState{}
		c.s.Times.Told = workflow.Now(ctx)
		c.s.NeedPlan = true
	}
	return c
}

func (c *caseRun) run(ctx workflow.Context) (CaseResult, error) {
	if err := workflow.Await(ctx, func() bool { return c.s.Announced }); err != nil {
		return CaseResult{}, err
	}
	if err := c.configure(ctx); err != nil {
		return CaseResult{}, err
	}
	c.resumeLanes()
	workflow.GoNamed(ctx, "teller", c.tellPeople)
	for !c.over(ctx) {
		if c.mustContinueAsNew(ctx) {
			return CaseResult{}, c.continueAsNew(ctx)
		}
		if err := c.turn(ctx); err != nil {
			return CaseResult{}, err
		}
	}
	return c.close(ctx)
}

// configure reads what the case must know of the configuration. It is read
// again before each stage: a system that was connected meanwhile is covered.
func (c *caseRun) configure(ctx workflow.Context) error {
	var settings activities.Settings
	o := caseCall(c.activityID("case", "configure"), "Read which systems there are")
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, o), cases().Configure, activities.ConfigureInput{Person: c.s.Separation.Person.Key}).Get(ctx, &settings)
	if err != nil {
		return err
	}
	if settings.LinkTrouble != nil {
		// What the table said before still holds: a contradiction does not go away
		// because nobody can be asked.
		settings.Links = c.s.Settings.Links
	}
	c.s.Settings = settings
	for _, system := range settings.Systems {
		c.addLane(system)
	}
	c.linkLanes(ctx)
	c.startLanes(ctx)
	c.startRecording(ctx)
	if len(c.s.Lanes) == 0 {
		c.raise(ctx, Task{Kind: TaskFailing, Code: lastday.CodeInvalid, What: "the configuration", Why: "it names no system: nobody's access would be ended", Todo: "name the systems, then resolve with `retry`"})
	}
	return nil
}

// addLane gives a system that is new to the case its lane.
func (c *caseRun) addLane(system activities.SystemSetting) {
	for _, l := range c.s.Lanes {
		if l.System == system.Name {
			l.Queue, l.Manual = system.Queue, system.Manual
			return
		}
	}
	c.s.Lanes = append(c.s.Lanes, &Lane{System: system.Name, Queue: system.Queue, Manual: system.Manual, State: LaneWaiting})
}

// turn does the next thing that is to be done, or waits for it.
func (c *caseRun) turn(ctx workflow.Context) error {
	seen := c.revision
	c.absorb(ctx)
	c.raiseDecisions(ctx)
	if c.s.Restoring {
		return c.giveBack(ctx, seen)
	}
	if c.s.NeedPlan {
		if err := c.makePlan(ctx); err != nil {
			return err
		}
	}
	if c.waitingForPeople() {
		c.publish(ctx)
		return c.await(ctx, seen)
	}
	c.catchUp()
	stage, ok := c.nextStage()
	if !ok {
		c.publish(ctx)
		return c.await(ctx, seen)
	}
	if until := stage.Moment.Instant; until.After(workflow.Now(ctx)) {
		c.publish(ctx)
		return c.sleep(ctx, until, stageSummary(stage), seen)
	}
	return c.enforce(ctx, stage)
}

func stageSummary(s lastday.Stage) string {
	at := s.Moment
	return fmt.Sprintf("Stage **%s** from %s %s %s: at most %s", s.Name, at.Date, at.Time, at.Zone, s.Ceiling)
}

// nextStage is the first stage whose ceiling is not in force yet.
func (c *caseRun) nextStage() (lastday.Stage, bool) {
	for _, stage := range c.s.Plan.Stages {
		if !c.reached(stage.Name) {
			return stage, true
		}
	}
	return lastday.Stage{}, false
}

func (c *caseRun) reached(stage string) bool {
	for _, r := range c.s.Reached {
		if r.Stage == stage {
			return true
		}
	}
	return false
}

// enforce brings a stage's ceiling into force: every lane sets out for it. It
// does not wait for them.
func (c *caseRun) enforce(ctx workflow.Context, stage lastday.Stage) error {
	if err := c.passGate(ctx); err != nil {
		return c.later(ctx, "the gate", err)
	}
	if err := c.configure(ctx); err != nil {
		return c.later(ctx, "the configuration", err)
	}
	if c.waitingForPeople() || c.s.Restoring || c.s.NeedPlan {
		return nil
	}
	if c.laters = 0; len(c.s.Lanes) > 0 {
		c.clear(ctx, "", TaskFailing)
	}
	now := workflow.Now(ctx)
	c.s.Reached = append(c.s.Reached, Reached{Stage: stage.Name, At: now})
	c.show(ctx, Entry{What: fmt.Sprintf("stage %s: nothing above %s from now on", stage.Name, stage.Ceiling)})
	c.recordStage(ctx, stage)
	if stage.Cut {
		c.s.Times.CutDue = stage.Moment.Instant
	}
	for _, l := range c.lanes {
		l.setGoal(goal{stage: stage, urgent: c.s.CutNow != nil || c.s.Separation.Kind == lastday.SeparationImmediate})
	}
	c.publish(ctx)
	return nil
}

// passGate asks once, before the first change, whether one more leaver is
// still usual. If not, the case waits for a person.
func (c *caseRun) passGate(ctx workflow.Context) error {
	if c.s.Entered {
		return nil
	}
	in := activities.EnterInput{Case: c.id, Limit: c.s.Settings.GateLimit}
	out, err := call(ctx, caseCall("gate", "Are there more leavers than usual?"), cases().Enter, in)
	if err != nil {
		return err
	}
	c.s.Entered = true
	if !out.Pass {
		c.s.GateHeld = fmt.Sprintf("%d leavers in 24 hours, %d are usual", out.Count, c.s.Settings.GateLimit)
		c.note(ctx, Entry{What: "held: " + c.s.GateHeld})
	}
	return nil
}

// later keeps the case alive when something of our own fails: a person is
// told, and it is tried again.
func (c *caseRun) later(ctx workflow.Context, what string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	t := troubleOf(err)
	c.raise(ctx, Task{Kind: TaskFailing, What: what, Why: t.Why, Code: t.Code, Todo: "it is tried again, at least every 15 minutes"})
	c.publish(ctx)
	c.laters++
	return workflow.Sleep(ctx, min(time.Duration(c.laters)*time.Minute, 15*time.Minute))
}

// waitingForPeople says whether nothing may be changed before a person says so.
// An order to cut overrides a hold, but no guard.
func (c *caseRun) waitingForPeople() bool {
	return c.waitsFor() != ""
}

// waitsFor says in words what keeps the case from changing anything; empty if nothing does.
func (c *caseRun) waitsFor() string {
	if c.s.Plan.Digest == "" {
		return "a plan"
	}
	if c.s.GateHeld != "" {
		return "approval: " + c.s.GateHeld
	}
	if need, have := c.s.Plan.Approvals(), c.approvals(c.s.Plan.Digest); have < need {
		return fmt.Sprintf("approval of the plan by %d more", need-have)
	}
	if c.s.Held != nil && c.s.CutNow == nil {
		return "release: held by " + c.s.Held.By
	}
	return ""
}

// approvals counts the different people who approved a digest. Whoever ordered
// the cut does not count: nobody acts alone on what is protected.
func (c *caseRun) approvals(digest string) int {
	n := 0
	for i, a := range c.s.Approvals {
		if a.Digest != digest || (c.s.CutNow != nil && a.By == c.s.CutNow.By) {
			continue
		}
		if !approvedBefore(c.s.Approvals[:i], a) {
			n++
		}
	}
	return n
}

func approvedBefore(earlier []Approval, a Approval) bool {
	for _, e := range earlier {
		if e.Digest == a.Digest && e.By == a.By {
			return true
		}
	}
	return false
}

// over says whether nothing is left to do.
func (c *caseRun) over(ctx workflow.Context) bool {
	if len(c.inbox) > 0 || c.s.News != nil || len(c.openTasks()) > 0 || len(c.s.Lanes) == 0 || c.unread() {
		return false
	}
	if c.s.Restoring {
		return c.restored() && !c.s.LingerUntil.After(workflow.Now(ctx))
	}
	if c.s.NeedPlan {
		return false
	}
	if _, more := c.nextStage(); more || c.s.Plan.Digest == "" || len(c.s.Reached) == 0 {
		return false
	}
	last := c.s.Reached[len(c.s.Reached)-1].Stage
	return c.allLanes(func(l *Lane) bool { return l.State == LaneWaived || c.arrived(l, last) })
}

// restored says whether every lane gave back what it could.
func (c *caseRun) restored() bool {
	return c.allLanes(func(l *Lane) bool {
		return l.Stage == restoreGoal && (l.State == LaneRestored || l.State == LaneWaived)
	})
}

// unread says whether a person's message waits that was not looked at.
func (c *caseRun) unread() bool {
	for _, s := range c.signals {
		if s.Len() > 0 {
			return true
		}
	}
	return false
}

func (c *caseRun) allLanes(ok func(*Lane) bool) bool {
	for _, l := range c.s.Lanes {
		if !ok(l) {
			return false
		}
	}
	return true
}

func (c *caseRun) close(ctx workflow.Context) (CaseResult, error) {
	c.s.Times.Closed = workflow.Now(ctx)
	c.show(ctx, Entry{What: "closed: " + string(c.outcome())})
	c.recordClosed(ctx)
	c.publish(ctx)
	if err := c.flush(ctx); err != nil {
		return CaseResult{}, err
	}
	c.seal(ctx, "closed", true)
	err := c.finishTelling(ctx)
	return CaseResult{
		Case: c.id, Outcome: c.outcome(), Times: c.s.Times, Lanes: copies(c.s.Lanes), Tasks: c.s.Tasks,
		Reached: c.s.Reached, Plan: c.s.Plan.Digest, Log: c.s.Log,
	}, err
}

// outcome is clean only if no part of it rests on anybody's word.
func (c *caseRun) outcome() Outcome {
	if c.s.Restoring {
		return OutcomeRescinded
	}
	for _, l := range c.s.Lanes {
		if l.State == LaneWaived || len(l.Attested) > 0 || l.onWord() {
			return OutcomeAnswered
		}
	}
	for _, t := range c.s.Tasks {
		if t.Closed != nil && (t.Closed.How == HowWaive || t.Closed.How == HowAttest) {
			return OutcomeAnswered
		}
	}
	return OutcomeClean
}

// await waits until something happens that the main loop must react to.
func (c *caseRun) await(ctx workflow.Context, seen int) error {
	if at := c.s.ReplanAt; !at.IsZero() {
		return c.sleep(ctx, at, "Read again what could not be read", seen)
	}
	return workflow.Await(ctx, func() bool { return c.revision != seen })
}

// sleep waits until a time, or until something happens. Its timer is cancelled
// when it is not needed any more, so that the history shows no ghost.
func (c *caseRun) sleep(ctx workflow.Context, until time.Time, summary string, seen int) error {
	if at := c.s.ReplanAt; !at.IsZero() && at.Before(until) {
		until, summary = at, "Read again what could not be read"
	}
	timerCtx, cancel := workflow.WithCancel(ctx)
	timer := workflow.NewTimerWithOptions(timerCtx, until.Sub(workflow.Now(ctx)), workflow.TimerOptions{Summary: summary})
	err := workflow.Await(ctx, func() bool { return timer.IsReady() || c.revision != seen })
	cancel()
	if at := c.s.ReplanAt; err == nil && !at.IsZero() && !at.After(workflow.Now(ctx)) {
		c.s.ReplanAt, c.s.NeedPlan = time.Time{}, true
	}
	return err
}

// wake makes the main loop look again.
func (c *caseRun) wake() { c.revision++ }

// mostEntries bounds what people are shown; the history has the rest.
const mostEntries = 200

// note says what happened, to people and in the record.
func (c *caseRun) note(ctx workflow.Context, e Entry) {
	c.show(ctx, e)
	c.recordEntry(ctx, e)
}

// show says what happened to people only: its record is another.
func (c *caseRun) show(ctx workflow.Context, e Entry) {
	e.At = workflow.Now(ctx)
	c.s.Log = append(c.s.Log, e)
	if len(c.s.Log) > mostEntries {
		c.s.Log = c.s.Log[len(c.s.Log)-mostEntries:]
	}
}

func copies(lanes []*Lane) []Lane {
	all := make([]Lane, 0, len(lanes))
	for _, l := range lanes {
		all = append(all, *l)
	}
	return all
}
