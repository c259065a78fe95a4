package workflows

import (
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"lastday"
	"lastday/activities"
)

// SealType is the workflow that makes the bundle of a case.
const SealType = "Seal"

// SealWorkflowID is the workflow id of a seal of a case.
func SealWorkflowID(caseID, cause string) string { return "seal/" + caseID + "/" + cause }

// Seal makes the bundle of a case. It has a life of its own because the history
// of a case cannot hold its own end: the last bundle is made when the case has
// closed. It is tried until it is done.
func Seal(ctx workflow.Context, in activities.SealInput) (activities.SealOutput, error) {
	o := workflow.ActivityOptions{
		TaskQueue: CaseQueue, ActivityID: "bundle", Summary: "Make the bundle of " + in.Case,
		StartToCloseTimeout: 10 * time.Minute,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 10 * time.Minute},
	}
	return call(ctx, o, cases().Seal, in)
}

// seal has the bundle made of what the case has come to. The case does not wait
// for it.
func (c *caseRun) seal(ctx workflow.Context, cause string, final bool) {
	if !c.s.Settings.Sealing || !c.s.Settings.Recording {
		return
	}
	o := workflow.ChildWorkflowOptions{
		WorkflowID: SealWorkflowID(c.id, cause), TaskQueue: CaseQueue, ParentClosePolicy: enumspb.PARENT_CLOSE_POLICY_ABANDON,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE, StaticSummary: "Bundle of " + c.id + ": " + cause,
	}
	in := activities.SealInput{Case: c.id, Cause: cause, Final: final}
	child := workflow.ExecuteChildWorkflow(workflow.WithChildOptions(ctx, o), SealType, in)
	if err := child.GetChildWorkflowExecution().Get(ctx, nil); err != nil && ctx.Err() == nil {
		c.show(ctx, Entry{What: "no bundle is being made (" + cause + "); `lastday seal` makes one"})
	}
}

// sealStage has a bundle made when the last system was read back clean for the
// cut or a watch. After the last watch the case closes, and is sealed then.
func (c *caseRun) sealStage(stage lastday.Stage) {
	_, more := c.nextStage()
	if !(stage.Cut || stage.Watch) || !more || c.s.SealedStage == stage.Name {
		return
	}
	if !c.allLanes(func(l *Lane) bool { return l.State == LaneWaived || l.Clean == stage.Name }) {
		return
	}
	c.s.SealedStage = stage.Name
	workflow.GoNamed(c.root, "seal", func(ctx workflow.Context) { c.seal(ctx, stage.Name, false) })
}
