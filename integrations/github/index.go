package github

import (
	"context"
	"sync"
	"time"
)

// index is the shape of the organization, shared by all cases of the process.
// It says where to look and never what a person can do.
type index struct {
	d *driver

	mu   sync.Mutex // held while reading: others wait for the one that reads
	last *snapshot
}

func newIndex(d *driver) *index { return &index{d: d} }

// snapshot is the organization at one time. All but managers is fixed.
type snapshot struct {
	readAt time.Time
	org    organization
	teams  []indexedTeam // with REST alone
	repos  []indexedRepo
	// What the organization is connected to.
	externalGroups bool
	teamSync       bool

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
	node    string // GraphQL's id
	id      int64
	name    string
	private bool
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
	s := &snapshot{readAt: d.now(), managers: map[int64]string{}}
	if _, err := d.client.get(ctx, "read the organization", d.client.inOrg(), &s.org); err != nil {
		return nil, err
	}
	steps := []func(context.Context, *snapshot) error{d.indexGroups, d.indexRepos}
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
		Groups []struct {
			ID int64 `json:"group_id"`
		} `json:"groups"`
	}
	if _, err := d.client.get(ctx, "list external groups", d.client.inOrg("external-groups"), &external); err == nil {
		s.externalGroups = len(external.Groups) > 0
	} else if !notManaged(err) {
		return err
	}
	_, err := d.client.get(ctx, "list groups to synchronize", d.client.inOrg("team-sync", "groups"), nil)
	s.teamSync = err == nil
	if err != nil && !notManaged(err) {
		return err
	}
	return nil
}

// indexRepos lists the repositories.
func (d *driver) indexRepos(ctx context.Context, s *snapshot) error {
	return list(ctx, d.client, "list repositories", d.client.inOrg("repos"), func(r struct {
		ID      int64  `json:"id"`
		Node    string `json:"node_id"`
		Name    string `json:"name"`
		Private bool   `json:"private"`
	}) {
		s.repos = append(s.repos, indexedRepo{id: r.ID, node: r.Node, name: r.Name, private: r.Private})
	})
}
