package script_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/script"
)

const examples = "../../examples/integrations/"

const badges = "0\tcanary\tshut\nE7\tfront\topen\nE7\tvault\topen\nE7\tattic\tshut\nE8\tfront\topen\n"

// example opens a configuration of the examples with a copy of its program.
func example(t *testing.T, name, program string, change func(*script.Config)) integrations.Driver {
	t.Helper()
	text, err := os.ReadFile(examples + name)
	if err != nil {
		t.Fatal(err)
	}
	var c script.Config
	if err := yaml.UnmarshalWithOptions(text, &c, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	c.Command = []string{program}
	change(&c)
	d, _ := open(t, c)
	return d
}

func copyOf(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(examples + name)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// leave takes everything of somebody, by the way that a case takes, and gives
// one thing back.
func leave(t *testing.T, d integrations.Driver, person lastday.Person) (taken []string) {
	t.Helper()
	system := integrations.NewSystem("club", d, integrations.Options{Now: noon})
	inv, err := system.Survey(t.Context(), person, nil)
	if err != nil || !inv.Complete() || inv.Match.Verdict != lastday.FoundOne {
		t.Fatalf("%+v, %v", inv, err)
	}
	var changes []lastday.Change
	var receipts []lastday.Receipt
	for _, g := range inv.Grants {
		c := lastday.NewChange("c-1", inv.Match.Account, g, lastday.None, "")
		r, err := system.Apply(t.Context(), c, false)
		if err != nil {
			t.Fatal(err)
		}
		changes, receipts, taken = append(changes, c), append(receipts, r), append(taken, g.Key)
	}
	after, err := system.Survey(t.Context(), person, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range integrations.Grade(changes, receipts, after) {
		if r.Outcome != lastday.OutcomeApplied || r.Proof != lastday.ProofObserved {
			t.Errorf("%+v", r)
		}
	}
	back := changes[0]
	back.From, back.To = lastday.None, changes[0].From
	if r, err := system.Apply(t.Context(), back, false); err != nil || r.Outcome != lastday.OutcomeApplied {
		t.Errorf("giving back: %+v, %v", r, err)
	}
	return taken
}

func TestTheExampleInShTakesBadges(t *testing.T) {
	table := filepath.Join(t.TempDir(), "badges.tsv")
	put := func(text string) {
		if err := os.WriteFile(table, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(badges)
	d := example(t, "badges.yaml", copyOf(t, "badges.sh"), func(c *script.Config) { c.Env["BADGES"] = table })
	person := lastday.Person{Key: "p", EmployeeNumber: "E7"}
	if taken := strings.Join(leave(t, d, person), " "); taken != "door/front door/vault" {
		t.Errorf("took %q", taken)
	}
	text, err := os.ReadFile(table)
	want := strings.Replace(badges, "vault\topen", "vault\tshut", 1)
	if err != nil || string(text) != want {
		t.Errorf("the table is %q, want %q (%v)", text, want, err)
	}
	account := lastday.Account{System: "club", ID: "E7"}
	for what, c := range map[string]struct {
		table string
		want  lastday.Code
	}{
		"a table without its first row": {"E8\tfront\topen\n", lastday.CodeDenied},
		"an empty table":                {"", lastday.CodeDenied},
		"a row that is cut":             {badges + "E7\tcel", lastday.CodeInvalid},
		"a row with a quote":            {badges + "E7\tce\"l\topen\n", lastday.CodeInvalid},
	} {
		put(c.table)
		if _, err := d.List(t.Context(), account, ""); lastday.CodeOf(err) != c.want {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := d.List(t.Context(), lastday.Account{System: "club", ID: `E7"; rm -rf x`}, ""); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("an id that is none: %v", err)
	}
	if _, err := os.Stat(table + ".lock"); err == nil {
		t.Error("the lock is left")
	}
}

func TestTheExampleInGoTakesLockers(t *testing.T) {
	program := filepath.Join(t.TempDir(), "lockers")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "lastday/examples/integrations/lockers").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	file := filepath.Join(t.TempDir(), "lockers.json")
	if err := os.WriteFile(file, []byte(`{"L-1":{"holder":"E7"},"L-2":{"holder":"E8"},"L-3":{"holder":"E7"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	d := example(t, "lockers/lockers.yaml", program, func(c *script.Config) { c.Command = append(c.Command, file) })
	if taken := strings.Join(leave(t, d, lastday.Person{Key: "p", EmployeeNumber: "E7"}), " "); taken != "locker/L-1 locker/L-3" {
		t.Errorf("took %q", taken)
	}
	text, err := os.ReadFile(file)
	if err != nil || string(text) != `{"L-1":{"holder":"E7"},"L-2":{"holder":"E8"},"L-3":{}}` {
		t.Errorf("%s, %v", text, err)
	}
	if err := os.WriteFile(file, []byte(`{}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Find(t.Context(), lastday.Person{Key: "p", EmployeeNumber: "E7"}); lastday.CodeOf(err) != lastday.CodeDenied {
		t.Errorf("a file without lockers shows nothing: %v", err)
	}
}
