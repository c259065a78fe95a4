package postgres

import (
	"strings"

	"lastday"
)

// membershipMover changes a direct membership.
// https://www.postgresql.org/docs/current/sql-revoke.html
func (d *driver) membershipMover() mover {
	var found []edge
	return mover{
		place: func(*job) (uint32, error) { return 0, nil },
		read: func(j *job) ([]question, error) {
			role, grantor, ok := parseMembership(j.change.Grant.Resource.ID)
			if !ok {
				return nil, lastday.Errorf(lastday.CodeInvalid, opApply, "the membership's id is none")
			}
			return []question{askEdge(&found, role, j.pin.oid, grantor)}, nil
		},
		rung: func(*job) (string, error) { return edgeRung(found), nil },
		write: func(j *job) ([]string, error) {
			if j.down {
				return revokeMembership(j, found[0]), nil
			}
			return grantMembership(j)
		},
	}
}

func edgeRung(found []edge) string {
	switch {
	case len(found) == 0:
		return lastday.None
	case found[0].Admin:
		return rungAdmin
	}
	return rungMember
}

// askEdge reads one membership; a grantor of 0 is whoever gave it.
func askEdge(into *[]edge, role, member, grantor uint32) question {
	return ask(into, `select m.roleid, r.rolname::text, m.member, m.grantor, g.rolname::text, m.admin_option,
			coalesce((to_jsonb(m) ->> 'inherit_option')::bool, u.rolinherit), coalesce((to_jsonb(m) ->> 'set_option')::bool, true), false
		from pg_auth_members m join pg_roles r on r.oid = m.roleid join pg_roles u on u.oid = m.member left join pg_roles g on g.oid = m.grantor
		where m.roleid = $1::int8::oid and m.member = $2::int8::oid and ($3::int8 = 0 or m.grantor = $3::int8::oid)`, int64(role), int64(member), int64(grantor))
}

func revokeMembership(j *job, e edge) []string {
	for key, value := range e.terms() {
		j.keep(key, value)
	}
	j.keep("role", e.Name)
	what := "REVOKE "
	if j.change.To != lastday.None {
		what += "ADMIN OPTION FOR "
	}
	return []string{what + quote(e.Name) + " FROM " + quote(j.role.Name) + by(j, e.grantor())}
}

func (e edge) grantor() string {
	if e.GrantorName == nil {
		return ""
	}
	return *e.GrantorName
}

// by names whose grant it is, where there can be several.
func by(j *job, grantor string) string {
	if j.link.major < severalGrantors || grantor == "" {
		return ""
	}
	return " GRANTED BY " + quote(grantor)
}

// grantMembership gives back in the name of whoever gave it. Before version 16
// only a superuser can; then ours has given it, and the receipt says so.
// https://www.postgresql.org/docs/15/sql-grant.html
func grantMembership(j *job) ([]string, error) {
	name := j.restoreWith("role")
	if name == "" {
		name = strings.TrimPrefix(j.change.Grant.Resource.Name, "role ")
	}
	if name == "" {
		return nil, lastday.Errorf(lastday.CodeInvalid, opApply, "the role that it was a membership in is not known")
	}
	admin := j.change.To == rungAdmin
	statement := "GRANT " + quote(name) + " TO " + quote(j.role.Name) + membershipTerms(j, admin)
	grantor := j.restoreWith("grantor")
	switch {
	case grantor != "" && (j.me.Super || j.link.major >= severalGrantors):
		statement += " GRANTED BY " + quote(grantor)
	case grantor != j.me.Name:
		j.note = "given back by our role: only a superuser can give it back in the name of another"
	}
	return []string{statement}, nil
}

// membershipTerms are the options as the version has them.
// https://www.postgresql.org/docs/16/sql-grant.html
func membershipTerms(j *job, admin bool) string {
	if j.link.major < severalGrantors {
		if admin {
			return " WITH ADMIN OPTION"
		}
		return ""
	}
	return " WITH ADMIN " + truth(admin) + ", INHERIT " + truth(j.restoreWith("inherit") != "false") + ", SET " + truth(j.restoreWith("set") != "false")
}

func truth(b bool) string {
	if b {
		return "TRUE"
	}
	return "FALSE"
}
