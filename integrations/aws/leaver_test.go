package aws

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/aws/awstest"
)

// eyes asks AWS as somebody, with the SDK alone.
type eyes struct {
	iam *iam.Client
	sts *sts.Client
}

func as(url, id, secret, token string) eyes {
	cfg := sdk.Config{
		Region: "us-east-1", BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider(id, secret, token),
		Retryer: func() sdk.Retryer { return sdk.NopRetryer{} },
	}
	return eyes{iam.NewFromConfig(cfg), sts.NewFromConfig(cfg)}
}

// can says how AWS answers to a harmless question: OK or its error code.
func (e eyes) can(t *testing.T) string {
	t.Helper()
	_, err := e.iam.GetUser(t.Context(), &iam.GetUserInput{})
	return said(err)
}

func said(err error) string {
	if err == nil {
		return "OK"
	}
	if a, ok := errors.AsType[smithy.APIError](err); ok {
		return a.ErrorCode()
	}
	return err.Error()
}

func (e eyes) assume(t *testing.T, role string) (eyes, string) {
	t.Helper()
	out, err := e.sts.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: new("arn:aws:iam::" + account + ":role/" + role), RoleSessionName: new("kim")})
	if err != nil {
		return eyes{}, said(err)
	}
	c := out.Credentials
	return as(*e.iam.Options().BaseEndpoint, *c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken), "OK"
}

func kim() lastday.Account { return lastday.Account{System: "aws", ID: kimID, Login: "kim"} }

// inventory lists what kim has.
func inventory(t tester, d *iamDriver) integrations.Page {
	t.Helper()
	page, err := d.List(t.Context(), kim(), "")
	if err != nil || !page.Control.Seen {
		t.Fatalf("list: %v, control %+v", err, page.Control)
	}
	return page
}

func grantOf(t tester, page integrations.Page, kind, name string) lastday.Grant {
	t.Helper()
	for _, g := range page.Grants {
		if g.Kind == kind && strings.Contains(g.Resource.Name, name) {
			return g
		}
	}
	t.Fatalf("no %s %q is listed", kind, name)
	return lastday.Grant{}
}

// take brings one of kim's grants to none; back is the change that undoes it.
func take(t tester, d integrations.Driver, who lastday.Account, g lastday.Grant) (receipt lastday.Receipt, back lastday.Change) {
	t.Helper()
	c := lastday.NewChange("c-1", who, g, lastday.None, "test")
	receipt, err := d.Apply(t.Context(), c)
	if err != nil {
		t.Fatalf("%s: %v", g.Kind, err)
	}
	down := g
	down.Rung = lastday.None
	back = lastday.NewChange("c-1", who, down, g.Rung, "restore")
	back.Grant, back.Undo = g, receipt.Undo
	return receipt, back
}

func mustApply(t tester, d integrations.Driver, c lastday.Change, want lastday.Outcome) lastday.Receipt {
	t.Helper()
	r, err := d.Apply(t.Context(), c)
	if err != nil || r.Outcome != want {
		t.Fatalf("%s to %s: outcome %q (%s), error %v; want %q", c.Grant.Kind, c.To, r.Outcome, r.Note, err, want)
	}
	return r
}

func TestAsTheLeaver(t *testing.T) {
	c, d := iamWorld(t)
	url := d.cfg.Endpoint
	byKey := as(url, "AKIAFIRST00000000kim", kimSecret, "")
	issued, err := byKey.sts.GetSessionToken(t.Context(), &sts.GetSessionTokenInput{})
	if err != nil {
		t.Fatal(err)
	}
	bySession := as(url, *issued.Credentials.AccessKeyId, *issued.Credentials.SecretAccessKey, *issued.Credentials.SessionToken)
	byRole, assumed := byKey.assume(t, "audit")
	see := func(when string, key, session, role string) {
		t.Helper()
		if k, s := byKey.can(t), bySession.can(t); k != key || s != session {
			t.Errorf("%s: with the key %s, with a session issued before %s; want %s and %s", when, k, s, key, session)
		}
		if _, err := byRole.iam.ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: new("lee")}); said(err) != role {
			t.Errorf("%s: with a role's session %s; want %s", when, said(err), role)
		}
	}
	if assumed != "OK" {
		t.Fatalf("assume: %s", assumed)
	}
	see("before", "OK", "OK", "OK")

	page := inventory(t, d)
	denied, allow := take(t, d, kim(), grantOf(t, page, kindRequests, ""))
	see("after the denial", "AccessDenied", "AccessDenied", "OK")
	if len(denied.Residue) != 1 || denied.Residue[0].Until.IsZero() {
		t.Errorf("sessions of roles go on, and the receipt does not tell until when: %+v", denied.Residue)
	}
	if _, err := byKey.sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); err != nil {
		t.Errorf("who one is needs no permission and cannot be denied: %v", err)
	}
	if _, how := byKey.assume(t, "release"); how != "AccessDenied" {
		t.Errorf("a role after the denial: %s", how)
	}

	mustApply(t, d, allow, lastday.OutcomeApplied)
	see("given back", "OK", "OK", "OK")

	_, activate := take(t, d, kim(), grantOf(t, page, kindAccessKey, "FIRST"))
	see("after the key is inactive", "InvalidClientTokenId", "OK", "OK")
	mustApply(t, d, activate, lastday.OutcomeApplied)
	see("the key is active again", "OK", "OK", "OK")

	_, named := take(t, d, kim(), grantOf(t, page, kindTrust, "audit"))
	if _, how := byKey.assume(t, "audit"); how != "AccessDenied" {
		t.Errorf("a role that does not trust any more: %s", how)
	}
	mustApply(t, d, named, lastday.OutcomeApplied)
	if _, how := byKey.assume(t, "audit"); how != "OK" {
		t.Errorf("a role that trusts again: %s", how)
	}
	c.Look(func(b *awstest.Books) {
		for _, k := range b.Users[leeID].Keys {
			if k.Status == "Inactive" != strings.HasPrefix(k.ID, "AKIATHIRD") {
				t.Errorf("lee's key %s is %s", k.ID, k.Status)
			}
		}
	})
}

