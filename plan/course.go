package plan

import (
	"cmp"
	"slices"

	"lastday"
)

// course is a policy laid on a calendar: which stage comes when, and what is
// the ceiling for a grant. Build makes it from a separation, Judge from a plan,
// and both read ceilings from it, so that they cannot disagree.
type course struct {
	policy Policy
	// moments and order are by the policy's stages. Order counts along the way
	// down: distances in working days can overtake distances in calendar days.
	moments []lastday.Moment
	order   []int
	// running is the lowest ceiling of the stages up to one.
	running []lastday.Level
	// hidden says that nothing visible may happen before the cut.
	hidden bool
	notes  []string
}

func lay(p Policy, last lastday.Date, cutoff lastday.WallTime, zone string) (course, error) {
	c := course{policy: p, order: make([]int, len(p.stages)), running: make([]lastday.Level, len(p.stages))}
	for i, s := range p.stages {
		wall := s.time
		if i == p.cut {
			wall = cutoff
		}
		day := s.at.from(last, p.calendar)
		at, note, err := Resolve(day, wall, zone)
		if err != nil {
			return course{}, lastday.Wrap(lastday.CodeInvalid, "plan: stage "+s.name, "", err)
		}
		if note != "" {
			c.notes = append(c.notes, s.name+": "+note)
		}
		c.moments = append(c.moments, lastday.Moment{Date: day, Time: wall, Zone: zone, Rule: s.at.String() + ", " + wall.String(), Instant: at})
	}
	c.rank()
	return c, nil
}

func (c *course) rank() {
	lowest := lastday.LevelAdmin
	for n, i := range c.along() {
		lowest = min(lowest, c.policy.stages[i].ceiling)
		c.order[i], c.running[i] = n, lowest
	}
}

// along lists the stages as they come. The cut closes the way down whatever a
// calendar says.
func (c *course) along() []int {
	all := make([]int, len(c.policy.stages))
	for i := range all {
		all[i] = i
	}
	slices.SortStableFunc(all, func(a, b int) int {
		return cmp.Or(cmp.Compare(c.side(a), c.side(b)), c.moments[a].Instant.Compare(c.moments[b].Instant))
	})
	return all
}

// side is -1 before the cut, 0 at it and 1 after it.
func (c *course) side(i int) int { return cmp.Compare(i, c.policy.cut) }

// match says which rules name a grant.
type match struct {
	sensitive []bool
	// keep is the first keep rule that names it, -1 if none does.
	keep int
	// was is the level the grant stood at when the plan was made: nothing keeps it higher.
	was lastday.Level
}

// match runs the rules. A grant that moved since is sensitive if it is now or
// was, and kept only for what it was: lowering it must not make a rule forget
// it, nor another begin to hold it.
func (c *course) match(system string, now, was lastday.Grant) (match, error) {
	m := match{keep: -1, was: was.Level(), sensitive: make([]bool, len(c.policy.sensitive))}
	system = lastday.SystemOf(system)
	varsNow, varsWas := grantVars(system, now), grantVars(system, was)
	for i, s := range c.policy.sensitive {
		is, err := s.when.holds(varsNow)
		if err != nil {
			return m, err
		}
		used, err := s.when.holds(varsWas)
		if err != nil {
			return m, err
		}
		m.sensitive[i] = is || used
	}
	for i, k := range c.policy.keep {
		yes, err := k.when.holds(varsWas)
		if err != nil {
			return m, err
		}
		if yes {
			m.keep = i
			break
		}
	}
	return m, nil
}

// limit is the ceiling of one grant at one stage.
type limit struct {
	level lastday.Level
	// rule says what asks for it.
	rule string
	// kept says that a keep rule holds it above the stage's own ceiling.
	kept bool
}

// limit reads the ceiling of a grant at a stage whose own ceiling is base.
// Sensitive rules are stronger than keep rules. Over the stages it only falls:
// base does, keep rules end, and sensitive rules stay once they have begun.
func (c *course) limit(at int, base lastday.Level, m match) limit {
	l := limit{level: base, rule: "stage " + c.policy.stages[at].name}
	if m.keep >= 0 && c.order[at] < c.order[c.policy.keep[m.keep].until] {
		if held := min(c.policy.keep[m.keep].most(), m.was); held > base {
			l.level, l.kept = held, true
		}
	}
	for i, s := range c.policy.sensitive {
		if m.sensitive[i] && s.ceiling < l.level && c.begun(s, at, base) {
			l.level, l.rule = s.ceiling, "sensitive "+s.name
		}
	}
	l.kept = l.kept && l.level > base
	return l
}

// most is the highest level that a keep rule may hold.
func (k keep) most() lastday.Level {
	if k.admin {
		return lastday.LevelAdmin
	}
	return lastday.LevelWrite
}

// begun says whether a sensitive rule counts at a stage. In a confidential case
// only silent rules do before the cut, and those of stages that were reached
// before it became confidential: their ceilings are in base.
func (c *course) begun(s sensitive, at int, base lastday.Level) bool {
	if c.order[s.stage] > c.order[at] {
		return false
	}
	if !c.hidden || at >= c.policy.cut || s.silent {
		return true
	}
	return base < lastday.LevelAdmin && c.running[s.stage] >= base
}
