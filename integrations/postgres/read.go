package postgres

import (
	"context"
	"fmt"
	"slices"

	"lastday"
	"lastday/integrations"
)

// survey is what is read of one role.
type survey struct {
	*driver
	me    self
	role  role
	major int
	edges []edge
	refs  []reference
	// strength is what each role in reach may do by its own privileges.
	strength map[uint32]lastday.Level
	page     integrations.Page
}

// List reads all that a role can do. It is one page: what is shared by all
// databases in one snapshot, then each database in which something refers to
// the role or to one that it can become, each in a snapshot of its own.
func (d *driver) List(ctx context.Context, account lastday.Account, at integrations.Cursor) (integrations.Page, error) {
	const op = "postgres: list"
	p, err := pinned(op, account)
	if err != nil {
		return integrations.Page{}, err
	}
	if at != "" {
		return integrations.Page{}, lastday.Errorf(lastday.CodeInvalid, op, "there is one page, and no cursor")
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s := &survey{driver: d, strength: map[uint32]lastday.Level{}}
	present, err := s.readCluster(ctx, op, p)
	if err != nil || !present {
		return s.page, err
	}
	for _, db := range s.databases() {
		if err := s.readDatabase(ctx, op, db); err != nil {
			return integrations.Page{}, err
		}
	}
	s.addMemberships()
	s.addOwnership()
	return s.page, nil
}

// readCluster reads what all databases share, and says whether the role is there.
func (s *survey) readCluster(ctx context.Context, op string, p pin) (bool, error) {
	l, err := s.connect(ctx, op, "")
	if err != nil {
		return false, err
	}
	defer l.close(ctx)
	s.major = l.major
	var selves []self
	var roles []role
	var sessions []session
	if err := l.send(ctx, op, beginRead(), s.askSelf(&selves), askRoles(&roles, p), askEdges(&s.edges, p), askReferences(&s.refs, p), askSessions(&sessions, p.oid)); err != nil {
		return false, err
	}
	if s.me, err = one(op, selves); err != nil {
		return false, err
	}
	s.page.Control = s.me.control()
	r, what := judge(p, roles)
	if what != there {
		s.absent(what)
		return false, nil
	}
	s.role = r
	s.page.Gaps = s.missing(s.me)
	if r.OID < builtIn {
		s.page.Gaps = append(s.page.Gaps, s.gap("", "what a built-in role may do", lastday.CodeUnsupported, "PostgreSQL does not record it as it does for others",
			"do not link a person to a built-in role"))
	}
	s.addRole()
	s.addSessions(sessions)
	return true, s.readShared(ctx, op, l)
}

// absent tells why there is nothing to list. That another role has the name or
// the number now must not pass for an account that is gone.
func (s *survey) absent(what fate) {
	if what == other {
		s.page.Gaps = append(s.page.Gaps, s.gap("", "the role", lastday.CodeProtected, notTheSame, "look whose role it is, and link it anew"))
	}
	if !s.page.Control.Seen {
		s.page.Gaps = append(s.page.Gaps, s.gap("", "the cluster's roles", lastday.CodeInvalid, s.page.Control.Evidence, "check dsn and canary"))
	}
}

// readShared reads the rest of what all databases share, in the same snapshot.
func (s *survey) readShared(ctx context.Context, op string, l *link) error {
	var shared []entry
	left := leftovers{}
	questions := []question{askEntries(&shared, s.major, s.reachable(), true)}
	questions = append(questions, s.askLeftovers(&left)...)
	if err := l.send(ctx, op, append(questions, do("commit"))...); err != nil {
		return err
	}
	s.addEntries(database{}, shared)
	s.addLeftovers(left)
	return nil
}

// reference is how often something in a database refers to a role, by the kind
// of reference and the kind of thing.
type reference struct {
	Database  uint32
	Name      *string
	Enterable bool
	Role      uint32
	How       string
	Class     string
	Count     int64
}

// upward is the role and all that it is a member of, directly or not.
const upward = `with recursive up(oid) as (select $1::int8::oid union select m.roleid from pg_auth_members m join up on m.member = up.oid) `

func askReferences(into *[]reference, p pin) question {
	return ask(into, upward+`select d.dbid, b.datname::text, coalesce(b.datallowconn and has_database_privilege(b.oid, 'CONNECT'), true),
			d.refobjid, d.deptype::text, d.classid::regclass::text, count(*)
		from up join pg_shdepend d on d.refclassid = 'pg_authid'::regclass and d.refobjid = up.oid
			left join pg_database b on b.oid = d.dbid
		group by 1, 2, 3, 4, 5, 6 order by 1, 4, 5, 6`, int64(p.oid))
}

// database is one in which something refers to a role that matters.
type database struct {
	oid  uint32
	name string
}

// databases lists those that must be read. One that we may not enter is a gap,
// and whoever is referred to there is feared.
func (s *survey) databases() []database {
	var all []database
	closed := map[string]bool{}
	for _, r := range s.refs {
		if r.How == "o" && r.Role != s.role.OID || r.Database == 0 || r.Name == nil {
			continue // whoever owns something is an admin of it: there is nothing more to read
		}
		db := database{r.Database, *r.Name}
		if !r.Enterable {
			s.strength[r.Role] = lastday.LevelAdmin
			closed[db.name] = true
			continue
		}
		if !slices.Contains(all, db) {
			all = append(all, db)
		}
	}
	for _, name := range sorted(closed) {
		s.page.Gaps = append(s.page.Gaps, s.closedGaps(name)...)
	}
	return all
}

func sorted(set map[string]bool) []string {
	var names []string
	for name := range set {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// closedGaps names what cannot be seen in a database that we may not enter.
func (d *driver) closedGaps(database string) []lastday.Gap {
	var gaps []lastday.Gap
	for _, kind := range []string{kindPrivilege, kindDefault, kindOwnership} {
		gaps = append(gaps, d.gap(kind, "database "+database, lastday.CodeDenied, "something there refers to the role, and our role may not connect to it",
			"GRANT CONNECT ON DATABASE to our role, or allow connections to it"))
	}
	return gaps
}

// readDatabase reads one database in one snapshot.
func (s *survey) readDatabase(ctx context.Context, op string, db database) error {
	l, err := s.connect(ctx, op, db.name)
	if err != nil {
		return err
	}
	defer l.close(ctx)
	var selves []self
	var entries []entry
	var defaults []defaultEntry
	left := locals{}
	questions := []question{beginRead(), s.askSelf(&selves), askEntries(&entries, s.major, s.reachable(), false), askDefaults(&defaults, s.reachable())}
	questions = append(questions, askLocals(&left, s.role.OID)...)
	if err := l.send(ctx, op, append(questions, do("commit"))...); err != nil {
		return err
	}
	me, err := one(op, selves)
	if err != nil {
		return err
	}
	if me.pin() != s.me.pin() || !me.Canary {
		s.page.Control = lastday.Control{Evidence: "database " + db.name + " is not of the same cluster, or the canary's role went away"}
	}
	s.addEntries(db, entries)
	s.addDefaults(db, defaults)
	s.addLocals(db, left)
	return nil
}

// reachable lists the role and all that it is a member of.
func (s *survey) reachable() []int64 {
	all := []int64{int64(s.role.OID)}
	for _, e := range s.edges {
		if !slices.Contains(all, int64(e.Role)) {
			all = append(all, int64(e.Role))
		}
	}
	return all
}

func (s *survey) strengthen(role uint32, l lastday.Level) {
	s.strength[role] = max(s.strength[role], l)
}

// addEntries makes grants of the role's own privileges, one for each object
// and grantor, and remembers what the roles above it may do.
func (s *survey) addEntries(db database, entries []entry) {
	byPlace := map[place]items{}
	var order []entry
	for _, e := range entries {
		switch {
		case e.Grantee != s.role.OID && e.Grantor == s.role.OID && e.Owner != s.role.OID:
			s.residue(kindPrivilege, fmt.Sprintf("%s on %s, which the role gave to another role", e.Privilege, inDatabase(db, e.title())),
				"it hangs on the role's own privilege, which cannot be taken without taking this", "let the owner give it, then plan again")
			continue
		case e.Grantee != s.role.OID:
			s.strengthen(e.Grantee, e.item().reach())
			continue
		}
		p := e.place(db.oid)
		if byPlace[p] == nil {
			order = append(order, e)
		}
		byPlace[p] = append(byPlace[p], e.item())
	}
	for _, e := range order {
		s.page.Grants = append(s.page.Grants, s.privilege(db, e, byPlace[e.place(db.oid)]))
	}
}

func inDatabase(db database, title string) string {
	if db.name == "" {
		return title
	}
	return db.name + ": " + title
}

func (s *survey) privilege(db database, e entry, held items) lastday.Grant {
	g := grant(kindPrivilege, e.place(db.oid).String(), s.restoreAs(e.Grantor, e.Owner))
	g.Resource.Name = inDatabase(db, e.title())
	g.Resource.Labels["type"] = e.Type
	g.Resource.Labels["database"] = db.name
	g.Resource.Labels["schema"] = e.Schema
	g.Rung, g.Ladder = held.rung(), held.ladder()
	g.Details["privileges"] = held.String()
	if e.GrantorName != nil {
		g.Details["grantor"] = *e.GrantorName
	}
	return g
}

// restoreAs says how well something that grantor gave can be given back. Only a
// superuser can speak for everybody; others speak for the owner at most.
func (s *survey) restoreAs(grantor, owner uint32) lastday.Restore {
	if s.me.Super || grantor == owner || grantor == s.me.OID {
		return exact()
	}
	return lastday.Restore{Fidelity: lastday.RestoreLossy, Note: "may need a superuser: only one can give it back in the name of whoever gave it"}
}

func (s *survey) addDefaults(db database, entries []defaultEntry) {
	byID := map[string]items{}
	var order []defaultEntry
	for _, e := range entries {
		if e.Grantee != s.role.OID {
			s.strengthen(e.Grantee, e.item().reach())
			continue
		}
		if byID[e.id(db)] == nil {
			order = append(order, e)
		}
		byID[e.id(db)] = append(byID[e.id(db)], e.item())
	}
	for _, e := range order {
		held := byID[e.id(db)]
		g := grant(kindDefault, e.id(db), exact())
		g.Resource.Name = inDatabase(db, e.title())
		g.Resource.Labels["database"] = db.name
		g.Rung, g.Ladder = held.rung(), held.ladder()
		g.Details["privileges"] = held.String()
		s.page.Grants = append(s.page.Grants, g)
	}
}

func (e defaultEntry) id(db database) string {
	return defaultPlace{db.oid, e.Role, e.Schema, e.Type}.String()
}

func (e defaultEntry) item() item {
	return item{name: e.Privilege, option: e.Option, level: privilegeLevel(defaultTypes()[e.Type].one, e.Privilege, false)}
}

func (e defaultEntry) title() string {
	where := ""
	if e.SchemaName != "" {
		where = " in schema " + e.SchemaName
	}
	return "future " + defaultTypes()[e.Type].one + "s of " + e.RoleName + where
}

// defaultType is a kind of object that default privileges are about: its name,
// and the word in ALTER DEFAULT PRIVILEGES.
type defaultType struct{ one, word string }

// defaultTypes are by defaclobjtype.
// https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html
func defaultTypes() map[string]defaultType {
	return map[string]defaultType{
		"r": {"table", "TABLES"}, "S": {"sequence", "SEQUENCES"}, "f": {"function", "ROUTINES"}, "T": {"type", "TYPES"},
		"n": {"schema", "SCHEMAS"}, "L": {"large object", "LARGE OBJECTS"},
	}
}

func (s *survey) residue(kind, what, why, todo string) {
	s.page.Residue = append(s.page.Residue, lastday.Residue{System: s.system, Kind: kind, What: what, Why: why, Todo: todo})
}
