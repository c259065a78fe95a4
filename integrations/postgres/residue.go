package postgres

import (
	"fmt"
	"strconv"
	"strings"

	"lastday"
)

// named is a thing with a name, count a number of them.
type named struct{ Name string }

type counted struct{ N int64 }

// member is somebody else who is a member of the person's role.
type member struct {
	Name   string
	Admin  bool
	Usable bool
}

// leftovers is what all databases share and belongs to a role without being a
// grant that can be taken.
type leftovers struct {
	members  []member
	given    []named
	prepared []named
	slots    []named
	standbys []counted
	hba      []line
	ident    []line
}

// line is one of a configuration file of the server.
type line struct {
	Number int32
	Method string
}

// askLeftovers asks only for what we may see: one refusal would end the
// snapshot.
func (s *survey) askLeftovers(left *leftovers) []question {
	oid := int64(s.role.OID)
	all := []question{
		ask(&left.members, `select r.rolname::text, m.admin_option, coalesce((to_jsonb(m) ->> 'set_option')::bool, true) or coalesce((to_jsonb(m) ->> 'inherit_option')::bool, true)
			from pg_auth_members m join pg_roles r on r.oid = m.member where m.roleid = $1::int8::oid and r.rolname <> session_user order by 1`, oid),
		ask(&left.given, `select r.rolname || ' to ' || u.rolname from pg_auth_members m join pg_roles r on r.oid = m.roleid join pg_roles u on u.oid = m.member
			where m.grantor = $1::int8::oid order by 1`, oid),
		ask(&left.prepared, `select database::text from pg_prepared_xacts where owner = $1 order by 1`, s.role.Name),
	}
	if s.me.Stats {
		all = append(all, ask(&left.slots, `select s.slot_name::text from pg_replication_slots s join pg_stat_activity a on a.pid = s.active_pid
				where a.usesysid = $1::int8::oid order by 1`, oid),
			ask(&left.standbys, `select count(*) from pg_stat_replication r where not exists
				(select from pg_replication_slots s where s.active_pid = r.pid and s.slot_type = 'logical')`))
	}
	if s.me.HBA {
		all = append(all, ask(&left.hba, `select line_number, coalesce(auth_method, '') from pg_hba_file_rules where $1::text = any(user_name) order by 1`, s.role.Name))
	}
	if s.me.Super && s.major >= 15 { // https://www.postgresql.org/docs/15/view-pg-ident-file-mappings.html
		all = append(all, ask(&left.ident, `select line_number, coalesce(map_name, '') from pg_ident_file_mappings where pg_username = $1 order by 1`, s.role.Name))
	}
	return all
}

func (s *survey) addLeftovers(left leftovers) {
	for _, m := range left.members {
		s.addMember(m)
	}
	for _, g := range left.given {
		s.residue(kindMembership, "membership given by the role: "+g.Name, "it stays, in the name of a role that is going", "give it anew in another name if it is needed")
	}
	for _, p := range left.prepared {
		s.residue(kindSession, "a prepared transaction in "+p.Name, "it holds its locks until somebody ends it, and outlives the session",
			"COMMIT PREPARED or ROLLBACK PREPARED")
	}
	for _, slot := range left.slots {
		s.residue(kindSession, "replication slot "+slot.Name, "the role's session uses it; afterwards it keeps the write-ahead log for nobody",
			"let another role go on with it, or pg_drop_replication_slot")
	}
	for _, n := range left.standbys {
		if n.N > 0 {
			s.residue(kindSession, fmt.Sprintf("sessions on %d standby servers", n.N), "a server shows and ends its own sessions only; NOLOGIN reaches standbys and stops new ones",
				"end the role's sessions there: pg_terminate_backend")
		}
	}
	s.addFiles(left)
}

func (s *survey) addMember(m member) {
	what := "role " + m.Name + " is a member of the person's role"
	if m.Usable {
		s.residue(kindMembership, what, "whoever uses it can still act as the person's role, login or not", "REVOKE the membership if it is not needed")
		return
	}
	s.page.Residue = append(s.page.Residue, lastday.Residue{
		System: s.system, Kind: kindMembership, What: what, Harmless: true,
		Why: "it has neither SET nor INHERIT, as CREATEROLE gives it to whoever makes a role",
	})
}

