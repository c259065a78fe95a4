package integrations

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"lastday"
	"lastday/integrations/internal/httpx"
)

// Observer is told about every call of a driver; it measures and traces.
type Observer interface {
	// Observe is called after each verb with the system, the verb, the code of its
	// error (empty if there was none) and how long it took.
	Observe(ctx context.Context, system, verb string, code lastday.Code, took time.Duration)
}

// Options are what a System needs besides its driver.
type Options struct {
	// Now is the clock, required.
	Now func() time.Time
	// Observer may be nil.
	Observer Observer
	// DryRun refuses every change, here and nowhere else.
	DryRun bool
	// Protected are immutable account ids that must never be changed without an
	// approval (break-glass accounts, service accounts).
	Protected []string
	// ManagedBy is the configured name of the system in which what is managed
	// elsewhere is managed, empty if that is not connected.
	ManagedBy string
}

// Surveyor reads a system. It cannot write.
type Surveyor struct {
	name   string
	reader Reader
	opts   Options
}

// NewSurveyor makes a Surveyor of a system called name.
func NewSurveyor(name string, reader Reader, opts Options) *Surveyor {
	return &Surveyor{name: name, reader: reader, opts: opts}
}

// Name is the configured name of the system.
func (s *Surveyor) Name() string { return s.name }

// Probe asks the driver how the far side is.
func (s *Surveyor) Probe(ctx context.Context) (lastday.Health, error) {
	began := s.opts.Now()
	health, err := s.reader.Probe(ctx)
	s.observe(ctx, "probe", began, err)
	return health, s.clean("probe", err)
}

// mostPages bounds a list: a far side that pages for ever must not hold a case.
const mostPages = 10_000

// Survey reads all that the system grants the person. Between pages it calls
// progress, which may be nil, with the number of grants read so far.
//
// The inventory is complete only if Inventory.Complete says so. A system that
// cannot be read at all is an error with a code.
func (s *Surveyor) Survey(ctx context.Context, person lastday.Person, progress func(read int)) (lastday.Inventory, error) {
	ctx, counter := httpx.Count(ctx)
	inv, err := s.survey(ctx, person, progress)
	inv.Calls = counter.Calls()
	return inv, err
}

func (s *Surveyor) survey(ctx context.Context, person lastday.Person, progress func(read int)) (lastday.Inventory, error) {
	health, err := s.Probe(ctx)
	if err != nil {
		return lastday.Inventory{}, err
	}
	inv := lastday.Inventory{System: s.name, ReadAt: s.opts.Now(), Health: health, Gaps: slices.Clone(health.Missing)}
	if inv.Match, err = s.find(ctx, person); err != nil {
		return lastday.Inventory{}, err
	}
	if inv.Match.Verdict == lastday.FoundNone {
		return s.listPinned(ctx, person, inv, progress)
	}
	if inv.Match.Verdict != lastday.FoundOne {
		inv.Control = inv.Match.Control
		return inv, nil
	}
	if err := s.list(ctx, &inv, progress); err != nil {
		return lastday.Inventory{}, err
	}
	inv.Gaps = mergeGaps(inv.Gaps)
	return inv, nil
}

// listPinned looks at an account that was pinned by its id although the search
// finds it no more: evidence goes away, an address changes, a membership ends,
// and access may be left all the same.
func (s *Surveyor) listPinned(ctx context.Context, person lastday.Person, inv lastday.Inventory, progress func(int)) (lastday.Inventory, error) {
	inv.Control = inv.Match.Control
	link, pinned := person.Link(s.name)
	if !pinned || link.ID == "" {
		return inv, nil
	}
	found := inv
	found.Match.Account = lastday.Account{System: s.name, ID: link.ID, Login: link.Login}
	if err := s.list(ctx, &found, progress); err != nil {
		return lastday.Inventory{}, err
	}
	if len(found.Grants) > 0 {
		found.Match.Verdict = lastday.FoundOne
		return found, nil
	}
	found.Match.Account = lastday.Account{}
	return found, nil
}

func (s *Surveyor) find(ctx context.Context, person lastday.Person) (lastday.Match, error) {
	began := s.opts.Now()
	match, err := s.reader.Find(ctx, person)
	s.observe(ctx, "find", began, err)
	if err != nil {
		return match, s.clean("find", err)
	}
	if match.Verdict == lastday.FoundOne && match.Account.ID == "" {
		return match, lastday.Errorf(lastday.CodeInternal, s.name+": find", "the driver returned an account without an id")
	}
	if match.Verdict == lastday.FoundNone && !match.Control.Seen {
		return match, lastday.Errorf(lastday.CodeTransient, s.name+": find", "no account found, but nothing showed that we could have seen one")
	}
	return match, nil
}

