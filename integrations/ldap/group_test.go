package ldap

import (
	"slices"
	"strings"
	"testing"

	goldap "github.com/go-ldap/ldap/v3"

	"lastday"
	"lastday/integrations/ldap/ldaptest"
)

func TestTheLastMemberOfAGroupThatMustHaveOne(t *testing.T) {
	for _, c := range []struct{ class, attr string }{{"groupOfNames", "member"}, {"groupOfUniqueNames", "uniqueMember"}} {
		t.Run(c.class, func(t *testing.T) {
			w := newWorld(t)
			w.add(w.group("alone"), "objectClass="+c.class, c.attr+"="+w.person("kim"))
			d := w.driver()
			g := grantOf(t, inventory(t, d, w.kim), kindGroup, "alone")
			if r := take(t, d, w.kim, g, lastday.OutcomeRefused); !strings.Contains(r.Note, "placeholder") {
				t.Errorf("note: %s", r.Note)
			}
			filler := "cn=nobody," + w.base
			d = w.driver(func(c *Config) { c.Placeholder = filler })
			taken := take(t, d, w.kim, g, lastday.OutcomeApplied)
			if now := w.entry(w.group("alone")).GetAttributeValues(c.attr); !slices.Equal(now, []string{filler}) {
				t.Errorf("members: %q", now)
			}
			giveBack(t, d, w.kim, g, taken, lastday.OutcomeApplied)
			if now := w.entry(w.group("alone")).GetAttributeValues(c.attr); !slices.Equal(now, []string{w.person("kim")}) {
				t.Errorf("given back, members: %q", now)
			}
		})
	}
}

func TestGroupsInGroupsAreToldWithTheirWayIn(t *testing.T) {
	w := newWorld(t)
	w.modify("add", w.group("parent"), "member", w.group("a staff"))
	w.add(w.group("top"), "objectClass=groupOfUniqueNames", "uniqueMember="+w.group("parent"))
	w.modify("add", w.group("a staff"), "member", w.group("top")) // a circle
	d := w.driver(func(c *Config) { c.Groups[w.group("top")] = "admin" })
	page := inventory(t, d, w.kim)
	parent, top := grantOf(t, page, kindGroup, "parent"), grantOf(t, page, kindGroup, "top")
	if !slices.Equal(parent.Via, []string{"group a staff"}) || !slices.Equal(top.Via, []string{"group parent"}) || top.Level() != lastday.LevelAdmin {
		t.Errorf("parent via %q; top via %q at %s", parent.Via, top.Via, top.Rung)
	}
	take(t, d, w.kim, top, lastday.OutcomeDelegated)
	staff := grantOf(t, page, kindGroup, "a staff")
	if unix := grantOf(t, page, kindGroup, "unix"); staff.Level() != lastday.LevelAdmin || unix.Level() != lastday.LevelWrite {
		t.Errorf("the way to an administrator's group stands at %s, another group at %s", staff.Rung, unix.Rung)
	}
	take(t, d, w.kim, staff, lastday.OutcomeApplied)
	for _, g := range inventory(t, d, w.kim).Grants {
		if len(g.Via) > 0 {
			t.Errorf("the way in is gone, and yet: %+v", g)
		}
	}
	if of := w.entry(w.person("kim")).GetAttributeValues("memberOf"); slices.Contains(of, w.group("a staff")) {
		t.Errorf("memberOf did not follow: %q", of)
	}
}

// Whoever is in a group twice stays in it until both ways are gone.
func TestASecondWayIntoAGroupCountsAsHighAsTheFirst(t *testing.T) {
	w := newWorld(t)
	w.modify("add", w.group("admins"), "member", w.group("a staff"))
	page := inventory(t, w.driver(), w.kim)
	for _, name := range []string{"admins", "a staff"} {
		if g := grantOf(t, page, kindGroup, name); g.Level() != lastday.LevelAdmin || !g.Direct() {
			t.Errorf("%s: %s, via %q", name, g.Rung, g.Via)
		}
	}
}

