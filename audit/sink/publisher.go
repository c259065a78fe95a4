package sink

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"lastday"
	"lastday/audit"
)

// Log is what a publisher needs of a store.
type Log interface {
	// Renew is the newest checkpoint, made if there is none that covers everything
	// or none so young.
	Renew(ctx context.Context, age time.Duration) (audit.Signed, error)
	// ProveTree shows that the larger tree begins with all of the smaller one.
	ProveTree(ctx context.Context, larger, smaller int64) (tlog.TreeProof, error)
	// Delivered is the newest checkpoint that the named sink is remembered to have
	// taken, and when; CodeNotFound: none.
	Delivered(ctx context.Context, sink string) (audit.Signed, time.Time, error)
	// SetDelivered remembers it.
	SetDelivered(ctx context.Context, sink string, c audit.Signed) error
}

// Options are what a publisher is given.
type Options struct {
	Log Log
	// Keys are the public keys of the log: what stands elsewhere must be signed.
	Keys  *audit.Keys
	Sinks []Sink
	// Heartbeat is how old the newest checkpoint may become while nothing is
	// appended; zero is a day.
	Heartbeat time.Duration
	// Each bounds the time that one sink may take; zero is two minutes.
	Each time.Duration
	// Now is the clock, and Tick ticks in the given interval until stop is called.
	Now    func() time.Time
	Tick   func(every time.Duration) (ticks <-chan time.Time, stop func())
	Logger *slog.Logger
}

// Publisher brings checkpoints to sinks. It is safe for concurrent use.
type Publisher struct {
	o    Options
	turn sync.Mutex
}

// NewPublisher makes a publisher. CodeInvalid: something is not given, or two
// sinks have the same name.
func NewPublisher(o Options) (*Publisher, error) {
	if o.Log == nil || o.Keys == nil || o.Now == nil || o.Tick == nil || o.Logger == nil {
		return nil, lastday.Errorf(lastday.CodeInvalid, "checkpoints: publish", "log, keys, clock, ticker and logger must be given")
	}
	names := map[string]bool{}
	for _, s := range o.Sinks {
		if s.Name() == "" || names[s.Name()] {
			return nil, lastday.Errorf(lastday.CodeInvalid, "checkpoints: publish", "a sink has no name, or two have the name %q", s.Name())
		}
		names[s.Name()] = true
	}
	if o.Heartbeat == 0 {
		o.Heartbeat = 24 * time.Hour
	}
	if o.Each == 0 {
		o.Each = 2 * time.Minute
	}
	return &Publisher{o: o}, nil
}

// Status is how far a sink is behind the log.
type Status struct {
	Sink string `json:"sink"`
	// Size and At are those of the checkpoint that it has, as far as we know; zero
	// if it has none. Taken is when it took it.
	Size  int64     `json:"size"`
	At    time.Time `json:"at,omitzero"`
	Taken time.Time `json:"taken,omitzero"`
	// Lag is how many entries no checkpoint there covers, and Behind since when the
	// oldest of them may have been there: the age of the checkpoint there.
	Lag    int64         `json:"lag"`
	Behind time.Duration `json:"behind"`
	// Checked says that what stood there before was read, is signed by this log,
	// and is the beginning of it.
	Checked bool         `json:"checked"`
	Code    lastday.Code `json:"code,omitempty"`
	Why     string       `json:"why,omitempty"`
}

// Publish brings the newest checkpoint to every sink, all at once. What became
// of each stands in its status, in their order; a sink that fails stops no
// other. The error tells of those that failed.
//
// CodeProtected in a status means that what stands there is not the beginning
// of this log: either it was tampered with there, or the log was rewritten here.
// It goes to a person, and nothing more is put there.
func (p *Publisher) Publish(ctx context.Context) ([]Status, error) {
	p.turn.Lock()
	defer p.turn.Unlock()
	c, err := p.o.Log.Renew(ctx, p.o.Heartbeat)
	if err != nil {
		return nil, err
	}
	all, failed := make([]Status, len(p.o.Sinks)), make([]error, len(p.o.Sinks))
	var running sync.WaitGroup
	for i, s := range p.o.Sinks {
		running.Go(func() { all[i], failed[i] = p.one(ctx, s, c) })
	}
	running.Wait()
	return all, errors.Join(failed...)
}

