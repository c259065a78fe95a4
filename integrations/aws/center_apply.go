package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"

	"lastday"
)

// centerJob is one change of a user of the identity store.
type centerJob struct {
	*job
	user *string
	// membership is what was read: memberships have ids of their own, which are
	// new each time.
	membership *string
}

type centerMover struct {
	read func(ctx context.Context, j *centerJob) (string, error)
	take func(ctx context.Context, j *centerJob) error
	give func(ctx context.Context, j *centerJob) error
}

func (d *centerDriver) mover(kind string) (centerMover, bool) {
	switch kind {
	case kindAssignment:
		return centerMover{d.readAssignment, d.unassign, d.assign}, true
	case kindApplication:
		return centerMover{d.readApplication, d.takeApplication, d.giveApplication}, true
	case kindGroup:
		return centerMover{d.readMembership, d.leave, d.join}, true
	}
	return centerMover{}, false
}

const opCenter = "aws-identity-center: apply"

// Apply brings one grant to one rung.
func (d *centerDriver) Apply(ctx context.Context, change lastday.Change) (lastday.Receipt, error) {
	m, ok := d.mover(change.Grant.Kind)
	if !ok {
		return lastday.Receipt{}, lastday.Errorf(lastday.CodeUnsupported, opCenter, "nothing here can change such a grant")
	}
	plain, err := newJob(opCenter, change)
	if err != nil {
		return lastday.Receipt{}, err
	}
	if !principalID(change.Account.ID) || change.Grant.Resource.ID == "" {
		return lastday.Receipt{}, lastday.Errorf(lastday.CodeInvalid, opCenter, "the account's id is not a UserId, or the grant is about nothing")
	}
	j := &centerJob{job: plain}
	if !change.Grant.Direct() {
		j.outcome, j.note = lastday.OutcomeDelegated, "it comes through a group or from an identity provider, where it must be changed"
		return j.receipt(d.now()), nil
	}
	if err := d.run(ctx, m, j); err != nil {
		return lastday.Receipt{}, err
	}
	return j.receipt(d.now()), nil
}

func (d *centerDriver) run(ctx context.Context, m centerMover, j *centerJob) error {
	me, err := d.whoami(ctx)
	if err != nil {
		return err
	}
	u, err := d.describe(ctx, j.change.Account.ID)
	if codeIs(err, lastday.CodeNotFound) {
		return d.gone(ctx, j)
	}
	if err != nil {
		return err
	}
	if ours(me, text(u.UserName)) {
		j.refuse("it is the user that we act as")
		return nil
	}
	j.user = u.UserId
	if j.now, err = m.read(ctx, j); err != nil || j.outcome != "" {
		return err
	}
	if j.settle(); j.outcome != "" {
		return nil
	}
	act := m.take
	if !j.down {
		act = m.give
	}
	return j.finish(act(ctx, j))
}

func (j *centerJob) finish(err error) error {
	switch {
	case err == nil && j.outcome == "":
		j.outcome = lastday.OutcomeApplied
	case codeIs(err, lastday.CodeNotFound) && j.down:
		return lastday.Wrap(lastday.CodeTransient, opCenter, "it went while we were about to take it: look again", err)
	case codeIs(err, lastday.CodeNotFound):
		j.refuse("what it is about is gone for good, and cannot be given back")
		return nil
	}
	return err
}

// gone ends a change of a user who is not there, if the canary is.
func (d *centerDriver) gone(ctx context.Context, j *centerJob) error {
	control, err := d.control(ctx)
	if err != nil {
		return err
	}
	if !control.Seen {
		return lastday.Errorf(lastday.CodeTransient, opCenter, "the user was not found, and %s", control.Evidence)
	}
	j.absent(control)
	return nil
}

func (d *centerDriver) readAssignment(ctx context.Context, j *centerJob) (string, error) {
	found, err := d.assignments(ctx, *j.user, types.PrincipalTypeUser, &types.ListAccountAssignmentsFilter{AccountId: new(j.detail("account"))})
	if err != nil {
		return "", err
	}
	for _, a := range found {
		if a.PrincipalType != types.PrincipalTypeGroup && text(a.AccountId) == j.detail("account") && text(a.PermissionSetArn) == j.detail("permission_set") {
			return rungAssigned, nil
		}
	}
	return lastday.None, nil
}

// unassign orders the deletion, which AWS does later, and looks once whether it
// is done.
// https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_DeleteAccountAssignment.html
func (d *centerDriver) unassign(ctx context.Context, j *centerJob) error {
	set, err := d.set(ctx, j.detail("permission_set"))
	if err != nil {
		return err
	}
	out, r, err := write(ctx, "DeleteAccountAssignment", d.admin.DeleteAccountAssignment, &ssoadmin.DeleteAccountAssignmentInput{
		InstanceArn: &d.cfg.Instance, PermissionSetArn: new(j.detail("permission_set")), PrincipalId: j.user, PrincipalType: types.PrincipalTypeUser,
		TargetId: new(j.detail("account")), TargetType: types.TargetTypeAwsAccount,
	})
	j.did(r)
	if err != nil {
		return err
	}
	j.residue = append(j.residue, lastday.Residue{
		System: d.system, Kind: kindAssignment, What: "sessions of " + set.name + " in account " + j.detail("account") + " that were begun before",
		Why: "taking the assignment begins no new ones and ends none", Until: d.now().Add(set.session),
		Todo: "if it cannot wait, deny the person's identitystore:UserId in the permission set or in a service control policy",
	})
	return d.await(ctx, j, out.AccountAssignmentDeletionStatus, d.deletion)
}

