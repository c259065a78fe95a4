package workflows

import (
	"fmt"
	"slices"

	"go.temporal.io/sdk/workflow"

	"lastday"
	"lastday/plan"
)

// recordOpened says who leaves and what was announced. The name stands in a
// record of its own, which can be erased before the others.
func (c *caseRun) recordOpened(ctx workflow.Context, by string) {
	s := c.s.Separation
	c.record(ctx, lastday.Record{
		Kind: lastday.RecordSubject, What: "who the case is about",
		Subject: &lastday.SubjectFact{Name: s.Person.Name, EmployeeNumber: s.Person.EmployeeNumber, Emails: s.Person.Emails},
	})
	c.record(ctx, lastday.Record{Kind: lastday.RecordOpened, By: by, What: tellSeparation(s), Opened: c.openedFact(ctx, s)})
}

func (c *caseRun) recordNews(ctx workflow.Context, by string) {
	s := c.s.Separation
	c.record(ctx, lastday.Record{Kind: lastday.RecordNews, By: by, What: tellSeparation(s), Opened: c.openedFact(ctx, s)})
}

func (c *caseRun) openedFact(ctx workflow.Context, s lastday.Separation) *lastday.OpenedFact {
	return &lastday.OpenedFact{
		Source: s.Source, Engagement: s.Engagement, Kind: s.Kind, Rescinded: s.Rescinded, LastDay: s.LastDay, Cutoff: s.Cutoff,
		Zone: s.Zone, ZoneBasis: s.ZoneBasis, Confidential: s.Confidential, Entered: s.EnteredAt, Told: workflow.Now(ctx).UTC(),
	}
}

func (c *caseRun) recordPlan(ctx workflow.Context, p lastday.Plan) {
	fact := &lastday.PlanFact{
		Digest: p.Digest, Policy: p.Policy, PolicyDigest: p.PolicyDigest, Changes: p.Changes(), Approvals: p.Approvals(),
		Gaps: p.Gaps, Guards: p.Guards, Kept: p.Kept, Notes: p.Notes,
	}
	for _, s := range p.Stages {
		fact.Stages = append(fact.Stages, lastday.StageFact{
			Name: s.Name, Moment: s.Moment, Ceiling: s.Ceiling, Cut: s.Cut, Watch: s.Watch, Changes: len(s.Changes),
		})
	}
	c.record(ctx, lastday.Record{Kind: lastday.RecordPlan, What: fmt.Sprintf("planned: %d changes", p.Changes()), Plan: fact})
}

func (c *caseRun) recordStage(ctx workflow.Context, s lastday.Stage) {
	c.record(ctx, lastday.Record{
		Kind: lastday.RecordStage, Stage: s.Name, Moment: &s.Moment,
		What: fmt.Sprintf("nothing above %s from now on", s.Ceiling),
	})
}

// recordEntry makes a record of what people are shown: a message and its
// answer, or a note.
func (c *caseRun) recordEntry(ctx workflow.Context, e Entry) {
	r := lastday.Record{Kind: lastday.RecordNote, By: e.By, What: e.What}
	if e.Message != "" {
		fact := c.hearing
		fact.ID, fact.Refused = e.Message, e.Refused
		r.Kind, r.Message = lastday.RecordMessage, &fact
	}
	c.record(ctx, r)
}

// recordTask says that a task was opened, or how it was closed.
func (c *caseRun) recordTask(ctx workflow.Context, t Task) {
	fact := &lastday.TaskFact{
		ID: t.ID, Kind: string(t.Kind), What: t.What, Why: t.Why, Todo: t.Todo, Grant: t.Grant, Since: t.Since.UTC(),
		Owner: t.Owner, Due: t.Due,
	}
	r := lastday.Record{Kind: lastday.RecordTask, System: t.System, Stage: t.Stage, What: "needs a person: " + t.What, Task: fact}
	if t.Closed != nil {
		fact.How, fact.Reason, fact.Evidence = t.Closed.How, t.Closed.Reason, t.Closed.Evidence
		r.By, r.What = t.Closed.By, t.Closed.How+": "+t.What
	}
	c.record(ctx, r)
}

func (c *caseRun) recordClosed(ctx workflow.Context) {
	times := c.s.Times
	fact := &lastday.ClosedFact{
		Outcome: string(c.outcome()), Entered: times.Entered, Told: times.Told.UTC(), FirstReduced: times.FirstReduced,
		CutDue: times.CutDue, CutVerified: times.CutVerified, Plan: c.s.Plan.Digest,
	}
	for _, l := range c.s.Lanes {
		fact.Systems = append(fact.Systems, lastday.SystemFact{
			System: l.System, State: string(l.State), Account: l.Account, Highest: l.Highest, Grants: l.Grants,
			Resurrected: l.Resurrected, Calls: l.Calls,
		})
	}
	c.record(ctx, lastday.Record{Kind: lastday.RecordClosed, What: "closed: " + fact.Outcome, Closed: fact})
}

