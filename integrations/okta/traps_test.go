package okta

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/integrations/integrationtest"
	"lastday/integrations/okta/oktatest"
)

// Who is removed by hand from a group that a rule fills is put on the rule's
// exclusion list, where giving back does not reach.
func TestWhatARuleOrADirectoryDecidesIsDelegated(t *testing.T) {
	w := newWorld(t, false)
	for group, by := range map[string]string{w.ruled: "okta rule sales people", w.viaGroup: "APP_GROUP"} {
		g := w.grantOf(t, kindGroup, group)
		writes := w.server.Writes()
		direct, err := w.driver.Apply(t.Context(), w.change(lastday.Grant{Key: g.Key, Kind: g.Kind, Resource: g.Resource, Rung: g.Rung, Ladder: g.Ladder}, lastday.None))
		if !strings.Contains(g.ManagedBy, by) || err != nil || direct.Outcome != lastday.OutcomeDelegated || w.server.Writes() != writes {
			t.Errorf("managed by %q, outcome %q, error %v", g.ManagedBy, direct.Outcome, err)
		}
	}
}

func TestARoleByWayOfAGroupMakesTheMembershipAnAdmins(t *testing.T) {
	w := newWorld(t, false)
	admins := w.server.AddGroup("admins", "OKTA_GROUP")
	w.server.Join(w.leaver, admins)
	w.server.AddGroupRole(w.leaver, "ORG_ADMIN", admins)
	if g := w.grantOf(t, kindGroup, admins); g.Level() != lastday.LevelAdmin {
		t.Errorf("the membership is %s", g.Level())
	}
	i := slices.IndexFunc(w.survey(t, w.leaver).Grants, func(g lastday.Grant) bool {
		return g.Kind == kindRole && slices.Equal(g.Via, []string{"group admins"})
	})
	if i < 0 {
		t.Errorf("the role does not say by which group it comes")
	}
}

func TestTheLastSuperAdministratorIsNeitherSuspendedNorTakenFromTheirGroup(t *testing.T) {
	w := newWorld(t, false)
	admins := w.server.AddGroup("admins", "OKTA_GROUP")
	w.server.Join(w.leaver, admins)
	w.server.AddGroupRole(w.leaver, roleSuper, admins)
	todo := []lastday.Grant{w.grantOf(t, kindSignIn, ""), w.grantOf(t, kindAccount, ""), w.grantOf(t, kindGroup, admins), w.grantOf(t, kindRole, roleSuper)}
	w.server.Set(w.other, func(u *oktatest.User) { u.DropRoles() })
	w.server.Set(w.boss, func(u *oktatest.User) { u.Status = statusSuspended }) // who cannot sign in is no way back in
	before := w.server.Snapshot()
	for _, g := range todo {
		if r := w.take(t, g); r.Outcome != lastday.OutcomeRefused || r.Note == "" {
			t.Errorf("%s: outcome %q (%s)", g.Kind, r.Outcome, r.Note)
		}
	}
	if after := w.server.Snapshot(); after[w.leaver.ID] != before[w.leaver.ID] {
		t.Errorf("something was changed")
	}
}

func TestOurOwnAccountAndTheCanaryAreRefused(t *testing.T) {
	w := newWorld(t, false)
	for who, u := range map[string]*oktatest.User{"ours": w.root, "the canary": w.boss} {
		g := grant(kindSignIn, "sign-in", "", rungActive, lastday.LevelSignIn)
		c := lastday.NewChange("case", lastday.Account{System: "okta", ID: u.ID}, g, lastday.None, "test")
		r, err := w.driver.Apply(t.Context(), c)
		if err != nil || r.Outcome != lastday.OutcomeRefused || w.server.Status(u) != statusActive {
			t.Errorf("%s: outcome %q, error %v", who, r.Outcome, err)
		}
	}
}

// A role that was limited to some groups comes back for all of them first, if only
// for a moment: more than was taken.
func TestALimitedRoleIsNotGivenBackAsAnUnlimitedOne(t *testing.T) {
	w := newWorld(t, false)
	g := w.grantOf(t, kindRole, "USER_ADMIN")
	taken := w.take(t, g)
	writes := w.server.Writes()
	if r := w.giveBack(t, g, taken); r.Outcome != lastday.OutcomeRefused || w.server.Writes() != writes {
		t.Errorf("outcome %q (%s)", r.Outcome, r.Note)
	}
}

