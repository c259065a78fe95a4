package postgres

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// quote makes a name safe to stand in a statement.
func quote(parts ...string) string { return pgx.Identifier(parts).Sanitize() }

// entry is one privilege on one object as the catalogs have it.
type entry struct {
	Class       string
	Object      uint32
	Sub         int32
	Type        string
	Schema      string
	Name        string
	Column      string
	Signature   string
	Owner       uint32
	Feared      bool
	Grantor     uint32
	GrantorName *string
	Grantee     uint32
	Privilege   string
	Option      bool
}

// objects lists everything that has a list of privileges, wherever it is
// wanted: wanted(classid, objid) is a table made before. A function that runs
// with the rights of a superuser is feared.
// https://www.postgresql.org/docs/current/ddl-priv.html
const objects = `, o (class, object, sub, type, schema, name, col, signature, owner, feared, acl) as (
	select 'pg_class', c.oid, 0, case c.relkind when 'S' then 'sequence' else 'table' end, n.nspname::text, c.relname::text, '', '', c.relowner, false, c.relacl
		from wanted w join pg_class c on w.classid = 'pg_class'::regclass and c.oid = w.objid join pg_namespace n on n.oid = c.relnamespace
	union all select 'pg_class', c.oid, a.attnum, 'column', n.nspname, c.relname, a.attname::text, '', c.relowner, false, a.attacl
		from wanted w join pg_class c on w.classid = 'pg_class'::regclass and c.oid = w.objid join pg_namespace n on n.oid = c.relnamespace
		join pg_attribute a on a.attrelid = c.oid and not a.attisdropped
	union all select 'pg_namespace', n.oid, 0, 'schema', '', n.nspname, '', '', n.nspowner, false, n.nspacl
		from wanted w join pg_namespace n on w.classid = 'pg_namespace'::regclass and n.oid = w.objid
	union all select 'pg_proc', p.oid, 0, 'function', n.nspname, p.proname, '', p.oid::regprocedure::text, p.proowner, p.prosecdef and r.rolsuper, p.proacl
		from wanted w join pg_proc p on w.classid = 'pg_proc'::regclass and p.oid = w.objid join pg_namespace n on n.oid = p.pronamespace
		join pg_roles r on r.oid = p.proowner
	union all select 'pg_type', t.oid, 0, 'type', n.nspname, t.typname, '', '', t.typowner, false, t.typacl
		from wanted w join pg_type t on w.classid = 'pg_type'::regclass and t.oid = w.objid join pg_namespace n on n.oid = t.typnamespace
	union all select 'pg_language', l.oid, 0, 'language', '', l.lanname, '', '', l.lanowner, false, l.lanacl
		from wanted w join pg_language l on w.classid = 'pg_language'::regclass and l.oid = w.objid
	union all select 'pg_foreign_data_wrapper', f.oid, 0, 'foreign data wrapper', '', f.fdwname, '', '', f.fdwowner, false, f.fdwacl
		from wanted w join pg_foreign_data_wrapper f on w.classid = 'pg_foreign_data_wrapper'::regclass and f.oid = w.objid
	union all select 'pg_foreign_server', s.oid, 0, 'foreign server', '', s.srvname, '', '', s.srvowner, false, s.srvacl
		from wanted w join pg_foreign_server s on w.classid = 'pg_foreign_server'::regclass and s.oid = w.objid
	union all select 'pg_largeobject', m.oid, 0, 'large object', '', m.oid::text, '', '', m.lomowner, false, m.lomacl
		from wanted w join pg_largeobject_metadata m on w.classid = 'pg_largeobject'::regclass and m.oid = w.objid
	union all select 'pg_database', d.oid, 0, 'database', '', d.datname, '', '', d.datdba, false, d.datacl
		from wanted w join pg_database d on w.classid = 'pg_database'::regclass and d.oid = w.objid
	union all select 'pg_tablespace', t.oid, 0, 'tablespace', '', t.spcname, '', '', t.spcowner, false, t.spcacl
		from wanted w join pg_tablespace t on w.classid = 'pg_tablespace'::regclass and t.oid = w.objid
	%s) `