// recordReading keeps what a system granted, unless it is just what was
// recorded of it last.
func (l *laneRun) recordReading(ctx workflow.Context, stage string, inv lastday.Inventory) {
	seen := readingKey(inv)
	if seen == l.l.ReadingRecorded {
		return
	}
	l.l.ReadingRecorded = seen
	fact := &lastday.ReadingFact{
		Account: inv.Match.Account, Verdict: inv.Match.Verdict, Evidence: inv.Match.Evidence, Control: inv.Control,
		Complete: inv.Complete(), Highest: inv.Highest(), Gaps: inv.Gaps, Residue: slices.Clone(inv.Residue), ReadAt: inv.ReadAt.UTC(), Calls: inv.Calls,
	}
	for _, g := range inv.Grants {
		fact.Grants = append(fact.Grants, g.Fact())
	}
	l.c.record(ctx, lastday.Record{
		Kind: lastday.RecordReading, System: l.l.System, Stage: stage, Reading: fact,
		What: fmt.Sprintf("%d grants, highest %s", len(inv.Grants), inv.Highest()),
	})
}

// recordFirst keeps what a system granted before the first change: the plan's
// reading may be missing or old.
func (l *laneRun) recordFirst(ctx workflow.Context, g goal, inv lastday.Inventory) {
	if l.l.ReadingRecorded == "" || g.stage.Watch {
		l.recordReading(ctx, g.name(), inv)
	}
}

// readingKey is the same for readings that show the same access.
func readingKey(inv lastday.Inventory) string {
	parts := []string{string(inv.Match.Verdict), inv.Match.Account.ID, fmt.Sprint(inv.Complete(), inv.Control.Seen)}
	for _, g := range inv.Grants {
		parts = append(parts, g.Key+"="+g.Rung)
	}
	slices.Sort(parts[3:])
	for _, g := range inv.Gaps {
		parts = append(parts, "gap "+g.Kind+" "+g.What)
	}
	for _, r := range inv.Residue {
		parts = append(parts, "residue "+r.Kind+" "+r.What)
	}
	return lastday.OpaqueKey(parts...)
}

// receive writes receipts into a ledger and records what is new in them.
func (l *laneRun) receive(ctx workflow.Context, ledger []plan.Taken, receipts []lastday.Receipt, restore bool) {
	before := make(map[string]lastday.Receipt, len(receipts))
	for _, t := range ledger {
		before[t.Change.ID] = t.Receipt
	}
	receive(ledger, receipts)
	for _, r := range receipts {
		i := orderOf(ledger, r.Change)
		if i < 0 {
			continue
		}
		if old, now := before[r.Change], ledger[i].Receipt; old.Outcome != now.Outcome || old.Proof != now.Proof || old.After != now.After {
			l.recordChange(ctx, ledger[i], restore)
		}
	}
}

func (l *laneRun) recordChange(ctx workflow.Context, t plan.Taken, restore bool) {
	change, r := t.Change, t.Receipt
	fact := &lastday.ChangeFact{
		ID: change.ID, Account: change.Account, Grant: change.Grant.Key, Kind: change.Grant.Kind, Resource: change.Grant.Resource,
		From: change.From, To: change.To, Before: r.Before, After: r.After, Level: change.Level(), Restore: restore,
		Rule: change.Rule, Consent: change.Consent, Outcome: r.Outcome, Proof: r.Proof, Done: r.DoneAt, Seen: r.SeenAt,
		Requests: r.Requests, Residue: r.Residue, Note: r.Note, AnsweredBy: r.By,
	}
	if !restore {
		fact.Due = l.goal.stage.Moment.Instant
	}
	l.c.record(ctx, lastday.Record{
		Kind: lastday.RecordChange, System: l.l.System, Stage: l.l.Stage, By: r.By, What: describe(change), Change: fact,
	})
}

// recordVerified says that the system was read back clean for a stage.
func (l *laneRun) recordVerified(ctx workflow.Context, g goal, inv lastday.Inventory, why string) {
	fact := &lastday.VerifiedFact{
		Ceiling: g.stage.Ceiling, Cut: g.stage.Cut, Watch: g.stage.Watch, Highest: l.l.Highest, Grants: l.l.Grants,
		Proof: l.proofOf(inv), Due: g.stage.Moment.Instant, Account: inv.Match.Account, Verdict: inv.Match.Verdict,
		Control: inv.Control, Evidence: inv.Match.Evidence, ReadAt: inv.ReadAt.UTC(), Why: why,
	}
	l.c.record(ctx, lastday.Record{
		Kind: lastday.RecordVerified, System: l.l.System, Stage: g.name(), Verified: fact,
		What: fmt.Sprintf("nothing above %s", g.stage.Ceiling),
	})
}
