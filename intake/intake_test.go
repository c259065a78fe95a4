package intake_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/intake"
	"lastday/integrations/hr"
)

func TestANewReceiverNeedsSomebodyToHandOverTo(t *testing.T) {
	if _, err := intake.New(intake.Config{}); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Error(err)
	}
	two := []hr.Source{silent{"people"}, silent{"people"}}
	if _, err := intake.New(intake.Config{Handover: &keeper{}, Sources: two}); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Error(err)
	}
}

// silent is a source that gives nothing at all.
type silent struct{ name string }

func (s silent) Name() string { return s.name }
func (s silent) Verify(http.Header, []byte, time.Time) (hr.Verified, error) {
	return hr.Verified{Scheme: "bearer"}, nil
}

func (s silent) Parse(body []byte) ([]hr.Event, error) {
	if string(body) == "[]" {
		return nil, nil
	}
	return []hr.Event{{Type: "odd"}}, nil
}

func (s silent) Read(context.Context, string, string) (lastday.Separation, error) {
	return lastday.Separation{}, errors.New("not asked")
}

// A source without ids: the body itself tells two deliveries apart.
func TestDeliveriesWithoutAnIDAreToldApartByTheirBody(t *testing.T) {
	h := build(t, func(c *intake.Config) { c.Sources = []hr.Source{silent{"people"}} })
	h.want(h.post("msg_1", `{"n":1}`), 202, intake.OutcomeParked)
	h.want(h.post("msg_2", `{"n":1}`), 202, intake.OutcomeDuplicate)
	h.want(h.post("msg_3", `{"n":2}`), 202, intake.OutcomeParked)
	h.want(h.post("msg_4", `[]`), 202, intake.OutcomeIgnored)
	all := h.keeper.all()
	if len(all) != 2 || all[0].Parked == "" || all[0].ID == "" || all[0].Scheme != "bearer" {
		t.Errorf("%+v", all)
	}
}

// The deadline holds for the body as well: a sender that trickles must not
// hold a place for ever.
func TestASlowBodyIs503(t *testing.T) {
	h := build(t, func(c *intake.Config) { c.Deadline = 100 * time.Millisecond })
	conn, err := net.Dial("tcp", h.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "POST /v1/hooks/people HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != 503 || !strings.Contains(string(text), "slow") || response.Header.Get("Retry-After") == "" {
		t.Errorf("%d %s", response.StatusCode, text)
	}
}

func TestHealthReadinessAndMetrics(t *testing.T) {
	var trouble error
	h := build(t, func(c *intake.Config) {
		c.Ready = func(context.Context) error { return trouble }
		c.MetricsHandler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "metrics") })
	})
	get := func(path string) answer {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		return h.send(request)
	}
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		if got := get(path); got.status != 200 {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	trouble = errors.New("temporal is away at 10.0.0.7")
	if got := get("/readyz"); got.status != 503 || strings.Contains(got.outcome, "10.0.0.7") {
		t.Errorf("%+v", got)
	}
	if got := get("/healthz"); got.status != 200 {
		t.Errorf("alive, though not ready: %d", got.status)
	}
}

func TestTheHandshakeGrantsWhatIsAsked(t *testing.T) {
	for name, v := range map[string]struct {
		origins            []string
		path, origin, rate string
		status             int
		allowed, allowRate string
	}{
		"any origin":        {nil, "people", "hr.example.com", "", 200, "hr.example.com", ""},
		"with a rate":       {nil, "people", "hr.example.com", "120", 200, "hr.example.com", "120"},
		"too fast":          {nil, "people", "hr.example.com", "999999", 200, "hr.example.com", "600"},
		"a rate of nothing": {nil, "people", "hr.example.com", "x", 200, "hr.example.com", "600"},
		"a known origin":    {[]string{"hr.example.com"}, "people", "hr.example.com", "", 200, "hr.example.com", ""},
		"another origin":    {[]string{"hr.example.com"}, "people", "evil.example", "", 403, "", ""},
		"no origin":         {nil, "people", "", "", 403, "", ""},
		"an odd origin":     {nil, "people", "<script>", "", 403, "", ""},
		"another source":    {nil, "nobody", "hr.example.com", "", 404, "", ""},
	} {
		h := build(t, func(c *intake.Config) { c.Origins = v.origins })
		request, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, h.server.URL+"/v1/hooks/"+v.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("WebHook-Request-Origin", v.origin)
		request.Header.Set("WebHook-Request-Rate", v.rate)
		request.Header.Set("WebHook-Request-Callback", "http://169.254.169.254/")
		got := h.send(request)
		if got.status != v.status || got.header.Get("WebHook-Allowed-Origin") != v.allowed || got.header.Get("WebHook-Allowed-Rate") != v.allowRate {
			t.Errorf("%s: %d %v", name, got.status, got.header)
		}
	}
}
