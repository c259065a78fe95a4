package script_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/internal/httpx"
	"lastday/integrations/script"
)

func BenchmarkLeaver(b *testing.B) {
	calls, changes := 0, 0
	for b.Loop() {
		c := newClub()
		server := httptest.NewServer(c.Wrap(http.HandlerFunc(c.serve)))
		d, err := script.Open(b.Context(), config(b, map[string]string{"CLUB": server.URL}), deps(&logs{}))
		if err != nil {
			b.Fatal(err)
		}
		ctx, counter := httpx.Count(b.Context())
		system := integrations.NewSystem("club", d, integrations.Options{Now: noon})
		person := lastday.Person{Key: "p1", Emails: []string{"kim@acme.example"}}
		inv, err := system.Survey(ctx, person, nil)
		if err != nil || len(inv.Grants) != 4 {
			b.Fatalf("%+v, %v", inv, err)
		}
		changes = len(inv.Grants)
		for _, g := range inv.Grants {
			if _, err := system.Apply(ctx, lastday.NewChange("c-1", inv.Match.Account, g, lastday.None, ""), false); err != nil {
				b.Fatal(err)
			}
		}
		if inv, err = system.Survey(ctx, person, nil); err != nil || len(inv.Grants) != 0 {
			b.Fatalf("%+v, %v", inv, err)
		}
		calls = counter.Calls()
		server.Close()
	}
	b.ReportMetric(float64(calls), "requests/leaver")
	b.ReportMetric(float64(changes), "changes/leaver")
}
