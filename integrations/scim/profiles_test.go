package scim

import (
	"os"
	"slices"
	"strings"
	"testing"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/scim/scimtest"
)

func TestEveryProfileSaysWhereItStands(t *testing.T) {
	page, err := os.ReadFile("../../docs/integrations/scim.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range profiles() {
		if p.Title == "" || len(p.Pages) == 0 || p.Deactivation == "" || p.Restore.Note == "" || p.GroupsAre == "" || p.Limits == "" || len(p.Active) == 0 || len(p.Members) == 0 {
			t.Errorf("%s: %+v", p.Name, p)
		}
		for _, said := range append([]string{"`" + p.Name + "`", p.Title}, p.Pages...) {
			if !strings.Contains(string(page), said) {
				t.Errorf("%s: the page does not tell %s", p.Name, said)
			}
		}
		if p.Deletes != (p.Restore.Fidelity == lastday.RestoreNever) {
			t.Errorf("%s: deletes %t, and can be given back %s", p.Name, p.Deletes, p.Restore.Fidelity)
		}
		for _, r := range p.Remains {
			if r.what == "" || r.why == "" || r.todo == "" {
				t.Errorf("%s: %+v", p.Name, r)
			}
		}
	}
}

func with(profile string) func(*Config) { return func(c *Config) { c.Profile = profile } }

// Enterprise Managed Users lose login and address when they are suspended: only
// the id tells whose the account is.
func TestAScrambledAccountIsKnownByItsID(t *testing.T) {
	c := newCompany(t, scimtest.Manners{Scrambles: true, ArrayRemove: true, NoFilterInPath: true})
	d := c.driver(t, with("github-emu"))
	_, all := survey(t, d)
	r := take(t, d, all["account"], lastday.None)
	if r.Outcome != lastday.OutcomeApplied || r.After != lastday.None {
		t.Fatalf("%+v", r)
	}
	if name := c.Resource("Users", "u-kim")["userName"]; name == "kim@acme.example" {
		t.Fatalf("the fake does not scramble: %v", name)
	}
	if sent := c.Server.Writes(); len(sent) != 1 || !strings.Contains(sent[0], `"value":{"active":false}`) {
		t.Errorf("sent %q", sent)
	}
	m := find(t, c, linked(kim(), "u-kim", "kim@acme.example"), with("github-emu"))
	if m.Account.ID != "u-kim" || !strings.Contains(m.Account.Note, "not active") {
		t.Errorf("%+v", m)
	}
	if r := take(t, d, all["group/g-staff"], lastday.None); r.Outcome != lastday.OutcomeApplied {
		t.Errorf("a group, afterwards: %+v", r)
	}
	back := lastday.NewChange("c-2", theirs("u-kim"), all["account"], rungActive, "test")
	back.From = lastday.None
	if r, err := d.Apply(t.Context(), back); err != nil || r.Outcome != lastday.OutcomeApplied {
		t.Errorf("giving back: %+v, %v", r, err)
	}
}

// Where nobody documents that logins change, another login under the id is not
// taken for the person.
func TestALoginThatChangesWithTheWriteIsNotTakenAsDone(t *testing.T) {
	c := newCompany(t, scimtest.Manners{Scrambles: true})
	_, all := survey(t, c.driver(t, nil))
	if r := take(t, c.driver(t, nil), all["account"], lastday.None); r.After != "" || !strings.Contains(r.Note, "another login") {
		t.Errorf("%+v", r)
	}
}

