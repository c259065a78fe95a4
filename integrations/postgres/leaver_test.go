package postgres

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lastday"
	"lastday/integrations"
)

// account is the leaver's as Find gives it.
func acc(w *world) lastday.Account {
	return lastday.Account{System: "pg", ID: w.kim, Login: w.name("kim")}
}

// inventory lists the leaver's access, which must be seen whole.
func (w *world) inventory(d *driver) integrations.Page {
	w.t.Helper()
	page, err := d.List(w.t.Context(), acc(w), "")
	if err != nil || !page.Control.Seen {
		w.t.Fatalf("list: %v, control %+v", err, page.Control)
	}
	return page
}

// grantOf gives the only grant of a kind whose name holds a text.
func (w *world) grantOf(page integrations.Page, kind, name string) lastday.Grant {
	w.t.Helper()
	var found []lastday.Grant
	for _, g := range page.Grants {
		if g.Kind == kind && strings.Contains(g.Resource.Name, name) {
			found = append(found, g)
		}
	}
	if len(found) != 1 {
		w.t.Fatalf("%d grants of kind %s with %q, want one: %+v", len(found), kind, name, page.Grants)
	}
	return found[0]
}

// bring applies a change of the leaver's, and wants an outcome.
func (w *world) bring(d *driver, g lastday.Grant, to string, want lastday.Outcome) lastday.Receipt {
	w.t.Helper()
	c := lastday.NewChange("c-1", acc(w), g, to, "test")
	r, err := d.Apply(w.t.Context(), c)
	if err != nil || r.Outcome != want {
		w.t.Fatalf("%s %s to %s: outcome %q (%s), error %v; want %q", g.Kind, g.Resource.Name, to, r.Outcome, r.Note, err, want)
	}
	return r
}

// giveBack undoes a change.
func (w *world) giveBack(d *driver, g lastday.Grant, taken lastday.Receipt, want lastday.Outcome) lastday.Receipt {
	w.t.Helper()
	from := g
	from.Rung = lastday.None
	c := lastday.NewChange("c-1", acc(w), from, g.Rung, "restore")
	c.Grant, c.Undo = g, taken.Undo
	r, err := d.Apply(w.t.Context(), c)
	if err != nil || r.Outcome != want {
		w.t.Fatalf("give %s back: outcome %q (%s), error %v; want %q", g.Kind, r.Outcome, r.Note, err, want)
	}
	return r
}

// The leaver's own eyes: logs in before, works in an open session although the
// login is gone, until that is ended; logs in again when it is given back.
func TestTheLeaverIsOut(t *testing.T) {
	w := newWorld(t)
	w.furnish()
	d := w.driver()
	ctx := t.Context()
	open := w.mustConnect(w.name("kim"), kimsPassword, "acme")
	read := w.fill("select count(*) from {}.orders")
	if _, err := open.Exec(ctx, read); err != nil {
		t.Fatalf("before anything: %v", err)
	}
	page := w.inventory(d)
	login := w.grantOf(page, kindLogin, "")
	taken := w.bring(d, login, lastday.None, lastday.OutcomeApplied)

	if _, err := w.connect(w.name("kim"), kimsPassword, "acme"); err == nil || !strings.Contains(err.Error(), "28000") {
		t.Errorf("logs in without LOGIN: %v", err)
	}
	if _, err := open.Exec(ctx, read); err != nil {
		t.Errorf("PostgreSQL ended the open session by itself: %v", err)
	}
	w.bring(d, w.grantOf(page, kindSession, ""), lastday.None, lastday.OutcomeApplied)
	if _, err := open.Exec(ctx, read); err == nil {
		t.Error("the open session goes on")
	}
	w.giveBack(d, login, taken, lastday.OutcomeApplied)
	if _, err := w.connect(w.name("kim"), kimsPassword, "acme"); err != nil {
		t.Errorf("given back, and cannot log in: %v", err)
	}
}

func TestAPasswordOutOfItsTimeAndNoConnectionsKeepTheLeaverOut(t *testing.T) {
	for _, kind := range []string{kindPassword, kindLimit} {
		t.Run(kind, func(t *testing.T) {
			w := newWorld(t)
			d := w.driver()
			g := w.grantOf(w.inventory(d), kind, "")
			taken := w.bring(d, g, lastday.None, lastday.OutcomeApplied)
			if _, err := w.connect(w.name("kim"), kimsPassword, "acme"); err == nil {
				t.Error("logs in")
			}
			w.giveBack(d, g, taken, lastday.OutcomeApplied)
			if _, err := w.connect(w.name("kim"), kimsPassword, "acme"); err != nil {
				t.Errorf("given back, and cannot log in: %v", err)
			}
		})
	}
}

