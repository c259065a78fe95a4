package httpapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/httpapi"
	"lastday/integrations/httpapi/httpapitest"
)

func TestOnlyEvidenceThatAgreesFindsSomebody(t *testing.T) {
	const kim, lee = `{"id":"u-1","email":"kim@acme.example","login":"kim","live":true}`, `{"id":"u-2","email":"lee@acme.example","login":"lee","live":true}`
	for name, c := range map[string]struct {
		says    map[string]string
		link    lastday.Link
		want    lastday.Verdict
		account string
		code    lastday.Code
	}{
		"by address":                  {map[string]string{"email=kim%40acme.example": kim}, lastday.Link{}, lastday.FoundOne, "u-1", ""},
		"by link":                     {map[string]string{"email=kim%40acme.example": ""}, lastday.Link{ID: "u-1"}, lastday.FoundOne, "u-1", ""},
		"the filter is ignored":       {map[string]string{"email=kim%40acme.example": kim + "," + lee}, lastday.Link{}, "", "", lastday.CodeInvalid},
		"two with one address":        {map[string]string{"email=kim%40acme.example": kim + "," + strings.Replace(kim, "u-1", "u-3", 1)}, lastday.Link{}, lastday.FoundMany, "", ""},
		"link and address disagree":   {map[string]string{"email=kim%40acme.example": strings.Replace(kim, "u-1", "u-3", 1)}, lastday.Link{ID: "u-1"}, lastday.FoundMany, "", ""},
		"made again with another id":  {map[string]string{"email=kim%40acme.example": kim}, lastday.Link{ID: "u-0"}, lastday.FoundMany, "", ""},
		"by a login alone":            {map[string]string{"email=kim%40acme.example": "", "login=kim": kim}, lastday.Link{Login: "kim"}, lastday.FoundMany, "", ""},
		"a login and an address":      {map[string]string{"email=kim%40acme.example": kim, "login=kim": kim}, lastday.Link{Login: "kim"}, lastday.FoundOne, "u-1", ""},
		"nobody":                      {map[string]string{"email=kim%40acme.example": ""}, lastday.Link{}, lastday.FoundNone, "", ""},
		"one who is left out":         {map[string]string{"email=kim%40acme.example": strings.Replace(kim, "true", "false", 1)}, lastday.Link{}, lastday.FoundNone, "", ""},
		"an address given to another": {map[string]string{"email=kim%40acme.example": strings.Replace(kim, `"live"`, `"number":"E8","live"`, 1)}, lastday.Link{}, lastday.FoundMany, "", ""},
		"pinned, with another number": {map[string]string{"email=kim%40acme.example": strings.Replace(kim, `"live"`, `"number":"E8","live"`, 1)}, lastday.Link{ID: "u-1"}, lastday.FoundOne, "u-1", ""},
		"an address and the number":   {map[string]string{"email=kim%40acme.example": strings.Replace(kim, `"live"`, `"number":"E7","live"`, 1)}, lastday.Link{}, lastday.FoundOne, "u-1", ""},
		"without an id":               {map[string]string{"email=kim%40acme.example": strings.Replace(kim, "u-1", "", 1)}, lastday.Link{}, "", "", lastday.CodeInvalid},
		"null instead of a list":      {map[string]string{"": ""}, lastday.Link{}, "", "", lastday.CodeNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			d, far := world(t, mini(roles))
			for query, users := range c.says {
				far.say("GET /users?"+query, `200 {"users":[`+users+`]}`)
			}
			person := lastday.Person{Key: "p", EmployeeNumber: "E7", Emails: []string{"kim@acme.example"}}
			if c.link != (lastday.Link{}) {
				c.link.System = "mini"
				person.Links = []lastday.Link{c.link}
			}
			m, err := d.Find(t.Context(), person)
			if m.Verdict != c.want || m.Account.ID != c.account || lastday.CodeOf(err) != c.code {
				t.Errorf("%q, account %q, %v; want %q, %q, %q", m.Verdict, m.Account.ID, err, c.want, c.account, c.code)
			}
		})
	}
}

