package siem

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"lastday"
)

// WebhookConfig says where to post events.
type WebhookConfig struct {
	// URL is https, or http to this very host.
	URL string
	// Key signs the body; at least 24 bytes.
	Key []byte
	// Transport carries the requests; nil is net/http's own.
	Transport http.RoundTripper
	// Batch is how many events one request holds at most, 500 if zero; Bytes how
	// long its body is at most, 1 MiB if zero.
	Batch int
	Bytes int
	// Timeout bounds one request, 15 s if zero.
	Timeout time.Duration
	Now     func() time.Time
}

// Webhook posts events as JSON lines (application/x-ndjson), signed as Standard
// Webhooks says:
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
// The id of a request is derived from the ids of its events: the same batch sent
// again has the same.
type Webhook struct {
	c      WebhookConfig
	client *http.Client
}

// NewWebhook makes the transport. CodeInvalid: the address or the key makes no sense.
func NewWebhook(c WebhookConfig) (*Webhook, error) {
	const op = "siem: webhook"
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.User != nil {
		return nil, lastday.Errorf(lastday.CodeInvalid, op, "url: is no address, or holds credentials")
	}
	local := u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1"
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return nil, lastday.Errorf(lastday.CodeInvalid, op, "url: must be https")
	}
	if len(c.Key) < 24 || c.Now == nil {
		return nil, lastday.Errorf(lastday.CodeInvalid, op, "it needs a key of at least 24 bytes, and a clock")
	}
	c.Batch, c.Bytes, c.Timeout = cmp.Or(c.Batch, 500), cmp.Or(c.Bytes, 1<<20), cmp.Or(c.Timeout, 15*time.Second)
	client := &http.Client{Transport: c.Transport, Timeout: c.Timeout, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // signed events follow nobody elsewhere
	}}
	return &Webhook{c: c, client: client}, nil
}

// Send posts the events in batches, in their order, and stops at the first that
// fails.
//
// CodeRateLimited: the receiver asked to come back later. CodeDenied: it refuses
// the signature. CodeInvalid: it refuses the events. CodeTransient: anything that
// is expected to pass.
func (w *Webhook) Send(ctx context.Context, events []Event) error {
	for len(events) > 0 {
		n, size := 0, 0
		for n < len(events) && n < w.c.Batch && (n == 0 || size+len(events[n].Line) < w.c.Bytes) {
			size += len(events[n].Line) + 1
			n++
		}
		if err := w.post(ctx, events[:n]); err != nil {
			return err
		}
		events = events[n:]
	}
	return nil
}

func (w *Webhook) post(ctx context.Context, events []Event) error {
	const op = "siem: webhook"
	body := joined(events)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.c.URL, bytes.NewReader(body))
	if err != nil {
		return lastday.Errorf(lastday.CodeInvalid, op, "no request can be made for the address")
	}
	id, at := batchID(events), strconv.FormatInt(w.c.Now().Unix(), 10)
	req.Header.Set("Content-Type", "application/x-ndjson")
	req.Header.Set("Webhook-Id", id)
	req.Header.Set("Webhook-Timestamp", at)
	req.Header.Set("Webhook-Signature", sign(w.c.Key, id, at, body))
	res, err := w.client.Do(req)
	if err != nil {
		// The cause is not repeated: it would quote the address.
		return lastday.Errorf(lastday.CodeTransient, op, "the receiver cannot be reached")
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection can be used again
	return judge(res)
}

func judge(res *http.Response) error {
	const op = "siem: webhook"
	switch s := res.StatusCode; {
	case s >= 200 && s < 300:
		return nil
	case s == http.StatusTooManyRequests || s == http.StatusServiceUnavailable:
		seconds, err := strconv.Atoi(res.Header.Get("Retry-After"))
		if err != nil || seconds < 0 {
			seconds = 0
		}
		return &lastday.Error{Code: lastday.CodeRateLimited, Op: op, What: "the receiver asks to come back later", RetryAfter: time.Duration(min(seconds, 3600)) * time.Second}
	case s == http.StatusUnauthorized || s == http.StatusForbidden:
		return lastday.Errorf(lastday.CodeDenied, op, "the receiver answered %d", s)
	case s >= 500 || s == http.StatusRequestTimeout:
		return lastday.Errorf(lastday.CodeTransient, op, "the receiver answered %d", s)
	default:
		return lastday.Errorf(lastday.CodeInvalid, op, "the receiver answered %d", s)
	}
}

func batchID(events []Event) string {
	h := sha256.New()
	for _, e := range events {
		h.Write([]byte(e.ID + "\n"))
	}
	return "batch_" + hex.EncodeToString(h.Sum(nil)[:16])
}

func sign(key []byte, id, at string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + at + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Close lets go of idle connections.
func (w *Webhook) Close() error {
	w.client.CloseIdleConnections()
	return nil
}
