package githubtest

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// User is a handle of an account. Its methods read and change the server's state under its lock.
type User struct {
	srv *Server
	id  int64
}

// Org is a handle of an organization.
type Org struct {
	srv   *Server
	login string
}

// Team is a handle of a team.
type Team struct {
	org *Org
	id  int64
}

// Repo is a handle of a repository of an organization.
type Repo struct {
	org *Org
	id  int64
}

// change runs f on the true state under the lock.
func (s *Server) change(f func(*world)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.w)
}

func (o *Org) change(f func(*world, *org)) { o.srv.change(func(w *world) { f(w, w.org(o.login)) }) }

// AddUser adds an account and returns its handle. A login that somebody renamed away from may be taken again: it then
// belongs to the new account.
func (s *Server) AddUser(login, name, email string) *User {
	u := &User{srv: s}
	s.change(func(w *world) {
		if w.userByLogin(login) != nil {
			panic(fmt.Sprintf("githubtest: seeding: login %q exists twice", login))
		}
		u.id = w.next()
		delete(w.OldLogins, strings.ToLower(login))
		w.Users[u.id] = &user{ID: u.id, Login: login, Name: name, Email: email, Created: s.opts.Clock().AddDate(-3, 0, 0)}
	})
	return u
}

// User returns the handle of the account that has the login now, or nil.
func (s *Server) User(login string) *User {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.w.userByLogin(login); u != nil {
		return &User{srv: s, id: u.ID}
	}
	return nil
}

// ID is the account's number; it never changes.
func (u *User) ID() int64 { return u.id }

// Login is the account's name of the moment.
func (u *User) Login() string {
	u.srv.mu.Lock()
	defer u.srv.mu.Unlock()
	return u.srv.w.Users[u.id].Login
}

// Rename gives the account another login. The old one redirects until another account takes it.
func (u *User) Rename(login string) {
	u.srv.change(func(w *world) {
		w.OldLogins[strings.ToLower(w.Users[u.id].Login)] = u.id
		w.Users[u.id].Login = login
	})
}

// VerifyEmail gives the account an address that GitHub verified, in a domain that its organizations verified.
func (u *User) VerifyEmail(address string) {
	u.srv.change(func(w *world) { w.Users[u.id].Verified = append(w.Users[u.id].Verified, address) })
}

// SetSiteAdmin makes the account an administrator of a GitHub Enterprise Server.
func (u *User) SetSiteAdmin() { u.srv.change(func(w *world) { w.Users[u.id].SiteAdmin = true }) }

// SetManaged makes the account a managed user of the enterprise (EMU).
func (u *User) SetManaged(e *Enterprise) {
	u.srv.change(func(w *world) { w.Users[u.id].Enterprise = e.slug })
}

// Accept makes the person accept every pending invitation to organizations and repositories, and reports how many.
func (u *User) Accept() int {
	n := 0
	u.srv.change(func(w *world) {
		for _, o := range sortedOrgs(w) {
			for u.srv.accept(w, o, u.id) {
				n++
			}
			for _, r := range byID(o.Repos) {
				n += r.acceptInvitation(u.id)
			}
		}
	})
	return n
}

func (r *repo) acceptInvitation(id int64) int {
	for _, i := range byID(r.Invitations) {
		if i.User == id {
			r.Collaborators[id] = i.Role
			delete(r.Invitations, i.ID)
			return 1
		}
	}
	return 0
}

// Token gives the account a classic personal access token with the scopes and returns its value.
func (u *User) Token(scopes ...string) string {
	var value string
	u.srv.change(func(w *world) {
		id := w.next()
		value = fmt.Sprintf("ghp_%036d", id)
		w.Tokens[value] = &token{Value: value, ID: id, Kind: classicToken, User: u.id, Scopes: scopes, SSO: map[string]bool{}}
	})
	return value
}

// ExpireToken makes the token with the value worthless from the given instant on.
func (s *Server) ExpireToken(value string, at time.Time) {
	s.change(func(w *world) {
		if t := w.Tokens[value]; t != nil {
			t.Expires = at
		}
	})
}

