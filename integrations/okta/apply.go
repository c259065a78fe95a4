package okta

import (
	"context"
	"slices"
	"strings"

	"lastday"
)

// Apply reads what stands, then writes at most once.
func (d *driver) Apply(ctx context.Context, change lastday.Change) (lastday.Receipt, error) {
	h, down, err := d.plausible(change)
	if err != nil {
		return lastday.Receipt{}, err
	}
	receipt := lastday.Receipt{Change: change.ID}
	u, there, err := d.lookup(ctx, change.Account.ID)
	if err != nil {
		return receipt, err
	}
	if !there {
		return d.withoutAccount(ctx, receipt, down)
	}
	if refused, err := d.ourOwn(ctx, u); refused != "" || err != nil {
		receipt.Outcome, receipt.Before, receipt.Note = lastday.OutcomeRefused, change.From, refused
		return receipt, err
	}
	now, stands, err := d.stands(ctx, h, u, change.Grant)
	if err != nil {
		return receipt, err
	}
	receipt.Before = lastday.None
	if stands {
		receipt.Before = now.Rung
	}
	if down {
		return d.lower(ctx, h, u, change.Grant, now, stands, receipt)
	}
	return d.raise(ctx, h, u, change, stands, receipt)
}

// plausible refuses what makes no sense before anything is sent.
func (d *driver) plausible(change lastday.Change) (handler, bool, error) {
	const op = "okta: apply"
	h, ok := handlerOf(change.Grant.Kind)
	if !ok || change.Grant.Key != change.Grant.Kind+"/"+change.Grant.Resource.ID || change.Grant.Resource.ID == "" {
		return h, false, lastday.Errorf(lastday.CodeInvalid, op, "the grant is none of ours")
	}
	if change.Account.System != d.system || !validID(change.Account.ID) {
		return h, false, lastday.Errorf(lastday.CodeInvalid, op, "the account is none of this system")
	}
	cmp, err := change.Grant.Ladder.Compare(change.From, change.To)
	if err != nil {
		return h, false, err
	}
	if cmp < 0 && change.From != lastday.None {
		return h, false, lastday.Errorf(lastday.CodeInvalid, op, "the ladder has one rung only")
	}
	return h, cmp >= 0, nil
}

// withoutAccount answers for an account that is not found, if others are.
func (d *driver) withoutAccount(ctx context.Context, receipt lastday.Receipt, down bool) (lastday.Receipt, error) {
	_, control, err := d.control(ctx)
	if err != nil {
		return receipt, err
	}
	receipt.Before, receipt.Outcome = lastday.None, lastday.OutcomeAlready
	receipt.Note = "the account was deleted; " + control.Evidence
	if !down {
		receipt.Outcome = lastday.OutcomeDrifted
	}
	return receipt, nil
}

// ourOwn says why an account must not be changed by us; empty if it may be.
func (d *driver) ourOwn(ctx context.Context, u user) (string, error) {
	own, err := d.me(ctx)
	if err != nil {
		return "", err
	}
	switch {
	case own == u.ID:
		return "the account owns the API token that we act with", nil
	case u.ID == d.cfg.Canary || strings.EqualFold(u.Profile.Login, d.cfg.Canary):
		return "the account is the canary by which we know that we see: configure another", nil
	}
	return "", nil
}

// stands reads the grant as it is now.
func (d *driver) stands(ctx context.Context, h handler, u user, g lastday.Grant) (lastday.Grant, bool, error) {
	grants, err := h.read(d, ctx, u, g.Resource.ID)
	if h.kind == kindSession && len(grants) > 0 && !codeMayPass(err) {
		err = nil // without the log we end them once more, which harms nobody
	}
	if err != nil {
		return lastday.Grant{}, false, err
	}
	i := slices.IndexFunc(grants, func(now lastday.Grant) bool { return now.Key == g.Key })
	if i < 0 {
		return lastday.Grant{}, false, nil
	}
	return grants[i], true, nil
}

func codeMayPass(err error) bool { return err != nil && lastday.CodeOf(err).Retryable() }

func (d *driver) lower(ctx context.Context, h handler, u user, planned, now lastday.Grant, stands bool, receipt lastday.Receipt) (lastday.Receipt, error) {
	switch {
	case !stands:
		receipt.Outcome, receipt.Note = lastday.OutcomeAlready, "it was gone, and the account was read"
		return receipt, nil
	case now.ManagedBy != "":
		receipt.Outcome, receipt.Note = lastday.OutcomeDelegated, "managed by "+now.ManagedBy
		return receipt, nil
	case len(now.Via) > 0:
		receipt.Outcome, receipt.Note = lastday.OutcomeRefused, "it comes by way of "+now.Via[0]+": that must be changed"
		return receipt, nil
	}
	now.Ladder = planned.Ladder // the level that was planned, for what guards it
	done, err := h.take(d, ctx, u, now)
	if err != nil {
		return receipt, again(err)
	}
	receipt.Undo = now.Details
	return done.fill(receipt), nil
}

func (d *driver) raise(ctx context.Context, h handler, u user, change lastday.Change, stands bool, receipt lastday.Receipt) (lastday.Receipt, error) {
	if stands {
		receipt.Outcome, receipt.Note = lastday.OutcomeDrifted, "it is there again, at "+receipt.Before+": not by us"
		return receipt, nil
	}
	if h.give == nil || change.Grant.Restore.Fidelity == lastday.RestoreNever {
		receipt.Outcome, receipt.Note = lastday.OutcomeRefused, "it cannot be given back: "+change.Grant.Restore.Note
		return receipt, nil
	}
	grant := change.Grant
	if change.Undo != nil {
		grant.Details = change.Undo
	}
	done, err := h.give(d, ctx, u, grant)
	if err != nil {
		return receipt, again(err)
	}
	return done.fill(receipt), nil
}

// again makes "not found" of a thing that was read just before what it is:
// somebody took it in between, and the next attempt will see that.
func again(err error) error {
	if codeIs(err, lastday.CodeNotFound) {
		return lastday.Wrap(lastday.CodeTransient, "okta: apply", "it vanished while we wrote", err)
	}
	return err
}

func (d deed) fill(receipt lastday.Receipt) lastday.Receipt {
	receipt.Outcome, receipt.Note, receipt.Requests = d.outcome, d.note, d.requests
	if receipt.Outcome == "" {
		receipt.Outcome, receipt.Proof = lastday.OutcomeApplied, lastday.ProofAcknowledged
	}
	return receipt
}
