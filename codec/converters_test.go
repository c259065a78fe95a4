package codec_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/proto"

	"lastday/codec"
)

func TestMemosSummariesAndInputsHoldNoPlantedText(t *testing.T) {
	data, _ := codec.Converters(newRing(t, newKey(t, "k")))
	in := map[string]any{"name": planted, "count": float64(3)}
	memo, err := data.ToPayload(in)
	if err != nil {
		t.Fatal(err)
	}
	summary, err := data.ToPayload("Plan for " + planted)
	if err != nil {
		t.Fatal(err)
	}
	args, err := data.ToPayloads(in, planted)
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]proto.Message{"memo": memo, "summary": summary, "arguments": args} {
		wire, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(wire), "jane") || strings.Contains(string(wire), "count") {
			t.Errorf("the %s is readable", name)
		}
	}
	var out map[string]any
	if err := data.FromPayload(memo, &out); err != nil {
		t.Fatal(err)
	}
	wantSame(t, "memo", out, in)
}

func TestFailuresHideTheirMessagesAndDetailsAndKeepTheirType(t *testing.T) {
	_, failures := codec.Converters(newRing(t, newKey(t, "k")))
	cause := temporal.NewApplicationError("inner: "+planted, "denied")
	failure := failures.ErrorToFailure(temporal.NewApplicationErrorWithCause("outer: "+planted, "invalid", cause, planted))
	wire, err := proto.Marshal(failure)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(wire), "jane") {
		t.Error("the failure is readable")
	}
	var back *temporal.ApplicationError
	if err := failures.FailureToError(failure); !errors.As(err, &back) {
		t.Fatalf("got %v", err)
	}
	var detail string
	if err := back.Details(&detail); err != nil || detail != planted {
		t.Errorf("details: %q, %v", detail, err)
	}
	if back.Type() != "invalid" || !strings.Contains(back.Error(), "inner: "+planted) {
		t.Errorf("got %v of type %s", back, back.Type())
	}
}

func TestWithoutARingNothingIsEncrypted(t *testing.T) {
	want, err := converter.GetDefaultDataConverter().ToPayload(planted)
	if err != nil {
		t.Fatal(err)
	}
	client, _ := codec.Converters(nil)
	plain, err := client.ToPayload(planted)
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "a client's payload", plain, want)
	data, failures := codec.WorkerConverters(nil)
	got, err := data.ToPayload(planted)
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "a worker's payload", got, want)
	if message := failures.ErrorToFailure(errors.New("why")).Message; message != "why" {
		t.Errorf("a worker's failure says %q", message)
	}
}

