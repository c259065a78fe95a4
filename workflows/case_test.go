package workflows_test

import (
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/workflows"
)

func TestAccessStepsDownAndEnds(t *testing.T) {
	github, ldap := newFarSide("github", "admin", "write", "read"), newFarSide("ldap", "read")
	s := newStory(t, github, ldap)
	see := func(when time.Duration, wantGitHub, wantLDAP string) {
		s.at(when, func() {
			if got := github.rungs(); got != wantGitHub {
				t.Errorf("after %s github grants %q, want %q", when, got, wantGitHub)
			}
			if got := ldap.rungs(); got != wantLDAP {
				t.Errorf("after %s ldap grants %q, want %q", when, got, wantLDAP)
			}
		})
	}
	see(day(8, 7), "admin write read", "read")
	see(day(8, 9), "write write read", "read")
	see(day(15, 7), "write write read", "read")
	see(day(15, 9), "read read read", "read")
	see(day(18, 15), "read read read", "read")
	see(day(18, 17), "none none none", "none")

	result := s.run()

	if result.Outcome != workflows.OutcomeClean {
		t.Errorf("outcome %q", result.Outcome)
	}
	due := time.Date(2026, 12, 18, 16, 0, 0, 0, time.UTC)
	if !result.Times.CutDue.Equal(due) {
		t.Errorf("the cut was due %s, want %s", result.Times.CutDue, due)
	}
	if result.Times.CutVerified.Before(due) || result.Times.CutVerified.Sub(due) > time.Minute {
		t.Errorf("the cut was verified %s", result.Times.CutVerified)
	}
	for _, l := range result.Lanes {
		for _, o := range l.Orders {
			if o.Receipt.Proof != lastday.ProofObserved {
				t.Errorf("%s: %s has proof %s", l.System, o.Change.Grant.Key, o.Receipt.Proof)
			}
		}
	}
	if github.writes() != 1+2+3 {
		t.Errorf("%d writes, want 6: %v", github.writes(), github.applied)
	}
}

func TestLateNewsCutsAtOnce(t *testing.T) {
	github := newFarSide("github", "admin", "read")
	s := newStory(t, github)
	s.first.LastDay = lastday.Date{Year: 2026, Month: time.November, Day: 27}
	s.at(time.Minute, func() {
		if got := github.rungs(); got != "none none" {
			t.Errorf("a minute after the late news github grants %q", got)
		}
	})
	result := s.run()
	if result.Outcome != workflows.OutcomeClean {
		t.Errorf("outcome %q", result.Outcome)
	}
}

func TestAnEarlierDayHoldsAtOnceWithoutAskingHR(t *testing.T) {
	github := newFarSide("github", "write")
	s := newStory(t, github)
	s.hr.error = lastday.Errorf(lastday.CodeUnsupported, "hr", "cannot be asked")
	s.at(day(9, 12), func() {
		sep := leaver()
		sep.LastDay, sep.Sequence = lastday.Date{Year: 2026, Month: time.December, Day: 11}, "0002"
		s.announce("evt-2", sep)
	})
	s.at(day(11, 17), func() {
		if got := github.rungs(); got != "none" {
			t.Errorf("after the earlier cut github grants %q", got)
		}
	})
	s.run()
}

