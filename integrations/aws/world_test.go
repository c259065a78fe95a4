package aws

import (
	"context"
	"fmt"
	"net/http/httptest"
	"time"

	"lastday/integrations"
	"lastday/integrations/aws/awstest"
)

const (
	account   = "123456789012"
	botID     = "AIDABOT000000000001"
	kimID     = "AIDAKIM000000000001"
	leeID     = "AIDALEE000000000001"
	botSecret = "bot/s3cr3t+access-key-0123456789abcdefg"
	kimSecret = "kim/s3cr3t+access-key-0123456789abcdefg"
	everyone  = "arn:aws:iam::aws:policy/"
	local     = "arn:aws:iam::" + account + ":policy/"
)

func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func allow(actions ...string) string {
	list := ""
	for i, a := range actions {
		if i > 0 {
			list += ","
		}
		list += fmt.Sprintf("%q", a)
	}
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[` + list + `],"Resource":"*"}]}`
}

func arn(user string) string { return "arn:aws:iam::" + account + ":user/" + user }

// person makes an IAM user with everything that there is.
func user(id, name, key string) *awstest.User {
	one := func(prefix, status string) *awstest.Credential {
		return &awstest.Credential{ID: prefix + name, Status: status, Secret: key}
	}
	return &awstest.User{
		ID: id, Name: name, Password: true, Tags: map[string]string{"EmployeeNumber": "E-" + name, "Email": name + "@acme.example"},
		Keys:     []*awstest.Credential{one("AKIAFIRST00000000", "Active"), one("AKIASECOND0000000", "Active"), one("AKIATHIRD00000000", "Inactive")},
		SSH:      []*awstest.Credential{one("APKASSH0000000000000", "Active")},
		Certs:    []*awstest.Credential{one("CERT0000000000000000000000", "Active")},
		Services: []*awstest.Credential{one("ACCASERVICE0000000000", "Active")},
		Groups:   []string{"admins", "readers"}, Attached: []string{local + "deployer", everyone + "ReadOnlyAccess"},
		Inline: map[string]string{"own-bucket": allow("s3:PutObject", "s3:GetObject")}, MFA: []string{"arn:aws:iam::" + account + ":mfa/" + name},
	}
}

// furnish fills an account.
func furnish(c *awstest.Cloud) {
	c.Look(func(b *awstest.Books) {
		b.Users[botID] = &awstest.User{
			ID: botID, Name: "lastday", Attached: []string{everyone + "AdministratorAccess"},
			Keys: []*awstest.Credential{{ID: "AKIABOT0000000000000", Status: "Active", Secret: botSecret}},
		}
		b.Users[kimID] = user(kimID, "kim", kimSecret)
		b.Users[leeID] = user(leeID, "lee", "lee/s3cr3t+access-key-0123456789abcdefg")
		b.Groups["admins"] = &awstest.Group{ID: "AGPAADMINS0000000001", Name: "admins", Attached: []string{everyone + "AdministratorAccess"}}
		b.Groups["readers"] = &awstest.Group{ID: "AGPAREADERS000000001", Name: "readers", Inline: map[string]string{"read": allow("ec2:Describe*", "s3:Get*")}}
		for i, name := range []string{"AdministratorAccess", "ReadOnlyAccess"} {
			b.Policies[everyone+name] = &awstest.Policy{ID: fmt.Sprintf("ANPAAWS00000000000%02d", i), Name: name, ARN: everyone + name, Document: map[string]string{"AdministratorAccess": allow("*"), "ReadOnlyAccess": allow("iam:Get*", "iam:List*", "s3:Get*")}[name]}
		}
		b.Policies[local+"deployer"] = &awstest.Policy{ID: "ANPADEPLOYER00000001", Name: "deployer", ARN: local + "deployer", Document: allow("ecs:UpdateService", "ecs:Describe*")}
		b.Roles["release"] = &awstest.Role{ID: "AROARELEASE000000001", Name: "release", Duration: 7200, Inline: map[string]string{"all": allow("ecs:*")}, Trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["` + arn("kim") + `","` + arn("lee") + `"]},"Action":"sts:AssumeRole","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}`}
		b.Roles["audit"] = &awstest.Role{ID: "AROAAUDIT00000000001", Name: "audit", Attached: []string{everyone + "ReadOnlyAccess"}, Trust: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + arn("kim") + `"},"Action":"sts:AssumeRole"}}`}
		b.Roles["lambda"] = &awstest.Role{ID: "AROALAMBDA0000000001", Name: "lambda", Trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`}
	})
}

func iamConfig(endpoint string) IAMConfig {
	return IAMConfig{
		Account: account, Region: "eu-central-1", Endpoint: endpoint,
		Credentials: Credentials{AccessKeyID: "env:ID", SecretAccessKey: "env:KEY"},
		Tags:        Tags{EmployeeNumber: "EmployeeNumber", Email: "Email", Owner: "Owner"},
	}
}

func deps(system string) integrations.Deps {
	secrets := map[string]string{"env:ID": "AKIABOT0000000000000", "env:KEY": botSecret, "file:TOKEN": awstest.WebToken, "env:EXTERNAL": "ext-0123"}
	return integrations.Deps{System: system, Now: noon, Secret: func(_ context.Context, ref string) (string, error) { return secrets[ref], nil }}
}

// tester is what tests, benchmarks and the suite share.
type tester interface {
	Helper()
	Context() context.Context
	Cleanup(f func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// serveCloud starts a furnished cloud.
func serveCloud(t tester) (*awstest.Cloud, string) {
	t.Helper()
	c := awstest.New(account)
	furnish(c)
	server := httptest.NewServer(c.Handler())
	t.Cleanup(func() {
		server.Close()
		asDescribed(t, c)
	})
	return c, server.URL
}

func iamWorld(t tester) (*awstest.Cloud, *iamDriver) {
	t.Helper()
	c, url := serveCloud(t)
	d, err := newIAM(t.Context(), iamConfig(url), deps("aws"))
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return c, d
}

// asDescribed holds all that was asked and answered to AWS's own models.
func asDescribed(t tester, c *awstest.Cloud) {
	t.Helper()
	models := awstest.NewModels()
	told := map[string]bool{}
	for _, call := range c.Calls() {
		for _, wrong := range models.Check(call) {
			if !told[wrong] {
				t.Errorf("not as AWS describes it: %s", wrong)
			}
			told[wrong] = true
		}
	}
}
