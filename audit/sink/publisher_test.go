package sink_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lastday"
	"lastday/audit"
	"lastday/audit/sink"
	"lastday/audit/store"
)

// memo is a place in memory that can be told to fail.
type memo struct {
	name string
	turn sync.Mutex
	all  []audit.Signed
	fail error
	deaf bool
}

func (m *memo) Name() string { return m.name }

func (m *memo) Put(_ context.Context, c audit.Signed) error {
	m.turn.Lock()
	defer m.turn.Unlock()
	if m.fail == nil {
		m.all = append(m.all, c)
	}
	return m.fail
}

func (m *memo) Last(context.Context) (audit.Signed, error) {
	m.turn.Lock()
	defer m.turn.Unlock()
	switch {
	case m.deaf:
		return audit.Signed{}, lastday.Errorf(lastday.CodeUnsupported, "memo", "deaf")
	case m.fail != nil:
		return audit.Signed{}, m.fail
	case len(m.all) == 0:
		return audit.Signed{}, lastday.Errorf(lastday.CodeNotFound, "memo", "empty")
	}
	return m.all[len(m.all)-1], nil
}

func (m *memo) count() int {
	m.turn.Lock()
	defer m.turn.Unlock()
	return len(m.all)
}

// desk is a log with a publisher.
type desk struct {
	*sink.Publisher
	t     *testing.T
	log   *store.Store
	key   *audit.Key
	keys  *audit.Keys
	clock atomic.Int64
	ticks chan time.Time
	said  lines
	seq   int
}

// lines is a log for people that a test reads.
type lines struct {
	turn sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.turn.Lock()
	defer l.turn.Unlock()
	return l.text.Write(p)
}

func (l *lines) has(text string) bool {
	l.turn.Lock()
	defer l.turn.Unlock()
	return strings.Contains(l.text.String(), text)
}

func (d *desk) now() time.Time { return noon().Add(time.Duration(d.clock.Load())) }

func newDesk(t *testing.T, sinks ...sink.Sink) *desk {
	t.Helper()
	d := &desk{t: t, ticks: make(chan time.Time)}
	d.key, d.keys = newKey(t)
	d.log = d.openLog(filepath.Join(t.TempDir(), "log.db"))
	d.Publisher = d.publisher(d.log, sinks...)
	return d
}

func (d *desk) openLog(path string) *store.Store {
	d.t.Helper()
	s, err := store.OpenSQLite(d.t.Context(), path, store.Options{Now: d.now, Key: d.key})
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = s.Close() })
	return s
}

