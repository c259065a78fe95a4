package github

import (
	"context"
	"net/http"
	"strconv"

	gh "github.com/google/go-github/v60/github"

	"lastday"
)

// repoNow finds the repository with the resource's id under its name of now. A
// repository of the same name with another id is not it.
func (d *driver) repoNow(ctx context.Context, r lastday.Resource) (indexedRepo, error) {
	const op = "read repository"
	id, err := strconv.ParseInt(r.ID, 10, 64)
	if err != nil || !validRepo(r.Name) {
		return indexedRepo{}, lastday.Errorf(lastday.CodeInvalid, op, "the change names no repository")
	}
	var got struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	}
	_, err = d.client.get(ctx, op, d.client.inRepo(r.Name), &got)
	if err == nil && got.ID == id {
		return indexedRepo{id: id, name: got.Name}, nil
	}
	if err != nil && !codeIs(err, lastday.CodeNotFound) {
		return indexedRepo{}, err
	}
	return d.repoByIndex(ctx, id)
}

// repoByIndex looks for a renamed repository in a fresh index.
func (d *driver) repoByIndex(ctx context.Context, id int64) (indexedRepo, error) {
	d.index.expire()
	idx, err := d.index.current(ctx)
	if err != nil {
		return indexedRepo{}, err
	}
	for _, repo := range idx.repos {
		if repo.id == id {
			return repo, nil
		}
	}
	return indexedRepo{}, lastday.Errorf(lastday.CodeNotFound, "read repository", "no repository with the pinned id")
}

// readRepoRung reads the direct role. One query pins the repository's id and
// the person's; only where the name does not lead to the id is it looked for.
func (d *driver) readRepoRung(ctx context.Context, j *job) (string, error) {
	id, err := strconv.ParseInt(j.resource().ID, 10, 64)
	if err != nil || !validRepo(j.resource().Name) {
		return "", lastday.Errorf(lastday.CodeInvalid, "read repository roles", "the change names no repository")
	}
	repo := indexedRepo{id: id, name: j.resource().Name}
	if d.cfg.NoGraphQL {
		if repo, err = d.repoNow(ctx, j.resource()); err != nil {
			return "", err
		}
	}
	roles, err := d.roles(ctx, []indexedRepo{repo}, j.who)
	if codeIs(err, lastday.CodeTransient) && !d.cfg.NoGraphQL {
		if repo, err = d.repoByIndex(ctx, id); err == nil {
			roles, err = d.roles(ctx, []indexedRepo{repo}, j.who)
		}
	}
	if err != nil {
		return "", err
	}
	j.repo = repo.name
	return roles[0].role, nil
}

// recallRepo takes the name that led to the id a moment ago.
func recallRepo(j *job, g lastday.Grant) bool {
	j.repo = g.Resource.Name
	return validRepo(j.repo)
}

func (d *driver) writeRepo(ctx context.Context, j *job) error {
	if j.change.To == lastday.None {
		j.keep("role", j.now)
		where := d.client.inRepo(j.repo, "collaborators", j.who.login)
		a, err := d.client.send(ctx, "DELETE repository collaborator", http.MethodDelete, where, nil, nil)
		j.did(a)
		return err
	}
	if j.now != lastday.None {
		j.keep("role", j.now)
	}
	return d.setRepoRole(ctx, j, j.change.To)
}

// setRepoRole gives a role. To somebody who is no member GitHub sends an
// invitation instead, which is 201 with a body, where 204 is done.
// https://docs.github.com/rest/collaborators/collaborators#add-a-repository-collaborator
func (d *driver) setRepoRole(ctx context.Context, j *job, role string) error {
	options := gh.RepositoryAddCollaboratorOptions{Permission: asked(role)}
	a, err := d.client.send(ctx, "PUT repository collaborator", http.MethodPut, d.client.inRepo(j.repo, "collaborators", j.who.login), options, nil)
	j.did(a)
	if err == nil && a.status == http.StatusCreated {
		j.outcome, j.note = lastday.OutcomeOffered, "an outside collaborator must accept the invitation"
	}
	return err
}

// asked is a role as REST wants it in requests.
func asked(role string) string {
	switch role {
	case "read":
		return "pull"
	case "write":
		return "push"
	}
	return role
}
