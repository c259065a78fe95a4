package postgres

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"lastday"
)

// edge is one membership: Member is a member of Role.
type edge struct {
	Role        uint32
	Name        string
	Member      uint32
	Grantor     uint32
	GrantorName *string
	Admin       bool
	// Inherit says that the member has the role's privileges without asking, Set
	// that it can become the role (SET ROLE).
	Inherit bool
	Set     bool
	// Powerful says that the role has an attribute: attributes are not inherited,
	// one must become the role.
	Powerful bool
}

// askEdges reads all memberships above a role. Before version 16 inheriting was
// the member's property, becoming the role was always allowed, and a membership
// had one grantor. https://www.postgresql.org/docs/16/catalog-pg-auth-members.html
func askEdges(into *[]edge, p pin) question {
	return ask(into, upward+`select m.roleid, r.rolname::text, m.member, m.grantor, g.rolname::text, m.admin_option,
			coalesce((to_jsonb(m) ->> 'inherit_option')::bool, u.rolinherit), coalesce((to_jsonb(m) ->> 'set_option')::bool, true),
			r.rolsuper or r.rolcreaterole or r.rolcreatedb or r.rolreplication or r.rolbypassrls
		from up join pg_auth_members m on m.member = up.oid join pg_roles r on r.oid = m.roleid join pg_roles u on u.oid = m.member
			left join pg_roles g on g.oid = m.grantor
		order by m.roleid, m.member, m.grantor`, int64(p.oid))
}

// predefined is what the roles that come with PostgreSQL let one do; those not
// listed are feared. https://www.postgresql.org/docs/current/predefined-roles.html
func predefined() map[string]lastday.Level {
	return map[string]lastday.Level{
		"pg_read_all_data": lastday.LevelRead, "pg_write_all_data": lastday.LevelWrite,
		"pg_monitor": lastday.LevelRead, "pg_read_all_settings": lastday.LevelRead, "pg_read_all_stats": lastday.LevelRead,
		"pg_stat_scan_tables": lastday.LevelRead, "pg_signal_backend": lastday.LevelWrite, "pg_signal_autovacuum_worker": lastday.LevelWrite,
		"pg_checkpoint": lastday.LevelWrite, "pg_maintain": lastday.LevelWrite, "pg_use_reserved_connections": lastday.LevelSignIn,
		"pg_create_subscription": lastday.LevelWrite,
	}
}

// reach is the highest level that being a member of a role gives.
func (s *survey) reach(e edge) lastday.Level {
	return max(lastday.LevelSignIn, s.reachOf(e, map[uint32]bool{}))
}

func (s *survey) reachOf(e edge, seen map[uint32]bool) lastday.Level {
	if e.Admin || (e.Powerful && e.Set) {
		return lastday.LevelAdmin // with ADMIN OPTION one can give oneself whatever the membership lacks
	}
	if (!e.Inherit && !e.Set) || seen[e.Role] {
		return lastday.LevelNone
	}
	seen[e.Role] = true
	level := s.strength[e.Role]
	if e.Role < builtIn {
		fixed, known := predefined()[e.Name]
		if !known {
			fixed = lastday.LevelAdmin
		}
		level = max(level, fixed)
	}
	for _, up := range s.edges {
		if up.Member == e.Role {
			level = max(level, s.reachOf(up, seen))
		}
	}
	return level
}

// addMemberships makes grants of the direct memberships, and shows those that
// come through them. It comes last: what a role may do is then known.
func (s *survey) addMemberships() {
	for _, r := range s.refs {
		if r.How == "o" && r.Class != "pg_default_acl" && r.Class != "pg_user_mapping" {
			s.strengthen(r.Role, lastday.LevelAdmin) // an owner can grant and destroy
		}
	}
	indirect := map[uint32][]edge{}
	for _, e := range s.edges {
		if e.Member != s.role.OID {
			indirect[e.Role] = append(indirect[e.Role], e)
			continue
		}
		s.page.Grants = append(s.page.Grants, s.membership(e))
	}
	for _, oid := range slices.Sorted(maps.Keys(indirect)) {
		s.page.Grants = append(s.page.Grants, s.throughOthers(indirect[oid]))
	}
}

func (s *survey) membership(e edge) lastday.Grant {
	g := grant(kindMembership, s.membershipID(e), s.restoreAs(e.Grantor, s.me.OID))
	if e.GrantorName == nil {
		g.Restore = lastday.Restore{Fidelity: lastday.RestoreLossy, Note: "whoever gave it is no role any more: it would be given back by ours"}
	}
	g.Resource.Name = "role " + e.Name
	g.Resource.Labels["inherit"], g.Resource.Labels["set"] = strconv.FormatBool(e.Inherit), strconv.FormatBool(e.Set)
	g.Ladder, g.Rung = rung(rungMember, s.reach(plain(e))), rungMember
	if e.Admin {
		g.Ladder, g.Rung = append(rung(rungAdmin, lastday.LevelAdmin), g.Ladder...), rungAdmin
	}
	maps.Copy(g.Details, e.terms())
	return g
}

// plain is the membership without its ADMIN OPTION.
func plain(e edge) edge {
	e.Admin = false
	return e
}

// terms are what giving a membership back needs.
func (e edge) terms() map[string]string {
	terms := map[string]string{"admin": strconv.FormatBool(e.Admin), "inherit": strconv.FormatBool(e.Inherit), "set": strconv.FormatBool(e.Set)}
	if e.GrantorName != nil {
		terms["grantor"] = *e.GrantorName
	}
	return terms
}

// membershipID is the role and, where a membership can have several grantors,
// the grantor.
func (s *survey) membershipID(e edge) string {
	if s.major < severalGrantors {
		return strconv.FormatUint(uint64(e.Role), 10)
	}
	return fmt.Sprintf("%d/%d", e.Role, e.Grantor)
}

// severalGrantors is the version from which a membership can be given by
// several roles, each of which can only take its own.
const severalGrantors = 16

func parseMembership(id string) (role, grantor uint32, ok bool) {
	first, second, both := strings.Cut(id, "/")
	r, err := strconv.ParseUint(first, 10, 32)
	if err != nil || r == 0 {
		return 0, 0, false
	}
	if !both {
		return uint32(r), 0, true
	}
	g, err := strconv.ParseUint(second, 10, 32)
	return uint32(r), uint32(g), err == nil && g != 0
}

// throughOthers is a membership that comes by way of other roles.
func (s *survey) throughOthers(edges []edge) lastday.Grant {
	e := edges[0]
	g := grant(kindMembership, fmt.Sprintf("indirect/%d", e.Role), exact())
	g.Resource.Name = "role " + e.Name
	level := lastday.LevelNone
	for _, x := range edges {
		level = max(level, s.reach(x))
		name := "role " + s.nameOf(x.Member)
		if !slices.Contains(g.Via, name) {
			g.Via = append(g.Via, name)
		}
	}
	g.Rung, g.Ladder = rungMember, rung(rungMember, level)
	return g
}

func (s *survey) nameOf(oid uint32) string {
	for _, e := range s.edges {
		if e.Role == oid {
			return e.Name
		}
	}
	return strconv.FormatUint(uint64(oid), 10)
}
