package test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"lastday"
	"lastday/activities"
	"lastday/integrations"
	"lastday/plan"
	"lastday/workflows"
)

// storyPolicy has two stages and a watch: recorded histories hold it again and
// again, and must stay small. stairs has a third stage.
const (
	storyPolicy = `version: 1
name: contractor
for: "true"
stages:
  - {name: notice, at: 10 days before, ceiling: read}
  - {name: cut, at: last day, ceiling: none}
watch: [1h]
`
	stairsPolicy = `version: 1
name: contractor
for: "true"
stages:
  - {name: notice, at: 10 days before, ceiling: write}
  - {name: handover, at: 3 days before, ceiling: read}
  - {name: cut, at: last day, ceiling: none}
`
)

// telling is one story of one case on the real server: workflows and
// activities are the real ones, the far sides are in memory, and the server
// skips what would be waiting.
type telling struct {
	t       *testing.T
	client  client.Client
	space   string
	cases   *workflows.Client
	caseOf  string
	first   lastday.Separation
	ahead   time.Duration
	serial  int
	systems []*memory
	hr      *memoryHR
	workers []worker.Worker
	kept    *keptRecords
	// noticeAt is when the first stage is due by the first plan.
	noticeAt time.Time
}

// memoryHR is HR as the story has it.
type memoryHR struct {
	mu   sync.Mutex
	says lastday.Separation
	err  error
}

// Read tells what HR says now.
func (h *memoryHR) Read(context.Context, string, string, string) (lastday.Separation, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.says, h.err
}

func (h *memoryHR) now(s lastday.Separation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.says = s
}

// keptRecords keeps records, and makes bundles of nothing.
type keptRecords struct {
	mu      sync.Mutex
	records map[string][]lastday.Record
}

// Append keeps records; they come in their order.
func (k *keptRecords) Append(_ context.Context, records []lastday.Record) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.records == nil {
		k.records = map[string][]lastday.Record{}
	}
	for _, r := range records {
		if r.Seq == len(k.records[r.Case])+1 {
			k.records[r.Case] = append(k.records[r.Case], r)
		}
	}
	return nil
}

// LastSeq counts the records of a case.
func (k *keptRecords) LastSeq(_ context.Context, of string) (int, error) { return len(k.of(of)), nil }

// Seal makes no bundle.
func (k *keptRecords) Seal(_ context.Context, in activities.SealInput) (activities.SealOutput, error) {
	return activities.SealOutput{Bundle: in.Case + ".zip", Records: len(k.of(in.Case))}, nil
}

func (k *keptRecords) of(caseID string) []lastday.Record {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.records[caseID])
}

type nobody struct{}

// Tell tells nobody.
func (nobody) Tell(context.Context, activities.Notice) error { return nil }

