package sink

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"lastday"
	"lastday/audit"
)

// WebhookConfig configures a webhook.
type WebhookConfig struct {
	Name string
	// URL is where to send, or a reference to it.
	URL string
	// Secret refers to the signing secret, "whsec_" and 24 to 64 bytes in base64.
	Secret string
	// Insecure allows plain http to a host that is not this one.
	Insecure bool
}

// Webhook posts checkpoints as JSON to an address, signed as Standard Webhooks
// says:
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
// What became of them there, it cannot see.
type Webhook struct {
	name string
	to   *url.URL
	key  []byte
	*caller
}

// NewWebhook makes the sink. CodeInvalid: the address or the secret makes no sense.
func NewWebhook(ctx context.Context, c WebhookConfig, deps Deps) (*Webhook, error) {
	const op = "checkpoints: webhook"
	call, err := newCaller(op, deps)
	if err != nil {
		return nil, err
	}
	to, err := address(ctx, op, c.URL, c.Insecure, deps)
	if err != nil {
		return nil, err
	}
	secret, err := deps.Secret(ctx, c.Secret)
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || len(key) < 24 || len(key) > 64 || c.Name == "" {
		return nil, lastday.Errorf(lastday.CodeInvalid, op, "the name is empty, or the secret is not whsec_ and 24 to 64 bytes in base64")
	}
	return &Webhook{name: c.Name, to: to, key: key, caller: call}, nil
}

// Name is the name that it was given.
func (w *Webhook) Name() string { return w.name }

// Put posts the checkpoint. The same one has the same id, by which the receiver
// knows it again.
func (w *Webhook) Put(ctx context.Context, c audit.Signed) error {
	body, err := json.Marshal(newLine(c))
	if err != nil {
		return lastday.Wrap(lastday.CodeInternal, w.op, "encode", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.to.String(), bytes.NewReader(body))
	if err != nil {
		return lastday.Errorf(lastday.CodeInvalid, w.op, "the address makes no request")
	}
	id := fmt.Sprintf("checkpoint-%d-%d", c.Size, c.At.UnixMilli())
	at := strconv.FormatInt(w.now().Unix(), 10)
	mac := hmac.New(sha256.New, w.key)
	mac.Write([]byte(id + "." + at + "."))
	mac.Write(body)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Webhook-Id", id)
	r.Header.Set("Webhook-Timestamp", at)
	r.Header.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	a, err := w.do(r, 64<<10)
	if err != nil {
		return err
	}
	return w.judge(a)
}

// Last is CodeUnsupported: a webhook cannot be asked.
func (w *Webhook) Last(context.Context) (audit.Signed, error) {
	return audit.Signed{}, lastday.Errorf(lastday.CodeUnsupported, w.op, "a webhook cannot be asked what it was told")
}

// resolve gives the value behind a reference, and any other text as it is.
func resolve(ctx context.Context, text string, deps Deps) (string, error) {
	if strings.HasPrefix(text, "env:") || strings.HasPrefix(text, "file:") && !strings.HasPrefix(text, "file://") {
		return deps.Secret(ctx, text)
	}
	return text, nil
}
