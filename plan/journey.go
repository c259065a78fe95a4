package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"lastday"
)

// leg is a stage that is still to come, or is due now.
type leg struct {
	// index is the policy's stage, or its cut for stages that look again.
	index int
	stage lastday.Stage
}

// journey is what is left of a course at a time.
type journey struct {
	course
	in      Input
	last    lastday.Date
	zone    string
	cutoff  lastday.Moment
	legs    []leg
	reached []bool
}

func travel(p Policy, in Input) (*journey, error) {
	j := &journey{in: in, last: in.Separation.LastDay, zone: in.Separation.Zone}
	var notes []string
	if j.zone == "" && p.zone != "" {
		j.zone = p.zone
		notes = append(notes, "HR names no zone: the policy's "+p.zone+" is used")
	}
	loc, err := location(j.zone)
	if err != nil {
		return nil, err
	}
	if j.last.IsZero() && in.Separation.Kind == lastday.SeparationImmediate {
		j.last = lastday.DateOf(in.Now.In(loc))
	}
	wall := p.cutoff
	if in.Separation.Cutoff != nil {
		wall = *in.Separation.Cutoff
	}
	if j.course, err = lay(p, j.last, wall, j.zone); err != nil {
		return nil, err
	}
	j.notes = append(notes, j.notes...)
	j.hidden = in.Separation.Confidential && p.confidential == cutOnly
	if err := j.markReached(); err != nil {
		return nil, err
	}
	j.placeCut(loc)
	j.wayDown()
	j.lookAgain(loc)
	return j, nil
}

// markReached finds the stages that were reached. What lies before one on the
// way was reached with it.
func (j *journey) markReached() error {
	j.reached = make([]bool, len(j.policy.stages))
	deepest := -1
	for _, name := range j.in.Reached {
		at := slices.IndexFunc(j.policy.stages, func(s stage) bool { return s.name == name })
		switch {
		case at >= 0:
			deepest = max(deepest, j.order[at])
		case slices.ContainsFunc(j.policy.watch, func(w watch) bool { return w.name == name }):
			deepest = max(deepest, j.order[j.policy.cut])
		default:
			return lastday.Errorf(lastday.CodeInvalid, "plan: build",
				"stage %q was reached, but policy %q has none of that name: its ceiling would be lost", clip(name, 40), j.policy.name)
		}
	}
	for i := range j.reached {
		j.reached[i] = j.order[i] <= deepest
	}
	return nil
}

// atOnce says that the cut waits for nothing.
func (j *journey) atOnce() bool {
	return j.in.CutNow || j.in.Separation.Kind == lastday.SeparationImmediate
}

func (j *journey) placeCut(loc *time.Location) {
	cut := j.policy.cut
	j.cutoff = j.moments[cut]
	j.cutoff.Rule += " (policy)"
	if j.in.Separation.Cutoff != nil {
		j.cutoff.Rule = j.moments[cut].Rule + " (HR)"
	}
	switch {
	case j.reached[cut] && j.cutoff.Instant.After(j.in.Now):
		j.cutoff = momentAt(j.in.Now, loc, j.zone, "reached before, does not rise again")
	case j.reached[cut]:
	case j.in.CutNow:
		j.cutoff = momentAt(j.in.Now, loc, j.zone, "at once: a person decided")
	case j.atOnce():
		j.cutoff = momentAt(j.in.Now, loc, j.zone, "at once: HR ended it immediately")
	}
}

func momentAt(t time.Time, loc *time.Location, zone, rule string) lastday.Moment {
	local := t.In(loc)
	wall := lastday.WallTime{Hour: local.Hour(), Minute: local.Minute()}
	return lastday.Moment{Date: lastday.DateOf(local), Time: wall, Zone: zone, Rule: rule, Instant: t.UTC()}
}

// due says whether a stage's ceiling holds now.
func (j *journey) due(i int) bool {
	return j.reached[i] || !j.moments[i].Instant.After(j.in.Now)
}

