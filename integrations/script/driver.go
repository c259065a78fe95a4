package script

import (
	"context"
	"slices"
	"strings"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/internal/httpx"
)

// said makes a text of the program fit for records.
func said(text string) string {
	const most = 300
	text = strings.ToValidUTF8(httpx.Redact(text), "?")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}

func (a Answer) control() lastday.Control {
	if a.Control == nil {
		return lastday.Control{Evidence: "the program gave none"}
	}
	return lastday.Control{Seen: a.Control.Seen && a.Control.Evidence != "", Evidence: said(a.Control.Evidence)}
}

// Probe asks the program who it is there.
func (d *driver) Probe(ctx context.Context) (lastday.Health, error) {
	a, err := d.call(ctx, Request{Verb: verbProbe})
	if err != nil {
		return lastday.Health{}, err
	}
	health := lastday.Health{
		Identity: said(a.Identity), AccountID: a.Self, Version: said(a.FarVersion), QuotaLeft: -1,
		Control: a.control(), Missing: d.gaps(a.Gaps),
	}
	if a.QuotaLeft != nil {
		health.QuotaLeft = *a.QuotaLeft
	}
	for _, k := range d.config.Grants {
		health.Can = append(health.Can, k.Kind)
	}
	return health, nil
}

func (d *driver) gaps(from []Gap) []lastday.Gap {
	var gaps []lastday.Gap
	for _, g := range from {
		code := g.Code
		if !slices.Contains(lastday.Codes(), code) {
			code = lastday.CodeInvalid
		}
		gaps = append(gaps, lastday.Gap{System: d.system, Kind: g.Kind, What: said(g.What), Why: said(g.Why), Code: code, Fix: said(g.Fix)})
	}
	return gaps
}

// Find asks for accounts, and decides itself whose they are.
func (d *driver) Find(ctx context.Context, person lastday.Person) (lastday.Match, error) {
	const op = "script: find"
	link, _ := person.Link(d.system)
	asked := Person{LinkID: link.ID, LinkLogin: link.Login, EmployeeNumber: person.EmployeeNumber, Emails: person.Emails}
	if asked.LinkID == "" && asked.LinkLogin == "" && asked.EmployeeNumber == "" && len(asked.Emails) == 0 {
		return lastday.Match{}, lastday.Errorf(lastday.CodeInvalid, op, "nothing is known by which the person could be found")
	}
	a, err := d.call(ctx, Request{Verb: verbFind, Person: &asked})
	if err != nil {
		return lastday.Match{}, err
	}
	m := lastday.Match{Verdict: lastday.FoundNone, Control: a.control(), Evidence: []string{"the program searched by all that is known"}}
	strong, against := false, false
	for _, f := range a.Accounts {
		evidence, ok := asked.agrees(f)
		if !ok || f.ID == "" {
			return lastday.Match{}, lastday.Errorf(lastday.CodeInvalid, op, "the answer is about somebody else than was asked for, or has no id")
		}
		strong = strong || f.By != "link_login"
		if asked.another(f) {
			against, evidence = true, evidence+"; speaks against it: it has another employee number"
		}
		d.gather(&m, f, evidence)
	}
	if len(m.Candidates) == 0 && !m.Control.Seen {
		return lastday.Match{}, lastday.Errorf(lastday.CodeDenied, op, "nobody was found, and the program does not show that it would have seen them")
	}
	return decide(m, link, strong && !against), nil
}

// agrees says whether a found account has just what was asked for.
func (p Person) agrees(f Found) (evidence string, ok bool) {
	switch f.By {
	case "link_id":
		return "found by the linked id", f.Equal != "" && f.Equal == p.LinkID && f.ID == p.LinkID
	case "link_login":
		return "found by the linked login, which others can take over", f.Equal != "" && f.Equal == p.LinkLogin
	case "employee_number":
		return "found by HR's employee number", f.Equal != "" && f.Equal == p.EmployeeNumber
	case "email":
		return "found by a verified address in the company's domains",
			slices.ContainsFunc(p.Emails, func(e string) bool { return strings.EqualFold(e, f.Equal) })
	}
	return "", false
}

// another says that the far side has another employee number of the account:
// addresses are given to newcomers. Whom a person pinned they looked at.
func (p Person) another(f Found) bool {
	return f.EmployeeNumber != "" && p.EmployeeNumber != "" && f.EmployeeNumber != p.EmployeeNumber && f.ID != p.LinkID
}

func (d *driver) gather(m *lastday.Match, f Found, evidence string) {
	i := slices.IndexFunc(m.Candidates, func(c lastday.Candidate) bool { return c.Account.ID == f.ID })
	if i < 0 {
		m.Candidates, i = append(m.Candidates, lastday.Candidate{
			Account: lastday.Account{System: d.system, ID: f.ID, Login: f.Login},
		}), len(m.Candidates)
	}
	m.Candidates[i].Evidence = append(m.Candidates[i].Evidence, evidence)
}

