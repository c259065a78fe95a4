package story

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"lastday"
)

// sight is one look at one access. Looks are in the order of the records, which
// no clock can turn around.
type sight struct {
	seq   int
	at    time.Time
	rung  string
	level lastday.Level
	// told is false if the level is not known, only the rung.
	told bool
}

// access is an Access while it is being folded.
type access struct {
	Access
	sights  []sight
	changes []Change
	// blind is when a reading last looked for it in vain without proof.
	blind int
	// kept is when a record that people keep last did not hold it, and keeper who
	// keeps it. Both are numbers of records.
	kept   int
	keeper string
}

// system is a System while it is being folded.
type system struct {
	System
	index map[string]*access
	order []*access
	// latest is the last reading with a record of its own.
	latest *lastday.ReadingFact
}

// shows says whether what a reading does not hold is shown to be absent.
func shows(r lastday.ReadingFact) bool {
	return readable(r) && r.Control.Seen && r.Control.KeptBy == ""
}

// readable says whether a reading is whole.
func readable(r lastday.ReadingFact) bool {
	return r.Complete && len(r.Gaps) == 0 && r.Verdict != lastday.FoundMany
}

func (s *system) reading(r lastday.Record) {
	fact := *r.Reading
	s.Searched, s.Evidence = fact.Verdict, fact.Evidence
	s.Calls += fact.Calls
	s.Gaps = slices.Clone(fact.Gaps)
	for i := range s.Gaps {
		s.Gaps[i].System = s.Name
	}
	if fact.Account.ID != "" {
		s.Account = fact.Account
	}
	s.latest = &fact
	s.Sighted = readable(fact) && (fact.Control.Seen || fact.Control.KeptBy != "")
	s.look(fact, r.Seq)
	s.point(r)
}

// look takes what a reading holds, and what it does not.
func (s *system) look(fact lastday.ReadingFact, seq int) {
	held := map[string]bool{}
	for _, g := range fact.Grants {
		a := s.of(fact.Account, g.Key)
		a.seenIn(g, fact.ReadAt, seq)
		held[key(fact.Account, g.Key)] = true
	}
	s.absent(fact, held, seq)
}

// absent notes for every access that the reading does not hold what that means.
// A reading of another account says nothing about this one.
func (s *system) absent(fact lastday.ReadingFact, held map[string]bool, seq int) {
	for _, a := range s.order {
		if held[key(a.Account, a.Key)] || (fact.Account.ID != "" && fact.Account.ID != a.Account.ID) {
			continue
		}
		if fact.Control.KeptBy != "" && readable(fact) {
			a.kept, a.keeper = seq, fact.Control.KeptBy
			continue
		}
		if shows(fact) {
			a.sights = append(a.sights, sight{seq: seq, at: fact.ReadAt, rung: lastday.None, told: true})
			continue
		}
		a.blind = seq
	}
}

func (s *system) point(r lastday.Record) {
	fact := *r.Reading
	p := Point{At: fact.ReadAt, Stage: r.Stage, Level: fact.Highest, Grants: len(fact.Grants)}
	s.Blind = blindness(fact)
	if s.Blind == "" {
		p.Proof = lastday.ProofObserved
	}
	p.Why = s.Blind
	s.Points = append(s.Points, p)
}

// blindness says why a reading shows no absence; empty if it does.
func blindness(r lastday.ReadingFact) string {
	switch {
	case shows(r):
		return ""
	case r.Verdict == lastday.FoundMany:
		return "more than one account may be the person's"
	case len(r.Gaps) > 0:
		return "not all could be seen: " + r.Gaps[0].What + ": " + r.Gaps[0].Why
	case r.Control.KeptBy != "":
		return "what was read is a record kept by " + r.Control.KeptBy
	case !r.Control.Seen:
		return "nothing showed that access would have been seen"
	}
	return "the reading was not complete"
}

func key(a lastday.Account, grant string) string { return a.ID + "\x00" + grant }

func (s *system) of(account lastday.Account, grant string) *access {
	if a, ok := s.index[key(account, grant)]; ok {
		return a
	}
	a := &access{Access: Access{System: s.Name, Account: account, Key: grant}}
	s.index[key(account, grant)] = a
	s.order = append(s.order, a)
	return a
}

func (a *access) seenIn(g lastday.GrantFact, at time.Time, seq int) {
	a.Kind, a.Resource, a.Via, a.Managed, a.Pending = g.Kind, g.Resource, g.Via, g.ManagedBy, g.Pending
	if a.BeforeAt.IsZero() {
		a.Before, a.BeforeLevel, a.BeforeAt = g.Rung, g.Level, at
	}
	a.sights = append(a.sights, sight{seq: seq, at: at, rung: g.Rung, level: g.Level, told: true})
}

