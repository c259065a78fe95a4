package custody_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/custody"
)

func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func kim() lastday.Person {
	return lastday.Person{Key: "p-kim", Name: "Kim", Emails: []string{"kim@acme.example"}, EmployeeNumber: "E7"}
}

const head = "version: 1\nas_of: 2026-11-22T09:00:00Z\n"

// item writes a shared secret that is known to somebody.
func item(id, more string) string {
	return fmt.Sprintf(`
  - id: %s
    what: root password
    kind: shared-secret
    system: bastion
    where: safe, ops/bastion
    owner: security
    action: rotate
    within: 3d
    level: admin
%s`, id, more)
}

// office is a register on disk and a driver that reads it.
type office struct {
	t    *testing.T
	path string
	integrations.Driver
}

func open(t *testing.T) *office {
	t.Helper()
	path := filepath.Join(t.TempDir(), "custody.yaml")
	d, err := custody.Open(t.Context(), custody.Config{File: "file:" + path, MaxAge: "7d", Keeper: "the security team"}, integrations.Deps{System: "custody", Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	return &office{t: t, path: path, Driver: d}
}

func (o *office) write(text string) {
	o.t.Helper()
	if err := os.WriteFile(o.path, []byte(text), 0o600); err != nil {
		o.t.Fatal(err)
	}
}

// keep writes a register of items with its true count.
func (o *office) keep(items ...string) {
	o.t.Helper()
	o.write(fmt.Sprintf("%scount: %d\nitems:%s", head, len(items), strings.Join(items, "")))
}

func (o *office) survey(p lastday.Person) lastday.Inventory {
	o.t.Helper()
	inv, err := integrations.NewSurveyor("custody", o, integrations.Options{Now: noon}).Survey(o.t.Context(), p, nil)
	if err != nil {
		o.t.Fatal(err)
	}
	return inv
}

func TestWhoeverKnowsASecretHoldsItUntilItIsChangedWithoutThem(t *testing.T) {
	cases := map[string]struct {
		more string
		held bool
	}{
		"known by address":                    {"    known_to: [{email: KIM@acme.example}]", true},
		"known by key":                        {"    known_to: [{person: p-kim}]", true},
		"known by number":                     {"    known_to: [{employee_number: E7}]", true},
		"known to another":                    {"    known_to: [{email: lee@acme.example}]", false},
		"changed long ago":                    {"    known_to: [{email: kim@acme.example}]\n    rotated: 2020-01-01", true},
		"leaving, not changed":                {"    known_to: [{email: kim@acme.example, leaving: 2026-11-20}]", true},
		"changed before they were leaving":    {"    known_to: [{email: kim@acme.example, leaving: 2026-11-20}]\n    rotated: 2026-11-19", true},
		"changed when they were leaving":      {"    known_to: [{email: kim@acme.example, leaving: 2026-11-20}]\n    rotated: 2026-11-20", false},
		"changed since they were leaving":     {"    known_to: [{email: kim@acme.example, leaving: 2026-11-20}]\n    rotated: 2026-11-21T10:00:00+01:00", false},
		"changed, and to be leaving tomorrow": {"    known_to: [{email: kim@acme.example, leaving: 2026-11-23}]\n    rotated: 2026-11-21", true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			o := open(t)
			o.keep(item("bastion", c.more))
			inv := o.survey(kim())
			if held := len(inv.Grants) == 1; held != c.held {
				t.Errorf("grants %+v", inv.Grants)
			}
			if c.held && (inv.Highest() != lastday.LevelAdmin || inv.Grants[0].Restore.Fidelity != lastday.RestoreNever) {
				t.Errorf("grant %+v", inv.Grants[0])
			}
			if inv.Control.KeptBy != "the security team" {
				t.Errorf("whose word it is was not told: %+v", inv.Control)
			}
		})
	}
}

func TestWhatSomebodyOwnsIsHandedOver(t *testing.T) {
	o := open(t)
	owned := strings.ReplaceAll(item("domain", "    owned_by: [{person: p-kim}]"), "action: rotate", "action: transfer")
	o.keep(owned)
	inv := o.survey(kim())
	if len(inv.Grants) != 1 || inv.Grants[0].Rung != "owned" {
		t.Fatalf("grants %+v", inv.Grants)
	}
	o.keep(owned + "\n    transferred_to: platform team")
	if inv := o.survey(kim()); len(inv.Grants) != 0 {
		t.Errorf("it was handed over and is still theirs: %+v", inv.Grants)
	}
}

// Handing something over to oneself under another name hands nothing over.
func TestWhatGoesToTheLeaverIsNotHandedOver(t *testing.T) {
	for _, name := range []string{"Kim@acme.example", "e7", "p-kim"} {
		o := open(t)
		owned := strings.Replace(item("export", "    owned_by: [{person: p-kim}]\n    transferred_to: "+name), "action: rotate", "action: transfer", 1)
		if name == "p-kim" {
			owned = strings.Replace(owned, "person: p-kim", "email: kim@acme.example", 1)
		}
		o.keep(owned)
		if inv := o.survey(kim()); len(inv.Grants) != 1 {
			t.Errorf("handed over to %s: grants %+v", name, inv.Grants)
		}
	}
}

func TestWhoeverTookSomethingOverOwnsIt(t *testing.T) {
	o := open(t)
	o.keep(strings.Replace(item("export", "    owned_by: [{person: p-lee}]\n    transferred_to: kim@acme.example"), "action: rotate", "action: transfer", 1))
	if inv := o.survey(kim()); len(inv.Grants) != 1 {
		t.Errorf("match %+v, grants %+v", inv.Match, inv.Grants)
	}
	lee := lastday.Person{Key: "p-lee", Emails: []string{"lee@acme.example"}, EmployeeNumber: "E8"}
	if inv := o.survey(lee); len(inv.Grants) != 0 {
		t.Errorf("whoever handed it over still owns it: %+v", inv.Grants)
	}
}

func TestTheOwnerIsAskedWithADeadlineAndTheRegisterIsTheirWord(t *testing.T) {
	o := open(t)
	o.keep(item("bastion", "    known_to: [{email: kim@acme.example}]\n    how: passwd root"))
	inv := o.survey(kim())
	change := lastday.NewChange("c-1", inv.Match.Account, inv.Grants[0], lastday.None, "")
	system := integrations.NewSystem("custody", o, integrations.Options{Now: noon})
	receipt, err := system.Apply(t.Context(), change, false)
	if err != nil {
		t.Fatal(err)
	}
	if receipt.Outcome != lastday.OutcomeAsked || receipt.Owner != "security" || receipt.Within != 72*time.Hour || receipt.Proof != lastday.ProofNone {
		t.Errorf("receipt %+v", receipt)
	}
	for _, part := range []string{"security", "root password", "safe, ops/bastion", "passwd root", "72h"} {
		if !strings.Contains(receipt.Note, part) {
			t.Errorf("the note lacks %q: %s", part, receipt.Note)
		}
	}
	changes, receipts := []lastday.Change{change}, []lastday.Receipt{receipt}
	if graded := integrations.Grade(changes, receipts, o.survey(kim())); graded[0].Proof != lastday.ProofNone {
		t.Errorf("asking became %s", graded[0].Proof)
	}
	o.keep(item("bastion", "    known_to: [{email: kim@acme.example, leaving: 2026-11-21}]\n    rotated: 2026-11-22"))
	graded := integrations.Grade(changes, receipts, o.survey(kim()))
	if graded[0].Proof != lastday.ProofAttested || graded[0].By != "the security team" {
		t.Errorf("the word of people was graded %s by %q", graded[0].Proof, graded[0].By)
	}
	again, err := system.Apply(t.Context(), change, false)
	if err != nil || again.Outcome != lastday.OutcomeAlready || again.Proof != lastday.ProofAttested {
		t.Errorf("what was done is asked for again: %+v, %v", again, err)
	}
	change.From, change.To = lastday.None, "known"
	back, err := o.Apply(t.Context(), change)
	if err != nil || back.Outcome != lastday.OutcomeRefused {
		t.Errorf("a changed secret was given back: %+v, %v", back, err)
	}
}

func TestWhatIsHandedOverIsAskedForInASentence(t *testing.T) {
	o := open(t)
	o.keep(strings.Replace(item("export", "    owned_by: [{person: p-kim}]"), "action: rotate", "action: transfer", 1))
	inv := o.survey(kim())
	change := lastday.NewChange("c-1", inv.Match.Account, inv.Grants[0], lastday.None, "")
	receipt, err := integrations.NewSystem("custody", o, integrations.Options{Now: noon}).Apply(t.Context(), change, false)
	if err != nil || !strings.HasPrefix(receipt.Todo, "take it over, write `transferred_to` into the register, then") {
		t.Errorf("%q, %v", receipt.Todo, err)
	}
}

func TestARegisterThatIsNotWholeOrOldShowsNothing(t *testing.T) {
	two := item("a", "    known_to: [{email: kim@acme.example}]") + item("b", "    known_to: [{email: lee@acme.example}]")
	whole := head + "count: 2\nitems:" + two
	cases := map[string]struct {
		text string
		want lastday.Code
	}{
		"cut between items": {whole[:strings.Index(whole, "\n  - id: b")], lastday.CodeTransient},
		"no items":          {head + "count: 0\nitems: []", lastday.CodeTransient},
		"empty":             {"", lastday.CodeTransient},
		"old":               {strings.Replace(whole, "2026-11-22T09", "2026-11-15T09", 1), lastday.CodeTransient},
		"from the future":   {strings.Replace(whole, "2026-11-22T09", "2026-11-22T19", 1), lastday.CodeInvalid},
		"no date":           {strings.Replace(whole, "as_of", "# as_of", 1), lastday.CodeInvalid},
		"cut inside a line": {whole[:strings.LastIndex(whole, "known_to")+14], lastday.CodeInvalid},
		"an alias":          {strings.Replace(whole, "owner: security", "owner: &o security\n    how: *o", 1), lastday.CodeInvalid},
		"two documents":     {whole + "\n---\n" + whole, lastday.CodeInvalid},
		"deep":              {strings.Repeat("[", 30), lastday.CodeInvalid},
		"too large":         {strings.Repeat("# much\n", 1<<20), lastday.CodeInvalid},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			o := open(t)
			o.write(c.text)
			if _, err := o.Probe(t.Context()); lastday.CodeOf(err) != c.want {
				t.Errorf("probe: %v", err)
			}
			_, err := o.Find(t.Context(), kim())
			if lastday.CodeOf(err) != c.want || strings.Contains(err.Error(), "lee@") {
				t.Errorf("find: %v", err)
			}
			if _, err := o.List(t.Context(), lastday.Account{System: "custody", ID: "k-x"}, ""); lastday.CodeOf(err) != c.want {
				t.Errorf("list: %v", err)
			}
		})
	}
	o := open(t)
	if _, err := o.Probe(t.Context()); lastday.CodeOf(err) != lastday.CodeTransient {
		t.Errorf("a missing register: %v", err)
	}
}

