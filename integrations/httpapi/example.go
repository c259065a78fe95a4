package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"lastday"
	"lastday/integrations"
)

// Script is one example: answers as they were recorded, and steps with what must
// come of them.
type Script struct {
	Name    string   `yaml:"name"`
	Answers []Answer `yaml:"answers"`
	Steps   []Step   `yaml:"steps"`
}

// Answer is what the far side answers to a request.
type Answer struct {
	// To is the method and the path with its query, such as GET /agents?email=a%40b.example.
	To string `yaml:"to"`
	// Status is 200 unless said otherwise.
	Status  int               `yaml:"status"`
	Headers map[string]string `yaml:"headers"`
	JSON    any               `yaml:"json"`
}

// Step asks one verb. Its answers hold from here on, before those that were given
// earlier.
type Step struct {
	Answers []Answer   `yaml:"answers"`
	Probe   *Wanted    `yaml:"probe"`
	Find    *FindStep  `yaml:"find"`
	List    *ListStep  `yaml:"list"`
	Apply   *ApplyStep `yaml:"apply"`
}

// Wanted is what a verb must say about its control or its error.
type Wanted struct {
	Control *bool        `yaml:"control"`
	Error   lastday.Code `yaml:"error"`
}

// FindStep looks for somebody.
type FindStep struct {
	Wanted `yaml:",inline"`

	LinkID         string   `yaml:"link_id"`
	LinkLogin      string   `yaml:"link_login"`
	EmployeeNumber string   `yaml:"employee_number"`
	Emails         []string `yaml:"emails"`
	// Verdict is one, none or ambiguous; Account the id that is found.
	Verdict lastday.Verdict `yaml:"verdict"`
	Account string          `yaml:"account"`
}

// ListStep lists an account.
type ListStep struct {
	Wanted `yaml:",inline"`

	Account string `yaml:"account"`
	// Grants are written KIND/ID = RUNG, with " (pending)" where it is.
	Grants []string `yaml:"grants"`
	// Gaps are the kinds that could not be seen.
	Gaps []string `yaml:"gaps"`
	// Residue is what is named there.
	Residue []string `yaml:"residue"`
}

// ApplyStep changes a grant that stood at From when the change was planned.
type ApplyStep struct {
	Wanted `yaml:",inline"`

	Account string `yaml:"account"`
	// Grant is KIND/ID.
	Grant string `yaml:"grant"`
	From  string `yaml:"from"`
	To    string `yaml:"to"`
	// Details are those of the grant when it was seen.
	Details map[string]string `yaml:"details"`
	Outcome lastday.Outcome   `yaml:"outcome"`
	// Sends are the writes that must be sent, no more and no less.
	Sends []Sent `yaml:"sends"`
}

// Sent is a write.
type Sent struct {
	To   string `yaml:"to"`
	JSON any    `yaml:"json"`
}

func (s *Spec) exampleMistakes(m *mistakes) {
	m.need([]any{"examples"}, len(s.Examples) > 0, "recorded answers, and what must be made of them")
	for i, e := range s.Examples {
		at := []any{"examples", i}
		m.need(at, e.Name != "" && len(e.Steps) > 0, "write name and steps")
		for j, step := range e.Steps {
			verbs := 0
			for _, given := range []bool{step.Probe != nil, step.Find != nil, step.List != nil, step.Apply != nil} {
				if given {
					verbs++
				}
			}
			if verbs != 1 {
				m.add([]any{"examples", i, "steps", j}, "write exactly one of probe, find, list, apply")
			}
		}
	}
}

// Examples runs the description's examples, each with a far side of recorded answers.
func (d *driver) Examples(ctx context.Context) []integrations.Example {
	all := make([]integrations.Example, len(d.spec.Examples))
	for i, script := range d.spec.Examples {
		all[i] = integrations.Example{Name: script.Name}
		if err := script.run(ctx, d.spec); err != nil {
			all[i].Failed = err.Error()
		}
	}
	return all
}

// exampleSystem is the name under which examples run.
const exampleSystem = "example"

func (s Script) run(ctx context.Context, spec Spec) error {
	far := &recorded{base: "https://example.invalid/api", answers: s.Answers}
	spec.BaseURL, spec.Auth = far.base, Auth{Bearer: "env:EXAMPLE"}
	driver, err := New(ctx, spec, integrations.Deps{
		System: exampleSystem, Transport: far,
		Secret: func(context.Context, string) (string, error) { return "no-secret", nil },
		Now:    func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) },
	})
	if err != nil {
		return err
	}
	for i, step := range s.Steps {
		far.begin(step.Answers)
		if err := step.run(ctx, driver, far); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
		if missing := far.missing(); missing != "" {
			return fmt.Errorf("step %d: asks %s, for which there is no answer", i+1, missing)
		}
	}
	return nil
}

func (s Step) run(ctx context.Context, d integrations.Driver, far *recorded) error {
	switch {
	case s.Probe != nil:
		health, err := d.Probe(ctx)
		return s.Probe.judge(health.Control, err)
	case s.Find != nil:
		return s.Find.run(ctx, d)
	case s.List != nil:
		return s.List.run(ctx, d)
	}
	return s.Apply.run(ctx, d, far)
}

// judge compares an error and a control with what is wanted.
func (w Wanted) judge(control lastday.Control, err error) error {
	if code := lastday.CodeOf(err); code != w.Error {
		return fmt.Errorf("error %q, want %q: %w", code, w.Error, orNone(err))
	}
	if w.Control != nil && *w.Control != control.Seen {
		return fmt.Errorf("control %t (%s), want %t", control.Seen, control.Evidence, *w.Control)
	}
	return nil
}

