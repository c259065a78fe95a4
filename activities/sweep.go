package activities

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"

	"lastday"
	"lastday/integrations"
)

// Leaver is somebody whose engagement is over, for a sweep to look for.
type Leaver struct {
	Separation lastday.Separation `json:"separation"`
	// Case is the id of the case of their leaving, whether there was one or not.
	Case string `json:"case"`
	// From says how the sweep knows of them: list or case.
	From string `json:"from"`
}

// Left says whether the engagement was over at a time: its last day is over in
// its zone, or it ended at once. What cannot be told from the zone counts as
// over a day later, when it is everywhere.
func (l Leaver) Left(now time.Time) bool {
	s := l.Separation
	if s.Rescinded {
		return false
	}
	if s.Kind == lastday.SeparationImmediate {
		return true
	}
	zone, err := time.LoadLocation(cmp.Or(s.Zone, "Etc/GMT+12"))
	if err != nil {
		zone = time.FixedZone("", -12*60*60)
	}
	return s.LastDay.Before(lastday.DateOf(now.In(zone)))
}

// Sighting is what is left of somebody who left: access, which should not
// exist, or things that are no grants.
type Sighting struct {
	System string `json:"system"`
	// Person is the person's opaque key.
	Person  string          `json:"person"`
	Case    string          `json:"case"`
	LastDay lastday.Date    `json:"lastDay"`
	Account lastday.Account `json:"account"`
	Highest lastday.Level   `json:"highest"`
	// Count is how many grants there are; Grants are the highest of them.
	Count  int                 `json:"count"`
	Grants []lastday.GrantFact `json:"grants,omitempty"`
	// Left are things that are no grants and need a person.
	Left []lastday.Residue `json:"left,omitempty"`
	// Evidence says why the account is the person's.
	Evidence []string        `json:"evidence,omitempty"`
	Control  lastday.Control `json:"control"`
	ReadAt   time.Time       `json:"readAt"`
}

// Access says that the account can still do something. Without, only things
// are left that need a person.
func (s Sighting) Access() bool { return s.Count > 0 }

// Unseen is what a sweep could not look at for somebody: it is unknown, and
// never clean. An empty Person is everybody.
type Unseen struct {
	Person string `json:"person,omitempty"`
	lastday.Gap
}

// mostShown bounds the grants that a sighting tells.
const mostShown = 10

// LookFor asks one system about one person who left. It writes nothing. All
// accounts that are linked to the person are looked at. The person is clean
// there only if nothing was sighted and nothing unseen. The error is the first
// trouble that passes by itself; what it hid is unseen as well.
func LookFor(ctx context.Context, system *integrations.Surveyor, manual bool, l Leaver) (found []Sighting, unseen []Unseen, passing error) {
	for _, person := range eachAccount(l.Separation.Person, system.Name()) {
		inv, err := system.Survey(ctx, person, nil)
		if err != nil {
			unseen = append(unseen, Unseen{Person: person.Key, Gap: lastday.Gap{
				System: system.Name(), What: "the whole system", Code: lastday.CodeOf(err), Why: err.Error(),
			}})
			if passing == nil && lastday.CodeOf(err).Retryable() {
				passing = err
			}
			continue
		}
		gaps := unseenIn(inv, manual)
		for _, g := range gaps {
			unseen = append(unseen, Unseen{Person: person.Key, Gap: g})
		}
		// What nobody read is presumed of everybody: that is no sighting.
		told := slices.ContainsFunc(found, func(s Sighting) bool { return s.Account.ID == inv.Match.Account.ID })
		if inv.Match.Verdict == lastday.FoundOne && !told && (inv.Control.Seen || !manual) {
			found = appendSighting(found, l, inv)
		}
	}
	return found, unseen, passing
}

// eachAccount is the person once for each account of theirs in the system: the
// person's own, which is found by evidence if nobody linked it, and each further
// one. A further account says nothing of the person's own.
func eachAccount(p lastday.Person, system string) []lastday.Person {
	var own, further, others []lastday.Link
	for _, k := range p.Links {
		switch {
		case k.System == system:
			own = append(own, k)
		case lastday.SystemOf(k.System) == system:
			k.System = system
			further = append(further, k)
		default:
			others = append(others, k)
		}
	}
	one := p
	one.Links = others
	var all []lastday.Person
	if len(own) == 0 {
		all = append(all, one)
	}
	for _, k := range append(own, further...) {
		one.Links = append(slices.Clone(others), k)
		all = append(all, one)
	}
	return all
}

// unseenIn are the gaps of an inventory, with those that it does not name.
func unseenIn(inv lastday.Inventory, manual bool) []lastday.Gap {
	gaps := slices.Clone(inv.Gaps)
	if inv.Match.Verdict == lastday.FoundMany {
		gaps = append(gaps, lastday.Gap{
			System: inv.System, What: "which account is the person's", Code: lastday.CodeProtected,
			Why: fmt.Sprintf("%d accounts may be", len(inv.Match.Candidates)), Fix: "keep the right one with `lastday link add`",
		})
	}
	if inv.Complete() || len(gaps) > 0 {
		return gaps
	}
	why := "nothing showed that we could have seen the access"
	if manual {
		why = "only people can say what is there"
	}
	return append(gaps, lastday.Gap{System: inv.System, What: "the whole system", Code: lastday.CodeUnsupported, Why: why})
}