func (s *system) change(r lastday.Record) {
	fact := *r.Change
	a := s.of(fact.Account, fact.Grant)
	if a.Kind == "" {
		a.Kind, a.Resource = fact.Kind, fact.Resource
	}
	if a.Before == "" && !fact.Restore {
		a.Before, a.BeforeLevel, a.BeforeAt = cmp.Or(fact.Before, fact.From), fact.Level, r.At
	}
	a.Residue = append(a.Residue, fact.Residue...)
	c := Change{Stage: r.Stage, Ordered: r.At, First: r.Seq, Last: r.Seq, ChangeFact: fact}
	if i := slices.IndexFunc(a.changes, func(old Change) bool { return old.ID == fact.ID }); i >= 0 {
		c.Ordered, c.First = a.changes[i].Ordered, a.changes[i].First
		a.changes[i] = c
	} else {
		a.changes = append(a.changes, c)
		a.heldBefore(c)
	}
	a.Due = later(a.Due, fact.Due)
	if fact.Proof == lastday.ProofObserved && fact.After != "" && !fact.Seen.IsZero() {
		a.sights = append(a.sights, sight{seq: r.Seq, at: fact.Seen, rung: fact.After, told: fact.After == lastday.None})
	}
}

// heldBefore notes that the access was still there when the change of it was
// made: what was read before writing is a reading too.
func (a *access) heldBefore(c Change) {
	if c.Restore || c.Before == "" || c.Before == lastday.None {
		return
	}
	a.sights = append(a.sights, sight{seq: c.First, at: c.Ordered, rung: c.Before})
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// verified takes a stage that was declared clean. Observed counts only with the
// control of the reading that it rests on. A reading that shows the same as the
// one before has no record of its own: that one counts again.
func (s *system) verified(r lastday.Record) {
	v := *r.Verified
	p := Point{At: either(v.ReadAt, r.At), Stage: r.Stage, Level: v.Highest, Proof: v.Proof, Verified: true, Grants: v.Grants, Why: v.Why, Due: v.Due}
	empty := v.Highest == lastday.LevelNone && v.Grants == 0
	switch {
	case v.Proof == lastday.ProofObserved && !v.Control.Seen:
		p.Proof, p.Why = lastday.ProofNone, "nothing showed that access would have been seen"
	case v.Proof == lastday.ProofObserved && v.Control.KeptBy != "":
		p.Proof, p.Why = lastday.ProofAttested, "what was read is a record kept by "+v.Control.KeptBy
	}
	s.Points = append(s.Points, p)
	if p.Proof != lastday.ProofObserved || !empty {
		return
	}
	s.Blind, s.Sighted = "", true
	again := lastday.ReadingFact{Account: v.Account, Verdict: v.Verdict, Complete: true}
	if s.latest != nil {
		again = *s.latest
	}
	again.Control, again.ReadAt = v.Control, p.At
	s.look(again, r.Seq)
	if (v.Cut || v.Watch) && s.Cut == nil {
		s.Cut = &p
	}
}

func (s *system) end(exceptions []Exception) System {
	slices.SortStableFunc(s.Points, func(a, b Point) int { return a.At.Compare(b.At) })
	back := 0
	for _, a := range s.order {
		a.conclude(exceptions)
		back += a.Resurrected
		s.Accesses = append(s.Accesses, a.Access)
	}
	s.Resurrected = max(s.Resurrected, back)
	slices.SortStableFunc(s.Accesses, func(a, b Access) int {
		return cmp.Or(-cmp.Compare(a.BeforeLevel, b.BeforeLevel), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Resource.Name, b.Resource.Name), cmp.Compare(a.Key, b.Key))
	})
	return s.System
}

// conclude says how the access stands after all that was seen and said of it.
func (a *access) conclude(exceptions []Exception) {
	a.Changes = a.changes
	last := a.lastSight()
	a.After, a.SeenAt = last.rung, last.at
	a.AfterLevel = a.level()
	a.times()
	a.Resurrected = a.returns()
	a.Standing, a.Proof, a.Note = a.stands(last, answers(exceptions, a.Access))
	a.covered(exceptions)
}

func (a *access) lastSight() sight {
	if len(a.sights) == 0 {
		return sight{}
	}
	return a.sights[len(a.sights)-1]
}

// level is the last level that was told. A rung whose level nobody told counts
// as what it was before.
func (a *access) level() lastday.Level {
	for _, s := range slices.Backward(a.sights) {
		if s.told {
			return s.level
		}
	}
	return a.BeforeLevel
}

// times takes those of the change that took it first; what came back and was
// taken again is told beside.
func (a *access) times() {
	for _, c := range a.changes {
		if c.Restore && a.After == lastday.None {
			continue
		}
		a.Due, a.Ordered, a.Done, a.Seen = c.Due, c.Ordered, c.Done, c.Seen
		if c.To == lastday.None && !c.Restore && a.After == lastday.None {
			break
		}
	}
	if a.After != lastday.None {
		return
	}
	for _, s := range a.sights {
		if s.rung == lastday.None {
			a.Seen = s.at
			return
		}
	}
}

