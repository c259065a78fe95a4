package temporald

import (
	"errors"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/server/common/authorization"
)

const (
	bobToken   = "bob-0123456789abcdef"
	aliceToken = "alice-0123456789abcdef"
)

func TestASignalCarriesItsSender(t *testing.T) {
	s := serve(t, Options{Headless: true, People: map[string]string{"bob": bobToken, "alice": aliceToken}})
	worker := dial(t, s.Address(), "")
	work(t, worker)
	for name, token := range map[string]string{"bob": bobToken, "alice": aliceToken, anonymousName: ""} {
		run := begin(t, worker, "word-"+name, awaitWord)
		if err := dial(t, s.Address(), token).SignalWorkflow(limited(t), run.GetID(), "", "word", "yes"); err != nil {
			t.Fatal(err)
		}
		if err := run.Get(limited(t), nil); err != nil {
			t.Fatal(err)
		}
		if got := sender(t, worker, run); got != "token/"+name {
			t.Errorf("the signal of %s carries %s", name, got)
		}
	}
}

// sender is the principal of a run's signal.
func sender(t *testing.T, c client.Client, run client.WorkflowRun) string {
	t.Helper()
	events := c.GetWorkflowHistory(limited(t), run.GetID(), run.GetRunID(), false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			t.Fatal(err)
		}
		if event.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED {
			return event.GetPrincipal().GetType() + "/" + event.GetPrincipal().GetName()
		}
	}
	t.Fatal("no signal in the history")
	return ""
}

func TestAForgedTokenIsRefused(t *testing.T) {
	s := serve(t, Options{Headless: true, People: map[string]string{"bob": bobToken}})
	c := dial(t, s.Address(), "bob-forged-0123456789")
	_, err := c.WorkflowService().ListNamespaces(limited(t), &workflowservice.ListNamespacesRequest{})
	if denied := new(serviceerror.PermissionDenied); !errors.As(err, &denied) {
		t.Errorf("the server said %v", err)
	}
}

func TestReadOnlyStrangersLookButDoNotTouch(t *testing.T) {
	s := serve(t, Options{Headless: true, AnonymousReadOnly: true, People: map[string]string{"bob": bobToken}})
	stranger := dial(t, s.Address(), "")
	if _, err := stranger.WorkflowService().ListNamespaces(limited(t), &workflowservice.ListNamespacesRequest{}); err != nil {
		t.Errorf("looking: %v", err)
	}
	_, err := stranger.ExecuteWorkflow(limited(t), client.StartWorkflowOptions{ID: "x", TaskQueue: queue}, nap, time.Second)
	if denied := new(serviceerror.PermissionDenied); !errors.As(err, &denied) {
		t.Errorf("touching: %v", err)
	}
	bob := dial(t, s.Address(), bobToken)
	work(t, bob)
	if err := begin(t, bob, "nap", nap, time.Millisecond).Get(limited(t), nil); err != nil {
		t.Errorf("bob: %v", err)
	}
}

func TestClaimsComeFromBearerTokensOnly(t *testing.T) {
	c, own := newClaims(map[string]string{"bob": bobToken}, true)
	for header, want := range map[string]string{
		"Bearer " + bobToken: "bob", "bearer " + bobToken: "bob", "Bearer " + own: selfName, "": anonymousName,
	} {
		got, err := c.GetClaims(&authorization.AuthInfo{AuthToken: header})
		if err != nil || got.Subject != want {
			t.Errorf("%v, %v instead of %s", got, err, want)
		}
	}
	for _, header := range []string{bobToken, "Basic " + bobToken, "Bearer", "Bearer ", "Bearer " + bobToken + " ", "Bearer  " + bobToken} {
		if got, err := c.GetClaims(&authorization.AuthInfo{AuthToken: header}); err == nil {
			t.Errorf("%q is taken for %s", header, got.Subject)
		}
	}
}
