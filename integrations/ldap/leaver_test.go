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
	if left(page.Residue, "another account kim with") {
		t.Error("the account is told as another of its own")
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

// rename gives an account another login, and with it another name.
func (w *world) rename(uid, to string) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.root.ModifyDN(goldap.NewModifyDNRequest(w.person(uid), "uid="+to, true, "")); err != nil {
		w.t.Fatalf("rename %s: %v", uid, err)
	}
}
