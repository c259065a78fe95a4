package app

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/activities"
	"lastday/audit"
	"lastday/audit/sink"
	"lastday/audit/store"
	"lastday/internal/config"
)

// heard collects what people are told.
type heard struct{ notices []activities.Notice }

func (h *heard) Tell(_ context.Context, n activities.Notice) error {
	h.notices = append(h.notices, n)
	return nil
}

// outside is a log, a place for its checkpoints, and who publishes them.
type outside struct {
	log   *store.Store
	place *sink.File
	told  *heard
	*publishing
}

func newOutside(t *testing.T) *outside {
	t.Helper()
	now := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	private, public, err := audit.NewKey("log.example")
	noError(t, err)
	key, err := audit.ParseKey(private)
	noError(t, err)
	keys, err := audit.ParseKeys(public)
	noError(t, err)
	clock := func() time.Time { return now }
	o := &outside{told: &heard{}}
	o.log, err = store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "log.db"), store.Options{Now: clock, Key: key})
	noError(t, err)
	t.Cleanup(func() { _ = o.log.Close() })
	o.place, err = sink.NewFile("outside", filepath.Join(t.TempDir(), "checkpoints.jsonl"))
	noError(t, err)
	publisher, err := sink.NewPublisher(sink.Options{Log: o.log, Keys: keys, Sinks: []sink.Sink{o.place}, Now: clock, Tick: tick, Logger: slog.New(slog.DiscardHandler)})
	noError(t, err)
	parts := &Parts{Config: config.Config{}, deps: Deps{Now: clock, Log: slog.New(slog.DiscardHandler)}}
	o.publishing = &publishing{publisher: publisher, parts: parts, teller: o.told, told: map[string]time.Time{}}
	_, err = o.log.Append(t.Context(), []lastday.Record{{ID: "c/1", Case: "c", Seq: 1, At: now, Kind: lastday.RecordNote, What: "a fact"}})
	noError(t, err)
	return o
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestNothingIsSignedBeforeTheFirstTickAndEverythingAtTheEnd(t *testing.T) {
	o := newOutside(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); o.run(ctx, make(chan time.Time)) }()
	if signed, err := o.log.Checkpoints(t.Context()); err != nil || len(signed) != 0 {
		t.Errorf("%d checkpoints before the first tick, %v", len(signed), err)
	}
	stop()
	<-ended
	if last, err := o.place.Last(t.Context()); err != nil || last.Size != 1 {
		t.Errorf("outside stands %+v, %v", last, err)
	}
}

func TestALogThatIsNotTheOneThatWasSignedIsToldToAPersonOnce(t *testing.T) {
	o, other := newOutside(t), newOutside(t)
	other.once(t.Context())
	stranger, err := other.place.Last(t.Context())
	noError(t, err)
	noError(t, o.place.Put(t.Context(), stranger))
	o.once(t.Context())
	o.once(t.Context())
	if len(o.told.notices) != 1 {
		t.Fatalf("people were told %d times: %+v", len(o.told.notices), o.told.notices)
	}
	if n := o.told.notices[0]; !n.Urgent || !strings.Contains(n.Text, "outside") {
		t.Errorf("told: %+v", n)
	}
}
