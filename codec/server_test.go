package codec_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/encoding/protojson"

	"lastday"
	"lastday/codec"
)

const (
	token  = "a-token-for-the-test-0001"
	origin = "https://temporal.example.com"
)

// served is a codec server with what it logs.
type served struct {
	*httptest.Server
	ring *codec.Ring
	log  *bytes.Buffer
}

func serve(t *testing.T, change func(*codec.ServerConfig)) served {
	t.Helper()
	s := served{ring: newRing(t, newKey(t, "k")), log: &bytes.Buffer{}}
	c := codec.ServerConfig{
		Ring: s.ring, Origins: []string{origin}, Tokens: []string{"another-token-of-some-length", token},
		Log: slog.New(slog.NewTextHandler(s.log, nil)),
	}
	if change != nil {
		change(&c)
	}
	handler, err := codec.NewServer(c)
	if err != nil {
		t.Fatal(err)
	}
	s.Server = httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s
}

// request is one call; body is what /decode of payload wants unless given.
func (s served) request(t *testing.T, method, path, body string, header http.Header) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	resp, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}

func (s served) sealed(t *testing.T) string {
	t.Helper()
	text, err := protojson.Marshal(&commonpb.Payloads{Payloads: []*commonpb.Payload{encodeOne(t, s.ring, payload(planted))}})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func headers(pairs ...string) http.Header {
	h := http.Header{"Content-Type": {"application/json"}, "X-Namespace": {"people"}}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func TestTheUIReadsWhatWasEncrypted(t *testing.T) {
	s := serve(t, nil)
	for _, path := range []string{"/decode", "/people/decode"} {
		resp, text := s.request(t, "POST", path, s.sealed(t), headers("Authorization", "Bearer "+token, "Origin", origin))
		var got commonpb.Payloads
		if err := protojson.Unmarshal([]byte(text), &got); err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %v", path, resp.Status, err)
		}
		wantSame(t, "decoded", got.Payloads, []*commonpb.Payload{payload(planted)})
		if resp.Header.Get("Access-Control-Allow-Origin") != origin || resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: headers %v", path, resp.Header)
		}
	}
}

func TestTheSDKsRemoteCodecReadsThroughIt(t *testing.T) {
	s := serve(t, nil)
	remote := converter.NewRemotePayloadCodec(converter.RemotePayloadCodecOptions{
		Endpoint: s.URL, Client: *s.Client(),
		ModifyRequest: func(r *http.Request) error { r.Header.Set("Authorization", "Bearer "+token); return nil },
	})
	got, err := remote.Decode([]*commonpb.Payload{encodeOne(t, s.ring, payload(planted))})
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "decoded", got, []*commonpb.Payload{payload(planted)})
}

func TestWhoIsNotLetInLearnsNothing(t *testing.T) {
	s := serve(t, nil)
	good := "Bearer " + token
	for name, c := range map[string]struct {
		method, path string
		header       http.Header
		want         int
	}{
		"no token":           {"POST", "/decode", headers(), 401},
		"wrong token":        {"POST", "/decode", headers("Authorization", good+"x"), 401},
		"begin of token":     {"POST", "/decode", headers("Authorization", good[:len(good)-1]), 401},
		"empty token":        {"POST", "/decode", headers("Authorization", "Bearer "), 401},
		"basic":              {"POST", "/decode", headers("Authorization", "Basic "+token), 401},
		"another origin":     {"POST", "/decode", headers("Authorization", good, "Origin", "https://evil.example.com"), 403},
		"origin null":        {"POST", "/decode", headers("Authorization", good, "Origin", "null"), 403},
		"origin with suffix": {"POST", "/decode", headers("Authorization", good, "Origin", origin+".evil.example"), 403},
		"encode is off":      {"POST", "/encode", headers("Authorization", good), 404},
		"get":                {"GET", "/decode", headers("Authorization", good), 405},
		"other path":         {"POST", "/", headers("Authorization", good), 404},
		"path that ends so":  {"POST", "/xdecode", headers("Authorization", good), 404},
	} {
		resp, text := s.request(t, c.method, c.path, s.sealed(t), c.header)
		if resp.StatusCode != c.want || strings.Contains(text, "payloads") {
			t.Errorf("%s: %s, want %d: %.100s", name, resp.Status, c.want, text)
		}
	}
}

