package bundle_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/audit"
	"lastday/audit/bundle"
	"lastday/audit/store"
)

// kept is a log in a file, with a clock that the test turns.
type kept struct {
	*store.Store
	key  *audit.Key
	keys *audit.Keys
	now  time.Time
}

func (k *kept) Keep(ctx context.Context, records []lastday.Record) error {
	_, err := k.Append(ctx, records)
	return err
}

func day(d, hour int) time.Time { return time.Date(2026, 12, d, hour, 0, 0, 0, time.UTC) }

// newLog is a log with two cases in turn and a checkpoint every day.
func newLog(t *testing.T) *kept {
	t.Helper()
	private, public, err := audit.NewKey("audit.example/lastday")
	if err != nil {
		t.Fatal(err)
	}
	key, err := audit.ParseKey(private)
	if err != nil {
		t.Fatal(err)
	}
	k := &kept{now: day(1, 8), key: key}
	if k.keys, err = audit.ParseKeys(public); err != nil {
		t.Fatal(err)
	}
	k.Store, err = store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "log.db"), store.Options{Now: func() time.Time { return k.now }, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Close() })
	for d := 1; d <= 4; d++ {
		k.now = day(d, 9)
		k.must(t, k.Keep(t.Context(), []lastday.Record{record("c-kim", d, k.now), record("c-lee", d, k.now)}))
		_, err := k.Renew(t.Context(), 0)
		k.must(t, err)
	}
	return k
}

func (k *kept) must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func record(of string, seq int, at time.Time) lastday.Record {
	return lastday.Record{
		ID: fmt.Sprintf("%s/%d", of, seq), Case: of, Seq: seq, At: at, Kind: lastday.RecordNote, Person: "p-" + of,
		What: fmt.Sprintf("fact %d", seq), Workflow: "case/" + of, Run: "run-1", Event: 10 * seq,
	}
}

func files() []bundle.File {
	return []bundle.File{
		{Name: bundle.HistoryFile(1, "run-1"), Data: []byte(`{"events":[]}`)}, {Name: "plan.json", Data: []byte(`{"digest":"abc"}`)},
	}
}

// sealed is the bundle of Kim's case.
func (k *kept) sealed(t *testing.T) []byte {
	t.Helper()
	k.now = k.now.Add(time.Hour)
	var out bytes.Buffer
	_, err := bundle.Make(t.Context(), k, bundle.Order{Case: "c-kim", Final: true, Files: files(), Tool: "test", Now: k.now}, &out)
	k.must(t, err)
	return out.Bytes()
}

func (k *kept) verify(t *testing.T, data []byte) (bundle.Verdict, error) {
	t.Helper()
	return bundle.Verify(t.Context(), data, bundle.Options{Keys: k.keys})
}

// mustName wants a problem to be found, and the word in what is said about it.
func mustName(t *testing.T, v bundle.Verdict, p audit.Problem, word string) {
	t.Helper()
	for _, c := range v.Checks {
		for _, f := range c.Found {
			if f.Problem == p && strings.Contains(f.String(), word) {
				return
			}
		}
	}
	t.Errorf("not found: %s %q in %+v", p, word, v.Checks)
}

func TestABundleIsCheckedWithNothingButTheKey(t *testing.T) {
	k := newLog(t)
	v, err := k.verify(t, k.sealed(t))
	if err != nil || !v.Clean() {
		t.Fatalf("%v %+v", err, v.Checks)
	}
	if v.Case != "c-kim" || len(v.Records) != 4 || v.Sealed.Last != 4 || !v.Sealed.Final || v.Size != 9 {
		t.Errorf("%+v", v)
	}
	if len(v.Checks) < 8 || string(v.Files["plan.json"]) != `{"digest":"abc"}` {
		t.Errorf("%d checks, files %v", len(v.Checks), v.Files)
	}
	for _, r := range v.Records {
		if r.Case != "c-kim" {
			t.Errorf("it holds a record of another case: %s", r.ID)
		}
	}
}

func TestAnyChangedByteIsFound(t *testing.T) {
	k := newLog(t)
	data := k.sealed(t)
	for i := range data {
		for _, bit := range []byte{1, 0x20, 0x80} {
			bad := slices.Clone(data)
			bad[i] ^= bit
			if v, err := k.verify(t, bad); err == nil && v.Clean() {
				t.Fatalf("byte %d of %d was changed by %#x and nobody saw it: %q", i, len(data), bit, data[max(0, i-40):min(len(data), i+40)])
			}
		}
	}
}

func TestABundleCutShortIsFound(t *testing.T) {
	k := newLog(t)
	data := k.sealed(t)
	for _, n := range []int{0, 1, len(data) / 2, len(data) - 1} {
		if v, err := k.verify(t, data[:n]); err == nil && v.Clean() {
			t.Errorf("%d of %d bytes pass", n, len(data))
		}
	}
	if v, err := k.verify(t, append(slices.Clone(data), 0)); err == nil && v.Clean() {
		t.Error("a byte after the end passes")
	}
}

