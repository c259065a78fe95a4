package storytest

import (
	"fmt"
	"time"

	"lastday"
)

func (g *Grant) level() lastday.Level {
	r, ok := g.Ladder.Rung(g.at)
	if !ok {
		return lastday.LevelAdmin
	}
	return r.Level
}

// Raise puts a grant of a far side back to a rung behind everybody's back.
func (f *Far) Raise(key, rung string) {
	for _, g := range f.Grants {
		if g.Key == key {
			g.at = rung
		}
	}
}

func (f *Far) highest() lastday.Level {
	highest := lastday.LevelNone
	for _, g := range f.Grants {
		highest = max(highest, g.level())
	}
	return highest
}

// Read writes a reading of a system.
func (t *Teller) Read(system, stage string) { t.read(t.System(system), stage) }

func (t *Teller) read(f *Far, stage string) {
	r := &lastday.ReadingFact{
		Account: f.Account, Verdict: lastday.FoundOne, Evidence: []string{"linked by immutable id"}, Complete: f.Blind == "" && !f.ByHand,
		Control: lastday.Control{Seen: f.Blind == "" && !f.ByHand, Evidence: "read our own account in " + f.Name},
		Highest: f.highest(), Residue: f.Residue, ReadAt: t.now, Calls: 3 + len(f.Grants),
	}
	if f.ByHand {
		r.Control.Evidence, r.Evidence = "", []string{"the list of what was handed out"}
	}
	if f.Blind != "" {
		r.Gaps = []lastday.Gap{{System: f.Name, What: "its members", Code: lastday.CodeDenied, Why: f.Blind}}
	}
	for _, g := range f.Grants {
		if rung := g.at; rung != lastday.None {
			r.Grants = append(r.Grants, lastday.GrantFact{
				Key: g.Key, Kind: g.Kind, Resource: lastday.Resource{ID: g.Key, Name: g.Name}, Rung: rung, Level: g.level(), Via: g.Via,
			})
		}
	}
	t.Add(lastday.Record{Kind: lastday.RecordReading, System: f.Name, Stage: stage, What: fmt.Sprintf("read %d grants", len(r.Grants)), Reading: r})
}

// Reach brings every system down to the ceiling of a stage, as far as it lets
// itself be, and reads it back.
func (t *Teller) Reach(stage string) {
	for _, s := range t.Stages {
		if s.Name != stage {
			continue
		}
		t.At(s.Moment.Instant)
		moment := s.Moment
		t.Add(lastday.Record{Kind: lastday.RecordStage, Stage: stage, What: "ceiling " + s.Ceiling.String(), Moment: &moment})
		for _, f := range t.Systems {
			t.After(7 * time.Second)
			t.reduce(f, s)
		}
	}
}

func (t *Teller) reduce(f *Far, s lastday.StageFact) {
	if s.Watch && f.highest() > s.Ceiling && f.Blind == "" {
		t.read(f, s.Name)
	}
	var made []lastday.ChangeFact
	for i, g := range f.Grants {
		if g.level() > s.Ceiling && f.Blind == "" {
			made = append(made, t.change(f, g, s, i))
		}
	}
	t.After(20*time.Second + f.Lag)
	t.read(f, s.Name)
	for _, c := range made {
		t.readBack(f, c, s)
	}
	t.verified(f, s)
}

func (t *Teller) change(f *Far, g *Grant, s lastday.StageFact, i int) lastday.ChangeFact {
	to := g.Ladder.Under(s.Ceiling).Name
	c := lastday.ChangeFact{
		ID:      "ch-" + lastday.OpaqueKey(t.Case, f.Name, g.Key, g.at, to, s.Name),
		Account: f.Account, Grant: g.Key, Kind: g.Kind, Resource: lastday.Resource{ID: g.Key, Name: g.Name},
		From: g.at, To: to, Before: g.at, Level: g.level(), Rule: "glide/" + s.Name, Due: s.Moment.Instant,
	}
	if s.Watch && !f.Deaf {
		t.resurrected[f.Name]++
	}
	if f.ByHand {
		c.Outcome, c.Proof = lastday.OutcomeAsked, lastday.ProofNone
		t.changed(f, s, c)
		return c
	}
	t.After(time.Duration(1+i%4) * time.Second)
	c.Outcome, c.Proof, c.Done = lastday.OutcomeApplied, lastday.ProofAcknowledged, t.now
	c.Requests = []lastday.Request{{What: "DELETE " + g.Kind, ID: fmt.Sprintf("%X:%d", 0xA7F3+i, len(t.records)), Status: 204, At: t.now}}
	if !f.Deaf {
		g.at = to
	}
	t.changed(f, s, c)
	return c
}

func (t *Teller) changed(f *Far, s lastday.StageFact, c lastday.ChangeFact) {
	t.Add(lastday.Record{Kind: lastday.RecordChange, System: f.Name, Stage: s.Name, What: c.Kind + " " + c.Resource.Name + ": " + c.From + " → " + c.To, Change: &c})
}

