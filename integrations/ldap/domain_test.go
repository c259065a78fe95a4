package ldap

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/integrations/ldap/ldaptest"
)

func (w *adWorld) kim() string { return w.ad.GUID(adKim) }

// The leaver's own eyes in Active Directory.
func TestTheLeaverIsOutOfTheDomain(t *testing.T) {
	w := newADWorld(t)
	d := w.open(w.config())
	if said := w.binds("kim@corp.acme.example", kimsPassword); said != "" {
		t.Fatalf("before anything: data %s", said)
	}
	page := inventory(t, d, w.kim())
	signIn, expiry := grantOf(t, page, kindSignIn, ""), grantOf(t, page, kindExpiry, "")

	taken := take(t, d, w.kim(), signIn, lastday.OutcomeApplied)
	if said := w.binds(adKim, kimsPassword); said != "533" {
		t.Errorf("disabled: data %q", said)
	}
	if now := w.ad.Values(adKim, "userAccountControl"); now[0] != "66050" {
		t.Errorf("other bits were changed: %q", now)
	}
	if !slices.ContainsFunc(taken.Residue, func(r lastday.Residue) bool {
		return strings.Contains(r.What, "Kerberos") && r.Until.Equal(noon().Add(10*time.Hour))
	}) || !left(taken.Residue, "does not look again") || !strings.HasPrefix(taken.Requests[0].ID, "uSNChanged ") {
		t.Errorf("the receipt: %+v", taken)
	}
	giveBack(t, d, w.kim(), signIn, taken, lastday.OutcomeApplied)

	before := w.ad.Values(adKim, "accountExpires")
	taken = take(t, d, w.kim(), expiry, lastday.OutcomeApplied)
	if said := w.binds(adKim, kimsPassword); said != "701" {
		t.Errorf("expired: data %q", said)
	}
	giveBack(t, d, w.kim(), expiry, taken, lastday.OutcomeApplied)
	if now := w.ad.Values(adKim, "accountExpires"); !slices.Equal(now, before) {
		t.Errorf("accountExpires was %q, is %q", before, now)
	}
	if said := w.binds(adKim, kimsPassword); said != "" {
		t.Errorf("given back, and: data %s", said)
	}
}

func TestAnotherEndOfTheAccountsTimeStays(t *testing.T) {
	w := newADWorld(t)
	d := w.open(w.config())
	g := grantOf(t, inventory(t, d, w.kim()), kindExpiry, "")
	taken := take(t, d, w.kim(), g, lastday.OutcomeApplied)
	earlier := fileTime(noon().AddDate(0, 0, -3))
	w.ad.Set(adKim, "accountExpires", earlier)
	giveBack(t, d, w.kim(), g, taken, lastday.OutcomeDrifted)
	if now := w.ad.Values(adKim, "accountExpires"); now[0] != earlier {
		t.Errorf("accountExpires is %q", now)
	}
}

// What somebody else changed in userAccountControl meanwhile stays.
func TestOnlyOneBitIsGivenBack(t *testing.T) {
	w := newADWorld(t)
	d := w.open(w.config())
	g := grantOf(t, inventory(t, d, w.kim()), kindSignIn, "")
	taken := take(t, d, w.kim(), g, lastday.OutcomeApplied)
	w.ad.Set(adKim, "userAccountControl", fmt.Sprint(66050|0x40000)) // a smart card is wanted now
	giveBack(t, d, w.kim(), g, taken, lastday.OutcomeApplied)
	if now := w.ad.Values(adKim, "userAccountControl"); now[0] != fmt.Sprint(66048|0x40000) {
		t.Errorf("userAccountControl is %q", now)
	}
}

// After one reset the old password goes on: this is what the fake knows, and why
// it is done twice.
func TestThePasswordIsMadeUselessTwiceAndOnlyOnceDisabled(t *testing.T) {
	w := newADWorld(t)
	d := w.open(w.secure())
	page := inventory(t, d, w.kim())
	password, signIn := grantOf(t, page, kindPassword, ""), grantOf(t, page, kindSignIn, "")
	// The disabling may have failed for a moment: this must not end with a person.
	if r, err := d.Apply(t.Context(), changeOf(w.kim(), password, lastday.None)); lastday.CodeOf(err) != lastday.CodeTransient || !strings.Contains(err.Error(), "disable it first") {
		t.Errorf("before the account is disabled: %+v, %v", r, err)
	}
	disabled := take(t, d, w.kim(), signIn, lastday.OutcomeApplied)
	w.clock = w.clock.Add(time.Second)
	taken := take(t, d, w.kim(), password, lastday.OutcomeApplied)
	if len(taken.Requests) != 3 || len(taken.Undo) != 0 {
		t.Errorf("the receipt: %+v", taken)
	}
	take(t, d, w.kim(), password, lastday.OutcomeAlready)
	for _, g := range inventory(t, d, w.kim()).Grants {
		if g.Kind == kindPassword {
			t.Error("the password is still listed as known")
		}
	}
	giveBack(t, d, w.kim(), password, taken, lastday.OutcomeRefused)
	giveBack(t, d, w.kim(), signIn, disabled, lastday.OutcomeApplied)
	w.ad.Set(adKim, "pwdLastSet", "1") // even if somebody lets it be
	if said := w.binds(adKim, kimsPassword); said != "52e" {
		t.Errorf("enabled again, and the old password: data %q", said)
	}
}

