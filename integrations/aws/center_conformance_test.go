package aws

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"lastday"
	"lastday/integrations/aws/awstest"
	"lastday/integrations/integrationtest"
)

const (
	canaryID = "0123456789-aaaaaaaa-0000-4000-8000-000000000001"
	samID    = "0123456789-bbbbbbbb-0000-4000-8000-000000000002"
	patID    = "0123456789-cccccccc-0000-4000-8000-000000000003"
	teamID   = "0123456789-dddddddd-0000-4000-8000-000000000004"
	scimTeam = "0123456789-eeeeeeee-0000-4000-8000-000000000005"
	setAdmin = "arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-aaaaaaaaaaaaaaaa"
	setRead  = "arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-bbbbbbbbbbbbbbbb"
	wikiApp  = "arn:aws:sso::123456789012:application/ssoins-0123456789abcdef/apl-0123456789abcdef"
	chatApp  = "arn:aws:sso::123456789012:application/ssoins-0123456789abcdef/apl-abcdef0123456789"
	instance = "arn:aws:sso:::instance/ssoins-0123456789abcdef"
)

// furnishCenter gives sam and pat the same.
func furnishCenter(c *awstest.Cloud) {
	c.Look(func(b *awstest.Books) {
		s := b.Center
		canary := canaryID
		s.People[canary] = &awstest.Person{ID: canary, Name: "canary", Email: "canary@acme.example"}
		s.People[samID] = &awstest.Person{ID: samID, Name: "sam", Email: "sam@acme.example"}
		s.People[patID] = &awstest.Person{ID: patID, Name: "pat", Email: "pat@acme.example", Issuer: "https://scim.idp.example"}
		s.Sets[setAdmin] = &awstest.Set{ARN: setAdmin, Name: "Admins", Duration: "PT4H", Managed: []string{everyone + "AdministratorAccess"}}
		s.Sets[setRead] = &awstest.Set{ARN: setRead, Name: "Readers", Duration: "PT1H", Managed: []string{everyone + "ViewOnlyAccess"}, Inline: allow("s3:Get*")}
		s.Applications[wikiApp], s.Applications[chatApp] = "wiki", "chat"
		both := func() map[string]string { return map[string]string{samID: s.UUID(), patID: s.UUID()} }
		s.Teams[teamID] = &awstest.Team{ID: teamID, Name: "platform", Members: both()}
		s.Teams[scimTeam] = &awstest.Team{ID: scimTeam, Name: "everybody", Issuer: "https://scim.idp.example", Members: both()}
		for _, id := range []string{samID, patID} {
			s.Assignments = append(s.Assignments,
				awstest.Assignment{Principal: id, Kind: "USER", Account: "111111111111", Of: setAdmin},
				awstest.Assignment{Principal: id, Kind: "USER", Account: "222222222222", Of: setRead})
			s.AppAssignments = append(s.AppAssignments, awstest.Assignment{Principal: id, Kind: "USER", Of: wikiApp})
		}
		s.Assignments = append(s.Assignments, awstest.Assignment{Principal: teamID, Kind: "GROUP", Account: "333333333333", Of: setAdmin})
		s.AppAssignments = append(s.AppAssignments, awstest.Assignment{Principal: scimTeam, Kind: "GROUP", Of: chatApp})
	})
}

func centerConfig(endpoint string) CenterConfig {
	return CenterConfig{
		Region: "eu-central-1", Endpoint: endpoint, Credentials: Credentials{AccessKeyID: "env:ID", SecretAccessKey: "env:KEY"},
		Instance: instance, IdentityStore: "d-0123456789", Canary: canaryID,
	}
}

func centerWorld(t tester) (*awstest.Cloud, *centerDriver) {
	t.Helper()
	c, url := serveCloud(t)
	furnishCenter(c)
	d, err := newCenter(t.Context(), centerConfig(url), deps("sso"))
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return c, d
}

func TestIdentityCenterConformance(t *testing.T) {
	integrationtest.Run(t, integrationtest.Harness{
		Description: centerDescription(), Open: openCenterWorld,
		Absent: map[string]string{"pending": "IAM Identity Center has no invitations"},
	})
}

