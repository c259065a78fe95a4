package postgres

import (
	"fmt"
	"strconv"
	"strings"

	"lastday"
)

// privilegeMover changes the privileges that one grantor gave on one object.
func (d *driver) privilegeMover() mover {
	var found []entry
	return mover{
		place: func(j *job) (uint32, error) {
			p, err := placeOf(j)
			return p.database, err
		},
		read: func(j *job) ([]question, error) {
			p, err := placeOf(j)
			return []question{askObject(&found, j.link.major, j.pin.oid, p)}, err
		},
		rung:  func(*job) (string, error) { return heldIn(found).rung(), nil },
		write: func(j *job) ([]string, error) { return writePrivilege(j, found) },
	}
}

func placeOf(j *job) (place, error) {
	p, ok := parsePlace(j.change.Grant.Resource.ID)
	if !ok {
		return p, lastday.Errorf(lastday.CodeInvalid, opApply, "the privilege's id is none")
	}
	return p, nil
}

// heldIn leaves out the row that only names the object.
func heldIn(found []entry) items {
	var held items
	for _, e := range found {
		if e.Privilege != "" {
			held = append(held, e.item())
		}
	}
	return held
}

// writePrivilege speaks in the name of whoever gave the privilege: what one
// grantor gave another cannot take. In the name of the owner everybody speaks
// who may, superusers always.
func writePrivilege(j *job, found []entry) ([]string, error) {
	if len(found) == 0 || found[0].GrantorName == nil {
		return nil, j.refuse("the object, or whoever gave the privilege, is gone")
	}
	object := found[0]
	s := statement{target: "ON " + object.target(), column: object.Column, role: quote(j.role.Name)}
	lines, err := s.lines(j, heldIn(found))
	if err != nil || object.Grantor == object.Owner {
		return lines, err
	}
	lines = append([]string{"SET LOCAL ROLE " + quote(*object.GrantorName)}, lines...)
	return append(lines, "RESET ROLE"), nil
}

// statement is GRANT or REVOKE without its privileges.
type statement struct {
	// before stands in front, for default privileges.
	before, target, column, role string
}

// lines are the statements that bring what is held to the rung change.To.
// https://www.postgresql.org/docs/current/sql-revoke.html
func (s statement) lines(j *job, held items) ([]string, error) {
	if !j.down {
		return s.giveBack(j)
	}
	to, ok := j.change.Grant.Ladder.Rung(j.change.To)
	if !ok {
		return nil, lastday.Errorf(lastday.CodeInvalid, opApply, "no such rung")
	}
	whole, options := held.above(to.Level)
	j.keep("privileges", append(append(items{}, whole...), options...).String())
	var lines []string
	if len(whole) > 0 {
		lines = append(lines, fmt.Sprintf("%sREVOKE %s %s FROM %s", s.before, whole.names(s.column), s.target, s.role))
	}
	if len(options) > 0 {
		lines = append(lines, fmt.Sprintf("%sREVOKE GRANT OPTION FOR %s %s FROM %s", s.before, options.names(s.column), s.target, s.role))
	}
	return lines, nil
}

// giveBack gives just what was taken.
func (s statement) giveBack(j *job) ([]string, error) {
	all, ok := parseItems(j.restoreWith("privileges"))
	if !ok {
		return nil, lastday.Errorf(lastday.CodeInvalid, opApply, "the privileges that there were are not known")
	}
	var plain, options items
	for _, i := range all {
		if i.option {
			options = append(options, i)
			continue
		}
		plain = append(plain, i)
	}
	var lines []string
	if len(plain) > 0 {
		lines = append(lines, fmt.Sprintf("%sGRANT %s %s TO %s", s.before, plain.names(s.column), s.target, s.role))
	}
	if len(options) > 0 {
		lines = append(lines, fmt.Sprintf("%sGRANT %s %s TO %s WITH GRANT OPTION", s.before, options.names(s.column), s.target, s.role))
	}
	return lines, nil
}

// defaultPlace is where default privileges are. Their row goes when the last
// of them goes, so it has no number to rely on.
type defaultPlace struct {
	database, role, schema uint32
	class                  string
}

func (p defaultPlace) String() string {
	return fmt.Sprintf("%d/%d/%d/%s", p.database, p.role, p.schema, p.class)
}

func parseDefaultPlace(id string) (defaultPlace, bool) {
	fields := strings.Split(id, "/")
	if len(fields) != 4 {
		return defaultPlace{}, false
	}
	var n [3]uint32
	for i := range n {
		x, err := strconv.ParseUint(fields[i], 10, 32)
		if err != nil {
			return defaultPlace{}, false
		}
		n[i] = uint32(x)
	}
	_, known := defaultTypes()[fields[3]]
	return defaultPlace{n[0], n[1], n[2], fields[3]}, known
}

// defaultMover changes the default privileges that one role gives in one schema.
func (d *driver) defaultMover() mover {
	var found []defaultEntry
	return mover{
		place: func(j *job) (uint32, error) {
			p, ok := parseDefaultPlace(j.change.Grant.Resource.ID)
			if !ok {
				return 0, lastday.Errorf(lastday.CodeInvalid, opApply, "the default privilege's id is none")
			}
			return p.database, nil
		},
		read: func(j *job) ([]question, error) {
			p, _ := parseDefaultPlace(j.change.Grant.Resource.ID)
			return []question{askDefault(&found, j.pin.oid, p)}, nil
		},
		rung:  func(*job) (string, error) { return heldByDefault(found).rung(), nil },
		write: func(j *job) ([]string, error) { return writeDefault(j, found) },
	}
}

// askDefault reads what a role has in a place, and one row with the names if
// there is nothing.
func askDefault(into *[]defaultEntry, role uint32, p defaultPlace) question {
	return ask(into, `select r.oid, r.rolname::text, $3::int8::oid, coalesce(n.nspname::text, ''), $4::text,
			coalesce(e.grantee, 0::oid), coalesce(e.privilege_type, ''), coalesce(e.is_grantable, false)
		from pg_roles r left join pg_namespace n on n.oid = $3::int8::oid
			left join pg_default_acl a on a.defaclrole = r.oid and a.defaclnamespace = $3::int8::oid and a.defaclobjtype = $4::text::"char"
			left join lateral (select * from aclexplode(a.defaclacl) x where x.grantee = $1::int8::oid) e on true
		where r.oid = $2::int8::oid and ($3::int8 = 0 or n.oid is not null)`, int64(role), int64(p.role), int64(p.schema), p.class)
}

func heldByDefault(found []defaultEntry) items {
	var held items
	for _, e := range found {
		if e.Privilege != "" {
			held = append(held, e.item())
		}
	}
	return held
}

// writeDefault speaks for the role whose future objects it is about.
// https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html
func writeDefault(j *job, found []defaultEntry) ([]string, error) {
	if len(found) == 0 {
		return nil, j.refuse("the role or schema that it was about is gone")
	}
	e := found[0]
	before := "ALTER DEFAULT PRIVILEGES FOR ROLE " + quote(e.RoleName) + " "
	if e.SchemaName != "" {
		before += "IN SCHEMA " + quote(e.SchemaName) + " "
	}
	s := statement{before: before, target: "ON " + defaultTypes()[e.Type].word, role: quote(j.role.Name)}
	return s.lines(j, heldByDefault(found))
}
