package main

import (
	"archive/zip"
	"bytes"
	"testing"
)

func TestOneByteIsTamperedWithAndTheRestIsWhole(t *testing.T) {
	var whole bytes.Buffer
	w := zip.NewWriter(&whole)
	for name, text := range map[string]string{"log/records.jsonl": `{"system":"directory"}`, "report.html": "<p>directory</p>"} {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	tampered, name, err := tamper(whole.Bytes())
	if err != nil || name != "log/records.jsonl" {
		t.Fatalf("%s, %v", name, err)
	}
	for name, want := range map[string]string{"log/records.jsonl": `{"system":"Directory"}`, "report.html": "<p>directory</p>"} {
		if got, err := member(tampered, name); err != nil || string(got) != want {
			t.Errorf("%s is %s, %v", name, got, err)
		}
	}
}
