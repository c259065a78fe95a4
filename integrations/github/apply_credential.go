package github

import (
	"context"
	"net/http"
	"strconv"

	"lastday"
)

// resourceNumber is the numeric id of what the change is about; it goes into
// paths.
func resourceNumber(j *job) (string, error) {
	n, err := strconv.ParseInt(j.resource().ID, 10, 64)
	if err != nil || n <= 0 {
		return "", lastday.Errorf(lastday.CodeInvalid, "apply", "the change names no %s", j.change.Grant.Kind)
	}
	return itoa(n), nil
}

// onlyDown refuses what cannot be given back.
func onlyDown(j *job) bool { return j.change.To == lastday.None }

// takeOne deletes or revokes one thing by its own id. Its own answer tells
// whether it was there, so nothing is read before.
func (d *driver) takeOne(op, method string, body any, segments ...string) func(context.Context, *job) error {
	return func(ctx context.Context, j *job) error {
		if !onlyDown(j) {
			return j.refuse(kindNamed(j.change.Grant.Kind).Restore.Note)
		}
		id, err := resourceNumber(j)
		if err != nil {
			return err
		}
		a, err := d.client.send(ctx, op, method, d.client.inOrg(append(segments, id)...), body, nil)
		j.did(a)
		return err
	}
}

func (d *driver) credentialMovers() map[string]mover {
	revoke, deny := map[string]string{"action": "revoke"}, map[string]string{"action": "deny"}
	return map[string]mover{
		kindCredential:   {write: d.takeOne("DELETE credential authorization", http.MethodDelete, nil, "credential-authorizations")},
		kindToken:        {write: d.takeOne("POST revoke fine-grained token", http.MethodPost, revoke, "personal-access-tokens")},
		kindTokenRequest: {write: d.takeOne("POST deny token request", http.MethodPost, deny, "personal-access-token-requests")},
	}
}
