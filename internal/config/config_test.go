package config_test

import (
	"strings"
	"testing"

	"lastday/internal/config"
)

const good = `
version: 1
policies: [policy.yaml]
systems:
  - name: acme-github
    kind: github
    config:
      org: acme
      tokn: env:TOKEN
sources:
  - name: hr
    kind: generic
`

func TestAFileIsReadWithItsDefaults(t *testing.T) {
	c, err := config.Parse([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if c.Gate.PerDay != 10 || c.MinOwners != 1 || c.Starter.Listen != "127.0.0.1:8090" {
		t.Errorf("defaults: %+v", c)
	}
}

func TestATypoInAPartIsFoundWithItsLine(t *testing.T) {
	c, err := config.Parse([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	var github struct {
		Org   string `yaml:"org"`
		Token string `yaml:"token"`
	}
	err = c.Systems[0].Config.Decode(&github)
	if err == nil || !strings.Contains(err.Error(), "tokn") || !strings.Contains(err.Error(), "9") {
		t.Errorf("want the unknown word and its line, got %v", err)
	}
}

func TestAnAbsentPartIsNoMistake(t *testing.T) {
	c, err := config.Parse([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	var part struct{ A string }
	if err := c.Sources[0].Config.Decode(&part); err != nil {
		t.Error(err)
	}
}

func TestAllMistakesAreToldAtOnce(t *testing.T) {
	_, err := config.Parse([]byte(`
version: 2
systems:
  - {name: "Acme GitHub", kind: github, per_second: -1}
  - {name: a, kind: manual}
  - {name: a, kind: manual}
worker: {systems: [b], metrics: "8080"}
encryption: {codec_listen: "127.0.0.1:8091"}
gate: {per_day: -1}
`))
	if err == nil {
		t.Fatal("no mistake was found")
	}
	for _, want := range []string{
		"version", "policies", "Acme GitHub", "per_second", "twice", `no system "b"`, "worker.metrics", "no keys", "gate.per_day",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the mistake about %q is not told in:\n%v", want, err)
		}
	}
}

func TestAnUnknownWordIsRefused(t *testing.T) {
	_, err := config.Parse([]byte("version: 1\npolicies: [a]\nsystem: []\n"))
	if err == nil || !strings.Contains(err.Error(), "system") {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("version: [1"))
	f.Fuzz(func(_ *testing.T, text []byte) { _, _ = config.Parse(text) })
}
