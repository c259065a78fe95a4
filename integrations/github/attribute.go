package github

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"lastday"
)

// unknownKeys stands for deploy keys that nobody has counted.
const unknownKeys = "?"

// indexedRules is a ruleset, and when it was changed last.
type indexedRules struct {
	ID      int64  `json:"databaseId"`
	Updated string `json:"updatedAt"`
}

// listedRules is the same by REST.
type listedRules struct {
	ID      int64  `json:"id"`
	Updated string `json:"updated_at"`
}

// told remembers across indexes what one REST call each had to find out: who
// added a repository's deploy keys, and which people may bypass a ruleset. Both
// hold as long as the keys and the ruleset are the same; GraphQL tells that.
type told struct {
	keys  map[int64]toldKeys
	rules map[rulesetPlace]toldRules
	// things may be a day old: whose they are nobody knows anyway.
	things map[int64]toldThings
}

type toldKeys struct {
	keys string
	all  []deployKey
}

type toldRules struct {
	updated string
	readAt  time.Time
	name    string
	users   []int64
}

func newTold() *told {
	return &told{keys: map[int64]toldKeys{}, rules: map[rulesetPlace]toldRules{}, things: map[int64]toldThings{}}
}

// rulesetPlaces lists all rulesets, and when they were changed.
func (d *driver) rulesetPlaces(ctx context.Context, s *snapshot) (map[rulesetPlace]string, error) {
	places := map[rulesetPlace]string{}
	err := list(ctx, d.client, "list rulesets", d.client.inOrg("rulesets"), func(g listedRules) { places[rulesetPlace{id: g.ID}] = g.Updated })
	if err != nil {
		err = s.hide(kindRuleset, err)
	}
	for _, r := range s.repos {
		for _, g := range r.rulesets {
			places[rulesetPlace{repo: r.name, id: g.ID}] = g.Updated
		}
	}
	return places, err
}

// attribute finds out whose keys and bypasses there are. It makes no more than
// so many calls for one index; what is left over is counted, told as a gap, and
// found out with the next indexes.
func (d *driver) attribute(ctx context.Context, s *snapshot, places map[rulesetPlace]string) error {
	left := d.cfg.IndexReads
	for _, place := range inPlaceOrder(slices.Collect(maps.Keys(places))) {
		if err := d.attributeRules(ctx, s, place, places[place], &left); err != nil {
			return s.hide(kindRuleset, err)
		}
	}
	for _, r := range s.repos {
		if err := d.attributeKeys(ctx, s, r, &left); err != nil {
			return s.hide(kindDeployKey, err)
		}
	}
	return d.attributeThings(ctx, s, &left)
}

func (d *driver) attributeRules(ctx context.Context, s *snapshot, place rulesetPlace, updated string, left *int) error {
	known, ok := d.index.told.rules[place]
	if !ok || known.updated != updated || !known.sure() {
		if *left == 0 {
			s.later[kindRuleset]++
			return nil
		}
		*left--
		set, err := d.ruleset(ctx, place)
		if err != nil {
			return err
		}
		known = toldRules{updated: updated, readAt: d.now(), name: set.name, users: set.users()}
		d.index.told.rules[place] = known
	}
	s.sets[place] = known
	for _, id := range known.users {
		s.rulesets[id] = append(s.rulesets[id], place)
	}
	return nil
}

func (d *driver) attributeKeys(ctx context.Context, s *snapshot, r indexedRepo, left *int) error {
	if r.keys == "" {
		return nil
	}
	known, ok := d.index.told.keys[r.id]
	if !ok || known.keys != r.keys || r.keys == unknownKeys {
		if *left == 0 {
			s.later[kindDeployKey]++
			return nil
		}
		*left--
		keys, err := d.deployKeys(ctx, r.name)
		if err != nil {
			return err
		}
		known = toldKeys{keys: r.keys, all: keys}
		d.index.told.keys[r.id] = known
	}
	s.ring[r.id] = known.all
	for _, k := range known.all {
		login := strings.ToLower(k.AddedBy)
		s.keys[login] = append(s.keys[login], r.name)
	}
	return nil
}

// unread is the gap about what the index has not come to yet.
func (d *driver) unread(s *snapshot, kind string) error {
	if n := s.later[kind]; n > 0 {
		return lastday.Errorf(lastday.CodeUnsupported, "index repositories",
			"%d more calls are needed than index_reads allows at once: each new index goes on", n)
	}
	return nil
}
