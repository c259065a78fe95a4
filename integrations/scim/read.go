package scim

import (
	"context"
	"fmt"
	"slices"

	"lastday"
	"lastday/integrations"
)

// List reads everything the account has, in one page of ours: the account, the
// values of roles and entitlements, and its groups.
func (d *driver) List(ctx context.Context, account lastday.Account, at integrations.Cursor) (integrations.Page, error) {
	if at != "" {
		return integrations.Page{}, lastday.Errorf(lastday.CodeInvalid, "scim: list", "no such cursor")
	}
	u, found, err := d.readUser(ctx, account.ID)
	if err != nil {
		return integrations.Page{}, err
	}
	if !found {
		return d.listUnseen(ctx, account.ID)
	}
	page := integrations.Page{
		Grants: slices.Concat(d.accountGrants(u), d.valueGrants(u)), Residue: d.residue(u),
		Control: lastday.Control{Seen: true, Evidence: "read the account by its id, with what it has"},
	}
	if d.cfg.WithoutGroups {
		return page, nil
	}
	groups, gaps, err := d.memberships(ctx, u)
	if err != nil {
		return integrations.Page{}, err
	}
	page.Grants = append(page.Grants, groups...)
	page.Gaps = append(page.Gaps, gaps...)
	return page, nil
}

// listUnseen is what can be told of an account that is not seen. Where that may
// mean that it is only hidden, groups may still name it, and what it has besides
// is not known.
func (d *driver) listUnseen(ctx context.Context, id string) (integrations.Page, error) {
	control, _, err := d.control(ctx)
	if err != nil {
		return integrations.Page{}, err
	}
	page := integrations.Page{Control: control, Gaps: d.blindness(control)}
	if !control.Seen || !d.profile.Hides {
		return page, nil
	}
	for _, kind := range valueKinds() {
		page.Gaps = append(page.Gaps, d.hidden(kind))
	}
	if d.cfg.WithoutGroups {
		return page, nil
	}
	in, gaps, err := d.memberships(ctx, user{ID: id})
	if err != nil {
		return integrations.Page{}, err
	}
	page.Grants, page.Gaps = in, append(append(page.Gaps, d.hidden(kindGroup)), gaps...)
	return page, nil
}

// hidden is the gap of an account that the server may only hide.
func (d *driver) hidden(kind string) lastday.Gap {
	return d.gap(kind, "what the account has of this kind", lastday.CodeNotFound,
		"the account is not shown, as this server does with those that are not active", "look in the product; what was taken before the account was read back then")
}

// blindness is the gap of not seeing what is known to be there.
func (d *driver) blindness(c lastday.Control) []lastday.Gap {
	if c.Seen {
		return nil
	}
	return []lastday.Gap{d.gap("", "the account", lastday.CodeDenied, "neither it nor the canary is seen", "let the token read all users, or name another canary")}
}

// accountGrants is the account itself, while it is active. Its level is what it
// can do without roles and groups, which are grants of their own: an account
// that counted as high as they do would be taken, or even deleted, by a ceiling
// that asks for the roles alone.
func (d *driver) accountGrants(u user) []lastday.Grant {
	if !u.active() {
		return nil
	}
	g := lastday.Grant{
		Key: kindAccount, Kind: kindAccount, Resource: lastday.Resource{ID: u.ID, Name: "account"},
		Rung: rungActive, Ladder: one(rungActive, d.levels.account),
		ManagedBy: d.levels.managedKind[kindAccount], Restore: d.profile.Restore, Order: d.profile.orders()[kindAccount],
	}
	g.Resource.Labels = map[string]string{"deactivation": d.profile.Deactivation}
	return []lastday.Grant{g}
}

// valueGrants are the roles and entitlements. A value told twice is one grant.
func (d *driver) valueGrants(u user) []lastday.Grant {
	var all []lastday.Grant
	for _, kind := range valueKinds() {
		for _, v := range u.values(kind) {
			g := d.valueGrant(kind, v)
			if v.Value != "" && !slices.ContainsFunc(all, func(o lastday.Grant) bool { return o.Key == g.Key }) {
				all = append(all, g)
			}
		}
	}
	return all
}

func (d *driver) valueGrant(kind string, v value) lastday.Grant {
	level, said := d.levels.ofValue(kind, v)
	if kind == kindEntitlement && d.profile.Licences && !said {
		level = lastday.LevelSignIn
	}
	g := lastday.Grant{
		Key: kind + "/" + v.Value, Kind: kind, Resource: lastday.Resource{ID: v.Value, Name: v.Value},
		Rung: rungHeld, Ladder: one(rungHeld, level), ManagedBy: d.levels.managedKind[kind],
		Restore: lastday.Restore{Fidelity: lastday.RestoreExact}, Order: d.profile.orders()[kind],
		Details: map[string]string{"value": string(v.raw)},
	}
	if v.Display != "" {
		g.Resource.Name = v.Display
	}
	if kind == kindRole && len(d.profile.Roles) > 0 {
		g.Key, g.Resource = kind, lastday.Resource{ID: kindRole, Name: "role"}
		g.Rung, g.Ladder = v.Value, d.ladderWith(v.Value)
	}
	return g
}

// ladderWith is the profile's ladder. A role that the vendor added since stands
// on top of it: what we cannot judge we fear.
func (d *driver) ladderWith(role string) lastday.Ladder {
	if _, known := d.profile.Roles.Rung(role); known {
		return d.profile.Roles
	}
	return append(one(role, lastday.LevelAdmin), d.profile.Roles...)
}

// residue is what belongs to the person and is not ended by what we can do.
func (d *driver) residue(u user) []lastday.Residue {
	var all []lastday.Residue
	for _, r := range d.profile.Remains {
		all = append(all, lastday.Residue{System: d.system, Kind: kindAccount, What: r.what, Why: r.why, Todo: r.todo})
	}
	if n := len(u.Certificates); n > 0 {
		all = append(all, lastday.Residue{
			System: d.system, Kind: kindAccount, What: fmt.Sprintf("%d certificates of the account", n),
			Why: "whoever checks them elsewhere goes on accepting them", Todo: "revoke them where they were issued",
		})
	}
	return all
}
