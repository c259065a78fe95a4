// Package manual is the integration for what has no interface for machines:
// badges, shared mailboxes, a supplier's portal.
//
// Changes are asked of people. Nothing is read from the far side, so that a
// list of a manual system has no positive control and can never count as
// observed: what was done is shown by somebody's attestation.
//
// With an export (Config.Readback) the system becomes half manual: people still
// make the changes, but whether they did is read from a file, and then is
// observed.
package manual

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"lastday"
	"lastday/integrations"
)

// The rungs and the kind of the grants.
const (
	kindItem = "item"
	rungHeld = "held"
)

// Config is what a manual system is.
type Config struct {
	Items []Item `yaml:"items" json:"items"`
	// Readback is an export of who has what; nil if there is none.
	Readback *Readback `yaml:"readback" json:"readback"`
}

// Item is one thing that somebody may have there.
type Item struct {
	// Key names it for ever; receipts refer to it. Lower case, digits and dashes.
	Key string `yaml:"key" json:"key"`
	// What is what people call it.
	What string `yaml:"what" json:"what"`
	// Level is how much it lets a person do at worst: admin, write, read or sign-in.
	Level lastday.Level `yaml:"level" json:"level"`
	// Owner is who is asked: a role or a queue, not a person.
	Owner string `yaml:"owner" json:"owner"`
	// Instructions tell the owner how to take it.
	Instructions string `yaml:"instructions" json:"instructions"`
	// Evidence is what the owner shall show for it.
	Evidence string `yaml:"evidence" json:"evidence"`
	// Return tells the owner how to give it back; empty says that it is gone for
	// good once it is taken.
	Return string `yaml:"return" json:"return"`
	// Within is how long the owner has, such as 4h or 2d; empty is no deadline.
	Within string `yaml:"within" json:"within"`
	// EscalateTo is whom to turn to when it is late: a role or a queue.
	EscalateTo string `yaml:"escalate_to" json:"escalate_to"`
	// Order ranks the items; lower is asked for first.
	Order int `yaml:"order" json:"order"`
}

// Description is what the integration declares about itself.
func Description() integrations.Description {
	return integrations.Description{
		Name: "manual", Title: "Things that people take and give back", Manual: true,
		Kinds: []integrations.KindOfGrant{{
			Name: kindItem, Sort: integrations.SortDeclared, What: "one configured item, such as a badge or a shared mailbox",
			Ladder:  lastday.Ladder{{Name: rungHeld, Level: lastday.LevelAdmin}},
			Restore: lastday.Restore{Fidelity: lastday.RestoreLossy, Note: "a person is asked to give it back"},
		}},
		Cannot: []string{
			"whether a person has an item is presumed, unless an export is configured",
			"what was done is attested by a person, unless an export shows it",
			"an export that people keep is their word: attested, never observed",
		},
	}
}

// Kind is the integration's entry in the catalog.
func Kind() integrations.Kind { return integrations.Define(Description(), Open) }

// Open makes a driver. All mistakes of the configuration are in one CodeInvalid.
func Open(_ context.Context, c Config, deps integrations.Deps) (integrations.Driver, error) {
	if mistakes := c.mistakes(); len(mistakes) > 0 {
		return nil, lastday.Errorf(lastday.CodeInvalid, "manual: open "+deps.System, "%s", strings.Join(mistakes, "; "))
	}
	d := &driver{config: c, system: deps.System}
	if c.Readback != nil {
		d.export = &export{config: *c.Readback, now: deps.Now, open: os.Open, items: c.Items}
	}
	return d, nil
}

func (c Config) mistakes() []string {
	var found []string
	if len(c.Items) == 0 {
		found = append(found, "items: there is none")
	}
	seen := map[string]bool{}
	for i, item := range c.Items {
		for _, m := range item.mistakes() {
			found = append(found, fmt.Sprintf("items[%d]: %s", i, m))
		}
		if seen[item.Key] {
			found = append(found, fmt.Sprintf("items[%d]: the key %q is used twice", i, item.Key))
		}
		seen[item.Key] = true
	}
	if c.Readback != nil {
		found = append(found, c.Readback.mistakes(len(c.Items))...)
	}
	return found
}

func (i Item) mistakes() []string {
	var found []string
	if i.Key == "" || strings.Trim(i.Key, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		found = append(found, "key: use lower case letters, digits and dashes")
	}
	if i.What == "" {
		found = append(found, "what: is missing")
	}
	if i.Level <= lastday.LevelNone || i.Level > lastday.LevelAdmin {
		found = append(found, "level: must be admin, write, read or sign-in")
	}
	if i.Owner == "" {
		found = append(found, "owner: somebody must be asked")
	}
	if i.Instructions == "" {
		found = append(found, "instructions: are missing")
	}
	if within, err := duration(i.Within); i.Within != "" && (err != nil || within <= 0 || within > latest) {
		found = append(found, "within: must be a duration such as 4h or 2d, at most 92 days")
	}
	if i.EscalateTo != "" && i.Within == "" {
		found = append(found, "escalate_to: without within it is never late")
	}
	return found
}

type driver struct {
	config Config
	system string
	export *export
}

func (d *driver) Probe(_ context.Context) (lastday.Health, error) {
	health := lastday.Health{
		Identity: "people", Can: []string{kindItem}, QuotaLeft: -1,
		Control: lastday.Control{Evidence: "people are asked; nothing can be read"},
	}
	if d.export == nil {
		return health, nil
	}
	table, err := d.export.read()
	if err != nil {
		return lastday.Health{}, err
	}
	health.Control = table.control()
	return health, nil
}

