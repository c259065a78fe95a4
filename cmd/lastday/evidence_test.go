package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAFileIsEvidenceByNameSizeAndDigest(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "badge return\n.txt")
	if err := os.WriteFile(path, []byte("hello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const want = "ticket 7; file badge return?.txt, 6 bytes, sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
	for words, text := range map[string]string{"ticket 7": want, "": want[len("ticket 7; "):]} {
		got, err := evidenceOf(words, path)
		if err != nil || got != text {
			t.Errorf("%q, %v; want %q", got, err, text)
		}
	}
	if got, err := evidenceOf("ticket 7", ""); err != nil || got != "ticket 7" {
		t.Errorf("words alone: %q, %v", got, err)
	}
}

func TestWhatIsNoFileIsNoEvidence(t *testing.T) {
	dir := t.TempDir()
	empty, large := filepath.Join(dir, "empty"), filepath.Join(dir, "large")
	for path, size := range map[string]int64{empty: 0, large: mostEvidence + 1} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{empty, large, dir, filepath.Join(dir, "missing")} {
		if got, err := evidenceOf("", path); err == nil {
			t.Errorf("%s became %q", filepath.Base(path), got)
		}
	}
}
