package okta

import (
	"time"

	"lastday"
	"lastday/integrations"
)

// The kinds of grant in the order in which they are taken: what works without
// signing in first, then the way in, then what is open, then what is held.
const (
	kindToken   = "api_token"
	kindRole    = "admin_role"
	kindSignIn  = "sign_in"
	kindSession = "session"
	kindLink    = "identity_link"
	kindRefresh = "oauth_token"
	kindConsent = "oauth_grant"
	kindApp     = "app"
	kindGroup   = "group"
	kindFactor  = "factor"
	kindAccount = "account"
)

// The rungs that are not called after an admin role or a status.
const (
	rungHeld     = "held"
	rungActive   = "active"
	rungOpen     = "open"
	rungLinked   = "linked"
	rungAssigned = "assigned"
	rungMember   = "member"
	rungEnrolled = "enrolled"
	rungEnabled  = "enabled"
)

func one(name string, level lastday.Level) lastday.Ladder {
	return lastday.Ladder{{Name: name, Level: level}}
}

// roleLevels are the standard roles. Who resets passwords or factors, or puts
// people into groups, can act as somebody else: admin. A custom role, and one
// that we do not know, is admin too.
// https://help.okta.com/en-us/content/topics/security/administrators-admin-comparison.htm
func roleLevels() lastday.Ladder {
	return lastday.Ladder{
		{Name: "SUPER_ADMIN", Level: lastday.LevelAdmin},
		{Name: "ORG_ADMIN", Level: lastday.LevelAdmin},
		{Name: "APP_ADMIN", Level: lastday.LevelAdmin},
		{Name: "USER_ADMIN", Level: lastday.LevelAdmin},
		{Name: "GROUP_MEMBERSHIP_ADMIN", Level: lastday.LevelAdmin},
		{Name: "HELP_DESK_ADMIN", Level: lastday.LevelAdmin},
		{Name: "API_ADMIN", Level: lastday.LevelAdmin},
		{Name: "API_ACCESS_MANAGEMENT_ADMIN", Level: lastday.LevelAdmin},
		{Name: roleCustom, Level: lastday.LevelAdmin},
		{Name: roleOther, Level: lastday.LevelAdmin},
		{Name: "MOBILE_ADMIN", Level: lastday.LevelWrite},
		{Name: "READ_ONLY_ADMIN", Level: lastday.LevelRead},
		{Name: "REPORT_ADMIN", Level: lastday.LevelRead},
	}
}

// signInLadder has the statuses in which somebody can get in. Only active users
// can be suspended.
func signInLadder() lastday.Ladder {
	return lastday.Ladder{
		{Name: rungActive, Level: lastday.LevelSignIn},
		{Name: "password_expired", Level: lastday.LevelSignIn},
		{Name: "locked_out", Level: lastday.LevelSignIn},
		{Name: "recovery", Level: lastday.LevelSignIn},
		{Name: "provisioned", Level: lastday.LevelSignIn},
	}
}

func description() integrations.Description {
	return integrations.Description{Name: "okta", Title: "Okta organization", Kinds: kinds(), Permissions: permissions(), Cannot: cannot()}
}

func exact() lastday.Restore { return lastday.Restore{Fidelity: lastday.RestoreExact} }

func never(note string) lastday.Restore {
	return lastday.Restore{Fidelity: lastday.RestoreNever, Note: note}
}

func lossy(note string) lastday.Restore {
	return lastday.Restore{Fidelity: lastday.RestoreLossy, Note: note}
}

