package test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lastday"
	"lastday/integrations/github/githubtest"
	"lastday/workflows"
)

// atATime is how many installations run beside each other. Most of their time
// they wait until Temporal misses the dead worker.
const atATime = 20

// end is all that must be the same however often a worker died.
type end struct {
	Outcome workflows.Outcome
	// Orders says of each grant what became of it and how well that is shown.
	Orders []string
	Clean  []string
	Open   []string
	// Left is what the leaver can still get at, by the far side's own state.
	Left []githubtest.Entry
	// Touched are the others who lost or gained something.
	Touched []githubtest.Difference
	// Writes are the writes that took effect, in order of their names.
	Writes []string
}

// TestAWorkerKilledAtAnyBoundaryChangesNothing runs one exit undisturbed,
// reads from its history which boundaries there are, and then runs it again
// for each of them with the worker killed right there.
func TestAWorkerKilledAtAnyBoundaryChangesNothing(t *testing.T) {
	t.Parallel()
	clean := newExit(t, sharedServer(t).space(t), "p-clean")
	want := clean.run(t, point{})
	if want.Outcome != workflows.OutcomeAnswered || len(want.Left) > 0 || len(want.Writes) < 3 {
		t.Fatalf("undisturbed, the exit ends as %+v", want)
	}
	points := clean.boundaries(t)
	t.Logf("%d boundaries", len(points))
	free := make(chan string, atATime)
	for range atATime {
		free <- sharedServer(t).space(t)
	}
	var group sync.WaitGroup
	for i, at := range points {
		space := <-free
		group.Go(func() {
			defer func() { free <- space }()
			t.Run(at.String(), func(t *testing.T) {
				e := newExit(t, space, fmt.Sprintf("p-kill-%d", i))
				got := e.run(t, at)
				if !e.killed.Load() {
					t.Fatal("the worker was never killed: the boundary did not come")
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("it does not end as undisturbed (-want +got):\n%s", diff)
				}
			})
		})
	}
	group.Wait()
}

// exit is one immediate exit through a worker that may be killed.
type exit struct {
	*house

	proxy  *proxy
	at     point
	wrote  atomic.Int64
	killed atomic.Bool
	dead   chan struct{}
	once   sync.Once
}

func newExit(t *testing.T, space, key string) *exit {
	t.Helper()
	e := &exit{dead: make(chan struct{}), proxy: newProxy(t, sharedServer(t).address)}
	e.house = newHouse(t, setup{space: space, dial: e.proxy.address, key: key, front: e.watchWrites})
	return e
}

// run runs the exit with a kill at a point, none for the zero point.
func (e *exit) run(t *testing.T, at point) end {
	t.Helper()
	e.at = at
	if at != (point{}) {
		e.proxy.arm(e.springs)
	}
	e.startWorker()
	e.leaves()
	ctx, done := context.WithCancel(t.Context())
	defer done()
	go e.answer(ctx)
	if at != (point{}) {
		e.revive(t)
	}
	within := 15 * time.Second
	if at != (point{}) {
		within = 150 * time.Second
	}
	result, err := e.result(within)
	if err != nil {
		st := e.status()
		t.Fatalf("the case does not end: %v: %s, stage %s\nlanes %+v\ntasks %+v", err, st.State, st.Stage, st.Lanes, st.Tasks)
	}
	return e.end(result)
}

// revive waits for the kill and starts another worker.
func (e *exit) revive(t *testing.T) {
	t.Helper()
	select {
	case <-e.dead:
	case <-time.After(90 * time.Second):
		t.Fatalf("the boundary did not come: %+v", e.status())
	}
	e.startWorker()
}

// answer does what a person has to: GitHub does not say whose an installed app
// is, so somebody must.
func (h *house) answer(ctx context.Context) {
	poll := time.NewTicker(250 * time.Millisecond)
	defer poll.Stop()
	for ctx.Err() == nil {
		<-poll.C
		asking, cancel := context.WithTimeout(ctx, 2*time.Second)
		st, err := h.cases.Status(asking, h.caseID())
		cancel()
		if err != nil {
			continue // No worker answers, or there is no case yet.
		}
		for _, task := range st.Tasks {
			if task.Closed == nil && task.Kind == workflows.TaskResidue {
				m := workflows.ResolveMessage{Message: workflows.Message{ID: "waive " + task.ID, Actor: "ann", Reason: "ours"}, Task: task.ID, How: workflows.HowWaive}
				// What is not heard is said again.
				_ = h.client.SignalWorkflow(ctx, workflows.CaseWorkflowID(h.caseID()), "", workflows.SignalResolve, m)
			}
		}
	}
}

