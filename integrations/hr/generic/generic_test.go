package generic_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"lastday"
	"lastday/integrations/hr"
	"lastday/integrations/hr/generic"
)

const (
	secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	config = `
domains: [example.com]
extensions: [knativearrivaltime]
secrets:
  - {id: autumn, ref: "env:OLD", notAfter: 2026-12-01T00:00:00Z}
  - {id: winter, ref: "env:NEW"}
read: {url: "https://hr.example.com/v1/people/{person}/engagements/{engagement}", token: "env:TOKEN", timeout: 5s}
`
)

func TestAConfiguredSourceVerifiesAndParses(t *testing.T) {
	source := open(t, config, nil)
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	if err := source.Refresh(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	body := []byte(strings.Replace(exampleEvent(t), `"sequence"`, `"knativearrivaltime": "2026-11-22T12:00:00Z", "sequence"`, 1))
	header, err := hr.StandardWebhooks().Sign(secret, "evt_01", now, body)
	if err != nil {
		t.Fatal(err)
	}
	verified, err := source.Verify(header, body, now)
	if err != nil || verified.SecretID != "autumn" {
		t.Errorf("%+v, %v", verified, err)
	}
	events, err := source.Parse(body)
	if err != nil || len(events) != 1 || events[0].Separation == nil {
		t.Fatalf("%+v, %v", events, err)
	}
	if s := events[0].Separation; s.Source != "people" || s.LastDay.String() != "2026-12-18" {
		t.Errorf("%+v", s)
	}
	if _, err := source.Verify(header, body, now.AddDate(0, 1, 0)); lastday.CodeOf(err) != lastday.CodeDenied {
		t.Errorf("the old secret is accepted after its end: %v", err)
	}
}

func TestASourceWithAMappingReadsAnotherShape(t *testing.T) {
	source := open(t, "mappingFile: ../../../examples/events/mapping.yaml\nsecrets: [{id: a, ref: 'env:NEW'}]\n", nil)
	body, err := os.ReadFile("../../../examples/events/mapped.json")
	if err != nil {
		t.Fatal(err)
	}
	events, err := source.Parse(body)
	if err != nil || len(events) != 1 || events[0].Separation == nil {
		t.Fatalf("%+v, %v", events, err)
	}
}

func TestASourceMaySignInAnotherWay(t *testing.T) {
	source := open(t, `
scheme: {name: payroll, message: "{body}{timestamp}", signatureHeader: X-Signature, timestampHeader: X-Timestamp, window: 96h}
secrets: [{id: a, ref: "env:TOKEN"}]
`, nil)
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	if err := source.Refresh(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	scheme := hr.Scheme{Message: "{body}{timestamp}", SignatureHeader: "X-Signature", TimestampHeader: "X-Timestamp"}
	header, err := scheme.Sign("a-token-of-16-bytes", "", at, []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := source.Verify(header, []byte("{}"), at.Add(95*time.Hour)); err != nil || got.Scheme != "payroll" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestMistakesInTheConfigurationAreRefusedWithTheirPlace(t *testing.T) {
	const good = "secrets: [{id: a, ref: 'env:NEW'}]\n"
	for name, v := range map[string]struct{ config, tells string }{
		"no secrets":                    {"{}", "secrets"},
		"a secret itself":               {"secrets: [{id: a, ref: 'hunter2'}]", "secrets[0].ref"},
		"a changed standard scheme":     {good + "scheme: {name: standard-webhooks, window: 100h}", "scheme"},
		"a scheme without a header":     {good + "scheme: {name: mine}", "scheme.signatureHeader"},
		"a url without the person":      {good + "read: {url: 'https://hr.example.com/{engagement}'}", "read: url"},
		"a url in clear":                {good + "read: {url: 'http://hr.example.com/{person}/{engagement}'}", "read"},
		"a host made of the person":     {good + "read: {url: 'https://{person}.example.com/{engagement}'}", "read: url"},
		"a password in the url":         {good + "read: {url: 'https://a:b@hr.example.com/{person}/{engagement}'}", "read: url"},
		"a mapping that is not there":   {good + "mappingFile: nowhere.yaml", "mappingFile"},
		"a mapping that is no mapping":  {good + "mappingFile: generic.go", "mappingFile"},
		"a mapping of answers likewise": {good + "read: {url: 'https://hr.example.com/{person}/{engagement}', mappingFile: generic.go}", "read"},
	} {
		var c generic.Config
		if err := yaml.UnmarshalWithOptions([]byte(v.config), &c, yaml.Strict()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, err := generic.New("people", c, generic.Deps{Secret: known})
		if lastday.CodeOf(err) != lastday.CodeInvalid || !strings.Contains(err.Error(), v.tells) {
			t.Errorf("%s: %v, want invalid and %q", name, err, v.tells)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error shows the secret", name)
		}
	}
	for _, name := range []string{"", "People", "a/b", "a b"} {
		if _, err := generic.New(name, generic.Config{}, generic.Deps{Secret: known}); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("name %q: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	text, err := os.ReadFile("../../../examples/events/scheduled.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`[{"specversion":"1.0"},{}]`))
	source, err := generic.New("people", generic.Config{Secrets: []hr.Secret{{ID: "a", Ref: "env:NEW"}}}, generic.Deps{Secret: known})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		events, err := source.Parse(body)
		if err != nil && lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Fatalf("code of %v", err)
		}
		for _, e := range events {
			if (e.Separation == nil) == (e.Unknown == "") {
				t.Fatalf("neither understood nor parked, or both: %+v", e)
			}
		}
	})
}

func known(_ context.Context, ref string) (string, error) {
	switch ref {
	case "env:OLD":
		return secret, nil
	case "env:NEW":
		return "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=", nil
	case "env:TOKEN":
		return "a-token-of-16-bytes", nil
	}
	return "", errors.New("no such secret")
}

func open(t *testing.T, text string, transport http.RoundTripper) *generic.Source {
	t.Helper()
	var c generic.Config
	if err := yaml.UnmarshalWithOptions([]byte(text), &c, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	source, err := generic.New("people", c, generic.Deps{Secret: known, Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func exampleEvent(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../../examples/events/scheduled.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
