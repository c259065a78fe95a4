package okta

import (
	"context"
	"slices"
	"strings"

	"lastday"
)

// Find looks by the strongest evidence that there is. A pinned id decides alone.
// All other evidence must lead to one account, which must not contradict what
// else is known of the person.
func (d *driver) Find(ctx context.Context, person lastday.Person) (lastday.Match, error) {
	_, control, err := d.control(ctx)
	if err != nil {
		return lastday.Match{}, err
	}
	found := &findings{driver: d, person: person}
	link, _ := person.Link(d.system)
	if link.ID != "" {
		u, err := d.byID(ctx, link.ID)
		if err == nil {
			return found.pinned(u, control), nil
		}
		if !codeIs(err, lastday.CodeNotFound) {
			return lastday.Match{}, err
		}
		found.lost, found.asked = true, []string{"the linked id"}
	}
	if err := found.search(ctx, link.Login); err != nil {
		return lastday.Match{}, err
	}
	return found.decide(control), nil
}

// findings collects what speaks for which account.
type findings struct {
	driver *driver
	person lastday.Person
	// lost says that a pinned id leads nowhere: whoever is found then is somebody
	// else, or made anew, and a person must decide.
	lost  bool
	order []string
	byID  map[string]candidate
	asked []string
}

const linkedLogin = "has the linked login"

type candidate struct {
	user     user
	evidence []string
}

func (f *findings) pinned(u user, control lastday.Control) lastday.Match {
	return lastday.Match{
		Verdict: lastday.FoundOne, Account: f.driver.account(u), Control: control,
		Evidence: []string{"the linked id " + u.ID + " is there"},
	}
}

func (f *findings) add(u user, evidence string) {
	if f.byID == nil {
		f.byID = map[string]candidate{}
	}
	c, known := f.byID[u.ID]
	if !known {
		f.order = append(f.order, u.ID)
	}
	c.user = u
	if !slices.Contains(c.evidence, evidence) {
		c.evidence = append(c.evidence, evidence)
	}
	f.byID[u.ID] = c
}

func (f *findings) search(ctx context.Context, login string) error {
	if login != "" && !f.lost {
		f.asked = append(f.asked, "the linked login")
		if err := f.login(ctx, login); err != nil {
			return err
		}
	}
	if f.person.EmployeeNumber != "" {
		f.asked = append(f.asked, "the employee number")
		number := f.person.EmployeeNumber
		has := func(u user) bool { return u.Profile.EmployeeNumber == number }
		if err := f.index(ctx, "search", "profile.employeeNumber", number, "has the employee number", has); err != nil {
			return err
		}
	}
	for _, email := range f.person.Emails {
		if !f.driver.ours(email) {
			continue
		}
		f.asked = append(f.asked, "a verified address")
		has := func(u user) bool { return strings.EqualFold(u.Profile.Email, email) }
		for _, by := range []string{"filter", "search"} { // the filter knows no deactivated users, the search lags
			if err := f.index(ctx, by, "profile.email", email, "has a verified address", has); err != nil {
				return err
			}
		}
	}
	if len(f.order) == 0 && f.person.EmployeeNumber != "" {
		return f.walk(ctx)
	}
	return nil
}

func (f *findings) login(ctx context.Context, login string) error {
	u, err := f.driver.byLogin(ctx, login)
	if codeIs(err, lastday.CodeNotFound) {
		return nil
	}
	if err == nil {
		f.add(u, linkedLogin)
	}
	return err
}

// index asks for users with an attribute, and checks that each of them has it:
// servers exist that ignore filters.
func (f *findings) index(ctx context.Context, by, attribute, value, evidence string, has func(user) bool) error {
	const op = "search users"
	path, err := at("users")
	if err != nil {
		return err
	}
	users, err := list[user](ctx, f.driver.client, op, path+query(by, attribute+" eq "+quoted(value), "limit", "200"))
	if err != nil {
		return err
	}
	for _, u := range users {
		if !has(u) || !validID(u.ID) {
			return lastday.Errorf(lastday.CodeInvalid, "okta: "+op, "the answer is about somebody else: the filter was not honoured")
		}
		f.add(u, evidence)
	}
	return nil
}

// walk reads users one page after the other, as far as is allowed: a user made
// or changed just now is not in the search index yet.
// https://developer.okta.com/docs/reference/user-query/
func (f *findings) walk(ctx context.Context) error {
	path, err := at("users")
	if err != nil {
		return err
	}
	read, whole := 0, true
	err = pages(ctx, f.driver.client, "list users", path+query("limit", "200"), func(page []user) bool {
		for _, u := range page {
			if u.Profile.EmployeeNumber == f.person.EmployeeNumber && validID(u.ID) {
				f.add(u, "has the employee number")
			}
		}
		read += len(page)
		whole = read < f.driver.cfg.Walk
		return whole
	})
	if whole {
		f.asked = append(f.asked, "a list of all users that are not deactivated")
	}
	return err
}

func (f *findings) decide(control lastday.Control) lastday.Match {
	if len(f.asked) == 0 { // nothing was asked, so nothing is known: a person must link the account
		return lastday.Match{Verdict: lastday.FoundMany, Control: control, Evidence: []string{"nothing is known of the person that Okta could be asked for"}}
	}
	if len(f.order) == 0 {
		evidence := "nobody was found by " + strings.Join(slices.Compact(f.asked), ", ")
		return lastday.Match{Verdict: lastday.FoundNone, Control: control, Evidence: []string{evidence}}
	}
	first := f.byID[f.order[0]]
	objection := f.objection(first)
	if len(f.order) == 1 && objection == "" {
		return lastday.Match{Verdict: lastday.FoundOne, Account: f.driver.account(first.user), Control: control, Evidence: first.evidence}
	}
	match := lastday.Match{Verdict: lastday.FoundMany, Control: control}
	for _, id := range f.order {
		c := f.byID[id]
		if o := f.objection(c); o != "" {
			c.evidence = append(c.evidence, o)
		}
		match.Candidates = append(match.Candidates, lastday.Candidate{Account: f.driver.account(c.user), Evidence: c.evidence})
	}
	return match
}

// objection is what speaks against an account; empty if nothing does.
func (f *findings) objection(c candidate) string {
	if f.lost {
		return "but the linked id is no longer there"
	}
	if slices.Equal(c.evidence, []string{linkedLogin}) {
		return "but nothing else says so: logins are renamed and given to others"
	}
	theirs, ours := c.user.Profile.EmployeeNumber, f.person.EmployeeNumber
	if theirs != "" && ours != "" && theirs != ours {
		return "but has another employee number"
	}
	return ""
}

// ours says whether an address is in one of the company's domains.
func (d *driver) ours(email string) bool {
	_, domain, ok := strings.Cut(email, "@")
	return ok && (len(d.cfg.Domains) == 0 || slices.ContainsFunc(d.cfg.Domains, func(own string) bool { return strings.EqualFold(own, domain) }))
}
