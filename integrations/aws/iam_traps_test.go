package aws

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"lastday"
	"lastday/integrations/aws/awstest"
)

// Names are given anew: the id decides.
func TestANameThatBelongsToSomebodyElse(t *testing.T) {
	c, d := iamWorld(t)
	g := grantOf(t, inventory(t, d), kindAccessKey, "FIRST")
	c.Look(func(b *awstest.Books) {
		delete(b.Users, kimID)
		b.Users["AIDANEWKIM0000000001"] = user("AIDANEWKIM0000000001", "kim", "another/s3cr3t-0123456789012345678901234")
	})
	before := iamFar{c}.Snapshot()
	mustApply(t, d, lastday.NewChange("c-1", kim(), g, lastday.None, "test"), lastday.OutcomeAlready)
	if after := (iamFar{c}).Snapshot(); after["AIDANEWKIM0000000001"] != before["AIDANEWKIM0000000001"] {
		t.Error("the new user of that name was changed")
	}
	m, err := d.Find(t.Context(), lastday.Person{Key: "p1", Links: []lastday.Link{{System: "aws", ID: kimID, Login: "kim"}}})
	if err != nil || m.Verdict != lastday.FoundMany {
		t.Errorf("the id is gone and the name is somebody's: %q, %v", m.Verdict, err)
	}
}

func TestARenamedUserIsFoundByTheID(t *testing.T) {
	c, d := iamWorld(t)
	g := grantOf(t, inventory(t, d), kindAccessKey, "FIRST")
	c.Look(func(b *awstest.Books) { b.Users[kimID].Name, b.Users[leeID].Name = "kimberly", "kim" })
	mustApply(t, d, lastday.NewChange("c-1", kim(), g, lastday.None, "test"), lastday.OutcomeApplied)
	c.Look(func(b *awstest.Books) {
		if b.Users[kimID].Keys[0].Status != "Inactive" || b.Users[leeID].Keys[0].Status != "Active" {
			t.Error("the key of the name was taken, not the key of the id")
		}
	})
	m, err := d.Find(t.Context(), lastday.Person{Key: "p1", Links: []lastday.Link{{System: "aws", ID: kimID, Login: "kim"}}})
	if err != nil || m.Verdict != lastday.FoundOne || m.Account.Login != "kimberly" {
		t.Errorf("found %q as %q, %v", m.Verdict, m.Account.Login, err)
	}
}

func TestWhoIsWho(t *testing.T) {
	c, d := iamWorld(t)
	c.Look(func(b *awstest.Books) {
		b.Users["AIDAMAX0000000000001"] = &awstest.User{ID: "AIDAMAX0000000000001", Name: "Max@Acme.Example"}
		for i, name := range []string{"two", "two-admin"} {
			id := fmt.Sprintf("AIDATWO000000000000%d", i+1)
			b.Users[id] = &awstest.User{ID: id, Name: name, Tags: map[string]string{"EmployeeNumber": "E-two"}}
		}
		b.Users["AIDAFOREIGN000000001"] = &awstest.User{ID: "AIDAFOREIGN000000001", Name: "max-admin", Tags: map[string]string{"lastday:person": "p-else", "EmployeeNumber": "E-9"}}
	})
	link := func(id, login string) []lastday.Link { return []lastday.Link{{System: "aws", ID: id, Login: login}} }
	cases := map[string]struct {
		person lastday.Person
		want   lastday.Verdict
		id     string
	}{
		"a linked id":                   {lastday.Person{Links: link(kimID, "")}, lastday.FoundOne, kimID},
		"a name that is the address":    {lastday.Person{Emails: []string{"max@acme.example"}}, lastday.FoundOne, "AIDAMAX0000000000001"},
		"a tag with the number":         {lastday.Person{EmployeeNumber: "E-lee"}, lastday.FoundOne, leeID},
		"a linked name alone":           {lastday.Person{Links: link("", "lee")}, lastday.FoundMany, ""},
		"a name and a number agree":     {lastday.Person{Links: link("", "lee"), EmployeeNumber: "E-lee"}, lastday.FoundOne, leeID},
		"a linked id, whatever else":    {lastday.Person{Links: link(kimID, ""), EmployeeNumber: "E-lee"}, lastday.FoundOne, kimID},
		"a number that two have":        {lastday.Person{EmployeeNumber: "E-two"}, lastday.FoundMany, ""},
		"one of the two, pinned":        {lastday.Person{Links: link("AIDATWO0000000000001", ""), EmployeeNumber: "E-two"}, lastday.FoundOne, "AIDATWO0000000000001"},
		"the other of the two, pinned":  {lastday.Person{Links: link("AIDATWO0000000000002", ""), EmployeeNumber: "E-two"}, lastday.FoundOne, "AIDATWO0000000000002"},
		"pinned, and somebody else's":   {lastday.Person{Key: "p3", Links: link("AIDAFOREIGN000000001", "")}, lastday.FoundMany, ""},
		"somebody else's key in a tag":  {lastday.Person{Key: "p3", EmployeeNumber: "E-9"}, lastday.FoundMany, ""},
		"the key in a tag":              {lastday.Person{Key: "p-else"}, lastday.FoundOne, "AIDAFOREIGN000000001"},
		"no number is not nobody's tag": {lastday.Person{Key: "p9"}, lastday.FoundNone, ""},
	}
	for name, x := range cases {
		m, err := d.Find(t.Context(), x.person)
		if err != nil || m.Verdict != x.want || m.Account.ID != x.id {
			t.Errorf("%s: %q %q, %v; want %q %q", name, m.Verdict, m.Account.ID, err, x.want, x.id)
		}
	}
	if _, err := d.Find(t.Context(), lastday.Person{Links: link(account, "root")}); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("the root user is nobody's: %v", err)
	}
}

