package activities

import (
	"context"
	"slices"
	"time"

	"lastday"
	"lastday/integrations"
)

// A lane for a further account of a system has a name of its own, but there is
// one system behind both: what goes to it is said in the system's name, and
// what comes back in the lane's.

// personOf is the person as the lane's system is asked for: with the lane's
// own account and no other of that system.
func personOf(lane string, p lastday.Person) lastday.Person {
	system := lastday.SystemOf(lane)
	if system == lane {
		return p
	}
	own, linked := p.Link(lane)
	p.Links = slices.DeleteFunc(slices.Clone(p.Links), func(k lastday.Link) bool { return lastday.SystemOf(k.System) == system })
	if own.System = system; linked {
		p.Links = append(p.Links, own)
	}
	return p
}

// SurveyLane reads what a lane's account is granted, for callers outside of
// Temporal.
func SurveyLane(ctx context.Context, system *integrations.Surveyor, lane string, p lastday.Person) (lastday.Inventory, error) {
	inv, err := system.Survey(ctx, personOf(lane, p), nil)
	return inventoryOf(lane, inv), err
}

func inventoryOf(lane string, inv lastday.Inventory) lastday.Inventory {
	if lastday.SystemOf(lane) == lane {
		return inv
	}
	inv.System = lane
	if inv.Match.Account.System != "" {
		inv.Match.Account.System = lane
	}
	inv.Match.Candidates = slices.Clone(inv.Match.Candidates)
	for i := range inv.Match.Candidates {
		inv.Match.Candidates[i].Account.System = lane
	}
	inv.Gaps, inv.Health.Missing = gapsOf(lane, inv.Gaps), gapsOf(lane, inv.Health.Missing)
	inv.Residue = residueOf(lane, inv.Residue)
	return inv
}

func gapsOf(lane string, gaps []lastday.Gap) []lastday.Gap {
	gaps = slices.Clone(gaps)
	for i := range gaps {
		gaps[i].System = lane
	}
	return gaps
}

func residueOf(lane string, residue []lastday.Residue) []lastday.Residue {
	residue = slices.Clone(residue)
	for i := range residue {
		residue[i].System = lane
	}
	return residue
}

// changesOf are the changes as the system is given them.
func changesOf(changes []lastday.Change) []lastday.Change {
	changes = slices.Clone(changes)
	for i := range changes {
		changes[i].Account.System = lastday.SystemOf(changes[i].Account.System)
	}
	return changes
}

func receiptsOf(lane string, receipts []lastday.Receipt) []lastday.Receipt {
	if lastday.SystemOf(lane) == lane {
		return receipts
	}
	receipts = slices.Clone(receipts)
	for i := range receipts {
		receipts[i].Residue = residueOf(lane, receipts[i].Residue)
	}
	return receipts
}

// RolePrimary is the role of the account that a system's own lane is for.
const RolePrimary = "primary"

// AccountLink is an account that the link table knows to be a person's.
type AccountLink struct {
	lastday.Link
	// Role is primary, admin, service or other.
	Role     string `json:"role"`
	Evidence string `json:"evidence,omitempty"`
	By       string `json:"by,omitempty"`
}

// LinkTable knows which accounts are whose.
type LinkTable interface {
	// Of are the accounts that are linked to a person.
	Of(ctx context.Context, person string) ([]AccountLink, error)
	// Settle keeps what a person decided: that is their primary account there.
	// CodeInvalid: it is somebody else's.
	Settle(ctx context.Context, in KeepLinkInput) error
}

// ConfigureInput says for whom a case is configured; nobody has no links.
type ConfigureInput struct {
	Person string `json:"person,omitempty"`
}

// linksWithin bounds how long the table is waited for: no cut waits for it.
const linksWithin = 5 * time.Second

func withLinks(ctx context.Context, table LinkTable, person string, settings Settings) Settings {
	if settings.Linking = table != nil; table == nil || person == "" {
		return settings
	}
	ctx, cancel := context.WithTimeout(ctx, linksWithin)
	defer cancel()
	links, err := table.Of(ctx, person)
	if err != nil {
		trouble := troubleOf(err)
		settings.LinkTrouble = &trouble
		return settings
	}
	settings.Links = links
	return settings
}

// Lane is the name of the lane that an account is for: its system's own, or for
// a further account the first that its role has there.
func (k AccountLink) Lane() string {
	if k.Role == RolePrimary {
		return k.System
	}
	return k.System + "+" + k.Role
}

// WithLinks adds to a leaver the accounts that the table knows, further ones
// under the names of their lanes. A nil table knows none.
func WithLinks(ctx context.Context, table LinkTable, l Leaver) (Leaver, error) {
	if table == nil {
		return l, nil
	}
	known, err := table.Of(ctx, l.Separation.Person.Key)
	if err != nil {
		return l, err
	}
	p := &l.Separation.Person
	p.Links = slices.Clone(p.Links)
	for _, k := range known {
		p.Links = slices.DeleteFunc(p.Links, func(o lastday.Link) bool {
			return lastday.SystemOf(o.System) == k.System && o.ID == k.ID
		})
		p.Links = append(p.Links, lastday.Link{System: k.Lane(), ID: k.ID, Login: k.Login})
	}
	return l, nil
}

// KeepLinkInput is what a person decided in a case.
type KeepLinkInput struct {
	Person   string `json:"person"`
	System   string `json:"system"`
	ID       string `json:"id"`
	By       string `json:"by"`
	Reason   string `json:"reason"`
	Evidence string `json:"evidence"`
}

// KeepLinkOutput says nothing more.
type KeepLinkOutput struct{}

// KeepLink keeps in the link table what a person decided. Keeping the same
// twice does no harm.
func (c *Cases) KeepLink(ctx context.Context, in KeepLinkInput) (KeepLinkOutput, error) {
	if c.Links == nil {
		return KeepLinkOutput{}, Failure(lastday.Errorf(lastday.CodeInvalid, "link", "this worker has no link table"))
	}
	return KeepLinkOutput{}, Failure(c.Links.Settle(ctx, in))
}
