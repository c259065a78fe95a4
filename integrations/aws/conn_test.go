package aws

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/aws/awstest"
)

// opened opens a driver on a furnished cloud with other credentials.
func opened(t *testing.T, change func(*IAMConfig), secrets map[string]string) (*awstest.Cloud, *iamDriver, error) {
	t.Helper()
	c, url := serveCloud(t)
	c.Look(func(b *awstest.Books) {
		b.Roles["offboarding"] = &awstest.Role{ID: "AROAOFFBOARDING00001", Name: "offboarding", Attached: []string{everyone + "AdministratorAccess"}, Trust: `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"` + arn("lastday") + `"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"ext-0123"}}}]}`}
	})
	cfg := iamConfig(url)
	change(&cfg)
	with := deps("aws")
	known := with.Secret
	with.Secret = func(ctx context.Context, ref string) (string, error) {
		if s, ok := secrets[ref]; ok {
			return s, nil
		}
		return known(ctx, ref)
	}
	d, err := newIAM(t.Context(), cfg, with)
	return c, d, err
}

func TestAsWhomWeCall(t *testing.T) {
	role := "arn:aws:iam::" + account + ":role/offboarding"
	cases := map[string]struct {
		change  func(*IAMConfig)
		secrets map[string]string
		code    lastday.Code
		who     string
		// ours is the user who must never be taken.
		ours string
	}{
		"a key pair":               {change: func(*IAMConfig) {}, who: ":user/lastday", ours: botID},
		"a role, with external id": {change: func(c *IAMConfig) { c.Credentials.Role, c.Credentials.ExternalID = role, "env:EXTERNAL" }, who: ":assumed-role/offboarding/lastday", ours: botID},
		"a web identity":           {change: func(c *IAMConfig) { c.Credentials = Credentials{WebIdentityToken: "file:TOKEN", Role: role} }, who: ":assumed-role/offboarding/lastday"},
		"another external id": {
			change:  func(c *IAMConfig) { c.Credentials.Role, c.Credentials.ExternalID = role, "env:EXTERNAL" },
			secrets: map[string]string{"env:EXTERNAL": "ext-9"}, code: lastday.CodeDenied,
		},
		"no external id":  {change: func(c *IAMConfig) { c.Credentials.Role = role }, code: lastday.CodeDenied},
		"another token":   {change: func(c *IAMConfig) { c.Credentials = Credentials{WebIdentityToken: "file:TOKEN", Role: role} }, secrets: map[string]string{"file:TOKEN": "somebody else's"}, code: lastday.CodeDenied},
		"another secret":  {change: func(*IAMConfig) {}, secrets: map[string]string{"env:KEY": "wr0ng-wr0ng-wr0ng"}, code: lastday.CodeDenied},
		"another account": {change: func(c *IAMConfig) { c.Account = "210987654321" }, code: lastday.CodeInvalid},
	}
	for name, x := range cases {
		t.Run(name, func(t *testing.T) {
			_, d, err := opened(t, x.change, x.secrets)
			if err != nil {
				t.Fatal(err)
			}
			h, err := d.Probe(t.Context())
			if lastday.CodeOf(err) != x.code || !strings.HasSuffix(h.Identity, x.who) || h.AccountID != x.ours {
				t.Errorf("we are %q (%s), %v; want %q, %q", h.Identity, h.AccountID, err, x.who, x.code)
			}
			if err == nil && !h.Control.Seen {
				t.Errorf("no control: %+v", h.Control)
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				for _, secret := range []string{botSecret, "wr0ng", "ext-", awstest.WebToken, "somebody else"} {
					if strings.Contains(e.Error(), secret) {
						t.Errorf("the error tells a secret: %v", e)
					}
				}
			}
		})
	}
}