// Tags that nobody carries tell nothing of anybody.
func TestNobodyIsOnlyFoundByTagsThatAreInUse(t *testing.T) {
	c, d := iamWorld(t)
	find := func(p lastday.Person, want lastday.Verdict) {
		t.Helper()
		if m, err := d.Find(t.Context(), p); err != nil || m.Verdict != want {
			t.Errorf("%+v: %q, %v; want %q", p, m.Verdict, err, want)
		}
	}
	stranger := lastday.Person{Key: "p9", EmployeeNumber: "E-9", Emails: []string{"max@acme.example"}}
	find(stranger, lastday.FoundNone)
	find(lastday.Person{Key: "p9"}, lastday.FoundMany)
	find(lastday.Person{Key: "p9", Links: []lastday.Link{{System: "aws", ID: "AIDAGONE000000000001"}}}, lastday.FoundNone)
	tags := func(all map[string]string) {
		c.Look(func(b *awstest.Books) {
			for _, u := range b.Users {
				u.Tags = all
			}
		})
	}
	tags(nil)
	find(stranger, lastday.FoundMany)
	for key, value := range map[string]string{"lastday:person": "p-else", "EmployeeNumber": "E-else", "Email": "else@acme.example"} {
		tags(map[string]string{key: value})
		find(stranger, lastday.FoundNone)
	}
}

// A second account is told, so that somebody links it.
func TestAnotherUserOfTheSamePersonIsTold(t *testing.T) {
	c, d := iamWorld(t)
	c.Look(func(b *awstest.Books) {
		b.Users["AIDAKIMADMIN00000001"] = &awstest.User{ID: "AIDAKIMADMIN00000001", Name: "kim-admin", Tags: map[string]string{"EmployeeNumber": "E-kim"}}
		b.Users["AIDANOBODY0000000001"] = &awstest.User{ID: "AIDANOBODY0000000001", Name: "nobody", Tags: map[string]string{"EmployeeNumber": ""}}
	})
	told := ""
	for _, r := range inventory(t, d).Residue {
		if strings.Contains(r.Why, "second account") {
			told += r.What + "; "
		}
	}
	if told != "user kim-admin, whose tags say the same person; " {
		t.Errorf("told: %q", told)
	}
}

