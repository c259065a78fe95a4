package awstest

import (
	"strings"
	"testing"
)

func TestCallsThatAreNotAsAWSDescribesThem(t *testing.T) {
	good := func() Call {
		return Call{Service: "iam", Operation: "UpdateAccessKey", In: Fields{"UserName": "kim", "AccessKeyId": "AKIAFIRST00000000kim", "Status": "Inactive"}}
	}
	cases := map[string]struct {
		change func(c *Call)
		want   string
	}{
		"as it should be":        {func(*Call) {}, ""},
		"unknown operation":      {func(c *Call) { c.Operation = "DisableUser" }, "no operation"},
		"unknown member":         {func(c *Call) { c.In["Name"] = "kim" }, "Name is no member"},
		"missing member":         {func(c *Call) { delete(c.In, "Status") }, "Status is missing"},
		"outside of the values":  {func(c *Call) { c.In["Status"] = "inactive" }, "is none of"},
		"outside of the pattern": {func(c *Call) { c.In["UserName"] = "kim/../lee" }, "does not match"},
		"too short":              {func(c *Call) { c.In["AccessKeyId"] = "AKIA" }, "wrong length"},
		"no text":                {func(c *Call) { c.In["UserName"] = []any{"kim"} }, "is no text"},
		"an answer to nothing":   {func(c *Call) { c.Out = Fields{"Done": true} }, "must be empty"},
		"an error it has":        {func(c *Call) { c.Code = "NoSuchEntity" }, ""},
		"an error it does not":   {func(c *Call) { c.Code = "MalformedPolicyDocument" }, "none that the operation has"},
		"a service that is not":  {func(c *Call) { c.Service = "s3" }, "no model"},
		"a list that is none": {func(c *Call) {
			*c = Call{Service: "iam", Operation: "ListAccessKeys", Out: Fields{"AccessKeyMetadata": "x"}}
		}, "is no list"},
		"half a required answer":   {func(c *Call) { *c = Call{Service: "iam", Operation: "ListAccessKeys", Out: Fields{}} }, "AccessKeyMetadata is missing"},
		"a time in the other form": {func(c *Call) { *c = permissionSetMade("2024-01-02T03:04:05Z") }, "is no timestamp"},
		"a time":                   {func(c *Call) { *c = permissionSetMade(born().Unix()) }, ""},
		"a yes that is none": {func(c *Call) {
			*c = Call{Service: "iam", Operation: "ListAccessKeys", Out: Fields{"AccessKeyMetadata": []any{}, "IsTruncated": "perhaps"}}
		}, "is no boolean"},
		"a structure that is none": {func(c *Call) {
			*c = Call{Service: "iam", Operation: "ListAccessKeys", Out: Fields{"AccessKeyMetadata": []any{"x"}}}
		}, "is no structure"},
	}
	for name, x := range cases {
		call := good()
		x.change(&call)
		got := strings.Join(NewModels().Check(call), "; ")
		if (x.want == "") != (got == "") || !strings.Contains(got, x.want) {
			t.Errorf("%s: %q, want %q", name, got, x.want)
		}
	}
}

func permissionSetMade(at any) Call {
	arn := "arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-aaaaaaaaaaaaaaaa"
	return Call{
		Service: "sso", Operation: "DescribePermissionSet", In: Fields{"InstanceArn": "arn:aws:sso:::instance/ssoins-0123456789abcdef", "PermissionSetArn": arn},
		Out: Fields{"PermissionSet": Fields{"Name": "Admins", "PermissionSetArn": arn, "CreatedDate": at}},
	}
}

func TestPoliciesAreJudgedAsIAMDoes(t *testing.T) {
	allow := func(action string) string {
		return `{"Statement":{"Effect":"Allow","Action":"` + action + `","Resource":"*"}}`
	}
	deny := `{"Statement":[{"Effect":"Deny","Action":["iam:Delete*"],"Resource":"*"}]}`
	cases := map[string]struct {
		docs   []string
		action string
		want   bool
	}{
		"nothing is allowed unless something allows": {nil, "iam:GetUser", false},
		"allowed by name":                   {[]string{allow("iam:GetUser")}, "iam:GetUser", true},
		"in any case":                       {[]string{allow("IAM:getuser")}, "iam:GetUser", true},
		"by a wildcard":                     {[]string{allow("iam:Get*")}, "iam:GetUser", true},
		"not by another service's":          {[]string{allow("s3:*")}, "iam:GetUser", false},
		"a denial wins, wherever it stands": {[]string{allow("*"), deny}, "iam:DeleteUser", false},
		"and denies no more than it says":   {[]string{deny, allow("*")}, "iam:GetUser", true},
	}
	for name, c := range cases {
		if got := allowed(c.docs, c.action); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
