package ldap

import (
	"context"
	"slices"
	"strings"

	"lastday"
)

// Find says which account is the person's: the one that is pinned by its id,
// else the one with the linked login, else with the employee number, else with
// a verified address. All is asked in one search together with the canary, and
// everything that is found is looked at: evidence that leads elsewhere is for a
// person to decide.
func (d *driver) Find(ctx context.Context, person lastday.Person) (lastday.Match, error) {
	const op = "ldap: find"
	ctx, cancel := bounds(ctx)
	defer cancel()
	link, _ := person.Link(d.system)
	s := search{driver: d, person: person, link: link}
	filters, err := s.filters()
	if err != nil {
		return lastday.Match{}, err
	}
	l, err := d.connect(ctx, op)
	if err != nil {
		return lastday.Match{}, err
	}
	defer l.close()
	found, elsewhere, err := l.search(op, query{filter: anyOf(append(filters, d.controls()...)...), attrs: append(slices.Clone(d.flavour.account), "objectClass")})
	if err != nil {
		return lastday.Match{}, err
	}
	m, err := s.match(op, found)
	if err == nil && elsewhere && m.Verdict == lastday.FoundNone {
		return lastday.Match{}, lastday.Errorf(lastday.CodeInvalid, op, "a part of the tree is on another server, and referrals are not followed: bases must end before it")
	}
	return m, err
}

// search weighs what was found for one person.
type search struct {
	*driver
	person lastday.Person
	link   lastday.Link
}

// filters ask for all evidence there is. The pinned id is asked for among all
// entries, the rest among people's.
func (s search) filters() ([]string, error) {
	var pinned, said []string
	if s.link.ID != "" {
		filter, err := s.flavour.idFilter(s.link.ID)
		if err != nil {
			return nil, err
		}
		pinned = append(pinned, filter)
	}
	for _, c := range s.clues() {
		said = append(said, equal(c.attr, c.value))
	}
	if len(said) > 0 {
		pinned = append(pinned, allOf(s.flavour.people, anyOf(said...)))
	}
	return pinned, nil
}

// clue is an attribute by which the person may be found.
type clue struct{ attr, value string }

func (s search) clues() []clue {
	all := []clue{{s.flavour.login, s.link.Login}, {s.flavour.number, s.person.EmployeeNumber}}
	for _, address := range s.person.Emails {
		all = append(all, clue{s.flavour.mail, address})
	}
	return slices.DeleteFunc(all, func(c clue) bool { return c.value == "" })
}

// nobody is the verdict where nothing was found. A directory answers a question
// about an attribute that it hides as if nobody had it, so that the canary must
// show each that was asked for.
func (s search) nobody(op string, controls scene) (lastday.Match, error) {
	m := lastday.Match{Verdict: lastday.FoundNone, Control: controls.control(), Evidence: []string{"no account has the linked id or login, the employee number or a verified address"}}
	clues := s.clues()
	if s.link.ID == "" && len(clues) == 0 {
		m.Verdict, m.Evidence = lastday.FoundMany, []string{"nothing is known of the person that the directory could be asked for: a person must link the account"}
		return m, nil
	}
	for _, c := range clues {
		if controls.canary != nil && controls.canary.get(c.attr) == "" {
			return lastday.Match{}, lastday.Errorf(lastday.CodeDenied, op, "nobody was found, and the canary shows no %s, so that it is not known if we could see one: give it one, and let our account read it", c.attr)
		}
	}
	return m, nil
}

// strength ranks evidence.
type strength int

const (
	nothing strength = iota
	byMail
	byNumber
	byLogin
	byID
)

// evidence is what speaks for an entry, read back from the entry itself, and how
// strong the best of it is.
func (s search) evidence(e *entry) (said []string, best strength) {
	has := func(attr, value string) bool {
		return value != "" && slices.ContainsFunc(e.all(attr), func(v string) bool { return strings.EqualFold(v, value) })
	}
	for _, address := range s.person.Emails {
		if has(s.flavour.mail, address) {
			said, best = []string{"has a verified address of the person"}, byMail
		}
	}
	if has(s.flavour.number, s.person.EmployeeNumber) {
		said, best = append(said, "has the person's employee number"), byNumber
	}
	if has(s.flavour.login, s.link.Login) {
		said, best = append(said, "has the linked login"), byLogin
	}
	if s.link.ID != "" && e.id() == s.link.ID {
		said, best = append(said, "has the linked id"), byID
	}
	return said, best
}

// contradiction says why an entry may be another's although something speaks
// for it.
func (s search) contradiction(e *entry, best strength) string {
	number := e.get(s.flavour.number)
	switch {
	case best == byID:
		return ""
	case s.link.ID != "":
		return "has another id than the linked one"
	case number != "" && s.person.EmployeeNumber != "" && !strings.EqualFold(number, s.person.EmployeeNumber):
		return "has the employee number of somebody else"
	case s.ours(e):
		return "is the account that we act as"
	}
	return ""
}

func (s search) match(op string, found []*entry) (lastday.Match, error) {
	var controls scene
	var all, sure []lastday.Candidate
	for _, e := range found {
		mine := s.place(&controls, e)
		said, best := s.evidence(e)
		if best == nothing && !mine {
			return lastday.Match{}, lastday.Errorf(lastday.CodeInvalid, op, "the server answered about somebody else than was asked for")
		}
		if best == nothing {
			continue
		}
		if e.id() == "" {
			return lastday.Match{}, lastday.Errorf(lastday.CodeDenied, op, "an account's id is not shown to us: nothing can be pinned")
		}
		why := s.contradiction(e, best)
		if why != "" {
			said = append(said, why)
		}
		c := lastday.Candidate{Account: s.accountOf(e), Evidence: said}
		all = append(all, c)
		if best == byID {
			return lastday.Match{Verdict: lastday.FoundOne, Account: c.Account, Evidence: said, Control: s.later(&controls, found)}, nil
		}
		if why == "" {
			sure = append(sure, c)
		}
	}
	if len(all) == 0 {
		return s.nobody(op, controls)
	}
	return verdict(all, sure, controls.control()), nil
}

// later is the control among all that was found, for a match that ends early.
func (s search) later(controls *scene, found []*entry) lastday.Control {
	for _, e := range found {
		s.place(controls, e)
	}
	return controls.control()
}

// verdict is one account if all evidence leads there.
func verdict(all, sure []lastday.Candidate, control lastday.Control) lastday.Match {
	if len(all) == 1 && len(sure) == 1 {
		return lastday.Match{Verdict: lastday.FoundOne, Account: all[0].Account, Evidence: all[0].Evidence, Control: control}
	}
	return lastday.Match{Verdict: lastday.FoundMany, Candidates: all, Control: control}
}
