package githubtest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestPagesLinkToTheNextAndClampAtAHundred(t *testing.T) {
	sc := newScene(t, Options{})
	for i := range 105 {
		sc.org.AddRepo("repo-"+strconv.Itoa(i), "private")
	}
	var repos []struct{ Name string }
	sc.want(200, "GET", "/orgs/acme/repos?per_page=500", nil).into(&repos)
	if len(repos) != 100 || !strings.Contains(sc.lastHeader.Get("Link"), `page=2`) {
		t.Errorf("%d items, link %q", len(repos), sc.lastHeader.Get("Link"))
	}
	sc.want(200, "GET", "/orgs/acme/repos?per_page=100&page=2", nil).into(&repos)
	if len(repos) != 7 || strings.Contains(sc.lastHeader.Get("Link"), `rel="next"`) {
		t.Errorf("last page: %d items, link %q", len(repos), sc.lastHeader.Get("Link"))
	}
	sc.want(200, "GET", "/orgs/acme/repos", nil).into(&repos)
	if len(repos) != 30 {
		t.Errorf("default page has %d items", len(repos))
	}
}

func TestTheRateLimitCountsAndRunsOutAndComesBack(t *testing.T) {
	sc := newScene(t, Options{RateLimit: 3})
	for want := 2; want >= 0; want-- {
		sc.want(200, "GET", "/orgs/acme", nil)
		if got := sc.lastHeader.Get("X-RateLimit-Remaining"); got != strconv.Itoa(want) {
			t.Fatalf("remaining %s, want %d", got, want)
		}
	}
	sc.want(403, "GET", "/orgs/acme", nil)
	if !strings.Contains(sc.message(), "API rate limit exceeded") {
		t.Errorf("message %q", sc.message())
	}
	sc.want(200, "GET", "/rate_limit", nil)
	sc.clock.Add(time.Hour)
	sc.want(200, "GET", "/orgs/acme", nil)
}

func TestAnUnchangedAnswerIs304AndFree(t *testing.T) {
	sc := newScene(t, Options{})
	sc.want(200, "GET", "/orgs/acme/members", nil)
	sc.match = sc.lastHeader.Get("ETag")
	left := sc.lastHeader.Get("X-RateLimit-Remaining")
	sc.want(304, "GET", "/orgs/acme/members", nil)
	if got := sc.lastHeader.Get("X-RateLimit-Remaining"); got != left {
		t.Errorf("304 cost something: %s after %s", got, left)
	}
	sc.srv.Org("acme").AddMember(sc.srv.AddUser("nia", "Nia New", ""), "member")
	sc.want(200, "GET", "/orgs/acme/members", nil)
}

func TestTooManyWritesAMinuteMeetTheSecondaryLimit(t *testing.T) {
	sc := newScene(t, Options{WritesPerMinute: 1})
	sc.want(204, "PUT", "/repos/acme/web/collaborators/bo", obj{"permission": "pull"})
	sc.want(403, "DELETE", "/repos/acme/web/collaborators/bo", nil)
	if sc.lastHeader.Get("Retry-After") == "" || !strings.Contains(sc.message(), "secondary rate limit") {
		t.Errorf("header %v, message %q", sc.lastHeader, sc.message())
	}
	sc.mustHold(sc.stander, "repository", "web", "read")
	sc.clock.Add(time.Minute)
	sc.want(204, "DELETE", "/repos/acme/web/collaborators/bo", nil)
}

func TestReadsLagBehindWritesWhenAsked(t *testing.T) {
	sc := newScene(t, Options{LagRequests: 2})
	sc.want(204, "DELETE", "/orgs/acme/members/lena", nil)
	sc.want(204, "GET", "/orgs/acme/members/lena", nil)
	sc.want(204, "GET", "/orgs/acme/members/lena", nil)
	sc.want(404, "GET", "/orgs/acme/members/lena", nil)
}

func TestScopesAndBadCredentials(t *testing.T) {
	sc := newScene(t, Options{})
	weak := sc.owner.Token("read:org")
	sc.as(weak).want(403, "DELETE", "/orgs/acme/members/lena", nil)
	if got := sc.lastHeader.Get("X-Accepted-OAuth-Scopes"); got != "admin:org" {
		t.Errorf("accepted scopes %q", got)
	}
	if got := sc.lastHeader.Get("X-OAuth-Scopes"); got != "read:org" {
		t.Errorf("scopes %q", got)
	}
	sc.as("ghp_unknown").want(401, "GET", "/user", nil)
	sc.srv.ExpireToken(weak, sc.clock.Now())
	sc.as(weak).want(401, "GET", "/user", nil)
	sc.as("").want(401, "GET", "/orgs/acme/members", nil)
	sc.want(200, "GET", "/orgs/acme", nil)
}