func TestNothingIsConcludedWithoutTheProbe(t *testing.T) {
	d, far := world(t, mini(roles))
	far.say("GET /me", `200 {"id":"bot","all":false}`)
	far.say("GET /users?email=kim%40acme.example", `200 {"users":[]}`)
	if _, err := d.Find(t.Context(), lastday.Person{Key: "p", Emails: []string{"kim@acme.example"}}); lastday.CodeOf(err) != lastday.CodeDenied {
		t.Errorf("find: %v", err)
	}
	if _, err := d.List(t.Context(), user("u-9"), ""); lastday.CodeOf(err) != lastday.CodeDenied {
		t.Errorf("an account that is hidden was taken for gone: %v", err)
	}
	if _, err := d.Apply(t.Context(), rungChange("u-9", "r", "boss", lastday.None)); lastday.CodeOf(err) != lastday.CodeDenied {
		t.Errorf("apply: %v", err)
	}
	far.say("GET /users/u-1/roles", `200 {"roles":[]}`)
	if r, err := d.Apply(t.Context(), rungChange("u-1", "r", "boss", lastday.None)); lastday.CodeOf(err) != lastday.CodeDenied {
		t.Errorf("a list that shows nothing to us was taken for nothing: %+v, %v", r, err)
	}
	far.say("GET /me", `200 {"id":"bot"}`)
	if _, err := d.Probe(t.Context()); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("a probe without what it must show: %v", err)
	}
}

func TestWhatCannotBeSeenIsAGapOfItsKind(t *testing.T) {
	second := strings.NewReplacer("kind: role", "kind: seat", "/roles", "/seats").Replace(roles)
	for name, c := range map[string]struct {
		says string
		code lastday.Code
	}{
		"forbidden":                      {`403 {}`, lastday.CodeDenied},
		"not found":                      {`404 {}`, lastday.CodeNotFound},
		"a rung that nobody described":   {`200 {"roles":[{"id":"r","role":"emperor"}]}`, lastday.CodeInvalid},
		"an error that looks like a 200": {`200 {"ok":false}`, lastday.CodeDenied},
	} {
		t.Run(name, func(t *testing.T) {
			d, far := world(t, mini(roles+second))
			far.say("GET /users/u-1/roles", c.says)
			far.say("GET /users/u-1/seats", `200 {"roles":[{"id":"r","role":1}]}`)
			page, err := d.List(t.Context(), user("u-1"), "")
			if err != nil || len(page.Grants) != 1 || len(page.Gaps) != 1 || page.Gaps[0].Kind != "role" || page.Gaps[0].Code != c.code {
				t.Errorf("%+v, %v", page, err)
			}
		})
	}
	d, far := world(t, mini(roles))
	for what, says := range map[string]string{
		"a field is missing": `200 {"roles":[{"id":"r"}]}`, "null": `200 {"roles":null}`, "no list": `200 {"rolls":[]}`,
		"no id": `200 {"roles":[{"id":"","role":0}]}`, "half": `200 {"roles":[`, "another account": "",
	} {
		far.say("GET /users/u-1/roles", says)
		if what == "another account" {
			far.say("GET /users/u-1", `200 {"id":"u-2"}`)
		}
		if page, err := d.List(t.Context(), user("u-1"), ""); err == nil {
			t.Errorf("%s is listed: %+v", what, page)
		}
	}
}

func TestWhatBecomesOfAChange(t *testing.T) {
	const at, write = "GET /users/u-1/roles", "DELETE /users/u-1/roles/r"
	boss := `200 {"roles":[{"id":"r","role":0}]}`
	for name, c := range map[string]struct {
		says map[string]string
		want lastday.Outcome
		code lastday.Code
	}{
		"done":                            {map[string]string{at: boss, write: "204 "}, lastday.OutcomeApplied, ""},
		"later":                           {map[string]string{at: boss, write: "202 {}"}, lastday.OutcomeAccepted, ""},
		"gone before":                     {map[string]string{at: `200 {"roles":[]}`}, lastday.OutcomeAlready, ""},
		"said to be gone, and still seen": {map[string]string{at: boss, write: "404 {}"}, "", lastday.CodeTransient},
		"a success that nobody expects":   {map[string]string{at: boss, write: "206 {}"}, "", lastday.CodeUnknownOutcome},
		"an error that looks like a 200":  {map[string]string{at: boss, write: `200 {"ok":false}`}, "", lastday.CodeDenied},
		"refused by a rule":               {map[string]string{at: boss, write: `409 {"code":"last"}`}, lastday.OutcomeRefused, ""},
		"refused by no rule":              {map[string]string{at: boss, write: `409 {"code":"busy"}`}, "", lastday.CodeTransient},
		"refused without JSON":            {map[string]string{at: boss, write: `409 no`}, "", lastday.CodeTransient},
		"nobody knows":                    {map[string]string{at: boss, write: "500 {}"}, "", lastday.CodeUnknownOutcome},
		"too fast":                        {map[string]string{at: boss, write: "X-Wait: 9|429 {}"}, "", lastday.CodeRateLimited},
		"managed elsewhere":               {map[string]string{at: `200 {"roles":[{"id":"r","role":0,"by":"idp"}]}`}, lastday.OutcomeDelegated, ""},
		"the account is managed":          {map[string]string{at: boss, "GET /users/u-1": `200 {"id":"u-1","by":"idp"}`}, lastday.OutcomeDelegated, ""},
		"we ourselves":                    {map[string]string{"GET /me": `200 {"id":"u-1","all":true}`}, lastday.OutcomeRefused, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d, far := world(t, mini(roles))
			for line, says := range c.says {
				far.say(line, says)
			}
			r, err := d.Apply(t.Context(), rungChange("u-1", "r", "boss", lastday.None))
			if r.Outcome != c.want || lastday.CodeOf(err) != c.code {
				t.Errorf("%+v, %v; want %q, %q", r, err, c.want, c.code)
			}
			if c.code == lastday.CodeRateLimited && lastday.RetryAfterOf(err).Seconds() != 9 {
				t.Errorf("wait %s", lastday.RetryAfterOf(err))
			}
		})
	}
}

