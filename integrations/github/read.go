package github

import (
	"context"
	"strconv"
	"strings"

	"lastday"
	"lastday/integrations"
)

// List reads all that the account can do in the organization.
func (d *driver) List(ctx context.Context, account lastday.Account, at integrations.Cursor) (integrations.Page, error) {
	w, err := d.resolve(ctx, account)
	if err != nil {
		return integrations.Page{}, err
	}
	from, err := repositoriesFrom(at)
	if err != nil {
		return integrations.Page{}, err
	}
	if at == "" {
		return d.listFirst(ctx, w)
	}
	s, err := d.standing(ctx, w)
	if err != nil {
		return d.blind(err)
	}
	r := &reading{who: w, standing: s, page: integrations.Page{Control: s.control}}
	rest := area{kindRepo, func(ctx context.Context, r *reading) error { return d.readReposFrom(ctx, r, from) }}
	if err := d.read(ctx, r, rest); err != nil {
		return integrations.Page{}, err
	}
	err = d.read(ctx, r, area{"residue", d.readThings})
	d.seen.note(w, r.page.Grants)
	return r.page, err
}

// listFirst reads everything but what is left of the repositories.
func (d *driver) listFirst(ctx context.Context, w who) (integrations.Page, error) {
	s, g, err := d.standingAtAGlance(ctx, w)
	if err != nil {
		return d.blind(err)
	}
	page, err := d.survey(ctx, &reading{who: w, standing: s, glance: g, page: integrations.Page{Control: s.control}})
	d.seen.note(w, page.Grants)
	return page, err
}

// standingAtAGlance reads the membership, and then all that one query tells.
// REST decides about the membership. That there is none counts if that query
// shows none either and does show another member's; else it is shown as usual.
func (d *driver) standingAtAGlance(ctx context.Context, w who) (standing, *glance, error) {
	s, err := d.belongs(ctx, w)
	if err != nil {
		return s, nil, err
	}
	g, err := d.look(ctx, w, s)
	switch {
	case err != nil || s.in:
	case g != nil && g.others && !g.own:
		s.control = lastday.Control{Seen: true, Evidence: "read no membership by REST and none by GraphQL, which showed another member's in the same answer"}
	case g != nil && g.own:
		s.control = lastday.Control{Evidence: "REST shows no membership and GraphQL does: they have not settled yet"}
	default:
		s.control, err = d.control(ctx)
	}
	return s, g, err
}

// repositoriesFrom reads a cursor: all that is paged are repositories.
func repositoriesFrom(at integrations.Cursor) (int, error) {
	if at == "" {
		return 0, nil
	}
	text, ok := strings.CutPrefix(string(at), repoCursor)
	from, err := strconv.Atoi(text)
	if !ok || err != nil || from <= 0 {
		return 0, lastday.Errorf(lastday.CodeInvalid, "list", "unknown cursor")
	}
	return from, nil
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
	// glance is nil where everything is read by a query of its own.
	glance *glance
	page   integrations.Page
}

func (r *reading) add(grants ...lastday.Grant) { r.page.Grants = append(r.page.Grants, grants...) }

// area is one part of what an account can do; kind is what is unseen if the
// part cannot be read.
type area struct {
	kind string
	read func(context.Context, *reading) error
}

func (d *driver) survey(ctx context.Context, r *reading) (integrations.Page, error) {
	if !r.standing.control.Seen {
		r.page.Gaps = append(r.page.Gaps, d.gap("", lastday.CodeNotFound, "nothing showed that we could see a membership"))
	}
	r.add(d.listMembership(r.standing)...)
	if r.who.login == "" {
		err := d.readInvited(ctx, r)
		return r.page, err
	}
	for _, a := range d.areas() {
		if err := d.read(ctx, r, a); err != nil {
			return integrations.Page{}, err
		}
	}
	return r.page, nil
}

// read reads one area. What is refused for good becomes a gap; what may pass
// ends the list.
func (d *driver) read(ctx context.Context, r *reading, a area) error {
	err := a.read(ctx, r)
	if err == nil {
		return nil
	}
	for _, kind := range alsoUnseen(a.kind) {
		gap, err := d.unseen(kind, err)
		if err != nil {
			return err
		}
		r.page.Gaps = append(r.page.Gaps, gap)
	}
	return nil
}

// alsoUnseen are the kinds that are read in one with another.
func alsoUnseen(kind string) []string {
	switch kind {
	case kindCodespace:
		return []string{kindCodespace, kindSpacePay}
	case kindProtection:
		return []string{kindProtection, kindEnvironment}
	case kindInvite, kindRepoInvite:
		return []string{kind, kindSent}
	}
	return []string{kind}
}

// areas are all parts of what an account can do. Repositories come last: they
// are paged.
func (d *driver) areas() []area {
	all := []area{
		{kindInvite, d.readInvitations},
		{kindRepoInvite, d.readRepoInvitations},
		{kindCredential, d.readCredentials},
		{kindToken, d.readTokens},
		{kindTokenRequest, d.readTokenRequests},
		{kindOrgRole, d.readRoles},
		{kindRuleset, d.readRulesets},
		{kindProtection, d.readGuards},
		{kindDeployKey, d.readKeys},
		{kindCodespace, d.readCodespaces},
		{kindCopilot, d.readSeat},
		{kindTeam, d.readTeams},
		{"identity", d.readProvisioned},
		{"residue", d.readLeft},
	}
	if d.cfg.Enterprise != "" {
		all = append(all, area{kindEntRole, d.readEntRoles})
	}
	if d.cfg.ManagedUsers {
		all = append(all, area{kindManaged, d.readManaged})
	}
	if d.cfg.Suspend {
		all = append(all, area{kindAccount, d.readAccount})
	}
	if d.cfg.Block {
		all = append(all, area{kindUnblocked, d.readBlock})
	}
	return append(all, area{kindBase, d.readBase}, area{kindRepo, d.readRepos}, area{"residue", d.readThings})
}

// readBase reads what every member may do everywhere.
func (d *driver) readBase(ctx context.Context, r *reading) error {
	if !r.standing.in || r.standing.State != "active" || r.standing.Role == "billing_manager" {
		return nil
	}
	idx, err := d.index.current(ctx)
	if err == nil {
		r.add(d.baseGrant(idx.org.Base)...)
	}
	return err
}

// readTeams reads teams of members: nobody else can be in one.
// https://docs.github.com/organizations/organizing-members-into-teams/about-teams
func (d *driver) readTeams(ctx context.Context, r *reading) error {
	if !r.standing.in {
		return nil
	}
	grants, err := d.listTeams(ctx, r.who, r.glance)
	r.add(grants...)
	return err
}

// readInvited reads what somebody without an account can have: invitations.
func (d *driver) readInvited(ctx context.Context, r *reading) error {
	if len(r.who.invited) == 0 {
		return nil
	}
	return d.read(ctx, r, area{kindInvite, d.readInvitations})
}
