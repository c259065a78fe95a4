package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"lastday"
	"lastday/activities"
)

// EventResult says what became of an event.
type EventResult struct {
	// Case is the case that took it in; empty if a person dismissed it.
	Case string `json:"case,omitempty"`
	// Dismissed is a person's reason, with who it was.
	Dismissed string `json:"dismissed,omitempty"`
}

// DismissMessage ends a parked event.
type DismissMessage struct{ Message }

// Event is one delivery from outside. Starting it is the durable write after
// which the sender gets his answer: its id is the event's, so the same event
// twice is one workflow for as long as closed ones are kept. It hands the
// event to its case; one that could not be understood waits, visible, for a
// person.
func Event(ctx workflow.Context, d lastday.Delivery) (EventResult, error) {
	if d.Separation == nil {
		return parked(ctx, d)
	}
	o := caseCall("hand-over", "Hand the event to its case "+d.Separation.CaseID())
	id, err := call(ctx, o, cases().HandOver, d)
	if err != nil && ctx.Err() == nil {
		// A sender was told that we have it: it must not be lost.
		d.Parked = "its case did not take it: " + troubleOf(err).Why
		return parked(ctx, d)
	}
	return EventResult{Case: id}, err
}

func parked(ctx workflow.Context, d lastday.Delivery) (EventResult, error) {
	workflow.SetCurrentDetails(ctx, fmt.Sprintf("**Parked**: %s\n\nMend the mapping or the source and have it sent again, then send the signal `%s` with who you are and why.", d.Parked, SignalDismiss))
	if err := workflow.UpsertTypedSearchAttributes(ctx, searchState().ValueSet("parked")); err != nil {
		return EventResult{}, err
	}
	n := activities.Notice{ID: d.WorkflowID(), Kind: "parked", Text: "an event from " + d.Source + " could not be understood: " + d.Parked}
	o := workflow.WithActivityOptions(ctx, caseCall("tell", "Tell a person that an event is parked"))
	// The event waits whether or not anybody could be told: it is listed as parked.
	workflow.ExecuteActivity(o, cases().Tell, n)
	return dismissed(ctx)
}

func dismissed(ctx workflow.Context) (EventResult, error) {
	channel := workflow.GetSignalChannelWithOptions(ctx, SignalDismiss, workflow.SignalChannelOptions{Description: "End this parked event, with a reason"})
	var m DismissMessage
	for m.Actor == "" || m.Reason == "" {
		m = DismissMessage{}
		if channel.Receive(ctx, &m); ctx.Err() != nil {
			return EventResult{}, ctx.Err()
		}
	}
	err := workflow.UpsertTypedSearchAttributes(ctx, searchState().ValueSet("dismissed"))
	return EventResult{Dismissed: m.Actor + ": " + m.Reason}, err
}
