package github

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"lastday/integrations/github/githubtest"
)

func TestListMembershipAndTeamsByREST(t *testing.T) {
	c := found(t, githubtest.Options{}, byREST)
	page := c.list(c.bob)
	want := []string{"base_permission all repositories of acme read via", "org_membership acme owner", "team API Team maintainer", "team Core maintainer"} // owners show as maintainers everywhere
	if diff := cmp.Diff(want, lines(page.Grants)); diff != "" {
		t.Errorf("grants (-want +got):\n%s", diff)
	}
	if !page.Control.Seen {
		t.Error("no positive control")
	}
}
