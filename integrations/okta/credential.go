package okta

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"lastday"
)

// apiToken is what Okta tells of an API token; never its value.
type apiToken struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	UserID string `json:"userId"`
}

// readTokens lists the person's API tokens. With a token of our own ours must be
// among all those told, or we are not shown them.
func (d *driver) readTokens(ctx context.Context, u user, _ string) ([]lastday.Grant, error) {
	const op = "list API tokens"
	where, err := at("api-tokens")
	if err != nil {
		return nil, err
	}
	all, err := list[apiToken](ctx, d.client, op, where)
	if err != nil {
		return nil, err
	}
	own, err := d.me(ctx)
	if err != nil {
		return nil, err
	}
	if own != "" && !slices.ContainsFunc(all, func(t apiToken) bool { return t.UserID == own }) {
		return nil, lastday.Errorf(lastday.CodeDenied, "okta: "+op, "not even our own token is told: our credential does not see tokens")
	}
	var grants []lastday.Grant
	for _, t := range all {
		if t.UserID == u.ID {
			grants = append(grants, grant(kindToken, t.ID, t.Name, rungHeld, lastday.LevelAdmin))
		}
	}
	return grants, nil
}

func (d *driver) takeToken(ctx context.Context, _ user, g lastday.Grant) (deed, error) {
	return d.drop(ctx, "revoke API token", "api-tokens", g.Resource.ID)
}

// oauthClient is a client for which the user has consented or holds tokens.
type oauthClient struct {
	ID   string `json:"client_id"`
	Name string `json:"client_name"`
}

type refreshToken struct {
	ID     string   `json:"id"`
	UserID string   `json:"userId"`
	Status string   `json:"status"`
	Scopes []string `json:"scopes"`
}

// readRefresh lists the clients for which the person holds refresh tokens, which
// outlive every session.
func (d *driver) readRefresh(ctx context.Context, u user, only string) ([]lastday.Grant, error) {
	clients := []oauthClient{{ID: only}}
	if only == "" {
		var err error
		if clients, err = d.clients(ctx, u.ID); err != nil {
			return nil, err
		}
	}
	var grants []lastday.Grant
	for _, c := range clients {
		where, err := at("users", u.ID, "clients", c.ID, "tokens")
		if err != nil {
			return nil, err
		}
		tokens, err := list[refreshToken](ctx, d.client, "list refresh tokens", where+query("limit", "200"))
		if codeIs(err, lastday.CodeNotFound) && only != "" {
			err = d.clientGone(ctx, u.ID, only, err)
		}
		if err != nil {
			return nil, err
		}
		if level := reach(tokens); level > lastday.LevelNone {
			grants = append(grants, grant(kindRefresh, c.ID, c.Name, rungHeld, level))
		}
	}
	return grants, nil
}

func (d *driver) clients(ctx context.Context, id string) ([]oauthClient, error) {
	where, err := at("users", id, "clients")
	if err != nil {
		return nil, err
	}
	return list[oauthClient](ctx, d.client, "list OAuth clients", where)
}

// clientGone takes a 404 about a client for an answer only if the list of the
// user's clients can be read and does not name it.
func (d *driver) clientGone(ctx context.Context, id, client string, notFound error) error {
	clients, err := d.clients(ctx, id)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(clients, func(c oauthClient) bool { return c.ID == client }) {
		return notFound
	}
	return nil
}

// reach is what the tokens can do at worst. Scopes of Okta's own API that manage
// are as good as an admin.
func reach(tokens []refreshToken) lastday.Level {
	level := lastday.LevelNone
	for _, t := range tokens {
		if t.Status == "REVOKED" {
			continue
		}
		level = max(level, lastday.LevelWrite)
		for _, s := range t.Scopes {
			if strings.HasPrefix(s, "okta.") && strings.HasSuffix(s, ".manage") {
				level = lastday.LevelAdmin
			}
		}
	}
	return level
}

func (d *driver) takeRefresh(ctx context.Context, u user, g lastday.Grant) (deed, error) {
	return d.drop(ctx, "revoke refresh tokens", "users", u.ID, "clients", g.Resource.ID, "tokens")
}

type consent struct {
	ClientID string `json:"clientId"`
	Status   string `json:"status"`
}

func (d *driver) readConsents(ctx context.Context, u user, _ string) ([]lastday.Grant, error) {
	where, err := at("users", u.ID, "grants")
	if err != nil {
		return nil, err
	}
	all, err := list[consent](ctx, d.client, "list OAuth grants", where+query("limit", "200"))
	if err != nil {
		return nil, err
	}
	var grants []lastday.Grant
	seen := map[string]bool{}
	for _, c := range all {
		if c.Status != "REVOKED" && !seen[c.ClientID] {
			grants = append(grants, grant(kindConsent, c.ClientID, "client "+c.ClientID, rungHeld, lastday.LevelSignIn))
		}
		seen[c.ClientID] = true
	}
	return grants, nil
}

func (d *driver) takeConsent(ctx context.Context, u user, g lastday.Grant) (deed, error) {
	return d.drop(ctx, "revoke OAuth grants", "users", u.ID, "clients", g.Resource.ID, "grants")
}

func (d *driver) drop(ctx context.Context, op string, segments ...string) (deed, error) {
	where, err := at(segments...)
	if err != nil {
		return deed{}, err
	}
	request, err := d.client.send(ctx, op, http.MethodDelete, where, nil)
	return did(request), err
}