// AddOrg adds an organization with a first owner and base permission read.
func (s *Server) AddOrg(login, name string, owner *User) *Org {
	s.change(func(w *world) {
		o := newOrg(w.next(), login, name, s.opts.Clock().AddDate(-5, 0, 0))
		o.Members[owner.id] = &member{Role: "admin", Since: o.Created}
		w.Orgs[strings.ToLower(login)] = o
	})
	return &Org{srv: s, login: login}
}

func newOrg(id int64, login, name string, at time.Time) *org {
	return &org{
		ID: id, Login: login, Name: name, Base: "read", Created: at,
		Members: map[int64]*member{}, Former: map[int64]*former{}, Teams: map[int64]*team{}, Repos: map[int64]*repo{},
		Invitations: map[int64]*invitation{}, Credentials: map[int64]*credential{}, Grants: map[int64]*patGrant{},
		GrantAsks: map[int64]*patGrant{}, Roles: map[int64]*orgRole{}, RepoRoles: map[int64]*repoRole{}, Hooks: map[int64]*hook{},
		Runners: map[int64]*runner{}, Secrets: map[string][]secret{}, Codespaces: map[int64]*codespace{}, Seats: map[int64]*seat{},
		Blocks: map[int64]bool{}, Rulesets: map[int64]*ruleset{}, SCIM: map[string]*scimUser{}, CodeAccess: map[int64]bool{},
		Groups: map[int64]*externalGroup{},
	}
}

// Org returns the handle of an organization, or nil.
func (s *Server) Org(login string) *Org {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.w.org(login); o != nil {
		return &Org{srv: s, login: o.Login}
	}
	return nil
}

// Login is the organization's name.
func (o *Org) Login() string { return o.login }

// SetBasePermission sets what every member can do on every repository: none, read, write or admin.
func (o *Org) SetBasePermission(role string) { o.change(func(_ *world, x *org) { x.Base = role }) }

// AddMember makes the account a member at once: role admin (owner), member or billing_manager.
func (o *Org) AddMember(u *User, role string) {
	o.change(func(_ *world, x *org) { x.Members[u.id] = &member{Role: role, Since: o.srv.opts.Clock()} })
}

// Publicize makes the membership visible to everybody.
func (o *Org) Publicize(u *User) { o.change(func(_ *world, x *org) { x.Members[u.id].Public = true }) }

// Invite leaves an invitation to the organization pending: role direct_member, admin, billing_manager or reinstate.
func (o *Org) Invite(u *User, role string, inviter *User, teams ...*Team) int64 {
	return o.invite(&invitation{User: u.id, Role: role, Inviter: inviter.id, Source: "member"}, teams)
}

// InviteEmail leaves an invitation pending that knows its invitee by e-mail only.
func (o *Org) InviteEmail(email, role string, inviter *User, teams ...*Team) int64 {
	return o.invite(&invitation{Email: email, Role: role, Inviter: inviter.id, Source: "member"}, teams)
}

func (o *Org) invite(i *invitation, teams []*Team) int64 {
	for _, t := range teams {
		i.Teams = append(i.Teams, t.id)
	}
	o.change(func(w *world, x *org) { i.Created = o.srv.opts.Clock(); o.srv.invite(w, x, i) })
	return i.ID
}

// FailInvitation marks a pending invitation as failed, for example because it expired.
func (o *Org) FailInvitation(id int64, reason string) {
	o.change(func(_ *world, x *org) {
		x.Invitations[id].FailedAt, x.Invitations[id].Reason = o.srv.opts.Clock(), reason
	})
}

var unfit = regexp.MustCompile(`[^a-z0-9]+`)

func slugOf(name string) string {
	return strings.Trim(unfit.ReplaceAllString(strings.ToLower(name), "-"), "-")
}

