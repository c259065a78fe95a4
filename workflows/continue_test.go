package workflows_test

import (
	"errors"
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"

	"lastday"
	"lastday/activities"
	"lastday/integrations"
	"lastday/workflows"
)

// firstRun plays a story until it continues as new, at the given time, and
// gives what it hands over.
func (s *story) firstRun(until time.Duration) workflows.CaseInput {
	s.t.Helper()
	s.at(until, func() {
		s.env.SetContinueAsNewSuggested(true)
		s.env.SignalWorkflow(workflows.SignalRelease, workflows.ReleaseMessage{Message: by("ann", "wakes it")})
	})
	s.start()
	var carried workflows.CaseInput
	continued(s.t, s.env.GetWorkflowError(), &carried)
	return carried
}

// secondRun goes on with the same systems where a first run stopped.
func secondRun(t *testing.T, first *story) *story {
	t.Helper()
	s := newStory(t, first.systems...)
	s.notes = first.notes
	s.cases.Recorder = s.notes
	s.begin = first.env.Now()
	s.env.SetStartTime(s.begin)
	s.cases.Messenger = s.doors
	return s
}

// goOn runs a second run to its end. Nothing is announced to it.
func (s *story) goOn(in workflows.CaseInput) workflows.CaseResult {
	s.t.Helper()
	var opened []*integrations.System
	for _, f := range s.systems {
		s.connect(f)
		opened = append(opened, integrations.NewSystem(f.name, f, integrations.Options{Now: time.Now}))
	}
	s.env.RegisterActivity(activities.NewSystems(opened...))
	s.env.RegisterActivity(s.cases)
	s.env.ExecuteWorkflow(workflows.CaseType, in)
	var result workflows.CaseResult
	if err := errors.Join(s.env.GetWorkflowError(), s.env.GetWorkflowResult(&result)); err != nil {
		s.t.Fatal(err)
	}
	return result
}

// from is how long after the second run's beginning a civil day's hour comes.
func (s *story) from(d, hour int) time.Duration { return begin().Add(day(d, hour)).Sub(s.begin) }

func TestACaseThatContinuesAsNewGoesOnWhereItWas(t *testing.T) {
	github := newFarSide("github", "admin", "read")
	first := newStory(t, github)
	carried := first.firstRun(day(10, 12))
	if github.rungs() != "write read" {
		t.Fatalf("before the new run github grants %q", github.rungs())
	}
	s := secondRun(t, first)
	s.cases.Messenger = doors{closed: true} // asked again, the gate would not let it pass
	s.at(s.from(15, 9), func() {
		if github.rungs() != "read read" {
			t.Errorf("after handover github grants %q", github.rungs())
		}
	})
	s.at(s.from(16, 9), func() {
		s.env.UpdateWorkflow(workflows.UpdateAnnounce, "again", duplicate(t), lastday.Delivery{Source: "hr", ID: "evt-1", Separation: &first.first})
	})
	result := s.goOn(carried)
	if result.Outcome != workflows.OutcomeClean || github.rungs() != "none none" {
		t.Errorf("outcome %q, github grants %q", result.Outcome, github.rungs())
	}
	if github.writes() != 1+1+2 {
		t.Errorf("%d writes: %v", github.writes(), github.applied)
	}
	if len(result.Reached) != 5 || result.Reached[0].Stage != "notice" {
		t.Errorf("reached %+v", result.Reached)
	}
	for _, o := range result.Lanes[0].Orders {
		if o.Receipt.Proof != lastday.ProofObserved {
			t.Errorf("%s: proof %s", o.Change.Grant.Key, o.Receipt.Proof)
		}
	}
	if !result.Times.Told.Equal(begin()) {
		t.Errorf("it forgot when it was told: %s", result.Times.Told)
	}
}

// duplicate wants an announcement to be known already.
func duplicate(t *testing.T) *testsuite.TestUpdateCallback {
	t.Helper()
	return &testsuite.TestUpdateCallback{
		OnAccept: func() {},
		OnReject: func(err error) { t.Errorf("rejected: %v", err) },
		OnComplete: func(out any, err error) {
			if answer, ok := out.(workflows.AnnounceResult); err != nil || !ok || !answer.Duplicate {
				t.Errorf("the same event after the new run: %+v, %v", out, err)
			}
		},
	}
}

