package plan

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lastday"
)

// drawInventories makes up what somebody holds: any rung of any ladder, by way
// of others or managed elsewhere, labelled or not.
func drawInventories(t *rapid.T) []lastday.Inventory {
	var all []lastday.Inventory
	for s := range rapid.IntRange(1, 3).Draw(t, "systems") {
		inv := inventory(fmt.Sprintf("system%d", s))
		for i := range rapid.IntRange(0, 8).Draw(t, "grants") {
			inv.Grants = append(inv.Grants, drawGrant(t, i))
		}
		all = append(all, inv)
	}
	return all
}

func drawGrant(t *rapid.T, i int) lastday.Grant {
	ladders := []lastday.Ladder{roles(), members(), tokens()}
	ladder := rapid.SampledFrom(ladders).Draw(t, "ladder")
	rung := rapid.SampledFrom(append(slices.Clone(ladder), lastday.Rung{Name: lastday.None})).Draw(t, "rung").Name
	name := rapid.SampledFrom([]string{"acme/web", "acme/handover", "acme/docs"}).Draw(t, "name")
	g := grant(fmt.Sprintf("k%d", i), rapid.SampledFrom([]string{"role", "token"}).Draw(t, "kind"), name, rung, ladder, rapid.IntRange(0, 2).Draw(t, "order"))
	if rapid.Bool().Draw(t, "customer") {
		g.Resource.Labels["data"] = "customer"
	}
	switch rapid.IntRange(0, 9).Draw(t, "way in") {
	case 0:
		g.Via = []string{"a team"}
	case 1:
		g.ManagedBy = "the identity provider"
	case 2:
		g.Pending = true
	case 3:
		g.Details = map[string]string{"last_owner": "true"}
	}
	return g
}

func drawInput(t *rapid.T) Input {
	s := separation()
	s.Zone = rapid.SampledFrom([]string{"Europe/Berlin", "Pacific/Kiritimati", "America/Santiago"}).Draw(t, "zone")
	s.LastDay = s.LastDay.AddDays(rapid.IntRange(-40, 40).Draw(t, "last day"))
	s.Confidential = rapid.Bool().Draw(t, "confidential")
	s.Kind = rapid.SampledFrom([]lastday.SeparationKind{lastday.SeparationScheduled, lastday.SeparationImmediate}).Draw(t, "kind")
	reached := [][]string{nil, {"notice"}, {"read only"}, {"cut"}, {"cut", "watch 1h"}}
	return Input{
		Separation: s, Inventories: drawInventories(t), CutNow: rapid.Bool().Draw(t, "cut now"),
		Now:     moment0().Add(time.Duration(rapid.IntRange(0, 60*24).Draw(t, "hours")) * time.Hour),
		Reached: rapid.SampledFrom(reached).Draw(t, "reached"),
	}
}

func TestACeilingNeverRisesAndTimeGoesOn(t *testing.T) {
	policy := mustParse(t, glide)
	rapid.Check(t, func(t *rapid.T) {
		p := mustBuild(t, policy, drawInput(t))
		for i, s := range p.Stages {
			if i > 0 && s.Ceiling > p.Stages[i-1].Ceiling {
				t.Fatalf("the ceiling rises at %s", s.Name)
			}
			if i > 0 && s.Moment.Instant.Before(p.Stages[i-1].Moment.Instant) {
				t.Fatalf("%s comes before %s", s.Name, p.Stages[i-1].Name)
			}
			for _, c := range s.Changes {
				if down, err := c.Down(); err != nil || !down {
					t.Fatalf("%s at %s does not go down: %v", c.Grant.Key, s.Name, err)
				}
			}
		}
	})
}

