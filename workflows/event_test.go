package workflows_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"lastday"
	"lastday/activities"
	"lastday/workflows"
)

func quiet() log.Logger { return log.NewStructuredLogger(slog.New(slog.DiscardHandler)) }

// desk takes events in; it fails as often as it is told to.
type desk struct {
	doors

	failures int
	took     []lastday.Delivery
}

// Announce takes a delivery in.
func (d *desk) Announce(_ context.Context, delivery lastday.Delivery) (string, error) {
	if d.failures > 0 {
		d.failures--
		return "", lastday.Errorf(lastday.CodeTransient, "announce", "Temporal is busy")
	}
	d.took = append(d.took, delivery)
	return delivery.Separation.CaseID(), nil
}

type event struct {
	env  *testsuite.TestWorkflowEnvironment
	desk *desk
	told *told
}

func newEvent() *event {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(quiet())
	e := &event{env: suite.NewTestWorkflowEnvironment(), desk: &desk{}, told: &told{}}
	e.env.SetStartTime(begin())
	workflows.Register(e.env)
	e.env.RegisterActivity(&activities.Cases{Messenger: e.desk, Teller: e.told})
	return e
}

func (e *event) run(t *testing.T, d lastday.Delivery) workflows.EventResult {
	t.Helper()
	e.env.ExecuteWorkflow(workflows.EventType, d)
	var result workflows.EventResult
	if err := errors.Join(e.env.GetWorkflowError(), e.env.GetWorkflowResult(&result)); err != nil {
		t.Fatal(err)
	}
	return result
}

func TestAnEventIsHandedToItsCaseHoweverLongThatTakes(t *testing.T) {
	e := newEvent()
	e.desk.failures = 7
	s := leaver()
	result := e.run(t, lastday.Delivery{Source: "hr", ID: "evt-1", Separation: &s})
	if result.Case != s.CaseID() || len(e.desk.took) != 1 || e.desk.took[0].ID != "evt-1" {
		t.Errorf("%+v after %+v", result, e.desk.took)
	}
}

func TestAnEventNobodyUnderstandsWaitsForAPerson(t *testing.T) {
	e := newEvent()
	parked := lastday.Delivery{Source: "hr", ID: "evt-1", Parked: "data.separation.lastDay: 2026-02-31 is no day"}
	dismiss := func(after time.Duration, m workflows.Message) {
		e.env.RegisterDelayedCallback(func() {
			e.env.SignalWorkflow(workflows.SignalDismiss, workflows.DismissMessage{Message: m})
		}, after)
	}
	dismiss(time.Hour, workflows.Message{Actor: "ann"})
	dismiss(2*time.Hour, workflows.Message{Reason: "no name under it"})
	waits := false
	e.env.RegisterDelayedCallback(func() { waits = !e.env.IsWorkflowCompleted() }, 30*24*time.Hour)
	dismiss(31*24*time.Hour, by("ann", "sent again"))
	result := e.run(t, parked)
	if !waits {
		t.Error("it did not wait for somebody with a name and a reason")
	}
	if result.Case != "" || result.Dismissed != "ann: sent again" {
		t.Errorf("%+v", result)
	}
	if len(e.desk.took) != 0 {
		t.Error("a parked event reached a case")
	}
	if e.told.about("parked") != 1 || !strings.Contains(e.told.notices[0].Text, "2026-02-31") {
		t.Errorf("told %+v", e.told.notices)
	}
}
