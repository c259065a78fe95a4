package plan

import (
	"strings"
	"testing"
	"time"

	"lastday"
)

// ask builds the plan of the company and asks about GitHub at a stage.
func ask(t *testing.T, stage string, inv lastday.Inventory) Question {
	t.Helper()
	p := mustBuild(t, mustParse(t, glide), Input{Separation: separation(), Inventories: company(), Now: moment0()})
	s, ok := p.Stage(stage)
	if !ok {
		t.Fatalf("no stage %q", stage)
	}
	return Question{Case: p.Case, Separation: separation(), Stage: stage, Plan: p, Inventory: inv, Now: s.Moment.Instant}
}

func mustJudge(t fataler, p Policy, q Question) Judgement {
	t.Helper()
	j, err := Judge(p, q)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestVerdicts(t *testing.T) {
	managed := grant("m", "membership", "acme", "member", members(), 30)
	managed.ManagedBy = "the identity provider"
	blind := func(inv lastday.Inventory) lastday.Inventory {
		inv.Gaps = []lastday.Gap{{Kind: "key", What: "keys", Why: "no scope", Code: lastday.CodeDenied}}
		return inv
	}
	unproven := func(inv lastday.Inventory) lastday.Inventory {
		inv.Control = lastday.Control{}
		return inv
	}
	nobody := inventory("github")
	nobody.Match.Verdict, nobody.Match.Account = lastday.FoundNone, lastday.Account{}
	many := inventory("github", managed)
	many.Match.Verdict = lastday.FoundMany
	other := inventory("github", grant("org", "membership", "acme", "owner", members(), 30))
	other.Match.Account.ID = "u-2"
	unasked := inventory("github")
	unasked.Match = lastday.Match{}
	for _, c := range []struct {
		name string
		inv  lastday.Inventory
		want Verdict
	}{
		{"nothing is left", inventory("github"), Clean},
		{"no account is left, and we would have seen it", nobody, Clean},
		{"something is left", company()[0], Due},
		{"something is left, and not all is seen", blind(company()[0]), Due},
		{"nothing is seen, but not all could be", blind(inventory("github")), Blind},
		{"nothing is seen, and nothing shows that it could be", unproven(inventory("github")), Blind},
		{"nobody looked for the account", unasked, Blind},
		{"nobody knows whose account it is", many, Blind},
		{"it is another account than planned", other, Blind},
		{"what is left is managed elsewhere", inventory("github", managed), Stuck},
		{"managed elsewhere, and not all is seen", blind(inventory("github", managed)), Blind},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := mustJudge(t, mustParse(t, glide), ask(t, "cut", c.inv))
			if j.Verdict != c.want {
				t.Errorf("got %s, want %s: %+v", j.Verdict, c.want, j)
			}
			if (c.want == Due) != (len(j.Due) > 0) {
				t.Errorf("due: %+v", j.Due)
			}
			if c.want == Stuck && (len(j.Above) == 0 || len(j.Residue) == 0 || j.Residue[0].Todo == "") {
				t.Errorf("where to change it is not said: %+v", j)
			}
		})
	}
}

func TestJudgeAgreesWithThePlan(t *testing.T) {
	q := ask(t, "notice", company()[0])
	j := mustJudge(t, mustParse(t, glide), q)
	stage, _ := q.Plan.Stage("notice")
	want := map[string]bool{}
	for _, c := range stage.Changes {
		if c.Account.System == "github" {
			want[c.ID] = true
		}
	}
	for _, c := range j.Due {
		if !want[c.ID] {
			t.Errorf("%s is due and not planned", c.Grant.Key)
		}
		delete(want, c.ID)
	}
	if len(want) > 0 {
		t.Errorf("%d planned changes are not due", len(want))
	}
}

func TestJudgeSeesWhatCameBack(t *testing.T) {
	back := grant("new", "repo_role", "acme/new", "read", roles(), 20)
	back.Pending = true
	q := ask(t, "watch 7d", inventory("github", back))
	if j := mustJudge(t, mustParse(t, glide), q); j.Verdict != Due || j.Due[0].To != lastday.None {
		t.Errorf("got %+v", j)
	}
}

