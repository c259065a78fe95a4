package scim

import (
	"strings"
	"testing"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/integrationtest"
	"lastday/integrations/scim/scimtest"
)

// A 200 says nothing about what was done.
func TestAServerThatTakesAChangeAndDoesNothing(t *testing.T) {
	for name, deaf := range map[string]scimtest.Manners{"deaf": {Deaf: true}, "later": {Later: true}} {
		c := newCompany(t, scimtest.Manners{})
		_, all := survey(t, c.driver(t, nil))
		c.Behave(deaf)
		for _, key := range []string{"account", "role/editor", "entitlement/pro", "group/g-staff"} {
			r := take(t, c.driver(t, nil), all[key], lastday.None)
			if r.Outcome != lastday.OutcomeAccepted || r.After == lastday.None || !strings.Contains(r.Note, "does not show it") {
				t.Errorf("%s, %s: %+v", name, key, r)
			}
		}
		c.Settle()
		if left := len(c.Access("u-kim")); name == "later" && left != 3 {
			t.Errorf("later: %d grants are left, want 3", left)
		}
	}
}

func TestBooleansAreWrittenAsBooleans(t *testing.T) {
	c := newCompany(t, scimtest.Manners{TextBooleans: true})
	inv, all := survey(t, c.driver(t, nil))
	if _, ok := all["account"]; !ok || !inv.Complete() {
		t.Fatalf(`active: "True" is not read: %v`, inv.Grants)
	}
	if r := take(t, c.driver(t, nil), all["account"], lastday.None); r.Outcome != lastday.OutcomeApplied || r.After != lastday.None {
		t.Errorf("%+v", r)
	}
	if body := c.Server.Writes()[0]; !strings.Contains(body, `"value":false`) || strings.Contains(strings.ToLower(body), `"false"`) {
		t.Errorf("sent %s", body)
	}
}

// A user that does not say whether it is active is taken at its worst.
func TestAnAccountThatDoesNotSayIsActive(t *testing.T) {
	c := newCompany(t, scimtest.Manners{})
	c.Edit("Users", "u-kim", func(u map[string]any) { delete(u, "active") })
	if _, all := survey(t, c.driver(t, nil)); all["account"].Rung != rungActive {
		t.Errorf("%v", all)
	}
}

func TestAWriteIsPutInTheFormThatTheServerKnows(t *testing.T) {
	for name, c := range map[string]struct {
		manners scimtest.Manners
		sent    []string
	}{
		"by path":  {scimtest.Manners{}, []string{`"path":"active"`}},
		"pathless": {scimtest.Manners{NoPath: true}, []string{`"path":"active"`, `"value":{"active":false}`}},
		"by PUT":   {scimtest.Manners{NoPatch: true}, []string{`"userName":"kim@acme.example"`}},
	} {
		w := newCompany(t, c.manners)
		_, all := survey(t, w.driver(t, nil))
		if r := take(t, w.driver(t, nil), all["account"], lastday.None); r.Outcome != lastday.OutcomeApplied || r.After != lastday.None {
			t.Errorf("%s: %+v", name, r)
		}
		sent := w.Server.Writes()
		if len(sent) != len(c.sent) {
			t.Errorf("%s: sent %q", name, sent)
			continue
		}
		for i, part := range c.sent {
			if !strings.Contains(sent[i], part) {
				t.Errorf("%s: sent %s, want %s", name, sent[i], part)
			}
		}
	}
}

