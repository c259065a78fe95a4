package integrations_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lastday"
	"lastday/integrations"
)

// stub answers what it is told to, and remembers what it was asked to change.
type stub struct {
	account string
	health  lastday.Health
	match   lastday.Match
	pages   map[integrations.Cursor]integrations.Page
	receipt lastday.Receipt
	errs    map[string]error
	applied []string
}

func (s *stub) Probe(context.Context) (lastday.Health, error) { return s.health, s.errs["probe"] }

func (s *stub) Find(context.Context, lastday.Person) (lastday.Match, error) {
	return s.match, s.errs["find"]
}

func (s *stub) List(_ context.Context, _ lastday.Account, at integrations.Cursor) (integrations.Page, error) {
	return s.pages[at], s.errs["list"]
}

func (s *stub) Apply(_ context.Context, c lastday.Change) (lastday.Receipt, error) {
	s.applied = append(s.applied, c.ID)
	return s.receipt, s.errs["apply"]
}

func at8() time.Time { return time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC) }

func options() integrations.Options { return integrations.Options{Now: at8} }

func seen() lastday.Control { return lastday.Control{Seen: true, Evidence: "saw ourselves"} }

func kim() lastday.Account { return lastday.Account{System: "gh", ID: "u-1"} }

func team(key, rung string) lastday.Grant {
	return lastday.Grant{Key: key, Kind: "team", Rung: rung, Ladder: lastday.Ladder{
		{Name: "lead", Level: lastday.LevelAdmin}, {Name: "member", Level: lastday.LevelWrite},
	}}
}

// healthy has two pages with one grant each.
func healthy() *stub {
	return &stub{
		match: lastday.Match{Verdict: lastday.FoundOne, Account: kim(), Control: seen()},
		pages: map[integrations.Cursor]integrations.Page{
			"":  {Grants: []lastday.Grant{team("b", "lead")}, Next: "2"},
			"2": {Grants: []lastday.Grant{team("a", "member")}, Control: seen()},
		},
	}
}

func survey(t *testing.T, s *stub) (lastday.Inventory, error) {
	t.Helper()
	return integrations.NewSurveyor("gh", s, options()).Survey(t.Context(), lastday.Person{Key: "p"}, nil)
}

func TestASurveyReadsAllPagesInAStableOrder(t *testing.T) {
	var progress []int
	inv, err := integrations.NewSurveyor("gh", healthy(), options()).Survey(t.Context(), lastday.Person{}, func(n int) { progress = append(progress, n) })
	if err != nil {
		t.Fatal(err)
	}
	keys := []string{inv.Grants[0].Key, inv.Grants[1].Key}
	if diff := cmp.Diff([]string{"a", "b"}, keys); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{1, 2}, progress); diff != "" || !inv.Complete() || !inv.ReadAt.Equal(at8()) {
		t.Errorf("progress %s, inventory %+v", diff, inv)
	}
}

func TestAnInventoryIsProofOnlyWithEverythingInPlace(t *testing.T) {
	gap := lastday.Gap{System: "gh", What: "tokens", Code: lastday.CodeDenied}
	spoil := map[string]func(*stub){
		"the last page has no control": func(s *stub) { s.pages["2"] = integrations.Page{} },
		"a page has a gap":             func(s *stub) { s.pages[""] = integrations.Page{Gaps: []lastday.Gap{gap}, Next: "2"} },
		"a permission is missing":      func(s *stub) { s.health.Missing = []lastday.Gap{gap} },
		"it is unclear who it is":      func(s *stub) { s.match = lastday.Match{Verdict: lastday.FoundMany, Control: seen()} },
	}
	for name, f := range spoil {
		s := healthy()
		f(s)
		inv, err := survey(t, s)
		if err != nil || inv.Complete() {
			t.Errorf("%s: complete %v, error %v", name, inv.Complete(), err)
		}
	}
}