func appendSighting(found []Sighting, l Leaver, inv lastday.Inventory) []Sighting {
	s := Sighting{
		System: inv.System, Person: l.Separation.Person.Key, Case: l.Case, LastDay: l.Separation.LastDay,
		Account: inv.Match.Account, Highest: inv.Highest(), Evidence: inv.Match.Evidence, Control: inv.Control, ReadAt: inv.ReadAt.UTC(),
	}
	for _, g := range inv.Grants {
		if g.Level() > lastday.LevelNone {
			s.Count++
			s.Grants = append(s.Grants, g.Fact())
		}
	}
	slices.SortStableFunc(s.Grants, func(a, b lastday.GrantFact) int { return cmp.Compare(b.Level, a.Level) })
	s.Grants = s.Grants[:min(len(s.Grants), mostShown)]
	for _, r := range inv.Residue {
		if !r.Harmless && len(s.Left) < mostShown {
			s.Left = append(s.Left, r)
		}
	}
	if s.Count == 0 && len(s.Left) == 0 {
		return found
	}
	return append(found, s)
}

// LookInput asks one system about several people who left.
type LookInput struct {
	System  string   `json:"system"`
	Manual  bool     `json:"manual,omitempty"`
	Leavers []Leaver `json:"leavers"`
}

// LookOutput is what one system shows of them.
type LookOutput struct {
	// Looked is how many people were looked for, Clean how many of them have
	// nothing there, shown by a complete reading with a positive control.
	Looked int        `json:"looked"`
	Clean  int        `json:"clean"`
	Found  []Sighting `json:"found,omitempty"`
	Unseen []Unseen   `json:"unseen,omitempty"`
}

// Add takes in what was seen of one more person.
func (o *LookOutput) Add(found []Sighting, unseen []Unseen) {
	o.Looked++
	if len(unseen) == 0 && !slices.ContainsFunc(found, Sighting.Access) {
		o.Clean++
	}
	o.Found, o.Unseen = append(o.Found, found...), append(o.Unseen, unseen...)
}

// Look asks the system about each of the people, one after the other. What is
// known goes into heartbeats, so that the next attempt goes on where this one
// stopped. Trouble that passes is a failure, which Temporal retries, a few
// times; what cannot be looked at after that is unseen.
func (s *Systems) Look(ctx context.Context, in LookInput) (LookOutput, error) {
	system, err := s.system(in.System)
	if err != nil {
		return LookOutput{}, Failure(err)
	}
	var out LookOutput
	if activity.HasHeartbeatDetails(ctx) {
		var earlier LookOutput
		if activity.GetHeartbeatDetails(ctx, &earlier) == nil && earlier.Looked <= len(in.Leavers) {
			out = earlier
		}
	}
	beats := startBeating(ctx, out)
	defer beats.stop()
	clock := startClock(ctx)
	for _, l := range in.Leavers[out.Looked:] {
		found, unseen, passing := LookFor(ctx, system.Surveyor, in.Manual, l)
		if ctx.Err() != nil {
			return LookOutput{}, ctx.Err()
		}
		if passing != nil && activity.GetInfo(ctx).Attempt < lookAttempts {
			return LookOutput{}, Failure(passing)
		}
		for i := range found {
			found[i].ReadAt = clock.now()
		}
		out.Add(found, unseen)
		beats.say(ctx, out)
	}
	return out, nil
}

// lookAttempts is how often trouble that passes is waited for before somebody
// is unseen and the next is looked for.
const lookAttempts = 5

// Roster knows who left.
type Roster interface {
	// Leavers gives a page of at most so many people; the first begins at "".
	// Nobody is given twice.
	Leavers(ctx context.Context, at string, most int) (RosterPage, error)
}

// RosterPage is a part of a roster.
type RosterPage struct {
	Leavers []Leaver
	// Trouble names whom the roster should tell of and cannot, by the ids of
	// their cases.
	Trouble []string
	// Next is where the next page begins; empty after the last.
	Next string
}

// Sweeps are the activities of a sweep that need no far side.
type Sweeps struct {
	// Roster is required.
	Roster Roster
	// Links knows which accounts are whose; nil knows none.
	Links LinkTable
}

// LeaversInput asks for a page of the people who left.
type LeaversInput struct {
	At   string `json:"at,omitempty"`
	Most int    `json:"most"`
}

// LeaversOutput is a page.
type LeaversOutput struct {
	Leavers []Leaver `json:"leavers,omitempty"`
	// Still counts people on the page who have not left yet. They are not in it.
	Still   int      `json:"still,omitempty"`
	Trouble []string `json:"trouble,omitempty"`
	Next    string   `json:"next,omitempty"`
}

// Leavers gives a page of the people who left.
func (s *Sweeps) Leavers(ctx context.Context, in LeaversInput) (LeaversOutput, error) {
	page, err := s.Roster.Leavers(ctx, in.At, in.Most)
	if err != nil {
		return LeaversOutput{}, Failure(err)
	}
	out := LeaversOutput{Trouble: page.Trouble, Next: page.Next}
	now := activity.GetInfo(ctx).StartedTime
	for _, l := range page.Leavers {
		if !l.Left(now) {
			out.Still++
			continue
		}
		if l, err = WithLinks(ctx, s.Links, l); err != nil {
			out.Trouble = append(out.Trouble, fmt.Sprintf("the link table could not be asked for case %s: %s", l.Case, lastday.CodeOf(err)))
		}
		out.Leavers = append(out.Leavers, l)
	}
	return out, nil
}