func (s *Surveyor) list(ctx context.Context, inv *lastday.Inventory, progress func(int)) error {
	seen := map[Cursor]bool{}
	at := Cursor("")
	for range mostPages {
		page, err := s.page(ctx, inv.Match.Account, at)
		if err != nil {
			return err
		}
		for _, g := range page.Grants {
			if s.opts.ManagedBy != "" {
				g = g.In(s.opts.ManagedBy)
			}
			inv.Grants = append(inv.Grants, g)
		}
		inv.Gaps = append(inv.Gaps, page.Gaps...)
		inv.Residue = append(inv.Residue, page.Residue...)
		inv.Control = page.Control
		if progress != nil {
			progress(len(inv.Grants))
		}
		if page.Next == "" {
			return s.orderGrants(inv)
		}
		if seen[page.Next] {
			return lastday.Errorf(lastday.CodeInternal, s.name+": list", "the far side sent the same page twice")
		}
		seen[page.Next] = true
		at = page.Next
	}
	return lastday.Errorf(lastday.CodeInvalid, s.name+": list", "more than %d pages", mostPages)
}

func (s *Surveyor) page(ctx context.Context, account lastday.Account, at Cursor) (Page, error) {
	began := s.opts.Now()
	page, err := s.reader.List(ctx, account, at)
	s.observe(ctx, "list", began, err)
	return page, s.clean("list", err)
}

// orderGrants sorts by key, so that equal access gives equal inventories, and
// refuses a list in which two grants cannot be told apart.
func (s *Surveyor) orderGrants(inv *lastday.Inventory) error {
	slices.SortFunc(inv.Grants, func(a, b lastday.Grant) int { return cmp.Compare(a.Key, b.Key) })
	for i := 1; i < len(inv.Grants); i++ {
		if inv.Grants[i].Key == inv.Grants[i-1].Key {
			return lastday.Errorf(lastday.CodeInternal, s.name+": list", "two grants have the key %q", inv.Grants[i].Key)
		}
	}
	return nil
}

func (s *Surveyor) observe(ctx context.Context, verb string, began time.Time, err error) {
	if s.opts.Observer != nil {
		s.opts.Observer.Observe(ctx, s.name, verb, lastday.CodeOf(err), s.opts.Now().Sub(began))
	}
}

// clean gives an error of a driver the system's name and, if it has none, a code.
func (s *Surveyor) clean(verb string, err error) error {
	if err == nil {
		return nil
	}
	return &lastday.Error{Code: lastday.CodeOf(err), Op: s.name + ": " + verb, RetryAfter: lastday.RetryAfterOf(err), Err: err}
}

// System is a Surveyor that can also change.
type System struct {
	*Surveyor
	driver Driver
}

// NewSystem makes a System called name.
func NewSystem(name string, driver Driver, opts Options) *System {
	return &System{Surveyor: NewSurveyor(name, driver, opts), driver: driver}
}

// Apply makes one change. Again says that an earlier attempt at the very same
// change may have written it: then finding it done counts as ours, so that it
// can be given back.
func (s *System) Apply(ctx context.Context, change lastday.Change, again bool) (lastday.Receipt, error) {
	if refusal := s.refusal(change); refusal != "" {
		return lastday.Receipt{Change: change.ID, Outcome: lastday.OutcomeRefused, Before: change.From, Note: refusal}, nil
	}
	if change.Grant.ManagedBy != "" {
		return lastday.Receipt{
			Change: change.ID, Outcome: lastday.OutcomeDelegated, Before: change.From,
			Note: "managed by " + change.Grant.ManagedBy + ": it must be changed there",
		}, nil
	}
	began := s.opts.Now()
	receipt, err := s.driver.Apply(ctx, change)
	s.observe(ctx, "apply", began, err)
	if err != nil {
		return lastday.Receipt{}, s.clean("apply", err)
	}
	return s.finish(change, receipt, again), nil
}

// Recheck reads what the account holds now, for the changes of an earlier
// attempt whose answer was lost: read before writing again.
func (s *System) Recheck(ctx context.Context, account lastday.Account) (lastday.Inventory, error) {
	inv := lastday.Inventory{System: s.name, ReadAt: s.opts.Now(), Match: lastday.Match{Verdict: lastday.FoundOne, Account: account}}
	return inv, s.list(ctx, &inv, nil)
}

