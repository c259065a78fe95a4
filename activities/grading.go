package activities

import (
	"lastday"
	"lastday/integrations"
	"lastday/plan"
)

// gradeOrdered grades what was ordered by an inventory read afterwards. An
// order without a receipt, whose answer was lost, gets one as soon as the
// inventory shows that it took effect.
func gradeOrdered(ordered []plan.Taken, after lastday.Inventory) []lastday.Receipt {
	changes := make([]lastday.Change, 0, len(ordered))
	receipts := make([]lastday.Receipt, 0, len(ordered))
	for _, o := range ordered {
		changes = append(changes, o.Change)
		receipts = append(receipts, answered(o))
	}
	graded := integrations.Grade(changes, receipts, after)
	kept := graded[:0]
	for _, r := range graded {
		if r.Outcome == lastday.OutcomeApplied && r.DoneAt.IsZero() && r.Proof != lastday.ProofObserved {
			continue
		}
		kept = append(kept, r)
	}
	return kept
}

// answered is the receipt of an order, or a provisional one if its answer was lost.
func answered(o plan.Taken) lastday.Receipt {
	if o.Receipt.Change != "" {
		return o.Receipt
	}
	return lastday.Receipt{
		Change: o.Change.ID, Outcome: lastday.OutcomeApplied, Before: o.Change.From,
		Note: "the answer was lost; found done by reading back",
	}
}