func orNone(err error) error {
	if err == nil {
		return fmt.Errorf("there was no error")
	}
	return err
}

func (s FindStep) run(ctx context.Context, d integrations.Driver) error {
	person := lastday.Person{Key: "p-example", EmployeeNumber: s.EmployeeNumber, Emails: s.Emails}
	if s.LinkID != "" || s.LinkLogin != "" {
		person.Links = []lastday.Link{{System: exampleSystem, ID: s.LinkID, Login: s.LinkLogin}}
	}
	m, err := d.Find(ctx, person)
	if err := s.judge(m.Control, err); err != nil || s.Error != "" {
		return err
	}
	if m.Verdict != s.Verdict || m.Account.ID != s.Account {
		return fmt.Errorf("found %q, account %q; want %q, account %q", m.Verdict, m.Account.ID, s.Verdict, s.Account)
	}
	return nil
}

func (s ListStep) run(ctx context.Context, d integrations.Driver) error {
	page, err := d.List(ctx, lastday.Account{System: exampleSystem, ID: s.Account}, "")
	if err := s.judge(page.Control, err); err != nil || s.Error != "" {
		return err
	}
	var grants, gaps, residue []string
	for _, g := range page.Grants {
		line := g.Key + " = " + g.Rung
		if g.Pending {
			line += " (pending)"
		}
		grants = append(grants, line)
	}
	for _, gap := range page.Gaps {
		gaps = append(gaps, gap.Kind)
	}
	for _, r := range page.Residue {
		residue = append(residue, r.What)
	}
	for _, c := range []struct {
		what      string
		got, want []string
	}{{"grants", grants, s.Grants}, {"gaps", gaps, s.Gaps}, {"residue", residue, s.Residue}} {
		slices.Sort(c.got)
		want := slices.Sorted(slices.Values(c.want))
		if !slices.Equal(c.got, want) {
			return fmt.Errorf("%s: %q, want %q", c.what, c.got, want)
		}
	}
	return nil
}

func (s ApplyStep) run(ctx context.Context, d integrations.Driver, far *recorded) error {
	account := lastday.Account{System: exampleSystem, ID: s.Account}
	kind, id, _ := strings.Cut(s.Grant, "/")
	grant := lastday.Grant{Key: s.Grant, Kind: kind, Resource: lastday.Resource{ID: id}, Rung: s.From, Details: s.Details}
	if spec, ok := d.(*driver); ok {
		for _, g := range spec.spec.Grants {
			if g.Kind == kind {
				grant.Ladder, grant.Restore = g.ladder(), g.restore()
			}
		}
	}
	receipt, err := d.Apply(ctx, lastday.NewChange("c-example", account, grant, s.To, "example"))
	if err := s.judge(lastday.Control{}, err); err != nil {
		return err
	}
	if receipt.Outcome != s.Outcome && s.Error == "" {
		return fmt.Errorf("outcome %q (%s), want %q", receipt.Outcome, receipt.Note, s.Outcome)
	}
	return far.compare(s.Sends)
}

// recorded is a far side of recorded answers.
type recorded struct {
	base    string
	mu      sync.Mutex
	answers []Answer
	sent    []Sent
	unknown string
}

func (r *recorded) begin(answers []Answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers, r.sent = slices.Concat(answers, r.answers), nil
}

func (r *recorded) missing() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.unknown
}

// RoundTrip answers what was recorded. What was not is remembered, and fails the example.
func (r *recorded) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	line := req.Method + " " + strings.TrimPrefix(req.URL.EscapedPath(), "/api") + sorted(req.URL.RawQuery)
	if req.Method != http.MethodGet {
		sent := Sent{To: line}
		if req.Body != nil {
			text, err := io.ReadAll(req.Body)
			if err != nil {
				return nil, err
			}
			sent.JSON = jsonOf(string(text))
		}
		r.sent = append(r.sent, sent)
	}
	i := slices.IndexFunc(r.answers, func(a Answer) bool { return normal(a.To) == line })
	if i < 0 {
		r.unknown = line
		return nil, lastday.Errorf(lastday.CodeInvalid, "example", "asks %s, for which there is no answer", line)
	}
	return r.answers[i].response(req)
}

func (a Answer) response(req *http.Request) (*http.Response, error) {
	body := ""
	if a.JSON != nil {
		text, err := json.Marshal(a.JSON)
		if err != nil {
			return nil, err
		}
		body = string(text)
	}
	status := a.Status
	if status == 0 {
		status = http.StatusOK
	}
	header := http.Header{"Content-Type": {"application/json"}}
	for name, value := range a.Headers {
		header.Set(name, value)
	}
	return &http.Response{
		StatusCode: status, Header: header, Request: req, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}

func sorted(query string) string {
	values, err := url.ParseQuery(query)
	if query == "" || err != nil {
		return query
	}
	return "?" + values.Encode()
}

// normal writes a request line with its query in order.
func normal(line string) string {
	path, query, _ := strings.Cut(line, "?")
	return path + sorted(query)
}

func jsonOf(text string) any {
	var tree any
	if json.Unmarshal([]byte(text), &tree) != nil {
		return nil
	}
	return tree
}

// compare holds what was sent to what should have been. A search by POST is sent
// as well.
func (r *recorded) compare(want []Sent) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	lines := func(all []Sent) []string {
		var out []string
		for _, s := range all {
			text, err := json.Marshal(s.JSON)
			if err != nil {
				text = []byte("(no JSON)")
			}
			out = append(out, normal(s.To)+" "+string(text))
		}
		return out
	}
	if got, wanted := lines(r.sent), lines(want); !slices.Equal(got, wanted) {
		return fmt.Errorf("sent %q, want %q", got, wanted)
	}
	return nil
}
