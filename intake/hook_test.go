package intake_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"lastday/intake"
)

func TestAGoodEventIsHandedOverAndThenAcknowledged(t *testing.T) {
	h := build(t, nil)
	h.want(h.post("msg_1", example(t, "scheduled.json")), 202, intake.OutcomeAccepted)
	all := h.keeper.all()
	if len(all) != 1 {
		t.Fatalf("%d kept", len(all))
	}
	d := all[0]
	if d.Source != "people" || !strings.HasPrefix(d.ID, "evt_01") || d.Scheme != "standard-webhooks" || d.SecretID != "old" ||
		!d.ReceivedAt.Equal(noon()) || len(d.BodySHA256) != 64 || d.Type != "offboard.separation.scheduled.v1" {
		t.Errorf("%+v", d)
	}
	if d.Parked != "" || d.Body != nil || d.Separation == nil || d.Separation.LastDay.String() != "2026-12-18" {
		t.Errorf("%+v", d)
	}
}

func TestTheSameEventTwiceIsOneAndBothAreAcknowledged(t *testing.T) {
	h := build(t, nil)
	h.want(h.post("msg_1", example(t, "scheduled.json")), 202, intake.OutcomeAccepted)
	h.now = h.now.Add(time.Hour)
	h.want(h.post("msg_1", example(t, "scheduled.json")), 202, intake.OutcomeDuplicate)
	if n := len(h.keeper.all()); n != 1 {
		t.Errorf("%d kept, want 1", n)
	}
}

// A sender that uses an id again for other news must not lose the news.
func TestAnIDUsedForOtherNewsIsNoDuplicate(t *testing.T) {
	h := build(t, nil)
	text := example(t, "scheduled.json")
	h.want(h.post("msg_1", text), 202, intake.OutcomeAccepted)
	h.want(h.post("msg_1", strings.Replace(text, "2026-12-18", "2026-12-04", 1)), 202, intake.OutcomeAccepted)
	if n := len(h.keeper.all()); n != 2 {
		t.Errorf("%d kept, want 2", n)
	}
}

func TestWhoIsNotVerifiedIsDeniedBeforeAnythingIsParsed(t *testing.T) {
	h := build(t, nil)
	text := example(t, "scheduled.json")
	for name, spoil := range map[string]func(*http.Request){
		"no signature":      func(r *http.Request) { r.Header.Del("Webhook-Signature") },
		"another signature": func(r *http.Request) { r.Header.Set("Webhook-Signature", "v1,"+strings.Repeat("A", 43)+"=") },
		"another id":        func(r *http.Request) { r.Header.Set("Webhook-Id", "msg_2") },
		"no headers at all": func(r *http.Request) { r.Header = http.Header{"Content-Type": {"application/json"}} },
	} {
		for _, body := range []string{text, "not JSON", ""} {
			request := h.signed(secret, "msg_1", h.now, body)
			spoil(request)
			got := h.send(request)
			if got.status != 401 || got.outcome != "denied" {
				t.Errorf("%s: %d %s", name, got.status, got.outcome)
			}
		}
	}
	if h.keeper.calls != 0 {
		t.Errorf("%d were handed over", h.keeper.calls)
	}
}

func TestAReplayOutsideTheWindowIsDeniedAndCountedApart(t *testing.T) {
	h := build(t, nil)
	for _, off := range []time.Duration{6 * time.Minute, -6 * time.Minute} {
		h.want(h.send(h.signed(secret, "msg_1", h.now.Add(off), example(t, "scheduled.json"))), 401, intake.OutcomeClock)
	}
	h.want(h.send(h.signed(secret, "msg_1", h.now.Add(-4*time.Minute), example(t, "scheduled.json"))), 202, intake.OutcomeAccepted)
}

func TestBothSecretsAreAcceptedWhileOneIsChanged(t *testing.T) {
	h := build(t, nil)
	h.want(h.send(h.signed(secret, "msg_1", h.now, example(t, "scheduled.json"))), 202, intake.OutcomeAccepted)
	h.want(h.send(h.signed(otherSecret, "msg_2", h.now, example(t, "earlier.json"))), 202, intake.OutcomeAccepted)
	all := h.keeper.all()
	if len(all) != 2 || all[0].SecretID != "old" || all[1].SecretID != "new" {
		t.Errorf("%+v", all)
	}
}

