package githubtest

import (
	"strings"
	"testing"
	"time"
)

// indexQuery is what a client needs to know an organization at little cost.
const indexQuery = `query Index($org: String!, $teams: String, $repos: String, $logins: [String!]) {
  organization(login: $org) {
    databaseId
    membersWithRole(first: 100) { totalCount edges { role node { databaseId login } } pageInfo { hasNextPage endCursor } }
    pendingMembers(first: 10) { nodes { login } }
    teams(first: 50, after: $teams, userLogins: $logins, rootTeamsOnly: false) {
      pageInfo { hasNextPage endCursor }
      nodes { databaseId slug privacy parentTeam { slug } members(first: 100, membership: IMMEDIATE) { edges { role node { ...who } } } }
    }
    repositories(first: 50, after: $repos) {
      pageInfo { hasNextPage endCursor }
      nodes {
        databaseId name visibility isArchived
        direct: collaborators(first: 50, affiliation: DIRECT) { edges { permission node { ...who } } }
        deployKeys(first: 10) { nodes { title readOnly } }
        branchProtectionRules(first: 5) { nodes { pattern pushAllowances(first: 5) { nodes { actor { __typename ... on User { ...who } ... on Team { slug } } } } } }
        environments(first: 5) { nodes { name protectionRules(first: 3) { nodes { type reviewers(first: 6) { nodes { __typename ... on User { login } } } } } } }
      }
    }
  }
  rateLimit { cost remaining nodeCount limit used resetAt }
}
fragment who on User { databaseId login }`

// gql sends a query and returns the data and the messages of the errors.
func (sc *scene) gql(query string, vars obj) (obj, string) {
	sc.t.Helper()
	sc.want(200, "POST", "/graphql", obj{"query": query, "variables": vars})
	var out struct {
		Data   obj
		Errors []struct{ Message, Type string }
	}
	sc.into(&out)
	var errs []string
	for _, e := range out.Errors {
		errs = append(errs, strings.TrimSpace(e.Type+" "+e.Message))
	}
	return out.Data, strings.Join(errs, "; ")
}

// at follows a path of member names and indices through decoded JSON.
func at(v any, path ...any) any {
	for _, p := range path {
		switch k := p.(type) {
		case string:
			switch m := v.(type) {
			case obj:
				v = m[k]
			case map[string]any:
				v = m[k]
			default:
				return nil
			}
		case int:
			l, _ := v.([]any)
			if k >= len(l) {
				return nil
			}
			v = l[k]
		}
	}
	return v
}

func TestTheIndexQueryTellsTheStateAsItIs(t *testing.T) {
	sc := newScene(t, Options{})
	sc.web.AddKey("ci", sc.leaver, false)
	sc.web.Protect("main", Protection{Push: []*User{sc.leaver}, PushTeams: []*Team{sc.backend}})
	sc.web.AddEnvironment("production", []*User{sc.leaver})
	data, errs := sc.gql(indexQuery, obj{"org": "acme"})
	if errs != "" {
		t.Fatal(errs)
	}
	web := []any{"organization", "repositories", "nodes", 1}
	for _, c := range []struct {
		path []any
		want any
	}{
		{[]any{"organization", "membersWithRole", "edges", 0, "role"}, "ADMIN"},
		{[]any{"organization", "teams", "nodes", 1, "parentTeam", "slug"}, "platform"},
		{[]any{"organization", "teams", "nodes", 0, "members", "edges", 0}, nil},
		{[]any{"organization", "teams", "nodes", 1, "members", "edges", 0, "role"}, "MAINTAINER"},
		{append(web, "direct", "edges", 0, "permission"), "ADMIN"},
		{append(web, "direct", "edges", 0, "node", "login"), "lena"},
		{append(web, "deployKeys", "nodes", 0, "title"), "ci"},
		{append(web, "branchProtectionRules", "nodes", 0, "pushAllowances", "nodes", 0, "actor", "login"), "lena"},
		{append(web, "branchProtectionRules", "nodes", 0, "pushAllowances", "nodes", 1, "actor", "slug"), "backend"},
		{append(web, "environments", "nodes", 0, "protectionRules", "nodes", 0, "reviewers", "nodes", 0, "login"), "lena"},
	} {
		if got := at(data, c.path...); got != c.want {
			t.Errorf("%v: got %v, want %v", c.path, got, c.want)
		}
	}
	if cost := at(data, "rateLimit", "cost").(float64); cost < 2 || cost > 20 {
		t.Errorf("cost %v", cost)
	}
}

func TestTeamsOfAPersonIncludeParentsOfTheirTeams(t *testing.T) {
	sc := newScene(t, Options{})
	sc.org.AddTeam("Elsewhere", nil)
	data, errs := sc.gql(`{ organization(login: "acme") { teams(first: 10, userLogins: ["LENA"]) { totalCount nodes { slug } } } }`, nil)
	if errs != "" || at(data, "organization", "teams", "totalCount") != 2.0 {
		t.Errorf("%v %s", data, errs)
	}
}