func TestTheFarSidesWordForARungIsWritten(t *testing.T) {
	d, far := world(t, mini(roles))
	far.say("GET /users/u-1/roles", `200 {"roles":[{"id":"r","role":0}]}`)
	far.say("PUT /users/u-1/roles/r", "204 ")
	if r, err := d.Apply(t.Context(), rungChange("u-1", "r", "boss", "staff")); err != nil || r.Outcome != lastday.OutcomeApplied || r.Before != "boss" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestGivingBackAsksForConsentOrIsRefused(t *testing.T) {
	for fidelity, want := range map[string]lastday.Outcome{"consent": lastday.OutcomeOffered, "never": lastday.OutcomeRefused, "lossy": lastday.OutcomeApplied} {
		d, far := world(t, mini(strings.Replace(roles, "fidelity: exact", "fidelity: "+fidelity+", note: so it is", 1)))
		far.say("GET /users/u-1/roles", `200 {"roles":[]}`)
		far.say("PUT /users/u-1/roles/r", "204 ")
		if r, err := d.Apply(t.Context(), rungChange("u-1", "r", lastday.None, "staff")); err != nil || r.Outcome != want {
			t.Errorf("%s: %+v, %v", fidelity, r, err)
		}
	}
	readOnly := roles[:strings.Index(roles, "    apply:")] + "    read_only: the owner does it\n"
	d, far := world(t, mini(readOnly))
	far.say("GET /users/u-1/roles", `200 {"roles":[{"id":"r","role":0}]}`)
	if r, err := d.Apply(t.Context(), rungChange("u-1", "r", "boss", lastday.None)); err != nil || r.Outcome != lastday.OutcomeRefused || r.Note != "the owner does it" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestAListIsWholeOrAnError(t *testing.T) {
	item := func(id string) string { return `{"id":"` + id + `","role":0}` }
	for name, c := range map[string]struct {
		pages string
		says  map[string]string
		want  int
		code  lastday.Code
	}{
		"numbers until an empty page": {"by: number, param: p", map[string]string{"?p=1": `{"roles":[` + item("a") + `]}`, "?p=2": `{"roles":[]}`}, 1, ""},
		"numbers until the last":      {"by: number, param: p, first: 0, last: answer.last", map[string]string{"?p=0": `{"last":false,"roles":[]}`, "?p=1": `{"last":true,"roles":[` + item("a") + `]}`}, 1, ""},
		"offsets until the total":     {"by: offset, param: o, total: answer.n", map[string]string{"?o=0": `{"n":2,"roles":[` + item("a") + `]}`, "?o=1": `{"n":2,"roles":[` + item("b") + `]}`}, 2, ""},
		"an end before the total":     {"by: offset, param: o, total: answer.n", map[string]string{"?o=0": `{"n":2,"roles":[` + item("a") + `]}`, "?o=1": `{"n":2,"roles":[]}`}, 0, lastday.CodeTransient},
		"something twice":             {"by: offset, param: o, total: answer.n", map[string]string{"?o=0": `{"n":2,"roles":[` + item("a") + `]}`, "?o=1": `{"n":2,"roles":[` + item("a") + `]}`}, 0, lastday.CodeTransient},
		"tokens":                      {"by: token, param: t, next: answer.next", map[string]string{"": `{"next":"x","roles":[` + item("a") + `]}`, "?t=x": `{"next":null,"roles":[` + item("b") + `]}`}, 2, ""},
		"tokens in a circle":          {"by: token, param: t, next: answer.next", map[string]string{"": `{"next":"x","roles":[]}`, "?t=x": `{"next":"x","roles":[]}`}, 0, lastday.CodeInvalid},
		"no token where one must be":  {"by: token, param: t, next: answer.next", map[string]string{"": `{"roles":[]}`}, 0, lastday.CodeInvalid},
		"more pages than allowed":     {"by: number, param: p, last: 'false'", map[string]string{"?p=1": `{"roles":[]}`, "?p=2": `{"roles":[]}`, "?p=3": `{"roles":[]}`, "?p=4": `{"roles":[]}`, "?p=5": `{"roles":[]}`}, 0, lastday.CodeInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			d, far := world(t, mini(strings.Replace(roles, "items: answer.roles", "pages: {"+c.pages+"}, items: answer.roles", 1)))
			for query, says := range c.says {
				far.say("GET /users/u-1/roles"+query, "200 "+says)
			}
			page, err := d.List(t.Context(), user("u-1"), "")
			if len(page.Grants) != c.want || lastday.CodeOf(err) != c.code {
				t.Errorf("%d grants, %v; want %d, %q", len(page.Grants), err, c.want, c.code)
			}
		})
	}
}

func TestALinkNeverTakesTheCredentialElsewhere(t *testing.T) {
	other := &stub{says: map[string]string{}}
	elsewhere := httptest.NewServer(other)
	t.Cleanup(elsewhere.Close)
	d, far := world(t, mini(strings.Replace(roles, "items: answer.roles", "pages: {by: link}, items: answer.roles", 1)))
	far.say("GET /users/u-1/roles", `Link: <`+elsewhere.URL+`/x>; rel="next"|200 {"roles":[]}`)
	if _, err := d.List(t.Context(), user("u-1"), ""); lastday.CodeOf(err) != lastday.CodeInvalid || len(other.heard) > 0 {
		t.Errorf("%v, and the other heard %q", err, other.heard)
	}
}

func TestEachCredentialIsShownInItsPlaceAndNowhereElse(t *testing.T) {
	asked := 0
	id := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		w.Header().Set("Content-Type", "application/json")
		user, password, _ := r.BasicAuth()
		if user != "client" || password != token || r.FormValue("scope") != "a b" || r.FormValue("audience") != "mini" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "short-lived", "token_type": "Bearer", "expires_in": 3600})
	}))
	t.Cleanup(id.Close)
	for auth, want := range map[string]string{
		"bearer: env:TOKEN":                            "Bearer " + token,
		"basic: {user: bot, password: env:TOKEN}":      "Basic Ym90OmNvbnNvbGUtNWVjcmV0LTAxMjM0NTY3ODk=",
		"header: {name: X-Api-Key, secret: env:TOKEN}": token,
		"query: {name: api_key, secret: 'env:TOKEN'}":  "",
		"oauth2: {token_url: '" + id.URL + "', client_id: client, secret: env:TOKEN, scopes: [a, b], params: {audience: mini}}": "Bearer short-lived",
	} {
		d, far := world(t, strings.Replace(mini(roles), "bearer: env:TOKEN", auth, 1))
		path := "GET /me"
		if strings.HasPrefix(auth, "query") {
			path += "?api_key=" + token
		}
		far.say(path, `X-Left: 41|200 {"id":"bot","all":true}`)
		for range 2 {
			if health, err := d.Probe(t.Context()); err != nil || far.auth[0] != want || health.QuotaLeft != 41 || health.AccountID != "bot" {
				t.Errorf("%s: shows %q, %+v, %v", auth, far.auth, health, err)
			}
		}
		far.say(path, "500 {}")
		if _, err := d.Probe(t.Context()); err == nil || strings.Contains(err.Error(), token) {
			t.Errorf("%s: %v", auth, err)
		}
	}
	if asked != 1 {
		t.Errorf("%d tokens were asked for", asked)
	}
}

func TestAnExampleFailsForWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct{ from, to, want string }{
		"a request without an answer": {"- {to: GET /agents/a-7/webhooks, json: {agent_id: a-7, webhooks: [{name: hook to a private bot}]}}", "", "GET /agents/a-7/webhooks, for which there is no answer"},
		"another verdict":             {"verdict: one, account: a-7", "verdict: none", `found "one", account "a-7"; want "none"`},
		"another account":             {"verdict: one, account: a-7", "verdict: one, account: a-8", `want "one", account "a-8"`},
		"a grant too many":            {"session/s-1 = open, ", "", "step 2: grants"},
		"another residue":             {"residue: [hook to a private bot]", "residue: []", "step 2: residue"},
		"another outcome":             {"outcome: already", "outcome: applied", `outcome "already" (), want "applied"`},
		"another write":               {"sends: [{to: PUT /agents/a-7/role, json: {role: viewer}}]", "sends: [{to: PUT /agents/a-7/role, json: {role: agent}}]", `step 5: sent`},
		"no write":                    {"to: none, outcome: refused,\n          sends: [{to: DELETE /agents/a-7/permissions/protected_customers}]", "to: none, outcome: refused", "step 1: sent"},
		"another control":             {"- probe: {control: false}", "- probe: {control: true}", "step 1: control false"},
		"another error":               {"find: {emails: [kim@example.com], error: denied}", "find: {emails: [kim@example.com], verdict: none}", `step 2: error "denied", want ""`},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := httpapi.Parse("x.yaml", []byte(altered(t, c.from, c.to)))
			if err != nil {
				t.Fatal(err)
			}
			var failed []string
			for _, e := range connect(t, s, httpapitest.New(token)).(integrations.Exampler).Examples(t.Context()) {
				if e.Failed != "" {
					failed = append(failed, e.Failed)
				}
			}
			if len(failed) != 1 || !strings.Contains(failed[0], c.want) {
				t.Errorf("%q, want %q", failed, c.want)
			}
		})
	}
}

