package bundle_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/audit"
	"lastday/audit/bundle"
	"lastday/audit/store"
)

// addFile packs a bundle again with one file more at its end.
func addFile(t *testing.T, data []byte, name string, content []byte) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range z.File {
		if err := w.Copy(f); err != nil {
			t.Fatal(err)
		}
	}
	to, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: z.File[0].Modified.UTC()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := to.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Most programs that unpack a zip file keep the last of two files of a name:
// what people read must be what was checked.
func TestASecondFileOfTheSameNameIsFound(t *testing.T) {
	k := newLog(t)
	data := k.sealed(t)
	for _, name := range []string{"log/records.jsonl", "log/checkpoint", "plan.json"} {
		v, err := k.verify(t, addFile(t, data, name, []byte("{}\n")))
		k.must(t, err)
		mustName(t, v, audit.Repeated, name)
	}
}

// closing closes the case with its next record.
func (k *kept) closing(t *testing.T, of string, seq int) {
	t.Helper()
	k.now = k.now.Add(time.Minute)
	r := record(of, seq, k.now)
	r.Kind, r.Closed = lastday.RecordClosed, &lastday.ClosedFact{Outcome: "clean"}
	k.must(t, k.Keep(t.Context(), []lastday.Record{r}))
}

// Who may read the log, but has no key, puts an entry that was erased of
// somebody else in the place of a record that is to vanish.
func TestARecordIsNotHiddenBehindAnErasedOneOfAnotherCase(t *testing.T) {
	k := newLog(t)
	k.closing(t, "c-lee", 5)
	_, err := k.Erase(t.Context(), store.Erasure{ID: "e-1", Person: "p-c-lee", Everything: true, By: "dpo", Reason: "request 7"})
	k.must(t, err)
	genuine := k.sealed(t)
	checkpoint, err := k.Checkpoint(t.Context())
	k.must(t, err)
	entry := func(e audit.Entry) string {
		proof, err := k.Prove(t.Context(), e.Index, checkpoint.Size)
		k.must(t, err)
		held := map[string]any{"index": e.Index, "leaf": e.Leaf[:], "proof": proof}
		if !e.Erased() {
			held = map[string]any{"index": e.Index, "salt": e.Salt, "body": string(e.Body), "proof": proof}
		}
		return inOrder(t, held)
	}
	var lee audit.Entry
	reason := ""
	for e, err := range k.Entries(t.Context(), audit.Query{}) {
		k.must(t, err)
		if e.Case == "c-lee" && e.Index == 3 {
			lee = e
		}
		if e.Case == audit.CaseLog {
			reason = entry(e)
		}
	}
	forged := repack(t, genuine, func(name string, content []byte) []byte {
		switch name {
		case "log/records.jsonl":
			lines := strings.SplitAfter(string(content), "\n")
			lines[1] = entry(lee)
			return []byte(strings.Join(lines, ""))
		case "log/erasures.jsonl":
			return []byte(reason)
		}
		return content
	})
	v, err := k.verify(t, forged)
	k.must(t, err)
	mustName(t, v, audit.Changed, "other entries")
}

// inOrder writes a line of a bundle as the bundle does.
func inOrder(t *testing.T, held map[string]any) string {
	t.Helper()
	var parts []string
	for _, name := range []string{"index", "salt", "body", "leaf", "proof"} {
		if value, ok := held[name]; ok {
			text, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, `"`+name+`":`+string(text))
		}
	}
	return "{" + strings.Join(parts, ",") + "}\n"
}

// busy is a log in which somebody else seals the same case just before we do.
type busy struct {
	*kept

	before func()
}

func (b *busy) Keep(ctx context.Context, records []lastday.Record) error {
	if f := b.before; f != nil {
		b.before = nil
		f()
	}
	return b.kept.Keep(ctx, records)
}

// The watch and the end of a case may be sealed at once: the one that comes
// second is tried again instead of given up.
func TestWhoSealsSecondTriesAgain(t *testing.T) {
	k := newLog(t)
	log := &busy{kept: k, before: func() { k.sealed(t) }}
	order := bundle.Order{Case: "c-kim", Files: files(), Tool: "test", Now: k.now}
	_, err := bundle.Make(t.Context(), log, order, io.Discard)
	if lastday.CodeOf(err) != lastday.CodeTransient {
		t.Fatalf("%v", err)
	}
	made, err := bundle.Make(t.Context(), log, order, io.Discard)
	if err != nil || made.Seal.Seq != 2 {
		t.Errorf("%v, %+v", err, made.Seal)
	}
}

// Histories of an open case are read before its records: what is recorded
// meanwhile belongs to the next bundle.
func TestABundleOfAnOpenCaseEndsWhereItsHistoriesWereRead(t *testing.T) {
	k := newLog(t)
	var out bytes.Buffer
	made, err := bundle.Make(t.Context(), k, bundle.Order{Case: "c-kim", LastIndex: 4, Files: files(), Tool: "test", Now: k.now}, &out)
	k.must(t, err)
	v, err := k.verify(t, out.Bytes())
	k.must(t, err)
	if !v.Clean() || len(v.Records) != 3 || made.Records != 3 || v.Sealed.Last != 3 || v.Sealed.Entries != "0,2,4" {
		t.Errorf("%d records, %+v, %+v", len(v.Records), v.Sealed, v.Checks)
	}
}

func TestARecordAmongTheErasuresThatExplainsNothingIsFound(t *testing.T) {
	k := newLog(t)
	added := ""
	forged := repack(t, repack(t, k.sealed(t), func(name string, content []byte) []byte {
		if name == "log/records.jsonl" {
			added = strings.SplitAfter(string(content), "\n")[0]
		}
		return content
	}), func(name string, content []byte) []byte {
		if name == "log/erasures.jsonl" {
			return []byte(added)
		}
		return content
	})
	v, err := k.verify(t, forged)
	k.must(t, err)
	mustName(t, v, audit.Misplaced, "explains nothing")
}
