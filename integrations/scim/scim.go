// Package scim takes and gives back access to anything that speaks SCIM 2.0
// (https://www.rfc-editor.org/rfc/rfc7643, https://www.rfc-editor.org/rfc/rfc7644).
//
// The standard leaves open what matters most here: what active:false does to an
// account, and whether it can be undone. Some servers suspend, one scrambles the
// login, one deletes. What is known of a vendor stands in its Profile, with the
// page that says so; what is not known is declared lossy.
//
// Accounts are pinned by their id. Every answer is checked for the very id or
// attribute that was asked for, because servers exist that ignore filters, and
// nothing is called absent unless a known account, the canary, was seen in the
// same attempt. DELETE is never sent.
package scim

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/internal/httpx"
)

// Config is what a SCIM server's entry in the configuration holds.
type Config struct {
	// Profile names what is known of the vendor; empty is generic.
	Profile string `yaml:"profile"`
	// URL is the address that /Users and /Groups are under.
	URL string `yaml:"url"`
	// Token refers to the token. It is resolved for every call, so that one
	// that something else renews in its file is used at once.
	Token string `yaml:"token"`
	// Canary is the id of an account that is known to be there and stays. Only
	// where it is seen does not seeing another account show anything.
	Canary string `yaml:"canary"`
	// CanaryGroup is the id of a group that the canary is a member of. With it a
	// server's filter by member is trusted where it finds that group; without it
	// all groups are read.
	CanaryGroup string `yaml:"canary_group"`
	// Self is the id of the account that the token belongs to, empty if it is none.
	Self string `yaml:"self"`
	// ExternalID says what the provisioning client writes into externalId:
	// employee_number, email or key. Empty: externalId is no evidence.
	ExternalID string `yaml:"external_id"`
	// AccountLevel is what an account can do that has no role known to be more;
	// empty is sign-in.
	AccountLevel string `yaml:"account_level"`
	// GroupLevel is what a member of a group can do; empty is write. GroupLevels
	// says otherwise for groups by id or by name.
	GroupLevel  string            `yaml:"group_level"`
	GroupLevels map[string]string `yaml:"group_levels"`
	// RoleLevels and EntitlementLevels say what a value lets somebody do. A role
	// that is not in it is feared as admin, an entitlement counts as write.
	RoleLevels        map[string]string `yaml:"role_levels"`
	EntitlementLevels map[string]string `yaml:"entitlement_levels"`
	// ManagedBy names who decides about a kind (account, group, role, entitlement)
	// elsewhere, ManagedGroups about single groups by id or by name: then a change
	// is delegated to them.
	ManagedBy     map[string]string `yaml:"managed_by"`
	ManagedGroups map[string]string `yaml:"managed_groups"`
	// NestedGroups says that groups can be members of groups there: then all groups
	// are read, because a filter by member finds the direct ones alone.
	NestedGroups bool `yaml:"nested_groups"`
	// WithoutGroups says that the server has no groups.
	WithoutGroups bool `yaml:"without_groups"`
	// Delete lets a deactivation that deletes the account be made when everything
	// is taken. Without it that needs an approval, and a person is asked.
	Delete bool `yaml:"delete"`
	// Paging is index or cursor (RFC 9865); empty is what the profile says.
	Paging string `yaml:"paging"`
}

// Kind is the registration of this integration.
func Kind() integrations.Kind { return integrations.Define(description(), open) }

// driver is the integration with one server.
type driver struct {
	cfg     Config
	profile Profile
	levels  levels
	system  string
	// client takes lists and groups, which can be large; single takes one account.
	client, single *httpx.Client
}

func open(ctx context.Context, cfg Config, deps integrations.Deps) (integrations.Driver, error) {
	profile, levels, err := cfg.checked()
	if err != nil {
		return nil, err
	}
	if _, err := deps.Secret(ctx, cfg.Token); err != nil {
		return nil, lastday.Wrap(lastday.CodeOf(err), "scim", "token", err)
	}
	d := &driver{cfg: cfg, profile: profile, levels: levels, system: deps.System}
	if d.client, err = d.connect(deps, mostBody); err != nil {
		return nil, err
	}
	d.single, err = d.connect(deps, mostUser)
	return d, err
}

// connect makes a client whose answers are at most so many bytes.
func (d *driver) connect(deps integrations.Deps, most int64) (*httpx.Client, error) {
	return httpx.New(httpx.Options{
		Base: d.cfg.URL, Transport: naming{deps.Transport}, Now: deps.Now, MaxBody: most,
		Header: http.Header{"Accept": {mediaType}},
		Authorize: func(req *http.Request) error {
			token, err := deps.Secret(req.Context(), d.cfg.Token)
			if err != nil {
				return err
			}
			req.Header.Set("Authorization", cmp.Or(d.profile.Credential, "Bearer ")+strings.TrimSpace(token))
			return nil
		},
	})
}

// checked refuses what makes no sense, and reads what stands for something else.
func (c Config) checked() (Profile, levels, error) {
	profile, ok := profileNamed(c.Profile)
	if !ok {
		return profile, levels{}, invalid("profile %q is none of %s", c.Profile, strings.Join(profileNames(), ", "))
	}
	switch c.ExternalID {
	case "", byNumber, byEmail, byKey:
	default:
		return profile, levels{}, invalid("external_id must be employee_number, email or key")
	}
	switch c.Paging {
	case "":
	case pagingIndex, pagingCursor:
		profile.Cursor = c.Paging == pagingCursor
	default:
		return profile, levels{}, invalid("paging must be index or cursor")
	}
	if err := c.known(profile); err != nil {
		return profile, levels{}, err
	}
	for kind := range c.ManagedBy {
		if _, ok := generic().orders()[kind]; !ok {
			return profile, levels{}, invalid("managed_by: %q is no kind of grant", kind)
		}
	}
	levels, err := c.levels(profile)
	return profile, levels, err
}

// known refuses a configuration that does not say what must be known to be there.
func (c Config) known(profile Profile) error {
	if c.URL == "" || c.Token == "" || c.Canary == "" {
		return invalid("url, token and canary (an account that is known to be there) are required")
	}
	if c.Canary == c.Self {
		return invalid("canary must be another account than self: many servers show one's own account always")
	}
	if profile.MadeUpLists && c.CanaryGroup == "" && !c.WithoutGroups {
		return invalid("canary_group is required with this profile: its list of groups may be a made-up example")
	}
	return nil
}

// How people are recognised by externalId, and how lists are paged.
const (
	byNumber = "employee_number"
	byEmail  = "email"
	byKey    = "key"

	pagingIndex  = "index"
	pagingCursor = "cursor"
)

func invalid(format string, args ...any) error {
	return lastday.Errorf(lastday.CodeInvalid, "scim", format, args...)
}
