package test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lastday"
	"lastday/workflows"
)

// giveBack lets somebody give the leaver a way in again, behind lastday's back.
func (h *house) giveBack() {
	h.t.Helper()
	h.org.AddMember(h.leaver, "member")
}

// sweptFor is what `lastday --json sweep` prints of one system.
type sweptFor struct {
	workflows.SweepResult
	Enabled []struct {
		System, Account, Person string
		Level                   lastday.Level
		Control                 lastday.Control
	} `json:"enabled"`
}

func (h *house) sweep(want int, args ...string) sweptFor {
	h.t.Helper()
	out, _ := h.lastday(want, append([]string{"--json", "sweep"}, args...)...)
	var r sweptFor
	if err := json.Unmarshal([]byte(out), &r); err != nil || len(r.Systems) != 1 {
		h.t.Fatalf("%v: %s", err, out)
	}
	return r
}

func TestASweepFindsAccessThatCameBackAfterTheCaseWasClosed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{})
	h.startWorker()
	h.leaves()
	h.ends()
	if r := h.sweep(0); r.Leavers != 1 || r.Systems[0].Clean != 1 || len(r.Enabled) != 0 {
		t.Errorf("after the case: %+v", r.SweepResult)
	}
	h.giveBack()
	writes := len(h.writes())

	r := h.sweep(1)
	if r.Systems[0].Found != 1 || len(r.Enabled) != 1 || r.Enabled[0].Account != h.accountID() || r.Enabled[0].Person != h.person.Key || !r.Enabled[0].Control.Seen {
		t.Errorf("what came back was not found: %+v", r)
	}
	table := filepath.Join(h.dir, "found.csv")
	out, trouble := h.lastday(1, "sweep", "--csv", table)
	h.says(out, "SHOULD NOT EXIST", h.accountID())
	h.says(trouble, "1 still have access")
	if text, err := os.ReadFile(table); err != nil || !strings.Contains(string(text), "still there,"+systemName+","+h.person.Key) {
		t.Errorf("%v: %s", err, text)
	}
	if len(h.writes()) != writes {
		t.Error("a sweep changed something")
	}

	h.scheduled()
	h.lastday(1, "sweep", "--open-cases")
	eventually(t, answerWithin, "the case that a sweep opened", func() bool { return len(h.far.Access(h.leaver.ID())) == 0 })
}

// scheduled lets Temporal do the same, and holds it to telling people.
func (h *house) scheduled() {
	h.t.Helper()
	h.lastday(2, "sweep", "schedule", "create")
	h.lastday(1, "sweep", "schedule", "show")
	h.lastday(0, "sweep", "schedule", "create", "--every", "24h")
	h.lastday(1, "sweep", "schedule", "create", "--cron", "0 3 * * *")
	h.lastday(0, "sweep", "schedule", "run")
	eventually(h.t, answerWithin, "the scheduled sweep to tell", func() bool {
		text, err := os.ReadFile(filepath.Join(h.dir, "notices.jsonl"))
		return err == nil && strings.Contains(string(text), "sweep for 1 people who left: code: 1 still have access")
	})
	out, _ := h.lastday(0, "sweep", "schedule", "show")
	h.says(out, "next", "last", "SHOULD NOT EXIST", h.accountID())
	h.lastday(0, "sweep", "schedule", "pause")
	out, _ = h.lastday(0, "sweep", "schedule", "show")
	h.says(out, "PAUSED: paused by ann")
	h.lastday(0, "sweep", "schedule", "resume")
	h.lastday(0, "sweep", "schedule", "delete")
	h.lastday(1, "sweep", "schedule", "show")
}

func TestASweepOfAListNeedsNoTemporalAndLooksForNobodyWhoIsStillThere(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{dial: "127.0.0.1:1"})
	head := "person_id,engagement_id,what,worker_type,last_day,time_zone,email\n"
	row := func(person string, day int) string {
		return fmt.Sprintf("%s,ctr-%s,scheduled,contractor,%s,Europe/Berlin,%s@northwind.example\n", person, person, inDays(day), person)
	}
	list := h.put("left.csv", head+row("p-7", -40)+row("p-8", 60))
	out, _ := h.lastday(0, "sweep", "--leavers", list)
	h.says(out, "looked for 1 people who left; 1 have not left yet", systemName)
	h.lastday(1, "sweep", "--leavers", h.put("bad.csv", head+row("p-7", -40)+"p-9,,scheduled,,2026-02-31,,\n"))
	h.lastday(1, "sweep", "--leavers", list, "--system", "nowhere")
}