func TestASurveyThatCannotBeTrustedIsAnError(t *testing.T) {
	spoil := map[string]struct {
		f    func(*stub)
		want lastday.Code
	}{
		"nobody, without a control": {func(s *stub) { s.match = lastday.Match{Verdict: lastday.FoundNone} }, lastday.CodeTransient},
		"an account without an id":  {func(s *stub) { s.match.Account.ID = "" }, lastday.CodeInternal},
		"two grants with one key": {func(s *stub) {
			s.pages["2"] = integrations.Page{Grants: []lastday.Grant{team("b", "member")}, Control: seen()}
		}, lastday.CodeInternal},
		"pages without an end": {func(s *stub) { s.pages["2"] = integrations.Page{Next: "2"} }, lastday.CodeInternal},
		"a probe that fails":   {func(s *stub) { s.errs = map[string]error{"probe": errors.New("x")} }, lastday.CodeInternal},
		"a page that fails": {func(s *stub) {
			s.errs = map[string]error{"list": lastday.Errorf(lastday.CodeDenied, "x", "y")}
		}, lastday.CodeDenied},
	}
	for name, c := range spoil {
		s := healthy()
		c.f(s)
		if _, err := survey(t, s); lastday.CodeOf(err) != c.want || !strings.HasPrefix(err.Error(), "gh: ") {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func TestErrorsKeepTheirCauseAndTheirWait(t *testing.T) {
	cause := &lastday.Error{Code: lastday.CodeRateLimited, Op: "x", RetryAfter: 40 * time.Second}
	s := healthy()
	s.errs = map[string]error{"find": cause}
	_, err := survey(t, s)
	if !errors.Is(err, cause) || lastday.RetryAfterOf(err) != 40*time.Second {
		t.Error(err)
	}
}

func TestWhatAGuardRefusesIsNeverSent(t *testing.T) {
	protected := integrations.Options{Now: at8, Protected: []string{"u-1"}}
	change := lastday.NewChange("c", kim(), team("a", "lead"), lastday.None, "")
	foreign, managed, approved := change, change, change
	foreign.Account.System = "other"
	managed.Grant.ManagedBy = "idp"
	approved.Consent = "a-1"
	cases := map[string]struct {
		opts   integrations.Options
		change lastday.Change
		want   lastday.Outcome
		sent   bool
	}{
		"dry run":                {integrations.Options{Now: at8, DryRun: true}, change, lastday.OutcomeRefused, false},
		"another system":         {options(), foreign, lastday.OutcomeRefused, false},
		"protected":              {protected, change, lastday.OutcomeRefused, false},
		"protected and approved": {protected, approved, lastday.OutcomeApplied, true},
		"managed elsewhere":      {options(), managed, lastday.OutcomeDelegated, false},
		"plain":                  {options(), change, lastday.OutcomeApplied, true},
	}
	for name, c := range cases {
		s := healthy()
		s.receipt.Outcome = lastday.OutcomeApplied
		r, err := integrations.NewSystem("gh", s, c.opts).Apply(t.Context(), c.change, false)
		if err != nil || r.Outcome != c.want || (len(s.applied) > 0) != c.sent || (!c.sent && r.Note == "") {
			t.Errorf("%s: %+v, %v, sent %v", name, r, err, s.applied)
		}
	}
}

func TestADriverCannotClaimToHaveObserved(t *testing.T) {
	s := healthy()
	s.receipt = lastday.Receipt{Outcome: lastday.OutcomeApplied, Proof: lastday.ProofObserved}
	change := lastday.NewChange("c", kim(), team("a", "lead"), lastday.None, "")
	r, err := integrations.NewSystem("gh", s, options()).Apply(t.Context(), change, false)
	if err != nil || r.Proof != lastday.ProofAcknowledged || r.Change != change.ID || r.Before != "lead" || !r.DoneAt.Equal(at8()) {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestFoundDoneIsOursOnlyAfterALostAnswer(t *testing.T) {
	change := lastday.NewChange("c", kim(), team("a", "lead"), lastday.None, "")
	for again, want := range map[bool]lastday.Outcome{false: lastday.OutcomeAlready, true: lastday.OutcomeApplied} {
		s := healthy()
		s.receipt = lastday.Receipt{Outcome: lastday.OutcomeAlready, Before: lastday.None}
		r, err := integrations.NewSystem("gh", s, options()).Apply(t.Context(), change, again)
		if err != nil || r.Outcome != want || (again && r.Before != "lead") {
			t.Errorf("again %v: %+v, %v", again, r, err)
		}
	}
}

func TestOnlyWhatWasReadBackCountsAsObserved(t *testing.T) {
	change := lastday.NewChange("c", kim(), team("a", "lead"), "member", "")
	said := lastday.Receipt{Change: change.ID, Outcome: lastday.OutcomeApplied, Proof: lastday.ProofAcknowledged}
	full := func(grants ...lastday.Grant) lastday.Inventory {
		return lastday.Inventory{System: "gh", ReadAt: at8(), Grants: grants, Match: lastday.Match{Verdict: lastday.FoundOne}, Control: seen()}
	}
	with := func(inv lastday.Inventory, f func(*lastday.Inventory)) lastday.Inventory { f(&inv); return inv }
	cases := map[string]struct {
		after lastday.Inventory
		proof lastday.Proof
		rung  string
	}{
		"at the rung":             {full(team("a", "member")), lastday.ProofObserved, "member"},
		"under the rung":          {full(), lastday.ProofObserved, lastday.None},
		"still above":             {full(team("a", "lead")), lastday.ProofAcknowledged, "lead"},
		"at an unknown rung":      {full(team("a", "emperor")), lastday.ProofAcknowledged, "emperor"},
		"there without a control": {with(full(team("a", "member")), func(i *lastday.Inventory) { i.Control.Seen = false }), lastday.ProofAcknowledged, "member"},
		"of another account":      {with(full(), func(i *lastday.Inventory) { i.Match.Account.ID = "somebody else" }), lastday.ProofAcknowledged, ""},
		"gone without a control":  {with(full(), func(i *lastday.Inventory) { i.Control.Seen = false }), lastday.ProofAcknowledged, ""},
		"gone with a gap there":   {with(full(), func(i *lastday.Inventory) { i.Gaps = []lastday.Gap{{Kind: "team"}} }), lastday.ProofAcknowledged, ""},
		"gone with a gap of all":  {with(full(), func(i *lastday.Inventory) { i.Gaps = []lastday.Gap{{}} }), lastday.ProofAcknowledged, ""},
		"gap of another kind":     {with(full(), func(i *lastday.Inventory) { i.Gaps = []lastday.Gap{{Kind: "key"}} }), lastday.ProofObserved, lastday.None},
		"unclear who it is":       {with(full(), func(i *lastday.Inventory) { i.Match.Verdict = lastday.FoundMany }), lastday.ProofAcknowledged, ""},
		"another system":          {with(full(), func(i *lastday.Inventory) { i.System = "x" }), lastday.ProofAcknowledged, ""},
	}
	for name, c := range cases {
		r := integrations.Grade([]lastday.Change{change}, []lastday.Receipt{said}, c.after)[0]
		if r.Proof != c.proof || r.After != c.rung {
			t.Errorf("%s: proof %s, after %q; want %s, %q", name, r.Proof, r.After, c.proof, c.rung)
		}
	}
	if said.After != "" {
		t.Error("the receipts that were given were changed")
	}
}

type watcher struct{ seen []string }

func (w *watcher) Observe(_ context.Context, system, verb string, code lastday.Code, _ time.Duration) {
	w.seen = append(w.seen, system+" "+verb+" "+string(code))
}

func TestEveryVerbIsObserved(t *testing.T) {
	w := &watcher{}
	s := healthy()
	s.errs = map[string]error{"apply": lastday.Errorf(lastday.CodeDenied, "x", "y")}
	system := integrations.NewSystem("gh", s, integrations.Options{Now: at8, Observer: w})
	if _, err := system.Survey(t.Context(), lastday.Person{}, nil); err != nil {
		t.Fatal(err)
	}
	_, _ = system.Apply(t.Context(), lastday.NewChange("c", kim(), team("a", "lead"), lastday.None, ""), false)
	want := []string{"gh probe ", "gh find ", "gh list ", "gh list ", "gh apply denied"}
	if diff := cmp.Diff(want, w.seen); diff != "" {
		t.Error(diff)
	}
}
