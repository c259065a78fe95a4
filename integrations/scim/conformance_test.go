package scim

import (
	"testing"

	"lastday/integrations/integrationtest"
	"lastday/integrations/scim/scimtest"
)

func TestConformance(t *testing.T) {
	servers := map[string]struct {
		manners scimtest.Manners
		change  func(*Config)
	}{
		"groups by filter": {scimtest.Manners{MaxPage: 1}, nil},
		"all groups read":  {scimtest.Manners{MaxPage: 2, IgnoreFilters: true, WithoutMembers: true}, func(c *Config) { c.CanaryGroup = "" }},
		"pages by cursor":  {scimtest.Manners{MaxPage: 2, Cursor: true, OnlyFilters: []string{"userName"}}, func(c *Config) { c.Paging = pagingCursor }},
		"scrambles logins": {scimtest.Manners{MaxPage: 2, Scrambles: true, ArrayRemove: true, NoFilterInPath: true}, with("github-emu")},
		"hides accounts":   {scimtest.Manners{MaxPage: 2, Hides: true, OnlyFilters: []string{"userName", "externalId"}}, with("atlassian")},
		"forms of its own": {
			scimtest.Manners{MaxPage: 2, NoPath: true, NoFilterInPath: true, ArrayRemove: true, TextBooleans: true, WithoutVersions: true, NoDiscovery: true, WithoutGroupsOfUser: true},
			func(c *Config) { c.Profile, c.RoleLevels = "slack", map[string]string{"admin": "admin"} },
		},
	}
	for name, s := range servers {
		t.Run(name, func(t *testing.T) {
			var cfg Config
			if s.change != nil {
				s.change(&cfg)
			}
			profile, _ := profileNamed(cfg.Profile)
			excused := map[string]string{}
			if profile.Hides {
				excused["fine after the account has vanished"] = "an account that is gone and one that is not shown look alike: what it had is left to a person"
				excused["gives back just what it took, where that is declared"] = "an account that is not shown is given back by an administrator; other manners give back all the rest"
			}
			integrationtest.Run(t, integrationtest.Harness{
				Description: describe(profile), Excused: excused,
				Open: func(t integrationtest.T) integrationtest.World {
					return newCompany(t, s.manners).world(t, s.change)
				},
				Absent: map[string]string{"pending": "SCIM has no invitations"},
			})
		})
	}
}