func TestPreflight(t *testing.T) {
	s := serve(t, nil)
	resp, _ := s.request(t, "OPTIONS", "/decode", "", headers("Origin", origin))
	allowed := strings.ToLower(resp.Header.Get("Access-Control-Allow-Headers"))
	if resp.StatusCode != http.StatusNoContent || resp.Header.Get("Access-Control-Allow-Origin") != origin ||
		!strings.Contains(allowed, "x-namespace") || !strings.Contains(allowed, "authorization") || !strings.Contains(allowed, "content-type") {
		t.Errorf("%s %v", resp.Status, resp.Header)
	}
	for name, from := range map[string]string{"another origin": "https://evil.example.com", "none": ""} {
		resp, _ := s.request(t, "OPTIONS", "/decode", "", headers("Origin", from))
		if resp.StatusCode != http.StatusForbidden || resp.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %s %v", name, resp.Status, resp.Header)
		}
	}
}

func TestBadBodiesAreRefused(t *testing.T) {
	s := serve(t, nil)
	stranger := newRing(t, newKey(t, "stranger"))
	foreign, err := protojson.Marshal(&commonpb.Payloads{Payloads: []*commonpb.Payload{encodeOne(t, stranger, payload(planted))}})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		body string
		want int
	}{
		"too large":   {strings.Repeat(" ", codec.MaxBody+1), 413},
		"no json":     {"{", 400},
		"null":        {`{"payloads":[null]}`, 400},
		"unknown key": {string(foreign), 400},
		"empty":       {"", 400},
	} {
		resp, text := s.request(t, "POST", "/decode", c.body, headers("Authorization", "Bearer "+token))
		if resp.StatusCode != c.want {
			t.Errorf("%s: %s, want %d: %.100s", name, resp.Status, c.want, text)
		}
		if name == "unknown key" && !strings.Contains(text, "stranger") {
			t.Errorf("the missing key is not named: %s", text)
		}
	}
}

func TestEncodingIsServedWhereItIsAllowed(t *testing.T) {
	s := serve(t, func(c *codec.ServerConfig) { c.AllowEncode = true })
	plain, err := protojson.Marshal(&commonpb.Payloads{Payloads: []*commonpb.Payload{payload(planted)}})
	if err != nil {
		t.Fatal(err)
	}
	_, sealed := s.request(t, "POST", "/encode", string(plain), headers("Authorization", "bearer "+token))
	var got commonpb.Payloads
	if err := protojson.Unmarshal([]byte(sealed), &got); err != nil {
		t.Fatal(err)
	}
	out, err := s.ring.Decode(got.Payloads)
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "encoded", out, []*commonpb.Payload{payload(planted)})
	if string(got.Payloads[0].Metadata[converter.MetadataEncoding]) != codec.Encoding {
		t.Error("nothing was encrypted")
	}
}

func TestTheLogTellsOfRequestsAndNotOfContents(t *testing.T) {
	s := serve(t, nil)
	s.request(t, "POST", "/decode", s.sealed(t), headers("Authorization", "Bearer "+token, "X-Namespace", "people"))
	s.request(t, "POST", "/decode", s.sealed(t), headers("Authorization", "Bearer wrong-"+planted[:4], "X-Namespace", strings.Repeat("x", 5000)))
	s.Close() // waits for the handlers, and so for their lines
	text := s.log.String()
	for _, want := range []string{"op=decode", "status=200", "status=401", "namespace=people"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not told in:\n%s", want, text)
		}
	}
	if strings.Contains(text, "jane") || strings.Contains(text, token) || len(text) > 2000 {
		t.Errorf("the log holds too much:\n%.3000s", text)
	}
}

