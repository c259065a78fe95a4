package okta

import (
	"testing"

	"lastday"
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
