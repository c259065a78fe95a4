package postgres

import (
	"slices"
	"strings"

	"lastday"
)

// item is one privilege that one grantor gave.
type item struct {
	name string
	// option says that it may be given on (WITH GRANT OPTION).
	option bool
	// level is what the privilege itself lets one do.
	level lastday.Level
}

// reach is the item's level with its option: giving on is granting.
func (i item) reach() lastday.Level {
	if i.option {
		return lastday.LevelAdmin
	}
	return i.level
}

// String is the name, with a star for the option, as PostgreSQL's own lists have it.
func (i item) String() string {
	if i.option {
		return i.name + "*"
	}
	return i.name
}

// privilegeLevel is what a privilege on a type of object lets one do at worst.
// What a later version of PostgreSQL adds is feared until it is known.
// https://www.postgresql.org/docs/current/ddl-priv.html
func privilegeLevel(object, name string, feared bool) lastday.Level {
	switch name {
	case "CONNECT", "TEMPORARY":
		return lastday.LevelSignIn
	case "SELECT":
		return lastday.LevelRead
	case "USAGE":
		if object == "schema" || object == "type" {
			return lastday.LevelRead
		}
		return lastday.LevelWrite
	case "EXECUTE":
		if feared {
			return lastday.LevelAdmin
		}
		return lastday.LevelWrite
	case "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN", "CREATE", "SET":
		return lastday.LevelWrite
	}
	return lastday.LevelAdmin
}

func rungOfLevel(l lastday.Level) string {
	switch l {
	case lastday.LevelAdmin:
		return rungAdmin
	case lastday.LevelWrite:
		return rungWrite
	case lastday.LevelRead:
		return rungRead
	case lastday.LevelSignIn:
		return rungConnect
	case lastday.LevelNone:
	}
	return lastday.None
}

// items are the privileges of one role on one object by one grantor.
type items []item

// rung is where the items stand: at the highest of them.
func (all items) rung() string {
	highest := lastday.LevelNone
	for _, i := range all {
		highest = max(highest, i.reach())
	}
	return rungOfLevel(highest)
}

// ladder has the rungs on which something would be left.
func (all items) ladder() lastday.Ladder {
	var out lastday.Ladder
	for _, r := range privilegeLadder() {
		if slices.ContainsFunc(all, func(i item) bool { return i.reach() == r.Level || i.level == r.Level }) {
			out = append(out, r)
		}
	}
	return out
}

// above lists what must be taken so that nothing is above the level: whole
// privileges, and options of privileges that stay.
func (all items) above(l lastday.Level) (whole, options items) {
	for _, i := range all {
		switch {
		case i.level > l:
			whole = append(whole, i)
		case i.reach() > l:
			options = append(options, i)
		}
	}
	return whole, options
}

// String is the names in order, word for word what giving back needs.
func (all items) String() string {
	names := make([]string, 0, len(all))
	for _, i := range all {
		names = append(names, i.String())
	}
	slices.Sort(names)
	return strings.Join(names, ",")
}

// parseItems reads what String wrote. Only names that PostgreSQL could have
// are let through: they become part of a statement.
func parseItems(text string) (items, bool) {
	var all items
	for name := range strings.SplitSeq(text, ",") {
		bare, option := strings.CutSuffix(name, "*")
		if bare == "" || strings.Trim(bare, "ABCDEFGHIJKLMNOPQRSTUVWXYZ ") != "" {
			return nil, false
		}
		all = append(all, item{name: bare, option: option})
	}
	return all, len(all) > 0
}

// names lists the privileges for a statement; with a column's name in it where
// there is one.
func (all items) names(column string) string {
	names := make([]string, 0, len(all))
	for _, i := range all {
		if column != "" {
			names = append(names, i.name+" ("+quote(column)+")")
			continue
		}
		names = append(names, i.name)
	}
	return strings.Join(names, ", ")
}
