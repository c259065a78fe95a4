package aws

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"lastday"
	"lastday/integrations"
)

// CenterConfig is what an instance's entry in the configuration holds.
type CenterConfig struct {
	// Region is the instance's; Endpoint replaces AWS's addresses, for all
	// services; empty in production.
	Region      string      `yaml:"region"`
	Endpoint    string      `yaml:"endpoint"`
	Credentials Credentials `yaml:"credentials"`
	// Instance is the ARN of the organization's instance, IdentityStore the id of
	// its identity store (d-...).
	Instance      string `yaml:"instance"`
	IdentityStore string `yaml:"identity_store"`
	// Canary is the UserId of a user who is known to be there and stays. Only where
	// they are seen does not seeing somebody else show anything.
	Canary string `yaml:"canary"`
}

// IdentityCenter is the registration of the kind aws-identity-center.
func IdentityCenter() integrations.Kind {
	return integrations.Define(centerDescription(), openCenter)
}

// centerDriver is the integration with one instance of IAM Identity Center.
type centerDriver struct {
	cfg    CenterConfig
	system string
	now    func() time.Time
	store  *identitystore.Client
	admin  *ssoadmin.Client
	sts    *sts.Client

	mu   sync.Mutex
	sets map[string]permissionSet
	me   string
}

func openCenter(ctx context.Context, cfg CenterConfig, deps integrations.Deps) (integrations.Driver, error) {
	d, err := newCenter(ctx, cfg, deps)
	if err != nil {
		return nil, err // not a driver that is nil
	}
	return d, nil
}

func newCenter(ctx context.Context, cfg CenterConfig, deps integrations.Deps) (*centerDriver, error) {
	if err := cfg.checked(); err != nil {
		return nil, err
	}
	n, err := connect(ctx, cfg.Region, cfg.Endpoint, cfg.Credentials, deps)
	if err != nil {
		return nil, err
	}
	d := &centerDriver{cfg: cfg, system: deps.System, now: deps.Now, sets: map[string]permissionSet{}}
	if d.store, err = n.store(); err != nil {
		return nil, err
	}
	if d.admin, err = n.admin(); err != nil {
		return nil, err
	}
	d.sts, err = n.sts(n.credentials)
	return d, err
}

func (c CenterConfig) checked() error {
	switch {
	case !regexp.MustCompile(`^arn:aws[a-z-]*:sso:::instance/(sso)?ins-[a-zA-Z0-9-.]{16}$`).MatchString(c.Instance):
		return invalid("instance is not the ARN of an instance of IAM Identity Center")
	case !regexp.MustCompile(`^(d-[0-9a-f]{10}|[0-9a-f-]{36})$`).MatchString(c.IdentityStore):
		return invalid("identity_store is not the id of an identity store (d-...)")
	case !principalID(c.Canary):
		return invalid("canary is missing, or is not a UserId: name a user who is known to be there and stays")
	}
	return nil
}

// principalID says whether an id is of a user or group of an identity store.
// https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_User.html
func principalID(id string) bool {
	return regexp.MustCompile(`^([0-9a-f]{10}-)?[A-Fa-f0-9]{8}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{12}$`).MatchString(id)
}

// whoami is the ARN that we act as, asked once.
func (d *centerDriver) whoami(ctx context.Context) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.me != "" {
		return d.me, nil
	}
	out, err := read(ctx, "aws-identity-center: read our own identity", d.sts.GetCallerIdentity, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", err
	}
	d.me = text(out.Arn)
	return d.me, nil
}

// ours says whether we act as a session of the user: the roles of permission
// sets name their sessions after them.
// https://docs.aws.amazon.com/singlesignon/latest/userguide/permissionsetsconcept.html
func ours(me, userName string) bool {
	parts := strings.Split(me, "/")
	return len(parts) == 3 && strings.HasPrefix(parts[1], "AWSReservedSSO_") && strings.EqualFold(parts[2], userName)
}

// Probe says who we are, and whether we see the canary and assignments.
func (d *centerDriver) Probe(ctx context.Context) (lastday.Health, error) {
	d.mu.Lock()
	d.me = ""
	d.mu.Unlock()
	me, err := d.whoami(ctx)
	if err != nil {
		return lastday.Health{}, err
	}
	h := lastday.Health{Identity: me, QuotaLeft: -1}
	if h.Control, err = d.control(ctx); err != nil {
		return lastday.Health{}, err
	}
	_, err = read(ctx, "aws-identity-center: list account assignments", d.admin.ListAccountAssignmentsForPrincipal, &ssoadmin.ListAccountAssignmentsForPrincipalInput{
		InstanceArn: &d.cfg.Instance, PrincipalId: &d.cfg.Canary, PrincipalType: "USER", MaxResults: new(int32(1)),
	})
	switch {
	case codeIs(err, lastday.CodeDenied):
		h.Missing = append(h.Missing, d.gap(kindAssignment, "account assignments", err, "call from the management account and allow sso:ListAccountAssignmentsForPrincipal"))
	case err != nil && h.Control.Seen:
		return lastday.Health{}, err
	}
	for _, k := range centerKinds() {
		h.Can = append(h.Can, k.Name)
	}
	return h, nil
}

// control looks for the canary.
func (d *centerDriver) control(ctx context.Context) (lastday.Control, error) {
	_, err := d.describe(ctx, d.cfg.Canary)
	if codeIs(err, lastday.CodeNotFound) {
		return lastday.Control{Evidence: "the canary was not seen: this may be another identity store, or we see nobody"}, nil
	}
	if err != nil {
		return lastday.Control{}, err
	}
	return lastday.Control{Seen: true, Evidence: "read the canary's user in the same attempt"}, nil
}

// describe reads a user, and refuses an answer about somebody else.
func (d *centerDriver) describe(ctx context.Context, id string) (*identitystore.DescribeUserOutput, error) {
	const op = "aws-identity-center: read a user"
	out, err := read(ctx, op, d.store.DescribeUser, &identitystore.DescribeUserInput{IdentityStoreId: &d.cfg.IdentityStore, UserId: &id})
	if err != nil {
		return nil, err
	}
	if text(out.UserId) != id {
		return nil, somebodyElses(op)
	}
	return out, nil
}

func (d *centerDriver) gap(kind, what string, err error, fix string) lastday.Gap {
	return lastday.Gap{System: d.system, Kind: kind, What: what, Code: lastday.CodeOf(err), Why: err.Error(), Fix: fix}
}
