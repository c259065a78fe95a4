package githubtest

import (
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

func TestManyCallersAtOnceAndLookingOn(t *testing.T) {
	sc := newScene(t, Options{LagRequests: 1, AsyncRequests: 3})
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for range 10 {
				for _, call := range []string{"GET /orgs/acme/members", "PUT /repos/acme/web/collaborators/bo", "DELETE /repos/acme/web/collaborators/bo", "GET /repos/acme/web/collaborators"} {
					method, path, _ := strings.Cut(call, " ")
					req := httptest.NewRequest(method, path, nil)
					req.Header.Set("Authorization", "token "+sc.token)
					rec := httptest.NewRecorder()
					sc.srv.ServeHTTP(rec, req)
					if rec.Code >= 400 {
						t.Errorf("%s: %d %s", call, rec.Code, rec.Body)
					}
				}
				sc.srv.Access(sc.stander.ID())
				sc.srv.Calls()
				if n == 0 {
					sc.srv.Settle()
				}
			}
		})
	}
	wg.Wait()
	if got := len(sc.srv.Calls()); got != 320 {
		t.Errorf("%d calls were logged, want 320", got)
	}
}

func BenchmarkIndexOfACompany(b *testing.B) {
	srv := New(Options{DropResponseBodies: true, RateLimit: 1 << 30, GraphQLPoints: 1 << 30})
	c := srv.SeedCompany(Company{Teams: 300, Repos: 2000})
	for _, path := range []string{"/orgs/northwind/teams?per_page=100", "/orgs/northwind/repos?per_page=100", "/repos/northwind/" + c.Repos[0].Name() + "/collaborators?per_page=100"} {
		b.Run(path[:15], func(b *testing.B) {
			for b.Loop() {
				req := httptest.NewRequest("GET", path, nil)
				req.Header.Set("Authorization", "token "+c.Admin)
				rec := httptest.NewRecorder()
				if srv.ServeHTTP(rec, req); rec.Code != 200 {
					b.Fatal(rec.Body)
				}
			}
		})
	}
	b.Run("graphql", func(b *testing.B) {
		for b.Loop() {
			req := httptest.NewRequest("POST", "/graphql", strings.NewReader(`{"query":`+quoted(indexQuery)+`,"variables":{"org":"northwind"}}`))
			req.Header.Set("Authorization", "token "+c.Admin)
			rec := httptest.NewRecorder()
			if srv.ServeHTTP(rec, req); rec.Code != 200 || strings.Contains(rec.Body.String(), `"errors"`) {
				b.Fatal(rec.Body)
			}
		}
	})
}

func quoted(s string) string { return `"` + strings.NewReplacer("\n", " ", `"`, `\"`).Replace(s) + `"` }
