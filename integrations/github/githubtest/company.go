package githubtest

import (
	"crypto/rsa"
	"fmt"
	"math/rand/v2"
	"strings"
)

// Company says how large a generated organization is. Zero means the default in parentheses.
type Company struct {
	Login    string // of the organization ("northwind")
	Seed     uint64 // same seed, same company
	Teams    int    // nested up to three deep (300)
	Repos    int    // (400)
	People   int    // members, owners included (120)
	Owners   int    // (4)
	Outside  int    // outside collaborators (12)
	SAML     bool   // single sign-on is enforced, and members have authorized credentials
	AppKey   *rsa.PublicKey
	AppPerms map[string]string // of the app that AppKey belongs to
}

// Seeded is a generated company with handles of what tests ask for.
type Seeded struct {
	Org          *Org
	Enterprise   *Enterprise
	People       []*User // owners first
	Outside      []*User
	Teams        []*Team
	Repos        []*Repo
	Admin        string // classic token of the first owner with every scope a connector needs
	AppID        int64  // only with Company.AppKey
	Installation int64
	Leaver       *User // somebody who holds a little of everything
}

// SeedCompany fills the server with a company a person would believe: departments, squads and guilds, services and
// libraries, contractors, keys, robots and leftovers. It is deterministic. The Leaver is on every kind of list.
func (s *Server) SeedCompany(c Company) *Seeded {
	c.defaults()
	g := &generator{srv: s, c: c, rnd: rand.New(rand.NewPCG(c.Seed, 0x6c617374646179)), out: &Seeded{}, logins: map[string]bool{}} //nolint:gosec // reproducible on purpose
	g.people()
	g.teams()
	g.repos()
	g.grants()
	g.furnish()
	g.leaver()
	g.connector()
	return g.out
}

