package scim

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"lastday"
)

// applyValue takes a role or an entitlement, or gives it back word for word.
func (d *driver) applyValue(ctx context.Context, c lastday.Change, u user, down bool) (lastday.Receipt, error) {
	kind, name := c.Grant.Kind, c.Grant.Resource.ID
	now := held(u, kind, name)
	r, nothing := settled(c, now, down)
	if nothing {
		return r, nil
	}
	if kind == kindEntitlement && d.profile.Licences && down {
		return refuse(c, now, "it is the licence of the account, and ends with it"), nil
	}
	if why, err := d.lastOfValue(ctx, c, u, down); why != "" || err != nil {
		return refuse(c, now, why), err
	}
	r.Undo = undoOf(u, kind, name)
	w := write{what: "scim: PATCH user, remove from " + attributeOf(kind), path: []string{users, u.ID}, version: u.version()}
	w.forms = takeForms(attributeOf(kind), name, u.values(kind))
	if !down {
		back, err := wordForWord(c, name)
		if err != nil {
			return lastday.Receipt{}, err
		}
		w.what, w.forms = "scim: PATCH user, add to "+attributeOf(kind), giveForms(attributeOf(kind), back)
	}
	return d.do(ctx, task{change: c, receipt: r, write: w, look: func(ctx context.Context) (string, error) {
		after, found, err := d.stillThem(ctx, u)
		if err == nil && !found {
			err = lastday.Errorf(lastday.CodeTransient, "scim: read back", "the account is not seen any more")
		}
		return held(after, kind, name), err
	}})
}

// takeForms take one value: by a filter, or by writing the others again, which
// the version of the account makes safe where the server has versions.
func takeForms(attribute, name string, all []value) []form {
	rest := withoutMember(all, name)
	return []form{
		{method: http.MethodPatch, body: patchOf(operation{Op: "remove", Path: attribute + "[value eq " + quoted(name) + "]"})},
		{method: http.MethodPatch, body: patchOf(operation{Op: "replace", Path: attribute, Value: rest})},
		{method: http.MethodPatch, body: patchOf(operation{Op: "replace", Value: map[string]any{attribute: rest}})},
	}
}

func giveForms(attribute string, back json.RawMessage) []form {
	return []form{
		{method: http.MethodPatch, body: patchOf(operation{Op: "add", Path: attribute, Value: []json.RawMessage{back}})},
		{method: http.MethodPatch, body: patchOf(operation{Op: "add", Value: map[string]any{attribute: []json.RawMessage{back}}})},
	}
}

func held(u user, kind, name string) string {
	if slices.ContainsFunc(u.values(kind), func(v value) bool { return v.Value == name }) {
		return rungHeld
	}
	return lastday.None
}

// undoOf is the value word for word, as it is before the write.
func undoOf(u user, kind, name string) map[string]string {
	for _, v := range u.values(kind) {
		if v.Value == name {
			return map[string]string{"value": string(v.raw)}
		}
	}
	return nil
}

// wordForWord is the value to give back, as it was taken. It must be the one
// that the change is about.
func wordForWord(c lastday.Change, name string) (json.RawMessage, error) {
	text := c.Undo["value"]
	if text == "" {
		text = c.Grant.Details["value"]
	}
	var v value
	if text == "" || json.Unmarshal([]byte(text), &v) != nil || v.Value != name {
		return nil, lastday.Errorf(lastday.CodeInvalid, "scim: give back", "what was taken is not kept")
	}
	return json.RawMessage(text), nil
}

// applyOnlyRole brings the one role of a user to another. There is no user
// without a role: it ends with the account, and until then is brought as low as
// roles go.
func (d *driver) applyOnlyRole(ctx context.Context, c lastday.Change, u user, down bool) (lastday.Receipt, error) {
	if len(u.Roles) != 1 {
		return lastday.Receipt{}, lastday.Errorf(lastday.CodeInvalid, "scim: apply", "the account has %d roles, and the profile knows of one", len(u.Roles))
	}
	now := u.Roles[0].Value
	r, nothing := settled(c, now, down)
	if nothing {
		return r, nil
	}
	to := c.To
	if to == lastday.None {
		to = d.profile.Roles[len(d.profile.Roles)-1].Name
		r.Note = "a user there always has a role: it is brought as low as roles go, and ends with the account"
		if now == to {
			return refuse(c, now, "a user there always has a role, and this is the lowest: it ends with the account"), nil
		}
	}
	if why, err := d.lastOfValue(ctx, c, u, down); why != "" || err != nil {
		return refuse(c, now, why), err
	}
	wanted := map[string]string{"value": to, "type": u.Roles[0].Type}
	c.To = to
	return d.do(ctx, task{
		change: c, receipt: r, look: func(ctx context.Context) (string, error) {
			after, found, err := d.stillThem(ctx, u)
			if err == nil && (!found || len(after.Roles) != 1) {
				return "", lastday.Errorf(lastday.CodeTransient, "scim: read back", "the account shows no one role")
			}
			if err != nil {
				return "", err
			}
			return after.Roles[0].Value, nil
		},
		write: write{
			what: "scim: PATCH user, replace roles", path: []string{users, u.ID}, version: u.version(),
			forms: []form{{method: http.MethodPatch, body: patchOf(operation{Op: "replace", Path: "roles", Value: []map[string]string{wanted}})}},
		},
	})
}
