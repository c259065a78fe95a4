package github

import (
	"time"

	"lastday"
	"lastday/integrations"
)

// The kinds of grant, most urgent first: what works without a membership goes
// before it, the membership goes last because much vanishes with it.
const (
	kindCredential   = "credential_authorization"
	kindToken        = "personal_access_token"
	kindTokenRequest = "token_request"
	kindSent         = "invitation_sent"
	kindOrgRole      = "org_role"
	kindRuleset      = "ruleset_bypass"
	kindProtection   = "branch_protection"
	kindEnvironment  = "environment_reviewer"
	kindTeam         = "team"
	kindRepo         = "repository"
	kindRepoInvite   = "repository_invitation"
	kindDeployKey    = "deploy_key"
	kindCodespace    = "codespace"
	kindSpacePay     = "codespace_billing"
	kindCopilot      = "copilot_seat"
	kindEntTeam      = "enterprise_team"
	kindEntRole      = "enterprise_role"
	kindBase         = "base_permission"
	kindInvite       = "org_invitation"
	kindMember       = "org_membership"
	kindManaged      = "managed_user"
	kindAccount      = "account"
	kindUnblocked    = "public_interaction"
)

// Rungs that several ladders share.
const (
	rungOwner  = "owner"
	rungMember = "member"
	rungHeld   = "held"
	rungActive = "active"
)

func rungs(pairs ...lastday.Rung) lastday.Ladder { return pairs }

func one(name string, level lastday.Level) lastday.Ladder {
	return rungs(lastday.Rung{Name: name, Level: level})
}

// memberLadder has owners at admin. A member reads; what the organization's
// base permission adds is a grant of its own.
func memberLadder() lastday.Ladder {
	return rungs(lastday.Rung{Name: rungOwner, Level: lastday.LevelAdmin}, lastday.Rung{Name: rungMember, Level: lastday.LevelRead})
}

// rolesLadder declares what a membership can be. Nobody steps from member to
// billing manager: a grant has the ladder of its own role.
func rolesLadder() lastday.Ladder {
	return append(memberLadder(), lastday.Rung{Name: "billing_manager", Level: lastday.LevelWrite})
}

func invitedLadder() lastday.Ladder {
	return append(rolesLadder(), lastday.Rung{Name: "reinstate", Level: lastday.LevelAdmin})
}

// teamLadder gives members the highest level at which the team reaches a
// repository. Maintainers add members, which is granting: admin.
func teamLadder(reach lastday.Level) lastday.Ladder {
	return rungs(lastday.Rung{Name: "maintainer", Level: lastday.LevelAdmin}, lastday.Rung{Name: rungMember, Level: max(reach, lastday.LevelSignIn)})
}

// repoLadder is GitHub's five roles. Triage closes and labels what others rely
// on, and so is write: a ceiling of read lands on read.
// https://docs.github.com/organizations/managing-user-access-to-your-organizations-repositories/managing-repository-roles/repository-roles-for-an-organization
func repoLadder() lastday.Ladder {
	return rungs(
		lastday.Rung{Name: "admin", Level: lastday.LevelAdmin}, lastday.Rung{Name: "maintain", Level: lastday.LevelWrite},
		lastday.Rung{Name: "write", Level: lastday.LevelWrite}, lastday.Rung{Name: "triage", Level: lastday.LevelWrite},
		lastday.Rung{Name: "read", Level: lastday.LevelRead},
	)
}

const reinstatable = 90 * 24 * time.Hour

func description() integrations.Description {
	return integrations.Description{
		Name: "github", Title: "GitHub organization", Kinds: kinds(), Permissions: permissions(), Cannot: cannot(),
	}
}

func exact() lastday.Restore { return lastday.Restore{Fidelity: lastday.RestoreExact} }

func never(note string) lastday.Restore {
	return lastday.Restore{Fidelity: lastday.RestoreNever, Note: note}
}

func lossy(note string) lastday.Restore {
	return lastday.Restore{Fidelity: lastday.RestoreLossy, Note: note}
}

