package plan

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"lastday"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file of testdata; `go test ./plan -update` writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got); if it is meant: go test ./plan -update\n%s", name, diff)
	}
}

func goldenCases() map[string]Input {
	confidential := separation()
	confidential.Confidential = true
	odd := company()
	odd[0].Gaps = []lastday.Gap{{System: "github", Kind: "key", What: "deploy keys", Code: lastday.CodeDenied, Why: "our credential may not list them", Fix: "grant administration:read"}}
	odd[1].Match = lastday.Match{Verdict: lastday.FoundMany, Candidates: []lastday.Candidate{{Account: lastday.Account{ID: "u-9"}}, {Account: lastday.Account{ID: "u-8"}}}}
	odd[1].Grants = nil
	late := separation()
	late.EnteredAt = moment0().AddDate(0, 0, 13)
	return map[string]Input{
		"scheduled":    {Separation: separation(), Inventories: company(), Now: moment0()},
		"confidential": {Separation: confidential, Inventories: company(), Now: moment0()},
		"late":         {Separation: late, Inventories: company(), Now: late.EnteredAt},
		"troubled":     {Separation: separation(), Inventories: odd, Now: moment0(), Protected: Protected{People: []string{"p-1"}}},
		"cut_now":      {Separation: separation(), Inventories: company(), Now: moment0(), CutNow: true},
	}
}

func TestGoldenPlans(t *testing.T) {
	for name, in := range goldenCases() {
		t.Run(name, func(t *testing.T) {
			p := mustBuild(t, mustParse(t, glide), in)
			text, err := json.MarshalIndent(p, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".json", append(text, '\n'))
			golden(t, name+".txt", []byte(Text(p, TextOptions{})))
		})
	}
}

func TestGoldenStaircases(t *testing.T) {
	p := mustBuild(t, mustParse(t, glide), goldenCases()["scheduled"])
	golden(t, "staircase_planned.txt", []byte(Staircase(p, StairOptions{})))
	golden(t, "staircase_midway.txt", []byte(Staircase(p, StairOptions{
		Done: []string{"notice"}, Now: p.Stages[1].Moment.Instant,
		Actual: map[string][]Step{
			"github":    {{Stage: "notice", At: p.Stages[0].Moment.Instant, Level: lastday.LevelWrite, Proof: lastday.ProofObserved}},
			"directory": {{Stage: "notice", At: p.Stages[0].Moment.Instant, Level: lastday.LevelWrite, Proof: lastday.ProofAttested}},
		},
	})))
}

func TestTextKeepsToItsWidth(t *testing.T) {
	p := mustBuild(t, mustParse(t, glide), goldenCases()["troubled"])
	p.Notes = append(p.Notes, strings.Repeat("long ", 60))
	for _, width := range []int{60, 100, 140} {
		for _, out := range []string{Text(p, TextOptions{Width: width, Colour: true}), Staircase(p, StairOptions{Width: width, Colour: true})} {
			for line := range strings.Lines(out) {
				if n := visible(strings.TrimSuffix(line, "\n")); n > width {
					t.Errorf("%d columns in %d: %q", n, width, line)
				}
			}
		}
	}
}

func TestColourIsAskedFor(t *testing.T) {
	p := mustBuild(t, mustParse(t, glide), goldenCases()["scheduled"])
	if strings.Contains(Text(p, TextOptions{})+Staircase(p, StairOptions{}), "\x1b") {
		t.Error("colour without being asked")
	}
	if !strings.Contains(Text(p, TextOptions{Colour: true}), "\x1b[31m") {
		t.Error("no red for admin")
	}
}

func TestNamesFromFarSidesCannotWriteToTheTerminal(t *testing.T) {
	evil := grant("e\x1b[2J", "kind\x1b]0;x\a", "acme\x1b[2J\u202e\n\r\x00", "read", roles(), 1)
	via := evil
	via.Key, via.Via = "v", []string{"\x1b[31mteam"}
	inv := inventory("github", evil, via)
	inv.Gaps = []lastday.Gap{{Kind: "k", What: "w\x1b[1m", Why: "y\a"}}
	p := mustBuild(t, mustParse(t, glide), Input{Separation: separation(), Inventories: []lastday.Inventory{inv}, Now: moment0()})
	out := Text(p, TextOptions{}) + Staircase(p, StairOptions{})
	for _, r := range out {
		if r != '\n' && (r < ' ' || r == 0x7f || r == '\u202e') {
			t.Fatalf("%q is written: %q", r, out)
		}
	}
	if !utf8.ValidString(out) {
		t.Error("not UTF-8")
	}
}
