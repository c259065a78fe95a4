package httpapi_test

import (
	"slices"
	"strings"
	"testing"

	"lastday"
)

// An id that is there no more must not be written to: some far sides make of a
// PUT an account anew.
func TestNothingIsGivenBackToAnAccountThatIsGone(t *testing.T) {
	d, far := world(t, mini(roles))
	far.say("GET /users/u-1", "404 {}")
	far.say("PUT /users/u-1/roles/r", "204 ")
	r, err := d.Apply(t.Context(), rungChange("u-1", "r", lastday.None, "staff"))
	if err != nil || r.Outcome != lastday.OutcomeDrifted {
		t.Errorf("%+v, %v", r, err)
	}
	if i := slices.IndexFunc(far.heard, func(s string) bool { return strings.HasPrefix(s, "PUT") }); i >= 0 {
		t.Errorf("sent %s", far.heard[i])
	}
}
