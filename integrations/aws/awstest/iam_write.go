package awstest

import (
	"encoding/json"
	"net/http"
	"slices"
)

func iamWrites() map[string]operation {
	return map[string]operation{
		"iam:PutUserPolicy":                   {true, (*Cloud).putUserPolicy},
		"iam:DeleteUserPolicy":                {true, (*Cloud).deleteUserPolicy},
		"iam:CreateLoginProfile":              {true, (*Cloud).createLoginProfile},
		"iam:DeleteLoginProfile":              {true, (*Cloud).deleteLoginProfile},
		"iam:UpdateAccessKey":                 {true, status("AccessKeyId", func(u *User) []*Credential { return u.Keys })},
		"iam:UpdateSSHPublicKey":              {true, status("SSHPublicKeyId", func(u *User) []*Credential { return u.SSH })},
		"iam:UpdateSigningCertificate":        {true, status("CertificateId", func(u *User) []*Credential { return u.Certs })},
		"iam:UpdateServiceSpecificCredential": {true, status("ServiceSpecificCredentialId", func(u *User) []*Credential { return u.Services })},
		"iam:RemoveUserFromGroup":             {true, (*Cloud).removeUserFromGroup},
		"iam:AddUserToGroup":                  {true, (*Cloud).addUserToGroup},
		"iam:DetachUserPolicy":                {true, (*Cloud).detachUserPolicy},
		"iam:AttachUserPolicy":                {true, (*Cloud).attachUserPolicy},
		"iam:UpdateAssumeRolePolicy":          {true, (*Cloud).updateAssumeRolePolicy},
	}
}

// inlineQuota is how many characters all inline policies of a user may have,
// spaces not counted.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const inlineQuota = 2048

func (c *Cloud) putUserPolicy(r *request) (Fields, error) {
	u, err := c.user(r)
	if err != nil {
		return nil, err
	}
	doc := r.text("PolicyDocument")
	if !json.Valid([]byte(doc)) || len(statements(doc)) == 0 {
		return nil, fail(http.StatusBadRequest, "MalformedPolicyDocument", "Syntax errors in policy.")
	}
	size := len(doc)
	for name, other := range u.Inline {
		if name != r.text("PolicyName") {
			size += len(other)
		}
	}
	if size > inlineQuota {
		return nil, fail(http.StatusConflict, "LimitExceeded", "Maximum policy size of 2048 bytes exceeded for user %s", u.Name)
	}
	if u.Inline == nil {
		u.Inline = map[string]string{}
	}
	u.Inline[r.text("PolicyName")] = doc
	return Fields{}, nil
}

func (c *Cloud) deleteUserPolicy(r *request) (Fields, error) {
	u, err := c.user(r)
	if err != nil {
		return nil, err
	}
	if _, there := u.Inline[r.text("PolicyName")]; !there {
		return nil, noSuch("user policy with name " + r.text("PolicyName"))
	}
	delete(u.Inline, r.text("PolicyName"))
	return Fields{}, nil
}

func (c *Cloud) createLoginProfile(r *request) (Fields, error) {
	u, err := c.user(r)
	if err != nil {
		return nil, err
	}
	if u.Password {
		return nil, fail(http.StatusConflict, "EntityAlreadyExists", "Login Profile for user %s already exists.", u.Name)
	}
	if len(r.text("Password")) < 14 {
		return nil, fail(http.StatusBadRequest, "PasswordPolicyViolation", "Password should have a minimum length of 14")
	}
	u.Password, u.Reset = true, r.text("PasswordResetRequired") == "true"
	return Fields{"LoginProfile": Fields{"UserName": u.Name, "CreateDate": stamp(born()), "PasswordResetRequired": u.Reset}}, nil
}

func (c *Cloud) deleteLoginProfile(r *request) (Fields, error) {
	u, err := c.user(r)
	if err != nil {
		return nil, err
	}
	if !u.Password {
		return nil, noSuch("Login Profile for User " + u.Name)
	}
	u.Password = false
	return Fields{}, nil
}

func status(id string, of func(u *User) []*Credential) func(c *Cloud, r *request) (Fields, error) {
	return func(c *Cloud, r *request) (Fields, error) {
		u, err := c.user(r)
		if err != nil {
			return nil, err
		}
		for _, k := range of(u) {
			if k.ID == r.text(id) {
				k.Status = r.text("Status")
				return Fields{}, nil
			}
		}
		return nil, noSuch("credential with id " + r.text(id))
	}
}

func (c *Cloud) removeUserFromGroup(r *request) (Fields, error) {
	u, err := c.user(r)
	if err != nil {
		return nil, err
	}
	if r.books.Groups[r.text("GroupName")] == nil || !slices.Contains(u.Groups, r.text("GroupName")) {
		return nil, noSuch("user in group " + r.text("GroupName"))
	}
	u.Groups = without(u.Groups, r.text("GroupName"))
	return Fields{}, nil
}

// addUserToGroup succeeds also for who is in it already.
func (c *Cloud) addUserToGroup(r *request) (Fields, error) {
	u, err := c.user(r)
	if err != nil {
		return nil, err
	}
	if r.books.Groups[r.text("GroupName")] == nil {
		return nil, noSuch("group with name " + r.text("GroupName"))
	}
	u.Groups = with(u.Groups, r.text("GroupName"))
	return Fields{}, nil
}

func (c *Cloud) detachUserPolicy(r *request) (Fields, error) {
	u, err := c.user(r)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(u.Attached, r.text("PolicyArn")) {
		return nil, noSuch("policy " + r.text("PolicyArn") + " attached to the user")
	}
	u.Attached = without(u.Attached, r.text("PolicyArn"))
	return Fields{}, nil
}

func (c *Cloud) attachUserPolicy(r *request) (Fields, error) {
	u, err := c.user(r)
	if err != nil {
		return nil, err
	}
	if r.books.Policies[r.text("PolicyArn")] == nil {
		return nil, noSuch("policy " + r.text("PolicyArn"))
	}
	u.Attached = with(u.Attached, r.text("PolicyArn"))
	return Fields{}, nil
}

func (c *Cloud) updateAssumeRolePolicy(r *request) (Fields, error) {
	role := r.books.Roles[r.text("RoleName")]
	if role == nil {
		return nil, noSuch("role with name " + r.text("RoleName"))
	}
	if len(statements(r.text("PolicyDocument"))) == 0 {
		return nil, fail(http.StatusBadRequest, "MalformedPolicyDocument", "Syntax errors in policy.")
	}
	role.Trust = r.text("PolicyDocument")
	return Fields{}, nil
}

func without(list []string, gone string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == gone })
}

func with(list []string, one string) []string {
	list = append(without(list, one), one)
	slices.Sort(list)
	return list
}