// Another session of the same role with the same process number would be
// another's: the time at which it began must be right.
func TestASessionIsKnownByItsBeginning(t *testing.T) {
	w := newWorld(t)
	d := w.driver()
	open := w.mustConnect(w.name("kim"), kimsPassword, "acme")
	g := w.grantOf(w.inventory(d), kindSession, "")
	g.Resource.ID += "1"
	w.bring(d, g, lastday.None, lastday.OutcomeAlready)
	if err := open.Ping(t.Context()); err != nil {
		t.Errorf("another session was ended: %v", err)
	}
}

func TestReceiptsPointToTheServersLog(t *testing.T) {
	w := newWorld(t)
	d := w.driver()
	r := w.bring(d, w.grantOf(w.inventory(d), kindAttribute, "CREATEDB"), lastday.None, lastday.OutcomeApplied)
	if len(r.Requests) != 1 || !strings.HasPrefix(r.Requests[0].ID, "backend ") || !strings.Contains(r.Requests[0].ID, ", transaction ") {
		t.Errorf("requests: %+v", r.Requests)
	}
	if strings.Contains(r.Requests[0].What, "kim") {
		t.Errorf("a request names somebody: %q", r.Requests[0].What)
	}
}

// The far side of a role with everything: a whole exit and the way back.
func TestAWholeExitAndBack(t *testing.T) {
	w := newWorld(t)
	w.furnish()
	d := w.driver()
	before := w.Snapshot()
	type done struct {
		grant   lastday.Grant
		receipt lastday.Receipt
	}
	var all []done
	for _, g := range w.inventory(d).Grants {
		all = append(all, done{g, w.bring(d, g, lastday.None, lastday.OutcomeApplied)})
	}
	if left := w.inventory(d).Grants; len(left) != 0 {
		t.Errorf("left: %+v", left)
	}
	if got := w.Access(w.kim); len(got) != 0 {
		t.Errorf("by PostgreSQL's own lists is left: %+v", got)
	}
	for _, x := range slices.Backward(all) {
		w.giveBack(d, x.grant, x.receipt, lastday.OutcomeApplied)
	}
	if diff := cmp.Diff(before, w.Snapshot()); diff != "" {
		t.Errorf("given back is not what it was (-before +after):\n%s", diff)
	}
}

func TestTakenStepByStepAndGivenBackStepByStep(t *testing.T) {
	w := newWorld(t)
	w.furnish()
	d := w.driver()
	before := w.Snapshot()
	orders := w.grantOf(w.inventory(d), kindPrivilege, "orders")
	first := w.bring(d, orders, rungRead, lastday.OutcomeApplied)
	reader := w.grantOf(w.inventory(d), kindPrivilege, "orders")
	second := w.bring(d, reader, lastday.None, lastday.OutcomeApplied)

	w.giveBack(d, reader, second, lastday.OutcomeApplied)
	up := lastday.NewChange("c-1", acc(w), reader, rungWrite, "restore")
	up.Grant, up.Undo = orders, first.Undo
	if r, err := d.Apply(t.Context(), up); err != nil || r.Outcome != lastday.OutcomeApplied {
		t.Fatalf("outcome %q, error %v", r.Outcome, err)
	}
	if diff := cmp.Diff(before, w.Snapshot()); diff != "" {
		t.Errorf("given back is not what it was (-before +after):\n%s", diff)
	}
}

func TestGivenOnIsNotTakenFromOthers(t *testing.T) {
	w := newWorld(t)
	w.furnish()
	w.do("create role {friend}", "grant usage on schema {} to {friend}", "set role {kim}; grant select on {}.vault to {friend}; grant {team} to {friend}; reset role")
	d := w.driver()
	page := w.inventory(d)
	r := w.bring(d, w.grantOf(page, kindPrivilege, "vault"), lastday.None, lastday.OutcomeRefused)
	if r.Note == "" {
		t.Error("why it is refused is not said")
	}
	if got := w.value("select has_table_privilege('{friend}'::regrole, '{}.vault', 'select')::text"); got != "true" {
		t.Error("somebody else lost what the leaver had given")
	}
	wants := []string{"SELECT on acme: table", "membership given by the role"}
	for _, want := range wants {
		if !hasResidue(page, want) {
			t.Errorf("residue %q is not told: %+v", want, page.Residue)
		}
	}
}

func hasResidue(page integrations.Page, text string) bool {
	for _, r := range page.Residue {
		if strings.Contains(r.What, text) && r.Why != "" && (r.Todo != "" || r.Harmless) {
			return true
		}
	}
	return false
}
