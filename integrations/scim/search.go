package scim

import (
	"context"
	"slices"
	"strings"

	"lastday"
)

func userID(u user) string { return u.ID }

// search finds the accounts for which any clue speaks. It asks with filters, and
// reads everybody where a filter cannot be trusted: the server answers with
// somebody who was not asked for, or cannot find the canary with it. For clues
// that the server has no filter for everybody is read too, unless another that is
// not weak has found somebody already: the account found is then held to all clues.
func (d *driver) search(ctx context.Context, clues []clue, canary user) ([]user, error) {
	var found []user
	tried := map[string]bool{}
	strong, unasked := false, false
	for _, c := range clues {
		if !d.profile.filters(c.attribute) || d.knownOf(canary, c.attribute) == "" {
			unasked = true
			continue
		}
		if !tried[c.attribute] {
			tried[c.attribute] = true
			works, err := d.filterWorks(ctx, c, canary)
			if err != nil || !works {
				return d.searchAllUnless(ctx, err, clues)
			}
		}
		hits, exact, err := d.filter(ctx, c)
		if err != nil || !exact {
			return d.searchAllUnless(ctx, err, clues)
		}
		for _, u := range hits {
			found, strong = withUser(found, u), strong || !c.weak
		}
	}
	if unasked && !strong {
		return d.searchAll(ctx, clues)
	}
	return found, nil
}

// searchAllUnless reads everybody, unless the trouble is one that this cannot mend.
func (d *driver) searchAllUnless(ctx context.Context, err error, clues []clue) ([]user, error) {
	if code := lastday.CodeOf(err); err != nil && code != lastday.CodeInvalid && code != lastday.CodeUnsupported && code != lastday.CodeNotFound {
		return nil, err
	}
	return d.searchAll(ctx, clues)
}

// filterWorks asks for the canary by the attribute, in the other case where the
// standard makes no difference between cases: a server that makes one would not
// find a person whose address is written otherwise there.
func (d *driver) filterWorks(ctx context.Context, c clue, canary user) (bool, error) {
	known := d.knownOf(canary, c.attribute)
	if c.attribute == "userName" || c.attribute == "emails.value" {
		known = otherCase(known)
	}
	hits, exact, err := d.filter(ctx, clue{attribute: c.attribute, value: known, has: c.has})
	return exact && slices.ContainsFunc(hits, func(u user) bool { return u.ID == canary.ID }), err
}

// otherCase is the text in capitals, or without if it is all capitals.
func otherCase(text string) string {
	if upper := strings.ToUpper(text); upper != text {
		return upper
	}
	return strings.ToLower(text)
}

// knownOf is what the canary has of an attribute.
func (d *driver) knownOf(canary user, attribute string) string {
	switch attribute {
	case "userName":
		return canary.UserName
	case "externalId":
		return string(canary.ExternalID)
	case enterprise + ":employeeNumber":
		return string(canary.Enterprise.EmployeeNumber)
	case "emails.value":
		for _, e := range canary.Emails {
			return e.Value
		}
	}
	return ""
}

// filter asks for a clue. Exact says that nobody was answered but who has it;
// else the filter was not honoured.
func (d *driver) filter(ctx context.Context, c clue) (hits []user, exact bool, err error) {
	exact = true
	err = walk(ctx, d, users, c.attribute+" eq "+quoted(c.value), userID, func(page listed[user]) bool {
		for _, u := range page.Resources {
			if !c.has(u, c.value) {
				exact = false
				return false
			}
			hits = append(hits, u)
		}
		return len(page.Resources) == 0 || page.TotalResults > len(hits)
	})
	return hits, exact, err
}

// searchAll reads everybody. The canary must be among them, or the list is one
// of others than it seems.
func (d *driver) searchAll(ctx context.Context, clues []clue) ([]user, error) {
	var found []user
	canary := false
	err := walk(ctx, d, users, "", userID, func(page listed[user]) bool {
		for _, u := range page.Resources {
			canary = canary || u.ID == d.cfg.Canary
			if slices.ContainsFunc(clues, func(c clue) bool { return c.has(u, c.value) }) {
				found = withUser(found, u)
			}
		}
		return true
	})
	if err == nil && !canary {
		err = lastday.Errorf(lastday.CodeTransient, "scim: list "+users, "the canary is not in the list of all accounts, so that it is not one of all")
	}
	return found, err
}

func withUser(all []user, u user) []user {
	if slices.ContainsFunc(all, func(o user) bool { return o.ID == u.ID }) {
		return all
	}
	return append(all, u)
}
