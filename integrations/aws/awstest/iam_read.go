package awstest

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"lastday/integrations/integrationtest"
)

// operations lists all that the services can do.
func operations() map[string]operation {
	found := map[string]operation{}
	for _, part := range []map[string]operation{iamReads(), iamWrites(), stsOperations(), storeOperations(), adminReads(), adminWrites()} {
		maps.Copy(found, part)
	}
	return found
}

func iamReads() map[string]operation {
	return map[string]operation{
		"iam:GetAccountAuthorizationDetails": {do: (*Cloud).authorizationDetails},
		"iam:GetUser":                        {do: (*Cloud).getUser},
		"iam:GetLoginProfile":                {do: (*Cloud).getLoginProfile},
		"iam:ListAccessKeys":                 {do: credentials("AccessKeyMetadata", "AccessKeyId", func(u *User) []*Credential { return u.Keys }, nil)},
		"iam:ListSSHPublicKeys":              {do: credentials("SSHPublicKeys", "SSHPublicKeyId", func(u *User) []*Credential { return u.SSH }, Fields{"UploadDate": stamp(born())})},
		"iam:ListSigningCertificates":        {do: credentials("Certificates", "CertificateId", func(u *User) []*Credential { return u.Certs }, Fields{"CertificateBody": "-----BEGIN CERTIFICATE-----"})},
		"iam:ListServiceSpecificCredentials": {do: credentials("ServiceSpecificCredentials", "ServiceSpecificCredentialId", func(u *User) []*Credential { return u.Services }, Fields{"ServiceName": "codecommit.amazonaws.com", "ServiceUserName": "somebody-at-123456789012", "CreateDate": stamp(born())})},
		"iam:ListMFADevices":                 {do: (*Cloud).listMFA},
		"iam:ListGroupsForUser":              {do: (*Cloud).listGroups},
		"iam:ListAttachedUserPolicies":       {do: (*Cloud).listAttached},
		"iam:GetUserPolicy":                  {do: (*Cloud).getUserPolicy},
		"iam:GetGroup":                       {do: (*Cloud).getGroup},
		"iam:GetPolicy":                      {do: (*Cloud).getPolicy},
		"iam:GetRole":                        {do: (*Cloud).getRole},
	}
}

func noSuch(what string) error {
	return fail(http.StatusNotFound, "NoSuchEntity", "The %s cannot be found.", what)
}

// user finds whom a request is about.
func (c *Cloud) user(r *request) (*User, error) {
	u := r.books.named(r.text("UserName"))
	if c.Is(integrationtest.WrongUser) && r.operation == "GetUser" {
		u = r.books.Users[c.Wrong]
	}
	if u == nil || (c.Is(integrationtest.Blind) && u.ID != r.who.user) {
		return nil, noSuch("user with name " + r.text("UserName"))
	}
	return u, nil
}

// page cuts a list. The marker is the number of what was told before.
func (c *Cloud) page(r *request, list []any) ([]any, Fields) {
	begin, _ := strconv.Atoi(r.text("Marker"))
	size := c.PageSize
	if most, err := strconv.Atoi(r.text("MaxItems")); err == nil {
		size = min(size, most)
	}
	end := min(begin+size, len(list))
	begin = min(begin, end)
	if end == len(list) {
		return list[begin:end], Fields{"IsTruncated": false}
	}
	return list[begin:end], Fields{"IsTruncated": true, "Marker": strconv.Itoa(end)}
}

// encoded is how IAM answers policies: percent-encoded after RFC 3986.
func encoded(doc string) string { return strings.ReplaceAll(url.QueryEscape(doc), "+", "%20") }

func inlineList(all map[string]string) []any {
	out := []any{}
	for _, name := range sorted(all) {
		out = append(out, Fields{"PolicyName": name, "PolicyDocument": encoded(all[name])})
	}
	return out
}

func (b *Books) attachedList(arns []string) []any {
	out := []any{}
	for _, arn := range arns {
		name := arn[strings.LastIndex(arn, "/")+1:]
		out = append(out, Fields{"PolicyName": name, "PolicyArn": arn})
	}
	return out
}

func tagList(tags map[string]string) []any {
	out := []any{}
	for _, k := range sorted(tags) {
		out = append(out, Fields{"Key": k, "Value": tags[k]})
	}
	return out
}

