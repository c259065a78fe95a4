package ldap

import (
	"fmt"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"lastday"
)

// mostNamed bounds what is named one by one.
const mostNamed = 200

// pointer is an attribute by which other entries point to the account.
type pointer struct{ attr, what, why, todo string }

const byName = "it names the account: what it stands for goes with nobody"

func (f flavour) pointers() []pointer {
	if f.ad() {
		return []pointer{
			{"managedBy", "is managed by the account", "whoever manages a group may have been given the right to change its members", "name another in managedBy, and look at the group's access control list"},
			{"manager", "has the account as manager", byName, "name another manager"},
		}
	}
	return []pointer{
		{"owner", "is owned by the account", byName, "name another owner"},
		{"manager", "has the account as manager", byName, "name another manager"},
		{"roleOccupant", "has the account as occupant of a role", "applications give rights by it", "remove it from roleOccupant"},
		{"secretary", "has the account as secretary", byName, "name another"},
		{"creatorsName", "was made by the account", "the person may know its password or its key", "look whose it is, and change its secrets"},
		{"sudoUser", "lets the login run commands as others (sudo)", "it holds for whoever has that login", "remove it from sudoUser"},
	}
}

// addResidue tells what belongs to the account and is no grant.
func (s *survey) addResidue() error {
	if s.flavour.ad() {
		s.addFlags()
	}
	if err := s.addConnections(); err != nil {
		return err
	}
	values := map[string]string{"sudoUser": s.account.get("uid")}
	var filters, attrs []string
	for _, p := range s.flavour.pointers() {
		value, ok := values[p.attr]
		if !ok {
			value = s.account.DN
		}
		if value != "" {
			filters, attrs = append(filters, equal(p.attr, value)), append(attrs, p.attr)
		}
	}
	if number := s.account.get(s.flavour.number); number != "" {
		filters = append(filters, allOf(s.flavour.people, equal(s.flavour.number, number)))
	}
	found, _, err := s.search(s.op, query{filter: anyOf(filters...), attrs: append(attrs, s.flavour.id, s.flavour.number, "sudoUser"), most: mostNamed + 1})
	if err != nil {
		return err
	}
	for _, e := range found[:min(len(found), mostNamed)] {
		s.addPointer(e)
	}
	if len(found) > mostNamed {
		s.residue("", fmt.Sprintf("more than %d other entries that name the account", mostNamed), "they are not named one by one", "search the directory for the account's DN")
	}
	return nil
}

func (s *survey) addPointer(e *entry) {
	for _, p := range s.flavour.pointers() {
		if slices.ContainsFunc(e.all(p.attr), func(v string) bool { return sameDN(v, s.account.DN) || sameName(v, s.account.get("uid")) }) {
			s.residue("", "entry "+e.name()+" "+p.what, p.why, p.todo)
		}
	}
	number := s.account.get(s.flavour.number)
	if number != "" && e.id() != s.account.id() && strings.EqualFold(e.get(s.flavour.number), number) {
		s.residue(kindSignIn, "another account "+e.name()+" with the same "+s.flavour.number, "it may be a second account of the person, such as one for administration", "look whose it is, and link it as a system's account of its own")
	}
}

// addConnections tells how many connections the account has open. cn=Monitor
// shows them and ends none.
// https://www.openldap.org/doc/admin26/monitoringslapd.html
func (s *survey) addConnections() error {
	if !s.cfg.Monitor {
		return nil
	}
	const all = "cn=Connections,cn=Monitor"
	found, _, err := s.searchIn(s.op, all, goldap.ScopeSingleLevel, query{filter: everything, attrs: []string{"monitorConnectionAuthzDN"}})
	if codeIs(err, lastday.CodeNotFound) || (err == nil && len(found) == 0) {
		s.page.Gaps = append(s.page.Gaps, s.gap("connection", "open connections", lastday.CodeDenied, "cn=Monitor shows us not even our own connection", "let our account read cn=Monitor, or set monitor: false"))
		return nil
	}
	if err != nil {
		return err
	}
	open := 0
	for _, c := range found {
		if sameDN(c.get("monitorConnectionAuthzDN"), s.account.DN) {
			open++
		}
	}
	if open > 0 {
		s.residue(kindSignIn, fmt.Sprintf("%d connections are open", open), "they go on with the rights they have, locked or not: slapd has no way to end one", "restart the applications that hold them, or slapd")
	}
	return nil
}

// addDangling tells of groups that name a login whose account is gone: whoever
// gets the login anew gets the group as well.
func (s *survey) addDangling(account lastday.Account) error {
	if s.flavour.ad() || account.Login == "" || !s.page.Control.Seen {
		return nil
	}
	found, _, err := s.search(s.op, query{filter: equal("memberUid", account.Login), attrs: s.flavour.groupAttrs(), most: mostNamed})
	if err != nil {
		return err
	}
	for _, g := range found {
		s.residue(kindGroup, "group "+g.name()+" names the login of an account that is gone", "whoever gets the login next is in the group", "remove it from memberUid")
	}
	return nil
}
