package okta

import (
	"slices"
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/okta/oktatest"
)

// system wraps the driver as everybody uses it.
func (w *world) system() *integrations.System {
	return integrations.NewSystem("okta", w.driver, integrations.Options{Now: w.clock.now})
}

func (w *world) survey(t testing.TB, u *oktatest.User) lastday.Inventory {
	t.Helper()
	inv, err := w.system().Survey(t.Context(), person(u, ""), nil)
	if err != nil {
		t.Fatalf("survey: %v", err)
	}
	return inv
}

// grantOf finds a grant of the leaver by kind and, if it is not empty, resource.
func (w *world) grantOf(t testing.TB, kind, resource string) lastday.Grant {
	t.Helper()
	for _, g := range w.survey(t, w.leaver).Grants {
		if g.Kind == kind && (resource == "" || g.Resource.ID == resource) {
			return g
		}
	}
	t.Fatalf("the leaver has no %s %s", kind, resource)
	return lastday.Grant{}
}

func (w *world) change(g lastday.Grant, to string) lastday.Change {
	return lastday.NewChange("case", lastday.Account{System: "okta", ID: w.leaver.ID}, g, to, "test")
}

func (w *world) take(t testing.TB, g lastday.Grant) lastday.Receipt {
	t.Helper()
	r, err := w.system().Apply(t.Context(), w.change(g, lastday.None), false)
	if err != nil {
		t.Fatalf("take %s: %v", g.Kind, err)
	}
	return r
}

func (w *world) giveBack(t testing.TB, g lastday.Grant, taken lastday.Receipt) lastday.Receipt {
	t.Helper()
	c := w.change(g, lastday.None)
	c.From, c.To, c.Undo = lastday.None, g.Rung, taken.Undo
	r, err := w.system().Apply(t.Context(), c, false)
	if err != nil {
		t.Fatalf("give back %s: %v", g.Kind, err)
	}
	return r
}

// cut takes what is above none, in order, as a policy's last stage does.
func (w *world) cut(t testing.TB) (changes []lastday.Change, receipts []lastday.Receipt) {
	t.Helper()
	inv := w.survey(t, w.leaver)
	slices.SortStableFunc(inv.Grants, func(a, b lastday.Grant) int { return a.Order - b.Order })
	for _, g := range inv.Grants {
		if g.Level() == lastday.LevelNone || len(g.Via) > 0 {
			continue
		}
		c := lastday.NewChange("case", inv.Match.Account, g, lastday.None, "test")
		r, err := w.system().Apply(t.Context(), c, false)
		if err != nil {
			t.Fatalf("%s: %v", g.Kind, err)
		}
		changes, receipts = append(changes, c), append(receipts, r)
	}
	return changes, receipts
}

func outline(grants []lastday.Grant) string {
	var out []string
	for _, g := range grants {
		out = append(out, g.Kind)
	}
	return strings.Join(slices.Compact(out), " ")
}

func TestALeaverIsCutAndThatIsObserved(t *testing.T) {
	w := newWorld(t, false)
	changes, receipts := w.cut(t)
	after := w.survey(t, w.leaver)
	for i, r := range integrations.Grade(changes, receipts, after) {
		switch {
		case r.Outcome == lastday.OutcomeDelegated && changes[i].Grant.ManagedBy != "":
		case r.Proof != lastday.ProofObserved:
			t.Errorf("%s %s: outcome %q, proof %s", changes[i].Grant.Kind, changes[i].Grant.Resource.Name, r.Outcome, r.Proof)
		}
	}
	if got := w.server.Status(w.leaver); got != statusSuspended {
		t.Errorf("the account is %s, want it suspended: that is given back exactly", got)
	}
	if got := outline(after.Grants); got != "account admin_role app factor group" {
		t.Errorf("left are %s; want the account, its factors, and what comes by a group of the directory or by a rule", got)
	}
	if !after.Complete() {
		t.Errorf("the inventory is not complete: %+v", after.Gaps)
	}
}