func TestAGroupThatWasMadeAgainIsAnother(t *testing.T) {
	w := newWorld(t)
	d := w.driver()
	g := grantOf(t, inventory(t, d, w.kim), kindGroup, "readers")
	taken := take(t, d, w.kim, g, lastday.OutcomeApplied)
	w.remove(w.group("readers"))
	w.add(w.group("readers"), "objectClass=groupOfUniqueNames", "uniqueMember="+w.person("lee"))
	giveBack(t, d, w.kim, g, taken, lastday.OutcomeRefused)
	if now := w.entry(w.group("readers")).GetAttributeValues("uniqueMember"); len(now) != 1 {
		t.Errorf("members: %q", now)
	}
}

// A server that answers about another group than was asked for must not have that one changed.
func TestAnAnswerAboutAnotherGroupIsRefused(t *testing.T) {
	w := newWorld(t)
	d := w.driver()
	page := inventory(t, d, w.kim)
	g := grantOf(t, page, kindGroup, "a staff")
	swapped := ldaptest.Fault{Swap: map[string]string{w.id(w.group("a staff")): w.id(w.group("admins"))}}
	w.proxy.Set(swapped)
	if r, err := d.Apply(t.Context(), changeOf(w.kim, g, lastday.None)); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("taken: %+v, %v", r, err)
	}
	w.proxy.Set(ldaptest.Fault{})
	taken := take(t, d, w.kim, g, lastday.OutcomeApplied)
	w.modify("delete", w.group("admins"), "member", w.person("kim"))
	w.proxy.Set(swapped)
	giveBack(t, d, w.kim, g, taken, lastday.OutcomeRefused)
	if now := w.entry(w.group("admins")).GetAttributeValues("member"); slices.Contains(now, w.person("kim")) {
		t.Errorf("put into another group: %q", now)
	}
}

// A dynamic group shows members that it does not have: trying again cannot help.
// Elsewhere the same answer means that somebody was faster.
func TestAMemberThatIsNoValueIsForAPerson(t *testing.T) {
	w := newWorld(t)
	d := w.driver()
	page := inventory(t, d, w.kim)
	w.proxy.Set(ldaptest.Fault{RefuseWrites: goldap.LDAPResultNoSuchAttribute})
	if r := take(t, d, w.kim, grantOf(t, page, kindGroup, "a staff"), lastday.OutcomeRefused); !strings.Contains(r.Note, "dynamic") {
		t.Errorf("note: %s", r.Note)
	}
	if r, err := d.Apply(t.Context(), changeOf(w.kim, page.Grants[1], lastday.None)); page.Grants[1].Kind != kindKey || lastday.CodeOf(err) != lastday.CodeTransient {
		t.Errorf("a key: %+v, %v", r, err)
	}
	for code, want := range map[uint16]lastday.Code{
		goldap.LDAPResultInsufficientAccessRights: lastday.CodeDenied, goldap.LDAPResultUndefinedAttributeType: lastday.CodeUnsupported,
		goldap.LDAPResultReferral: lastday.CodeInvalid, goldap.LDAPResultConstraintViolation: lastday.CodeProtected, goldap.LDAPResultBusy: lastday.CodeRateLimited,
	} {
		w.proxy.Set(ldaptest.Fault{RefuseWrites: code})
		if r, err := d.Apply(t.Context(), changeOf(w.kim, page.Grants[0], lastday.None)); lastday.CodeOf(err) != want {
			t.Errorf("result %d: %+v, %v; want %s", code, r, err, want)
		}
	}
}

func TestALoginThatIsGoneButStillInGroupsIsTold(t *testing.T) {
	w := newWorld(t)
	w.remove(w.person("kim"))
	page, err := w.driver().List(t.Context(), lastday.Account{System: "ldap", ID: w.kim, Login: "kim"}, "")
	if err != nil || len(page.Grants) != 0 || !left(page.Residue, "account that is gone") {
		t.Errorf("%+v, %v", page, err)
	}
}

