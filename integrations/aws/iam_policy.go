package aws

import (
	"cmp"
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"lastday"
)

// inline reads one inline policy of a user who was just seen.
func (d *iamDriver) inline(ctx context.Context, user *string, name string) (doc string, there bool, err error) {
	out, err := read(ctx, "aws-iam: read an inline policy", d.iam.GetUserPolicy, &iam.GetUserPolicyInput{UserName: user, PolicyName: &name})
	if codeIs(err, lastday.CodeNotFound) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	return plain(text(out.PolicyDocument)), true, nil
}

// readInline reads an inline policy. Another policy under the name of our denial
// is one like others, as long as the denial has not taken its place.
func (d *iamDriver) readInline(ctx context.Context, j *iamJob) (string, error) {
	doc, there, err := d.inline(ctx, j.name, j.id())
	if err != nil || !there {
		return lastday.None, err
	}
	if j.id() == d.cfg.DenyPolicy && same(doc, denial) {
		if j.note = "our own denial has taken its place"; !j.down {
			j.refuse("our own denial has its name: give back the requests, then put the policy back by hand")
		}
		return lastday.None, nil
	}
	j.seen = doc
	return rungAttached, nil
}

func (d *iamDriver) deleteInline(ctx context.Context, j *iamJob) error {
	_, r, err := write(ctx, "DeleteUserPolicy", d.iam.DeleteUserPolicy, &iam.DeleteUserPolicyInput{UserName: j.name, PolicyName: new(j.id())})
	j.did(r)
	j.keep("document", j.seen)
	return err
}

func (d *iamDriver) putInline(ctx context.Context, j *iamJob) error {
	doc := cmp.Or(j.change.Undo["document"], j.detail("document")) // a receipt may have been lost
	if doc == "" {
		j.refuse("the text of the policy was not kept: it cannot be given back")
		return nil
	}
	_, r, err := write(ctx, "PutUserPolicy", d.iam.PutUserPolicy, &iam.PutUserPolicyInput{UserName: j.name, PolicyName: new(j.id()), PolicyDocument: &doc})
	j.did(r)
	return err
}

// readGroup looks for the group by its id, and takes its name from there.
func (d *iamDriver) readGroup(ctx context.Context, j *iamJob) (string, error) {
	found, err := d.groups(ctx, j.name)
	if err != nil {
		return "", err
	}
	for _, g := range found {
		if text(g.GroupId) == j.id() {
			j.seen = text(g.GroupName)
			return rungMember, nil
		}
	}
	return lastday.None, nil
}

func (d *iamDriver) leaveGroup(ctx context.Context, j *iamJob) error {
	_, r, err := write(ctx, "RemoveUserFromGroup", d.iam.RemoveUserFromGroup, &iam.RemoveUserFromGroupInput{UserName: j.name, GroupName: &j.seen})
	j.did(r)
	j.keep("group", j.seen)
	return err
}

// joinGroup gives the membership back if the name still is the group's.
func (d *iamDriver) joinGroup(ctx context.Context, j *iamJob) error {
	name := j.change.Undo["group"]
	if name == "" {
		name = j.detail("group")
	}
	out, err := read(ctx, "aws-iam: read a group", d.iam.GetGroup, &iam.GetGroupInput{GroupName: &name, MaxItems: new(int32(1))})
	if err != nil {
		return err
	}
	if out.Group == nil || text(out.Group.GroupId) != j.id() {
		j.refuse("the name belongs to another group by now")
		return nil
	}
	_, r, err := write(ctx, "AddUserToGroup", d.iam.AddUserToGroup, &iam.AddUserToGroupInput{UserName: j.name, GroupName: &name})
	j.did(r)
	return err
}

func (d *iamDriver) readAttached(ctx context.Context, j *iamJob) (string, error) {
	found, err := d.attached(ctx, j.name)
	if err != nil {
		return "", err
	}
	for _, p := range found {
		if text(p.PolicyArn) == j.id() {
			return rungAttached, nil
		}
	}
	return lastday.None, nil
}

