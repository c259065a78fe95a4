package github

import (
	"context"
	"net/http"

	"lastday"
)

// indexEntRoles lists the enterprise's roles, and who has them.
// https://docs.github.com/enterprise-cloud@latest/rest/enterprise-admin/enterprise-roles
func (d *driver) indexEntRoles(ctx context.Context, s *snapshot) error {
	if d.cfg.Enterprise == "" {
		return nil
	}
	var page struct { // not paged
		Roles []orgRole `json:"roles"`
	}
	if _, err := d.client.get(ctx, "list enterprise roles", path("enterprises", d.cfg.Enterprise, "enterprise-roles"), &page); err != nil {
		if err = d.without(ctx, err, "enterprise_custom_enterprise_roles", "admin:enterprise"); err == nil {
			return nil
		}
		return s.hide(kindEntRole, err)
	}
	for _, r := range page.Roles {
		err := d.entRoleHolders(ctx, itoa(r.ID), func(h roleHolder) { s.entRoles[h.ID] = append(s.entRoles[h.ID], r) })
		if err != nil {
			return s.hide(kindEntRole, err)
		}
	}
	return nil
}

func (d *driver) entRoleHolders(ctx context.Context, role string, visit func(roleHolder)) error {
	where := path("enterprises", d.cfg.Enterprise, "enterprise-roles", role, "users")
	return list(ctx, d.client, "list holders of an enterprise role", where, visit)
}

// readEntRoles asks afresh who has the roles that the index saw the person have.
func (d *driver) readEntRoles(ctx context.Context, r *reading) error {
	idx, err := d.index.current(ctx)
	if err != nil {
		return err
	}
	if err := idx.hidden[kindEntRole]; err != nil {
		return err
	}
	for _, role := range idx.entRoles[r.who.id] {
		err := d.entRoleHolders(ctx, itoa(role.ID), func(h roleHolder) {
			if h.ID != r.who.id {
				return
			}
			g := d.grant(kindEntRole, lastday.Resource{ID: itoa(role.ID), Name: role.Name}, rungHeld)
			if h.Assignment == "indirect" {
				g.Via = []string{"an enterprise team"}
			}
			r.add(g)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *driver) readEntRoleRung(ctx context.Context, j *job) (string, error) {
	id, err := resourceNumber(j)
	if err != nil {
		return "", err
	}
	rung := lastday.None
	err = d.entRoleHolders(ctx, id, func(h roleHolder) {
		if h.ID == j.who.id && h.Assignment != "indirect" {
			rung = rungHeld
		}
	})
	return rung, err
}

func (d *driver) writeEntRole(ctx context.Context, j *job) error {
	method := http.MethodDelete
	if j.change.To != lastday.None {
		method = http.MethodPut
	}
	where := path("enterprises", d.cfg.Enterprise, "enterprise-roles", "users", j.who.login, j.resource().ID)
	a, err := d.client.send(ctx, method+" enterprise role", method, where, nil, nil)
	j.did(a)
	if method == http.MethodPut && statusOf(err) == http.StatusUnprocessableEntity {
		return j.refuse("the person is not in the enterprise")
	}
	return err
}
