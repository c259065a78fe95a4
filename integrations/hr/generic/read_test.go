package generic_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/integrations/hr/hrtest"
)

func TestReadTellsWhatHRHolds(t *testing.T) {
	sandbox, server := sandbox(t)
	source := open(t, readConfig(server.URL+hrtest.ReadPath), nil)
	got, err := source.Read(t.Context(), "p-1", "c-1")
	if err != nil || !got.Rescinded {
		t.Errorf("who does not leave: %+v, %v", got, err)
	}
	day := lastday.Date{Year: 2026, Month: 12, Day: 18}
	if err := sandbox.Schedule("p-1", "c-1", day); err != nil {
		t.Fatal(err)
	}
	got, err = source.Read(t.Context(), "p-1", "c-1")
	if err != nil || got.Rescinded || got.LastDay != day || got.Source != "people" || got.Zone != "Europe/Berlin" {
		t.Errorf("who leaves: %+v, %v", got, err)
	}
}

// Ids come from outside: none may climb out of its place in the path.
func TestReadAsksForTheVeryIDs(t *testing.T) {
	var asked string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.RequestURI
		w.WriteHeader(http.StatusNotFound)
	}))
	defer server.Close()
	source := open(t, readConfig(server.URL+"/p/{person}?e={engagement}"), nil)
	for id, want := range map[string]string{
		"a/../b": "/p/a%2F..%2Fb?e=x", "..": "/p/%2E%2E?e=x", "a?e=y&z#": "/p/a%3Fe%3Dy%26z%23?e=x", "{engagement}": "/p/%7Bengagement%7D?e=x",
	} {
		_, err := source.Read(t.Context(), id, "x")
		if asked != want || lastday.CodeOf(err) != lastday.CodeNotFound {
			t.Errorf("%s: asked for %s, want %s (%v)", id, asked, want, err)
		}
	}
}

func TestReadBelievesNoAnswerThatIsNotAboutWhomItAsked(t *testing.T) {
	const good = `{"person":{"id":"p-1"},"engagement":{"id":"c-1"},"separation":{"rescinded":true}}`
	for name, v := range map[string]struct {
		status int
		kind   string
		body   string
		want   lastday.Code
	}{
		"good":                   {200, "application/json", good, ""},
		"another person":         {200, "application/json", strings.Replace(good, "p-1", "p-2", 1), lastday.CodeInvalid},
		"another engagement":     {200, "application/json", strings.Replace(good, "c-1", "c-2", 1), lastday.CodeInvalid},
		"nobody":                 {200, "application/json", `{}`, lastday.CodeInvalid},
		"a list":                 {200, "application/json", `[` + good + `]`, lastday.CodeInvalid},
		"nothing":                {200, "application/json", ``, lastday.CodeTransient},
		"no content":             {204, "application/json", ``, lastday.CodeInvalid},
		"a key twice":            {200, "application/json", strings.Replace(good, `{"person"`, `{"person":{"id":"p-2"},"person"`, 1), lastday.CodeInvalid},
		"a page to sign in":      {200, "text/html", `<html>`, lastday.CodeTransient},
		"half an answer":         {200, "application/json", good[:40], lastday.CodeTransient},
		"too much":               {200, "application/json", `"` + strings.Repeat("x", 300<<10) + `"`, lastday.CodeInvalid},
		"not found":              {404, "application/json", `{}`, lastday.CodeNotFound},
		"gone":                   {410, "application/json", `{}`, lastday.CodeNotFound},
		"not signed in":          {401, "application/json", `{}`, lastday.CodeDenied},
		"not allowed":            {403, "application/json", `{}`, lastday.CodeDenied},
		"too often":              {429, "application/json", `{}`, lastday.CodeRateLimited},
		"broken":                 {500, "application/json", `{}`, lastday.CodeTransient},
		"away":                   {503, "application/json", `{}`, lastday.CodeTransient},
		"redirected to somebody": {302, "application/json", `{}`, lastday.CodeInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", v.kind)
				w.Header().Set("Location", "https://elsewhere.example/")
				w.WriteHeader(v.status)
				fmt.Fprint(w, v.body)
			}))
			defer server.Close()
			got, err := open(t, readConfig(server.URL+hrtest.ReadPath), nil).Read(t.Context(), "p-1", "c-1")
			if lastday.CodeOf(err) != v.want {
				t.Errorf("%+v, %v, want %q", got, err, v.want)
			}
			if err != nil && (strings.Contains(err.Error(), "p-1") || strings.Contains(err.Error(), "a-token")) {
				t.Errorf("the error shows the person or the token: %v", err)
			}
		})
	}
}

func TestReadIsRefusedWithoutTheRightToken(t *testing.T) {
	_, server := sandbox(t)
	text := strings.Replace(readConfig(server.URL+hrtest.ReadPath), "env:TOKEN", "env:OLD", 1)
	if _, err := open(t, text, nil).Read(t.Context(), "p-1", "c-1"); lastday.CodeOf(err) != lastday.CodeDenied {
		t.Errorf("%v, want denied", err)
	}
	text = strings.Replace(text, "env:OLD", "env:GONE", 1)
	if _, err := open(t, text, nil).Read(t.Context(), "p-1", "c-1"); lastday.CodeOf(err) != lastday.CodeInternal {
		t.Errorf("%v, want internal", err)
	}
}

func TestReadGivesUpOnSilence(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	text := strings.Replace(readConfig(server.URL+hrtest.ReadPath), "timeout: 5s", "timeout: 50ms", 1)
	if _, err := open(t, text, nil).Read(t.Context(), "p-1", "c-1"); lastday.CodeOf(err) != lastday.CodeTransient {
		t.Errorf("%v, want transient", err)
	}
}

func TestReadIsUnsupportedWithoutAURL(t *testing.T) {
	source := open(t, "secrets: [{id: a, ref: 'env:NEW'}]", nil)
	if _, err := source.Read(t.Context(), "p-1", "c-1"); lastday.CodeOf(err) != lastday.CodeUnsupported {
		t.Errorf("%v, want unsupported", err)
	}
}

func TestReadFitsAnotherShapeByAMapping(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"status":"Termination Cancelled","worker":{"id":67890,"position":"c-1"}}`)
	}))
	defer server.Close()
	text := strings.Replace(readConfig(server.URL+hrtest.ReadPath), "timeout: 5s", "mappingFile: ../../../examples/events/mapping.yaml", 1)
	got, err := open(t, text, nil).Read(t.Context(), "67890", "c-1")
	if err != nil || !got.Rescinded {
		t.Errorf("%+v, %v", got, err)
	}
}

func readConfig(url string) string {
	return fmt.Sprintf("secrets: [{id: a, ref: 'env:NEW'}]\nread: {url: %q, token: 'env:TOKEN', timeout: 5s}\n", url)
}

func sandbox(t *testing.T) (*hrtest.HR, *httptest.Server) {
	t.Helper()
	h, err := hrtest.New(hrtest.Options{Secret: secret, Token: "a-token-of-16-bytes", Clock: func() time.Time { return time.Unix(1795000000, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	h.Hire(lastday.Person{Key: "p-1"}, lastday.Engagement{ID: "c-1"}, "Europe/Berlin")
	server := httptest.NewServer(h.Handler())
	t.Cleanup(server.Close)
	return h, server
}
