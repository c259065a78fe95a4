package test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	commonpb "go.temporal.io/api/common/v1"

	"lastday"
	"lastday/integrations/github/githubtest"
	"lastday/workflows"
)

// unlucky is a house in which a worker runs and somebody leaves now.
func unlucky(t *testing.T, s setup, prepare func(*house)) *house {
	t.Helper()
	t.Parallel()
	h := newHouse(t, s)
	prepare(h)
	h.before = h.far.Snapshot()
	h.startWorker()
	h.leaves()
	return h
}

// lane is the one system's part.
func lane(t *testing.T, st workflows.Status) workflows.Lane {
	t.Helper()
	for _, l := range st.Lanes {
		if l.System == systemName {
			return l
		}
	}
	t.Fatalf("no lane %s in %+v", systemName, st.Lanes)
	return workflows.Lane{}
}

func TestSomebodyWithoutAnAccountIsDoneWithoutAWrite(t *testing.T) {
	h := unlucky(t, setup{}, func(h *house) {
		h.person.Links, h.person.Emails = nil, []string{"nobody.at.all@northwind.example"}
	})
	st := h.until("an answer about the account", func(st workflows.Status) bool {
		return len(st.Lanes) > 0 && st.Lanes[0].Verdict != "" && st.Lanes[0].State != workflows.LaneWorking
	})
	if l := lane(t, st); l.Verdict == lastday.FoundOne || len(h.writes()) > 0 {
		t.Errorf("verdict %q, writes %v", l.Verdict, h.writes())
	}
	// That no account is to be found proves little: a person says what holds.
	t.Logf("state %q: %s", st.State, lane(t, st).Why)
}

func TestWithTwoAccountsAPersonDecidesWhich(t *testing.T) {
	h := unlucky(t, setup{}, func(h *house) {
		double := h.far.AddUser("qz2", leaverName, "")
		h.org.AddMember(double, "member")
		h.leaver.VerifyEmail(leaverEmail)
		double.VerifyEmail(leaverEmail)
		h.person.Links = nil
	})
	task := h.task(workflows.TaskIdentity)
	if len(h.writes()) > 0 {
		t.Errorf("before anybody decided: %v", h.writes())
	}
	h.resolve(task, workflows.HowLink, h.accountID())
	h.ends()
}

func TestALoginTakenOverBySomebodyElseIsNotCut(t *testing.T) {
	h := unlucky(t, setup{}, func(h *house) {
		h.leaver.Rename("qz-private")
		newcomer := h.far.AddUser("qz", "Somebody Else", "else@northwind.example")
		h.org.AddMember(newcomer, "member")
		h.person.Links = []lastday.Link{{System: systemName, ID: h.accountID(), Login: "qz"}}
	})
	h.ends()
}

func TestRightsLostInMidCaseAreAPersonsTaskAndNothingIsCalledDone(t *testing.T) {
	var clear func()
	h := unlucky(t, setup{}, func(h *house) {
		clear = h.far.Fail("DELETE **", githubtest.Fault{Status: http.StatusForbidden})
	})
	task := h.task(workflows.TaskFailing)
	st := h.status()
	if task.Code != lastday.CodeDenied || st.State != workflows.StateStuck || lane(t, st).State == workflows.LaneClean {
		t.Errorf("task %+v, state %q, lane %q", task, st.State, lane(t, st).State)
	}
	h.told(task)
	clear()
	h.resolve(task, workflows.HowRetry, "")
	h.ends()
}

func TestATokenWithoutAScopeIsBlindAndSaysSo(t *testing.T) {
	const systems = "\n  - name: code\n    kind: github\n    config: {org: northwind, url: \"{far}\", token: \"env:WEAK\"}\n"
	h := unlucky(t, setup{systems: systems}, func(h *house) {
		h.env = append(h.env, "WEAK="+h.owner.Token("read:org"))
	})
	st := h.until("a person's task", func(st workflows.Status) bool { return st.State == workflows.StateStuck })
	if lane(t, st).State == workflows.LaneClean || len(h.far.Access(h.leaver.ID())) == 0 {
		t.Errorf("lane %+v", lane(t, st))
	}
	missing := false
	for _, task := range st.Tasks {
		missing = missing || strings.Contains(task.Todo+task.Why, "scope") || task.Code == lastday.CodeDenied
	}
	if !missing {
		t.Errorf("no task says what is missing: %+v", st.Tasks)
	}
}

