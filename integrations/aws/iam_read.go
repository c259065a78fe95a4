package aws

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"lastday"
	"lastday/integrations"
)

// List tells everything a user can do, on one page.
func (d *iamDriver) List(ctx context.Context, account lastday.Account, at integrations.Cursor) (integrations.Page, error) {
	const op = "aws-iam: list"
	if !userID(account.ID) || at != "" {
		return integrations.Page{}, lastday.Errorf(lastday.CodeInvalid, op, "the account's id is not of an IAM user, or the cursor is not ours")
	}
	me, err := d.whoami(ctx)
	if err != nil {
		return integrations.Page{}, err
	}
	e, err := d.survey(ctx, true)
	if err != nil {
		return integrations.Page{}, err
	}
	l := &listing{iamDriver: d, ctx: ctx, estate: e, page: integrations.Page{Control: e.control(me)}}
	user, there := e.user(account.ID)
	if !there {
		return l.page, nil
	}
	l.user = user
	return l.page, l.everything()
}

// listing is one list under way.
type listing struct {
	*iamDriver
	ctx    context.Context
	estate estate
	user   types.UserDetail
	page   integrations.Page
}

func (l *listing) everything() error {
	l.addPolicies()
	l.addTrust()
	l.addOwnedRoles()
	for _, part := range []func() error{l.addConsole, l.addAccessKeys, l.addSSHKeys, l.addCertificates, l.addServices, l.addMFA, l.addOwnedUsers} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

func (l *listing) add(g lastday.Grant) { l.page.Grants = append(l.page.Grants, g) }

func (l *listing) residue(r lastday.Residue) {
	r.System = l.system
	l.page.Residue = append(l.page.Residue, r)
}

// refused turns what we may not read into a gap, and lets other trouble pass.
func (l *listing) refused(kind, what, action string, err error) error {
	if !codeIs(err, lastday.CodeDenied) {
		return err
	}
	l.page.Gaps = append(l.page.Gaps, l.gap(kind, what, err, "allow "+action))
	return nil
}

func (l *listing) addPolicies() {
	l.addRequests()
	for _, name := range l.user.GroupList {
		g := l.estate.groups[name]
		id := text(g.GroupId)
		if id == "" {
			l.page.Gaps = append(l.page.Gaps, lastday.Gap{System: l.system, Kind: kindGroup, What: "the group " + name, Code: lastday.CodeTransient, Why: "the user is said to be in it, and it was not read"})
			continue
		}
		m := iamGrant(kindGroup, id, "group "+name, rungMember, l.estate.levelOfGroup(name))
		m.Details["group"] = name
		l.add(m)
	}
	for _, p := range l.user.AttachedManagedPolicies {
		g := iamGrant(kindAttached, text(p.PolicyArn), "policy "+text(p.PolicyName), rungAttached, l.estate.levelOfPolicy(text(p.PolicyArn), text(p.PolicyName)))
		if known, ok := l.estate.policies[text(p.PolicyArn)]; ok {
			g.Details["policy_id"] = text(known.PolicyId)
		}
		l.add(g)
	}
	for _, p := range l.user.UserPolicyList {
		doc := plain(text(p.PolicyDocument))
		if text(p.PolicyName) == l.cfg.DenyPolicy && same(doc, denial) {
			continue
		}
		g := iamGrant(kindInline, text(p.PolicyName), "inline policy "+text(p.PolicyName), rungAttached, levelOf(doc))
		g.Details["document"] = doc
		l.add(g)
	}
}

// addRequests tells whether our denial is on the user.
func (l *listing) addRequests() {
	g := iamGrant(kindRequests, "requests", "requests of the user", rungAllowed, lastday.LevelSignIn)
	if b := l.user.PermissionsBoundary; b != nil {
		g.Resource.Labels["boundary"] = text(b.PermissionsBoundaryArn)
	}
	for _, p := range l.user.UserPolicyList {
		if text(p.PolicyName) != l.cfg.DenyPolicy {
			continue
		}
		if same(plain(text(p.PolicyDocument)), denial) {
			return
		}
		l.residue(lastday.Residue{
			Kind: kindRequests, What: "inline policy " + l.cfg.DenyPolicy + ", with another text than ours",
			Why: "somebody changed our policy, or uses its name", Todo: "give it another name if it is needed: it is replaced at the cut",
		})
	}
	l.add(g)
}

func (l *listing) addTrust() {
	for _, r := range l.estate.roles {
		doc := plain(text(r.AssumeRolePolicyDocument))
		if names(doc, text(l.user.Arn)) {
			g := iamGrant(kindTrust, text(r.RoleId), "role "+text(r.RoleName), rungNamed, max(lastday.LevelRead, l.estate.levelOfRole(r)))
			g.Details["role"] = text(r.RoleName)
			l.add(g)
		}
	}
}

func (l *listing) addOwnedRoles() {
	owners := l.cfg.Tags.owners(l.user)
	for _, r := range l.estate.roles {
		if l.cfg.Tags.owned(r.Tags, owners) {
			l.residue(lastday.Residue{Kind: kindOwned, What: "role " + text(r.RoleName), Why: "its tag names the person as its owner", Todo: "find it another owner; look who may assume it"})
		}
	}
}

func (l *listing) addConsole() error {
	_, err := read(l.ctx, "aws-iam: read the console password", l.iam.GetLoginProfile, &iam.GetLoginProfileInput{UserName: l.user.UserName})
	if codeIs(err, lastday.CodeNotFound) {
		return nil // the user was just seen: they have none
	}
	if err != nil {
		return l.refused(kindConsole, "whether there is a console password", "iam:GetLoginProfile", err)
	}
	l.add(iamGrant(kindConsole, "console", "console password", rungPassword, lastday.LevelSignIn))
	return nil
}

// credential adds an active credential, or tells of one that is inactive.
func (l *listing) credential(kind, id, name string, status types.StatusType) {
	if status != types.StatusTypeInactive {
		l.add(iamGrant(kind, id, name, rungActive, lastday.LevelSignIn))
		return
	}
	l.residue(lastday.Residue{
		Kind: kind, What: name + " (inactive)", Why: "it is kept so that it can be given back; whoever may write it can make it active again",
		Todo: "delete it with the user", Harmless: true,
	})
}

func (l *listing) addAccessKeys() error {
	keys, err := l.accessKeys(l.ctx, l.user.UserName)
	if err != nil {
		return l.refused(kindAccessKey, "access keys", "iam:ListAccessKeys", err)
	}
	for _, k := range keys {
		l.credential(kindAccessKey, text(k.AccessKeyId), "access key "+text(k.AccessKeyId), k.Status)
	}
	return nil
}

func (l *listing) addSSHKeys() error {
	keys, err := l.sshKeys(l.ctx, l.user.UserName)
	if err != nil {
		return l.refused(kindSSHKey, "SSH public keys", "iam:ListSSHPublicKeys", err)
	}
	for _, k := range keys {
		l.credential(kindSSHKey, text(k.SSHPublicKeyId), "SSH public key "+text(k.SSHPublicKeyId), k.Status)
	}
	return nil
}

func (l *listing) addCertificates() error {
	found, err := l.certificates(l.ctx, l.user.UserName)
	if err != nil {
		return l.refused(kindCertificate, "signing certificates", "iam:ListSigningCertificates", err)
	}
	for _, c := range found {
		l.credential(kindCertificate, text(c.CertificateId), "signing certificate "+text(c.CertificateId), c.Status)
	}
	return nil
}

func (l *listing) addServices() error {
	found, err := l.serviceCredentials(l.ctx, l.user.UserName)
	if err != nil {
		return l.refused(kindService, "service-specific credentials", "iam:ListServiceSpecificCredentials", err)
	}
	for _, c := range found {
		l.credential(kindService, text(c.ServiceSpecificCredentialId), "credential for "+text(c.ServiceName), c.Status)
	}
	return nil
}

// addMFA tells of devices. They open nothing by themselves, and taking one away
// would weaken the account and could not be undone.
func (l *listing) addMFA() error {
	const op = "aws-iam: list MFA devices"
	found, err := all(op, func(at *string) ([]types.MFADevice, *string, error) {
		out, err := read(l.ctx, op, l.iam.ListMFADevices, &iam.ListMFADevicesInput{UserName: l.user.UserName, Marker: at})
		if err != nil {
			return nil, nil, err
		}
		return out.MFADevices, marker(out.IsTruncated, out.Marker), nil
	})
	if err != nil {
		return l.refused(kindMFA, "MFA devices", "iam:ListMFADevices", err)
	}
	if len(found) > 0 {
		l.residue(lastday.Residue{
			Kind: kindMFA, What: fmt.Sprintf("%d MFA devices", len(found)), Why: "they open nothing by themselves, and could not be given back",
			Todo: "remove them with the user", Harmless: true,
		})
	}
	return nil
}

// addOwnedUsers tells of keys that the person answers for: they may know them.
func (l *listing) addOwnedUsers() error {
	owners := l.cfg.Tags.owners(l.user)
	for _, u := range l.estate.users {
		if text(u.UserId) != text(l.user.UserId) && l.cfg.Tags.twin(u, l.user) {
			l.residue(lastday.Residue{
				Kind: kindOwned, What: "user " + text(u.UserName) + ", whose tags say the same person", Why: "it may be a second account of theirs, such as one for administration",
				Todo: "look whose it is, and link it as a further account of the person",
			})
		}
		if text(u.UserId) == text(l.user.UserId) || !l.cfg.Tags.owned(u.Tags, owners) {
			continue
		}
		keys, err := l.accessKeys(l.ctx, u.UserName)
		if err != nil {
			if err := l.refused(kindOwned, "access keys of users that the person answers for", "iam:ListAccessKeys", err); err != nil {
				return err
			}
			continue
		}
		l.residue(lastday.Residue{
			Kind: kindOwned, What: fmt.Sprintf("user %s with %d access keys", text(u.UserName), len(keys)), Why: "its tag names the person as its owner: they may know its keys",
			Todo: "make new keys, let the service use them, then make the old ones inactive; find it another owner",
		})
	}
	return nil
}
