package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"lastday/activities"
)

// gateWindow is how far back the gate counts.
const gateWindow = 24 * time.Hour

// GateInput carries the gate over a continue-as-new.
type GateInput struct {
	Entered []Entered `json:"entered,omitempty"`
}

// Entered is one leaver who came to the gate.
type Entered struct {
	Case string    `json:"case"`
	At   time.Time `json:"at"`
}

// Gate counts the leavers whose access is about to be changed, one after the
// other, so that a mistake in HR's feed cannot cut a whole company: more than
// is usual in 24 hours are not let pass without a person. It lives for ever.
func Gate(ctx workflow.Context, in GateInput) error {
	g := &gateRun{entered: in.Entered}
	err := workflow.SetUpdateHandlerWithOptions(ctx, UpdateEnter, g.enter,
		workflow.UpdateHandlerOptions{Description: "May one more leaver pass?"})
	if err != nil {
		return err
	}
	err = workflow.SetQueryHandlerWithOptions(ctx, QueryEntered, func() ([]Entered, error) { return g.entered, nil },
		workflow.QueryHandlerOptions{Description: "Who came in the last 24 hours"})
	if err != nil {
		return err
	}
	grown := func() bool {
		return workflow.GetInfo(ctx).GetContinueAsNewSuggested() && workflow.AllHandlersFinished(ctx)
	}
	if err := workflow.Await(ctx, grown); err != nil {
		return err
	}
	return workflow.NewContinueAsNewError(ctx, GateType, GateInput{Entered: g.entered})
}

type gateRun struct{ entered []Entered }

// enter counts a case once, however often it asks. A limit of zero lets all pass.
func (g *gateRun) enter(ctx workflow.Context, in activities.EnterInput) (activities.EnterOutput, error) {
	now := workflow.Now(ctx)
	g.entered = slices.DeleteFunc(g.entered, func(e Entered) bool { return now.Sub(e.At) > gateWindow })
	at := slices.IndexFunc(g.entered, func(e Entered) bool { return e.Case == in.Case })
	if at < 0 {
		g.entered = append(g.entered, Entered{Case: in.Case, At: now})
		at = len(g.entered) - 1
	}
	return activities.EnterOutput{Pass: in.Limit <= 0 || at < in.Limit, Count: len(g.entered)}, nil
}