func TestEveryFaultStrikesAsOftenAsItSays(t *testing.T) {
	sc := newScene(t, Options{})
	sc.srv.Fail("GET /orgs/{org}/members", Fault{Status: 429, Times: 2, Header: http.Header{"Retry-After": {"7"}}})
	sc.want(429, "GET", "/orgs/acme/members", nil)
	if sc.lastHeader.Get("Retry-After") != "7" {
		t.Errorf("header %v", sc.lastHeader)
	}
	sc.want(429, "GET", "/orgs/acme/members", nil).want(200, "GET", "/orgs/acme/members", nil)

	clear := sc.srv.Fail("* /**", Fault{Blind: true})
	sc.want(404, "GET", "/user", nil).want(404, "GET", "/orgs/acme", nil)
	clear()
	sc.want(200, "GET", "/user", nil)

	clear = sc.srv.Fail("GET /orgs/acme/members", Fault{HalfPages: true})
	sc.want(200, "GET", "/orgs/acme/members", nil)
	if got := sc.logins(); got != "olga" {
		t.Errorf("half of the page is %q", got)
	}
	clear()
	sc.srv.Fail("DELETE /orgs/**", Fault{Redirect: sc.url + "/elsewhere", Skip: 1})
	sc.want(404, "DELETE", "/orgs/acme/memberships/nobody", nil).want(301, "DELETE", "/orgs/acme/members/lena", nil)
	sc.mustHold(sc.leaver, "organization", "acme", "member")
}

func TestALostAnswerLeavesTheWriteDoneAndABrokenRequestDoesNot(t *testing.T) {
	sc := newScene(t, Options{})
	sc.srv.Fail("DELETE /orgs/acme/members/lena", Fault{Reset: true, Times: 1})
	if err := sc.try("DELETE", "/orgs/acme/members/lena", nil); err == nil {
		t.Fatal("the connection held")
	}
	sc.mustHold(sc.leaver, "organization", "acme", "member")
	sc.srv.Fail("DELETE /orgs/acme/members/lena", Fault{DropAfterWrite: true, Times: 1})
	if err := sc.try("DELETE", "/orgs/acme/members/lena", nil); err == nil {
		t.Fatal("the connection held")
	}
	sc.mustNotHold(sc.leaver, "organization", "acme")
}

func TestDamagedBodies(t *testing.T) {
	sc := newScene(t, Options{})
	sc.srv.Fail("GET /user", Fault{Malformed: true, Times: 1})
	sc.want(200, "GET", "/user", nil)
	if string(sc.lastBody) != `{"login": "oct` {
		t.Errorf("body %s", sc.lastBody)
	}
	sc.srv.Fail("GET /user", Fault{Oversize: 1 << 20, Times: 1})
	if sc.want(200, "GET", "/user", nil); len(sc.lastBody) < 1<<20 {
		t.Errorf("body has %d bytes", len(sc.lastBody))
	}
	sc.srv.Fail("GET /user", Fault{Truncate: 10, Times: 1})
	if err := sc.try("GET", "/user", nil); err == nil {
		t.Error("a truncated body was read without an error")
	}
}

func TestBothBasePathsServeAndTheLogHasNoCredentials(t *testing.T) {
	sc := newScene(t, Options{EnterpriseVersion: "3.19.0"})
	sc.want(200, "GET", "/api/v3/orgs/acme", nil)
	var o struct{ URL string }
	sc.into(&o)
	if !strings.HasSuffix(o.URL, "/api/v3/orgs/acme") {
		t.Errorf("url %q", o.URL)
	}
	calls := sc.srv.Calls()
	last := calls[len(calls)-1]
	if last.Route != "GET /orgs/{org}" || last.Caller != "olga" || last.Header.Get("Authorization") != "" {
		t.Errorf("logged %+v", last)
	}
	if sc.srv.Counts()["GET /orgs/{org}"] != 1 || len(sc.srv.Writes()) != 0 {
		t.Errorf("counts %v, writes %v", sc.srv.Counts(), sc.srv.Writes())
	}
}

func TestAPathThatClimbsIsNotFound(t *testing.T) {
	sc := newScene(t, Options{})
	sc.want(404, "DELETE", "/orgs/acme/memberships/..%2f..%2fx", nil)
	sc.want(404, "GET", "/nowhere", nil)
	if !slices.Contains(Routes(), "DELETE /orgs/{org}/memberships/{username}") {
		t.Error("the route list is incomplete")
	}
}
