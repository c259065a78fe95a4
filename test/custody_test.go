package test

import (
	"context"
	"testing"
	"time"

	"lastday"
	"lastday/workflows"
)

const custodySystem = `
  - name: custody
    kind: custody
    config: {file: "file:{dir}/custody.yaml", max_age: 24h, keeper: "the security team"}
`

// keepRegister writes a register with one secret that the leaver knows.
func (h *house) keepRegister(holder, rotated string) {
	h.t.Helper()
	today := lastday.DateOf(time.Now().UTC()).String()
	h.put("custody.yaml", "version: 1\nas_of: "+today+"\ncount: 1\nitems:\n  - id: bastion\n    what: root password\n    kind: shared-secret\n    where: team safe\n"+
		"    known_to: [{email: "+leaverEmail+holder+"}]\n    owner: platform on-call\n    action: rotate\n    within: 4h\n    level: admin\n"+rotated)
}

func TestASharedSecretIsAskedForAndTheCaseWaitsForTheRegister(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{systems: systemsText + custodySystem[1:]})
	h.keepRegister("", "")
	h.startWorker()
	h.leaves()
	task := h.task(workflows.TaskAsked)
	if task.System != "custody" || task.Owner != "platform on-call" || task.Due.Sub(task.Since) != 4*time.Hour {
		t.Errorf("task %+v", task)
	}
	out, _ := h.lastday(0, "status", h.caseID())
	h.says(out, "owner platform on-call, due ", "root password", "team safe")
	ctx, done := context.WithCancel(t.Context())
	defer done()
	go h.answer(ctx)
	h.until("the system beside it to be clean, and the case open", func(st workflows.Status) bool {
		return st.Lanes[0].Exited && len(h.far.Access(h.leaver.ID())) == 0 && st.State != workflows.StateClosed
	})

	today := lastday.DateOf(time.Now().UTC()).String()
	h.keepRegister(", leaving: "+today, "    rotated: "+today+"\n")
	h.resolve(task, workflows.HowRetry, "")
	result, err := h.result(60 * time.Second)
	if err != nil || result.Outcome != workflows.OutcomeAnswered {
		t.Fatalf("outcome %q: %v", result.Outcome, err)
	}
	for _, l := range result.Lanes {
		if l.System == "custody" && (len(l.Orders) != 1 || l.Orders[0].Receipt.Proof != lastday.ProofAttested || l.Orders[0].Receipt.By != "the security team") {
			t.Errorf("orders %+v", l.Orders)
		}
	}
}
