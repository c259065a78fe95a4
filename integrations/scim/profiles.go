package scim

import (
	"time"

	"lastday"
)

// profiles is the table of what is known.
func profiles() []Profile {
	return []Profile{generic(), githubEMU(), slack(), atlassian(), zoom(), pagerduty(), datadog(), snowflake()}
}

const memberValue = "members.value eq %s"

// generic follows the standard, and promises nothing that the standard leaves
// open: RFC 7643 section 4.1.1 says of active that its meaning is the server's.
func generic() Profile {
	return Profile{
		Name: "generic", Title: "any SCIM 2.0 server",
		Pages:        []string{"https://www.rfc-editor.org/rfc/rfc7643#section-4.1.1", "https://www.rfc-editor.org/rfc/rfc7644#section-3.5.2"},
		Deactivation: "what the server makes of it; most refuse to sign in",
		Restore:      lastday.Restore{Fidelity: lastday.RestoreLossy, Note: "active is set again; what the server dropped meanwhile (sessions, tokens, licences) is not known"},
		Filters:      []string{"userName", "externalId", "emails.value", enterprise + ":employeeNumber"},
		MemberFilter: memberValue,
		Active:       []string{byPath, pathless, byPut},
		Members:      []string{byFilter, byPut},
		GroupsAre:    "whatever the server lets its groups do",
		Limits:       "unknown; 429 with Retry-After is waited for",
	}
}

// githubEMU: suspends, and replaces login and address with a hash. DELETE would
// be a hard deprovisioning, which is not undone. Its examples put changes of users
// without a path, and take members by a list of them.
func githubEMU() Profile {
	return Profile{
		Name: "github-emu", Title: "GitHub Enterprise Managed Users",
		Pages: []string{
			"https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/provisioning-user-accounts-with-scim/deprovisioning-and-reinstating-users",
			"https://docs.github.com/en/enterprise-cloud@latest/rest/enterprise-admin/scim",
		},
		Deactivation: "suspends the account; its login becomes a hash, and its address too unless Entra ID provisions",
		Scrambles:    true,
		Restore:      lastday.Restore{Fidelity: lastday.RestoreLossy, Note: "active:true lifts the suspension; login and address come back with the identity provider's next full update"},
		Filters:      []string{"userName", "externalId"},
		Active:       []string{pathless, byPath},
		Members:      []string{byArray},
		GroupsAre:    "identity provider groups, which teams are bound to",
		Settles:      time.Minute,
		Limits:       "those of the REST API",
		Remains: []remains{{
			"what the account made: deploy keys, webhooks, installed apps", "they belong to repositories and organizations and go on working",
			"look at them with an integration of each organization",
		}},
	}
}

// slack: DELETE and active:false both deactivate, with a delay. Members are taken
// by a list of them, as Slack's own SDK does. Limits are for the whole
// organization and all its SCIM apps.
func slack() Profile {
	return Profile{
		Name: "slack", Title: "Slack",
		Pages: []string{
			"https://docs.slack.dev/reference/scim-api", "https://docs.slack.dev/reference/scim-api/rate-limits",
			"https://github.com/slackapi/java-slack-sdk/blob/main/slack-api-client/src/test/java/test_with_remote_apis/scim2/ApiTest.java",
		},
		Deactivation: "deactivates the member; whether sessions end at once is not said",
		Restore:      lastday.Restore{Fidelity: lastday.RestoreLossy, Note: "the member is active again; guests' channels and what a person gave up meanwhile are not promised"},
		Filters:      []string{"userName", "emails.value"},
		Active:       []string{byPath, pathless},
		Members:      []string{byArray},
		GroupsAre:    "IDP groups, which channels and workspaces are bound to",
		Settles:      time.Minute,
		Limits:       "180 updates of users a minute (bursts of 20), 300 reads of one user, 1000 reads in all; counted for the whole organization",
		Remains: []remains{{
			"apps, bots and incoming webhooks that the member installed", "bot tokens and webhooks belong to the installation, not to the member",
			"look through the app management page for what they installed",
		}},
	}
}

// atlassian: filters know userName and externalId with eq alone. An account that
// was deactivated may be answered with 404 from then on.
func atlassian() Profile {
	return Profile{
		Name: "atlassian", Title: "Atlassian user provisioning",
		Pages: []string{
			"https://developer.atlassian.com/cloud/admin/user-provisioning/rest/api-group-users/",
			"https://support.atlassian.com/atlassian-cloud/kb/how-to-filter-users-in-provisioning-scim-using-rest-api",
		},
		Deactivation: "deactivates the managed account",
		Hides:        true,
		Restore:      lastday.Restore{Fidelity: lastday.RestoreLossy, Note: "active:true activates again, while the record is still linked; else an administrator does"},
		Filters:      []string{"userName", "externalId"},
		Active:       []string{byPath, pathless},
		Members:      []string{byFilter},
		GroupsAre:    "groups of the directory, synchronised to the sites",
		Settles:      5 * time.Minute,
		Limits:       "429 with Retry-After",
		Remains: []remains{{
			"API tokens of the account", "they stop working while it is deactivated, and work again once it is active",
			"revoke them in the administration of managed accounts",
		}},
	}
}

