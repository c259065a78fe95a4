package github

import (
	"context"
	"net/http"

	"lastday"
)

func (d *driver) roleMovers() map[string]mover {
	return map[string]mover{
		kindOrgRole:   {d.readOrgRoleRung, d.writeOrgRole, recallRole},
		kindDeployKey: {d.readKeyRung, d.writeKey, recallKey},
	}
}

func recallRole(j *job, _ lastday.Grant) bool {
	_, err := resourceNumber(j)
	return err == nil
}

func recallKey(j *job, g lastday.Grant) bool {
	j.repo = g.Resource.Labels["repository"]
	return validRepo(j.repo)
}

// readOrgRoleRung reads before writing, because GitHub answers 204 whether or
// not the person had the role.
func (d *driver) readOrgRoleRung(ctx context.Context, j *job) (string, error) {
	if _, err := resourceNumber(j); err != nil {
		return "", err
	}
	rung := lastday.None
	where := d.client.inOrg("organization-roles", j.resource().ID, "users")
	err := list(ctx, d.client, "list holders of a role", where, func(h roleHolder) {
		if h.ID == j.who.id && h.Assignment != "indirect" {
			rung = rungHeld
		}
	})
	return rung, err
}

func (d *driver) writeOrgRole(ctx context.Context, j *job) error {
	method := http.MethodDelete
	if j.change.To != lastday.None {
		method = http.MethodPut
	}
	where := d.client.inOrg("organization-roles", "users", j.who.login, j.resource().ID)
	a, err := d.client.send(ctx, method+" organization role", method, where, nil, nil)
	j.did(a)
	if method == http.MethodPut && statusOf(err) == http.StatusUnprocessableEntity {
		return j.refuse("the person is no member of the organization")
	}
	return err
}

func keyRepo(j *job) (string, error) {
	repo := j.resource().Labels["repository"]
	if !validRepo(repo) {
		return "", lastday.Errorf(lastday.CodeInvalid, "apply", "the change names no repository")
	}
	return repo, nil
}

// readKeyRung looks for the key by its id or, where it is to be given back, by
// the key itself: a new one has another id.
func (d *driver) readKeyRung(ctx context.Context, j *job) (string, error) {
	repo, err := keyRepo(j)
	if err != nil {
		return "", err
	}
	j.repo = repo
	keys, err := d.deployKeys(ctx, repo)
	for _, k := range keys {
		same := j.change.From == lastday.None && k.Key == j.change.Grant.Details["key"]
		if same || itoa(k.ID) == j.resource().ID {
			return k.rung().Name, nil
		}
	}
	return lastday.None, err
}

func (d *driver) writeKey(ctx context.Context, j *job) error {
	if j.now != lastday.None {
		id, err := resourceNumber(j)
		if err != nil {
			return err
		}
		a, err := d.client.send(ctx, "DELETE deploy key", http.MethodDelete, d.client.inRepo(j.repo, "keys", id), nil, nil)
		j.did(a)
		return err
	}
	body := map[string]any{
		"title": j.change.Grant.Details["title"], "key": j.change.Grant.Details["key"], "read_only": j.change.To == "read-only",
	}
	a, err := d.client.send(ctx, "POST deploy key", http.MethodPost, d.client.inRepo(j.repo, "keys"), body, nil)
	j.did(a)
	if err == nil {
		j.note = "made anew from the public key: it has another id, and we are who added it"
	}
	return err
}