// The sender would take a 401 for final, although the fault is ours.
func TestAMissingSecretOfOursIs503AndHealsByItself(t *testing.T) {
	h := build(t, nil)
	delete(h.secrets, "env:OLD")
	h.want(h.post("msg_1", example(t, "scheduled.json")), 503, intake.OutcomeSecret)
	if !strings.Contains(h.log.String(), "secret old cannot be read") {
		t.Errorf("the log does not name the secret: %s", h.log)
	}
	h.secrets["env:OLD"] = secret
	h.now = h.now.Add(10 * time.Second)
	h.want(h.post("msg_1", example(t, "scheduled.json")), 202, intake.OutcomeAccepted)
}

// What a verified sender says is never lost: it waits for a person.
func TestVerifiedButNotUnderstoodIsParkedWithItsReason(t *testing.T) {
	good := example(t, "scheduled.json")
	for name, v := range map[string]struct{ body, tells string }{
		"31 February":     {strings.Replace(good, "2026-12-18", "2026-02-31", 1), "2026-02-31"},
		"an unknown zone": {strings.Replace(good, "Europe/Berlin", "Mars/Olympus", 1), "Mars/Olympus"},
		"an unknown type": {strings.Replace(good, "scheduled.v1", "paused.v1", 1), "paused.v1"},
		"deep JSON":       {strings.Repeat("[", 100_000), "deeper than 32"},
		"invalid UTF-8":   {strings.Replace(good, "Mara", "M\xe4ra", 1), "UTF-8"},
		"duplicate keys":  {strings.Replace(good, `"lastDay"`, `"lastDay": "2027-01-01", "lastDay"`, 1), "data.separation.lastDay: given twice"},
		"a far future":    {strings.Replace(good, "2026-11-20T09:14:55Z", "2099-01-01T00:00:00Z", 1), "future"},
		"not JSON":        {"Ping test", "not JSON"},
		"nothing":         {"", "not JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t, nil)
			h.want(h.post("msg_1", v.body), 202, intake.OutcomeParked)
			all := h.keeper.all()
			if len(all) != 1 {
				t.Fatalf("%d kept", len(all))
			}
			d := all[0]
			if d.Separation != nil || !strings.Contains(d.Parked, v.tells) || string(d.Body) != v.body {
				t.Errorf("%q, body of %d bytes, %+v", d.Parked, len(d.Body), d.Separation)
			}
			if d.Scheme != "standard-webhooks" || d.ID == "" {
				t.Errorf("%+v", d)
			}
		})
	}
}

func TestSeveralEventsInOneBodyAreHandedOverEachByItself(t *testing.T) {
	h := build(t, nil)
	bad := strings.Replace(example(t, "earlier.json"), "2026-12-04", "2026-02-31", 1)
	// The last has the id of the first: still it is another event.
	again := strings.Replace(example(t, "rescinded.json"), "evt_03", "evt_01", 1)
	body := "[" + example(t, "scheduled.json") + "," + bad + "," + again + "]"
	h.keeper.failAt = 3
	h.want(h.post("msg_1", body), 503, intake.OutcomeFailed)
	h.want(h.post("msg_1", body), 202, intake.OutcomeParked)
	all := h.keeper.all()
	if len(all) != 3 {
		t.Fatalf("%d kept, want 3", len(all))
	}
	if all[0].Separation == nil || all[1].Parked == "" || all[2].Separation == nil || !all[2].Separation.Rescinded {
		t.Errorf("%+v", all)
	}
	if bytes.Contains(all[1].Body, []byte("evt_01")) {
		t.Error("the parked part holds the other events as well")
	}
	h.want(h.post("msg_1", body), 202, intake.OutcomeDuplicate)
}

// If what keeps deliveries is down, the sender must come again.
func TestWithoutAHandOverThereIsNoAcknowledgement(t *testing.T) {
	h := build(t, nil)
	h.keeper.fail = errors.New("connection refused")
	h.want(h.post("msg_1", example(t, "scheduled.json")), 503, intake.OutcomeFailed)
	h.keeper.fail = nil
	h.want(h.post("msg_1", example(t, "scheduled.json")), 202, intake.OutcomeAccepted)
}

func TestASlowHandOverIs503BeforeTheSenderGivesUp(t *testing.T) {
	h := build(t, func(c *intake.Config) { c.Deadline = 50 * time.Millisecond })
	h.keeper.hang = true
	h.want(h.post("msg_1", example(t, "scheduled.json")), 503, intake.OutcomeSlow)
}

func TestBodiesThatAreTooLargeAreNotRead(t *testing.T) {
	h := build(t, nil)
	huge := strings.Repeat("x", 10<<20)
	h.want(h.post("msg_1", huge), 413, intake.OutcomeTooLarge)
	request := h.signed(secret, "msg_1", h.now, huge)
	request.ContentLength = -1 // told in chunks, without its size
	h.want(h.send(request), 413, intake.OutcomeTooLarge)
	if h.keeper.calls != 0 {
		t.Error("it was handed over")
	}
	h.want(h.post("msg_2", `"`+strings.Repeat("x", intake.DefaultMaxBody-2)+`"`), 202, intake.OutcomeParked)
	h.want(h.post("msg_3", `"`+strings.Repeat("x", intake.DefaultMaxBody-1)+`"`), 413, intake.OutcomeTooLarge)
}

