package httpapi

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"lastday"
)

// mistakes finds everything that is wrong with the description but its expressions.
func (s *Spec) mistakes() []mistake {
	var m mistakes
	if s.Version != 1 {
		m.add([]any{"version"}, "is %d, this program reads 1", s.Version)
	}
	m.need([]any{"title"}, s.Title != "", "say what people call the system")
	m.need([]any{"permissions"}, len(s.Permissions) > 0, "say which rights the credential needs, and what for")
	for i, p := range s.Permissions {
		m.need([]any{"permissions", i}, p.Name != "" && p.For != "", "write name and for")
	}
	if base, err := url.Parse(s.BaseURL); s.BaseURL != "" && (err != nil || base.Host == "") {
		m.add([]any{"base_url"}, "is no address such as https://console.example.com/api/v1")
	}
	s.Auth.mistakes(&m)
	s.limitMistakes(&m)
	s.errorMistakes(&m)
	s.Probe.mistakes(&m, s.kinds())
	s.Account.mistakes(&m)
	s.findMistakes(&m)
	s.grantMistakes(&m)
	for i, l := range s.Residue {
		l.mistakes(&m, []any{"residue", i})
	}
	s.exampleMistakes(&m)
	return m.found
}

func (m *mistakes) need(at []any, given bool, format string, args ...any) {
	if !given {
		m.add(at, "is missing: "+format, args...)
	}
}

func (s *Spec) kinds() []string {
	var all []string
	for _, g := range s.Grants {
		all = append(all, g.Kind)
	}
	return all
}

func (a Auth) mistakes(m *mistakes) {
	ways := 0
	for _, given := range []bool{a.Bearer != "", a.Basic != nil, a.Header != nil, a.Query != nil, a.OAuth2 != nil} {
		if given {
			ways++
		}
	}
	if ways != 1 {
		m.add([]any{"auth"}, "must be exactly one of bearer, basic, header, query, oauth2")
		return
	}
	if !regexp.MustCompile(`^(env|file):.`).MatchString(a.ref()) {
		m.add([]any{"auth"}, "the secret must be a reference: env:NAME or file:PATH")
	}
	for _, n := range []*NamedSecret{a.Header, a.Query} {
		m.need([]any{"auth"}, n == nil || n.Name != "", "the name of the header or parameter")
	}
	if a.OAuth2 == nil {
		return
	}
	u, err := url.Parse(a.OAuth2.TokenURL)
	safe := err == nil && u.Host != "" && (u.Scheme == "https" || slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname()))
	if !safe || a.OAuth2.ClientID == "" {
		m.add([]any{"auth", "oauth2"}, "needs client_id and a token_url with https")
	}
}

func (s *Spec) limitMistakes(m *mistakes) {
	const most = 32 << 20
	if s.Limits.Bytes < 0 || s.Limits.Bytes > most {
		m.add([]any{"limits", "bytes"}, "must be at most %d", most)
	}
	if s.Limits.Pages < 0 || s.Limits.Pages > 10_000 {
		m.add([]any{"limits", "pages"}, "must be at most 10000")
	}
	m.duration([]any{"limits", "timeout"}, s.Limits.Timeout, 5*time.Minute)
}

func (m *mistakes) duration(at []any, text string, most time.Duration) {
	if d, err := time.ParseDuration(text); text != "" && (err != nil || d <= 0 || d > most) {
		m.add(at, "must be a duration such as 30s, at most %s", most)
	}
}

func (s *Spec) errorMistakes(m *mistakes) {
	for i, rule := range s.Errors {
		at := []any{"errors", i}
		if !slices.Contains(lastday.Codes(), rule.Code) {
			m.add(append(at, "code"), "must be one of %v", lastday.Codes())
		}
		m.need(at, rule.Note != "", "note: say what it means")
		if rule.Status != 0 && (rule.Status < 200 || rule.Status > 599) {
			m.add(append(at, "status"), "is no status")
		}
		if !rule.When.given() && (rule.Status == 0 || rule.Status/100 == 2) {
			m.add(at, "would make an error of every answer: give a status that is no success, or when")
		}
	}
}

