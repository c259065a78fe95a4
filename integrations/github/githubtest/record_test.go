package githubtest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"flag"
	"strings"
	"testing"
	"time"
)

var recordDir = flag.String("record", "", "folder to record the calls of the coverage test to")

// estate is a scene with one of everything, and what is needed to name it.
type estate struct {
	*scene
	app, inst                                            int64
	key                                                  *rsa.PrivateKey
	instToken, entToken                                  string
	orgInv, repoInv, cred, cred2, pat, pat2, ask, ask2   int64
	role, entRole, orgHook, repoHook, runner, repoRunner int64
	deployKey, repoRules, orgRules                       int64
	scim, entSCIM, space, entTeam                        string
	ext, managed                                         *User
}

func newEstate(t *testing.T, opts Options) *estate {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	e := &estate{scene: newScene(t, opts), key: key}
	e.ext, e.managed = e.srv.AddUser("eve", "Eve External", "eve@contractor.example"), e.srv.AddUser("mia_acme-group", "Mia Managed", "mia@acme.example")
	e.people()
	e.things()
	e.guards()
	return e
}

func (e *estate) people() {
	ent := e.srv.AddEnterprise("acme-group", e.owner, e.org)
	e.entTeam = ent.AddTeam("Staff", []*User{e.managed}, e.org)
	e.entRole = ent.AddRole("billing reader", e.leaver)
	e.entSCIM, e.scim = ent.AddSCIM(e.managed), e.org.AddSCIM(e.leaver)
	e.org.Publicize(e.owner)
	e.orgInv = e.org.Invite(e.ext, "direct_member", e.leaver, e.backend)
	e.org.FailInvitation(e.org.InviteEmail("late@acme.example", "direct_member", e.leaver), "Invitation expired")
	e.repoInv = e.web.Invite(e.ext, "push", e.leaver)
	e.cred, e.cred2 = e.org.Authorize(e.leaverToken, "laptop"), e.org.AuthorizeKey(e.leaver, "lena@laptop")
	perms := map[string]string{"contents": "write", "members": "read"}
	e.pat, _ = e.org.FineGrainedToken(e.leaver, "scripts", perms, e.web)
	e.pat2, _ = e.org.FineGrainedToken(e.leaver, "reports", perms)
	e.ask, e.ask2 = e.org.AskForToken(e.leaver, "cleanup", "old branches", e.web), e.org.AskForToken(e.leaver, "export", "")
	e.role = e.org.AddRole("all_repo_read", "read", "Predefined")
	e.org.AssignRole(e.role, e.leaver)
	e.org.AssignRoleToTeam(e.org.AddRole("security_manager", "read", "Predefined"), e.platform)
	e.org.AddRole("auditor", "", "Organization")
	e.org.AddRepoRole("release-manager", "write")
	e.org.AddSeat(e.leaver, nil)
	e.org.AddSeat(e.stander, e.backend)
}

func (e *estate) things() {
	e.orgHook, e.repoHook = e.org.AddHook("https://lena.example/hook", e.leaver), e.web.AddHook("https://lena.example/web", e.leaver)
	e.runner, e.repoRunner = e.org.AddRunner("lena-desk", e.leaver), e.web.AddRunner("lena-lab", e.leaver)
	for _, kind := range []string{"actions", "dependabot", "codespaces"} {
		e.org.AddSecret(kind, "TOKEN")
	}
	e.web.AddSecret("DEPLOY")
	e.deployKey = e.web.AddKey("ci", e.leaver, true)
	e.space = e.web.AddCodespace(e.leaver)
	e.web.AddFork(e.leaver)
	e.web.SetFile(".github/CODEOWNERS", "* @lena\n/docs/ @nobody\n")
	perms := map[string]string{}
	for p := range strings.FieldsSeq(`members organization_administration organization_personal_access_tokens organization_personal_access_token_requests
		organization_custom_org_roles organization_custom_roles organization_hooks organization_self_hosted_runners organization_secrets
		organization_copilot_seat_management organization_user_blocking administration contents metadata actions secrets repository_hooks codespaces`) {
		perms[p] = "write"
	}
	e.app, e.inst = e.org.AddApp("orchestrator", &e.key.PublicKey, perms)
	e.instToken = e.srv.InstallationToken(e.inst)
	e.entToken = e.owner.Token("admin:enterprise", "scim:enterprise", "site_admin")
	e.owner.SetSiteAdmin()
}