func TestMistakesAreToldWithTheirLines(t *testing.T) {
	o := open(t)
	o.write(`version: 1
as_of: 2026-11-22
count: 2
items:
  - id: Bastion root
    kind: password
    action: transfer
    known_to: [{email: kim, person: p-kim}]
    within: soon
  - id: b
    what: b
    colour: red
`)
	_, err := o.Probe(t.Context())
	if err == nil || !strings.Contains(err.Error(), "[12:5]") || !strings.Contains(err.Error(), "colour") {
		t.Errorf("an unknown word: %v", err)
	}
	text, _ := os.ReadFile(o.path)
	o.write(strings.Replace(string(text), "    colour: red\n", "", 1))
	_, err = o.Probe(t.Context())
	if lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Fatal(err)
	}
	for _, part := range []string{
		"[5:5] id", "[5:5] kind", "[5:5] what", "[5:5] owner", "[5:5] where", "[5:5] level", "[5:5] within", "[5:5] action transfer", "[10:5] action", "nobody is named",
	} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not told: %v", part, err)
		}
	}
}

func TestWhoCannotBeLookedForIsNotCalledAbsent(t *testing.T) {
	o := open(t)
	o.keep(item("a", "    known_to: [{employee_number: E9}]"), item("b", "    known_to: [{email: kim@acme.example}]"))
	unknown := lastday.Person{Key: "p-lee", Emails: []string{"lee@acme.example"}}
	if _, err := o.Find(t.Context(), unknown); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("without a number nobody of that number was found absent: %v", err)
	}
	half := kim()
	half.EmployeeNumber = ""
	if inv := o.survey(half); len(inv.Grants) != 1 || inv.Complete() || len(inv.Gaps) != 1 {
		t.Errorf("half of what could be sought passes as all: %+v", inv.Gaps)
	}
}