// FoundDone is the receipt of a change that an earlier attempt of ours may have
// written, if the inventory shows that it is done.
func FoundDone(change lastday.Change, now lastday.Inventory) (lastday.Receipt, bool) {
	receipt := lastday.Receipt{
		Change: change.ID, Outcome: lastday.OutcomeApplied, Before: change.From, Proof: lastday.ProofAcknowledged,
		Note: "an earlier attempt's answer was lost; it was found done before trying again",
	}
	graded := Grade([]lastday.Change{change}, []lastday.Receipt{receipt}, now)[0]
	if graded.Proof != lastday.ProofObserved {
		return lastday.Receipt{}, false
	}
	// Observing is for the reading that ends the stage.
	graded.Proof, graded.SeenAt = lastday.ProofAcknowledged, time.Time{}
	return graded, true
}

// refusal says why the change is refused before anything is sent; empty if it is not.
func (s *System) refusal(change lastday.Change) string {
	if s.opts.DryRun {
		return "dry run: nothing is changed"
	}
	if change.Account.System != s.name {
		return fmt.Sprintf("the account belongs to system %q", change.Account.System)
	}
	if slices.Contains(s.opts.Protected, change.Account.ID) && change.Consent == "" {
		return "the account is protected: a person must approve"
	}
	return ""
}

func (s *System) finish(change lastday.Change, r lastday.Receipt, again bool) lastday.Receipt {
	r.Change = change.ID
	r.Proof = min(r.Proof, lastday.ProofAcknowledged)
	if r.Before == "" {
		r.Before = change.From
	}
	if r.DoneAt.IsZero() {
		r.DoneAt = s.opts.Now()
	}
	if again && r.Outcome == lastday.OutcomeAlready {
		r.Outcome = lastday.OutcomeApplied
		r.Before = change.From
		r.Note = strings.TrimSpace("found done when trying again after an attempt whose answer was lost. " + r.Note)
	}
	return r
}

// Grade compares receipts with an inventory read after them and says how well
// each is shown. A grant at or under the wanted rung in a complete inventory
// with a positive control is observed, or attested if the inventory is a record
// that people keep; one that is still above keeps its grade, and its After says
// where it really stands.
func Grade(changes []lastday.Change, receipts []lastday.Receipt, after lastday.Inventory) []lastday.Receipt {
	graded := slices.Clone(receipts)
	wanted := make(map[string]lastday.Change, len(changes))
	for _, c := range changes {
		wanted[c.ID] = c
	}
	now := make(map[string]lastday.Grant, len(after.Grants))
	for _, g := range after.Grants {
		now[g.Key] = g
	}
	for i, r := range graded {
		change, ok := wanted[r.Change]
		if !ok || change.Account.System != after.System {
			continue
		}
		graded[i] = grade(change, r, now, after)
	}
	return graded
}

func grade(change lastday.Change, r lastday.Receipt, now map[string]lastday.Grant, after lastday.Inventory) lastday.Receipt {
	if seen := after.Match.Account.ID; seen != "" && seen != change.Account.ID {
		return r
	}
	grant, there := now[change.Grant.Key]
	rung := lastday.None
	if there {
		rung = grant.Rung
	}
	if !there && !couldHaveSeen(change.Grant, after) {
		return r
	}
	r.After = rung
	if !reached(change, rung) || !after.Control.Seen {
		return r
	}
	r.SeenAt = after.ReadAt
	if keeper := after.Control.KeptBy; keeper != "" {
		r.Proof, r.By = lastday.ProofAttested, keeper
		return r
	}
	r.Proof = lastday.ProofObserved
	return r
}

// reached says whether a grant that stands at rung is where the change wanted it.
func reached(change lastday.Change, rung string) bool {
	if rung == change.To {
		return true
	}
	down, err := change.Down()
	if err != nil || !down {
		return false
	}
	cmp, err := change.Grant.Ladder.Compare(rung, change.To)
	return err == nil && cmp < 0
}

// couldHaveSeen says whether the absence of a grant in the inventory means
// that it is gone: the inventory has a positive control, knows the account or
// knows that there is none, and has no gap about that kind or about everything.
func couldHaveSeen(grant lastday.Grant, after lastday.Inventory) bool {
	if !after.Control.Seen || after.Match.Verdict == lastday.FoundMany {
		return false
	}
	for _, gap := range after.Gaps {
		if gap.Kind == grant.Kind || gap.Kind == "" {
			return false
		}
	}
	return true
}