// zoom: PATCH of a user turns it on and off, and nothing else.
func zoom() Profile {
	return Profile{
		Name: "zoom", Title: "Zoom",
		Pages:        []string{"https://developers.zoom.us/docs/api/scim2/", "https://developers.zoom.us/docs/api/rate-limits/"},
		Deactivation: "deactivates the user",
		Restore:      lastday.Restore{Fidelity: lastday.RestoreLossy, Note: "the user is active again; whether the licence comes back depends on those that are free"},
		Filters:      []string{"userName"},
		Active:       []string{byPath, pathless},
		Members:      []string{byFilter},
		GroupsAre:    "groups, which settings are bound to",
		Settles:      time.Minute,
		Limits:       "by rate limit label of the plan",
		Remains: []remains{{
			"recordings, scheduled meetings and apps of the user", "they stay with the user",
			"hand them on in the user management",
		}},
	}
}

// pagerduty: there is no deactivation. active:false deletes the user. A user has
// exactly one role, which can be lowered without that, and one entitlement, which
// is their licence. Deleting is refused while
// an incident is assigned to the user and incidents are not reassigned.
func pagerduty() Profile {
	return Profile{
		Name: "pagerduty", Title: "PagerDuty",
		Pages: []string{
			"https://support.pagerduty.com/main/docs/assign-or-deactivate-users",
			"https://support.pagerduty.com/docs/scim-user-provisioning",
			"https://support.pagerduty.com/main/docs/okta",
		},
		Credential:   "Token token=",
		Deactivation: "deletes the user",
		Deletes:      true,
		Licences:     true,
		Restore:      lastday.Restore{Fidelity: lastday.RestoreNever, Note: "the user is deleted; provisioning again makes another with another id"},
		Filters:      []string{"userName"},
		Active:       []string{byPath},
		Members:      []string{byFilter},
		GroupsAre:    "teams",
		Roles: lastday.Ladder{
			{Name: "owner", Level: lastday.LevelAdmin},
			{Name: "admin", Level: lastday.LevelAdmin},
			{Name: "user", Level: lastday.LevelWrite},
			{Name: "limited_user", Level: lastday.LevelWrite},
			{Name: "observer", Level: lastday.LevelRead},
			{Name: "restricted_access", Level: lastday.LevelRead},
			{Name: "read_only_user", Level: lastday.LevelRead},
			{Name: "read_only_limited_user", Level: lastday.LevelSignIn},
		},
		Limits: "those of the REST API",
		Remains: []remains{{
			"schedules, escalation policies and open incidents that name the user", "deleting is refused, or leaves a hole in the rota",
			"replace the user there first",
		}},
	}
}

// datadog: a token is an application key; with the account that owns it the
// integration ends. Groups are filtered by their id and a member together, so
// that all have to be read. Roles are values of roles, by their ids.
func datadog() Profile {
	return Profile{
		Name: "datadog", Title: "Datadog",
		Pages:        []string{"https://docs.datadoghq.com/api/latest/scim/", "https://docs.datadoghq.com/account_management/scim/"},
		Deactivation: "disables the user",
		Restore:      lastday.Restore{Fidelity: lastday.RestoreLossy, Note: "the user is enabled again; application keys revoked meanwhile are not"},
		Filters:      []string{"userName"},
		Active:       []string{byPath, pathless},
		Members:      []string{byFilter},
		GroupsAre:    "managed teams",
		Settles:      time.Minute,
		Limits:       "by organization, told in X-RateLimit headers",
		Remains: []remains{{
			"API keys that the user knows", "they belong to the organization",
			"rotate those that the user could see",
		}},
	}
}

// snowflake: only eq and sw of one attribute are filters; lists without a filter
// were once a made-up example, which the canary shows. Groups are roles, and
// the grants of a role are given in SQL by anybody who may.
func snowflake() Profile {
	return Profile{
		Name: "snowflake", Title: "Snowflake",
		Pages: []string{
			"https://docs.snowflake.com/en/user-guide/scim-user-api-reference",
			"https://docs.snowflake.com/en/user-guide/scim-group-api-reference",
			"https://docs.snowflake.com/release-notes/bcr-bundles/2026_03/bcr-2276",
		},
		Deactivation: "disables the user; running queries are not said to end",
		Restore:      lastday.Restore{Fidelity: lastday.RestoreLossy, Note: "the user is enabled again; default role and warehouse are not promised"},
		Filters:      []string{"userName"},
		MadeUpLists:  true,
		Active:       []string{byPath, pathless},
		Members:      []string{byFilter},
		GroupsAre:    "roles that this integration owns; those given in SQL are not seen",
		Settles:      time.Minute,
		Limits:       "429 with Retry-After",
		Remains: []remains{{
			"roles, key pairs and programmatic tokens given in SQL; tasks and shares that the user owns", "SCIM shows only what it made",
			"look at SHOW GRANTS TO USER, and hand on what the user owns",
		}},
	}
}
