package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"
)

// mustContinueAsNew says whether the history has grown large while nothing is
// under way that a new run would lose.
func (c *caseRun) mustContinueAsNew(ctx workflow.Context) bool {
	if !workflow.GetInfo(ctx).GetContinueAsNewSuggested() || len(c.inbox) > 0 || c.asking || c.writing || c.unread() {
		return false
	}
	for _, l := range c.lanes {
		if l.working && !l.pausing {
			return false
		}
	}
	return c.telling == 0 || workflow.GetInfo(ctx).GetCurrentHistoryLength() > patientHistory
}

// patientHistory is the length of a history up to which a notice that is still
// being delivered is waited for.
const patientHistory = 20_000

// finishTelling waits for handlers, and a bounded time for notices.
func (c *caseRun) finishTelling(ctx workflow.Context) error {
	if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); err != nil || c.telling == 0 {
		return err
	}
	timerCtx, cancel := workflow.WithCancel(ctx)
	defer cancel()
	timer := workflow.NewTimerWithOptions(timerCtx, 10*time.Minute, workflow.TimerOptions{Summary: "Wait until the last notices are told"})
	return workflow.Await(ctx, func() bool { return c.telling == 0 || timer.IsReady() })
}

func (c *caseRun) continueAsNew(ctx workflow.Context) error {
	if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); err != nil {
		return err
	}
	return workflow.NewContinueAsNewError(ctx, CaseType, CaseInput{Case: c.id, State: c.s})
}
