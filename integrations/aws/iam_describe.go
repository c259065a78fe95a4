package aws

import (
	"time"

	"lastday"
	"lastday/integrations"
)

// The kinds of grants of IAM.
const (
	kindRequests    = "requests"
	kindConsole     = "console"
	kindAccessKey   = "access_key"
	kindSSHKey      = "ssh_key"
	kindCertificate = "signing_certificate"
	kindService     = "service_credential"
	kindGroup       = "group"
	kindAttached    = "attached_policy"
	kindInline      = "inline_policy"
	kindTrust       = "role_trust"
	// kindMFA and kindOwned are residue alone.
	kindMFA   = "mfa_device"
	kindOwned = "owned"
)

// The rungs. Each kind has one: what can be taken in IAM is there or it is not.
const (
	rungAllowed  = "allowed"
	rungPassword = "password"
	rungActive   = "active"
	rungMember   = "member"
	rungAttached = "attached"
	rungNamed    = "named"
	rungAssigned = "assigned"
)

// settles is how long IAM may go on showing and deciding by the old state.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
const settles = 5 * time.Minute

func rung(name string, level lastday.Level) lastday.Ladder {
	return lastday.Ladder{{Name: name, Level: level}}
}

func exact() lastday.Restore { return lastday.Restore{Fidelity: lastday.RestoreExact} }

func newPassword() lastday.Restore {
	return lastday.Restore{Fidelity: lastday.RestoreLossy, Note: "the old password is lost; a new one that nobody knows is set, for an administrator to replace"}
}

// iamKinds lists the kinds in the order in which they are taken: the denial
// first, because it works on sessions that are open too.
func iamKinds() []integrations.KindOfGrant {
	signIn, admin := lastday.LevelSignIn, lastday.LevelAdmin
	all := []integrations.KindOfGrant{
		{Name: kindRequests, Sort: integrations.SortSession, What: "requests with any credential of the user, sessions that were issued before included; taken by an inline policy that denies everything", Ladder: rung(rungAllowed, signIn), Restore: exact()},
		{Name: kindConsole, Sort: integrations.SortSignIn, What: "password for the console", Ladder: rung(rungPassword, signIn), Restore: newPassword()},
		{Name: kindAccessKey, Sort: integrations.SortCredential, What: "access key; made inactive, not deleted", Ladder: rung(rungActive, signIn), Restore: exact()},
		{Name: kindSSHKey, Sort: integrations.SortCredential, What: "SSH public key for CodeCommit", Ladder: rung(rungActive, signIn), Restore: exact()},
		{Name: kindCertificate, Sort: integrations.SortCredential, What: "X.509 certificate that signs requests", Ladder: rung(rungActive, signIn), Restore: exact()},
		{Name: kindService, Sort: integrations.SortCredential, What: "password or key for one service (CodeCommit, Keyspaces, Bedrock)", Ladder: rung(rungActive, signIn), Restore: exact()},
		{Name: kindGroup, Sort: integrations.SortMembership, What: "membership of a group, with all its policies", Ladder: rung(rungMember, admin), Restore: exact()},
		{Name: kindAttached, Sort: integrations.SortRole, What: "managed policy attached to the user", Ladder: rung(rungAttached, admin), Restore: exact()},
		{Name: kindInline, Sort: integrations.SortRole, What: "policy written into the user", Ladder: rung(rungAttached, admin), Restore: exact()},
		{Name: kindTrust, Sort: integrations.SortRole, What: "role whose trust policy names the user", Ladder: rung(rungNamed, admin), Restore: exact()},
	}
	for i := range all {
		all[i].Order = 10 * (i + 1)
		all[i].Settles = settles
	}
	return all
}

func orderOf(kinds []integrations.KindOfGrant, kind string) int {
	for _, k := range kinds {
		if k.Name == kind {
			return k.Order
		}
	}
	return 0
}

func iamDescription() integrations.Description {
	return integrations.Description{
		Name:  "aws-iam",
		Title: "AWS IAM",
		Kinds: iamKinds(),
		Permissions: []integrations.Permission{
			{Name: "iam:GetAccountAuthorizationDetails, iam:GetUser", For: "users, groups, roles and policies"},
			{Name: "iam:GetLoginProfile, iam:ListAccessKeys, iam:ListMFADevices, iam:ListSSHPublicKeys, iam:ListSigningCertificates, iam:ListServiceSpecificCredentials", For: "credentials of a user"},
			{Name: "iam:GetUserPolicy, iam:ListGroupsForUser, iam:GetGroup, iam:ListAttachedUserPolicies, iam:GetPolicy, iam:GetRole", For: "the state before each change"},
			{Name: "iam:PutUserPolicy, iam:DeleteUserPolicy", For: "requests and inline_policy"},
			{Name: "iam:DeleteLoginProfile, iam:CreateLoginProfile", For: "console"},
			{Name: "iam:UpdateAccessKey, iam:UpdateSSHPublicKey, iam:UpdateSigningCertificate, iam:UpdateServiceSpecificCredential", For: "keys and certificates"},
			{Name: "iam:RemoveUserFromGroup, iam:AddUserToGroup, iam:DetachUserPolicy, iam:AttachUserPolicy, iam:UpdateAssumeRolePolicy", For: "group, attached_policy and role_trust"},
		},
		Cannot: []string{
			"sessions of roles that the person assumed: they go on until they end, at most 12 hours; the roles' older sessions can be revoked for everybody alone",
			"what the person made: functions, instances, keys of others, resource policies that name the person or other accounts",
			"the root user, and what its e-mail address and password open",
			"trust of other accounts' roles in the person",
		},
	}
}

// iamGrant fills in what every grant of a kind has.
func iamGrant(kind, id, name, rungName string, level lastday.Level) lastday.Grant {
	g := lastday.Grant{
		Key: kind + "/" + id, Kind: kind, Order: orderOf(iamKinds(), kind), Restore: exact(),
		Resource: lastday.Resource{ID: id, Name: name, Labels: map[string]string{}}, Details: map[string]string{},
		Rung: rungName, Ladder: rung(rungName, level),
	}
	if kind == kindConsole {
		g.Restore = newPassword()
	}
	return g
}
