package ldap

import (
	"slices"
	"strings"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/ldap/ldaptest"
)

// inventory lists an account's access.
func inventory(t *testing.T, d *driver, id string) integrations.Page {
	t.Helper()
	page, err := d.List(t.Context(), lastday.Account{System: "ldap", ID: id}, "")
	if err != nil || !page.Control.Seen {
		t.Fatalf("list: %v, control %+v", err, page.Control)
	}
	return page
}

// grantOf gives the only grant of a kind whose name holds a text.
func grantOf(t *testing.T, page integrations.Page, kind, name string) lastday.Grant {
	t.Helper()
	var found []lastday.Grant
	for _, g := range page.Grants {
		if g.Kind == kind && strings.Contains(g.Resource.Name, name) {
			found = append(found, g)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d grants of kind %s with %q, want one: %+v", len(found), kind, name, page.Grants)
	}
	return found[0]
}

func changeOf(id string, g lastday.Grant, to string) lastday.Change {
	return lastday.NewChange("c-1", lastday.Account{System: "ldap", ID: id}, g, to, "test")
}

// makeChange applies a change, and wants an outcome.
func makeChange(t *testing.T, d *driver, c lastday.Change, want lastday.Outcome) lastday.Receipt {
	t.Helper()
	r, err := d.Apply(t.Context(), c)
	if err != nil || r.Outcome != want {
		t.Fatalf("%s %s to %s: outcome %q (%s), error %v; want %q", c.Grant.Kind, c.Grant.Resource.Name, c.To, r.Outcome, r.Note, err, want)
	}
	return r
}

func take(t *testing.T, d *driver, id string, g lastday.Grant, want lastday.Outcome) lastday.Receipt {
	t.Helper()
	return makeChange(t, d, changeOf(id, g, lastday.None), want)
}

func giveBack(t *testing.T, d *driver, id string, g lastday.Grant, taken lastday.Receipt, want lastday.Outcome) lastday.Receipt {
	t.Helper()
	from := g
	from.Rung = lastday.None
	c := changeOf(id, from, g.Rung)
	c.Grant, c.Undo = g, taken.Undo
	return makeChange(t, d, c, want)
}

// left says whether something that is left has a text in it.
func left(all []lastday.Residue, text string) bool {
	return slices.ContainsFunc(all, func(r lastday.Residue) bool { return strings.Contains(r.What+" "+r.Why, text) })
}

// The leaver's own eyes: binds before, not after; what is open goes on, which the
// receipt says; binds again when it is given back.
func TestTheLeaverIsOut(t *testing.T) {
	w := newWorld(t)
	d := w.driver()
	open, err := slapd.Bind(w.person("kim"), kimsPassword)
	if err != nil {
		t.Fatalf("before anything: %v", err)
	}
	defer open.Close()
	signIn := grantOf(t, inventory(t, d, w.kim), kindSignIn, "")
	taken := take(t, d, w.kim, signIn, lastday.OutcomeApplied)
	if !left(taken.Residue, "open go on") || !strings.HasPrefix(taken.Requests[0].ID, "entryCSN 2") || strings.Contains(taken.Requests[0].What, "kim") {
		t.Errorf("the receipt: %+v", taken)
	}
	if _, err := slapd.Bind(w.person("kim"), kimsPassword); !goldap.IsErrorWithCode(err, goldap.LDAPResultInvalidCredentials) {
		t.Errorf("locked, and binds: %v", err)
	}
	if who, err := open.WhoAmI(nil); err != nil || who.AuthzID != "dn:"+w.person("kim") {
		t.Errorf("slapd ended the open connection by itself: %v", err)
	}
	giveBack(t, d, w.kim, signIn, taken, lastday.OutcomeApplied)
	if _, err := slapd.Bind(w.person("kim"), kimsPassword); err != nil {
		t.Errorf("given back, and cannot bind: %v", err)
	}
}

// slapd takes the lock and lets the account in all the same if its policy does
// not lock: that must not pass for gone.
func TestALockWithoutAPolicyThatLocksIsNone(t *testing.T) {
	w := newWorld(t)
	w.add("cn=soft,"+w.base, "objectClass=device", "objectClass=pwdPolicy", "cn=soft", "pwdAttribute=userPassword")
	w.modify("replace", w.person("kim"), "pwdPolicySubentry", "cn=soft,"+w.base)
	w.modify("replace", w.person("kim"), "pwdAccountLockedTime", "000001010000Z")
	if _, err := slapd.Bind(w.person("kim"), kimsPassword); err != nil {
		t.Fatalf("slapd holds the lock by itself now, and this test is out of date: %v", err)
	}
	d := w.driver()
	page := inventory(t, d, w.kim)
	if !left(page.Residue, "no pwdLockout") {
		t.Errorf("that the lock does not hold is not told: %+v", page.Residue)
	}
	r := take(t, d, w.kim, grantOf(t, page, kindSignIn, ""), lastday.OutcomeRefused)
	if !strings.Contains(r.Note, "pwdLockout") {
		t.Errorf("note: %s", r.Note)
	}
	w.modify("replace", "cn=soft,"+w.base, "pwdLockout", "TRUE")
	take(t, d, w.kim, grantOf(t, page, kindSignIn, ""), lastday.OutcomeAlready)
}

// The policy of the configuration may be another than slapd's default: an account
// that is locked, and let in, tells.
func TestALockedCanaryThatIsLetInShowsThatNoLockHolds(t *testing.T) {
	w := newWorld(t)
	w.addPerson("locked", "9002", "u9")
	w.modify("replace", w.person("locked"), "pwdAccountLockedTime", "000001010000Z")
	watched := w.driver(func(c *Config) { c.LockedCanary, c.LockedPassword = w.person("locked"), "env:LOCKED" })
	g := grantOf(t, inventory(t, watched, w.kim), kindSignIn, "")
	taken := take(t, watched, w.kim, g, lastday.OutcomeApplied)
	giveBack(t, watched, w.kim, g, taken, lastday.OutcomeApplied)

	w.add("cn=soft,"+w.base, "objectClass=device", "objectClass=pwdPolicy", "cn=soft", "pwdAttribute=userPassword")
	w.modify("replace", w.person("locked"), "pwdPolicySubentry", "cn=soft,"+w.base) // as if slapd's default did not lock
	if page := inventory(t, watched, w.kim); !left(page.Residue, "locked canary was let in") {
		t.Errorf("not told: %+v", page.Residue)
	}
	take(t, watched, w.kim, g, lastday.OutcomeRefused)
}

func TestALockThatHoldsNoMoreIsTakenBackAllTheSame(t *testing.T) {
	w := newWorld(t)
	w.add("cn=soft,"+w.base, "objectClass=device", "objectClass=pwdPolicy", "cn=soft", "pwdAttribute=userPassword")
	d := w.driver()
	g := grantOf(t, inventory(t, d, w.kim), kindSignIn, "")
	taken := take(t, d, w.kim, g, lastday.OutcomeApplied)
	w.modify("replace", w.person("kim"), "pwdPolicySubentry", "cn=soft,"+w.base)
	giveBack(t, d, w.kim, g, taken, lastday.OutcomeApplied)
	if now := w.entry(w.person("kim")).GetAttributeValue("pwdAccountLockedTime"); now != "" {
		t.Errorf("locked: %q", now)
	}
}

// Out of sight of the bases is not gone.
func TestAnAccountThatWasMovedOutOfTheBasesIsNotGone(t *testing.T) {
	w := newWorld(t)
	d := w.driver()
	g := grantOf(t, inventory(t, d, w.kim), kindSignIn, "")
	w.add("ou=archive-"+w.kim+","+ldaptest.Suffix, "objectClass=organizationalUnit")
	w.mu.Lock()
	err := w.root.ModifyDN(goldap.NewModifyDNRequest(w.person("kim"), "uid=kim", true, "ou=archive-"+w.kim+","+ldaptest.Suffix))
	w.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	if page, err := d.List(t.Context(), lastday.Account{System: "ldap", ID: w.kim}, ""); lastday.CodeOf(err) != lastday.CodeInvalid || !strings.Contains(err.Error(), "bases") {
		t.Errorf("list: %+v, %v", page, err)
	}
	if r, err := d.Apply(t.Context(), changeOf(w.kim, g, lastday.None)); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("apply: %+v, %v", r, err)
	}
	a := newADWorld(t)
	ad := a.open(a.config())
	ad.cfg.Bases = []string{"OU=People," + ldaptest.Domain}
	a.ad.Put("OU=People,"+ldaptest.Domain, "objectClass", "organizationalUnit")
	a.ad.Put("CN=moved,"+ldaptest.Domain, "objectClass", "user", "objectCategory", "person")
	if page, err := ad.List(t.Context(), lastday.Account{System: "ldap", ID: a.ad.GUID("CN=moved," + ldaptest.Domain)}, ""); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("list: %+v, %v", page, err)
	}
}

