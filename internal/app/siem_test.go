package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lastday"
	"lastday/audit"
	"lastday/audit/siem"
	"lastday/audit/store"
)

// receiver is a security tool that keeps what it gets, and may be down.
type receiver struct {
	mu   sync.Mutex
	got  []string
	down bool
	// lost loses the answer of one batch that arrived.
	lost bool
}

// Send takes events.
func (r *receiver) Send(_ context.Context, events []siem.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.down {
		return lastday.Errorf(lastday.CodeTransient, "receiver", "down")
	}
	for _, e := range events {
		r.got = append(r.got, e.ID)
	}
	if r.lost {
		r.lost = false
		return lastday.Errorf(lastday.CodeTransient, "receiver", "no answer")
	}
	return nil
}

// Close does nothing.
func (r *receiver) Close() error { return nil }

// openLog opens a log in memory, with a clock that the test turns.
func openLog(t *testing.T, now func() time.Time) *store.Store {
	t.Helper()
	private, _, err := audit.NewKey("log.example")
	noError(t, err)
	key, err := audit.ParseKey(private)
	noError(t, err)
	log, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "log.db"), store.Options{Now: now, Key: key})
	noError(t, err)
	t.Cleanup(func() { _ = log.Close() })
	return log
}

// write appends records of a case, the first of which names the person.
func write(t *testing.T, log *store.Store, of string, from, to int, kind lastday.RecordKind) {
	t.Helper()
	var records []lastday.Record
	for i := from; i <= to; i++ {
		r := lastday.Record{ID: fmt.Sprintf("%s/%d", of, i), Case: of, Seq: i, At: noon(), Kind: kind, Person: "p-1", What: "x"}
		if i == 1 {
			r.Kind, r.Subject = lastday.RecordSubject, &lastday.SubjectFact{Name: "Kim Lee"}
		}
		records = append(records, r)
	}
	if _, err := log.Append(t.Context(), records); err != nil {
		t.Fatal(err)
	}
}

func noon() time.Time { return time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC) }

func newStream(t *testing.T, log *store.Store, holder string, to siem.Transport) *stream {
	t.Helper()
	encoder, err := siem.New(siem.ECS, "", "test")
	if err != nil {
		t.Fatal(err)
	}
	return &stream{name: "tool", holder: holder, log: log, encoder: encoder, transport: to, logger: slog.New(slog.DiscardHandler)}
}

// ids are those of the records of a case that have events.
func ids(of string, from, to int) string {
	var all []string
	for i := from; i <= to; i++ {
		all = append(all, fmt.Sprintf("%s/%d", of, i))
	}
	return strings.Join(all, " ")
}