func anonymous(listen string) func(*codec.ServerConfig) {
	return func(c *codec.ServerConfig) { c.AllowAnonymous, c.Tokens, c.Listen = true, nil, listen }
}

func TestAnonymousRequestsAreAnsweredOnLoopback(t *testing.T) {
	s := serve(t, anonymous("127.0.0.1:8091"))
	if resp, _ := s.request(t, "POST", "/decode", s.sealed(t), headers("Origin", origin)); resp.StatusCode != http.StatusOK {
		t.Errorf("got %s", resp.Status)
	}
	if resp, _ := s.request(t, "POST", "/decode", s.sealed(t), headers("Origin", "https://evil.example.com")); resp.StatusCode != http.StatusForbidden {
		t.Errorf("a page of anywhere may read: %s", resp.Status)
	}
}

func TestAnonymousRequestsOnAnotherAddressThanWasSaidAreRefused(t *testing.T) {
	c := codec.ServerConfig{Ring: newRing(t, newKey(t, "k")), Log: slog.New(slog.DiscardHandler)}
	anonymous("localhost:8091")(&c)
	handler, err := codec.NewServer(c)
	if err != nil {
		t.Fatal(err)
	}
	// A recorder has no local address: nothing shows that this came by loopback.
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", "/decode", strings.NewReader("{}")))
	if w.Code != http.StatusForbidden {
		t.Errorf("got %d", w.Code)
	}
}

func TestConfigurationsThatOpenTooMuchAreRefused(t *testing.T) {
	from := func(origins ...string) func(*codec.ServerConfig) {
		return func(c *codec.ServerConfig) { c.Origins = origins }
	}
	for name, change := range map[string]func(*codec.ServerConfig){
		"no ring":                  func(c *codec.ServerConfig) { c.Ring = nil },
		"no log":                   func(c *codec.ServerConfig) { c.Log = nil },
		"no tokens":                func(c *codec.ServerConfig) { c.Tokens = nil },
		"no tokens, on loopback":   func(c *codec.ServerConfig) { c.Tokens, c.Listen = nil, "127.0.0.1:1" },
		"empty token":              func(c *codec.ServerConfig) { c.Tokens = []string{""} },
		"short token":              func(c *codec.ServerConfig) { c.Tokens = []string{token, "secret"} },
		"token with a line feed":   func(c *codec.ServerConfig) { c.Tokens = []string{token + "\n"} },
		"anonymous and tokens":     func(c *codec.ServerConfig) { c.AllowAnonymous, c.Listen = true, "127.0.0.1:1" },
		"anonymous on all":         anonymous("0.0.0.0:8091"),
		"anonymous on all, short":  anonymous(":8091"),
		"anonymous on IPv6 all":    anonymous("[::]:8091"),
		"anonymous on an address":  anonymous("192.0.2.7:8091"),
		"anonymous on a name":      anonymous("localhost.example.com:8091"),
		"anonymous, nothing said":  anonymous(""),
		"any origin":               from("*"),
		"origins by wildcard":      from("https://*.example.com"),
		"origin null":              from("null"),
		"origin with a path":       from(origin + "/"),
		"origin without a scheme":  from("temporal.example.com"),
		"origin in capitals":       from("https://Temporal.example.com"),
		"origin of another scheme": from("file://x"),
		"an empty origin":          from(origin, ""),
	} {
		c := codec.ServerConfig{Ring: newRing(t, newKey(t, "k")), Tokens: []string{token}, Log: slog.New(slog.DiscardHandler)}
		change(&c)
		if _, err := codec.NewServer(c); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(err.Error(), token) {
			t.Errorf("%s: the error shows a token", name)
		}
	}
}