// decide takes a single account for the person's, unless only its login speaks
// for it, something speaks against it, or another one is linked.
func decide(m lastday.Match, link lastday.Link, strong bool) lastday.Match {
	if len(m.Candidates) == 0 {
		return m
	}
	only := m.Candidates[0]
	if len(m.Candidates) > 1 || !strong || (link.ID != "" && link.ID != only.Account.ID) {
		m.Verdict = lastday.FoundMany
		return m
	}
	m.Verdict, m.Account, m.Evidence, m.Candidates = lastday.FoundOne, only.Account, only.Evidence, nil
	return m
}

// List asks for one page of what the account can do.
func (d *driver) List(ctx context.Context, account lastday.Account, at integrations.Cursor) (integrations.Page, error) {
	if account.ID == "" || account.System != d.system {
		return integrations.Page{}, lastday.Errorf(lastday.CodeInvalid, "script: list", "no account of this system")
	}
	a, err := d.list(ctx, account.ID, string(at))
	if err != nil {
		return integrations.Page{}, err
	}
	page := integrations.Page{Control: a.control(), Gaps: d.gaps(a.Gaps), Next: integrations.Cursor(a.Next)}
	for _, g := range a.Grants {
		grant, err := d.grant(g)
		if err != nil {
			return integrations.Page{}, err
		}
		page.Grants = append(page.Grants, grant)
	}
	for _, r := range a.Residue {
		page.Residue = append(page.Residue, lastday.Residue{System: d.system, Kind: r.Kind, What: said(r.What), Why: said(r.Why), Todo: said(r.Todo)})
	}
	return page, nil
}

// list asks, and holds the answer to the account that was asked for. That there
// is no such account must be shown.
func (d *driver) list(ctx context.Context, account, cursor string) (Answer, error) {
	const op = "script: list"
	a, err := d.call(ctx, Request{Verb: verbList, Account: account, Cursor: cursor})
	if err != nil {
		return a, err
	}
	if a.Absent && !a.control().Seen {
		return a, lastday.Errorf(lastday.CodeDenied, op, "there is no such account, and the program does not show that it would have seen it")
	}
	if a.Account != account {
		return a, lastday.Errorf(lastday.CodeInvalid, op, "the answer is about another account than was asked for")
	}
	if a.Absent && len(a.Grants) > 0 {
		return a, lastday.Errorf(lastday.CodeInvalid, op, "an account that is not there has grants")
	}
	return a, nil
}

func (d *driver) kind(name string) (GrantKind, bool) {
	i := slices.IndexFunc(d.config.Grants, func(k GrantKind) bool { return k.Kind == name })
	if i < 0 {
		return GrantKind{}, false
	}
	return d.config.Grants[i], true
}

func (d *driver) grant(g Grant) (lastday.Grant, error) {
	const op = "script: list"
	k, ok := d.kind(g.Kind)
	if !ok || g.Resource == "" {
		return lastday.Grant{}, lastday.Errorf(lastday.CodeInvalid, op, "a grant has no resource or a kind that is not configured: %q", said(g.Kind))
	}
	if _, ok := k.ladder().Rung(g.Rung); !ok || g.Rung == lastday.None {
		return lastday.Grant{}, lastday.Errorf(lastday.CodeInvalid, op, "a %s stands at a rung that is not configured", k.Kind)
	}
	name := g.Name
	if name == "" {
		name = g.Resource
	}
	return lastday.Grant{
		Key: g.Kind + "/" + g.Resource, Kind: g.Kind, Resource: lastday.Resource{ID: g.Resource, Name: name, Labels: g.Labels},
		Rung: g.Rung, Ladder: k.ladder(), Via: g.Via, ManagedBy: g.ManagedBy, Pending: g.Pending,
		Restore: k.restore(), Order: k.Order, Details: g.Details,
	}, nil
}

// Apply lists first, and has the program change only what is still to be changed.
func (d *driver) Apply(ctx context.Context, c lastday.Change) (lastday.Receipt, error) {
	const op = "script: apply"
	k, ok := d.kind(c.Grant.Kind)
	if !ok || c.Account.ID == "" || c.Account.System != d.system || c.Grant.Resource.ID == "" {
		return lastday.Receipt{}, lastday.Errorf(lastday.CodeInvalid, op, "no account, kind or resource of this system")
	}
	cmp, err := k.ladder().Compare(c.From, c.To)
	if err != nil {
		return lastday.Receipt{}, lastday.Wrap(lastday.CodeInvalid, op, c.Grant.Kind, err)
	}
	now, why, err := d.stands(ctx, c)
	if err != nil || why != "" {
		return refused(c, why), err
	}
	left, err := k.ladder().Compare(now.Rung, c.To)
	if err != nil {
		return lastday.Receipt{}, lastday.Wrap(lastday.CodeInvalid, op, c.Grant.Kind, err)
	}
	r := k.settled(c, now, cmp > 0, left)
	if r.Outcome != "" {
		return r, nil
	}
	return d.write(ctx, k, c, now, r)
}

