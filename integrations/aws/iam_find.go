package aws

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"lastday"
)

// userID says whether an id is of an IAM user. Others are roles, groups and the
// root user, who is nobody's to take.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
func userID(id string) bool { return strings.HasPrefix(id, "AIDA") && len(id) > len("AIDA") }

// Find says which user is the person's: the one with the linked id, whoever else
// there is, or else the one whose tags or whose name, if it is a whole address,
// say so. Tags and names are administrators' word. A linked name alone is a
// suggestion, and a tag with somebody else's key speaks even against a linked id.
func (d *iamDriver) Find(ctx context.Context, person lastday.Person) (lastday.Match, error) {
	link, _ := person.Link(d.system)
	if link.ID != "" && !userID(link.ID) {
		return lastday.Match{}, lastday.Errorf(lastday.CodeInvalid, "aws-iam: find", "the linked id is not of an IAM user (AIDA...)")
	}
	me, err := d.whoami(ctx)
	if err != nil {
		return lastday.Match{}, err
	}
	e, err := d.survey(ctx, false)
	if err != nil {
		return lastday.Match{}, err
	}
	return d.match(person, link, e, e.control(me)), nil
}

func (d *iamDriver) match(person lastday.Person, link lastday.Link, e estate, control lastday.Control) lastday.Match {
	var every, strong []lastday.Candidate
	if _, there := e.user(link.ID); there {
		link.Login = "" // a label, where the id is there
	}
	for _, u := range e.users {
		said, enough := d.evidence(person, link, u)
		if len(said) == 0 {
			continue
		}
		c := lastday.Candidate{Account: lastday.Account{System: d.system, ID: text(u.UserId), Login: text(u.UserName)}, Evidence: said}
		if enough && c.Account.ID == link.ID {
			return lastday.Match{Verdict: lastday.FoundOne, Account: c.Account, Evidence: said, Control: control}
		}
		every = append(every, c)
		if enough {
			strong = append(strong, c)
		}
	}
	switch {
	case len(strong) == 1 && len(every) == 1:
		return lastday.Match{Verdict: lastday.FoundOne, Account: strong[0].Account, Evidence: strong[0].Evidence, Control: control}
	case len(every) > 0:
		return lastday.Match{Verdict: lastday.FoundMany, Candidates: every, Control: control}
	case link.ID == "" && len(e.users) > 0 && !slices.ContainsFunc(e.users, func(u types.UserDetail) bool { return d.tells(person, u) }):
		return lastday.Match{Verdict: lastday.FoundMany, Evidence: []string{"no user of the account carries what the person could be found by: a person must link the user, or tag the users that stay"}, Control: control}
	}
	return lastday.Match{Verdict: lastday.FoundNone, Evidence: []string{"no user has the linked id, a tag with the person's number or address, or the address as its name"}, Control: control}
}

// evidence is what speaks for a user; enough says whether it is strong and
// nothing speaks against it.
func (d *iamDriver) evidence(person lastday.Person, link lastday.Link, u types.UserDetail) (said []string, enough bool) {
	tags := d.cfg.Tags
	tagged := func(key, want string) bool { return want != "" && tagOf(u.Tags, key) == want }
	add := func(holds bool, what string) {
		if holds {
			said, enough = append(said, what), true
		}
	}
	add(link.ID != "" && text(u.UserId) == link.ID, "has the linked id")
	add(tagged(tags.Person, person.Key), "its tag carries the person's key")
	add(tagged(tags.EmployeeNumber, person.EmployeeNumber), "its tag carries the employee number")
	add(slices.ContainsFunc(person.Emails, func(address string) bool { return address != "" && d.addressed(u, address) }), "its tag or its name is the verified address")
	if link.Login != "" && strings.EqualFold(text(u.UserName), link.Login) {
		said = append(said, "has the linked name, which alone is weak: names are given anew")
		enough = enough && link.ID == ""
	}
	if key := tagOf(u.Tags, tags.Person); len(said) > 0 && key != "" && key != person.Key {
		said, enough = append(said, "its tag carries somebody else's key"), false
	}
	return said, enough
}

// tells says whether a user carries something of the kind that the person could
// be found by. Tags that nobody has tell nothing of anybody.
func (d *iamDriver) tells(person lastday.Person, u types.UserDetail) bool {
	tags := d.cfg.Tags
	return tagOf(u.Tags, tags.Person) != "" ||
		person.EmployeeNumber != "" && tagOf(u.Tags, tags.EmployeeNumber) != "" ||
		len(person.Emails) > 0 && (tagOf(u.Tags, tags.Email) != "" || strings.Contains(text(u.UserName), "@"))
}

// addressed says whether a user carries an address, in full.
func (d *iamDriver) addressed(u types.UserDetail, address string) bool {
	return strings.EqualFold(tagOf(u.Tags, d.cfg.Tags.Email), address) || strings.EqualFold(text(u.UserName), address)
}

// owners are the words by which a tag can name a user as the owner.
func (t Tags) owners(u types.UserDetail) []string {
	return []string{text(u.UserName), tagOf(u.Tags, t.Person), tagOf(u.Tags, t.EmployeeNumber), tagOf(u.Tags, t.Email)}
}

// twin says whether tags say of two users that they are the same person's.
func (t Tags) twin(a, b types.UserDetail) bool {
	return slices.ContainsFunc([]string{t.Person, t.EmployeeNumber, t.Email}, func(key string) bool {
		value := tagOf(a.Tags, key)
		return value != "" && strings.EqualFold(value, tagOf(b.Tags, key))
	})
}

// owned says whether tags name one of the owners.
func (t Tags) owned(tags []types.Tag, owners []string) bool {
	owner := tagOf(tags, t.Owner)
	return owner != "" && slices.ContainsFunc(owners, func(o string) bool { return strings.EqualFold(o, owner) })
}
