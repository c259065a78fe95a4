package scim

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lastday"
	"lastday/integrations"
)

var record = flag.String("scim-record", "", "address of the server of contract/server.mjs: record how the driver gets on with it")

// exchange is one call and its answer, as SCIMMY gave it.
type exchange struct {
	Method, Path, Body, Version string
	Status                      int
	Etag, Answer                string
}

// tape carries calls to the server and records them, or plays them back: then
// every call must be the recorded one.
type tape struct {
	t     *testing.T
	base  string
	calls []exchange
	at    int
}

func (p *tape) RoundTrip(req *http.Request) (*http.Response, error) {
	now := exchange{Method: req.Method, Path: strings.TrimPrefix(req.URL.RequestURI(), "/scim/v2"), Version: req.Header.Get("If-Match")}
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		now.Body = string(body)
	}
	if *record != "" {
		return p.ask(req, now)
	}
	if p.at >= len(p.calls) {
		p.t.Fatalf("call %d was not recorded: %s %s", p.at, now.Method, now.Path)
	}
	then := p.calls[p.at]
	p.at++
	now.Status, now.Etag, now.Answer = then.Status, then.Etag, then.Answer
	if diff := cmp.Diff(then, now); diff != "" {
		p.t.Fatalf("call %d is another than the one that was recorded:\n%s", p.at, diff)
	}
	return &http.Response{
		StatusCode: then.Status, Body: io.NopCloser(strings.NewReader(then.Answer)), Request: req,
		Header: http.Header{"Content-Type": {mediaType}, "Etag": {then.Etag}},
	}, nil
}

func (p *tape) ask(req *http.Request, now exchange) (*http.Response, error) {
	req.Body = io.NopCloser(strings.NewReader(now.Body))
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	now.Status, now.Etag, now.Answer = resp.StatusCode, resp.Header.Get("Etag"), strings.TrimSpace(string(answer))
	p.calls = append(p.calls, now)
	resp.Body = io.NopCloser(bytes.NewReader(answer))
	return resp, nil
}

const recorded = "testdata/scimmy.json"

func openTape(t *testing.T) *tape {
	p := &tape{t: t, base: "http://127.0.0.1:8460/scim/v2"}
	if *record != "" {
		p.base = *record
		t.Cleanup(func() {
			out, err := json.MarshalIndent(p.calls, "", " ")
			if err == nil && !t.Failed() {
				err = os.WriteFile(recorded, append(out, '\n'), 0o600)
			}
			if err != nil {
				t.Error(err)
			}
		})
		return p
	}
	text, err := os.ReadFile(recorded)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &p.calls); err != nil {
		t.Fatal(err)
	}
	return p
}

// A leaver's whole way, found by address, on a server whose author never saw
// this driver.
func TestTheWholeWayOnAnotherImplementation(t *testing.T) {
	p := openTape(t)
	d, err := open(t.Context(), Config{
		URL: p.base, Token: "env:T", Canary: "u-canary", CanaryGroup: "g-base",
		RoleLevels: map[string]string{"admin": "admin", "editor": "write"}, GroupLevels: map[string]string{"ops": "admin"},
	}, integrations.Deps{System: "saas", Now: noon, Transport: p, Secret: func(context.Context, string) (string, error) { return "t", nil }})
	if err != nil {
		t.Fatal(err)
	}
	before, all := survey(t, d)
	if !before.Complete() || before.Match.Account.ID != "u-kim" || len(all) != 6 {
		t.Fatalf("found %v (%v), complete %t, %d grants: %v", before.Match.Account, before.Match.Evidence, before.Complete(), len(all), before.Gaps)
	}
	var done []lastday.Receipt
	for _, g := range before.Grants {
		r := take(t, d, g, lastday.None)
		if r.Outcome != lastday.OutcomeApplied || r.After != lastday.None {
			t.Errorf("%s: %s, stands at %q (%s)", g.Key, r.Outcome, r.After, r.Note)
		}
		done = append(done, r)
	}
	after, _ := survey(t, d)
	if !after.Complete() || len(after.Grants) != 0 || after.Match.Account.ID != "u-kim" {
		t.Fatalf("after all was taken: complete %t, %d grants", after.Complete(), len(after.Grants))
	}
	for i, g := range before.Grants {
		back := lastday.NewChange("c-2", theirs("u-kim"), g, g.Rung, "test")
		back.From, back.Undo = lastday.None, done[i].Undo
		if r, err := d.Apply(t.Context(), back); err != nil || r.Outcome != lastday.OutcomeApplied {
			t.Errorf("giving back %s: %s, %v", g.Key, r.Outcome, err)
		}
	}
	again, _ := survey(t, d)
	if diff := cmp.Diff(before.Grants, again.Grants); diff != "" {
		t.Errorf("given back is not what it was:\n%s", diff)
	}
	if *record == "" && p.at != len(p.calls) {
		t.Errorf("%d of %d recorded calls were made", p.at, len(p.calls))
	}
}