func (e *estate) guards() {
	e.web.Protect("main", Protection{Push: []*User{e.leaver, e.stander}, PushTeams: []*Team{e.backend}, Dismissal: []*User{e.leaver}, Bypass: []*User{e.leaver}})
	e.repoRules, e.orgRules = e.web.AddRuleset("release", e.leaver), e.org.AddRuleset("no force pushes", e.leaver)
	e.web.AddEnvironment("production", []*User{e.leaver, e.stander}, e.backend)
	e.org.Block(e.srv.AddUser("spam-bot", "Spam Bot", ""))
	e.platform.SetExternalGroup("idp-platform")
	e.org.AddTeam("Synced", nil).SetSynced()
}

// jwt signs a token of the app that lives five minutes.
func (e *estate) jwt() string {
	part := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			e.t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	now := e.clock.Now()
	signed := part(obj{"alg": "RS256", "typ": "JWT"}) + "." + part(obj{"iss": itoa(e.app), "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()})
	sum := sha256.Sum256([]byte(signed))
	sig, err := rsa.SignPKCS1v15(rand.Reader, e.key, crypto.SHA256, sum[:])
	if err != nil {
		e.t.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(sig)
}

// step is one call of the coverage test.
type step struct {
	status int
	method string
	path   string
	body   any
}

func (e *estate) play(token string, steps []step) {
	e.t.Helper()
	for _, s := range steps {
		e.as(token).want(s.status, s.method, s.path, s.body)
	}
}

func TestRecordingCoversEveryEndpoint(t *testing.T) {
	e, ghes := newEstate(t, Options{}), newEstate(t, Options{EnterpriseVersion: "3.19.0"})
	ghes.play(ghes.entToken, []step{
		{200, "GET", "/api/v3/meta", nil},
		{200, "GET", "/api/v3/users/bo", nil},
		{204, "PUT", "/api/v3/users/bo/suspended", obj{"reason": "left"}},
		{200, "GET", "/api/v3/users/bo", nil},
		{204, "DELETE", "/api/v3/users/bo/suspended", nil},
	})
	e.play("", []step{{200, "GET", "/", nil}, {200, "GET", "/meta", nil}, {202, "POST", "/credentials/revoke", obj{"credentials": []string{"ghp_gone"}}}, {401, "GET", "/user", nil}})
	e.play(e.jwt(), e.appSteps())
	e.play(e.token, e.readSteps())
	e.play(e.entToken, e.enterpriseSteps())
	e.play(e.token, e.writeSteps())
	e.play(e.instToken, e.tokenSteps())
	e.play(e.token, e.lastSteps())
	e.play(e.ext.Token("repo", "read:org"), e.inviteeSteps())
	sc := e.scene.as(e.token)
	if _, errs := sc.gql(indexQuery, obj{"org": "acme", "logins": []string{"bo"}}); errs != "" {
		t.Error(errs)
	}
	for _, q := range moreQueries() {
		sc.gql(q, nil)
	}
	e.org.SetSAML(SAMLEnforced)
	e.org.AddSCIM(e.owner)
	e.org.Authorize(e.token, "orchestrator")
	sc.gql(`{ organization(login: "acme") { samlIdentityProvider { ssoUrl externalIdentities(first: 5) { nodes { guid user { login } samlIdentity { nameId username givenName familyName } } } } } }`, nil)
	counts := e.srv.Counts()
	for _, r := range Routes() {
		if counts[r]+ghes.srv.Counts()[r] == 0 {
			t.Errorf("never called: %s", r)
		}
	}
	if counts[""] != 0 {
		t.Errorf("%d calls went nowhere", counts[""])
	}
	if *recordDir != "" {
		for _, srv := range []*Server{e.srv, ghes.srv} {
			if err := srv.Record(*recordDir); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// moreQueries cover what the index query leaves out; the last one is refused on both sides.
func moreQueries() []string {
	return []string{
		`{ viewer { id login name email isSiteAdmin } user(login: "lena") { databaseId } repository(owner: "acme", name: "web") { id nameWithOwner isPrivate isFork isInOrganization owner { login id } } }`,
		`{ organization(login: "acme") { id name viewerCanAdminister team(slug: "backend") { id name combinedSlug organization { login } repositories(first: 5) { edges { permission node { name } } } }
		repository(name: "web") { name rulesets(first: 5) { nodes { databaseId name enforcement target } }
		branchProtectionRules(first: 5) { nodes { restrictsPushes requiresApprovingReviews restrictsReviewDismissals reviewDismissalAllowances(first: 5) { nodes { actor { ... on User { login } } } } bypassPullRequestAllowances(first: 5) { nodes { actor { ... on User { login } } } } } } }
		rulesets(first: 3) { totalCount } teams(first: 5, rootTeamsOnly: true) { edges { cursor node { slug childTeams(first: 5) { nodes { slug } } } } pageInfo { hasPreviousPage startCursor } } samlIdentityProvider { id } } }`,
		`{ organization(login: "acme") { nonsense } }`,
	}
}

func (e *estate) appSteps() []step {
	at := "/app/installations/" + itoa(e.inst)
	return []step{
		{200, "GET", "/app", nil},
		{200, "GET", "/app/installations", nil},
		{200, "GET", at, nil},
		{200, "GET", "/orgs/acme/installation", nil},
		{201, "POST", at + "/access_tokens", obj{"permissions": obj{"members": "read"}}},
		{204, "PUT", at + "/suspended", nil},
		{204, "DELETE", at + "/suspended", nil},
	}
}

// group is the number of the only group of the identity provider.
func (e *estate) group() int64 {
	for id := range e.srv.w.Orgs["acme"].Groups {
		return id
	}
	return 0
}

func (e *estate) readSteps() []step {
	var out []step
	for path := range strings.FieldsSeq(`/rate_limit /user /user/orgs /user/memberships/orgs /user/teams /user/repository_invitations /organizations /users/lena
		/orgs/acme /orgs/acme/members?role=admin&filter=all&per_page=2 /orgs/acme/public_members /orgs/acme/memberships/lena /orgs/acme/memberships/eve
		/orgs/acme/memberships/mia_acme-group /orgs/acme/outside_collaborators /orgs/acme/invitations /orgs/acme/failed_invitations
		/orgs/acme/repos?type=all&sort=full_name&direction=desc /orgs/acme/installations /orgs/acme/teams /orgs/acme/teams/backend
		/orgs/acme/teams/platform/teams /orgs/acme/teams/backend/members?role=maintainer /orgs/acme/teams/backend/memberships/lena
		/orgs/acme/teams/backend/memberships/eve /orgs/acme/teams/backend/invitations /orgs/acme/teams/backend/repos
		/orgs/acme/teams/platform/external-groups /orgs/acme/teams/synced/team-sync/group-mappings /orgs/acme/team-sync/groups /orgs/acme/external-groups
		/repos/acme/web /repos/acme/web/collaborators?affiliation=direct&permission=pull /repos/acme/web/collaborators/lena/permission
		/repos/acme/web/invitations /repos/acme/api/teams /repos/acme/web/forks /repos/acme/web/branches?protected=true
		/repos/acme/web/branches/main/protection /repos/acme/web/branches/main/protection/required_pull_request_reviews
		/repos/acme/web/branches/main/protection/restrictions/users /repos/acme/web/contents/.github/CODEOWNERS /repos/acme/web/codeowners/errors
		/repos/acme/web/keys /repos/acme/web/hooks /repos/acme/web/actions/runners /repos/acme/web/actions/secrets /repos/acme/web/environments
		/repos/acme/web/environments/production /repos/acme/web/rulesets?includes_parents=true /orgs/acme/rulesets /orgs/acme/hooks /orgs/acme/actions/runners
		/orgs/acme/actions/secrets /orgs/acme/dependabot/secrets /orgs/acme/codespaces/secrets /orgs/acme/credential-authorizations?login=lena
		/orgs/acme/organization-roles /orgs/acme/custom-repository-roles /orgs/acme/security-managers /orgs/acme/copilot/billing
		/orgs/acme/copilot/billing/seats /orgs/acme/members/lena/copilot /orgs/acme/members/lena/codespaces /orgs/acme/blocks
		/scim/v2/organizations/acme/Users?count=5&startIndex=1&filter=userName%20eq%20%22lena%22`) {
		out = append(out, step{200, "GET", path, nil})
	}
	for path, id := range map[string]int64{
		"/user/": e.leaver.ID(), "/repos/acme/web/keys/": e.deployKey, "/repos/acme/web/hooks/": e.repoHook, "/repos/acme/web/actions/runners/": e.repoRunner,
		"/repos/acme/web/rulesets/": e.repoRules, "/orgs/acme/rulesets/": e.orgRules, "/orgs/acme/hooks/": e.orgHook, "/orgs/acme/actions/runners/": e.runner,
		"/orgs/acme/organization-roles/": e.role, "/orgs/acme/external-group/": e.group(),
	} {
		out = append(out, step{200, "GET", path + itoa(id), nil})
	}
	role, inv := "/orgs/acme/organization-roles/"+itoa(e.role), "/orgs/acme/invitations/"+itoa(e.orgInv)
	return append(out, step{200, "GET", role + "/users", nil}, step{200, "GET", role + "/teams", nil}, step{200, "GET", inv + "/teams", nil},
		step{200, "GET", "/scim/v2/organizations/acme/Users/" + e.scim, nil}, step{204, "GET", "/orgs/acme/members/lena", nil}, step{404, "GET", "/orgs/acme/members/eve", nil},
		step{204, "GET", "/orgs/acme/public_members/olga", nil}, step{204, "GET", "/orgs/acme/teams/platform/repos/acme/api", nil},
		step{204, "GET", "/repos/acme/web/collaborators/lena", nil}, step{204, "GET", "/orgs/acme/blocks/spam-bot", nil}, step{404, "GET", "/repos/acme/none", nil})
}

func (e *estate) enterpriseSteps() []step {
	const ent = "/enterprises/acme-group"
	roles, team, scim := ent+"/enterprise-roles/", ent+"/teams/"+e.entTeam+"/memberships", "/scim/v2/enterprises/acme-group/Users"
	off := obj{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": []any{obj{"op": "replace", "path": "active", "value": "false"}}}
	id := itoa(e.entRole)
	return []step{
		{200, "GET", ent + "/enterprise-roles", nil},
		{200, "GET", roles + id + "/users", nil},
		{204, "PUT", roles + "users/bo/" + id, nil},
		{204, "DELETE", roles + "users/bo/" + id, nil},
		{204, "DELETE", roles + "users/lena", nil},
		{200, "GET", ent + "/teams", nil},
		{200, "GET", team, nil},
		{201, "PUT", team + "/bo", nil},
		{200, "GET", team + "/bo", nil},
		{204, "DELETE", team + "/bo", nil},
		{202, "POST", ent + "/credential-authorizations/bo/revoke", obj{"revoke_credentials": false}},
		{200, "GET", scim, nil},
		{200, "GET", scim + "/" + e.entSCIM, nil},
		{200, "PATCH", scim + "/" + e.entSCIM, off},
		{204, "DELETE", scim + "/" + e.entSCIM, nil},
	}
}

func (e *estate) writeSteps() []step {
	const repo, guard, roles = "/repos/acme/web", "/repos/acme/web/branches/main/protection", "/orgs/acme/organization-roles"
	bo, role := obj{"users": []string{"bo"}}, itoa(e.role)
	active, seats := obj{"active": false}, obj{"selected_usernames": []string{"lena"}}
	return []step{
		{200, "PUT", "/orgs/acme/memberships/bo", obj{"role": "member"}},
		{201, "POST", "/orgs/acme/invitations", obj{"email": "x@acme.example", "role": "direct_member"}},
		{200, "PUT", "/orgs/acme/teams/backend/memberships/lena", obj{"role": "member"}},
		{204, "DELETE", "/orgs/acme/teams/backend/memberships/lena", nil},
		{403, "DELETE", "/orgs/acme/teams/platform/memberships/lena", nil},
		{204, "PUT", "/orgs/acme/teams/backend/repos/acme/web", obj{"permission": "pull"}},
		{204, "DELETE", "/orgs/acme/teams/backend/repos/acme/web", nil},
		{204, "PUT", repo + "/collaborators/lena", obj{"permission": "pull"}},
		{201, "PUT", repo + "/collaborators/spam-bot", obj{"permission": "pull"}},
		{200, "PATCH", repo + "/invitations/" + itoa(e.repoInv), obj{"permissions": "read"}},
		{204, "DELETE", repo + "/invitations/" + itoa(e.repoInv), nil},
		{204, "DELETE", repo + "/collaborators/lena", nil},
		{201, "POST", repo + "/keys", obj{"title": "again", "key": "ssh-ed25519 AAAAC3Nza", "read_only": true}},
		{204, "DELETE", repo + "/keys/" + itoa(e.deployKey), nil},
		{200, "PATCH", repo + "/hooks/" + itoa(e.repoHook), active},
		{204, "DELETE", repo + "/hooks/" + itoa(e.repoHook), nil},
		{200, "PATCH", "/orgs/acme/hooks/" + itoa(e.orgHook), active},
		{204, "DELETE", "/orgs/acme/hooks/" + itoa(e.orgHook), nil},
		{204, "DELETE", repo + "/actions/runners/" + itoa(e.repoRunner), nil},
		{204, "DELETE", "/orgs/acme/actions/runners/" + itoa(e.runner), nil},
		{200, "POST", guard + "/restrictions/users", bo},
		{200, "PUT", guard + "/restrictions/users", bo},
		{200, "DELETE", guard + "/restrictions/users", bo},
		{200, "PATCH", guard + "/required_pull_request_reviews", obj{"dismissal_restrictions": bo, "bypass_pull_request_allowances": obj{"users": []string{}}}},
		{200, "PUT", repo + "/rulesets/" + itoa(e.repoRules), obj{"bypass_actors": []any{}}},
		{200, "PUT", "/orgs/acme/rulesets/" + itoa(e.orgRules), obj{"bypass_actors": []any{}}},
		{200, "PUT", repo + "/environments/production", obj{"wait_timer": 5, "reviewers": []any{obj{"type": "User", "id": e.stander.ID()}}}},
		{204, "PUT", roles + "/users/bo/" + role, nil},
		{204, "DELETE", roles + "/users/bo/" + role, nil},
		{204, "DELETE", roles + "/users/lena", nil},
		{204, "PUT", roles + "/teams/backend/" + role, nil},
		{204, "DELETE", roles + "/teams/backend/" + role, nil},
		{204, "DELETE", roles + "/teams/platform", nil},
		{200, "DELETE", "/orgs/acme/copilot/billing/selected_users", seats},
		{201, "POST", "/orgs/acme/copilot/billing/selected_users", seats},
		{200, "POST", "/orgs/acme/members/lena/codespaces/" + e.space + "/stop", nil},
		{202, "DELETE", "/orgs/acme/members/lena/codespaces/" + e.space, nil},
		{204, "DELETE", "/orgs/acme/codespaces/access/selected_users", seats},
		{204, "POST", "/orgs/acme/codespaces/access/selected_users", seats},
		{204, "DELETE", "/orgs/acme/credential-authorizations/" + itoa(e.cred), nil},
		{202, "POST", "/orgs/acme/credential-authorizations/lena/revoke", nil},
		{202, "POST", "/orgs/acme/credential-authorizations/lena/revoke-credential-type", obj{"credential_type": "ssh_key"}},
	}
}

func (e *estate) tokenSteps() []step {
	const pats, asks = "/orgs/acme/personal-access-tokens", "/orgs/acme/personal-access-token-requests"
	return []step{
		{200, "GET", "/installation/repositories", nil},
		{200, "GET", pats + "?owner[]=lena", nil},
		{200, "GET", pats + "/" + itoa(e.pat) + "/repositories", nil},
		{204, "POST", pats + "/" + itoa(e.pat), obj{"action": "revoke"}},
		{202, "POST", pats, obj{"action": "revoke", "pat_ids": []int64{e.pat2}}},
		{200, "GET", asks, nil},
		{200, "GET", asks + "/" + itoa(e.ask) + "/repositories", nil},
		{204, "POST", asks + "/" + itoa(e.ask), obj{"action": "deny", "reason": "leaving"}},
		{202, "POST", asks, obj{"action": "deny", "pat_request_ids": []int64{e.ask2}}},
	}
}

// lastSteps end memberships and look at what the audit log says.
func (e *estate) lastSteps() []step {
	off := obj{"Operations": []any{obj{"op": "replace", "value": obj{"active": false}}}}
	person := obj{"userName": "nia", "name": obj{"givenName": "Nia", "familyName": "New"}, "emails": []any{obj{"value": "nia@acme.example", "primary": true, "type": "work"}}}
	const scim = "/scim/v2/organizations/acme/Users"
	e.org.AddMember(e.srv.AddUser("tom", "Tom Temp", "tom@acme.example"), "member")
	bo, other := e.org.AddSCIM(e.stander), e.org.AddSCIM(e.ext)
	return []step{
		{201, "POST", scim, person},
		{200, "PUT", scim + "/" + bo, obj{"userName": "bo", "name": obj{"givenName": "Bo", "familyName": "B"}, "emails": []any{obj{"value": "bo@acme.example"}}}},
		{204, "PUT", "/orgs/acme/outside_collaborators/bo", obj{"async": false}},
		{204, "DELETE", "/orgs/acme/outside_collaborators/bo", nil},
		{200, "PATCH", scim + "/" + e.scim, off},
		{204, "DELETE", scim + "/" + other, nil},
		{404, "GET", scim + "/" + other, nil},
		{204, "PUT", "/orgs/acme/blocks/lena", nil},
		{204, "DELETE", "/orgs/acme/blocks/lena", nil},
		{200, "PUT", "/orgs/acme/memberships/bo", obj{"role": "member"}},
		{204, "DELETE", "/orgs/acme/memberships/bo", nil},
		{204, "DELETE", "/orgs/acme/members/tom", nil},
		{403, "DELETE", "/orgs/acme/members/olga", nil},
		{201, "PUT", "/repos/acme/api/collaborators/eve", obj{"permission": "pull"}},
		{200, "GET", "/orgs/acme/audit-log?phrase=action:org.remove_member&per_page=1&order=desc", nil},
	}
}

// inviteeSteps are what the invited person does. The other invitation is cancelled at the end.
func (e *estate) inviteeSteps() []step {
	var id int64
	e.srv.change(func(w *world) {
		for _, i := range w.org("acme").Repos[e.api.ID()].Invitations {
			id = i.ID
		}
	})
	last := e.org.InviteEmail("y@acme.example", "direct_member", e.owner)
	e.as(e.token).want(204, "DELETE", "/orgs/acme/invitations/"+itoa(last), nil)
	return []step{
		{204, "PATCH", "/user/repository_invitations/" + itoa(id), nil},
		{200, "PATCH", "/user/memberships/orgs/acme", obj{"state": "active"}},
		{403, "GET", "/orgs/acme/invitations", nil},
	}
}
