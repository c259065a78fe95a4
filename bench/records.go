package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"lastday"
	"lastday/audit"
	"lastday/audit/store"
)

// measureRecords fills a log of records in a SQLite file, and asks it for proofs.
func measureRecords(ctx context.Context, o options) (section, error) {
	total := 1_000_000
	if o.quick {
		total = 4000
	}
	s := section{
		Title: fmt.Sprintf("A log of %s records", thousands(fmt.Sprint(total))),
		How:   "Records of changes, as most are, appended to a SQLite file; each batch is on the disk before the next begins. One process, one writer.",
	}
	dir, err := os.MkdirTemp("", "lastday-bench-")
	if err != nil {
		return s, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // What is left lies in a temporary folder.
	l, err := openRecords(ctx, o, filepath.Join(dir, "log.db"))
	if err != nil {
		return s, err
	}
	defer l.store.Close() //nolint:errcheck // Nothing is to be kept.
	if err := l.measureAppends(ctx, &s, total); err != nil {
		return s, err
	}
	if err := l.measureProofs(ctx, &s); err != nil {
		return s, err
	}
	if err := l.measureSize(&s); err != nil {
		return s, err
	}
	s.Note = "One run."
	return s, l.measureVerify(ctx, &s)
}

// recordLog is a log that is being filled.
type recordLog struct {
	o     options
	path  string
	store *store.Store
	keys  *audit.Keys
	// records and bytes are how many were appended so far, cases how many cases they are of.
	records, cases int
	bytes          int
}

func openRecords(ctx context.Context, o options, path string) (*recordLog, error) {
	private, public, err := audit.NewKey("bench.example/log")
	if err != nil {
		return nil, err
	}
	key, err := audit.ParseKey(private)
	if err != nil {
		return nil, err
	}
	keys, err := audit.ParseKeys(public)
	if err != nil {
		return nil, err
	}
	s, err := store.OpenSQLite(ctx, path, store.Options{Now: o.now, Key: key})
	return &recordLog{o: o, path: path, store: s, keys: keys}, err
}

// fill appends n records in batches of a size, each batch a case, and returns
// how many a second.
func (l *recordLog) fill(ctx context.Context, n, size int) (float64, error) {
	var within time.Duration
	for range n / size {
		batch, err := l.batch(size)
		if err != nil {
			return 0, err
		}
		began := l.o.now()
		if _, err := l.store.Append(ctx, batch); err != nil {
			return 0, err
		}
		within += l.o.now().Sub(began)
	}
	return float64(n/size*size) / within.Seconds(), nil
}

func (l *recordLog) batch(size int) ([]lastday.Record, error) {
	l.cases++
	batch := make([]lastday.Record, size)
	for i := range batch {
		batch[i] = changeRecord(fmt.Sprintf("c-%d", l.cases), i+1, l.o.now())
		body, err := batch[i].Bytes()
		if err != nil {
			return nil, err
		}
		l.bytes += len(body)
	}
	l.records += size
	return batch, nil
}

// changeRecord is a record of what became of one change.
func changeRecord(of string, seq int, at time.Time) lastday.Record {
	at = at.UTC()
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

func (l *recordLog) measureAppends(ctx context.Context, s *section, total int) error {
	for _, c := range []struct {
		size, n int
		means   string
	}{
		{1, total / 500, "one at a time: the wait for the disk is most of it"},
		{20, total / 50, "20 at a time, about what one stage of one system makes"},
		{store.MostRecords, total - total/500 - total/50, "the most at a time; this fills the log"},
	} {
		rate, err := l.fill(ctx, c.n, c.size)
		if err != nil {
			return err
		}
		s.add(fmt.Sprintf("appended, %d at a time", c.size), rate, "1/s", c.means)
	}
	return nil
}

func (l *recordLog) measureProofs(ctx context.Context, s *section) error {
	began := l.o.now()
	c, err := l.store.Checkpoint(ctx)
	if err != nil {
		return err
	}
	s.add("checkpoint", milliseconds(l.o.now().Sub(began)), "ms", fmt.Sprintf("to sign the log with %s records, the proof that it begins with what was signed before included", thousands(fmt.Sprint(c.Size))))
	var times []time.Duration
	for i := range int64(1000) {
		index := i * 7919 % c.Size
		began := l.o.now()
		proof, err := l.store.Prove(ctx, index, c.Size)
		if err != nil {
			return err
		}
		times = append(times, l.o.now().Sub(began))
		for e, err := range l.store.Entries(ctx, audit.Query{FirstIndex: index, LastIndex: max(1, index)}) {
			if err == nil && e.Index == index {
				err = audit.CheckEntry(e, proof, c)
			}
			if err != nil {
				return err
			}
		}
	}
	slices.Sort(times)
	s.add("proof p50", milliseconds(times[len(times)/2]), "ms", "to prove one record, half are faster; each proof was checked")
	s.add("proof p95", milliseconds(times[len(times)*95/100]), "ms", "to prove one record, 95 of 100 are faster")
	return nil
}

func (l *recordLog) measureSize(s *section) error {
	size := int64(0)
	for _, end := range []string{"", "-wal"} {
		info, err := os.Stat(l.path + end)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		size += info.Size()
	}
	n := float64(l.records)
	s.add("database per record", float64(size)/n, "B", fmt.Sprintf("on disk, of which %.0f are the record itself, and the rest its salt, leaf, tree and indexes", float64(l.bytes)/n))
	return nil
}

func (l *recordLog) measureVerify(ctx context.Context, s *section) error {
	began := l.o.now()
	v, err := l.store.Verify(ctx, l.keys, audit.Tolerance{})
	if err != nil {
		return err
	}
	took := l.o.now().Sub(began)
	if !v.Clean() || v.Size != int64(l.records) {
		return fmt.Errorf("the log of %d records is not clean: %d entries, %v", l.records, v.Size, v.Findings)
	}
	s.add("verify all", took.Seconds(), "s", "every record, the whole tree and every checkpoint, read from the file")
	s.add("verified", float64(l.records)/took.Seconds(), "1/s", "records a second")
	return nil
}
