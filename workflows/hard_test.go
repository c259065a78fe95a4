package workflows_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"lastday"
	"lastday/codec"
	"lastday/plan"
	"lastday/workflows"
)

// change lets the far side misbehave from a time on.
func (s *story) change(after time.Duration, f *farSide, do func()) {
	s.at(after, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		do()
	})
}

// end ends a story whose case rightly never closes.
func (s *story) end(after time.Duration) { s.at(after, func() { s.env.CancelWorkflow() }) }

// resolveAll answers every open task of a kind.
func (s *story) resolveAll(after time.Duration, kind workflows.TaskKind, how string) {
	s.at(after, func() {
		for _, task := range s.status().Tasks {
			if task.Closed == nil && task.Kind == kind {
				m := workflows.ResolveMessage{Message: by("ann", how+after.String()+task.ID), Task: task.ID, How: how, Evidence: "ticket"}
				s.env.SignalWorkflow(workflows.SignalResolve, m)
			}
		}
	})
}

func (s *story) send(after time.Duration, signal string, message func() any) {
	s.at(after, func() { s.env.SignalWorkflow(signal, message()) })
}

func lastStep(l workflows.Lane) workflows.Step { return l.Steps[len(l.Steps)-1] }

func TestAnAccountThatTheSearchFindsNoMoreIsCutAllTheSame(t *testing.T) {
	github := newFarSide("github", "admin")
	s := newStory(t, github)
	s.change(day(16, 12), github, func() { github.findNone = true })
	s.run()
	if github.rungs() != "none" {
		t.Errorf("github grants %q: its evidence went away, its access did not", github.rungs())
	}
}

func TestAWaivedGapNeverMakesAnythingObserved(t *testing.T) {
	github := newFarSide("github", "write")
	s := newStory(t, github)
	s.change(day(18, 15)+30*time.Minute, github, func() {
		github.gap = &lastday.Gap{Kind: "role", What: "roles", Code: lastday.CodeDenied, Why: "403"}
	})
	s.resolveAll(day(18, 17), workflows.TaskBlind, workflows.HowWaive)
	result := s.run()
	if step := lastStep(result.Lanes[0]); step.Proof == lastday.ProofObserved || result.Outcome != workflows.OutcomeAnswered {
		t.Errorf("outcome %q, last step %+v, github grants %q", result.Outcome, step, github.rungs())
	}
}

func TestAnAttestationThatAReadingContradictsIsOpenAgain(t *testing.T) {
	github := newFarSide("github", "admin")
	s := newStory(t, github)
	s.change(day(18, 15), github, func() { github.forApply = lastday.Errorf(lastday.CodeTransient, "github", "500") })
	s.resolveAll(day(18, 17), workflows.TaskFailing, workflows.HowAttest)
	s.at(day(18, 20), func() {
		if task := openTask(t, s.status(), workflows.TaskFailing); task.Change == "" {
			t.Errorf("the task is about the whole system: %+v", task)
		}
	})
	s.change(day(18, 21), github, func() { github.forApply = nil })
	if result := s.run(); github.rungs() != "none" || lastStep(result.Lanes[0]).Proof != lastday.ProofObserved {
		t.Errorf("github grants %q, last step %+v", github.rungs(), lastStep(result.Lanes[0]))
	}
}

func TestAWaiverOfAnOutageIsNoAnswerForLaterStages(t *testing.T) {
	github := newFarSide("github", "write")
	s := newStory(t, github)
	s.at(day(15, 7), func() { github.fail(lastday.Errorf(lastday.CodeDenied, "github", "403")) })
	s.resolveAll(day(15, 12), workflows.TaskFailing, workflows.HowWaive)
	s.change(day(16, 12), github, func() { github.down, github.blind = nil, true })
	s.at(day(19, 12), func() {
		st := s.status()
		openTask(t, st, workflows.TaskBlind)
		if st.Lanes[0].State != workflows.LaneStuck || !st.Times.CutVerified.IsZero() {
			t.Errorf("nothing was seen, and the lane is %s, verified %s", st.Lanes[0].State, st.Times.CutVerified)
		}
	})
	s.end(day(20, 12))
	s.start()
}

