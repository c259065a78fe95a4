package population

import (
	"cmp"
	"crypto/sha256"
	"slices"

	"lastday"
)

// Sample picks n rows so that anybody can pick them again, with any tool: for
// each row SHA-256 is taken over the seed, a zero byte and the row's key (its
// person, engagement, source and case, with a zero byte between each two); the n
// rows with the smallest digests, compared as bytes, are the sample, in that
// order. It depends on neither the order of the rows nor a random generator of a
// language, and a larger sample begins with the smaller one.
//
// The seed should come from the auditor, after the population was frozen.
//
// CodeInvalid: n is not positive, or the seed is empty.
func Sample(n int, seed string, rows []Row) ([]Row, error) {
	if n < 1 || seed == "" {
		return nil, lastday.Errorf(lastday.CodeInvalid, "sample", "it needs a number above zero and a seed")
	}
	type drawn struct {
		digest [sha256.Size]byte
		row    Row
	}
	var all []drawn
	for _, r := range rows {
		all = append(all, drawn{sha256.Sum256([]byte(seed + "\x00" + r.Key())), r})
	}
	slices.SortStableFunc(all, func(a, b drawn) int {
		return cmp.Or(slices.Compare(a.digest[:], b.digest[:]), cmp.Compare(line(a.row), line(b.row)))
	})
	var out []Row
	for _, d := range all[:min(n, len(all))] {
		out = append(out, d.row)
	}
	return out, nil
}
