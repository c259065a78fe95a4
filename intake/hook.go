package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"lastday"
	"lastday/integrations/hr"
)

// news is a delivery on its way through the receiver.
type news struct {
	source   hr.Source
	body     []byte
	digest   string
	at       time.Time
	verified hr.Verified
}

// result is what a delivery came to, for the log.
type result struct {
	outcome  Outcome
	secret   string
	delivery string
	events   int
}

func (r *receiver) hook(w http.ResponseWriter, q *http.Request) {
	begin := time.Now()
	ctx, cancel := context.WithTimeoutCause(q.Context(), r.Deadline, errSlow())
	defer cancel()
	name := "unknown"
	source, known := r.sources[q.PathValue("source")]
	var res result
	err := refuse(OutcomeNoSource, lastday.CodeNotFound, "no source has that name")
	if known {
		name = source.Name()
		res, err = r.take(ctx, w, q, source)
	}
	res.outcome = outcomeOf(res.outcome, err)
	r.answer(w, res.outcome)
	r.Metrics.Delivered(name, res.outcome, time.Since(begin))
	r.note(ctx, name, res, err)
}

func outcomeOf(good Outcome, err error) Outcome {
	var no *refused
	switch {
	case err == nil:
		return good
	case errors.As(err, &no):
		return no.outcome
	}
	return OutcomeFailed
}

func (r *receiver) answer(w http.ResponseWriter, outcome Outcome) {
	status := outcome.Status()
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
	}
	say(w, status, string(outcome))
}

// note writes the one line about a delivery: never its body, never a header.
func (r *receiver) note(ctx context.Context, source string, res result, err error) {
	attrs := []slog.Attr{
		slog.String("op", "intake: hook"), slog.String("source", source), slog.String("outcome", string(res.outcome)),
		slog.String("delivery", res.delivery), slog.String("secret", res.secret), slog.Int("events", res.events),
	}
	level := slog.LevelInfo
	if err != nil {
		level = slog.LevelWarn
		attrs = append(attrs, slog.String("code", string(lastday.CodeOf(err))), slog.String("error", err.Error()))
	}
	if res.outcome == OutcomeParked {
		level = slog.LevelWarn
	}
	if res.outcome.Status() == http.StatusServiceUnavailable {
		level = slog.LevelError
	}
	r.Log.LogAttrs(ctx, level, "delivery", attrs...)
}

// take goes through the sequence: bounds, then the sender, then the meaning,
// then the hand-over.
func (r *receiver) take(ctx context.Context, w http.ResponseWriter, q *http.Request, source hr.Source) (result, error) {
	select {
	case r.gate <- struct{}{}:
		defer func() { <-r.gate }()
	default:
		return result{}, refuse(OutcomeBusy, lastday.CodeTransient, "%d deliveries are being worked on", r.MaxInFlight)
	}
	if err := checkMedia(q.Header); err != nil {
		return result{}, err
	}
	body, err := r.read(ctx, w, q)
	if err != nil {
		return result{}, err
	}
	n := news{source: source, body: body, at: r.Now()}
	sum := sha256.Sum256(body)
	n.digest = hex.EncodeToString(sum[:])
	if n.verified, err = r.verify(ctx, source, q.Header, body, n.at); err != nil {
		return result{}, err
	}
	return r.handOver(ctx, n)
}

// checkMedia allows JSON alone. An encoded body could grow without bound, and
// the signature would be over other bytes than those that are read.
func checkMedia(header http.Header) error {
	if header.Get("Content-Encoding") != "" {
		return refuse(OutcomeMediaType, lastday.CodeInvalid, "an encoded body is not taken")
	}
	media, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return refuse(OutcomeMediaType, lastday.CodeInvalid, "the content type is missing or malformed")
	}
	charset, given := params["charset"]
	if given && !strings.EqualFold(charset, "utf-8") {
		return refuse(OutcomeMediaType, lastday.CodeInvalid, "only utf-8 is taken")
	}
	switch media {
	case "application/json", "application/cloudevents+json", "application/cloudevents-batch+json":
		return nil
	}
	return refuse(OutcomeMediaType, lastday.CodeInvalid, "only JSON is taken")
}

// read takes the body within the bounds of size and time.
func (r *receiver) read(ctx context.Context, w http.ResponseWriter, q *http.Request) ([]byte, error) {
	tooLarge := refuse(OutcomeTooLarge, lastday.CodeInvalid, "the body is larger than %d bytes", r.MaxBody)
	if q.ContentLength > r.MaxBody {
		return nil, tooLarge
	}
	if deadline, ok := ctx.Deadline(); ok {
		// Not every writer can do that; those of net/http can.
		_ = http.NewResponseController(w).SetReadDeadline(deadline)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, q.Body, r.MaxBody))
	var large *http.MaxBytesError
	switch {
	case err == nil:
		return body, nil
	case errors.As(err, &large):
		return nil, tooLarge
	case isTimeout(ctx, err):
		return nil, refuse(OutcomeSlow, lastday.CodeTransient, "the body came too slowly")
	}
	return nil, refuse(OutcomeBroken, lastday.CodeInvalid, "the body broke off")
}

