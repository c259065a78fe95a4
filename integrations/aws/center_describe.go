package aws

import (
	"lastday"
	"lastday/integrations"
)

// The kinds of grants of IAM Identity Center. Memberships are kindGroup.
const (
	kindAssignment  = "account_assignment"
	kindApplication = "application"
	// kindUser is residue alone.
	kindUser = "user"
)

func centerKinds() []integrations.KindOfGrant {
	admin := lastday.LevelAdmin
	all := []integrations.KindOfGrant{
		{Name: kindAssignment, Sort: integrations.SortRole, What: "permission set in an account; through a group it is shown and taken there", Ladder: rung(rungAssigned, admin), Restore: exact()},
		{Name: kindApplication, Sort: integrations.SortRole, What: "application; what the person may do there is the application's", Ladder: rung(rungAssigned, lastday.LevelWrite), Restore: exact()},
		{Name: kindGroup, Sort: integrations.SortMembership, What: "membership of a group, with all its accounts and applications; of groups that an identity provider made it is decided there", Ladder: rung(rungMember, admin), Restore: exact()},
	}
	for i := range all {
		all[i].Order = 10 * (i + 1)
		all[i].Settles = settles
	}
	return all
}

func centerDescription() integrations.Description {
	return integrations.Description{
		Name:  "aws-identity-center",
		Title: "AWS IAM Identity Center",
		Kinds: centerKinds(),
		Permissions: []integrations.Permission{
			{Name: "identitystore:DescribeUser, identitystore:GetUserId, identitystore:ListGroupMembershipsForMember, identitystore:DescribeGroup, identitystore:GetGroupMembershipId", For: "users and groups"},
			{Name: "identitystore:DeleteGroupMembership, identitystore:CreateGroupMembership", For: "group"},
			{Name: "sso:ListAccountAssignmentsForPrincipal (from the management account), sso:ListApplicationAssignmentsForPrincipal, sso:DescribeApplication", For: "what is assigned"},
			{Name: "sso:DescribePermissionSet, sso:ListManagedPoliciesInPermissionSet, sso:GetInlinePolicyForPermissionSet, sso:ListCustomerManagedPolicyReferencesInPermissionSet", For: "the level of a permission set; without them it counts as admin"},
			{Name: "sso:DeleteAccountAssignment, sso:CreateAccountAssignment, sso:DescribeAccountAssignmentDeletionStatus, sso:DescribeAccountAssignmentCreationStatus", For: "account_assignment"},
			{Name: "sso:DeleteApplicationAssignment, sso:CreateApplicationAssignment", For: "application"},
		},
		Cannot: []string{
			"the user itself: there is no call that disables one; do it where the person's identity comes from, or in the console",
			"sessions of the access portal, and MFA devices: there is no call for them",
			"sessions in accounts that were begun before: they go on for the permission set's session duration, unless a policy denies the person's identitystore:UserId",
			"applications that admit everybody, without an assignment",
			"what the person made in the accounts: access keys, roles, functions",
		},
	}
}

func centerGrant(kind, id, name, rungName string, level lastday.Level) lastday.Grant {
	return lastday.Grant{
		Key: kind + "/" + id, Kind: kind, Order: orderOf(centerKinds(), kind), Restore: exact(),
		Resource: lastday.Resource{ID: id, Name: name, Labels: map[string]string{}}, Details: map[string]string{},
		Rung: rungName, Ladder: rung(rungName, level),
	}
}