func TestARescindedLeaverSignsInAgain(t *testing.T) {
	w := newWorld(t, false)
	before := w.server.Snapshot()[w.leaver.ID]
	signIn, group := w.grantOf(t, kindSignIn, ""), w.grantOf(t, kindGroup, w.group)
	takenGroup, takenSignIn := w.take(t, group), w.take(t, signIn)
	if w.server.Status(w.leaver) != statusSuspended {
		t.Fatalf("the account is %s", w.server.Status(w.leaver))
	}
	for _, r := range []lastday.Receipt{w.giveBack(t, signIn, takenSignIn), w.giveBack(t, group, takenGroup)} {
		if r.Outcome != lastday.OutcomeApplied {
			t.Errorf("outcome %q (%s)", r.Outcome, r.Note)
		}
	}
	if got := w.server.Snapshot()[w.leaver.ID]; got != before {
		t.Errorf("it is not what it was:\n%s\nwas\n%s", got, before)
	}
}

func TestDeactivationIsTheCutOnlyWhereItIsAskedFor(t *testing.T) {
	w := newWorld(t, false, func(c *Config) { c.Deactivate, c.ResetFactors = true, true })
	w.cut(t)
	if got := w.server.Status(w.leaver); got != statusGone {
		t.Errorf("the account is %s", got)
	}
	if got := outline(w.survey(t, w.leaver).Grants); got != "group" {
		t.Errorf("left are %s; want memberships alone, which deactivation keeps", got)
	}
}

// Only active users can be suspended: all others could still get in by a reset
// or an activation mail.
func TestWhoIsNotActiveIsDeactivatedBecauseNothingElseShutsTheDoor(t *testing.T) {
	for _, status := range []string{"PASSWORD_EXPIRED", "LOCKED_OUT", "RECOVERY", "PROVISIONED"} {
		t.Run(status, func(t *testing.T) {
			w := newWorld(t, false)
			w.server.Set(w.leaver, func(u *oktatest.User) { u.Status = status })
			g := w.grantOf(t, kindSignIn, "")
			if g.Rung != strings.ToLower(status) || g.Restore.Fidelity != lastday.RestoreLossy || g.Pending != (status == "PROVISIONED") {
				t.Errorf("rung %q, restore %+v, pending %t", g.Rung, g.Restore, g.Pending)
			}
			taken := w.take(t, g)
			if taken.Outcome != lastday.OutcomeApplied || w.server.Status(w.leaver) != statusGone {
				t.Fatalf("outcome %q (%s), status %s", taken.Outcome, taken.Note, w.server.Status(w.leaver))
			}
			if back := w.giveBack(t, g, taken); back.Outcome != lastday.OutcomeApplied || w.server.Status(w.leaver) != "PROVISIONED" {
				t.Errorf("given back: outcome %q (%s), status %s", back.Outcome, back.Note, w.server.Status(w.leaver))
			}
		})
	}
}

func TestWhoCannotGetInHasNoSignIn(t *testing.T) {
	for _, status := range []string{statusStaged, statusSuspended, statusGone} {
		w := newWorld(t, false)
		g := w.grantOf(t, kindSignIn, "")
		w.server.Set(w.leaver, func(u *oktatest.User) { u.Status = status })
		writes := w.server.Writes()
		if r := w.take(t, g); r.Outcome != lastday.OutcomeAlready || w.server.Writes() != writes {
			t.Errorf("%s: outcome %q, %d writes: lifecycle calls are not idempotent and must not be made", status, r.Outcome, w.server.Writes()-writes)
		}
	}
}

func TestAStatusThatNobodyKnowsIsNotTakenForGone(t *testing.T) {
	w := newWorld(t, false)
	g := w.grantOf(t, kindSignIn, "")
	w.beyond = true
	w.server.Set(w.leaver, func(u *oktatest.User) { u.Status = "HIBERNATED" })
	if r, err := w.driver.Apply(t.Context(), w.change(g, lastday.None)); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("outcome %q, error %v", r.Outcome, err)
	}
	if _, err := w.system().Survey(t.Context(), person(w.leaver, ""), nil); err == nil {
		t.Errorf("an inventory that does not know whether the person can sign in is complete")
	}
}

