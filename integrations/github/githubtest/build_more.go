package githubtest

import (
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Enterprise is a handle of an enterprise.
type Enterprise struct {
	srv  *Server
	slug string
}

// AddApp registers a GitHub App owned by the organization, installs it there on all repositories with the permissions,
// and returns the numbers of app and installation. Its signatures are verified with the public key.
func (o *Org) AddApp(slug string, key *rsa.PublicKey, perms map[string]string) (appID, installationID int64) {
	pkix, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		panic(fmt.Sprintf("githubtest: seeding: public key of app %q: %v", slug, err))
	}
	o.change(func(w *world, x *org) {
		appID, installationID = w.next(), w.next()
		now := o.srv.opts.Clock()
		w.Apps[appID] = &app{ID: appID, Slug: slug, Name: slug, Owner: x.Login, PublicKey: pkix, Perms: maps.Clone(perms), Created: now}
		w.Installations[installationID] = &installation{ID: installationID, App: appID, Org: x.Login, Perms: maps.Clone(perms), Created: now}
	})
	return appID, installationID
}

// InstallationToken returns a token of the installation that lives an hour, without the detour over the app's signature.
func (s *Server) InstallationToken(installationID int64) string {
	value := ""
	s.change(func(w *world) {
		inst := w.Installations[installationID]
		value = fmt.Sprintf("ghs_%036d", w.next())
		w.Tokens[value] = &token{
			Value: value, ID: w.next(), Kind: installationToken, Installation: inst.ID, Permissions: maps.Clone(inst.Perms),
			Expires: s.opts.Clock().Add(time.Hour),
		}
	})
	return value
}

// SAML modes of an organization: no single sign-on, tokens without authorization are refused, or lists answer 200 with
// what is public and say so in X-GitHub-SSO.
const (
	SAMLOff      = string(samlOff)
	SAMLEnforced = string(samlEnforced)
	SAMLPartial  = string(samlPartial)
)

// SetSAML sets how the organization treats personal tokens that are not authorized for it.
func (o *Org) SetSAML(mode string) { o.change(func(_ *world, x *org) { x.SAML = samlMode(mode) }) }

// Authorize authorizes a classic token for the organization's single sign-on, and returns the authorization's number.
func (o *Org) Authorize(value, note string) int64 {
	var id int64
	o.change(func(w *world, x *org) {
		t := w.Tokens[value]
		t.SSO[x.Login], id = true, w.next()
		x.Credentials[id] = &credential{
			ID: id, User: t.User, Type: "personal access token", LastEight: value[len(value)-8:], Scopes: slices.Clone(t.Scopes), Token: value,
			Note: note, Authorized: o.srv.opts.Clock(),
		}
	})
	return id
}

// AuthorizeKey authorizes an SSH key of the account for the organization's single sign-on.
func (o *Org) AuthorizeKey(u *User, title string) int64 {
	var id int64
	o.change(func(w *world, x *org) {
		id = w.next()
		x.Credentials[id] = &credential{ID: id, User: u.id, Type: "SSH key", Print: "SHA256:" + fakeSHA(title)[:32], Note: title, Authorized: o.srv.opts.Clock()}
	})
	return id
}

// FineGrainedToken approves a fine-grained token of the account for the organization; it returns the number of the grant
// and the token's value. An empty list of repositories means all.
func (o *Org) FineGrainedToken(u *User, name string, perms map[string]string, repos ...*Repo) (int64, string) {
	g := o.patGrant(u, name, perms, repos)
	o.change(func(w *world, x *org) {
		g.Token = fmt.Sprintf("github_pat_%050d", g.ID)
		x.Grants[g.ID] = g
		w.Tokens[g.Token] = &token{Value: g.Token, ID: g.TokenID, Kind: fineGrainedToken, User: u.id, Org: x.Login, Permissions: maps.Clone(perms)}
	})
	return g.ID, g.Token
}

// AskForToken leaves a request for a fine-grained token pending and returns its number.
func (o *Org) AskForToken(u *User, name, reason string, repos ...*Repo) int64 {
	g := o.patGrant(u, name, map[string]string{"contents": "read"}, repos)
	g.Reason = reason
	o.change(func(_ *world, x *org) { x.GrantAsks[g.ID] = g })
	return g.ID
}

func (o *Org) patGrant(u *User, name string, perms map[string]string, repos []*Repo) *patGrant {
	g := &patGrant{User: u.id, TokenName: name, Selection: "all", OrgPerms: map[string]string{}, RepoPerms: map[string]string{}}
	for p, l := range perms {
		if strings.HasPrefix(p, "organization_") || p == "members" {
			g.OrgPerms[p] = l
			continue
		}
		g.RepoPerms[p] = l
	}
	for _, r := range repos {
		g.Selection = "subset"
		g.Repos = append(g.Repos, r.id)
	}
	o.change(func(w *world, _ *org) { g.ID, g.TokenID, g.Created = w.next(), w.next(), o.srv.opts.Clock() })
	return g
}

