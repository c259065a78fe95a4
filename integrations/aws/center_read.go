package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	storetypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"

	"lastday"
	"lastday/integrations"
)

// List tells everything that is assigned to a user, on one page.
func (d *centerDriver) List(ctx context.Context, account lastday.Account, at integrations.Cursor) (integrations.Page, error) {
	const op = "aws-identity-center: list"
	if !principalID(account.ID) || at != "" {
		return integrations.Page{}, lastday.Errorf(lastday.CodeInvalid, op, "the account's id is not a UserId, or the cursor is not ours")
	}
	control, err := d.control(ctx)
	if err != nil {
		return integrations.Page{}, err
	}
	l := &centerListing{centerDriver: d, ctx: ctx, page: integrations.Page{Control: control}, seen: map[string]bool{}}
	l.user, err = d.describe(ctx, account.ID)
	if codeIs(err, lastday.CodeNotFound) {
		return l.page, nil
	}
	if err != nil {
		return integrations.Page{}, err
	}
	return l.page, l.everything()
}

// centerListing is one list under way.
type centerListing struct {
	*centerDriver
	ctx    context.Context
	user   *identitystore.DescribeUserOutput
	groups []group
	page   integrations.Page
	seen   map[string]bool
}

// group is one of the user's groups.
type group struct {
	id, name, issuer string
	level            lastday.Level
}

func (l *centerListing) everything() error {
	l.addUser()
	for _, part := range []func() error{l.readGroups, l.addAssignments, l.addApplications} {
		if err := part(); err != nil {
			return err
		}
	}
	for _, g := range l.groups {
		m := centerGrant(kindGroup, g.id, "group "+g.name, rungMember, g.level)
		m.ManagedBy = g.issuer
		l.add(m)
	}
	return nil
}

func (l *centerListing) add(g lastday.Grant) {
	if !l.seen[g.Key] { // what comes through a group may be told of the user and of the group
		l.seen[g.Key] = true
		l.page.Grants = append(l.page.Grants, g)
	}
}

func (l *centerListing) refused(kind, what, action string, err error) error {
	if !codeIs(err, lastday.CodeDenied) {
		return err
	}
	l.page.Gaps = append(l.page.Gaps, l.gap(kind, what, err, "allow "+action))
	return nil
}

// addUser tells of the user itself. There is no call that disables one.
// https://docs.aws.amazon.com/singlesignon/latest/userguide/disableuser.html
func (l *centerListing) addUser() {
	if l.user.UserStatus == storetypes.UserStatusDisabled {
		return
	}
	todo := "disable user access in the console of IAM Identity Center"
	if issuer := issuerOf(l.user.ExternalIds); issuer != "" {
		todo = "disable the person at the identity provider that provisions the user: " + issuer
	}
	l.page.Residue = append(l.page.Residue, lastday.Residue{
		System: l.system, Kind: kindUser, What: "the user, who may sign in to the access portal", Why: "no call disables a user or ends sessions of the portal", Todo: todo,
	})
}

// issuerOf is the identity provider that made a user or group, empty if nobody did.
// https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_ExternalId.html
func issuerOf(ids []storetypes.ExternalId) string {
	for _, id := range ids {
		if text(id.Issuer) != "" {
			return text(id.Issuer)
		}
	}
	return ""
}

func member(id *string) storetypes.MemberId { return &storetypes.MemberIdMemberUserId{Value: *id} }

func (l *centerListing) readGroups() error {
	const op = "aws-identity-center: list groups of the user"
	found, err := all(op, func(at *string) ([]storetypes.GroupMembership, *string, error) {
		out, err := read(l.ctx, op, l.store.ListGroupMembershipsForMember, &identitystore.ListGroupMembershipsForMemberInput{IdentityStoreId: &l.cfg.IdentityStore, MemberId: member(l.user.UserId), NextToken: at})
		if err != nil {
			return nil, nil, err
		}
		return out.GroupMemberships, out.NextToken, nil
	})
	if err != nil {
		return l.refused(kindGroup, "groups", "identitystore:ListGroupMembershipsForMember", err)
	}
	for _, m := range found {
		if who, ok := m.MemberId.(*storetypes.MemberIdMemberUserId); !ok || who.Value != text(l.user.UserId) {
			return somebodyElses(op)
		}
		g, err := l.readGroup(l.ctx, m.GroupId)
		if err != nil {
			if err := l.refused(kindGroup, "a group", "identitystore:DescribeGroup", err); err != nil {
				return err
			}
			g = group{id: text(m.GroupId), name: text(m.GroupId), level: lastday.LevelAdmin}
		}
		l.groups = append(l.groups, g)
	}
	return nil
}

func (d *centerDriver) readGroup(ctx context.Context, id *string) (group, error) {
	out, err := read(ctx, "aws-identity-center: read a group", d.store.DescribeGroup, &identitystore.DescribeGroupInput{IdentityStoreId: &d.cfg.IdentityStore, GroupId: id})
	if err != nil {
		return group{}, err
	}
	return group{id: text(out.GroupId), name: text(out.DisplayName), issuer: issuerOf(out.ExternalIds), level: lastday.LevelSignIn}, nil
}

