package temporald

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// childFile makes this test binary a server on the file it names, so that there is a process to kill.
const childFile = "TEMPORALD_TEST_FILE"

func TestMain(m *testing.M) {
	file := os.Getenv(childFile)
	if file == "" {
		os.Exit(m.Run())
	}
	if err := child(file); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func child(file string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	s, err := New(Options{DatabaseFile: file, Headless: true})
	if err != nil {
		return err
	}
	if err := s.Start(ctx); err != nil {
		return err
	}
	defer s.Stop()
	fmt.Println(s.Address())
	<-ctx.Done()
	return nil
}

// spawn starts a server in a process of its own and returns its address and how to kill it without warning.
func spawn(t *testing.T, file string) (address string, kill func()) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childFile+"="+file)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	t.Cleanup(kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the child said %q: %v", line, err)
	}
	return strings.TrimSpace(line), kill
}

// awaitEvent waits until the history of a run has an event of a kind.
func awaitEvent(t *testing.T, c client.Client, run client.WorkflowRun, kind enumspb.EventType) {
	t.Helper()
	events := c.GetWorkflowHistory(limited(t), run.GetID(), run.GetRunID(), true, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			t.Fatal(err)
		}
		if event.GetEventType() == kind {
			return
		}
	}
	t.Fatalf("the history ended without %s", kind)
}

func TestATimerSurvivesAKilledServer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "db")
	address, kill := spawn(t, file)
	before := dial(t, address, "")
	work(t, before)
	run := begin(t, before, "nap", nap, 3*time.Second)
	awaitEvent(t, before, run, enumspb.EVENT_TYPE_TIMER_STARTED)
	kill()

	address, _ = spawn(t, file)
	after := dial(t, address, "")
	work(t, after)
	var slept time.Duration
	if err := after.GetWorkflow(limited(t), run.GetID(), run.GetRunID()).Get(limited(t), &slept); err != nil {
		t.Fatal(err)
	}
	if slept < 3*time.Second {
		t.Errorf("slept only %s", slept)
	}
}

func TestTwoServersDoNotShareAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "db")
	spawn(t, file)
	s, err := New(Options{DatabaseFile: file, Headless: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(limited(t)); err == nil || !strings.Contains(err.Error(), "in use by another server") {
		t.Errorf("start said %v", err)
	}
}

func TestAFileOfAnotherServerIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "db")
	serveOnce(t, file)
	if err := writeStamp(t.Context(), file, 1031); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, file, "made by server 1.31")
}

func TestAFileWithoutAStampIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "db")
	serveOnce(t, file)
	if err := writeStamp(t.Context(), file, 0); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, file, "was not made by this program")
}

func TestAFileThatIsNoDatabaseIsRefusedAndKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "db")
	content := strings.Repeat("somebody's notes\n", 100)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, file, "read stamp")
	if got, err := os.ReadFile(file); err != nil || string(got) != content {
		t.Errorf("the file was touched: %v", err)
	}
}

func wantRefusal(t *testing.T, file, reason string) {
	t.Helper()
	s, err := New(Options{DatabaseFile: file, Headless: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	if err := s.Start(limited(t)); err == nil || !strings.Contains(err.Error(), reason) {
		t.Errorf("start said %v, not %q", err, reason)
	}
}

func TestTheFileIsForItsOwnerOnly(t *testing.T) {
	file := filepath.Join(t.TempDir(), "db")
	serveOnce(t, file)
	for _, suffix := range []string{"", "-wal", ".lock"} {
		info, err := os.Stat(file + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("db%s has mode %o", suffix, info.Mode().Perm())
		}
	}
}

func TestSchemaStampIsOnePerMinorVersion(t *testing.T) {
	for version, want := range map[string]int{"1.32.1": 1032, "1.32.9": 1032, "1.33.0": 1033, "2.0.0": 2000} {
		if got, err := schemaStamp(version); err != nil || got != want {
			t.Errorf("%s: %d, %v", version, got, err)
		}
	}
	if _, err := schemaStamp("dev"); err == nil {
		t.Error("a version without numbers has a stamp")
	}
}

func TestANamespaceThatExistsIsBroughtUpToDate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "db")
	serveOnce(t, file)
	s := serve(t, Options{
		DatabaseFile: file, Headless: true, Retention: 48 * time.Hour,
		SearchAttributes: map[string]enumspb.IndexedValueType{"Stage": enumspb.INDEXED_VALUE_TYPE_KEYWORD},
	})
	c := dial(t, s.Address(), "")
	ns, err := c.WorkflowService().DescribeNamespace(limited(t), &workflowservice.DescribeNamespaceRequest{Namespace: "default"})
	if err != nil {
		t.Fatal(err)
	}
	if got := ns.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration(); got != 48*time.Hour {
		t.Errorf("retention is %s", got)
	}
	attributes, err := c.OperatorService().ListSearchAttributes(limited(t), &operatorservice.ListSearchAttributesRequest{Namespace: "default"})
	if err != nil {
		t.Fatal(err)
	}
	if got := attributes.GetCustomAttributes()["Stage"]; got != enumspb.INDEXED_VALUE_TYPE_KEYWORD {
		t.Errorf("Stage is %s", got)
	}
}

// The value has to be there from the first moment: the services read namespaces rarely, and a workflow that closes before
// they read a later change would vanish after a day.
func TestANewNamespaceKeepsClosedWorkflowsForMoreThanAYear(t *testing.T) {
	s, err := New(Options{Headless: true, Namespaces: []string{"people"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	if err := s.startTemporal(limited(t)); err != nil {
		t.Fatal(err)
	}
	conn, err := grpc.NewClient(s.Address(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := frontendAnswers(limited(t), conn); err != nil {
		t.Fatal(err)
	}
	ns, err := workflowservice.NewWorkflowServiceClient(conn).DescribeNamespace(limited(t), &workflowservice.DescribeNamespaceRequest{Namespace: "people"})
	if err != nil {
		t.Fatal(err)
	}
	if got := ns.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration(); got != DefaultRetention {
		t.Errorf("retention is %s", got)
	}
}