func openCenterWorld(t integrationtest.T) integrationtest.World {
	c, d := centerWorld(t)
	c.PageSize, c.Wrong = 1, patID
	c.Look(func(b *awstest.Books) { // what a group brings goes with the membership: here only the group that is managed elsewhere brings something
		for i, a := range b.Center.Assignments {
			if a.Principal == teamID {
				b.Center.Assignments[i].Principal = scimTeam
			}
		}
	})
	return integrationtest.World{
		System: "sso", Driver: d, Far: centerFar{c}, Now: noon,
		Leaver:    lastday.Person{Key: "p1", Name: "Sam Gone", Emails: []string{"sam@acme.example"}},
		Bystander: lastday.Person{Key: "p2", Name: "Pat Stays", Emails: []string{"pat@acme.example"}},
		Stranger:  lastday.Person{Key: "p3", Name: "Max", Emails: []string{"max@acme.example"}},
		LeaverID:  samID, BystanderID: patID, Secrets: []string{botSecret},
	}
}

// centerFar is the view of the instance by its own books.
type centerFar struct{ *awstest.Cloud }

func (f centerFar) Access(id string) []integrationtest.Entry {
	var all []integrationtest.Entry
	f.Look(func(b *awstest.Books) {
		s := b.Center
		if s.People[id] == nil {
			return
		}
		add := func(kind, resource, rung string) {
			later := slices.ContainsFunc(all, func(e integrationtest.Entry) bool { return e.Kind == kind })
			all = append(all, integrationtest.Entry{Kind: kind, Resource: resource, Rung: rung, Later: later})
		}
		mine := map[string]bool{id: true}
		for _, team := range slices.Sorted(maps.Keys(s.Teams)) {
			if s.Teams[team].Members[id] != "" {
				mine[team] = true
				add(kindGroup, team, rungMember)
			}
		}
		suffix := func(a awstest.Assignment) string {
			if a.Kind == "GROUP" {
				return "/" + a.Principal
			}
			return ""
		}
		for _, a := range s.Assignments {
			if mine[a.Principal] {
				add(kindAssignment, a.Account+"/"+a.Of+suffix(a), rungAssigned)
			}
		}
		for _, a := range s.AppAssignments {
			if mine[a.Principal] {
				add(kindApplication, a.Of+suffix(a), rungAssigned)
			}
		}
	})
	return all
}

// Snapshot leaves out the ids of memberships, which are new each time, and the
// orders, which are logs.
func (f centerFar) Snapshot() map[string]string {
	out := map[string]string{}
	f.Look(func(b *awstest.Books) {
		s := b.Center
		mine := map[string][]string{}
		for id, p := range s.People {
			mine[id] = []string{asText(p)}
		}
		for id, team := range s.Teams {
			out["team "+id] = team.Name + team.Issuer
			for user := range team.Members {
				mine[user] = append(mine[user], id)
			}
		}
		for _, a := range slices.Concat(s.Assignments, s.AppAssignments) {
			mine[a.Principal] = append(mine[a.Principal], asText(a))
		}
		for id, lines := range mine {
			slices.Sort(lines)
			out[id] = strings.Join(lines, " ")
		}
		out["rest"] = asText(s.Sets) + asText(s.Applications) + asText(b.Users) + asText(b.Roles)
	})
	return out
}

func (f centerFar) Put(id string, e integrationtest.Entry) {
	if e.Rung != lastday.None {
		panic("no ladder here has a rung in between")
	}
	f.Look(func(b *awstest.Books) {
		s := b.Center
		gone := func(a awstest.Assignment) bool {
			return a.Principal == id && (a.Of == e.Resource || a.Account+"/"+a.Of == e.Resource)
		}
		s.Assignments = slices.DeleteFunc(s.Assignments, gone)
		s.AppAssignments = slices.DeleteFunc(s.AppAssignments, gone)
		if team := s.Teams[e.Resource]; team != nil {
			delete(team.Members, id)
		}
	})
}

// Vanish deletes the user; AWS takes assignments and memberships along.
func (f centerFar) Vanish(id string) {
	f.Look(func(b *awstest.Books) {
		s := b.Center
		delete(s.People, id)
		theirs := func(a awstest.Assignment) bool { return a.Principal == id }
		s.Assignments = slices.DeleteFunc(s.Assignments, theirs)
		s.AppAssignments = slices.DeleteFunc(s.AppAssignments, theirs)
		for _, team := range s.Teams {
			delete(team.Members, id)
		}
	})
}