// wayDown makes the legs up to the cut. Stages that are due already are merged
// into the deepest of them.
func (j *journey) wayDown() {
	cutDue := !j.cutoff.Instant.After(j.in.Now)
	current, later := -1, []int{}
	for _, i := range j.along() {
		switch {
		case i >= j.policy.cut:
		case cutDue || j.due(i):
			current = i
		case j.moments[i].Instant.Before(j.cutoff.Instant):
			later = append(later, i)
		default:
			j.note("stage %q would come after the cut and is left out", j.policy.stages[i].name)
		}
	}
	if !cutDue && current >= 0 {
		later = append([]int{current}, later...)
	}
	for _, i := range later {
		j.addLeg(i)
	}
	j.lateness(current, cutDue)
	j.legs = append(j.legs, leg{index: j.policy.cut, stage: lastday.Stage{
		Name: j.policy.stages[j.policy.cut].name, Moment: j.cutoff, Ceiling: lastday.LevelNone, Cut: true,
	}})
}

func (j *journey) addLeg(i int) {
	s := lastday.Stage{Name: j.policy.stages[i].name, Moment: j.moments[i], Ceiling: j.base(i)}
	if j.hidden && s.Ceiling == lastday.LevelAdmin && !j.silentUpTo(i) {
		j.note("confidential: stage %q is left out, nothing visible happens before the cut", s.Name)
		return
	}
	if s.Moment.Instant.After(j.in.Now) && j.reached[i] {
		loc := time.UTC
		if l, err := location(j.zone); err == nil {
			loc = l
		}
		s.Moment = momentAt(j.in.Now, loc, j.zone, "reached before, does not rise again")
	}
	j.legs = append(j.legs, leg{index: i, stage: s})
}

// base is a stage's own ceiling: the lowest of the stages up to it. In a
// confidential case only those count that were reached already.
func (j *journey) base(i int) lastday.Level {
	if !j.hidden {
		return j.running[i]
	}
	lowest := lastday.LevelAdmin
	for k, s := range j.policy.stages {
		if j.reached[k] && j.order[k] <= j.order[i] {
			lowest = min(lowest, s.ceiling)
		}
	}
	return lowest
}

func (j *journey) silentUpTo(i int) bool {
	return slices.ContainsFunc(j.policy.sensitive, func(s sensitive) bool {
		return s.silent && j.order[s.stage] <= j.order[i]
	})
}

// lateness tells which stages were merged and whether HR was late. It speaks of
// moments only, never of now: planning again a minute later gives the same plan.
func (j *journey) lateness(current int, cutDue bool) { //nolint:cyclop // One pass over the stages is easier to follow than three.
	if j.hidden && !cutDue {
		return
	}
	var merged []string
	first := time.Time{}
	for _, i := range j.along() {
		if i > j.policy.cut || j.reached[i] || (!j.due(i) && !(cutDue && i < j.policy.cut)) {
			continue
		}
		if at := j.moments[i].Instant; first.IsZero() && !at.After(j.in.Now) {
			first = at
		}
		if i != j.policy.cut && (cutDue || i != current) {
			merged = append(merged, fmt.Sprintf("%q", j.policy.stages[i].name))
		}
	}
	if len(merged) > 0 {
		into := j.policy.cut
		if !cutDue {
			into = current
		}
		j.note("merged into stage %q: %s", j.policy.stages[into].name, strings.Join(merged, ", "))
	}
	if !first.IsZero() {
		j.hrLate(first)
	}
}

func (j *journey) hrLate(first time.Time) {
	entered := j.in.Separation.EnteredAt
	if entered.IsZero() {
		j.note("late: the first stage was due at %s; HR does not say when it entered the separation", first.Format(time.RFC3339))
		return
	}
	if late := entered.Sub(first); late > 0 {
		j.note("late: HR entered the separation %s after its first stage was due", roughly(late))
	}
}

// roughly tells a duration in the largest fitting units.
func roughly(d time.Duration) string {
	days, hours, minutes := int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60
	switch {
	case days > 0:
		return fmt.Sprintf("%d d %d h", days, hours)
	case hours > 0:
		return fmt.Sprintf("%d h %d min", hours, minutes)
	}
	return fmt.Sprintf("%d min", minutes)
}

func (j *journey) note(format string, args ...any) {
	j.notes = append(j.notes, fmt.Sprintf(format, args...))
}
