package app

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"lastday"
	"lastday/activities"
	"lastday/workflows"
)

// abreast is for how many people one system is asked at once.
const abreast = 4

// Sweep asks the systems, or all if none is named, about people who left. It
// holds readers only and changes nothing. Progress may be nil.
func (p *Parts) Sweep(ctx context.Context, leavers []activities.Leaver, systems []string, progress func(system, what string)) (workflows.SweepResult, error) {
	result := workflows.SweepResult{Began: p.deps.Now().UTC()}
	var gone []activities.Leaver
	for _, l := range leavers {
		if !l.Left(p.deps.Now()) {
			result.Still++
			continue
		}
		gone = append(gone, l)
	}
	result.Leavers = len(gone)
	asked, err := p.named(systems)
	if err != nil {
		return result, err
	}
	outs := make([]activities.LookOutput, len(asked))
	var wg sync.WaitGroup
	for i, s := range asked {
		wg.Go(func() { outs[i] = lookFor(ctx, s, gone, progress) })
	}
	wg.Wait()
	for i, s := range asked {
		result.Add(workflows.SweepSystem{System: s.Name, Manual: s.Kind.Description().Manual}, outs[i])
	}
	result.Ended = p.deps.Now().UTC()
	return result, ctx.Err()
}

// named finds the systems by their names.
func (p *Parts) named(systems []string) ([]OpenSystem, error) {
	var all []OpenSystem
	for _, s := range p.Systems {
		if len(systems) == 0 || slices.Contains(systems, s.Name) {
			all = append(all, s)
		}
	}
	if len(systems) > 0 && len(all) != len(systems) {
		return nil, lastday.Errorf(lastday.CodeInvalid, "sweep", "not every one of the systems %v is configured", systems)
	}
	return all, nil
}

// lookFor asks one system about everybody, a few at once. The answers stand in
// the order of the people.
func lookFor(ctx context.Context, s OpenSystem, people []activities.Leaver, progress func(system, what string)) activities.LookOutput {
	outs := make([]activities.LookOutput, len(people))
	turn := make(chan struct{}, abreast)
	var wg sync.WaitGroup
	for i, l := range people {
		turn <- struct{}{}
		wg.Go(func() {
			defer func() { <-turn }()
			found, unseen, _ := activities.LookFor(ctx, s.Surveyor(), s.Kind.Description().Manual, l) // Trouble that passes is among the unseen.
			outs[i].Add(found, unseen)
		})
	}
	wg.Wait()
	var all activities.LookOutput
	for _, o := range outs {
		all.Looked, all.Clean = all.Looked+o.Looked, all.Clean+o.Clean
		all.Found, all.Unseen = append(all.Found, o.Found...), append(all.Unseen, o.Unseen...)
	}
	tell(progress, s.Name, fmt.Sprintf("asked about %d people, %d clean", all.Looked, all.Clean))
	return all
}
