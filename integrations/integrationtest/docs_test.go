package integrationtest_test

import (
	"encoding/json"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// extract reads the named code blocks of the guide.
func extract(t *testing.T) map[string]string {
	t.Helper()
	guide, err := os.ReadFile("../../docs/writing-an-integration.md")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	block := regexp.MustCompile("(?s)<!-- file: (\\S+) -->\n```go\n(.*?)\n```\n")
	for _, m := range block.FindAllStringSubmatch(string(guide), -1) {
		files[m[1]] = m[2] + "\n"
	}
	return files
}

// run tests the files as the package integrations/wiki, which lies beside the
// tree: an overlay shows it to the compiler.
func run(t *testing.T, files map[string]string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	replace := map[string]string{}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		place, err := filepath.Abs(filepath.Join("..", "wiki", name))
		if err != nil {
			t.Fatal(err)
		}
		replace[place] = path
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(path, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "wiki.test")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-vet=off", "-o", program, "-overlay", path, "lastday/integrations/wiki")
	if out, err := build.CombinedOutput(); err != nil {
		return string(out), err
	}
	out, err := exec.CommandContext(t.Context(), program, "-test.bench", "^BenchmarkLeaver$", "-test.benchtime", "1x").CombinedOutput()
	return string(out), err
}

func TestTheGuidesIntegrationWorksAsItStands(t *testing.T) {
	files := extract(t)
	if len(files) != 2 {
		t.Fatalf("the guide has %d files, want 2", len(files))
	}
	for name, text := range files {
		if tidy, err := format.Source([]byte(text)); err != nil || string(tidy) != text {
			t.Errorf("%s is not formatted (%v)", name, err)
		}
	}
	out, err := run(t, files)
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if !strings.Contains(out, " requests/leaver") || !strings.Contains(out, " 3.000 changes/leaver") {
		t.Errorf("the guide's benchmark does not count what a leaver costs:\n%s", out)
	}
}

func TestTheGuidesIntegrationCanFail(t *testing.T) {
	files := extract(t)
	const look = "if !control.Seen {"
	if !strings.Contains(files["wiki.go"], look) {
		t.Fatal("the guide no longer looks whether it sees")
	}
	files["wiki.go"] = strings.ReplaceAll(files["wiki.go"], look, "if false && !control.Seen {")
	if out, err := run(t, files); err == nil || !strings.Contains(out, "blind_eyes_prove_nothing") {
		t.Errorf("a driver that does not look passes: %v\n%s", err, out)
	}
}
