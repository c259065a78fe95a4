package workflows_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	_ "time/tzdata"

	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"lastday"
	"lastday/activities"
	"lastday/integrations"
	"lastday/plan"
	"lastday/workflows"
)

// farSide is a system in memory: it is the far side and its driver in one. What
// it grants is looked at directly by the tests, never through the driver.
type farSide struct {
	mu     sync.Mutex
	name   string
	manual bool
	grants map[string]lastday.Grant
	// down is the error of every verb while it is set.
	down error
	// forApply is the error of Apply alone.
	forApply error
	// many makes the account ambiguous until a link pins it.
	many    bool
	applied []string
	lag     int
	stale   map[string]lastday.Grant
	// findNone lets the search find nobody any more, blind shows no control and
	// no grants, gap is what cannot be seen, failKey the one change that fails.
	findNone, blind bool
	gap             *lastday.Gap
	failKey         string
	// keptBy says who keeps the record that is read, if it is one; owner and
	// within say who is asked and how long they have.
	keptBy, owner string
	within        time.Duration
	// refuseUp refuses to give anything back.
	refuseUp bool
	// guarded are protected accounts, as the driver's wrapper knows them.
	guarded []string
}

func ladder() lastday.Ladder {
	return lastday.Ladder{
		{Name: "admin", Level: lastday.LevelAdmin}, {Name: "write", Level: lastday.LevelWrite}, {Name: "read", Level: lastday.LevelRead},
	}
}

func newFarSide(name string, rungs ...string) *farSide {
	f := &farSide{name: name, grants: map[string]lastday.Grant{}}
	for i, rung := range rungs {
		key := fmt.Sprintf("role:%d", i)
		f.grants[key] = lastday.Grant{
			Key: key, Kind: "role", Rung: rung, Ladder: ladder(),
			Resource: lastday.Resource{ID: fmt.Sprint(i), Name: fmt.Sprintf("%s/thing-%d", name, i)},
			Restore:  lastday.Restore{Fidelity: lastday.RestoreExact},
		}
	}
	return f
}

func (f *farSide) trouble() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.down
}

func (f *farSide) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = err
}

func (f *farSide) set(key, rung string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	g := f.grants[key]
	g.Rung = rung
	f.grants[key] = g
}

// rungs says what the far side grants, in order, gone ones as none.
func (f *farSide) rungs() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for i := range len(f.grants) {
		all = append(all, f.grants[fmt.Sprintf("role:%d", i)].Rung)
	}
	return strings.Join(all, " ")
}

func (f *farSide) writes() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.applied)
}

func (f *farSide) control() lastday.Control {
	if f.keptBy != "" {
		return lastday.Control{Seen: true, Evidence: "read the register", KeptBy: f.keptBy}
	}
	if f.manual || f.blind {
		return lastday.Control{}
	}
	return lastday.Control{Seen: true, Evidence: "read our own account"}
}

func (f *farSide) Probe(context.Context) (lastday.Health, error) {
	return lastday.Health{Identity: "lastday", AccountID: "own", QuotaLeft: -1, Control: f.control()}, f.trouble()
}

func (f *farSide) Find(_ context.Context, p lastday.Person) (lastday.Match, error) {
	account := lastday.Account{System: f.name, ID: "7", Login: "kim"}
	if f.findNone {
		return lastday.Match{Verdict: lastday.FoundNone, Control: f.control()}, f.trouble()
	}
	link, linked := p.Link(f.name)
	if f.many && !linked {
		return lastday.Match{Verdict: lastday.FoundMany, Control: f.control(), Candidates: []lastday.Candidate{
			{Account: account, Evidence: []string{"same address"}},
			{Account: lastday.Account{System: f.name, ID: "8"}, Evidence: []string{"same address"}},
		}}, f.trouble()
	}
	if linked {
		account.ID = link.ID
	}
	return lastday.Match{Verdict: lastday.FoundOne, Account: account, Control: f.control()}, f.trouble()
}

