package github

import (
	"context"

	"lastday"
	"lastday/integrations"
)

// List reads all that the account can do in the organization.
func (d *driver) List(ctx context.Context, account lastday.Account, at integrations.Cursor) (integrations.Page, error) {
	w, err := d.resolve(ctx, account)
	if err != nil {
		return integrations.Page{}, err
	}
	if at != "" {
		return integrations.Page{}, lastday.Errorf(lastday.CodeInvalid, "list", "unknown cursor")
	}
	s, err := d.standing(ctx, w)
	if err != nil {
		return d.blind(err)
	}
	return d.survey(ctx, w, s)
}

// blind is the page of a list where the first look was refused for good: one
// gap about everything, and no control.
func (d *driver) blind(err error) (integrations.Page, error) {
	gap, err := d.unseen("", err)
	if err != nil {
		return integrations.Page{}, err
	}
	return integrations.Page{Gaps: []lastday.Gap{gap}}, nil
}

// reading collects one page.
type reading struct {
	who      who
	standing standing
	page     integrations.Page
}

func (r *reading) add(grants ...lastday.Grant) { r.page.Grants = append(r.page.Grants, grants...) }

// area is one part of what an account can do; kind is what is unseen if the
// part cannot be read.
type area struct {
	kind string
	read func(context.Context, *reading) error
}

func (d *driver) survey(ctx context.Context, w who, s standing) (integrations.Page, error) {
	r := &reading{who: w, standing: s, page: integrations.Page{Control: s.control}}
	if !s.control.Seen {
		r.page.Gaps = append(r.page.Gaps, d.gap("", lastday.CodeNotFound, "nothing showed that we could see a membership"))
	}
	r.add(d.listMembership(s)...)
	if w.gone {
		return r.page, nil
	}
	for _, a := range d.areas() {
		err := a.read(ctx, r)
		if err == nil {
			continue
		}
		gap, err := d.unseen(a.kind, err)
		if err != nil {
			return integrations.Page{}, err
		}
		r.page.Gaps = append(r.page.Gaps, gap)
	}
	return r.page, nil
}

func (d *driver) areas() []area {
	return []area{
		{kindTeam, d.readTeams},
	}
}

func (d *driver) readTeams(ctx context.Context, r *reading) error {
	grants, err := d.listTeams(ctx, r.who)
	r.add(grants...)
	return err
}