// listed are the privileges of roles, and what they gave to others.
const listed = `select o.class, o.object, o.sub, o.type, o.schema, o.name, o.col, o.signature, o.owner, o.feared,
	e.grantor, g.rolname::text, e.grantee, e.privilege_type, e.is_grantable
from o cross join lateral aclexplode(o.acl) e left join pg_roles g on g.oid = e.grantor
where e.grantee <> o.owner and (e.grantee = any($1::int8[]::oid[]) or e.grantor = any($1::int8[]::oid[]))
order by o.class, o.object, o.sub, e.grantor, e.grantee, e.privilege_type`

// single are the privileges on one object, or column, that one role has from
// another; and one row that names the object if there are none.
const single = `select o.class, o.object, o.sub, o.type, o.schema, o.name, o.col, o.signature, o.owner, o.feared,
	$4::int8::oid, g.rolname::text, coalesce(e.grantee, 0::oid), coalesce(e.privilege_type, ''), coalesce(e.is_grantable, false)
from o left join lateral (select * from aclexplode(o.acl) x where x.grantee = $1::int8::oid and x.grantor = $4::int8::oid) e on true
	left join pg_roles g on g.oid = $4::int8::oid
where o.sub = $5::int4`

// singleParameter is the same for a parameter. The superuser that came with the
// cluster owns them all.
const singleParameter = `select 'pg_parameter_acl', 0::oid, 0, 'parameter', '', $2::text, '', '', 10::oid, false,
	g.oid, g.rolname::text, coalesce(e.grantee, 0::oid), coalesce(e.privilege_type, ''), coalesce(e.is_grantable, false)
from pg_roles g left join lateral (select x.* from pg_parameter_acl p cross join lateral aclexplode(p.paracl) x
	where p.parname = $2::text and x.grantee = $1::int8::oid and x.grantor = $3::int8::oid) e on true
where g.oid = $3::int8::oid`

// parameters is the part of objects that came with version 15.
// https://www.postgresql.org/docs/15/catalog-pg-parameter-acl.html
const parameters = `union all select 'pg_parameter_acl', p.oid, 0, 'parameter', '', p.parname, '', '', 10::oid, false, p.paracl
	from wanted w join pg_parameter_acl p on w.classid = 'pg_parameter_acl'::regclass and p.oid = w.objid`

func objectsSQL(major int, wanted, tail string) string {
	late := ""
	if major >= 15 {
		late = parameters
	}
	return "with wanted (classid, objid) as (" + wanted + ")" + fmt.Sprintf(objects, late) + tail
}

// askEntries reads all privileges of roles, and what they gave on, in the
// database of the connection or, if shared, among what all databases share.
// pg_shdepend says where there is any, so nothing else needs to be read.
// https://www.postgresql.org/docs/current/catalog-pg-shdepend.html
func askEntries(into *[]entry, major int, roles []int64, shared bool) question {
	return ask(into, objectsSQL(major, `select distinct classid, objid from pg_shdepend
		where dbid = case when $2 then 0::oid else (select oid from pg_database where datname = current_database()) end
			and refclassid = 'pg_authid'::regclass and refobjid = any($1::int8[]::oid[]) and deptype = 'a'`, listed), roles, shared)
}

// askObject reads the privileges that a role has in a place.
func askObject(into *[]entry, major int, role uint32, p place) question {
	if p.class == classParameter {
		return ask(into, singleParameter, int64(role), p.parameter, int64(p.grantor))
	}
	return ask(into, objectsSQL(major, `select $2::text::regclass::oid, $3::int8::oid`, single),
		int64(role), p.class, int64(p.object), int64(p.grantor), p.sub)
}

