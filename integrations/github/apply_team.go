package github

import (
	"context"
	"net/http"

	gh "github.com/google/go-github/v60/github"

	"lastday"
)

// readTeamRung reads the direct membership of the team with the pinned id: its
// slug changes with its name.
func (d *driver) readTeamRung(ctx context.Context, j *job) (string, error) {
	t, err := d.teamNow(ctx, j)
	if err != nil || t.role == "" {
		return lastday.None, err
	}
	if t.managed != "" {
		j.outcome, j.note = lastday.OutcomeDelegated, "managed by "+t.managed
	}
	j.keep("slug", t.slug)
	return t.role, nil
}

// recallTeam takes the slug that was listed a moment ago.
func recallTeam(j *job, g lastday.Grant) bool {
	slug := g.Resource.Labels["slug"]
	j.keep("slug", slug)
	return validSlug(slug) && g.ManagedBy == "" && len(g.Via) == 0
}

// teamNow is the team as the person is in it; one without a role if they are not.
func (d *driver) teamNow(ctx context.Context, j *job) (team, error) {
	if d.cfg.NoGraphQL {
		return d.teamNowByREST(ctx, j)
	}
	teams, err := d.teamsByGraph(ctx, j.who)
	if err != nil {
		return team{}, err
	}
	for _, t := range teams {
		if itoa(t.id) == j.resource().ID {
			return t, nil
		}
	}
	return team{}, nil
}

func (d *driver) teamNowByREST(ctx context.Context, j *job) (team, error) {
	slug, err := d.teamSlug(ctx, j.resource())
	if err != nil || slug == "" {
		return team{}, err
	}
	m, err := d.teamMembership(ctx, slug, j.who)
	if codeIs(err, lastday.CodeNotFound) {
		return team{}, nil // the team itself was seen just now
	}
	return team{slug: slug, role: m.Role, pending: m.State == "pending"}, err
}

// teamSlug is the slug of now of the team with the resource's id; empty if
// there is no such team among those we see.
func (d *driver) teamSlug(ctx context.Context, r lastday.Resource) (string, error) {
	var got indexedTeam
	if slug := r.Labels["slug"]; validSlug(slug) {
		_, err := d.client.get(ctx, "read team", d.client.inOrg("teams", slug), &got)
		if err == nil && itoa(got.ID) == r.ID {
			return slug, nil
		}
		if err != nil && !codeIs(err, lastday.CodeNotFound) {
			return "", err
		}
	}
	slug := ""
	err := list(ctx, d.client, "list teams", d.client.inOrg("teams"), func(t indexedTeam) {
		if itoa(t.ID) == r.ID {
			slug = t.Slug
		}
	})
	return slug, err
}

func (d *driver) writeTeam(ctx context.Context, j *job) error {
	if j.now == lastday.None {
		return d.joinTeam(ctx, j)
	}
	slug := j.undo["slug"]
	j.keep("role", j.now)
	if j.change.To == lastday.None {
		where := d.client.inOrg("teams", slug, "memberships", j.who.login)
		a, err := d.client.send(ctx, "DELETE team membership", http.MethodDelete, where, nil, nil)
		j.did(a)
		return d.teamRefusal(j, err)
	}
	return d.setTeamRole(ctx, j, slug)
}

func (d *driver) setTeamRole(ctx context.Context, j *job, slug string) error {
	options := gh.TeamAddTeamMembershipOptions{Role: j.change.To}
	where := d.client.inOrg("teams", slug, "memberships", j.who.login)
	a, err := d.client.send(ctx, "PUT team membership", http.MethodPut, where, options, nil)
	j.did(a)
	return d.teamRefusal(j, err)
}

// joinTeam gives a membership back. A PUT for somebody who is no member of the
// organization would invite them to it, so that is looked at first.
func (d *driver) joinTeam(ctx context.Context, j *job) error {
	s, err := d.standing(ctx, j.who)
	if err != nil {
		return err
	}
	if !s.in || s.State != "active" {
		return j.refuse("the person is no member of the organization: reinstating them brings the teams back")
	}
	slug, err := d.teamSlug(ctx, j.resource())
	if err != nil {
		return err
	}
	if slug == "" {
		return j.refuse("the team is gone")
	}
	return d.setTeamRole(ctx, j, slug)
}

// teamRefusal knows teams whose members an identity provider decides about.
func (d *driver) teamRefusal(j *job, err error) error {
	status := statusOf(err)
	if (status == http.StatusForbidden || status == http.StatusUnprocessableEntity) && says(err, "identity provider", "externally managed", "external group", "synchroniz", "sync") {
		j.outcome, j.note = lastday.OutcomeDelegated, "an identity provider decides about the team: it must be changed there"
		return nil
	}
	return err
}