func kinds() []integrations.KindOfGrant {
	return []integrations.KindOfGrant{
		{Name: kindToken, Sort: integrations.SortCredential, What: "API token of the person, with all that they may do", Order: 10, Ladder: one(rungHeld, lastday.LevelAdmin), Restore: never("the person must make a new token")},
		{Name: kindRole, Sort: integrations.SortRole, What: "admin role, standard or custom, given directly or through a group", Order: 20, Ladder: roleLevels(), Restore: exact(), Settles: time.Minute},
		{Name: kindSignIn, Sort: integrations.SortSignIn, What: "may sign in", Order: 30, Ladder: signInLadder(), Restore: exact()},
		{
			Name: kindSession, Sort: integrations.SortSession, What: "open sessions of Okta, with the OAuth tokens given in them", Order: 40, Ladder: one(rungOpen, lastday.LevelSignIn),
			Restore: never("the person must sign in again"), Settles: 5 * time.Minute,
		},
		{Name: kindLink, Sort: integrations.SortSignIn, What: "identity at an outside provider that signs in here", Order: 45, Ladder: one(rungLinked, lastday.LevelSignIn), Restore: lossy("linked anew by the same outside id; the provider's tokens are not")},
		{Name: kindRefresh, Sort: integrations.SortCredential, What: "refresh tokens of one client", Order: 50, Ladder: one(rungHeld, lastday.LevelWrite), Restore: never("the person must sign in to the client again")},
		{Name: kindConsent, Sort: integrations.SortCredential, What: "consent given to one client", Order: 55, Ladder: one(rungHeld, lastday.LevelSignIn), Restore: never("the person must consent again")},
		{Name: kindApp, Sort: integrations.SortRole, What: "app assignment", Order: 60, Ladder: one(rungAssigned, lastday.LevelRead), Restore: lossy("assigned anew with the same user name; the app's profile comes from its mappings and a stored password is gone"), Settles: time.Minute},
		{
			Name: kindGroup, Sort: integrations.SortMembership, What: "membership of a group", Order: 70, Ladder: lastday.Ladder{{Name: rungMember, Level: lastday.LevelAdmin}},
			Restore: exact(), Settles: time.Minute,
		},
		{Name: kindFactor, Sort: integrations.SortCredential, What: "enrolled factor; counts only with reset_factors", Order: 80, Ladder: one(rungEnrolled, lastday.LevelSignIn), Restore: never("the person must enrol again")},
		{
			Name: kindAccount, Sort: integrations.SortSignIn, What: "the account itself, taken by deactivation; counts only with deactivate", Order: 90, Ladder: one(rungEnabled, lastday.LevelSignIn),
			Restore: lossy(lossOfDeactivation), Settles: 5 * time.Minute,
		},
	}
}

const lossOfDeactivation = "deactivation drops app assignments, admin roles and the password; activation brings back none of them"

// kindNamed is what is declared of a kind.
func kindNamed(name string) integrations.KindOfGrant {
	for _, k := range kinds() {
		if k.Name == name {
			return k
		}
	}
	return integrations.KindOfGrant{Name: name}
}

func permissions() []integrations.Permission {
	return []integrations.Permission{
		{Name: "Admin role of the service app or the token's owner: super administrator", For: "admin roles, API tokens and changes of administrators; Okta lets nobody else do these"},
		{Name: "Admin role: organizational administrator", For: "all else; the kinds above are then gaps"},
		{Name: "Scope okta.users.manage", For: "users, sign-in, sessions, OAuth grants and tokens, factors, devices"},
		{Name: "Scope okta.groups.manage", For: "memberships and rules"},
		{Name: "Scope okta.apps.manage", For: "app assignments"},
		{Name: "Scope okta.roles.manage", For: "admin roles"},
		{Name: "Scope okta.apiTokens.manage", For: "API tokens"},
		{Name: "Scope okta.idps.manage", For: "identities at outside providers"},
		{Name: "Scope okta.logs.read", For: "seeing that sessions were ended"},
	}
}

func cannot() []string {
	return []string{
		"sessions inside apps: they go on after the cut, unless the app takes part in Universal Logout",
		"access tokens that a resource server checks by itself: they work until they end, an hour by default",
		"memberships that a group rule or a directory makes: they must end there",
		"what feeds an account, a directory or HR system: its next import can lift the account again; end it there too",
		"single sessions: Okta does not list them, and that they ended is read from its log",
		"secrets and keys of service apps that the person knows: such an app is nobody's, and they must be rotated",
		"ownership of groups, workflows and inline hooks that the person made: they are not looked at",
	}
}
