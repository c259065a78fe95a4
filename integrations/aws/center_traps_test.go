package aws

import (
	"context"
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/aws/awstest"
)

func sam() lastday.Account { return lastday.Account{System: "sso", ID: samID, Login: "sam"} }

func samsPage(t *testing.T, d *centerDriver) integrations.Page {
	t.Helper()
	page, err := d.List(t.Context(), sam(), "")
	if err != nil || !page.Control.Seen || len(page.Gaps) > 0 {
		t.Fatalf("list: %v, control %+v, gaps %v", err, page.Control, page.Gaps)
	}
	return page
}

// An order that AWS has not carried out is no success; the next look knows.
func TestAnOrderUnderWayIsNotDone(t *testing.T) {
	c, d := centerWorld(t)
	g := grantOf(t, samsPage(t, d), kindAssignment, "Admins in account 111111111111")
	if g.Level() != lastday.LevelAdmin {
		t.Errorf("AdministratorAccess is %s", g.Level())
	}
	c.Look(func(b *awstest.Books) { b.Center.Slow = 3 })
	change := lastday.NewChange("c-1", sam(), g, lastday.None, "test")
	r := mustApply(t, d, change, lastday.OutcomeAccepted)
	if want := noon().Add(4 * time.Hour); len(r.Residue) != 1 || !r.Residue[0].Until.Equal(want) {
		t.Errorf("sessions of the permission set last until %s, told is %+v", want, r.Residue)
	}
	if r.Proof != lastday.ProofNone {
		t.Errorf("what was only ordered is shown as %s", r.Proof)
	}
	if _, err := d.Apply(t.Context(), change); lastday.CodeOf(err) != lastday.CodeTransient {
		t.Errorf("ordered again while it is under way: %v", err)
	}
	mustApply(t, d, change, lastday.OutcomeAlready)
}

func TestAnOrderThatFails(t *testing.T) {
	c, d := centerWorld(t)
	g := grantOf(t, samsPage(t, d), kindAssignment, "Readers")
	c.Look(func(b *awstest.Books) { b.Center.Fails = true })
	if r, err := d.Apply(t.Context(), lastday.NewChange("c-1", sam(), g, lastday.None, "test")); lastday.CodeOf(err) != lastday.CodeTransient {
		t.Errorf("outcome %q, %v", r.Outcome, err)
	}
}

// A group counts as high as what it brings, and what it brings is taken with it.
func TestWhatComesThroughGroups(t *testing.T) {
	_, d := centerWorld(t)
	page := samsPage(t, d)
	if g := grantOf(t, page, kindGroup, "platform"); g.Level() != lastday.LevelAdmin {
		t.Errorf("the group brings an admin's permission set and counts as %s", g.Level())
	}
	through := grantOf(t, page, kindAssignment, "333333333333")
	if len(through.Via) != 1 || through.Via[0] != "group platform" {
		t.Errorf("the way in is %v", through.Via)
	}
	mustApply(t, d, lastday.NewChange("c-1", sam(), through, lastday.None, "test"), lastday.OutcomeDelegated)
	elsewhere := grantOf(t, page, kindGroup, "everybody")
	if elsewhere.ManagedBy != "https://scim.idp.example" {
		t.Errorf("the group is managed by %q", elsewhere.ManagedBy)
	}
	mustApply(t, d, lastday.NewChange("c-1", sam(), elsewhere, lastday.None, "test"), lastday.OutcomeDelegated)
	forged := elsewhere
	forged.ManagedBy = ""
	mustApply(t, d, lastday.NewChange("c-1", sam(), forged, lastday.None, "test"), lastday.OutcomeDelegated)
	take(t, d, sam(), grantOf(t, page, kindGroup, "platform"))
	for _, g := range samsPage(t, d).Grants {
		if strings.Contains(g.Resource.Name, "333333333333") {
			t.Error("what came through the group is still there")
		}
	}
}

func TestTheUserIsResidue(t *testing.T) {
	c, d := centerWorld(t)
	for id, want := range map[string]string{samID: "in the console", patID: "https://scim.idp.example"} {
		page, err := d.List(t.Context(), lastday.Account{System: "sso", ID: id}, "")
		if err != nil || len(page.Residue) != 1 || !strings.Contains(page.Residue[0].Todo, want) {
			t.Errorf("%v, %+v", err, page.Residue)
		}
	}
	c.Look(func(b *awstest.Books) { b.Center.People[samID].Disabled = true })
	if page := samsPage(t, d); len(page.Residue) != 0 {
		t.Errorf("a user who is disabled cannot sign in: %+v", page.Residue)
	}
}

func TestOurOwnSessionOfAPermissionSet(t *testing.T) {
	if !ours("arn:aws:sts::1:assumed-role/AWSReservedSSO_Admins_0123/Sam", "sam") {
		t.Error("a session of sam's is ours")
	}
	for _, other := range []string{"arn:aws:sts::1:assumed-role/lastday/sam", "arn:aws:iam::1:user/sam", "arn:aws:sts::1:assumed-role/AWSReservedSSO_Admins_0123/pat"} {
		if ours(other, "sam") {
			t.Errorf("%s is not sam", other)
		}
	}
}

