package integrationtest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/integrationtest"
	"lastday/integrations/internal/httpx"
)

// driver is the reference: right in everything, unless a flaw is planted.
type driver struct {
	client *httpx.Client
	log    *slog.Logger
	flaw   string
	calls  atomic.Int64
}

func roomLadder() lastday.Ladder {
	return lastday.Ladder{
		{Name: "owner", Level: lastday.LevelAdmin}, {Name: "member", Level: lastday.LevelWrite}, {Name: "guest", Level: lastday.LevelRead},
	}
}

func held() lastday.Ladder { return lastday.Ladder{{Name: "held", Level: lastday.LevelWrite}} }

func description() integrations.Description {
	return integrations.Description{Name: "club", Title: "Club", Kinds: []integrations.KindOfGrant{
		{Name: "key", What: "a key", Ladder: held(), Order: 1, Restore: lastday.Restore{Fidelity: lastday.RestoreNever}},
		{Name: "room", What: "a role in a room", Ladder: roomLadder(), Order: 2, Restore: lastday.Restore{Fidelity: lastday.RestoreExact}},
		{Name: "seat", What: "a seat", Ladder: held(), Order: 3, Restore: lastday.Restore{Fidelity: lastday.RestoreConsent}},
	}}
}

func newDriver(base, flaw string, log io.Writer) (*driver, error) {
	client, err := httpx.New(httpx.Options{
		Base: base, MaxBody: 50_000,
		Tokens: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: clubSecret}),
	})
	return &driver{client: client, flaw: flaw, log: slog.New(slog.NewTextHandler(log, nil))}, err
}

func (d *driver) is(flaw string) bool { return d.flaw == flaw }

func (d *driver) seesAll(ctx context.Context) (lastday.Control, error) {
	var me struct {
		ID      string `json:"id"`
		SeesAll bool   `json:"sees_all"`
	}
	if _, err := d.client.Get(ctx, "club: read ourselves", "me", &me); err != nil {
		return lastday.Control{}, d.cut(err)
	}
	if d.is("believes itself to see all") {
		me.SeesAll = true
	}
	if d.is("never shows a control") {
		return lastday.Control{}, nil
	}
	return lastday.Control{Seen: me.SeesAll, Evidence: "asked which rights we have"}, nil
}

// cut plants what can be wrong with errors.
func (d *driver) cut(err error) error {
	switch {
	case err == nil:
		return nil
	case d.is("cuts the error chain"):
		return fmt.Errorf("club: %s", err)
	case d.is("calls everything transient"):
		return lastday.Wrap(lastday.CodeTransient, "club", "trouble", err)
	case d.is("tells the token in errors"):
		return lastday.Wrap(lastday.CodeOf(err), "club", "with token "+clubSecret, err)
	case d.is("loses the wait") && lastday.CodeOf(err) == lastday.CodeRateLimited:
		return lastday.Errorf(lastday.CodeRateLimited, "club", "limited")
	case d.is("sleeps") && lastday.CodeOf(err) == lastday.CodeRateLimited:
		return lastday.Errorf(lastday.CodeTransient, "club", "slept and still limited")
	case d.is("takes a lost answer for a failure") && lastday.CodeOf(err) == lastday.CodeUnknownOutcome:
		return lastday.Wrap(lastday.CodeTransient, "club", "failed", err)
	}
	return err
}

func (d *driver) Probe(ctx context.Context) (lastday.Health, error) {
	control, err := d.seesAll(ctx)
	if err != nil {
		return lastday.Health{}, err
	}
	return lastday.Health{Identity: "service", AccountID: serviceID, QuotaLeft: -1, Control: control}, nil
}

func (d *driver) Find(ctx context.Context, person lastday.Person) (lastday.Match, error) {
	control, err := d.seesAll(ctx)
	if err != nil {
		return lastday.Match{}, err
	}
	m := lastday.Match{Verdict: lastday.FoundNone, Control: control}
	if d.is("logs who is sought") {
		d.log.Info("find", "email", strings.Join(person.Emails, " "))
	}
	for _, email := range person.Emails {
		account, err := d.byEmail(ctx, email)
		if err != nil {
			return lastday.Match{}, err
		}
		if account != "" {
			m.Verdict, m.Account = lastday.FoundOne, lastday.Account{System: "club", ID: account}
			m.Evidence = []string{"the verified address"}
		}
	}
	if d.is("finds by the name") && m.Verdict == lastday.FoundNone && person.Name == "Kim" {
		m.Verdict, m.Account.ID = lastday.FoundOne, leaverID
	}
	if d.is("names another system") {
		m.Account.System = "tennis"
	}
	return m, nil
}

func (d *driver) byEmail(ctx context.Context, email string) (string, error) {
	var found []member
	if d.is("searches by the first letters") {
		email = strings.TrimPrefix(email, "x")
	}
	if _, err := d.client.Get(ctx, "club: search", "members?email="+url.QueryEscape(email), &found); err != nil {
		return "", d.cut(err)
	}
	for _, m := range found {
		if m.Email == email || d.is("believes the search") {
			return m.ID, nil
		}
	}
	if len(found) > 0 {
		return "", lastday.Errorf(lastday.CodeInvalid, "club: search", "the answer is about somebody else")
	}
	return "", nil
}

