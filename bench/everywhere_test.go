package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const everywhereOutput = `=== RUN   TestCutNowReachesEverySystem
=== ATTR  TestCutNowReachesEverySystem lane_code 500
=== ATTR  TestCutNowReachesEverySystem lane_saas 900
=== ATTR  TestCutNowReachesEverySystem all 1000
=== ATTR  TestCutNowReachesEverySystem systems 2
=== ATTR  TestCutNowReachesEverySystem grants 30
=== ATTR  TestCutNowReachesEverySystem calls 219
=== ATTR  TestCutNowReachesEverySystem latency 20
=== ATTR  TestSomethingElse all 9
--- PASS: TestCutNowReachesEverySystem (39.09s)
`

func TestTheSlowestOfAllSystemsIsComparedWithAll(t *testing.T) {
	var s section
	if err := s.everywhere(attributes(everywhereOutput + everywhereOutput)); err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, n := range s.Numbers {
		got[n.Name] = n.Value
	}
	want := map[string]float64{
		"share of the slowest": 0.9, "at a time": 1.4, "all systems": 1000, "code": 500, "saas": 900, "grants": 30, "calls": 219,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !strings.Contains(s.How, "in 2 systems") || !strings.Contains(s.How, "20 ms") || !strings.Contains(s.Note, "2 runs") {
		t.Errorf("%s %s", s.How, s.Note)
	}
}

func TestATestThatToldNothingIsNoMeasurement(t *testing.T) {
	var s section
	if err := s.everywhere(attributes("ok  \tlastday/test\t0.1s\n")); err == nil {
		t.Error("nothing was taken for a measurement")
	}
}
