package aws

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/internal/httpx"
)

// Credentials say as whom we call. Either a key pair, or the token of a web
// identity (as Kubernetes gives one to a pod) that assumes Role; a key pair may
// assume Role as well. Instance profiles and shared configuration files are not
// read: what acts for us stands in our own configuration.
type Credentials struct {
	// AccessKeyID and SecretAccessKey refer to a key pair, such as env:NAME or file:PATH.
	AccessKeyID     string `yaml:"access_key_id"`
	SecretAccessKey string `yaml:"secret_access_key"`
	// WebIdentityToken refers to a token that is read again whenever the session ends.
	WebIdentityToken string `yaml:"web_identity_token"`
	// Role is the ARN of a role to assume; ExternalID refers to what its trust
	// policy asks for, empty if it asks for nothing.
	Role       string `yaml:"role"`
	ExternalID string `yaml:"external_id"`
}

// checked refuses what makes no sense.
func (c Credentials) checked() error {
	pair := c.AccessKeyID != "" && c.SecretAccessKey != ""
	switch {
	case (c.AccessKeyID != "") != (c.SecretAccessKey != ""):
		return invalid("access_key_id and secret_access_key go together")
	case pair == (c.WebIdentityToken != ""):
		return invalid("credentials need either access_key_id and secret_access_key or web_identity_token")
	case c.WebIdentityToken != "" && c.Role == "":
		return invalid("web_identity_token needs the role that it stands for")
	case c.Role != "" && !roleARN().MatchString(c.Role):
		return invalid("role is not the ARN of a role")
	case c.ExternalID != "" && (c.Role == "" || c.WebIdentityToken != ""):
		return invalid("external_id is for a role that a key pair assumes")
	}
	return nil
}

func roleARN() *regexp.Regexp { return regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$`) }

func regionName() *regexp.Regexp { return regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`) }

// sessionName is how sessions of an assumed role are called in CloudTrail.
const sessionName = "lastday"

// conn is the way to one far side.
type conn struct {
	region, endpoint string
	transport        http.RoundTripper
	now              func() time.Time
	secret           func(ctx context.Context, ref string) (string, error)
	// credentials act; base assumed the role that acts, nil if there is none.
	credentials, base sdk.CredentialsProvider
}

func connect(ctx context.Context, region, endpoint string, c Credentials, deps integrations.Deps) (*conn, error) {
	if !regionName().MatchString(region) {
		return nil, invalid("region is missing, or is not the name of a region such as eu-central-1")
	}
	if err := c.checked(); err != nil {
		return nil, err
	}
	n := &conn{region: region, endpoint: endpoint, transport: deps.Transport, now: deps.Now, secret: deps.Secret}
	if c.WebIdentityToken != "" {
		return n, n.byWebIdentity(c)
	}
	return n, n.byKeys(ctx, c)
}

func (n *conn) byKeys(ctx context.Context, c Credentials) error {
	id, err := n.resolve(ctx, "access_key_id", c.AccessKeyID)
	if err != nil {
		return err
	}
	key, err := n.resolve(ctx, "secret_access_key", c.SecretAccessKey)
	if err != nil {
		return err
	}
	n.credentials = credentials.NewStaticCredentialsProvider(id, key, "")
	if c.Role == "" {
		return nil
	}
	external := ""
	if c.ExternalID != "" {
		if external, err = n.resolve(ctx, "external_id", c.ExternalID); err != nil {
			return err
		}
	}
	n.base = n.credentials
	client, err := n.sts(n.base)
	if err != nil {
		return err
	}
	n.credentials = sdk.NewCredentialsCache(stscreds.NewAssumeRoleProvider(client, c.Role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = sessionName
		if external != "" {
			o.ExternalID = &external
		}
	}))
	return nil
}