// A denial that somebody changed is not ours any more.
func TestTheDenialIsOursOnlyWordForWord(t *testing.T) {
	c, d := iamWorld(t)
	g := grantOf(t, inventory(t, d), kindRequests, "")
	_, allowAgain := take(t, d, kim(), g)
	reordered := `{"Statement":{"Effect":"Deny","Resource":"*","Action":"*","Sid":"LastdayDenyAll"},"Version":"2012-10-17"}`
	set := func(doc string) {
		c.Look(func(b *awstest.Books) { b.Users[kimID].Inline["lastday-deny"] = doc })
	}
	set(reordered)
	mustApply(t, d, allowAgain, lastday.OutcomeDrifted)
	set(allow("s3:*"))
	mustApply(t, d, allowAgain, lastday.OutcomeDrifted)
	page := inventory(t, d)
	if len(page.Residue) == 0 || !strings.Contains(page.Residue[0].What, "another text than ours") {
		t.Errorf("a foreign policy of our name is not told: %+v", page.Residue)
	}
	inline := grantOf(t, page, kindInline, "lastday-deny")
	r, back := take(t, d, kim(), g)
	c.Look(func(b *awstest.Books) {
		if b.Users[kimID].Inline["lastday-deny"] != denial {
			t.Error("the denial did not replace it")
		}
	})
	mustApply(t, d, lastday.NewChange("c-3", kim(), inline, lastday.None, "test"), lastday.OutcomeAlready)
	was := inline
	was.Rung = lastday.None
	inlineBack := lastday.NewChange("c-4", kim(), was, rungAttached, "restore")
	inlineBack.Grant = inline
	mustApply(t, d, inlineBack, lastday.OutcomeRefused)
	if r.Outcome != lastday.OutcomeApplied {
		t.Errorf("%+v", r)
	}
	mustApply(t, d, back, lastday.OutcomeApplied)
	c.Look(func(b *awstest.Books) {
		if !same(b.Users[kimID].Inline["lastday-deny"], allow("s3:*")) {
			t.Errorf("what was replaced is not given back: %s", b.Users[kimID].Inline["lastday-deny"])
		}
	})
}

// The answer to a deletion is lost, and with it what the receipt would have
// kept: the text that was seen before gives the policy back.
func TestAnInlinePolicyWhoseReceiptWasLost(t *testing.T) {
	c, d := iamWorld(t)
	g := grantOf(t, inventory(t, d), kindInline, "own-bucket")
	_, back := take(t, d, kim(), g)
	back.Undo = nil
	mustApply(t, d, back, lastday.OutcomeApplied)
	c.Look(func(b *awstest.Books) {
		if now := b.Users[kimID].Inline["own-bucket"]; now != allow("s3:PutObject", "s3:GetObject") {
			t.Errorf("given back: %q", now)
		}
	})
}

// Nobody hides what they may do behind our policy's name.
func TestAnAdministratorsPolicyOfOurName(t *testing.T) {
	c, d := iamWorld(t)
	c.Look(func(b *awstest.Books) { b.Users[kimID].Inline["lastday-deny"] = allow("*") })
	g := grantOf(t, inventory(t, d), kindInline, "lastday-deny")
	if g.Level() != lastday.LevelAdmin {
		t.Errorf("stands at %s", g.Level())
	}
	take(t, d, kim(), g)
	c.Look(func(b *awstest.Books) {
		if _, there := b.Users[kimID].Inline["lastday-deny"]; there {
			t.Error("it was not taken")
		}
	})
}

// The inline policies that leave no room for the denial go at the same cut: it
// is tried again, and does not wait for a person.
func TestNoRoomForTheDenial(t *testing.T) {
	c, d := iamWorld(t)
	c.Look(func(b *awstest.Books) { b.Users[kimID].Inline["own-bucket"] = allow("s3:" + strings.Repeat("x", 1990)) })
	page := inventory(t, d)
	denied := lastday.NewChange("c-1", kim(), grantOf(t, page, kindRequests, ""), lastday.None, "test")
	if r, err := d.Apply(t.Context(), denied); lastday.CodeOf(err) != lastday.CodeTransient || !strings.Contains(err.Error(), "quota") {
		t.Errorf("%+v, %v", r, err)
	}
	take(t, d, kim(), grantOf(t, page, kindInline, "own-bucket"))
	mustApply(t, d, denied, lastday.OutcomeApplied)
}

