package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const goTestOutput = `goos: linux
BenchmarkRequests/GitHub_with_GraphQL/cold-2         	       3	 552123932 ns/op	         8.667 changes/leaver	        98.67 charged/leaver	       115.3 requests/leaver	        40.67 writes/leaver
BenchmarkLeaver-2   	       3	 552123932 ns/op	       115.3 requests/leaver
PASS
`

func TestRequestsAreReadFromTheDriversBenchmarks(t *testing.T) {
	got := map[string]float64{}
	for _, n := range requestNumbers(goTestOutput) {
		if n.Means == "" {
			t.Errorf("%s does not say what it is", n.Name)
		}
		got[n.Name] = n.Value
	}
	want := map[string]float64{
		"GitHub with GraphQL, cold: changes": 8.667, "GitHub with GraphQL, cold: charged": 98.67,
		"GitHub with GraphQL, cold: requests": 115.3, "GitHub with GraphQL, cold: writes": 40.67,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestWithoutBenchmarksThereIsNothing(t *testing.T) {
	if got := requestNumbers("PASS\nok lastday/integrations 0.1s\n"); len(got) != 0 {
		t.Errorf("%v", got)
	}
}
