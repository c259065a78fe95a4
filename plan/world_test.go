package plan

import (
	"testing"
	"time"
	_ "time/tzdata"

	"lastday"
)

func roles() lastday.Ladder {
	return lastday.Ladder{
		{Name: "admin", Level: lastday.LevelAdmin},
		{Name: "maintain", Level: lastday.LevelWrite},
		{Name: "write", Level: lastday.LevelWrite},
		{Name: "read", Level: lastday.LevelRead},
	}
}

func members() lastday.Ladder {
	return lastday.Ladder{{Name: "owner", Level: lastday.LevelAdmin}, {Name: "member", Level: lastday.LevelSignIn}}
}

func tokens() lastday.Ladder {
	return lastday.Ladder{{Name: "active", Level: lastday.LevelWrite}}
}

// grant makes a grant that can be given back exactly.
func grant(key, kind, name, rung string, ladder lastday.Ladder, order int) lastday.Grant {
	return lastday.Grant{
		Key: key, Kind: kind, Rung: rung, Ladder: ladder, Order: order,
		Resource: lastday.Resource{ID: "r-" + key, Name: name, Labels: map[string]string{}},
		Restore:  lastday.Restore{Fidelity: lastday.RestoreExact},
	}
}

// inventory makes a complete inventory of one account.
func inventory(system string, grants ...lastday.Grant) lastday.Inventory {
	control := lastday.Control{Seen: true, Evidence: "read our own membership"}
	return lastday.Inventory{
		System: system, ReadAt: moment0(), Grants: grants, Control: control,
		Match: lastday.Match{
			Verdict: lastday.FoundOne, Control: control,
			Account: lastday.Account{System: system, ID: "u-1", Login: "kim"},
		},
		Health: lastday.Health{Identity: "lastday", AccountID: "u-own", Control: control},
	}
}

func moment0() time.Time { return time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC) }

func separation() lastday.Separation {
	return lastday.Separation{
		Source: "hr", Person: lastday.Person{Key: "p-1"},
		Engagement: lastday.Engagement{ID: "e-1", WorkerType: "contractor"},
		Kind:       lastday.SeparationScheduled,
		LastDay:    lastday.Date{Year: 2026, Month: time.December, Day: 18},
		Zone:       "Europe/Berlin",
		EnteredAt:  moment0(),
	}
}

func mustParse(t testing.TB, text string) Policy {
	t.Helper()
	p, err := Parse("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mustBuild(t fataler, p Policy, in Input) lastday.Plan {
	t.Helper()
	built, err := Build(p, in)
	if err != nil {
		t.Fatal(err)
	}
	return built
}

const glide = `
version: 1
name: contractor
for: person.workerType in ["contractor", "contingent"]
stages:
  - {name: notice, at: 14 days before, time: "09:00", ceiling: write}
  - {name: read only, at: 5 working days before, time: "09:00", ceiling: read}
  - {name: cut, at: last day, ceiling: none}
sensitive:
  - name: customer data
    when: resource.labels["data"] == "customer"
    stage: notice
    ceiling: none
    reason: nobody on notice needs customers' data
    silent: true
keep:
  - name: handover
    when: resource.name == "acme/handover"
    until: cut
    reason: writes the handover until the last hour
watch: [1h, 1d, 7d, 30d]
`

func company() []lastday.Inventory {
	customers := grant("repo:3", "repo_role", "acme/customers", "write", roles(), 20)
	customers.Resource.Labels["data"] = "customer"
	viaTeam := grant("repo:4", "repo_role", "acme/docs", "write", roles(), 20)
	viaTeam.Via = []string{"team writers"}
	return []lastday.Inventory{
		inventory("github",
			grant("org", "membership", "acme", "owner", members(), 30),
			grant("repo:1", "repo_role", "acme/web", "admin", roles(), 20),
			grant("repo:2", "repo_role", "acme/handover", "write", roles(), 20),
			customers, viaTeam,
			grant("token:1", "token", "laptop", "active", tokens(), 10)),
		inventory("directory", grant("login", "account", "kim", "active", tokens(), 10)),
	}
}

// fataler is what property tests and plain ones have in common.
type fataler interface {
	Helper()
	Fatal(args ...any)
}