func TestWithoutStampsNoPasswordIsTouched(t *testing.T) {
	w := newADWorld(t)
	w.ad.Hide("msDS-ReplAttributeMetaData")
	d := w.open(w.secure())
	page := inventory(t, d, w.kim())
	take(t, d, w.kim(), grantOf(t, page, kindSignIn, ""), lastday.OutcomeApplied)
	take(t, d, w.kim(), grantOf(t, page, kindPassword, ""), lastday.OutcomeRefused)
}

// What is not shown is not guessed: writing it anew would lose the other bits.
func TestAHiddenControlIsNotWritten(t *testing.T) {
	w := newADWorld(t)
	d := w.open(w.config())
	g := grantOf(t, inventory(t, d, w.kim()), kindSignIn, "")
	w.ad.Hide("userAccountControl")
	if r, err := d.Apply(t.Context(), changeOf(w.kim(), g, lastday.None)); lastday.CodeOf(err) != lastday.CodeDenied {
		t.Errorf("%+v, %v", r, err)
	}
}

// An attempt that ended between the two resets must not pass for done.
func TestOneResetIsNotEnough(t *testing.T) {
	w := newADWorld(t)
	d := w.open(w.secure())
	page := inventory(t, d, w.kim())
	take(t, d, w.kim(), grantOf(t, page, kindSignIn, ""), lastday.OutcomeApplied)
	password := grantOf(t, page, kindPassword, "")
	once := changeOf(w.kim(), password, lastday.None)
	ctx, cancel := bounds(t.Context())
	defer cancel()
	l, err := d.connect(ctx, opApply)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	s, err := l.look(opApply, w.kim())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.modify(reset(s.account)); err != nil {
		t.Fatal(err)
	}
	w.ad.Set(adKim, "pwdLastSet", "0") // as for who may not unexpire passwords
	if r := makeChange(t, d, once, lastday.OutcomeApplied); len(r.Requests) != 3 {
		t.Errorf("%+v", r)
	}
}

func TestAPasswordIsNotSetInClearText(t *testing.T) {
	w := newADWorld(t)
	page := inventory(t, w.open(w.config()), w.kim())
	if len(page.Gaps) != 1 || page.Gaps[0].Kind != kindPassword || !strings.Contains(page.Gaps[0].Fix, "ldaps") {
		t.Errorf("gaps: %+v", page.Gaps)
	}
}

func TestProtectedGroupsNeedAPerson(t *testing.T) {
	for name, rid := range map[string]uint32{"Domain Admins": 512, "Schema Admins": 518, "Enterprise Admins": 519, "Administrators": 544, "Backup Operators": 551, "marked": 1900} {
		t.Run(name, func(t *testing.T) {
			w := newADWorld(t)
			dn := "CN=" + name + ",CN=Users," + ldaptest.Domain
			w.ad.AddGroup(dn, rid, adKim, adLee)
			if name == "marked" {
				w.ad.Set(dn, "adminCount", "1")
			}
			d := w.open(w.config())
			g := grantOf(t, inventory(t, d, w.kim()), kindGroup, name)
			if g.Level() != lastday.LevelAdmin {
				t.Errorf("stands at %s", g.Rung)
			}
			if r := take(t, d, w.kim(), g, lastday.OutcomeRefused); !strings.Contains(r.Note, "approve") {
				t.Errorf("note: %s", r.Note)
			}
			c := changeOf(w.kim(), g, lastday.None)
			c.Consent = "approval-1"
			taken := makeChange(t, d, c, lastday.OutcomeApplied)
			giveBack(t, d, w.kim(), g, taken, lastday.OutcomeApplied)
			w.ad.Set(dn, "member", adKim)
			if r := makeChange(t, d, c, lastday.OutcomeRefused); !strings.Contains(r.Note, "last member") {
				t.Errorf("the last one, note: %s", r.Note)
			}
		})
	}
}

