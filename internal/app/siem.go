package app

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"lastday"
	"lastday/audit"
	"lastday/audit/siem"
	"lastday/audit/store"
	"lastday/internal/config"
)

// The configurations of the ways to security tools, as the file has them.
type (
	fileStream struct {
		Path string `yaml:"path"`
	}
	syslogStream struct {
		Network  string `yaml:"network"`
		Address  string `yaml:"address"`
		CA       string `yaml:"ca"`
		Host     string `yaml:"host"`
		Facility *int   `yaml:"facility"`
	}
	webhookStream struct {
		URL    string `yaml:"url"`
		Secret string `yaml:"secret"`
		Batch  int    `yaml:"batch"`
	}
)

const (
	// streamEvery is how soon a new record is told.
	streamEvery = 5 * time.Second
	// streamKeep is for how long the worker that sends keeps others from sending;
	// after it, another one goes on.
	streamKeep = 2 * time.Minute
	// streamBatch is how many entries are read and sent before it is remembered.
	streamBatch = 500
	// logAudit is syslog's facility for what is logged for audits.
	logAudit = 13
)

// stream tells the records of the log to one security tool, in their order. How
// far it came is kept in the log's database, after it arrived: what is not known
// to have arrived is sent again, and nothing is passed over.
type stream struct {
	name, holder string
	log          *store.Store
	encoder      *siem.Encoder
	transport    siem.Transport
	logger       *slog.Logger
	tick         func(every time.Duration) (<-chan time.Time, func())
}

// openStreams makes the streams that the configuration names.
func (p *Parts) openStreams(ctx context.Context, log *store.Store) ([]*stream, error) {
	var all []*stream
	for i, c := range p.Config.SIEM {
		encoder, err := siem.New(c.Format, c.Schema, Version())
		if err == nil {
			var transport siem.Transport
			if transport, err = p.openTransport(ctx, c); err == nil {
				all = append(all, &stream{
					name: c.ID(), holder: rand.Text(), log: log, encoder: encoder, transport: transport, logger: p.deps.Log, tick: tick,
				})
			}
		}
		if err != nil {
			return nil, lastday.Wrap(lastday.CodeOf(err), "siem", fmt.Sprintf("siem[%d]", i), err)
		}
	}
	return all, nil
}

func (p *Parts) openTransport(ctx context.Context, c config.Stream) (siem.Transport, error) {
	switch c.Kind {
	case "file":
		var f fileStream
		if err := c.Config.Decode(&f); err != nil {
			return nil, err
		}
		if f.Path == "" {
			return nil, lastday.Errorf(lastday.CodeInvalid, "siem: file", "path: say which file")
		}
		return &eventFile{path: p.Config.Path(f.Path)}, nil
	case "syslog":
		return p.openSyslog(c)
	case "webhook":
		return p.openEventHook(ctx, c)
	}
	return nil, lastday.Errorf(lastday.CodeInvalid, "siem", "there is no way of kind %q; there are: file, syslog, webhook", c.Kind)
}

func (p *Parts) openSyslog(c config.Stream) (siem.Transport, error) {
	s := syslogStream{Network: "tls"}
	if err := c.Config.Decode(&s); err != nil {
		return nil, err
	}
	facility := logAudit
	if s.Facility != nil {
		facility = *s.Facility
	}
	made := siem.SyslogConfig{Network: s.Network, Address: s.Address, Facility: facility, Host: s.Host, Now: time.Now}
	if s.Host == "" {
		made.Host, _ = os.Hostname() // Without one the messages say so.
	}
	if s.CA != "" {
		text, err := os.ReadFile(p.Config.Path(s.CA))
		roots := x509.NewCertPool()
		if err != nil || !roots.AppendCertsFromPEM(text) {
			return nil, lastday.Wrap(lastday.CodeInvalid, "siem: syslog", "ca: no file with certificates in PEM", err)
		}
		made.TLS = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	}
	return siem.NewSyslog(made)
}

func (p *Parts) openEventHook(ctx context.Context, c config.Stream) (siem.Transport, error) {
	var w webhookStream
	if err := c.Config.Decode(&w); err != nil {
		return nil, err
	}
	secret, err := p.deps.Secret(ctx, w.Secret)
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		// The cause is not repeated: it would quote the secret.
		return nil, lastday.Errorf(lastday.CodeInvalid, "siem: webhook", "secret: must be whsec_ and at least 24 bytes in base64")
	}
	return siem.NewWebhook(siem.WebhookConfig{URL: w.URL, Key: key, Transport: p.deps.Transport, Batch: w.Batch, Now: time.Now})
}

// stream sends events until ctx ends.
func (w *Worker) stream(ctx context.Context) (wait func()) {
	var all []func()
	for _, s := range w.streams {
		all = append(all, background(ctx, s.run))
	}
	return func() {
		var waiting sync.WaitGroup
		for _, one := range all {
			waiting.Go(one)
		}
		waiting.Wait()
	}
}