func TestHistoriesFromBeforeEncryptionAreReadable(t *testing.T) {
	plain, err := converter.GetDefaultDataConverter().ToPayload(planted)
	if err != nil {
		t.Fatal(err)
	}
	for name, make := range converters() {
		data, _ := make(newRing(t, newKey(t, "k")))
		data = converter.WithDataConverterSerializationContext(data, converter.WorkflowSerializationContext{})
		var got string
		if err := data.FromPayload(plain, &got); err != nil || got != planted {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func converters() map[string]func(*codec.Ring) (converter.DataConverter, converter.FailureConverter) {
	return map[string]func(*codec.Ring) (converter.DataConverter, converter.FailureConverter){
		"client": codec.Converters, "worker": codec.WorkerConverters,
	}
}

func TestOutsideOfAWorkflowAMissingKeyIsAnErrorForWorkersToo(t *testing.T) {
	clients, _ := codec.Converters(newRing(t, newKey(t, "theirs")))
	sealed, err := clients.ToPayload(planted)
	if err != nil {
		t.Fatal(err)
	}
	ours, _ := codec.WorkerConverters(newRing(t, newKey(t, "ours")))
	var got string
	if err := ours.FromPayload(sealed, &got); err == nil || !strings.Contains(err.Error(), "theirs") {
		t.Errorf("got %q, %v", got, err)
	}
}

// waitForWord takes one signal and ends with what it was.
func waitForWord(ctx workflow.Context, _ string) (string, error) {
	var word string
	workflow.GetSignalChannel(ctx, "word").Receive(ctx, &word)
	return word, nil
}

// history is waitForWord started and signalled, with payloads from two clients.
func history(t *testing.T, input, signal converter.DataConverter) *historypb.History {
	t.Helper()
	in, err := input.ToPayloads(planted)
	if err != nil {
		t.Fatal(err)
	}
	word, err := signal.ToPayloads("go")
	if err != nil {
		t.Fatal(err)
	}
	events := []*historypb.HistoryEvent{
		{EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED, Attributes: &historypb.HistoryEvent_WorkflowExecutionStartedEventAttributes{
			WorkflowExecutionStartedEventAttributes: &historypb.WorkflowExecutionStartedEventAttributes{
				WorkflowType: &commonpb.WorkflowType{Name: "waitForWord"}, Input: in,
				TaskQueue: &taskqueuepb.TaskQueue{Name: "q"}, OriginalExecutionRunId: "run",
			},
		}},
		{EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED, Attributes: &historypb.HistoryEvent_WorkflowExecutionSignaledEventAttributes{
			WorkflowExecutionSignaledEventAttributes: &historypb.WorkflowExecutionSignaledEventAttributes{SignalName: "word", Input: word},
		}},
		{EventType: enumspb.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED, Attributes: &historypb.HistoryEvent_WorkflowTaskScheduledEventAttributes{
			WorkflowTaskScheduledEventAttributes: &historypb.WorkflowTaskScheduledEventAttributes{},
		}},
		{EventType: enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED, Attributes: &historypb.HistoryEvent_WorkflowTaskStartedEventAttributes{
			WorkflowTaskStartedEventAttributes: &historypb.WorkflowTaskStartedEventAttributes{ScheduledEventId: 3},
		}},
		{EventType: enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED, Attributes: &historypb.HistoryEvent_WorkflowTaskCompletedEventAttributes{
			WorkflowTaskCompletedEventAttributes: &historypb.WorkflowTaskCompletedEventAttributes{ScheduledEventId: 3, StartedEventId: 4},
		}},
		{EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED, Attributes: &historypb.HistoryEvent_WorkflowExecutionCompletedEventAttributes{
			WorkflowExecutionCompletedEventAttributes: &historypb.WorkflowExecutionCompletedEventAttributes{WorkflowTaskCompletedEventId: 5},
		}},
	}
	for i, e := range events {
		e.EventId = int64(i + 1)
	}
	return &historypb.History{Events: events}
}

func replay(t *testing.T, ring *codec.Ring, h *historypb.History) error {
	t.Helper()
	data, failures := codec.WorkerConverters(ring)
	r, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{DataConverter: data, FailureConverter: failures})
	if err != nil {
		t.Fatal(err)
	}
	r.RegisterWorkflowWithOptions(waitForWord, workflow.RegisterOptions{Name: "waitForWord"})
	return r.ReplayWorkflowHistory(log.NewStructuredLogger(slog.New(slog.DiscardHandler)), h)
}

func TestAWorkerWithoutTheKeyStopsAtInputsAndSignalsAndGoesOnWithIt(t *testing.T) {
	older, newer := newKey(t, "older"), newKey(t, "newer")
	oldClient, _ := codec.Converters(newRing(t, older))
	newClient, _ := codec.Converters(newRing(t, newer))
	for name, h := range map[string]func() *historypb.History{
		"input":  func() *historypb.History { return history(t, newClient, oldClient) },
		"signal": func() *historypb.History { return history(t, oldClient, newClient) },
	} {
		err := replay(t, newRing(t, older), h())
		// A workflow that failed or dropped the signal would end in a replay that
		// differs; a task that failed ends in what was panicked with.
		if err == nil || !strings.HasPrefix(err.Error(), `codec: decode: the key "newer"`) {
			t.Errorf("%s: the task must fail and name the key: %.300v", name, err)
		}
		if err := replay(t, nil, h()); err == nil || !strings.HasPrefix(err.Error(), "codec: decode: the key") {
			t.Errorf("%s: a worker without any key must stop, too: %.300v", name, err)
		}
		if err := replay(t, newRing(t, older, newer), h()); err != nil {
			t.Errorf("%s: with the key: %v", name, err)
		}
	}
}
