package activities_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"lastday"
	"lastday/activities"
	"lastday/integrations"
)

// shelf is a far side that holds things and remembers what was asked of it.
type shelf struct {
	holds map[string]bool
	asked []string
	lists int
}

func ladder() lastday.Ladder { return lastday.Ladder{{Name: "held", Level: lastday.LevelRead}} }

func (s *shelf) control() lastday.Control {
	return lastday.Control{Seen: true, Evidence: "our own account"}
}

// Probe answers.
func (s *shelf) Probe(context.Context) (lastday.Health, error) {
	return lastday.Health{Identity: "us", QuotaLeft: -1, Control: s.control()}, nil
}

// Find finds the one account.
func (s *shelf) Find(context.Context, lastday.Person) (lastday.Match, error) {
	return lastday.Match{Verdict: lastday.FoundOne, Account: account(), Control: s.control()}, nil
}

// List lists what is held.
func (s *shelf) List(context.Context, lastday.Account, integrations.Cursor) (integrations.Page, error) {
	s.lists++
	page := integrations.Page{Control: s.control()}
	for key := range s.holds {
		page.Grants = append(page.Grants, grant(key))
	}
	return page, nil
}

// Apply takes one thing.
func (s *shelf) Apply(_ context.Context, c lastday.Change) (lastday.Receipt, error) {
	s.asked = append(s.asked, c.Grant.Key)
	if !s.holds[c.Grant.Key] {
		return lastday.Receipt{Outcome: lastday.OutcomeAlready, Proof: lastday.ProofAcknowledged}, nil
	}
	delete(s.holds, c.Grant.Key)
	return lastday.Receipt{Outcome: lastday.OutcomeApplied, Before: "held", Proof: lastday.ProofAcknowledged}, nil
}

func account() lastday.Account { return lastday.Account{System: "shelf", ID: "7"} }

func grant(key string) lastday.Grant {
	return lastday.Grant{Key: key, Kind: "thing", Rung: "held", Ladder: ladder(), Resource: lastday.Resource{ID: key, Name: key}}
}

func changes(keys ...string) []lastday.Change {
	var all []lastday.Change
	for _, key := range keys {
		all = append(all, lastday.NewChange("c-1", account(), grant(key), lastday.None, "cut"))
	}
	return all
}

// apply runs the activity, after whatever prepare did to the environment.
func apply(t *testing.T, far *shelf, in activities.ApplyInput, prepare func(*testsuite.TestActivityEnvironment)) []lastday.Receipt {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	systems := activities.NewSystems(integrations.NewSystem("shelf", far, integrations.Options{Now: time.Now}))
	env.RegisterActivity(systems)
	prepare(env)
	value, err := env.ExecuteActivity(systems.Apply, in)
	if err != nil {
		t.Fatal(err)
	}
	var out activities.ApplyOutput
	if err := value.Get(&out); err != nil {
		t.Fatal(err)
	}
	return out.Receipts
}

func TestAnAttemptGoesOnWhereTheHeartbeatsOfTheLastOneEnd(t *testing.T) {
	far := &shelf{holds: map[string]bool{"b": true}}
	batch := changes("a", "b")
	earlier := []lastday.Receipt{{Change: batch[0].ID, Outcome: lastday.OutcomeApplied, Before: "held", Proof: lastday.ProofAcknowledged}}
	receipts := apply(t, far, activities.ApplyInput{Case: "c-1", System: "shelf", Changes: batch}, func(env *testsuite.TestActivityEnvironment) {
		env.SetHeartbeatDetails(earlier)
	})
	if !slices.Equal(far.asked, []string{"b"}) {
		t.Errorf("asked for %v, want b alone", far.asked)
	}
	if len(receipts) != 2 || receipts[0].Change != batch[0].ID || receipts[1].Outcome != lastday.OutcomeApplied {
		t.Errorf("receipts %+v", receipts)
	}
}