func TestWhoWasDeactivatedSinceIsNotUnsuspended(t *testing.T) {
	w := newWorld(t, false)
	g := w.grantOf(t, kindSignIn, "")
	taken := w.take(t, g)
	w.server.Set(w.leaver, func(u *oktatest.User) { u.Status = statusGone })
	writes := w.server.Writes()
	if r := w.giveBack(t, g, taken); r.Outcome != lastday.OutcomeDrifted || w.server.Writes() != writes {
		t.Errorf("outcome %q (%s)", r.Outcome, r.Note)
	}
}

func TestARefusalOfOktaIsToldAndNotRetriedForEver(t *testing.T) {
	w := newWorld(t, false)
	g := w.grantOf(t, kindSignIn, "")
	w.server.Refuse("POST /api/v1/users/{id}/lifecycle/{verb}", codeInvalidState)
	r := w.take(t, g)
	if r.Outcome != lastday.OutcomeRefused || !strings.Contains(r.Note, codeInvalidState) {
		t.Errorf("outcome %q (%s)", r.Outcome, r.Note)
	}
}

// Somebody else is faster, between our reading and our writing.
func TestARaceForTheStatusIsSettledByReadingAgain(t *testing.T) {
	const route = "POST /api/v1/users/{id}/lifecycle/{verb}"
	for status, want := range map[string]lastday.Outcome{statusSuspended: lastday.OutcomeAlready, "PASSWORD_EXPIRED": ""} {
		w := newWorld(t, false)
		g := w.grantOf(t, kindSignIn, "")
		w.server.Race(route, codeInvalidState, func() { w.leaver.Status = status })
		r, err := w.driver.Apply(t.Context(), w.change(g, lastday.None))
		if r.Outcome != want || (want == "") != (lastday.CodeOf(err) == lastday.CodeTransient) {
			t.Errorf("now %s: outcome %q, error %v", status, r.Outcome, err)
		}
	}
}

func TestWhatOktaIsStillAtIsAcceptedAndNotAskedForTwice(t *testing.T) {
	w := newWorld(t, false)
	g := w.grantOf(t, kindAccount, "")
	w.server.Set(w.leaver, func(u *oktatest.User) { u.Transitioning = statusGone })
	writes := w.server.Writes()
	if r := w.take(t, g); r.Outcome != lastday.OutcomeAccepted || w.server.Writes() != writes {
		t.Errorf("outcome %q (%s)", r.Outcome, r.Note)
	}
}

func TestSessionsAreOpenUntilTheLogSaysOtherwise(t *testing.T) {
	w := newWorld(t, false)
	taken := w.take(t, w.grantOf(t, kindSession, ""))
	if taken.Outcome != lastday.OutcomeApplied {
		t.Fatalf("outcome %q (%s)", taken.Outcome, taken.Note)
	}
	if got := outline(w.survey(t, w.leaver).Grants); strings.Contains(got, kindSession) || strings.Contains(got, kindRefresh) {
		t.Errorf("left are %s: ending sessions takes the OAuth tokens along", got)
	}
	w.clock.skip(time.Minute)
	w.server.SignIn(w.leaver)
	w.grantOf(t, kindSession, "") // a new one is seen
	w.clock.skip(91 * 24 * time.Hour)
	if got := outline(w.survey(t, w.leaver).Grants); strings.Contains(got, kindSession) {
		t.Errorf("left are %s: no session lasts that long", got)
	}
}

func TestWithoutTheLogSessionsAreAGapAndStillEnded(t *testing.T) {
	w := newWorld(t, false)
	w.server.HideLog()
	inv := w.survey(t, w.leaver)
	gap := slices.IndexFunc(inv.Gaps, func(g lastday.Gap) bool { return g.Kind == kindSession })
	if gap < 0 || !strings.Contains(inv.Gaps[gap].Fix, "okta.logs.read") {
		t.Errorf("gaps: %+v", inv.Gaps)
	}
	change := w.change(w.grantOf(t, kindSession, ""), lastday.None)
	r := w.take(t, change.Grant)
	graded := integrations.Grade([]lastday.Change{change}, []lastday.Receipt{r}, w.survey(t, w.leaver))[0]
	if r.Outcome != lastday.OutcomeApplied || graded.Proof != lastday.ProofAcknowledged {
		t.Errorf("outcome %q, proof %s; want acknowledged: nobody saw it", r.Outcome, graded.Proof)
	}
}