// What a PUT does not send is taken away (RFC 7644 section 3.5.1).
func TestAPUTSendsEverythingThatWasThere(t *testing.T) {
	c := newCompany(t, scimtest.Manners{NoPatch: true})
	before := c.Resource("Users", "u-kim")
	_, all := survey(t, c.driver(t, nil))
	take(t, c.driver(t, nil), all["account"], lastday.None)
	take(t, c.driver(t, nil), all["group/g-staff"], lastday.None)
	for _, sent := range c.Server.Writes() {
		if strings.Contains(sent, `"meta"`) || (strings.Contains(sent, "userName") && strings.Contains(sent, `"groups"`)) {
			t.Errorf("sends what only the server writes: %s", sent)
		}
	}
	before["active"] = false
	if after := c.Resource("Users", "u-kim"); text(after) != text(before) {
		t.Errorf("was %s\nis  %s", text(before), text(after))
	}
	if left := c.Resource("Groups", "g-staff")["members"].([]any); len(left) != 2 {
		t.Errorf("members of the group: %v", left)
	}
}

func TestAPUTWithoutAVersionIsNotSent(t *testing.T) {
	c := newCompany(t, scimtest.Manners{NoPatch: true, WithoutVersions: true})
	_, all := survey(t, c.driver(t, nil))
	_, err := c.driver(t, nil).Apply(t.Context(), lastday.NewChange("c-1", theirs("u-kim"), all["account"], lastday.None, "test"))
	if err == nil || lastday.CodeOf(err).Retryable() || c.Resource("Users", "u-kim")["active"] != true {
		t.Errorf("%v", err)
	}
}

// Whoever changes it between our reading and writing is not written over.
func TestAWriteIsForTheVersionThatWasRead(t *testing.T) {
	c := newCompany(t, scimtest.Manners{})
	d, ok := c.driver(t, nil).(*driver)
	if !ok {
		t.Fatal("no driver")
	}
	u, _, err := d.readUser(t.Context(), "u-kim")
	if err != nil {
		t.Fatal(err)
	}
	c.Edit("Users", "u-kim", func(u map[string]any) { u["title"] = "Guide" })
	forms, err := d.activeForms(u, false)
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.send(t.Context(), write{what: "test", path: []string{users, u.ID}, version: u.version(), forms: forms})
	if lastday.CodeOf(err) != lastday.CodeTransient || c.Resource("Users", "u-kim")["active"] != true {
		t.Errorf("%v", err)
	}
}

// A server that keeps to the standard takes everybody where a list of members to
// remove is sent.
func TestEverybodyIsNotTakenUnseen(t *testing.T) {
	c := newCompany(t, scimtest.Manners{})
	d := c.driver(t, func(cfg *Config) { cfg.Profile = "slack" })
	_, all := survey(t, d)
	r := take(t, d, all["group/g-staff"], lastday.None)
	if r.After != "" || !strings.Contains(r.Note, "2 other members are gone") {
		t.Errorf("%+v", r)
	}
	c = newCompany(t, scimtest.Manners{NoFilterInPath: true, NoPatch: false})
	_, all = survey(t, c.driver(t, nil))
	take(t, c.driver(t, nil), all["group/g-staff"], lastday.None)
	if left := c.Resource("Groups", "g-staff")["members"].([]any); len(left) != 2 {
		t.Errorf("the generic profile left %v", left)
	}
}

