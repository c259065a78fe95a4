package config_test

import (
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/internal/config"
)

const day = 24 * time.Hour

func TestRetentionIsByKindInDaysAndYears(t *testing.T) {
	c, err := config.Parse([]byte(good + "records: {retention: {subject: 2y, note: 90d, closed: forever, default: 7y}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	policy := c.Records.KeepFor()
	for kind, want := range map[lastday.RecordKind]time.Duration{
		lastday.RecordSubject: 2 * 8766 * time.Hour, lastday.RecordNote: 90 * day, lastday.RecordReading: 7 * 8766 * time.Hour,
	} {
		if policy[kind] != want {
			t.Errorf("%s is kept for %s, want %s", kind, policy[kind], want)
		}
	}
	for _, kind := range []lastday.RecordKind{lastday.RecordClosed, lastday.RecordSealed} {
		if _, named := policy[kind]; named {
			t.Errorf("%s is not kept for good", kind)
		}
	}
}

func TestWhatRetentionDoesNotNameIsKeptForGood(t *testing.T) {
	c, err := config.Parse([]byte(good + "records: {retention: {subject: 30d}}\n"))
	if policy := c.Records.KeepFor(); err != nil || len(policy) != 1 || policy[lastday.RecordSubject] != 30*day {
		t.Errorf("%v, %v", policy, err)
	}
	if c, err := config.Parse([]byte(good)); err != nil || c.Records.KeepFor() != nil {
		t.Errorf("a file without retention has the policy %v, %v", c.Records.KeepFor(), err)
	}
}

func TestMistakesInRetentionAreTold(t *testing.T) {
	for part, want := range map[string]string{
		"{subject: 2}":        `"2": want days or years`,
		"{subject: 24h}":      "want days or years",
		"{subject: 0d}":       "want days or years",
		"{subject: -1y}":      "want days or years",
		"{subject: 101y}":     "at most 100y",
		"{subject: 99999d}":   "at most 100y",
		"{subject: ''}":       "want days or years",
		"{person: 2y}":        `no kind of record "person"`,
		"{sealed: 2y}":        `no kind of record "sealed"`,
		"{subject: forever.}": "want days or years",
	} {
		_, err := config.Parse([]byte(good + "records: {retention: " + part + "}\n"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want %q, got %v", part, want, err)
		}
	}
}

func TestStreamsHaveNamesOfTheirOwn(t *testing.T) {
	c, err := config.Parse([]byte(good + "siem: [{kind: file, format: ocsf}, {kind: file, name: second, format: ecs}]\n"))
	if err != nil || c.SIEM[0].ID() != "file" || c.SIEM[1].ID() != "second" {
		t.Errorf("%+v, %v", c.SIEM, err)
	}
	for part, want := range map[string]string{
		"[{kind: file, format: ocsf}, {kind: file, format: ecs}]": "want a name of its own",
		"[{kind: smoke, format: ocsf}]":                           `no kind "smoke"`,
		"[{kind: file, format: cef}]":                             `"cef" is neither`,
		"[{kind: file, name: A b, format: ocsf}]":                 "want a name of its own",
	} {
		if _, err := config.Parse([]byte(good + "siem: " + part + "\n")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want %q, got %v", part, want, err)
		}
	}
}