func TestALaterDayIsReReadFromHRFirst(t *testing.T) {
	later := leaver()
	later.LastDay, later.Sequence = lastday.Date{Year: 2026, Month: time.December, Day: 30}, "0002"
	for name, c := range map[string]struct {
		hrSays lastday.Separation
		hrErr  error
		want   string
	}{
		"HR confirms":        {hrSays: later, want: "read"},
		"HR says otherwise":  {hrSays: leaver(), want: "none"},
		"HR cannot be asked": {hrErr: lastday.Errorf(lastday.CodeUnsupported, "hr", "no"), want: "none"},
		"HR says even earlier": {hrSays: func() lastday.Separation {
			e := leaver()
			e.LastDay = lastday.Date{Year: 2026, Month: 12, Day: 17}
			return e
		}(), want: "none"},
	} {
		t.Run(name, func(t *testing.T) {
			github := newFarSide("github", "read")
			s := newStory(t, github)
			s.hr.says, s.hr.error = c.hrSays, c.hrErr
			s.at(day(16, 12), func() { s.announce("evt-2", later) })
			s.at(day(18, 17), func() {
				if got := github.rungs(); got != c.want {
					t.Errorf("after the first date github grants %q, want %q", got, c.want)
				}
				if c.hrErr != nil {
					s.env.SignalWorkflow(workflows.SignalApprove, workflows.ApproveMessage{Message: by("ann", "ok"), Digest: s.status().News.ID})
				}
			})
			s.run()
		})
	}
}

func TestEventsInTheWrongOrderAndTwiceDoNoHarm(t *testing.T) {
	github := newFarSide("github", "read")
	s := newStory(t, github)
	s.first.LastDay, s.first.Sequence = lastday.Date{Year: 2026, Month: time.December, Day: 11}, "0002"
	s.at(time.Hour, func() { s.announce("evt-0", leaver()) })
	s.at(2*time.Hour, func() { s.announce("evt-0b", s.first) })
	s.at(day(11, 17), func() {
		if got := github.rungs(); got != "none" {
			t.Errorf("github grants %q: the older event moved the date", got)
		}
	})
	s.run()
}

func TestRescindAtEveryStageGivesBackWhatWeTook(t *testing.T) {
	for name, c := range map[string]struct {
		when     time.Duration
		approved bool
	}{
		"before the first stage": {when: day(7, 12)},
		"after notice":           {when: day(9, 12)},
		"after handover":         {when: day(16, 12)},
		"after the cut":          {when: day(19, 12), approved: true},
	} {
		t.Run(name, func(t *testing.T) {
			github := newFarSide("github", "admin", "write", "read")
			s := newStory(t, github)
			rescinded := leaver()
			rescinded.Rescinded, rescinded.Sequence = true, "0002"
			s.hr.says = rescinded
			s.at(c.when, func() { s.announce("evt-2", rescinded) })
			if c.approved {
				s.at(c.when+time.Hour, func() {
					if github.rungs() != "none none none" {
						t.Error("something was given back after the cut before anybody approved")
					}
					s.env.SignalWorkflow(workflows.SignalApprove, workflows.ApproveMessage{Message: by("ann", "she stays"), Digest: s.status().News.ID})
				})
			}
			result := s.run()
			if result.Outcome != workflows.OutcomeRescinded {
				t.Errorf("outcome %q", result.Outcome)
			}
			if got := github.rungs(); got != "admin write read" {
				t.Errorf("github grants %q", got)
			}
		})
	}
}

func TestRescindLeavesAloneWhatSomebodyChangedSince(t *testing.T) {
	github := newFarSide("github", "admin", "write")
	s := newStory(t, github)
	s.at(day(16, 12), func() { github.set("role:0", lastday.None) })
	s.at(day(16, 13), func() {
		s.env.SignalWorkflow(workflows.SignalRescind, workflows.RescindMessage{Message: by("bob", "a mistake")})
	})
	s.hr.error = lastday.Errorf(lastday.CodeUnsupported, "hr", "no")
	s.at(day(16, 14), func() {
		s.env.SignalWorkflow(workflows.SignalApprove, workflows.ApproveMessage{Message: by("bob", "myself"), Digest: s.status().News.ID})
	})
	s.at(day(16, 15), func() {
		if s.status().News == nil {
			t.Error("whoever rescinded approved it himself")
		}
		s.env.SignalWorkflow(workflows.SignalApprove, workflows.ApproveMessage{Message: by("ann", "yes"), Digest: s.status().News.ID})
	})
	s.at(day(16, 16), func() {
		task := openTask(t, s.status(), workflows.TaskDrifted)
		s.env.SignalWorkflow(workflows.SignalResolve, workflows.ResolveMessage{Message: by("ann", "stays gone"), Task: task.ID, How: workflows.HowWaive})
	})
	s.run()
	if got := github.rungs(); got != "none write" {
		t.Errorf("github grants %q", got)
	}
}

