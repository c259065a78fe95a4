package ldap

import "lastday"

// climb is what is known of groups that are members of groups, by their names.
type climb struct {
	level map[string]lastday.Level
	above map[string][]string
}

// rises notes that members of child are members of g as well.
func (s *survey) rises(child, g *entry) {
	if s.climb.above == nil {
		s.climb = climb{level: map[string]lastday.Level{}, above: map[string][]string{}}
	}
	from, to := foldDN(child.DN), foldDN(g.DN)
	s.climb.level[to] = s.level(g)
	s.climb.above[from] = append(s.climb.above[from], to)
}

// highest is the highest level of the groups above one. Groups may be in a circle.
func (c climb) highest(name string, seen map[string]bool) lastday.Level {
	level := lastday.LevelNone
	for _, up := range c.above[name] {
		if seen[up] {
			continue
		}
		seen[up] = true
		level = max(level, c.level[up], c.highest(up, seen))
	}
	return level
}

// raise lets a direct membership count as high as what it brings: what comes
// through a group can only be taken with the membership.
func (s *survey) raise() {
	for i, g := range s.page.Grants {
		if g.Kind != kindGroup || len(g.Via) > 0 {
			continue
		}
		level := max(g.Level(), s.climb.highest(foldDN(g.Resource.Labels["dn"]), map[string]bool{}))
		s.page.Grants[i].Rung, s.page.Grants[i].Ladder = level.String(), rung(level.String(), level)
	}
}
