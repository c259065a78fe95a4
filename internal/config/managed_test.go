package config_test

import (
	"strings"
	"testing"

	"lastday/internal/config"
)

func TestWhatManagesASystemIsAnotherSystem(t *testing.T) {
	const text = "version: 1\npolicies: [p.yaml]\nsystems:\n  - {name: code, kind: manual, managed_by: NAME}\n  - {name: directory, kind: manual}\n"
	if _, err := config.Parse([]byte(strings.Replace(text, "NAME", "directory", 1))); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"code", "nowhere"} {
		if _, err := config.Parse([]byte(strings.Replace(text, "NAME", name, 1))); err == nil || !strings.Contains(err.Error(), "systems[0].managed_by") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