// A secret that something renews is used from the next call on, without opening again.
func TestASecretIsResolvedForEveryCall(t *testing.T) {
	id := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "for-" + password, "token_type": "Bearer", "expires_in": 3600})
	}))
	t.Cleanup(id.Close)
	for auth, want := range map[string][]string{
		"bearer: env:TOKEN":                                                           {"Bearer old", "Bearer new"},
		"basic: {user: bot, password: env:TOKEN}":                                     {"Basic Ym90Om9sZA==", "Basic Ym90Om5ldw=="},
		"header: {name: X-Api-Key, secret: env:TOKEN}":                                {"old", "new"},
		"oauth2: {token_url: '" + id.URL + "', client_id: client, secret: env:TOKEN}": {"Bearer for-old", "Bearer for-new"},
	} {
		s, err := httpapi.Parse("mini.yaml", []byte(strings.Replace(mini(roles), "bearer: env:TOKEN", auth, 1)))
		if err != nil {
			t.Fatal(err)
		}
		far := &stub{says: map[string]string{"GET /me": `200 {"id":"bot","all":true}`}}
		server := httptest.NewServer(far)
		t.Cleanup(server.Close)
		s.BaseURL = server.URL
		held, lost := "old", error(nil)
		d, err := httpapi.New(t.Context(), s, integrations.Deps{System: "mini", Now: noon, Secret: func(context.Context, string) (string, error) { return held, lost }})
		if err != nil {
			t.Fatal(err)
		}
		for _, held = range []string{"old", "new"} {
			if _, err := d.Probe(t.Context()); err != nil {
				t.Errorf("%s: %v", auth, err)
			}
		}
		if !slices.Equal(far.auth, want) {
			t.Errorf("%s: shows %q, want %q", auth, far.auth, want)
		}
		lost = lastday.Errorf(lastday.CodeInvalid, "secret", "there is none")
		if _, err := d.Probe(t.Context()); lastday.CodeOf(err) != lastday.CodeInvalid || len(far.auth) != len(want) {
			t.Errorf("%s: without its secret: %v, shows %q", auth, err, far.auth)
		}
	}
}

func TestAConfigurationNamesTheFile(t *testing.T) {
	deps := integrations.Deps{System: "console", Secret: secret, Now: noon}
	if _, err := httpapi.Open(t.Context(), httpapi.Config{File: example}, deps); err != nil {
		t.Error(err)
	}
	wrong := filepath.Join(t.TempDir(), "x.yaml")
	if err := os.WriteFile(wrong, []byte("version: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]httpapi.Config{
		"no file": {File: filepath.Join(t.TempDir(), "none")}, "mistakes": {File: wrong}, "in clear": {File: example, BaseURL: "http://console.example.com"},
	} {
		if _, err := httpapi.Open(t.Context(), c, deps); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: %v", what, err)
		}
	}
	deps.Secret = func(context.Context, string) (string, error) {
		return "", lastday.Errorf(lastday.CodeInvalid, "secret", "there is none")
	}
	if _, err := httpapi.Open(t.Context(), httpapi.Config{File: example}, deps); err == nil {
		t.Error("opened without its secret")
	}
}
