package integrations

import (
	"slices"
	"strings"

	"lastday"
)

// mergeGaps makes one gap of those about the same kind: the probe and the list
// often name the same missing permission. Of different reasons none is lost.
func mergeGaps(gaps []lastday.Gap) []lastday.Gap {
	var merged []lastday.Gap
	for _, g := range gaps {
		i := slices.IndexFunc(merged, func(m lastday.Gap) bool { return m.System == g.System && m.Kind == g.Kind })
		if i < 0 {
			merged = append(merged, g)
			continue
		}
		merged[i].What = join(merged[i].What, g.What)
		merged[i].Why = join(merged[i].Why, g.Why)
		merged[i].Fix = join(merged[i].Fix, g.Fix)
	}
	return merged
}

func join(a, b string) string {
	switch {
	case a == "" || strings.Contains(b, a):
		return b
	case strings.Contains(a, b):
		return a
	}
	return a + "; " + b
}
