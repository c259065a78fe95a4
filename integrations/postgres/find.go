package postgres

import (
	"context"
	"slices"
	"strings"

	"lastday"
)

// tag begins the line of a role's comment that says whose it is: COMMENT ON
// ROLE kim IS 'lastday: PERSON-KEY'. Roles cannot comment on themselves
// without CREATEROLE, so it is the administrators' word.
// https://www.postgresql.org/docs/current/sql-comment.html
const tag = "lastday: "

// Find says which role is the person's: the one that is pinned by number and
// name, or the one whose comment carries the person's key. A linked name alone
// and a name made from an address are suggestions to a person.
func (d *driver) Find(ctx context.Context, person lastday.Person) (lastday.Match, error) {
	const op = "postgres: find"
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	link, _ := person.Link(d.system)
	wanted, err := linkedPin(link)
	if err != nil {
		return lastday.Match{}, err
	}
	l, err := d.connect(ctx, op, "")
	if err != nil {
		return lastday.Match{}, err
	}
	defer l.close(ctx)
	var selves []self
	var roles []role
	suggested := d.suggestions(person)
	err = l.send(ctx, op, beginRead(), d.askSelf(&selves), askCandidates(&roles, wanted, person.Key, suggested), do("commit"))
	if err != nil {
		return lastday.Match{}, err
	}
	me, err := one(op, selves)
	if err != nil {
		return lastday.Match{}, err
	}
	s := search{driver: d, person: person, wanted: wanted, suggested: suggested, found: roles}
	return s.match(me.control()), nil
}

// linkedPin is what the link table says: both parts, the number in the id and
// the name in the login, or a name alone.
func linkedPin(link lastday.Link) (pin, error) {
	if link.ID == "" {
		return pin{name: link.Login}, nil
	}
	p := parsePin(link.ID)
	if p.oid == 0 {
		p = parsePin(link.ID + "/" + link.Login)
	}
	if p.oid == 0 {
		return pin{}, lastday.Errorf(lastday.CodeInvalid, "postgres: find", "the linked id is neither OID/NAME nor OID")
	}
	return p, nil
}

func askCandidates(into *[]role, wanted pin, key string, suggested []string) question {
	return ask(into, `select `+roleColumns+` from pg_roles r
		where r.oid = $1::int8::oid or r.rolname = $2 or r.rolname = any($3::text[])
			or ($4 <> '' and position($4 in shobj_description(r.oid, 'pg_authid')) > 0)
		order by r.oid`, int64(wanted.oid), wanted.name, suggested, keyTag(key))
}

func keyTag(key string) string {
	if key == "" {
		return ""
	}
	return tag + key
}

// tagged says whether a line of the comment is the tag of the key. The server
// searched for a part; here it must be the whole line.
func (r role) tagged(key string) bool {
	if r.Comment == nil || key == "" {
		return false
	}
	return slices.ContainsFunc(strings.Split(*r.Comment, "\n"), func(line string) bool { return strings.TrimSpace(line) == keyTag(key) })
}

// foreign says whether the comment says that the role is somebody else's.
func (r role) foreign(key string) bool {
	return r.Comment != nil && !r.tagged(key) && slices.ContainsFunc(strings.Split(*r.Comment, "\n"), func(line string) bool {
		return strings.HasPrefix(strings.TrimSpace(line), tag)
	})
}

// suggestions makes names from the configured template, one for each address.
func (d *driver) suggestions(person lastday.Person) []string {
	names := []string{}
	if strings.Contains(d.cfg.Suggest, "{employee_number}") && person.EmployeeNumber == "" {
		return names
	}
	addresses := person.Emails
	if !strings.Contains(d.cfg.Suggest, "{local}") && !strings.Contains(d.cfg.Suggest, "{email}") {
		addresses = []string{""}
	}
	for _, address := range addresses {
		local, _, _ := strings.Cut(address, "@")
		name := strings.NewReplacer("{local}", local, "{email}", address, "{employee_number}", person.EmployeeNumber).Replace(d.cfg.Suggest)
		if name != "" && strings.Contains(d.cfg.Suggest, "{") {
			names = append(names, name)
		}
	}
	return names
}

// search weighs what was found for one person.
type search struct {
	*driver
	person    lastday.Person
	wanted    pin
	suggested []string
	found     []role
}

// evidence is what speaks for a role; strong says whether it is enough.
func (s search) evidence(r role) (said []string, strong bool) {
	said, strong = s.linked(r)
	if r.tagged(s.person.Key) {
		said, strong = append(said, "its comment carries the person's key"), true
	}
	if slices.Contains(s.suggested, r.Name) {
		said = append(said, "has the name that the configured template makes, which is only a suggestion")
	}
	if len(said) == 0 {
		return nil, false
	}
	if r.foreign(s.person.Key) {
		said, strong = append(said, "its comment says that it is somebody else's"), false
	}
	if r.OID < builtIn {
		said, strong = append(said, "it is built in, and nobody's own"), false
	}
	return said, strong && !s.split(r)
}

// linked is what the link table says of a role.
func (s search) linked(r role) (said []string, strong bool) {
	number, name := s.wanted.oid != 0 && r.OID == s.wanted.oid, s.wanted.name != "" && r.Name == s.wanted.name
	switch {
	case number && name:
		return []string{"linked by number and name, and the role with both exists"}, true
	case number:
		return []string{"has the linked number, but another name: renamed, or another cluster"}, false
	case name && s.wanted.oid != 0:
		return []string{"has the linked name, but another number: it was dropped and made again"}, false
	case name:
		return []string{"has the linked name, which alone is weak: names are given anew"}, false
	}
	return nil, false
}

// split says whether number and name of the link no longer belong together.
func (s search) split(r role) bool {
	return s.wanted.oid != 0 && r.pin() != s.wanted && (r.OID == s.wanted.oid || r.Name == s.wanted.name)
}

// match is one role if strong evidence leads to one and nothing leads elsewhere.
// A suggestion leads nowhere where something stronger does.
func (s search) match(control lastday.Control) lastday.Match {
	var all []lastday.Candidate
	var strong []lastday.Candidate
	doubt := false
	for _, r := range s.found {
		said, enough := s.evidence(r)
		if len(said) == 0 {
			continue
		}
		c := lastday.Candidate{Account: s.account(r), Evidence: said}
		all = append(all, c)
		if enough {
			strong = append(strong, c)
			continue
		}
		doubt = doubt || r.OID == s.wanted.oid || r.Name == s.wanted.name || r.tagged(s.person.Key)
	}
	if len(strong) == 1 && !doubt {
		return lastday.Match{Verdict: lastday.FoundOne, Account: strong[0].Account, Evidence: strong[0].Evidence, Control: control}
	}
	if len(all) > 0 {
		return lastday.Match{Verdict: lastday.FoundMany, Candidates: all, Control: control}
	}
	return lastday.Match{Verdict: lastday.FoundNone, Evidence: []string{"no role has the linked number or name, or carries the person's key"}, Control: control}
}