// one brings the checkpoint to one sink.
func (p *Publisher) one(ctx context.Context, s Sink, c audit.Signed) (Status, error) {
	ctx, cancel := context.WithTimeout(ctx, p.o.Each)
	defer cancel()
	checked, err := p.bring(ctx, s, c)
	status := p.status(ctx, s.Name(), c)
	status.Checked = checked
	if err == nil {
		return status, nil
	}
	status.Code, status.Why = lastday.CodeOf(err), err.Error()
	return status, lastday.Wrap(lastday.CodeOf(err), "checkpoints: publish", "sink "+s.Name(), err)
}

// bring compares what stands at a sink with the log, and puts the checkpoint
// there. It says whether something stood there that could be compared.
func (p *Publisher) bring(ctx context.Context, s Sink, c audit.Signed) (checked bool, err error) {
	before, _, err := p.o.Log.Delivered(ctx, s.Name())
	known := err == nil
	if err != nil && lastday.CodeOf(err) != lastday.CodeNotFound {
		return false, err
	}
	there, err := s.Last(ctx)
	switch code := lastday.CodeOf(err); {
	case err == nil:
		if err := p.compare(ctx, there, before, c); err != nil {
			return false, err
		}
		if there.Size > c.Size || there.Size == c.Size && !there.At.Before(c.At) {
			return true, p.remember(ctx, s.Name(), before, there) // it is there, or another process was faster
		}
	case code == lastday.CodeNotFound && known:
		return false, lastday.Errorf(lastday.CodeProtected, "checkpoints: compare", "it took a checkpoint of %d entries, and none stands there", before.Size)
	case code == lastday.CodeUnsupported && bytes.Equal(before.Text, c.Text):
		return false, nil
	case code != lastday.CodeNotFound && code != lastday.CodeUnsupported:
		return false, err
	}
	checked = err == nil
	if err := s.Put(ctx, c); err != nil {
		return checked, err
	}
	return checked, p.remember(ctx, s.Name(), before, c)
}

// remember notes what was delivered, unless it is known.
func (p *Publisher) remember(ctx context.Context, name string, before, c audit.Signed) error {
	if bytes.Equal(before.Text, c.Text) {
		return nil
	}
	return p.o.Log.SetDelivered(ctx, name, c)
}

// compare holds what stands somewhere against what we brought there, which may
// be nothing, and against the log as it is.
func (p *Publisher) compare(ctx context.Context, there, before, c audit.Signed) error {
	const op = "checkpoints: compare"
	if _, err := p.o.Keys.Open(there.Text); err != nil {
		return lastday.Wrap(lastday.CodeProtected, op, "what stands there is not of this log", err)
	}
	if there.Size < before.Size {
		return lastday.Errorf(lastday.CodeProtected, op, "it took a checkpoint of %d entries, and only one of %d stands there", before.Size, there.Size)
	}
	if there.Size > c.Size {
		// Another process may have been faster.
		newer, err := p.o.Log.Renew(ctx, p.o.Heartbeat)
		if err != nil {
			return err
		}
		c = newer
	}
	var proof tlog.TreeProof
	if there.Size <= c.Size {
		var err error
		if proof, err = p.o.Log.ProveTree(ctx, c.Size, there.Size); err != nil {
			return err
		}
	}
	return audit.CheckGrowth(there, c, proof)
}

func (p *Publisher) status(ctx context.Context, name string, c audit.Signed) Status {
	s := Status{Sink: name, Lag: c.Size}
	before, taken, err := p.o.Log.Delivered(ctx, name)
	if err != nil {
		return s
	}
	s.Size, s.At, s.Taken = before.Size, before.At, taken
	s.Lag = max(0, c.Size-before.Size)
	if s.Lag > 0 {
		s.Behind = max(0, p.o.Now().Sub(before.At))
	}
	return s
}

// Run publishes at once and then in the given interval, until the context
// ends. What fails is logged and tried again at the next tick.
func (p *Publisher) Run(ctx context.Context, every time.Duration) error {
	ticks, stop := p.o.Tick(every)
	defer stop()
	for {
		p.publishAndLog(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-ticks:
		}
	}
}

func (p *Publisher) publishAndLog(ctx context.Context) {
	all, err := p.Publish(ctx)
	if err != nil && len(all) == 0 {
		p.o.Logger.ErrorContext(ctx, "no checkpoint could be made", "op", "checkpoints: publish", "code", string(lastday.CodeOf(err)), "error", err.Error())
	}
	for _, s := range all {
		if s.Code != "" {
			p.o.Logger.ErrorContext(ctx, "a checkpoint was not published", "op", "checkpoints: publish", "sink", s.Sink, "code", string(s.Code), "lag", s.Lag, "error", s.Why)
		}
	}
}
