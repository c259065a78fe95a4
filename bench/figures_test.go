package main

import (
	"math"
	"testing"
	"time"
)

func TestMedianIsTheMiddle(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{nil, 0},
		{[]float64{7}, 7},
		{[]float64{9, 1, 5}, 5},
		{[]float64{4, 1, 3, 2}, 2.5},
	} {
		if got := median(c.values); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.values, got, c.want)
		}
	}
}

func TestPercentileIsAValueThatWasMeasured(t *testing.T) {
	var values []time.Duration
	for i := 100; i > 0; i-- {
		values = append(values, time.Duration(i))
	}
	for _, c := range []struct {
		p    int
		want time.Duration
	}{{50, 50}, {95, 95}, {100, 100}, {1, 1}} {
		if got := percentile(values, c.p); got != c.want {
			t.Errorf("p%d is %d, want %d", c.p, got, c.want)
		}
	}
	if got := percentile([]time.Duration{3}, 95); got != 3 {
		t.Errorf("p95 of one is %d", got)
	}
	if values[0] != 100 {
		t.Error("what was measured was put into another order")
	}
}

// A run on a slow moment of the machine is slow for both: dividing first and
// taking the median then is what makes ratios hold.
func TestRatiosAreDividedRunByRun(t *testing.T) {
	var r ratios
	r.add(2, 1)
	r.add(40, 10)
	r.add(3, 1)
	if got := r.median(); math.Abs(got-3) > 1e-9 {
		t.Errorf("ratio %v, want 3", got)
	}
	if r.ours() != 3 || r.theirs() != 1 {
		t.Errorf("medians %v and %v", r.ours(), r.theirs())
	}
}
