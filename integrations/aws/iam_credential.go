package aws

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"lastday"
)

// longest is how long a session of a role can last.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_manage-assume.html
const longest = 12 * time.Hour

func (d *iamDriver) readDenial(ctx context.Context, j *iamJob) (string, error) {
	doc, there, err := d.inline(ctx, j.name, d.cfg.DenyPolicy)
	if err != nil || !there || !same(doc, denial) {
		if there && !j.down {
			j.drifted("somebody changed the text of our denial since: look what it says now")
		}
		j.seen = doc
		return rungAllowed, err
	}
	return lastday.None, nil
}

// deny puts our policy on the user. It replaces one of its name with another
// text, which is kept.
func (d *iamDriver) deny(ctx context.Context, j *iamJob) error {
	err := d.putDenial(ctx, j, "PutUserPolicy (deny all)", denial)
	if says(err, "LimitExceeded") {
		return lastday.Errorf(lastday.CodeTransient, opIAM, "the quota of inline policies is used up: there is room when others are taken")
	}
	if err != nil {
		return err
	}
	if j.seen != "" {
		j.keep("replaced", j.seen)
	}
	j.residue = append(j.residue, lastday.Residue{
		System: d.system, Kind: kindRequests, What: "sessions of roles that the person assumed before",
		Why: "they ask as the role, and not as the user", Until: d.now().Add(longest), Harmless: false,
		Todo: "if it cannot wait, revoke the older sessions of the roles that the person could assume; this ends them for everybody",
	})
	return nil
}

func (d *iamDriver) putDenial(ctx context.Context, j *iamJob, what, doc string) error {
	_, r, err := write(ctx, what, d.iam.PutUserPolicy, &iam.PutUserPolicyInput{UserName: j.name, PolicyName: &d.cfg.DenyPolicy, PolicyDocument: &doc})
	j.did(r)
	return err
}

// allow takes our policy off the user, and puts back what it had replaced.
func (d *iamDriver) allow(ctx context.Context, j *iamJob) error {
	if before := j.change.Undo["replaced"]; before != "" {
		return d.putDenial(ctx, j, "PutUserPolicy (what was there before)", before)
	}
	_, r, err := write(ctx, "DeleteUserPolicy (deny all)", d.iam.DeleteUserPolicy, &iam.DeleteUserPolicyInput{UserName: j.name, PolicyName: &d.cfg.DenyPolicy})
	j.did(r)
	return err
}

func (d *iamDriver) readConsole(ctx context.Context, j *iamJob) (string, error) {
	_, err := read(ctx, "aws-iam: read the console password", d.iam.GetLoginProfile, &iam.GetLoginProfileInput{UserName: j.name})
	if codeIs(err, lastday.CodeNotFound) {
		return lastday.None, nil // the user was just seen: they have none
	}
	return rungPassword, err
}

func (d *iamDriver) deleteConsole(ctx context.Context, j *iamJob) error {
	_, r, err := write(ctx, "DeleteLoginProfile", d.iam.DeleteLoginProfile, &iam.DeleteLoginProfileInput{UserName: j.name})
	j.did(r)
	return err
}

// createConsole sets a password that nobody learns: an administrator replaces it.
func (d *iamDriver) createConsole(ctx context.Context, j *iamJob) error {
	password := rand.Text() + "-aZ9!" + rand.Text()
	_, r, err := write(ctx, "CreateLoginProfile", d.iam.CreateLoginProfile, &iam.CreateLoginProfileInput{
		UserName: j.name, Password: &password, PasswordResetRequired: true,
	})
	j.did(r)
	j.note = newPassword().Note
	return err
}

// readCredential reads all of the user's credentials of the kind: an id that
// exists with somebody else must not be found.
func (d *iamDriver) readCredential(ctx context.Context, j *iamJob) (string, error) {
	states, err := d.states(ctx, j.change.Grant.Kind, j.name)
	if err != nil {
		return "", err
	}
	state, there := states[j.id()]
	switch {
	case there && state != types.StatusTypeInactive:
		return rungActive, nil
	case !there && !j.down:
		j.refuse("it was deleted, and cannot be given back")
	case !there:
		j.note = "it was deleted"
	}
	return lastday.None, nil
}

func (d *iamDriver) states(ctx context.Context, kind string, user *string) (map[string]types.StatusType, error) {
	states := map[string]types.StatusType{}
	switch kind {
	case kindAccessKey:
		found, err := d.accessKeys(ctx, user)
		for _, x := range found {
			states[text(x.AccessKeyId)] = x.Status
		}
		return states, err
	case kindSSHKey:
		found, err := d.sshKeys(ctx, user)
		for _, x := range found {
			states[text(x.SSHPublicKeyId)] = x.Status
		}
		return states, err
	case kindCertificate:
		found, err := d.certificates(ctx, user)
		for _, x := range found {
			states[text(x.CertificateId)] = x.Status
		}
		return states, err
	}
	found, err := d.serviceCredentials(ctx, user)
	for _, x := range found {
		states[text(x.ServiceSpecificCredentialId)] = x.Status
	}
	return states, err
}

func (d *iamDriver) switchOff(ctx context.Context, j *iamJob) error {
	return d.switchTo(ctx, j, types.StatusTypeInactive)
}

func (d *iamDriver) switchOn(ctx context.Context, j *iamJob) error {
	return d.switchTo(ctx, j, types.StatusTypeActive)
}

func (d *iamDriver) switchTo(ctx context.Context, j *iamJob, to types.StatusType) error {
	var r lastday.Request
	var err error
	id := new(j.id())
	switch j.change.Grant.Kind {
	case kindAccessKey:
		_, r, err = write(ctx, "UpdateAccessKey", d.iam.UpdateAccessKey, &iam.UpdateAccessKeyInput{UserName: j.name, AccessKeyId: id, Status: to})
	case kindSSHKey:
		_, r, err = write(ctx, "UpdateSSHPublicKey", d.iam.UpdateSSHPublicKey, &iam.UpdateSSHPublicKeyInput{UserName: j.name, SSHPublicKeyId: id, Status: to})
	case kindCertificate:
		_, r, err = write(ctx, "UpdateSigningCertificate", d.iam.UpdateSigningCertificate, &iam.UpdateSigningCertificateInput{UserName: j.name, CertificateId: id, Status: to})
	default:
		_, r, err = write(ctx, "UpdateServiceSpecificCredential", d.iam.UpdateServiceSpecificCredential, &iam.UpdateServiceSpecificCredentialInput{UserName: j.name, ServiceSpecificCredentialId: id, Status: to})
	}
	j.did(r)
	return err
}
