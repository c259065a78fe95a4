package aws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"lastday"
)

// iamJob is one change of an IAM user.
type iamJob struct {
	*job
	// name and arn are the user's, as they are now.
	name, arn *string
	// seen is the document that was read: an inline policy, a trust policy.
	seen string
	// duration is the longest session of the role that was read, in seconds.
	duration int32
}

// iamMover knows how to read, take and give back one kind of grant.
type iamMover struct {
	// read says where it stands. It may refuse, or find it drifted.
	read func(ctx context.Context, j *iamJob) (string, error)
	take func(ctx context.Context, j *iamJob) error
	give func(ctx context.Context, j *iamJob) error
}

func (d *iamDriver) mover(kind string) (iamMover, bool) {
	switch kind {
	case kindRequests:
		return iamMover{d.readDenial, d.deny, d.allow}, true
	case kindConsole:
		return iamMover{d.readConsole, d.deleteConsole, d.createConsole}, true
	case kindAccessKey, kindSSHKey, kindCertificate, kindService:
		return iamMover{d.readCredential, d.switchOff, d.switchOn}, true
	case kindGroup:
		return iamMover{d.readGroup, d.leaveGroup, d.joinGroup}, true
	case kindAttached:
		return iamMover{d.readAttached, d.detach, d.attach}, true
	case kindInline:
		return iamMover{d.readInline, d.deleteInline, d.putInline}, true
	case kindTrust:
		return iamMover{d.readTrust, d.distrust, d.trustAgain}, true
	}
	return iamMover{}, false
}

const opIAM = "aws-iam: apply"

// Apply brings one grant to one rung.
func (d *iamDriver) Apply(ctx context.Context, change lastday.Change) (lastday.Receipt, error) {
	m, ok := d.mover(change.Grant.Kind)
	if !ok {
		return lastday.Receipt{}, lastday.Errorf(lastday.CodeUnsupported, opIAM, "nothing here can change such a grant")
	}
	plain, err := newJob(opIAM, change)
	if err != nil {
		return lastday.Receipt{}, err
	}
	if !userID(change.Account.ID) || change.Grant.Resource.ID == "" {
		return lastday.Receipt{}, lastday.Errorf(lastday.CodeInvalid, opIAM, "the account's id is not of an IAM user, or the grant is about nothing")
	}
	j := &iamJob{job: plain}
	if !change.Grant.Direct() {
		j.outcome, j.note = lastday.OutcomeDelegated, "it is decided elsewhere"
		return j.receipt(d.now()), nil
	}
	if err := d.run(ctx, m, j); err != nil {
		return lastday.Receipt{}, err
	}
	return j.receipt(d.now()), nil
}

func (d *iamDriver) run(ctx context.Context, m iamMover, j *iamJob) error {
	me, err := d.whoami(ctx)
	if err != nil {
		return err
	}
	if slices.Contains(me.users(), j.change.Account.ID) {
		j.refuse("it is the user that we act as")
		return nil
	}
	if j.change.Grant.Kind == kindTrust && j.id() == me.role() {
		j.refuse("it is the role that we act as: change by hand who may assume it")
		return nil
	}
	if err := d.locate(ctx, me, j); err != nil || j.outcome != "" {
		return err
	}
	if j.now, err = m.read(ctx, j); err != nil || j.outcome != "" {
		return err
	}
	if j.settle(); j.outcome != "" {
		return nil
	}
	return j.move(ctx, m)
}

// move writes. What changed between reading and writing is read again by the
// next attempt; what AWS refuses for good is a person's.
func (j *iamJob) move(ctx context.Context, m iamMover) error {
	act := m.take
	if !j.down {
		act = m.give
	}
	err := act(ctx, j)
	switch {
	case err == nil && j.outcome == "":
		j.outcome = lastday.OutcomeApplied
	case says(err, "NoSuchEntity", "NoSuchEntityException") && j.down:
		return lastday.Wrap(lastday.CodeTransient, opIAM, "it went while we were about to take it: look again", err)
	case says(err, "NoSuchEntity", "NoSuchEntityException"):
		j.refuse("it is gone for good, and cannot be given back")
		return nil
	case says(err, "LimitExceeded"):
		j.refuse("a quota of AWS is used up: no room for what should be written")
		return nil
	case says(err, "UnmodifiableEntity", "PolicyNotAttachable", "EntityAlreadyExists"):
		j.refuse("AWS refuses to change it: " + err.Error())
		return nil
	}
	return err
}

// locate finds the user by their id. The name is only where to look first: it
// may belong to somebody else by now.
func (d *iamDriver) locate(ctx context.Context, me self, j *iamJob) error {
	if name := j.change.Account.Login; name != "" {
		out, err := read(ctx, "aws-iam: read the user", d.iam.GetUser, &iam.GetUserInput{UserName: &name})
		if err != nil && !codeIs(err, lastday.CodeNotFound) {
			return err
		}
		if err == nil && out.User != nil && text(out.User.UserId) == j.change.Account.ID {
			j.name, j.arn = out.User.UserName, out.User.Arn
			return nil
		}
	}
	e, err := d.survey(ctx, false)
	if err != nil {
		return err
	}
	if u, there := e.user(j.change.Account.ID); there {
		j.name, j.arn = u.UserName, u.Arn
		return nil
	}
	control := e.control(me)
	if !control.Seen {
		return lastday.Errorf(lastday.CodeTransient, opIAM, "the user was not found, and %s", control.Evidence)
	}
	j.absent(control)
	return nil
}
