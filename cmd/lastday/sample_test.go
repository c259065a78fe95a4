package main

import (
	"archive/zip"
	"bytes"
	"testing"
	"time"
)

func TestTheFilesOfAPackHaveTheDateOfTheDraw(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 37, 42, 0, time.UTC)
	var pack bytes.Buffer
	k := &packer{at: at, zip: zip.NewWriter(&pack)}
	if err := k.add("sample.csv", []byte("person\n")); err != nil {
		t.Fatal(err)
	}
	if err := k.zip.Close(); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(pack.Bytes()), int64(pack.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if got := z.File[0].Modified; !got.Equal(at) {
		t.Errorf("the file is of %v", got)
	}
}