// Large groups come in ranges: whether somebody else is in must be asked for until it is known.
func TestAnotherMemberMayBeFarDownALargeGroup(t *testing.T) {
	w := newADWorld(t)
	w.ad.Limit(1000, 1)
	dn := "CN=c ops" + adGroups
	w.ad.Set(dn, "member", adKim, adLee)
	d := w.open(w.config())
	g := grantOf(t, inventory(t, d, w.kim()), kindGroup, "c ops")
	taken := take(t, d, w.kim(), g, lastday.OutcomeApplied)
	giveBack(t, d, w.kim(), g, taken, lastday.OutcomeApplied)
	w.ad.Set(dn, "member", adKim)
	take(t, d, w.kim(), g, lastday.OutcomeRefused)
}

func TestNestedGroupsOfTheDomain(t *testing.T) {
	w := newADWorld(t)
	w.ad.AddGroup("CN=outer"+adGroups, 1800, "CN=a staff"+adGroups)
	w.ad.AddGroup("CN=Domain Admins,CN=Users,"+ldaptest.Domain, 512, "CN=outer"+adGroups)
	page := inventory(t, w.open(w.config()), w.kim())
	outer, admins := grantOf(t, page, kindGroup, "outer"), grantOf(t, page, kindGroup, "Domain Admins")
	if !slices.Equal(outer.Via, []string{"group a staff"}) || !slices.Equal(admins.Via, []string{"group outer"}) || admins.Level() != lastday.LevelAdmin {
		t.Errorf("outer via %q, admins via %q at %s", outer.Via, admins.Via, admins.Rung)
	}
	if staff := grantOf(t, page, kindGroup, "a staff"); staff.Level() != lastday.LevelAdmin {
		t.Errorf("the way to Domain Admins stands at %s", staff.Rung)
	}
}

func TestThePrimaryGroup(t *testing.T) {
	w := newADWorld(t)
	page := inventory(t, w.open(w.config()), w.kim())
	if i := slices.IndexFunc(page.Residue, func(r lastday.Residue) bool { return strings.Contains(r.What, "Domain Users") }); i < 0 || !page.Residue[i].Harmless {
		t.Errorf("Domain Users: %+v", page.Residue)
	}
	w.ad.AddGroup("CN=Domain Admins,CN=Users,"+ldaptest.Domain, 512, adLee)
	w.ad.Set(adKim, "primaryGroupID", "512")
	page = inventory(t, w.open(w.config()), w.kim())
	g := grantOf(t, page, kindGroup, "Domain Admins")
	if !slices.Equal(g.Via, []string{"primary group"}) || g.Level() != lastday.LevelAdmin || !left(page.Residue, "primary group Domain Admins") {
		t.Errorf("%+v, %+v", g, page.Residue)
	}
}

// A group that is reached in two ways is told once.
func TestAPrimaryGroupThatIsReachedByAnotherWayToo(t *testing.T) {
	w := newADWorld(t)
	w.ad.AddGroup("CN=Domain Admins,CN=Users,"+ldaptest.Domain, 512, "CN=a staff"+adGroups)
	w.ad.Set(adKim, "primaryGroupID", "512")
	page := inventory(t, w.open(w.config()), w.kim())
	if g := grantOf(t, page, kindGroup, "Domain Admins"); !slices.Equal(g.Via, []string{"group a staff"}) || !left(page.Residue, "primary group Domain Admins") {
		t.Errorf("%+v, %+v", g, page.Residue)
	}
}

func TestAPrimaryGroupThatIsNotShownIsAGap(t *testing.T) {
	w := newADWorld(t)
	w.ad.Hide("primaryGroupID")
	if page := inventory(t, w.open(w.secure()), w.kim()); len(page.Gaps) != 1 || page.Gaps[0].Kind != kindGroup || !strings.Contains(page.Gaps[0].What, "primary group") {
		t.Errorf("gaps: %+v", page.Gaps)
	}
}

// What the primary group is a member of comes to the account too, and no search
// for its memberships shows it.
// https://learn.microsoft.com/openspecs/windows_protocols/ms-adts/1e889adc-b503-4423-8985-c28d5c7d4887
func TestWhatThePrimaryGroupLeadsTo(t *testing.T) {
	w := newADWorld(t)
	users := "CN=Domain Users,CN=Users," + ldaptest.Domain
	w.ad.AddGroup("CN=Users,CN=Builtin,"+ldaptest.Domain, 545, users)
	w.ad.AddGroup("CN=middle"+adGroups, 1801, users)
	w.ad.AddGroup("CN=Domain Admins,CN=Users,"+ldaptest.Domain, 512, "CN=middle"+adGroups)
	page := inventory(t, w.open(w.config()), w.kim())
	g := grantOf(t, page, kindGroup, "Domain Admins")
	if !slices.Equal(g.Via, []string{"primary group Domain Users"}) || g.Level() != lastday.LevelAdmin || !left(page.Residue, "Domain Admins by way of the primary group") {
		t.Errorf("%+v, %+v", g, page.Residue)
	}
	for _, g := range page.Grants {
		if strings.Contains(g.Resource.Name, "middle") || strings.HasSuffix(g.Resource.Name, "Users") {
			t.Errorf("what everybody has is held against the leaver: %+v", g)
		}
	}
}