// Everything is taken through the wrapper that production uses, and given back.
func TestAWholeLeaver(t *testing.T) {
	c, d := iamWorld(t)
	system := integrations.NewSystem("aws", d, integrations.Options{Now: noon})
	person := lastday.Person{Key: "p1", EmployeeNumber: "E-kim"}
	before := iamFar{c}.Snapshot()
	inv, err := system.Survey(t.Context(), person, nil)
	if err != nil || !inv.Complete() || inv.Calls == 0 {
		t.Fatalf("survey: %v, complete %t, %d calls", err, inv.Complete(), inv.Calls)
	}
	slices.SortStableFunc(inv.Grants, func(a, b lastday.Grant) int { return a.Order - b.Order })
	if inv.Grants[0].Kind != kindRequests {
		t.Errorf("%s is taken first: the denial works on what is open too", inv.Grants[0].Kind)
	}
	var changes, backs []lastday.Change
	var receipts []lastday.Receipt
	for _, g := range inv.Grants {
		r, back := take(t, d, inv.Match.Account, g)
		changes = append(changes, lastday.NewChange("c-1", inv.Match.Account, g, lastday.None, "test"))
		receipts, backs = append(receipts, r), append(backs, back)
	}
	after, err := system.Survey(t.Context(), person, nil)
	if err != nil || len(after.Grants) != 0 {
		t.Fatalf("after: %v, %d grants", err, len(after.Grants))
	}
	for i, r := range integrations.Grade(changes, receipts, after) {
		if r.Proof != lastday.ProofObserved {
			t.Errorf("%s is shown as %s", changes[i].Grant.Kind, r.Proof)
		}
	}
	for _, back := range backs {
		mustApply(t, d, back, lastday.OutcomeApplied)
	}
	c.Look(func(b *awstest.Books) {
		if !b.Users[kimID].Reset {
			t.Error("a new password must be replaced at the first sign-in")
		}
		b.Users[kimID].Reset = false
	})
	for key, text := range (iamFar{c}).Snapshot() {
		if text != before[key] {
			t.Errorf("%s was %s and is %s", key, before[key], text)
		}
	}
}

// IAM shows old state for a while: it is read as it is, and not taken for a failure.
func TestWhatIsReadLateIsNotShown(t *testing.T) {
	c, d := iamWorld(t)
	g := grantOf(t, inventory(t, d), kindAccessKey, "FIRST")
	c.Lag = 8
	change := lastday.NewChange("c-1", kim(), g, lastday.None, "test")
	r := mustApply(t, d, change, lastday.OutcomeApplied)
	system := integrations.NewSystem("aws", d, integrations.Options{Now: noon})
	graded := func() lastday.Receipt {
		inv, err := system.Recheck(context.WithoutCancel(t.Context()), kim())
		if err != nil {
			t.Fatal(err)
		}
		return integrations.Grade([]lastday.Change{change}, []lastday.Receipt{r}, inv)[0]
	}
	if g := graded(); g.Proof == lastday.ProofObserved || g.After != rungActive {
		t.Errorf("the old state was read, and it is shown as %s, %q", g.Proof, g.After)
	}
	if g := graded(); g.Proof != lastday.ProofObserved {
		t.Errorf("the new state was read, and it is shown as %s, %q", g.Proof, g.After)
	}
}
