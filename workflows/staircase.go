package workflows

import (
	"slices"

	"lastday"
	"lastday/plan"
)

// Staircase draws how access falls: what was planned, and what was seen. A
// case that was cut at once may have no system in its plan; its lanes know
// them all the same.
func (s Status) Staircase(made lastday.Plan, o plan.StairOptions) string {
	o.Actual = map[string][]plan.Step{}
	made.Systems = slices.Clone(made.Systems)
	for _, r := range s.Reached {
		o.Done = append(o.Done, r.Stage)
		if r.At.After(o.Now) {
			o.Now = r.At
		}
	}
	for _, l := range s.Lanes {
		for _, step := range l.Steps {
			if step.Stage == stepBefore {
				continue
			}
			o.Actual[l.System] = append(o.Actual[l.System], plan.Step{Stage: step.Stage, At: step.At, Level: step.Level, Proof: step.Proof})
		}
		if now, behind := s.behind(l); behind {
			o.Actual[l.System] = append(o.Actual[l.System], now)
		}
		made.Systems = withBefore(made.Systems, l)
	}
	return plan.Staircase(made, o)
}

// behind is how high a system still stands at the stage in force, if it was not
// read back clean there: what is only planned must not be drawn as done.
func (s Status) behind(l Lane) (plan.Step, bool) {
	if len(s.Reached) == 0 || l.Read.IsZero() || l.Clean == s.Stage || l.State == LaneRestored {
		return plan.Step{}, false
	}
	return plan.Step{Stage: s.Stage, At: l.Read, Level: l.Highest, Proof: lastday.ProofNone}, true
}

// withBefore shows a system as it was first read, before any change: a plan
// made again since knows only what was left by then.
func withBefore(systems []lastday.SystemPlan, l Lane) []lastday.SystemPlan {
	if len(l.Steps) == 0 || l.Steps[0].Stage != stepBefore {
		return systems
	}
	first := l.Steps[0]
	i := slices.IndexFunc(systems, func(p lastday.SystemPlan) bool { return p.System == l.System })
	if i < 0 {
		systems = append(systems, lastday.SystemPlan{System: l.System, Match: lastday.Match{Verdict: l.Verdict}})
		i = len(systems) - 1
	}
	systems[i].Grants, systems[i].Highest, systems[i].Complete = first.Grants, first.Level, first.Proof == lastday.ProofObserved
	return systems
}