func TestDeactivatingInPagerDutyDeletes(t *testing.T) {
	c := newCompany(t, scimtest.Manners{Deletes: true, Credential: "Token token="})
	c.Edit("Users", "u-kim", func(u map[string]any) { u["roles"] = []any{object{"type": "base", "value": "admin"}} })
	d := c.driver(t, func(cfg *Config) { cfg.Profile, cfg.Delete = "pagerduty", true })
	_, all := survey(t, d)
	if g := all["account"]; g.Restore.Fidelity != lastday.RestoreNever || !strings.Contains(g.Resource.Labels["deactivation"], "deletes") {
		t.Errorf("%+v", g)
	}
	role := all["role"]
	if role.Rung != "admin" || role.Level() != lastday.LevelAdmin || role.Ladder.Under(lastday.LevelRead).Name != "observer" {
		t.Fatalf("%+v", role)
	}
	if r := take(t, d, role, "read_only_user"); r.Outcome != lastday.OutcomeApplied || r.After != "read_only_user" {
		t.Errorf("lowering the role: %+v", r)
	}
	if sent := c.Server.Writes()[0]; !strings.Contains(sent, `{"type":"base","value":"read_only_user"}`) {
		t.Errorf("sent %s", sent)
	}
	raise := lastday.NewChange("c-2", theirs("u-kim"), role, "admin", "test")
	raise.From = "observer" // it stands at read_only_user
	if r, err := d.Apply(t.Context(), raise); err != nil || r.Outcome != lastday.OutcomeDrifted {
		t.Errorf("giving back over what somebody did since: %+v, %v", r, err)
	}
	r := take(t, d, all["account"], lastday.None)
	if r.Outcome != lastday.OutcomeApplied || r.After != lastday.None || !strings.Contains(r.Note, "deletes") || c.Resource("Users", "u-kim") != nil {
		t.Fatalf("%+v", r)
	}
	if r := take(t, d, role, lastday.None); r.Outcome != lastday.OutcomeAlready {
		t.Errorf("the role, afterwards: %+v", r)
	}
	back := lastday.NewChange("c-2", theirs("u-kim"), all["account"], rungActive, "test")
	back.From = lastday.None
	if r, err := d.Apply(t.Context(), back); err != nil || r.Outcome != lastday.OutcomeRefused {
		t.Errorf("giving back: %+v, %v", r, err)
	}
}

// A ceiling that asks for the role alone must not take the account with it.
func TestAnAdministratorsAccountOutlivesTheirRole(t *testing.T) {
	for _, profile := range []string{"generic", "pagerduty"} {
		p, _ := profileNamed(profile)
		c := newCompany(t, scimtest.Manners{Credential: p.Credential})
		c.Edit("Users", "u-kim", func(u map[string]any) { u["roles"] = []any{object{"value": "admin"}} })
		_, all := survey(t, c.driver(t, with(profile)))
		for _, ceiling := range []lastday.Level{lastday.LevelWrite, lastday.LevelRead, lastday.LevelSignIn} {
			if g := all["account"]; g.Level() > ceiling {
				t.Errorf("%s: a ceiling of %s brings the account to %s", profile, ceiling, g.Ladder.Under(ceiling).Name)
			}
		}
	}
}

func TestDeletingNeedsADecision(t *testing.T) {
	c := newCompany(t, scimtest.Manners{Deletes: true, Credential: "Token token="})
	c.Edit("Users", "u-kim", func(u map[string]any) { u["roles"] = []any{object{"value": "admin"}} })
	d := c.driver(t, with("pagerduty"))
	_, all := survey(t, d)
	if r := take(t, d, all["account"], lastday.None); r.Outcome != lastday.OutcomeRefused || !strings.Contains(r.Note, "deletes the account") || len(c.Server.Writes()) != 0 {
		t.Errorf("nobody decided: %+v, sent %q", r, c.Server.Writes())
	}
	lowered := take(t, d, all["role"], lastday.None)
	if lowered.Outcome != lastday.OutcomeApplied || lowered.After == lastday.None || !strings.Contains(lowered.Note, "as low as roles go") {
		t.Errorf("the role at the cut: %+v", lowered)
	}
	_, all = survey(t, d)
	lowest := all["role"]
	if lowest.Level() != lastday.LevelSignIn {
		t.Errorf("the role stands at %s", lowest.Rung)
	}
	if r := take(t, d, lowest, lastday.None); r.Outcome != lastday.OutcomeRefused || !strings.Contains(r.Note, "always has a role") {
		t.Errorf("the lowest role: %+v", r)
	}
	change := lastday.NewChange("c-1", theirs("u-kim"), all["account"], lastday.None, "test")
	change.Consent = "plan 1"
	if r, err := d.Apply(t.Context(), change); err != nil || r.Outcome != lastday.OutcomeApplied || c.Resource("Users", "u-kim") != nil {
		t.Errorf("approved: %+v, %v", r, err)
	}
}

