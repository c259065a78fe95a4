package app

import (
	"context"
	"sync"
	"time"

	"lastday"
	"lastday/activities"
	"lastday/plan"
)

// Plan reads all systems and makes the very plan that a case for the
// separation would run. It holds readers only and changes nothing. Progress,
// which may be nil, is told of every system as it begins and ends.
func (p *Parts) Plan(ctx context.Context, s lastday.Separation, now time.Time, progress func(system, what string)) (lastday.Plan, error) {
	inventories, unread, err := p.survey(ctx, s.Person, progress)
	if err != nil {
		return lastday.Plan{}, err
	}
	planner := &activities.Cases{Policies: p.Policies, Protected: p.Protected(), MinOwners: p.Config.MinOwners}
	out, err := activities.MakePlan(planner, activities.PlanInput{Case: s.CaseID(), Separation: s, Inventories: inventories, Unread: unread, Now: now})
	return out.Plan, err
}

// survey reads all accounts in all systems in parallel; what cannot be read is a gap.
func (p *Parts) survey(ctx context.Context, person lastday.Person, progress func(system, what string)) ([]lastday.Inventory, []lastday.Gap, error) {
	readings, err := p.readings(ctx, person)
	if err != nil {
		return nil, nil, err
	}
	found := make([]*lastday.Inventory, len(readings))
	gaps := make([]*lastday.Gap, len(readings))
	var wg sync.WaitGroup
	for i, r := range readings {
		wg.Go(func() {
			tell(progress, r.lane, "reading")
			inv, err := activities.SurveyLane(ctx, r.system.Surveyor(), r.lane, r.person)
			if err != nil {
				gaps[i] = &lastday.Gap{System: r.lane, What: "the whole system", Code: lastday.CodeOf(err), Why: err.Error()}
				tell(progress, r.lane, "could not be read: "+err.Error())
				return
			}
			found[i] = &inv
			tell(progress, r.lane, "read")
		})
	}
	wg.Wait()
	return compact(found), compact(gaps), nil
}

func tell(progress func(system, what string), system, what string) {
	if progress != nil {
		progress(system, what)
	}
}

func compact[T any](all []*T) []T {
	var some []T
	for _, one := range all {
		if one != nil {
			some = append(some, *one)
		}
	}
	return some
}

// Preview chooses the policy for a separation and says when its stages fall
// due, without reading any system.
func (p *Parts) Preview(s lastday.Separation, now time.Time) (lastday.Plan, error) {
	policy, err := plan.Choose(p.Policies, s)
	if err != nil {
		return lastday.Plan{}, err
	}
	return plan.Build(policy, plan.Input{Case: s.CaseID(), Separation: s, Now: now, Protected: p.Protected(), MinOwners: p.Config.MinOwners})
}