// tell begins a story: last day in 20 days, nothing announced yet.
func tell(t *testing.T, server *temporalServer, policy string, limit int, systems ...*memory) *telling {
	t.Helper()
	s := &telling{t: t, space: server.space(t), systems: systems, hr: &memoryHR{}}
	c, err := client.DialContext(t.Context(), client.Options{HostPort: server.address, Namespace: s.space, Logger: silence()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	prepare(t, c, s.space)
	s.client, s.cases = c, workflows.NewClient(c)
	s.first = lastday.Separation{
		Source: "people", Kind: lastday.SeparationScheduled, Zone: "Europe/Berlin", Person: lastday.Person{Key: "p-1"},
		Engagement: lastday.Engagement{ID: "e-1", WorkerType: "contractor"}, LastDay: lastday.DateOf(time.Now()).AddDays(20), Sequence: "0001",
	}
	s.hr.now(s.first)
	s.caseOf = s.first.CaseID()
	s.serve(policy, limit)
	t.Cleanup(s.stopWorkers)
	return s
}

// serve runs the workers of the story in this process.
func (s *telling) serve(text string, limit int) {
	s.t.Helper()
	policy, err := plan.Parse("policy.yaml", []byte(text))
	if err != nil {
		s.t.Fatal(err)
	}
	cases := &activities.Cases{Policies: []plan.Policy{policy}, MinOwners: 1, HR: s.hr, Messenger: s.cases, Teller: nobody{}}
	cases.Settings.GateLimit = limit
	s.kept = &keptRecords{}
	cases.Recorder, cases.Sealer = s.kept, s.kept
	for _, m := range s.systems {
		queue := workflows.SystemQueue(m.name)
		cases.Settings.Systems = append(cases.Settings.Systems, activities.SystemSetting{Name: m.name, Queue: queue, Manual: m.manual})
		w := worker.New(s.client, queue, worker.Options{DisableWorkflowWorker: true})
		w.RegisterActivity(activities.NewSystems(integrations.NewSystem(m.name, m, integrations.Options{Now: time.Now})))
		s.startWorker(w)
	}
	w := worker.New(s.client, workflows.CaseQueue, worker.Options{DisableRegistrationAliasing: true})
	workflows.Register(w)
	w.RegisterActivity(cases)
	s.startWorker(w)
}

func (s *telling) startWorker(w worker.Worker) {
	s.t.Helper()
	if err := w.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.workers = append(s.workers, w)
}

// stopWorkers leaves the story without a worker.
func (s *telling) stopWorkers() {
	for _, w := range s.workers {
		w.Stop()
	}
	s.workers = nil
}

// announce lets HR send a separation.
func (s *telling) announce(id string, sep lastday.Separation) {
	s.t.Helper()
	s.deliver(lastday.Delivery{Source: "people", ID: id, Type: "changed", ReceivedAt: time.Now().UTC(), Scheme: "standard-webhooks", Separation: &sep})
}

func (s *telling) deliver(d lastday.Delivery) {
	s.t.Helper()
	if _, err := s.cases.Accept(s.t.Context(), d); err != nil {
		s.t.Fatal(err)
	}
}

// until waits until the case is as wanted.
func (s *telling) until(what string, want func(workflows.Status) bool) workflows.Status {
	s.t.Helper()
	var st workflows.Status
	limit := time.Now().Add(40 * time.Second)
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		var err error
		if st, err = s.cases.Status(s.t.Context(), s.caseOf); err == nil && want(st) {
			return st
		}
		if time.Now().After(limit) {
			s.t.Fatalf("waited for %s: %v: state %q, stage %q\nlanes %+v\ntasks %+v\nlog %+v", what, err, st.State, st.Stage, st.Lanes, st.Tasks, st.Log)
		}
		<-poll.C
	}
}

// planned waits for the plan for a last day.
func (s *telling) planned(day lastday.Date) {
	s.t.Helper()
	st := s.until("the plan for "+day.String(), func(st workflows.Status) bool {
		return st.Cutoff.Date == day && st.NextStage != "" && st.State == workflows.StateWaiting
	})
	s.noticeAt = st.NextAt
}

// stage lets the next stage come, and waits until every system is clean at it.
func (s *telling) stage(name string) {
	s.t.Helper()
	s.pass(name)
	s.clean(name)
}

func (s *telling) clean(stage string) {
	s.t.Helper()
	s.until("a clean "+stage, func(st workflows.Status) bool {
		return !slices.ContainsFunc(st.Lanes, func(l workflows.Lane) bool { return l.Clean != stage })
	})
}

// pass lets the next stage come and waits for nothing.
func (s *telling) pass(name string) {
	s.t.Helper()
	st := s.until("next stage "+name, func(st workflows.Status) bool { return st.NextStage == name })
	s.skipTo(st.NextAt)
}

// skipTo lets the case's time skip to an instant.
func (s *telling) skipTo(at time.Time) {
	s.t.Helper()
	by := time.Until(at) - s.ahead + time.Second
	if by <= 0 {
		return
	}
	s.serial++
	id, execution := fmt.Sprintf("skip-%d", s.serial), &commonpb.WorkflowExecution{WorkflowId: workflows.CaseWorkflowID(s.caseOf)}
	began := time.Now()
	if err := skip(s.t.Context(), s.client, s.space, execution, id, by); err != nil && !s.closed() {
		s.t.Fatalf("skip time: %v", err)
	}
	s.ahead += by - time.Since(began)
}

// closed says whether the case ended, which also ends the skipping.
func (s *telling) closed() bool {
	d, err := s.client.DescribeWorkflowExecution(s.t.Context(), workflows.CaseWorkflowID(s.caseOf), "")
	return err == nil && d.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
}

// skip lets the server skip the time of one workflow. A run that continues as
// new begins with the same skip again: such stories must not skip.
func skip(ctx context.Context, c client.Client, space string, execution *commonpb.WorkflowExecution, id string, by time.Duration) error {
	forward := &commonpb.FastForwardConfig{Id: id, Duration: durationpb.New(by)}
	err := setSkipping(ctx, c, space, execution, &commonpb.TimeSkippingConfig{Enabled: true, FastForwardConfig: forward})
	for err == nil {
		var answer *workflowservice.PollWorkflowExecutionTimeSkippingResponse
		answer, err = c.WorkflowService().PollWorkflowExecutionTimeSkipping(ctx, &workflowservice.PollWorkflowExecutionTimeSkippingRequest{
			Namespace: space, WorkflowExecution: execution, FastForwardId: id,
		})
		switch answer.GetFastForwardPollingResult() {
		case enumspb.FAST_FORWARD_POLLING_RESULT_FAST_FORWARD_COMPLETED:
			return nil
		case enumspb.FAST_FORWARD_POLLING_RESULT_FAST_FORWARD_FAILED:
			return fmt.Errorf("%s", answer.GetFailedReason())
		}
	}
	return err
}

func setSkipping(ctx context.Context, c client.Client, space string, execution *commonpb.WorkflowExecution, config *commonpb.TimeSkippingConfig) error {
	_, err := c.WorkflowService().UpdateWorkflowExecutionOptions(ctx, &workflowservice.UpdateWorkflowExecutionOptionsRequest{
		Namespace: space, WorkflowExecution: execution,
		WorkflowExecutionOptions: &workflowpb.WorkflowExecutionOptions{TimeSkippingConfig: config},
		UpdateMask:               &fieldmaskpb.FieldMask{Paths: []string{"time_skipping_config"}},
	})
	return err
}

// send sends a person's message.
func (s *telling) send(signal string, message any) {
	s.t.Helper()
	if err := s.client.SignalWorkflow(s.t.Context(), workflows.CaseWorkflowID(s.caseOf), "", signal, message); err != nil {
		s.t.Fatal(err)
	}
}

func says(actor, reason string) workflows.Message {
	return workflows.Message{ID: actor + "/" + reason, Actor: actor, Reason: reason}
}

// resolve answers the next open task of a kind.
func (s *telling) resolve(kind workflows.TaskKind, m workflows.ResolveMessage) {
	s.t.Helper()
	isOpen := func(t workflows.Task) bool { return t.Kind == kind && t.Closed == nil }
	st := s.until("a task "+string(kind), func(st workflows.Status) bool { return slices.ContainsFunc(st.Tasks, isOpen) })
	m.Task = st.Tasks[slices.IndexFunc(st.Tasks, isOpen)].ID
	m.Message = says("ann", m.How+" "+m.Task)
	s.send(workflows.SignalResolve, m)
	s.until("its answer", func(st workflows.Status) bool { e, ok := st.Answer(m.ID); return ok && e.Refused == "" })
}

// ends waits for the end of the case and holds it to an outcome.
func (s *telling) ends(want workflows.Outcome) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	var result workflows.CaseResult
	if err := s.client.GetWorkflow(ctx, workflows.CaseWorkflowID(s.caseOf), "").Get(ctx, &result); err != nil {
		st := s.until("an answer", func(workflows.Status) bool { return true })
		s.t.Fatalf("the case does not end: %v: state %q\nlanes %+v\ntasks %+v", err, st.State, st.Lanes, st.Tasks)
	}
	if result.Outcome != want {
		s.t.Errorf("outcome %q, want %q", result.Outcome, want)
	}
}

// has holds a far side to what it should grant.
func (s *telling) has(m *memory, want string) {
	s.t.Helper()
	if got := m.rungs(); got != want {
		s.t.Errorf("%s grants %q, want %q", m.name, got, want)
	}
}

// histories are all runs of a workflow, oldest first.
func (s *telling) histories(workflowID string) []*historypb.History {
	s.t.Helper()
	var chain []*historypb.History
	for run := ""; ; {
		h := &historypb.History{}
		events := s.client.GetWorkflowHistory(s.t.Context(), workflowID, run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for events.HasNext() {
			e, err := events.Next()
			if err != nil {
				s.t.Fatal(err)
			}
			h.Events = append(h.Events, e)
		}
		chain = append([]*historypb.History{h}, chain...)
		if run = h.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetContinuedExecutionRunId(); run == "" {
			return chain
		}
	}
}
