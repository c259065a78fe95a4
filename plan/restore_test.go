package plan

import (
	"strings"
	"testing"
	"time"

	"lastday"
)

// took is a change that we made and saw done.
func took(g lastday.Grant, to string) Taken {
	c := lastday.NewChange("c-1", inventory("github").Match.Account, g, to, "stage cut")
	return Taken{Change: c, Receipt: lastday.Receipt{
		Change: c.ID, Outcome: lastday.OutcomeApplied, Before: g.Rung, After: to, Proof: lastday.ProofObserved, DoneAt: moment0(),
	}}
}

func web(rung string) lastday.Grant { return grant("w", "repo_role", "acme/web", rung, roles(), 20) }

// steps is what we did to one grant, rung by rung.
func steps(rungs ...string) []Taken {
	var all []Taken
	for i := 1; i < len(rungs); i++ {
		all = append(all, took(web(rungs[i-1]), rungs[i]))
	}
	return all
}

func with(all []Taken, change func(*Taken)) []Taken {
	change(&all[len(all)-1])
	return all
}

func TestRestoreComparesBeforeOursAndNow(t *testing.T) {
	for _, c := range []struct {
		name  string
		taken []Taken
		now   lastday.Inventory
		want  string
	}{
		{"untouched since", steps("write", "none"), inventory("github"), "none > write"},
		{"several steps make one way back", steps("admin", "write", "read", "none"), inventory("github"), "none > admin"},
		{"lowered, not yet cut", steps("admin", "write"), inventory("github", web("write")), "write > admin"},
		{"back already", steps("write", "none"), inventory("github", web("write")), "back"},
		{"somebody gave something else", steps("write", "none"), inventory("github", web("read")), "drifted"},
		{"somebody gave more", steps("read", "none"), inventory("github", web("admin")), "drifted"},
		{"somebody took more", steps("admin", "write"), inventory("github"), "drifted"},
		{"gone before we came", with(steps("write", "none"), func(x *Taken) { x.Receipt.Outcome = lastday.OutcomeAlready }), inventory("github"), ""},
		{"refused to us", with(steps("write", "none"), func(x *Taken) { x.Receipt.Outcome = lastday.OutcomeRefused }), inventory("github"), ""},
		{"found lower than planned", with(steps("admin", "none"), func(x *Taken) { x.Receipt.Before = "read" }), inventory("github"), "none > read"},
		{"somebody lowered it between our steps", append(steps("admin", "write"), steps("read", "none")...), inventory("github"), "none > read, drifted"},
		{"gone for good", with(steps("write", "none"), func(x *Taken) { x.Change.Grant.Restore.Fidelity = lastday.RestoreNever }), inventory("github"), "cannot"},
		{"too late", with(steps("write", "none"), func(x *Taken) { x.Change.Grant.Restore.Within = time.Hour }), inventory("github"), "cannot"},
		{"in time", with(steps("write", "none"), func(x *Taken) { x.Change.Grant.Restore.Within = 48 * time.Hour }), inventory("github"), "none > write"},
		{"the person must accept", with(steps("write", "none"), func(x *Taken) { x.Change.Grant.Restore.Fidelity = lastday.RestoreConsent }), inventory("github"), "none > write, lossy"},
		{"accepted, and still there", with(steps("write", "none"), func(x *Taken) {
			x.Receipt.Outcome, x.Receipt.After, x.Receipt.Proof = lastday.OutcomeAccepted, "", lastday.ProofAcknowledged
		}), inventory("github", web("write")), "drifted"},
		{"done, but not shown yet, and gone now", with(steps("write", "none"), func(x *Taken) {
			x.Receipt.After, x.Receipt.Proof = "write", lastday.ProofAcknowledged
		}), inventory("github"), "none > write"},
		{"given back once and taken again", steps("write", "none", "write", "none"), inventory("github"), "none > write"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := Restore("c-1", c.taken, c.now, moment0().Add(24*time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			if got := said(r); got != c.want {
				t.Errorf("got %q, want %q: %+v", got, c.want, r)
			}
		})
	}
}

// said tells a Return in a few words.
func said(r Return) string {
	var all []string
	for _, c := range r.Changes {
		all = append(all, c.From+" > "+c.To)
	}
	if len(r.Back) > 0 {
		all = append(all, "back")
	}
	if len(r.Cannot) > 0 {
		all = append(all, "cannot")
	}
	if len(r.Drifted) > 0 {
		all = append(all, "drifted")
	}
	if len(r.Lossy) > 0 {
		all = append(all, "lossy")
	}
	return strings.Join(all, ", ")
}

func TestRestoreGivesBackMembershipBeforeWhatRestsOnIt(t *testing.T) {
	org := grant("org", "membership", "acme", "owner", members(), 30)
	taken := []Taken{took(org, "none"), took(tokenGrant(), "none"), took(web("read"), "none")}
	r, err := Restore("c-1", taken, inventory("github"), moment0())
	if err != nil {
		t.Fatal(err)
	}
	if r.Changes[0].Grant.Key != "org" || r.Changes[1].Grant.Key != "w" || r.Changes[2].Grant.Key != "t" {
		t.Errorf("order: %s, %s, %s", r.Changes[0].Grant.Key, r.Changes[1].Grant.Key, r.Changes[2].Grant.Key)
	}
}

func tokenGrant() lastday.Grant { return grant("t", "token", "laptop", "active", tokens(), 10) }

func TestRestoreHandsOverWhatTheReceiptsKept(t *testing.T) {
	taken := steps("write", "read", "none")
	taken[0].Receipt.Undo = map[string]string{"role": "write", "by": "first"}
	taken[1].Receipt.Undo = map[string]string{"role": "read", "more": "second"}
	r, err := Restore("c-1", taken, inventory("github"), moment0())
	if err != nil || len(r.Changes) != 1 {
		t.Fatal(err, r)
	}
	if u := r.Changes[0].Undo; u["role"] != "write" || u["by"] != "first" || u["more"] != "second" {
		t.Errorf("undo: %v", u)
	}
}

func TestRestoreDoesNotGuess(t *testing.T) {
	hidden := inventory("github")
	hidden.Gaps = []lastday.Gap{{Kind: "repo_role", What: "roles"}}
	if r, err := Restore("c-1", steps("write", "none"), hidden, moment0()); err != nil || said(r) != "drifted" {
		t.Errorf("what cannot be seen is given back: %v, %+v", err, r)
	}
	hidden.Gaps[0].Kind = "key"
	if r, err := Restore("c-1", steps("write", "none"), hidden, moment0()); err != nil || said(r) != "none > write" {
		t.Errorf("another kind's gap hinders: %v, %+v", err, r)
	}
	other := inventory("github")
	other.Match.Account.ID = "u-2"
	if r, err := Restore("c-1", steps("write", "none"), other, moment0()); err != nil || said(r) != "drifted" {
		t.Errorf("another account is given access: %v, %+v", err, r)
	}
	unproven := inventory("github")
	unproven.Control.Seen = false
	for name, now := range map[string]lastday.Inventory{"no control": unproven, "another system": inventory("wiki")} {
		if _, err := Restore("c-1", steps("write", "none"), now, moment0()); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