// AddTeam adds a team below parent, or at the top if parent is nil.
func (o *Org) AddTeam(name string, parent *Team) *Team {
	t := &Team{org: o}
	o.change(func(w *world, x *org) {
		t.id = w.next()
		x.Teams[t.id] = &team{ID: t.id, Slug: slugOf(name), Name: name, Members: map[int64]string{}, Repos: map[int64]string{}, Created: o.srv.opts.Clock().AddDate(-2, 0, 0)}
		if parent != nil {
			x.Teams[t.id].Parent = parent.id
		}
	})
	return t
}

// ID is the team's number.
func (t *Team) ID() int64 { return t.id }

// Slug is the team's name in addresses.
func (t *Team) Slug() string {
	slug := ""
	t.change(func(_ *world, x *team) { slug = x.Slug })
	return slug
}

func (t *Team) change(f func(*world, *team)) {
	t.org.change(func(w *world, o *org) { f(w, o.Teams[t.id]) })
}

// Add puts a member of the organization into the team: role member or maintainer.
func (t *Team) Add(u *User, role string) {
	t.change(func(_ *world, x *team) { x.Members[u.id] = role })
}

// Grant gives the team a role on the repository: pull, triage, push, maintain, admin or a custom role.
func (t *Team) Grant(r *Repo, role string) {
	t.change(func(_ *world, x *team) { x.Repos[r.id] = role })
}

// SetSecret hides the team from those who are not in it.
func (t *Team) SetSecret() { t.change(func(_ *world, x *team) { x.Secret = true }) }

// SetSynced leaves the team's members to team synchronization: every change is refused.
func (t *Team) SetSynced() { t.change(func(_ *world, x *team) { x.Synced = true }) }

// SetExternalGroup leaves the team's members to a group of the identity provider.
func (t *Team) SetExternalGroup(name string) {
	t.org.change(func(w *world, o *org) {
		g := &externalGroup{ID: w.next(), Name: name, Updated: t.org.srv.opts.Clock()}
		o.Groups[g.ID], o.Teams[t.id].Group = g, g.ID
	})
}

// AddRepo adds a repository: visibility public, private or internal.
func (o *Org) AddRepo(name, visibility string) *Repo {
	r := &Repo{org: o}
	o.change(func(w *world, x *org) {
		r.id = w.next()
		x.Repos[r.id] = &repo{
			ID: r.id, Name: name, Visibility: visibility, Branch: "main", Created: o.srv.opts.Clock().AddDate(-1, 0, 0),
			Collaborators: map[int64]string{}, Invitations: map[int64]*invitation{}, Keys: map[int64]*deployKey{}, Hooks: map[int64]*hook{},
			Runners: map[int64]*runner{}, Protections: map[string]*protection{}, Rulesets: map[int64]*ruleset{}, Files: map[string]string{},
		}
	})
	return r
}

// ID is the repository's number.
func (r *Repo) ID() int64 { return r.id }

// Name is the repository's name of the moment, without the owner.
func (r *Repo) Name() string {
	name := ""
	r.change(func(_ *world, x *repo) { name = x.Name })
	return name
}

func (r *Repo) change(f func(*world, *repo)) {
	r.org.change(func(w *world, o *org) { f(w, o.Repos[r.id]) })
}

// AddCollaborator grants the account a role on the repository at once.
func (r *Repo) AddCollaborator(u *User, role string) {
	r.change(func(_ *world, x *repo) { x.Collaborators[u.id] = role })
}

// Invite leaves an invitation to the repository pending.
func (r *Repo) Invite(u *User, role string, inviter *User) int64 {
	i := &invitation{User: u.id, Role: role, Inviter: inviter.id}
	r.change(func(w *world, x *repo) { i.ID, i.Created = w.next(), r.org.srv.opts.Clock(); x.Invitations[i.ID] = i })
	return i.ID
}

// Rename gives the repository another name; the old one redirects until another repository takes it.
func (r *Repo) Rename(name string) {
	r.change(func(w *world, x *repo) {
		w.OldRepos[strings.ToLower(r.org.login+"/"+x.Name)] = r.id
		x.Name = name
	})
}