// check holds a request to its place.
func (r Request) check(m *mistakes, at []any, allowed []string, methods ...string) {
	named := r.methods()
	if len(named) != 1 {
		m.add(at, "write exactly one of %s with a path", strings.ToLower(join(methods)))
	}
	for method, path := range named {
		here := append(slices.Clone(at), strings.ToLower(method))
		if !slices.Contains(methods, method) {
			m.add(here, "cannot be used here; use %s", strings.ToLower(join(methods)))
		}
		if wrong := path.mistake(allowed); wrong != "" {
			m.add(here, "%s", wrong)
		}
		if !strings.HasPrefix(path.Source, "/") || strings.ContainsAny(path.Source, "?#") || strings.Contains(path.Source, "//") {
			m.add(here, "must be a path that begins with a slash; a query goes under query:")
		}
	}
	for _, list := range []struct {
		name      string
		templates map[string]Template
	}{{"query", r.Query}, {"headers", r.Headers}} {
		for name, template := range list.templates {
			if wrong := template.mistake(allowed); wrong != "" {
				m.add(append(slices.Clone(at), list.name, name), "%s", wrong)
			}
		}
	}
	for name := range r.Headers {
		if slices.Contains([]string{"Authorization", "Cookie", "Host"}, http.CanonicalHeaderKey(name)) {
			m.add(append(slices.Clone(at), "headers", name), "credentials go under auth")
		}
	}
	checkTree(m, append(slices.Clone(at), "body"), r.Body, allowed)
}

func checkTree(m *mistakes, at []any, tree any, allowed []string) {
	switch n := tree.(type) {
	case string:
		if name, kind := typed(n); kind != "" {
			n = "{{." + name + "}}"
		}
		if wrong := (Template{Source: n}).mistake(allowed); wrong != "" {
			m.add(at, "%s", wrong)
		}
	case map[string]any:
		for key, value := range n {
			checkTree(m, append(slices.Clone(at), key), value, allowed)
		}
	case []any:
		for i, value := range n {
			checkTree(m, append(slices.Clone(at), i), value, allowed)
		}
	}
}

func (p Probe) mistakes(m *mistakes, kinds []string) {
	at := []any{"probe"}
	p.check(m, at, nil, http.MethodGet, http.MethodPost)
	m.need(at, p.Expect.given(), "expect: what must hold of the answer so that absence counts")
	m.need(at, p.Evidence != "", "evidence: say what that shows")
	m.need(at, p.Identity.given(), "identity: who we are there")
	for i, n := range p.Needs {
		here := []any{"probe", "needs", i}
		m.need(here, n.Expect.given() && n.What != "" && n.Fix != "", "write expect, what and fix")
		if n.Kind != "" && !slices.Contains(kinds, n.Kind) {
			m.add(append(here, "kind"), "there is no kind %q under grants", n.Kind)
		}
	}
}

func (a AccountRead) mistakes(m *mistakes) {
	at := []any{"account"}
	a.check(m, at, []string{"account_id"}, http.MethodGet, http.MethodPost)
	m.need(at, a.ID.given(), "id: what must equal the id that was asked for")
	m.need(at, a.Gone.given() || len(a.Absent) > 0, "absent or gone: how the far side says that there is no such account")
	m.statuses(append(at, "absent"), a.Absent)
	m.asks(at, a.Request, "account_id")
}

// asks holds a request to naming what it is about.
func (m *mistakes) asks(at []any, r Request, variable string) {
	var all []string
	collect := func(t Template) {
		asked, _ := t.variables()
		all = append(all, asked...)
	}
	for _, path := range r.methods() {
		collect(path)
	}
	for _, t := range r.Query {
		collect(t)
	}
	collectTree(r.Body, collect)
	if !slices.Contains(all, variable) {
		m.add(at, "the request does not say whom it is about: use {{.%s}}", variable)
	}
}

func collectTree(tree any, collect func(Template)) {
	switch n := tree.(type) {
	case string:
		if name, kind := typed(n); kind != "" {
			n = "{{." + name + "}}"
		}
		collect(Template{Source: n})
	case map[string]any:
		for _, value := range n {
			collectTree(value, collect)
		}
	case []any:
		for _, value := range n {
			collectTree(value, collect)
		}
	}
}

func (m *mistakes) statuses(at []any, statuses []int) {
	for i, s := range statuses {
		if s == http.StatusUnauthorized || s == http.StatusForbidden || s < 200 || s > 499 {
			m.add(append(slices.Clone(at), i), "a status %d never says that", s)
		}
	}
}

