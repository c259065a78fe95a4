package test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/integrations/hr/hrtest"
	"lastday/workflows"
)

// hire lets HR know the leaver.
func (h *house) hire() {
	h.hr.Hire(h.person, h.contract, "Europe/Berlin")
}

func inDays(n int) lastday.Date { return lastday.DateOf(time.Now()).AddDays(n) }

func (h *house) deliver(want int) {
	h.t.Helper()
	statuses, err := h.hr.Deliver(h.t.Context(), h.hook())
	if err != nil || len(statuses) == 0 {
		h.t.Fatalf("HR got %v: %v", statuses, err)
	}
	for _, got := range statuses {
		if got != want {
			h.t.Errorf("HR got %d, want %d", got, want)
		}
	}
}

// send sends one event whatever waits before it.
func (h *house) send(event hrtest.Event) {
	h.t.Helper()
	if status, err := h.hr.Send(h.t.Context(), h.hook(), event); err != nil || status != http.StatusAccepted {
		h.t.Fatalf("%s: HR got %d: %v", event.ID, status, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestTwoEventsInTheWrongOrderEndAsInTheRight(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{})
	h.startWorker()
	h.startStarter()
	h.hire()
	must(t, h.hr.Schedule(h.person.Key, h.contract.ID, inDays(40)))
	must(t, h.hr.Move(h.person.Key, h.contract.ID, inDays(30)))
	events := h.hr.Outbox()
	h.send(events[1])
	h.until("the younger event", func(st workflows.Status) bool { return st.Separation.LastDay == inDays(30) })
	h.send(events[0])
	st := h.until("the older event", func(st workflows.Status) bool { return logs(st, "older than what is known") })
	if st.Separation.LastDay != inDays(30) {
		t.Errorf("the last day is %s, want %s", st.Separation.LastDay, inDays(30))
	}
}

func logs(st workflows.Status, text string) bool {
	for _, e := range st.Log {
		if strings.Contains(e.What, text) {
			return true
		}
	}
	return false
}

func TestWhileTemporalIsDownHRKeepsItsEventsAndNothingIsLost(t *testing.T) {
	t.Parallel()
	program, err := temporalProgram()
	must(t, err)
	address, err := freeAddress()
	must(t, err)
	args := []string{"--db-filename", t.TempDir() + "/temporal.db", "--namespace", spaceName(0)}
	server, err := startTemporalAt(program, address, args...)
	must(t, err)
	h := newHouse(t, setup{server: server, space: spaceName(0)})
	h.startStarter()
	h.startWorker()
	eventually(t, 30*time.Second, "the worker", func() bool { return strings.Contains(h.worker.log(), "worker is ready") })
	h.hire()
	server.process.kill()
	must(t, h.hr.Schedule(h.person.Key, h.contract.ID, inDays(40)))
	for range 2 {
		if statuses, err := h.hr.Deliver(t.Context(), h.hook()); err == nil || len(statuses) != 1 || statuses[0] != http.StatusServiceUnavailable {
			t.Errorf("with Temporal down HR got %v: %v", statuses, err)
		}
	}
	server, err = startTemporalAt(program, address, args...)
	must(t, err)
	t.Cleanup(server.process.kill)
	eventually(t, time.Minute, "the event to be taken", func() bool {
		_, err := h.hr.Deliver(t.Context(), h.hook())
		return err == nil
	})
	st := h.until("the plan", func(st workflows.Status) bool { return st.PlanDigest != "" })
	if st.Separation.LastDay != inDays(40) {
		t.Errorf("the last day is %s", st.Separation.LastDay)
	}
}

func TestAStarterThatWasKilledIsMissedByNobody(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{})
	h.startWorker()
	h.startStarter()
	h.hire()
	must(t, h.hr.Schedule(h.person.Key, h.contract.ID, inDays(40)))
	h.deliver(http.StatusAccepted)
	h.starter.kill()
	must(t, h.hr.Move(h.person.Key, h.contract.ID, inDays(30)))
	if _, err := h.hr.Deliver(t.Context(), h.hook()); err == nil {
		t.Error("a dead starter took an event")
	}
	h.startStarter()
	h.deliver(http.StatusAccepted)
	h.until("the earlier day", func(st workflows.Status) bool { return st.Separation.LastDay == inDays(30) })
}

func TestWhatIsNotUnderstoodIsParkedVisibleAndCanBeDismissed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{})
	h.startWorker()
	h.startStarter()
	h.hire()
	must(t, h.hr.Schedule(h.person.Key, h.contract.ID, lastday.Date{Year: 2027, Month: time.February, Day: 28}))
	good := h.hr.Outbox()[0]
	for name, mend := range map[string][2]string{
		"zone": {"Europe/Berlin", "Europe/Atlantis"},
		"day":  {"2027-02-28", "2027-02-31"},
		"type": {"separation.scheduled.v1", "separation.pondered.v1"},
	} {
		bad := hrtest.Event{ID: "evt_" + name, Body: []byte(strings.ReplaceAll(string(good.Body), mend[0], mend[1]))}
		h.send(bad)
	}
	var parked []string
	eventually(t, 30*time.Second, "three parked events", func() bool {
		parked = h.listed("WorkflowType = 'Event' AND LastdayState = 'parked'")
		return len(parked) == 3
	})
	for _, id := range parked {
		m := workflows.DismissMessage{Message: workflows.Message{ID: "m", Actor: "ann", Reason: "sent again"}}
		must(t, h.client.SignalWorkflow(t.Context(), id, "", workflows.SignalDismiss, m))
		var result workflows.EventResult
		must(t, h.client.GetWorkflow(t.Context(), id, "").Get(t.Context(), &result))
		if result.Dismissed != "ann: sent again" {
			t.Errorf("%s: %+v", id, result)
		}
	}
	if cases := h.listed("WorkflowType = 'Case'"); len(cases) != 0 {
		t.Errorf("cases were made of it: %v", cases)
	}
}
