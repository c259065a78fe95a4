package test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"lastday"
	"lastday/workflows"
)

// lastday runs the people's command and holds it to an exit code.
func (h *house) lastday(want int, args ...string) (stdout, stderr string) {
	h.t.Helper()
	env := append(h.env, "TEMPORAL_ADDRESS="+h.dial)
	code, stdout, stderr := run(h.t, program(h.t, "lastday"), env, append([]string{"--config", h.config, "--actor", "ann"}, args...)...)
	if code != want {
		h.t.Errorf("lastday %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), code, want, stdout, stderr)
	}
	return stdout, stderr
}

// says holds that a text has all the words.
func (h *house) says(text string, words ...string) {
	h.t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			h.t.Errorf("%q is not in:\n%s", w, text)
		}
	}
}

// event writes the file of an event in the canonical form.
func (h *house) event(name, person string, lastDay lastday.Date) string {
	return h.put(name, fmt.Sprintf(`{"specversion": "1.0", "id": "evt_%s", "source": "hr://test", "type": "offboard.separation.scheduled.v1",
"time": "2026-11-20T09:14:55Z", "sequence": "41", "datacontenttype": "application/json",
"data": {"person": {"id": %q, "links": [{"system": "code", "id": %q}]},
"engagement": {"id": "ctr-1", "workerType": "contractor", "timeZone": "Europe/Berlin", "timeZoneBasis": "worker"},
"separation": {"kind": "scheduled", "lastDay": %q}}}`, name, person, h.accountID(), lastDay))
}

func TestPeopleDoEverythingWithTheCommand(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{})
	h.startWorker()
	h.hire()
	id := h.caseID()
	file := h.event("leaver.json", h.person.Key, inDays(60))

	out, _ := h.lastday(0, "check")
	h.says(out, systemName, "yes")
	out, _ = h.lastday(0, "plan", "--file", file)
	h.says(out, "notice", "handover", "cut", "web")
	if len(h.writes()) > 0 || len(h.listed("WorkflowType = 'Case'")) > 0 {
		t.Fatal("planning changed something")
	}
	out, _ = h.lastday(0, "start", "--file", file)
	h.says(out, id, "handed over")
	out, _ = h.lastday(0, "start", "--file", file)
	h.says(out, "was handed over before")
	h.until("the plan", func(st workflows.Status) bool { return st.PlanDigest != "" && st.State == workflows.StateWaiting })

	out, _ = h.lastday(0, "status", id)
	h.says(out, "WAITING", "notice", systemName)
	h.hasStatus(id, workflows.StateWaiting)
	h.messages(id)
	h.mistakes(id, file)
}

// hasStatus holds the status for machines to a state.
func (h *house) hasStatus(id, state string) workflows.Status {
	h.t.Helper()
	out, _ := h.lastday(0, "--json", "status", id)
	var st workflows.Status
	if err := json.Unmarshal([]byte(out), &st); err != nil || st.State != state || st.Case != id {
		h.t.Errorf("state %q of %q, want %q: %v", st.State, st.Case, state, err)
	}
	return st
}

// messages sends every message there is, in the order of a life.
func (h *house) messages(id string) {
	h.t.Helper()
	h.lastday(0, "hold", id, "--reason", "legal asks")
	h.hasStatus(id, workflows.StateHeld)
	h.lastday(0, "release", id, "--reason", "legal is done")
	h.lastday(0, "reschedule", id, "--last-day", inDays(50).String(), "--reason", "agreed")
	h.until("the earlier day", func(st workflows.Status) bool {
		return st.Cutoff.Date == inDays(50) && st.State == workflows.StateWaiting
	})
	st := h.hasStatus(id, workflows.StateWaiting)
	h.lastday(0, "approve", id, "--digest", st.PlanDigest, "--reason", "looked at it")
	h.lastday(0, "cut", id, "--reason", "seen in the data room")
	task := h.task(workflows.TaskResidue)
	out, _ := h.lastday(0, "status", id)
	h.says(out, task.ID, "a person is needed")
	h.lastday(0, "resolve", id, "--task", task.ID, "--how", "waive", "--reason", "ours")
	h.ends()
	h.hasStatus(id, workflows.StateClosed)
}

// mistakes are answered with 2 if the command was used wrongly, else with 1.
func (h *house) mistakes(id, file string) {
	h.t.Helper()
	_, trouble := h.lastday(2, "hold", id)
	h.says(trouble, "--reason")
	h.lastday(2, "status", "--no-such-flag")
	h.lastday(2, "start")
	h.lastday(2, "resolve", id)
	h.lastday(1, "status", "c-nobody")
	h.lastday(1, "--config", h.dir+"/none.yaml", "check")
	h.lastday(1, "plan", "--file", file+".none")
	_, trouble = h.lastday(1, "--json", "status", "c-nobody")
	var failure struct{ Code lastday.Code }
	if err := json.Unmarshal([]byte(trouble), &failure); err != nil || failure.Code != lastday.CodeNotFound {
		h.t.Errorf("a machine reads %q: %v", trouble, err)
	}
}

func TestARescindThatHRConfirmsClosesTheCase(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{})
	h.startWorker()
	h.hire() // HR knows of no end.
	h.lastday(0, "start", "--file", h.event("leaver.json", h.person.Key, inDays(60)))
	h.until("the plan", func(st workflows.Status) bool { return st.State == workflows.StateWaiting })
	h.lastday(0, "rescind", h.caseID(), "--reason", "stays")
	if result, err := h.result(answerWithin); err != nil || result.Outcome != workflows.OutcomeRescinded {
		t.Errorf("outcome %q: %v", result.Outcome, err)
	}
	if len(h.writes()) > 0 {
		t.Errorf("writes %v", h.writes())
	}
}

func TestAListIsImportedWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{})
	h.startWorker()
	head := "person_id,engagement_id,what,worker_type,last_day,time_zone\n"
	good := h.put("good.csv", head+fmt.Sprintf("p-7,ctr-7,scheduled,contractor,%s,Europe/Berlin\np-8,ctr-8,scheduled,contractor,%s,Asia/Tokyo\n", inDays(60), inDays(70)))
	bad := h.put("bad.csv", head+fmt.Sprintf("p-7,ctr-7,scheduled,contractor,%s,Europe/Berlin\np-8,ctr-8,scheduled,contractor,2027-02-31,Asia/Tokyo\n", inDays(60)))

	out, _ := h.lastday(0, "import", good, "--dry-run")
	h.says(out, "would be started", "everybody")
	h.lastday(1, "import", bad)
	if events := h.listed(""); len(events) > 0 {
		t.Errorf("a dry run or a list with mistakes started %v", events)
	}
	out, _ = h.lastday(0, "import", good)
	h.says(out, "handed over")
	out, _ = h.lastday(0, "import", good)
	h.says(out, "was handed over before")
	cases := "WorkflowType = 'Case'"
	eventually(t, answerWithin, "two cases", func() bool { return len(h.listed(cases)) == 2 })
	out, _ = h.lastday(0, "status")
	for _, id := range h.listed(cases) {
		h.says(out, strings.TrimPrefix(id, "case/"))
	}
}
