package httpapi

import (
	"context"
	"slices"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/internal/httpx"
)

// control asks the probe: who are we, and what do we see now. It is asked anew
// in every verb, because rights are taken away while cases sleep.
func (d *driver) control(ctx context.Context, r *reading) (scope, lastday.Control, error) {
	o, err := d.spec.Probe.fill("probe", nil, nil)
	if err != nil {
		return scope{}, lastday.Control{}, err
	}
	got, err := r.ask(ctx, o)
	if err != nil {
		return scope{}, lastday.Control{}, err
	}
	s := scope{reply: got}
	seen, err := d.spec.Probe.Expect.holds(s, false)
	control := lastday.Control{Seen: seen, Evidence: d.spec.Probe.Evidence}
	if !seen {
		control.Evidence = "the probe did not show what it must: " + d.spec.Probe.Expect.Source
	}
	return s, control, err
}

// blind is the error of a verb that would have to conclude from absence.
func (d *driver) blind(op string) error {
	return lastday.Errorf(lastday.CodeDenied, op, "nothing was found, and the probe does not show that we would have seen it (`%s`)", d.spec.Probe.Expect.Source)
}

// Probe asks the one request that the description calls its probe.
func (d *driver) Probe(ctx context.Context) (lastday.Health, error) {
	s, control, err := d.control(ctx, d.read())
	if err != nil {
		return lastday.Health{}, err
	}
	health := lastday.Health{Control: control, QuotaLeft: d.quotaLeft(s.reply), Missing: d.needs(s)}
	for _, g := range d.spec.Grants {
		health.Can = append(health.Can, g.Kind)
	}
	for _, f := range []struct {
		from Expr
		to   *string
	}{{d.spec.Probe.Identity, &health.Identity}, {d.spec.Probe.AccountID, &health.AccountID}, {d.spec.Probe.FarVersion, &health.Version}} {
		if *f.to, err = f.from.text(s); err != nil {
			return lastday.Health{}, err
		}
	}
	return health, nil
}

// needs lists what the probe says we may not see. A need that cannot be read
// from the answer is not met.
func (d *driver) needs(s scope) []lastday.Gap {
	var missing []lastday.Gap
	for _, n := range d.spec.Probe.Needs {
		if met, err := n.Expect.holds(s, false); err == nil && met {
			continue
		}
		missing = append(missing, lastday.Gap{
			System: d.system, Kind: n.Kind, What: n.What, Code: lastday.CodeDenied,
			Why: "the probe does not show the right to it: " + n.Expect.Source, Fix: n.Fix,
		})
	}
	return missing
}

// account reads the account by its id. It may be there no more: that is said
// only if the probe shows that we would have seen it.
func (d *driver) account(ctx context.Context, r *reading, id string, control lastday.Control) (there bool, managedBy string, err error) {
	const op = "httpapi: read account"
	o, err := d.spec.Account.fill("read account", vars{"account_id": id}, nil)
	if err != nil {
		return false, "", err
	}
	o.fine = d.spec.Account.Absent
	got, err := r.ask(ctx, o)
	if err != nil {
		return false, "", err
	}
	s := scope{reply: got, asked: id, account: id}
	gone := slices.Contains(d.spec.Account.Absent, got.status)
	if !gone {
		if gone, err = d.spec.Account.Gone.holds(s, false); err != nil {
			return false, "", err
		}
	}
	if gone && !control.Seen {
		return false, "", d.blind(op)
	}
	if gone {
		return false, "", nil
	}
	if err := same(d.spec.Account.ID, s, op); err != nil {
		return false, "", err
	}
	managedBy, err = d.spec.Account.ManagedBy.text(s)
	return true, managedBy, err
}

// same holds an answer to the account that was asked for.
func same(about Expr, s scope, op string) error {
	if !about.given() {
		return nil
	}
	id, err := about.text(s)
	if err != nil {
		return err
	}
	if id != s.account {
		return lastday.Errorf(lastday.CodeInvalid, op, "the answer is about another account than was asked for")
	}
	return nil
}

// List reads everything in one page of ours.
func (d *driver) List(ctx context.Context, account lastday.Account, at integrations.Cursor) (integrations.Page, error) {
	if account.ID == "" || account.System != d.system || at != "" {
		return integrations.Page{}, lastday.Errorf(lastday.CodeInvalid, "httpapi: list", "no account of this system, or no such cursor")
	}
	r := d.read()
	_, control, err := d.control(ctx, r)
	if err != nil {
		return integrations.Page{}, err
	}
	page := integrations.Page{Control: control}
	there, managedBy, err := d.account(ctx, r, account.ID, control)
	if err != nil || !there {
		return page, err
	}
	for _, g := range d.spec.Grants {
		found, err := d.grants(ctx, r, g, g.List, account.ID, "")
		if gap, ok := d.gap(g.Kind, g.What, err); ok {
			page.Gaps = append(page.Gaps, gap)
			continue
		}
		if err != nil {
			return integrations.Page{}, err
		}
		page.Grants = append(page.Grants, managed(found, managedBy)...)
	}
	return page, d.residue(ctx, r, account.ID, &page)
}

func managed(grants []lastday.Grant, by string) []lastday.Grant {
	for i := range grants {
		if grants[i].ManagedBy == "" {
			grants[i].ManagedBy = by
		}
	}
	return grants
}

