package plan

import (
	"cmp"
	"slices"

	"lastday"
)

// sortChanges puts what is most dangerous first, then keeps to the driver's own
// order: tokens before the membership that lets us see them. Where nothing may
// be left the driver's order alone decides: what closes an account, or denies it
// everything, makes the rest harmless at once, and must not wait behind it.
func sortChanges(all []lastday.Change, ceiling lastday.Level) {
	slices.SortStableFunc(all, func(a, b lastday.Change) int {
		danger := 0
		if ceiling > lastday.LevelNone {
			danger = cmp.Compare(rest(a), rest(b))
		}
		return cmp.Or(
			danger,
			cmp.Compare(a.Grant.Order, b.Grant.Order),
			cmp.Compare(a.Account.System, b.Account.System),
			cmp.Compare(a.Grant.Kind, b.Grant.Kind),
			cmp.Compare(a.Grant.Key, b.Grant.Key),
		)
	})
}

func rest(c lastday.Change) int {
	if c.Level() == lastday.LevelAdmin {
		return 0
	}
	return 1
}

func sortedGrants(grants []lastday.Grant) []lastday.Grant {
	all := slices.Clone(grants)
	slices.SortFunc(all, func(a, b lastday.Grant) int { return cmp.Compare(a.Key, b.Key) })
	return all
}

// distinct refuses two grants with one key: a change could not say which it means.
func distinct(grants []lastday.Grant) error {
	seen := make(map[string]bool, len(grants))
	for _, g := range grants {
		if g.Key == "" || seen[g.Key] {
			return lastday.Errorf(lastday.CodeInvalid, "plan: inventory", "a grant of kind %q has no key of its own", clip(g.Kind, 40))
		}
		seen[g.Key] = true
	}
	return nil
}

func ordered(m lastday.Match) lastday.Match {
	m.Candidates = slices.Clone(m.Candidates)
	slices.SortStableFunc(m.Candidates, func(a, b lastday.Candidate) int {
		return cmp.Or(cmp.Compare(a.Account.ID, b.Account.ID), cmp.Compare(a.Account.Login, b.Account.Login))
	})
	return m
}

func sortGaps(all []lastday.Gap) {
	slices.SortFunc(all, func(a, b lastday.Gap) int {
		return cmp.Or(cmp.Compare(a.System, b.System), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.What, b.What),
			cmp.Compare(a.Code, b.Code), cmp.Compare(a.Why, b.Why), cmp.Compare(a.Fix, b.Fix))
	})
}

func sortResidue(all []lastday.Residue) {
	slices.SortFunc(all, func(a, b lastday.Residue) int {
		return cmp.Or(cmp.Compare(a.System, b.System), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.What, b.What),
			cmp.Compare(a.Why, b.Why), cmp.Compare(a.Todo, b.Todo), a.Until.Compare(b.Until))
	})
}
