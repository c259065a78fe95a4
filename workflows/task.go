package workflows

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"lastday"
	"lastday/activities"
)

// openTasks are the tasks that somebody or something still has to end.
func (c *caseRun) openTasks() []Task {
	var open []Task
	for _, t := range c.s.Tasks {
		if t.Closed == nil {
			open = append(open, t)
		}
	}
	return open
}

// taskOpen says whether a person has been asked about a change and has not
// answered. Tasks that may go away by themselves do not count.
func (c *caseRun) taskOpen(system, change string) bool {
	return slices.ContainsFunc(c.s.Tasks, func(t Task) bool {
		return t.Closed == nil && t.System == system && t.Change == change && !t.Kind.heals()
	})
}

// raise opens a task, or refreshes it if it is open already, and returns its
// id. What a person has answered for is not opened again.
func (c *caseRun) raise(ctx workflow.Context, t Task) string {
	t.ID = taskID(c.id, t)
	for i := range c.s.Tasks {
		old := &c.s.Tasks[i]
		if old.ID != t.ID {
			continue
		}
		if old.Closed == nil {
			old.Why, old.Code = t.Why, t.Code
			return t.ID
		}
		if old.Closed.How == HowWaive || old.Closed.How == HowAttest {
			return t.ID
		}
		c.s.Tasks = slices.Delete(c.s.Tasks, i, i+1)
		break
	}
	t.Since = workflow.Now(ctx)
	t.TellAt = t.Since.Add(c.tellDelay(t))
	c.s.Tasks = append(c.s.Tasks, t)
	c.recordTask(ctx, t)
	c.tasksChanged()
	return t.ID
}

// taskID is the same for the same trouble. Trouble with a whole system is new
// with each stage: a waiver holds for the stage at which it was given.
func taskID(caseID string, t Task) string {
	stage := ""
	if wholeSystem(t) || (t.Kind == TaskBlind && t.GrantKind == "") {
		stage = t.Stage
	}
	return "t-" + lastday.OpaqueKey(caseID, t.System, string(t.Kind), t.What, t.Change, t.Grant, stage)
}

// tellDelay is how long a task may wait before a person is told: not at all
// where only a person can help.
func (c *caseRun) tellDelay(t Task) time.Duration {
	if t.ManagedIn != "" || t.Kind == TaskUnserved || t.Kind == TaskUnseen || (t.Kind == TaskFailing && t.Code.Retryable()) {
		return c.tellAfter()
	}
	if t.Kind == TaskDecision && c.s.Held != nil && t.What == "the case is held" {
		return c.tellAgain()
	}
	return 0
}

func (c *caseRun) tellAfter() time.Duration {
	if d := c.s.Plan.TellAfter; d > 0 {
		return d
	}
	return 15 * time.Minute
}

func (c *caseRun) tellAgain() time.Duration {
	if d := c.s.Plan.TellAgain; d > 0 {
		return d
	}
	return 4 * time.Hour
}

// clear closes the open tasks of a system and kind that went away by themselves.
func (c *caseRun) clear(ctx workflow.Context, system string, kind TaskKind) {
	c.closeWhere(ctx, func(t Task) bool { return t.System == system && t.Kind == kind && t.Change == "" })
}

// reopen forgets that a person answered for a grant.
func (c *caseRun) reopen(system, grant string) {
	c.s.Tasks = slices.DeleteFunc(c.s.Tasks, func(t Task) bool { return t.Closed != nil && t.System == system && t.Grant == grant })
	c.tasksChanged()
}

// raiseDecisions keeps a task open for everything that waits for a decision,
// so that people are told, and told again.
func (c *caseRun) raiseDecisions(ctx workflow.Context) {
	var raised []string
	add := func(what, why, todo string) {
		raised = append(raised, c.raise(ctx, Task{Kind: TaskDecision, What: what, Why: why, Todo: todo}))
	}
	if c.s.GateHeld != "" {
		add("more leavers than usual", c.s.GateHeld, "approve with the digest of the plan: "+c.s.Plan.Digest)
	}
	if need, have := c.s.Plan.Approvals(), c.approvals(c.s.Plan.Digest); have < need && c.s.GateHeld == "" && !c.s.Restoring {
		add("the plan", fmt.Sprintf("%d different people must approve, %d did", need, have), "approve with its digest: "+c.s.Plan.Digest)
	}
	if c.newsWaits() {
		add("news: "+tellSeparation(c.s.News.Separation), c.s.News.Why, "approve with its digest: "+c.s.News.ID)
	}
	if c.s.Held != nil {
		add("the case is held", "by "+c.s.Held.By+": "+c.s.Held.Reason, "release it when the reason is gone")
	}
	c.closeWhere(ctx, func(t Task) bool { return t.System == "" && t.Kind == TaskDecision && !slices.Contains(raised, t.ID) })
}

// clearBut closes all open tasks of a system but those.
func (c *caseRun) clearBut(ctx workflow.Context, system string, ids []string) {
	c.closeWhere(ctx, func(t Task) bool { return t.System == system && !slices.Contains(ids, t.ID) })
}

func (c *caseRun) closeWhere(ctx workflow.Context, which func(Task) bool) {
	closed := false
	for i := range c.s.Tasks {
		if t := &c.s.Tasks[i]; t.Closed == nil && which(*t) {
			t.Closed = &Closing{How: howCleared, At: workflow.Now(ctx)}
			c.recordTask(ctx, *t)
			closed = true
		}
	}
	if closed {
		c.forgetOldTasks()
		c.tasksChanged()
	}
}