// A licence lets nobody do anything by itself, and there is no account without one.
func TestALicenceEndsWithTheAccount(t *testing.T) {
	c := newCompany(t, scimtest.Manners{Deletes: true, Credential: "Token token="})
	c.Edit("Users", "u-kim", func(u map[string]any) {
		u["roles"] = []any{object{"value": "user"}}
		u["entitlements"] = []any{object{"type": "license", "value": "PL1"}}
	})
	d := c.driver(t, func(cfg *Config) { cfg.Profile, cfg.Delete = "pagerduty", true })
	_, all := survey(t, d)
	licence := all["entitlement/PL1"]
	if licence.Level() != lastday.LevelSignIn {
		t.Errorf("a licence counts as %s", licence.Level())
	}
	if r := take(t, d, licence, lastday.None); r.Outcome != lastday.OutcomeRefused || len(c.Server.Writes()) != 0 {
		t.Errorf("%+v, sent %q", r, c.Server.Writes())
	}
	take(t, d, all["account"], lastday.None)
	if r := take(t, d, licence, lastday.None); r.Outcome != lastday.OutcomeAlready {
		t.Errorf("after the account: %+v", r)
	}
}

func TestARoleThatTheVendorAddedIsFeared(t *testing.T) {
	c := newCompany(t, scimtest.Manners{Credential: "Token token="})
	c.Edit("Users", "u-kim", func(u map[string]any) { u["roles"] = []any{object{"value": "overlord"}} })
	d := c.driver(t, with("pagerduty"))
	_, all := survey(t, d)
	if all["role"].Level() != lastday.LevelAdmin {
		t.Errorf("%+v", all["role"])
	}
	if r := take(t, d, all["role"], "observer"); r.Outcome != lastday.OutcomeApplied || r.After != "observer" {
		t.Errorf("%+v", r)
	}
}

func TestAHiddenAccountIsGoneOnlyBesideItsCanary(t *testing.T) {
	c := newCompany(t, scimtest.Manners{Hides: true})
	d := c.driver(t, with("atlassian"))
	_, all := survey(t, d)
	if r := take(t, d, all["account"], lastday.None); r.Outcome != lastday.OutcomeApplied || r.After != lastday.None {
		t.Errorf("%+v", r)
	}
	if r := take(t, d, all["account"], lastday.None); r.Outcome != lastday.OutcomeAlready {
		t.Errorf("again: %+v", r)
	}
	c.Adjust(func(m *scimtest.Manners) { m.Hides, m.BlindAfterWrite = false, true })
	c.Edit("Users", "u-kim", func(u map[string]any) { u["active"] = true })
	if r := take(t, d, all["account"], lastday.None); r.After != "" || !strings.Contains(r.Note, "could not be read back") {
		t.Errorf("blind after the write: %+v", r)
	}
	if _, err := d.Apply(t.Context(), lastday.NewChange("c-1", theirs("u-kim"), all["account"], lastday.None, "test")); lastday.CodeOf(err) != lastday.CodeDenied {
		t.Errorf("without a canary: %v", err)
	}
}

// What stands before the account that disappears can be read back while it is there.
func TestAnAccountThatDisappearsIsTakenLast(t *testing.T) {
	for _, p := range profiles() {
		_, all := survey(t, newCompany(t, scimtest.Manners{Credential: p.Credential}).driver(t, with(p.Name)))
		for key, g := range all {
			if key != kindAccount && (g.Order < all[kindAccount].Order) != p.Hides {
				t.Errorf("%s: %s has order %d, the account %d, and the account disappears: %t", p.Name, key, g.Order, all[kindAccount].Order, p.Hides)
			}
		}
	}
}

