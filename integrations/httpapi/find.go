package httpapi

import (
	"context"
	"slices"
	"strings"

	"lastday"
)

// The kinds of evidence, strongest first.
const (
	byLinkID         = "link_id"
	byLinkLogin      = "link_login"
	byEmployeeNumber = "employee_number"
	byEmail          = "email"
)

func evidenceNames() []string {
	return []string{byLinkID, byLinkLogin, byEmployeeNumber, byEmail}
}

func shownEvidence(by string) string {
	return map[string]string{
		byLinkID:         "the linked id",
		byLinkLogin:      "the linked login, which others can take over",
		byEmployeeNumber: "HR's employee number",
		byEmail:          "a verified address in the company's domains",
	}[by]
}

// known is what we know of a person by which the search can ask.
func (s Search) known(person lastday.Person, link lastday.Link) []string {
	var all []string
	switch s.By {
	case byLinkID:
		all = []string{link.ID}
	case byLinkLogin:
		all = []string{link.Login}
	case byEmployeeNumber:
		all = []string{person.EmployeeNumber}
	case byEmail:
		all = person.Emails
	}
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return strings.TrimSpace(s) == "" })
}

// Find runs all searches for which something is known, and compares what they
// found: one account that nothing contradicts is the person's.
func (d *driver) Find(ctx context.Context, person lastday.Person) (lastday.Match, error) {
	r := d.read()
	_, control, err := d.control(ctx, r)
	if err != nil {
		return lastday.Match{}, err
	}
	m := lastday.Match{Verdict: lastday.FoundNone, Control: control}
	link, _ := person.Link(d.system)
	weak, against := map[string]bool{}, map[string]bool{}
	for _, s := range d.spec.Find {
		for _, asked := range s.known(person, link) {
			m.Evidence = append(m.Evidence, "searched by "+shownEvidence(s.By))
			found, err := d.search(ctx, r, s, asked, func(id, number string) {
				against[id] = against[id] || (number != "" && person.EmployeeNumber != "" && number != person.EmployeeNumber)
			})
			if err != nil {
				return lastday.Match{}, err
			}
			gather(&m, found, s.By, weak)
		}
	}
	if len(m.Evidence) == 0 {
		return lastday.Match{}, lastday.Errorf(lastday.CodeInvalid, "httpapi: find", "nothing is known of the person by which the description could search")
	}
	if len(m.Candidates) == 0 && !control.Seen {
		return lastday.Match{}, d.blind("httpapi: find")
	}
	for i, c := range m.Candidates {
		if against[c.Account.ID] && c.Account.ID != link.ID { // who was pinned was looked at by a person
			m.Candidates[i].Evidence = append(c.Evidence, "speaks against it: it has another employee number")
			weak[c.Account.ID] = true
		}
	}
	return decide(m, link, weak), nil
}

// gather adds what a search found. A candidate that only a login speaks for is weak.
func gather(m *lastday.Match, found []lastday.Account, by string, weak map[string]bool) {
	for _, account := range found {
		i := slices.IndexFunc(m.Candidates, func(c lastday.Candidate) bool { return c.Account.ID == account.ID })
		if i < 0 {
			m.Candidates, i = append(m.Candidates, lastday.Candidate{Account: account}), len(m.Candidates)
			weak[account.ID] = true
		}
		m.Candidates[i].Evidence = append(m.Candidates[i].Evidence, "found by "+shownEvidence(by))
		weak[account.ID] = weak[account.ID] && by == byLinkLogin
	}
}

// decide takes a single candidate for the person's, unless it is weak (found by
// its login alone, or with something that speaks against it) or is not the one
// that is linked: that one may have been deleted and made again for somebody else.
func decide(m lastday.Match, link lastday.Link, weak map[string]bool) lastday.Match {
	if len(m.Candidates) == 0 {
		return m
	}
	only := m.Candidates[0]
	contradicts := link.ID != "" && only.Account.ID != link.ID
	if len(m.Candidates) > 1 || weak[only.Account.ID] || contradicts {
		m.Verdict = lastday.FoundMany
		return m
	}
	m.Verdict, m.Account, m.Evidence, m.Candidates = lastday.FoundOne, only.Account, only.Evidence, nil
	return m
}

func (d *driver) search(ctx context.Context, r *reading, s Search, asked string, heard func(id, number string)) ([]lastday.Account, error) {
	var found []lastday.Account
	q := query{
		what: "find by " + s.By, request: s.Request, vars: vars{s.By: asked},
		items: s.Items, pages: s.Pages, absent: s.Absent, asked: asked,
	}
	err := r.pages(ctx, q, func(at scope) error {
		account, ok, err := d.candidate(s, at)
		if ok {
			number, numberErr := s.Number.text(at)
			if numberErr != nil {
				return numberErr
			}
			heard(account.ID, number)
		}
		if ok && !slices.ContainsFunc(found, func(a lastday.Account) bool { return a.ID == account.ID }) {
			found = append(found, account)
		}
		return err
	})
	return found, err
}

// candidate reads one item of a search's answer, and holds it to what was asked.
func (d *driver) candidate(s Search, at scope) (lastday.Account, bool, error) {
	wanted, err := s.When.holds(at, true)
	if err != nil || !wanted {
		return lastday.Account{}, false, err
	}
	equal, err := s.Equal.text(at)
	if err != nil {
		return lastday.Account{}, false, err
	}
	if equal != at.asked && !(s.By == byEmail && strings.EqualFold(equal, at.asked)) {
		return lastday.Account{}, false, lastday.Errorf(lastday.CodeInvalid, "httpapi: find by "+s.By, "the answer is about somebody else than was asked for")
	}
	id, err := s.ID.text(at)
	if err != nil {
		return lastday.Account{}, false, err
	}
	if id == "" {
		return lastday.Account{}, false, lastday.Errorf(lastday.CodeInvalid, "httpapi: find by "+s.By, "an account without an id was answered")
	}
	login, err := s.Login.text(at)
	return lastday.Account{System: d.system, ID: id, Login: login}, err == nil, err
}
