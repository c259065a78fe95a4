package workflows_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"lastday"
	"lastday/workflows"
)

// notebook keeps records as a store does: once each, in their order, without a gap.
type notebook struct {
	mu      sync.Mutex
	records []lastday.Record
	down    error
	batches int
}

func (n *notebook) Append(_ context.Context, batch []lastday.Record) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down != nil {
		return n.down
	}
	n.batches++
	for _, r := range batch {
		if r.Seq <= len(n.records) {
			old, _ := n.records[r.Seq-1].Bytes()
			if again, _ := r.Bytes(); !bytes.Equal(old, again) {
				return lastday.Errorf(lastday.CodeInvalid, "append", "record %s is another", r.ID)
			}
			continue
		}
		if r.Seq != len(n.records)+1 {
			return lastday.Errorf(lastday.CodeInvalid, "append", "record %d comes after %d", r.Seq, len(n.records))
		}
		n.records = append(n.records, r)
	}
	return nil
}

func (n *notebook) LastSeq(context.Context, string) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.records), nil
}

func (n *notebook) fail(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = err
}

func (n *notebook) all() []lastday.Record {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]lastday.Record(nil), n.records...)
}

func (n *notebook) of(kind lastday.RecordKind) []lastday.Record {
	var some []lastday.Record
	for _, r := range n.all() {
		if r.Kind == kind {
			some = append(some, r)
		}
	}
	return some
}

// mustTell asks what holds in every story: what the case says it did stands in
// the records, and the last record says how it ended.
func (n *notebook) mustTell(t *testing.T, result workflows.CaseResult) {
	t.Helper()
	records := n.all()
	if len(records) == 0 || records[len(records)-1].Kind != lastday.RecordClosed {
		t.Fatalf("%d records, and the last does not close the case", len(records))
	}
	if got := records[len(records)-1].Closed.Outcome; got != string(result.Outcome) {
		t.Errorf("the record says %q, the case %q", got, result.Outcome)
	}
	last := map[string]*lastday.ChangeFact{}
	for i, r := range records {
		if r.ID != fmt.Sprintf("%s/%d", result.Case, i+1) || r.Case != result.Case || r.At.IsZero() || r.What == "" || r.Workflow == "" {
			t.Errorf("record %d is not told fully: %+v", i+1, r)
		}
		if r.Change != nil {
			last[r.Change.ID] = r.Change
		}
		if r.Kind != lastday.RecordSubject {
			mustNameNobody(t, r)
		}
	}
	for _, lane := range result.Lanes {
		for _, o := range append(lane.Orders, lane.Returns...) {
			fact := last[o.Change.ID]
			if o.Receipt.Change != "" && (fact == nil || fact.Outcome != o.Receipt.Outcome || fact.Proof != o.Receipt.Proof) {
				t.Errorf("%s: the case says %s, %s; the record %+v", o.Change.ID, o.Receipt.Outcome, o.Receipt.Proof, fact)
			}
		}
	}
}

func mustNameNobody(t *testing.T, r lastday.Record) {
	t.Helper()
	text, err := r.Bytes()
	folded := strings.ToLower(string(text))
	if err != nil || strings.Contains(folded, "kim example") || strings.Contains(folded, "kim@example.com") {
		t.Errorf("record %d of kind %s names the person: %s %v", r.Seq, r.Kind, text, err)
	}
}

func TestARecordTellsTheWholeWayDown(t *testing.T) {
	github := newFarSide("github", "admin", "read")
	s := newStory(t, github)
	s.at(day(2, 9), func() {
		s.env.SignalWorkflow(workflows.SignalHold, workflows.HoldMessage{Message: by("ana", "let me look")})
	})
	s.at(day(2, 10), func() {
		s.env.SignalWorkflow(workflows.SignalRelease, workflows.ReleaseMessage{Message: by("ana", "")})
	})
	s.run()
	var kinds []string
	for _, r := range s.notes.all() {
		if r.Kind != lastday.RecordTask {
			kinds = append(kinds, strings.TrimSpace(string(r.Kind)+" "+r.Stage))
		}
	}
	got := strings.Join(kinds, ", ")
	want := "subject, opened, reading plan, plan, message, message, " +
		"stage notice, change notice, change notice, reading notice, verified notice, " +
		"stage handover, change handover, change handover, reading handover, verified handover, " +
		"stage cut, change cut, change cut, change cut, change cut, reading cut, verified cut, note, " +
		"stage watch 1h, verified watch 1h, stage watch 7d, verified watch 7d, closed"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	opened := s.notes.of(lastday.RecordOpened)[0]
	if opened.By != "HR source hr" || opened.Opened.Told.IsZero() || !opened.Opened.Entered.Equal(begin()) || opened.Opened.Zone != "Europe/Berlin" {
		t.Errorf("opened: %+v", opened.Opened)
	}
	message := s.notes.of(lastday.RecordMessage)[0]
	if message.By != "ana" || message.Message.Verb != "hold" || message.Message.Reason != "let me look" {
		t.Errorf("message: %+v", message.Message)
	}
	change := s.notes.of(lastday.RecordChange)[1].Change
	if change.Proof != lastday.ProofObserved || change.From != "admin" || change.After != "write" || change.Due.IsZero() || change.Seen.IsZero() {
		t.Errorf("change: %+v", change)
	}
	verified := s.notes.of(lastday.RecordVerified)[2]
	if !verified.Verified.Cut || !verified.Verified.Control.Seen || verified.Verified.Proof != lastday.ProofObserved || verified.Verified.Account.ID != "7" {
		t.Errorf("verified: %+v", verified.Verified)
	}
}

