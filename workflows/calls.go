package workflows

import (
	"context"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"lastday/activities"
)

// The nil activity structs: their method values name activities and carry the
// types of what goes in and out.
func systems() *activities.Systems { return nil }
func cases() *activities.Cases     { return nil }

// call runs an activity and waits for it. A wrong type of input or output does
// not compile.
func call[In, Out any](ctx workflow.Context, o workflow.ActivityOptions, f func(context.Context, In) (Out, error), in In) (Out, error) {
	var out Out
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, o), f, in).Get(ctx, &out)
	return out, err
}

// Bounds of one attempt. A worker that died is noticed after heartbeatTimeout;
// the activities beat on their own, whatever the far side does.
const (
	heartbeatTimeout = 8 * time.Second
	// caseTimeout bounds what needs no far side: it takes milliseconds, and a
	// worker that died in the middle must not delay a cut.
	caseTimeout    = 15 * time.Second
	attemptTimeout = 10 * time.Minute
	unservedAfter  = 2 * time.Minute
)

// caseCall is for activities that need no far side. They are retried until
// they succeed: nothing goes on without them.
func caseCall(id, summary string) workflow.ActivityOptions {
	return workflow.ActivityOptions{
		TaskQueue: CaseQueue, ActivityID: id, Summary: summary,
		StartToCloseTimeout: caseTimeout,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute,
		},
	}
}

// systemCall is for activities of a far side. Temporal retries them until
// within is over; then the case knows why, tells a person, and orders them
// again. A queue that nobody serves is known after unservedAfter.
func systemCall(queue, id, summary string, within time.Duration, urgent bool) workflow.ActivityOptions {
	o := workflow.ActivityOptions{
		TaskQueue: queue, ActivityID: id, Summary: summary,
		ScheduleToStartTimeout: min(unservedAfter, within),
		ScheduleToCloseTimeout: within,
		StartToCloseTimeout:    min(attemptTimeout, within),
		HeartbeatTimeout:       heartbeatTimeout,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute,
		},
		Priority: temporal.Priority{PriorityKey: 3},
	}
	if urgent {
		o.Priority.PriorityKey = 1
	}
	return o
}
