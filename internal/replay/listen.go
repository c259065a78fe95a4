package replay

import (
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/workflow"

	"lastday"
	"lastday/activities"
)

// listener takes down the records that the code gives out while it is replayed.
// The replay itself compares which activities are called and not with what, so
// a history whose records were written by somebody else replays as well:
// https://docs.temporal.io/workflow-definition#deterministic-constraints
type listener struct {
	interceptor.WorkerInterceptorBase

	heard []lastday.Record
}

// InterceptWorkflow listens to a workflow.
func (l *listener) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &listening{WorkflowInboundInterceptorBase: interceptor.WorkflowInboundInterceptorBase{Next: next}, l: l}
}

type listening struct {
	interceptor.WorkflowInboundInterceptorBase

	l *listener
}

// Init puts the ear between the workflow and what it calls.
func (i *listening) Init(out interceptor.WorkflowOutboundInterceptor) error {
	return i.Next.Init(&ear{WorkflowOutboundInterceptorBase: interceptor.WorkflowOutboundInterceptorBase{Next: out}, l: i.l})
}

type ear struct {
	interceptor.WorkflowOutboundInterceptorBase

	l *listener
}

// ExecuteActivity takes down what is handed to the activity that writes records.
func (e *ear) ExecuteActivity(ctx workflow.Context, activityType string, args ...any) workflow.Future {
	if activityType == activityRecord && len(args) == 1 {
		if in, ok := args[0].(activities.RecordInput); ok {
			e.l.heard = append(e.l.heard, in.Records...)
		}
	}
	return e.Next.ExecuteActivity(ctx, activityType, args...)
}
