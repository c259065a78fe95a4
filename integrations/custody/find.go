package custody

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"lastday"
	"lastday/integrations"
)

// An account of the register is a person, by all that HR tells to know them
// by: its id is made of a digest for each, so that it names nobody and List
// needs nothing but the id. A digest begins with a letter for its sort.
func (d *driver) digest(s sort, name string) string {
	return s.letter() + "-" + lastday.OpaqueKey("custody", d.system, string(s), normal(name))
}

func (d *driver) digests(p lastday.Person) []string {
	all := []string{d.digest(byKey, p.Key)}
	if normal(p.EmployeeNumber) != "" {
		all = append(all, d.digest(byNumber, p.EmployeeNumber))
	}
	for _, email := range p.Emails {
		if normal(email) != "" {
			all = append(all, d.digest(byEmail, email))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// separator stands between the digests of an id.
const separator = "."

// Find looks the person up by their key, employee number and addresses, all
// exactly.
func (d *driver) Find(_ context.Context, person lastday.Person) (lastday.Match, error) {
	if person.Key == "" {
		return lastday.Match{}, lastday.Errorf(lastday.CodeInvalid, "custody: find", "the person has no key")
	}
	r, err := d.read()
	if err != nil {
		return lastday.Match{}, err
	}
	known := d.digests(person)
	id, control := strings.Join(known, separator), d.control(r)
	link, _ := person.Link(d.system)
	pinned := strings.Split(cmp.Or(link.ID, id), separator)
	evidence, beyond := d.named(r, known, pinned)
	if beyond {
		return d.grown(link.ID, id, evidence, control), nil
	}
	if len(evidence) == 0 {
		if missing := missingSorts(r, pinned); len(missing) > 0 {
			return lastday.Match{}, lastday.Errorf(lastday.CodeInvalid, "custody: find", "the register names people by %s, and nothing such is known of this person: finding nobody would show nothing", strings.Join(missing, " and "))
		}
		return lastday.Match{Verdict: lastday.FoundNone, Evidence: []string{"nobody of that key, number or address is in the register"}, Control: control}, nil
	}
	return lastday.Match{
		Verdict: lastday.FoundOne, Account: lastday.Account{System: d.system, ID: strings.Join(pinned, separator)}, Evidence: evidence, Control: control,
	}, nil
}

// named says by what the register names the person, and whether that goes
// beyond what was pinned.
func (d *driver) named(r register, known, pinned []string) (evidence []string, beyond bool) {
	for _, i := range r.items {
		for _, h := range i.all() {
			digest := d.digest(h.sort, h.name)
			isPinned := slices.Contains(pinned, digest)
			if !isPinned && !slices.Contains(known, digest) {
				continue
			}
			beyond = beyond || !isPinned
			evidence = append(evidence, "named in the register by "+string(h.sort))
		}
	}
	slices.Sort(evidence)
	return slices.Compact(evidence), beyond
}

// grown asks a person: HR tells more of the leaver by now than when the
// account was pinned, and the register names them by it.
func (d *driver) grown(pinned, now string, evidence []string, control lastday.Control) lastday.Match {
	candidate := func(id, why string) lastday.Candidate {
		return lastday.Candidate{Account: lastday.Account{System: d.system, ID: id}, Evidence: append([]string{why}, evidence...)}
	}
	return lastday.Match{Verdict: lastday.FoundMany, Control: control, Candidates: []lastday.Candidate{
		candidate(now, "all that HR tells now to know the person by"), candidate(pinned, "what was pinned before"),
	}}
}

// missingSorts are by what the register names people and the account cannot be
// looked for.
func missingSorts(r register, digests []string) []string {
	var missing []string
	for _, i := range r.items {
		for _, h := range i.holders {
			have := slices.ContainsFunc(digests, func(d string) bool { return strings.HasPrefix(d, h.sort.letter()+"-") })
			if !have && !slices.Contains(missing, string(h.sort)) {
				missing = append(missing, string(h.sort))
			}
		}
	}
	slices.Sort(missing)
	return missing
}

// List lists what the person knows and owns.
func (d *driver) List(_ context.Context, account lastday.Account, at integrations.Cursor) (integrations.Page, error) {
	if account.ID == "" || account.System != d.system || at != "" {
		return integrations.Page{}, lastday.Errorf(lastday.CodeInvalid, "custody: list", "the account is not one of this system, or there is no such page")
	}
	r, err := d.read()
	if err != nil {
		return integrations.Page{}, err
	}
	digests := strings.Split(account.ID, separator)
	page := integrations.Page{Control: d.control(r)}
	for _, i := range r.items {
		if d.has(i, digests) {
			page.Grants = append(page.Grants, i.grant())
		}
	}
	if missing := missingSorts(r, digests); len(missing) > 0 {
		page.Gaps = append(page.Gaps, lastday.Gap{
			System: d.system, What: "items whose people are named by " + strings.Join(missing, " and "), Code: lastday.CodeInvalid,
			Why: "nothing such is known of this person", Fix: "let HR send it, or name people in the register by what HR sends",
		})
	}
	return page, nil
}

// has says whether one of the digests is of somebody who holds the item.
func (d *driver) has(i item, digests []string) bool {
	known := func(h holder) bool { return slices.Contains(digests, d.digest(h.sort, h.name)) }
	return slices.ContainsFunc(i.receivers(), known) || slices.ContainsFunc(i.holders, func(h holder) bool { return i.holds(h) && known(h) })
}

// all are holders and whom it was handed over to.
func (i item) all() []holder { return slices.Concat(i.holders, i.receivers()) }

// receivers are whom it was handed over to. The register does not say by what it
// names them, so that they are looked for by each: they own it now, and may be
// leaving themselves.
func (i item) receivers() []holder {
	if i.handedTo == "" {
		return nil
	}
	return []holder{{sort: byKey, name: i.handedTo}, {sort: byEmail, name: i.handedTo}, {sort: byNumber, name: i.handedTo}}
}

func (i item) grant() lastday.Grant {
	order := slices.IndexFunc(kindNames(), func(k [2]string) bool { return k[0] == i.kind })
	name := i.what
	if i.system != "" {
		name += " (" + i.system + ")"
	}
	return lastday.Grant{
		Key: "item/" + i.id, Kind: i.kind, Resource: lastday.Resource{ID: i.id, Name: name, Labels: map[string]string{"owner": i.owner, "system": i.system}},
		Rung: i.rung(), Ladder: lastday.Ladder{{Name: i.rung(), Level: i.level}}, Order: order, Restore: neverBack(),
		Details: map[string]string{"owner": i.owner, "where": i.where, "action": string(i.action), "within": i.within.String()},
	}
}