func TestEachRecordIsToldOnceAndInItsOrder(t *testing.T) {
	log, tool := openLog(t, noon), &receiver{}
	s := newStream(t, log, "one", tool)
	write(t, log, "c-1", 1, 700, lastday.RecordNote)
	for range 2 {
		if err := s.send(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	write(t, log, "c-1", 701, 703, lastday.RecordNote)
	if err := s.send(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(tool.got, " "); got != ids("c-1", 2, 703) {
		t.Errorf("got %s", got)
	}
}

func TestWhatDidNotArriveIsToldAgain(t *testing.T) {
	log, tool := openLog(t, noon), &receiver{down: true}
	s := newStream(t, log, "one", tool)
	write(t, log, "c-1", 1, 3, lastday.RecordNote)
	if err := s.send(t.Context()); lastday.CodeOf(err) != lastday.CodeTransient || !strings.Contains(err.Error(), "entry 0") {
		t.Errorf("got %v", err)
	}
	tool.down, tool.lost = false, true
	if err := s.send(t.Context()); err == nil {
		t.Error("an answer that was lost counts as arrived")
	}
	if err := s.send(t.Context()); err != nil {
		t.Error(err)
	}
	if got, twice := strings.Join(tool.got, " "), ids("c-1", 2, 3)+" "+ids("c-1", 2, 3); got != twice {
		t.Errorf("got %s", got)
	}
}

func TestOneWorkerTellsAndAnotherTakesOver(t *testing.T) {
	now := noon()
	log, tool := openLog(t, func() time.Time { return now }), &receiver{}
	first, second := newStream(t, log, "one", tool), newStream(t, log, "two", tool)
	write(t, log, "c-1", 1, 3, lastday.RecordNote)
	for _, s := range []*stream{first, second, second} {
		if err := s.send(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	write(t, log, "c-1", 4, 5, lastday.RecordNote)
	now = now.Add(streamKeep)
	if err := second.send(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(tool.got, " "); got != ids("c-1", 2, 5) {
		t.Errorf("got %s", got)
	}
}

func TestAStreamGoesOnWithEveryTickUntilItIsStopped(t *testing.T) {
	log, tool := openLog(t, noon), &receiver{down: true}
	s := newStream(t, log, "one", tool)
	ticks := make(chan time.Time)
	s.tick = func(time.Duration) (<-chan time.Time, func()) { return ticks, func() {} }
	write(t, log, "c-1", 1, 2, lastday.RecordNote)
	wait := background(t.Context(), s.run)
	ticks <- noon()
	tool.mu.Lock()
	tool.down = false
	tool.mu.Unlock()
	for range 3 {
		ticks <- noon()
	}
	wait()
	if got := strings.Join(tool.got, " "); got != "c-1/2" {
		t.Errorf("got %s", got)
	}
}

func TestAReceiverThatRefusesIsAskedEverLessOften(t *testing.T) {
	later := &lastday.Error{Code: lastday.CodeRateLimited, RetryAfter: time.Hour}
	refused := lastday.Errorf(lastday.CodeInvalid, "receiver", "refused")
	s := &stream{logger: slog.New(slog.DiscardHandler)}
	var tr trouble
	var waits []int
	for _, err := range []error{refused, refused, refused, refused, fmt.Errorf("from entry 7 on: %w", later), refused, nil, refused} {
		tr.take(s, err, true)
		waits = append(waits, tr.wait)
	}
	if got := fmt.Sprint(waits); got != "[0 1 3 7 720 31 0 0]" {
		t.Errorf("waits for %s ticks", got)
	}
	for range 30 {
		tr.take(s, refused, true)
	}
	if tr.wait != mostWait {
		t.Errorf("waits for %d ticks, at most %d", tr.wait, mostWait)
	}
}

// refuser counts how often it is asked, and takes nothing.
type refuser struct{ asked atomic.Int64 }

// Send refuses.
func (r *refuser) Send(context.Context, []siem.Event) error {
	r.asked.Add(1)
	return &lastday.Error{Code: lastday.CodeRateLimited, RetryAfter: 2 * streamEvery}
}

// Close does nothing.
func (r *refuser) Close() error { return nil }

func TestAReceiverIsNotAskedBeforeItWantsToBe(t *testing.T) {
	log, tool := openLog(t, noon), &refuser{}
	s := newStream(t, log, "one", tool)
	ticks := make(chan time.Time)
	s.tick = func(time.Duration) (<-chan time.Time, func()) { return ticks, func() {} }
	write(t, log, "c-1", 1, 2, lastday.RecordNote)
	wait := background(t.Context(), s.run)
	ticks <- noon()
	ticks <- noon()
	wait()
	if n := tool.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

func TestAFileOfEventsSurvivesACrashAndARotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	f := &eventFile{path: path}
	send := func(lines ...string) {
		t.Helper()
		var events []siem.Event
		for _, l := range lines {
			events = append(events, siem.Event{Line: []byte(l)})
		}
		if err := f.Send(t.Context(), events); err != nil {
			t.Fatal(err)
		}
	}
	send("{1}", "{2}")
	if err := os.WriteFile(path, []byte("{1}\n{2}\n{3"), 0o600); err != nil { // cut short by a crash
		t.Fatal(err)
	}
	send("{3}")
	if text, err := os.ReadFile(path); err != nil || string(text) != "{1}\n{2}\n{3\n{3}\n" {
		t.Errorf("%q, %v", text, err)
	}
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	send("{4}")
	if text, err := os.ReadFile(path); err != nil || string(text) != "{4}\n" {
		t.Errorf("%q, %v", text, err)
	}
	err := (&eventFile{path: filepath.Join(path, "none")}).Send(t.Context(), []siem.Event{{Line: []byte("{}")}})
	if lastday.CodeOf(err) != lastday.CodeTransient || errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
