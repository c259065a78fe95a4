package workflows_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"lastday/activities"
	"lastday/workflows"
)

// gate is a Gate in the test environment and what it answered.
type gate struct {
	t   *testing.T
	env *testsuite.TestWorkflowEnvironment
	// said has the answer of each entering, by its id.
	said map[string]activities.EnterOutput
	n    int
}

func newGate(t *testing.T) *gate {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(quiet())
	g := &gate{t: t, env: suite.NewTestWorkflowEnvironment(), said: map[string]activities.EnterOutput{}}
	g.env.SetStartTime(begin())
	workflows.Register(g.env)
	return g
}

// enter lets a case come to the gate after a while, and says under which id
// its answer will be.
func (g *gate) enter(after time.Duration, caseID string, limit int) string {
	g.n++
	id := fmt.Sprint("enter-", g.n)
	g.env.RegisterDelayedCallback(func() {
		g.env.UpdateWorkflow(workflows.UpdateEnter, id, &testsuite.TestUpdateCallback{
			OnAccept: func() {},
			OnReject: func(err error) { g.t.Errorf("%s was rejected: %v", caseID, err) },
			OnComplete: func(out any, err error) {
				answer, ok := out.(activities.EnterOutput)
				if err != nil || !ok {
					g.t.Errorf("%s: %v, %v", caseID, out, err)
				}
				g.said[id] = answer
			},
		}, activities.EnterInput{Case: caseID, Limit: limit})
	}, after)
	return id
}

// run lets the gate live until it is to continue as new, and gives what it carries over.
func (g *gate) run(until time.Duration, in workflows.GateInput) workflows.GateInput {
	g.t.Helper()
	g.env.RegisterDelayedCallback(func() { g.env.SetContinueAsNewSuggested(true) }, until)
	g.enter(until+time.Second, "the last", 0)
	g.env.ExecuteWorkflow(workflows.GateType, in)
	var carried workflows.GateInput
	continued(g.t, g.env.GetWorkflowError(), &carried)
	return carried
}

// continued reads what a run hands to the next one.
func continued(t *testing.T, err error, into any) {
	t.Helper()
	var next *workflow.ContinueAsNewError
	if !errors.As(err, &next) {
		t.Fatalf("it did not continue as new: %v", err)
	}
	if err := converter.GetDefaultDataConverter().FromPayloads(next.Input, into); err != nil {
		t.Fatal(err)
	}
}

func TestTheGateLetsTheUsualNumberPassIn24Hours(t *testing.T) {
	g := newGate(t)
	first := g.enter(time.Minute, "c-1", 2)
	second := g.enter(2*time.Minute, "c-2", 2)
	third := g.enter(3*time.Minute, "c-3", 2)
	again := g.enter(4*time.Minute, "c-1", 2)
	late := g.enter(24*time.Hour+90*time.Second, "c-4", 2)
	later := g.enter(48*time.Hour+5*time.Minute, "c-5", 2)
	open := g.enter(48*time.Hour+6*time.Minute, "c-6", 0)
	g.run(49*time.Hour, workflows.GateInput{})
	for id, want := range map[string]activities.EnterOutput{
		first:  {Pass: true, Count: 1},
		second: {Pass: true, Count: 2},
		third:  {Pass: false, Count: 3},
		again:  {Pass: true, Count: 3}, // asking twice counts once, and gets the same answer
		late:   {Pass: false, Count: 3},
		later:  {Pass: true, Count: 1},
		open:   {Pass: true, Count: 2}, // no limit
	} {
		if g.said[id] != want {
			t.Errorf("%s: %+v, want %+v", id, g.said[id], want)
		}
	}
}

func TestTheGateForgetsNobodyWhenItContinuesAsNew(t *testing.T) {
	old := newGate(t)
	old.enter(time.Minute, "c-1", 2)
	old.enter(2*time.Minute, "c-2", 2)
	carried := old.run(time.Hour, workflows.GateInput{})
	next := newGate(t)
	third := next.enter(2*time.Hour, "c-3", 2)
	next.run(3*time.Hour, carried)
	// Whoever came as the run ended comes again: nobody else may be missing.
	if len(carried.Entered) < 2 || carried.Entered[0].Case != "c-1" || carried.Entered[1].Case != "c-2" {
		t.Errorf("the new run begins with %+v", carried.Entered)
	}
	if got := next.said[third]; got.Pass || got.Count != len(carried.Entered)+1 {
		t.Errorf("the third after a new run: %+v", got)
	}
}
