package githubtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// world is the whole state as plain data. References are ids, never pointers, so that a copy is a copy.
type world struct {
	Seq           int64
	Users         map[int64]*user
	Orgs          map[string]*org // by lower-case login
	Enterprises   map[string]*enterprise
	Tokens        map[string]*token // by value
	Apps          map[int64]*app
	Installations map[int64]*installation
	OldLogins     map[string]int64 // lower-case login once held, to the account that held it
	OldRepos      map[string]int64 // lower-case owner/name once held, to the repository
}

func newWorld() *world {
	return &world{
		Seq: 1_000_000, Users: map[int64]*user{}, Orgs: map[string]*org{}, Enterprises: map[string]*enterprise{},
		Tokens: map[string]*token{}, Apps: map[int64]*app{}, Installations: map[int64]*installation{},
		OldLogins: map[string]int64{}, OldRepos: map[string]int64{},
	}
}

// next returns a fresh id. Ids grow, so that sorting by id is sorting by age.
func (w *world) next() int64 { w.Seq++; return w.Seq }

// clone copies the state by value. Everything in a world survives JSON, which world_test.go holds.
func (w *world) clone() (*world, error) {
	raw, err := json.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("clone: encode: %w", err)
	}
	out := newWorld()
	if err := json.Unmarshal(raw, out); err != nil {
		return nil, fmt.Errorf("clone: decode: %w", err)
	}
	return out, nil
}

type user struct {
	ID               int64
	Login            string
	Name             string
	Email            string
	SiteAdmin        bool
	Suspended        bool
	SuspendedBecause string
	Enterprise       string // slug of the enterprise that manages the account (EMU), or empty
	Created          time.Time
	Verified         []string // addresses in domains that organizations verified
}

type token struct {
	Value        string
	ID           int64
	Kind         tokenKind
	User         int64 // holder of a personal token
	Scopes       []string
	SSO          map[string]bool   // organizations the token is authorized for
	Org          string            // resource owner of a fine-grained token
	Permissions  map[string]string // fine-grained and installation tokens
	Installation int64
	Expires      time.Time // zero: never
	Revoked      bool
}

type tokenKind string

const (
	classicToken      tokenKind = "classic"
	fineGrainedToken  tokenKind = "fine-grained"
	installationToken tokenKind = "installation"
)

type app struct {
	ID        int64
	Slug      string
	Name      string
	Owner     string // organization login
	PublicKey []byte // PKIX
	Perms     map[string]string
	Created   time.Time
}

type installation struct {
	ID        int64
	App       int64
	Org       string
	Perms     map[string]string
	Suspended bool
	Created   time.Time
}

type org struct {
	ID          int64
	Login       string
	Name        string
	Base        string // base permission of members on the organization's repositories: none, read, write, admin
	SAML        samlMode
	Enterprise  string
	Created     time.Time
	Members     map[int64]*member
	Former      map[int64]*former
	Teams       map[int64]*team
	Repos       map[int64]*repo
	Invitations map[int64]*invitation
	Credentials map[int64]*credential
	Grants      map[int64]*patGrant
	GrantAsks   map[int64]*patGrant
	Roles       map[int64]*orgRole
	RepoRoles   map[int64]*repoRole
	Hooks       map[int64]*hook
	Runners     map[int64]*runner
	Secrets     map[string][]secret // actions, dependabot, codespaces
	Codespaces  map[int64]*codespace
	Seats       map[int64]*seat // by user
	Blocks      map[int64]bool
	Rulesets    map[int64]*ruleset
	SCIM        map[string]*scimUser
	CodeAccess  map[int64]bool // people whose codespaces the organization pays for
	Groups      map[int64]*externalGroup
	Audit       []auditEvent
}

type samlMode string

const (
	samlOff      samlMode = ""
	samlEnforced samlMode = "enforced"
	samlPartial  samlMode = "partial"
)

type member struct {
	Role   string // admin, member, billing_manager
	Public bool
	Since  time.Time
}

// former is what the organization remembers for a reinstatement.
type former struct {
	Role    string
	Teams   map[int64]string
	Repos   map[int64]string
	Forks   map[int64][]fork // by upstream repository
	Removed time.Time
}

type team struct {
	ID      int64
	Slug    string
	Name    string
	Secret  bool
	Parent  int64
	Members map[int64]string // role by user: member, maintainer
	Repos   map[int64]string // role by repository
	Group   int64            // external group that decides about the members, or 0
	Synced  bool             // team synchronization with an identity provider
	Created time.Time
}

type repo struct {
	ID            int64
	Name          string
	Visibility    string // public, private, internal
	Branch        string
	Archived      bool
	Created       time.Time
	Collaborators map[int64]string
	Invitations   map[int64]*invitation
	Keys          map[int64]*deployKey
	Hooks         map[int64]*hook
	Runners       map[int64]*runner
	Secrets       []secret
	Environments  []*environment
	Protections   map[string]*protection // by branch
	Rulesets      map[int64]*ruleset
	Files         map[string]string
	Forks         []fork
}

type invitation struct {
	ID       int64
	User     int64 // 0: known by e-mail only
	Email    string
	Role     string // direct_member, admin, billing_manager, reinstate; or a repository role
	Teams    []int64
	Inviter  int64
	Created  time.Time
	FailedAt time.Time
	Reason   string
	Source   string
}

type enterprise struct {
	ID          int64
	Slug        string
	Owners      map[int64]bool
	Orgs        []string
	Teams       map[int64]*enterpriseTeam
	Roles       map[int64]*orgRole
	SCIM        map[string]*scimUser
	Credentials bool
	Created     time.Time
}

type enterpriseTeam struct {
	ID      int64
	Slug    string
	Name    string
	Members map[int64]bool
	Orgs    map[string]bool
	Created time.Time
}

type auditEvent struct {
	ID     int64
	Action string
	Actor  int64
	User   int64
	Repo   string
	Team   string
	At     time.Time
}

// byID returns the values of m in the order of their keys.
func byID[V any](m map[int64]V) []V {
	out := make([]V, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[k])
	}
	return out
}

func (w *world) org(login string) *org { return w.Orgs[strings.ToLower(login)] }

func (w *world) userByLogin(login string) *user {
	for _, u := range w.Users {
		if strings.EqualFold(u.Login, login) {
			return u
		}
	}
	return nil
}

func (o *org) teamBySlug(slug string) *team {
	for _, t := range o.Teams {
		if strings.EqualFold(t.Slug, slug) {
			return t
		}
	}
	return nil
}

func (o *org) repoByName(name string) *repo {
	for _, r := range o.Repos {
		if strings.EqualFold(r.Name, name) {
			return r
		}
	}
	return nil
}

func (w *world) repoByID(id int64) (*org, *repo) {
	for _, o := range w.Orgs {
		if r := o.Repos[id]; r != nil {
			return o, r
		}
	}
	return nil, nil
}

func (o *org) audit(w *world, at time.Time, e auditEvent) {
	e.ID, e.At = w.next(), at
	o.Audit = append(o.Audit, e)
}