func whileMember() lastday.Restore {
	return lastday.Restore{Fidelity: lastday.RestoreExact, Note: "as long as the membership of the organization stands"}
}

func reinstate() lastday.Restore {
	return lastday.Restore{
		Fidelity: lastday.RestoreConsent, Within: reinstatable,
		Note: "demoting is undone exactly; after removal an invitation reinstates the role and teams, once the person accepts it",
	}
}

func kinds() []integrations.KindOfGrant {
	return append(kindsOfCredentials(), kindsOfAccess()...)
}

func kindsOfCredentials() []integrations.KindOfGrant {
	return []integrations.KindOfGrant{
		{
			Name: kindCredential, Sort: integrations.SortCredential, What: "SAML authorization of a classic token or SSH key", Order: 10, Ladder: one(rungHeld, lastday.LevelWrite),
			Restore: never("a revoked credential cannot be authorized again"),
		},
		{
			Name: kindToken, Sort: integrations.SortCredential, What: "fine-grained token approved for the organization", Order: 12, Ladder: one(rungHeld, lastday.LevelWrite),
			Restore: never("the person must make a new token"), Settles: time.Minute,
		},
		{
			Name: kindTokenRequest, Sort: integrations.SortOffer, What: "request for a fine-grained token", Order: 14, Ladder: one(rungHeld, lastday.LevelSignIn),
			Restore: never("the person must ask again"),
		},
		{
			Name: kindSent, Sort: integrations.SortOffer, What: "pending invitation that the person sent", Order: 16, Ladder: one(rungHeld, lastday.LevelAdmin),
			Restore: never("it must be sent anew by somebody else"),
		},
		{Name: kindEntRole, Sort: integrations.SortRole, What: "role in the enterprise", Order: 18, Ladder: one(rungHeld, lastday.LevelAdmin), Restore: exact()},
		{Name: kindOrgRole, Sort: integrations.SortRole, What: "organization role", Order: 20, Ladder: one(rungHeld, lastday.LevelAdmin), Restore: whileMember()},
		{Name: kindRuleset, Sort: integrations.SortRole, What: "may bypass a ruleset", Order: 22, Ladder: one(rungHeld, lastday.LevelWrite), Restore: whileMember()},
		{Name: kindProtection, Sort: integrations.SortRole, What: "named in a branch protection", Order: 24, Ladder: one(rungHeld, lastday.LevelWrite), Restore: whileMember()},
		{Name: kindEnvironment, Sort: integrations.SortRole, What: "required reviewer of an environment", Order: 26, Ladder: one(rungHeld, lastday.LevelWrite), Restore: whileMember()},
	}
}

