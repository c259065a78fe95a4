package test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"lastday"
	"lastday/audit/bundle"
	"lastday/internal/replay"
	"lastday/workflows"
)

// record is where TestRecord leaves the histories; without it they are only
// replayed at once.
var record = flag.String("record", "", "write the recorded histories into this `folder`")

// generation stands in the names of what is recorded now. Histories of code that
// was released are kept beside it, and replay for ever: a new generation is
// begun when the commands of cases change.
const generation = ".records"

// mostHistory bounds a recorded history: they live in the repository.
const mostHistory = 256 << 10

// leastEvents are in a history in which a worker has done anything: a run that
// has just begun has nothing to replay.
const leastEvents = 4

// story is one recorded story. It gives the workflow whose history is kept.
type story struct {
	limit int
	// stairs has a stage more.
	stairs  bool
	systems func() []*memory
	// grows makes the server suggest to continue as new early.
	grows bool
	tell  func(s *telling) (workflowID string)
}

// TestRecord plays every story on the real server, records the histories and
// replays them. With -record they are kept for the replay test of the
// workflows: record from released code, and never change a recorded file.
func TestRecord(t *testing.T) {
	for name, st := range stories() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := sharedServer(t)
			if st.grows {
				server = growing(t)
			}
			policy := storyPolicy
			if st.stairs {
				policy = stairsPolicy
			}
			s := tell(t, server, policy, st.limit, st.systems()...)
			id := st.tell(s)
			records := s.kept.of(s.caseOf)
			told := s.histories(id)
			forget(t, name+generation)
			for i, h := range told {
				if len(h.GetEvents()) < leastEvents {
					continue
				}
				keep(t, fmt.Sprintf("%s-%d.json", name+generation, i+1), h)
			}
			s.mustTellRecords(told, records)
		})
	}
}

// growing is a server that suggests to continue as new after few events.
func growing(t *testing.T) *temporalServer {
	t.Helper()
	s, err := startTemporal("--time-skipping", "--namespace", spaceName(0), "--dynamic-config-value", "limit.historyCount.suggestContinueAsNew=60")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.process.kill)
	return s
}

// keep replays a history from its written form, and writes it down if asked to.
func keep(t *testing.T, name string, h *historypb.History) {
	t.Helper()
	text, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	text = withoutMachine(text)
	if len(text) > mostHistory {
		t.Errorf("%s has %d bytes, at most %d are kept", name, len(text), mostHistory)
	}
	read, err := client.HistoryFromJSON(bytes.NewReader(text), client.HistoryJSONOptions{})
	if err != nil {
		t.Fatal(err)
	}
	replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{DisableRegistrationAliasing: true})
	if err != nil {
		t.Fatal(err)
	}
	workflows.Register(replayer)
	if err := replayer.ReplayWorkflowHistory(silence(), read); err != nil {
		t.Errorf("%s does not replay: %v", name, err)
	}
	if *record == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(*record, name), append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// forget removes what an earlier recording left of a story: it may have had more runs.
