package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const console = "../../examples/integrations/support-console.yaml"

func command(t *testing.T, args ...string) (status int, said, complained string) {
	t.Helper()
	var out, err bytes.Buffer
	status = run(t.Context(), args, world{in: strings.NewReader(""), out: &out, err: &err, actor: "kim"})
	return status, out.String(), err.String()
}

// changed is the description with a text replaced.
func changed(t *testing.T, from, to string) string {
	t.Helper()
	text, err := os.ReadFile(console)
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Replace(string(text), from, to, 1)
	if other == string(text) {
		t.Fatalf("the example has no %q", from)
	}
	path := filepath.Join(t.TempDir(), "console.yaml")
	if err := os.WriteFile(path, []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCheckRunsTheExamplesOfADescriptionWithoutAnythingElse(t *testing.T) {
	status, said, complained := command(t, "check", console)
	if status != 0 || !strings.Contains(said, "  pass  an agent with the button") || strings.Contains(said, "FAIL") {
		t.Errorf("%d\n%s\n%s", status, said, complained)
	}
}

func TestTheShortExampleIsOneToBeginWith(t *testing.T) {
	status, said, complained := command(t, "check", "../../examples/integrations/wiki.yaml")
	if status != 0 || strings.Count(said, "  pass  ") != 2 || strings.Contains(said, "FAIL") {
		t.Errorf("%d\n%s\n%s", status, said, complained)
	}
}

func TestCheckTellsWhichExampleFails(t *testing.T) {
	// The button is listed as an ordinary permission: the very mistake to be seen.
	path := changed(t, "when: item.name == 'deactivate_customer'", "when: item.name == 'deactivate'")
	status, said, complained := command(t, "check", path)
	if status != 1 || !strings.Contains(said, "  FAIL  an agent with the button") || !strings.Contains(said, "step 2: grants:") {
		t.Errorf("%d\n%s\n%s", status, said, complained)
	}
	status, said, _ = command(t, "--json", "check", path)
	if status != 1 || !strings.Contains(said, `"failed": "step 2: grants:`) {
		t.Errorf("%d\n%s", status, said)
	}
}

func TestCheckTellsWhereADescriptionIsWrong(t *testing.T) {
	path := changed(t, "items: answer.agents\n", "items: answer.agents[\n")
	status, _, complained := command(t, "check", path)
	if status != 1 || !strings.Contains(complained, "console.yaml:53:12: find[1].items: ") {
		t.Errorf("%d %s", status, complained)
	}
}
