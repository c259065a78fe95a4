package github

import (
	"context"
	"sync"
	"time"

	"lastday"
)

// index is the shape of the organization, shared by all cases of the process.
// It says where to look and never what a person can do.
type index struct {
	d *driver

	mu   sync.Mutex // held while reading: others wait for the one that reads
	last *snapshot
	told *told

	wishes wishes
}

func newIndex(d *driver) *index {
	return &index{d: d, told: newTold(), wishes: wishes{ids: map[int64]bool{}}}
}

// snapshot is the organization at one time. Once it is read, all but managers is fixed.
type snapshot struct {
	readAt   time.Time
	org      organization
	teams    []indexedTeam // with REST alone
	repos    []indexedRepo
	roles    map[int64][]orgRole // by who has them
	holders  map[heldRole]roleHolder
	keys     map[string][]string      // repositories with deploy keys, by the login that added them
	ring     map[int64][]deployKey    // all keys that were looked at, by repository
	rulesets map[int64][]rulesetPlace // rulesets, by who may bypass them
	sets     map[rulesetPlace]toldRules
	asking   map[int64]bool // who asks for a fine-grained token
	failed   []orgInvitation
	entRoles map[int64][]orgRole  // of the enterprise, by who has them
	things   map[int64]toldThings // hooks, runners and secrets, by repository
	// witnesses are members who should show as such beside a leaver.
	witnesses []user
	left      []lastday.Residue // what belongs to nobody in particular
	hidden    map[string]error  // kinds that could not be indexed
	later     map[string]int    // calls that the index still needs, by kind
	// What the organization is connected to.
	externalGroups bool
	allManaged     bool // managers names all teams that groups decide about
	teamSync       bool
	saml           int
	unsigned       bool // there is no single sign-on to authorize credentials for

	mu       sync.Mutex
	managers map[int64]string
}

type indexedTeam struct {
	ID   int64  `json:"id"`
	Slug string `json:"slug"`
	Name string `json:"name"`
}

// indexedRepo is a repository and what hangs on it.
type indexedRepo struct {
	id           int64
	name         string
	visibility   string
	archived     bool
	keys         string // its deploy keys as one text, empty if it has none
	rulesets     []indexedRules
	environments []indexedNames
	guards       []indexedNames // branch protections, by pattern
	codeowners   []string       // logins, lower case
}

// current is the index, read anew if it is older than allowed. One caller
// reads; the others wait for it.
func (x *index) current(ctx context.Context) (*snapshot, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	now := x.d.now()
	if x.last != nil && now.Sub(x.last.readAt) < x.d.cfg.IndexAge && !now.Before(x.last.readAt) {
		return x.last, nil
	}
	fresh, err := x.d.readIndex(ctx)
	if err != nil {
		return nil, err
	}
	x.last = fresh
	return fresh, nil
}

// expire makes the next caller read the index anew: something in it proved wrong.
func (x *index) expire() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.last = nil
}

func (s *snapshot) manager(id int64) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, ok := s.managers[id]
	return name, ok
}

func (s *snapshot) setManager(id int64, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.managers[id] = name
}

// readIndex reads the organization's shape.
func (d *driver) readIndex(ctx context.Context) (*snapshot, error) {
	s := &snapshot{
		readAt: d.now(), managers: map[int64]string{}, keys: map[string][]string{}, ring: map[int64][]deployKey{},
		rulesets: map[int64][]rulesetPlace{}, sets: map[rulesetPlace]toldRules{}, hidden: map[string]error{}, later: map[string]int{},
		roles: map[int64][]orgRole{}, holders: map[heldRole]roleHolder{}, asking: map[int64]bool{}, entRoles: map[int64][]orgRole{}, things: map[int64]toldThings{},
	}
	if _, err := d.client.get(ctx, "read the organization", d.client.inOrg(), &s.org); err != nil {
		return nil, err
	}
	steps := []func(context.Context, *snapshot) error{d.indexGroups, d.indexRepos, d.indexRoles, d.indexTokenRequests, d.indexEntRoles, d.indexFailed, d.indexLeft, d.indexSAML, d.indexSignOn}
	if d.cfg.NoGraphQL {
		steps = append(steps, d.indexTeams)
	}
	for _, step := range steps {
		if err := step(ctx, s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (d *driver) indexTeams(ctx context.Context, s *snapshot) error {
	return list(ctx, d.client, "list teams", d.client.inOrg("teams"), func(t indexedTeam) { s.teams = append(s.teams, t) })
}

// indexGroups finds out whether identity providers decide about teams here.
func (d *driver) indexGroups(ctx context.Context, s *snapshot) error {
	var external struct {
		Groups []externalGroup `json:"groups"`
	}
	a, err := d.client.get(ctx, "list external groups", d.client.inOrg("external-groups")+"?per_page=100", &external)
	if err != nil && !notManaged(err) {
		return err
	}
	if s.externalGroups = len(external.Groups) > 0; s.externalGroups {
		return d.indexManagers(ctx, s, external.Groups, a.header.Get("Link") == "")
	}
	_, err = d.client.get(ctx, "list groups to synchronize", d.client.inOrg("team-sync", "groups"), nil)
	s.teamSync = err == nil
	if err != nil && !notManaged(err) {
		return err
	}
	return nil
}

// indexRepos reads the repositories and what hangs on them.
func (d *driver) indexRepos(ctx context.Context, s *snapshot) error {
	read := d.indexByGraph
	if d.cfg.NoGraphQL {
		read = d.indexByREST
	}
	if err := read(ctx, s); err != nil {
		return err
	}
	places, err := d.rulesetPlaces(ctx, s)
	if err != nil {
		return err
	}
	return d.attribute(ctx, s, places)
}

// hide remembers that a kind could not be indexed; what may pass is an error.
func (s *snapshot) hide(kind string, err error) error {
	if !hidden(err) {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hidden[kind] = err
	return nil
}

// indexRoles lists the organization's roles, and who has them.
func (d *driver) indexRoles(ctx context.Context, s *snapshot) error {
	var page struct { // not paged, unlike nearly all lists
		Roles []orgRole `json:"roles"`
	}
	if _, err := d.client.get(ctx, "list organization roles", d.client.inOrg("organization-roles"), &page); err != nil {
		return s.hide(kindOrgRole, err)
	}
	for _, r := range page.Roles {
		err := d.roleHolders(ctx, r.ID, func(h roleHolder) {
			s.roles[h.ID] = append(s.roles[h.ID], r)
			s.holders[heldRole{r.ID, h.ID}] = h
		})
		if err != nil {
			return s.hide(kindOrgRole, err)
		}
	}
	return nil
}
