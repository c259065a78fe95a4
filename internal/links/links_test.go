package links_test

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"lastday"
	"lastday/internal/links"
)

func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func open(t *testing.T) *links.Store {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "links.db"))
}

func openAt(t *testing.T, path string) *links.Store {
	t.Helper()
	s, err := links.OpenSQLite(t.Context(), path, noon)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func kim(id string, role links.Role) links.Link {
	return links.Link{Person: "p-kim", System: "code", ID: id, Login: "kim", Role: role, Evidence: "ticket 1"}
}

func add(t *testing.T, s *links.Store, l links.Link) {
	t.Helper()
	if err := s.Add(t.Context(), l, "ann", "found out"); err != nil {
		t.Fatal(err)
	}
}

func held(t *testing.T, s *links.Store, q links.Query) string {
	t.Helper()
	all, err := s.List(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	var text []string
	for _, l := range all {
		text = append(text, l.Person+" "+l.System+" "+l.ID+" "+string(l.Role))
	}
	return strings.Join(text, ", ")
}

func TestLinksAreKeptWithWhoAndWhy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "links.db")
	s := openAt(t, path)
	add(t, s, kim("8", links.RoleAdmin))
	add(t, s, kim("7", links.RolePrimary))
	add(t, s, kim("7", links.RolePrimary))
	if got := held(t, openAt(t, path), links.Query{Person: "p-kim"}); got != "p-kim code 7 primary, p-kim code 8 admin" {
		t.Errorf("held %q", got)
	}
	all, err := s.List(t.Context(), links.Query{ID: "7"})
	if err != nil || len(all) != 1 || all[0].By != "ann" || !all[0].At.Equal(noon()) || all[0].Evidence != "ticket 1" || all[0].Login != "kim" {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestEveryChangeIsKept(t *testing.T) {
	s := open(t)
	add(t, s, kim("7", links.RolePrimary))
	if err := s.Remove(t.Context(), links.Query{Person: "p-kim", System: "code", ID: "7"}, "bob", "was somebody else's"); err != nil {
		t.Fatal(err)
	}
	if got := held(t, s, links.Query{}); got != "" {
		t.Errorf("held %q", got)
	}
	history, err := s.History(t.Context(), links.Query{Person: "p-kim"})
	if err != nil || len(history) != 2 {
		t.Fatalf("%+v, %v", history, err)
	}
	if h := history[1]; h.Verb != "remove" || h.By != "bob" || h.Reason != "was somebody else's" || h.Link.By != "ann" || !h.Link.Until.Equal(noon()) {
		t.Errorf("history %+v", h)
	}
	if err := s.Remove(t.Context(), links.Query{Person: "p-kim", System: "code", ID: "7"}, "bob", "again"); lastday.CodeOf(err) != lastday.CodeNotFound {
		t.Errorf("removed twice: %v", err)
	}
}

func TestWhatContradictsTheTableIsRefused(t *testing.T) {
	s := open(t)
	add(t, s, kim("7", links.RolePrimary))
	lee := kim("7", links.RolePrimary)
	lee.Person = "p-lee"
	noEvidence := kim("9", links.RoleAdmin)
	noEvidence.Evidence = " "
	alias := kim("9", links.RoleAdmin)
	alias.System = "code+admin"
	for name, l := range map[string]links.Link{
		"another person's account": lee, "a second primary": kim("8", links.RolePrimary), "another role": kim("7", links.RoleAdmin),
		"no evidence": noEvidence, "no id": kim("", links.RoleAdmin), "no such role": kim("9", "boss"), "the name of a lane": alias,
	} {
		if err := s.Add(t.Context(), l, "ann", "why not"); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, who := range [][2]string{{"", "reason"}, {"ann", ""}} {
		if err := s.Add(t.Context(), kim("9", links.RoleAdmin), who[0], who[1]); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("by %q because %q: %v", who[0], who[1], err)
		}
	}
	if got := held(t, s, links.Query{}); got != "p-kim code 7 primary" {
		t.Errorf("held %q", got)
	}
}

func TestADecisionReplacesThePrimaryAccount(t *testing.T) {
	s := open(t)
	add(t, s, kim("7", links.RolePrimary))
	add(t, s, kim("8", links.RoleAdmin))
	if err := s.Settle(t.Context(), kim("8", links.RolePrimary), "bob", "looked at it"); err != nil {
		t.Fatal(err)
	}
	if got := held(t, s, links.Query{}); got != "p-kim code 8 primary" {
		t.Errorf("held %q", got)
	}
	if err := s.Settle(t.Context(), kim("8", links.RolePrimary), "bob", "again"); err != nil {
		t.Fatal(err)
	}
	if history, err := s.History(t.Context(), links.Query{}); err != nil || len(history) != 5 {
		t.Errorf("%d changes, %v", len(history), err)
	}
}

func TestTwoWhoAddAtOnceDoNotBothWin(t *testing.T) {
	path := filepath.Join(t.TempDir(), "links.db")
	stores := []*links.Store{openAt(t, path), openAt(t, path)}
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			l := kim("7", links.RolePrimary)
			l.Person = "p-" + string(rune('a'+i))
			errs[i] = stores[i%2].Add(t.Context(), l, "ann", "race")
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("trouble: %v", err)
		}
	}
	if won != 1 {
		t.Errorf("%d people own one account", won)
	}
}

const list = "person,system,id,role,evidence\np-kim,code,7,primary,ticket 1\np-kim,code,8,admin,ticket 2\np-lee,code,9,primary,ticket 3\n"

func TestAListIsImportedWholeOrNotAtAll(t *testing.T) {
	s := open(t)
	rows, err := links.ParseCSV(strings.NewReader(list))
	if err != nil {
		t.Fatal(err)
	}
	if wrong, err := s.Preview(t.Context(), rows); wrong != 0 || err != nil || held(t, s, links.Query{}) != "" {
		t.Errorf("%d wrong, %v, held %q", wrong, err, held(t, s, links.Query{}))
	}
	all := []links.Link{rows[0].Link, rows[1].Link, rows[2].Link}
	bad := rows[2].Link
	bad.ID = "7"
	if err := s.Import(t.Context(), append(all[:2:2], bad), "ann", "list"); err == nil || held(t, s, links.Query{}) != "" {
		t.Errorf("half a list was taken in: %v", err)
	}
	if err := s.Import(t.Context(), all, "ann", "list"); err != nil || !strings.Contains(held(t, s, links.Query{}), "p-lee code 9") {
		t.Errorf("%v, held %q", err, held(t, s, links.Query{}))
	}
	if wrong, err := s.Preview(t.Context(), rows); wrong != 0 || err != nil || rows[0].Result != "there already" {
		t.Errorf("%d wrong, %v: %+v", wrong, err, rows[0])
	}
}

func TestMistakesOfAListAreToldByLine(t *testing.T) {
	s := open(t)
	add(t, s, kim("7", links.RolePrimary))
	rows, err := links.ParseCSV(strings.NewReader("person,system,id,role,evidence\np-lee,code,7,primary,x\np-lee,code,8,boss,x\np-lee,code,9,primary,x\np-lee,code,10,primary,x\np-max,code,9,other,x\n"))
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := s.Preview(t.Context(), rows)
	if wrong != 4 || err != nil || rows[2].Wrong || rows[0].Line != 2 {
		t.Errorf("%d wrong, %v: %+v", wrong, err, rows)
	}
	for _, text := range []string{"", "person,system\n", "person,system,id,role,evidence\n\"p", "\xff"} {
		if _, err := links.ParseCSV(strings.NewReader(text)); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%q: %v", text, err)
		}
	}
}
