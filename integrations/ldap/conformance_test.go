package ldap

import (
	"testing"

	"lastday"
	"lastday/integrations/integrationtest"
)

func TestConformanceOfOpenLDAP(t *testing.T) {
	integrationtest.Run(t, integrationtest.Harness{
		Description: description(),
		Open:        openSlapdWorld,
		Absent: map[string]string{
			"pending":    "a directory has no invitations",
			kindExpiry:   "it is Active Directory's",
			kindPassword: "it is Active Directory's",
		},
		Excused: map[string]string{
			"waits as long as it is asked to, and lets others wait": "a server that is busy does not say for how long",
		},
	})
}

func openSlapdWorld(t integrationtest.T) integrationtest.World {
	w := newWorld(t)
	return integrationtest.World{
		System: "ldap", Driver: w.driver(), Far: w, Now: noon,
		Leaver: person("p1", "kim@acme.example", w.kim), LeaverID: w.kim,
		Bystander: person("p2", "lee@acme.example", w.lee), BystanderID: w.lee,
		Stranger: lastday.Person{Key: "p3", Name: "Max", Emails: []string{"max@acme.example"}},
		Secrets:  []string{botsPassword, kimsPassword},
		LastOwner: func() integrationtest.Entry {
			w.modify("replace", w.group("admins"), "member", w.person("kim"))
			return integrationtest.Entry{Kind: kindGroup, Resource: w.id(w.group("admins")) + "/member", Rung: "admin"}
		},
	}
}
