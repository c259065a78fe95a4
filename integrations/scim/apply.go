package scim

import (
	"context"
	"slices"

	"lastday"
	"lastday/integrations/internal/httpx"
)

// Apply brings one grant to one rung. It reads before it writes and after it
// wrote: that a server took a change says nothing about what it did.
func (d *driver) Apply(ctx context.Context, c lastday.Change) (lastday.Receipt, error) {
	down, err := c.Down()
	if err != nil {
		return lastday.Receipt{}, err
	}
	if _, known := generic().orders()[c.Grant.Kind]; !known || c.Account.ID == "" || c.Grant.Resource.ID == "" {
		return lastday.Receipt{}, lastday.Errorf(lastday.CodeInvalid, "scim: apply", "nobody's account, or no such kind of grant")
	}
	if why := d.ours(c); why != "" {
		return refuse(c, c.From, why), nil
	}
	u, found, err := d.readUser(ctx, c.Account.ID)
	if err != nil {
		return lastday.Receipt{}, err
	}
	if !found {
		return d.applyUnseen(ctx, c, down)
	}
	switch {
	case c.Grant.Kind == kindAccount:
		return d.applyAccount(ctx, c, u, down)
	case c.Grant.Kind == kindGroup:
		return d.applyGroup(ctx, c, u, down)
	case c.Grant.Kind == kindRole && len(d.profile.Roles) > 0:
		return d.applyOnlyRole(ctx, c, u, down)
	}
	return d.applyValue(ctx, c, u, down)
}

// ours says why an account that we need is not taken; empty if it is not one.
func (d *driver) ours(c lastday.Change) string {
	switch {
	case d.cfg.Self != "" && c.Account.ID == d.cfg.Self:
		return "it is our own account: we would lock ourselves out"
	case c.Account.ID == d.cfg.Canary && c.Grant.Kind == kindAccount && c.Consent == "":
		return "it is the canary, which shows that we can see: name another in the configuration first"
	}
	return ""
}

// applyUnseen changes what an account has that is not seen. Where that may mean
// that it is only hidden, a group may still name it; of all else nobody knows.
func (d *driver) applyUnseen(ctx context.Context, c lastday.Change, down bool) (lastday.Receipt, error) {
	r, err := d.vanished(ctx, c, down)
	if err != nil || !down || !d.profile.Hides || c.Grant.Kind == kindAccount {
		return r, err
	}
	if c.Grant.Kind != kindGroup {
		return refuse(c, c.From, unseen), nil
	}
	r, err = d.applyGroup(ctx, c, user{ID: c.Account.ID}, down)
	if err == nil && r.Outcome == lastday.OutcomeAlready {
		r = refuse(c, c.From, unseen)
	}
	return r, err
}

const unseen = "the account is not shown any more, and what it had with it: look in the product whether it is gone"

// vanished answers for an account that is not seen: gone only if the canary is.
func (d *driver) vanished(ctx context.Context, c lastday.Change, down bool) (lastday.Receipt, error) {
	control, _, err := d.control(ctx)
	if err != nil {
		return lastday.Receipt{}, err
	}
	if !control.Seen {
		return lastday.Receipt{}, lastday.Errorf(lastday.CodeDenied, "scim: apply", "neither the account nor the canary is seen: what we cannot see we cannot take")
	}
	if !down {
		why := "the account is no more: provisioning it again makes another"
		if d.profile.Hides {
			why = "the account is not seen, as this server does with those that are not active: an administrator must activate it"
		}
		return refuse(c, lastday.None, why), nil
	}
	r := receiptOf(c, lastday.None)
	r.Outcome, r.After, r.Note = lastday.OutcomeAlready, lastday.None, "the account is no more; the canary was seen"
	return r, nil
}

func receiptOf(c lastday.Change, now string) lastday.Receipt {
	return lastday.Receipt{Change: c.ID, Outcome: lastday.OutcomeApplied, Before: now, Proof: lastday.ProofAcknowledged}
}

func refuse(c lastday.Change, now, why string) lastday.Receipt {
	r := receiptOf(c, now)
	r.Outcome, r.Note, r.Proof = lastday.OutcomeRefused, why, lastday.ProofNone
	return r
}

// settled says whether there is nothing to write: it is there already, or
// somebody changed what we were to give back.
func settled(c lastday.Change, now string, down bool) (lastday.Receipt, bool) {
	r := receiptOf(c, now)
	cmp, err := c.Grant.Ladder.Compare(now, c.To)
	if err == nil && (cmp == 0 || (down && cmp < 0)) {
		r.Outcome, r.After = lastday.OutcomeAlready, now
		return r, true
	}
	if !down && now != c.From {
		r.Outcome, r.Note, r.Proof = lastday.OutcomeDrifted, "somebody changed it since", lastday.ProofNone
		return r, true
	}
	return r, false
}

// task is one write with what comes before and after it.
type task struct {
	change  lastday.Change
	receipt lastday.Receipt
	write   write
	// look reads where the grant stands afterwards.
	look func(ctx context.Context) (string, error)
}

// do writes and reads back. What is not yet to be seen is accepted, not applied.
func (d *driver) do(ctx context.Context, t task) (lastday.Receipt, error) {
	reply, err := d.send(ctx, t.write)
	if refused(reply, err) {
		return refuse(t.change, t.receipt.Before, "the server refused: "+err.Error()), nil
	}
	if err != nil {
		return lastday.Receipt{}, err
	}
	r := t.receipt
	r.Requests = []lastday.Request{reply.Request}
	after, lookErr := t.look(ctx)
	if lookErr != nil { // the write was acknowledged all the same: the receipt says that nobody saw it
		r.Note = note(r.Note, "could not be read back: "+lookErr.Error())
		return r, nil //nolint:nilerr // see above
	}
	r.After = after
	if cmp, err := t.change.Grant.Ladder.Compare(after, t.change.To); err != nil || cmp != 0 {
		r.Outcome = lastday.OutcomeAccepted
		r.Note = note(r.Note, "the server took the change and does not show it; it may need "+d.profile.Settles.String())
	}
	return r, nil
}

// refused says whether the server refused for good what it understood, such as
// an attribute that is not to be written.
func refused(r httpx.Reply, err error) bool {
	about := []string{"mutability", "sensitive", "uniqueness"}
	return err != nil && slices.Contains(about, r.Header.Get(typeHeader))
}

// stillThem reads the account again after a write: the same id with the same
// login, or it is somebody else that we look at.
func (d *driver) stillThem(ctx context.Context, before user) (user, bool, error) {
	u, found, err := d.readUser(ctx, before.ID)
	if err == nil && found && !d.profile.Scrambles && !same(u.UserName, before.UserName) && before.UserName != u.UserName {
		err = lastday.Errorf(lastday.CodeInvalid, "scim: read back", "the id has another login than before the write")
	}
	return u, found, err
}
