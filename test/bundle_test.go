package test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/audit"
	"lastday/audit/bundle"
	"lastday/internal/replay"
	"lastday/workflows"
)

// bundle waits for the bundle with that name and reads it.
func (h *house) bundle(ending string) []byte {
	h.t.Helper()
	var data []byte
	eventually(h.t, 60*time.Second, "the bundle "+ending, func() bool {
		found, err := filepath.Glob(filepath.Join(h.dir, "lastday-bundles", h.caseID()+"-*"+ending+".zip"))
		if err != nil || len(found) != 1 {
			return false
		}
		data, err = os.ReadFile(found[0])
		return err == nil
	})
	return data
}

// keys are the public keys of the house's log, as an auditor was given them.
func (h *house) keys() *audit.Keys {
	h.t.Helper()
	text, err := os.ReadFile(filepath.Join(h.dir, "lastday-records.key.pub"))
	if err != nil {
		h.t.Fatal(err)
	}
	keys, err := audit.ParseKeys(string(text))
	if err != nil {
		h.t.Fatal(err)
	}
	return keys
}

func (h *house) verify(data []byte) bundle.Verdict {
	h.t.Helper()
	v, err := bundle.Verify(h.t.Context(), data, bundle.Options{Keys: h.keys(), Histories: replay.Check})
	if err != nil {
		h.t.Fatal(err)
	}
	return v
}

func TestAClosedCaseIsSealedAndItsBundleIsCheckedOffline(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{encrypt: true})
	h.startWorker()
	h.leaves()
	result := h.ends()
	data := h.bundle("closed")
	v := h.verify(data)
	if !v.Clean() {
		t.Fatalf("%+v", v.Checks)
	}
	if !v.Sealed.Final || v.Case != result.Case || len(v.Records) != v.Sealed.Last {
		t.Errorf("%+v", v.Sealed)
	}
	for _, name := range []string{"case.json", "plan.json", "report.html"} {
		if len(v.Files[name]) < 100 {
			t.Errorf("%s has %d bytes", name, len(v.Files[name]))
		}
	}
	if page := string(v.Files["report.html"]); !strings.Contains(page, leaverName) {
		t.Error("the report does not say who it is about")
	}
	t.Logf("%d records, %d bytes", len(v.Records), len(data))
}

func TestARecordThatIsOlderThanItsEventIsFound(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{})
	h.startWorker()
	h.leaves()
	h.ends()
	v := h.verify(h.bundle("closed"))
	var files []bundle.File
	for name, text := range v.Files {
		if bundle.IsHistory(name) {
			files = append(files, bundle.File{Name: name, Data: text})
		}
	}
	other := v.Records[len(v.Records)-2]
	other.At = other.At.Add(-time.Hour)
	records := append(v.Records[:len(v.Records)-2:len(v.Records)-2], other, v.Records[len(v.Records)-1])
	for _, c := range replay.Check(context.Background(), files, records, *v.Sealed) {
		for _, f := range c.Found {
			if f.Problem == audit.Misdated && strings.Contains(f.What, other.ID) {
				return
			}
		}
	}
	t.Error("a record that is an hour older than its event was not found")
}

func TestACaseThatIsOpenedAgainIsSealedWhole(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{})
	h.startWorker()
	h.leaves()
	h.ends()
	h.bundle("closed")
	first, _ := h.sealedBundles()
	again := lastday.Separation{
		Source: "people", Kind: lastday.SeparationImmediate, Person: h.person, Engagement: h.contract,
		LastDay: lastday.DateOf(time.Now()), Zone: "Europe/Berlin", EnteredAt: time.Now().UTC(), Sequence: "9",
	}
	d := lastday.Delivery{Source: "people", ID: "again", ReceivedAt: time.Now().UTC(), Scheme: "file", Actor: "test", Separation: &again}
	if _, err := h.cases.Accept(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	answering, answered := context.WithCancel(t.Context())
	defer answered()
	go h.answer(answering)
	var paths []string
	eventually(t, 90*time.Second, "a second bundle", func() bool {
		paths, _ = h.sealedBundles()
		return len(paths) > len(first)
	})
	data, err := os.ReadFile(paths[len(paths)-1])
	must(t, err)
	v := h.verify(data)
	if !v.Clean() {
		t.Fatalf("%+v", v.Checks)
	}
	closings := 0
	for _, r := range v.Records {
		if r.Kind == lastday.RecordClosed {
			closings++
		}
	}
	if closings != 2 {
		t.Errorf("the bundle tells of %d closings, want both", closings)
	}
}

// sealedBundles are the paths of all bundles that were made of closed cases.
func (h *house) sealedBundles() ([]string, error) {
	return filepath.Glob(filepath.Join(h.dir, "lastday-bundles", "*closed.zip"))
}

func TestAHistoryIsToldForPeople(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{})
	h.startWorker()
	h.leaves()
	h.ends()
	runs, closed, err := replay.Fetch(t.Context(), h.client, h.ring(), workflows.CaseWorkflowID(h.caseID()))
	if err != nil || !closed || len(runs) == 0 {
		t.Fatalf("%d runs, closed %v, %v", len(runs), closed, err)
	}
	var out strings.Builder
	replay.Print(&out, replay.Story(runs), time.UTC)
	for _, want := range []string{"the case begins", "news: announce", "done: ", "the case is closed: "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the story does not say %q:\n%s", want, out.String())
		}
	}
}

func TestTheCommandVerifiesReplaysAndSeals(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{})
	h.startWorker()
	h.leaves()
	h.ends()
	h.bundle("closed")
	found, err := filepath.Glob(filepath.Join(h.dir, "lastday-bundles", "*closed.zip"))
	must(t, err)
	key := filepath.Join(h.dir, "lastday-records.key.pub")
	out, _ := h.lastday(0, "verify", "--key", key, found[0])
	h.says(out, "ok     the checkpoint is signed by the log", "every run decides what it decided then", "read back gone")
	data, err := os.ReadFile(found[0])
	must(t, err)
	data[len(data)/2] ^= 1
	bad := h.put("bad.zip", string(data))
	out, errs := h.lastday(1, "verify", "--key", key, bad)
	h.says(out+errs, "WRONG", "do not rely on it")
	_, errs = h.lastday(2, "verify", found[0])
	h.says(errs, "--key")
	out, _ = h.lastday(0, "replay", "--zone", "UTC", h.caseID())
	h.says(out, "the case begins", "this program decides the same")
	out, _ = h.lastday(0, "seal", h.caseID())
	h.says(out, "by-hand.zip", "lastday verify")
}
