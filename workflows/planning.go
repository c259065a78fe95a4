package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"lastday"
	"lastday/activities"
)

// lookWithin is how long planning waits for a system. What has not answered by
// then is a gap in the plan, and is read again later.
const lookWithin = 2 * time.Minute

// replanAfter is how long a plan with gaps, or none, stands before it is made
// again: longer each time.
func (c *caseRun) replanAfter() time.Duration {
	steps := [...]time.Duration{15 * time.Minute, time.Hour, 4 * time.Hour, 24 * time.Hour}
	d := steps[min(c.s.Replans, len(steps)-1)]
	c.s.Replans++
	return d
}

// makePlan makes the plan of the case. When the cut is due already it does not
// wait for any system to be read: the lanes read and cut in one go.
func (c *caseRun) makePlan(ctx workflow.Context) error {
	if err := c.configure(ctx); err != nil {
		return c.later(ctx, "the configuration", err)
	}
	c.s.NeedPlan = false
	skeleton, err := c.plan(ctx, nil, nil)
	if err != nil {
		return c.planFailed(ctx, err)
	}
	c.s.PolicyName, c.s.PolicyText = skeleton.PolicyName, skeleton.PolicyText
	if c.cutIsDue(ctx, skeleton.Plan) {
		return c.planForNow(ctx, skeleton.Plan)
	}
	inventories, unread, done := c.lookEverywhere(ctx)
	if !done {
		// Something came in that may not wait for a system to be read.
		c.s.NeedPlan = true
		return nil
	}
	c.seen, c.unseen = inventories, unread
	full, err := c.plan(ctx, inventories, unread)
	if err != nil {
		return c.planFailed(ctx, err)
	}
	c.adoptPlan(ctx, full.Plan, true)
	if len(unread) > 0 {
		c.s.ReplanAt = workflow.Now(ctx).Add(c.replanAfter())
	}
	return nil
}

// planForNow makes the plan of a cut that is due, from what was seen when the
// systems were last read, if they were: it is for people to see and approve.
// The lanes read everything again before they change anything.
func (c *caseRun) planForNow(ctx workflow.Context, skeleton lastday.Plan) error {
	if len(c.seen) == 0 {
		c.adoptPlan(ctx, skeleton, false)
		return nil
	}
	full, err := c.plan(ctx, c.seen, c.unseen)
	if err != nil {
		return c.planFailed(ctx, err)
	}
	c.adoptPlan(ctx, full.Plan, true)
	return nil
}

func (c *caseRun) cutIsDue(ctx workflow.Context, p lastday.Plan) bool {
	for _, stage := range p.Stages {
		if stage.Cut {
			return !stage.Moment.Instant.After(workflow.Now(ctx))
		}
	}
	return false
}

func (c *caseRun) plan(ctx workflow.Context, inventories []lastday.Inventory, unread []lastday.Gap) (activities.PlanOutput, error) {
	now := workflow.Now(ctx)
	if c.s.CutNow != nil {
		now = c.s.CutNow.At
	}
	in := activities.PlanInput{
		Case: c.id, Separation: c.s.Separation, Inventories: inventories, Unread: unread, Now: now,
		CutNow: c.s.CutNow != nil, PolicyName: c.s.PolicyName, PolicyText: c.s.PolicyText,
	}
	for _, r := range c.s.Reached {
		in.Reached = append(in.Reached, r.Stage)
	}
	summary := fmt.Sprintf("Plan for the last day %s", c.s.Separation.LastDay)
	return call(ctx, caseCall(c.activityID("case", "plan"), summary), cases().Plan, in)
}

// planFailed keeps the case alive: a policy that is missing or wrong is for a
// person to mend, and is tried again.
func (c *caseRun) planFailed(ctx workflow.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	why := troubleOf(err)
	c.s.ReplanAt = workflow.Now(ctx).Add(c.replanAfter())
	c.raise(ctx, Task{Kind: TaskFailing, What: "the plan", Why: why.Why, Code: why.Code, Todo: "mend the policy or the event; it is planned again every 15 minutes"})
	return nil
}

func (c *caseRun) adoptPlan(ctx workflow.Context, p lastday.Plan, read bool) {
	changed := c.s.Plan.Digest != p.Digest
	c.s.Plan, c.s.Planned, c.s.ReplanAt = p, read, time.Time{}
	if len(c.s.Lanes) > 0 {
		c.clear(ctx, "", TaskFailing)
	}
	if changed {
		c.recordPlan(ctx, p)
		c.show(ctx, Entry{What: fmt.Sprintf("planned: %d changes in %d systems, cut %s %s %s",
			p.Changes(), len(p.Systems), p.Cutoff.Date, p.Cutoff.Time, p.Cutoff.Zone)})
	}
	c.publish(ctx)
}

// lookEverywhere reads all systems in parallel and waits a bounded time. It is
// not done if news or an order came in meanwhile.
func (c *caseRun) lookEverywhere(ctx workflow.Context) (inventories []lastday.Inventory, unread []lastday.Gap, done bool) {
	within := c.lookTime(ctx)
	ctx, cancel := workflow.WithCancel(ctx)
	defer cancel()
	ordered := c.s.CutNow != nil
	c.looking = true
	defer func() { c.looking = false }()
	found := make([]*lastday.Inventory, len(c.lanes))
	troubles := make([]activities.Trouble, len(c.lanes))
	left := len(c.lanes)
	for i, l := range c.lanes {
		workflow.GoNamed(ctx, "look at "+l.l.System, func(ctx workflow.Context) {
			defer func() { left-- }()
			inv, err := l.survey(ctx, "plan", within, false)
			if err != nil {
				troubles[i] = troubleOf(err)
				return
			}
			found[i] = &inv
		})
	}
	err := workflow.Await(ctx, func() bool { return left == 0 || len(c.inbox) > 0 || (c.s.CutNow != nil && !ordered) })
	if err != nil || left > 0 {
		return nil, nil, false
	}
	inventories, unread = c.sortLooks(ctx, found, troubles)
	return inventories, unread, true
}

// lookTime is how long a planning may read: no stage that is due waits for it.
func (c *caseRun) lookTime(ctx workflow.Context) time.Duration {
	next, ok := c.nextStage()
	if !ok {
		return lookWithin
	}
	return max(10*time.Second, min(lookWithin, next.Moment.Instant.Sub(workflow.Now(ctx))))
}

func (c *caseRun) sortLooks(ctx workflow.Context, found []*lastday.Inventory, troubles []activities.Trouble) ([]lastday.Inventory, []lastday.Gap) {
	var inventories []lastday.Inventory
	var unread []lastday.Gap
	for i, l := range c.lanes {
		if found[i] == nil {
			unread = append(unread, lastday.Gap{System: l.l.System, What: "the whole system", Code: troubles[i].Code, Why: troubles[i].Why})
			l.openTrouble(ctx, troubles[i])
			continue
		}
		c.clear(ctx, l.l.System, TaskUnserved)
		c.clear(ctx, l.l.System, TaskFailing)
		l.look(ctx, *found[i])
		l.recordReading(ctx, "plan", *found[i])
		inventories = append(inventories, *found[i])
	}
	return inventories, unread
}

// activityID is readable and unique within the case: system, what, number.
func (c *caseRun) activityID(system, what string) string {
	c.s.Serial++
	return fmt.Sprintf("%s/%s-%d", system, what, c.s.Serial)
}