// mostClosed bounds the tasks that are remembered after they went away by themselves.
const mostClosed = 50

func (c *caseRun) forgetOldTasks() {
	over := -mostClosed
	for _, t := range c.s.Tasks {
		if t.Closed != nil && t.Closed.How == howCleared {
			over++
		}
	}
	c.s.Tasks = slices.DeleteFunc(c.s.Tasks, func(t Task) bool {
		if over <= 0 || t.Closed == nil || t.Closed.How != howCleared {
			return false
		}
		over--
		return true
	})
}

func (c *caseRun) tasksChanged() {
	c.tasksRevision++
	c.wake()
}

// tellPeople tells people of open tasks when it is time, and tells them again
// until the task is closed.
func (c *caseRun) tellPeople(ctx workflow.Context) {
	for ctx.Err() == nil {
		next, any := c.nextTelling()
		seen := c.tasksRevision
		if !any {
			if workflow.Await(ctx, func() bool { return c.tasksRevision != seen }) != nil {
				return
			}
			continue
		}
		if wait := next.Sub(workflow.Now(ctx)); wait > 0 {
			c.awaitTelling(ctx, wait, seen)
			continue
		}
		c.tellDue(ctx)
	}
}

func (c *caseRun) awaitTelling(ctx workflow.Context, wait time.Duration, seen int) {
	timerCtx, cancel := workflow.WithCancel(ctx)
	defer cancel()
	timer := workflow.NewTimerWithOptions(timerCtx, wait, workflow.TimerOptions{Summary: "Tell a person what is still open"})
	// An error means that the case ends: the loop sees that itself.
	_ = workflow.Await(ctx, func() bool { return timer.IsReady() || c.tasksRevision != seen })
}

func (c *caseRun) nextTelling() (next time.Time, any bool) {
	for _, t := range c.s.Tasks {
		if t.Closed == nil && (!any || t.tellNext().Before(next)) {
			next, any = t.tellNext(), true
		}
	}
	return next, any
}

// tellDue sends one notice for all tasks that are due, so that a bad hour is
// one message and not forty.
func (c *caseRun) tellDue(ctx workflow.Context) {
	now := workflow.Now(ctx)
	var due []Task
	for i := range c.s.Tasks {
		t := &c.s.Tasks[i]
		if t.Closed != nil || t.tellNext().After(now) {
			continue
		}
		t.Overdue = t.late(now)
		t.Told++
		t.TellAt = now.Add(c.tellAgain())
		due = append(due, *t)
	}
	if len(due) == 0 {
		return
	}
	c.sendNotice(noticeOf(lateFirst(due)))
}

func noticeOf(due []Task) activities.Notice {
	first := due[0]
	n := activities.Notice{System: first.System, Stage: first.Stage, Kind: string(first.Kind)}
	n.Text = fmt.Sprintf("%s: %s: %s", first.System, first.What, first.Why)
	if first.Kind == TaskIdentity {
		n.Text = first.System + ": nobody knows which account is the person's"
	}
	if first.Told > 1 {
		n.Text = fmt.Sprintf("still open (told %d times): %s", first.Told, n.Text)
		n.Urgent = true
	}
	if first.Todo != "" {
		n.Text = strings.TrimSuffix(n.Text, ".") + ". To do: " + first.Todo
	}
	n.Text += deadline(first)
	n.Urgent = n.Urgent || first.Overdue
	if len(due) > 1 {
		n.Text += fmt.Sprintf(" (and %d more)", len(due)-1)
	}
	return n
}

// tellOnce tells people something that is no task.
func (c *caseRun) tellOnce(kind, text string) {
	c.sendNotice(activities.Notice{Kind: kind, Text: text, Urgent: true})
}

// sendNotice gives a notice to the channels. A channel that is down is retried
// for a day and never holds up the case.
func (c *caseRun) sendNotice(n activities.Notice) {
	// A notice outlives the goal of the lane that gave rise to it.
	ctx := c.root
	id := c.activityID("case", "tell")
	n.Text = c.unnamed(n.Text)
	n.ID, n.Case = c.id+"/"+id, c.id
	o := caseCall(id, "Tell a person: "+n.Kind)
	o.ScheduleToCloseTimeout = 24 * time.Hour
	o.RetryPolicy = &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 10 * time.Minute}
	future := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, o), cases().Tell, n)
	c.telling++
	workflow.GoNamed(ctx, "tell", func(ctx workflow.Context) {
		defer func() { c.telling--; c.wake() }()
		if err := future.Get(ctx, nil); err != nil && ctx.Err() == nil {
			c.note(ctx, Entry{What: "nobody could be told: " + troubleOf(err).Why})
		}
	})
}

// unnamed takes what names the person out of a text that leaves the case: many
// far sides call keys and tokens after whoever made them.
func (c *caseRun) unnamed(text string) string {
	p := c.s.Separation.Person
	names := append([]string{p.Name, p.EmployeeNumber}, p.Emails...)
	for _, l := range p.Links {
		names = append(names, l.Login)
	}
	for _, l := range c.s.Lanes {
		names = append(names, l.Account.Login)
	}
	for _, name := range names {
		if len(name) > 2 {
			text = strings.ReplaceAll(text, name, "(the person)")
		}
	}
	return text
}
