package github

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"lastday"
)

// namedRepo is a repository where the index saw the person named, as it is now.
type namedRepo struct {
	repo     indexedRepo
	more     bool // not all of its guards fit in
	keys     []graphKey
	moreKeys bool
	rules    map[int64]string // when each ruleset was changed last
	moreSets bool
}

// graphKey is a deploy key as GraphQL shows it: all but who added it.
type graphKey struct {
	Key string `json:"key"`
}

// graphNamed is the answer about such a repository.
type graphNamed struct {
	graphRepo
	Keys struct {
		Total int        `json:"totalCount"`
		Nodes []graphKey `json:"nodes"`
	} `json:"deployKeys"`
}

func namedFragment() string {
	return "fragment G on Repository{databaseId name deployKeys(first:50){totalCount nodes{key}} " +
		"rulesets(first:20,includeParents:false){pageInfo{hasNextPage}nodes{databaseId updatedAt}} " + guardFields(20, 50) + "}"
}

func (g graphNamed) of() namedRepo {
	n := namedRepo{keys: g.Keys.Nodes, moreKeys: g.Keys.Total > len(g.Keys.Nodes), rules: map[int64]string{}, moreSets: g.Rulesets.PageInfo.HasNextPage}
	n.repo, n.more = g.graphRepo.of()
	for _, r := range g.Rulesets.Nodes {
		n.rules[r.ID] = r.Updated
	}
	return n
}

func matchNamed(d *driver, op string, repos []indexedRepo, got map[string]*graphNamed) ([]namedRepo, error) {
	var all []namedRepo
	for i, r := range repos {
		g := got["g"+strconv.Itoa(i)]
		if g == nil || g.DatabaseID != r.id {
			return nil, d.outdated(op)
		}
		all = append(all, g.of())
	}
	return all, nil
}

// at finds what a glance saw of a repository.
func (g *glance) at(repo string) (namedRepo, bool) {
	if g == nil {
		return namedRepo{}, false
	}
	for _, n := range g.named {
		if strings.EqualFold(n.repo.name, repo) {
			return n, true
		}
	}
	return namedRepo{}, false
}

// naming are the repositories where the index saw the person named: by id in
// environments, protections and rulesets, by login as who added a deploy key.
func (s *snapshot) naming(w who) []indexedRepo {
	by := func(n indexedNames) bool { return n.names(w.id) }
	keys := s.keys[strings.ToLower(w.login)]
	sets := s.rulesets[w.id]
	var named []indexedRepo
	for _, r := range s.repos {
		inSet := slices.ContainsFunc(sets, func(p rulesetPlace) bool { return p.repo == r.name })
		if inSet || slices.Contains(keys, r.name) || slices.ContainsFunc(r.environments, by) || slices.ContainsFunc(r.guards, by) {
			named = append(named, r)
		}
	}
	return named
}

// keysOf tells which of a repository's deploy keys the person added, if what
// the glance shows are keys that the index knows: who added a key never
// changes. Otherwise the keys must be read.
func (s *snapshot) keysOf(n namedRepo, login string) (mine []deployKey, ok bool) {
	known := map[string]deployKey{}
	for _, k := range s.ring[n.repo.id] {
		known[material(k.Key)] = k
	}
	for _, g := range n.keys {
		k, has := known[material(g.Key)]
		if !has {
			return nil, false
		}
		if strings.EqualFold(k.AddedBy, login) {
			mine = append(mine, k)
		}
	}
	return mine, !n.moreKeys
}

// material is a public key without its comment.
func material(key string) string {
	fields := strings.Fields(key)
	return strings.Join(fields[:min(2, len(fields))], " ")
}

// rulesNow is a ruleset as the index knows it, if it has not been changed since.
func (s *snapshot) rulesNow(p rulesetPlace, g *glance) (toldRules, bool) {
	known, ok := s.sets[p]
	if !ok || g == nil {
		return known, false
	}
	updated := g.rules[p.id]
	if p.repo != "" {
		n, seen := g.at(p.repo)
		if !seen {
			return known, false
		}
		updated = n.rules[p.id]
	}
	return known, known.sure() && sameMoment(known.updated, updated)
}

// sure says that a later change would show in the time of the last one: those
// times are told by the second.
func (t toldRules) sure() bool {
	updated, err := time.Parse(time.RFC3339, t.updated)
	return err == nil && t.readAt.Sub(updated) > 2*time.Second
}

func sameMoment(a, b string) bool {
	x, err := time.Parse(time.RFC3339, a)
	y, other := time.Parse(time.RFC3339, b)
	return err == nil && other == nil && x.Truncate(time.Second).Equal(y.Truncate(time.Second))
}

// linkedIdentities are the identities that an identity provider has for a login.
type linkedIdentities struct {
	Identities struct {
		Nodes []struct {
			User *graphActor `json:"user"`
		} `json:"nodes"`
	} `json:"externalIdentities"`
}

// links says whether one of them is the account's: the filter is not trusted.
func (l *linkedIdentities) links(w who) bool {
	return l != nil && slices.ContainsFunc(l.Identities.Nodes, func(n struct {
		User *graphActor `json:"user"`
	},
	) bool {
		return n.User != nil && n.User.DatabaseID == w.id
	})
}

func (d *driver) linkResidue() lastday.Residue {
	return lastday.Residue{
		System: d.system, Kind: "identity", What: "the identity provider's link to the account",
		Why: "it is kept by the identity provider, which could bring the membership back", Todo: "take the person out of the application there",
	}
}
