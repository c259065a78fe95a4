package github

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"lastday"
)

// Find says which account is the person's, by the strongest evidence there is:
// a pinned id, then what the identity provider says, then a linked login that
// something else confirms, then an address that GitHub verified for the
// organization's own domain. A public profile's e-mail is never evidence: its
// owner writes it.
func (d *driver) Find(ctx context.Context, person lastday.Person) (lastday.Match, error) {
	link, linked := person.Link(d.system)
	match, err := d.search(ctx, person, link, linked)
	if err != nil {
		return lastday.Match{}, err
	}
	return d.withInvitations(ctx, person, match)
}

func (d *driver) search(ctx context.Context, person lastday.Person, link lastday.Link, linked bool) (lastday.Match, error) {
	if linked && strings.HasPrefix(link.ID, invitedID) {
		linked = false // an invitation that may have been accepted since
	}
	if linked && link.ID != "" {
		return d.findByID(ctx, link)
	}
	found := newFindings(d)
	if err := d.findByIdentity(ctx, person, found); err != nil {
		return lastday.Match{}, err
	}
	if len(found.byID) == 0 {
		if err := d.findByAddress(ctx, person, found); err != nil {
			return lastday.Match{}, err
		}
	}
	if linked && link.Login != "" {
		if err := d.findByLogin(ctx, link.Login, found); err != nil {
			return lastday.Match{}, err
		}
	}
	control, err := d.control(ctx)
	if err != nil {
		return lastday.Match{}, err
	}
	return found.match(control), nil
}

// findByID looks up the pinned id. The label in the link is not compared:
// people rename their accounts.
func (d *driver) findByID(ctx context.Context, link lastday.Link) (lastday.Match, error) {
	id, err := strconv.ParseInt(link.ID, 10, 64)
	if err != nil || id <= 0 {
		return lastday.Match{}, lastday.Errorf(lastday.CodeInvalid, "find", "the linked id is no number")
	}
	if login, ok := d.accounts.recall(id); ok {
		return lastday.Match{
			Verdict: lastday.FoundOne, Account: d.account(user{ID: id, Login: login}),
			Evidence: []string{"linked by id, and the account with the id was read within the last half minute"},
		}, nil
	}
	login, err := d.accounts.ask(ctx, id)
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

// findings collects what speaks for which account.
type findings struct {
	d    *driver
	byID map[int64]*finding
	// blind says that a place where evidence may be was hidden from us: then
	// nothing found is no answer.
	blind bool
}

// look notes a place that was hidden; what may pass is an error.
func (f *findings) look(err error) error {
	f.blind = f.blind || hidden(err)
	return unlessHidden(err)
}

type finding struct {
	user     user
	evidence []string
	strong   bool
}

func newFindings(d *driver) *findings { return &findings{d: d, byID: map[int64]*finding{}} }

func (f *findings) add(u user, strong bool, evidence string) {
	if u.ID == 0 || !validLogin(u.Login) {
		return
	}
	known := f.byID[u.ID]
	if known == nil {
		known = &finding{user: u}
		f.byID[u.ID] = known
	}
	known.strong = known.strong || strong
	if !slices.Contains(known.evidence, evidence) {
		known.evidence = append(known.evidence, evidence)
	}
}

// match is one account if strong evidence leads to one and nothing leads
// elsewhere. A linked login alone is weak: logins are taken over.
func (f *findings) match(control lastday.Control) lastday.Match {
	if f.blind && len(f.byID) == 0 {
		control = lastday.Control{Evidence: "identities or verified addresses are hidden from us"}
	}
	if len(f.byID) == 0 {
		return lastday.Match{Verdict: lastday.FoundNone, Evidence: []string{"no identity, verified address or linked login leads to an account"}, Control: control}
	}
	var all []*finding
	for _, x := range f.byID {
		all = append(all, x)
	}
	slices.SortFunc(all, func(a, b *finding) int { return cmp.Compare(a.user.ID, b.user.ID) })
	if len(all) == 1 && all[0].strong {
		return lastday.Match{Verdict: lastday.FoundOne, Account: f.d.account(all[0].user), Evidence: all[0].evidence, Control: control}
	}
	match := lastday.Match{Verdict: lastday.FoundMany, Control: control}
	for _, x := range all {
		match.Candidates = append(match.Candidates, lastday.Candidate{Account: f.d.account(x.user), Evidence: x.evidence})
	}
	return match
}

// findByLogin takes a linked login for what it is: a hint.
func (d *driver) findByLogin(ctx context.Context, login string, found *findings) error {
	if !validLogin(login) {
		return lastday.Errorf(lastday.CodeInvalid, "find", "the linked login is none")
	}
	var u user
	_, err := d.client.get(ctx, "read account by login", path("users", login), &u)
	if codeIs(err, lastday.CodeNotFound) {
		return nil
	}
	if err == nil && strings.EqualFold(u.Login, login) { // a redirect leads to whoever was renamed: that is not it
		found.add(u, false, "the linked login exists, which alone is weak: logins are taken over")
	}
	return err
}

// withInvitations adds invitations by e-mail to the person's addresses: they
// are access that waits to be taken.
func (d *driver) withInvitations(ctx context.Context, person lastday.Person, match lastday.Match) (lastday.Match, error) {
	if len(person.Emails) == 0 || match.Verdict == lastday.FoundMany {
		return match, nil
	}
	all, err := d.invitationsOfSurvey(ctx, false)
	if hidden(err) && statusOf(err) != http.StatusUnauthorized {
		return match, nil // List names the gap
	}
	if err != nil {
		return lastday.Match{}, err
	}
	var ids []int64
	for _, i := range all {
		if i.Email != "" && i.Login == "" && ownsAddress(person, i.Email) {
			ids = append(ids, i.ID)
		}
	}
	if len(ids) == 0 {
		return match, nil
	}
	if match.Verdict == lastday.FoundNone {
		match = lastday.Match{Verdict: lastday.FoundOne, Account: lastday.Account{System: d.system, ID: invitedID + itoa(ids[0])}, Control: match.Control}
	}
	match.Account.Note = invitationNote(ids)
	match.Evidence = append(match.Evidence, "invited by e-mail to one of the person's addresses")
	return match, nil
}

func ownsAddress(person lastday.Person, address string) bool {
	return slices.ContainsFunc(person.Emails, func(e string) bool { return e != "" && strings.EqualFold(e, address) })
}