// authorizationDetails tells users, then groups, roles and policies, so that a
// page can hold some of each.
func (c *Cloud) authorizationDetails(r *request) (Fields, error) {
	filter := texts(r.in["Filter"])
	wants := func(kind string) bool { return len(filter) == 0 || slices.Contains(filter, kind) }
	kinds := []string{"UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"}
	var list []any
	if !c.Is(integrationtest.Blind) {
		list = r.books.details(wants)
	}
	part, out := c.page(r, list)
	for _, k := range kinds {
		found := []any{}
		for _, x := range part {
			if d, ok := x.(detail); ok && d.list == k {
				found = append(found, d.of)
			}
		}
		out[k] = found
	}
	return out, nil
}

// detail is one entity in one of the lists of GetAccountAuthorizationDetails.
type detail struct {
	list string
	of   Fields
}

func (b *Books) details(wants func(kind string) bool) []any {
	var list []any
	if wants("User") {
		for _, id := range sorted(b.Users) {
			list = append(list, detail{"UserDetailList", b.userDetail(b.Users[id])})
		}
	}
	if wants("Group") {
		for _, name := range sorted(b.Groups) {
			g := b.Groups[name]
			list = append(list, detail{"GroupDetailList", Fields{
				"GroupName": name, "GroupId": g.ID, "Path": "/", "Arn": "arn:aws:iam::" + b.Account + ":group/" + name, "CreateDate": stamp(born()),
				"GroupPolicyList": inlineList(g.Inline), "AttachedManagedPolicies": b.attachedList(g.Attached),
			}})
		}
	}
	if wants("Role") {
		for _, name := range sorted(b.Roles) {
			d := b.roleFields(b.Roles[name])
			delete(d, "MaxSessionDuration")
			d["RolePolicyList"], d["AttachedManagedPolicies"], d["Tags"] = inlineList(b.Roles[name].Inline), b.attachedList(b.Roles[name].Attached), tagList(b.Roles[name].Tags)
			list = append(list, detail{"RoleDetailList", d})
		}
	}
	for _, arn := range sorted(b.Policies) {
		if own := strings.Contains(arn, "::aws:"); (own && wants("AWSManagedPolicy")) || (!own && wants("LocalManagedPolicy")) {
			p := b.Policies[arn]
			d := p.fields()
			d["PolicyVersionList"] = []any{Fields{"Document": encoded(p.Document), "VersionId": "v1", "IsDefaultVersion": true, "CreateDate": stamp(born())}}
			list = append(list, detail{"Policies", d})
		}
	}
	return list
}

func (b *Books) userDetail(u *User) Fields {
	d := b.userFields(u)
	groups := []any{}
	for _, g := range u.Groups {
		groups = append(groups, g)
	}
	d["GroupList"], d["UserPolicyList"], d["AttachedManagedPolicies"] = groups, inlineList(u.Inline), b.attachedList(u.Attached)
	return d
}

func (b *Books) userFields(u *User) Fields {
	f := Fields{"UserName": u.Name, "UserId": u.ID, "Path": "/", "Arn": b.userARN(u), "CreateDate": stamp(born()), "Tags": tagList(u.Tags)}
	if u.Boundary != "" {
		f["PermissionsBoundary"] = Fields{"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": u.Boundary}
	}
	return f
}

func (b *Books) roleFields(role *Role) Fields {
	return Fields{
		"RoleName": role.Name, "RoleId": role.ID, "Path": "/", "Arn": b.roleARN(role), "CreateDate": stamp(born()),
		"AssumeRolePolicyDocument": encoded(role.Trust), "MaxSessionDuration": max(role.Duration, 3600),
	}
}

func (p *Policy) fields() Fields {
	return Fields{"PolicyName": p.Name, "PolicyId": p.ID, "Arn": p.ARN, "Path": "/", "DefaultVersionId": "v1", "IsAttachable": true, "CreateDate": stamp(born())}
}

