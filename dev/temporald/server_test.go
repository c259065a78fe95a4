package temporald

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"go.temporal.io/server/common/log/tag"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
)

const (
	queue    = "test"
	patience = 30 * time.Second
)

// nap sleeps and says how long it slept by the workflow's own clock.
func nap(ctx workflow.Context, d time.Duration) (time.Duration, error) {
	began := workflow.Now(ctx)
	if err := workflow.Sleep(ctx, d); err != nil {
		return 0, err
	}
	return workflow.Now(ctx).Sub(began), nil
}

// awaitWord ends with the first word it is sent.
func awaitWord(ctx workflow.Context) (string, error) {
	var word string
	workflow.GetSignalChannel(ctx, "word").Receive(ctx, &word)
	return word, nil
}

func serve(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := s.Start(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

func dial(t *testing.T, address, token string) client.Client {
	t.Helper()
	o := client.Options{HostPort: address, Logger: quiet{}}
	if token != "" {
		o.Credentials = client.NewAPIKeyStaticCredentials(token)
		o.ConnectionOptions.TLSDisabled = true
	}
	c, err := client.NewLazyClient(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func work(t *testing.T, c client.Client) {
	t.Helper()
	w := worker.New(c, queue, worker.Options{})
	w.RegisterWorkflow(nap)
	w.RegisterWorkflow(awaitWord)
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
}

func begin(t *testing.T, c client.Client, id string, flow any, args ...any) client.WorkflowRun {
	t.Helper()
	run, err := c.ExecuteWorkflow(limited(t), client.StartWorkflowOptions{ID: id, TaskQueue: queue}, flow, args...)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// quiet swallows the SDK's log.
type quiet struct{}

var _ log.Logger = quiet{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}

func TestZeroOptionsRunAWorkflowAndShowItInTheUI(t *testing.T) {
	s := serve(t, Options{})
	c := dial(t, s.Address(), "")
	work(t, c)
	var slept time.Duration
	if err := begin(t, c, "case/c-1", nap, time.Millisecond).Get(limited(t), &slept); err != nil {
		t.Fatal(err)
	}
	if page := get(t, s.UIURL()+"/"); !strings.Contains(page, "<html") {
		t.Errorf("the UI answers %.100q", page)
	}
	if api := get(t, s.UIURL()+"/api/v1/namespaces/default/workflows/case%2Fc-1"); !strings.Contains(api, "WORKFLOW_EXECUTION_STATUS_COMPLETED") {
		t.Errorf("the API behind the UI answers %.300q", api)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(limited(t), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestHeadlessHasNoUI(t *testing.T) {
	if url := serve(t, Options{Headless: true}).UIURL(); url != "" {
		t.Errorf("there is a UI at %s", url)
	}
}

// skip asks the server to move one workflow's clock forward.
func skip(ctx context.Context, c client.Client, run client.WorkflowRun, d time.Duration) error {
	_, err := c.WorkflowService().UpdateWorkflowExecutionOptions(ctx, &workflowservice.UpdateWorkflowExecutionOptionsRequest{
		Namespace:         "default",
		WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: run.GetID(), RunId: run.GetRunID()},
		WorkflowExecutionOptions: &workflowpb.WorkflowExecutionOptions{TimeSkippingConfig: &commonpb.TimeSkippingConfig{
			Enabled: true, FastForwardConfig: &commonpb.FastForwardConfig{Id: "skip-1", Duration: durationpb.New(d)},
		}},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"time_skipping_config"}},
	})
	return err
}

func TestTenDaysAreSkippedInSeconds(t *testing.T) {
	s := serve(t, Options{Headless: true, TimeSkipping: true})
	c := dial(t, s.Address(), "")
	work(t, c)
	run := begin(t, c, "nap", nap, 10*24*time.Hour)
	awaitEvent(t, c, run, enumspb.EVENT_TYPE_TIMER_STARTED)
	if err := skip(limited(t), c, run, 10*24*time.Hour+time.Minute); err != nil {
		t.Fatal(err)
	}
	var slept time.Duration
	if err := run.Get(limited(t), &slept); err != nil {
		t.Fatal(err)
	}
	if slept < 10*24*time.Hour {
		t.Errorf("the workflow's clock moved by %s", slept)
	}
}

func TestTimeIsNotSkippedUnlessAskedFor(t *testing.T) {
	s := serve(t, Options{Headless: true})
	c := dial(t, s.Address(), "")
	run := begin(t, c, "nap", nap, time.Hour)
	if err := skip(limited(t), c, run, time.Hour); err == nil {
		t.Error("the server skipped time")
	}
}

func TestATakenPortIsAnErrorAndLeavesNothingBehind(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	taken := listener.Addr().(*net.TCPAddr).Port
	file := filepath.Join(t.TempDir(), "db")
	for what, o := range map[string]Options{
		"gRPC": {Headless: true, Port: taken}, "UI": {UIPort: taken},
		"HTTP": {Headless: true, HTTPPort: taken}, "metrics": {Headless: true, MetricsPort: taken},
	} {
		o.DatabaseFile = file
		s, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Start(limited(t)); err == nil {
			t.Fatalf("the server started with a taken %s port", what)
		}
		if s.Address() != "" || s.UIURL() != "" {
			t.Errorf("%s: a server that did not start says it is at %s and %s", what, s.Address(), s.UIURL())
		}
	}
	serve(t, Options{Headless: true, DatabaseFile: file})
}

func TestMetricsAndTheHTTPAPIAnswerWhenAskedFor(t *testing.T) {
	http, metrics := freePort(t), freePort(t)
	serve(t, Options{Headless: true, HTTPPort: http, MetricsPort: metrics})
	if got := get(t, fmt.Sprintf("http://127.0.0.1:%d/api/v1/namespaces", http)); !strings.Contains(got, `"default"`) {
		t.Errorf("the HTTP API answers %.200q", got)
	}
	if got := get(t, fmt.Sprintf("http://127.0.0.1:%d/metrics", metrics)); !strings.Contains(got, "service_requests") {
		t.Errorf("the metrics read %.200q", got)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port
}

func TestAFatalOfTheServerIsAnErrorWhileStarting(t *testing.T) {
	cause := errors.New("port taken")
	err := guarded(func() error {
		silent().Fatal("cannot listen", tag.Error(cause))
		return nil
	})
	if !errors.Is(err, cause) || !strings.Contains(err.Error(), "cannot listen") {
		t.Errorf("it became %v", err)
	}
}

func TestAnEndedContextStopsWhatHadStarted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "db")
	serveOnce(t, file) // the schema exists, so the context is not asked before the frontend is up
	s, err := New(Options{Headless: true, DatabaseFile: file})
	if err != nil {
		t.Fatal(err)
	}
	reason := errors.New("changed my mind")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(reason)
	if err := s.Start(ctx); !errors.Is(err, reason) && !errors.Is(err, context.Canceled) {
		t.Fatalf("start said %v", err)
	}
	serve(t, Options{Headless: true, DatabaseFile: file})
}

func serveOnce(t *testing.T, file string) {
	t.Helper()
	s, err := New(Options{Headless: true, DatabaseFile: file})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(limited(t)); err != nil {
		t.Fatal(err)
	}
	s.Stop()
}

func TestAServerStartsOnlyOnce(t *testing.T) {
	s := serve(t, Options{Headless: true})
	if err := s.Start(limited(t)); err == nil {
		t.Error("it started twice")
	}
	stopped, err := New(Options{Headless: true})
	if err != nil {
		t.Fatal(err)
	}
	stopped.Stop()
	if err := stopped.Start(limited(t)); err == nil {
		t.Error("it started after Stop")
	}
}

func TestErrorsOfStoppingAreNoErrors(t *testing.T) {
	var out strings.Builder
	l := logger{to: slog.New(slog.NewTextHandler(&out, nil)), stopping: new(atomic.Bool)}
	l.With(tag.NewStringTag("service", "matching")).Error("first")
	l.stopping.Store(true)
	l.With(tag.NewStringTag("service", "matching")).Error("second")
	if text := out.String(); !strings.Contains(text, "msg=first service=matching") || strings.Contains(text, "second") {
		t.Errorf("the log reads %q", text)
	}
}