func TestUsersOfAnIdentityStore(t *testing.T) {
	c, d := centerWorld(t)
	c.Look(func(b *awstest.Books) { b.Center.People[patID].Name = "sam@acme.example" })
	link := func(id, login string) []lastday.Link { return []lastday.Link{{System: "sso", ID: id, Login: login}} }
	cases := map[string]struct {
		person lastday.Person
		want   lastday.Verdict
		id     string
	}{
		"a linked id":                      {lastday.Person{Links: link(samID, "whatever")}, lastday.FoundOne, samID},
		"nothing is known":                 {lastday.Person{Key: "p7", Name: "sam"}, lastday.FoundMany, ""},
		"a linked name alone":              {lastday.Person{Links: link("", "sam")}, lastday.FoundMany, ""},
		"one's address is another's name":  {lastday.Person{Emails: []string{"sam@acme.example"}}, lastday.FoundMany, ""},
		"an address":                       {lastday.Person{Emails: []string{"PAT@acme.example"}}, lastday.FoundOne, patID},
		"a linked id, whatever else":       {lastday.Person{Links: link(samID, ""), Emails: []string{"pat@acme.example"}}, lastday.FoundOne, samID},
		"a linked id that is gone":         {lastday.Person{Links: link(strings.Replace(samID, "0002", "0009", 1), "")}, lastday.FoundNone, ""},
		"gone, and the name is somebody's": {lastday.Person{Links: link(strings.Replace(samID, "0002", "0009", 1), "sam")}, lastday.FoundMany, ""},
	}
	for name, x := range cases {
		m, err := d.Find(t.Context(), x.person)
		if err != nil || m.Verdict != x.want || m.Account.ID != x.id {
			t.Errorf("%s: %q %q, %v; want %q %q", name, m.Verdict, m.Account.ID, err, x.want, x.id)
		}
	}
}

// Permission sets are remembered between cases; who has them is not.
func TestPermissionSetsAreRemembered(t *testing.T) {
	c, d := centerWorld(t)
	now := noon()
	d.now = func() time.Time { return now }
	samsPage(t, d)
	reads := func() int {
		n := 0
		for _, call := range c.Calls() {
			if call.Operation == "DescribePermissionSet" {
				n++
			}
		}
		return n
	}
	if n := reads(); n != 2 {
		t.Errorf("two permission sets were read %d times", n)
	}
	if samsPage(t, d); reads() != 2 {
		t.Error("they were read again at once")
	}
	now = now.Add(fresh)
	if samsPage(t, d); reads() != 4 {
		t.Error("they were not read again after their time")
	}
}

func TestWhatWeMayNotReadOfACenter(t *testing.T) {
	c, d := centerWorld(t)
	deny := func(actions string) {
		c.Look(func(b *awstest.Books) {
			b.Users[botID].Inline = map[string]string{"no": `{"Statement":[{"Effect":"Deny","Action":` + actions + `,"Resource":"*"}]}`}
		})
	}
	deny(`["sso:ListApplicationAssignmentsForPrincipal","sso:ListManagedPoliciesInPermissionSet"]`)
	page, err := d.List(t.Context(), sam(), "")
	if err != nil || len(page.Gaps) != 1 || page.Gaps[0].Kind != kindApplication {
		t.Fatalf("%v, gaps %+v", err, page.Gaps)
	}
	if g := grantOf(t, page, kindAssignment, "Readers"); g.Level() != lastday.LevelAdmin {
		t.Errorf("a permission set that cannot be read is %s", g.Level())
	}
	if g := grantOf(t, page, kindGroup, "everybody"); g.Level() != lastday.LevelWrite {
		t.Errorf("a group whose applications are not known is %s", g.Level())
	}
	deny(`"sso:ListAccountAssignmentsForPrincipal"`)
	page, err = d.List(t.Context(), sam(), "")
	if err != nil || len(page.Gaps) != 1 || page.Gaps[0].Kind != kindAssignment {
		t.Fatalf("%v, gaps %+v", err, page.Gaps)
	}
	for _, name := range []string{"platform", "everybody"} {
		if g := grantOf(t, page, kindGroup, name); g.Level() != lastday.LevelAdmin {
			t.Errorf("%s: a group of which nobody knows what it brings is %s", name, g.Level())
		}
	}
	h, err := d.Probe(context.WithoutCancel(t.Context()))
	if err != nil || len(h.Missing) != 1 || !h.Control.Seen {
		t.Errorf("the probe says %+v, %v", h, err)
	}
}

func TestHowLongSessionsLast(t *testing.T) {
	for iso, want := range map[string]time.Duration{"PT4H": 4 * time.Hour, "PT1H30M": 90 * time.Minute, "PT45M": 45 * time.Minute, "": time.Hour, "P1D": time.Hour} {
		if got := sessionOf(iso); got != want {
			t.Errorf("%q is %s, want %s", iso, got, want)
		}
	}
}

// Servers exist that ignore what they are asked for.
func TestAnswersOfACenterAboutSomebodyElse(t *testing.T) {
	c, d := centerWorld(t)
	first := func(out awstest.Fields, list string) awstest.Fields { return out[list].([]any)[0].(awstest.Fields) }
	for operation, swap := range map[string]func(awstest.Fields){
		"DescribeUser":                           func(out awstest.Fields) { out["UserId"] = patID },
		"ListGroupMembershipsForMember":          func(out awstest.Fields) { first(out, "GroupMemberships")["MemberId"] = awstest.Fields{"UserId": patID} },
		"ListAccountAssignmentsForPrincipal":     func(out awstest.Fields) { first(out, "AccountAssignments")["PrincipalId"] = patID },
		"ListApplicationAssignmentsForPrincipal": func(out awstest.Fields) { first(out, "ApplicationAssignments")["PrincipalId"] = patID },
	} {
		c.Swap = func(asked string, out awstest.Fields) {
			if asked == operation {
				swap(out)
			}
		}
		if _, err := d.List(t.Context(), sam(), ""); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: %v", operation, err)
		}
	}
}
