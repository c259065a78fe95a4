package scim

import (
	"strings"

	"lastday"
)

// levels says what groups and values let somebody do.
type levels struct {
	account, group                  lastday.Level
	groups, roles, entitlements     map[string]lastday.Level
	unknownRole, unknownEntitlement lastday.Level
	managedKind, managedGroup       map[string]string
}

func (c Config) levels(p Profile) (levels, error) {
	l := levels{
		account: lastday.LevelSignIn, group: lastday.LevelWrite,
		unknownRole: lastday.LevelAdmin, unknownEntitlement: lastday.LevelWrite,
		managedKind: c.ManagedBy, managedGroup: c.ManagedGroups,
	}
	var err error
	if l.account, err = parseLevel(c.AccountLevel, l.account); err != nil {
		return l, err
	}
	if l.group, err = parseLevel(c.GroupLevel, l.group); err != nil {
		return l, err
	}
	if l.groups, err = parseLevels(nil, c.GroupLevels); err != nil {
		return l, err
	}
	if l.roles, err = parseLevels(p.Roles, c.RoleLevels); err != nil {
		return l, err
	}
	l.entitlements, err = parseLevels(nil, c.EntitlementLevels)
	return l, err
}

func parseLevel(name string, otherwise lastday.Level) (lastday.Level, error) {
	if name == "" {
		return otherwise, nil
	}
	level, err := lastday.ParseLevel(name)
	if err == nil && level == lastday.LevelNone {
		err = invalid("a level of none would hide what is there")
	}
	return level, err
}

func parseLevels(known lastday.Ladder, named map[string]string) (map[string]lastday.Level, error) {
	out := map[string]lastday.Level{}
	for _, r := range known {
		out[r.Name] = r.Level
	}
	for name, text := range named {
		level, err := parseLevel(text, lastday.LevelAdmin)
		if err != nil {
			return nil, err
		}
		out[name] = level
	}
	return out, nil
}

// ofGroup is what a member of the group can do.
func (l levels) ofGroup(id, name string) lastday.Level {
	if level, ok := l.groups[id]; ok {
		return level
	}
	if level, ok := l.groups[name]; ok {
		return level
	}
	return l.group
}

// ofValue is what a role or an entitlement lets somebody do, and whether that
// was said, of its value or of the name that people are shown, or is only feared.
func (l levels) ofValue(kind string, v value) (level lastday.Level, said bool) {
	known, otherwise := l.roles, l.unknownRole
	if kind == kindEntitlement {
		known, otherwise = l.entitlements, l.unknownEntitlement
	}
	for _, name := range []string{v.Value, v.Display} {
		if level, ok := known[name]; ok {
			return level, true
		}
	}
	return otherwise, false
}

// managerOf names who decides about a group elsewhere: by our configuration, or
// by what the group says of itself.
func (l levels) managerOf(g group) string {
	for _, name := range []string{l.managedGroup[g.ID], l.managedGroup[g.DisplayName], l.managedKind[kindGroup], g.managedBy()} {
		if name != "" {
			return name
		}
	}
	return ""
}

// valueKinds lists the kinds of grants that are values of an attribute.
func valueKinds() []string { return []string{kindRole, kindEntitlement} }

// attributeOf is the attribute that holds the values of a kind.
func attributeOf(kind string) string {
	if kind == kindEntitlement {
		return "entitlements"
	}
	return "roles"
}

// same compares what RFC 7643 declares not to be case sensitive.
func same(a, b string) bool { return a != "" && strings.EqualFold(a, b) }
