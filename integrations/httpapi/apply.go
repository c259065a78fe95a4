package httpapi

import (
	"context"
	"errors"
	"slices"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"lastday"
)

// unknownRungError says that a grant stands where the ladder has no rung.
type unknownRungError struct{ err *lastday.Error }

func (e *unknownRungError) Error() string { return e.err.Error() }

// Unwrap gives the error with the code.
func (e *unknownRungError) Unwrap() error { return e.err }

func isUnknownRung(err error) bool {
	_, ok := errors.AsType[*unknownRungError](err)
	return ok
}

func toText(v ref.Val) string {
	if s, ok := v.(types.String); ok {
		return string(s)
	}
	return "(no text)"
}

// Apply brings one grant to one rung: it looks first, and writes at most once.
func (d *driver) Apply(ctx context.Context, c lastday.Change) (lastday.Receipt, error) {
	g, write, down, err := d.possible(c)
	if err != nil {
		return lastday.Receipt{}, err
	}
	now, receipt, err := d.look(ctx, g, c, down)
	if err != nil || receipt.Outcome != "" {
		return receipt, err
	}
	receipt, err = settled(c, now, down)
	if err != nil || receipt.Outcome != "" {
		return receipt, err
	}
	if write == nil {
		return refused(c, now.Rung, d.noWay(g, c)), nil
	}
	return d.write(ctx, g, *write, c, now, down)
}

// possible says whether the change makes sense, and by which request it is made;
// nil if there is none.
func (d *driver) possible(c lastday.Change) (Grant, *Write, bool, error) {
	const op = "httpapi: apply"
	i := slices.IndexFunc(d.spec.Grants, func(g Grant) bool { return g.Kind == c.Grant.Kind })
	if i < 0 || c.Account.ID == "" || c.Account.System != d.system || c.Grant.Resource.ID == "" {
		return Grant{}, nil, false, lastday.Errorf(lastday.CodeInvalid, op, "no account, kind or resource of this system")
	}
	g := d.spec.Grants[i]
	cmp, err := g.ladder().Compare(c.From, c.To)
	if err != nil {
		return g, nil, false, lastday.Wrap(lastday.CodeInvalid, op, g.Kind, err)
	}
	w := slices.IndexFunc(g.Apply, func(w Write) bool { return slices.Contains(w.To, c.To) })
	if w < 0 || (cmp < 0 && g.Restore.Fidelity == lastday.RestoreNever) {
		return g, nil, cmp > 0, nil
	}
	return g, &g.Apply[w], cmp > 0, nil
}

func (d *driver) noWay(g Grant, c lastday.Change) string {
	switch {
	case g.ReadOnly != "":
		return g.ReadOnly
	case g.Restore.Fidelity == lastday.RestoreNever:
		return "it cannot be given back: " + g.Restore.Note
	}
	return "the description has no request that brings " + g.Kind + " to " + c.To
}

// look reads where the grant stands now. A receipt with an outcome says that
// nothing is to be done. A grant that is not there is at "none".
func (d *driver) look(ctx context.Context, g Grant, c lastday.Change, down bool) (lastday.Grant, lastday.Receipt, error) {
	gone := c.Grant
	gone.Rung, gone.ManagedBy, gone.Via, gone.Ladder = lastday.None, "", nil, g.ladder()
	r := d.read()
	probed, control, err := d.control(ctx, r)
	if err != nil {
		return gone, lastday.Receipt{}, err
	}
	own, err := d.spec.Probe.AccountID.text(probed)
	if err != nil {
		return gone, lastday.Receipt{}, err
	}
	if own == c.Account.ID {
		return gone, refused(c, c.From, "this is the account that we act with"), nil
	}
	if !control.Seen {
		return gone, lastday.Receipt{}, d.blind("httpapi: apply")
	}
	there, managedBy, err := d.account(ctx, r, c.Account.ID, control)
	if err != nil {
		return gone, lastday.Receipt{}, err
	}
	if !there {
		return gone, withoutAccount(c, down), nil
	}
	from := g.List
	if g.Read != nil {
		from = []Source{*g.Read}
	}
	found, err := d.grants(ctx, r, g, from, c.Account.ID, c.Grant.Resource.ID)
	if err != nil || len(found) == 0 {
		return gone, lastday.Receipt{}, err
	}
	now := managed(found, managedBy)[0]
	if !now.Direct() {
		return now, delegated(c, now), nil
	}
	return now, lastday.Receipt{}, nil
}