func (d *driver) List(ctx context.Context, account lastday.Account, at integrations.Cursor) (integrations.Page, error) {
	if d.is("writes while listing") {
		_, _ = d.client.Send(ctx, http.MethodPut, "club: mark", "members/"+otherID+"/holdings/room/porch", holding{Role: "guest"}, nil)
	}
	if at != "" && !strings.HasPrefix(string(at), "page=") && !d.is("takes any cursor") {
		return integrations.Page{}, lastday.Errorf(lastday.CodeInvalid, "club: list", "no such cursor")
	}
	control, err := d.seesAll(ctx)
	if err != nil {
		return integrations.Page{}, err
	}
	all, next, err := d.holdings(ctx, account.ID, at)
	if err != nil {
		return integrations.Page{}, err
	}
	if len(all) == 0 && d.is("takes a vanished account for an error") {
		return integrations.Page{}, lastday.Errorf(lastday.CodeNotFound, "club: list", "no such account")
	}
	page := integrations.Page{Control: control, Next: next}
	for _, h := range all {
		if !h.Pending || !d.is("skips invitations") {
			page.Grants = append(page.Grants, d.grant(h))
		}
	}
	return page, nil
}

func (d *driver) grant(h holding) lastday.Grant {
	kinds := description().Kinds
	kind := kinds[slices.IndexFunc(kinds, func(k integrations.KindOfGrant) bool { return k.Name == h.Kind })]
	g := lastday.Grant{
		Key: h.Kind + "/" + h.Thing, Kind: h.Kind, Resource: lastday.Resource{ID: h.Thing, Name: h.Thing},
		Rung: h.Role, Ladder: kind.Ladder, Order: kind.Order, Restore: kind.Restore, Pending: h.Pending,
	}
	if d.is("lists what it does not declare") {
		g.Order++
	}
	if d.is("lists a new order each time") {
		g.Details = map[string]string{"n": fmt.Sprint(d.calls.Add(1))}
	}
	return g
}

func (d *driver) holdings(ctx context.Context, id string, at integrations.Cursor) ([]holding, integrations.Cursor, error) {
	path, err := httpx.Path("members", id, "holdings")
	if err != nil {
		return nil, "", err
	}
	var all []holding
	reply, err := d.client.Get(ctx, "club: list holdings", path+"?"+string(at), &all)
	if err != nil {
		return nil, "", d.cut(err)
	}
	if reply.Next == "" || d.is("reads the first page only") {
		return all, "", nil
	}
	_, query, _ := strings.Cut(reply.Next, "?")
	return all, integrations.Cursor(query), nil
}

// now is where a grant of an account stands, read fresh and in full.
func (d *driver) now(ctx context.Context, id string, g lastday.Grant) (string, error) {
	for at := integrations.Cursor(""); ; {
		all, next, err := d.holdings(ctx, id, at)
		if err != nil {
			return "", err
		}
		for _, h := range all {
			if h.Kind == g.Kind && h.Thing == g.Resource.ID {
				return h.Role, nil
			}
		}
		if next == "" {
			return lastday.None, nil
		}
		at = next
	}
}

func (d *driver) Apply(ctx context.Context, c lastday.Change) (lastday.Receipt, error) {
	down, err := d.sensible(c)
	if err != nil {
		return lastday.Receipt{}, err
	}
	control, err := d.seesAll(ctx)
	if err != nil {
		return lastday.Receipt{}, err
	}
	if !control.Seen && !d.is("never shows a control") {
		return lastday.Receipt{}, lastday.Errorf(lastday.CodeDenied, "club: apply", "our rights do not show all")
	}
	now, err := d.now(ctx, c.Account.ID, c.Grant)
	if err != nil {
		return lastday.Receipt{}, err
	}
	if receipt, decided := d.decide(c, down, now); decided {
		return receipt, d.late(receipt)
	}
	if refusal, err := d.lastOwner(ctx, c, now); err != nil || refusal.Outcome != "" {
		return refusal, err
	}
	return d.write(ctx, c, now)
}

// late plants an error where there is none.
func (d *driver) late(r lastday.Receipt) error {
	if d.is("takes 'already gone' for an error") && r.Outcome == lastday.OutcomeAlready {
		return lastday.Errorf(lastday.CodeNotFound, "club: apply", "already gone")
	}
	return nil
}

func (d *driver) sensible(c lastday.Change) (bool, error) {
	if d.is("takes nonsense") {
		return true, nil
	}
	if c.Account.ID == "" || !slices.Contains([]string{"key", "room", "seat"}, c.Grant.Kind) {
		return false, lastday.Errorf(lastday.CodeInvalid, "club: apply", "nobody, or no such kind")
	}
	down, err := c.Down()
	if err != nil {
		return false, lastday.Wrap(lastday.CodeInvalid, "club: apply", "no such rung", err)
	}
	return down, nil
}