// A lock that time ends is none for long, and comes back as it was.
func TestATemporaryLockComesBack(t *testing.T) {
	w := newWorld(t)
	d := w.driver()
	const until = "20261122110000Z"
	w.modify("replace", w.person("kim"), "pwdAccountLockedTime", until)
	g := grantOf(t, inventory(t, d, w.kim), kindSignIn, "")
	taken := take(t, d, w.kim, g, lastday.OutcomeApplied)
	taken.Undo = nil // its answer was lost: the before-image has it as well
	giveBack(t, d, w.kim, g, taken, lastday.OutcomeApplied)
	if now := w.entry(w.person("kim")).GetAttributeValue("pwdAccountLockedTime"); now != until {
		t.Errorf("locked until %q, was %q", now, until)
	}
}

func TestOpenConnectionsAreTold(t *testing.T) {
	w := newWorld(t)
	d := w.driver(func(c *Config) { c.Monitor = true })
	if page := inventory(t, d, w.kim); left(page.Residue, "connections are open") || len(page.Gaps) != 0 {
		t.Errorf("none is open: %+v", page)
	}
	open, err := slapd.Bind(w.person("kim"), kimsPassword)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	take(t, d, w.kim, grantOf(t, inventory(t, d, w.kim), kindSignIn, ""), lastday.OutcomeApplied)
	if page := inventory(t, d, w.kim); !left(page.Residue, "1 connections are open") {
		t.Errorf("one is open: %+v", page.Residue)
	}
}

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
	take(t, d, w.kim, grantOf(t, page, kindGroup, "a staff"), lastday.OutcomeApplied)
	for _, g := range inventory(t, d, w.kim).Grants {
		if len(g.Via) > 0 {
			t.Errorf("the way in is gone, and yet: %+v", g)
		}
	}
	if of := w.entry(w.person("kim")).GetAttributeValues("memberOf"); slices.Contains(of, w.group("a staff")) {
		t.Errorf("memberOf did not follow: %q", of)
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

// Nor must it pass for the account's being gone.
func TestAnAnswerAboutSomebodyElseIsNoAnswer(t *testing.T) {
	w := newWorld(t)
	d := w.driver()
	g := grantOf(t, inventory(t, d, w.kim), kindSignIn, "")
	w.proxy.Set(ldaptest.Fault{Swap: map[string]string{w.kim: w.lee}})
	if page, err := d.List(t.Context(), lastday.Account{System: "ldap", ID: w.kim}, ""); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("list: %+v, %v", page, err)
	}
	if r, err := d.Apply(t.Context(), changeOf(w.kim, g, lastday.None)); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("apply: %+v, %v", r, err)
	}
}