func TestCutNowOvertakesSleepAndRetries(t *testing.T) {
	github, slow := newFarSide("github", "write"), newFarSide("slow", "write")
	s := newStory(t, github, slow)
	s.at(day(15, 7), func() { slow.fail(lastday.Errorf(lastday.CodeTransient, "slow", "503")) })
	s.at(day(16, 12), func() {
		slow.fail(nil)
		s.env.SignalWorkflow(workflows.SignalCutNow, workflows.CutNowMessage{Message: by("ann", "seen in the data room")})
	})
	s.at(day(16, 12)+time.Minute, func() {
		if github.rungs() != "none" || slow.rungs() != "none" {
			t.Errorf("a minute after the order: github %q, slow %q", github.rungs(), slow.rungs())
		}
	})
	result := s.run()
	if due := begin().Add(day(16, 12)); !result.Times.CutDue.Equal(due) {
		t.Errorf("the cut was due %s, ordered %s", result.Times.CutDue, due)
	}
}

func TestOneBrokenSystemHoldsUpNoOtherAndPeopleAreToldAgain(t *testing.T) {
	github, broken := newFarSide("github", "write"), newFarSide("broken", "write")
	s := newStory(t, github, broken)
	s.at(day(18, 12), func() { broken.fail(lastday.Errorf(lastday.CodeTransient, "broken", "500 for ever")) })
	s.at(day(18, 17), func() {
		if github.rungs() != "none" {
			t.Errorf("github grants %q although only the other is down", github.rungs())
		}
		st := s.status()
		if st.State != workflows.StateStuck {
			t.Errorf("state %q", st.State)
		}
		openTask(t, st, workflows.TaskFailing)
	})
	s.at(day(19, 17), func() {
		if n := s.told.about("failing"); n < 3 {
			t.Errorf("people were told %d times in a day", n)
		}
		broken.fail(nil)
	})
	result := s.run()
	if broken.rungs() != "none" || result.Outcome != workflows.OutcomeClean {
		t.Errorf("broken grants %q, outcome %q", broken.rungs(), result.Outcome)
	}
}

func TestALostRightIsAPersonsTaskAndCanBeWaivedWithAReason(t *testing.T) {
	github, denied := newFarSide("github", "read"), newFarSide("denied", "read")
	s := newStory(t, github, denied)
	s.at(day(18, 12), func() { denied.fail(lastday.Errorf(lastday.CodeDenied, "denied", "403")) })
	resolve := func(when time.Duration, how string) {
		s.at(when, func() {
			task := openTask(t, s.status(), workflows.TaskFailing)
			s.env.SignalWorkflow(workflows.SignalResolve, workflows.ResolveMessage{Message: workflows.Message{ID: how, Actor: "ann"}, Task: task.ID, How: how})
		})
	}
	resolve(day(18, 17), workflows.HowRetry)
	resolve(day(18, 18), workflows.HowWaive)
	s.at(day(18, 19), func() {
		if e, ok := s.status().Answer(workflows.HowWaive); !ok || e.Refused == "" {
			t.Errorf("a waiver without a reason was taken: %+v", e)
		}
	})
	for when := day(18, 20); when < day(26, 23); when += 24 * time.Hour {
		s.at(when, func() {
			for _, task := range s.status().Tasks {
				if task.Closed == nil && task.Kind == workflows.TaskFailing {
					s.env.SignalWorkflow(workflows.SignalResolve, workflows.ResolveMessage{Message: by("ann", "the system was shut down "+when.String()), Task: task.ID, How: workflows.HowWaive})
				}
			}
		})
	}
	if result := s.run(); result.Outcome != workflows.OutcomeAnswered {
		t.Errorf("outcome %q: a waiver is never clean", result.Outcome)
	}
}