func TestWhatWasRefusedWasNotGivenBack(t *testing.T) {
	github := newFarSide("github", "admin", "write")
	github.refuseUp = true
	s := newStory(t, github)
	rescinded := leaver()
	rescinded.Rescinded, rescinded.Sequence = true, "0002"
	s.hr.says = rescinded
	s.at(day(16, 12), func() { s.announce("evt-2", rescinded) })
	s.at(day(17, 12), func() {
		openTask(t, s.status(), workflows.TaskRefused)
		if why := s.status().Lanes[0].Why; strings.Contains(why, "2 given back") {
			t.Errorf("says %q, github grants %q", why, github.rungs())
		}
	})
	s.end(day(18, 12))
	s.start()
}

func TestAnOrderToCutOvertakesGivingBack(t *testing.T) {
	github, slow := newFarSide("github", "write"), newFarSide("slow", "write")
	s := newStory(t, github, slow)
	rescinded := leaver()
	rescinded.Rescinded, rescinded.Sequence = true, "0002"
	s.hr.says = rescinded
	s.at(day(16, 11), func() { slow.fail(lastday.Errorf(lastday.CodeTransient, "slow", "503")) })
	s.at(day(16, 12), func() { s.announce("evt-2", rescinded) })
	s.at(day(16, 13), func() { slow.fail(nil) })
	s.send(day(16, 13), workflows.SignalCutNow, func() any { return workflows.CutNowMessage{Message: by("ann", "danger")} })
	s.at(day(16, 14), func() {
		if github.rungs() != "none" || slow.rungs() != "none" {
			t.Errorf("an hour after the order: github %q, slow %q", github.rungs(), slow.rungs())
		}
	})
	s.run()
}

func TestTakingBackAnOrderNeverHoldsUpTheRealCut(t *testing.T) {
	github, slow := newFarSide("github", "admin"), newFarSide("slow", "write")
	s := newStory(t, github, slow)
	s.hr.says = leaver()
	s.send(day(2, 12), workflows.SignalCutNow, func() any { return workflows.CutNowMessage{Message: by("ann", "wrong person")} })
	s.at(day(2, 13), func() { slow.fail(lastday.Errorf(lastday.CodeDenied, "slow", "403")) })
	s.send(day(2, 13), workflows.SignalRescind, func() any { return workflows.RescindMessage{Message: by("ann", "a mistake")} })
	s.send(day(2, 14), workflows.SignalApprove, func() any {
		return workflows.ApproveMessage{Message: by("bob", "yes"), Digest: s.status().News.ID}
	})
	s.at(day(3, 12), func() {
		if github.rungs() != "admin" {
			t.Errorf("given back, but github grants %q", github.rungs())
		}
	})
	s.at(day(20, 12), func() {
		if github.rungs() != "none" {
			t.Errorf("two days after the last day github grants %q: the case waits to give back in slow", github.rungs())
		}
	})
	s.end(day(21, 12))
	s.start()
}

func TestAnOrderToCutDoesNotWaitForASystemThatIsDown(t *testing.T) {
	github, slow := newFarSide("github", "write"), newFarSide("slow", "write")
	slow.fail(lastday.Errorf(lastday.CodeTransient, "slow", "503"))
	s := newStory(t, github, slow)
	s.send(10*time.Second, workflows.SignalCutNow, func() any { return workflows.CutNowMessage{Message: by("ann", "danger")} })
	s.at(20*time.Second, func() {
		if github.rungs() != "none" {
			t.Errorf("ten seconds after the order github grants %q because slow is down", github.rungs())
		}
	})
	s.end(time.Hour)
	s.start()
}

func TestOneFailingChangeHoldsUpNoOther(t *testing.T) {
	github := newFarSide("github", strings.Fields(strings.Repeat("read ", 40))...)
	github.failKey, github.forApply = "role:0", lastday.Errorf(lastday.CodeTransient, "github", "500")
	s := newStory(t, github)
	s.at(day(18, 16)+time.Minute, func() {
		if left := 40 - strings.Count(github.rungs(), "none"); left > 1 {
			t.Errorf("a minute after the cut %d grants stand, and only one cannot be taken", left)
		}
	})
	s.resolveAll(day(18, 20), workflows.TaskFailing, workflows.HowWaive)
	if result := s.run(); result.Outcome != workflows.OutcomeAnswered {
		t.Errorf("outcome %q", result.Outcome)
	}
}