func TestJudgeKeepsWhatThePolicyKeeps(t *testing.T) {
	j := mustJudge(t, mustParse(t, glide), ask(t, "read only", inventory("github", grant("repo:2", "repo_role", "acme/handover", "write", roles(), 20))))
	if j.Verdict != Clean || len(j.Kept) != 1 {
		t.Errorf("got %+v", j)
	}
	raised := inventory("github", grant("repo:2", "repo_role", "acme/handover", "admin", roles(), 20))
	if j := mustJudge(t, mustParse(t, glide), ask(t, "read only", raised)); j.Verdict != Due || j.Due[0].To != "maintain" {
		t.Errorf("what was raised since is kept: %+v", j)
	}
}

func TestLoweringAGrantDoesNotMakeARuleHoldIt(t *testing.T) {
	text := strings.Replace(glide, `resource.name == "acme/handover"`, `rung == "maintain"`, 1)
	p := mustParse(t, text)
	admin := inventory("github", grant("repo:1", "repo_role", "acme/web", "admin", roles(), 20))
	built := mustBuild(t, p, Input{Separation: separation(), Inventories: []lastday.Inventory{admin}, Now: moment0()})
	lowered := inventory("github", grant("repo:1", "repo_role", "acme/web", "maintain", roles(), 20))
	stage, _ := built.Stage("read only")
	q := Question{Separation: separation(), Stage: "read only", Plan: built, Inventory: lowered, Now: stage.Moment.Instant}
	if j := mustJudge(t, p, q); j.Verdict != Due || j.Due[0].To != "read" {
		t.Errorf("got %+v", j)
	}
}

func TestAPersonsWordSettlesUnderTheCeilingOnly(t *testing.T) {
	managed := grant("m", "membership", "acme", "member", members(), 30)
	managed.ManagedBy = "the identity provider"
	for rung, want := range map[string]Verdict{lastday.None: Clean, "member": Stuck, "unheard of": Stuck} {
		q := ask(t, "cut", inventory("github", managed))
		q.Attested = map[string]string{"m": rung}
		j := mustJudge(t, mustParse(t, glide), q)
		if j.Verdict != want {
			t.Errorf("%s: got %s, want %s", rung, j.Verdict, want)
		}
		if len(j.Residue) != 1 {
			t.Errorf("%s: what is still seen is not told: %+v", rung, j.Residue)
		}
	}
}

func TestJudgeRefuses(t *testing.T) {
	for name, change := range map[string]func(*Question){
		"another policy's plan":   func(q *Question) { q.Plan.PolicyDigest = "x" },
		"another case's plan":     func(q *Question) { q.Case = "c-other" },
		"an unknown stage":        func(q *Question) { q.Stage = "nowhere" },
		"a stage before its time": func(q *Question) { q.Now = q.Now.Add(-time.Second) },
		"two grants with one key": func(q *Question) { q.Inventory.Grants = append(q.Inventory.Grants, q.Inventory.Grants[0]) },
	} {
		t.Run(name, func(t *testing.T) {
			q := ask(t, "cut", company()[0])
			change(&q)
			if _, err := Judge(mustParse(t, glide), q); lastday.CodeOf(err) != lastday.CodeInvalid {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestWhatWasRaisedSinceIsNotKeptThere(t *testing.T) {
	p := mustParse(t, strings.Replace(glide, "    until: cut\n", "    until: cut\n    admin: true\n", 1))
	built := mustBuild(t, p, Input{Separation: separation(), Inventories: company(), Now: moment0()})
	stage, _ := built.Stage("read only")
	raised := inventory("github", grant("repo:2", "repo_role", "acme/handover", "admin", roles(), 20))
	q := Question{Separation: separation(), Stage: "read only", Plan: built, Inventory: raised, Now: stage.Moment.Instant}
	if j := mustJudge(t, p, q); j.Verdict != Due || j.Due[0].To != "maintain" {
		t.Errorf("got %+v", j)
	}
}

func TestWhatIsSensitiveStaysSoWhenItIsLowered(t *testing.T) {
	p := mustParse(t, strings.Replace(glide, `resource.labels["data"] == "customer"`, `level == "admin"`, 1))
	web := grant("repo:1", "repo_role", "acme/web", "admin", roles(), 20)
	built := mustBuild(t, p, Input{Separation: separation(), Inventories: []lastday.Inventory{inventory("github", web)}, Now: moment0()})
	stage, _ := built.Stage("notice")
	web.Rung = "read"
	q := Question{Separation: separation(), Stage: "notice", Plan: built, Inventory: inventory("github", web), Now: stage.Moment.Instant}
	if j := mustJudge(t, p, q); j.Verdict != Due || j.Due[0].To != lastday.None {
		t.Errorf("got %+v", j)
	}
}