func TestAFarSideThatShowsOldStateIsNotBelievedUntilItShowsTheNew(t *testing.T) {
	github := newFarSide("github", "read", "read")
	github.lag = 0
	s := newStory(t, github)
	s.at(day(18, 15)+59*time.Minute, func() { github.mu.Lock(); github.lag = 3; github.mu.Unlock() })
	result := s.run()
	if result.Outcome != workflows.OutcomeClean || github.rungs() != "none none" {
		t.Errorf("outcome %q, grants %q", result.Outcome, github.rungs())
	}
	for _, o := range result.Lanes[0].Orders {
		if o.Receipt.Proof != lastday.ProofObserved {
			t.Errorf("%s: proof %s", o.Change.ID, o.Receipt.Proof)
		}
	}
}

func TestAThingWithoutAnInterfaceIsAPersonsTask(t *testing.T) {
	badge := newFarSide("badge", "read")
	badge.manual = true
	s := newStory(t, badge)
	s.at(day(20, 12), func() {
		if s.told.about("asked") < 2 {
			t.Errorf("people were told %d times in two days", s.told.about("asked"))
		}
		task := openTask(t, s.status(), workflows.TaskAsked)
		send := func(m workflows.ResolveMessage) { s.env.SignalWorkflow(workflows.SignalResolve, m) }
		send(workflows.ResolveMessage{Message: by("bob", "no evidence"), Task: task.ID, How: workflows.HowAttest})
		send(workflows.ResolveMessage{Message: by("bob", "collected"), Task: task.ID, How: workflows.HowAttest, Evidence: "ticket 4711"})
	})
	result := s.run()
	if result.Outcome != workflows.OutcomeAnswered {
		t.Errorf("outcome %q", result.Outcome)
	}
	r := result.Lanes[0].Orders[0].Receipt
	if r.Proof != lastday.ProofAttested || r.By != "bob" {
		t.Errorf("receipt %+v", r)
	}
}

func TestNobodyIsCutWhoIsNotExactlyKnown(t *testing.T) {
	github := newFarSide("github", "admin")
	github.many = true
	s := newStory(t, github)
	s.at(day(18, 17), func() {
		if github.rungs() != "admin" {
			t.Errorf("an ambiguous account was changed: %q", github.rungs())
		}
		task := openTask(t, s.status(), workflows.TaskIdentity)
		s.env.SignalWorkflow(workflows.SignalResolve, workflows.ResolveMessage{Message: by("ann", "asked her"), Task: task.ID, How: workflows.HowLink, Account: "8"})
	})
	s.run()
	if github.rungs() != "none" {
		t.Errorf("github grants %q", github.rungs())
	}
}

func TestAHoldStopsEverythingButAnOrderToCut(t *testing.T) {
	github := newFarSide("github", "write")
	s := newStory(t, github)
	s.at(day(14, 12), func() {
		s.env.SignalWorkflow(workflows.SignalHold, workflows.HoldMessage{Message: by("ann", "legal asks")})
	})
	s.at(day(16, 12), func() {
		if github.rungs() != "write" || s.status().State != workflows.StateHeld {
			t.Errorf("held, but github grants %q in state %q", github.rungs(), s.status().State)
		}
		s.env.SignalWorkflow(workflows.SignalRelease, workflows.ReleaseMessage{Message: by("ann", "legal is done")})
	})
	s.at(day(16, 13), func() {
		if github.rungs() != "read" {
			t.Errorf("released, but github grants %q", github.rungs())
		}
		s.env.SignalWorkflow(workflows.SignalHold, workflows.HoldMessage{Message: by("ann", "again")})
		s.env.SignalWorkflow(workflows.SignalCutNow, workflows.CutNowMessage{Message: by("bob", "danger")})
	})
	s.at(day(16, 14), func() {
		if github.rungs() != "none" {
			t.Errorf("the order to cut waited for the hold: %q", github.rungs())
		}
	})
	s.run()
}