func TestWhatAnEarlierOrderMayHaveDoneIsLookedForBeforeItIsDoneAgain(t *testing.T) {
	far := &shelf{holds: map[string]bool{"b": true, "c": true}}
	batch := changes("a", "b", "c")
	in := activities.ApplyInput{Case: "c-1", System: "shelf", Changes: batch, Again: []string{batch[0].ID, batch[1].ID}}
	receipts := apply(t, far, in, func(*testsuite.TestActivityEnvironment) {})
	if !slices.Equal(far.asked, []string{"b", "c"}) {
		t.Errorf("asked for %v: a was done before, and only b and c were not", far.asked)
	}
	if far.lists != 1 {
		t.Errorf("read %d times, want once for all", far.lists)
	}
	for i, r := range receipts {
		if r.Outcome != lastday.OutcomeApplied || r.Before != "held" {
			t.Errorf("%s: %+v: what an earlier attempt did is ours, too", batch[i].Grant.Key, r)
		}
	}
}

func TestAFreshOrderIsNotReadFor(t *testing.T) {
	far := &shelf{holds: map[string]bool{"a": true}}
	apply(t, far, activities.ApplyInput{Case: "c-1", System: "shelf", Changes: changes("a")}, func(*testsuite.TestActivityEnvironment) {})
	if far.lists != 0 {
		t.Errorf("read %d times before the first attempt", far.lists)
	}
}

// TestReceiptsAreInTheHeartbeats: the SDK holds back what is said too often, so
// that the first is all that is sure (https://docs.temporal.io/encyclopedia/detecting-activity-failures#throttling).
func TestReceiptsAreInTheHeartbeats(t *testing.T) {
	far := &shelf{holds: map[string]bool{"a": true}}
	var last []lastday.Receipt
	batch := changes("a")
	apply(t, far, activities.ApplyInput{Case: "c-1", System: "shelf", Changes: batch}, func(env *testsuite.TestActivityEnvironment) {
		env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
			if err := details.Get(&last); err != nil {
				t.Error(err)
			}
		})
	})
	if len(last) != 1 || last[0].Change != batch[0].ID {
		t.Errorf("the heartbeat has %+v", last)
	}
}

// deaf is a shelf whose first answer is lost after it took effect.
type deaf struct {
	*shelf

	lost bool
}

// Apply loses its first answer.
func (d *deaf) Apply(ctx context.Context, c lastday.Change) (lastday.Receipt, error) {
	receipt, err := d.shelf.Apply(ctx, c)
	if !d.lost {
		d.lost = true
		return lastday.Receipt{}, lastday.Errorf(lastday.CodeUnknownOutcome, "shelf", "the answer was lost")
	}
	return receipt, err
}

func TestASecondAttemptReadsBeforeItWritesAgain(t *testing.T) {
	far := &deaf{shelf: &shelf{holds: map[string]bool{"a": true}}}
	systems := activities.NewSystems(integrations.NewSystem("shelf", far, integrations.Options{Now: time.Now}))
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.RegisterActivity(systems)
	batch := changes("a")
	env.ExecuteWorkflow(func(ctx workflow.Context) (activities.ApplyOutput, error) {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
		var out activities.ApplyOutput
		err := workflow.ExecuteActivity(ctx, systems.Apply, activities.ApplyInput{Case: "c-1", System: "shelf", Changes: batch}).Get(ctx, &out)
		return out, err
	})
	var out activities.ApplyOutput
	if err := env.GetWorkflowResult(&out); err != nil {
		t.Fatal(err)
	}
	if len(far.asked) != 1 || far.lists != 1 {
		t.Errorf("asked %d times, read %d times, want once each", len(far.asked), far.lists)
	}
	if len(out.Receipts) != 1 || out.Receipts[0].Outcome != lastday.OutcomeApplied || out.Receipts[0].Before != "held" {
		t.Errorf("receipts %+v", out.Receipts)
	}
}
