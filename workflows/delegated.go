package workflows

import (
	"slices"

	"go.temporal.io/sdk/workflow"

	"lastday"
	"lastday/plan"
)

// What is managed in another connected system is taken away there, by that
// system's lane, and follows here when the two have talked to each other. It is
// over when both were read back clean: gone here alone, it would come back.

// manager is the lane of the connected system that decides about a grant; nil
// if that is none of ours.
func (l *laneRun) manager(g lastday.Grant) *laneRun {
	name, ok := g.ManagedIn()
	if !ok || name == lastday.SystemOf(l.l.System) {
		return nil
	}
	return l.c.lane(name)
}

// delegated names in a task where its grant is managed, and lets that system's
// lane look again if it is waiting.
func (l *laneRun) delegated(g lastday.Grant, t Task) Task {
	m := l.manager(g)
	if m == nil {
		return t
	}
	for _, end := range l.c.lanesOf(m.l.System) {
		end.kick()
	}
	t.ManagedIn = m.l.System
	t.Todo = "nothing, unless it stays: it goes when it is gone in " + m.l.System + ", and both are read again"
	return t
}

// lanesOf are the lanes of all the person's accounts in a system. Which of them
// a far side follows nobody says: it is over when all were read back clean.
func (c *caseRun) lanesOf(system string) []*laneRun {
	var all []*laneRun
	for _, l := range c.lanes {
		if system != "" && lastday.SystemOf(l.l.System) == system {
			all = append(all, l)
		}
	}
	return all
}

// cleanIn says whether a system is one of the case's, and nothing is to be
// expected of any account there any more at a stage.
func (c *caseRun) cleanIn(system, stage string) bool {
	all := c.lanesOf(system)
	return len(all) > 0 && !slices.ContainsFunc(all, func(l *laneRun) bool { return !l.cleanAt(stage) })
}

// delegatedStill are the tasks about grants that are gone here while the system
// that manages them was not read back clean yet.
func (l *laneRun) delegatedStill(g goal) []string {
	var ids []string
	for _, t := range l.c.openTasks() {
		if t.System == l.l.System && l.c.lane(t.ManagedIn) != nil && !l.c.cleanIn(t.ManagedIn, g.name()) {
			ids = append(ids, t.ID)
		}
	}
	return ids
}

// followsAnother says that all that is left here is managed in connected systems.
func (l *laneRun) followsAnother(j plan.Judgement) bool {
	for _, g := range j.Above {
		if l.manager(g) == nil {
			return false
		}
	}
	return len(j.Above) > 0
}

// cleanAt says whether nothing is to be expected of the lane any more at a stage.
func (l *laneRun) cleanAt(stage string) bool {
	return l.l.State == LaneWaived || (l.l.State == LaneClean && l.l.Clean == stage)
}

// settleDelegated lets the lanes look again that follow one that was just read
// back clean, and closes the tasks whose both ends were.
func (c *caseRun) settleDelegated(ctx workflow.Context, arrived *laneRun) {
	for _, t := range c.openTasks() {
		if l := c.lane(t.System); t.ManagedIn == lastday.SystemOf(arrived.l.System) && l != nil && l != arrived {
			l.fruitless = 0
			l.kick()
		}
	}
	c.closeWhere(ctx, func(t Task) bool {
		l := c.lane(t.System)
		return l != nil && l.l.State == LaneClean && c.cleanIn(t.ManagedIn, l.l.Clean)
	})
}
