package workflows

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"lastday"
	"lastday/activities"
)

// whatLinks names the task that is open while the link table cannot be asked.
const whatLinks = "the link table"

// linkLanes gives every further account that is known to be the person's a
// lane of its own. A lane once there stays: what is unlinked later was the
// person's when it was linked.
func (c *caseRun) linkLanes(ctx workflow.Context) {
	if !c.s.Settings.Linking {
		return
	}
	if t := c.s.Settings.LinkTrouble; t != nil {
		c.raise(ctx, Task{
			Kind: TaskBlind, What: whatLinks, Why: "further accounts of the person may be unknown: " + t.Why, Code: t.Code,
			Todo: "mend its database, then resolve with `retry`",
		})
	} else {
		c.closeWhere(ctx, func(t Task) bool { return t.System == "" && t.Kind == TaskBlind && t.What == whatLinks })
	}
	for _, system := range c.s.Settings.Systems {
		for _, k := range append(c.further(system.Name), c.named(system.Name)...) {
			c.addFurther(system, k)
		}
	}
}

// linked are the accounts that the table knows in a system.
func (c *caseRun) linked(system string) []activities.AccountLink {
	var all []activities.AccountLink
	for _, k := range c.s.Settings.Links {
		if k.System == system && k.ID != "" {
			all = append(all, k)
		}
	}
	return all
}

// primary is the account that the table calls the person's own.
func (c *caseRun) primary(system string) (activities.AccountLink, bool) {
	all := c.linked(system)
	i := slices.IndexFunc(all, func(k activities.AccountLink) bool { return k.Role == activities.RolePrimary })
	if i < 0 {
		return activities.AccountLink{}, false
	}
	return all[i], true
}

// unlisted are the accounts that HR knows in a system and the table does not.
func (c *caseRun) unlisted(system string) []lastday.Link {
	listed := c.linked(system)
	var all []lastday.Link
	for _, k := range c.s.Separation.Person.Links {
		known := slices.ContainsFunc(listed, func(l activities.AccountLink) bool { return l.ID == k.ID })
		if k.System == system && k.ID != "" && !known {
			all = append(all, k)
		}
	}
	return all
}

// further are the accounts beside the one that the system's own lane is for.
// What HR says beside a primary account of the table is no further account,
// but a contradiction.
func (c *caseRun) further(system string) []activities.AccountLink {
	var all []activities.AccountLink
	for _, k := range c.linked(system) {
		if k.Role != activities.RolePrimary {
			all = append(all, k)
		}
	}
	if _, ok := c.primary(system); ok {
		return all
	}
	for i, k := range c.unlisted(system) {
		if i > 0 {
			all = append(all, activities.AccountLink{Link: k, Role: "other"})
		}
	}
	return all
}

func furtherRoles() []string { return []string{"admin", "service", "other"} }

// named are the accounts that an earlier case of the person knew as further
// ones: a sweep that opens a case names them by their lanes.
func (c *caseRun) named(system string) []activities.AccountLink {
	listed := c.linked(system)
	var all []activities.AccountLink
	for _, k := range c.s.Separation.Person.Links {
		known := slices.ContainsFunc(listed, func(l activities.AccountLink) bool { return l.ID == k.ID })
		role, further := strings.CutPrefix(k.System, system+"+")
		if role = strings.TrimRight(role, "0123456789"); further && k.ID != "" && !known && slices.Contains(furtherRoles(), role) {
			all = append(all, activities.AccountLink{Link: k, Role: role})
		}
	}
	return all
}

// addFurther adds the lane of an account, unless it has one.
func (c *caseRun) addFurther(system activities.SystemSetting, k activities.AccountLink) {
	taken := func(name string) bool {
		return slices.ContainsFunc(c.s.Lanes, func(l *Lane) bool { return l.System == name })
	}
	for _, l := range c.s.Lanes {
		own := lastday.SystemOf(l.System) == system.Name
		if own && l.Link.ID == k.ID {
			l.Queue, l.Manual = system.Queue, system.Manual
			return
		}
		if own && l.Decided == k.ID {
			return
		}
	}
	name := system.Name + "+" + k.Role
	for n := 2; taken(name); n++ {
		name = fmt.Sprintf("%s+%s%d", system.Name, k.Role, n)
	}
	c.s.Lanes = append(c.s.Lanes, &Lane{
		System: name, Queue: system.Queue, Manual: system.Manual, State: LaneWaiting,
		Link: lastday.Link{System: name, ID: k.ID, Login: k.Login},
	})
}

