package main

// exceptions lists what GitHub does and does not describe. Each entry has to match a recorded call.
func exceptions() []exception {
	return []exception{
		{
			rule: ruleStatus, status: 403, detail: "Must have the",
			reason: "a token without the scope is refused on every route, described or not: https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps",
		},
	}
}