func TestOnlyPlainJSONIsTaken(t *testing.T) {
	h := build(t, nil)
	for name, header := range map[string]http.Header{
		"XML":               {"Content-Type": {"application/xml"}},
		"a form":            {"Content-Type": {"application/x-www-form-urlencoded"}},
		"nothing":           {"Content-Type": {""}},
		"nonsense":          {"Content-Type": {"json;;"}},
		"another charset":   {"Content-Type": {"application/json; charset=latin1"}},
		"a compressed body": {"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}},
	} {
		request := h.signed(secret, "msg_1", h.now, example(t, "scheduled.json"))
		maps.Copy(request.Header, header)
		got := h.send(request)
		if got.status != 415 || got.outcome != "media_type" {
			t.Errorf("%s: %d %s", name, got.status, got.outcome)
		}
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	h := build(t, nil)
	request := h.signed(secret, "msg_1", h.now, "{}")
	request.URL.Path = "/v1/hooks/nobody"
	h.want(h.send(request), 404, intake.OutcomeNoSource)
	request = h.signed(secret, "msg_1", h.now, "{}")
	request.Method = http.MethodPut
	if got := h.send(request); got.status != http.StatusMethodNotAllowed {
		t.Errorf("PUT: %d", got.status)
	}
	if n := testutil.ToFloat64(counter(t, h, "unknown", "no_source")); n != 1 {
		t.Errorf("counted %v", n)
	}
}

func TestTooManyAtATimeAreSentAway(t *testing.T) {
	h := build(t, func(c *intake.Config) { c.MaxInFlight = 1; c.Deadline = 10 * time.Second })
	h.keeper.hang = true
	first, cancel := context.WithCancel(t.Context())
	request := h.signed(secret, "msg_1", h.now, example(t, "scheduled.json")).WithContext(first)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if response, err := h.server.Client().Do(request); err == nil {
			response.Body.Close()
		}
	}()
	<-h.keeper.inside
	h.want(h.post("msg_2", example(t, "earlier.json")), 503, intake.OutcomeBusy)
	cancel()
	<-done
}

func TestLogsNameNobodyAndHoldNoSecret(t *testing.T) {
	h := build(t, nil)
	h.post("msg_1", example(t, "scheduled.json"))
	h.post("msg_2", strings.Replace(example(t, "scheduled.json"), "2026-12-18", "2026-02-31", 1))
	h.send(h.signed(secret, "msg_1", h.now.Add(time.Hour), example(t, "scheduled.json")))
	request := h.signed(secret, "msg_1", h.now, example(t, "scheduled.json"))
	request.Header.Set("Authorization", "Bearer hunter2")
	request.Header.Del("Webhook-Signature")
	h.send(request)
	text := h.log.String()
	for _, line := range []string{`"outcome":"accepted"`, `"outcome":"parked"`, `"outcome":"clock_skew"`, `"outcome":"denied"`, `"source":"people"`} {
		if !strings.Contains(text, line) {
			t.Errorf("the log lacks %s", line)
		}
	}
	for _, never := range []string{"mara", "Mara", "p-7f3c", "ctr-881", "evt_01", "hunter2", "whsec", "2026-02-31", "1047"} {
		if strings.Contains(text, never) {
			t.Errorf("the log holds %q: %s", never, text)
		}
	}
}

func TestOutcomesAreCounted(t *testing.T) {
	h := build(t, nil)
	h.post("msg_1", example(t, "scheduled.json"))
	h.post("msg_1", example(t, "scheduled.json"))
	want := `
# HELP lastday_intake_deliveries_total Deliveries of HR sources by what became of them.
# TYPE lastday_intake_deliveries_total counter
`
	for _, o := range intake.Outcomes() {
		n := 0
		if o == intake.OutcomeAccepted || o == intake.OutcomeDuplicate {
			n = 1
		}
		want += fmt.Sprintf("lastday_intake_deliveries_total{outcome=%q,source=\"people\"} %d\n", string(o), n)
	}
	if err := testutil.GatherAndCompare(h.metrics, strings.NewReader(want), "lastday_intake_deliveries_total"); err != nil {
		t.Error(err)
	}
	if n := testutil.CollectAndCount(h.metrics, "lastday_intake_delivery_seconds"); n != 1 {
		t.Errorf("%d series of times", n)
	}
}