// catchUp sends out the lanes of accounts that became known after a stage was
// reached: its ceiling is in force for them as well.
func (c *caseRun) catchUp() {
	if !c.s.Settings.Linking {
		return
	}
	stage, ok := c.lastReached()
	for _, l := range c.lanes {
		if ok && l.l.Stage == "" && l.goal.name() == "" {
			l.setGoal(goal{stage: stage, urgent: stage.Cut})
		}
	}
}

// lastReached is the last stage of the plan in force that was reached. A plan
// that was made after the last watch no longer has it.
func (c *caseRun) lastReached() (lastday.Stage, bool) {
	for _, r := range slices.Backward(c.s.Reached) {
		if stage, ok := c.s.Plan.Stage(r.Stage); ok {
			return stage, true
		}
	}
	return lastday.Stage{}, false
}

// judgedAt is the stage of the plan in force by which a goal is judged. A plan
// that was made after a watch no longer has it: its ceiling is that of the cut.
func (c *caseRun) judgedAt(g goal) string {
	if _, ok := c.s.Plan.Stage(g.name()); ok || !g.stage.Watch {
		return g.name()
	}
	if i := slices.IndexFunc(c.s.Plan.Stages, func(s lastday.Stage) bool { return s.Cut }); i >= 0 {
		return c.s.Plan.Stages[i].Name
	}
	return g.name()
}

// arrived says whether a lane was read back clean at the last stage. That of
// an account that became known late was, if it is at the stage it set out for.
func (c *caseRun) arrived(l *Lane, last string) bool {
	if l.State != LaneClean {
		return false
	}
	run := c.lane(l.System)
	late := l.Link.ID != "" && l.Exited && run != nil && !run.working && (run.goal.name() == "" || run.goal.name() == l.Clean)
	return l.Clean == last || late
}

// pinned is the person with the one account that this lane is for: the one of
// a further lane, the one that a person decided on, the table's, HR's, or the
// one that was found first. Evidence can go away while access is left.
func (l *laneRun) pinned() lastday.Person {
	p := l.c.s.Separation.Person
	p.Links = l.c.ownLinks(l.l.System)
	known, linked := p.Link(l.l.System)
	primary, listed := l.c.primary(l.l.System)
	var own lastday.Link
	switch {
	case l.l.Link.ID != "":
		own = l.l.Link
	case l.l.Decided != "":
		own = lastday.Link{ID: l.l.Decided}
	case listed:
		own = primary.Link
	case l.l.Account.ID == "" || (linked && known.ID != ""):
		return p
	default:
		own = lastday.Link{ID: l.l.Account.ID, Login: l.l.Account.Login}
	}
	own.System = l.l.System
	p.Links = slices.DeleteFunc(slices.Clone(p.Links), func(k lastday.Link) bool { return k.System == l.l.System })
	p.Links = append(p.Links, own)
	return p
}

// ownLinks are the links of the person without those that HR gives and the
// table knows to be of further accounts: they have lanes of their own.
func (c *caseRun) ownLinks(system string) []lastday.Link {
	links := slices.Clone(c.s.Separation.Person.Links)
	for _, k := range c.linked(system) {
		if k.Role != activities.RolePrimary {
			links = slices.DeleteFunc(links, func(o lastday.Link) bool { return o.System == system && o.ID == k.ID })
		}
	}
	return links
}

// disputed says that the table, HR and what was found first name different
// accounts: a person must say which it is before anything is read or changed.
func (l *laneRun) disputed() (lastday.Match, bool) {
	if !l.c.s.Settings.Linking || l.l.Decided != "" || l.l.Link.ID != "" {
		return lastday.Match{}, false
	}
	var candidates []lastday.Candidate
	named := l.c.unlisted(l.l.System)
	if primary, listed := l.c.primary(l.l.System); listed {
		candidates = append(candidates, l.candidate(primary.Link, "the link table says so: "+primary.Evidence+", by "+primary.By))
	} else {
		// What else HR names has lanes of its own.
		named = named[:min(1, len(named))]
	}
	for _, k := range named {
		candidates = append(candidates, l.candidate(k, "HR says so"))
	}
	isNamed := slices.ContainsFunc(candidates, func(k lastday.Candidate) bool { return k.Account.ID == l.l.Account.ID })
	if l.l.Account.ID != "" && !isNamed && !l.c.hasLane(l.l.System, l.l.Account.ID) {
		candidates = append(candidates, lastday.Candidate{Account: l.l.Account, Evidence: []string{"it was found in the system first"}})
	}
	return lastday.Match{Verdict: lastday.FoundMany, Candidates: candidates}, len(candidates) > 1
}

