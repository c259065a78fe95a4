package ldap

import (
	"strings"
	"testing"

	"lastday"
)

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