// addAssignments asks for the user and for each group: what a group brings
// shows how high its membership is.
func (l *centerListing) addAssignments() error {
	direct, err := l.assignments(l.ctx, text(l.user.UserId), types.PrincipalTypeUser, nil)
	if err != nil {
		l.fear(lastday.LevelAdmin)
		return l.refused(kindAssignment, "account assignments", "sso:ListAccountAssignmentsForPrincipal", err)
	}
	for _, a := range direct {
		if err := l.addAssignment(a); err != nil {
			return err
		}
	}
	for _, g := range l.groups {
		through, err := l.assignments(l.ctx, g.id, types.PrincipalTypeGroup, nil)
		if err != nil {
			l.fear(lastday.LevelAdmin)
			return l.refused(kindAssignment, "account assignments of groups", "sso:ListAccountAssignmentsForPrincipal", err)
		}
		for _, a := range through {
			if err := l.addAssignment(a); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *centerListing) addAssignment(a types.AccountAssignmentForPrincipal) error {
	s, err := l.set(l.ctx, text(a.PermissionSetArn))
	if err != nil {
		return err
	}
	id := text(a.AccountId) + "/" + text(a.PermissionSetArn)
	through := text(a.PrincipalId)
	if a.PrincipalType == types.PrincipalTypeGroup {
		id += "/" + through
	}
	g := centerGrant(kindAssignment, id, s.name+" in account "+text(a.AccountId), rungAssigned, s.level)
	g.Resource.Labels["account"], g.Details["account"], g.Details["permission_set"] = text(a.AccountId), text(a.AccountId), text(a.PermissionSetArn)
	if a.PrincipalType == types.PrincipalTypeGroup {
		g.Via = []string{"group " + l.through(through, s.level)}
	}
	l.add(g)
	return nil
}

// through names a group, and lets its membership count at least as high.
func (l *centerListing) through(id string, level lastday.Level) string {
	for i, g := range l.groups {
		if g.id == id {
			l.groups[i].level = max(g.level, level)
			return g.name
		}
	}
	return id
}

// fear lets all groups count at least as high as what may come through them.
func (l *centerListing) fear(level lastday.Level) {
	for i := range l.groups {
		l.groups[i].level = max(l.groups[i].level, level)
	}
}

func (d *centerDriver) assignments(ctx context.Context, principal string, kind types.PrincipalType, filter *types.ListAccountAssignmentsFilter) ([]types.AccountAssignmentForPrincipal, error) {
	const op = "aws-identity-center: list account assignments"
	return all(op, func(at *string) ([]types.AccountAssignmentForPrincipal, *string, error) {
		out, err := read(ctx, op, d.admin.ListAccountAssignmentsForPrincipal, &ssoadmin.ListAccountAssignmentsForPrincipalInput{
			InstanceArn: &d.cfg.Instance, PrincipalId: &principal, PrincipalType: kind, Filter: filter, NextToken: at,
		})
		if err != nil {
			return nil, nil, err
		}
		for _, a := range out.AccountAssignments {
			if a.PrincipalType == types.PrincipalTypeUser && text(a.PrincipalId) != principal {
				return nil, nil, somebodyElses(op)
			}
		}
		return out.AccountAssignments, out.NextToken, nil
	})
}

func (l *centerListing) addApplications() error {
	direct, err := l.applications(l.ctx, text(l.user.UserId), types.PrincipalTypeUser)
	if err != nil {
		l.fear(lastday.LevelWrite)
		return l.refused(kindApplication, "applications", "sso:ListApplicationAssignmentsForPrincipal", err)
	}
	for _, g := range l.groups {
		through, err := l.applications(l.ctx, g.id, types.PrincipalTypeGroup)
		if err != nil {
			l.fear(lastday.LevelWrite)
			return l.refused(kindApplication, "applications of groups", "sso:ListApplicationAssignmentsForPrincipal", err)
		}
		direct = append(direct, through...)
	}
	names := map[string]string{}
	for _, a := range direct {
		if err := l.addApplication(a, names); err != nil {
			return err
		}
	}
	return nil
}

func (l *centerListing) addApplication(a types.ApplicationAssignmentForPrincipal, names map[string]string) error {
	arn := text(a.ApplicationArn)
	if names[arn] == "" {
		name, err := l.applicationName(a.ApplicationArn)
		if err != nil {
			return err
		}
		names[arn] = name
	}
	id := arn
	if a.PrincipalType == types.PrincipalTypeGroup {
		id += "/" + text(a.PrincipalId)
	}
	g := centerGrant(kindApplication, id, "application "+names[arn], rungAssigned, lastday.LevelWrite)
	g.Details["application"] = arn
	if a.PrincipalType == types.PrincipalTypeGroup {
		g.Via = []string{"group " + l.through(text(a.PrincipalId), lastday.LevelWrite)}
	}
	l.add(g)
	return nil
}

// applicationName is what people call it; its ARN, if we may not see that.
func (l *centerListing) applicationName(arn *string) (string, error) {
	out, err := read(l.ctx, "aws-identity-center: read an application", l.admin.DescribeApplication, &ssoadmin.DescribeApplicationInput{ApplicationArn: arn})
	if codeIs(err, lastday.CodeDenied) || codeIs(err, lastday.CodeNotFound) {
		return text(arn), nil
	}
	if err != nil {
		return "", err
	}
	return text(out.Name), nil
}

func (d *centerDriver) applications(ctx context.Context, principal string, kind types.PrincipalType) ([]types.ApplicationAssignmentForPrincipal, error) {
	const op = "aws-identity-center: list applications"
	return all(op, func(at *string) ([]types.ApplicationAssignmentForPrincipal, *string, error) {
		out, err := read(ctx, op, d.admin.ListApplicationAssignmentsForPrincipal, &ssoadmin.ListApplicationAssignmentsForPrincipalInput{
			InstanceArn: &d.cfg.Instance, PrincipalId: &principal, PrincipalType: kind, NextToken: at,
		})
		if err != nil {
			return nil, nil, err
		}
		for _, a := range out.ApplicationAssignments {
			if a.PrincipalType == types.PrincipalTypeUser && text(a.PrincipalId) != principal {
				return nil, nil, somebodyElses(op)
			}
		}
		return out.ApplicationAssignments, out.NextToken, nil
	})
}
