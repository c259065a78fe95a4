package scim

import (
	"context"
	"fmt"
	"slices"

	"lastday"
)

// Find looks for the person's account: by the id of a link first, else by
// everything that is known of the person. Filters save reading everybody, and
// are trusted as far as they were seen to work: on the canary, by the same
// attribute, in the same attempt.
func (d *driver) Find(ctx context.Context, person lastday.Person) (lastday.Match, error) {
	link, _ := person.Link(d.system)
	lost := ""
	if link.ID != "" {
		u, found, err := d.readUser(ctx, link.ID)
		if err != nil {
			return lastday.Match{}, err
		}
		if found {
			return d.pinned(u, link), nil
		}
		lost = "nobody is seen under the linked id"
	}
	control, canary, err := d.control(ctx)
	if err != nil {
		return lastday.Match{}, err
	}
	if !control.Seen {
		return lastday.Match{Verdict: lastday.FoundNone, Control: control}, nil
	}
	clues := d.clues(person, link)
	if len(clues) == 0 && lost == "" {
		return lastday.Match{Verdict: lastday.FoundMany, Control: control, Evidence: []string{"nothing is known of the person that could be looked for: a person must link the account"}}, nil
	}
	found, err := d.search(ctx, clues, canary)
	if err != nil {
		return lastday.Match{}, err
	}
	m := d.judge(found, clues, control)
	if lost != "" && m.Verdict == lastday.FoundOne {
		return doubtful(m, lost+": this is another account"), nil
	}
	if lost != "" {
		m.Evidence = append(m.Evidence, lost)
	}
	return m, nil
}

// pinned is the match of a link's id. A login that changed since is said.
func (d *driver) pinned(u user, link lastday.Link) lastday.Match {
	account := d.account(u)
	if link.Login != "" && !same(link.Login, u.UserName) {
		account.Note = note(account.Note, "the login is another than when it was linked")
	}
	return lastday.Match{
		Verdict: lastday.FoundOne, Account: account, Evidence: []string{"has the linked id"},
		Control: lastday.Control{Seen: true, Evidence: "read the account itself by its id"},
	}
}

func (d *driver) account(u user) lastday.Account {
	a := lastday.Account{System: d.system, ID: u.ID, Login: u.UserName}
	if !u.active() {
		a.Note = "not active"
	}
	return a
}

func note(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

// clue is one fact by which an account can be known.
type clue struct {
	// attribute is how a filter names it.
	attribute string
	value     string
	// says is the evidence, in words that name nobody.
	says string
	// weak clues need a stronger one beside them.
	weak bool
	has  func(user, string) bool
	// of is what an account has of it, where an account can have but one, so that
	// another one speaks against it, in the words of unlike; nil if it can have more.
	of     func(user) string
	unlike string
}

// against says whether the account has another value than the person.
func (c clue) against(u user) bool { return c.of != nil && c.of(u) != "" && !c.has(u, c.value) }

// clues lists what may show an account to be the person's, strongest first.
func (d *driver) clues(p lastday.Person, link lastday.Link) []clue {
	var all []clue
	add := func(c clue) {
		if c.value != "" {
			all = append(all, c)
		}
	}
	for _, v := range d.externalIDs(p) {
		add(clue{"externalId", v, "its externalId is the person's " + d.cfg.ExternalID, false, hasExternal(d.cfg.ExternalID), externalOf(d.cfg.ExternalID), "it has another externalId"})
	}
	add(clue{enterprise + ":employeeNumber", p.EmployeeNumber, "has the employee number", false, hasNumber, numberOf, "it has another employee number"})
	for _, email := range p.Emails {
		add(clue{"userName", email, "its login is a verified address of the person", false, hasLogin, nil, ""})
		add(clue{"emails.value", email, "has a verified address of the person", false, hasEmail, nil, ""})
	}
	add(clue{"userName", link.Login, "has the linked login, which alone proves little", true, hasLogin, nil, ""})
	return all
}

func (d *driver) externalIDs(p lastday.Person) []string {
	switch d.cfg.ExternalID {
	case byNumber:
		return []string{p.EmployeeNumber}
	case byKey:
		return []string{p.Key}
	case byEmail:
		return p.Emails
	}
	return nil
}

// externalOf is an account's externalId, which cannot be two; but one of several
// addresses can be another than the one that is asked for.
func externalOf(by string) func(user) string {
	if by == byEmail {
		return nil
	}
	return func(u user) string { return string(u.ExternalID) }
}

func hasLogin(u user, v string) bool { return same(u.UserName, v) }

func numberOf(u user) string { return string(u.Enterprise.EmployeeNumber) }

func hasNumber(u user, v string) bool { return numberOf(u) == v }

// hasExternal compares exactly (RFC 7643 section 3.1), but for addresses.
func hasExternal(by string) func(user, string) bool {
	return func(u user, v string) bool {
		if by == byEmail {
			return same(string(u.ExternalID), v)
		}
		return string(u.ExternalID) == v
	}
}

// hasEmail leaves out what the server itself calls unverified: people may write
// any address there.
func hasEmail(u user, v string) bool {
	return slices.ContainsFunc(u.Emails, func(e value) bool {
		return same(e.Value, v) && (e.Verified == nil || bool(*e.Verified))
	})
}

// judge weighs the accounts that were found. Addresses are given to newcomers:
// an account that has the address and another employee number is in doubt.
func (d *driver) judge(found []user, clues []clue, control lastday.Control) lastday.Match {
	m := lastday.Match{Verdict: lastday.FoundNone, Control: control}
	strong, doubts := 0, false
	for _, u := range found {
		var says []string
		for _, c := range clues {
			if c.has(u, c.value) {
				says = append(says, c.says)
				strong += map[bool]int{true: 0, false: 1}[c.weak]
			}
			if c.against(u) {
				says, doubts = append(says, "speaks against it: "+c.unlike), true
			}
		}
		m.Candidates = append(m.Candidates, lastday.Candidate{Account: d.account(u), Evidence: says})
	}
	switch {
	case len(m.Candidates) == 0:
		m.Evidence = []string{fmt.Sprintf("no account has any of %d facts known of the person", len(clues))}
		return m
	case len(m.Candidates) == 1 && strong > 0 && !doubts:
		one := m.Candidates[0]
		m.Verdict, m.Account, m.Evidence, m.Candidates = lastday.FoundOne, one.Account, one.Evidence, nil
		return m
	}
	m.Verdict = lastday.FoundMany
	return m
}

// doubtful leaves to a person what looked certain.
func doubtful(m lastday.Match, why string) lastday.Match {
	candidate := lastday.Candidate{Account: m.Account, Evidence: append(slices.Clone(m.Evidence), why)}
	return lastday.Match{Verdict: lastday.FoundMany, Candidates: []lastday.Candidate{candidate}, Control: m.Control}
}
