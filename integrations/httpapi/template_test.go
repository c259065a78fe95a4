package httpapi

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"lastday"
)

func TestAValueNeverBecomesMoreThanWhatItStandsFor(t *testing.T) {
	r := Request{
		Put:     Template{Source: "/users/{{.account_id}}/roles"},
		Query:   map[string]Template{"q": {Source: "mail eq {{.email}}"}},
		Headers: map[string]Template{"Idempotency-Key": {Source: "{{.change}}"}},
		Body:    map[string]any{"role": "{{ .rung }}", "sure": "{{.details.sure | bool}}", "n": "{{.details.n | int}}", "deep": []any{"{{.rung}}", 7, nil}},
	}
	nasty := `x/../y?z=1&"%2f#` + "\n"
	o, err := r.fill("test", vars{"account_id": nasty, "email": nasty, "change": "ch-1", "rung": nasty, "details.sure": "true", "details.n": "7"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse("https://far.example/" + o.path)
	if err != nil {
		t.Fatal(err)
	}
	segments := strings.Split(strings.TrimPrefix(u.EscapedPath(), "/"), "/")
	if id, err := url.PathUnescape(segments[1]); err != nil || len(segments) != 3 || id != nasty {
		t.Errorf("the path is %q", u.EscapedPath())
	}
	if got := u.Query(); len(got) != 1 || got.Get("q") != "mail eq "+nasty {
		t.Errorf("the query is %q", got)
	}
	var body map[string]any
	if err := json.Unmarshal(o.body, &body); err != nil || body["role"] != nasty || body["sure"] != true || body["n"] != 7.0 {
		t.Errorf("the body is %s, %v", o.body, err)
	}
}

func TestAMissingValueNeverWidensARequest(t *testing.T) {
	r := Request{Delete: Template{Source: "/users/{{.account_id}}/roles/{{.resource_id}}"}}
	for _, id := range []string{"", ".", ".."} {
		if o, err := r.fill("test", vars{"account_id": "a-1", "resource_id": id}, nil); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%q asks %s %s, %v", id, o.method, o.path, err)
		}
	}
	for name, r := range map[string]Request{
		"an empty value in a query":       {Get: Template{Source: "/x"}, Query: map[string]Template{"q": {Source: "{{.email}}"}}},
		"an empty value in a body":        {Post: Template{Source: "/x"}, Body: "{{.email}}"},
		"no truth in a body":              {Post: Template{Source: "/x"}, Body: "{{.rung | bool}}"},
		"a line break in a header":        {Get: Template{Source: "/x"}, Headers: map[string]Template{"X": {Source: "{{.evil}}"}}},
		"a variable that is not there":    {Get: Template{Source: "/{{.nobody}}"}},
		"a value that is no whole number": {Post: Template{Source: "/x"}, Body: []any{"{{.rung | int}}"}},
	} {
		if o, err := r.fill("test", vars{"email": "", "rung": "viewer", "evil": "a\r\nX-Admin: yes"}, nil); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
	}
}

func FuzzASegmentStaysASegment(f *testing.F) {
	for _, seed := range []string{"a-1", "..", "a/b", "%2e%2e", "a?b#c", "\x00", "é"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		path, err := Template{Source: "/users/{{.account_id}}"}.path(vars{"account_id": id})
		if err != nil {
			return
		}
		u, err := url.Parse("https://far.example" + path)
		if err != nil || u.RawQuery != "" || u.Fragment != "" || strings.Count(u.EscapedPath(), "/") != 2 || u.Path != "/users/"+id {
			t.Errorf("%q became %q (%v)", id, path, err)
		}
	})
}

func TestIdsStayWhole(t *testing.T) {
	tree, err := parseJSON([]byte(`{"id":9007199254740993,"huge":123456789012345678901234567890,"part":1.5,"list":[1,{"n":-2}]}`))
	if err != nil {
		t.Fatal(err)
	}
	env, err := newEnv()
	if err != nil {
		t.Fatal(err)
	}
	for source, want := range map[string]string{
		"answer.id": "9007199254740993", "answer.huge": "123456789012345678901234567890", "answer.list[1].n": "-2",
		"answer.?nothing.orValue('none')": "none", "answer.id == 9007199254740993": "true", "header['x-total']": "7", "status": "200",
	} {
		e := Expr{Source: source}
		if wrong := e.compile(env); wrong != "" {
			t.Fatalf("%s: %s", source, wrong)
		}
		got, err := e.text(scope{reply: reply{answer: tree, status: 200, header: map[string][]string{"X-Total": {"7"}}}})
		if err != nil || got != want {
			t.Errorf("%s gives %q, %v; want %q", source, got, err, want)
		}
	}
	for _, source := range []string{"answer.part", "answer.nothing", "answer.list", "answer.id.x"} {
		e := Expr{Source: source}
		if wrong := e.compile(env); wrong != "" {
			t.Fatalf("%s: %s", source, wrong)
		}
		if got, err := e.text(scope{reply: reply{answer: tree}}); lastday.CodeOf(err) != lastday.CodeInvalid || strings.Contains(err.Error(), "900719") {
			t.Errorf("%s gives %q, %v", source, got, err)
		}
	}
}