func TestAGlideCeilingNeverRisesForAnyGrant(t *testing.T) {
	policy := mustParse(t, glide)
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		j, err := travel(policy, in)
		if err != nil {
			t.Fatal(err)
		}
		g := drawGrant(t, 0)
		m, err := j.match("system0", g, g)
		if err != nil {
			t.Fatal(err)
		}
		last := lastday.LevelAdmin
		for _, l := range j.legs {
			now := j.limit(l.index, l.stage.Ceiling, m).level
			if now > last {
				t.Fatalf("the ceiling of %s rises at %s from %s to %s", g.Resource.Name, l.stage.Name, last, now)
			}
			last = now
		}
		if last != lastday.LevelNone {
			t.Fatalf("the way ends at %s", last)
		}
	})
}

func TestNothingIsEarlierThanItsTime(t *testing.T) {
	policy := mustParse(t, glide)
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		in.CutNow, in.Reached, in.Separation.Kind = false, nil, lastday.SeparationScheduled
		p := mustBuild(t, policy, in)
		for _, s := range p.Stages {
			i := slices.IndexFunc(policy.stages, func(x stage) bool { return x.name == s.Name })
			if i < 0 {
				continue
			}
			wall := policy.stages[i].time
			meant, _, err := Resolve(policy.stages[i].at.from(in.Separation.LastDay, policy.calendar), wall, in.Separation.Zone)
			if err != nil || s.Moment.Instant.Before(meant) {
				t.Fatalf("%s at %s, meant %s, %v", s.Name, s.Moment.Instant, meant, err)
			}
		}
	})
}

func TestOrderAndDigestDoNotDependOnTheOrderOfReading(t *testing.T) {
	policy := mustParse(t, glide)
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		want := mustBuild(t, policy, in)
		shuffle := rand.New(rand.NewSource(rapid.Int64().Draw(t, "seed")))
		in.Inventories = slices.Clone(in.Inventories)
		for i := range in.Inventories {
			in.Inventories[i].Grants = slices.Clone(in.Inventories[i].Grants)
			g := in.Inventories[i].Grants
			shuffle.Shuffle(len(g), func(a, b int) { g[a], g[b] = g[b], g[a] })
			in.Inventories[i].ReadAt = in.Inventories[i].ReadAt.Add(time.Hour)
		}
		shuffle.Shuffle(len(in.Inventories), func(a, b int) {
			in.Inventories[a], in.Inventories[b] = in.Inventories[b], in.Inventories[a]
		})
		if got := mustBuild(t, policy, in); got.Digest != want.Digest {
			t.Fatalf("digests differ:\n%s\n%s", Text(want, TextOptions{}), Text(got, TextOptions{}))
		}
	})
}

func TestEveryGrantGoesToNoneByTheCutOrIsNamed(t *testing.T) {
	policy := mustParse(t, glide)
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		p := mustBuild(t, policy, in)
		ends, ids := map[string]string{}, map[string]bool{}
		for _, s := range p.Stages {
			for _, c := range s.Changes {
				key := c.Account.System + " " + c.Grant.Key
				if at, begun := ends[key]; begun && at != c.From {
					t.Fatalf("the chain of %s breaks: at %s, from %s", key, at, c.From)
				}
				if ids[c.ID] {
					t.Fatalf("%s is planned twice", c.ID)
				}
				ends[key], ids[c.ID] = c.To, true
			}
			if s.Watch && len(s.Changes) > 0 {
				t.Fatalf("%s plans changes", s.Name)
			}
		}
		for _, inv := range in.Inventories {
			left := 0
			for _, g := range inv.Grants {
				end, begun := ends[inv.System+" "+g.Key]
				switch free := hindrance(inv, g, 1) == nil; {
				case g.Level() == lastday.LevelNone, !free:
					if begun {
						t.Fatalf("%s is changed", g.Key)
					}
				case end != lastday.None:
					t.Fatalf("%s ends at %q", g.Key, end)
				}
				if g.Level() > lastday.LevelNone && hindrance(inv, g, 1) != nil {
					left++
				}
			}
			named := 0
			for _, r := range p.Residue {
				if r.System == inv.System {
					named++
				}
			}
			if named != left {
				t.Fatalf("%s: %d grants stay, %d are named", inv.System, left, named)
			}
		}
	})
}

