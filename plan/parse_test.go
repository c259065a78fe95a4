package plan

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lastday"
)

func TestParseTellsAllMistakesAtOnceWithTheirPlaces(t *testing.T) {
	const text = `version: 2
name: contractor
for: person.salary > 3
cutoff: 17
stages:
  - {name: notice, at: 14 days ago, ceiling: write}
  - {name: cut, at: last day, ceiling: none}
sensitive:
  - name: customers
    when: 'resource.nme == "x"'
    stage: nowhere
    ceiling: none
    reason: x
colour: red
`
	_, err := Parse("p.yaml", []byte(text))
	if lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Fatalf("got %v, want code invalid", err)
	}
	var all Mistakes
	if !errors.As(err, &all) {
		t.Fatalf("no Mistakes in %v", err)
	}
	for _, want := range []string{
		"p.yaml:1:10: version \"2\" is not known; write version: 1",
		"p.yaml:3:6: undeclared reference to 'person.salary'",
		"p.yaml:4:9: \"17\" is no time of day",
		"p.yaml:6:24: \"14 days ago\" is no distance",
		"p.yaml:10:12: undeclared reference to 'resource.nme'",
		"p.yaml:11:12: \"nowhere\" is no stage up to the cut",
		"p.yaml:14:1: unknown key \"colour\"",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("does not say %q:\n%v", want, err)
		}
	}
	for i := 1; i < len(all); i++ {
		if all[i].Line < all[i-1].Line {
			t.Errorf("mistakes are not in the order of the text: %v", all)
		}
	}
	for _, m := range all {
		if m.Todo == "" {
			t.Errorf("%v does not say what to do", m)
		}
	}
}

func TestParsePointsIntoBlockExpressions(t *testing.T) {
	text := strings.Replace(minimal, "name: tiny", "name: tiny\nfor: |\n  kind == \"scheduled\" &&\n  persn.workerType == \"x\"", 1)
	_, err := Parse("p.yaml", []byte(text))
	if err == nil || !strings.Contains(err.Error(), "p.yaml:6:") {
		t.Errorf("the line in the block is not named: %v", err)
	}
}