func TestACustomRoleComesBackOnItsResourceSet(t *testing.T) {
	w := newWorld(t, false)
	i := slices.IndexFunc(w.survey(t, w.leaver).Grants, func(g lastday.Grant) bool { return g.Rung == roleCustom })
	g := w.survey(t, w.leaver).Grants[i]
	before := w.server.Snapshot()[w.leaver.ID]
	taken := w.take(t, g)
	if r := w.giveBack(t, g, taken); r.Outcome != lastday.OutcomeApplied || w.server.Snapshot()[w.leaver.ID] != before {
		t.Errorf("outcome %q (%s), has %s", r.Outcome, r.Note, w.server.Snapshot()[w.leaver.ID])
	}
}

func TestASAMLIdentityCannotBeLinkedAgain(t *testing.T) {
	w := newWorld(t, false)
	g := w.grantOf(t, kindLink, w.server.Link(w.leaver, "SAML2"))
	taken := w.take(t, g)
	if r := w.giveBack(t, g, taken); taken.Outcome != lastday.OutcomeApplied || r.Outcome != lastday.OutcomeRefused {
		t.Errorf("taken %q, given back %q", taken.Outcome, r.Outcome)
	}
}

func TestADirectorysAccountIsSuspendedHereAndToldOfThere(t *testing.T) {
	w := newWorld(t, false)
	w.server.Set(w.leaver, func(u *oktatest.User) { u.Provider = "ACTIVE_DIRECTORY" })
	inv := w.survey(t, w.leaver)
	told := slices.ContainsFunc(inv.Residue, func(r lastday.Residue) bool {
		return r.Kind == kindSignIn && strings.Contains(r.What, "ACTIVE_DIRECTORY") && r.Todo != ""
	})
	if r := w.take(t, w.grantOf(t, kindSignIn, "")); !told || r.Outcome != lastday.OutcomeApplied {
		t.Errorf("told %t, outcome %q", told, r.Outcome)
	}
}

func TestSessionsInAppsAndDevicesAreResidue(t *testing.T) {
	w := newWorld(t, false)
	var what []string
	for _, r := range w.survey(t, w.leaver).Residue {
		what = append(what, r.Kind+": "+r.What)
		if r.Todo == "" || r.Why == "" {
			t.Errorf("%s: nobody is told what to do", r.What)
		}
	}
	for _, want := range []string{"app: sessions inside the app Wiki", "app: sessions inside the app CRM", "device: device guo"} {
		if !slices.ContainsFunc(what, func(s string) bool { return strings.HasPrefix(s, want) }) {
			t.Errorf("%q is not among %q", want, what)
		}
	}
}

// A filter that is not honoured would give somebody else's apps away.
func TestAnAppListAboutSomebodyElseIsRefused(t *testing.T) {
	w := newWorld(t, false)
	g := w.grantOf(t, kindApp, w.app)
	w.server.IgnoreFilters()
	if r, err := w.driver.Apply(t.Context(), w.change(g, lastday.None)); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("outcome %q, error %v", r.Outcome, err)
	}
}

// Neither the end of earlier sessions nor of somebody else's is the end of these.
func TestALogThatIgnoresItsFilterShowsNothing(t *testing.T) {
	w := newWorld(t, false)
	w.take(t, w.grantOf(t, kindSession, ""))
	w.server.SignIn(w.leaver)
	session := w.grantOf(t, kindSession, "")
	other := lastday.NewChange("case", lastday.Account{System: "okta", ID: w.other.ID}, session, lastday.None, "test")
	if r, err := w.driver.Apply(t.Context(), other); err != nil || r.Outcome != lastday.OutcomeApplied {
		t.Fatalf("outcome %q, error %v", r.Outcome, err)
	}
	w.server.IgnoreFilters()
	w.server.Unpaged()
	if r := w.take(t, session); r.Outcome != lastday.OutcomeApplied {
		t.Errorf("outcome %q: the log was about others", r.Outcome)
	}
}

func TestWhatComesByAGroupIsNotTakenFromThePerson(t *testing.T) {
	w := newWorld(t, false)
	inv := w.survey(t, w.leaver)
	writes := w.server.Writes()
	for _, g := range inv.Grants {
		if len(g.Via) == 0 {
			continue
		}
		if r := w.take(t, g); r.Outcome != lastday.OutcomeRefused || !strings.Contains(r.Note, "by way of") {
			t.Errorf("%s: outcome %q (%s)", g.Kind, r.Outcome, r.Note)
		}
	}
	if w.server.Writes() != writes {
		t.Errorf("something was written")
	}
}

