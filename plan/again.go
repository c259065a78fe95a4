package plan

import (
	"slices"
	"time"

	"lastday"
)

// lookAgain makes the stages after the cut. They change no ceiling; they read
// again and take what came back. Those that are over are left out, and of
// several that are due the last is enough.
func (j *journey) lookAgain(loc *time.Location) {
	all := j.after(loc)
	slices.SortStableFunc(all, func(a, b lastday.Stage) int { return a.Moment.Instant.Compare(b.Moment.Instant) })
	over := -1
	for i, s := range all {
		if slices.Contains(j.in.Reached, s.Name) {
			over = i
		}
	}
	all = all[over+1:]
	past := 0
	for past < len(all) && !all[past].Moment.Instant.After(j.in.Now) {
		past++
	}
	if past > 0 && j.reached[j.policy.cut] {
		past--
	}
	for _, s := range all[past:] {
		j.legs = append(j.legs, leg{index: j.policy.cut, stage: s})
	}
}

func (j *journey) after(loc *time.Location) []lastday.Stage {
	var all []lastday.Stage
	for i := j.policy.cut + 1; i < len(j.policy.stages); i++ {
		all = append(all, lastday.Stage{Name: j.policy.stages[i].name, Moment: j.moments[i], Watch: true})
	}
	for _, w := range j.policy.watch {
		at := j.cutAt().Add(w.after)
		rule := w.name[len("watch "):] + " after the cut"
		all = append(all, lastday.Stage{Name: w.name, Moment: momentAt(at, loc, j.zone, rule), Watch: true})
	}
	return all
}

// cutAt is when the cut is, or was, really done.
func (j *journey) cutAt() time.Time {
	at := j.cutoff.Instant
	if !j.reached[j.policy.cut] && at.Before(j.in.Now) {
		return j.in.Now
	}
	return at
}