func TestProtectedPeopleNeedTwoOthersAlsoWhenCutNowIsOrdered(t *testing.T) {
	github := newFarSide("github", "write")
	s := newStory(t, github)
	s.cases.Protected.People = []string{"p-1"}
	s.at(day(2, 12), func() {
		s.env.SignalWorkflow(workflows.SignalCutNow, workflows.CutNowMessage{Message: by("ann", "now")})
	})
	approve := func(when time.Duration, who string) {
		s.at(when, func() {
			if github.rungs() != "write" {
				t.Errorf("before %s approved, github grants %q", who, github.rungs())
			}
			s.env.SignalWorkflow(workflows.SignalApprove, workflows.ApproveMessage{Message: by(who, when.String()), Digest: s.status().PlanDigest})
		})
	}
	approve(day(2, 13), "ann")
	approve(day(2, 14), "bob")
	approve(day(2, 15), "bob")
	approve(day(2, 16), "cid")
	s.at(day(2, 17), func() {
		if github.rungs() != "none" {
			t.Errorf("approved by two others, github grants %q", github.rungs())
		}
	})
	s.run()
}

func TestMoreLeaversThanUsualWaitForAPerson(t *testing.T) {
	github := newFarSide("github", "write")
	s := newStory(t, github)
	s.doors.closed = true
	s.first.Kind = lastday.SeparationImmediate
	s.at(time.Hour, func() {
		if github.rungs() != "write" || s.told.about("decision") != 1 {
			t.Errorf("github grants %q, told %d times", github.rungs(), s.told.about("decision"))
		}
		s.env.SignalWorkflow(workflows.SignalApprove, workflows.ApproveMessage{Message: by("ann", "a real layoff"), Digest: s.status().PlanDigest})
	})
	s.run()
	if github.rungs() != "none" {
		t.Errorf("github grants %q", github.rungs())
	}
}

func TestAccessThatComesBackIsTakenAgain(t *testing.T) {
	github := newFarSide("github", "read")
	s := newStory(t, github)
	s.at(day(20, 12), func() { github.set("role:0", "admin") })
	result := s.run()
	if github.rungs() != "none" || result.Lanes[0].Resurrected != 1 {
		t.Errorf("github grants %q, came back %d times", github.rungs(), result.Lanes[0].Resurrected)
	}
	if s.told.about("resurrected/github/watch 7d") != 1 {
		t.Errorf("nobody was told: %+v", s.told.notices)
	}
}

func TestMessagesNobodyStandsBehindAreRefused(t *testing.T) {
	github := newFarSide("github", "read")
	s := newStory(t, github)
	s.at(time.Hour, func() {
		s.env.SignalWorkflow(workflows.SignalCutNow, workflows.CutNowMessage{Message: workflows.Message{ID: "m1", Reason: "x"}})
		s.env.SignalWorkflow(workflows.SignalHold, workflows.HoldMessage{Message: workflows.Message{ID: "m2", Actor: "ann"}})
		s.env.SignalWorkflow(workflows.SignalApprove, workflows.ApproveMessage{Message: workflows.Message{ID: "m3", Actor: "ann"}, Digest: "old"})
		s.env.SignalWorkflow(workflows.SignalResolve, workflows.ResolveMessage{Message: workflows.Message{ID: "m4", Actor: "ann"}, Task: "t-none", How: "retry"})
	})
	s.at(2*time.Hour, func() {
		for _, id := range []string{"m1", "m2", "m3", "m4"} {
			if e, ok := s.status().Answer(id); !ok || e.Refused == "" {
				t.Errorf("message %s was not refused: %+v", id, e)
			}
		}
		if github.writes() != 0 {
			t.Error("a refused message changed something")
		}
	})
	s.run()
}