// AddRole adds an organization role. Base is the role it gives on every repository, or empty; source is Predefined,
// Organization or Enterprise.
func (o *Org) AddRole(name, base, source string) int64 {
	var id int64
	o.change(func(w *world, x *org) {
		id = w.next()
		x.Roles[id] = &orgRole{ID: id, Name: name, About: name, Base: base, Source: source, Users: map[int64]bool{}, Teams: map[int64]bool{}, Created: o.srv.opts.Clock()}
	})
	return id
}

// AssignRole gives the organization role to the account.
func (o *Org) AssignRole(id int64, u *User) {
	o.change(func(_ *world, x *org) { x.Roles[id].Users[u.id] = true })
}

// AssignRoleToTeam gives the organization role to the team.
func (o *Org) AssignRoleToTeam(id int64, t *Team) {
	o.change(func(_ *world, x *org) { x.Roles[id].Teams[t.id] = true })
}

// AddRepoRole adds a custom repository role on top of read, triage, write or maintain.
func (o *Org) AddRepoRole(name, base string) {
	o.change(func(w *world, x *org) {
		id := w.next()
		x.RepoRoles[id] = &repoRole{ID: id, Name: name, About: name, Base: base, Created: o.srv.opts.Clock()}
	})
}

// AddHook adds a webhook. Whose endpoint it is, GitHub does not know; the oracle does. Nil means nobody's.
func (o *Org) AddHook(url string, owner *User) int64 {
	var id int64
	o.change(func(w *world, x *org) { id = addHook(w, x.Hooks, url, owner, o.srv.opts.Clock()) })
	return id
}

// AddHook adds a webhook to the repository, as Org.AddHook does.
func (r *Repo) AddHook(url string, owner *User) int64 {
	var id int64
	r.change(func(w *world, x *repo) { id = addHook(w, x.Hooks, url, owner, r.org.srv.opts.Clock()) })
	return id
}

func idOf(u *User) int64 {
	if u == nil {
		return 0
	}
	return u.id
}

func addHook(w *world, to map[int64]*hook, url string, owner *User, now time.Time) int64 {
	h := &hook{ID: w.next(), URL: url, Active: true, Events: []string{"push"}, Owner: idOf(owner), Created: now, Updated: now}
	to[h.ID] = h
	return h.ID
}

// AddRunner adds a self-hosted runner. Whose machine it is, GitHub does not know; the oracle does. Nil means nobody's.
func (o *Org) AddRunner(name string, owner *User) int64 {
	var id int64
	o.change(func(w *world, x *org) { id = addRunner(w, x.Runners, name, owner) })
	return id
}

// AddRunner adds a self-hosted runner to the repository, as Org.AddRunner does.
func (r *Repo) AddRunner(name string, owner *User) int64 {
	var id int64
	r.change(func(w *world, x *repo) { id = addRunner(w, x.Runners, name, owner) })
	return id
}

func addRunner(w *world, to map[int64]*runner, name string, owner *User) int64 {
	x := &runner{ID: w.next(), Name: name, OS: "linux", Online: true, Labels: []string{"self-hosted", "linux", "x64"}, Owner: idOf(owner)}
	to[x.ID] = x
	return x.ID
}

// AddSecret adds the name of a secret: kind actions, dependabot or codespaces.
func (o *Org) AddSecret(kind, name string) {
	o.change(func(_ *world, x *org) {
		x.Secrets[kind] = append(x.Secrets[kind], secret{Name: name, Created: o.srv.opts.Clock()})
	})
}

// AddSecret adds the name of an Actions secret to the repository.
func (r *Repo) AddSecret(name string) {
	r.change(func(_ *world, x *repo) {
		x.Secrets = append(x.Secrets, secret{Name: name, Created: r.org.srv.opts.Clock()})
	})
}

// AddCodespace adds a running codespace of the account on the repository and returns its name.
func (r *Repo) AddCodespace(u *User) string {
	name := ""
	r.org.change(func(w *world, x *org) {
		id, now := w.next(), r.org.srv.opts.Clock()
		name = fmt.Sprintf("%s-%s-%x", w.Users[u.id].Login, x.Repos[r.id].Name, id)
		x.Codespaces[id] = &codespace{ID: id, Name: name, User: u.id, Repo: r.id, State: "Available", Created: now, Used: now}
		x.CodeAccess[u.id] = true
	})
	return name
}

// AddSeat gives the account a Copilot seat, by the team if it is not nil.
func (o *Org) AddSeat(u *User, t *Team) {
	o.change(func(_ *world, x *org) {
		s := &seat{User: u.id, Created: o.srv.opts.Clock()}
		if t != nil {
			s.Team = t.id
		}
		x.Seats[u.id] = s
	})
}

// RemoveCollaborator takes back the role that the repository itself gave.
func (r *Repo) RemoveCollaborator(u *User) {
	r.change(func(_ *world, x *repo) { delete(x.Collaborators, u.id) })
}

// Remove ends a membership, as an owner would.
func (o *Org) Remove(u *User) {
	o.change(func(w *world, x *org) { o.srv.removeMember(w, x, u.id, o.srv.opts.Clock(), 0) })
}