func (d *driver) Find(_ context.Context, person lastday.Person) (lastday.Match, error) {
	if person.Key == "" {
		return lastday.Match{}, lastday.Errorf(lastday.CodeInvalid, "manual: find", "the person has no key")
	}
	if d.export != nil {
		return d.export.find(d.system, person)
	}
	return lastday.Match{
		Verdict:  lastday.FoundOne,
		Account:  lastday.Account{System: d.system, ID: person.Key, Note: "presumed: everybody may have these items"},
		Evidence: []string{"presumed from the configuration; nothing was looked up"},
		Control:  lastday.Control{Evidence: "nothing was read"},
	}, nil
}

func (d *driver) List(_ context.Context, account lastday.Account, at integrations.Cursor) (integrations.Page, error) {
	if account.ID == "" || account.System != d.system {
		return integrations.Page{}, lastday.Errorf(lastday.CodeInvalid, "manual: list", "the account is not one of this system")
	}
	if at != "" {
		return integrations.Page{}, lastday.Errorf(lastday.CodeInvalid, "manual: list", "there is but one page")
	}
	if d.export != nil {
		return d.export.list(account)
	}
	page := integrations.Page{Control: lastday.Control{Evidence: "declared in the configuration; nothing was read"}}
	for _, item := range d.config.Items {
		page.Grants = append(page.Grants, item.grant())
	}
	return page, nil
}

func (i Item) grant() lastday.Grant {
	restore := lastday.Restore{Fidelity: lastday.RestoreLossy, Note: "a person is asked to give it back"}
	if i.Return == "" {
		restore = lastday.Restore{Fidelity: lastday.RestoreNever, Note: "no way to give it back is configured"}
	}
	return lastday.Grant{
		Key: kindItem + "/" + i.Key, Kind: kindItem,
		Resource: lastday.Resource{ID: i.Key, Name: i.What, Labels: map[string]string{"owner": i.Owner}},
		Rung:     rungHeld, Ladder: lastday.Ladder{{Name: rungHeld, Level: i.Level}},
		Restore: restore, Order: i.Order,
		Details: i.details(),
	}
}

// details are what asking needs. They are frozen with the plan: who is asked
// weeks later is who was planned to be.
func (i Item) details() map[string]string {
	d := map[string]string{"owner": i.Owner, "instructions": i.Instructions, "evidence": i.Evidence, "return": i.Return}
	if i.Within != "" {
		d["within"] = i.Within
	}
	if i.EscalateTo != "" {
		d["escalate_to"] = i.EscalateTo
	}
	return d
}

// Apply asks. It writes nothing; the note is what the owner is told. With an
// export, what it shows already done is not asked for.
func (d *driver) Apply(_ context.Context, change lastday.Change) (lastday.Receipt, error) {
	if change.Account.System != d.system || change.Account.ID == "" || change.Grant.Kind != kindItem {
		return lastday.Receipt{}, lastday.Errorf(lastday.CodeInvalid, "manual: apply", "the change is not one of this system")
	}
	down, err := change.Down()
	if err != nil {
		return lastday.Receipt{}, lastday.Wrap(lastday.CodeInvalid, "manual: apply", "the change makes no sense", err)
	}
	if !down && change.Grant.Details["return"] == "" {
		return refused(change, "no way to give it back is configured"), nil
	}
	if d.export == nil {
		return asked(change, down, attestTodo), nil
	}
	held, err := d.export.holds(change.Account.ID, change.Grant.Resource.ID)
	if err != nil {
		return lastday.Receipt{}, err
	}
	if held != down {
		return already(change, d.export.config.KeptBy), nil
	}
	return asked(change, down, exportTodo), nil
}

// What the owner does when it is done.
const (
	attestTodo = "do it, then resolve with `attest` and what shows it: --evidence TEXT, or --evidence-file FILE, of which name and digest are recorded"
	exportTodo = "do it, export again, then resolve with `retry`: the export is read again"
)

func refused(change lastday.Change, why string) lastday.Receipt {
	return lastday.Receipt{Change: change.ID, Outcome: lastday.OutcomeRefused, Before: change.From, Note: why}
}

// already says that the export shows it; one that people keep is their word.
func already(change lastday.Change, keptBy string) lastday.Receipt {
	r := lastday.Receipt{
		Change: change.ID, Outcome: lastday.OutcomeAlready, Before: change.To,
		Proof: lastday.ProofAcknowledged, Note: "the export shows it so already",
	}
	if keptBy != "" {
		r.Proof, r.By = lastday.ProofAttested, keptBy
	}
	return r
}

func asked(change lastday.Change, down bool, todo string) lastday.Receipt {
	verb, how := "Take", change.Grant.Details["instructions"]
	if !down {
		verb, how = "Give back", change.Grant.Details["return"]
	}
	note := fmt.Sprintf("Asked of %s: %s %s. %s", change.Grant.Details["owner"], verb, change.Grant.Resource.Name, how)
	if want := change.Grant.Details["evidence"]; want != "" {
		note += " Evidence wanted: " + want
	}
	within, err := duration(change.Grant.Details["within"])
	if err != nil {
		within = 0 // it was checked when the plan was made; no deadline is better than no order
	}
	if late := change.Grant.Details["escalate_to"]; late != "" {
		todo += ". If it is late, turn to " + late
	}
	return lastday.Receipt{
		Change: change.ID, Outcome: lastday.OutcomeAsked, Before: change.From, Note: note,
		Owner: change.Grant.Details["owner"], Within: within, Todo: todo,
	}
}

// duration reads a duration with days; empty is zero.
func duration(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		hours, err := time.ParseDuration(days + "h")
		return 24 * hours, err
	}
	return time.ParseDuration(text)
}

// latest bounds Item.Within.
const latest = 92 * 24 * time.Hour

// oldest bounds Readback.MaxAge.
const oldest = 31 * 24 * time.Hour