func (t *Teller) readBack(f *Far, c lastday.ChangeFact, s lastday.StageFact) {
	if f.Blind != "" || f.ByHand || f.Deaf {
		return
	}
	c.Proof, c.After, c.Seen = lastday.ProofObserved, c.To, t.now
	t.changed(f, s, c)
}

func (t *Teller) verified(f *Far, s lastday.StageFact) {
	if f.Blind != "" || f.highest() > s.Ceiling {
		return
	}
	n := 0
	for _, g := range f.Grants {
		if g.at != lastday.None {
			n++
		}
	}
	v := &lastday.VerifiedFact{Ceiling: s.Ceiling, Cut: s.Cut, Watch: s.Watch, Highest: f.highest(), Grants: n, Proof: lastday.ProofObserved, Due: s.Moment.Instant}
	v.Account, v.Verdict, v.ReadAt = f.Account, lastday.FoundOne, t.now
	v.Control = lastday.Control{Seen: true, Evidence: "read our own account in " + f.Name}
	if f.ByHand {
		v.Proof, v.Control, v.Why = lastday.ProofAttested, lastday.Control{}, "people answered for it"
	}
	t.Add(lastday.Record{Kind: lastday.RecordVerified, System: f.Name, Stage: s.Name, What: "nothing above " + s.Ceiling.String(), Verified: v})
}

// Attest records that a person says a grant is gone, with a task about it.
func (t *Teller) Attest(system, grant, by, owner, reason, evidence string) {
	f := t.System(system)
	for _, g := range f.Grants {
		if g.Key != grant {
			continue
		}
		id := "t-" + lastday.OpaqueKey(t.Case, system, grant)
		t.Answer(system, id, by, "attest", reason, evidence)
		c := lastday.ChangeFact{
			ID: "ch-" + id, Account: f.Account, Grant: g.Key, Kind: g.Kind, Resource: lastday.Resource{ID: g.Key, Name: g.Name}, From: g.at, To: lastday.None,
			Level: g.level(), Outcome: lastday.OutcomeAsked, Proof: lastday.ProofAttested, Done: t.now, AnsweredBy: by, Note: "attest: " + reason + " " + evidence,
		}
		c.Due = t.cutDue()
		g.at = lastday.None
		t.changed(f, lastday.StageFact{Name: "cut"}, c)
	}
}

// AskFor opens the task about a grant that must be taken by hand.
func (t *Teller) AskFor(system, grant, owner, why string) {
	for _, g := range t.System(system).Grants {
		if g.Key == grant {
			t.Ask(system, lastday.TaskFact{
				ID: "t-" + lastday.OpaqueKey(t.Case, system, grant), Kind: "asked", What: g.Kind + " " + g.Name, Why: why, Todo: "collect it and say where it is",
				Owner: owner, Due: t.cutDue(), Grant: grant,
			})
		}
	}
}

func (t *Teller) cutDue() time.Time {
	for _, s := range t.Stages {
		if s.Cut {
			return s.Moment.Instant
		}
	}
	return time.Time{}
}

// GiveBack restores a grant to a rung; observed says whether it was read back.
func (t *Teller) GiveBack(system, grant, rung string, observed bool) {
	f := t.System(system)
	for _, g := range f.Grants {
		if g.Key != grant {
			continue
		}
		c := lastday.ChangeFact{
			ID: "ch-" + lastday.OpaqueKey(t.Case, system, grant, "back"), Account: f.Account, Grant: g.Key, Kind: g.Kind,
			Resource: lastday.Resource{ID: g.Key, Name: g.Name}, From: g.at, To: rung, Before: g.at, Restore: true, Outcome: lastday.OutcomeApplied,
			Proof: lastday.ProofAcknowledged, Done: t.now,
		}
		g.at = rung
		c.Level = g.level()
		restore := lastday.StageFact{Name: "restore"}
		t.changed(f, restore, c)
		t.After(15 * time.Second)
		if observed {
			t.read(f, "restore")
			c.Proof, c.After, c.Seen = lastday.ProofObserved, rung, t.now
			t.changed(f, restore, c)
		}
	}
}

// Close ends the case.
func (t *Teller) Close(outcome string) {
	c := &lastday.ClosedFact{Outcome: outcome, Entered: t.opened.Entered, Told: t.opened.Told, CutDue: t.cutDue(), Plan: "p"}
	for _, f := range t.Systems {
		state := "clean"
		if f.Blind != "" {
			state = "waived"
		}
		c.Systems = append(c.Systems, lastday.SystemFact{
			System: f.Name, State: state, Account: f.Account, Highest: f.highest(), Grants: len(f.Grants), Resurrected: t.resurrected[f.Name], Calls: 9 * len(f.Grants),
		})
	}
	t.Add(lastday.Record{Kind: lastday.RecordClosed, What: "closed: " + outcome, Closed: c})
}
