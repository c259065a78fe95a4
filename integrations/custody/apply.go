package custody

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"lastday"
)

// Apply asks the item's owner. It writes nothing; what the register shows
// done is not asked for again.
func (d *driver) Apply(_ context.Context, change lastday.Change) (lastday.Receipt, error) {
	const op = "custody: apply"
	if change.Account.System != d.system || change.Account.ID == "" {
		return lastday.Receipt{}, lastday.Errorf(lastday.CodeInvalid, op, "the change is not one of this system")
	}
	down, err := change.Down()
	if err != nil {
		return lastday.Receipt{}, lastday.Wrap(lastday.CodeInvalid, op, "the change makes no sense", err)
	}
	receipt := lastday.Receipt{Change: change.ID, Before: change.From}
	if !down {
		receipt.Outcome, receipt.Note = lastday.OutcomeRefused, neverBack().Note
		return receipt, nil
	}
	r, err := d.read()
	if err != nil {
		return lastday.Receipt{}, err
	}
	at := slices.IndexFunc(r.items, func(i item) bool { return i.id == change.Grant.Resource.ID })
	if at < 0 || !d.has(r.items[at], strings.Split(change.Account.ID, separator)) {
		receipt.Outcome, receipt.Before, receipt.Proof, receipt.By = lastday.OutcomeAlready, change.To, lastday.ProofAttested, d.keeper
		receipt.Note = "the register shows it so already"
		return receipt, nil
	}
	return asked(receipt, r.items[at]), nil
}

func asked(receipt lastday.Receipt, i item) lastday.Receipt {
	verb, todo, write := "change", "change it", "`rotated` into the register and, beside the person, `leaving` (or strike them out)"
	if i.action == actionTransfer {
		verb, todo, write = "take over", "take it over", "`transferred_to` into the register"
	}
	receipt.Outcome, receipt.Owner, receipt.Within = lastday.OutcomeAsked, i.owner, i.within
	receipt.Note = strings.TrimSpace(fmt.Sprintf("Asked of %s: %s %s within %s. Where: %s. %s", i.owner, verb, i.what, i.within, i.where, i.how))
	receipt.Todo = todo + ", write " + write + ", then resolve with `retry`: the register is read again"
	return receipt
}
