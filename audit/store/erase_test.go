package store_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"lastday"
	"lastday/audit"
	"lastday/audit/store"
)

// found counts how often a text is in the files of the database.
func (w *world) found(text string) int {
	w.t.Helper()
	n := 0
	err := filepath.WalkDir(w.files, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil // PostgreSQL removed it meanwhile
		}
		n += bytes.Count(data, []byte(text))
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// flush makes the database write what it has in memory into its files.
func (w *world) flush() {
	w.t.Helper()
	if w.postgres {
		execPostgres(w.t, "postgres", "CHECKPOINT")
	}
}

func (w *world) erase(e store.Erasure) store.Erased {
	w.t.Helper()
	done, err := w.Erase(w.t.Context(), e)
	if err != nil {
		w.t.Fatal(err)
	}
	return done
}

// erasureOf asks to erase everything of the person of a case.
func erasureOf(of string) store.Erasure {
	return store.Erasure{ID: "of-" + of, Person: "person-of-" + of, Everything: true, By: "dpo", Reason: "Art. 17"}
}

func indexesOf(done store.Erased) []int64 {
	var all []int64
	for _, p := range done.Entries {
		all = append(all, p.Index)
	}
	return all
}

func TestAnErasedPersonIsNowhereAndEveryProofHolds(t *testing.T) {
	test := func(t *testing.T, w *world) {
		for i := range 40 {
			w.closed(fmt.Sprintf("c-%d", i), 5)
		}
		before := w.checkpoint()
		proofs := make([]tlog.RecordProof, before.Size)
		for i := range proofs {
			p, err := w.Prove(t.Context(), int64(i), before.Size)
			if err != nil {
				t.Fatal(err)
			}
			proofs[i] = p
		}
		w.flush()
		if w.found("Kim Secretname of c-7") == 0 || w.found("kim.secretname@c-8.example") == 0 {
			t.Fatal("the names are not where the test looks for them")
		}
		// The first pages are moved about by erasing neighbours one after the other.
		for i := range 40 {
			done := w.erase(store.Erasure{ID: fmt.Sprintf("r-%d", i), Person: fmt.Sprintf("person-of-c-%d", i), Everything: i%2 == 0, By: "dpo", Reason: "Art. 17"})
			if want := map[bool]int{true: 5, false: 1}[i%2 == 0]; len(done.Entries) != want || len(done.Kept) != 0 || len(done.Records) != 1 {
				t.Fatalf("got %+v", done)
			}
		}
		w.flush()
		for _, text := range []string{"Secretname", "kim.secretname", "fact 3 of c-8", "person-of-c-8"} {
			if n := w.found(text); n > 0 {
				t.Errorf("%q is still in the files, %d times", text, n)
			}
		}
		if w.found("fact 3 of c-7") == 0 {
			t.Error("what was not to be erased is gone")
		}
		w.checkpoint()
		for _, e := range w.entries(audit.Query{LastIndex: before.Size - 1}) {
			if err := audit.CheckEntry(e, proofs[e.Index], before); err != nil {
				t.Error(err)
			}
		}
		if v := w.clean(); v.Erased != 20*5+20 {
			t.Errorf("got %+v", v)
		}
	}
	t.Run("sqlite", func(t *testing.T) { test(t, inSQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, inOwnPostgres(t)) })
}

func TestAskingAgainTellsWhatWasErased(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		w.closed("c-1", 4)
		order := store.Erasure{ID: "r-1", Person: "person-of-c-1", By: "dpo", Reason: "Art. 17"}
		first, again := w.erase(order), w.erase(order)
		if !slices.Equal(indexesOf(first), []int64{0}) || !slices.Equal(indexesOf(again), []int64{0}) || !slices.Equal(first.Records, again.Records) {
			t.Errorf("got %+v, then %+v", first, again)
		}
		if n := len(w.entries(audit.Query{Case: audit.CaseLog})); n != 1 {
			t.Errorf("the log says %d things about itself", n)
		}
		// The erased record may come again, as after a lost answer: it stays erased.
		done := w.append(w.facts("c-1", 1, 3)...)
		if done.New != 0 || !w.entries(audit.Query{LastIndex: 3})[0].Erased() {
			t.Errorf("got %+v", done)
		}
	})
}

