package github

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"lastday"
)

// Whoever administers a repository can add webhooks, self-hosted runners and
// secrets to it, and GitHub does not say who did. Reading them takes three calls
// for each repository, so leavers only say which repositories matter, and the
// index reads a few each time, within its budget.

// wishes are repositories that somebody who left could administer.
type wishes struct {
	mu  sync.Mutex
	ids map[int64]bool
}

// mostWishes bounds what is remembered.
const mostWishes = 1000

func (w *wishes) add(ids []int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		if len(w.ids) < mostWishes {
			w.ids[id] = true
		}
	}
}

func (w *wishes) has(id int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ids[id]
}

// toldThings is what hung on a repository when it was looked at.
type toldThings struct {
	at   time.Time
	left []lastday.Residue
}

// thingsAge is how old that may be.
const thingsAge = 24 * time.Hour

// callsOfThings is how many calls one repository takes.
const callsOfThings = 3

// attributeThings looks at repositories that were asked for, as far as the
// budget goes.
func (d *driver) attributeThings(ctx context.Context, s *snapshot, left *int) error {
	for _, r := range s.repos {
		if !d.index.wishes.has(r.id) {
			continue
		}
		known, ok := d.index.told.things[r.id]
		if !ok || d.now().Sub(known.at) > thingsAge {
			if *left < callsOfThings {
				continue
			}
			*left -= callsOfThings
			things, err := d.thingsOf(ctx, r.name)
			if err != nil {
				return err
			}
			known = toldThings{at: d.now(), left: things}
			d.index.told.things[r.id] = known
		}
		s.things[r.id] = known
	}
	return nil
}

func (d *driver) thingsOf(ctx context.Context, repo string) ([]lastday.Residue, error) {
	var all []lastday.Residue
	for _, thing := range []struct{ kind, where, list, todo string }{
		{"webhook", "hooks", "", "check that none of them posts to an address of the person"},
		{"runner", "actions/runners", "runners", "check that none of them runs on a machine of the person"},
		{"secret", "actions/secrets", "secrets", "rotate those that the person could read or set"},
	} {
		where := d.client.inRepo(repo, strings.Split(thing.where, "/")...)
		names, err := d.names(ctx, where, "list repository "+strings.ReplaceAll(thing.where, "/", " "), thing.list)
		if err != nil && !hidden(err) {
			return nil, err
		}
		if r, ok := d.leftover(thing.kind, thing.where+" of the repository "+repo, thing.todo, names, err); ok {
			all = append(all, r)
		}
	}
	return all, nil
}

// readThings tells what hangs on the repositories that the person administers,
// directly or by a team, and asks the index to look where it has not yet.
func (d *driver) readThings(ctx context.Context, r *reading) error {
	idx, err := d.index.current(ctx)
	if err != nil {
		return err
	}
	ids := r.administers()
	var unseen []string
	var wanted []int64
	for _, repo := range idx.repos {
		if !slices.Contains(ids, repo.id) {
			continue
		}
		wanted = append(wanted, repo.id)
		known, ok := idx.things[repo.id]
		r.page.Residue = append(r.page.Residue, known.left...)
		if !ok {
			unseen = append(unseen, repo.name)
		}
	}
	d.index.wishes.add(wanted)
	if len(unseen) > 0 {
		r.page.Residue = append(r.page.Residue, lastday.Residue{
			System: d.system, Kind: "repository_settings", What: "webhooks, self-hosted runners and secrets of " + shortened(unseen, "repositories"),
			Why: "the person administers them, GitHub does not say whose such things are, and the index has not come to them yet", Todo: "check them, or look again later",
		})
	}
	return nil
}

// administers are the repositories where the person is an admin, directly or by
// a team that was seen.
func (r *reading) administers() []int64 {
	var ids []int64
	for _, g := range r.page.Grants {
		if g.Kind == kindRepo && g.Level() == lastday.LevelAdmin {
			ids = append(ids, number(g.Resource.ID))
		}
	}
	if r.glance != nil {
		for _, t := range r.glance.teams {
			ids = append(ids, t.admin...)
		}
	}
	return ids
}
