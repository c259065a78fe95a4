package plan

import (
	"strconv"
	"strings"

	"lastday"
)

// openGaps are the gaps that nobody answered for, and those that an inventory
// does not name but has: no positive control, no verdict about the account.
func openGaps(p Policy, inv lastday.Inventory) []lastday.Gap {
	open := unanswered(p, inv)
	if gap, ok := identityGap(inv); ok {
		return append(open, gap)
	}
	if !inv.Control.Seen {
		open = append(open, lastday.Gap{
			System: inv.System, What: "whether the list is the whole list", Code: lastday.CodeInvalid,
			Why: "nothing was read that shows that we could have seen the access",
			Fix: "check what the system's credential may read",
		})
	}
	return open
}

// unanswered are the gaps that an inventory names and the policy does not accept.
func unanswered(p Policy, inv lastday.Inventory) []lastday.Gap {
	var open []lastday.Gap
	for _, g := range inv.Gaps {
		g.System = inv.System
		if _, ok := p.accepts(g); !ok {
			open = append(open, g)
		}
	}
	return open
}

// identityGap says why it is not known whose access an inventory tells.
func identityGap(inv lastday.Inventory) (lastday.Gap, bool) {
	gap := lastday.Gap{System: inv.System, What: "which account is the person's", Code: lastday.CodeProtected}
	switch inv.Match.Verdict {
	case lastday.FoundOne:
		gap.Why = "the account has no id"
		return gap, inv.Match.Account.ID == ""
	case lastday.FoundNone:
		gap.Why = "no account was found, yet it has grants"
		return gap, len(inv.Grants) > 0
	case lastday.FoundMany:
		gap.Why = "more than one account may be"
		gap.Fix = "pin the right account in the link table"
		return gap, true
	}
	gap.Code, gap.Why = lastday.CodeInvalid, "nobody has looked"
	return gap, true
}

// accepts finds who answered for a gap. A gap in one kind is not answered for by
// an entry for another, and one that hides everything only by "*".
func (p Policy) accepts(g lastday.Gap) (accepted, bool) {
	for _, a := range p.accepted {
		if a.system == lastday.SystemOf(g.System) && (a.kind == "*" || a.kind == g.Kind) {
			return a, true
		}
	}
	return accepted{}, false
}

// ownCredential says that the account is the one that we act with.
func ownCredential(inv lastday.Inventory) bool {
	own := inv.Health.AccountID
	return own != "" && inv.Match.Verdict == lastday.FoundOne && inv.Match.Account.ID == own
}

// lastOwner says that taking the grant would leave its resource with fewer
// owners than least. Drivers say so in the grant's details, or count the owners
// in a label of the resource.
func lastOwner(g lastday.Grant, least int) bool {
	if g.Details["last_owner"] == "true" {
		return true
	}
	owners, err := strconv.Atoi(g.Resource.Labels["owners"])
	return err == nil && g.Level() == lastday.LevelAdmin && owners-1 < least
}

// hindrance says why a grant cannot be changed here; nil if it can.
func hindrance(inv lastday.Inventory, g lastday.Grant, owners int) *lastday.Residue {
	r := &lastday.Residue{System: inv.System, Kind: g.Kind, What: g.Rung + " on " + g.Resource.Name}
	_, unknown := identityGap(inv)
	switch {
	case unknown:
		r.Why, r.Todo = "it is not known whose it is", "pin the right account in the link table"
	case ownCredential(inv):
		r.Why, r.Todo = "it belongs to the account that lastday works with", "give lastday another credential, then plan again"
	case g.ManagedBy != "":
		r.Why, r.Todo = "it is managed by "+g.ManagedBy, "change it in "+g.ManagedBy
	case len(g.Via) > 0:
		r.Why, r.Todo = "it comes by way of "+strings.Join(g.Via, ", "), "change it at "+strings.Join(g.Via, ", ")
	case lastOwner(g, owners):
		r.Why, r.Todo = "the resource would be left without enough owners", "promote somebody else first, then plan again"
	default:
		return nil
	}
	return r
}
