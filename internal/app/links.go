package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"lastday"
	"lastday/activities"
	"lastday/internal/links"
)

// OpenLinks opens the link table, which lies in the database of the records.
// Who opens it closes it.
func (p *Parts) OpenLinks(ctx context.Context) (*links.Store, error) {
	r := p.Config.Records
	if r.Postgres == "" {
		return links.OpenSQLite(ctx, p.Config.Path(r.File), p.deps.Now)
	}
	connection, err := p.deps.Secret(ctx, r.Postgres)
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInvalid, "links", "postgres", err)
	}
	return links.OpenPostgres(ctx, connection, p.deps.Now)
}

// LinkTable is the table as cases and sweeps ask it.
func LinkTable(s *links.Store) activities.LinkTable { return linkTable{s} }

type linkTable struct{ store *links.Store }

// Of are the accounts that are linked to a person.
func (l linkTable) Of(ctx context.Context, person string) ([]activities.AccountLink, error) {
	known, err := l.store.List(ctx, links.Query{Person: person})
	if err != nil {
		return nil, err
	}
	all := make([]activities.AccountLink, 0, len(known))
	for _, k := range known {
		all = append(all, activities.AccountLink{
			Link: lastday.Link{System: k.System, ID: k.ID, Login: k.Login}, Role: string(k.Role), Evidence: k.Evidence, By: k.By,
		})
	}
	return all, nil
}

// Settle keeps what a person decided.
func (l linkTable) Settle(ctx context.Context, in activities.KeepLinkInput) error {
	link := links.Link{Person: in.Person, System: in.System, ID: in.ID, Role: links.RolePrimary, Evidence: in.Evidence}
	return l.store.Settle(ctx, link, in.By, in.Reason)
}

// WithTable runs do with the link table of a command. Where there is no
// database yet it is given none: looking makes no file.
func (p *Parts) WithTable(ctx context.Context, do func(activities.LinkTable) error) (err error) {
	r := p.Config.Records
	if r.Postgres == "" {
		if _, err := os.Stat(p.Config.Path(r.File)); errors.Is(err, fs.ErrNotExist) {
			return do(nil)
		}
	}
	store, err := p.OpenLinks(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return do(linkTable{store})
}

// reading is one account of one system that is read for a plan.
type reading struct {
	system OpenSystem
	lane   string
	person lastday.Person
}

// readings are all accounts of a person that are read: one for each system,
// and one for each further account that the table knows. They are called as a
// case would call them.
func (p *Parts) readings(ctx context.Context, person lastday.Person) ([]reading, error) {
	var known []activities.AccountLink
	err := p.WithTable(ctx, func(table activities.LinkTable) (err error) {
		if table != nil {
			known, err = table.Of(ctx, person.Key)
		}
		return err
	})
	var all []reading
	for _, s := range p.Systems {
		all = append(all, readingsOf(s, person, known)...)
	}
	return all, err
}

func readingsOf(s OpenSystem, person lastday.Person, known []activities.AccountLink) []reading {
	for _, k := range known {
		if k.System == s.Name && k.Role != activities.RolePrimary {
			person.Links = slices.DeleteFunc(slices.Clone(person.Links), func(o lastday.Link) bool { return o.System == s.Name && o.ID == k.ID })
		}
	}
	all := []reading{{system: s, lane: s.Name, person: person}}
	for _, k := range known {
		_, hr := person.Link(s.Name)
		switch {
		case k.System != s.Name:
		case k.Role != activities.RolePrimary:
			lane := s.Name + "+" + k.Role
			for n := 2; slices.ContainsFunc(all, func(r reading) bool { return r.lane == lane }); n++ {
				lane = fmt.Sprintf("%s+%s%d", s.Name, k.Role, n)
			}
			all = append(all, reading{system: s, lane: lane, person: linkedAs(person, lane, k)})
		case !hr:
			all[0].person = linkedAs(person, s.Name, k)
		}
	}
	return all
}

func linkedAs(p lastday.Person, lane string, k activities.AccountLink) lastday.Person {
	p.Links = append(slices.Clone(p.Links), lastday.Link{System: lane, ID: k.ID, Login: k.Login})
	return p
}