func TestAYesIsNotBelieved(t *testing.T) {
	w := newWorld(t)
	d := w.driver(func(c *Config) { c.Timeout = time.Second })
	for _, g := range inventory(t, d, w.kim).Grants {
		w.proxy.Set(ldaptest.Fault{PretendWrites: true})
		if r, err := d.Apply(t.Context(), changeOf(w.kim, g, lastday.None)); lastday.CodeOf(err) != lastday.CodeInvalid || !strings.Contains(err.Error(), "said yes") {
			t.Errorf("%s: %+v, %v", g.Kind, r, err)
		}
	}
	w.proxy.Set(ldaptest.Fault{SilentWrites: true})
	if r, err := d.Apply(t.Context(), changeOf(w.kim, grantOf(t, inventory(t, d, w.kim), kindSignIn, ""), lastday.None)); lastday.CodeOf(err) != lastday.CodeUnknownOutcome {
		t.Errorf("no answer: %+v, %v", r, err)
	}
}

// The same DN and login with another entryUUID is somebody else.
func TestAnAccountThatWasMadeAgainIsAnother(t *testing.T) {
	w := newWorld(t)
	d := w.driver()
	page := inventory(t, d, w.kim)
	w.remove(w.person("kim"))
	w.addPerson("kim", "7777", "u9")
	before := w.Snapshot()
	for _, g := range page.Grants {
		take(t, d, w.kim, g, lastday.OutcomeAlready)
	}
	if after := w.Snapshot(); len(after) != len(before) || after[w.person("kim")] != before[w.person("kim")] {
		t.Error("somebody else was changed")
	}
	m, err := d.Find(t.Context(), person("p1", "kim@acme.example", w.kim))
	if err != nil || m.Verdict != lastday.FoundMany || !strings.Contains(strings.Join(m.Candidates[0].Evidence, "; "), "another id") {
		t.Errorf("find: %+v, %v", m, err)
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

func TestWhatPointsToTheLeaverIsTold(t *testing.T) {
	w := newWorld(t)
	w.modify("add", w.group("readers"), "owner", w.person("kim"))
	w.modify("replace", w.person("lee"), "manager", w.person("kim"))
	w.addPerson("kim-admin", "1001", "u7")
	page := inventory(t, w.driver(), w.kim)
	for _, want := range []string{"entry readers is owned", "entry lee has the account as manager", "another account kim-admin with the same employeeNumber"} {
		if !left(page.Residue, want) {
			t.Errorf("not told: %s; %+v", want, page.Residue)
		}
	}
}

func TestWeDoNotTouchOurselves(t *testing.T) {
	w := newWorld(t)
	d := w.driver()
	w.modify("add", w.group("a staff"), "member", w.bot())
	bot := w.id(w.bot())
	health, err := d.Probe(t.Context())
	if err != nil || health.AccountID != bot {
		t.Errorf("probe: %+v, %v; our id is %s", health, err, bot)
	}
	take(t, d, bot, grantOf(t, inventory(t, d, bot), kindGroup, "a staff"), lastday.OutcomeRefused)
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

func TestReferralsAreNotFollowed(t *testing.T) {
	w := newWorld(t)
	w.add("cn=far,"+w.base, "objectClass=referral", "objectClass=extensibleObject", "cn=far", "ref=ldap://127.0.0.1:1/cn=far,"+w.base)
	d := w.driver()
	if m, err := d.Find(t.Context(), lastday.Person{Key: "p9", Emails: []string{"max@acme.example"}}); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("nobody was found in a part of the tree: %+v, %v", m, err)
	}
	page := inventory(t, d, w.kim)
	if !slices.ContainsFunc(page.Gaps, func(g lastday.Gap) bool { return strings.Contains(g.Why, "another server") }) {
		t.Errorf("gaps: %+v", page.Gaps)
	}
}

func TestKeysAreOnlyMissingWhereTheCanaryShowsOne(t *testing.T) {
	w := newWorld(t)
	for _, who := range []string{"kim", "canary"} {
		w.modify("delete", w.person(who), "sshPublicKey")
	}
	page := inventory(t, w.driver(), w.kim)
	if len(page.Gaps) != 1 || page.Gaps[0].Kind != kindKey {
		t.Errorf("gaps: %+v", page.Gaps)
	}
}

func (w *world) remove(dn string) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.root.Del(goldap.NewDelRequest(dn, nil)); err != nil {
		w.t.Fatalf("delete %s: %v", dn, err)
	}
}
