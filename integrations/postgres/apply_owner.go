package postgres

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lastday"
)

// owned is one thing that a role owns.
type owned struct {
	Class  string
	Object uint32
	What   string
}

// ownershipMover hands what is owned in one database to the successor. It is a
// transfer: nothing tells afterwards what the successor had before, so a person
// must have approved it.
// https://www.postgresql.org/docs/current/sql-reassign-owned.html
func (d *driver) ownershipMover() mover {
	var found []owned
	var heirs []role
	return mover{
		place: func(j *job) (uint32, error) {
			oid, err := strconv.ParseUint(j.change.Grant.Resource.ID, 10, 32)
			if err != nil {
				return 0, lastday.Errorf(lastday.CodeInvalid, opApply, "the database's id is none")
			}
			return uint32(oid), nil
		},
		read: func(j *job) ([]question, error) {
			shared := j.change.Grant.Resource.ID == "0"
			return []question{askOwned(&found, j.pin.oid, shared), askRoles(&heirs, pin{name: d.cfg.Successor})}, nil
		},
		rung: func(*job) (string, error) {
			if len(found) > 0 {
				return rungOwner, nil
			}
			return lastday.None, nil
		},
		write: func(j *job) ([]string, error) { return d.handOn(j, found, heirs) },
	}
}

// askOwned lists what a role owns in the database of the connection, or among
// what all databases share. Default privileges and user mappings hang on a role
// and are not owned: REASSIGN OWNED leaves them alone.
func askOwned(into *[]owned, oid uint32, shared bool) question {
	return ask(into, `select d.classid::regclass::text, d.objid, i.type || ' ' || i.identity
		from pg_shdepend d cross join lateral pg_identify_object(d.classid, d.objid, 0) i
		where d.refclassid = 'pg_authid'::regclass and d.refobjid = $1::int8::oid and d.deptype = 'o'
			and d.dbid = case when $2 then 0::oid else (select oid from pg_database where datname = current_database()) end
			and d.classid not in ('pg_default_acl'::regclass, 'pg_user_mapping'::regclass)
		order by 1, 2`, int64(oid), shared)
}

func (d *driver) handOn(j *job, found []owned, heirs []role) ([]string, error) {
	switch {
	case !j.down:
		return nil, j.refuse(ownerGone)
	case d.cfg.Successor == "":
		return nil, j.refuse("no successor is configured: name the role that the objects are handed to")
	case len(heirs) != 1:
		return nil, j.refuse("the configured successor is no role of this cluster")
	case heirs[0].OID == j.role.OID:
		return nil, j.refuse("the configured successor is the role itself")
	case j.change.Consent == "":
		return nil, j.refuse(fmt.Sprintf("%d objects would be handed to the successor for good: a person must approve", len(found)))
	}
	j.keep("objects", list(found))
	j.keep("successor", heirs[0].Name)
	if j.change.Grant.Resource.ID == "0" {
		return alterOwners(j, found, heirs[0])
	}
	j.note = "databases and tablespaces that the role owned were handed on as well: REASSIGN OWNED takes them along"
	return []string{"REASSIGN OWNED BY " + quote(j.role.Name) + " TO " + quote(heirs[0].Name)}, nil
}

// alterOwners hands on databases and tablespaces alone: REASSIGN OWNED would
// take along what is in the database of the connection.
func alterOwners(j *job, found []owned, heir role) ([]string, error) {
	var lines []string
	for _, o := range found {
		kind, name, _ := strings.Cut(o.What, " ")
		if !slices.Contains([]string{"database", "tablespace"}, kind) {
			return nil, j.refuse("the role owns a shared object that is neither database nor tablespace: hand it on by hand")
		}
		lines = append(lines, fmt.Sprintf("ALTER %s %s OWNER TO %s", strings.ToUpper(kind), name, quote(heir.Name))) // the server quoted the name
	}
	return lines, nil
}

// list names what is handed on, as much of it as a receipt can hold.
func list(found []owned) string {
	var names []string
	for _, o := range found[:min(len(found), most)] {
		names = append(names, o.What)
	}
	if len(found) > most {
		names = append(names, fmt.Sprintf("and %d more", len(found)-most))
	}
	return strings.Join(names, "; ")
}