func TestLaterNewsOvertakesNewsThatWaits(t *testing.T) {
	github := newFarSide("github", "read")
	s := newStory(t, github)
	s.hr.error = lastday.Errorf(lastday.CodeUnsupported, "hr", "no")
	later, back := leaver(), leaver()
	later.LastDay, later.Sequence = lastday.Date{Year: 2027, Month: 3, Day: 31}, "0002"
	back.Sequence = "0003"
	s.at(day(16, 12), func() { s.announce("evt-2", later) })
	s.at(day(16, 13), func() { s.announce("evt-3", back) })
	s.at(day(16, 14), func() {
		if news := s.status().News; news != nil {
			t.Errorf("news that was overtaken can still be approved: %+v", news)
		}
	})
	s.run()
}

func TestAProtectedAccountIsNotCutByAnyOneApproval(t *testing.T) {
	github := newFarSide("github", "admin")
	github.guarded = []string{"7"}
	s := newStory(t, github)
	s.cases.Protected.Accounts = map[string][]string{"github": {"7"}}
	s.first.Kind = lastday.SeparationImmediate
	approve := func(after time.Duration, who string) {
		s.send(after, workflows.SignalApprove, func() any {
			return workflows.ApproveMessage{Message: by(who, after.String()), Digest: s.status().PlanDigest}
		})
	}
	approve(time.Hour, "ann")
	s.at(2*time.Hour, func() {
		if github.rungs() != "admin" {
			t.Errorf("one approval was enough: %q", github.rungs())
		}
	})
	approve(3*time.Hour, "bob")
	s.at(4*time.Hour, func() {
		if github.rungs() != "none" {
			t.Errorf("two approved, and github grants %q", github.rungs())
		}
	})
	s.run()
}

func TestAHoldStopsALaneThatIsTryingAgain(t *testing.T) {
	github := newFarSide("github", "write")
	s := newStory(t, github)
	s.at(day(15, 7), func() { github.fail(lastday.Errorf(lastday.CodeTransient, "github", "503")) })
	s.send(day(15, 10), workflows.SignalHold, func() any { return workflows.HoldMessage{Message: by("ann", "legal asks")} })
	s.at(day(15, 12), func() { github.fail(nil) })
	s.at(day(17, 12), func() {
		if github.rungs() != "write" || s.status().State != workflows.StateHeld {
			t.Errorf("held, and github grants %q in state %q", github.rungs(), s.status().State)
		}
		if s.told.about("decision") == 0 {
			t.Error("nobody was reminded that the case is held")
		}
	})
	s.send(day(17, 13), workflows.SignalRelease, func() any { return workflows.ReleaseMessage{Message: by("ann", "done")} })
	s.run()
	if github.rungs() != "none" {
		t.Errorf("github grants %q", github.rungs())
	}
}

func TestACaseThatBeginsWithARescindKnowsOlderNews(t *testing.T) {
	github := newFarSide("github", "admin")
	s := newStory(t, github)
	s.first.Rescinded, s.first.Sequence = true, "0002"
	s.at(time.Hour, func() { s.announce("evt-1", leaver()) })
	if result := s.run(); result.Outcome != workflows.OutcomeRescinded || github.rungs() != "admin" {
		t.Errorf("outcome %q, github grants %q", result.Outcome, github.rungs())
	}
}

func TestWhatPeopleTookByHandTheyAreAskedToGiveBack(t *testing.T) {
	badge := newFarSide("badge", "read")
	badge.manual = true
	s := newStory(t, badge)
	rescinded := leaver()
	rescinded.Rescinded, rescinded.Sequence = true, "0002"
	s.hr.says = rescinded
	s.resolveAll(day(18, 17), workflows.TaskAsked, workflows.HowAttest)
	s.at(day(19, 12), func() { s.announce("evt-2", rescinded) })
	s.send(day(19, 13), workflows.SignalApprove, func() any {
		return workflows.ApproveMessage{Message: by("ann", "yes"), Digest: s.status().News.ID}
	})
	s.at(day(19, 15), func() {
		if task := openTask(t, s.status(), workflows.TaskAsked); !strings.HasPrefix(task.What, "give back") {
			t.Errorf("asked for %q", task.What)
		}
	})
	s.resolveAll(day(19, 16), workflows.TaskAsked, workflows.HowAttest)
	if result := s.run(); result.Outcome != workflows.OutcomeRescinded {
		t.Errorf("outcome %q", result.Outcome)
	}
}

