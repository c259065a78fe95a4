package plan

import (
	"strings"
	"testing"
	"time"

	"lastday"
)

// chainOf lists what happens to one grant: stage, from and to.
func chainOf(p lastday.Plan, key string) string {
	var steps []string
	for _, s := range p.Stages {
		for _, c := range s.Changes {
			if c.Grant.Key == key {
				steps = append(steps, s.Name+": "+c.From+" > "+c.To)
			}
		}
	}
	return strings.Join(steps, ", ")
}

func names(p lastday.Plan) string {
	var all []string
	for _, s := range p.Stages {
		all = append(all, s.Name)
	}
	return strings.Join(all, ", ")
}

func wantNote(t *testing.T, p lastday.Plan, text string) {
	t.Helper()
	if !strings.Contains(strings.Join(p.Notes, "\n"), text) {
		t.Errorf("no note says %q: %q", text, p.Notes)
	}
}

func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestEachGrantStepsDownInOneChain(t *testing.T) {
	p := mustBuild(t, mustParse(t, glide), Input{Separation: separation(), Inventories: company(), Now: moment0()})
	for key, want := range map[string]string{
		"org":     "notice: owner > member, cut: member > none",
		"repo:1":  "notice: admin > maintain, read only: maintain > read, cut: read > none",
		"repo:2":  "cut: write > none",
		"repo:3":  "notice: write > none",
		"repo:4":  "",
		"token:1": "read only: active > none",
	} {
		if got := chainOf(p, key); got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
	if len(p.Kept) != 1 || p.Kept[0].Grant != "repo:2" || p.Kept[0].Until != "cut" {
		t.Errorf("kept: %+v", p.Kept)
	}
	if len(p.Residue) != 1 || !strings.Contains(p.Residue[0].Todo, "team writers") {
		t.Errorf("the way in is not named: %+v", p.Residue)
	}
}

func TestAdminGoesFirstThenTheDriversOrder(t *testing.T) {
	in := Input{Separation: separation(), Inventories: company(), Now: moment0()}
	if got, want := keysOf(mustBuild(t, mustParse(t, glide), in).Stages[0]), "repo:1 org repo:3"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatClosesAnAccountGoesFirstWhereNothingMayBeLeft(t *testing.T) {
	in := Input{Separation: separation(), Inventories: company(), Now: moment0(), CutNow: true}
	if got, want := keysOf(mustBuild(t, mustParse(t, glide), in).Stages[0]), "login token:1 repo:1 repo:2 repo:3 org"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func keysOf(s lastday.Stage) string {
	keys := make([]string, 0, len(s.Changes))
	for _, c := range s.Changes {
		keys = append(keys, c.Grant.Key)
	}
	return strings.Join(keys, " ")
}

func TestLateNewsMergesWhatIsDue(t *testing.T) {
	s := separation()
	s.EnteredAt = instant(t, "2026-12-14T08:00:00Z")
	p := mustBuild(t, mustParse(t, glide), Input{Separation: s, Inventories: company(), Now: instant(t, "2026-12-14T09:00:00Z")})
	if got := names(p); !strings.HasPrefix(got, "read only, cut, watch 1h") {
		t.Errorf("stages: %s", got)
	}
	if got := chainOf(p, "repo:1"); got != "read only: admin > read, cut: read > none" {
		t.Errorf("chain: %s", got)
	}
	wantNote(t, p, `merged into stage "read only": "notice"`)
	wantNote(t, p, "HR entered the separation 10 d 0 h after its first stage was due")
}

func TestNewsAfterTheLastDayCutsAndWatchesFromNow(t *testing.T) {
	now := instant(t, "2026-12-28T09:00:00Z")
	p := mustBuild(t, mustParse(t, glide), Input{Separation: separation(), Inventories: company(), Now: now})
	if got := names(p); got != "cut, watch 1h, watch 1d, watch 7d, watch 30d" {
		t.Errorf("stages: %s", got)
	}
	if got := p.Stages[0].Moment.Instant; !got.Equal(instant(t, "2026-12-18T16:00:00Z")) {
		t.Errorf("the cut forgets when it was meant: %s", got)
	}
	if got := p.Stages[1].Moment.Instant; !got.Equal(now.Add(time.Hour)) {
		t.Errorf("watching begins before the cut is made: %s", got)
	}
}

func TestALastDayBeforeHREnteredItIsLateNotWrong(t *testing.T) {
	s := separation()
	s.LastDay = lastday.Date{Year: 2026, Month: 11, Day: 1}
	p := mustBuild(t, mustParse(t, glide), Input{Separation: s, Inventories: company(), Now: moment0()})
	wantNote(t, p, "late: HR entered")
}

func TestCutNowAndImmediateCutAtNow(t *testing.T) {
	immediate := separation()
	immediate.Kind, immediate.LastDay = lastday.SeparationImmediate, lastday.Date{}
	for name, in := range map[string]Input{
		"a person decided":  {Separation: separation(), CutNow: true},
		"HR said immediate": {Separation: immediate},
	} {
		t.Run(name, func(t *testing.T) {
			in.Inventories, in.Now = company(), moment0()
			p := mustBuild(t, mustParse(t, glide), in)
			if !p.Stages[0].Cut || !p.Cutoff.Instant.Equal(moment0()) || p.LastDay.IsZero() {
				t.Errorf("first stage %q at %s, last day %s", p.Stages[0].Name, p.Cutoff.Instant, p.LastDay)
			}
		})
	}
}

func TestACeilingThatWasReachedDoesNotRiseWhenTheDayMovesLater(t *testing.T) {
	s := separation()
	s.LastDay = lastday.Date{Year: 2027, Month: 3, Day: 31}
	now := instant(t, "2026-12-12T09:00:00Z")
	p := mustBuild(t, mustParse(t, glide), Input{Separation: s, Inventories: company(), Now: now, Reached: []string{"read only"}})
	first := p.Stages[0]
	if first.Name != "read only" || first.Ceiling != lastday.LevelRead || first.Moment.Instant.After(now) {
		t.Errorf("first stage: %+v", first)
	}
	if got := names(p); !strings.HasPrefix(got, "read only, cut, ") {
		t.Errorf("a stage before the reached one comes again: %s", got)
	}
	if got := chainOf(p, "repo:3"); got != "read only: write > none" {
		t.Errorf("the sensitive rule of the stage before was forgotten: %s", got)
	}
	cut, _ := p.Stage("cut")
	if !cut.Moment.Instant.After(now) {
		t.Errorf("the cut does not wait for the new day: %s", cut.Moment.Instant)
	}
	_, err := Build(mustParse(t, glide), Input{Separation: s, Now: now, Reached: []string{"gone"}})
	if lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("an unknown reached stage was taken: %v", err)
	}
}

func TestAfterTheCutOnlyTheLastDueWatchIsLeft(t *testing.T) {
	p := mustBuild(t, mustParse(t, glide), Input{
		Separation: separation(), Inventories: company(), Now: instant(t, "2026-12-26T00:00:00Z"), Reached: []string{"cut", "watch 1h"},
	})
	if got := names(p); got != "cut, watch 7d, watch 30d" {
		t.Errorf("stages: %s", got)
	}
}

func TestConfidentialChangesNothingVisibleBeforeTheCut(t *testing.T) {
	s := separation()
	s.Confidential = true
	in := Input{Separation: s, Inventories: company(), Now: moment0()}
	p := mustBuild(t, mustParse(t, glide), in)
	for _, st := range p.Stages {
		for _, c := range st.Changes {
			if !st.Cut && c.Grant.Key != "repo:3" {
				t.Errorf("%s is changed at %s", c.Grant.Key, st.Name)
			}
		}
	}
	if got := chainOf(p, "repo:3"); got != "notice: write > none" {
		t.Errorf("the silent rule: %s", got)
	}
	open := mustBuild(t, mustParse(t, glide+"confidential: all stages\n"), in)
	if got := chainOf(open, "org"); got != "notice: owner > member, cut: member > none" {
		t.Errorf("all stages: %s", got)
	}
}

func TestGuards(t *testing.T) {
	owner := grant("org", "membership", "acme", "owner", members(), 30)
	owner.Resource.Labels["owners"] = "2"
	marked := grant("org", "membership", "acme", "owner", members(), 30)
	marked.Details = map[string]string{"last_owner": "true"}
	two := inventory("github", owner)
	two.Match.Verdict, two.Match.Account = lastday.FoundMany, lastday.Account{}
	own := inventory("github", owner)
	own.Health.AccountID = "u-1"
	for _, c := range []struct {
		name      string
		in        Input
		guard     string
		approvals int
		changes   int
	}{
		{"protected person", Input{Inventories: company(), Protected: Protected{People: []string{"p-1"}}}, "protected_person", 2, 9},
		{"protected account", Input{Inventories: company(), Protected: Protected{Accounts: map[string][]string{"github": {"u-1"}}}}, "protected_account", 2, 9},
		{"the same id elsewhere is another account", Input{Inventories: company(), Protected: Protected{Accounts: map[string][]string{"wiki": {"u-1"}}}}, "", 0, 9},
		{"our own credential", Input{Inventories: []lastday.Inventory{own}}, "own_credential", 0, 0},
		{"ambiguous identity", Input{Inventories: []lastday.Inventory{two}}, "ambiguous_identity", 0, 0},
		{"one of two owners", Input{Inventories: []lastday.Inventory{inventory("github", owner)}}, "", 0, 2},
		{"too few owners left", Input{Inventories: []lastday.Inventory{inventory("github", owner)}, MinOwners: 2}, "last_owner", 0, 0},
		{"the last owner", Input{Inventories: []lastday.Inventory{inventory("github", marked)}}, "last_owner", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.in.Separation, c.in.Now = separation(), moment0()
			p := mustBuild(t, mustParse(t, glide), c.in)
			if p.Changes() != c.changes {
				t.Errorf("%d changes, want %d", p.Changes(), c.changes)
			}
			if c.guard == "" {
				if len(p.Guards) != 0 {
					t.Errorf("guards: %+v", p.Guards)
				}
				return
			}
			if len(p.Guards) != 1 || p.Guards[0].Name != c.guard || p.Guards[0].Approvals != c.approvals {
				t.Errorf("guards: %+v", p.Guards)
			}
			if c.approvals == 0 && len(p.Residue) == 0 {
				t.Error("what is left out is not named")
			}
		})
	}
}

func TestWhatIsNotKnownIsFeared(t *testing.T) {
	odd := grant("odd", "repo_role", "acme/odd", "superuser", roles(), 20)
	p := mustBuild(t, mustParse(t, glide), Input{Separation: separation(), Inventories: []lastday.Inventory{inventory("github", odd)}, Now: moment0()})
	if got := chainOf(p, "odd"); got != "notice: superuser > maintain, read only: maintain > read, cut: read > none" {
		t.Errorf("chain: %s", got)
	}
	unlabelled := strings.Replace(glide, `resource.labels["data"] == "customer"`, `resource.labels["data"] != "public"`, 1)
	p = mustBuild(t, mustParse(t, unlabelled), Input{Separation: separation(), Inventories: []lastday.Inventory{inventory("github", odd)}, Now: moment0()})
	if got := chainOf(p, "odd"); got != "notice: superuser > none" {
		t.Errorf("a missing label escapes a rule: %s", got)
	}
}

func TestKeepNeverHoldsAdminUnlessItSaysSo(t *testing.T) {
	admin := grant("h", "repo_role", "acme/handover", "admin", roles(), 20)
	in := Input{Separation: separation(), Inventories: []lastday.Inventory{inventory("github", admin)}, Now: moment0()}
	if got := chainOf(mustBuild(t, mustParse(t, glide), in), "h"); got != "notice: admin > maintain, cut: maintain > none" {
		t.Errorf("chain: %s", got)
	}
	said := strings.Replace(glide, "    until: cut\n", "    until: cut\n    admin: true\n", 1)
	if got := chainOf(mustBuild(t, mustParse(t, said), in), "h"); got != "cut: admin > none" {
		t.Errorf("chain: %s", got)
	}
}

func TestGapsAreToldAndAcceptedOnesAreNotes(t *testing.T) {
	inv := inventory("github")
	inv.Gaps = []lastday.Gap{{System: "github", Kind: "key", What: "keys", Code: lastday.CodeDenied, Why: "no scope"}}
	in := Input{Separation: separation(), Inventories: []lastday.Inventory{inv}, Now: moment0()}
	p := mustBuild(t, mustParse(t, glide), in)
	if len(p.Gaps) != 1 || p.Systems[0].Complete {
		t.Errorf("gaps %+v, complete %v", p.Gaps, p.Systems[0].Complete)
	}
	p = mustBuild(t, mustParse(t, glide+"accept_gaps: [{system: github, kind: key, reason: rotated weekly}]\n"), in)
	if len(p.Gaps) != 0 || !p.Systems[0].Complete {
		t.Errorf("gaps %+v, complete %v", p.Gaps, p.Systems[0].Complete)
	}
	wantNote(t, p, "rotated weekly")
	in.Inventories[0].Gaps[0].Kind = ""
	p = mustBuild(t, mustParse(t, glide+"accept_gaps: [{system: github, kind: key, reason: rotated weekly}]\n"), in)
	if len(p.Gaps) != 1 {
		t.Error("a gap that hides everything was accepted by an entry for one kind")
	}
}

func TestBuildRefuses(t *testing.T) {
	for name, change := range map[string]func(*Input){
		"a rescinded separation": func(in *Input) { in.Separation.Rescinded = true },
		"no zone anywhere":       func(in *Input) { in.Separation.Zone = "" },
		"an unknown zone":        func(in *Input) { in.Separation.Zone = "Mars/Phobos" },
		"no last day":            func(in *Input) { in.Separation.LastDay = lastday.Date{} },
		"no time":                func(in *Input) { in.Now = time.Time{} },
		"one system read twice":  func(in *Input) { in.Inventories = append(in.Inventories, inventory("github")) },
		"two grants with one key": func(in *Input) {
			in.Inventories[0].Grants = append(in.Inventories[0].Grants, in.Inventories[0].Grants[0])
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := Input{Separation: separation(), Inventories: company(), Now: moment0()}
			change(&in)
			if _, err := Build(mustParse(t, glide), in); lastday.CodeOf(err) != lastday.CodeInvalid {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestThePolicysZoneAndHRsCutoff(t *testing.T) {
	s := separation()
	s.Zone, s.Cutoff = "", &lastday.WallTime{Hour: 12}
	p := mustBuild(t, mustParse(t, glide+"zone: Asia/Tokyo\n"), Input{Separation: s, Now: moment0()})
	if got := p.Cutoff.Instant; !got.Equal(instant(t, "2026-12-18T03:00:00Z")) {
		t.Errorf("cut at %s", got)
	}
	wantNote(t, p, "HR names no zone")
	wantNote(t, p, `sensitive rule "customer data" matches nothing`)
}

func TestASensitiveRuleBeginsAtItsStage(t *testing.T) {
	later := strings.Replace(glide, "stage: notice\n", "stage: read only\n", 1)
	p := mustBuild(t, mustParse(t, later), Input{Separation: separation(), Inventories: company(), Now: moment0()})
	if got := chainOf(p, "repo:3"); got != "read only: write > none" {
		t.Errorf("chain: %s", got)
	}
}
