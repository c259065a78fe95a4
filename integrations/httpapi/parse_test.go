package httpapi_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lastday"
	"lastday/integrations/httpapi"
)

// altered is the example's description with texts replaced, in pairs.
func altered(t testing.TB, pairs ...string) string {
	t.Helper()
	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	out := string(text)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(out, pairs[i]) {
			t.Fatalf("the example has no %q", pairs[i])
		}
		out = strings.Replace(out, pairs[i], pairs[i+1], 1)
	}
	return out
}

func TestEachMistakeIsToldWithItsPlace(t *testing.T) {
	const inFind = "get: /agents/{{.link_id}}"
	for name, c := range map[string]struct {
		from, to, want string
	}{
		"another version":        {"version: 1\n", "version: 2\n", "x.yaml:5:10: version: is 2"},
		"no title":               {"title: Support console\n", "", "title: is missing"},
		"an unknown word":        {"title: Support console\n", "titel: Support console\n", `[6:1] unknown field "titel"`},
		"a word of another kind": {"order: 1\n", "order: first\n", "cannot unmarshal"},
		"a secret itself":        {"bearer: env:SUPPORT_CONSOLE_TOKEN", "bearer: hunter2", "auth: the secret must be a reference"},
		"two credentials":        {"auth:\n", "auth:\n  header: {name: X, secret: env:X}\n", "auth: must be exactly one"},
		"a token in clear":       {"bearer: env:SUPPORT_CONSOLE_TOKEN", "oauth2: {token_url: 'http://id.example.com/t', client_id: a, secret: env:X}", "auth.oauth2: needs"},
		"a code that is none":    {"code: protected", "code: forbidden", "errors[0].code: must be one of"},
		"an error of everything": {"status: 409\n    when: answer.error.code == 'two_people_needed'\n", "status: 200\n", "errors[0]: would make an error of every answer"},
		"no control":             {`  expect: "'agents:read' in answer.scopes"` + "\n", "", "probe: is missing: expect"},
		"an expression":          {"identity: answer.name", "identity: answer.name +", "probe.identity: Syntax error"},
		"a name that is none":    {"identity: answer.name", "identity: anser.name", "undeclared reference to 'anser'"},
		"no id of the account":   {"id: answer.id\n  login: answer.email\n", "login: answer.email\n", "account: is missing: id"},
		"no way to be gone":      {"absent: [404]\n  id: answer.id", "id: answer.id", "account: is missing: absent or gone"},
		"denied is not absent":   {"absent: [404]\n  id: answer.id", "absent: [404, 403]\n  id: answer.id", "account.absent[1]: a status 403 never says that"},
		"about nobody":           {"get: /agents/{{.account_id}}\n  absent", "get: /agents\n  absent", "account: the request does not say whom it is about"},
		"a variable of others":   {inFind, "get: /agents/{{.email}}", `find[0].get: there is no variable "email" here`},
		"braces":                 {inFind, "get: /agents/{{link_id}}", "find[0].get: write variables as {{.name}}"},
		"a query in a path":      {inFind, "get: /agents/{{.link_id}}?x=1", "find[0].get: must be a path"},
		"a changing search":      {inFind, "delete: /agents/{{.link_id}}", "find[0].delete: cannot be used here"},
		"weak before strong":     {"by: link_id\n    get: /agents/{{.link_id}}", "by: email\n    get: /agents/{{.email}}", "find[1].by: stronger evidence goes first"},
		"no comparison":          {"    equal: item.id\n", "", "find[0]: is missing: equal"},
		"a kind twice":           {"kind: customer_protection", "kind: customer_button", "grants[1].kind: must be a name of its own"},
		"a ladder upside down":   {"{rung: agent, level: write}", "{rung: agent, level: sign-in}", "grants[4].ladder[1]: is higher"},
		"the rung none":          {"{rung: viewer, level: read}", "{rung: none, level: read}", `grants[4].ladder[1]: the rung "none"`},
		"a fidelity":             {"restore: {fidelity: exact}", "restore: {fidelity: good}", "grants[0].restore: fidelity"},
		"a loss without words":   {", note: a key's secret is shown once", "", "grants[2].restore: is missing: note"},
		"pages of no kind":       {"pages: {by: link}", "pages: {by: hand}", "grants[6].list[0].pages.by: must be one of"},
		"pages without next":     {"by: token, next: answer.next_cursor,", "by: token,", "grants[5].list[0].pages: is missing: next"},
		"a rung out of reach":    {"- to: [none, viewer, agent]", "- to: [none, agent]", `the request that brings it to "viewer"`},
		"a rung that is none":    {"- to: [none, viewer, agent]", "- to: [none, viewer, agent, boss]", `grants[4].apply[0].to[3]: there is no rung "boss"`},
		"several without saying": {`body: {role: "{{.rung}}"}`, "body: {role: viewer}", "reaches several rungs and does not say which"},
		"two words for a rung":   {"        rung: item.role\n    apply:\n      - to: [none, viewer, agent]", "        rung: item.role\n        rungs: {boss: agent, chief: agent}\n    apply:\n      - to: [none, viewer, agent]", `boss, chief all stand for the rung "agent"`},
		"a post sent twice":      {"put: /agents/{{.account_id}}/role", "post: /agents/{{.account_id}}/role", "safe_to_repeat"},
		"a failure expected":     {"expect: [200]", "expect: [404]", "grants[4].apply[0].expect[0]: 404 is no success"},
		"residue without todo":   {"todo: Hand the webhook to another agent, or delete it in the console.", "", "residue[0]: is missing"},
		"credentials in headers": {"body: {role:", "headers: {authorization: x}\n        body: {role:", "credentials go under auth"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := httpapi.Parse("x.yaml", []byte(altered(t, c.from, c.to)))
			if lastday.CodeOf(err) != lastday.CodeInvalid || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v; want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Error("a secret that was written in the wrong place is told")
			}
		})
	}
}

func TestMistakesAreToldAllAtOnceInTheOrderOfTheText(t *testing.T) {
	text := altered(t, "code: protected", "code: nonsense", "identity: answer.name", "identity: anser", "kind: role", "kind: Role")
	_, err := httpapi.Parse("x.yaml", []byte(text))
	var places []string
	for line := range strings.Lines(err.Error()) {
		if at, what, ok := strings.Cut(strings.TrimSpace(line), ": "); ok && strings.HasPrefix(at, "x.yaml:") {
			field, _, _ := strings.Cut(what, ": ")
			places = append(places, at+" "+field)
		}
	}
	want := []string{"x.yaml:23:11 errors[0].code", "x.yaml:32:13 probe.identity", "x.yaml:142:11 grants[4].kind"}
	if diff := cmp.Diff(want, places); diff != "" {
		t.Errorf("(-want +got):\n%s\n%v", diff, err)
	}
}

func TestWhatIsNoDescriptionIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "two documents": "version: 1\n---\nversion: 1\n", "no YAML": "a: [", "a list": "- 1\n",
		"too large": strings.Repeat("#", 1<<20+1),
	} {
		if _, err := httpapi.Parse("x.yaml", []byte(text)); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
