package secret_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lastday"
	"lastday/internal/secret"
)

const value = "hunter2-and-more"

func write(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // WriteFile's mode is subject to the umask
		t.Fatal(err)
	}
	return path
}

func TestReferencesAreResolvedWithoutTheLastNewline(t *testing.T) {
	t.Setenv("LASTDAY_TEST_TOKEN", value)
	refs := map[string]string{
		"env:LASTDAY_TEST_TOKEN":                          value,
		"file:" + write(t, value, 0o600):                  value,
		"file:" + write(t, value+"\n", 0o640):             value,
		"file:" + write(t, value+"\r\n", 0o600):           value,
		"file:" + write(t, "line one\nline two\n", 0o600): "line one\nline two",
		"file:" + write(t, value+"\n\n", 0o600):           value + "\n",
	}
	for ref, want := range refs {
		if got, err := secret.Resolve(t.Context(), ref); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", ref, got, err, want)
		}
	}
}

func TestWhatIsNoGoodSecretIsRefusedWithoutShowingIt(t *testing.T) {
	t.Setenv("LASTDAY_TEST_EMPTY", "")
	refs := map[string]string{
		"a value in place of a reference": value,
		"a value after env:":              "env:" + value,
		"a value after file:":             "file:" + value,
		"no variable":                     "env:LASTDAY_TEST_ABSENT",
		"an empty variable":               "env:LASTDAY_TEST_EMPTY",
		"no file":                         "file:" + filepath.Join(t.TempDir(), "absent"),
		"a directory":                     "file:" + t.TempDir(),
		"an empty file":                   "file:" + write(t, "\n", 0o600),
		"a file that is too large":        "file:" + write(t, strings.Repeat(value, 5000), 0o600),
		"a file that everybody may read":  "file:" + write(t, value, 0o644),
		"another scheme":                  "vault:" + value,
	}
	for name, ref := range refs {
		got, err := secret.Resolve(t.Context(), ref)
		if got != "" || lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
		if err != nil && strings.Contains(err.Error(), value) {
			t.Errorf("%s: the error shows the value: %v", name, err)
		}
	}
}

func TestAFileThatEverybodyMayReadCanBeAllowed(t *testing.T) {
	r := secret.Resolver{AllowWorldReadable: true}
	if got, err := r.Resolve(t.Context(), "file:"+write(t, value, 0o644)); err != nil || got != value {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestNothingIsResolvedForACallerWhoIsGone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := secret.Resolve(ctx, "env:HOME"); lastday.CodeOf(err) != lastday.CodeTransient {
		t.Error(err)
	}
}

func TestATextNeverPrints(t *testing.T) {
	text := secret.NewText(value)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "token", text, "in", struct{ T secret.Text }{text})
	inJSON, err := json.Marshal(map[string]any{"t": text, "p": &text})
	if err != nil {
		t.Fatal(err)
	}
	for name, shown := range map[string]string{
		"verbs":  fmt.Sprintf("%v %+v %#v %s %q %x %d", text, text, text, text, text, text, text),
		"inside": fmt.Sprintf("%v %+v %#v", struct{ T secret.Text }{text}, []secret.Text{text}, &text),
		"json":   string(inJSON), "log": log.String(),
	} {
		if strings.Contains(shown, value) || strings.Contains(shown, fmt.Sprintf("%x", value)) {
			t.Errorf("%s: %s", name, shown)
		}
	}
	if text.Reveal() != value || (secret.Text{}).Reveal() != "" {
		t.Error("Reveal does not give the value")
	}
}