func (s *survey) addFiles(left leftovers) {
	for _, x := range left.hba {
		s.residue(kindLogin, "line "+strconv.Itoa(int(x.Number))+" of pg_hba.conf names the role ("+x.Method+")",
			"it would let a role of that name in again", "remove the line and reload")
	}
	for _, x := range left.ident {
		s.residue(kindLogin, "line "+strconv.Itoa(int(x.Number))+" of pg_ident.conf leads to the role (map "+x.Method+")",
			"it lets somebody from outside log in as the role", "remove the line and reload")
	}
}

// locals is what one database holds of a role without being a grant.
type locals struct {
	definers []named
	policies []named
	mappings []named
	defaults []counted
}

// most bounds what is named one by one.
const most = 200

func askLocals(left *locals, oid uint32) []question {
	n := int64(oid)
	return []question{
		ask(&left.definers, `select oid::regprocedure::text from pg_proc where proowner = $1::int8::oid and prosecdef order by 1 limit $2::int8`, n, int64(most)),
		ask(&left.policies, `select p.polname || ' on ' || p.polrelid::regclass::text from pg_policy p where $1::int8::oid = any(p.polroles) order by 1 limit $2::int8`, n, int64(most)),
		ask(&left.mappings, `select srvname::text from pg_user_mappings where umuser = $1::int8::oid order by 1 limit $2::int8`, n, int64(most)),
		ask(&left.defaults, `select count(*) from pg_default_acl where defaclrole = $1::int8::oid`, n),
	}
}

func (s *survey) addLocals(db database, left locals) {
	for _, f := range left.definers {
		s.residue(kindOwnership, inDatabase(db, "function "+f.Name)+" (SECURITY DEFINER)", "it runs with the rights of the person's role for whoever may call it, login or not",
			"read what it does, then give it to another owner or drop it")
	}
	for _, p := range left.policies {
		s.residue(kindPrivilege, inDatabase(db, "row policy "+p.Name), "it names the role: a role that gets this name's membership would pass it", "ALTER POLICY without the role")
	}
	for _, m := range left.mappings {
		s.residue(kindOwnership, inDatabase(db, "user mapping on server "+m.Name), "it holds a login on another server, with a password that the person may know",
			"change the password there, then DROP USER MAPPING")
	}
	for _, n := range left.defaults {
		if n.N > 0 {
			s.residue(kindDefault, inDatabase(db, "default privileges of what the role creates"), "they stand in the way of dropping the role", "ALTER DEFAULT PRIVILEGES, or DROP OWNED BY")
		}
	}
}

// addOwnership makes a grant of what the role owns in each database, and one of
// what it owns among all.
func (s *survey) addOwnership() {
	counts := map[database]map[string]int64{}
	var order []database
	for _, r := range s.refs {
		if r.How != "o" || r.Role != s.role.OID || r.Class == "pg_default_acl" || r.Class == "pg_user_mapping" {
			continue
		}
		db := database{oid: r.Database}
		if r.Name != nil {
			db.name = *r.Name
		}
		if counts[db] == nil {
			counts[db] = map[string]int64{}
			order = append(order, db)
		}
		counts[db][r.Class] += r.Count
	}
	for _, db := range order {
		s.ownership(db, counts[db])
	}
}

func (s *survey) ownership(db database, counts map[string]int64) {
	set := map[string]bool{}
	for class := range counts {
		set[class] = true
	}
	var parts []string
	for _, class := range sorted(set) {
		parts = append(parts, fmt.Sprintf("%d of %s", counts[class], class))
	}
	g := grant(kindOwnership, strconv.FormatUint(uint64(db.oid), 10), never(ownerGone))
	g.Rung, g.Ladder = rungOwner, rung(rungOwner, lastday.LevelAdmin)
	g.Resource.Name = "what is owned in " + db.name
	if db.oid == 0 {
		g.Resource.Name = "owned databases and tablespaces"
	}
	g.Resource.Labels["database"] = db.name
	g.Details["objects"], g.Details["successor"] = strings.Join(parts, ", "), s.cfg.Successor
	s.page.Grants = append(s.page.Grants, g)
	s.residue(kindOwnership, g.Resource.Name+": "+g.Details["objects"], "an owner can do everything with it, and whoever may become the role as well",
		"name a successor and approve REASSIGN OWNED, or hand it on by hand")
}
