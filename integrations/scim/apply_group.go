package scim

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"lastday"
)

// applyGroup takes somebody out of a group or puts them back.
func (d *driver) applyGroup(ctx context.Context, c lastday.Change, u user, down bool) (lastday.Receipt, error) {
	g, found, err := d.readGroup(ctx, c.Grant.Resource.ID)
	if err != nil {
		return lastday.Receipt{}, err
	}
	if !found {
		return d.groupGone(ctx, c, u, down)
	}
	now := lastday.None
	if g.has(u.ID) {
		now = rungMember
	}
	if now == lastday.None && claims(u, g.ID) && down {
		return lastday.Receipt{}, lastday.Errorf(lastday.CodeTransient, "scim: apply", "the account names the group and the group does not show the account")
	}
	r, nothing := settled(c, now, down)
	if nothing {
		return r, nil
	}
	if by := d.levels.managerOf(g); by != "" {
		r.Outcome, r.Note, r.Proof = lastday.OutcomeDelegated, "managed by "+by+": it must be changed there", lastday.ProofNone
		return r, nil
	}
	if why, err := d.lastOfGroup(ctx, c, g, u, down); why != "" || err != nil {
		return refuse(c, now, why), err
	}
	w, err := d.memberWrite(g, u.ID, down)
	if err != nil {
		return lastday.Receipt{}, err
	}
	return d.do(ctx, task{change: c, receipt: r, write: w, look: func(ctx context.Context) (string, error) {
		return d.memberNow(ctx, g, u.ID)
	}})
}

// claims says whether the account itself names the group as direct.
func claims(u user, id string) bool {
	return slices.ContainsFunc(u.Groups, func(v value) bool { return v.Value == id && v.Type != "indirect" })
}

// groupGone answers for a group that is not seen: gone only if another one is (the
// one that is known to be there, if we know one), and the account does not name it.
func (d *driver) groupGone(ctx context.Context, c lastday.Change, u user, down bool) (lastday.Receipt, error) {
	if claims(u, c.Grant.Resource.ID) {
		return lastday.Receipt{}, lastday.Errorf(lastday.CodeDenied, "scim: apply", "the account names a group that we are not shown")
	}
	seen := false
	err := walk(ctx, d, groups, "", groupID, func(page listed[group]) bool {
		for _, g := range page.Resources {
			seen = seen || d.cfg.CanaryGroup == "" || g.ID == d.cfg.CanaryGroup
		}
		return !seen
	})
	if err != nil {
		return lastday.Receipt{}, err
	}
	if !seen {
		return lastday.Receipt{}, lastday.Errorf(lastday.CodeDenied, "scim: apply", "no group is seen that is known to be there: what we cannot see we cannot take")
	}
	if !down {
		return refuse(c, lastday.None, "the group is no more"), nil
	}
	r := receiptOf(c, lastday.None)
	r.Outcome, r.After, r.Note = lastday.OutcomeAlready, lastday.None, "the group is no more; others were seen"
	return r, nil
}

// memberNow reads back where the member stands, and whether the others are still
// there: a server that misunderstands a remove takes everybody.
func (d *driver) memberNow(ctx context.Context, before group, id string) (string, error) {
	g, found, err := d.readGroup(ctx, before.ID)
	if err == nil && !found {
		err = lastday.Errorf(lastday.CodeTransient, "scim: read back", "the group is not seen any more")
	}
	if err != nil {
		return "", err
	}
	lost := 0
	for _, m := range before.members() {
		if m.Value != id && !g.has(m.Value) {
			lost++
		}
	}
	if lost > 0 {
		return "", lastday.Errorf(lastday.CodeInvalid, "scim: read back", "%d other members are gone since: look at the group at once", lost)
	}
	if g.has(id) {
		return rungMember, nil
	}
	return lastday.None, nil
}

// member is how a member is named in a write.
type member struct {
	Value string `json:"value"`
}

func (d *driver) memberWrite(g group, id string, down bool) (write, error) {
	w := write{what: "scim: PATCH group, add member", path: []string{groups, g.ID}, version: g.version(), guarded: g.Meta.Version != ""}
	if !down {
		w.forms = []form{{method: http.MethodPatch, body: patchOf(operation{Op: "add", Path: "members", Value: []member{{id}}})}}
		return w, nil
	}
	w.what = "scim: PATCH group, remove member"
	for _, name := range d.profile.Members {
		switch name {
		case byFilter:
			w.forms = append(w.forms, form{method: http.MethodPatch, body: patchOf(operation{Op: "remove", Path: "members[value eq " + quoted(id) + "]"})})
		case byArray:
			w.forms = append(w.forms, form{method: http.MethodPatch, body: patchOf(operation{Op: "remove", Path: "members", Value: []member{{id}}})})
		case byPut:
			whole, err := replaced(g.raw, "members", withoutMember(g.members(), id))
			if err != nil {
				return w, err
			}
			w.forms = append(w.forms, form{method: http.MethodPut, body: whole, whole: true})
		}
	}
	return w, nil
}

// withoutMember keeps the others word for word.
func withoutMember(all []value, id string) []json.RawMessage {
	kept := []json.RawMessage{}
	for _, m := range all {
		if m.Value != id {
			kept = append(kept, m.raw)
		}
	}
	return kept
}
