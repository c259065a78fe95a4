package githubtest

import (
	"fmt"
	"strings"
)

// AddKey adds a deploy key that the account added; nil means an account that is gone.
func (r *Repo) AddKey(title string, u *User, readOnly bool) int64 {
	var id int64
	r.change(func(w *world, x *repo) {
		id = w.next()
		x.Keys[id] = &deployKey{ID: id, Title: title, Key: fmt.Sprintf("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI%024d", id), ReadOnly: readOnly, AddedBy: idOf(u), Created: r.org.srv.opts.Clock()}
	})
	return id
}

// AddFork adds a fork of the repository in the account's own space.
func (r *Repo) AddFork(u *User) {
	r.change(func(w *world, x *repo) {
		x.Forks = append(x.Forks, fork{ID: w.next(), User: u.id, Name: x.Name, Private: x.Visibility != "public", Created: r.org.srv.opts.Clock()})
	})
}

// SetFile sets the text of a file on the default branch.
func (r *Repo) SetFile(path, text string) { r.change(func(_ *world, x *repo) { x.Files[path] = text }) }

// Protection says who is named by the protection of a branch.
type Protection struct {
	Push      []*User // who may push; nil means no restriction
	PushTeams []*Team
	Dismissal []*User // who may dismiss reviews; nil means no restriction
	Bypass    []*User // who may bypass pull requests
}

// Protect protects a branch of the repository.
func (r *Repo) Protect(branch string, p Protection) {
	x := &protection{Branch: branch, Admins: true, Reviews: true, Approvals: 1, Restricts: p.Push != nil || p.PushTeams != nil, Dismisses: p.Dismissal != nil}
	x.Push.Users, x.Dismissal.Users, x.Bypass.Users = ids(p.Push), ids(p.Dismissal), ids(p.Bypass)
	for _, t := range p.PushTeams {
		x.Push.Teams = append(x.Push.Teams, t.id)
	}
	r.change(func(_ *world, to *repo) { to.Protections[branch] = x })
}

func ids(users []*User) []int64 {
	var out []int64
	for _, u := range users {
		out = append(out, u.id)
	}
	return out
}

// AddRuleset adds a ruleset to the repository that the accounts may bypass. It has rules of old and new types, one of
// them newer than many clients know.
func (r *Repo) AddRuleset(name string, bypass ...*User) int64 {
	var id int64
	r.change(func(w *world, x *repo) { id = r.org.srv.addRuleset(w, x.Rulesets, name, bypass) })
	return id
}

// AddRuleset adds a ruleset to the organization, as Repo.AddRuleset does.
func (o *Org) AddRuleset(name string, bypass ...*User) int64 {
	var id int64
	o.change(func(w *world, x *org) { id = o.srv.addRuleset(w, x.Rulesets, name, bypass) })
	return id
}

func (s *Server) addRuleset(w *world, to map[int64]*ruleset, name string, bypass []*User) int64 {
	now := s.opts.Clock()
	x := &ruleset{
		ID: w.next(), Name: name, Target: "branch", Enforcement: "active", Include: []string{"~DEFAULT_BRANCH"}, Created: now, Updated: now,
		Rules: []ruleSpec{
			{Type: "deletion"},
			{Type: "non_fast_forward"},
			{Type: "max_file_size", Parameters: map[string]any{"max_file_size": 50}},
		},
	}
	for _, u := range bypass {
		id := u.id
		x.Bypass = append(x.Bypass, bypassActor{ActorID: &id, Type: "User", Mode: "always"})
	}
	to[x.ID] = x
	return x.ID
}

// AddEnvironment adds a deployment environment whose deployments the accounts and teams must approve.
func (r *Repo) AddEnvironment(name string, users []*User, teams ...*Team) {
	r.change(func(w *world, x *repo) {
		now := r.org.srv.opts.Clock()
		e := &environment{ID: w.next(), Name: name, Wait: 5, Created: now, Updated: now, Policy: &branchPolicy{Protected: true}}
		for _, u := range users {
			e.Reviewers = append(e.Reviewers, reviewer{"User", u.id})
		}
		for _, t := range teams {
			e.Reviewers = append(e.Reviewers, reviewer{"Team", t.id})
		}
		x.Environments = append(x.Environments, e)
	})
}

// AddSCIM links the account to an identity that the identity provider provisioned, and returns its id.
func (o *Org) AddSCIM(u *User) string {
	id := ""
	o.change(func(w *world, x *org) { id = o.srv.addSCIM(w, x.SCIM, u) })
	return id
}

func (s *Server) addSCIM(w *world, to map[string]*scimUser, u *User) string {
	x, now := w.Users[u.id], s.opts.Clock()
	given, family, _ := strings.Cut(x.Name, " ")
	id := fakeUUID(w.next())
	login, _, _ := strings.Cut(x.Login, "_")
	to[id] = &scimUser{ID: id, User: u.id, UserName: login, ExternalID: "ext-" + login, Given: given, Family: family, Email: x.Email, Active: true, Created: now, Modified: now}
	return id
}

// Block puts the account on the organization's block list.
func (o *Org) Block(u *User) { o.change(func(_ *world, x *org) { x.Blocks[u.id] = true }) }

// AddEnterprise adds an enterprise with a first owner, which the organizations then belong to.
func (s *Server) AddEnterprise(slug string, owner *User, orgs ...*Org) *Enterprise {
	s.change(func(w *world) {
		e := &enterprise{
			ID: w.next(), Slug: slug, Owners: map[int64]bool{owner.id: true}, Teams: map[int64]*enterpriseTeam{}, Roles: map[int64]*orgRole{},
			SCIM: map[string]*scimUser{}, Created: s.opts.Clock(),
		}
		for _, o := range orgs {
			e.Orgs = append(e.Orgs, o.login)
			w.org(o.login).Enterprise = slug
		}
		w.Enterprises[slug] = e
	})
	return &Enterprise{srv: s, slug: slug}
}

// AddTeam adds an enterprise team that makes its members members of the organizations.
func (e *Enterprise) AddTeam(name string, members []*User, orgs ...*Org) string {
	slug := "ent:" + slugOf(name)
	e.srv.change(func(w *world) {
		t := &enterpriseTeam{ID: w.next(), Slug: slug, Name: name, Members: map[int64]bool{}, Orgs: map[string]bool{}, Created: e.srv.opts.Clock()}
		for _, u := range members {
			t.Members[u.id] = true
		}
		for _, o := range orgs {
			t.Orgs[o.login] = true
		}
		w.Enterprises[e.slug].Teams[t.ID] = t
	})
	return slug
}

// AddRole adds an enterprise role that the accounts hold.
func (e *Enterprise) AddRole(name string, users ...*User) int64 {
	var id int64
	e.srv.change(func(w *world) {
		id = w.next()
		r := &orgRole{ID: id, Name: name, About: name, Source: "Enterprise", Users: map[int64]bool{}, Teams: map[int64]bool{}, Created: e.srv.opts.Clock()}
		for _, u := range users {
			r.Users[u.id] = true
		}
		w.Enterprises[e.slug].Roles[id] = r
	})
	return id
}

// AddSCIM links a managed account to its identity in the enterprise and returns the identity's id.
func (e *Enterprise) AddSCIM(u *User) string {
	id := ""
	e.srv.change(func(w *world) {
		id = e.srv.addSCIM(w, w.Enterprises[e.slug].SCIM, u)
		w.Users[u.id].Enterprise = e.slug
	})
	return id
}
