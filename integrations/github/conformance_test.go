package github

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/github/githubtest"
	"lastday/integrations/integrationtest"
)

func TestConformance(t *testing.T) {
	for name, tune := range map[string]func(*Config){"by GraphQL": func(*Config) {}, "by REST": byREST} {
		t.Run(name, func(t *testing.T) {
			integrationtest.Run(t, integrationtest.Harness{
				Description: description(),
				Open:        func(t integrationtest.T) integrationtest.World { return openWorld(t, tune) },
				Absent: map[string]string{
					kindInvite:    "a member has no invitation to the organization; find_test.go has them",
					kindEntTeam:   "only an enterprise owner's token can take it; enterprise_test.go does",
					kindEntRole:   "only an enterprise owner's token can take it; enterprise_test.go does",
					kindManaged:   "only in enterprises with managed users; enterprise_test.go has one",
					kindAccount:   "only on GitHub Enterprise Server; enterprise_test.go has one",
					kindUnblocked: "only with block: true; enterprise_test.go has it",
				},
				Implies: map[string][]string{
					kindMember: {kindTeam, kindRepo, kindOrgRole, kindToken, kindTokenRequest, kindCopilot, kindBase},
				},
			})
		})
	}
}

// farSide is the conformance suite's view of a githubtest server.
type farSide struct {
	server *githubtest.Server
	url    string
	root   string // a token of another owner, for what somebody else does
	leaver int64
	clock  *clock
	other  *githubtest.User // the bystander
	words  map[string]integrationtest.Entry

	mu       sync.Mutex
	vanished bool
}

func openWorld(t integrationtest.T, tune func(*Config)) integrationtest.World {
	t.Helper()
	clock := &clock{at: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}
	f := &farSide{server: githubtest.New(githubtest.Options{Clock: clock.now, AsyncRequests: 1, DropResponseBodies: *record == ""}), words: map[string]integrationtest.Entry{}, clock: clock}
	recordTo(t, f.server)
	f.url = f.server.Start()
	t.Cleanup(f.server.Close)
	root := f.server.AddUser("root", "Root Owner", "root@acme.example")
	f.root = root.Token("admin:org", "repo", "manage_billing:copilot")
	org := f.server.AddOrg("acme", "Acme", root)
	leaver := f.server.AddUser("bob", "Bob Martin", "bob@acme.example")
	f.leaver, f.other = leaver.ID(), f.server.AddUser("ann", "Ann Lee", "ann@acme.example")
	f.furnish(org, leaver)
	key, pemText := sharedKey()
	app, installation := org.AddApp("lastday", &key.PublicKey, allPermissions())
	cfg := Config{Org: "acme", URL: f.url + "/", Batch: 1, App: &App{ID: itoa(app), Installation: installation, Key: "env:KEY"}}
	tune(&cfg)
	var log bytes.Buffer
	driver, err := open(context.WithoutCancel(t.Context()), cfg, integrations.Deps{
		System: "gh", Log: slog.New(slog.NewTextHandler(&log, nil)), Now: clock.now,
		Secret: func(context.Context, string) (string, error) { return pemText, nil },
	})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	person := func(u *githubtest.User, name, email string) lastday.Person {
		return lastday.Person{Key: "p-" + itoa(u.ID()), Name: name, Emails: []string{email}, Links: []lastday.Link{{System: "gh", ID: itoa(u.ID())}}}
	}
	return integrationtest.World{
		System: "gh", Driver: driver, Far: f, Secrets: []string{pemText, "ghs_"}, Logs: log.String, Now: clock.now,
		Leaver: person(leaver, "Bob Martin", "bob@acme.example"), LeaverID: itoa(leaver.ID()),
		Bystander: person(f.other, "Ann Lee", "ann@acme.example"), BystanderID: itoa(f.other.ID()),
		Stranger: lastday.Person{Key: "p-stranger", Name: "Nobody Here", Emails: []string{"nobody@acme.example"}},
		LastOwner: func() integrationtest.Entry {
			f.call(t, http.MethodPut, "/orgs/acme/memberships/bob", `{"role":"admin"}`)
			f.call(t, http.MethodPut, "/orgs/acme/memberships/root", `{"role":"member"}`)
			return integrationtest.Entry{Kind: kindMember, Resource: "acme", Rung: rungOwner}
		},
	}
}

