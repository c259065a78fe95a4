package github

import (
	"net/http"

	"lastday"
)

// fixes tells what would close a gap, by kind.
func fixes() map[string]string {
	return map[string]string{
		"":               "use a GitHub App with the permissions of the documentation, or an owner's token with admin:org and repo",
		kindCredential:   "App: organization Administration: write; or an owner's token with admin:org",
		kindToken:        "a GitHub App with Personal access tokens: write; personal tokens may not ask",
		kindTokenRequest: "a GitHub App with Personal access token requests: write; personal tokens may not ask",
		kindOrgRole:      "App: Custom organization roles: read and Members: write; or an owner's token with admin:org",
		kindRepo:         "App: repository Administration: write; or an owner's token with repo",
		kindRepoInvite:   "set enterprise, or raise invitation_walk to the number of repositories",
		kindDeployKey:    "raise index_reads, or look again later; App: repository Administration: write; or an owner's token with repo",
		kindRuleset:      "raise index_reads, or look again later; App: organization and repository Administration: write; or an owner's token with admin:org and repo",
		kindProtection:   "App: repository Administration: write; or an owner's token with repo",
		kindEnvironment:  "App: repository Administration: write; or an owner's token with repo",
		kindCodespace:    "App: organization Codespaces: write; or an owner's token with admin:org",
		kindSpacePay:     "App: organization Codespaces: write and Codespaces settings: write; or an owner's token with admin:org",
		kindCopilot:      "App: Copilot Business: write; or an owner's token with manage_billing:copilot",
		kindTeam:         "App: organization Members: write; or an owner's token with admin:org",
		kindMember:       "App: organization Members: write; or an owner's token with admin:org",
		kindInvite:       "App: organization Members: write; or an owner's token with admin:org",
		kindSent:         "App: organization Members: write; or an owner's token with admin:org",
		kindEntTeam:      "a token of an enterprise owner with admin:enterprise",
		kindEntRole:      "a token of an enterprise owner with admin:enterprise",
		kindManaged:      "a token of an enterprise owner with scim:enterprise",
		kindAccount:      "a token of a site administrator with site_admin",
		kindUnblocked:    "App: organization Blocking users: write; or an owner's token with admin:org",
	}
}

// gap names what could not be looked at.
func (d *driver) gap(kind string, code lastday.Code, why string) lastday.Gap {
	what := "everything"
	if kind != "" {
		what = kindNamed(kind).What
	}
	return lastday.Gap{System: d.system, Kind: kind, What: what, Code: code, Why: why, Fix: fixes()[kind]}
}

// unseen makes a gap of an error that will not pass by itself. Other errors end
// the list: trying again can help.
func (d *driver) unseen(kind string, err error) (lastday.Gap, error) {
	code := lastday.CodeOf(err)
	if statusOf(err) == http.StatusUnauthorized {
		return lastday.Gap{}, err // our credential is no good at all
	}
	switch code {
	case lastday.CodeDenied, lastday.CodeNotFound, lastday.CodeUnsupported:
		return d.gap(kind, code, err.Error()), nil
	case lastday.CodeInvalid:
		if statusOf(err) != 0 {
			return d.gap(kind, code, err.Error()), nil
		}
	case lastday.CodeProtected, lastday.CodeRateLimited, lastday.CodeTransient, lastday.CodeUnknownOutcome, lastday.CodeInternal:
	}
	return lastday.Gap{}, err
}