func (c *Company) defaults() {
	for _, d := range []struct {
		field *int
		value int
	}{{&c.Teams, 300}, {&c.Repos, 400}, {&c.People, 120}, {&c.Owners, 4}, {&c.Outside, 12}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	c.Owners = min(c.Owners, c.People)
	if c.Login == "" {
		c.Login = "northwind"
	}
}

type generator struct {
	srv    *Server
	c      Company
	rnd    *rand.Rand
	out    *Seeded
	logins map[string]bool
}

func (g *generator) pick(words string) string {
	list := strings.Fields(words)
	return list[g.rnd.IntN(len(list))]
}

func pickOf[T any](g *generator, list []T) T { return list[g.rnd.IntN(len(list))] }

const givenNames = `Amara Anika Arjun Astrid Beatriz Ben Camille Carlos Chiara Daan Dana Diego Elena Emeka Emma Erik Fatima Felix Freya Gabriel
	Grace Hana Hannah Hugo Ines Isaac Ivan Jana Jasper Joana Jonas Kai Karim Katja Kofi Lars Laura Leila Leo Lucia Maja Malik Marta Mateo Mei
	Mila Milan Nadia Nils Nina Noor Oksana Olivia Omar Oskar Paula Pedro Priya Rafael Ravi Rosa Ruben Ruth Sanne Sara Selin Sofia Stefan Tamar
	Theo Tomas Uma Valeria Vera Viktor Wei Yara Yusuf Zoe`

const familyNames = `Abebe Adler Ahmed Almeida Andersen Bakker Banerjee Becker Bianchi Brandt Castillo Chen Costa Dahl Diallo Dubois Eriksson
	Fernandes Ferrari Fischer Garcia Goldberg Gruber Haddad Hansen Hoffmann Ibrahim Ito Jansen Kaya Keller Khan Kowalski Kumar Larsen Lemaire Lindqvist
	Lopez Marino Martin Meyer Moreau Moretti Mwangi Nakamura Nguyen Novak Nowak Okafor Olsen Patel Pereira Petrov Popescu Rossi Sato Schmidt Silva
	Singh Sokolov Suzuki Takahashi Torres Tran Varga Virtanen Vogel Wagner Wang Weber Yilmaz Zhang Ziegler`

// person invents somebody whose login nobody has yet.
func (g *generator) person(domain string) *User {
	given, family := g.pick(givenNames), g.pick(familyNames)
	base := strings.ToLower(given + "-" + family)
	login := base
	for n := 2; g.logins[login]; n++ {
		login = fmt.Sprintf("%s%d", base, n)
	}
	g.logins[login] = true
	return g.srv.AddUser(login, given+" "+family, strings.ReplaceAll(login, "-", ".")+"@"+domain)
}

func (g *generator) people() {
	domain := g.c.Login + ".example"
	for range g.c.People {
		g.out.People = append(g.out.People, g.person(domain))
	}
	for range g.c.Outside {
		g.out.Outside = append(g.out.Outside, g.person(g.pick("brightline oakfield tamarind corvid")+".example"))
	}
	g.out.Org = g.srv.AddOrg(g.c.Login, strings.ToUpper(g.c.Login[:1])+g.c.Login[1:]+" Trading", g.out.People[0])
	for i, u := range g.out.People[1:] {
		role := "member"
		if i+1 < g.c.Owners {
			role = "admin"
		}
		g.out.Org.AddMember(u, role)
	}
	g.out.Enterprise = g.srv.AddEnterprise(g.c.Login+"-group", g.out.People[0], g.out.Org)
}

const departments = `Engineering Product Design Data Security Infrastructure Finance Sales Marketing Support Legal Operations`

const areas = `Payments Checkout Search Catalog Pricing Shipping Returns Identity Billing Ledger Invoicing Fraud Risk Messaging Notifications Mobile Web
	Android iOS Growth Onboarding Analytics Warehouse Reporting Platform Observability Networking Storage Compute Release Tooling Quality Partners
	Integrations Localization Accessibility Documentation Compliance Privacy Procurement Forecasting Recommendations Experiments Marketplace`

const squadKinds = `Core API Backend Frontend Reviewers Oncall Admins Readers Leads Contractors Guild Research Migration`

// teams nests squads in areas in departments.
func (g *generator) teams() {
	tops := strings.Fields(departments)
	names := map[string]bool{}
	add := func(name string, parent *Team) *Team {
		for n, base := 2, name; names[name]; n++ {
			name = fmt.Sprintf("%s %d", base, n)
		}
		names[name] = true
		t := g.out.Org.AddTeam(name, parent)
		g.out.Teams = append(g.out.Teams, t)
		return t
	}
	var first, second []*Team
	for i := range g.c.Teams {
		switch {
		case i < len(tops):
			first = append(first, add(tops[i], nil))
		case i < len(tops)+g.c.Teams/4 || len(second) == 0:
			second = append(second, add(g.pick(areas), pickOf(g, first)))
		default:
			add(g.pick(areas)+" "+g.pick(squadKinds), pickOf(g, second))
		}
	}
}

const repoKinds = `service api worker gateway console dashboard client sdk schema jobs pipeline infra terraform charts docs cli proxy adapter toolkit app`

func (g *generator) repos() {
	names := map[string]bool{}
	for range g.c.Repos {
		base := strings.ToLower(g.pick(areas)) + "-" + g.pick(repoKinds)
		name := base
		for n := 2; names[name]; n++ {
			name = fmt.Sprintf("%s-%d", base, n)
		}
		names[name] = true
		visibility := "private"
		switch g.rnd.IntN(20) {
		case 0:
			visibility = "public"
		case 1, 2, 3:
			visibility = "internal"
		}
		g.out.Repos = append(g.out.Repos, g.out.Org.AddRepo(name, visibility))
	}
}

// grants spreads people over teams, teams over repositories, and a few direct grants on top.
func (g *generator) grants() {
	g.out.Org.AddRepoRole("release-manager", "write")
	for _, t := range g.out.Teams {
		for range 1 + g.rnd.IntN(4) {
			t.Add(pickOf(g, g.out.People), g.pick("member member member maintainer"))
		}
		for range g.rnd.IntN(5) {
			t.Grant(pickOf(g, g.out.Repos), g.pick("pull pull push push triage maintain admin release-manager"))
		}
	}
	for range g.c.Repos / 4 {
		pickOf(g, g.out.Repos).AddCollaborator(pickOf(g, g.out.People), g.pick("pull push push maintain admin"))
	}
	for _, u := range g.out.Outside {
		for range 1 + g.rnd.IntN(3) {
			pickOf(g, g.out.Repos).AddCollaborator(u, g.pick("pull push push triage"))
		}
	}
}
