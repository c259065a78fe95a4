package scim

import (
	"context"
	"encoding/json"
	"net/http"

	"lastday"
)

// applyAccount sets active.
func (d *driver) applyAccount(ctx context.Context, c lastday.Change, u user, down bool) (lastday.Receipt, error) {
	now := lastday.None
	if u.active() {
		now = rungActive
	}
	r, nothing := settled(c, now, down)
	if nothing {
		return r, nil
	}
	if d.profile.Deletes && down && !d.cfg.Delete && c.Consent == "" {
		return refuse(c, now, "this server deletes the account for that, for good: delete it by hand, or set `delete` in the configuration"), nil
	}
	if why, err := d.lastOfAccount(ctx, c, u, down); why != "" || err != nil {
		return refuse(c, now, why), err
	}
	forms, err := d.activeForms(u, !down)
	if err != nil {
		return lastday.Receipt{}, err
	}
	what := "scim: PATCH user, active:false"
	if !down {
		what = "scim: PATCH user, active:true"
	}
	if d.profile.Deletes {
		r.Note = "this server deletes the account: it cannot be given back"
	}
	r, err = d.do(ctx, task{
		change: c, receipt: r, look: func(ctx context.Context) (string, error) { return d.activeNow(ctx, u) },
		write: write{what: what, path: []string{users, u.ID}, version: u.version(), guarded: u.Meta.Version != "", forms: forms},
	})
	if lastday.CodeOf(err) == lastday.CodeNotFound { // somebody else took it since it was read
		return d.vanished(ctx, c, down)
	}
	return r, err
}

// activeNow reads back whether the account is active. A server that hides or
// deletes it answers with 404, which the canary must confirm.
func (d *driver) activeNow(ctx context.Context, before user) (string, error) {
	u, found, err := d.stillThem(ctx, before)
	if err != nil {
		return "", err
	}
	if found && u.active() {
		return rungActive, nil
	}
	if found {
		return lastday.None, nil
	}
	control, _, err := d.control(ctx)
	if err == nil && !control.Seen {
		err = lastday.Errorf(lastday.CodeDenied, "scim: read back", "neither the account nor the canary is seen")
	}
	return lastday.None, err
}

// activeForms puts the change in the forms that the profile knows.
func (d *driver) activeForms(u user, active bool) ([]form, error) {
	var forms []form
	for _, name := range d.profile.Active {
		switch name {
		case byPath:
			forms = append(forms, form{method: http.MethodPatch, body: patchOf(operation{Op: "replace", Path: "active", Value: active})})
		case pathless:
			forms = append(forms, form{method: http.MethodPatch, body: patchOf(operation{Op: "replace", Value: map[string]any{"active": active}})})
		case byPut:
			whole, err := replaced(u.raw, "active", active)
			if err != nil {
				return nil, err
			}
			forms = append(forms, form{method: http.MethodPut, body: whole, whole: true})
		}
	}
	return forms, nil
}

// replaced is a resource with one attribute changed, without what only the
// server writes: meta, and a user's groups.
func replaced(raw json.RawMessage, attribute string, v any) (map[string]json.RawMessage, error) {
	var whole map[string]json.RawMessage
	if err := json.Unmarshal(raw, &whole); err != nil {
		return nil, lastday.Errorf(lastday.CodeInvalid, "scim: replace", "the resource is no object")
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil, lastday.Errorf(lastday.CodeInternal, "scim: replace", "the value has no JSON form")
	}
	whole[attribute] = text
	delete(whole, "meta")
	if attribute != "members" {
		delete(whole, "groups")
	}
	return whole, nil
}