func (f *farSide) List(context.Context, lastday.Account, integrations.Cursor) (integrations.Page, error) {
	if err := f.trouble(); err != nil {
		return integrations.Page{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := f.grants
	if f.lag > 0 && f.stale != nil {
		f.lag--
		seen = f.stale
	}
	page := integrations.Page{Control: f.control()}
	if f.gap != nil {
		page.Gaps = append(page.Gaps, *f.gap)
	}
	if f.blind || f.gap != nil {
		return page, nil
	}
	for _, g := range seen {
		if g.Rung != lastday.None {
			page.Grants = append(page.Grants, g)
		}
	}
	return page, nil
}

func (f *farSide) Apply(_ context.Context, c lastday.Change) (lastday.Receipt, error) {
	if err := f.trouble(); err != nil {
		return lastday.Receipt{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.forApply != nil && (f.failKey == "" || f.failKey == c.Grant.Key) {
		return lastday.Receipt{}, f.forApply
	}
	if down, err := c.Down(); f.refuseUp && err == nil && !down {
		return lastday.Receipt{Outcome: lastday.OutcomeRefused, Note: "no"}, nil
	}
	if f.manual {
		return lastday.Receipt{Outcome: lastday.OutcomeAsked, Note: "please collect it", Owner: f.owner, Within: f.within}, nil
	}
	g := f.grants[c.Grant.Key]
	if g.Rung == c.To {
		return lastday.Receipt{Outcome: lastday.OutcomeAlready, Proof: lastday.ProofAcknowledged}, nil
	}
	if f.stale == nil {
		f.stale = map[string]lastday.Grant{}
		maps.Copy(f.stale, f.grants)
	}
	before := g.Rung
	g.Rung = c.To
	f.grants[c.Grant.Key] = g
	f.applied = append(f.applied, c.Grant.Key+" "+before+">"+c.To)
	return lastday.Receipt{Outcome: lastday.OutcomeApplied, Before: before, Proof: lastday.ProofAcknowledged}, nil
}

const policyText = `
version: 1
name: contractor
for: "true"
cutoff: "17:00"
stages:
  - {name: notice, at: 10 days before, time: "09:00", ceiling: write}
  - {name: handover, at: 3 days before, time: "09:00", ceiling: read}
  - {name: cut, at: last day, ceiling: none}
watch: [1h, 7d]
tell: {after: 15m, again: 4h}
`

// hrSays is HR as the tests tell it.
type hrSays struct {
	mu    sync.Mutex
	says  lastday.Separation
	error error
}

func (h *hrSays) Read(context.Context, string, string, string) (lastday.Separation, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.says, h.error
}

// told collects what people were told.
type told struct {
	mu      sync.Mutex
	notices []activities.Notice
}

func (t *told) Tell(_ context.Context, n activities.Notice) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.notices = append(t.notices, n)
	return nil
}

func (t *told) about(kind string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for _, notice := range t.notices {
		if notice.Kind == kind {
			n++
		}
	}
	return n
}

// last is what people were told last about a kind.
func (t *told) last(kind string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := ""
	for _, notice := range t.notices {
		if notice.Kind == kind {
			text = notice.Text
		}
	}
	return text
}

// urgent says whether the last notice was.
func (t *told) urgent() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.notices) > 0 && t.notices[len(t.notices)-1].Urgent
}

// doors is the gate as the tests want it.
type doors struct {
	closed bool
	err    error
}

func (d doors) Announce(context.Context, lastday.Delivery) (string, error) { return "", nil }

func (d doors) Enter(context.Context, activities.EnterInput) (activities.EnterOutput, error) {
	return activities.EnterOutput{Pass: !d.closed, Count: 11}, d.err
}

// story runs one case in the SDK's test environment: real activities over
// systems in memory, and time that skips.
type story struct {
	t       *testing.T
	env     *testsuite.TestWorkflowEnvironment
	systems []*farSide
	// others are served by the worker, and configured by the test.
	others []*integrations.System
	// later are served by the worker but not configured yet.
	later []*farSide
	hr    *hrSays
	told  *told
	doors doors
	first lastday.Separation
	begin time.Time
	cases *activities.Cases
	// notes keeps the records of every story.
	notes *notebook
}

func begin() time.Time { return time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC) }

func leaver() lastday.Separation {
	return lastday.Separation{
		Source: "hr", Kind: lastday.SeparationScheduled, Zone: "Europe/Berlin",
		Person:     lastday.Person{Key: "p-1", Name: "Kim Example", Emails: []string{"kim@example.com"}},
		Engagement: lastday.Engagement{ID: "e-1", WorkerType: "contractor"},
		LastDay:    lastday.Date{Year: 2026, Month: time.December, Day: 18}, EnteredAt: begin(), Sequence: "0001",
	}
}

