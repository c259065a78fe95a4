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

// replanAfter is how long a plan with gaps, or none, stands before it is made again.
const replanAfter = 15 * time.Minute

// makePlan makes the plan of the case. When the cut is due already it does not
// wait for any system to be read: the lanes read and cut in one go.
func (c *caseRun) makePlan(ctx workflow.Context) error {
	c.needPlan = false
	if err := c.configure(ctx); err != nil {
		return err
	}
	skeleton, err := c.plan(ctx, nil, nil)
	if err != nil {
		return c.planFailed(ctx, err)
	}
	c.s.PolicyName, c.s.PolicyText = skeleton.PolicyName, skeleton.PolicyText
	if c.cutIsDue(ctx, skeleton.Plan) {
		return c.planForNow(ctx, skeleton.Plan)
	}
	inventories, unread := c.lookEverywhere(ctx)
	c.seen, c.unseen = inventories, unread
	full, err := c.plan(ctx, inventories, unread)
	if err != nil {
		return c.planFailed(ctx, err)
	}
	c.adoptPlan(ctx, full.Plan, true)
	if len(unread) > 0 {
		c.s.ReplanAt = workflow.Now(ctx).Add(replanAfter)
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
	c.s.ReplanAt = workflow.Now(ctx).Add(replanAfter)
	c.raise(ctx, Task{Kind: TaskFailing, What: "the plan", Why: why.Why, Code: why.Code, Todo: "mend the policy or the event; it is planned again every 15 minutes"})
	return nil
}

func (c *caseRun) adoptPlan(ctx workflow.Context, p lastday.Plan, read bool) {
	changed := c.s.Plan.Digest != p.Digest
	c.s.Plan, c.s.Planned, c.s.ReplanAt = p, read, time.Time{}
	c.clear(ctx, "", TaskFailing)
	if changed {
		c.note(ctx, Entry{What: fmt.Sprintf("planned: %d changes in %d systems, cut %s %s %s",
			p.Changes(), len(p.Systems), p.Cutoff.Date, p.Cutoff.Time, p.Cutoff.Zone)})
	}
	if need := p.Approvals(); changed && need > c.approvals(p.Digest) {
		c.tellOnce(ctx, "approval", fmt.Sprintf("the plan needs the approval of %d people before anything is changed", need))
	}
	c.publish(ctx)
}

// lookEverywhere reads all systems in parallel and waits a bounded time.
func (c *caseRun) lookEverywhere(ctx workflow.Context) ([]lastday.Inventory, []lastday.Gap) {
	found := make([]*lastday.Inventory, len(c.lanes))
	troubles := make([]activities.Trouble, len(c.lanes))
	wg := workflow.NewWaitGroup(ctx)
	for i, l := range c.lanes {
		wg.Add(1)
		workflow.GoNamed(ctx, "look at "+l.l.System, func(ctx workflow.Context) {
			defer wg.Done()
			inv, err := l.survey(ctx, "plan", lookWithin, false)
			if err != nil {
				troubles[i] = troubleOf(err)
				return
			}
			found[i] = &inv
		})
	}
	wg.Wait(ctx)
	return c.sortLooks(ctx, found, troubles)
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
		inventories = append(inventories, *found[i])
	}
	return inventories, unread
}

// activityID is readable and unique within the case: system, what, number.
func (c *caseRun) activityID(system, what string) string {
	c.s.Serial++
	return fmt.Sprintf("%s/%s-%d", system, what, c.s.Serial)
}