// hasLane says whether an account has a lane of its own beside the system's.
func (c *caseRun) hasLane(system, id string) bool {
	return slices.ContainsFunc(c.s.Lanes, func(l *Lane) bool { return lastday.SystemOf(l.System) == system && l.Link.ID == id })
}

func (l *laneRun) candidate(k lastday.Link, why string) lastday.Candidate {
	return lastday.Candidate{Account: lastday.Account{System: l.l.System, ID: k.ID, Login: k.Login}, Evidence: []string{why}}
}

// held holds an answer to the account that was asked for: a system that shows
// another one contradicts the link, and a person must say which it is.
func (l *laneRun) held(asked lastday.Person, inv lastday.Inventory) lastday.Inventory {
	link, linked := asked.Link(l.l.System)
	differs := linked && link.ID != "" && inv.Match.Verdict == lastday.FoundOne && inv.Match.Account.ID != link.ID
	if !l.c.s.Settings.Linking || !differs {
		return inv
	}
	shown := lastday.Candidate{Account: inv.Match.Account, Evidence: append([]string{"the system shows it"}, inv.Match.Evidence...)}
	inv.Match = lastday.Match{
		Verdict: lastday.FoundMany, Control: inv.Match.Control,
		Candidates: []lastday.Candidate{l.candidate(link, "it is linked to the person"), shown},
	}
	inv.Grants, inv.Residue = nil, nil
	return inv
}

// keepLink keeps in the table what a person decided, so that no later case
// asks again. What was linked before is for an answer that the table refuses. A
// table that is down holds nothing up.
func (c *caseRun) keepLink(ctx workflow.Context, t Task, m ResolveMessage, before []lastday.Link) {
	l := c.lane(t.System)
	if l != nil {
		l.l.Decided = m.Account
	}
	if !c.s.Settings.Linking || lastday.SystemOf(t.System) != t.System {
		return
	}
	waits := l != nil && workflow.GetVersion(ctx, versionSettle, workflow.DefaultVersion, 1) >= 1
	if waits {
		l.settling = true
	}
	in := activities.KeepLinkInput{
		Person: c.s.Separation.Person.Key, System: t.System, ID: m.Account, By: m.Actor,
		Reason: cmp.Or(m.Reason, "answered a task of case "+c.id), Evidence: cmp.Or(m.Evidence, "decided in case "+c.id),
	}
	o := caseCall(c.activityID("case", "link"), fmt.Sprintf("Keep whose account it is in **%s**", t.System))
	o.ScheduleToCloseTimeout = 24 * time.Hour
	future := workflow.ExecuteActivity(workflow.WithActivityOptions(c.root, o), cases().KeepLink, in)
	c.telling++
	workflow.GoNamed(ctx, "keep link", func(ctx workflow.Context) {
		defer func() { c.telling--; c.wake() }()
		err := future.Get(ctx, nil)
		if err != nil && ctx.Err() == nil {
			c.note(ctx, Entry{What: "the link table did not keep the account of " + t.System + ": " + troubleOf(err).Why})
		}
		if !waits {
			return
		}
		if l.settling && err != nil && troubleOf(err).Code == lastday.CodeInvalid {
			c.undecide(l, m.Account, before)
		}
		l.settling = false
	})
}

// settleWithin is how long the table is waited for: no cut waits for it.
const settleWithin = 10 * time.Second

// settle waits, before a lane works with the account that a person decided on,
// for the table to say that it is nobody else's.
func (l *laneRun) settle(ctx workflow.Context) error {
	if !l.settling {
		return nil
	}
	if _, err := workflow.AwaitWithTimeout(ctx, settleWithin, func() bool { return !l.settling }); err != nil {
		return err
	}
	l.settling = false
	return nil
}

// undecide takes an answer back that the table refused: the account is linked to
// another person, whom nobody may cut by a slip. The question is asked again.
func (c *caseRun) undecide(l *laneRun, account string, before []lastday.Link) {
	if l.l.Decided != account {
		return
	}
	l.l.Decided, c.s.Separation.Person.Links = "", before
	l.kick()
}