func TestOpenCasesAndLegalHoldsAreKeptAndSaidSo(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		w.append(w.facts("c-1", 1, 3)...)
		order := store.Erasure{ID: "r-1", Person: "person-of-c-1", Everything: true, By: "dpo", Reason: "Art. 17"}
		if done := w.erase(order); len(done.Entries) != 0 || len(done.Kept) != 3 || done.Kept[0].Why != "its case is not closed" {
			t.Errorf("got %+v", done)
		}
		w.append(w.record("c-1", 4, lastday.RecordClosed))
		for _, h := range []store.LegalHold{{ID: "h-1", Person: "person-of-c-1"}, {ID: "h-2", Case: "c-1"}, {ID: "h-3", Everything: true}} {
			h.By, h.Reason = "counsel", "lawsuit"
			for range 2 {
				if err := w.Hold(t.Context(), h); err != nil {
					t.Fatal(err)
				}
			}
			if done := w.erase(order); len(done.Entries) != 0 || len(done.Kept) != 4 || done.Kept[0].Why != "legal hold "+h.ID {
				t.Errorf("got %+v", done)
			}
			if holds, err := w.Holds(t.Context()); err != nil || len(holds) != 1 || holds[0].Everything != h.Everything {
				t.Errorf("got %+v, %v", holds, err)
			}
			if err := w.Unhold(t.Context(), h.ID, "counsel", "settled"); err != nil {
				t.Fatal(err)
			}
			wantCode(t, w.Hold(t.Context(), h), lastday.CodeInvalid)
			wantCode(t, w.Unhold(t.Context(), h.ID, "counsel", "settled"), lastday.CodeNotFound)
		}
		if done := w.erase(order); len(done.Entries) != 4 || len(done.Kept) != 0 {
			t.Errorf("got %+v", done)
		}
		w.checkpoint()
		if v := w.clean(); v.Size != 4+3*2+1 {
			t.Errorf("got %+v", v)
		}
	})
}

func TestRetentionErasesWhatIsOldByItsKind(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		const day = 24 * time.Hour
		w.closed("c-old", 4)
		w.append(w.facts("c-open", 1, 2)...)
		w.clock.advance(20 * day)
		w.closed("c-new", 4)
		w.clock.advance(20 * day)
		policy := store.Retention{lastday.RecordSubject: 10 * day, lastday.RecordNote: 30 * day}
		done, err := w.Retain(t.Context(), "retention-1", "lastday", policy)
		if err != nil {
			t.Fatal(err)
		}
		// Of the old case subject and notes, of the new one the subject alone, of the open one nothing.
		if !slices.Equal(indexesOf(done), []int64{0, 1, 2, 6}) || len(done.Kept) != 0 {
			t.Errorf("got %+v", done)
		}
		if done, err = w.Retain(t.Context(), "retention-2", "lastday", store.DefaultRetention()); err != nil || len(done.Entries) != 0 {
			t.Errorf("got %+v, %v", done, err)
		}
		w.clean()
	})
}

func TestAnOrderThatSaysNotWhoAndWhyIsRefused(t *testing.T) {
	w := inSQLite(t)
	for _, e := range []store.Erasure{
		{ID: "r-1", By: "dpo", Reason: "Art. 17"},
		{ID: "r/1", Person: "p", By: "dpo", Reason: "Art. 17"},
		{ID: "r-1", Person: "p", Reason: "Art. 17"},
		{ID: "r-1", Person: "p", By: "dpo"},
	} {
		_, err := w.Erase(t.Context(), e)
		wantCode(t, err, lastday.CodeInvalid)
	}
	for _, h := range []store.LegalHold{{ID: "h-1", By: "a", Reason: "b"}, {ID: "h-1", Person: "p", Case: "c", By: "a", Reason: "b"}, {ID: "h-1", Person: "p", Reason: "b"}} {
		wantCode(t, w.Hold(t.Context(), h), lastday.CodeInvalid)
	}
}