func TestWhatElseTheDomainKnowsOfTheLeaver(t *testing.T) {
	w := newADWorld(t)
	w.ad.Put(adKim, "servicePrincipalName", "HTTP/wiki.acme.example", "msDS-AllowedToDelegateTo", "cifs/files", "altSecurityIdentities", "X509:<I>x<S>y",
		"msDS-KeyCredentialLink", "B:8:00:x", "adminCount", "1", "sIDHistory", ldaptest.SID(500))
	w.ad.Set(adKim, "userAccountControl", fmt.Sprint(512|0x80000|0x400000|0x1000000|0x20))
	w.ad.Put("CN=a staff"+adGroups, "managedBy", adKim)
	w.ad.Put(adLee, "manager", adKim)
	page := inventory(t, w.open(w.config()), w.kim())
	for _, want := range []string{
		"service principal name HTTP/wiki", "delegation to cifs/files", "certificate or foreign identity", "1 key credentials", "adminCount", "1 former identities", "unconstrained delegation",
		"no Kerberos pre-authentication", "no password required", "TRUSTED_TO_AUTH", "entry a staff is managed by", "entry Stay, lee has the account as manager",
	} {
		if !left(page.Residue, want) {
			t.Errorf("not told: %s", want)
		}
	}
}

// A value that somebody else writes between our reading and writing is not lost.
func TestTwoWhoWriteAtOnce(t *testing.T) {
	w := newADWorld(t)
	d := w.open(w.config())
	ctx, cancel := bounds(t.Context())
	defer cancel()
	l, err := d.connect(ctx, opApply)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	s, err := l.look(opApply, w.kim())
	if err != nil {
		t.Fatal(err)
	}
	w.ad.Set(adKim, "userAccountControl", "512")
	if err := l.modify(swap(s.account, "userAccountControl", "66050")); !resultIs(err, 16) {
		t.Errorf("%v", err)
	}
	if now := w.ad.Values(adKim, "userAccountControl"); now[0] != "512" {
		t.Errorf("userAccountControl is %q", now)
	}
}

func TestARenamedAccountIsTheSame(t *testing.T) {
	w := newADWorld(t)
	if got, want := guidText(guidBytes(w.kim())), w.kim(); got != want {
		t.Errorf("GUID %s becomes %s", want, got)
	}
	d := w.open(w.config())
	m, err := d.Find(t.Context(), person("p1", "", w.kim()))
	if err != nil || m.Verdict != lastday.FoundOne || m.Account.Login != "kim" {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestOurOwnAccountInTheDomain(t *testing.T) {
	w := newADWorld(t)
	bot := w.ad.GUID(adBot)
	for _, bind := range []string{adBot, `ACME\svc-lastday`, "svc-lastday@corp.acme.example"} {
		cfg := w.config()
		cfg.Bind = bind
		d := w.open(cfg)
		h, err := d.Probe(t.Context())
		if err != nil || h.AccountID != bot || !slices.Contains(h.Can, kindSignIn) {
			t.Errorf("%s: %+v, %v", bind, h, err)
		}
		take(t, d, bot, grantOf(t, inventory(t, d, bot), kindSignIn, ""), lastday.OutcomeRefused)
	}
}

func TestWhyWeAreNotLetIn(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *adWorld)
		says   string
	}{
		"wrong password": {func(w *adWorld) { w.ad.AddUser(adBot, "svc-lastday", "another", 1500) }, "data 52e"},
		"disabled":       {func(w *adWorld) { w.ad.Set(adBot, "userAccountControl", "514") }, "data 533"},
		"expired":        {func(w *adWorld) { w.ad.Set(adBot, "accountExpires", "1") }, "data 701"},
		"must change":    {func(w *adWorld) { w.ad.Set(adBot, "pwdLastSet", "0") }, "data 773"},
		"gone":           {func(w *adWorld) { w.ad.Delete(adBot) }, "data 525"},
	} {
		w := newADWorld(t)
		c.change(w)
		_, err := w.open(w.config()).Probe(t.Context())
		if lastday.CodeOf(err) != lastday.CodeDenied || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
