package store_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lastday"
	"lastday/audit"
	"lastday/audit/store"
)

func TestRecordsAreKeptInTheirOrderAndProved(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		done := w.append(w.facts("c-1", 1, 5)...)
		if done.New != 5 || done.Size != 5 || !slices.Equal(done.Indexes, []int64{0, 1, 2, 3, 4}) {
			t.Errorf("got %+v", done)
		}
		w.append(w.facts("c-2", 1, 2)...)
		c := w.checkpoint()
		all := w.entries(audit.Query{})
		if len(all) != 7 || c.Size != 7 || all[5].ID != "c-2/1" || all[5].At != noon() || len(all[5].Salt) != audit.SaltSize {
			t.Fatalf("got %d entries, checkpoint of %d: %+v", len(all), c.Size, all)
		}
		for i, e := range all {
			p, err := w.Prove(t.Context(), int64(i), c.Size)
			if err != nil {
				t.Fatal(err)
			}
			if err := audit.CheckEntry(e, p, c); err != nil {
				t.Error(err)
			}
		}
		if v := w.clean(); v.Size != 7 || v.Covered != 7 || v.Root != c.Root {
			t.Errorf("got %+v", v)
		}
	})
}

func TestTheSameBatchAgainChangesNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		batch := w.facts("c-1", 1, 4)
		w.append(batch[:3]...)
		before := w.entries(audit.Query{})
		w.clock.advance(time.Hour)
		done := w.append(batch...)
		if done.New != 1 || !slices.Equal(done.Indexes, []int64{0, 1, 2, 3}) {
			t.Errorf("got %+v", done)
		}
		for i, e := range w.entries(audit.Query{LastIndex: 2}) {
			if e.Leaf != before[i].Leaf || e.At != before[i].At {
				t.Errorf("entry %d changed", i)
			}
		}
		w.clean()
	})
}

func TestWhatDoesNotFollowIsRefusedAndNothingOfTheBatchIsKept(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		w.append(w.facts("c-1", 1, 3)...)
		other := w.record("c-1", 3, lastday.RecordNote)
		other.What = "something else"
		taken := w.record("c-1", 2, lastday.RecordNote)
		taken.ID = "c-1/two"
		late := w.record("c-1", 6, lastday.RecordNote)
		own := w.record(audit.CaseLog, 1, lastday.RecordNote)
		for what, batch := range map[string][]lastday.Record{
			"records 4 to 5 of case c-1 are missing":   {w.record("c-2", 1, lastday.RecordNote), late},
			"record c-1/3 is in the log already":       {w.record("c-2", 1, lastday.RecordNote), other},
			"another record is number 2 of case c-1":   {w.record("c-2", 1, lastday.RecordNote), taken},
			"record c-2/1 is in the batch twice":       {w.record("c-2", 1, lastday.RecordNote), w.record("c-2", 1, lastday.RecordNote)},
			"belongs to the log itself":                {own},
			"lacks its id, case, kind, number or time": {{ID: "x", Case: "c-3", Seq: 1, Kind: lastday.RecordNote}},
			"a batch has 1 to 1000 records, not 0":     {},
			"record c-9/1 has": {func() lastday.Record {
				r := w.record("c-9", 1, lastday.RecordNote)
				r.What = strings.Repeat("x", store.MostBytes)
				return r
			}()},
			"a batch has 1 to 1000 records, not 1001":         w.facts("c-4", 1, 1001),
			"record c-7/3: records 1 to 2 of case c-7 are mi": {w.record("c-7", 3, lastday.RecordNote)},
		} {
			_, err := w.Append(t.Context(), batch)
			wantCode(t, err, lastday.CodeInvalid)
			if err == nil || !strings.Contains(err.Error(), what) {
				t.Errorf("got %v, want %q", err, what)
			}
		}
		if n := len(w.entries(audit.Query{})); n != 3 {
			t.Errorf("the log has %d entries", n)
		}
		w.clean()
	})
}

func TestACaseThatIsOpenedAgainGoesOnWithItsNumbers(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		w.closed("c-1", 4)
		w.erase(erasureOf("c-1"))
		for of, want := range map[string]int{"c-1": 4, "c-2": 0} {
			last, err := w.LastSeq(t.Context(), of)
			if err != nil || last != want {
				t.Errorf("%s: got %d, %v", of, last, err)
			}
			w.append(w.record(of, last+1, lastday.RecordOpened))
		}
		w.clean()
	})
}

func TestManyWritersMakeOneTree(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		const writers, batches = 6, 8
		other := w.again(w.options())
		var all sync.WaitGroup
		for n := range writers {
			s := []*store.Store{w.Store, other}[n%2]
			all.Go(func() {
				for b := range batches {
					// Two writers bring the same case, as after a lost answer.
					records := w.facts(fmt.Sprintf("c-%d", n/2), 3*b+1, 3*b+3)
					if _, err := s.Append(t.Context(), records); err != nil {
						t.Error(err)
					}
					if _, err := s.Checkpoint(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		v := w.clean()
		if v.Covered != v.Size || v.Size < 3*batches {
			t.Errorf("got %+v", v)
		}
	})
}

func TestQueriesSelect(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		w.append(w.facts("c-1", 1, 300)...)
		w.clock.advance(time.Hour)
		w.append(w.facts("c-2", 1, 300)...)
		for name, c := range map[string]struct {
			q           audit.Query
			first, last int64
			n           int
		}{
			"all":     {audit.Query{}, 0, 599, 600},
			"a case":  {audit.Query{Case: "c-2"}, 300, 599, 300},
			"from":    {audit.Query{From: noon().Add(time.Hour)}, 300, 599, 300},
			"to":      {audit.Query{To: noon().Add(time.Hour)}, 0, 299, 300},
			"indexes": {audit.Query{FirstIndex: 10, LastIndex: 290}, 10, 290, 281},
			"both":    {audit.Query{Case: "c-1", FirstIndex: 290, LastIndex: 310}, 290, 299, 10},
		} {
			got := w.entries(c.q)
			if len(got) != c.n || got[0].Index != c.first || got[len(got)-1].Index != c.last {
				t.Errorf("%s: got %d entries", name, len(got))
			}
		}
	})
}
