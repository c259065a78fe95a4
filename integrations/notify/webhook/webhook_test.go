package webhook_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/integrations/notify"
	"lastday/integrations/notify/notifytest"
	"lastday/integrations/notify/webhook"
)

func now() time.Time { return time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC) }

// secrets resolves references from a map.
func secrets(known map[string]string) func(context.Context, string) (string, error) {
	return func(_ context.Context, ref string) (string, error) {
		if v, ok := known[ref]; ok {
			return v, nil
		}
		return "", lastday.Errorf(lastday.CodeInvalid, "secret", "no such reference")
	}
}

func TestTheWebhook(t *testing.T) {
	notifytest.Run(t, func(t *testing.T) notifytest.Harness {
		r := notifytest.NewReceiver(t, now)
		c, err := webhook.Open(t.Context(), webhook.Config{URL: "env:HOOK", Secret: "env:KEY"}, notify.Deps{
			Now: now, Secret: secrets(map[string]string{"env:HOOK": r.URL(), "env:KEY": r.Secret}),
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if why := r.Refused(); len(why) > 0 {
				t.Errorf("the receiver refused: %v", why)
			}
		})
		return notifytest.Harness{
			Channel: c, Received: r.Received, Break: r.Break, Mend: r.Mend,
			Secrets: []string{r.Secret, strings.TrimPrefix(r.Secret, "whsec_"), "in-the-address", "/hook"},
		}
	})
}

func TestAnotherSecretIsRefusedByTheReceiver(t *testing.T) {
	r := notifytest.NewReceiver(t, now)
	c, err := webhook.Open(t.Context(), webhook.Config{URL: r.URL(), Secret: "env:KEY"}, notify.Deps{
		Now: now, Secret: secrets(map[string]string{"env:KEY": "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Send(t.Context(), notifytest.Sample()); lastday.CodeOf(err) != lastday.CodeDenied || len(r.Received()) != 0 {
		t.Errorf("%v, received %v", err, r.Received())
	}
}

// The vector is one of the libraries' own, see
// https://github.com/standard-webhooks/standard-webhooks
func TestTheReceiverKnowsTheStandardsOwnVector(t *testing.T) {
	r := &notifytest.Receiver{
		Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		Now:    func() time.Time { return time.Unix(1614265330, 0) },
	}
	header := http.Header{}
	header.Set("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek")
	header.Set("webhook-timestamp", "1614265330")
	header.Set("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
	body := []byte(`{"test": 2432232314}`)
	if why := r.Verify(header, body); why != "" {
		t.Error(why)
	}
	if r.Verify(header, append(body, ' ')) == "" {
		t.Error("another body passes")
	}
}

func TestConfigurationsThatMakeNoSenseAreRefused(t *testing.T) {
	const good = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	deps := notify.Deps{Now: now, Secret: secrets(map[string]string{"env:GOOD": good, "env:SHORT": "whsec_AAAA", "env:TEXT": "hunter2!"})}
	for name, c := range map[string]webhook.Config{
		"no address":    {Secret: "env:GOOD"},
		"plain http":    {URL: "http://hooks.example.org/x", Secret: "env:GOOD"},
		"credentials":   {URL: "https://u:p@hooks.example.org/x", Secret: "env:GOOD"},
		"no secret":     {URL: "https://hooks.example.org/x"},
		"short secret":  {URL: "https://hooks.example.org/x", Secret: "env:SHORT"},
		"secret in raw": {URL: "https://hooks.example.org/x", Secret: "env:TEXT"},
	} {
		_, err := webhook.Open(t.Context(), c, deps)
		if lastday.CodeOf(err) != lastday.CodeInvalid || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