// An add of what is there makes two of it on some servers.
func TestAMemberIsNotAddedTwice(t *testing.T) {
	c := newCompany(t, scimtest.Manners{})
	_, all := survey(t, c.driver(t, nil))
	back := lastday.NewChange("c-2", theirs("u-kim"), all["group/g-staff"], rungMember, "test")
	back.From = lastday.None
	r, err := c.driver(t, nil).Apply(t.Context(), back)
	if err != nil || r.Outcome != lastday.OutcomeAlready || c.Writes() != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestAGroupThatIsNotShownIsAGap(t *testing.T) {
	c := newCompany(t, scimtest.Manners{HiddenGroups: []string{"g-ops"}})
	inv, _ := survey(t, c.driver(t, nil))
	if inv.Complete() || len(inv.Gaps) != 1 || inv.Gaps[0].Kind != kindGroup {
		t.Errorf("%+v", inv.Gaps)
	}
	c.Behave(scimtest.Manners{})
	_, all := survey(t, c.driver(t, nil))
	c.Behave(scimtest.Manners{HiddenGroups: []string{"g-ops"}})
	_, err := c.driver(t, nil).Apply(t.Context(), lastday.NewChange("c-1", theirs("u-kim"), all["group/g-ops"], lastday.None, "test"))
	if lastday.CodeOf(err) != lastday.CodeDenied {
		t.Errorf("a group that is not shown counts as gone: %v", err)
	}
}

func TestAServerWithoutGroups(t *testing.T) {
	c := newCompany(t, scimtest.Manners{NoGroups: true, WithoutGroupsOfUser: true})
	if inv, _ := survey(t, c.driver(t, nil)); inv.Complete() || len(inv.Gaps) != 1 {
		t.Errorf("not told to have none: %+v", inv.Gaps)
	}
	if inv, _ := survey(t, c.driver(t, func(cfg *Config) { cfg.WithoutGroups = true })); !inv.Complete() {
		t.Errorf("told to have none: %+v", inv.Gaps)
	}
}

// An empty list of groups is not the absence of groups.
func TestNoGroupAtAllIsAGap(t *testing.T) {
	c := newCompany(t, scimtest.Manners{WithoutGroupsOfUser: true})
	d := c.driver(t, func(cfg *Config) { cfg.CanaryGroup = "" })
	_, all := survey(t, d)
	for _, g := range c.Resources("Groups") {
		c.Remove("Groups", g["id"].(string))
	}
	if inv, _ := survey(t, d); inv.Complete() || len(inv.Gaps) != 1 {
		t.Errorf("%+v", inv.Gaps)
	}
	change := lastday.NewChange("c-1", theirs("u-kim"), all["group/g-staff"], lastday.None, "test")
	if r, err := d.Apply(t.Context(), change); lastday.CodeOf(err) != lastday.CodeDenied {
		t.Errorf("no group is seen, and one counts as gone: %+v, %v", r, err)
	}
	c.Server.Put("Groups", club("g-new", "new"))
	if r, err := d.Apply(t.Context(), change); err != nil || r.Outcome != lastday.OutcomeAlready {
		t.Errorf("another group is seen: %+v, %v", r, err)
	}
}

func TestAnAnswerAboutAnotherGroupIsRefused(t *testing.T) {
	c := newCompany(t, scimtest.Manners{})
	_, all := survey(t, c.driver(t, nil))
	c.Adjust(func(m *scimtest.Manners) { m.OtherGroup = "g-empty" })
	r, err := c.driver(t, nil).Apply(t.Context(), lastday.NewChange("c-1", theirs("u-kim"), all["group/g-staff"], lastday.None, "test"))
	if lastday.CodeOf(err) != lastday.CodeInvalid || c.Writes() != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestOnlyWhatWasTakenIsGivenBack(t *testing.T) {
	c := newCompany(t, scimtest.Manners{})
	d := c.driver(t, nil)
	_, all := survey(t, d)
	take(t, d, all["role/editor"], lastday.None)
	for _, undo := range []string{`{"value":"admin"}`, `{`, `"editor"`} {
		back := lastday.NewChange("c-2", theirs("u-kim"), all["role/editor"], rungHeld, "test")
		back.From, back.Undo = lastday.None, map[string]string{"value": undo}
		if r, err := d.Apply(t.Context(), back); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: %+v, %v", undo, r, err)
		}
	}
}

func TestGroupsInGroupsAreChangedWhereTheWayInIs(t *testing.T) {
	c := newCompany(t, scimtest.Manners{})
	c.Server.Put("Groups", club("g-all", "all", "g-staff"))
	for name, change := range map[string]func(*Config){
		"all groups read": func(cfg *Config) { cfg.CanaryGroup = "" }, "nested groups told": func(cfg *Config) { cfg.NestedGroups = true },
	} {
		_, all := survey(t, c.driver(t, change))
		g, ok := all["group/g-all"]
		if !ok || g.Direct() || !strings.Contains(g.Via[0], "staff") {
			t.Errorf("%s: %+v", name, g)
		}
	}
}

func TestPushedGroupsAreDelegated(t *testing.T) {
	c := newCompany(t, scimtest.Manners{})
	c.Edit("Groups", "g-staff", func(g map[string]any) { g["urn:acme:scim:1.0:Group"] = object{"managedBy": "the directory"} })
	d := c.driver(t, func(cfg *Config) {
		cfg.ManagedGroups = map[string]string{"ops": "Okta"}
		cfg.ManagedBy = map[string]string{kindRole: "Entra ID"}
	})
	_, all := survey(t, d)
	for key, by := range map[string]string{"group/g-staff": "the directory", "group/g-ops": "Okta", "role/editor": "Entra ID", "group/g-base": "", "account": ""} {
		if all[key].ManagedBy != by {
			t.Errorf("%s is managed by %q, want %q", key, all[key].ManagedBy, by)
		}
	}
	r, err := integrations.NewSystem("saas", d, integrations.Options{Now: noon}).Apply(t.Context(), lastday.NewChange("c-1", theirs("u-kim"), all["group/g-ops"], lastday.None, "test"), false)
	if err != nil || r.Outcome != lastday.OutcomeDelegated || c.Writes() != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	planned := all["group/g-staff"] // pushed since it was planned
	planned.ManagedBy = ""
	if r := take(t, d, planned, lastday.None); r.Outcome != lastday.OutcomeDelegated || c.Writes() != 0 {
		t.Errorf("%+v", r)
	}
}

func TestLevelsFollowWhatIsKnown(t *testing.T) {
	c := newCompany(t, scimtest.Manners{})
	c.Edit("Users", "u-kim", func(u map[string]any) { put(u, "roles", "wizard", true) })
	c.Edit("Users", "u-kim", func(u map[string]any) {
		u["roles"] = append(u["roles"].([]any), object{"value": "7d2a", "display": "Reader"})
	})
	_, all := survey(t, c.driver(t, func(cfg *Config) {
		cfg.EntitlementLevels = map[string]string{"pro": "read"}
		cfg.RoleLevels["Reader"] = "read"
	}))
	for key, want := range map[string]lastday.Level{
		"account": lastday.LevelSignIn, "role/admin": lastday.LevelAdmin, "role/editor": lastday.LevelWrite, "role/wizard": lastday.LevelAdmin, "role/7d2a": lastday.LevelRead,
		"entitlement/pro": lastday.LevelRead, "group/g-ops": lastday.LevelAdmin, "group/g-base": lastday.LevelRead, "group/g-staff": lastday.LevelWrite,
	} {
		if got := all[key].Level(); got != want {
			t.Errorf("%s: %s, want %s", key, got, want)
		}
	}
}

func TestTheLastAdministratorIsNotTaken(t *testing.T) {
	c := newCompany(t, scimtest.Manners{})
	_, all := survey(t, c.driver(t, nil))
	for _, other := range []string{"u-lee", "u-ada"} {
		c.Put(other, integrationtest.Entry{Kind: kindAccount, Resource: other, Rung: lastday.None})
	}
	if r := take(t, c.driver(t, nil), all["group/g-ops"], lastday.None); r.Outcome != lastday.OutcomeRefused {
		t.Errorf("members that are not active keep a group of administrators: %+v", r)
	}
	c.Put("u-lee", integrationtest.Entry{Kind: kindAccount, Resource: "u-lee", Rung: rungActive})
	c.Put("u-lee", integrationtest.Entry{Kind: kindRole, Resource: "admin", Rung: lastday.None})
	for _, key := range []string{"account", "role/admin"} {
		change := lastday.NewChange("c-1", theirs("u-kim"), all[key], lastday.None, "test")
		r, err := c.driver(t, nil).Apply(t.Context(), change)
		if err != nil || r.Outcome != lastday.OutcomeRefused || !strings.Contains(r.Note, "last administrator") {
			t.Errorf("%s: %+v, %v", key, r, err)
		}
		change.Consent = "approval 7"
		if r, err := c.driver(t, nil).Apply(t.Context(), change); err != nil || r.Outcome != lastday.OutcomeApplied {
			t.Errorf("%s with an approval: %+v, %v", key, r, err)
		}
	}
}

func TestOurOwnAccountIsNotTaken(t *testing.T) {
	c := newCompany(t, scimtest.Manners{})
	_, all := survey(t, c.driver(t, nil))
	d := c.driver(t, func(cfg *Config) { cfg.Self = "u-kim" })
	if r := take(t, d, all["account"], lastday.None); r.Outcome != lastday.OutcomeRefused || c.Writes() != 0 {
		t.Errorf("%+v", r)
	}
}

// Without its canary nothing that is gone could be shown to be gone.
func TestTheCanaryIsNotTaken(t *testing.T) {
	c := newCompany(t, scimtest.Manners{})
	_, all := survey(t, c.driver(t, nil))
	d := c.driver(t, func(cfg *Config) { cfg.Canary = "u-kim" })
	if r := take(t, d, all["account"], lastday.None); r.Outcome != lastday.OutcomeRefused || c.Writes() != 0 {
		t.Errorf("%+v", r)
	}
	if r := take(t, d, all["group/g-staff"], lastday.None); r.Outcome != lastday.OutcomeApplied {
		t.Errorf("its groups: %+v", r)
	}
}

func TestCertificatesAreLeftToAPerson(t *testing.T) {
	c := newCompany(t, scimtest.Manners{})
	c.Edit("Users", "u-kim", func(u map[string]any) { u["x509Certificates"] = []any{object{"value": "MIID"}} })
	inv, _ := survey(t, c.driver(t, nil))
	if len(inv.Residue) != 1 || inv.Residue[0].Todo == "" {
		t.Errorf("%+v", inv.Residue)
	}
}

// DELETE is irreversible with several vendors, and never needed.
func TestDELETEIsNeverSent(t *testing.T) {
	for _, p := range profiles() {
		c := newCompany(t, scimtest.Manners{ArrayRemove: true, Credential: p.Credential, Deletes: p.Deletes, Scrambles: p.Scrambles})
		d := c.driver(t, func(cfg *Config) { cfg.Profile = p.Name })
		inv, _ := survey(t, d)
		for _, g := range inv.Grants {
			if g.Kind != kindRole || len(p.Roles) == 0 {
				take(t, d, g, lastday.None)
			}
		}
		for _, call := range c.Calls() {
			if strings.HasPrefix(call, "DELETE") || strings.Contains(call, "Bulk") {
				t.Errorf("%s: %s", p.Name, call)
			}
		}
	}
}

func TestIDsCannotLeaveTheirPlace(t *testing.T) {
	c := newCompany(t, scimtest.Manners{})
	c.Server.Put("Users", person("a/../u-kim?x=1", "odd", "31"))
	d := c.driver(t, nil)
	page, err := d.List(t.Context(), theirs("a/../u-kim?x=1"), "")
	if err != nil || len(page.Grants) == 0 || page.Grants[0].Resource.ID != "a/../u-kim?x=1" {
		t.Errorf("%v, %v", page.Grants, err)
	}
	for _, id := range []string{"", ".", ".."} {
		if _, err := d.List(t.Context(), theirs(id), ""); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%q: %v", id, err)
		}
	}
}

// A server that knows no cursors answers with its first page, as if it were all.
func TestAServerWithoutCursorsIsNotReadAsIfItHadOnePage(t *testing.T) {
	c := newCompany(t, scimtest.Manners{MaxPage: 2})
	d := c.driver(t, func(cfg *Config) { cfg.Paging, cfg.CanaryGroup = pagingCursor, "" })
	page, err := d.List(t.Context(), theirs("u-kim"), "")
	if lastday.CodeOf(err) != lastday.CodeTransient && len(page.Gaps) == 0 {
		t.Errorf("%d grants, %v", len(page.Grants), err)
	}
}