func forget(t *testing.T, story string) {
	t.Helper()
	if *record == "" {
		return
	}
	old, err := filepath.Glob(filepath.Join(*record, story+"-[0-9]*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range old {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
}

// withoutMachine takes the name of the machine and of the process out of a history.
func withoutMachine(text []byte) []byte {
	return regexp.MustCompile(`"(identity|workerInstanceKey)": ?"[^"]*"`).ReplaceAll(text, []byte(`"$1":"worker"`))
}

func one(name string, rungs ...string) func() []*memory {
	return func() []*memory { return []*memory{newMemory(name, rungs...)} }
}

func stories() map[string]story {
	return map[string]story{
		"stairs":                   {stairs: true, systems: one("code", "admin"), tell: tellStairs},
		"continued-as-new":         {systems: one("code", "admin"), grows: true, tell: tellContinued},
		"moved-earlier":            {systems: one("code", "admin"), tell: tellMovedEarlier},
		"moved-later-confirmed":    {systems: one("code", "write"), tell: tellMovedLater},
		"rescinded-after-handover": {stairs: true, systems: one("code", "admin"), tell: tellRescinded},
		"rescinded-after-cut":      {systems: one("code", "write"), tell: tellRescindedAfterCut},
		"cut-now":                  {systems: one("code", "admin"), tell: tellCutNow},
		"stuck-and-waived":         {systems: one("code", "write"), tell: tellStuck},
		"manual-attested":          {systems: badge, tell: tellManual},
		"ambiguous-linked":         {systems: ambiguous, tell: tellAmbiguous},
		"resurrected":              {systems: one("code", "read"), tell: tellResurrected},
		"gate-held":                {limit: 1, systems: one("code", "read"), tell: tellGateHeld},
		"held-and-released":        {systems: one("code", "read"), tell: tellHeld},
		"parked-event":             {systems: two, tell: tellParked},
		"event":                    {systems: two, tell: tellEvent},
		"gate":                     {limit: 1, systems: one("code", "read"), tell: tellGate},
	}
}

func two() []*memory {
	return []*memory{newMemory("code", "read"), newMemory("directory", "read")}
}

func badge() []*memory {
	m := newMemory("badge", "read")
	m.manual = true
	return []*memory{m}
}

func ambiguous() []*memory {
	m := newMemory("code", "write")
	m.many = true
	return []*memory{m}
}

func (s *telling) id() string { return workflows.CaseWorkflowID(s.caseOf) }

// begin announces the first last day and waits for the plan.
func (s *telling) begin() {
	s.announce("evt-1", s.first)
	s.planned(s.first.LastDay)
}

// finish lets the cut and the watch pass.
func (s *telling) finish(want workflows.Outcome) string {
	s.stage("cut")
	s.stage("watch 1h")
	s.ends(want)
	return s.id()
}

func tellStairs(s *telling) string {
	s.begin()
	s.stage("notice")
	s.has(s.systems[0], "write")
	s.stage("handover")
	s.has(s.systems[0], "read")
	s.stage("cut")
	s.ends(workflows.OutcomeClean)
	s.has(s.systems[0], "none")
	return s.id()
}

func tellMovedEarlier(s *telling) string {
	s.begin()
	s.stage("notice")
	earlier := s.first
	earlier.LastDay, earlier.Sequence = s.first.LastDay.AddDays(-5), "0002"
	s.announce("evt-2", earlier)
	s.planned(earlier.LastDay)
	return s.finish(workflows.OutcomeClean)
}

func tellMovedLater(s *telling) string {
	s.begin()
	s.stage("notice")
	later := s.first
	later.LastDay, later.Sequence = s.first.LastDay.AddDays(10), "0002"
	s.hr.now(later)
	s.announce("evt-2", later)
	s.until("the later day", func(st workflows.Status) bool { return st.Cutoff.Date == later.LastDay })
	return s.finish(workflows.OutcomeClean)
}

func tellRescinded(s *telling) string {
	s.begin()
	s.stage("notice")
	s.stage("handover")
	stays := s.first
	stays.Rescinded, stays.Sequence = true, "0002"
	s.hr.now(stays)
	s.announce("evt-2", stays)
	s.ends(workflows.OutcomeRescinded)
	s.has(s.systems[0], "admin")
	return s.id()
}

func tellRescindedAfterCut(s *telling) string {
	s.begin()
	s.stage("notice")
	s.stage("cut")
	stays := s.first
	stays.Rescinded, stays.Sequence = true, "0002"
	s.hr.now(stays)
	s.announce("evt-2", stays)
	st := s.until("the question", func(st workflows.Status) bool { return st.News != nil && st.News.Why != "" })
	s.has(s.systems[0], "none")
	s.send(workflows.SignalApprove, workflows.ApproveMessage{Message: says("ann", "stays"), Digest: st.News.ID})
	s.ends(workflows.OutcomeRescinded)
	s.has(s.systems[0], "write")
	return s.id()
}

func tellCutNow(s *telling) string {
	s.begin()
	s.stage("notice")
	s.send(workflows.SignalCutNow, workflows.CutNowMessage{Message: says("ann", "seen in the data room")})
	s.clean("cut")
	s.stage("watch 1h")
	s.ends(workflows.OutcomeClean)
	return s.id()
}

func tellStuck(s *telling) string {
	s.begin()
	s.stage("notice")
	s.systems[0].fail(lastday.Errorf(lastday.CodeDenied, "code", "403"))
	s.pass("cut")
	s.resolve(workflows.TaskFailing, workflows.ResolveMessage{How: workflows.HowRetry})
	s.resolve(workflows.TaskFailing, workflows.ResolveMessage{How: workflows.HowWaive})
	s.systems[0].fail(nil)
	s.stage("watch 1h")
	s.ends(workflows.OutcomeAnswered)
	return s.id()
}

func tellManual(s *telling) string {
	s.begin()
	s.stage("notice")
	s.pass("cut")
	s.resolve(workflows.TaskAsked, workflows.ResolveMessage{How: workflows.HowAttest, Evidence: "ticket 4711"})
	s.stage("watch 1h")
	s.ends(workflows.OutcomeAnswered)
	return s.id()
}

func tellAmbiguous(s *telling) string {
	s.begin()
	s.pass("notice")
	s.resolve(workflows.TaskIdentity, workflows.ResolveMessage{How: workflows.HowLink, Account: "8"})
	return s.finish(workflows.OutcomeClean)
}

func tellResurrected(s *telling) string {
	s.begin()
	s.stage("notice")
	s.stage("cut")
	s.systems[0].set(0, "admin")
	s.stage("watch 1h")
	s.ends(workflows.OutcomeClean)
	s.has(s.systems[0], "none")
	return s.id()
}

// crowd lets somebody else come to the gate first.
func (s *telling) crowd() {
	other := s.first
	other.Engagement.ID, other.Kind = "e-0", lastday.SeparationImmediate
	s.announce("evt-0", other)
	mine := s.caseOf
	s.caseOf = other.CaseID()
	s.until("the other's cut", func(st workflows.Status) bool { return st.Stage == "cut" })
	s.caseOf = mine
	s.first.Kind = lastday.SeparationImmediate
	s.announce("evt-1", s.first)
	st := s.until("a closed gate", func(st workflows.Status) bool { return st.State == workflows.StateApproval })
	s.send(workflows.SignalApprove, workflows.ApproveMessage{Message: says("ann", "a real layoff"), Digest: st.PlanDigest})
	s.until("the cut", func(st workflows.Status) bool { return st.Stage == "cut" })
}

func tellGateHeld(s *telling) string {
	s.crowd()
	s.stage("watch 1h")
	s.ends(workflows.OutcomeClean)
	return s.id()
}

func tellGate(s *telling) string {
	s.crowd()
	return workflows.GateID
}

func tellHeld(s *telling) string {
	s.begin()
	s.send(workflows.SignalHold, workflows.HoldMessage{Message: says("ann", "legal asks")})
	s.until("the hold", func(st workflows.Status) bool { return st.State == workflows.StateHeld })
	s.send(workflows.SignalRelease, workflows.ReleaseMessage{Message: says("ann", "legal is done")})
	s.stage("notice")
	return s.finish(workflows.OutcomeClean)
}

// tellContinued holds and releases until the server wants a new run, and cuts then.
func tellContinued(s *telling) string {
	s.begin()
	for i := range 12 {
		hold, release := says("ann", fmt.Sprint("hold ", i)), says("ann", fmt.Sprint("release ", i))
		s.send(workflows.SignalHold, workflows.HoldMessage{Message: hold})
		s.until("the hold", func(st workflows.Status) bool { _, ok := st.Answer(hold.ID); return ok })
		s.send(workflows.SignalRelease, workflows.ReleaseMessage{Message: release})
		s.until("the release", func(st workflows.Status) bool { _, ok := st.Answer(release.ID); return ok })
	}
	if runs := s.histories(s.id()); len(runs) < 2 {
		s.t.Errorf("%d runs: it never continued as new", len(runs))
	}
	s.send(workflows.SignalCutNow, workflows.CutNowMessage{Message: says("ann", "now")})
	st := s.until("the cut", func(st workflows.Status) bool { return len(st.Lanes) > 0 && st.Lanes[0].Clean == "cut" })
	if _, ok := st.Answer("ann/hold 0"); !ok {
		s.t.Errorf("the new run forgot what the old one knew: %+v", st)
	}
	s.has(s.systems[0], "none")
	return s.id()
}

func tellParked(s *telling) string {
	d := lastday.Delivery{Source: "people", ID: "evt-9", Type: "changed", Scheme: "standard-webhooks", Parked: "data.separation.lastDay: 2026-02-31 is no day"}
	s.deliver(d)
	c := s.client
	m := workflows.DismissMessage{Message: says("ann", "sent again")}
	if err := c.SignalWorkflow(s.t.Context(), d.WorkflowID(), "", workflows.SignalDismiss, m); err != nil {
		s.t.Fatal(err)
	}
	var result workflows.EventResult
	if err := c.GetWorkflow(s.t.Context(), d.WorkflowID(), "").Get(s.t.Context(), &result); err != nil || result.Dismissed == "" {
		s.t.Fatalf("dismissed %q: %v", result.Dismissed, err)
	}
	return d.WorkflowID()
}

func tellEvent(s *telling) string {
	s.begin()
	return lastday.Delivery{Source: "people", ID: "evt-1"}.WorkflowID()
}

// mustTellRecords holds the histories of a case against the records that it
// had given out by then, as an auditor would.
func (s *telling) mustTellRecords(told []*historypb.History, records []lastday.Record) {
	s.t.Helper()
	var files []bundle.File
	for i, h := range told {
		started := h.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes()
		if started.GetWorkflowType().GetName() != workflows.CaseType {
			return
		}
		run := replay.Run{ID: started.GetOriginalExecutionRunId(), History: h}
		text, err := run.Write()
		if err != nil {
			s.t.Fatal(err)
		}
		files = append(files, bundle.File{Name: bundle.HistoryFile(i+1, run.ID), Data: text})
	}
	events := told[len(told)-1].GetEvents()
	final := events[len(events)-1].GetWorkflowExecutionCompletedEventAttributes() != nil
	if len(records) == 0 {
		s.t.Fatal("the case made no records")
	}
	for _, c := range replay.Check(s.t.Context(), files, records, lastday.SealedFact{Of: s.caseOf, Final: final, Last: len(records)}) {
		if !c.OK() {
			s.t.Errorf("%s: %v", c.What, c.Found)
		}
	}
}
