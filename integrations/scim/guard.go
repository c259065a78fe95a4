package scim

import (
	"context"

	"lastday"
)

const lastAdmin = "nobody else that is active has it: the last administrator is not taken without an approval"

// lastOfAccount says why an account is not to be deactivated: it has a role that
// is known to be admin, and nobody else that is active has it.
func (d *driver) lastOfAccount(ctx context.Context, c lastday.Change, u user, down bool) (string, error) {
	if !down || c.Consent != "" {
		return "", nil
	}
	for _, kind := range valueKinds() {
		for _, v := range u.values(kind) {
			if why, err := d.alone(ctx, kind, v, u.ID); why != "" || err != nil {
				return why, err
			}
		}
	}
	for _, claim := range u.Groups {
		if d.levels.ofGroup(claim.Value, claim.Display) != lastday.LevelAdmin {
			continue
		}
		g, found, err := d.readGroup(ctx, claim.Value)
		if err != nil || !found {
			return "", err
		}
		if why, err := d.lastOfGroup(ctx, c, g, u, down); why != "" || err != nil {
			return why, err
		}
	}
	return "", nil
}

// lastOfValue says why a role or an entitlement is not to be taken.
func (d *driver) lastOfValue(ctx context.Context, c lastday.Change, u user, down bool) (string, error) {
	if !down || c.Consent != "" {
		return "", nil
	}
	if c.Grant.Kind == kindRole && len(d.profile.Roles) > 0 {
		if to, ok := d.profile.Roles.Rung(c.To); ok && to.Level == lastday.LevelAdmin {
			return "", nil
		}
		return d.alone(ctx, kindRole, u.Roles[0], u.ID)
	}
	for _, v := range u.values(c.Grant.Kind) {
		if v.Value == c.Grant.Resource.ID {
			return d.alone(ctx, c.Grant.Kind, v, u.ID)
		}
	}
	return "", nil
}

// alone says so if a value is known to be admin and nobody else that is active
// has it, or another that is known to be admin as well. It reads accounts until
// it finds somebody.
func (d *driver) alone(ctx context.Context, kind string, v value, id string) (string, error) {
	if level, said := d.levels.ofValue(kind, v); !said || level != lastday.LevelAdmin {
		return "", nil
	}
	other := false
	err := walk(ctx, d, users, "", userID, func(page listed[user]) bool {
		for _, u := range page.Resources {
			other = other || (u.ID != id && u.active() && d.commands(u, kind))
		}
		return !other
	})
	if err != nil || other {
		return "", err
	}
	return lastAdmin, nil
}

func (d *driver) commands(u user, kind string) bool {
	for _, v := range u.values(kind) {
		if level, said := d.levels.ofValue(kind, v); said && level == lastday.LevelAdmin {
			return true
		}
	}
	return false
}

// lastOfGroup says why somebody is not to be taken out of a group: it makes
// administrators, and no other member is active.
func (d *driver) lastOfGroup(ctx context.Context, c lastday.Change, g group, u user, down bool) (string, error) {
	if !down || c.Consent != "" || d.levels.ofGroup(g.ID, g.DisplayName) != lastday.LevelAdmin {
		return "", nil
	}
	for _, m := range g.members() {
		if m.Value == u.ID {
			continue
		}
		if m.Type == "Group" {
			return "", nil // its members are administrators too; who they are is not looked at
		}
		other, found, err := d.readUser(ctx, m.Value)
		if err != nil {
			return "", err
		}
		if found && other.active() {
			return "", nil
		}
	}
	return lastAdmin, nil
}