func TestAClientThatIsNoLongerKnownHoldsNothing(t *testing.T) {
	w := newWorld(t, false)
	tokens, consent := w.grantOf(t, kindRefresh, ""), w.grantOf(t, kindConsent, "")
	w.take(t, tokens)
	w.take(t, consent)
	if r := w.take(t, tokens); r.Outcome != lastday.OutcomeAlready {
		t.Errorf("outcome %q (%s)", r.Outcome, r.Note)
	}
}

func TestDevicesThatCannotBeListedAreLookedForByHand(t *testing.T) {
	w := newWorld(t, false)
	w.server.Refuse("GET /api/v1/users/{id}/devices", codeNoMethod)
	i := slices.IndexFunc(w.survey(t, w.leaver).Residue, func(r lastday.Residue) bool { return r.Kind == "device" && strings.Contains(r.Why, codeNoMethod) })
	if i < 0 {
		t.Errorf("nobody is told")
	}
}

func TestALoginThatLeadsToSomebodyElseIsRefused(t *testing.T) {
	w := newWorld(t, false, func(c *Config) { c.Canary = "boss@acme.example" })
	if _, err := w.driver.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.server.Break(integrationtest.WrongUser)
	defer w.server.Mend()
	if _, err := w.driver.Probe(t.Context()); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("somebody else passes for the canary: %v", err)
	}
}

// Lists can come empty without a word: of groups, apps and tokens it is known that
// there must be some.
func TestListsThatComeEmptyWithoutAWordAreGaps(t *testing.T) {
	w := newWorld(t, false)
	w.server.Hush("/groups", "/apps", "/api-tokens")
	inv := w.survey(t, w.leaver)
	for _, kind := range []string{kindGroup, kindApp, kindToken} {
		if !slices.ContainsFunc(inv.Gaps, func(g lastday.Gap) bool { return g.Kind == kind }) {
			t.Errorf("%s: no gap", kind)
		}
	}
	if inv.Complete() {
		t.Errorf("the inventory calls itself complete")
	}
}

func TestWhoIsNoSuperAdministratorSaysWhatItMaySee(t *testing.T) {
	w := newWorld(t, false)
	w.server.Set(w.root, func(u *oktatest.User) { u.DropRoles() })
	w.server.AddRole(w.root, "ORG_ADMIN")
	inv := w.survey(t, w.leaver)
	for _, kind := range []string{kindRole, kindToken} {
		if !slices.ContainsFunc(inv.Gaps, func(g lastday.Gap) bool { return g.Kind == kind && g.Code == lastday.CodeDenied }) {
			t.Errorf("%s: no gap", kind)
		}
	}
	if r := w.take(t, w.grantOf(t, kindSignIn, "")); r.Outcome != lastday.OutcomeApplied {
		t.Errorf("the rest does not work: outcome %q (%s)", r.Outcome, r.Note)
	}
}

// Okta says when a limit ends in seconds of the epoch, by its own clock.
func TestALimitIsWaitedForAsLongAsOktaSays(t *testing.T) {
	w := newWorld(t, false)
	w.server.Limit(w.clock.now().Truncate(time.Second).Add(42 * time.Second))
	_, err := w.driver.Probe(t.Context())
	wait := lastday.RetryAfterOf(err)
	if lastday.CodeOf(err) != lastday.CodeRateLimited || wait < 42*time.Second || wait > 44*time.Second {
		t.Errorf("wait %s, error %v", wait, err)
	}
	for text, want := range map[string]time.Duration{"": time.Minute, "soon": time.Minute, "1": time.Second} {
		h := http.Header{"X-Rate-Limit-Reset": {text}, "Date": {w.clock.now().Format(http.TimeFormat)}}
		if got := untilReset(h, time.Minute); got != want {
			t.Errorf("a reset of %q is a wait of %s, want %s", text, got, want)
		}
	}
}

func TestErrorsCarryOktasCode(t *testing.T) {
	w := newWorld(t, false)
	g := w.grantOf(t, kindApp, w.app)
	for code, want := range map[string]lastday.Code{"E0000006": lastday.CodeDenied, codeNoFeature: lastday.CodeUnsupported, codeNoMethod: lastday.CodeUnsupported} {
		w.server.Refuse("DELETE /api/v1/apps/{app}/users/{id}", code)
		_, err := w.driver.Apply(t.Context(), w.change(g, lastday.None))
		if lastday.CodeOf(err) != want || !strings.Contains(err.Error(), code) {
			t.Errorf("%s: %v", code, err)
		}
	}
}

// Whoever is shown nobody is shown themselves.
func TestOurOwnAccountIsNoCanary(t *testing.T) {
	w := newWorld(t, false, func(c *Config) { c.Canary = "root@acme.example" })
	if health, err := w.driver.Probe(t.Context()); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("%+v, %v", health, err)
	}
}