func TestWeAreNotTaken(t *testing.T) {
	c, d := iamWorld(t)
	g := grantOf(t, inventory(t, d), kindAccessKey, "FIRST")
	g.Resource.ID = "AKIABOT0000000000000"
	mustApply(t, d, lastday.NewChange("c-1", lastday.Account{System: "aws", ID: botID, Login: "lastday"}, g, lastday.None, "test"), lastday.OutcomeRefused)

	// The same, acting by a role that our user assumes with an external id.
	c.Look(func(b *awstest.Books) {
		b.Roles["offboarding"] = &awstest.Role{ID: "AROAOFFBOARDING00001", Name: "offboarding", Attached: []string{everyone + "AdministratorAccess"}, Trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["` + arn("lastday") + `","` + arn("kim") + `"]},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"ext-0123"}}}]}`}
	})
	cfg := iamConfig(d.cfg.Endpoint)
	cfg.Credentials.Role, cfg.Credentials.ExternalID = "arn:aws:iam::"+account+":role/offboarding", "env:EXTERNAL"
	byRole, err := newIAM(t.Context(), cfg, deps("aws"))
	if err != nil {
		t.Fatal(err)
	}
	mustApply(t, byRole, lastday.NewChange("c-1", lastday.Account{System: "aws", ID: botID, Login: "lastday"}, g, lastday.None, "test"), lastday.OutcomeRefused)
	page := inventory(t, byRole)
	mustApply(t, byRole, lastday.NewChange("c-1", kim(), grantOf(t, page, kindTrust, "offboarding"), lastday.None, "test"), lastday.OutcomeRefused)
	mustApply(t, byRole, lastday.NewChange("c-1", kim(), grantOf(t, page, kindAccessKey, "FIRST"), lastday.None, "test"), lastday.OutcomeApplied)
}

func TestAGroupOrPolicyThatWasMadeAgain(t *testing.T) {
	c, d := iamWorld(t)
	page := inventory(t, d)
	_, join := take(t, d, kim(), grantOf(t, page, kindGroup, "readers"))
	_, attach := take(t, d, kim(), grantOf(t, page, kindAttached, "deployer"))
	c.Look(func(b *awstest.Books) {
		b.Groups["readers"].ID = "AGPANEWREADERS000001"
		b.Policies[local+"deployer"].ID = "ANPANEWDEPLOYER00001"
	})
	mustApply(t, d, join, lastday.OutcomeRefused)
	mustApply(t, d, attach, lastday.OutcomeRefused)
	c.Look(func(b *awstest.Books) { delete(b.Groups, "readers"); delete(b.Policies, local+"deployer") })
	mustApply(t, d, join, lastday.OutcomeRefused)
	mustApply(t, d, attach, lastday.OutcomeRefused)
}

func TestACredentialThatWasDeletedIsNotGivenBack(t *testing.T) {
	c, d := iamWorld(t)
	_, back := take(t, d, kim(), grantOf(t, inventory(t, d), kindAccessKey, "FIRST"))
	c.Look(func(b *awstest.Books) { b.Users[kimID].Keys = b.Users[kimID].Keys[1:] })
	mustApply(t, d, back, lastday.OutcomeRefused)
}

func TestATrustPolicyThatSomebodyChangedSince(t *testing.T) {
	c, d := iamWorld(t)
	_, back := take(t, d, kim(), grantOf(t, inventory(t, d), kindTrust, "release"))
	c.Look(func(b *awstest.Books) {
		b.Roles["release"].Trust = strings.Replace(b.Roles["release"].Trust, `"true"`, `"false"`, 1)
	})
	mustApply(t, d, back, lastday.OutcomeDrifted)
	c.Look(func(b *awstest.Books) { b.Roles["release"].ID = "AROANEWRELEASE000001" })
	mustApply(t, d, back, lastday.OutcomeRefused)
}

func TestWithoutANameInATrustPolicy(t *testing.T) {
	who := arn("kim")
	cases := map[string]struct {
		doc, want string
	}{
		"one of several": {
			`{"Statement":[{"Effect":"Allow","Principal":{"AWS":["` + who + `","x"]},"Action":"sts:AssumeRole"}]}`,
			`{"Statement":[{"Effect":"Allow","Principal":{"AWS":["x"]},"Action":"sts:AssumeRole"}]}`,
		},
		"beside a service": {
			`{"Statement":{"Effect":"Allow","Principal":{"AWS":"` + who + `","Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}`,
			`{"Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`,
		},
		"a statement of their own": {
			`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"` + who + `"},"Action":"sts:AssumeRole"},{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}`,
			`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}`,
		},
		"nothing else": {
			`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"` + who + `"},"Action":"sts:AssumeRole","Condition":{"Bool":{"x":"y"}}}]}`,
			`{"Statement":[{"Effect":"Deny","Principal":{"AWS":"` + who + `"},"Action":"sts:AssumeRole"}]}`,
		},
		"only denied": {
			`{"Statement":[{"Effect":"Deny","Principal":{"AWS":"` + who + `"},"Action":"sts:AssumeRole"}]}`,
			`{"Statement":[{"Effect":"Deny","Principal":{"AWS":"` + who + `"},"Action":"sts:AssumeRole"}]}`,
		},
	}
	for name, x := range cases {
		got, err := without(x.doc, who)
		if err != nil || !same(got, x.want) || names(got, who) || !json.Valid([]byte(got)) {
			t.Errorf("%s: %s, %v; want %s", name, got, err, x.want)
		}
	}
}