// A secret that is exchanged while we run is read again; one that cannot be
// read is not a denial by AWS.
func TestATokenThatCannotBeRead(t *testing.T) {
	_, url := serveCloud(t)
	cfg := iamConfig(url)
	cfg.Credentials = Credentials{WebIdentityToken: "file:GONE", Role: "arn:aws:iam::" + account + ":role/offboarding"}
	d, err := newIAM(t.Context(), cfg, integrations.Deps{System: "aws", Now: noon, Secret: func(context.Context, string) (string, error) {
		return "", lastday.Errorf(lastday.CodeTransient, "secret", "cannot be read")
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Probe(t.Context()); lastday.CodeOf(err) != lastday.CodeTransient {
		t.Errorf("%v", err)
	}
}

func TestConfigurationsThatMakeNoSense(t *testing.T) {
	role := "arn:aws:iam::" + account + ":role/x"
	for name, change := range map[string]func(*IAMConfig){
		"no account":                 func(c *IAMConfig) { c.Account = "" },
		"an account that lost zeros": func(c *IAMConfig) { c.Account = "12345678901" },
		"no region":                  func(c *IAMConfig) { c.Region = "" },
		"a region with a path":       func(c *IAMConfig) { c.Region = "eu-central-1.evil.example/" },
		"no credentials":             func(c *IAMConfig) { c.Credentials = Credentials{} },
		"half a pair":                func(c *IAMConfig) { c.Credentials.SecretAccessKey = "" },
		"both ways":                  func(c *IAMConfig) { c.Credentials.WebIdentityToken, c.Credentials.Role = "file:TOKEN", role },
		"a token without a role":     func(c *IAMConfig) { c.Credentials = Credentials{WebIdentityToken: "file:TOKEN"} },
		"no ARN of a role":           func(c *IAMConfig) { c.Credentials.Role = "lastday" },
		"an external id for nothing": func(c *IAMConfig) { c.Credentials.ExternalID = "env:EXTERNAL" },
		"a policy that is no name":   func(c *IAMConfig) { c.DenyPolicy = "no/name" },
		"clear text to elsewhere":    func(c *IAMConfig) { c.Endpoint = "http://aws.example" },
	} {
		cfg := iamConfig("")
		change(&cfg)
		if _, err := openIAM(t.Context(), cfg, deps("aws")); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, change := range map[string]func(*CenterConfig){
		"no instance":       func(c *CenterConfig) { c.Instance = "" },
		"no identity store": func(c *CenterConfig) { c.IdentityStore = "store" },
		"no canary":         func(c *CenterConfig) { c.Canary = "" },
		"a canary's name":   func(c *CenterConfig) { c.Canary = "sam" },
		"no region":         func(c *CenterConfig) { c.Region = "Frankfurt" },
	} {
		cfg := centerConfig("")
		change(&cfg)
		if _, err := openCenter(t.Context(), cfg, deps("sso")); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhereServicesAre(t *testing.T) {
	cases := []struct{ region, service, address, signed string }{
		{"eu-central-1", "iam", "https://iam.amazonaws.com", "us-east-1"},
		{"eu-central-1", "sts", "https://sts.eu-central-1.amazonaws.com", "eu-central-1"},
		{"eu-central-1", "sso", "https://sso.eu-central-1.amazonaws.com", "eu-central-1"},
		{"eu-central-1", "identitystore", "https://identitystore.eu-central-1.amazonaws.com", "eu-central-1"},
		{"us-gov-east-1", "iam", "https://iam.us-gov.amazonaws.com", "us-gov-west-1"},
		{"cn-northwest-1", "iam", "https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1"},
		{"cn-northwest-1", "sts", "https://sts.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1"},
	}
	for _, c := range cases {
		n := &conn{region: c.region}
		if got, signed := n.address(c.service), n.signingRegion(c.service); got != c.address || signed != c.signed {
			t.Errorf("%s in %s: %s, signed for %s", c.service, c.region, got, signed)
		}
	}
}

func TestTroubleByItsName(t *testing.T) {
	for name, x := range map[string]struct {
		status int
		code   string
		read   lastday.Code
		write  lastday.Code
		wait   time.Duration
	}{
		"throttled with 400":          {400, "Throttling", lastday.CodeRateLimited, lastday.CodeRateLimited, 5 * time.Second},
		"somebody else changes it":    {409, "ConcurrentModification", lastday.CodeTransient, lastday.CodeTransient, 0},
		"cannot be changed just now":  {409, "EntityTemporarilyUnmodifiable", lastday.CodeTransient, lastday.CodeTransient, 0},
		"broken":                      {500, "ServiceFailure", lastday.CodeTransient, lastday.CodeUnknownOutcome, 0},
		"away":                        {503, "ServiceUnavailable", lastday.CodeTransient, lastday.CodeTransient, 0},
		"a key that is not there":     {403, "InvalidClientTokenId", lastday.CodeDenied, lastday.CodeDenied, 0},
		"a session that is over":      {403, "ExpiredToken", lastday.CodeDenied, lastday.CodeDenied, 0},
		"a name that nobody has":      {404, "NoSuchEntity", lastday.CodeNotFound, lastday.CodeNotFound, 0},
		"has more":                    {409, "DeleteConflict", lastday.CodeInvalid, lastday.CodeInvalid, 0},
		"an error nobody knows":       {418, "Teapot", lastday.CodeInvalid, lastday.CodeInvalid, 0},
		"an unknown error of a write": {502, "Mystery", lastday.CodeTransient, lastday.CodeUnknownOutcome, 0},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Amzn-Requestid", "1")
				w.WriteHeader(x.status)
				_, _ = w.Write([]byte(`<ErrorResponse><Error><Code>` + x.code + `</Code><Message>User: arn:aws:iam::1:user/kim is not authorized to perform: iam:GetUser</Message></Error></ErrorResponse>`))
			}))
			defer server.Close()
			d, err := newIAM(t.Context(), iamConfig(server.URL), deps("aws"))
			if err != nil {
				t.Fatal(err)
			}
			_, read := d.accessKeys(t.Context(), new("kim"))
			write := d.detach(t.Context(), &iamJob{job: &job{}, name: new("kim")})
			if lastday.CodeOf(read) != x.read || lastday.CodeOf(write) != x.write || lastday.RetryAfterOf(read) != x.wait {
				t.Errorf("reading %v (wait %s), writing %v; want %s and %s", read, lastday.RetryAfterOf(read), write, x.read, x.write)
			}
			if strings.Contains(read.Error(), "kim") {
				t.Errorf("the error names somebody: %v", read)
			}
		})
	}
}

// An answer of success that is not AWS's must not pass for a change, or for an
// empty list: the SDK reads an empty body as one.
func TestAnAnswerFromSomebodyInBetween(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	d, err := newIAM(t.Context(), iamConfig(server.URL), deps("aws"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.accessKeys(t.Context(), new("kim")); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("a list: %v", err)
	}
	if err := d.detach(t.Context(), &iamJob{job: &job{}, name: new("kim")}); lastday.CodeOf(err) != lastday.CodeUnknownOutcome {
		t.Errorf("a change: %v", err)
	}
}

func TestPagesWithoutEnd(t *testing.T) {
	if _, err := all("op", func(*string) ([]int, *string, error) { return []int{1}, new("again"), nil }); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("%v", err)
	}
}

// The descriptions are what `lastday check` prints: they must be whole.
func TestTheCatalogOfKinds(t *testing.T) {
	for _, k := range []integrations.Kind{IAM(), IdentityCenter()} {
		d := k.Description()
		if d.Name == "" || len(d.Permissions) == 0 || len(d.Cannot) == 0 {
			t.Errorf("%+v", d)
		}
		strict := func(into any) error {
			dec := json.NewDecoder(strings.NewReader(`{"nonsense": 1}`))
			dec.DisallowUnknownFields()
			return dec.Decode(into)
		}
		if _, err := k.Open(t.Context(), strict, deps("aws")); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: %v", d.Name, err)
		}
	}
}