func TestAFarSideThatAsksForAnHourIsLeftAloneForAnHour(t *testing.T) {
	var clear func()
	h := unlucky(t, setup{}, func(h *house) {
		clear = h.far.Fail("* **", githubtest.Fault{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"3600"}}})
	})
	st := h.until("the trouble", func(st workflows.Status) bool { return len(st.Lanes) > 0 && st.Lanes[0].State == workflows.LaneStuck })
	if !strings.Contains(lane(t, st).Why, string(lastday.CodeRateLimited)) {
		t.Errorf("lane %+v", lane(t, st))
	}
	clear()
	asked := len(h.far.Calls())
	execution := &commonpb.WorkflowExecution{WorkflowId: workflows.CaseWorkflowID(h.caseID())}
	if err := skip(t.Context(), h.client, h.space, execution, "half an hour", 30*time.Minute); err != nil {
		t.Fatal(err)
	}
	if n := len(h.far.Calls()); n != asked {
		t.Errorf("within half an hour it was asked %d times", n-asked)
	}
	if err := skip(t.Context(), h.client, h.space, execution, "the rest", 31*time.Minute); err != nil {
		t.Fatal(err)
	}
	h.ends()
}

func TestAFarSideThatIsDownForLongIsTriedAgainAndPeopleAreTold(t *testing.T) {
	var clear func()
	h := unlucky(t, setup{}, func(h *house) { clear = h.far.Fail("* **", githubtest.Fault{Status: http.StatusInternalServerError}) })
	task := h.task(workflows.TaskFailing)
	if task.Code != lastday.CodeTransient {
		t.Errorf("task %+v", task)
	}
	clear()
	h.ends()
}

func TestAConnectionResetAfterAWriteDoesNothingTwice(t *testing.T) {
	h := unlucky(t, setup{}, func(h *house) { h.far.Fail("DELETE **", githubtest.Fault{DropAfterWrite: true, Times: 2}) })
	h.ends()
}

func TestHalfTheDataWith200IsNeverTakenForAll(t *testing.T) {
	var clear func()
	h := unlucky(t, setup{}, func(h *house) { clear = h.far.Fail("GET **", githubtest.Fault{HalfPages: true}) })
	h.until("a reading", func(st workflows.Status) bool {
		return len(st.Lanes) > 0 && (!st.Lanes[0].Read.IsZero() || st.Lanes[0].State == workflows.LaneStuck)
	})
	st := h.until("rest", func(st workflows.Status) bool { return lane(t, st).State != workflows.LaneWorking })
	if left := h.far.Access(h.leaver.ID()); len(left) > 0 && (lane(t, st).State == workflows.LaneClean || st.State == workflows.StateClosed) {
		t.Errorf("called %s while there is %v", lane(t, st).State, left)
	}
	clear()
	for _, task := range h.status().Tasks {
		if task.Closed == nil {
			h.resolve(task, workflows.HowRetry, "")
		}
	}
	h.ends()
}

func TestAQueueThatNobodyServesIsAVisibleGap(t *testing.T) {
	systems := systemsText + "  - name: office\n    kind: manual\n    config: {items: [{key: laptop, what: laptop, level: read, owner: IT, instructions: Collect it., evidence: slip, return: Hand it out.}]}\n"
	h := unlucky(t, setup{systems: systems, extra: "worker: {systems: [office]}\n"}, func(*house) {})
	task := h.task(workflows.TaskUnserved)
	if task.System != systemName || !strings.Contains(task.Todo, workflows.SystemQueue(systemName)) {
		t.Errorf("task %+v", task)
	}
	h.put("lastday.yaml", strings.ReplaceAll(h.read("lastday.yaml"), "worker: {systems: [office]}", ""))
	h.startWorker()
	h.resolve(h.task(workflows.TaskAsked), workflows.HowAttest, "")
	if result := h.ends(); result.Outcome != workflows.OutcomeAnswered {
		t.Errorf("outcome %q", result.Outcome)
	}
}
