package aws

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"lastday"
	"lastday/integrations/aws/awstest"
	"lastday/integrations/integrationtest"
)

func TestIAMConformance(t *testing.T) {
	integrationtest.Run(t, integrationtest.Harness{
		Description: iamDescription(), Open: openIAMWorld,
		Absent: map[string]string{"pending": "IAM has no invitations"},
	})
}

func openIAMWorld(t integrationtest.T) integrationtest.World {
	c, d := iamWorld(t)
	c.PageSize, c.Wrong = 1, leeID
	return integrationtest.World{
		System: "aws", Driver: d, Far: iamFar{c}, Now: noon,
		Leaver:    lastday.Person{Key: "p1", Name: "Kim Gone", Emails: []string{"kim@acme.example"}, EmployeeNumber: "E-kim"},
		Bystander: lastday.Person{Key: "p2", Name: "Lee Stays", Emails: []string{"lee@acme.example"}},
		Stranger:  lastday.Person{Key: "p3", Name: "Max", Emails: []string{"max@acme.example"}},
		LeaverID:  kimID, BystanderID: leeID, Secrets: []string{botSecret, kimSecret},
	}
}

// iamFar is the view of the account by its own books.
type iamFar struct{ *awstest.Cloud }

// held gives the credentials of a kind.
func held(u *awstest.User, kind string) []*awstest.Credential {
	return map[string][]*awstest.Credential{kindAccessKey: u.Keys, kindSSHKey: u.SSH, kindCertificate: u.Certs, kindService: u.Services}[kind]
}

func (f iamFar) Access(id string) []integrationtest.Entry {
	var all []integrationtest.Entry
	add := func(kind, resource, rung string) {
		later := slices.ContainsFunc(all, func(e integrationtest.Entry) bool { return e.Kind == kind })
		all = append(all, integrationtest.Entry{Kind: kind, Resource: resource, Rung: rung, Later: later})
	}
	f.Look(func(b *awstest.Books) {
		u := b.Users[id]
		if u == nil {
			return
		}
		if !strings.Contains(u.Inline["lastday-deny"], `"Deny"`) {
			add(kindRequests, "requests", rungAllowed)
		}
		if u.Password {
			add(kindConsole, "console", rungPassword)
		}
		for _, kind := range []string{kindAccessKey, kindSSHKey, kindCertificate, kindService} {
			for _, k := range held(u, kind) {
				if k.Status == "Active" {
					add(kind, k.ID, rungActive)
				}
			}
		}
		for _, g := range u.Groups {
			add(kindGroup, b.Groups[g].ID, rungMember)
		}
		for _, p := range u.Attached {
			add(kindAttached, p, rungAttached)
		}
		for name := range u.Inline {
			if name != "lastday-deny" {
				add(kindInline, name, rungAttached)
			}
		}
		for _, r := range b.Roles {
			if trusted(r.Trust, arn(u.Name)) {
				add(kindTrust, r.ID, rungNamed)
			}
		}
	})
	return all
}

// trusted reads the trust policies of this world: a text search, unlike the
// driver's.
func trusted(trust, who string) bool {
	return strings.Contains(trust, `"`+who+`"`) && !strings.Contains(trust, `"Deny"`)
}

// Snapshot has the trust policies' texts under the leaver, who is in all that
// change, and under the role whether it still is as the others know it.
func (f iamFar) Snapshot() map[string]string {
	out := map[string]string{}
	f.Look(func(b *awstest.Books) {
		for id, u := range b.Users {
			out[id] = asText(u)
		}
		for name, g := range b.Groups {
			out["group "+name] = asText(g)
		}
		for arn, p := range b.Policies {
			out[arn] = asText(p)
		}
		for _, name := range slices.Sorted(maps.Keys(b.Roles)) {
			r := *b.Roles[name]
			out[kimID] += r.Trust
			r.Trust = othersTrust(r.Trust)
			out["role "+name] = asText(r)
		}
	})
	return out
}

// othersTrust is what a trust policy says to others than the leaver.
func othersTrust(trust string) string {
	said := ""
	for _, other := range []string{arn("lee"), "lambda.amazonaws.com"} {
		if trusted(trust, other) {
			said += other + strconv.FormatBool(strings.Contains(trust, "MultiFactorAuthPresent"))
		}
	}
	return said
}

func asText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func (f iamFar) Put(id string, e integrationtest.Entry) {
	if e.Rung != lastday.None {
		panic("no ladder here has a rung in between")
	}
	f.Look(func(b *awstest.Books) {
		u := b.Users[id]
		for _, k := range held(u, e.Kind) {
			if k.ID == e.Resource {
				k.Status = "Inactive"
			}
		}
		switch e.Kind {
		case kindConsole:
			u.Password = false
		case kindRequests:
			u.Inline["lastday-deny"] = denial
		case kindInline:
			delete(u.Inline, e.Resource)
		case kindAttached:
			u.Attached = slices.DeleteFunc(u.Attached, func(p string) bool { return p == e.Resource })
		case kindGroup:
			u.Groups = slices.DeleteFunc(u.Groups, func(g string) bool { return b.Groups[g].ID == e.Resource })
		}
	})
}

// Vanish deletes the user. AWS then shows their id where a trust policy named them.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func (f iamFar) Vanish(id string) {
	f.Look(func(b *awstest.Books) {
		name := b.Users[id].Name
		delete(b.Users, id)
		for _, r := range b.Roles {
			r.Trust = strings.ReplaceAll(r.Trust, arn(name), id)
		}
	})
}
