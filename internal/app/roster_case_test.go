package app

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"lastday/internal/config"
	"lastday/workflows"
)

// silent is a server that answers nothing.
type silent struct{ client.Client }

func (silent) QueryWorkflow(context.Context, string, string, string, ...any) (converter.EncodedValue, error) {
	return nil, serviceerror.NewUnavailable("down")
}

func TestSomebodyOfTheListWhoseCaseCannotBeAskedIsTrouble(t *testing.T) {
	list := filepath.Join(t.TempDir(), "left.csv")
	text := "person_id,engagement_id,what,worker_type,last_day,time_zone,email\np-7,ctr-7,scheduled,contractor,2026-10-30,Europe/Berlin,p7@northwind.example\n"
	if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	parts := &Parts{Config: config.Config{Sweep: config.Sweep{Leavers: list}}}
	r := &roster{parts: parts, cases: workflows.NewClient(silent{})}
	page, err := r.Leavers(t.Context(), "", 25)
	if err != nil || len(page.Leavers) != 1 || len(page.Trouble) != 1 || !strings.Contains(page.Trouble[0], page.Leavers[0].Case) {
		t.Errorf("%+v, %v", page, err)
	}
}