// furnish gives the leaver something of every kind, and says how the far side
// speaks of it.
func (f *farSide) furnish(org *githubtest.Org, u *githubtest.User) {
	org.SetSAML("enforced")
	org.AddMember(u, "member")
	org.AddMember(f.other, "member")
	team, web, infra := org.AddTeam("Core", nil), org.AddRepo("web", "private"), org.AddRepo("infra", "private")
	team.Add(u, "maintainer")
	team.Add(f.other, "maintainer")
	team.Grant(web, "push")
	web.AddCollaborator(u, "admin")
	infra.AddCollaborator(u, "push")
	web.AddCollaborator(f.other, "admin")
	root := f.server.User("root")
	f.know("organization acme", kindMember, "acme", "", false)
	f.know("team core", kindTeam, itoa(team.ID()), "", false)
	f.know("repository web: * (direct)", kindRepo, itoa(web.ID()), "", false)
	f.know("repository infra: * (direct)", kindRepo, itoa(infra.ID()), "", true)
	f.know("repository web: read (base permission)", kindBase, "acme", "read", false)
	token := u.Token("repo")
	f.know("authorized credential personal access token laptop", kindCredential, itoa(org.Authorize(token, "laptop")), rungHeld, false)
	pat, _ := org.FineGrainedToken(u, "ci", map[string]string{"contents": "write"}, web)
	f.know("fine-grained token ci", kindToken, itoa(pat), rungHeld, false)
	f.know("fine-grained token request nightly", kindTokenRequest, itoa(org.AskForToken(u, "nightly", "", web)), rungHeld, false)
	f.know("invitation sent acme", kindSent, "org-"+itoa(org.InviteEmail("friend@acme.example", "direct_member", u)), rungHeld, false)
	f.know("pending repository invitation docs", kindRepoInvite, itoa(org.AddRepo("docs", "private").Invite(u, "push", root)), "", false)
	role := org.AddRole("ci_admin", "", "Predefined")
	org.AssignRole(role, u)
	f.know("organization role ci_admin", kindOrgRole, itoa(role), rungHeld, false)
	f.know("ruleset bypass web main", kindRuleset, itoa(web.AddRuleset("main", u, root)), rungHeld, false)
	web.Protect("main", githubtest.Protection{Push: []*githubtest.User{u, root}, Dismissal: []*githubtest.User{u, root}})
	f.know("push restriction web main", kindProtection, itoa(web.ID())+"/main", rungHeld, false)
	web.AddEnvironment("production", []*githubtest.User{u, root})
	f.know("environment reviewer web production", kindEnvironment, itoa(web.ID())+"/production", rungHeld, false)
	f.know("deploy key web old", kindDeployKey, itoa(web.AddKey("old", u, false)), "read-write", false)
	name := web.AddCodespace(u)
	f.know("codespaces billing acme", kindSpacePay, "acme", rungHeld, false)
	f.know("codespace "+name, kindCodespace, "", "", false)
	org.AddSeat(u, nil)
	f.know("Copilot seat acme: active", kindCopilot, "acme", "seat", false)
}

// know says what an entry of the server means in the driver's words. An empty
// rung is read from the entry.
func (f *farSide) know(words, kind, resource, rung string, later bool) {
	f.words[words] = integrationtest.Entry{
		Kind: kind, Resource: resource, Rung: rung, Later: later,
		Pending: kind == kindSent || kind == kindTokenRequest || kind == kindRepoInvite,
	}
}

func (f *farSide) Access(account string) []integrationtest.Entry {
	f.mu.Lock()
	defer f.mu.Unlock()
	if account != itoa(f.leaver) || f.vanished {
		return nil
	}
	var out []integrationtest.Entry
	seen := map[string]bool{}
	for _, e := range f.server.Access(f.leaver) {
		if known, ok := f.meaning(e); ok && !seen[known.Kind+known.Resource] {
			seen[known.Kind+known.Resource] = true
			out = append(out, known)
		}
	}
	return out
}

func (f *farSide) meaning(e githubtest.Entry) (integrationtest.Entry, bool) {
	text := strings.TrimPrefix(e.String(), "acme: ")
	for words, known := range f.words {
		front, back, starred := strings.Cut(words, "*")
		if !strings.HasPrefix(text, front) || starred && !strings.HasSuffix(text, back) {
			continue
		}
		if known.Rung == "" {
			known.Rung = map[string]string{"owner": rungOwner, "Available": "running", "Shutdown": "stopped"}[e.Level]
			if known.Rung == "" {
				known.Rung = e.Level
			}
		}
		if known.Kind == kindCodespace {
			known.Resource = f.codespaceID(e.Resource)
		}
		return known, true
	}
	return integrationtest.Entry{}, false
}

// codespaceID is the id that the name of a generated codespace ends with.
func (f *farSide) codespaceID(name string) string {
	var id int64
	if _, err := fmt.Sscanf(name[strings.LastIndex(name, "-")+1:], "%x", &id); err != nil {
		return name
	}
	return itoa(id)
}

