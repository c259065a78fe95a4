package aws

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/identitystore/document"
	"github.com/aws/aws-sdk-go-v2/service/identitystore/types"

	"lastday"
)

// The attributes by which a user can be asked for.
// https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_UniqueAttribute.html
const (
	byName  = "userName"
	byEmail = "emails.value"
)

// Find says which user is the person's: the one with the linked id, or else the
// one with a verified address as its e-mail or its name. Both are unique there, and
// administrators' or the identity provider's word. A linked name alone is a
// suggestion.
func (d *centerDriver) Find(ctx context.Context, person lastday.Person) (lastday.Match, error) {
	link, _ := person.Link(d.system)
	if link.ID != "" && !principalID(link.ID) {
		return lastday.Match{}, lastday.Errorf(lastday.CodeInvalid, "aws-identity-center: find", "the linked id is not a UserId")
	}
	control, err := d.control(ctx)
	if err != nil {
		return lastday.Match{}, err
	}
	s := &centerSearch{centerDriver: d, strong: map[string]bool{}, found: map[string]*lastday.Candidate{}}
	if err := s.byLink(ctx, link); err != nil {
		return lastday.Match{}, err
	}
	if len(s.found) == 1 && s.strong[link.ID] {
		return s.match(control), nil
	}
	for _, address := range person.Emails {
		if err := s.byAttribute(ctx, byEmail, address, true, "its e-mail is the verified address"); err != nil {
			return lastday.Match{}, err
		}
		if err := s.byAttribute(ctx, byName, address, true, "its name is the verified address"); err != nil {
			return lastday.Match{}, err
		}
	}
	return s.match(control), nil
}

// centerSearch collects what speaks for whom.
type centerSearch struct {
	*centerDriver
	asked  bool
	strong map[string]bool
	found  map[string]*lastday.Candidate
}

func (s *centerSearch) add(u *identitystore.DescribeUserOutput, enough bool, said string) {
	id := text(u.UserId)
	if s.found[id] == nil {
		s.found[id] = &lastday.Candidate{Account: s.account(u)}
	}
	s.found[id].Evidence = append(s.found[id].Evidence, said)
	s.strong[id] = s.strong[id] || enough
}

func (d *centerDriver) account(u *identitystore.DescribeUserOutput) lastday.Account {
	a := lastday.Account{System: d.system, ID: text(u.UserId), Login: text(u.UserName)}
	if u.UserStatus == types.UserStatusDisabled {
		a.Note = "disabled"
	}
	return a
}

func (s *centerSearch) byLink(ctx context.Context, link lastday.Link) error {
	if link.ID != "" {
		s.asked = true
		u, err := s.describe(ctx, link.ID)
		if err == nil {
			s.add(u, true, "has the linked id")
			return nil // the name is only its label
		}
		if !codeIs(err, lastday.CodeNotFound) {
			return err
		}
	}
	return s.byAttribute(ctx, byName, link.Login, false, "has the linked name, which alone is weak: names are given anew")
}

// byAttribute asks for the user with an attribute, and then looks whether the
// user has it.
func (s *centerSearch) byAttribute(ctx context.Context, path, value string, enough bool, said string) error {
	const op = "aws-identity-center: find a user"
	if value == "" {
		return nil
	}
	s.asked = true
	out, err := read(ctx, op, s.store.GetUserId, &identitystore.GetUserIdInput{
		IdentityStoreId: &s.cfg.IdentityStore,
		AlternateIdentifier: &types.AlternateIdentifierMemberUniqueAttribute{
			Value: types.UniqueAttribute{AttributePath: &path, AttributeValue: document.NewLazyDocument(value)},
		},
	})
	if codeIs(err, lastday.CodeNotFound) {
		return nil // whether that shows anything, the control says
	}
	if err != nil {
		return err
	}
	u, err := s.describe(ctx, text(out.UserId))
	if codeIs(err, lastday.CodeNotFound) {
		return lastday.Errorf(lastday.CodeTransient, op, "a user was found and is gone again: look again")
	}
	if err != nil {
		return err
	}
	if !has(u, path, value) {
		return lastday.Errorf(lastday.CodeInvalid, op, "the answer is about a user who does not have what was asked for")
	}
	s.add(u, enough, said)
	return nil
}

func has(u *identitystore.DescribeUserOutput, path, value string) bool {
	if path == byName {
		return strings.EqualFold(text(u.UserName), value)
	}
	return slices.ContainsFunc(u.Emails, func(e types.Email) bool { return strings.EqualFold(text(e.Value), value) })
}

func (s *centerSearch) match(control lastday.Control) lastday.Match {
	var every []lastday.Candidate
	for _, c := range s.found {
		every = append(every, *c)
	}
	slices.SortFunc(every, func(a, b lastday.Candidate) int { return strings.Compare(a.Account.ID, b.Account.ID) })
	switch {
	case len(every) == 1 && s.strong[every[0].Account.ID]:
		return lastday.Match{Verdict: lastday.FoundOne, Account: every[0].Account, Evidence: every[0].Evidence, Control: control}
	case len(every) > 0:
		return lastday.Match{Verdict: lastday.FoundMany, Candidates: every, Control: control}
	case !s.asked:
		return lastday.Match{Verdict: lastday.FoundMany, Evidence: []string{"nothing is known of the person that could be asked for: a person must link the user"}, Control: control}
	}
	return lastday.Match{Verdict: lastday.FoundNone, Evidence: []string{"no user has the linked id, or a verified address as its e-mail or name"}, Control: control}
}
