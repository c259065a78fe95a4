package aws

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"lastday"
)

func TestLevelOfAPolicy(t *testing.T) {
	with := func(statement string) string { return `{"Version":"2012-10-17","Statement":` + statement + `}` }
	own := func(action, resource string) string {
		return with(`{"Effect":"Allow","Action":"` + action + `","Resource":"arn:aws:iam::*:` + resource + `"}`)
	}
	cases := map[string]struct {
		doc  string
		want lastday.Level
	}{
		"everything":                      {allow("*"), lastday.LevelAdmin},
		"every service's reading":         {allow("*:Get*"), lastday.LevelAdmin},
		"all of IAM":                      {allow("iam:*"), lastday.LevelAdmin},
		"one writing action of IAM":       {allow("iam:CreateAccessKey"), lastday.LevelAdmin},
		"IAM, any case":                   {allow("IAM:PassRole"), lastday.LevelAdmin},
		"other roles":                     {allow("sts:AssumeRole"), lastday.LevelAdmin},
		"organization":                    {allow("organizations:LeaveOrganization"), lastday.LevelAdmin},
		"reading IAM":                     {allow("iam:Get*", "iam:ListUsers"), lastday.LevelRead},
		"all of one service":              {allow("s3:*"), lastday.LevelWrite},
		"a write among reads":             {allow("s3:GetObject", "s3:PutObject"), lastday.LevelWrite},
		"reads":                           {allow("ec2:Describe*", "s3:List*"), lastday.LevelRead},
		"a wildcard within the verb":      {allow("ec2:De*"), lastday.LevelWrite},
		"a verb nobody knows":             {allow("foo:Frobnicate"), lastday.LevelWrite},
		"who one is":                      {allow("sts:GetCallerIdentity"), lastday.LevelSignIn},
		"the own password":                {allow("iam:ChangePassword"), lastday.LevelWrite},
		"the own keys":                    {with(`{"Effect":"Allow","Action":"iam:*AccessKey*","Resource":"arn:aws:iam::*:user/${aws:username}"}`), lastday.LevelWrite},
		"the own and others":              {with(`{"Effect":"Allow","Action":"iam:*AccessKey*","Resource":["arn:aws:iam::*:user/${aws:username}","*"]}`), lastday.LevelAdmin},
		"oneself, whatever it is":         {own("iam:*", "user/${aws:username}"), lastday.LevelAdmin},
		"the own policies":                {own("iam:PutUserPolicy", "user/${aws:username}"), lastday.LevelAdmin},
		"the own policies, by wildcard":   {own("iam:A??achUser*", "user/${aws:username}"), lastday.LevelAdmin},
		"the own boundary":                {own("iam:DeleteUserPermissionsBoundary", "user/${aws:username}"), lastday.LevelAdmin},
		"the own tags":                    {own("iam:TagUser", "user/${aws:username}"), lastday.LevelAdmin},
		"the own devices":                 {own("iam:CreateVirtualMFADevice", "mfa/${aws:username}"), lastday.LevelWrite},
		"the own keys, under a path":      {own("iam:CreateAccessKey", "user/staff/${aws:username}"), lastday.LevelWrite},
		"whose name begins like one's":    {own("iam:CreateAccessKey", "user/${aws:username}*"), lastday.LevelAdmin},
		"whose name ends like one's":      {own("iam:CreateAccessKey", "user/*${aws:username}"), lastday.LevelAdmin},
		"a role of one's name":            {own("iam:CreateAccessKey", "role/${aws:username}"), lastday.LevelAdmin},
		"all but something":               {with(`[{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}]`), lastday.LevelAdmin},
		"denials take nothing off":        {with(`[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:*","Resource":"*"}]`), lastday.LevelAdmin},
		"a denial alone":                  {denial, lastday.LevelNone},
		"conditions take nothing off":     {with(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}`), lastday.LevelAdmin},
		"encoded as IAM answers it":       {strings.ReplaceAll(strings.ReplaceAll(allow("s3:Get*"), "*", "%2A"), `"`, "%22"), lastday.LevelRead},
		"not a policy":                    {"<html>", lastday.LevelAdmin},
		"actions that are numbers":        {with(`{"Effect":"Allow","Action":[1]}`), lastday.LevelAdmin},
		"nothing":                         {with(`[]`), lastday.LevelNone},
		"several statements, highest won": {with(`[{"Effect":"Allow","Action":"s3:Get*"},{"Effect":"Allow","Action":"iam:PutUserPolicy"}]`), lastday.LevelAdmin},
	}
	for name, c := range cases {
		if got := levelOf(c.doc); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestLevelOfAWSsOwnPolicies(t *testing.T) {
	for name, want := range map[string]lastday.Level{
		"AdministratorAccess": lastday.LevelAdmin, "PowerUserAccess": lastday.LevelAdmin, "IAMFullAccess": lastday.LevelAdmin, "SomethingNew": lastday.LevelAdmin,
		"AmazonS3FullAccess": lastday.LevelWrite, "AmazonS3ReadOnlyAccess": lastday.LevelRead, "ViewOnlyAccess": lastday.LevelRead, "IAMUserChangePassword": lastday.LevelSignIn,
		"AmazonECS_FullAccess": lastday.LevelAdmin, "AmazonSageMakerFullAccess": lastday.LevelAdmin, // they pass roles
	} {
		if got := levelOfManaged(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// AWS's policies for readers ask for reports and queries: their names, which
// nobody else can give, say more than their verbs. The text is that of
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/IAMReadOnlyAccess.html
func TestReadersAreNotTakenForWriters(t *testing.T) {
	text := allow("iam:GenerateCredentialReport", "iam:GenerateServiceLastAccessedDetails", "iam:Get*", "iam:List*", "iam:SimulateCustomPolicy", "iam:SimulatePrincipalPolicy")
	for arn, want := range map[string]lastday.Level{
		everyone + "IAMReadOnlyAccess": lastday.LevelRead, "arn:aws-us-gov:iam::aws:policy/IAMReadOnlyAccess": lastday.LevelRead,
		local + "IAMReadOnlyAccess": lastday.LevelAdmin, "arn:aws:iam::123456789012:policy/:iam::aws:policy/IAMReadOnlyAccess": lastday.LevelAdmin,
	} {
		e := estate{policies: map[string]types.ManagedPolicyDetail{arn: {PolicyVersionList: []types.PolicyVersion{{IsDefaultVersion: true, Document: &text}}}}}
		if got := e.levelOfPolicy(arn, "IAMReadOnlyAccess"); got != want {
			t.Errorf("%s: %s, want %s", arn, got, want)
		}
	}
}

// Whatever a document holds, more in it never means less.
func FuzzLevel(f *testing.F) {
	for _, s := range []string{"s3:Get*", "*", "iam:*", "", ":", "a:b", `x"y`, "ec2:De?"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, action string) {
		level := levelOfAction(strings.ToLower(action), false)
		if own := levelOfAction(strings.ToLower(action), true); own > level {
			t.Errorf("%q is %s, and only about oneself %s", action, level, own)
		}
		if strings.Contains(action, "*") && !strings.Contains(action, ":") && level != lastday.LevelAdmin {
			t.Errorf("%q is %s", action, level)
		}
	})
}
