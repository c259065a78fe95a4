package github

import (
	"context"
	"slices"
	"strings"
	"time"

	"lastday"
)

// may says whether our credential surely has a permission: then a 404 means
// that the organization lacks the feature, not that it is hidden from us.
func (d *driver) may(ctx context.Context, permission string, scopes ...string) (bool, error) {
	if d.inst != nil {
		return d.inst.permissions()[permission] != "", nil
	}
	me, err := d.whoAmI(ctx)
	for _, s := range scopes {
		if slices.Contains(me.scopes, s) {
			return true, err
		}
	}
	return false, err
}

// without says that the far side has no such thing at all: an Enterprise Server
// knows no invitations and no roles of the enterprise, an enterprise that owns
// its accounts invites nobody. Where our credential surely could see them, the
// 404 means that.
// https://docs.github.com/rest/orgs/members#list-pending-organization-invitations
func (d *driver) without(ctx context.Context, missing error, permission string, scopes ...string) error {
	if !d.client.onServer() && !d.cfg.ManagedUsers {
		return missing
	}
	return d.absentIfAllowed(ctx, missing, permission, scopes...)
}

// absentIfAllowed turns a 404 into nothing where the permission is certain.
func (d *driver) absentIfAllowed(ctx context.Context, missing error, permission string, scopes ...string) error {
	if !codeIs(missing, lastday.CodeNotFound) {
		return missing
	}
	allowed, err := d.may(ctx, permission, scopes...)
	if err != nil {
		return err
	}
	if allowed {
		return nil
	}
	return missing
}

type codespace struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	State string `json:"state"`
	Owner user   `json:"owner"`
	// Payer is the organization or the person.
	Payer user `json:"billable_owner"`
}

func (c codespace) rung() string {
	switch c.State {
	case "Shutdown", "ShuttingDown", "Archived", "Deleted":
		return "stopped"
	}
	return "running"
}

// https://docs.github.com/rest/codespaces/organizations#list-codespaces-for-a-user-in-organization
func (d *driver) codespaces(ctx context.Context, w who) ([]codespace, error) {
	var all []codespace
	err := walk(ctx, d.client, "list codespaces", d.client.inOrg("members", w.login, "codespaces"), func(page struct {
		Codespaces []codespace `json:"codespaces"`
	},
	) {
		for _, c := range page.Codespaces {
			if c.Owner.ID == w.id {
				all = append(all, c)
			}
		}
	})
	return all, err
}

func (d *driver) readCodespaces(ctx context.Context, r *reading) error {
	idx, err := d.index.current(ctx)
	if err != nil {
		return err
	}
	all, err := d.codespaces(ctx, r.who)
	for _, c := range all {
		r.add(d.grant(kindCodespace, lastday.Resource{ID: itoa(c.ID), Name: c.Name}, c.rung()))
	}
	if paid(all, idx.org) {
		r.add(d.grant(kindSpacePay, lastday.Resource{ID: d.cfg.Org, Name: "codespaces"}, rungHeld))
	}
	return d.absentIfAllowed(ctx, err, "organization_codespaces", "admin:org")
}

// paid says that the organization pays for one of the codespaces. Whether it
// would pay for the next one GitHub does not tell.
func paid(all []codespace, org organization) bool {
	return slices.ContainsFunc(all, func(c codespace) bool { return org.ID != 0 && c.Payer.ID == org.ID })
}

// copilotSeat is a seat. One that is cancelled works until its billing cycle ends.
// https://docs.github.com/rest/copilot/copilot-user-management
type copilotSeat struct {
	Assignee user         `json:"assignee"`
	Ends     string       `json:"pending_cancellation_date"`
	Team     *indexedTeam `json:"assigning_team"`
}

func (s copilotSeat) held() bool { return s.Assignee.ID != 0 && s.Ends == "" }

func (d *driver) seat(ctx context.Context, w who) (copilotSeat, error) {
	var s copilotSeat
	_, err := d.client.get(ctx, "read Copilot seat", d.client.inOrg("members", w.login, "copilot"), &s)
	if err == nil && s.Assignee.ID != w.id {
		return copilotSeat{}, lastday.Errorf(lastday.CodeInvalid, "read Copilot seat", "asked about one account and was told about another")
	}
	return s, err
}

func (d *driver) readSeat(ctx context.Context, r *reading) error {
	s, err := d.seat(ctx, r.who)
	if err != nil || s.Assignee.ID == 0 {
		return d.absentIfAllowed(ctx, err, "organization_copilot_seat_management", "manage_billing:copilot", "admin:org")
	}
	if s.Ends != "" {
		r.page.Residue = append(r.page.Residue, d.seatResidue(s))
		return nil
	}
	g := d.grant(kindCopilot, lastday.Resource{ID: d.cfg.Org, Name: "Copilot"}, "seat")
	if s.Team != nil {
		g.Via = []string{kindTeam + "/" + itoa(s.Team.ID)}
	}
	r.add(g)
	return nil
}

func (d *driver) seatResidue(s copilotSeat) lastday.Residue {
	ends, err := time.Parse(time.DateOnly, strings.SplitN(s.Ends, "T", 2)[0])
	if err != nil {
		ends = time.Time{} // unknown
	}
	return d.endingSeat(ends, "a cancelled Copilot seat")
}

// endingSeat tells of a seat that works until its cycle ends. Cycles last a month.
// https://docs.github.com/copilot/concepts/billing/organizations-and-enterprises
func (d *driver) endingSeat(ends time.Time, what string) lastday.Residue {
	return lastday.Residue{
		System: d.system, Kind: kindCopilot, What: what, Until: ends, Harmless: true,
		Why: "GitHub ends seats with the billing cycle; it opens no code of the organization",
	}
}