func (d *desk) publisher(log sink.Log, sinks ...sink.Sink) *sink.Publisher {
	d.t.Helper()
	p, err := sink.NewPublisher(sink.Options{
		Log: log, Keys: d.keys, Sinks: sinks, Now: d.now, Logger: slog.New(slog.NewTextHandler(&d.said, nil)),
		Tick: func(time.Duration) (<-chan time.Time, func()) { return d.ticks, func() {} },
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return p
}

// grow appends n records to a log.
func (d *desk) grow(log *store.Store, n int) {
	d.t.Helper()
	for range n {
		d.seq++
		r := lastday.Record{ID: fmt.Sprintf("c/%d", d.seq), Case: "c", Seq: d.seq, At: d.now(), Kind: lastday.RecordNote}
		if _, err := log.Append(d.t.Context(), []lastday.Record{r}); err != nil {
			d.t.Fatal(err)
		}
	}
}

func (d *desk) publish() []sink.Status {
	d.t.Helper()
	all, err := d.Publish(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	return all
}

func TestEverySinkGetsTheNewestCheckpointOnce(t *testing.T) {
	one, two := &memo{name: "one"}, &memo{name: "two", deaf: true}
	d := newDesk(t, one, two)
	d.grow(d.log, 3)
	for range 3 {
		for i, s := range d.publish() {
			if s.Size != 3 || s.Lag != 0 || s.Code != "" || s.Taken != noon() {
				t.Errorf("%d: got %+v", i, s)
			}
		}
	}
	if one.count() != 1 || two.count() != 1 {
		t.Errorf("they got %d and %d", one.count(), two.count())
	}
	d.grow(d.log, 2)
	all := d.publish()
	if one.count() != 2 || two.count() != 2 || !all[0].Checked || all[1].Checked {
		t.Errorf("got %+v", all)
	}
	// Nothing came for a day: that is published, too.
	d.clock.Add(int64(25 * time.Hour))
	d.publish()
	if one.count() != 3 {
		t.Errorf("it got %d", one.count())
	}
}

func TestASinkThatFailsStopsNoOtherAndCatchesUp(t *testing.T) {
	broken := &memo{name: "broken"}
	well := &memo{name: "well"}
	d := newDesk(t, broken, well)
	d.grow(d.log, 2)
	d.publish()
	broken.fail = lastday.Errorf(lastday.CodeDenied, "memo", "no")
	d.clock.Add(int64(time.Hour))
	d.grow(d.log, 5)
	all, err := d.Publish(t.Context())
	if lastday.CodeOf(err) == "" || all[0].Code != lastday.CodeDenied || all[0].Lag != 5 || all[0].Behind != time.Hour || all[1].Size != 7 {
		t.Errorf("got %+v, %v", all, err)
	}
	broken.fail = nil
	if all := d.publish(); all[0].Size != 7 || all[0].Lag != 0 {
		t.Errorf("got %+v", all)
	}
}

func TestALogThatWasRewrittenIsFoundByWhatStandsElsewhere(t *testing.T) {
	for name, open := range places(t) {
		t.Run(name, func(t *testing.T) {
			p := open(t)
			d := newDesk(t, p)
			d.grow(d.log, 4)
			d.publish()
			// Whoever has the database and the key makes another log, as long or longer.
			for what, n := range map[string]int{"shorter": 2, "as long": 4, "longer": 9} {
				forged := d.openLog(filepath.Join(t.TempDir(), "forged.db"))
				d.seq = 0
				d.grow(forged, n)
				all, err := d.publisher(forged, p).Publish(t.Context())
				if err == nil || all[0].Code != lastday.CodeProtected {
					t.Errorf("%s: got %+v, %v", what, all, err)
				}
			}
			if got := p.holds(); len(got) != 1 {
				t.Errorf("%d checkpoints stand there", len(got))
			}
		})
	}
}

func TestWhatIsGoneOrForgedElsewhereIsFound(t *testing.T) {
	stranger, _ := newKey(t)
	for what, damage := range map[string]func(m *memo){
		"all gone":    func(m *memo) { m.all = nil },
		"newest gone": func(m *memo) { m.all = m.all[:1] },
		"not signed": func(m *memo) {
			c, err := stranger.Sign(m.all[1].Size, m.all[1].Root, noon())
			if err != nil {
				t.Fatal(err)
			}
			m.all = append(m.all, c)
		},
	} {
		m := &memo{name: "m"}
		d := newDesk(t, m)
		for range 2 {
			d.grow(d.log, 3)
			d.publish()
		}
		damage(m)
		n := m.count()
		d.grow(d.log, 1)
		if all, err := d.Publish(t.Context()); err == nil || all[0].Code != lastday.CodeProtected || m.count() != n {
			t.Errorf("%s: got %+v, %v", what, all, err)
		}
	}
}

func TestTwoPublishersOfOneLogDoNotDisturbEachOther(t *testing.T) {
	m := &memo{name: "m"}
	d := newDesk(t, m)
	other := d.publisher(d.log, m)
	d.grow(d.log, 2)
	d.publish()
	for range 3 {
		d.grow(d.log, 1)
		if _, err := other.Publish(t.Context()); err != nil {
			t.Error(err)
		}
		d.publish()
	}
	if m.count() != 4 {
		t.Errorf("it got %d", m.count())
	}
}

// behind is a log that gives an old checkpoint once, as it looks to a publisher
// that was overtaken.
type behind struct {
	sink.Log
	old *audit.Signed
}

func (b *behind) Renew(ctx context.Context, age time.Duration) (audit.Signed, error) {
	if c := b.old; c != nil {
		b.old = nil
		return *c, nil
	}
	return b.Log.Renew(ctx, age)
}

func TestAPublisherThatWasOvertakenRaisesNoAlarm(t *testing.T) {
	m := &memo{name: "m"}
	d := newDesk(t, m)
	d.grow(d.log, 2)
	old, err := d.log.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d.grow(d.log, 3)
	d.publish()
	late := d.publisher(&behind{d.log, &old}, m)
	all, err := late.Publish(t.Context())
	if err != nil || all[0].Code != "" || m.count() != 1 || all[0].Size != 5 {
		t.Errorf("got %+v, %v", all, err)
	}
}

func TestRunPublishesAtOnceAndAtEachTick(t *testing.T) {
	m, broken := &memo{name: "m"}, &memo{name: "broken", fail: lastday.Errorf(lastday.CodeTransient, "memo", "down")}
	d := newDesk(t, m, broken)
	d.grow(d.log, 1)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- d.Run(ctx, time.Minute) }()
	d.ticks <- noon() // taken when the first round is over
	d.ticks <- noon()
	d.grow(d.log, 1)
	d.ticks <- noon()
	d.ticks <- noon()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if m.count() != 2 || !d.said.has("sink=broken code=transient") {
		t.Errorf("it got %d; said %s", m.count(), d.said.text.String())
	}
}

func TestAPublisherLacksNothing(t *testing.T) {
	if _, err := sink.NewPublisher(sink.Options{}); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("got %v", err)
	}
	d := newDesk(t)
	_, err := sink.NewPublisher(sink.Options{
		Log: d.log, Keys: d.keys, Sinks: []sink.Sink{&memo{name: "m"}, &memo{name: "m"}}, Now: d.now, Logger: slog.New(slog.DiscardHandler),
		Tick: func(time.Duration) (<-chan time.Time, func()) { return nil, nil },
	})
	if lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("got %v", err)
	}
}