func kindsOfAccess() []integrations.KindOfGrant {
	return []integrations.KindOfGrant{
		{Name: kindTeam, Sort: integrations.SortMembership, What: "membership of a team", Order: 40, Ladder: teamLadder(lastday.LevelWrite), Restore: whileMember()},
		{
			Name: kindRepo, Sort: integrations.SortRole, What: "role on a repository, given directly", Order: 50, Ladder: repoLadder(),
			Restore: lastday.Restore{Fidelity: lastday.RestoreExact, Note: "but an outside collaborator must accept an invitation"}, Settles: time.Minute,
		},
		{Name: kindRepoInvite, Sort: integrations.SortOffer, What: "pending invitation to a repository", Order: 55, Ladder: repoLadder(), Restore: lossy("a new invitation is sent")},
		{
			Name: kindDeployKey, Sort: integrations.SortCredential, What: "deploy key that the person added", Order: 60, Ladder: rungs(
				lastday.Rung{Name: "read-write", Level: lastday.LevelWrite}, lastday.Rung{Name: "read-only", Level: lastday.LevelRead}),
			Restore: lossy("made anew from the public key, with another id and added by us"),
		},
		{Name: kindSpacePay, Sort: integrations.SortOther, What: "the organization pays for the person's codespaces", Order: 64, Ladder: one(rungHeld, lastday.LevelSignIn), Restore: whileMember()},
		{
			Name: kindCodespace, Sort: integrations.SortOther, What: "codespace", Order: 65, Ladder: rungs(
				lastday.Rung{Name: "running", Level: lastday.LevelWrite}, lastday.Rung{Name: "stopped", Level: lastday.LevelRead}),
			Restore: never("unpushed work is destroyed"), Settles: 5 * time.Minute,
		},
		{Name: kindCopilot, Sort: integrations.SortOther, What: "Copilot seat", Order: 70, Ladder: one("seat", lastday.LevelSignIn), Restore: exact()},
		{Name: kindEntTeam, Sort: integrations.SortMembership, What: "membership of an enterprise team", Order: 80, Ladder: one(rungMember, lastday.LevelRead), Restore: exact()},
		{
			Name: kindBase, Sort: integrations.SortRole, What: "what every member may do on every repository", Order: 82, ReadOnly: true, Ladder: repoLadder(),
			Restore: lastday.Restore{Fidelity: lastday.RestoreConsent, Note: "comes and goes with the membership"},
		},
		{Name: kindInvite, Sort: integrations.SortOffer, What: "pending invitation to the organization", Order: 85, Ladder: invitedLadder(), Restore: lossy("a new invitation is sent")},
		{Name: kindMember, Sort: integrations.SortMembership, What: "membership of the organization", Order: 90, Ladder: rolesLadder(), Restore: reinstate()},
		{Name: kindManaged, Sort: integrations.SortSignIn, What: "managed account of the enterprise", Order: 95, Ladder: one(rungActive, lastday.LevelSignIn), Restore: exact(), Settles: 5 * time.Minute},
		{Name: kindAccount, Sort: integrations.SortSignIn, What: "account on the server", Order: 97, Ladder: one(rungActive, lastday.LevelSignIn), Restore: exact()},
		{Name: kindUnblocked, Sort: integrations.SortOther, What: "may interact with public repositories", Order: 99, Ladder: one("unblocked", lastday.LevelSignIn), Restore: exact()},
	}
}

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
		{Name: "App: organization Members: write", For: "memberships, teams, invitations, outside collaborators, organization roles"},
		{Name: "App: organization Administration: write", For: "credential authorizations, rulesets, installations"},
		{Name: "App: organization Custom organization roles: read", For: "finding organization roles"},
		{Name: "App: organization Personal access tokens: write", For: "fine-grained tokens; apps only"},
		{Name: "App: organization Personal access token requests: write", For: "requests for fine-grained tokens; apps only"},
		{Name: "App: organization Codespaces: write", For: "codespaces of members"},
		{Name: "App: organization Codespaces settings: write", For: "no longer paying for a person's codespaces"},
		{Name: "App: organization Copilot Business: write", For: "Copilot seats"},
		{Name: "App: organization Webhooks: read", For: "naming webhooks"},
		{Name: "App: organization Self-hosted runners: read", For: "naming runners"},
		{Name: "App: organization Secrets: read", For: "naming secrets to rotate"},
		{Name: "App: repository Webhooks and Secrets: read", For: "naming them where a leaver administers a repository"},
		{Name: "App: organization Blocking users: write", For: "only with block: true"},
		{Name: "App: repository Administration: write", For: "collaborators, repository invitations, deploy keys, branch protection, environments"},
		{Name: "App: repository Metadata and Contents: read", For: "repositories, CODEOWNERS"},
		{Name: "Token of an owner: admin:org, repo, admin:org_hook, manage_billing:copilot", For: "all of the above but fine-grained tokens"},
		{Name: "Token of an enterprise owner: admin:enterprise, scim:enterprise", For: "only with enterprise"},
		{Name: "Token of a site administrator: site_admin", For: "only with suspend: true, GitHub Enterprise Server"},
	}
}

func cannot() []string {
	return []string{
		"SSH keys, classic tokens and sessions of an unmanaged account: they are the person's, and worth nothing here once the membership is gone",
		"authorizations of OAuth apps and GitHub Apps by the person: an owner cannot list them",
		"public forks, gists and clones: they stay with the person",
		"secrets that the person could read: they must be rotated",
		"webhooks, runners and app installations: they do not say whose they are",
	}
}
