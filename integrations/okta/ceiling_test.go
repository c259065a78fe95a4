package okta

import (
	"testing"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/okta/oktatest"
)

// Sessions end with the sign-in. At a ceiling that leaves the sign-in they would
// be ended and begun again without end: each new one counts anew.
func TestSessionsGoWithTheSignInAndNotBefore(t *testing.T) {
	w := newWorld(t, false)
	signIn, session := w.grantOf(t, kindSignIn, ""), w.grantOf(t, kindSession, "")
	if session.Level() != signIn.Level() || session.Order <= signIn.Order {
		t.Errorf("sessions are %s, order %d; the sign-in %s, order %d", session.Level(), session.Order, signIn.Level(), signIn.Order)
	}
	for _, ceiling := range []lastday.Level{lastday.LevelWrite, lastday.LevelRead, lastday.LevelSignIn} {
		if under := session.Ladder.Under(ceiling).Name; under != rungOpen {
			t.Errorf("a ceiling of %s brings sessions to %s", ceiling, under)
		}
	}
}

// Who cannot be suspended is deactivated, and Okta ends no sessions of who is:
// they must be ended first.
func TestACutOfWhoCannotBeSuspendedIsObservedAsWell(t *testing.T) {
	for _, status := range []string{"LOCKED_OUT", "PASSWORD_EXPIRED", "RECOVERY"} {
		w := newWorld(t, false)
		w.server.Set(w.leaver, func(u *oktatest.User) { u.Status = status })
		changes, receipts := w.cut(t)
		for i, r := range integrations.Grade(changes, receipts, w.survey(t, w.leaver)) {
			if r.Outcome != lastday.OutcomeDelegated && r.Proof != lastday.ProofObserved {
				t.Errorf("%s: %s: outcome %q, proof %s (%s)", status, changes[i].Grant.Kind, r.Outcome, r.Proof, r.Note)
			}
		}
	}
}