func (n *conn) byWebIdentity(c Credentials) error {
	client, err := n.sts(sdk.AnonymousCredentials{})
	if err != nil {
		return err
	}
	n.credentials = sdk.NewCredentialsCache(sdk.CredentialsProviderFunc(func(ctx context.Context) (sdk.Credentials, error) {
		text, err := n.resolve(ctx, "web_identity_token", c.WebIdentityToken) // each time: it is exchanged while we run
		if err != nil {
			return sdk.Credentials{}, err
		}
		return stscreds.NewWebIdentityRoleProvider(client, c.Role, token(text), func(o *stscreds.WebIdentityRoleOptions) {
			o.RoleSessionName = sessionName
		}).Retrieve(ctx)
	}))
	return nil
}

// token is a web identity's.
type token string

// GetIdentityToken gives the token.
func (t token) GetIdentityToken() ([]byte, error) { return []byte(t), nil }

func (n *conn) resolve(ctx context.Context, field, ref string) (string, error) {
	text, err := n.secret(ctx, ref)
	if err != nil {
		return "", lastday.Wrap(lastday.CodeOf(err), "aws", field, err)
	}
	return strings.TrimSpace(text), nil
}

// address is where a service of the region's partition is reached, unless
// the configuration has one address for all.
// https://docs.aws.amazon.com/general/latest/gr/iam-service.html
// https://docs.aws.amazon.com/general/latest/gr/sso.html
func (n *conn) address(service string) string {
	if n.endpoint != "" {
		return n.endpoint
	}
	switch {
	case service == "iam" && strings.HasPrefix(n.region, "cn-"):
		return "https://iam.cn-north-1.amazonaws.com.cn"
	case service == "iam" && strings.HasPrefix(n.region, "us-gov-"):
		return "https://iam.us-gov.amazonaws.com"
	case service == "iam":
		return "https://iam.amazonaws.com"
	case strings.HasPrefix(n.region, "cn-"):
		return fmt.Sprintf("https://%s.%s.amazonaws.com.cn", service, n.region)
	}
	return fmt.Sprintf("https://%s.%s.amazonaws.com", service, n.region)
}

// signingRegion is the region that a service's signatures name: IAM has one
// for each partition.
func (n *conn) signingRegion(service string) string {
	switch {
	case service != "iam":
		return n.region
	case strings.HasPrefix(n.region, "cn-"):
		return "cn-north-1"
	case strings.HasPrefix(n.region, "us-gov-"):
		return "us-gov-west-1"
	}
	return "us-east-1"
}

// requestID is the header in which AWS names a call.
const requestID = "X-Amzn-Requestid"

func (n *conn) doer(service string) (*doer, error) {
	client, err := httpx.New(httpx.Options{Base: n.address(service), Transport: n.transport, RequestID: requestID, Now: n.now})
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeOf(err), "aws", "endpoint", err)
	}
	return &doer{http: client.HTTP()}, nil
}

func (n *conn) config(service string, as sdk.CredentialsProvider) (sdk.Config, error) {
	d, err := n.doer(service)
	if err != nil {
		return sdk.Config{}, err
	}
	base := n.address(service)
	return sdk.Config{
		Region: n.signingRegion(service), Credentials: as, HTTPClient: d, BaseEndpoint: &base,
		Retryer: func() sdk.Retryer { return sdk.NopRetryer{} },
	}, nil
}

func (n *conn) sts(as sdk.CredentialsProvider) (*sts.Client, error) {
	cfg, err := n.config("sts", as)
	return sts.NewFromConfig(cfg), err
}

func (n *conn) iam() (*iam.Client, error) {
	cfg, err := n.config("iam", n.credentials)
	return iam.NewFromConfig(cfg), err
}

func (n *conn) admin() (*ssoadmin.Client, error) {
	cfg, err := n.config("sso", n.credentials)
	return ssoadmin.NewFromConfig(cfg), err
}

func (n *conn) store() (*identitystore.Client, error) {
	cfg, err := n.config("identitystore", n.credentials)
	return identitystore.NewFromConfig(cfg), err
}

func invalid(what string) error { return lastday.Errorf(lastday.CodeInvalid, "aws", "%s", what) }
