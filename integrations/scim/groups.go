package scim

import (
	"context"
	"fmt"
	"slices"

	"lastday"
)

func groupID(g group) string { return g.ID }

// memberships are the groups that the account is in. Which these are is read
// from the groups, and compared with what the account says of itself: it may
// leave groups out, and it may name more than we are shown.
func (d *driver) memberships(ctx context.Context, u user) ([]lastday.Grant, []lastday.Gap, error) {
	in, err := d.groupsOf(ctx, u)
	if gap, ok := d.groupGap(err); ok {
		return nil, []lastday.Gap{gap}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	var all []lastday.Grant
	for _, m := range in {
		all = append(all, d.groupGrant(m))
	}
	more, gaps, err := d.claimed(ctx, u, all)
	return append(all, more...), gaps, err
}

// groupGap is the gap of a server that does not let us see groups at all.
func (d *driver) groupGap(err error) (lastday.Gap, bool) {
	switch lastday.CodeOf(err) {
	case lastday.CodeDenied, lastday.CodeNotFound, lastday.CodeUnsupported:
		return d.gap(kindGroup, "groups", lastday.CodeOf(err), "the server does not show them", "let the token read groups, or set without_groups if there are none"), true
	case "", lastday.CodeInvalid, lastday.CodeProtected, lastday.CodeRateLimited, lastday.CodeTransient, lastday.CodeUnknownOutcome, lastday.CodeInternal:
	}
	return lastday.Gap{}, false
}

// membership is a group that somebody is in, by way of others if Via is set.
type membership struct {
	group group
	via   []string
}

// groupsOf finds the groups of an account: by the server's filter where that
// finds the canary in its group, else by reading all of them.
func (d *driver) groupsOf(ctx context.Context, u user) ([]membership, error) {
	if d.profile.MemberFilter != "" && d.cfg.CanaryGroup != "" && !d.cfg.NestedGroups {
		works, err := d.memberFilterWorks(ctx)
		if err != nil {
			return nil, err
		}
		if works {
			in, exact, err := d.filterGroups(ctx, u.ID)
			if err != nil || exact {
				return in, err
			}
		}
	}
	return d.walkGroups(ctx, u.ID)
}

func (d *driver) memberFilterWorks(ctx context.Context) (bool, error) {
	in, exact, err := d.filterGroups(ctx, d.cfg.Canary)
	if code := lastday.CodeOf(err); code == lastday.CodeInvalid || code == lastday.CodeUnsupported {
		return false, nil
	}
	has := func(m membership) bool { return m.group.ID == d.cfg.CanaryGroup }
	return exact && slices.ContainsFunc(in, has), err
}

// filterGroups asks for the groups of a member. Exact says that every answer
// has the member; else the filter was not honoured.
func (d *driver) filterGroups(ctx context.Context, member string) ([]membership, bool, error) {
	var hits []group
	err := walk(ctx, d, groups, fmt.Sprintf(d.profile.MemberFilter, quoted(member)), groupID, func(page listed[group]) bool {
		hits = append(hits, page.Resources...)
		return true
	})
	var in []membership
	for _, g := range hits {
		if err != nil {
			break
		}
		var whole group
		if whole, err = d.withMembers(ctx, g); err == nil && !whole.has(member) {
			return nil, false, nil
		}
		in = append(in, membership{group: whole})
	}
	return in, err == nil, err
}

// withMembers reads a group's members where the list left them out.
func (d *driver) withMembers(ctx context.Context, g group) (group, error) {
	if g.Members != nil {
		return g, nil
	}
	whole, found, err := d.readGroup(ctx, g.ID)
	if err == nil && !found {
		return g, nil // it was deleted since: nobody is in it
	}
	return whole, err
}

// walkGroups reads all groups, and follows groups that are members of groups.
func (d *driver) walkGroups(ctx context.Context, member string) ([]membership, error) {
	all, err := d.allGroups(ctx)
	if err != nil {
		return nil, err
	}
	canary := func(g group) bool { return g.ID == d.cfg.CanaryGroup }
	if len(all) == 0 || (d.cfg.CanaryGroup != "" && !slices.ContainsFunc(all, canary)) {
		return nil, lastday.Errorf(lastday.CodeDenied, "scim: list groups", "no group is seen, or not the one that is known to be there: nothing shows that we see them")
	}
	return nested(all, member), nil
}

func (d *driver) allGroups(ctx context.Context) ([]group, error) {
	var all []group
	err := walk(ctx, d, groups, "", groupID, func(page listed[group]) bool {
		all = append(all, page.Resources...)
		return true
	})
	for i := range all {
		if err != nil {
			return nil, err
		}
		all[i], err = d.withMembers(ctx, all[i])
	}
	return all, err
}

// nested finds the groups somebody is in, directly or through a group that is a
// member of another.
func nested(all []group, member string) []membership {
	var in []membership
	known := map[string]bool{}
	todo := []membership{{group: group{ID: member}}}
	for len(todo) > 0 {
		at := todo[0]
		todo = todo[1:]
		for _, g := range all {
			if known[g.ID] || !g.has(at.group.ID) {
				continue
			}
			known[g.ID] = true
			m := membership{group: g, via: at.via}
			if at.group.ID != member {
				m.via = append(slices.Clone(at.via), "group "+at.group.DisplayName)
			}
			in = append(in, m)
			todo = append(todo, m)
		}
	}
	return in
}

func (d *driver) groupGrant(m membership) lastday.Grant {
	return lastday.Grant{
		Key: kindGroup + "/" + m.group.ID, Kind: kindGroup, Resource: lastday.Resource{ID: m.group.ID, Name: m.group.DisplayName},
		Rung: rungMember, Ladder: one(rungMember, d.levels.ofGroup(m.group.ID, m.group.DisplayName)), Via: m.via,
		ManagedBy: d.levels.managerOf(m.group), Restore: lastday.Restore{Fidelity: lastday.RestoreExact}, Order: d.profile.orders()[kindGroup],
	}
}

// claimed looks at the groups that the account names and we did not find. The
// attribute is the server's own view (RFC 7643 section 4.1.2): what it names and
// we are not shown is a gap, not an absence.
func (d *driver) claimed(ctx context.Context, u user, known []lastday.Grant) ([]lastday.Grant, []lastday.Gap, error) {
	var more []lastday.Grant
	var gaps []lastday.Gap
	for _, claim := range u.Groups {
		has := func(g lastday.Grant) bool { return g.Resource.ID == claim.Value }
		if claim.Value == "" || slices.ContainsFunc(known, has) || slices.ContainsFunc(more, has) {
			continue
		}
		g, found, err := d.readGroup(ctx, claim.Value)
		if err != nil && lastday.CodeOf(err) != lastday.CodeDenied {
			return nil, nil, err
		}
		switch {
		case found && g.has(u.ID):
			more = append(more, d.groupGrant(membership{group: g}))
		case found && claim.Type == "indirect":
			more = append(more, d.groupGrant(membership{group: g, via: []string{"a group that is a member of it"}}))
		default:
			gaps = append(gaps, d.gap(kindGroup, "a group that the account names", lastday.CodeNotFound, "the group does not show the account as its member, or is not shown", "look at it in the product"))
		}
	}
	return more, gaps, nil
}
