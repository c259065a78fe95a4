package intake_test

import (
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"lastday"
	"lastday/intake"
	"lastday/integrations/hr"
	"lastday/integrations/hr/generic"
	"lastday/integrations/hr/hrtest"
)

// The whole way: HR enters, sends again until it is taken, and is asked when
// an event went missing.
func TestFromHRToTheHandOverAndBack(t *testing.T) {
	sandbox, source := connect(t)
	h := build(t, func(c *intake.Config) { c.Sources = []hr.Source{source} })
	hook := h.server.URL + "/v1/hooks/people"
	day := lastday.Date{Year: 2026, Month: 12, Day: 18}
	if err := sandbox.Schedule("p-1", "c-1", day); err != nil {
		t.Fatal(err)
	}
	h.keeper.fail = errors.New("connection refused")
	if _, err := sandbox.Deliver(t.Context(), hook); lastday.CodeOf(err) != lastday.CodeTransient || len(sandbox.Outbox()) != 1 {
		t.Fatalf("HR gave up: %v", err)
	}
	h.keeper.fail = nil
	sandbox.Repeat(1)
	if _, err := sandbox.Deliver(t.Context(), hook); err != nil {
		t.Fatal(err)
	}
	all := h.keeper.all()
	if len(all) != 1 || all[0].Separation == nil || all[0].Separation.LastDay != day {
		t.Fatalf("%+v", all)
	}
	sandbox.Lose(1)
	if err := sandbox.Rescind("p-1", "c-1"); err != nil {
		t.Fatal(err)
	}
	if _, err := sandbox.Deliver(t.Context(), hook); err != nil || len(h.keeper.all()) != 1 {
		t.Fatalf("the event was to be lost: %v", err)
	}
	told, err := source.Read(t.Context(), "p-1", "c-1")
	if err != nil || !told.Rescinded || !told.Newer(*all[0].Separation) || told.CaseID() != all[0].Separation.CaseID() {
		t.Errorf("%+v, %v", told, err)
	}
}

// Whatever comes later was entered later, also when it overtakes.
func TestOvertakenNewsIsKnownToBeOlder(t *testing.T) {
	sandbox, source := connect(t)
	h := build(t, func(c *intake.Config) { c.Sources = []hr.Source{source} })
	day := lastday.Date{Year: 2026, Month: 12, Day: 18}
	if err := sandbox.Schedule("p-1", "c-1", day); err != nil {
		t.Fatal(err)
	}
	if err := sandbox.Move("p-1", "c-1", day.AddDays(-7)); err != nil {
		t.Fatal(err)
	}
	sandbox.Reverse()
	if _, err := sandbox.Deliver(t.Context(), h.server.URL+"/v1/hooks/people"); err != nil {
		t.Fatal(err)
	}
	all := h.keeper.all()
	if len(all) != 2 || !all[0].Separation.Newer(*all[1].Separation) || all[1].Separation.Newer(*all[0].Separation) {
		t.Errorf("%+v", all)
	}
}

func connect(t *testing.T) (*hrtest.HR, hr.Source) {
	t.Helper()
	sandbox, err := hrtest.New(hrtest.Options{Secret: secret, Clock: func() time.Time { return noon() }})
	if err != nil {
		t.Fatal(err)
	}
	sandbox.Hire(lastday.Person{Key: "p-1"}, lastday.Engagement{ID: "c-1"}, "Europe/Berlin")
	server := httptest.NewServer(sandbox.Handler())
	t.Cleanup(server.Close)
	h := &house{secrets: map[string]string{"env:A": secret}}
	source, err := generic.New("people", generic.Config{
		Secrets: []hr.Secret{{ID: "a", Ref: "env:A"}}, Read: &generic.ReadConfig{URL: server.URL + hrtest.ReadPath},
	}, generic.Deps{Secret: h.secret})
	if err != nil {
		t.Fatal(err)
	}
	return sandbox, source
}