func TestAnAccountThatGrewSinceItWasPinnedIsAQuestion(t *testing.T) {
	o := open(t)
	o.keep(item("a", "    known_to: [{email: kim@acme.example}]"), item("b", "    known_to: [{email: k@acme.example}]"))
	before := o.survey(kim())
	person := kim()
	person.Emails = append(person.Emails, "k@acme.example")
	person.Links = []lastday.Link{{System: "custody", ID: before.Match.Account.ID}}
	m, err := o.Find(t.Context(), person)
	if err != nil || m.Verdict != lastday.FoundMany {
		t.Fatalf("%+v, %v", m, err)
	}
	person.Links[0].ID = m.Candidates[0].Account.ID
	if inv := o.survey(person); inv.Match.Verdict != lastday.FoundOne || len(inv.Grants) != 2 {
		t.Errorf("after the link: %s, %d grants", inv.Match.Verdict, len(inv.Grants))
	}
}

func TestTheIDOfAnAccountNamesNobody(t *testing.T) {
	o := open(t)
	o.keep(item("a", "    known_to: [{email: kim@acme.example}]"))
	id := o.survey(kim()).Match.Account.ID
	if strings.Contains(id, "kim") || strings.Contains(id, "E7") || len(strings.Split(id, ".")) != 3 {
		t.Errorf("id %q", id)
	}
}