const minimal = `
version: 1
name: tiny
stages:
  - {name: notice, at: 7 days before, ceiling: read}
  - {name: cut, at: last day, ceiling: none}
`

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ name, from, to, want string }{
		{"no cut", "{name: cut, at: last day, ceiling: none}", "{name: late, at: last day, time: \"10:00\", ceiling: none}", "no stage is the cut"},
		{"a cut that leaves something", "at: last day, ceiling: none", "at: last day, ceiling: sign-in", "nothing may be left"},
		{"two cuts", "  - {name: cut,", "  - {name: first, at: last day, ceiling: none}\n  - {name: cut,", "two cuts"},
		{"a rising ceiling", "  - {name: cut,", "  - {name: up, at: 2 days before, ceiling: write}\n  - {name: cut,", "must not rise"},
		{"one name twice", "name: notice", "name: cut", "two stages are called"},
		{"a name of a watch", "name: notice", "name: watch 1h", "belong to the key watch"},
		{"a key twice", "name: tiny", "name: tiny\nname: huge", "name"},
		{"anchors", "name: tiny", "name: &a tiny", "must be a plain value"},
		{"two documents", "version: 1", "version: 1\nname: x\n---\nversion: 1", "documents"},
		{"a stage after the last day before the cut", "7 days before", "7 days after", "stands before the cut"},
		{"a stage behind the cut that comes before it", "ceiling: none}", "ceiling: none}\n  - {name: x, at: 3 days before, ceiling: none}", "must be the last stage on the way down"},
		{"a condition that is no condition", "name: tiny", "name: tiny\nfor: kind", "gives string, not true or false"},
		{"has()", "name: tiny", "name: tiny\nfor: has(person.workerType)", "has"},
		{"watches out of order", "name: tiny", "name: tiny\nwatch: [1d, 1h]", "does not fit"},
		{"an unknown zone", "name: tiny", "name: tiny\nzone: Mars/Phobos", "no known zone"},
		{"no working day", "name: tiny", "name: tiny\ncalendar: {weekend: [monday, tuesday, wednesday, thursday, friday, saturday, sunday]}", "no day of the week"},
		{"a holiday that is no day", "name: tiny", "name: tiny\ncalendar: {holidays: [2026-02-31]}", "is no day"},
		{"no approvals", "name: tiny", "name: tiny\nguards: {approvals: 0}", "out of bounds"},
		{"a gap without a reason", "name: tiny", "name: tiny\naccept_gaps: [{system: a, kind: b}]", "\"reason\" is missing"},
		{"an unknown manner", "name: tiny", "name: tiny\nconfidential: maybe", "not known"},
		{"a keep rule without a reason", "name: tiny", "name: tiny\nkeep: [{name: k, when: 'true', until: cut}]", "\"reason\" is missing"},
		{"a keep rule that keeps nothing", "name: tiny", "name: tiny\nkeep: [{name: k, when: 'true', until: notice, reason: r}]", "keeps nothing"},
		{"a sensitive rule that changes nothing", "name: tiny", "name: tiny\nsensitive: [{name: s, when: 'true', stage: notice, ceiling: read, reason: r}]", "changes nothing"},
		{"a list where a mapping belongs", "name: tiny", "name: tiny\ntell: [1h]", "must be a mapping"},
		{"a long expression", "name: tiny", "name: tiny\nfor: kind == \"" + strings.Repeat("x", mostExpr) + "\"", "size"},
		{"broken YAML", "version: 1", "version: [1", "not YAML"},
		{"deep nesting", "name: tiny", "name: " + strings.Repeat("[", 100), "nested"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(minimal, c.from, c.to, 1)
			if text == minimal {
				t.Fatal("the case changes nothing")
			}
			_, err := Parse("p.yaml", []byte(text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestParseRefusesHugeTexts(t *testing.T) {
	_, err := Parse("p.yaml", append([]byte(minimal), make([]byte, mostText)...))
	if lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("got %v", err)
	}
}

func TestAPolicyKeepsItsText(t *testing.T) {
	p := mustParse(t, minimal)
	p.Text()[0] = 'x'
	if got := string(p.Text()); got != minimal {
		t.Errorf("the text changed: %q", got)
	}
	if p.Name() != "tiny" || len(p.Digest()) != 64 {
		t.Errorf("name %q, digest %q", p.Name(), p.Digest())
	}
	if q := mustParse(t, minimal+"\n"); q.Digest() == p.Digest() {
		t.Error("another text has the same digest")
	}
}

func TestChooseTakesTheFirstPolicyThatApplies(t *testing.T) {
	interns := mustParse(t, strings.Replace(minimal, "name: tiny", "name: interns\nfor: person.workerType == \"intern\"", 1))
	now := mustParse(t, strings.Replace(minimal, "name: tiny", "name: now\nfor: kind == \"immediate\"", 1))
	rest := mustParse(t, minimal)
	s := separation()
	for _, c := range []struct {
		worker string
		kind   lastday.SeparationKind
		want   string
	}{
		{"intern", lastday.SeparationImmediate, "interns"},
		{"employee", lastday.SeparationImmediate, "now"},
		{"employee", lastday.SeparationScheduled, "tiny"},
	} {
		s.Engagement.WorkerType, s.Kind = c.worker, c.kind
		p, err := Choose([]Policy{interns, now, rest}, s)
		if err != nil || p.Name() != c.want {
			t.Errorf("%s, %s: got %q, %v, want %q", c.worker, c.kind, p.Name(), err, c.want)
		}
	}
	s.Engagement.Department = "support"
	_, err := Choose([]Policy{interns}, s)
	if lastday.CodeOf(err) != lastday.CodeInvalid || !strings.Contains(err.Error(), `worker type "employee", department "support"`) {
		t.Errorf("no policy applies, got %v", err)
	}
}

func TestExamplesAreGoodPolicies(t *testing.T) {
	files, err := filepath.Glob("../examples/policies/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("found %v, %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(filepath.Base(file), text); err != nil {
			t.Error(err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{minimal, glide, "a: [1", "- x", "? {a: b}\n: c", "*a", "a: &a\n  b: *a", "\xff", "a: |\n  x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse("p.yaml", []byte(text))
		if err != nil {
			var all Mistakes
			if !errors.As(err, &all) || len(all) == 0 {
				t.Fatalf("no mistakes in %v", err)
			}
			return
		}
		if p.cut < 0 || p.stages[p.cut].ceiling != lastday.LevelNone {
			t.Fatal("a policy without an end was taken")
		}
		built := mustBuild(t, p, Input{Separation: separation(), Inventories: company(), Now: moment0()})
		if s, ok := built.Stage(p.stages[p.cut].name); !ok || !s.Cut {
			t.Fatal("the plan has no cut")
		}
	})
}

func FuzzResolve(f *testing.F) {
	f.Add(2026, 3, 29, 2, 30, "Europe/Berlin")
	f.Add(2011, 12, 30, 17, 0, "Pacific/Apia")
	f.Add(2026, 9, 6, 0, 0, "America/Santiago")
	f.Add(2026, 10, 25, 2, 0, "Europe/Berlin")
	f.Fuzz(func(t *testing.T, y, m, d, hour, minute int, zone string) {
		day, wall := lastday.Date{Year: y, Month: time.Month(m), Day: d}, lastday.WallTime{Hour: hour, Minute: minute}
		at, note, err := Resolve(day, wall, zone)
		if err != nil {
			return
		}
		loc, err := location(zone)
		if err != nil {
			t.Fatal(err)
		}
		local := at.In(loc)
		shows := lastday.DateOf(local) == day && local.Hour() == hour && local.Minute() == minute && local.Second() == 0
		if note == "" && !shows {
			t.Fatalf("%s is no %s %s in %s, and no note says so", local, day, wall, zone)
		}
	})
}