// decide says what is clear without writing.
func (d *driver) decide(c lastday.Change, down bool, now string) (lastday.Receipt, bool) {
	r := lastday.Receipt{Change: c.ID, Before: now}
	cmp, err := c.Grant.Ladder.Compare(now, c.To)
	switch {
	case err == nil && now == c.To, err == nil && down && cmp < 0 && !d.is("raises what is gone"):
		r.Outcome = lastday.OutcomeAlready
		return r, !d.is("writes again")
	case !down && c.Grant.Restore.Fidelity == lastday.RestoreNever && !d.is("gives back keys"):
		r.Outcome, r.Note = lastday.OutcomeRefused, "a key cannot be given back"
		return r, true
	case !down && now != c.From && !d.is("restores over drift"):
		r.Outcome, r.Note = lastday.OutcomeDrifted, "somebody changed it since"
		return r, true
	}
	return r, false
}

func (d *driver) lastOwner(ctx context.Context, c lastday.Change, now string) (lastday.Receipt, error) {
	if now != "owner" || d.is("takes the last owner") {
		return lastday.Receipt{}, nil
	}
	var owners []string
	if _, err := d.client.Get(ctx, "club: read owners", "owners?room="+url.QueryEscape(c.Grant.Resource.ID), &owners); err != nil {
		return lastday.Receipt{}, d.cut(err)
	}
	if len(owners) > 1 {
		return lastday.Receipt{}, nil
	}
	return lastday.Receipt{Change: c.ID, Outcome: lastday.OutcomeRefused, Before: now, Note: "the last owner: name another first"}, nil
}

func (d *driver) write(ctx context.Context, c lastday.Change, now string) (lastday.Receipt, error) {
	id, to := c.Account.ID, c.To
	r := lastday.Receipt{Change: c.ID, Outcome: lastday.OutcomeApplied, Before: now, Proof: lastday.ProofAcknowledged}
	switch {
	case d.is("says done and does nothing"):
		r.Requests = []lastday.Request{{What: "nothing"}}
		return r, nil
	case d.is("tells the token in receipts"):
		r.Note = "with " + clubSecret
	case d.is("takes away at once"):
		to = lastday.None
	case d.is("claims to have observed"):
		r.Proof = lastday.ProofObserved
	}
	call := httpx.Call{What: "set a holding", Method: http.MethodPut, Path: "members/" + id + "/holdings/" + c.Grant.Kind + "/" + c.Grant.Resource.ID}
	call.Body = holding{Role: to, Pending: c.Grant.Pending && !d.is("gives back something else")}
	if to == lastday.None {
		call.Method, call.Body = http.MethodDelete, nil
	}
	reply, err := d.client.Do(ctx, call, nil)
	if err != nil && d.is("tries again by itself") {
		reply, err = d.client.Do(ctx, call, nil)
	}
	if err != nil {
		return lastday.Receipt{}, d.cut(err)
	}
	r.Requests = append(r.Requests, reply.Request)
	if c.Grant.Restore.Fidelity == lastday.RestoreConsent && c.To != lastday.None {
		r.Outcome = lastday.OutcomeOffered
	}
	return r, nil
}

// collateral is a driver that harms somebody else, or more, while it changes.
type collateral struct {
	*driver
	far  *club
	harm func(*club)
}

func (d collateral) Apply(ctx context.Context, c lastday.Change) (lastday.Receipt, error) {
	receipt, err := d.driver.Apply(ctx, c)
	if err == nil && receipt.Outcome == lastday.OutcomeApplied {
		d.harm(d.far)
	}
	return receipt, err
}

// faithless takes 404 for success, and never looks first.
type faithless struct{ *driver }

func (d faithless) Apply(ctx context.Context, c lastday.Change) (lastday.Receipt, error) {
	receipt, err := d.write(ctx, c, c.From)
	if lastday.CodeOf(err) == lastday.CodeNotFound {
		return lastday.Receipt{Change: c.ID, Outcome: lastday.OutcomeAlready}, nil
	}
	return receipt, err
}

// credulous changes whomever the far side names when asked for the account.
type credulous struct{ *driver }

func (d credulous) Apply(ctx context.Context, c lastday.Change) (lastday.Receipt, error) {
	var m member
	if _, err := d.client.Get(ctx, "club: read member", "members/"+c.Account.ID, &m); err == nil {
		c.Account.ID = m.ID
	}
	return d.driver.Apply(ctx, c)
}

// deaf goes on when its caller is gone.
type deaf struct{ *driver }

func (d deaf) Apply(ctx context.Context, c lastday.Change) (lastday.Receipt, error) {
	return d.driver.Apply(context.WithoutCancel(ctx), c)
}

// careless keeps a note of its last change, and trips over it.
type careless struct {
	*driver
	last *atomic.Value
}

func (d careless) Apply(ctx context.Context, c lastday.Change) (lastday.Receipt, error) {
	if d.last.Swap(c.ID) == c.ID {
		return lastday.Receipt{}, errors.New("the second of two at once")
	}
	return d.driver.Apply(ctx, c)
}

func epoch() time.Time { return time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC) }

var _ integrationtest.FarSide = (*club)(nil)
