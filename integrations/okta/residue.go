package okta

import (
	"context"
	"strings"

	"lastday"
)

// residue is what is left whatever is taken here.
func (d *driver) residue(ctx context.Context, u user, grants []lastday.Grant) ([]lastday.Residue, error) {
	out := d.sessionsInside(grants)
	if r, ok := d.elsewhere(u); ok {
		out = append(out, r)
	}
	devices, err := d.devices(ctx, u)
	return append(out, devices...), err
}

// sessionsInside names the apps whose own sessions outlive the cut.
// https://developer.okta.com/docs/guides/oin-universal-logout-overview/
func (d *driver) sessionsInside(grants []lastday.Grant) []lastday.Residue {
	var out []lastday.Residue
	for _, g := range grants {
		if g.Kind != kindApp || g.Resource.Labels["sign-on"] == "BOOKMARK" {
			continue
		}
		out = append(out, lastday.Residue{
			System: d.system, Kind: kindApp, What: "sessions inside the app " + g.Resource.Name,
			Why:  "cutting the account in Okta ends no session that an app holds itself, unless the app takes part in Universal Logout",
			Todo: "end the person's sessions and tokens in the app, or connect it as a system of its own",
		})
	}
	return out
}

// elsewhere tells that the account is fed or checked by something else.
// https://support.okta.com/help/s/article/suspend-users-in-okta-while-the-user-is-active-in-profile-sourcing-application
func (d *driver) elsewhere(u user) (lastday.Residue, bool) {
	provider := u.Credentials.Provider
	switch provider.Type {
	case "ACTIVE_DIRECTORY", "LDAP":
		return lastday.Residue{
			System: d.system, Kind: kindSignIn, What: "the account in the directory " + provider.Name,
			Why:  "the directory checks the password and goes on doing so for everything else that asks it; its next import can lift a suspension here, if it is set to",
			Todo: "disable the account in the directory as well",
		}, true
	case "FEDERATION", "SOCIAL":
		return lastday.Residue{
			System: d.system, Kind: kindSignIn, What: "the identity at the provider " + provider.Name,
			Why: "the person signs in there first; what else trusts that provider is not cut here", Todo: "end the identity at the provider as well",
		}, true
	}
	return lastday.Residue{}, false
}

// devices names what the person enrolled. A device can be several people's, so it
// is not deactivated for one of them.
// https://developer.okta.com/docs/api/openapi/okta-management/management/tag/UserResources/
func (d *driver) devices(ctx context.Context, u user) ([]lastday.Residue, error) {
	where, err := at("users", u.ID, "devices")
	if err != nil {
		return nil, err
	}
	type enrolled struct {
		Device struct {
			ID      string `json:"id"`
			Status  string `json:"status"`
			Profile struct {
				Platform string `json:"platform"`
			} `json:"profile"`
		} `json:"device"`
	}
	all, err := list[enrolled](ctx, d.client, "list devices", where)
	if hidden(err) {
		return []lastday.Residue{{
			System: d.system, Kind: "device", What: "devices of the person", Why: "they could not be listed: " + err.Error(), Todo: "look under Directory, Devices",
		}}, nil
	}
	var out []lastday.Residue
	for _, e := range all {
		if e.Device.Status != statusActive {
			continue
		}
		out = append(out, lastday.Residue{
			System: d.system, Kind: "device", What: "device " + e.Device.ID + " (" + strings.ToLower(e.Device.Profile.Platform) + ")",
			Why: "it is registered for the person, and maybe for others", Todo: "take it back and deactivate it in Okta",
		})
	}
	return out, err
}