func newStory(t *testing.T, systems ...*farSide) *story {
	t.Helper()
	s := &story{t: t, systems: systems, hr: &hrSays{}, told: &told{}, first: leaver(), begin: begin(), notes: &notebook{}}
	policy, err := plan.Parse("contractor.yaml", []byte(policyText))
	if err != nil {
		t.Fatal(err)
	}
	s.cases = &activities.Cases{Policies: []plan.Policy{policy}, MinOwners: 1, HR: s.hr, Teller: s.told, Settings: activities.Settings{GateLimit: 10}, Recorder: s.notes}
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	s.env = suite.NewTestWorkflowEnvironment()
	s.env.SetStartTime(s.begin)
	s.env.SetTestTimeout(20 * time.Second)
	workflows.Register(s.env)
	return s
}

func (s *story) at(after time.Duration, do func()) { s.env.RegisterDelayedCallback(do, after) }

// day is how long after the beginning a civil day's hour comes, in UTC.
func day(d, hour int) time.Duration {
	return time.Date(2026, 12, d, hour, 0, 0, 0, time.UTC).Sub(begin())
}

func (s *story) announce(id string, sep lastday.Separation) {
	d := lastday.Delivery{Source: "hr", ID: id, Separation: &sep, Scheme: "standard-webhooks"}
	s.env.UpdateWorkflow(workflows.UpdateAnnounce, id, &testsuite.TestUpdateCallback{
		OnReject:   func(err error) { s.t.Errorf("announce %s: %v", id, err) },
		OnAccept:   func() {},
		OnComplete: func(any, error) {},
	}, d)
}

func (s *story) status() workflows.Status {
	s.t.Helper()
	value, err := s.env.QueryWorkflow(workflows.QueryStatus)
	if err != nil {
		s.t.Fatal(err)
	}
	var st workflows.Status
	if err := value.Get(&st); err != nil {
		s.t.Fatal(err)
	}
	return st
}

// run runs the story to its end.
func (s *story) run() workflows.CaseResult {
	s.t.Helper()
	s.start()
	if !s.env.IsWorkflowCompleted() {
		s.t.Fatal("the case did not end")
	}
	if err := s.env.GetWorkflowError(); err != nil {
		s.t.Fatalf("%v", err)
	}
	var result workflows.CaseResult
	if err := s.env.GetWorkflowResult(&result); err != nil {
		s.t.Fatal(err)
	}
	s.notes.mustTell(s.t, result)
	return result
}

func (s *story) start() {
	s.cases.Messenger = s.doors
	var opened []*integrations.System
	for _, f := range s.systems {
		s.connect(f)
	}
	for _, f := range append(slices.Clone(s.systems), s.later...) {
		opened = append(opened, integrations.NewSystem(f.name, f, integrations.Options{Now: time.Now, Protected: f.guarded}))
	}
	s.env.RegisterActivity(activities.NewSystems(append(opened, s.others...)...))
	s.env.RegisterActivity(s.cases)
	s.at(0, func() { s.announce("evt-1", s.first) })
	s.env.ExecuteWorkflow(workflows.CaseType, workflows.CaseInput{Case: s.first.CaseID()})
}

// connect adds a system to the configuration.
func (s *story) connect(f *farSide) {
	s.cases.Settings.Systems = append(s.cases.Settings.Systems, activities.SystemSetting{Name: f.name, Queue: workflows.SystemQueue(f.name), Manual: f.manual})
}

func by(actor, reason string) workflows.Message {
	return workflows.Message{ID: actor + "/" + reason, Actor: actor, Reason: reason}
}

// openTask finds the one open task of a kind.
func openTask(t *testing.T, st workflows.Status, kind workflows.TaskKind) workflows.Task {
	t.Helper()
	i := slices.IndexFunc(st.Tasks, func(task workflows.Task) bool { return task.Kind == kind && task.Closed == nil })
	if i < 0 {
		t.Fatalf("no open task %q in %+v", kind, st.Tasks)
	}
	return st.Tasks[i]
}
