package main

// exceptions lists what GitHub does and does not describe. Each entry has to match a recorded call.
func exceptions() []exception {
	all := []exception{
		{
			rule: ruleStatus, status: 403, detail: "Must have the",
			reason: "a token without the scope is refused on every route, described or not: https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps",
		},
		{
			route: "GET /app/installations", rule: ruleResponse, status: 200, detail: "/0/account/",
			reason: "the description asks for an account that is a user and an enterprise at once (allOf), on this route only; GET /app/installations/{installation_id} says either (anyOf)",
		},
		{
			route: "GET /user*", rule: ruleResponse, status: 200, detail: `"suspended_at" is unsupported`,
			reason: "Enterprise Server tells administrators when an account was suspended: field SuspendedAt of User in https://pkg.go.dev/github.com/google/go-github/v60/github; the description leaves it out",
		},
		{
			route: "GET /user", rule: ruleExtra, status: 200, detail: ".suspended_at",
			reason: "the same field, of the administrator's own account on an Enterprise Server",
		},
		{
			route: "GET /*", rule: ruleStatus, status: 304,
			reason: "every GET that sends If-None-Match may be answered so, described or not: https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate",
		},
		{
			route: "GET /users/{username}", rule: ruleStatus, status: 301,
			reason: "a renamed account redirects; any call may: https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects",
		},
		{
			route: "GET /orgs/{org}/team-sync/groups", rule: ruleStatus, status: 404,
			reason: "an organization without team synchronization has no such list; only 200 is described: https://docs.github.com/enterprise-cloud@latest/rest/teams/team-sync",
		},
		{
			rule: ruleExtra, detail: ".permissions.organization_codespaces",
			reason: "three permissions of apps whose names the description's schema of permissions leaves out: https://docs.github.com/rest/authentication/permissions-required-for-github-apps",
		},
		{
			rule: ruleExtra, detail: ".permissions.organization_dependabot_secrets",
			reason: "another such permission: https://docs.github.com/rest/authentication/permissions-required-for-github-apps#organization-permissions-for-organization-dependabot-secrets",
		},
	}
	return append(all, notOnServer()...)
}

// notOnServer are what Enterprise Server does not have: the driver asks all the same, is answered 404, and takes that for
// none only where its credential could see one.
func notOnServer() []exception {
	var all []exception
	for _, route := range []string{
		"GET /orgs/{org}/team-sync/groups", "GET /orgs/{org}/members/{username}/copilot", "GET /orgs/{org}/members/{username}/codespaces",
		"GET /orgs/{org}/codespaces/secrets", "GET /orgs/{org}/invitations", "GET /orgs/{org}/failed_invitations", "GET /orgs/{org}/credential-authorizations",
		"GET /enterprises/{enterprise}/enterprise-roles",
	} {
		all = append(all, exception{
			route: route, rule: rulePath, status: 404,
			reason: "Enterprise Server has no such endpoint: https://docs.github.com/enterprise-server@3.19/rest",
		})
	}
	return all
}