// Once the account is not shown any more nobody can look at what it had: that is
// not gone, and not called gone.
func TestWhatAHiddenAccountHadIsAGap(t *testing.T) {
	c := newCompany(t, scimtest.Manners{Hides: true})
	system := integrations.NewSystem("saas", c.driver(t, with("atlassian")), integrations.Options{Now: noon})
	_, all := survey(t, c.driver(t, with("atlassian")))
	changes := []lastday.Change{lastday.NewChange("c-1", theirs("u-kim"), all[kindAccount], lastday.None, "test")}
	for _, key := range []string{"role/admin", "entitlement/pro", "group/g-staff"} {
		changes = append(changes, lastday.NewChange("c-1", theirs("u-kim"), all[key], lastday.None, "test"))
	}
	var receipts []lastday.Receipt
	for _, change := range changes { // the account first, as somebody else may do at any time
		r, err := system.Apply(t.Context(), change, false)
		if err != nil {
			t.Fatalf("%s: %v", change.Grant.Key, err)
		}
		receipts = append(receipts, r)
	}
	want := []lastday.Outcome{lastday.OutcomeApplied, lastday.OutcomeRefused, lastday.OutcomeRefused, lastday.OutcomeApplied}
	for i, r := range receipts {
		if r.Outcome != want[i] {
			t.Errorf("%s: %q, want %q: %s", changes[i].Grant.Key, r.Outcome, want[i], r.Note)
		}
	}
	inv, err := system.Survey(t.Context(), linked(kim(), "u-kim", "kim@acme.example"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range integrations.Grade(changes, receipts, inv) {
		if observed := r.Proof == lastday.ProofObserved; observed != (i == 0) {
			t.Errorf("%s is %s, by %+v", changes[i].Grant.Key, r.Proof, inv)
		}
	}
}

// A group that still names the hidden account is listed, and the account taken out.
func TestAGroupThatNamesAHiddenAccountIsStillTaken(t *testing.T) {
	c := newCompany(t, scimtest.Manners{Hides: true})
	d := c.driver(t, with("atlassian"))
	c.Edit("Users", "u-kim", func(u map[string]any) { u["active"] = false })
	page, err := d.List(t.Context(), theirs("u-kim"), "")
	if err != nil || !page.Control.Seen || len(page.Grants) != 3 || page.Grants[0].Kind != kindGroup {
		t.Fatalf("%+v, %v", page, err)
	}
	for _, kind := range []string{kindRole, kindEntitlement, kindGroup} {
		if !slices.ContainsFunc(page.Gaps, func(g lastday.Gap) bool { return g.Kind == kind }) {
			t.Errorf("%s: no gap in %+v", kind, page.Gaps)
		}
	}
	r := take(t, d, page.Grants[0], lastday.None)
	if r.Outcome != lastday.OutcomeApplied || r.After != lastday.None {
		t.Errorf("%+v", r)
	}
	if r := take(t, d, page.Grants[0], lastday.None); r.Outcome != lastday.OutcomeRefused || !strings.Contains(r.Note, "not shown") {
		t.Errorf("a group that names nobody, of an account that is not shown: %+v", r)
	}
	if _, err := c.driver(t, func(cfg *Config) { cfg.Profile, cfg.WithoutGroups = "atlassian", true }).List(t.Context(), theirs("u-kim"), ""); err != nil {
		t.Error(err)
	}
}

func TestWhatStaysIsToldByProfile(t *testing.T) {
	for _, p := range profiles() {
		inv, _ := survey(t, newCompany(t, scimtest.Manners{Credential: p.Credential}).driver(t, with(p.Name)))
		if len(inv.Residue) != len(p.Remains) {
			t.Errorf("%s: %+v", p.Name, inv.Residue)
		}
	}
}