func TestWhatIsLeft(t *testing.T) {
	c, d := iamWorld(t)
	c.Look(func(b *awstest.Books) {
		b.Users["AIDASVC0000000000001"] = &awstest.User{ID: "AIDASVC0000000000001", Name: "ci-deploy", Tags: map[string]string{"Owner": "KIM@acme.example"}, Keys: []*awstest.Credential{{ID: "AKIASVC0000000000000", Status: "Active"}}}
		b.Users["AIDASVC0000000000002"] = &awstest.User{ID: "AIDASVC0000000000002", Name: "backup", Tags: map[string]string{"Owner": "lee@acme.example"}}
		b.Roles["lambda"].Tags = map[string]string{"Owner": "E-kim"}
		b.Users[kimID].Boundary = local + "edge"
	})
	page := inventory(t, d)
	told := ""
	for _, r := range page.Residue {
		told += r.Kind + ": " + r.What + "\n"
	}
	for _, want := range []string{"owned: user ci-deploy with 1 access keys", "owned: role lambda", "mfa_device: 1 MFA devices", "access_key: access key AKIATHIRD00000000kim (inactive)"} {
		if !strings.Contains(told, want) {
			t.Errorf("%q is not told:\n%s", want, told)
		}
	}
	if strings.Contains(told, "backup") {
		t.Errorf("what somebody else answers for is told:\n%s", told)
	}
	if b := grantOf(t, page, kindRequests, "").Resource.Labels["boundary"]; b != local+"edge" {
		t.Errorf("the boundary is %q", b)
	}
}

func TestWhatWeMayNotReadIsAGap(t *testing.T) {
	c, d := iamWorld(t)
	c.Look(func(b *awstest.Books) {
		b.Users[botID].Inline = map[string]string{"no": `{"Statement":[{"Effect":"Deny","Action":["iam:ListSSHPublicKeys","iam:GetLoginProfile"],"Resource":"*"}]}`}
	})
	page := inventory(t, d)
	gaps := map[string]lastday.Gap{}
	for _, g := range page.Gaps {
		gaps[g.Kind] = g
	}
	for kind, action := range map[string]string{kindSSHKey: "iam:ListSSHPublicKeys", kindConsole: "iam:GetLoginProfile"} {
		if g := gaps[kind]; g.Code != lastday.CodeDenied || !strings.Contains(g.Why, action) || !strings.Contains(g.Fix, action) {
			t.Errorf("%s: %+v", kind, g)
		}
	}
	if len(page.Gaps) != 2 {
		t.Errorf("%d gaps, want 2", len(page.Gaps))
	}
	c.Look(func(b *awstest.Books) {
		b.Users[botID].Inline["no"] = `{"Statement":{"Effect":"Deny","Action":"iam:GetAccount*","Resource":"*"}}`
	})
	h, err := d.Probe(t.Context())
	if err != nil || len(h.Missing) != 1 || h.Control.Seen {
		t.Errorf("the probe says %+v, %v", h, err)
	}
	if _, err := d.List(t.Context(), kim(), ""); lastday.CodeOf(err) != lastday.CodeDenied {
		t.Errorf("list: %v", err)
	}
}

func TestLevelsOfWhatIsHeld(t *testing.T) {
	_, d := iamWorld(t)
	page := inventory(t, d)
	want := map[string]lastday.Level{
		"group admins": lastday.LevelAdmin, "group readers": lastday.LevelRead, "policy deployer": lastday.LevelWrite, "policy ReadOnlyAccess": lastday.LevelRead,
		"inline policy own-bucket": lastday.LevelWrite, "role release": lastday.LevelWrite, "role audit": lastday.LevelRead, "console password": lastday.LevelSignIn,
	}
	for _, g := range page.Grants {
		if level, ok := want[g.Resource.Name]; ok && g.Level() != level {
			t.Errorf("%s is %s, want %s", g.Resource.Name, g.Level(), level)
		}
		delete(want, g.Resource.Name)
	}
	if len(want) > 0 {
		t.Errorf("not listed: %v", want)
	}
}

// Servers exist that ignore what they are asked for.
func TestAnswersAboutSomebodyElse(t *testing.T) {
	c, d := iamWorld(t)
	for list, members := range map[string]string{"ListAccessKeys": "AccessKeyMetadata", "ListSSHPublicKeys": "SSHPublicKeys", "ListSigningCertificates": "Certificates", "ListServiceSpecificCredentials": "ServiceSpecificCredentials"} {
		c.Swap = func(operation string, out awstest.Fields) {
			if operation == list {
				out[members].([]any)[0].(awstest.Fields)["UserName"] = "lee"
			}
		}
		if _, err := d.List(t.Context(), kim(), ""); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: %v", list, err)
		}
	}
}
