package postgres

import (
	"lastday"
	"lastday/integrations"
)

// The kinds of grants.
const (
	kindLogin      = "login"
	kindSession    = "session"
	kindLimit      = "connection_limit"
	kindPassword   = "password"
	kindAttribute  = "attribute"
	kindMembership = "membership"
	kindPrivilege  = "privilege"
	kindDefault    = "default_privilege"
	kindOwnership  = "ownership"
)

// The rungs.
const (
	rungLogin   = "login"
	rungOpen    = "open"
	rungValid   = "valid"
	rungHeld    = "held"
	rungAdmin   = "admin"
	rungMember  = "member"
	rungWrite   = "write"
	rungRead    = "read"
	rungConnect = "connect"
	rungOwner   = "owner"
)

// orders ranks the kinds: no new session before the open ones are ended, and
// what belongs to the role is handed on last.
func orders() map[string]int {
	return map[string]int{
		kindAttribute: 10, kindLogin: 20, kindLimit: 21, kindPassword: 22, kindSession: 30,
		kindMembership: 40, kindPrivilege: 50, kindDefault: 60, kindOwnership: 90,
	}
}

func rung(name string, level lastday.Level) lastday.Ladder {
	return lastday.Ladder{{Name: name, Level: level}}
}

func privilegeLadder() lastday.Ladder {
	return lastday.Ladder{
		{Name: rungAdmin, Level: lastday.LevelAdmin},
		{Name: rungWrite, Level: lastday.LevelWrite},
		{Name: rungRead, Level: lastday.LevelRead},
		{Name: rungConnect, Level: lastday.LevelSignIn},
	}
}

func exact() lastday.Restore { return lastday.Restore{Fidelity: lastday.RestoreExact} }

func never(note string) lastday.Restore {
	return lastday.Restore{Fidelity: lastday.RestoreNever, Note: note}
}

const (
	sessionGone = "the person must sign in again"
	ownerGone   = "afterwards nothing tells the objects from what the successor had before; the receipt lists them"
)

func kinds() []integrations.KindOfGrant {
	all := []integrations.KindOfGrant{
		{Name: kindAttribute, Sort: integrations.SortRole, What: "an attribute: SUPERUSER, CREATEROLE, CREATEDB, REPLICATION, BYPASSRLS", Ladder: rung(rungHeld, lastday.LevelAdmin), Restore: exact()},
		{Name: kindLogin, Sort: integrations.SortSignIn, What: "the role may open sessions, by whatever way of proving who it is", Ladder: rung(rungLogin, lastday.LevelSignIn), Restore: exact()},
		{Name: kindLimit, Sort: integrations.SortSignIn, What: "connections that the role may have; superusers are not held by it", Ladder: rung(rungOpen, lastday.LevelSignIn), Restore: exact()},
		{Name: kindPassword, Sort: integrations.SortCredential, What: "the password is in its time; certificates, peer, GSS and LDAP are not held by it", Ladder: rung(rungValid, lastday.LevelSignIn), Restore: exact()},
		{Name: kindSession, Sort: integrations.SortSession, What: "an open session: it goes on when the login is taken", Ladder: rung(rungOpen, lastday.LevelSignIn), Restore: never(sessionGone)},
		{Name: kindMembership, Sort: integrations.SortMembership, What: "membership of another role; through others it is shown and changed there", Ladder: lastday.Ladder{
			{Name: rungAdmin, Level: lastday.LevelAdmin}, {Name: rungMember, Level: lastday.LevelAdmin},
		}, Restore: exact()},
		{Name: kindPrivilege, Sort: integrations.SortRole, What: "privileges on one object or column, given by one grantor", Ladder: privilegeLadder(), Restore: exact()},
		{Name: kindDefault, Sort: integrations.SortRole, What: "privileges on what a role will create", Ladder: privilegeLadder(), Restore: exact()},
		{Name: kindOwnership, Sort: integrations.SortOther, What: "objects owned in one database; handed to the successor, with an approval", Ladder: rung(rungOwner, lastday.LevelAdmin), Restore: never(ownerGone)},
	}
	for i := range all {
		all[i].Order = orders()[all[i].Name]
	}
	return all
}

func description() integrations.Description {
	return integrations.Description{
		Name:  "postgres",
		Title: "PostgreSQL",
		Kinds: kinds(),
		Permissions: []integrations.Permission{
			{Name: "LOGIN, and CONNECT on every database", For: "reading the catalogs"},
			{Name: "pg_read_all_stats (in pg_monitor)", For: "seeing other people's sessions"},
			{Name: "pg_signal_backend", For: "ending sessions of roles that are not superusers"},
			{Name: "CREATEROLE (from version 16 with ADMIN OPTION on people's roles)", For: "login, password, connection limit, CREATEROLE and CREATEDB, memberships"},
			{Name: "membership of the roles that own objects", For: "privileges and default privileges"},
			{Name: "SUPERUSER", For: "superusers, REPLICATION and BYPASSRLS before version 16, restoring with the same grantor, ownership, reading pg_hba.conf"},
		},
		Cannot: []string{
			"sessions on standby servers: they go on until they end or are ended there",
			"what the role's own functions with SECURITY DEFINER do for others",
			"passwords that the person knows of other roles and of far servers (user mappings)",
			"lines of pg_hba.conf and pg_ident.conf",
			"what everybody may do (PUBLIC)",
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
