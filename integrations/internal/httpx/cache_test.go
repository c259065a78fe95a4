package httpx_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"lastday/integrations/internal/httpx"
)

func withCache(c *httpx.Cache) func(*httpx.Options) { return func(o *httpx.Options) { o.Cache = c } }

func TestWhatDidNotChangeIsNotSentAgain(t *testing.T) {
	version := 1
	client := farSide(t, func(w http.ResponseWriter, r *http.Request) {
		etag := fmt.Sprintf(`"v%d"`, version)
		w.Header().Set("Etag", etag)
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		fmt.Fprint(w, version)
	}, withCache(httpx.NewCache(10, 1000)))
	ctx, count := httpx.Count(t.Context())

	for i, want := range []int{1, 1, 2, 2} {
		version = want
		var got int
		if _, err := client.Get(ctx, "read", "x", &got); err != nil || got != want {
			t.Fatalf("read %d: got %d, %v, want %d", i, got, err, want)
		}
	}
	if count.Calls() != 4 || count.Spared() != 2 {
		t.Errorf("%d calls, %d spared; want 4 and 2: every answer is confirmed", count.Calls(), count.Spared())
	}
}

func TestAReaderThatStopsEarlyIsRememberedToo(t *testing.T) {
	cache := httpx.NewCache(10, 1000)
	client := farSide(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Etag", `"a"`)
		w.(http.Flusher).Flush()
		fmt.Fprint(w, "[1]\n")
	}, withCache(cache))
	resp, err := client.HTTP().Get(client.Base())
	if err != nil {
		t.Fatal(err)
	}
	var got []int
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if cache.Len() != 1 || cache.Size() != 4 {
		t.Errorf("%d answers of %d bytes are remembered, want 1 of 4", cache.Len(), cache.Size())
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	cache := httpx.NewCache(3, 250)
	client := farSide(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"a"`)
		size := 98
		if strings.HasSuffix(r.URL.Path, "/big") {
			size = 400
		}
		fmt.Fprintf(w, "%q", strings.Repeat("x", size))
	}, withCache(cache))
	var got string
	for _, path := range []string{"a", "b", "c", "d", "big"} {
		if _, err := client.Get(t.Context(), "read", path, &got); err != nil {
			t.Fatal(err)
		}
	}
	if cache.Len() != 2 || cache.Size() != 200 {
		t.Errorf("%d answers of %d bytes, want 2 of 200", cache.Len(), cache.Size())
	}
}

func TestFailuresAndHalfAnswersAreNotRemembered(t *testing.T) {
	cache := httpx.NewCache(10, 1000)
	client := farSide(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"a"`)
		switch r.URL.Path {
		case "/api/cut":
			w.Header().Set("Content-Length", "50")
		case "/api/fail":
			w.WriteHeader(http.StatusForbidden)
		case "/api/private":
			w.Header().Set("Cache-Control", "no-store")
		}
		fmt.Fprint(w, `"x"`)
	}, withCache(cache))
	var got string
	for _, path := range []string{"cut", "fail", "private"} {
		_, _ = client.Get(t.Context(), "read", path, &got)
	}
	if cache.Len() != 0 {
		t.Errorf("%d answers are remembered, want none", cache.Len())
	}
}