// A login is given anew: whoever has it by now keeps their groups.
func TestALoginThatIsSomebodyElsesByNow(t *testing.T) {
	w := newWorld(t)
	d := w.driver()
	g := grantOf(t, inventory(t, d, w.kim), kindGroup, "unix")
	w.rename("kim", "kimberly")
	w.addPerson("kim", "1003", "u6") // a new colleague
	if r := take(t, d, w.kim, g, lastday.OutcomeAlready); !strings.Contains(r.Note, "login") || r.Before != lastday.None {
		t.Errorf("before %q, note: %s", r.Before, r.Note)
	}
	if now := w.entry(w.group("unix")).GetAttributeValues("memberUid"); !slices.Contains(now, "kim") {
		t.Errorf("the new colleague's membership was taken: %q", now)
	}
	w.modify("delete", w.group("unix"), "memberUid", "kim")
	giveBack(t, d, w.kim, g, lastday.Receipt{}, lastday.OutcomeRefused)
	if now := w.entry(w.group("unix")).GetAttributeValues("memberUid"); slices.Contains(now, "kim") {
		t.Errorf("given to the new colleague: %q", now)
	}
}

// Logins that we may not see, of nobody, hide the groups that name them.
func TestHiddenLoginsAreNoLogins(t *testing.T) {
	w := newWorld(t)
	plain := "cn=plain,ou=people," + w.base
	w.add(plain, "objectClass=inetOrgPerson", "cn=plain", "sn=Plain")
	w.modify("add", w.group("a staff"), "member", plain)
	g := grantOf(t, inventory(t, w.driver(), w.kim), kindGroup, "unix")
	w.mu.Lock()
	err := w.root.ModifyDN(goldap.NewModifyDNRequest(w.person("kim"), "cn=kim", true, ""))
	w.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	d := w.driver(func(c *Config) { c.Canary = plain })
	if page := inventory(t, d, w.kim); len(page.Gaps) == 0 || page.Gaps[0].Kind != kindGroup || !strings.Contains(page.Gaps[0].What, "login") {
		t.Errorf("gaps: %+v", page.Gaps)
	}
	if r, err := d.Apply(t.Context(), changeOf(w.kim, g, lastday.None)); lastday.CodeOf(err) != lastday.CodeDenied {
		t.Errorf("%+v, %v", r, err)
	}
	if page := inventory(t, w.driver(), w.kim); len(page.Gaps) > 0 {
		t.Errorf("the canary shows a login, so that the account has none: %+v", page.Gaps)
	}
}

func TestWhatIsManagedElsewhereIsDelegated(t *testing.T) {
	w := newWorld(t)
	d := w.driver(func(c *Config) { c.Managed = map[string]string{"OU=groups, " + w.base: "the identity provider"} })
	g := grantOf(t, inventory(t, d, w.kim), kindGroup, "admins")
	if g.ManagedBy != "the identity provider" {
		t.Errorf("managed by %q", g.ManagedBy)
	}
	take(t, d, w.kim, g, lastday.OutcomeDelegated)
}

func TestACanaryWithoutAGroupShowsNothingAboutGroups(t *testing.T) {
	w := newWorld(t)
	for _, g := range w.entries("(member=" + goldap.EscapeFilter(w.person("canary")) + ")") {
		w.modify("delete", g.DN, "member", w.person("canary"))
	}
	d := w.driver()
	page := inventory(t, d, w.kim)
	if len(page.Gaps) != 1 || page.Gaps[0].Kind != kindGroup {
		t.Errorf("gaps: %+v", page.Gaps)
	}
	g := grantOf(t, page, kindGroup, "admins")
	w.modify("delete", w.group("admins"), "member", w.person("kim"))
	if r, err := d.Apply(t.Context(), changeOf(w.kim, g, lastday.None)); lastday.CodeOf(err) != lastday.CodeDenied {
		t.Errorf("%+v, %v", r, err)
	}
}
