package postgres

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"lastday"
)

// roleMover changes what stands in the role itself.
// https://www.postgresql.org/docs/current/sql-alterrole.html
func (d *driver) roleMover(kind string) mover {
	var again []role
	return mover{
		place: func(*job) (uint32, error) { return 0, nil },
		read: func(j *job) ([]question, error) {
			if kind == kindAttribute && attributeOf(j) == nil {
				return nil, lastday.Errorf(lastday.CodeInvalid, opApply, "no such attribute")
			}
			return []question{askRoles(&again, j.pin)}, nil
		},
		rung: func(j *job) (string, error) {
			r, what := judge(j.pin, again)
			if what != there {
				return "", lastday.Errorf(lastday.CodeTransient, opApply, "the role changed meanwhile")
			}
			return standing(kind, j, r), nil
		},
		write: func(j *job) ([]string, error) { return d.alterRole(kind, j) },
	}
}

func attributeOf(j *job) *attribute {
	all := attributes()
	i := slices.IndexFunc(all, func(a attribute) bool { return a.name == j.change.Grant.Resource.ID })
	if i < 0 {
		return nil
	}
	return &all[i]
}

func standing(kind string, j *job, r role) string {
	held, name := false, rungHeld
	switch kind {
	case kindLogin:
		held, name = r.Login, rungLogin
	case kindLimit:
		held, name = r.Limit != 0, rungOpen
	case kindPassword:
		held, name = r.Valid, rungValid
	case kindAttribute:
		held = attributeOf(j).held(r)
	}
	if held {
		return name
	}
	return lastday.None
}

func (d *driver) alterRole(kind string, j *job) ([]string, error) {
	if note := d.lastSuperuser(kind, j); note != "" {
		return nil, j.refuse(note)
	}
	word, err := roleWord(kind, j)
	if err != nil || j.outcome != "" {
		return nil, err
	}
	return []string{"ALTER ROLE " + quote(j.role.Name) + " " + word}, nil
}

// lastSuperuser says why a change would leave nobody to mend the cluster.
func (d *driver) lastSuperuser(kind string, j *job) string {
	takes := kind == kindLogin || kind == kindPassword || (kind == kindAttribute && j.change.Grant.Resource.ID == "SUPERUSER")
	if j.down && takes && j.role.Super && j.role.Login && j.supers < int64(d.cfg.MinSuperusers) {
		return fmt.Sprintf("%d other superusers can log in, %d must be left: make somebody else a superuser first", j.supers, d.cfg.MinSuperusers)
	}
	return ""
}

func roleWord(kind string, j *job) (string, error) {
	switch kind {
	case kindLogin:
		return negated(j, "LOGIN"), nil
	case kindAttribute:
		return negated(j, attributeOf(j).name), nil
	case kindLimit:
		return limitWord(j)
	}
	return untilWord(j)
}

func negated(j *job, word string) string {
	if j.down {
		return "NO" + word
	}
	return word
}

func limitWord(j *job) (string, error) {
	if j.down {
		j.keep("connection_limit", fmt.Sprint(j.role.Limit))
		return "CONNECTION LIMIT 0", nil
	}
	n, err := strconv.ParseInt(j.restoreWith("connection_limit"), 10, 32)
	if err != nil || n < -1 || n == 0 {
		return "", lastday.Errorf(lastday.CodeInvalid, opApply, "the limit that there was is not known")
	}
	return fmt.Sprintf("CONNECTION LIMIT %d", n), nil
}

// instant is what PostgreSQL writes of a time in UTC; years beyond four digits
// and before our era are its own.
func instant() *regexp.Regexp {
	return regexp.MustCompile(`^(infinity|\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?\+00( BC)?)$`)
}

// untilWord ends the password's time far in the past: no clock can be before it.
func untilWord(j *job) (string, error) {
	if j.down {
		j.keep("valid_until", j.role.until())
		return "VALID UNTIL '-infinity'", nil
	}
	until := j.restoreWith("valid_until")
	if !instant().MatchString(until) {
		return "", lastday.Errorf(lastday.CodeInvalid, opApply, "the end of the password's time that there was is not known")
	}
	return "VALID UNTIL '" + until + "'", nil
}

// sessionMover ends one session. The process, the time at which it began and
// the role must all be right: process numbers are given anew.
// https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-SIGNAL
func (d *driver) sessionMover() mover {
	var open []counted
	const same = `from pg_stat_activity where pid = %d and (extract(epoch from backend_start) * 1000000)::int8 = %d and usesysid = %d`
	return mover{
		atOnce: true,
		place:  func(*job) (uint32, error) { return 0, nil },
		read: func(j *job) ([]question, error) {
			pid, began, ok := parseSession(j.change.Grant.Resource.ID)
			if !ok {
				return nil, lastday.Errorf(lastday.CodeInvalid, opApply, "the session's id is none")
			}
			return []question{ask(&open, fmt.Sprintf("select count(*) "+same, pid, began, j.pin.oid))}, nil
		},
		rung: func(j *job) (string, error) {
			n, err := one(opApply, open)
			if err == nil && n.N == 0 && !j.me.Stats {
				err = lastday.Errorf(lastday.CodeDenied, opApply, "our role may not see other people's sessions: GRANT pg_monitor")
			}
			if err == nil && n.N > 0 {
				return rungOpen, nil
			}
			return lastday.None, err
		},
		write: func(j *job) ([]string, error) {
			pid, began, _ := parseSession(j.change.Grant.Resource.ID)
			return []string{fmt.Sprintf("select pg_terminate_backend(pid, %s) "+same, millis(d.cfg.TerminateTimeout), pid, began, j.pin.oid)}, nil
		},
	}
}
