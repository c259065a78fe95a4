package github

import (
	"slices"
	"testing"

	"lastday"
	"lastday/integrations/github/githubtest"
)

// BenchmarkLeaver counts what one leaver costs; `go run ./bench` prints it.
// A leaver is cold when the shared index must be made first.
func BenchmarkLeaver(b *testing.B) {
	for _, c := range []struct {
		name string
		warm bool
		tune []func(*Config)
	}{
		{"with GraphQL, cold", false, nil},
		{"with GraphQL, warm", true, nil},
		{"by REST alone, cold", false, []func(*Config){byREST}},
		{"by REST alone, warm", true, []func(*Config){byREST}},
	} {
		b.Run(c.name, func(b *testing.B) { countRequests(b, c.warm, c.tune...) })
	}
}

func countRequests(b *testing.B, warm bool, tune ...func(*Config)) {
	var sum cost
	n := 0
	s := benchCompany(b, tune...)
	for b.Loop() {
		if !warm && n > 0 {
			s = benchCompany(b, tune...)
		}
		if warm && n == 0 {
			s.leave(b)
		}
		s.Leaver = s.People[10+n]
		one, after := s.leave(b)
		if left := takeable(after.Grants); len(left) > 0 {
			b.Fatalf("still there: %v", lines(left))
		}
		sum.calls, sum.charged, sum.writes, sum.changes = sum.calls+one.calls, sum.charged+one.charged, sum.writes+one.writes, sum.changes+one.changes
		n++
	}
	per := func(total int) float64 { return float64(total) / float64(n) }
	b.ReportMetric(per(sum.calls), "requests/leaver")
	b.ReportMetric(per(sum.charged), "charged/leaver")
	b.ReportMetric(per(sum.writes), "writes/leaver")
	b.ReportMetric(per(sum.changes), "changes/leaver")
}

// takeable leaves out what is managed elsewhere, and what comes by way of it.
func takeable(grants []lastday.Grant) []lastday.Grant {
	return slices.DeleteFunc(slices.Clone(grants), func(g lastday.Grant) bool { return !g.Direct() })
}

func benchCompany(b *testing.B, tune ...func(*Config)) *seeded {
	return seed(b, githubtest.Company{Teams: 300, Repos: 2000, People: 400, Seed: 3},
		githubtest.Options{DropResponseBodies: true, RateLimit: 1_000_000, GraphQLPoints: 1_000_000}, tune...)
}