// repack changes the files of a bundle and packs it again, as a forger would.
func repack(t *testing.T, data []byte, change func(name string, content []byte) []byte) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		if content = change(f.Name, content); content == nil {
			continue
		}
		head := f.FileHeader
		to, err := w.CreateHeader(&zip.FileHeader{Name: head.Name, Method: zip.Store, Modified: head.Modified.UTC()})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := to.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestWhatAForgerDoesIsNamed(t *testing.T) {
	only := func(file string, change func(lines []string) []string) func(string, []byte) []byte {
		return func(name string, content []byte) []byte {
			if name != file {
				return content
			}
			lines := strings.SplitAfter(string(content), "\n")
			return []byte(strings.Join(change(lines[:len(lines)-1]), ""))
		}
	}
	for _, forgery := range []struct {
		name    string
		change  func(string, []byte) []byte
		problem audit.Problem
		word    string
	}{
		{"a record is dropped", only("log/records.jsonl", func(l []string) []string { return slices.Delete(l, 1, 2) }), audit.Missing, "number 3 of the case"},
		{"the last record is dropped", only("log/records.jsonl", func(l []string) []string { return l[:3] }), audit.Missing, "4 were sealed"},
		{"two records change places", only("log/records.jsonl", func(l []string) []string { l[1], l[2] = l[2], l[1]; return l }), audit.Misplaced, "entry 4"},
		{"a record is there twice", only("log/records.jsonl", func(l []string) []string { return slices.Insert(l, 1, l[0]) }), audit.Misplaced, "number 1 of the case"},
		{"a record is dated back", only("log/records.jsonl", func(l []string) []string {
			l[2] = strings.Replace(l[2], "2026-12-03", "2026-12-02", 1)
			return l
		}), audit.Changed, "entry 4"},
		{"a record says that it is erased", only("log/records.jsonl", func(l []string) []string {
			_, proof, _ := strings.Cut(l[1], `"proof":`)
			l[1] = `{"index":2,"leaf":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","proof":` + proof
			return l
		}), audit.Unexplained, "entry 2"},
		{"a history is left out", func(name string, content []byte) []byte {
			if bundle.IsHistory(name) {
				return nil
			}
			return content
		}, audit.Missing, "histories/001-run-1.json"},
		{"a file is changed", only("plan.json", func([]string) []string { return []string{"{}"} }), audit.Changed, "plan.json"},
		{"an earlier checkpoint is left out", only("log/earlier.jsonl", func(l []string) []string { return l[1:] }), audit.Changed, "log/earlier.jsonl"},
		{"the checkpoint is another one", only("log/checkpoint", func(l []string) []string {
			l[1] = "8\n"
			return l
		}), audit.Unsigned, "not signed"},
	} {
		t.Run(forgery.name, func(t *testing.T) {
			k := newLog(t)
			v, err := k.verify(t, repack(t, k.sealed(t), forgery.change))
			if err != nil {
				t.Fatal(err)
			}
			mustName(t, v, forgery.problem, forgery.word)
		})
	}
}

func TestARecordThatCameLateWithAnEarlyTimeIsFound(t *testing.T) {
	k := newLog(t)
	k.now = day(5, 9)
	k.must(t, k.Keep(t.Context(), []lastday.Record{record("c-kim", 5, day(2, 9))}))
	v, err := k.verify(t, k.sealed(t))
	k.must(t, err)
	mustName(t, v, audit.Misdated, "record c-kim/5")
}

func TestAnotherKeyIsNoKeyOfThisLog(t *testing.T) {
	k, other := newLog(t), newLog(t)
	v, err := bundle.Verify(t.Context(), k.sealed(t), bundle.Options{Keys: other.keys})
	k.must(t, err)
	mustName(t, v, audit.Unsigned, "not signed")
}

func TestALogMadeAnewIsFoundByACheckpointKeptElsewhere(t *testing.T) {
	k := newLog(t)
	kept, err := k.Checkpoint(t.Context())
	k.must(t, err)
	v, err := bundle.Verify(t.Context(), k.sealed(t), bundle.Options{Keys: k.keys, Elsewhere: kept.Text})
	k.must(t, err)
	if !v.Clean() {
		t.Errorf("%+v", v.Checks)
	}
	other := kept
	other.Root[0] ^= 1
	forged, err := k.key.Sign(other.Size, other.Root, k.now)
	k.must(t, err)
	v, err = bundle.Verify(t.Context(), k.sealed(t), bundle.Options{Keys: k.keys, Elsewhere: forged.Text})
	k.must(t, err)
	mustName(t, v, audit.Changed, "made anew")
}

func TestAnErasedSubjectLeavesTheBundleWhole(t *testing.T) {
	k := newLog(t)
	k.now = k.now.Add(time.Hour)
	closing := record("c-kim", 5, k.now)
	closing.Kind, closing.Closed = lastday.RecordClosed, &lastday.ClosedFact{Outcome: "clean"}
	k.must(t, k.Keep(t.Context(), []lastday.Record{closing}))
	erased, err := k.Erase(t.Context(), store.Erasure{ID: "e-1", Person: "p-c-kim", Everything: true, By: "dpo", Reason: "request 7"})
	k.must(t, err)
	if len(erased.Entries) == 0 {
		t.Fatalf("nothing was erased: %+v", erased)
	}
	v, err := k.verify(t, k.sealed(t))
	k.must(t, err)
	if !v.Clean() || v.Erased != 5 || len(v.Records) != 0 {
		t.Errorf("erased %d, %+v", v.Erased, v.Checks)
	}
}

func TestACaseWithoutRecordsHasNoBundle(t *testing.T) {
	k := newLog(t)
	_, err := bundle.Make(t.Context(), k, bundle.Order{Case: "c-nobody", Now: k.now}, io.Discard)
	if lastday.CodeOf(err) != lastday.CodeNotFound {
		t.Errorf("%v", err)
	}
}

func TestASecondSealIsNumberedAfterTheFirst(t *testing.T) {
	k := newLog(t)
	k.sealed(t)
	v, err := k.verify(t, k.sealed(t))
	if err != nil || !v.Clean() {
		t.Errorf("%v %+v", err, v.Checks)
	}
}

func TestWhatIsNoBundleIsRefused(t *testing.T) {
	if _, err := bundle.Verify(t.Context(), []byte("no zip"), bundle.Options{}); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("%v", err)
	}
}
