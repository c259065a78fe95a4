package github

import (
	"context"
	"strconv"

	"lastday"
)

// Find says which account is the person's, by the strongest evidence there is.
func (d *driver) Find(ctx context.Context, person lastday.Person) (lastday.Match, error) {
	link, linked := person.Link(d.system)
	if linked && link.ID != "" {
		return d.findByID(ctx, link)
	}
	return lastday.Match{}, nil
}

// findByID looks up the pinned id. The label in the link is not compared:
// people rename their accounts.
func (d *driver) findByID(ctx context.Context, link lastday.Link) (lastday.Match, error) {
	id, err := strconv.ParseInt(link.ID, 10, 64)
	if err != nil || id <= 0 {
		return lastday.Match{}, lastday.Errorf(lastday.CodeInvalid, "find", "the linked id is no number")
	}
	login, err := d.accounts.login(ctx, id)
	if err == nil {
		return lastday.Match{
			Verdict: lastday.FoundOne, Account: d.account(user{ID: id, Login: login}),
			Evidence: []string{"linked by id, and the account with the id exists"},
			Control:  lastday.Control{Seen: true, Evidence: "read the account by its id"},
		}, nil
	}
	if !codeIs(err, lastday.CodeNotFound) {
		return lastday.Match{}, err
	}
	control, err := d.control(ctx)
	return lastday.Match{Verdict: lastday.FoundNone, Evidence: []string{"no account with the linked id"}, Control: control}, err
}

func (d *driver) account(u user) lastday.Account {
	return lastday.Account{System: d.system, ID: itoa(u.ID), Login: u.Login}
}
