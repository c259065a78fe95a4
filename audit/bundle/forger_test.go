package bundle_test

import (
	"archive/zip"
	"bytes"
	"testing"

	"lastday/audit"
)

// addFile packs a bundle again with one file more at its end.
func addFile(t *testing.T, data []byte, name string, content []byte) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range z.File {
		if err := w.Copy(f); err != nil {
			t.Fatal(err)
		}
	}
	to, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: z.File[0].Modified.UTC()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := to.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Most programs that unpack a zip file keep the last of two files of a name:
// what people read must be what was checked.
func TestASecondFileOfTheSameNameIsFound(t *testing.T) {
	k := newLog(t)
	data := k.sealed(t)
	for _, name := range []string{"log/records.jsonl", "log/checkpoint", "plan.json"} {
		v, err := k.verify(t, addFile(t, data, name, []byte("{}\n")))
		k.must(t, err)
		mustName(t, v, audit.Repeated, name)
	}
}