func (f *farSide) Snapshot() map[string]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := map[string]string{}
	for id, entries := range f.server.Snapshot() {
		var lines []string
		for _, e := range entries {
			if !strings.Contains(e.Kind, "invitation sent") || id == f.leaver { // whoever sent it has no less
				lines = append(lines, e.String())
			}
		}
		out[itoa(id)] = strings.Join(lines, "\n")
	}
	return out
}

// call is what somebody else does, by the server's own interface.
func (f *farSide) call(t integrationtest.T, method, path, body string) {
	t.Helper()
	if status := f.send(method, path, body); status >= 300 {
		t.Fatalf("somebody else: %s %s: %d", method, path, status)
	}
}

func (f *farSide) send(method, path, body string) int {
	f.server.Org("acme").SetSAML("")
	defer f.server.Org("acme").SetSAML("enforced")
	req, err := http.NewRequest(method, f.url+path, strings.NewReader(body))
	if err != nil {
		return 0
	}
	req.Header.Set("Authorization", "Bearer "+f.root)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

func (f *farSide) Put(_ string, e integrationtest.Entry) {
	gone := e.Rung == lastday.None
	repo := map[bool]string{true: "infra", false: "web"}[e.Resource == f.words["repository infra: * (direct)"].Resource]
	where := map[string]string{
		kindMember: "/orgs/acme/memberships/bob", kindTeam: "/orgs/acme/teams/core/memberships/bob", kindRepo: "/repos/acme/" + repo + "/collaborators/bob",
		kindRepoInvite: "/repos/acme/docs/invitations/" + e.Resource,
	}[e.Kind]
	switch {
	case e.Kind == kindCodespace:
		f.dropCodespace()
	case gone:
		f.send(http.MethodDelete, where, "")
	case e.Kind == kindRepo:
		f.send(http.MethodPut, where, `{"permission":"`+asked(e.Rung)+`"}`)
	default:
		f.send(http.MethodPut, where, `{"role":"`+e.Rung+`"}`)
	}
}

func (f *farSide) dropCodespace() {
	for _, e := range f.server.Access(f.leaver) {
		if e.Kind == "codespace" {
			f.send(http.MethodDelete, "/orgs/acme/members/bob/codespaces/"+e.Resource, "")
		}
	}
	f.server.Settle()
}

// Vanish makes the account one that GitHub no longer knows: asking for its id
// or its login is answered with 404.
func (f *farSide) Vanish(account string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.vanished = account == itoa(f.leaver)
	f.clock.skip(time.Minute) // past the driver's short memory of logins
	f.server.Fail("GET /user/"+account, githubtest.Fault{Blind: true})
	f.server.Fail("* /orgs/*/memberships/bob", githubtest.Fault{Blind: true})
}

func (f *farSide) Break(fault integrationtest.Fault) {
	all := func(x githubtest.Fault) { f.server.Fail("* /**", x) }
	switch fault {
	case integrationtest.Blind:
		all(githubtest.Fault{Blind: true})
	case integrationtest.RateLimited:
		all(githubtest.Fault{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"17"}}})
	case integrationtest.Broken:
		all(githubtest.Fault{Status: http.StatusInternalServerError})
	case integrationtest.Unauthorized:
		all(githubtest.Fault{Status: http.StatusUnauthorized, Body: `{"message":"Bad credentials"}`})
	case integrationtest.Forbidden:
		all(githubtest.Fault{Status: http.StatusForbidden, Body: `{"message":"Resource not accessible by integration"}`})
	case integrationtest.Malformed:
		all(githubtest.Fault{Status: http.StatusOK, Body: `{"id": 1, "login": "bo`})
	case integrationtest.Oversized:
		all(githubtest.Fault{Status: http.StatusOK, Body: "[" + strings.Repeat(" ", 33<<20) + "]"})
	case integrationtest.LostWrite:
		for _, pattern := range []string{"DELETE /**", "PUT /**", "PATCH /**", "POST /orgs/**", "POST /repos/**"} {
			f.server.Fail(pattern, githubtest.Fault{DropAfterWrite: true})
		}
	case integrationtest.WrongUser:
		wrong := `{"id":` + itoa(f.other.ID()) + `,"login":"ann"}`
		f.server.Fail("GET /user/*", githubtest.Fault{Body: wrong})
		f.server.Fail("GET /orgs/*/memberships/bob", githubtest.Fault{Status: http.StatusOK, Body: `{"state":"active","role":"member","user":` + wrong + `}`})
	}
}

func (f *farSide) Mend() { f.server.ClearFaults() }

// Writes counts what the driver sent: its caller is the app.
func (f *farSide) Writes() int {
	n := 0
	for _, c := range f.server.Writes() {
		if c.Caller == "lastday[bot]" && !strings.Contains(c.Path, "access_tokens") {
			n++
		}
	}
	return n
}