func (s *Spec) findMistakes(m *mistakes) {
	m.need([]any{"find"}, len(s.Find) > 0, "how a person's account is found")
	last := -1
	for i, f := range s.Find {
		at := []any{"find", i}
		rank := slices.Index(evidenceNames(), f.By)
		if rank < 0 {
			m.add(append(at, "by"), "must be one of %s", join(evidenceNames()))
			continue
		}
		if rank < last {
			m.add(append(at, "by"), "stronger evidence goes first: %s", join(evidenceNames()))
		}
		last = max(last, rank)
		f.check(m, at, []string{f.By}, http.MethodGet, http.MethodPost)
		m.asks(at, f.Request, f.By)
		m.need(at, f.Items.given(), "items: where the accounts are in the answer")
		m.need(at, f.ID.given(), "id: the immutable id of an account")
		m.need(at, f.Equal.given(), "equal: what of each account must equal what was asked for")
		m.statuses(append(slices.Clone(at), "absent"), f.Absent)
		f.Pages.mistakes(m, append(slices.Clone(at), "pages"))
	}
}

func (p Pages) mistakes(m *mistakes, at []any) {
	known := []string{"", byLink, byToken, byNumber, byOffset}
	if !slices.Contains(known, p.By) {
		m.add(append(at, "by"), "must be one of %s", join(known[1:]))
	}
	counts := p.By == byNumber || p.By == byOffset
	m.need(at, p.Param != "" || (p.By != byToken && !counts), "param: the parameter of the query")
	m.need(at, p.Next.given() || p.By != byToken, "next: where the next token is in the answer")
	if p.Next.given() && p.By != byToken || !counts && (p.Total.given() || p.Last.given() || p.First != nil) {
		m.add(at, "next belongs to token; first, total and last to number and offset")
	}
	if (p.Size != 0) != (p.SizeParam != "") || p.Size < 0 {
		m.add(at, "size and size_param belong together")
	}
}

func (s *Spec) grantMistakes(m *mistakes) {
	m.need([]any{"grants"}, len(s.Grants) > 0, "what an account can have there")
	for i, g := range s.Grants {
		at := []any{"grants", i}
		if !regexp.MustCompile(`^[a-z][a-z0-9_]*$`).MatchString(g.Kind) || slices.Index(s.kinds(), g.Kind) != i {
			m.add(append(at, "kind"), "must be a name of its own of lower case letters, digits and underscores")
		}
		m.need(at, g.What != "", "what: say what it is")
		g.ladderMistakes(m, at)
		m.need(at, len(g.List) > 0, "list: how they are read")
		for j, source := range g.List {
			source.mistakes(m, []any{"grants", i, "list", j}, g, []string{"account_id"})
		}
		if g.Read != nil {
			g.Read.mistakes(m, []any{"grants", i, "read"}, g, []string{"account_id", "resource_id"})
		}
		g.applyMistakes(m, at)
		m.duration(append(slices.Clone(at), "settles"), g.Settles, 24*time.Hour)
	}
}

func (g Grant) ladderMistakes(m *mistakes, at []any) {
	m.need(at, len(g.Ladder) > 0, "ladder: the rungs, highest first, each with its level")
	seen := map[string]bool{lastday.None: true, "": true}
	for i, r := range g.Ladder {
		here := append(slices.Clone(at), "ladder", i)
		if seen[r.Name] {
			m.add(here, "the rung %q is missing, double or none", r.Name)
		}
		if r.Level <= lastday.LevelNone || r.Level > lastday.LevelAdmin {
			m.add(here, "level: must be admin, write, read or sign-in")
		}
		if i > 0 && r.Level > g.Ladder[i-1].Level {
			m.add(here, "is higher than the rung before it")
		}
		seen[r.Name] = true
	}
	fidelities := []lastday.Fidelity{lastday.RestoreExact, lastday.RestoreLossy, lastday.RestoreConsent, lastday.RestoreNever}
	if !slices.Contains(fidelities, g.Restore.Fidelity) {
		m.add(append(slices.Clone(at), "restore"), "fidelity: must be one of %v", fidelities)
	}
	if g.Restore.Fidelity != lastday.RestoreExact {
		m.need(append(slices.Clone(at), "restore"), g.Restore.Note != "", "note: say what is lost")
	}
	m.duration(append(slices.Clone(at), "restore", "within"), g.Restore.Within, 10*365*24*time.Hour)
}

