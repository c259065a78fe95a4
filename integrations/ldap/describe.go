package ldap

import (
	"time"

	"lastday"
	"lastday/integrations"
)

// The kinds of grants.
const (
	kindSignIn   = "sign_in"
	kindExpiry   = "expiry"
	kindPassword = "password"
	kindKey      = "ssh_key"
	kindGroup    = "group"
)

// The rungs. A membership stands at the name of its group's level.
const (
	rungEnabled = "enabled"
	rungOpen    = "open"
	rungKnown   = "known"
	rungHeld    = "held"
)

// orders ranks the kinds: an account is disabled before its password is made
// useless, and loses its groups last.
func orders() map[string]int {
	return map[string]int{kindSignIn: 10, kindExpiry: 20, kindPassword: 30, kindKey: 40, kindGroup: 50}
}

func rung(name string, level lastday.Level) lastday.Ladder {
	return lastday.Ladder{{Name: name, Level: level}}
}

func groupLadder() lastday.Ladder {
	var ladder lastday.Ladder
	for _, l := range []lastday.Level{lastday.LevelAdmin, lastday.LevelWrite, lastday.LevelRead, lastday.LevelSignIn} {
		ladder = append(ladder, lastday.Rung{Name: l.String(), Level: l})
	}
	return ladder
}

func exact() lastday.Restore { return lastday.Restore{Fidelity: lastday.RestoreExact} }

const passwordGone = "nobody knows the password any more; somebody must set a new one"

func kinds() []integrations.KindOfGrant {
	all := []integrations.KindOfGrant{
		{Name: kindSignIn, Sort: integrations.SortSignIn, What: "the account may bind: OpenLDAP's pwdAccountLockedTime, Active Directory's userAccountControl", Ladder: rung(rungEnabled, lastday.LevelSignIn), Restore: exact()},
		{Name: kindExpiry, Sort: integrations.SortSignIn, What: "the account is in its time: Active Directory's accountExpires", Ladder: rung(rungOpen, lastday.LevelSignIn), Restore: exact()},
		{Name: kindPassword, Sort: integrations.SortCredential, What: "a password that the person knows: Active Directory's unicodePwd, set twice to what nobody knows, once the account is disabled", Ladder: rung(rungKnown, lastday.LevelSignIn), Restore: lastday.Restore{Fidelity: lastday.RestoreNever, Note: passwordGone}},
		{Name: kindKey, Sort: integrations.SortCredential, What: "a public key in the configured attribute, with which other machines let the person in", Ladder: rung(rungHeld, lastday.LevelWrite), Restore: exact()},
		{Name: kindGroup, Sort: integrations.SortMembership, What: "membership of a group, as high as the configuration says; through other groups it is shown and changed there", Ladder: groupLadder(), Restore: exact()},
	}
	for i := range all {
		all[i].Order, all[i].Settles = orders()[all[i].Name], time.Minute // another replica may answer next
	}
	return all
}

func description() integrations.Description {
	return integrations.Description{
		Name:  "ldap",
		Title: "OpenLDAP and Active Directory",
		Kinds: kinds(),
		Permissions: []integrations.Permission{
			{Name: "read on every entry under the bases, operational attributes included", For: "accounts, groups, locks; and the canary, by which we know that we can"},
			{Name: "OpenLDAP: write on pwdAccountLockedTime, the key attribute, member, uniqueMember, memberUid", For: "locks, keys, groups"},
			{Name: "Active Directory: write userAccountControl and accountExpires on people's entries", For: "disabling and expiring"},
			{Name: "Active Directory: Reset Password, write pwdLastSet on people's entries", For: "making passwords useless"},
			{Name: "Active Directory: write member on groups", For: "groups"},
		},
		Cannot: []string{
			"connections that are open: they go on with the rights they have until somebody closes them or restarts the server",
			"applications that keep a session of their own after they asked the directory once",
			"Active Directory: Kerberos tickets that were given out, until they end; the primary group; groups of other domains that are not under the bases; rights in access control lists (ownership, group managed service accounts), certificates that were issued",
			"replicas that were not asked: url names one server, and what it was told reaches the others when it does",
			"OpenLDAP: sign-in by SASL with certificates or Kerberos, which no password policy holds; dynamic groups, which follow from an entry's attributes",
		},
	}
}

// grant fills in what every grant of a kind has.
func grant(kind, id string, restore lastday.Restore) lastday.Grant {
	return lastday.Grant{
		Key: kind + "/" + id, Kind: kind, Order: orders()[kind], Restore: restore,
		Resource: lastday.Resource{ID: id, Labels: map[string]string{}}, Details: map[string]string{},
	}
}