// do makes changes in an inventory as a far side that obeys would.
func do(inv lastday.Inventory, due []lastday.Change) lastday.Inventory {
	to := map[string]string{}
	for _, c := range due {
		to[c.Grant.Key] = c.To
	}
	var left []lastday.Grant
	for _, g := range inv.Grants {
		if rung, ok := to[g.Key]; ok {
			g.Rung = rung
		}
		if g.Rung != lastday.None {
			left = append(left, g)
		}
	}
	inv.Grants = left
	return inv
}

func TestAfterDoingWhatIsDueNothingIsDue(t *testing.T) {
	policy := mustParse(t, glide)
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		p := mustBuild(t, policy, in)
		for _, inv := range in.Inventories {
			for _, s := range p.Stages {
				now := s.Moment.Instant
				if now.Before(in.Now) {
					now = in.Now
				}
				q := Question{Separation: in.Separation, Stage: s.Name, Plan: p, Inventory: inv, Now: now}
				before := mustJudge(t, policy, q)
				if want := planned(s, inv.System); !slices.Equal(idsOf(before.Due), want) {
					t.Fatalf("%s: due %v, planned %v", s.Name, idsOf(before.Due), want)
				}
				inv = do(inv, before.Due)
				q.Inventory = inv
				after := mustJudge(t, policy, q)
				want := Clean
				if len(after.Above) > 0 {
					want = Stuck
				}
				if after.Verdict != want || len(after.Due) > 0 {
					t.Fatalf("%s: %s with %d due", s.Name, after.Verdict, len(after.Due))
				}
			}
		}
	})
}

func idsOf(all []lastday.Change) []string {
	var ids []string
	for _, c := range all {
		ids = append(ids, c.ID)
	}
	return ids
}

func planned(s lastday.Stage, system string) []string {
	var ids []string
	for _, c := range s.Changes {
		if c.Account.System == system {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

func TestRestoringWhatWasTakenGivesBackTheSame(t *testing.T) {
	policy := mustParse(t, glide)
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		p := mustBuild(t, policy, in)
		for _, inv := range in.Inventories {
			now, was := inv, map[string]string{}
			for _, g := range inv.Grants {
				was[g.Key] = g.Rung
			}
			var taken []Taken
			for _, s := range p.Stages[:rapid.IntRange(0, len(p.Stages)).Draw(t, "stages done")] {
				var here []lastday.Change
				for _, c := range s.Changes {
					if c.Account.System == inv.System {
						here = append(here, c)
						taken = append(taken, Taken{c, lastday.Receipt{Outcome: lastday.OutcomeApplied, Before: c.From, After: c.To, Proof: lastday.ProofObserved}})
					}
				}
				now = do(now, here)
			}
			back, err := Restore(in.Case, taken, now, in.Now)
			if err != nil || len(back.Cannot)+len(back.Drifted)+len(back.Lossy) > 0 {
				t.Fatalf("%v, %+v", err, back)
			}
			checkBack(t, now, back, was)
			again, err := Restore(in.Case, taken, inv, in.Now)
			if err != nil || len(again.Changes) > 0 {
				t.Fatalf("what is back is given again: %v, %+v", err, again)
			}
		}
	})
}

func checkBack(t *rapid.T, now lastday.Inventory, back Return, was map[string]string) {
	is := map[string]string{}
	for _, g := range now.Grants {
		is[g.Key] = g.Rung
	}
	for _, c := range back.Changes {
		if at, ok := is[c.Grant.Key]; (ok && at != c.From) || (!ok && c.From != lastday.None) {
			t.Fatalf("%s is given back from %s but stands at %s", c.Grant.Key, c.From, at)
		}
		is[c.Grant.Key] = c.To
	}
	for key, rung := range was {
		if got := is[key]; got != rung && !(got == "" && rung == lastday.None) {
			t.Fatalf("%s stands at %q, was at %q", key, got, rung)
		}
	}
}