func (c *Cloud) getUser(r *request) (Fields, error) {
	if r.text("UserName") == "" {
		u := r.books.Users[r.who.user]
		if u == nil {
			return nil, fail(http.StatusBadRequest, "ValidationError", "Must specify userName when calling with non-User credentials")
		}
		return Fields{"User": r.books.userFields(u)}, nil
	}
	u, err := c.user(r)
	if err != nil {
		return nil, err
	}
	return Fields{"User": r.books.userFields(u)}, nil
}

func (c *Cloud) getLoginProfile(r *request) (Fields, error) {
	u, err := c.user(r)
	if err != nil {
		return nil, err
	}
	if !u.Password {
		return nil, noSuch("Login Profile for User " + u.Name)
	}
	return Fields{"LoginProfile": Fields{"UserName": u.Name, "CreateDate": stamp(born()), "PasswordResetRequired": u.Reset}}, nil
}

func credentials(list, id string, of func(u *User) []*Credential, more Fields) func(c *Cloud, r *request) (Fields, error) {
	return func(c *Cloud, r *request) (Fields, error) {
		u, err := c.user(r)
		if err != nil {
			return nil, err
		}
		all := []any{}
		for _, k := range of(u) {
			f := Fields{"UserName": u.Name, id: k.ID, "Status": k.Status}
			maps.Copy(f, more)
			all = append(all, f)
		}
		part, out := c.page(r, all)
		out[list] = part
		return out, nil
	}
}

func (c *Cloud) listMFA(r *request) (Fields, error) {
	u, err := c.user(r)
	if err != nil {
		return nil, err
	}
	all := []any{}
	for _, serial := range u.MFA {
		all = append(all, Fields{"UserName": u.Name, "SerialNumber": serial, "EnableDate": stamp(born())})
	}
	part, out := c.page(r, all)
	out["MFADevices"] = part
	return out, nil
}

func (c *Cloud) listGroups(r *request) (Fields, error) {
	u, err := c.user(r)
	if err != nil {
		return nil, err
	}
	all := []any{}
	for _, name := range u.Groups {
		all = append(all, r.books.groupFields(r.books.Groups[name]))
	}
	part, out := c.page(r, all)
	out["Groups"] = part
	return out, nil
}

func (b *Books) groupFields(g *Group) Fields {
	return Fields{"GroupName": g.Name, "GroupId": g.ID, "Path": "/", "Arn": "arn:aws:iam::" + b.Account + ":group/" + g.Name, "CreateDate": stamp(born())}
}

func (c *Cloud) listAttached(r *request) (Fields, error) {
	u, err := c.user(r)
	if err != nil {
		return nil, err
	}
	part, out := c.page(r, r.books.attachedList(u.Attached))
	out["AttachedPolicies"] = part
	return out, nil
}

func (c *Cloud) getUserPolicy(r *request) (Fields, error) {
	u, err := c.user(r)
	if err != nil {
		return nil, err
	}
	doc, there := u.Inline[r.text("PolicyName")]
	if !there {
		return nil, noSuch("user policy with name " + r.text("PolicyName"))
	}
	return Fields{"UserName": u.Name, "PolicyName": r.text("PolicyName"), "PolicyDocument": encoded(doc)}, nil
}

func (c *Cloud) getGroup(r *request) (Fields, error) {
	g := r.books.Groups[r.text("GroupName")]
	if g == nil {
		return nil, noSuch("group with name " + r.text("GroupName"))
	}
	all := []any{}
	for _, id := range sorted(r.books.Users) {
		if slices.Contains(r.books.Users[id].Groups, g.Name) {
			all = append(all, r.books.userFields(r.books.Users[id]))
		}
	}
	part, out := c.page(r, all)
	out["Group"], out["Users"] = r.books.groupFields(g), part
	return out, nil
}

func (c *Cloud) getPolicy(r *request) (Fields, error) {
	p := r.books.Policies[r.text("PolicyArn")]
	if p == nil {
		return nil, noSuch("policy " + r.text("PolicyArn"))
	}
	return Fields{"Policy": p.fields()}, nil
}

func (c *Cloud) getRole(r *request) (Fields, error) {
	role := r.books.Roles[r.text("RoleName")]
	if role == nil || c.Is(integrationtest.Blind) {
		return nil, noSuch("role with name " + r.text("RoleName"))
	}
	return Fields{"Role": r.books.roleFields(role)}, nil
}
