package scim

import (
	"slices"
	"time"

	"lastday"
	"lastday/integrations"
)

// The kinds of grants.
const (
	kindAccount     = "account"
	kindRole        = "role"
	kindEntitlement = "entitlement"
	kindGroup       = "group"
)

// The rungs of what has but one.
const (
	rungActive = "active"
	rungMember = "member"
	rungHeld   = "held"
)

// orders ranks the kinds: the account first, because that alone ends signing in;
// but last where it is not shown from then on, and nobody could look at the rest.
func (p Profile) orders() map[string]int {
	if p.Hides {
		return map[string]int{kindRole: 20, kindEntitlement: 30, kindGroup: 40, kindAccount: 50}
	}
	return map[string]int{kindAccount: 10, kindRole: 20, kindEntitlement: 30, kindGroup: 40}
}

func one(name string, level lastday.Level) lastday.Ladder {
	return lastday.Ladder{{Name: name, Level: level}}
}

// description is what the kind declares before a profile is known.
func description() integrations.Description { return describe(generic()) }

// describe is what a server with the profile declares.
func describe(profile Profile) integrations.Description {
	orders := profile.orders()
	return integrations.Description{
		Name: "scim", Title: "SCIM 2.0",
		Kinds: []integrations.KindOfGrant{
			{
				Name: kindAccount, Sort: integrations.SortSignIn, What: "the account itself (active); taken last with the profile atlassian, where it is not shown from then on", Ladder: one(rungActive, lastday.LevelSignIn), Order: orders[kindAccount],
				Restore: lastday.Restore{Fidelity: lastday.RestoreLossy, Note: "what is lost depends on the vendor: the grant says it"}, Settles: 5 * time.Minute,
			},
			{
				Name: kindRole, Sort: integrations.SortRole, What: "a value of roles; with a profile whose users have one role, that role", Ladder: roleLadder(), Order: orders[kindRole],
				Restore: lastday.Restore{Fidelity: lastday.RestoreExact}, Settles: time.Minute,
			},
			{
				Name: kindEntitlement, Sort: integrations.SortRole, What: "a value of entitlements", Ladder: one(rungHeld, lastday.LevelWrite), Order: orders[kindEntitlement],
				Restore: lastday.Restore{Fidelity: lastday.RestoreExact}, Settles: time.Minute,
			},
			{
				Name: kindGroup, Sort: integrations.SortMembership, What: "membership of a group", Ladder: one(rungMember, lastday.LevelWrite), Order: orders[kindGroup],
				Restore: lastday.Restore{Fidelity: lastday.RestoreExact}, Settles: 5 * time.Minute,
			},
		},
		Permissions: []integrations.Permission{
			{Name: "reading /Users, /Groups, /ServiceProviderConfig and /ResourceTypes", For: "finding and listing"},
			{Name: "PATCH of /Users/{id}", For: "active, roles, entitlements"},
			{Name: "PATCH of /Groups/{id}", For: "memberships"},
		},
		Cannot: []string{
			"open sessions and tokens: SCIM knows neither, and what active:false does to them is the vendor's",
			"the account for good: DELETE is never sent",
			"what is given inside the product and SCIM does not show",
			"the sign-in with the profile pagerduty: deactivating is deleting there, which needs a decision; without one the role is lowered as far as roles go",
			"the proof that roles and groups stay gone once the profile atlassian hides the account: it is a gap from then on",
			"what an identity provider pushes again: take it there as well",
		},
	}
}

// roleLadder is every rung that any profile has for a role.
func roleLadder() lastday.Ladder {
	ladder := one(rungHeld, lastday.LevelAdmin)
	for _, p := range profiles() {
		for _, r := range p.Roles {
			if !slices.Contains(ladder, r) {
				ladder = append(ladder, r)
			}
		}
	}
	return ladder
}
