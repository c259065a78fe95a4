package population_test

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"testing"

	"lastday"
	"lastday/audit/population"
)

func TestASampleIsTheSameForEverybodyWithTheSeed(t *testing.T) {
	rows := reconcile(t, input(t)).Rows
	first, err := population.Sample(5, "auditor 2026-12-05", rows)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(rows)
	again, _ := population.Sample(5, "auditor 2026-12-05", rows)
	more, _ := population.Sample(9, "auditor 2026-12-05", rows)
	other, _ := population.Sample(5, "another", rows)
	same := func(a, b []population.Row) bool {
		return slices.EqualFunc(a, b, func(x, y population.Row) bool { return x.Key() == y.Key() })
	}
	if len(first) != 5 || !same(first, again) || !same(first, more[:5]) || same(first, other) {
		t.Errorf("order matters, or the larger sample does not begin with the smaller")
	}
}

func TestASampleIsDrawnAsItIsDocumented(t *testing.T) {
	rows := []population.Row{{Person: "a", Engagement: "1", Source: "hr", Case: "c-a"}, {Person: "b", Engagement: "1", Source: "hr", Case: "c-b"}, {Person: "c", Engagement: "1", Source: "hr"}}
	slices.SortFunc(rows, func(x, y population.Row) int {
		digest := func(r population.Row) string {
			sum := sha256.Sum256([]byte("seed\x00" + r.Person + "\x00" + r.Engagement + "\x00" + r.Source + "\x00" + r.Case))
			return hex.EncodeToString(sum[:])
		}
		if digest(x) < digest(y) {
			return -1
		}
		return 1
	})
	got, err := population.Sample(99, "seed", rows[1:])
	if err != nil || len(got) != 2 || got[0].Person != rows[1].Person || got[1].Person != rows[2].Person {
		t.Errorf("%v %+v", err, got)
	}
}

func TestASampleNeedsANumberAndASeed(t *testing.T) {
	for _, c := range []struct {
		n    int
		seed string
	}{{0, "s"}, {-1, "s"}, {5, ""}} {
		if _, err := population.Sample(c.n, c.seed, nil); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%d, %q: got %v", c.n, c.seed, err)
		}
	}
}
