package okta

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"lastday"
)

// Probe says who we are and what we may see: the canary, then who we are, then
// our admin roles.
func (d *driver) Probe(ctx context.Context) (lastday.Health, error) {
	canary, control, err := d.control(ctx)
	if err != nil {
		return lastday.Health{}, err
	}
	own, err := d.me(ctx)
	if err != nil {
		return lastday.Health{}, err
	}
	if canary.ID == own {
		return lastday.Health{}, lastday.Errorf(lastday.CodeInvalid, "okta: probe", "the canary owns our API token: that we see ourselves shows nothing, name another")
	}
	scopes, err := d.auth.scopes(ctx)
	if err != nil {
		return lastday.Health{}, err
	}
	health := lastday.Health{Identity: "API token of user " + own, AccountID: own, QuotaLeft: -1, Control: control}
	if own == "" {
		health.Identity = "service app " + d.cfg.ServiceApp.ClientID
	}
	super, left, err := d.powerful(ctx, own)
	if err != nil {
		return lastday.Health{}, err
	}
	health.QuotaLeft = left
	for _, k := range kinds() {
		if gap, missing := d.missing(k.Name, scopes, super); missing {
			health.Missing = append(health.Missing, gap)
			continue
		}
		health.Can = append(health.Can, k.Name)
	}
	return health, nil
}

// powerful says whether we are a super administrator, and how many calls are
// left. Who may not read its own roles is none.
func (d *driver) powerful(ctx context.Context, own string) (super bool, left int, err error) {
	segments := []string{"api", "v1", "users", own, "roles"}
	if own == "" {
		segments = []string{"oauth2", "v1", "clients", d.cfg.ServiceApp.ClientID, "roles"}
	}
	path, err := pathOf(segments...)
	if err != nil {
		return false, -1, err
	}
	var roles someRoles
	reply, err := d.client.get(ctx, "read our own admin roles", path, &roles)
	if err != nil && reply.Status != http.StatusForbidden && reply.Status != http.StatusNotFound {
		return false, -1, err
	}
	left, convErr := strconv.Atoi(reply.Header.Get("X-Rate-Limit-Remaining"))
	if convErr != nil {
		left = -1
	}
	return isSuper(roles), left, nil
}

// someRoles reads a list of roles. For clients the description of the interface
// has a single one where the documentation has a list.
type someRoles []role

// UnmarshalJSON takes both.
func (r *someRoles) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '{' {
		*r = make(someRoles, 1)
		return json.Unmarshal(text, &(*r)[0])
	}
	return json.Unmarshal(text, (*[]role)(r))
}

// missing says what we may not do with a kind.
func (d *driver) missing(kind string, scopes []string, super bool) (lastday.Gap, bool) {
	gap := lastday.Gap{System: d.system, Kind: kind, Code: lastday.CodeDenied}
	switch {
	case lacks(scopes, kind):
		gap.What, gap.Why, gap.Fix = "grants of the kind "+kind, "the service app was not given the scope", "grant it "+scopeOf(kind)
		return gap, true
	case !super && (kind == kindRole || kind == kindToken):
		gap.What, gap.Why, gap.Fix = "grants of the kind "+kind, "our credential is no super administrator", "give it that role"
		return gap, true
	}
	return gap, false
}
