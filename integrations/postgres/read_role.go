package postgres

import (
	"fmt"

	"lastday"
)

// attribute is one of a role's powers over the whole cluster.
type attribute struct {
	name string
	held func(role) bool
	// ladder's level is admin for all: each lets one grant, destroy or see what
	// nobody shared. A replication connection reads every byte of the cluster.
}

// attributes lists them by the names that ALTER ROLE has for them.
// https://www.postgresql.org/docs/current/role-attributes.html
func attributes() []attribute {
	return []attribute{
		{"SUPERUSER", func(r role) bool { return r.Super }},
		{"CREATEROLE", func(r role) bool { return r.CreateRole }},
		{"CREATEDB", func(r role) bool { return r.CreateDB }},
		{"REPLICATION", func(r role) bool { return r.Replication }},
		{"BYPASSRLS", func(r role) bool { return r.BypassRLS }},
	}
}

// addRole makes grants of what stands in the role itself.
func (s *survey) addRole() {
	for _, a := range attributes() {
		if a.held(s.role) {
			g := grant(kindAttribute, a.name, exact())
			g.Resource.Name, g.Rung, g.Ladder = a.name, rungHeld, rung(rungHeld, lastday.LevelAdmin)
			s.page.Grants = append(s.page.Grants, g)
		}
	}
	settings := []struct {
		kind, id, name, rung string
		held                 bool
	}{
		{kindLogin, "LOGIN", "log in", rungLogin, s.role.Login},
		{kindLimit, "CONNECTION LIMIT", "connections", rungOpen, s.role.Limit != 0},
		{kindPassword, "VALID UNTIL", "password in its time", rungValid, s.role.Valid},
	}
	for _, x := range settings {
		if x.held {
			g := grant(x.kind, x.id, exact())
			g.Resource.Name, g.Rung, g.Ladder = x.name, x.rung, rung(x.rung, lastday.LevelSignIn)
			g.Details["connection_limit"], g.Details["valid_until"] = fmt.Sprint(s.role.Limit), s.role.until()
			s.page.Grants = append(s.page.Grants, g)
		}
	}
	if s.role.Login && !s.role.Valid {
		s.residue(kindLogin, "the password's time is over, and the role may still log in",
			"VALID UNTIL holds for passwords only: certificates, peer, GSS and LDAP let the role in", "take the login")
	}
}

// until is the end of the password's time as ALTER ROLE takes it. None and
// infinity are the same to PostgreSQL, and none cannot be given back.
func (r role) until() string {
	if r.Until == nil {
		return "infinity"
	}
	return *r.Until
}

// session is one open connection.
type session struct {
	PID      int32
	Began    *int64
	Database *string
	Type     *string
}

// askSessions reads the sessions that the role logged in for. Workers that
// serve another session end with it. What a role became after logging in
// (SET ROLE) PostgreSQL does not show to others.
// https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW
func askSessions(into *[]session, oid uint32) question {
	return ask(into, `select pid, (extract(epoch from backend_start) * 1000000)::int8, datname::text, backend_type
		from pg_stat_activity where usesysid = $1::int8::oid and backend_type is distinct from 'parallel worker' order by backend_start, pid`, int64(oid))
}

// addSessions makes a grant of each session. A process number is given anew:
// the time at which it began belongs to the id.
func (s *survey) addSessions(all []session) {
	for _, x := range all {
		if x.Began == nil {
			continue // not shown to us: missing names the gap
		}
		g := grant(kindSession, sessionID(x.PID, *x.Began), never(sessionGone))
		g.Resource.Name, g.Rung, g.Ladder = "session", rungOpen, rung(rungOpen, lastday.LevelSignIn)
		if x.Database != nil {
			g.Resource.Name = "session in " + *x.Database
			g.Resource.Labels["database"] = *x.Database
		}
		if x.Type != nil {
			g.Resource.Labels["type"] = *x.Type
		}
		s.page.Grants = append(s.page.Grants, g)
	}
}

func sessionID(pid int32, began int64) string { return fmt.Sprintf("%d/%d", pid, began) }

func parseSession(id string) (pid int32, began int64, ok bool) {
	n, err := fmt.Sscanf(id, "%d/%d", &pid, &began)
	return pid, began, err == nil && n == 2 && sessionID(pid, began) == id
}
