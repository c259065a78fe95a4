package store_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"lastday"
	"lastday/audit"
	"lastday/audit/store"
)

// change is a record as most are: what became of one change.
func change(of string, seq int, at time.Time) lastday.Record {
	return lastday.Record{
		ID: fmt.Sprintf("%s/%d", of, seq), Case: of, Seq: seq, At: at, Kind: lastday.RecordChange, Person: "p-" + of, System: "git", Stage: "cut",
		What: "team Core: maintainer to none", Workflow: "case/" + of, Run: "0f8e1a52-5d2c-4c0b-9d0e-3a6f1b7c2d4e", Event: 10 * seq,
		Change: &lastday.ChangeFact{
			ID: fmt.Sprintf("ch-%d", seq), Account: lastday.Account{System: "git", ID: "4242", Login: "kim"}, Grant: fmt.Sprintf("team/%d", seq), Kind: "team",
			Resource: lastday.Resource{ID: fmt.Sprintf("team-%d", seq), Name: "Core"}, From: "maintainer", To: "none", Before: "maintainer", After: "none",
			Level: lastday.LevelAdmin, Outcome: lastday.OutcomeApplied, Proof: lastday.ProofObserved, Due: at, Done: at, Seen: at,
			Requests: []lastday.Request{{What: "DELETE team membership", ID: "AB12:34CD:56EF", Status: 204, At: at}},
		},
	}
}

func benchLog(b *testing.B) *store.Store {
	b.Helper()
	private, _, err := audit.NewKey(origin)
	if err != nil {
		b.Fatal(err)
	}
	key, err := audit.ParseKey(private)
	if err != nil {
		b.Fatal(err)
	}
	s, err := store.OpenSQLite(b.Context(), filepath.Join(b.TempDir(), "log.db"), store.Options{Now: noon, Key: key})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	return s
}

// BenchmarkAppend writes records in batches as cases do, each on the disk
// before the next.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1, 20, 1000} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			s := benchLog(b)
			n := 0
			for b.Loop() {
				batch := make([]lastday.Record, size)
				for i := range batch {
					batch[i] = change(fmt.Sprintf("c-%d", n), i+1, noon())
				}
				n++
				if _, err := s.Append(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(size)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
