// Package webhook tells notices to an HTTP receiver, signed as Standard
// Webhooks says:
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"lastday"
	"lastday/integrations/internal/httpx"
	"lastday/integrations/notify"
)

// Config configures a webhook.
type Config struct {
	// URL is where to send. Where the address itself is a secret, as chat services
	// have it, it is a reference: env:NAME or file:PATH.
	URL string `yaml:"url" json:"url"`
	// Secret refers to the signing secret, "whsec_" and 24 to 64 bytes in base64.
	Secret string `yaml:"secret" json:"secret"`
	// Insecure allows plain http to a host that is not this one.
	Insecure bool `yaml:"insecure" json:"insecure"`
}

// Medium tells notices to a webhook.
func Medium() notify.Medium { return notify.Define("webhook", Open) }

type channel struct {
	client *httpx.Client
	path   string
	key    []byte
	now    func() time.Time
}

// Open makes the channel. CodeInvalid: the address or the secret makes no sense.
func Open(ctx context.Context, c Config, deps notify.Deps) (notify.Channel, error) {
	address, err := resolve(ctx, c.URL, deps)
	if err != nil {
		return nil, err
	}
	target, err := url.Parse(address)
	if err != nil || target.User != nil {
		return nil, lastday.Errorf(lastday.CodeInvalid, "webhook: open", "url: is no address, or holds credentials")
	}
	client, err := httpx.New(httpx.Options{
		Base: target.Scheme + "://" + target.Host, Insecure: c.Insecure, Transport: deps.Transport,
		Timeout: 15 * time.Second, MaxBody: 64 << 10, Now: deps.Now,
	})
	if err != nil {
		return nil, err
	}
	key, err := signingKey(ctx, c.Secret, deps)
	if err != nil {
		return nil, err
	}
	return &channel{client: client, path: target.RequestURI(), key: key, now: deps.Now}, nil
}

func resolve(ctx context.Context, address string, deps notify.Deps) (string, error) {
	if strings.HasPrefix(address, "env:") || strings.HasPrefix(address, "file:") {
		return deps.Secret(ctx, address)
	}
	return address, nil
}

func signingKey(ctx context.Context, ref string, deps notify.Deps) ([]byte, error) {
	text, err := deps.Secret(ctx, ref)
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(text, "whsec_"))
	if err != nil || len(key) < 24 || len(key) > 64 {
		// The cause is not repeated: it would quote the secret.
		return nil, lastday.Errorf(lastday.CodeInvalid, "webhook: open", "secret: must be whsec_ and 24 to 64 bytes in base64")
	}
	return key, nil
}

// Send posts the notice once.
func (c *channel) Send(ctx context.Context, n notify.Notice) error {
	if err := n.Check(); err != nil {
		return err
	}
	// The bytes that are signed must be the bytes that are sent: RawMessage is
	// written as it is, if it is compact and escaped already.
	body, err := json.Marshal(n)
	if err != nil {
		return lastday.Wrap(lastday.CodeInternal, "webhook: send", "encode", err)
	}
	at := strconv.FormatInt(c.now().Unix(), 10)
	_, err = c.client.Do(ctx, httpx.Call{
		What: "webhook: send", Method: http.MethodPost, Path: c.path, Body: json.RawMessage(body),
		Header: http.Header{"Webhook-Id": {n.ID}, "Webhook-Timestamp": {at}, "Webhook-Signature": {c.sign(n.ID, at, body)}},
	}, nil)
	return err
}

func (c *channel) sign(id, at string, body []byte) string {
	mac := hmac.New(sha256.New, c.key)
	mac.Write([]byte(id + "." + at + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