// gap makes a gap of an error that concerns one kind and that trying again does
// not mend. All others end the list.
func (d *driver) gap(kind, what string, err error) (lastday.Gap, bool) {
	code := lastday.CodeOf(err)
	lasting := []lastday.Code{lastday.CodeDenied, lastday.CodeNotFound, lastday.CodeUnsupported}
	if !slices.Contains(lasting, code) && !isUnknownRung(err) {
		return lastday.Gap{}, false
	}
	return lastday.Gap{
		System: d.system, Kind: kind, What: what, Code: code, Why: err.Error(),
		Fix: "see which right or which line of the description is missing",
	}, true
}

// grants reads all grants of a kind, or with only the one with that id.
func (d *driver) grants(ctx context.Context, r *reading, g Grant, from []Source, account, only string) ([]lastday.Grant, error) {
	var found []lastday.Grant
	for _, source := range from {
		v := vars{"account_id": account}
		if only != "" {
			v["resource_id"] = only
		}
		q := query{what: "list " + g.Kind, request: source.Request, vars: v, items: source.Items, pages: source.Pages, account: account}
		err := r.pages(ctx, q, func(at scope) error {
			one, ok, err := d.grant(g, source, at)
			if err != nil || !ok || (only != "" && one.Resource.ID != only) {
				return err
			}
			if slices.ContainsFunc(found, func(o lastday.Grant) bool { return o.Key == one.Key }) {
				return lastday.Errorf(lastday.CodeTransient, "httpapi: list "+g.Kind, "something is listed twice: the list changed while it was read, or its ids are not unique")
			}
			found = append(found, one)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// grant reads one item; false leaves it out.
func (d *driver) grant(g Grant, source Source, at scope) (lastday.Grant, bool, error) {
	op := "httpapi: list " + g.Kind
	if err := same(source.About, at, op); err != nil {
		return lastday.Grant{}, false, err
	}
	wanted, err := source.When.holds(at, true)
	if err != nil || !wanted {
		return lastday.Grant{}, false, err
	}
	if err := same(source.ItemAbout, at, op); err != nil {
		return lastday.Grant{}, false, err
	}
	one := lastday.Grant{Kind: g.Kind, Ladder: g.ladder(), Order: g.Order, Restore: g.restore()}
	if err := source.fillGrant(&one, at); err != nil {
		return lastday.Grant{}, false, err
	}
	if one.Resource.ID == "" {
		return lastday.Grant{}, false, lastday.Errorf(lastday.CodeInvalid, op, "an item has no id")
	}
	if _, ok := one.Ladder.Rung(one.Rung); !ok {
		return lastday.Grant{}, false, &unknownRungError{lastday.Errorf(lastday.CodeInvalid, op, "stands at a rung that the description does not know")}
	}
	one.Key = g.Kind + "/" + one.Resource.ID
	return one, one.Rung != lastday.None, nil
}

func (s Source) fillGrant(one *lastday.Grant, at scope) (err error) {
	for _, f := range []struct {
		from Expr
		to   *string
	}{{s.ID, &one.Resource.ID}, {s.Name, &one.Resource.Name}, {s.Rung, &one.Rung}, {s.ManagedBy, &one.ManagedBy}} {
		if *f.to, err = f.from.text(at); err != nil {
			return err
		}
	}
	if rung, ok := s.Rungs[one.Rung]; ok {
		one.Rung = rung
	}
	if one.Resource.Name == "" {
		one.Resource.Name = one.Resource.ID
	}
	if one.Pending, err = s.Pending.holds(at, false); err != nil {
		return err
	}
	if one.Resource.Labels, err = texts(s.Labels, at); err != nil {
		return err
	}
	if one.Details, err = texts(s.Details, at); err != nil || !s.Via.given() {
		return err
	}
	via, err := s.Via.list(at)
	for _, way := range via {
		one.Via = append(one.Via, httpx.Redact(toText(way)))
	}
	return err
}

func texts(from map[string]Expr, at scope) (map[string]string, error) {
	if len(from) == 0 {
		return nil, nil //nolint:nilnil // no labels are no labels
	}
	out := make(map[string]string, len(from))
	for name, e := range from {
		text, err := e.text(at)
		if err != nil {
			return nil, err
		}
		out[name] = text
	}
	return out, nil
}

// residue reads what belongs to the person and cannot be taken here. What may
// not be read is a gap.
func (d *driver) residue(ctx context.Context, r *reading, account string, page *integrations.Page) error {
	for _, l := range d.spec.Residue {
		q := query{what: "list " + l.Kind, request: l.Request, vars: vars{"account_id": account}, items: l.Items, pages: l.Pages, account: account}
		err := r.pages(ctx, q, func(at scope) error {
			left, ok, err := d.leftover(l, at)
			if ok {
				page.Residue = append(page.Residue, left)
			}
			return err
		})
		if gap, ok := d.gap(l.Kind, "what is left of "+l.Kind, err); ok {
			page.Gaps = append(page.Gaps, gap)
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *driver) leftover(l Leftover, at scope) (lastday.Residue, bool, error) {
	if err := same(l.About, at, "httpapi: list "+l.Kind); err != nil {
		return lastday.Residue{}, false, err
	}
	wanted, err := l.When.holds(at, true)
	if err != nil || !wanted {
		return lastday.Residue{}, false, err
	}
	what, err := l.What.text(at)
	return lastday.Residue{System: d.system, Kind: l.Kind, What: what, Why: l.Why, Todo: l.Todo}, err == nil, err
}
