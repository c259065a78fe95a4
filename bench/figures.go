package main

import (
	"slices"
	"time"
)

// ratios collects what was measured of lastday and of what it is compared
// with, run by run, so that only what met the same machine is divided.
type ratios struct{ our, their []float64 }

func (r *ratios) add(ours, theirs float64) {
	r.our = append(r.our, ours)
	r.their = append(r.their, theirs)
}

// median is the median of the ratios of each run.
func (r *ratios) median() float64 {
	each := make([]float64, len(r.our))
	for i := range each {
		each[i] = r.our[i] / r.their[i]
	}
	return median(each)
}

func (r *ratios) ours() float64   { return median(r.our) }
func (r *ratios) theirs() float64 { return median(r.their) }

// median is the middle, or the mean of the two in the middle; zero of nothing.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// percentile is the smallest value that p of 100 do not exceed; zero of nothing.
func percentile(values []time.Duration, p int) time.Duration {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[max(0, (len(sorted)*p+99)/100-1)]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