// springs kills the worker if this is the point.
func (e *exit) springs(at point) bool {
	if at != e.at {
		return false
	}
	sprung := false
	e.once.Do(func() {
		e.worker.kill()
		e.killed.Store(true)
		close(e.dead)
		sprung = true
	})
	return sprung
}

// watchWrites counts the writes to the far side and may kill the worker before
// one, or after it took effect and before it is answered.
func (e *exit) watchWrites(far http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !changes(r.Method, r.URL.Path) {
			far.ServeHTTP(w, r)
			return
		}
		at := point{Step: stepWrite, What: fmt.Sprint(e.wrote.Add(1))}
		if e.springs(at) {
			panic(http.ErrAbortHandler)
		}
		answer := httptest.NewRecorder()
		far.ServeHTTP(answer, r)
		at.After = true
		if e.springs(at) {
			panic(http.ErrAbortHandler)
		}
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes()) // Whoever asked may be gone.
	})
}

// changes says whether a call may change what anybody can get at; a credential
// of our own does not.
func changes(method, path string) bool {
	return method != http.MethodGet && method != http.MethodHead && !strings.HasSuffix(path, "/graphql") && !strings.HasSuffix(path, "/access_tokens")
}

// boundaries lists all points of an exit that has run, from what the server
// recorded of it. Before an activity starts is after it was scheduled; one that
// was handed out with the answer to its scheduling has nothing between. Those
// come first whose death is noticed late.
func (e *exit) boundaries(t *testing.T) []point {
	t.Helper()
	var all []point
	ids := append(e.activities(lastday.Delivery{Source: "people", ID: e.person.Key}.WorkflowID()), e.activities(workflows.CaseWorkflowID(e.caseID()))...)
	if len(ids) < 8 {
		t.Fatalf("only %d activities: %v", len(ids), ids)
	}
	for _, id := range ids {
		all = append(all, point{stepStart, id, true}, point{stepComplete, id, false}, point{stepComplete, id, true}, point{stepSchedule, id, false})
		if !e.proxy.eager(id) {
			all = append(all, point{stepSchedule, id, true})
		}
	}
	for i := range e.wrote.Load() {
		all = append(all, point{stepWrite, fmt.Sprint(i + 1), false}, point{stepWrite, fmt.Sprint(i + 1), true})
	}
	slices.SortStableFunc(all, func(a, b point) int { return e.patience(b) - e.patience(a) })
	return all
}

// patience ranks how late a death at the point is noticed: what does not
// heartbeat is missed after its timeout.
func (e *exit) patience(at point) int {
	if at.Step != stepWrite && e.proxy.eager(at.What) && (at.Step == stepStart || at.Step == stepComplete && !at.After) {
		return 1
	}
	return 0
}

func (e *exit) activities(workflowID string) []string {
	var ids []string
	for _, event := range e.history(workflowID).GetEvents() {
		if a := event.GetActivityTaskScheduledEventAttributes(); a != nil && !lateRecords(a.GetActivityId()) {
			ids = append(ids, a.GetActivityId())
		}
	}
	return ids
}

// lateRecords says whether an activity writes records of what people answered:
// how many such batches there are depends on when the answers come.
func lateRecords(id string) bool {
	return strings.HasPrefix(id, "case/record-") && !strings.HasPrefix(id, "case/record-1-") && !strings.HasPrefix(id, "case/record-2-")
}

// end sums up how the exit ended.
func (e *exit) end(result workflows.CaseResult) end {
	out := end{Outcome: result.Outcome, Left: e.far.Access(e.leaver.ID()), Touched: e.before.Bystanders(e.far.Snapshot(), e.leaver.ID())}
	for _, l := range result.Lanes {
		out.Clean = append(out.Clean, l.System+" "+string(l.State)+" "+l.Clean)
		for _, o := range l.Orders {
			r := o.Receipt
			out.Orders = append(out.Orders, fmt.Sprintf("%s: %s, %s to %s, %s", o.Change.Grant.Key, r.Outcome, r.Before, r.After, r.Proof))
		}
	}
	for _, task := range result.Tasks {
		out.Open = append(out.Open, string(task.Kind)+" "+task.What)
	}
	out.Writes = e.writes()
	slices.Sort(out.Orders)
	slices.Sort(out.Writes)
	return out
}
