package intake_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"lastday"
	"lastday/intake"
	"lastday/integrations/hr"
	"lastday/integrations/hr/generic"
)

const (
	secret      = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	otherSecret = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
)

func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

// keeper stands for what keeps deliveries durably: by their workflow id, as
// the real one does.
type keeper struct {
	mu   sync.Mutex
	kept map[string]lastday.Delivery
	// order lists the ids in the order of their coming.
	order []string
	fail  error
	// failAt makes the n-th acceptance fail, from 1.
	failAt int
	calls  int
	hang   bool
	inside chan struct{}
}

func (k *keeper) Accept(ctx context.Context, d lastday.Delivery) (bool, error) {
	k.mu.Lock()
	k.calls++
	hang, fail := k.hang, k.fail
	if k.calls == k.failAt {
		fail = errors.New("connection refused")
	}
	k.mu.Unlock()
	if hang {
		k.inside <- struct{}{}
		<-ctx.Done()
		return false, ctx.Err()
	}
	if fail != nil {
		return false, fail
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, ok := k.kept[d.WorkflowID()]; ok {
		return true, nil
	}
	k.kept[d.WorkflowID()] = d
	k.order = append(k.order, d.WorkflowID())
	return false, nil
}

func (k *keeper) all() []lastday.Delivery {
	k.mu.Lock()
	defer k.mu.Unlock()
	var all []lastday.Delivery
	for _, id := range k.order {
		all = append(all, k.kept[id])
	}
	return all
}

// house is a receiver with all its surroundings.
type house struct {
	t       *testing.T
	keeper  *keeper
	log     *bytes.Buffer
	metrics *prometheus.Registry
	secrets map[string]string
	now     time.Time
	server  *httptest.Server
}

func build(t *testing.T, change func(*intake.Config)) *house {
	t.Helper()
	h := &house{
		t: t, keeper: &keeper{kept: map[string]lastday.Delivery{}, inside: make(chan struct{}, 100)}, log: &bytes.Buffer{},
		metrics: prometheus.NewRegistry(), secrets: map[string]string{"env:OLD": secret, "env:NEW": otherSecret}, now: noon(),
	}
	source, err := generic.New("people", generic.Config{
		Secrets: []hr.Secret{{ID: "old", Ref: "env:OLD"}, {ID: "new", Ref: "env:NEW"}},
	}, generic.Deps{Secret: h.secret})
	if err != nil {
		t.Fatal(err)
	}
	metrics, err := intake.NewPrometheus(h.metrics, "people")
	if err != nil {
		t.Fatal(err)
	}
	config := intake.Config{
		Sources: []hr.Source{source}, Handover: h.keeper, Now: func() time.Time { return h.now },
		Log: slog.New(slog.NewJSONHandler(h.log, nil)), Metrics: metrics,
	}
	if change != nil {
		change(&config)
	}
	handler, err := intake.New(config)
	if err != nil {
		t.Fatal(err)
	}
	h.server = httptest.NewServer(handler)
	t.Cleanup(h.server.Close)
	return h
}

func (h *house) secret(_ context.Context, ref string) (string, error) {
	if s, ok := h.secrets[ref]; ok {
		return s, nil
	}
	return "", errors.New("no such secret")
}

// answer is what the sender sees.
type answer struct {
	status  int
	outcome string
	header  http.Header
}

func (h *house) send(request *http.Request) answer {
	h.t.Helper()
	response, err := h.server.Client().Do(request)
	if err != nil {
		h.t.Fatal(err)
	}
	defer response.Body.Close()
	text := new(bytes.Buffer)
	if _, err := text.ReadFrom(response.Body); err != nil {
		h.t.Fatal(err)
	}
	_, outcome, _ := strings.Cut(text.String(), `"outcome":"`)
	outcome, _, _ = strings.Cut(outcome, `"`)
	return answer{response.StatusCode, outcome, response.Header}
}

func (h *house) signed(secret, id string, at time.Time, body string) *http.Request {
	h.t.Helper()
	header, err := intake.Sign(secret, id, at, []byte(body))
	if err != nil {
		h.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, h.server.URL+"/v1/hooks/people", strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	request.Header = header
	request.Header.Set("Content-Type", "application/cloudevents+json; charset=utf-8")
	return request
}

// post sends a well signed body.
func (h *house) post(id, body string) answer {
	h.t.Helper()
	return h.send(h.signed(secret, id, h.now, body))
}

func (h *house) want(got answer, status int, outcome intake.Outcome) {
	h.t.Helper()
	if got.status != status || got.outcome != string(outcome) {
		h.t.Errorf("answered %d %s, want %d %s", got.status, got.outcome, status, outcome)
	}
	if (got.header.Get("Retry-After") != "") != (status == http.StatusServiceUnavailable) {
		h.t.Errorf("%d with Retry-After %q", status, got.header.Get("Retry-After"))
	}
}

func counter(t *testing.T, h *house, source, outcome string) prometheus.Collector {
	t.Helper()
	families, err := h.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "found"})
	for _, f := range families {
		for _, m := range f.GetMetric() {
			labels := ""
			for _, l := range m.GetLabel() {
				labels += l.GetValue() + " "
			}
			if labels == outcome+" "+source+" " {
				g.Add(m.GetCounter().GetValue())
			}
		}
	}
	return g
}

func example(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../examples/events/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