func TestASystemThatWasConnectedMeanwhileIsCutToo(t *testing.T) {
	github, wiki := newFarSide("github", "read"), newFarSide("wiki", "admin")
	s := newStory(t, github)
	s.later = []*farSide{wiki}
	s.at(day(16, 12), func() { s.connect(wiki) })
	result := s.run()
	if wiki.rungs() != "none" || len(result.Lanes) != 2 {
		t.Errorf("wiki grants %q after the cut; %d lanes", wiki.rungs(), len(result.Lanes))
	}
}

func TestNoticesNameNobody(t *testing.T) {
	badge := newFarSide("badge", "read")
	badge.manual = true
	g := badge.grants["role:0"]
	g.Resource.Name = "badge of Kim Example (kim@example.com)"
	badge.grants["role:0"] = g
	s := newStory(t, badge)
	s.at(day(18, 17), func() {
		task := openTask(t, s.status(), workflows.TaskAsked)
		s.env.SignalWorkflow(workflows.SignalResolve, workflows.ResolveMessage{Message: by("bob", "collected"), Task: task.ID, How: workflows.HowAttest, Evidence: "ticket"})
	})
	s.run()
	for _, n := range s.told.notices {
		if strings.Contains(n.Text, "Kim") || strings.Contains(n.Text, "kim@") {
			t.Errorf("a notice names the person: %s", n.Text)
		}
	}
}

func TestAnEngagementThatEndsAfterAllIsTakenAgain(t *testing.T) {
	github := newFarSide("github", "admin")
	s := newStory(t, github)
	rescinded := leaver()
	rescinded.Rescinded, rescinded.Sequence = true, "0002"
	again := leaver()
	again.Sequence = "0003"
	s.hr.says = rescinded
	s.at(day(9, 12), func() {
		github.fail(lastday.Errorf(lastday.CodeTransient, "github", "503"))
		s.announce("evt-2", rescinded)
	})
	s.at(day(9, 13), func() { s.announce("evt-3", again) })
	s.at(day(9, 14), func() { github.fail(nil) })
	s.at(day(9, 18), func() {
		if github.rungs() != "write" {
			t.Errorf("the first stage is in force again, but github grants %q", github.rungs())
		}
	})
	s.run()
	if github.rungs() != "none" {
		t.Errorf("github grants %q", github.rungs())
	}
}

func TestAMistakenOrderToCutIsUndoneAndTheCaseGoesOn(t *testing.T) {
	github := newFarSide("github", "admin", "write")
	s := newStory(t, github)
	s.hr.says = leaver()
	s.at(day(2, 12), func() {
		s.env.SignalWorkflow(workflows.SignalCutNow, workflows.CutNowMessage{Message: by("ann", "wrong person")})
	})
	s.at(day(2, 13), func() {
		if github.rungs() != "none none" {
			t.Errorf("github grants %q after the order", github.rungs())
		}
		s.env.SignalWorkflow(workflows.SignalRescind, workflows.RescindMessage{Message: by("ann", "that was a mistake")})
	})
	s.at(day(2, 14), func() {
		s.env.SignalWorkflow(workflows.SignalApprove, workflows.ApproveMessage{Message: by("bob", "yes"), Digest: s.status().News.ID})
	})
	s.at(day(2, 15), func() {
		if github.rungs() != "admin write" {
			t.Errorf("github grants %q after the order was taken back", github.rungs())
		}
	})
	s.at(day(8, 9), func() {
		if github.rungs() != "write write" {
			t.Errorf("the first stage came, but github grants %q", github.rungs())
		}
	})
	if result := s.run(); result.Outcome != workflows.OutcomeClean || github.rungs() != "none none" {
		t.Errorf("outcome %q, github grants %q", result.Outcome, github.rungs())
	}
}