func TestNothingIsCalledDoneBeforeItIsRecorded(t *testing.T) {
	github := newFarSide("github", "admin")
	s := newStory(t, github)
	s.at(day(18, 15), func() { s.notes.fail(lastday.Errorf(lastday.CodeTransient, "append", "the disk is full")) })
	s.at(day(18, 17), func() {
		st := s.status()
		if github.rungs() != "none" {
			t.Errorf("the cut waited for the record: github grants %q", github.rungs())
		}
		if st.Lanes[0].State == workflows.LaneClean || st.Lanes[0].Exited {
			t.Errorf("called done without a record: %+v", st.Lanes[0])
		}
		if task := openTask(t, st, workflows.TaskFailing); task.What != "the records" {
			t.Errorf("asked about %q", task.What)
		}
	})
	s.at(day(18, 20), func() { s.notes.fail(nil) })
	s.at(day(18, 21), func() {
		if st := s.status(); st.Lanes[0].State != workflows.LaneClean || !st.Lanes[0].Exited {
			t.Errorf("not done although it is recorded: %+v", st.Lanes[0])
		}
	})
	if result := s.run(); result.Outcome != workflows.OutcomeClean {
		t.Errorf("outcome %q", result.Outcome)
	}
}

func TestAStoreThatIsDownHoldsUpNoLaterStage(t *testing.T) {
	github := newFarSide("github", "admin")
	s := newStory(t, github)
	s.at(day(8, 7), func() { s.notes.fail(lastday.Errorf(lastday.CodeTransient, "append", "no connection")) })
	s.at(day(18, 17), func() {
		if github.rungs() != "none" {
			t.Errorf("github grants %q", github.rungs())
		}
		s.notes.fail(nil)
	})
	s.run()
}

func TestAConfigurationWithoutAStoreRecordsNothing(t *testing.T) {
	github := newFarSide("github", "admin")
	s := newStory(t, github)
	s.cases.Recorder = nil
	s.start()
	var result workflows.CaseResult
	if err := s.env.GetWorkflowResult(&result); err != nil || result.Outcome != workflows.OutcomeClean {
		t.Errorf("outcome %q, %v", result.Outcome, err)
	}
	if n := len(s.notes.all()); n != 0 {
		t.Errorf("%d records", n)
	}
}

func TestTheRecordSaysWhoAnsweredForWhat(t *testing.T) {
	office := newFarSide("office", "admin")
	office.manual = true
	s := newStory(t, office)
	for at := 8; at < 19; at++ {
		s.at(day(at, 20), func() {
			for _, task := range s.status().Tasks {
				if task.Closed == nil {
					m := by("ana", "collected")
					m.ID += task.ID
					s.env.SignalWorkflow(workflows.SignalResolve, workflows.ResolveMessage{Message: m, Task: task.ID, How: workflows.HowAttest, Evidence: "TICKET-7"})
				}
			}
		})
	}
	s.run()
	var attested *lastday.TaskFact
	for _, r := range s.notes.of(lastday.RecordTask) {
		if r.Task.How == workflows.HowAttest {
			attested = r.Task
			if r.By != "ana" || r.Task.Evidence != "TICKET-7" || r.Task.Reason != "collected" {
				t.Errorf("task: by %q %+v", r.By, r.Task)
			}
		}
	}
	if attested == nil {
		t.Fatal("no record says that somebody answered")
	}
	for _, r := range s.notes.of(lastday.RecordVerified) {
		if r.Verified.Proof == lastday.ProofObserved {
			t.Errorf("a person's word was recorded as observed: %+v", r.Verified)
		}
	}
}

func TestACaseThatIsOpenedAgainCountsOnFromItsOldRecords(t *testing.T) {
	first := newStory(t, newFarSide("github", "admin"))
	first.run()
	old := len(first.notes.all())
	again := newStory(t, newFarSide("github", "write"))
	again.notes = first.notes
	again.cases.Recorder = first.notes
	again.env.SetStartTime(begin().Add(time.Hour))
	again.run()
	records := again.notes.all()
	if records[old].Kind != lastday.RecordSubject || records[old].Seq != old+1 || len(records) < old+10 {
		t.Errorf("after %d records comes number %d, a %s; %d in all", old, records[old].Seq, records[old].Kind, len(records))
	}
}

func TestASecondPersonMayApproveWhatAFirstAnsweredFor(t *testing.T) {
	office := newFarSide("office", "admin")
	office.manual = true
	s := newStory(t, office)
	var task workflows.Task
	approve := func(actor string) {
		s.env.SignalWorkflow(workflows.SignalApprove, workflows.ApproveMessage{Message: by(actor, "looked at the slip"), Digest: task.ID})
	}
	s.at(day(18, 17), func() { task = openTask(t, s.status(), workflows.TaskAsked); approve("ben") })
	s.at(day(18, 17)+time.Minute, func() {
		m := by("ana", "collected")
		s.env.SignalWorkflow(workflows.SignalResolve, workflows.ResolveMessage{Message: m, Task: task.ID, How: workflows.HowAttest, Evidence: "slip 7"})
	})
	s.at(day(18, 17)+2*time.Minute, func() { approve("ana") })
	s.at(day(18, 17)+3*time.Minute, func() { approve("cleo") })
	s.run()
	said := map[string]string{}
	for _, r := range s.notes.of(lastday.RecordMessage) {
		if r.Message.Verb == workflows.SignalApprove && r.Message.About == task.ID {
			said[r.By] = r.Message.Refused
		}
	}
	if refused, ok := said["cleo"]; !ok || refused != "" || said["ben"] == "" || said["ana"] == "" {
		t.Errorf("before the answer, by whoever answered, by another: %q", said)
	}
}
