package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"lastday"
)

// devUIPort is where people expect Temporal's UI.
const devUIPort = 8233

// serveDev leaves the whole stack running and says what to try.
func serveDev(ctx context.Context, o options) error {
	if o.uiPort == 0 {
		o.uiPort = devUIPort
	}
	heading("A company, a Temporal server, lastday")
	lastDay := lastday.DateOf(time.Now()).AddDays(14)
	in, err := install(ctx, o)
	if err != nil {
		return err
	}
	defer in.stop(ctx)
	if err := in.linkAdmin(ctx); err != nil {
		return err
	}
	if err := in.company.HR.Schedule(in.company.Leaver.Key, in.company.Engagement.ID, lastDay); err != nil {
		return err
	}
	if _, err := in.company.HR.Deliver(ctx, in.company.Hook()); err != nil {
		return err
	}
	if err := in.writeEnv(); err != nil {
		return err
	}
	caseID := lastday.Separation{Source: "people", Person: in.company.Leaver, Engagement: in.company.Engagement}.CaseID()
	fmt.Printf(devHelp, in.ui, caseID, in.o.dir, in.o.dir, in.o.program("lastday"), in.company.Config, caseID)
	<-ctx.Done()
	return in.alive()
}

// writeEnv writes the variables that the lastday command needs.
func (in *installation) writeEnv() error {
	var b strings.Builder
	for _, v := range in.env() {
		name, value, _ := strings.Cut(v, "=")
		fmt.Fprintf(&b, "export %s='%s'\n", name, strings.ReplaceAll(value, "'", `'\''`))
	}
	return os.WriteFile(in.o.dir+"/env", []byte(b.String()), 0o600)
}

const devHelp = `
Everything runs until Ctrl-C.

  Temporal UI   http://%s/namespaces/default/workflows
  One case      %s: a contractor whose last day is in 14 days
  Custody       %s/custody.yaml: what the leaver knows and owns; its keepers write what was done

Try, in another terminal:

  . %s/env
  alias lastday='%s --config %s'
  C=%s

  lastday check                                       # every system, read-only
  lastday link list
  lastday status
  lastday status $C --watch
  lastday hold $C --reason "legal asks"               # and lastday release $C
  lastday cut $C --reason "seen in the data room"     # everything, now
  lastday resolve $C --task t-… --how waive --reason "ticket OPS-1"   # what status lists as open
  lastday report $C --out case.html                   # the page for auditors
  lastday seal $C && lastday records verify           # the bundle; docs/evidence.md checks it
  lastday rescind $C --reason "she stays"             # somebody else approves: lastday --actor ben approve ...
`