// settled ends a change that is not to be made: it is there already, or was
// changed by somebody else since.
func settled(c lastday.Change, now lastday.Grant, down bool) (lastday.Receipt, error) {
	cmp, err := now.Ladder.Compare(now.Rung, c.To)
	if err != nil {
		return lastday.Receipt{}, lastday.Wrap(lastday.CodeInvalid, "httpapi: apply", c.Grant.Kind, err)
	}
	r := lastday.Receipt{Change: c.ID, Before: now.Rung, Proof: lastday.ProofAcknowledged}
	switch {
	case cmp == 0, down && cmp < 0:
		r.Outcome = lastday.OutcomeAlready
	case !down && now.Rung != c.From:
		r.Outcome, r.Proof, r.Note = lastday.OutcomeDrifted, lastday.ProofNone, "somebody changed it since"
	}
	return r, nil
}

func (d *driver) write(ctx context.Context, g Grant, w Write, c lastday.Change, now lastday.Grant, down bool) (lastday.Receipt, error) {
	v := vars{
		"account_id": c.Account.ID, "resource_id": c.Grant.Resource.ID,
		"from": now.Rung, "rung": w.word(g, c.To), "change": c.ID,
	}
	for name, value := range c.Grant.Details {
		v["details."+name] = value
	}
	for name, value := range now.Details {
		v["details."+name] = value
	}
	o, err := w.fill("bring "+g.Kind+" to "+c.To, v, nil)
	if err != nil {
		return lastday.Receipt{}, err
	}
	o.fine = slices.Concat(w.expect(), w.Accepted, w.Already)
	got, err := d.send(ctx, o)
	if lastday.CodeOf(err) == lastday.CodeProtected {
		r := refused(c, now.Rung, err.Error())
		r.Requests = []lastday.Request{got.request}
		return r, nil
	}
	if err != nil {
		return lastday.Receipt{}, err
	}
	r := lastday.Receipt{
		Change: c.ID, Outcome: lastday.OutcomeApplied, Before: now.Rung,
		Proof: lastday.ProofAcknowledged, Requests: []lastday.Request{got.request},
	}
	return d.outcome(ctx, g, w, c, got.status, r, down)
}

// outcome reads from the status what became of a write that was no error.
func (d *driver) outcome(ctx context.Context, g Grant, w Write, c lastday.Change, status int, r lastday.Receipt, down bool) (lastday.Receipt, error) {
	switch {
	case slices.Contains(w.Already, status):
		return d.lookAgain(ctx, g, c, r, down)
	case slices.Contains(w.Accepted, status):
		r.Outcome = lastday.OutcomeAccepted
	case !down && g.Restore.Fidelity == lastday.RestoreConsent:
		r.Outcome = lastday.OutcomeOffered
	}
	return r, nil
}

// lookAgain holds "it was so before" to a reading: the same status is answered
// by far sides that hide the thing from us.
func (d *driver) lookAgain(ctx context.Context, g Grant, c lastday.Change, r lastday.Receipt, down bool) (lastday.Receipt, error) {
	now, receipt, err := d.look(ctx, g, c, down)
	if err != nil || receipt.Outcome != "" {
		return receipt, err
	}
	after, err := settled(c, now, down)
	if err != nil {
		return lastday.Receipt{}, err
	}
	if after.Outcome != lastday.OutcomeAlready {
		return lastday.Receipt{}, lastday.Errorf(lastday.CodeTransient, "httpapi: bring "+g.Kind+" to "+c.To, "the far side says that it is so already, and reading again does not show it")
	}
	after.Requests = r.Requests
	return after, nil
}

// word is the far side's own word for a rung.
func (w Write) word(g Grant, rung string) string {
	for _, source := range g.List {
		for word, name := range source.Rungs {
			if name == rung {
				return word
			}
		}
	}
	return rung
}

func (w Write) expect() []int {
	if len(w.Expect) > 0 {
		return w.Expect
	}
	return []int{200, 201, 204}
}

// withoutAccount answers for an account that is there no more: nothing is left
// to take, and nothing is written, because a write could make it anew.
func withoutAccount(c lastday.Change, down bool) lastday.Receipt {
	r := lastday.Receipt{Change: c.ID, Outcome: lastday.OutcomeAlready, Before: lastday.None, Proof: lastday.ProofAcknowledged}
	if !down {
		r.Outcome, r.Proof, r.Note = lastday.OutcomeDrifted, lastday.ProofNone, "the account is there no more"
	}
	return r
}

func refused(c lastday.Change, now, why string) lastday.Receipt {
	return lastday.Receipt{Change: c.ID, Outcome: lastday.OutcomeRefused, Before: now, Note: why}
}

func delegated(c lastday.Change, now lastday.Grant) lastday.Receipt {
	note := "managed by " + now.ManagedBy + ": it must be changed there"
	if now.ManagedBy == "" {
		note = "it comes by another way, which must be changed instead"
	}
	return lastday.Receipt{Change: c.ID, Outcome: lastday.OutcomeDelegated, Before: now.Rung, Note: note}
}