// defaultEntry is one default privilege.
type defaultEntry struct {
	Role       uint32
	RoleName   string
	Schema     uint32
	SchemaName string
	Type       string
	Grantee    uint32
	Privilege  string
	Option     bool
}

// askDefaults reads what roles will be given on what others create.
// https://www.postgresql.org/docs/current/catalog-pg-default-acl.html
func askDefaults(into *[]defaultEntry, roles []int64) question {
	return ask(into, `select a.defaclrole, r.rolname::text, a.defaclnamespace, coalesce(n.nspname::text, ''), a.defaclobjtype::text,
			e.grantee, e.privilege_type, e.is_grantable
		from pg_default_acl a join pg_roles r on r.oid = a.defaclrole left join pg_namespace n on n.oid = a.defaclnamespace
			cross join lateral aclexplode(a.defaclacl) e
		where e.grantee = any($1::int8[]::oid[]) and e.grantee <> a.defaclrole
		order by 1, 3, 5, 6, 7`, roles)
}

// place is where a grant of a privilege is: it is the grant's id, and found
// again by it whatever the names become.
type place struct {
	database uint32 // 0 is shared by all databases
	class    string
	object   uint32
	// parameter is there instead of a number: the row of a parameter goes when the
	// last privilege on it goes, and its number with it.
	parameter string
	sub       int32
	grantor   uint32
}

const classParameter = "pg_parameter_acl"

func (p place) String() string {
	object := p.parameter
	if p.class != classParameter {
		object = strconv.FormatUint(uint64(p.object), 10)
	}
	return fmt.Sprintf("%d/%s/%s/%d/%d", p.database, p.class, object, p.sub, p.grantor)
}

func parsePlace(id string) (place, bool) {
	var p place
	fields := strings.Split(id, "/")
	if len(fields) != 5 {
		return p, false
	}
	object := fields[2]
	if p.class = fields[1]; p.class == classParameter {
		p.parameter, object = object, "0"
	}
	n, err := fmt.Sscanf(strings.Join([]string{fields[0], object, fields[3], fields[4]}, " "), "%d %d %d %d", &p.database, &p.object, &p.sub, &p.grantor)
	return p, err == nil && n == 4 && p.String() == id && strings.Trim(p.class, "abcdefghijklmnopqrstuvwxyz_") == "" && p.class != ""
}

func (e entry) place(database uint32) place {
	if e.Class == classParameter {
		return place{database: database, class: e.Class, parameter: e.Name, grantor: e.Grantor}
	}
	return place{database: database, class: e.Class, object: e.Object, sub: e.Sub, grantor: e.Grantor}
}

func (e entry) item() item {
	return item{name: e.Privilege, option: e.Option, level: privilegeLevel(e.Type, e.Privilege, e.Feared)}
}

// title is what people call the object.
func (e entry) title() string {
	name := e.Name
	switch {
	case e.Signature != "":
		name = e.Signature
	case e.Schema != "":
		name = e.Schema + "." + e.Name
	}
	if e.Column != "" {
		name += "." + e.Column
	}
	return e.Type + " " + name
}

// target is the object as GRANT and REVOKE want it. The signature of a function
// comes quoted from the server.
// https://www.postgresql.org/docs/current/sql-grant.html
func (e entry) target() string {
	switch e.Type {
	case "table", "column":
		return "TABLE " + quote(e.Schema, e.Name)
	case "sequence":
		return "SEQUENCE " + quote(e.Schema, e.Name)
	case "function":
		return "ROUTINE " + e.Signature
	case "type":
		return "TYPE " + quote(e.Schema, e.Name)
	case "large object":
		return fmt.Sprintf("LARGE OBJECT %d", e.Object)
	case "parameter":
		return "PARAMETER " + quote(strings.Split(e.Name, ".")...)
	}
	return strings.ToUpper(e.Type) + " " + quote(e.Name)
}