func (d *iamDriver) detach(ctx context.Context, j *iamJob) error {
	_, r, err := write(ctx, "DetachUserPolicy", d.iam.DetachUserPolicy, &iam.DetachUserPolicyInput{UserName: j.name, PolicyArn: new(j.id())})
	j.did(r)
	return err
}

// attach gives the policy back if it still is the one that was taken: a policy
// that was made again has the same ARN and another id.
func (d *iamDriver) attach(ctx context.Context, j *iamJob) error {
	if id := j.detail("policy_id"); id != "" {
		out, err := read(ctx, "aws-iam: read a policy", d.iam.GetPolicy, &iam.GetPolicyInput{PolicyArn: new(j.id())})
		if err != nil {
			return err
		}
		if out.Policy == nil || text(out.Policy.PolicyId) != id {
			j.refuse("the name belongs to another policy by now")
			return nil
		}
	}
	_, r, err := write(ctx, "AttachUserPolicy", d.iam.AttachUserPolicy, &iam.AttachUserPolicyInput{UserName: j.name, PolicyArn: new(j.id())})
	j.did(r)
	return err
}

// readTrust reads a role's trust policy. It has no version: between reading and
// writing somebody else's change could be lost, so both happen at once.
func (d *iamDriver) readTrust(ctx context.Context, j *iamJob) (string, error) {
	name := j.detail("role")
	out, err := read(ctx, "aws-iam: read a role", d.iam.GetRole, &iam.GetRoleInput{RoleName: &name})
	gone := codeIs(err, lastday.CodeNotFound)
	if err != nil && !gone {
		return "", err
	}
	if gone || out.Role == nil || text(out.Role.RoleId) != j.id() {
		if j.note = "the role is gone"; !j.down {
			j.refuse("the role is gone, or its name belongs to another by now")
		}
		return lastday.None, nil
	}
	j.seen, j.duration = plain(text(out.Role.AssumeRolePolicyDocument)), 3600
	if out.Role.MaxSessionDuration != nil {
		j.duration = *out.Role.MaxSessionDuration
	}
	if names(j.seen, text(j.arn)) {
		return rungNamed, nil
	}
	return lastday.None, nil
}

func (d *iamDriver) distrust(ctx context.Context, j *iamJob) error {
	doc, err := without(j.seen, text(j.arn))
	if err != nil {
		return lastday.Wrap(lastday.CodeInvalid, opIAM, "the trust policy cannot be read", err)
	}
	j.keep("before", j.seen)
	j.keep("after", doc)
	j.residue = append(j.residue, lastday.Residue{
		System: d.system, Kind: kindTrust, What: "sessions of the role " + j.detail("role") + " that were begun before",
		Why: "taking the trust begins no new ones and ends none", Until: d.now().Add(time.Duration(j.duration) * time.Second),
		Todo: "if it cannot wait, revoke the role's older sessions; this ends them for everybody",
	})
	return d.writeTrust(ctx, j, doc)
}

// trustAgain puts the old text back, if nobody changed ours since.
func (d *iamDriver) trustAgain(ctx context.Context, j *iamJob) error {
	before, after := j.change.Undo["before"], j.change.Undo["after"]
	if before == "" || after == "" {
		j.refuse("the old trust policy was not kept: it cannot be given back")
		return nil
	}
	if !same(after, j.seen) {
		j.drifted("somebody changed the trust policy since")
		return nil
	}
	return d.writeTrust(ctx, j, before)
}

func (d *iamDriver) writeTrust(ctx context.Context, j *iamJob, doc string) error {
	name := j.detail("role")
	_, r, err := write(ctx, "UpdateAssumeRolePolicy", d.iam.UpdateAssumeRolePolicy, &iam.UpdateAssumeRolePolicyInput{RoleName: &name, PolicyDocument: &doc})
	j.did(r)
	return err
}
