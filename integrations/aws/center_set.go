package aws

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"

	"lastday"
)

// permissionSet is what all cases share: what a permission set lets people do.
// It says how high a grant is, never whether somebody has it.
type permissionSet struct {
	name    string
	level   lastday.Level
	session time.Duration
	readAt  time.Time
}

// fresh is how long a permission set is taken as it was read.
const fresh = 10 * time.Minute

func (d *centerDriver) set(ctx context.Context, arn string) (permissionSet, error) {
	d.mu.Lock()
	known, ok := d.sets[arn]
	d.mu.Unlock()
	if ok && d.now().Sub(known.readAt) < fresh {
		return known, nil
	}
	s, err := d.readSet(ctx, arn)
	if err != nil {
		return permissionSet{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sets[arn] = s
	return s, nil
}

// readSet reads a permission set. What we may not read of it counts as admin.
func (d *centerDriver) readSet(ctx context.Context, arn string) (permissionSet, error) {
	s := permissionSet{name: arn, session: longest, readAt: d.now()}
	out, err := read(ctx, "aws-identity-center: read a permission set", d.admin.DescribePermissionSet, &ssoadmin.DescribePermissionSetInput{InstanceArn: &d.cfg.Instance, PermissionSetArn: &arn})
	if err == nil && out.PermissionSet != nil {
		s.name, s.session = text(out.PermissionSet.Name), sessionOf(text(out.PermissionSet.SessionDuration))
		s.level, err = d.levelOfSet(ctx, arn)
	}
	if codeIs(err, lastday.CodeDenied) || codeIs(err, lastday.CodeNotFound) {
		s.level = lastday.LevelAdmin
		return s, nil
	}
	return s, err
}

// sessionOf reads an ISO 8601 duration such as PT4H. AWS's own default is an hour.
func sessionOf(iso string) time.Duration {
	d, err := time.ParseDuration(strings.ToLower(strings.TrimPrefix(iso, "PT")))
	if err != nil {
		return time.Hour
	}
	return d
}

func (d *centerDriver) levelOfSet(ctx context.Context, arn string) (lastday.Level, error) {
	const op = "aws-identity-center: read the policies of a permission set"
	managed, err := all(op, func(at *string) ([]types.AttachedManagedPolicy, *string, error) {
		out, err := read(ctx, op, d.admin.ListManagedPoliciesInPermissionSet, &ssoadmin.ListManagedPoliciesInPermissionSetInput{InstanceArn: &d.cfg.Instance, PermissionSetArn: &arn, NextToken: at})
		if err != nil {
			return nil, nil, err
		}
		return out.AttachedManagedPolicies, out.NextToken, nil
	})
	if err != nil {
		return 0, err
	}
	level := lastday.LevelSignIn
	for _, p := range managed {
		level = max(level, levelOfManaged(text(p.Name)))
	}
	custom, err := read(ctx, op, d.admin.ListCustomerManagedPolicyReferencesInPermissionSet, &ssoadmin.ListCustomerManagedPolicyReferencesInPermissionSetInput{InstanceArn: &d.cfg.Instance, PermissionSetArn: &arn})
	if err != nil {
		return 0, err
	}
	if len(custom.CustomerManagedPolicyReferences) > 0 {
		return lastday.LevelAdmin, nil // their text stands in each account, and may differ
	}
	inline, err := read(ctx, op, d.admin.GetInlinePolicyForPermissionSet, &ssoadmin.GetInlinePolicyForPermissionSetInput{InstanceArn: &d.cfg.Instance, PermissionSetArn: &arn})
	if err != nil {
		return 0, err
	}
	if text(inline.InlinePolicy) != "" {
		level = max(level, levelOf(*inline.InlinePolicy))
	}
	return level, nil
}