// run sends what is new, until ctx ends. What fails is logged once, and tried
// again: soon at first, then ever less often, and not before the receiver asks
// for it. A part of what fails may arrive each time.
func (s *stream) run(ctx context.Context) {
	ticks, stop := s.tick(streamEvery)
	defer stop()
	defer func() { _ = s.transport.Close() }() // Everything that was sent was acknowledged.
	var t trouble
	for {
		if t.wait > 0 {
			t.wait--
		} else {
			t.take(s, s.send(ctx), ctx.Err() == nil)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks:
		}
	}
}

// trouble is that of a stream: how often it failed in a row, for how many ticks
// it waits, and the code that was logged.
type trouble struct {
	failed, wait int
	said         string
}

// mostWait is for how many ticks a stream that fails waits at most by itself: 5 minutes.
const mostWait = int(5 * time.Minute / streamEvery)

func (t *trouble) take(s *stream, err error, goesOn bool) {
	code := string(lastday.CodeOf(err))
	if err == nil {
		if t.said != "" {
			s.logger.Info("events arrive again", "op", "siem", "stream", s.name)
		}
		*t = trouble{}
		return
	}
	if goesOn && t.said != code {
		s.logger.Error("events do not arrive; they wait, none is left out", "op", "siem", "stream", s.name, "code", code, "error", err.Error())
		t.said = code
	}
	t.wait = min(1<<min(t.failed, 10)-1, mostWait)
	if asked := lastday.RetryAfterOf(err); asked > 0 {
		t.wait = int(asked / streamEvery)
	}
	t.failed++
}

// send sends everything that is new, if no other worker does.
func (s *stream) send(ctx context.Context) error {
	for {
		next, mine, err := s.log.Claim(ctx, s.name, s.holder, streamKeep)
		if err != nil || !mine {
			return err
		}
		events, after, err := eventsFrom(ctx, s.log, s.encoder, next)
		if err != nil || after == next {
			return err
		}
		if len(events) > 0 {
			if err := s.sendWithin(ctx, events); err != nil {
				return fmt.Errorf("from entry %d on: %w", next, err)
			}
		}
		if err := s.log.Advance(ctx, s.name, s.holder, after); err != nil {
			return err
		}
	}
}

// sendWithin gives up before another worker may take over.
func (s *stream) sendWithin(ctx context.Context, events []siem.Event) error {
	sending, cancel := context.WithTimeout(ctx, streamKeep/2)
	defer cancel()
	return s.transport.Send(sending, events)
}

// eventsFrom reads the events of the next entries, and the index after them. An
// erased entry has none.
func eventsFrom(ctx context.Context, log audit.Source, encoder *siem.Encoder, from int64) (events []siem.Event, after int64, err error) {
	after = from
	for e, err := range log.Entries(ctx, audit.Query{FirstIndex: from, LastIndex: from + streamBatch - 1}) {
		if err != nil {
			return nil, from, err
		}
		made, err := eventsOf(encoder, e)
		if err != nil {
			return nil, from, err
		}
		events, after = append(events, made...), e.Index+1
	}
	return events, after, nil
}

func eventsOf(encoder *siem.Encoder, e audit.Entry) ([]siem.Event, error) {
	if e.Erased() {
		return nil, nil
	}
	r, err := lastday.ParseRecord(e.Body)
	if err != nil {
		return nil, err
	}
	return encoder.Events(r)
}

// Events writes the events of the log as JSON lines, from an entry on, and gives
// the index after the last one that was written.
func (a Archive) Events(ctx context.Context, w io.Writer, encoder *siem.Encoder, from int64) (after int64, err error) {
	out := siem.NewLines(w)
	for {
		events, next, err := eventsFrom(ctx, a.Records, encoder, from)
		if err != nil || next == from {
			return from, err
		}
		if len(events) > 0 {
			if err := out.Send(ctx, events); err != nil {
				return from, err
			}
		}
		from = next
	}
}

// IndexAt is the index of the first entry that was appended at a time or later;
// the size of the log if there is none.
func (a Archive) IndexAt(ctx context.Context, at time.Time) (int64, error) {
	for e, err := range a.Records.Entries(ctx, audit.Query{From: at}) {
		return e.Index, err
	}
	return a.Records.Size(ctx)
}

// eventFile appends events to a file. It is opened anew for each batch, so that
// it may be rotated, and a batch is on the disk before it counts as sent.
type eventFile struct{ path string }

// Send appends the events.
func (f *eventFile) Send(ctx context.Context, events []siem.Event) error {
	file, err := os.OpenFile(f.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return lastday.Wrap(lastday.CodeTransient, "siem: file", "open", plainPath(err))
	}
	err = endLine(file)
	if err == nil {
		err = siem.NewLines(file).Send(ctx, events)
	}
	if err := cmp.Or(err, file.Sync()); err != nil {
		return lastday.Wrap(lastday.CodeTransient, "siem: file", "write", errors.Join(plainPath(err), file.Close()))
	}
	return file.Close()
}

// endLine ends a line that a crash cut short: what follows is a line of its own.
func endLine(file *os.File) error {
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return err
	}
	last := make([]byte, 1)
	if _, err := file.ReadAt(last, info.Size()-1); err != nil || bytes.Equal(last, []byte{'\n'}) {
		return err
	}
	_, err = file.WriteString("\n")
	return err
}

// Close does nothing: no file is open between two batches.
func (f *eventFile) Close() error { return nil }