func isTimeout(ctx context.Context, err error) bool {
	var timeout interface{ Timeout() bool }
	return ctx.Err() != nil || errors.As(err, &timeout) && timeout.Timeout()
}

func (r *receiver) verify(ctx context.Context, s hr.Source, header http.Header, body []byte, now time.Time) (hr.Verified, error) {
	var stale error
	if fresh, ok := s.(hr.Refresher); ok {
		stale = fresh.Refresh(ctx, now)
	}
	verified, err := s.Verify(header, body, now)
	if err != nil && stale != nil && verifyOutcome(err) == OutcomeSecret {
		err = stale // it names the secret
	}
	if err != nil {
		return hr.Verified{}, &refused{outcome: verifyOutcome(err), err: err}
	}
	if stale != nil {
		r.Log.WarnContext(ctx, "a secret cannot be read", "op", "intake: refresh", "source", s.Name(),
			"code", string(lastday.CodeOf(stale)), "error", stale.Error())
	}
	return verified, nil
}

// handOver parses and hands over every event by itself. It stops at the first
// that fails: the sender tries again, and those before are then duplicates.
func (r *receiver) handOver(ctx context.Context, n news) (result, error) {
	deliveries := r.deliveries(n)
	res := result{outcome: OutcomeIgnored, secret: n.verified.SecretID, events: len(deliveries)}
	duplicates, parked := 0, false
	for _, d := range deliveries {
		res.delivery = lastday.OpaqueKey(d.Source, d.ID)
		duplicate, err := r.Handover.Accept(ctx, d)
		if ctx.Err() != nil && err != nil {
			return res, &refused{outcome: OutcomeSlow, err: context.Cause(ctx)}
		}
		if err != nil {
			return res, &refused{outcome: OutcomeFailed, err: err}
		}
		if duplicate {
			duplicates++
		}
		parked = parked || d.Parked != ""
	}
	switch {
	case len(deliveries) == 0:
	case duplicates == len(deliveries):
		res.outcome = OutcomeDuplicate
	case parked:
		res.outcome = OutcomeParked
	default:
		res.outcome = OutcomeAccepted
	}
	return res, nil
}

// deliveries makes what is handed over. A body that cannot be parsed is one
// parked delivery: answering 4xx would lose it.
func (r *receiver) deliveries(n news) []lastday.Delivery {
	events, err := n.source.Parse(n.body)
	if err != nil {
		events = []hr.Event{{Type: "unreadable", Unknown: err.Error()}}
	}
	var all []lastday.Delivery
	for i, e := range events {
		d := n.delivery(e)
		d.ID = n.id(e, i, len(events))
		all = append(all, d)
	}
	return all
}

// entryAhead is how far ahead of our clock HR may have written something down.
// Such news would outdate all that follows until that time.
const entryAhead = 24 * time.Hour

func (n news) delivery(e hr.Event) lastday.Delivery {
	d := lastday.Delivery{
		Source: n.source.Name(), Type: e.Type, ReceivedAt: n.at, BodySHA256: n.digest,
		Scheme: n.verified.Scheme, SecretID: n.verified.SecretID, Parked: e.Unknown,
	}
	switch {
	case e.Unknown != "":
	case e.Separation == nil:
		d.Parked = "the source gave neither a separation nor a reason"
	case e.Separation.EnteredAt.After(n.at.Add(entryAhead)):
		d.Parked = "enteredAt: lies in the future"
	default:
		s := *e.Separation
		s.Source = n.source.Name()
		d.Separation = &s
	}
	if d.Parked != "" {
		d.Body = e.Raw
		if d.Body == nil {
			d.Body = n.body
		}
	}
	return d
}

// id is the event's own id, else the delivery's, bound to what the body says:
// the same event delivered twice has the same, and a sender that uses an id
// for something new does not lose it as a duplicate. Events of one body are
// told apart by their place in it.
func (n news) id(e hr.Event, i, of int) string {
	own := e.ID
	if own == "" {
		own = n.verified.ID
	}
	id := n.digest[:32]
	if own != "" {
		id = own + "#" + n.digest[:16]
	}
	if of > 1 {
		id += fmt.Sprintf("/%d", i)
	}
	return id
}
