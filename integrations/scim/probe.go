package scim

import (
	"context"
	"slices"
	"strings"

	"lastday"
)

// capabilities is what a server says it can do (RFC 7643 section 5).
type capabilities struct {
	Patch  supported `json:"patch"`
	Filter supported `json:"filter"`
	ETag   supported `json:"etag"`
}

type supported struct {
	Supported *truth `json:"supported"`
}

func (s supported) denied() bool { return s.Supported != nil && !bool(*s.Supported) }

type resourceType struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Endpoint string `json:"endpoint"`
}

// Probe asks what the server can do, what kinds of things it has, and whether
// the canary is seen: three calls. A server without the first two is common, and
// no trouble.
func (d *driver) Probe(ctx context.Context) (lastday.Health, error) {
	h := lastday.Health{
		Identity: "the owner of the SCIM token", AccountID: d.cfg.Self, QuotaLeft: -1,
		Can: []string{kindAccount, kindRole, kindEntitlement, kindGroup}, Version: "SCIM 2.0, profile " + d.profile.Name,
	}
	var err error
	if h.Control, _, err = d.control(ctx); err != nil {
		return lastday.Health{}, err
	}
	var can capabilities
	if err := d.optional(ctx, "ServiceProviderConfig", &can); err != nil {
		return lastday.Health{}, err
	}
	var types listed[resourceType]
	if err := d.optional(ctx, "ResourceTypes", &types); err != nil {
		return lastday.Health{}, err
	}
	h.Missing = d.missing(can, types.Resources, h.Control)
	if len(d.groupless(types.Resources)) > 0 || d.cfg.WithoutGroups {
		h.Can = slices.DeleteFunc(h.Can, func(k string) bool { return k == kindGroup })
	}
	return h, nil
}

// optional reads what a server need not have, and some have in a form of their own.
func (d *driver) optional(ctx context.Context, path string, into any) error {
	_, err := d.client.Get(ctx, "scim: read "+path, path, into)
	switch lastday.CodeOf(err) {
	case lastday.CodeNotFound, lastday.CodeUnsupported, lastday.CodeDenied, lastday.CodeInvalid:
		return nil
	case "", lastday.CodeProtected, lastday.CodeRateLimited, lastday.CodeTransient, lastday.CodeUnknownOutcome, lastday.CodeInternal:
	}
	return err
}

func (d *driver) missing(can capabilities, types []resourceType, control lastday.Control) []lastday.Gap {
	var gaps []lastday.Gap
	if !control.Seen {
		gaps = append(gaps, d.gap("", "every account", lastday.CodeDenied, "the canary is not seen", "let the token read all users, or name another canary"))
	}
	if can.Patch.denied() && !slices.Contains(d.profile.Active, byPut) {
		gaps = append(gaps, d.gap(kindAccount, "changing accounts", lastday.CodeUnsupported, "the server says that it knows no PATCH", "use the profile generic, which also knows PUT"))
	}
	return append(gaps, d.groupless(types)...)
}

// groupless is the gap of a server that lists its types and has no groups.
func (d *driver) groupless(types []resourceType) []lastday.Gap {
	has := func(t resourceType) bool {
		return strings.EqualFold(t.Name, "Group") || strings.EqualFold(strings.Trim(t.Endpoint, "/"), groups)
	}
	if d.cfg.WithoutGroups || len(types) == 0 || slices.ContainsFunc(types, has) {
		return nil
	}
	return []lastday.Gap{d.gap(kindGroup, "groups", lastday.CodeUnsupported, "the server lists no type Group", "set without_groups if there are none")}
}

func (d *driver) gap(kind, what string, code lastday.Code, why, fix string) lastday.Gap {
	return lastday.Gap{System: d.system, Kind: kind, What: what, Code: code, Why: why, Fix: fix}
}