func (d *centerDriver) assign(ctx context.Context, j *centerJob) error {
	out, r, err := write(ctx, "CreateAccountAssignment", d.admin.CreateAccountAssignment, &ssoadmin.CreateAccountAssignmentInput{
		InstanceArn: &d.cfg.Instance, PermissionSetArn: new(j.detail("permission_set")), PrincipalId: j.user, PrincipalType: types.PrincipalTypeUser,
		TargetId: new(j.detail("account")), TargetType: types.TargetTypeAwsAccount,
	})
	j.did(r)
	if err != nil {
		return err
	}
	return d.await(ctx, j, out.AccountAssignmentCreationStatus, d.creation)
}

// await looks once more at an order that is under way. Whoever reads later sees
// how it ended.
func (d *centerDriver) await(ctx context.Context, j *centerJob, s *types.AccountAssignmentOperationStatus, look func(context.Context, *string) (*types.AccountAssignmentOperationStatus, error)) error {
	if s != nil && s.Status == types.StatusValuesInProgress {
		if again, err := look(ctx, s.RequestId); err == nil && again != nil {
			s = again
		}
	}
	switch {
	case s == nil || s.Status == types.StatusValuesInProgress:
		j.outcome, j.note = lastday.OutcomeAccepted, "AWS took the order and is at it"
	case s.Status == types.StatusValuesFailed:
		return lastday.Errorf(lastday.CodeTransient, opCenter, "AWS took the order and failed; its event in CloudTrail says why")
	}
	return nil
}

func (d *centerDriver) deletion(ctx context.Context, id *string) (*types.AccountAssignmentOperationStatus, error) {
	out, err := read(ctx, "aws-identity-center: read an order's state", d.admin.DescribeAccountAssignmentDeletionStatus, &ssoadmin.DescribeAccountAssignmentDeletionStatusInput{InstanceArn: &d.cfg.Instance, AccountAssignmentDeletionRequestId: id})
	if err != nil {
		return nil, err
	}
	return out.AccountAssignmentDeletionStatus, nil
}

func (d *centerDriver) creation(ctx context.Context, id *string) (*types.AccountAssignmentOperationStatus, error) {
	out, err := read(ctx, "aws-identity-center: read an order's state", d.admin.DescribeAccountAssignmentCreationStatus, &ssoadmin.DescribeAccountAssignmentCreationStatusInput{InstanceArn: &d.cfg.Instance, AccountAssignmentCreationRequestId: id})
	if err != nil {
		return nil, err
	}
	return out.AccountAssignmentCreationStatus, nil
}

func (d *centerDriver) readApplication(ctx context.Context, j *centerJob) (string, error) {
	found, err := d.applications(ctx, *j.user, types.PrincipalTypeUser)
	if err != nil {
		return "", err
	}
	for _, a := range found {
		if a.PrincipalType != types.PrincipalTypeGroup && text(a.ApplicationArn) == j.detail("application") {
			return rungAssigned, nil
		}
	}
	return lastday.None, nil
}

func (d *centerDriver) takeApplication(ctx context.Context, j *centerJob) error {
	_, r, err := write(ctx, "DeleteApplicationAssignment", d.admin.DeleteApplicationAssignment, &ssoadmin.DeleteApplicationAssignmentInput{
		ApplicationArn: new(j.detail("application")), PrincipalId: j.user, PrincipalType: types.PrincipalTypeUser,
	})
	j.did(r)
	return err
}

func (d *centerDriver) giveApplication(ctx context.Context, j *centerJob) error {
	_, r, err := write(ctx, "CreateApplicationAssignment", d.admin.CreateApplicationAssignment, &ssoadmin.CreateApplicationAssignmentInput{
		ApplicationArn: new(j.detail("application")), PrincipalId: j.user, PrincipalType: types.PrincipalTypeUser,
	})
	j.did(r)
	return err
}

func (d *centerDriver) readMembership(ctx context.Context, j *centerJob) (string, error) {
	g, err := d.readGroup(ctx, new(j.id()))
	if codeIs(err, lastday.CodeNotFound) {
		if j.note = "the group is gone"; !j.down {
			j.refuse("the group is gone")
		}
		return lastday.None, nil
	}
	if err != nil {
		return "", err
	}
	if g.issuer != "" {
		j.outcome, j.note = lastday.OutcomeDelegated, "the group is provisioned by an identity provider by now: take the person out of it there"
		return "", nil
	}
	out, err := read(ctx, "aws-identity-center: read a membership", d.store.GetGroupMembershipId, &identitystore.GetGroupMembershipIdInput{
		IdentityStoreId: &d.cfg.IdentityStore, GroupId: &g.id, MemberId: member(j.user),
	})
	if codeIs(err, lastday.CodeNotFound) {
		return lastday.None, nil // both the group and the user were just seen
	}
	if err != nil {
		return "", err
	}
	j.membership = out.MembershipId
	return rungMember, nil
}

func (d *centerDriver) leave(ctx context.Context, j *centerJob) error {
	_, r, err := write(ctx, "DeleteGroupMembership", d.store.DeleteGroupMembership, &identitystore.DeleteGroupMembershipInput{IdentityStoreId: &d.cfg.IdentityStore, MembershipId: j.membership})
	j.did(r)
	return err
}

func (d *centerDriver) join(ctx context.Context, j *centerJob) error {
	_, r, err := write(ctx, "CreateGroupMembership", d.store.CreateGroupMembership, &identitystore.CreateGroupMembershipInput{
		IdentityStoreId: &d.cfg.IdentityStore, GroupId: new(j.id()), MemberId: member(j.user),
	})
	j.did(r)
	return err
}