func (s Source) mistakes(m *mistakes, at []any, g Grant, allowed []string) {
	s.check(m, at, allowed, http.MethodGet, http.MethodPost)
	m.asks(at, s.Request, "account_id")
	m.need(at, s.Items.given(), "items: where they are in the answer")
	m.need(at, s.ID.given(), "id: what it is about, unique within the kind")
	m.need(at, s.Rung.given(), "rung: where the account stands")
	for word, rung := range s.Rungs {
		if _, ok := g.ladder().Rung(rung); !ok {
			m.add(append(slices.Clone(at), "rungs", word), "there is no rung %q in the ladder", rung)
		}
	}
	s.Pages.mistakes(m, append(slices.Clone(at), "pages"))
}

func (g Grant) applyMistakes(m *mistakes, at []any) {
	at = append(slices.Clone(at), "apply")
	if g.ReadOnly != "" && len(g.Apply) > 0 {
		m.add(at, "is declared read_only")
		return
	}
	reached := map[string]bool{}
	for i, w := range g.Apply {
		here := append(slices.Clone(at), i)
		w.mistakes(m, here, g)
		for _, rung := range w.To {
			if reached[rung] {
				m.add(here, "the rung %q is reached twice", rung)
			}
			reached[rung] = true
			if words := g.words(rung); len(words) > 1 && w.uses("rung") {
				m.add(here, "%s all stand for the rung %q: which of them is to be written?", join(words), rung)
			}
		}
	}
	for i, rung := range append(slices.Clone(g.Ladder), Rung{Name: lastday.None}) {
		highest := i == 0 && g.Restore.Fidelity == lastday.RestoreNever
		m.need(at, reached[rung.Name] || highest || g.ReadOnly != "", "the request that brings it to %q, or read_only", rung.Name)
	}
}

// words are the far side's own words for a rung.
func (g Grant) words(rung string) []string {
	var all []string
	for _, source := range g.List {
		for word, name := range source.Rungs {
			if name == rung && !slices.Contains(all, word) {
				all = append(all, word)
			}
		}
	}
	slices.Sort(all)
	return all
}

func (w Write) mistakes(m *mistakes, at []any, g Grant) {
	w.check(m, at, []string{"account_id", "resource_id", "rung", "from", "change", "details.*"},
		http.MethodPut, http.MethodPost, http.MethodPatch, http.MethodDelete)
	m.need(at, len(w.To) > 0, "to: the rungs that it reaches")
	for i, rung := range w.To {
		if _, ok := g.ladder().Rung(rung); !ok {
			m.add(append(slices.Clone(at), "to", i), "there is no rung %q in the ladder", rung)
		}
	}
	if (w.Post.given() || w.Patch.given()) && !w.SafeToRepeat {
		m.add(at, "a POST or PATCH may be sent again after its answer was lost: say safe_to_repeat: true if that is harmless, such as with a header Idempotency-Key: {{.change}}")
	}
	if len(w.To) > 1 && !w.uses("rung") {
		m.add(at, "reaches several rungs and does not say which: use {{.rung}}")
	}
	for _, list := range []struct {
		name     string
		statuses []int
	}{{"expect", w.Expect}, {"accepted", w.Accepted}} {
		for i, status := range list.statuses {
			if status/100 != 2 {
				m.add(append(slices.Clone(at), list.name, i), "%s is no success", strconv.Itoa(status))
			}
		}
	}
	m.statuses(append(slices.Clone(at), "already"), w.Already)
}

func (w Write) uses(variable string) bool {
	var m mistakes
	m.asks(nil, w.Request, variable)
	return len(m.found) == 0
}

func (l Leftover) mistakes(m *mistakes, at []any) {
	l.check(m, at, []string{"account_id"}, http.MethodGet, http.MethodPost)
	m.asks(at, l.Request, "account_id")
	m.need(at, l.Kind != "" && l.Items.given() && l.What.given() && l.Why != "" && l.Todo != "", "write kind, items, what, why and todo")
	l.Pages.mistakes(m, append(slices.Clone(at), "pages"))
}
