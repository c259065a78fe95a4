package workflows_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/activities"
	"lastday/integrations"
	"lastday/workflows"
)

// askedOf makes a system in which people are asked, with a deadline, and whose
// state stands in a record that people keep.
func askedOf(owner string, within time.Duration, rungs ...string) *farSide {
	f := newFarSide("custody", rungs...)
	f.manual, f.keptBy, f.owner, f.within = true, "the security team", owner, within
	return f
}

func TestWhatIsAskedHasAnOwnerAndADeadlineAndIsToldAgainWhenItPasses(t *testing.T) {
	custody := askedOf("payments", 3*time.Hour, "admin")
	s := newStory(t, custody)
	asked := day(8, 8)
	s.at(asked+time.Minute, func() {
		task := openTask(t, s.status(), workflows.TaskAsked)
		if task.Owner != "payments" || task.Due.Sub(task.Since) != 3*time.Hour {
			t.Errorf("owner %q, due %s after it was asked", task.Owner, task.Due.Sub(task.Since))
		}
		if last := s.told.last(string(workflows.TaskAsked)); !strings.Contains(last, "Owner: payments. Due: 2026-12-08") {
			t.Errorf("people were told %q", last)
		}
	})
	s.at(asked+2*time.Hour+50*time.Minute, func() {
		if n := s.told.about(string(workflows.TaskAsked)); n != 1 {
			t.Errorf("told %d times before the deadline, want once", n)
		}
	})
	s.at(asked+3*time.Hour+time.Minute, func() {
		if last := s.told.last(string(workflows.TaskAsked)); !strings.Contains(last, "OVERDUE") || !s.told.urgent() {
			t.Errorf("the deadline passed and people were told %q", last)
		}
		custody.set("role:0", lastday.None)
	})
	s.run()
}

func TestACaseWithAnOpenQuestionOfCustodyIsNotComplete(t *testing.T) {
	custody, github := askedOf("payments", time.Hour, "admin"), newFarSide("github", "read")
	s := newStory(t, custody, github)
	open := func(when time.Duration) {
		s.at(when, func() {
			if st := s.status(); st.State == workflows.StateClosed || s.env.IsWorkflowCompleted() {
				t.Errorf("after %s the case is %q with a secret that nobody changed", when, st.State)
			}
			openTask(t, s.status(), workflows.TaskAsked)
		})
	}
	// The last watch is on the 25th; the secret is changed on the 30th.
	open(day(20, 12))
	open(day(29, 12))
	s.at(day(30, 12), func() {
		custody.set("role:0", lastday.None)
		task := openTask(t, s.status(), workflows.TaskAsked)
		s.env.SignalWorkflow(workflows.SignalResolve, workflows.ResolveMessage{Message: by("ann", "changed"), Task: task.ID, How: workflows.HowRetry})
	})
	result := s.run()
	if result.Outcome != workflows.OutcomeAnswered {
		t.Errorf("outcome %q: what people say of a secret is their word", result.Outcome)
	}
	for _, l := range result.Lanes {
		if l.System != "custody" {
			continue
		}
		for _, o := range l.Orders {
			if o.Receipt.Proof != lastday.ProofAttested || o.Receipt.By != "the security team" {
				t.Errorf("%s: proof %s by %q", o.Change.ID, o.Receipt.Proof, o.Receipt.By)
			}
		}
		if last := l.Steps[len(l.Steps)-1]; last.Proof != lastday.ProofAttested {
			t.Errorf("the last step has proof %s", last.Proof)
		}
	}
}

func TestAnAttestationThatTheRegisterContradictsDoesNotCloseTheCase(t *testing.T) {
	custody := askedOf("payments", time.Hour, "admin")
	s := newStory(t, custody)
	s.at(day(19, 12), func() {
		task := openTask(t, s.status(), workflows.TaskAsked)
		s.env.SignalWorkflow(workflows.SignalResolve, workflows.ResolveMessage{Message: by("ann", ""), Task: task.ID, How: workflows.HowAttest, Evidence: "OPS-1"})
	})
	s.at(day(29, 12), func() { openTask(t, s.status(), workflows.TaskAsked) })
	s.at(day(30, 12), func() {
		custody.set("role:0", lastday.None)
		task := openTask(t, s.status(), workflows.TaskAsked)
		s.env.SignalWorkflow(workflows.SignalResolve, workflows.ResolveMessage{Message: by("bob", ""), Task: task.ID, How: workflows.HowRetry})
	})
	s.run()
}

// leftOver is a system with something that is no grant and needs a person.
type leftOver struct {
	*farSide
	gone bool
}

func (l *leftOver) List(ctx context.Context, a lastday.Account, at integrations.Cursor) (integrations.Page, error) {
	page, err := l.farSide.List(ctx, a, at)
	if l.mu.Lock(); !l.gone {
		page.Residue = append(page.Residue, lastday.Residue{
			System: l.name, Kind: "webhook", What: "a hook that they made", Why: "it does not end with the account", Owner: "platform", Within: time.Hour,
		})
	}
	l.mu.Unlock()
	return page, err
}

func TestWhatIsLeftHasAnOwnerAndADeadlineToo(t *testing.T) {
	code := &leftOver{farSide: newFarSide("code", "read")}
	s := newStory(t)
	s.cases.Settings.Systems = []activities.SystemSetting{{Name: "code", Queue: workflows.SystemQueue("code")}}
	s.others = append(s.others, integrations.NewSystem("code", code, integrations.Options{Now: time.Now}))
	s.at(day(18, 16)+30*time.Minute, func() {
		if task := openTask(t, s.status(), workflows.TaskResidue); task.Owner != "platform" || task.Due.Sub(task.Since) != time.Hour || task.Overdue {
			t.Errorf("task %+v", task)
		}
	})
	s.at(day(18, 18), func() {
		if task := openTask(t, s.status(), workflows.TaskResidue); !task.Overdue || !strings.Contains(s.told.last(string(workflows.TaskResidue)), "OVERDUE") {
			t.Errorf("the deadline passed: %+v", task)
		}
		code.mu.Lock()
		defer code.mu.Unlock()
		code.gone = true
	})
	s.run()
}
