package workflows_test

import (
	"testing"
	"time"

	"lastday"
	"lastday/workflows"
)

// undone is a story in which an order to cut is taken back an hour later.
func undone(t *testing.T, systems ...*farSide) *story {
	t.Helper()
	s := newStory(t, systems...)
	s.hr.says = leaver()
	s.at(day(2, 12), func() {
		s.env.SignalWorkflow(workflows.SignalCutNow, workflows.CutNowMessage{Message: by("ann", "wrong person")})
	})
	s.at(day(2, 13), func() {
		s.env.SignalWorkflow(workflows.SignalRescind, workflows.RescindMessage{Message: by("ann", "that was a mistake")})
	})
	s.at(day(2, 14), func() {
		s.env.SignalWorkflow(workflows.SignalApprove, workflows.ApproveMessage{Message: by("bob", "yes"), Digest: s.status().News.ID})
	})
	return s
}

// planned counts the changes of the plan in force.
func (s *story) planned() int {
	plans := s.notes.of(lastday.RecordPlan)
	return plans[len(plans)-1].Plan.Changes
}

func TestThePlanAfterAnUndoneOrderSeesWhatWasGivenBackLater(t *testing.T) {
	github, crm := newFarSide("github", "admin", "write"), newFarSide("crm", "write")
	s := undone(t, github, crm)
	s.at(day(2, 13)+50*time.Minute, func() {
		crm.mu.Lock()
		defer crm.mu.Unlock()
		crm.forApply = lastday.Errorf(lastday.CodeTransient, "crm", "503")
	})
	half := 0
	s.at(day(2, 14)+20*time.Minute, func() {
		half = s.planned()
		crm.mu.Lock()
		defer crm.mu.Unlock()
		crm.forApply = nil
	})
	s.at(day(2, 17), func() {
		if crm.rungs() != "write" || github.rungs() != "admin write" {
			t.Errorf("given back: github %q, crm %q", github.rungs(), crm.rungs())
		}
		if whole := s.planned(); half == 0 || whole <= half {
			t.Errorf("the plan has %d changes while crm could not give back, and %d after it did", half, whole)
		}
	})
	s.run()
}
