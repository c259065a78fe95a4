package hrtest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"lastday"
	"lastday/integrations/hr"
	"lastday/integrations/hr/hrtest"
)

const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// hook takes what is sent, checks it with the official library, and answers
// as told.
type hook struct {
	t      *testing.T
	mu     sync.Mutex
	got    []string
	answer []int
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		h.t.Error(err)
	}
	library, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		h.t.Error(err)
	}
	if err := library.Verify(body, r.Header); err != nil {
		h.t.Errorf("badly signed: %v", err)
	}
	tree, err := hr.ParseJSON(body)
	if err != nil {
		h.t.Error(err)
	}
	e := hr.Canon{Source: "people"}.Event(tree)
	if e.Unknown != "" {
		h.t.Errorf("not understood: %s", e.Unknown)
	}
	h.got = append(h.got, e.Type)
	status := http.StatusAccepted
	if len(h.answer) > 0 {
		status, h.answer = h.answer[0], h.answer[1:]
	}
	w.WriteHeader(status)
}

func (h *hook) types() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.got)
}

func TestEveryEntryIsAnnouncedAndUnderstood(t *testing.T) {
	h, to, url := start(t)
	day := lastday.Date{Year: 2026, Month: 12, Day: 18}
	for _, err := range []error{
		h.Schedule("p", "c", day), h.Move("p", "c", day.AddDays(-7)),
		h.Change("p", "c", func(e *hrtest.Employment) { e.Confidential, e.Cutoff = true, &lastday.WallTime{Hour: 12} }),
		h.Rescind("p", "c"), h.EndContract("p", "c", day), h.Dismiss("p", "c"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	deliver(t, h, url, true)
	want := []string{
		hr.Type(hr.SaysScheduled), hr.Type(hr.SaysChanged), hr.Type(hr.SaysChanged),
		hr.Type(hr.SaysRescinded), hr.Type(hr.SaysContractEnd), hr.Type(hr.SaysImmediate),
	}
	if got := to.types(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if e, _ := h.Employment("p", "c"); !e.Ends || e.Kind != lastday.SeparationImmediate {
		t.Errorf("%+v", e)
	}
}

func TestEventsWaitUntilTheyAreTaken(t *testing.T) {
	h, to, url := start(t)
	to.answer = []int{503, 202, 401}
	enter(t, h)
	deliver(t, h, url, false)
	if len(h.Outbox()) != 2 {
		t.Fatalf("%d wait, want both", len(h.Outbox()))
	}
	deliver(t, h, url, true)
	want := []string{hr.Type(hr.SaysScheduled), hr.Type(hr.SaysScheduled), hr.Type(hr.SaysRescinded)}
	if got := to.types(); !slices.Equal(got, want) || len(h.Outbox()) != 0 {
		t.Errorf("got %v, %d wait; one that is refused is given up", got, len(h.Outbox()))
	}
}

func TestEventsCanBeLostRepeatedReversedAndForgotten(t *testing.T) {
	first, second := hr.Type(hr.SaysScheduled), hr.Type(hr.SaysRescinded)
	for name, v := range map[string]struct {
		manner func(*hrtest.HR)
		want   []string
	}{
		"lost":     {func(h *hrtest.HR) { h.Lose(1) }, []string{second}},
		"repeated": {func(h *hrtest.HR) { h.Repeat(1) }, []string{first, first, second}},
		"reversed": {func(h *hrtest.HR) { h.Reverse() }, []string{second, first}},
		"forgot":   {func(h *hrtest.HR) { h.Forget(1) }, []string{second}},
	} {
		h, to, url := start(t)
		v.manner(h)
		enter(t, h)
		deliver(t, h, url, true)
		if got := to.types(); !slices.Equal(got, v.want) {
			t.Errorf("%s: got %v, want %v", name, got, v.want)
		}
	}
}

func TestUnknownEngagementsAreNotFound(t *testing.T) {
	h, _, _ := start(t)
	if err := h.Rescind("p", "x"); lastday.CodeOf(err) != lastday.CodeNotFound {
		t.Error(err)
	}
	if _, err := hrtest.New(hrtest.Options{Secret: "short"}); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Error(err)
	}
}

func start(t *testing.T) (*hrtest.HR, *hook, string) {
	t.Helper()
	h, err := hrtest.New(hrtest.Options{Secret: secret, Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	h.Hire(lastday.Person{Key: "p", Emails: []string{"p@example.com"}}, lastday.Engagement{ID: "c", WorkerType: "employee"}, "Asia/Tokyo")
	to := &hook{t: t}
	server := httptest.NewServer(to)
	t.Cleanup(server.Close)
	return h, to, server.URL
}

func enter(t *testing.T, h *hrtest.HR) {
	t.Helper()
	if err := h.Schedule("p", "c", lastday.Date{Year: 2026, Month: 12, Day: 18}); err != nil {
		t.Fatal(err)
	}
	if err := h.Rescind("p", "c"); err != nil {
		t.Fatal(err)
	}
}

func deliver(t *testing.T, h *hrtest.HR, url string, taken bool) {
	t.Helper()
	if _, err := h.Deliver(t.Context(), url); (err == nil) != taken {
		t.Fatalf("deliver: %v", err)
	}
}
