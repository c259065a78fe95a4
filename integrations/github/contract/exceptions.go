package main

// exceptions lists what GitHub does and does not describe. Each entry has to match a recorded call.
func exceptions() []exception {
	return []exception{
		{
			rule: ruleStatus, status: 403, detail: "Must have the",
			reason: "a token without the scope is refused on every route, described or not: https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps",
		},
		{
			route: "GET /app/installations", rule: ruleResponse, status: 200, detail: "/0/account/",
			reason: "the description asks for an account that is a user and an enterprise at once (allOf), on this route only; GET /app/installations/{installation_id} says either (anyOf)",
		},
		{
			route: "GET /users/{username}", rule: ruleResponse, status: 200, detail: `"suspended_at" is unsupported`,
			reason: "Enterprise Server tells administrators when an account was suspended: field SuspendedAt of User in https://pkg.go.dev/github.com/google/go-github/v60/github; the description leaves it out",
		},
	}
}