// settled ends a change that is not to be made. Left compares where the grant
// stands with where it is wanted.
func (k GrantKind) settled(c lastday.Change, now lastday.Grant, down bool, left int) lastday.Receipt {
	r := lastday.Receipt{Change: c.ID, Before: now.Rung, Proof: lastday.ProofAcknowledged}
	switch {
	case left == 0, down && left < 0:
		r.Outcome = lastday.OutcomeAlready
	case !now.Direct():
		r.Outcome, r.Proof, r.Note = lastday.OutcomeDelegated, lastday.ProofNone, "it is decided elsewhere and must be changed there"
	case k.ReadOnly != "":
		return refused(c, k.ReadOnly)
	case !down && k.Restore.Fidelity == lastday.RestoreNever:
		return refused(c, "it cannot be given back: "+k.Restore.Note)
	case !down && now.Rung != c.From:
		r.Outcome, r.Proof, r.Note = lastday.OutcomeDrifted, lastday.ProofNone, "somebody changed it since"
	}
	return r
}

// stands reads where the grant stands now, over all pages. Why says that it must
// not be changed at all.
func (d *driver) stands(ctx context.Context, c lastday.Change) (now lastday.Grant, why string, err error) {
	const op, most = "script: apply", 1000
	now = c.Grant
	now.Rung, now.Via, now.ManagedBy = lastday.None, nil, ""
	cursor := ""
	for range most {
		a, err := d.list(ctx, c.Account.ID, cursor)
		if err != nil {
			return now, "", err
		}
		if a.Self != "" && a.Self == c.Account.ID {
			return now, "this is the account that the program acts with", nil
		}
		for _, g := range a.Grants {
			if g.Kind == c.Grant.Kind && g.Resource == c.Grant.Resource.ID {
				now, err = d.grant(g)
				return now, "", err
			}
		}
		blind := slices.ContainsFunc(a.Gaps, func(g Gap) bool { return g.Kind == "" || g.Kind == c.Grant.Kind })
		if a.Next == "" && (blind || !a.control().Seen) {
			return now, "", lastday.Errorf(lastday.CodeDenied, op, "it is not listed, and the program does not show that it would have seen it")
		}
		if a.Next == "" {
			return now, "", nil
		}
		if blind {
			return now, "", lastday.Errorf(lastday.CodeDenied, op, "the program cannot see all of that kind")
		}
		cursor = a.Next
	}
	return now, "", lastday.Errorf(lastday.CodeInvalid, op, "more than %d pages", most)
}

func (d *driver) write(ctx context.Context, k GrantKind, c lastday.Change, now lastday.Grant, r lastday.Receipt) (lastday.Receipt, error) {
	const op = "script: apply"
	a, err := d.call(ctx, Request{Verb: verbApply, Account: c.Account.ID, Change: &Change{
		ID: c.ID, Kind: c.Grant.Kind, Resource: c.Grant.Resource.ID, From: now.Rung, To: c.To, Pending: c.Grant.Pending, Details: c.Grant.Details,
	}})
	if lastday.CodeOf(err) == lastday.CodeProtected {
		return refused(c, "the far side refuses"), nil
	}
	if err != nil {
		return lastday.Receipt{}, err
	}
	r.Requests = []lastday.Request{{What: "script: apply " + k.Kind, ID: said(a.RequestID), At: d.now()}}
	if a.Account != c.Account.ID {
		return lastday.Receipt{}, lastday.Errorf(lastday.CodeUnknownOutcome, op, "the answer is about another account than was asked for")
	}
	r.Outcome, r.Note = a.Outcome, said(a.Note)
	switch a.Outcome {
	case lastday.OutcomeApplied, lastday.OutcomeAccepted, lastday.OutcomeOffered:
		return r, nil
	case lastday.OutcomeRefused:
		r.Proof = lastday.ProofNone
		return r, nil
	case lastday.OutcomeAlready, lastday.OutcomeDrifted, lastday.OutcomeDelegated, lastday.OutcomeAsked:
	}
	return lastday.Receipt{}, lastday.Errorf(lastday.CodeUnknownOutcome, op, "the outcome is none of applied, accepted, offered, refused")
}

func refused(c lastday.Change, why string) lastday.Receipt {
	if why == "" {
		return lastday.Receipt{}
	}
	return lastday.Receipt{Change: c.ID, Outcome: lastday.OutcomeRefused, Before: c.From, Note: why}
}
