package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAPlanIsMadeByThePolicyOfTheDepartmentAndTheManager(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"support.yaml": `version: 1
name: support
for: person.department == "support" && person.manager == "p-11d0"
stages: [{name: cut, at: last day, ceiling: none}]
`,
		"lastday.yaml": `version: 1
policies: [support.yaml]
systems:
  - name: office
    kind: manual
    config: {items: [{key: laptop, what: laptop, level: read, owner: IT, instructions: take it, evidence: slip, return: hand it out}]}
sources: [{name: people, kind: generic, config: {secrets: [{id: a, ref: "file:` + dir + `/key"}]}}]
`,
		"key": "whsec_bGFzdGRheS1zYW5kYm94LXNpZ25pbmcta2V5LTAx",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	line := strings.Fields("plan --person p-1 --last-day 2026-12-18 --zone Europe/Berlin --config " + filepath.Join(dir, "lastday.yaml"))
	status, said, complained := command(t, append(line, "--department", "support", "--manager", "p-11d0")...)
	if status != 0 || !strings.Contains(said, "policy     support") {
		t.Errorf("%d\n%s\n%s", status, said, complained)
	}
	if status, _, complained := command(t, append(line, "--department", "sales")...); status != 1 || !strings.Contains(complained, `department "sales"`) {
		t.Errorf("%d\n%s", status, complained)
	}
}