func TestWhatWasTakenBeforeANewRunIsGivenBackAfterIt(t *testing.T) {
	github := newFarSide("github", "admin", "write", "read")
	first := newStory(t, github)
	carried := first.firstRun(day(16, 12))
	if github.rungs() != "read read read" {
		t.Fatalf("before the new run github grants %q", github.rungs())
	}
	s := secondRun(t, first)
	s.hr.says = first.first
	s.hr.says.Rescinded = true
	s.at(s.from(17, 12), func() {
		s.env.SignalWorkflow(workflows.SignalRescind, workflows.RescindMessage{Message: by("bob", "she stays")})
	})
	if result := s.goOn(carried); result.Outcome != workflows.OutcomeRescinded || github.rungs() != "admin write read" {
		t.Errorf("outcome %q, github grants %q", result.Outcome, github.rungs())
	}
}

func TestAHoldOutlivesANewRun(t *testing.T) {
	github := newFarSide("github", "write")
	first := newStory(t, github)
	first.at(day(14, 12), func() {
		first.env.SignalWorkflow(workflows.SignalHold, workflows.HoldMessage{Message: by("ann", "legal asks")})
		first.env.SetContinueAsNewSuggested(true)
	})
	first.start()
	var carried workflows.CaseInput
	continued(t, first.env.GetWorkflowError(), &carried)
	s := secondRun(t, first)
	s.at(s.from(17, 12), func() {
		if github.rungs() != "write" || s.status().State != workflows.StateHeld {
			t.Errorf("held, but github grants %q in state %q", github.rungs(), s.status().State)
		}
		s.env.SignalWorkflow(workflows.SignalRelease, workflows.ReleaseMessage{Message: by("ann", "legal is done")})
	})
	if result := s.goOn(carried); result.Outcome != workflows.OutcomeClean {
		t.Errorf("outcome %q", result.Outcome)
	}
}

func TestAnOrderToCutIsNotForgottenByANewRun(t *testing.T) {
	github := newFarSide("github", "write")
	first := newStory(t, github)
	at := day(9, 12)
	first.at(at, func() {
		first.env.SetContinueAsNewSuggested(true)
		first.env.SignalWorkflow(workflows.SignalCutNow, workflows.CutNowMessage{Message: by("ann", "now")})
	})
	first.start()
	var carried workflows.CaseInput
	continued(t, first.env.GetWorkflowError(), &carried)
	s := secondRun(t, first)
	s.at(time.Minute, func() {
		if github.rungs() != "none" {
			t.Errorf("a minute after the order and a new run github grants %q", github.rungs())
		}
	})
	s.goOn(carried)
}

func TestALaneGoesOnInANewRunThoughThePlanWasMadeAgainAfterItsWatch(t *testing.T) {
	github := newFarSide("github", "admin")
	table := &linkTable{}
	first := newStory(t, github)
	first.cases.Links = table
	first.at(day(24, 12), func() {
		github.fail(lastday.Errorf(lastday.CodeTransient, "github", "down"))
		table.fail(lastday.Errorf(lastday.CodeTransient, "links", "down"))
	})
	first.at(day(26, 12), func() {
		task := openTask(t, first.status(), workflows.TaskBlind)
		table.fail(nil)
		first.env.SignalWorkflow(workflows.SignalResolve, workflows.ResolveMessage{Message: by("ann", ""), Task: task.ID, How: workflows.HowRetry})
	})
	carried := first.firstRun(day(26, 18))
	github.fail(nil)
	s := secondRun(t, first)
	s.cases.Links = table
	if result := s.goOn(carried); result.Outcome != workflows.OutcomeClean || result.Lanes[0].Clean != "watch 7d" {
		t.Errorf("outcome %q, clean at %q", result.Outcome, result.Lanes[0].Clean)
	}
}
