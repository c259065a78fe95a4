package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const goTestOutput = `goos: linux
pkg: example/integrations/code
BenchmarkLeaver/with_an_index,_cold-2         	       3	 552123932 ns/op	         8.667 changes/leaver	        98.67 charged/leaver	       115.3 requests/leaver	        40.67 writes/leaver
BenchmarkIndex-2   	       3	 552123932 ns/op	       115.3 requests/leaver
PASS
ok  	example/integrations/code	1.2s
pkg: example/integrations/cloud
BenchmarkLeaver/cloud-users-2         	       1	 338098172 ns/op	        14.00 changes/leaver	        62.00 requests/leaver
BenchmarkLeaver/cloud-center/first     	       1	  26566215 ns/op	         4.000 changes/leaver	        59.00 requests/leaver
PASS
pkg: example/integrations/database
BenchmarkLeaver-2   	       1	3379587285 ns/op	        13.00 changes/leaver	       115.0 requests/leaver
PASS
`

func wantedScenes() []scene {
	return []scene{
		{kind: "cloud-center", Scene: "first", Requests: 59, Changes: 4},
		{kind: "cloud-users", Requests: 62, Changes: 14},
		{kind: "code", Scene: "with an index, cold", Requests: 115.3, Changes: 8.667, Charged: 98.67, Writes: 40.67},
		{kind: "database", Requests: 115, Changes: 13},
	}
}

func TestRequestsAreReadFromTheDriversBenchmarks(t *testing.T) {
	if diff := cmp.Diff(wantedScenes(), requestScenes(goTestOutput), cmp.AllowUnexported(scene{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestWithoutBenchmarksThereIsNothing(t *testing.T) {
	if got := requestScenes("PASS\nok lastday/integrations 0.1s\n"); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func TestASceneTellsWhatWasCountedAndNoMore(t *testing.T) {
	got := map[string]float64{}
	for _, s := range wantedScenes()[2:] {
		for _, n := range s.numbers() {
			if n.Means == "" {
				t.Errorf("%s does not say what it is", n.Name)
			}
			got[n.Name] = n.Value
		}
	}
	want := map[string]float64{
		"code, with an index, cold: changes": 8.667, "code, with an index, cold: charged": 98.67,
		"code, with an index, cold: requests": 115.3, "code, with an index, cold: writes": 40.67,
		"database: requests": 115, "database: changes": 13,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestTheNumbersAreKeptByKind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "requests.json")
	o := options{requests: path, now: func() time.Time { return time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC) }}
	if err := saveRequests(o, wantedScenes()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"date": "2026-11-22"`, `"cloud-users": [`, `"scene": "first"`, `"requests": 115.3`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
}

func TestNothingIsWrittenThatNobodyAskedFor(t *testing.T) {
	if err := saveRequests(options{}, wantedScenes()); err != nil {
		t.Error(err)
	}
}

func TestOnlyPackagesThatMeasureALeaverAreRun(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"one/cost_test.go": "package one\n\nfunc BenchmarkLeaver(b *testing.B) {\n", "two/cost_test.go": "package two\n\nfunc BenchmarkOther(b *testing.B) {\n",
		"three/cost.go": "package three\n\nfunc BenchmarkLeaver(b *testing.B) {\n",
	} {
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := measuring(root)
	if err != nil || len(got) != 1 || !strings.HasSuffix(got[0], "/one") {
		t.Errorf("%v, %v", got, err)
	}
}

func TestOfAFailureTheFailureIsTold(t *testing.T) {
	got := failures("ok one 1s\n--- FAIL: BenchmarkLeaver\n    cost_test.go:1: still there\nPASS\nFAIL\tlastday/two\t1s\n")
	if want := "--- FAIL: BenchmarkLeaver\n    cost_test.go:1: still there\nFAIL\tlastday/two\t1s\n"; got != want {
		t.Errorf("%q", got)
	}
}
