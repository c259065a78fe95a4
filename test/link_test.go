package test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"lastday"
	"lastday/internal/links"
)

func TestASecondAccountThatIsLinkedGoesWithTheFirst(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{})
	second := h.far.AddUser("qz-admin", "", "")
	h.org.AddMember(second, "owner")
	h.startWorker()
	id := fmt.Sprint(second.ID())
	h.lastday(2, "link", "add", "--person", h.person.Key)
	h.lastday(0, "link", "add", "--person", h.person.Key, "--system", systemName, "--id", id, "--role", "admin", "--evidence", "ticket 12", "--reason", "told by IT")
	h.lastday(1, "link", "add", "--person", "p-9", "--system", systemName, "--id", id, "--role", "admin", "--evidence", "x", "--reason", "a mistake")
	out, _ := h.lastday(0, "plan", "--person", h.person.Key, "--immediate", "--link", systemName+"="+h.accountID(), "--zone", "Europe/Berlin")
	h.says(out, systemName+"+admin")

	h.leaves()
	ctx, done := context.WithCancel(t.Context())
	defer done()
	go h.answer(ctx)
	result, err := h.result(80 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if left := append(h.far.Access(h.leaver.ID()), h.far.Access(second.ID())...); len(left) > 0 {
		t.Errorf("the leaver still has %v", left)
	}
	if len(result.Lanes) != 2 || result.Lanes[1].System != systemName+"+admin" || result.Lanes[1].Account.ID != id || result.Lanes[1].Highest != lastday.LevelNone {
		t.Errorf("lanes %+v", result.Lanes)
	}
	out, _ = h.lastday(0, "status", h.caseID())
	h.says(out, systemName+"+admin")
}

func TestLinksAreKeptWithTheCommand(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{dial: "127.0.0.1:1"})
	account := []string{"--person", "p-1", "--system", systemName, "--id", h.accountID()}
	h.lastday(0, append([]string{"link", "add", "--evidence", "HR file", "--reason", "joined"}, account...)...)
	h.lastday(2, append([]string{"link", "remove"}, account...)...)
	h.lastday(1, "link", "add", "--person", "p-1", "--system", "nowhere", "--id", "1", "--evidence", "x", "--reason", "x")
	out, _ := h.lastday(0, "link", "list", "--person", "p-1")
	h.says(out, h.accountID(), "primary", "HR file", "ann")
	h.lastday(0, append([]string{"link", "remove", "--reason", "wrong person"}, account...)...)
	out, _ = h.lastday(0, "link", "list", "--history")
	h.says(out, "joined", "wrong person", "remove")

	file := h.put("links.csv", "person,system,id,role,evidence\np-1,code,"+h.accountID()+",primary,list\n")
	out, _ = h.lastday(0, "link", "import", file)
	h.says(out, "new", "nothing was changed")
	if held := h.held(); len(held) != 0 {
		t.Errorf("a dry run added %+v", held)
	}
	h.lastday(2, "link", "import", file, "--apply")
	h.lastday(0, "link", "import", file, "--apply", "--reason", "the yearly list")
	if held := h.held(); len(held) != 1 || held[0].By != "ann" {
		t.Errorf("held %+v", held)
	}
	bad := h.put("bad.csv", "person,system,id,role,evidence\np-2,code,5,primary,list\np-2,code,"+h.accountID()+",primary,list\n")
	out, _ = h.lastday(1, "link", "import", bad, "--apply", "--reason", "x")
	h.says(out, "another person")

	out, _ = h.lastday(0, "link", "find", "p-1", "--email", leaverEmail)
	h.says(out, systemName, "TABLE SAYS")
	if len(h.writes()) != 0 {
		t.Error("links changed a system")
	}
}

func (h *house) held() []links.Link {
	h.t.Helper()
	out, _ := h.lastday(0, "--json", "link", "list")
	var all []links.Link
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		h.t.Fatal(err)
	}
	return all
}
