package aws

import (
	"context"
	"fmt"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"lastday"
)

// estate is what one paged call tells of an account.
type estate struct {
	users    []types.UserDetail
	groups   map[string]types.GroupDetail
	roles    []types.RoleDetail
	policies map[string]types.ManagedPolicyDetail
}

// survey reads the account's users, and with all also its groups, roles and
// policies. Users' tags come with it, which ListUsers leaves out.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
func (d *iamDriver) survey(ctx context.Context, everything bool) (estate, error) {
	const op = "aws-iam: read users and policies"
	filter := []types.EntityType{types.EntityTypeUser}
	me, err := d.whoami(ctx)
	if err != nil {
		return estate{}, err
	}
	switch {
	case everything:
		filter = append(filter, types.EntityTypeGroup, types.EntityTypeRole, types.EntityTypeLocalManagedPolicy, types.EntityTypeAWSManagedPolicy)
	case me.role() != "":
		filter = append(filter, types.EntityTypeRole) // our own must be seen
	}
	e := estate{groups: map[string]types.GroupDetail{}, policies: map[string]types.ManagedPolicyDetail{}}
	_, err = all(op, func(at *string) ([]struct{}, *string, error) {
		out, err := read(ctx, op, d.iam.GetAccountAuthorizationDetails, &iam.GetAccountAuthorizationDetailsInput{Filter: filter, Marker: at, MaxItems: new(int32(mostItems))})
		if err != nil {
			return nil, nil, err
		}
		e.add(out)
		return nil, marker(out.IsTruncated, out.Marker), nil
	})
	return e, err
}

// glance reads one page, and says whether it shows that we see users: a probe
// must be cheap, also where there are many.
func (d *iamDriver) glance(ctx context.Context, me self) (lastday.Control, error) {
	out, err := read(ctx, "aws-iam: read users and policies", d.iam.GetAccountAuthorizationDetails, &iam.GetAccountAuthorizationDetailsInput{
		Filter: []types.EntityType{types.EntityTypeUser, types.EntityTypeRole}, MaxItems: new(int32(mostItems)),
	})
	if err != nil {
		return lastday.Control{}, err
	}
	e := estate{groups: map[string]types.GroupDetail{}, policies: map[string]types.ManagedPolicyDetail{}}
	e.add(out)
	control := e.control(me)
	if !control.Seen && out.IsTruncated && len(e.users) > 0 {
		control = lastday.Control{Seen: true, Evidence: fmt.Sprintf("read %d users of the account, and there are more", len(e.users))}
	}
	return control, nil
}

// mostItems is how many entities IAM answers on one page at most.
const mostItems = 1000

func (e *estate) add(out *iam.GetAccountAuthorizationDetailsOutput) {
	e.users = append(e.users, out.UserDetailList...)
	e.roles = append(e.roles, out.RoleDetailList...)
	for _, g := range out.GroupDetailList {
		e.groups[text(g.GroupName)] = g
	}
	for _, p := range out.Policies {
		e.policies[text(p.Arn)] = p
	}
}

// marker is where the next page begins. IAM says by itself whether there is one.
func marker(truncated bool, at *string) *string {
	if !truncated {
		return nil
	}
	return at
}

// control is the positive control of one reading: we ourselves must be in it.
func (e estate) control(me self) lastday.Control {
	for _, u := range e.users {
		if text(u.UserId) == me.id {
			return lastday.Control{Seen: true, Evidence: fmt.Sprintf("read our own user among %d users", len(e.users))}
		}
	}
	for _, r := range e.roles {
		if me.role() != "" && text(r.RoleId) == me.role() {
			return lastday.Control{Seen: true, Evidence: fmt.Sprintf("read our own role, and %d users", len(e.users))}
		}
	}
	return lastday.Control{Evidence: "our own user or role is not in what was read: it is not all, or another account"}
}

// user finds a user by id.
func (e estate) user(id string) (types.UserDetail, bool) {
	for _, u := range e.users {
		if text(u.UserId) == id {
			return u, true
		}
	}
	return types.UserDetail{}, false
}

// levelOfAttached judges managed policies.
func (e estate) levelOfAttached(all []types.AttachedPolicy) lastday.Level {
	level := lastday.LevelNone
	for _, p := range all {
		level = max(level, e.levelOfPolicy(text(p.PolicyArn), text(p.PolicyName)))
	}
	return level
}

func (e estate) levelOfPolicy(arn, name string) lastday.Level {
	amazons := ofAWS().MatchString(arn)
	if level, known := reads(name); amazons && known {
		return level
	}
	p := e.policies[arn]
	for _, v := range p.PolicyVersionList {
		if v.IsDefaultVersion && v.Document != nil {
			return levelOf(*v.Document)
		}
	}
	if amazons {
		return levelOfManaged(name)
	}
	return lastday.LevelAdmin
}

// ofAWS matches the ARNs of AWS's own policies: they are in no account.
func ofAWS() *regexp.Regexp { return regexp.MustCompile(`^arn:aws[a-z-]*:iam::aws:policy/`) }

func levelOfInline(all []types.PolicyDetail) lastday.Level {
	level := lastday.LevelNone
	for _, p := range all {
		level = max(level, levelOf(text(p.PolicyDocument)))
	}
	return level
}

func (e estate) levelOfGroup(name string) lastday.Level {
	g, ok := e.groups[name]
	if !ok {
		return lastday.LevelAdmin
	}
	return max(e.levelOfAttached(g.AttachedManagedPolicies), levelOfInline(g.GroupPolicyList))
}

func (e estate) levelOfRole(r types.RoleDetail) lastday.Level {
	return max(e.levelOfAttached(r.AttachedManagedPolicies), levelOfInline(r.RolePolicyList))
}

func tagOf(tags []types.Tag, key string) string {
	for _, t := range tags {
		if key != "" && text(t.Key) == key {
			return text(t.Value)
		}
	}
	return ""
}