// returns counts how often it was seen with power again after it was seen
// without, and no change of ours gave it back.
func (a *access) returns() int {
	n := 0
	for i := 1; i < len(a.sights); i++ {
		was, now := a.sights[i-1], a.sights[i]
		if was.powerless() && !now.powerless() && was.rung != now.rung && !a.gaveBack(was.seq, now.seq) {
			n++
		}
	}
	return n
}

// powerless says whether the access could do nothing.
func (s sight) powerless() bool {
	return s.rung == lastday.None || (s.told && s.level == lastday.LevelNone)
}

func (a *access) gaveBack(from, to int) bool {
	return slices.ContainsFunc(a.changes, func(c Change) bool { return c.Restore && c.First >= from && c.First <= to })
}

// answers finds what a person said last about the access itself.
func answers(all []Exception, a Access) *Exception {
	for _, e := range slices.Backward(all) {
		if e.System == a.System && e.Grant == a.Key && e.Grant != "" {
			return &e
		}
	}
	return nil
}

// behind finds what a person said last about the whole system, or about what
// could not be seen in it: it answers for what is behind that.
func behind(all []Exception, a Access, standing Standing) *Exception {
	for _, e := range slices.Backward(all) {
		if e.System == a.System && e.Grant == "" && (e.whole() || (e.Kind == taskBlind && standing == Unknown)) {
			return &e
		}
	}
	return nil
}

func (a *access) stands(last sight, answer *Exception) (Standing, lastday.Proof, string) {
	if last.rung == lastday.None {
		return Gone, lastday.ProofObserved, a.remark(answer)
	}
	if answer != nil && answer.Proof == lastday.ProofWaived {
		return Waived, lastday.ProofWaived, "waived by " + answer.By + ": " + answer.Reason
	}
	if answer != nil && answer.Seq > last.seq {
		return Attested, lastday.ProofAttested, "attested by " + answer.By + ": " + strings.TrimSpace(answer.Reason+" "+answer.Evidence)
	}
	if a.kept > last.seq {
		return Attested, lastday.ProofAttested, "the record kept by " + a.keeper + " does not hold it any more"
	}
	if done, ok := a.saidAfter(last.seq); ok {
		return Said, lastday.ProofAcknowledged, done
	}
	if a.blind > last.seq || last.seq == 0 {
		return Unknown, lastday.ProofNone, "the last reading could not tell"
	}
	return a.visible(last, answer)
}

// covered lets an access that nobody answered for itself stand as the answer for
// its whole system does.
func (a *access) covered(exceptions []Exception) {
	switch a.Standing {
	case Gone, Powerless, Attested, Waived, Restored, Back:
		return
	case Lowered, Unchanged, Said, Unknown:
	}
	e := behind(exceptions, a.Access, a.Standing)
	if e == nil || (e.Proof == lastday.ProofAttested && a.Standing != Unknown) {
		return
	}
	was := string(a.Standing)
	a.Standing, a.Proof = Waived, e.Proof
	if e.Proof == lastday.ProofAttested {
		a.Standing = Attested
	}
	a.Note = was + "; " + e.What + ": " + string(a.Standing) + " by " + e.By + ": " + e.Reason
}

// remark tells what is worth telling about an access that is gone.
func (a *access) remark(answer *Exception) string {
	switch {
	case a.Resurrected > 0:
		return "it came back and was taken again"
	case len(a.changes) == 0:
		return "it went with something else, or somebody else took it"
	case answer != nil:
		return "answered for by " + answer.By + ", and read back later"
	}
	return a.changes[len(a.changes)-1].Note
}

func (a *access) saidAfter(seq int) (string, bool) {
	for _, c := range slices.Backward(a.changes) {
		if c.Proof == lastday.ProofAcknowledged && c.Last > seq {
			return "the far side said so; nobody has read it back", true
		}
	}
	return "", false
}

// visible is how an access stands that was seen at the last look.
func (a *access) visible(last sight, answer *Exception) (Standing, lastday.Proof, string) {
	note := ""
	if len(a.changes) > 0 {
		note = a.changes[len(a.changes)-1].Note
	}
	if answer != nil {
		note = "attested by " + answer.By + ", and still seen afterwards"
	}
	switch {
	case last.told && last.level == lastday.LevelNone:
		return Powerless, lastday.ProofObserved, note
	case a.Resurrected > 0:
		return Back, lastday.ProofObserved, "it was gone, and was seen again"
	case len(a.changes) > 0 && a.changes[len(a.changes)-1].Restore:
		return Restored, lastday.ProofObserved, note
	case last.rung == a.Before:
		return Unchanged, lastday.ProofObserved, note
	}
	return Lowered, lastday.ProofObserved, note
}