func TestPagesOfAConnectionJoinWithoutGapOrRepetition(t *testing.T) {
	sc := newScene(t, Options{})
	for _, n := range []string{"A", "B", "C"} {
		sc.org.AddTeam(n, nil)
	}
	var seen []string
	var after any
	for range 5 {
		data, errs := sc.gql(`query($after: String) { organization(login: "acme") { teams(first: 2, after: $after) { nodes { slug } pageInfo { hasNextPage endCursor } } } }`, obj{"after": after})
		if errs != "" {
			t.Fatal(errs)
		}
		teams := at(data, "organization", "teams")
		for i := range 2 {
			if s, ok := at(teams, "nodes", i, "slug").(string); ok {
				seen = append(seen, s)
			}
		}
		if after = at(teams, "pageInfo", "endCursor"); at(teams, "pageInfo", "hasNextPage") != true {
			break
		}
	}
	if got := strings.Join(seen, " "); got != "platform backend a b c" {
		t.Errorf("pages gave %q", got)
	}
}

func TestQueriesThatGitHubRefusesAreRefused(t *testing.T) {
	sc := newScene(t, Options{})
	for query, want := range map[string]string{
		`{ organization(login: "acme") { nonsense } }`:                         "Field 'nonsense' doesn't exist on type 'Organization'",
		`{ organization(name: "acme") { login } }`:                             "doesn't accept argument 'name'",
		`{ organization(login: "acme") }`:                                      "must have selections",
		`{ organization(login: "acme") { login { x } } }`:                      "Selections can't be made on scalars",
		`{ organization(login: "acme") { teams { totalCount } } }`:             "You must provide a `first` or `last` value",
		`{ organization(login: "acme") { teams(first: 101) { totalCount } } }`: "exceeds the `first` limit of 100",
		`{ organization(login: "acme") { ...gone } }`:                          "used, but not defined",
		`{ organization(login: "acme") { login }`:                              "end of input",
		`query($o: String!) { organization(login: $o) { login } }`:             "Variable $o",
		`{ organization(login: "nowhere") { login } }`:                         "NOT_FOUND Could not resolve to an Organization",
		`mutation { x }`: "queries only",
		`{ o: organization(login: "acme") { repositories(first: 100) { nodes { collaborators(first: 100) { nodes { login } } environments(first: 100) { nodes { protectionRules(first: 100) { nodes { type } } } } } } } }`: "MAX_NODE_LIMIT_EXCEEDED",
	} {
		if _, errs := sc.gql(query, nil); !strings.Contains(errs, want) {
			t.Errorf("%s\n got %q\nwant %q", query, errs, want)
		}
	}
}

func TestGraphQLKeepsSecretsLikeRest(t *testing.T) {
	sc := newScene(t, Options{})
	data, errs := sc.as(sc.stander.Token("read:org", "repo")).gql(`{ organization(login: "acme") { repositories(first: 5) { totalCount nodes { name deployKeys(first: 1) { totalCount } } } } }`, nil)
	if repos := at(data, "organization", "repositories"); at(repos, "totalCount") != 1.0 || at(repos, "nodes", 0) != nil {
		t.Errorf("a member sees %v", data)
	}
	if !strings.Contains(errs, "FORBIDDEN") {
		t.Errorf("deploy keys of somebody else's repository: %q", errs)
	}
	if _, errs = sc.as(sc.stander.Token("repo")).gql(`{ organization(login: "acme") { teams(first: 1) { totalCount } } }`, nil); !strings.Contains(errs, "INSUFFICIENT_SCOPES") {
		t.Errorf("without read:org: %q", errs)
	}
	sc.org.SetSAML(SAMLEnforced)
	if data, errs = sc.as(sc.token).gql(`{ organization(login: "acme") { login } }`, nil); !strings.Contains(errs, "SAML") || at(data, "organization") != nil {
		t.Errorf("without single sign-on: %v %q", data, errs)
	}
}

func TestGraphQLPointsRunOutAndComeBack(t *testing.T) {
	sc := newScene(t, Options{GraphQLPoints: 2})
	q := `{ a: viewer { login } b: viewer @include(if: false) { login } rateLimit { remaining } }`
	data, _ := sc.gql(q, nil)
	if at(data, "a", "login") != "olga" || at(data, "b") != nil || at(data, "rateLimit", "remaining") != 1.0 {
		t.Errorf("data %v", data)
	}
	sc.gql(q, nil)
	if _, errs := sc.gql(q, nil); !strings.Contains(errs, "RATE_LIMITED") {
		t.Errorf("errors %q", errs)
	}
	sc.clock.Add(time.Hour)
	if _, errs := sc.gql(q, nil); errs != "" {
		t.Errorf("errors %q", errs)
	}
}

func TestGraphQLCanBeSwitchedOffAndServedUnderBothPaths(t *testing.T) {
	newScene(t, Options{NoGraphQL: true}).want(404, "POST", "/graphql", obj{"query": "{ viewer { login } }"})
	newScene(t, Options{}).want(200, "POST", "/api/graphql", obj{"query": "{ viewer { login } }"})
}
