package sink_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"lastday"
	"lastday/audit/sink"
)

func TestAWebhookIsSignedAsTheSpecificationSays(t *testing.T) {
	var ids []string
	var texts []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		check, err := standardwebhooks.NewWebhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8G")
		if err == nil {
			err = check.VerifyIgnoringTimestamp(body, r.Header)
		}
		if err != nil || r.URL.Path != "/in" || r.Header.Get("Webhook-Timestamp") != "1795780800" {
			t.Errorf("%v: %s %v", err, r.URL, r.Header)
		}
		var got struct{ Type, Checkpoint string }
		if err := json.Unmarshal(body, &got); err != nil || got.Type != "lastday.checkpoint" {
			t.Errorf("got %s", body)
		}
		ids, texts = append(ids, r.Header.Get("Webhook-Id")), append(texts, got.Checkpoint)
	}))
	defer server.Close()
	w, err := sink.NewWebhook(t.Context(), sink.WebhookConfig{Name: "hook", URL: server.URL + "/in?token=s3cret", Secret: "env:HOOK"}, deps())
	if err != nil {
		t.Fatal(err)
	}
	key, keys := newKey(t)
	one, two := signed(t, key, 0, "a"), signed(t, key, time.Minute, "a", "b")
	for _, c := range []struct{ text []byte }{{one.Text}, {one.Text}, {two.Text}} {
		parsed, err := keys.Open(c.text)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Put(t.Context(), parsed); err != nil {
			t.Error(err)
		}
	}
	if len(ids) != 3 || ids[0] != ids[1] || ids[1] == ids[2] {
		t.Errorf("the ids are %v", ids)
	}
	if _, err := keys.Open([]byte(texts[2])); err != nil {
		t.Error(err)
	}
	if _, err := w.Last(t.Context()); lastday.CodeOf(err) != lastday.CodeUnsupported {
		t.Errorf("got %v", err)
	}
}

func TestWhatAWebhookAnswersIsClassifiedWithoutItsAddress(t *testing.T) {
	status := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			t.Error("a redirect was followed")
			return
		}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
	}))
	w, err := sink.NewWebhook(t.Context(), sink.WebhookConfig{Name: "hook", URL: server.URL + "/in?token=s3cret", Secret: "env:HOOK"}, deps())
	if err != nil {
		t.Fatal(err)
	}
	key, _ := newKey(t)
	for n, want := range map[int]lastday.Code{
		204: "", 302: lastday.CodeInvalid, 400: lastday.CodeInvalid, 401: lastday.CodeDenied, 404: lastday.CodeInvalid,
		408: lastday.CodeTransient, 429: lastday.CodeRateLimited, 500: lastday.CodeTransient,
	} {
		status = n
		if err := w.Put(t.Context(), signed(t, key, 0, "a")); lastday.CodeOf(err) != want {
			t.Errorf("%d: got %v", n, err)
		}
	}
	server.Close()
	err = w.Put(t.Context(), signed(t, key, 0, "a"))
	if lastday.CodeOf(err) != lastday.CodeTransient || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
}

func TestAWebhookThatMakesNoSenseIsRefused(t *testing.T) {
	for what, c := range map[string]sink.WebhookConfig{
		"name":    {URL: "https://hook.example", Secret: "env:HOOK"},
		"http":    {Name: "n", URL: "http://hook.example", Secret: "env:HOOK"},
		"no host": {Name: "n", URL: "hook.example", Secret: "env:HOOK"},
		"short":   {Name: "n", URL: "https://hook.example", Secret: "env:SHORT"},
		"secret":  {Name: "n", URL: "https://hook.example", Secret: "whsec_in_clear"},
	} {
		if _, err := sink.NewWebhook(t.Context(), c, deps()); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: got %v", what, err)
		}
	}
}
