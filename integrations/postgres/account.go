package postgres

import (
	"fmt"
	"strconv"
	"strings"

	"lastday"
)

// builtIn is the first number of roles that people made: those under it come
// with the cluster, and what they may do is not recorded as it is for others.
// https://www.postgresql.org/docs/current/system-catalog-initial-data.html#SYSTEM-CATALOG-OID-ASSIGNMENT
const builtIn = 16384

// pin is a role's number together with its name. Either may be missing.
type pin struct {
	oid  uint32
	name string
}

// parsePin reads OID/NAME, or a NAME alone. A name may hold slashes.
func parsePin(text string) pin {
	number, name, both := strings.Cut(text, "/")
	oid, err := strconv.ParseUint(number, 10, 32)
	if both && err == nil && oid > 0 {
		return pin{uint32(oid), name}
	}
	return pin{name: text}
}

// String is OID/NAME: the id of an account.
func (p pin) String() string { return fmt.Sprintf("%d/%s", p.oid, p.name) }

// pinned reads the id of an account, which must hold both.
func pinned(op string, account lastday.Account) (pin, error) {
	p := parsePin(account.ID)
	if p.oid == 0 || p.name == "" {
		return pin{}, lastday.Errorf(lastday.CodeInvalid, op, "the account's id is not a role's number and name")
	}
	return p, nil
}

func (d *driver) account(r role) lastday.Account {
	a := lastday.Account{System: d.system, ID: r.pin().String(), Login: r.Name}
	if !r.Login {
		a.Note = "cannot log in"
	}
	return a
}

// self is who we are, and what shows that we are where we believe to be.
type self struct {
	OID        uint32
	Name       string
	Super      bool
	CreateRole bool
	Standby    bool
	Stats      bool
	Signal     bool
	HBA        bool
	Canary     bool
	Roles      int64
	Version    string
}

func (s self) pin() pin { return pin{s.OID, s.Name} }

// control is the positive control of one snapshot. It must be read together
// with what it shall show.
func (s self) control() lastday.Control {
	if !s.Canary {
		return lastday.Control{Evidence: "the canary's role was not seen: this may be another cluster"}
	}
	return lastday.Control{Seen: true, Evidence: fmt.Sprintf("in the same snapshot read our own role, the canary's and %d roles in all", s.Roles)}
}

// askSelf reads who we are. The login decides, not what a SET ROLE may have
// made of it.
func (d *driver) askSelf(into *[]self) question {
	return ask(into, `
		select r.oid, r.rolname::text, r.rolsuper, r.rolcreaterole, pg_is_in_recovery(),
			r.rolsuper or pg_has_role(r.oid, 'pg_read_all_stats', 'usage'),
			r.rolsuper or pg_has_role(r.oid, 'pg_signal_backend', 'usage'),
			has_function_privilege(r.oid, 'pg_hba_file_rules()', 'execute') and has_table_privilege(r.oid, 'pg_hba_file_rules', 'select'),
			exists (select from pg_roles c where c.rolname = $1 and c.oid = coalesce(nullif($2::int8, 0)::oid, c.oid) and c.oid <> r.oid and c.oid >= $3::int8::oid),
			(select count(*) from pg_roles), current_setting('server_version')
		from pg_roles r where r.rolname = session_user`, d.canary.name, int64(d.canary.oid), int64(builtIn))
}

// role is one row of pg_roles.
type role struct {
	OID         uint32
	Name        string
	Super       bool
	CreateRole  bool
	CreateDB    bool
	Replication bool
	BypassRLS   bool
	Login       bool
	Limit       int32
	Until       *string
	Valid       bool
	Comment     *string
}

func (r role) pin() pin { return pin{r.OID, r.Name} }

const roleColumns = `r.oid, r.rolname::text, r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolreplication, r.rolbypassrls, r.rolcanlogin,
	r.rolconnlimit, r.rolvaliduntil::text, r.rolvaliduntil is null or r.rolvaliduntil > clock_timestamp(), shobj_description(r.oid, 'pg_authid')`

// askRoles reads whoever has the number or the name of a pin.
func askRoles(into *[]role, p pin) question {
	return ask(into, `select `+roleColumns+` from pg_roles r where r.oid = $1::int8::oid or r.rolname = $2 order by r.oid`, int64(p.oid), p.name)
}

// fate says what became of a pinned role.
type fate int

const (
	// there: number and name are together.
	there fate = iota
	// gone: neither the number nor the name is left.
	gone
	// other: the name has another number, or the number another name.
	other
)

// judge tells the pinned role among those that have its number or its name.
func judge(p pin, found []role) (role, fate) {
	if len(found) == 0 {
		return role{}, gone
	}
	if len(found) == 1 && found[0].pin() == p {
		return found[0], there
	}
	return role{}, other
}

const notTheSame = "the role was renamed, or dropped and made again: number and name no longer belong together; look whose it is and link it anew"

// one gives the only row of an answer.
func one[T any](op string, rows []T) (T, error) {
	if len(rows) != 1 {
		var none T
		return none, lastday.Errorf(lastday.CodeInvalid, op, "%d rows, want one", len(rows))
	}
	return rows[0], nil
}