func TestAllMistakesOfTheConfigurationAreToldAtOnce(t *testing.T) {
	_, err := custody.Open(t.Context(), custody.Config{File: "/x", MaxAge: "never"}, integrations.Deps{System: "custody", Now: noon})
	var told []string
	for _, part := range []string{"file:", "max_age:", "keeper:"} {
		if err != nil && strings.Contains(err.Error(), part) {
			told = append(told, part)
		}
	}
	if diff := cmp.Diff([]string{"file:", "max_age:", "keeper:"}, told); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheExampleCanBeRead(t *testing.T) {
	text, err := os.ReadFile("../../examples/custody.yaml")
	if err != nil {
		t.Fatal(err)
	}
	o := open(t)
	o.write(string(text))
	if _, err := o.Probe(t.Context()); err != nil {
		t.Error(err)
	}
}

// A file that is read anew for every question must be read quickly.
func TestALargeRegisterIsReadInTime(t *testing.T) {
	o := open(t)
	items := make([]string, 4000)
	for i := range items {
		items[i] = item(fmt.Sprintf("s%d", i), "    known_to: [{email: kim@acme.example}, {email: lee@acme.example}]")
	}
	o.keep(items...)
	began := time.Now()
	if health, err := o.Probe(t.Context()); err != nil || !health.Control.Seen {
		t.Fatal(err)
	}
	const most = 20 * time.Second
	if took := time.Since(began); took > most {
		t.Errorf("reading %d items took %s", len(items), took)
	}
}

func TestARegisterThatIsMadeToExhaustTheParserIsRefused(t *testing.T) {
	for name, text := range map[string]string{"dashes": strings.Repeat("- ", 1<<20), "brackets": strings.Repeat("[", 1<<20), "questions": strings.Repeat("? ", 1<<20)} {
		o := open(t)
		o.write(text)
		if _, err := o.Probe(t.Context()); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