func TestACutThatWasLateIsNoReturnOfAccess(t *testing.T) {
	github := newFarSide("github", "read")
	s := newStory(t, github)
	s.at(day(18, 15), func() { github.fail(lastday.Errorf(lastday.CodeTransient, "github", "503")) })
	s.at(day(18, 17)+30*time.Minute, func() { github.fail(nil) })
	result := s.run()
	if result.Lanes[0].Resurrected != 0 || result.Times.CutVerified.IsZero() {
		t.Errorf("came back %d times, cut verified %s", result.Lanes[0].Resurrected, result.Times.CutVerified)
	}
}

func TestTroubleOfOurOwnDoesNotKillTheCase(t *testing.T) {
	github := newFarSide("github", "write")
	s := newStory(t, github)
	s.doors.err = lastday.Errorf(lastday.CodeNotFound, "gate", "Temporal does not know it")
	s.at(day(9, 9), func() { openTask(t, s.status(), workflows.TaskFailing) })
	s.end(day(10, 9))
	s.start()
}

func TestACaseWithoutSystemsNeverClosesClean(t *testing.T) {
	s := newStory(t)
	s.at(day(20, 12), func() { openTask(t, s.status(), workflows.TaskFailing) })
	s.end(day(21, 12))
	s.start()
}

// Temporal refuses payloads over 2 MiB: see codec.Converters.
func TestSomebodyWithThousandsOfGrantsFits(t *testing.T) {
	inv := lastday.Inventory{System: "github", Control: lastday.Control{Seen: true}, Match: lastday.Match{
		Verdict: lastday.FoundOne, Account: lastday.Account{System: "github", ID: "7"}, Control: lastday.Control{Seen: true},
	}}
	for i := range 3000 {
		inv.Grants = append(inv.Grants, lastday.Grant{
			Key: fmt.Sprintf("repo/%d", i), Kind: "repository", Rung: "admin", Ladder: ladder(), Restore: lastday.Restore{Fidelity: lastday.RestoreExact},
			Resource: lastday.Resource{ID: fmt.Sprint(100000 + i), Name: fmt.Sprintf("acme/service-%d", i), Labels: map[string]string{"visibility": "private"}},
		})
	}
	policy, err := plan.Parse("contractor.yaml", []byte(policyText))
	if err != nil {
		t.Fatal(err)
	}
	made, err := plan.Build(policy, plan.Input{Separation: leaver(), Inventories: []lastday.Inventory{inv}, Now: begin()})
	if err != nil {
		t.Fatal(err)
	}
	state := workflows.CaseState{Plan: made, Lanes: []*workflows.Lane{{System: "github"}}}
	for _, stage := range made.Stages {
		for _, c := range stage.Changes {
			receipt := lastday.Receipt{Change: c.ID, Outcome: lastday.OutcomeApplied, Requests: []lastday.Request{{ID: c.ID, Status: 204}}, DoneAt: begin()}
			state.Lanes[0].Orders = append(state.Lanes[0].Orders, plan.Taken{Change: c, Receipt: receipt})
		}
	}
	data, _ := codec.Converters(nil)
	for name, value := range map[string]any{"inventory": inv, "plan": made, "state": workflows.CaseInput{State: &state}} {
		p, err := data.ToPayload(value)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if size := proto.Size(p); size > 1<<20 {
			t.Errorf("%s: %d bytes for Temporal, %d in JSON", name, size, len(plain))
		}
	}
}

func TestSomebodyWithoutAnyAccountIsSaidSo(t *testing.T) {
	github := newFarSide("github")
	github.findNone = true
	s := newStory(t, github)
	result := s.run()
	if s.told.about("no_account") != 1 || result.Lanes[0].Why != "no account was found" {
		t.Errorf("nobody was told; the lane says %q", result.Lanes[0].Why)
	}
}
