package test

import (
	"net/http"
	"strings"
	"testing"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc/metadata"

	"lastday/workflows"
)

// listed are the ids of the workflows that a query finds.
func (h *house) listed(query string) []string {
	h.t.Helper()
	answer, err := h.client.ListWorkflow(h.t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: query})
	if err != nil {
		h.t.Fatal(err)
	}
	var ids []string
	for _, e := range answer.GetExecutions() {
		ids = append(ids, e.GetExecution().GetWorkflowId())
	}
	return ids
}

func TestWithEncryptionNothingThatIsKeptNamesThePerson(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{encrypt: true})
	h.startWorker()
	h.startStarter()
	h.hire()
	must(t, h.hr.Dismiss(h.person.Key, h.contract.ID))
	h.deliver(http.StatusAccepted)
	h.ends()
	h.worker.stop()
	h.starter.stop()
	kept := map[string]string{"worker": h.worker.log(), "starter": h.starter.log(), "notices": h.read("notices.jsonl")}
	answer, err := h.client.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{})
	must(t, err)
	if len(answer.GetExecutions()) < 3 {
		t.Fatalf("%d workflows, want a case, an event and the gate at least", len(answer.GetExecutions()))
	}
	for _, e := range answer.GetExecutions() {
		id := e.GetExecution().GetWorkflowId()
		text, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(h.history(id))
		must(t, err)
		listed, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(e)
		must(t, err)
		kept["history of "+id], kept["listing of "+id] = readable(string(text)), readable(string(listed))
	}
	for where, text := range kept {
		for _, planted := range []string{leaverName, "Zebrowski", leaverEmail, "quentin", h.secret, hrToken} {
			if strings.Contains(strings.ToLower(text), strings.ToLower(planted)) {
				t.Errorf("%s has %q", where, planted)
			}
		}
	}
}

func TestWithoutEncryptionTheSameSearchFindsThePerson(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{})
	h.leaves()
	var all strings.Builder
	for _, id := range []string{h.eventID()} {
		text, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(h.history(id))
		must(t, err)
		all.WriteString(readable(string(text)))
	}
	if !strings.Contains(all.String(), leaverName) {
		t.Error("the search is blind: it does not find what is there")
	}
}

func TestTheHistorySaysWhoSentASignal(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{})
	h.startWorker()
	h.startStarter()
	h.hire()
	must(t, h.hr.Schedule(h.person.Key, h.contract.ID, inDays(40)))
	h.deliver(http.StatusAccepted)
	h.until("the plan", func(st workflows.Status) bool { return st.PlanDigest != "" })
	bob, err := client.DialContext(t.Context(), client.Options{HostPort: sharedServer(t).address, Namespace: h.space, Logger: silence()})
	must(t, err)
	defer bob.Close()
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+bobToken)
	// Whatever the message says, the server writes down who sent it.
	m := workflows.HoldMessage{Message: workflows.Message{ID: "m1", Actor: "ann", Reason: "legal asks"}}
	must(t, bob.SignalWorkflow(ctx, workflows.CaseWorkflowID(h.caseID()), "", workflows.SignalHold, m))
	h.until("the hold", func(st workflows.Status) bool { return st.Held != nil })
	for _, e := range h.history(workflows.CaseWorkflowID(h.caseID())).GetEvents() {
		if e.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED {
			if p := e.GetPrincipal(); p.GetName() != "bob" {
				t.Errorf("the signal's principal is %v, want bob", p)
			}
			return
		}
	}
	t.Error("no signal in the history")
}
