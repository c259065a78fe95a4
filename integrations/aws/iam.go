package aws

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"lastday"
	"lastday/integrations"
)

// IAMConfig is what an account's entry in the configuration holds.
type IAMConfig struct {
	// Account is the number of the account: credentials that lead elsewhere are refused.
	Account string `yaml:"account"`
	// Region is where STS is asked, and tells the partition. IAM has no regions.
	Region string `yaml:"region"`
	// Endpoint replaces AWS's addresses, for all services; empty in production.
	Endpoint    string      `yaml:"endpoint"`
	Credentials Credentials `yaml:"credentials"`
	Tags        Tags        `yaml:"tags"`
	// DenyPolicy is the name of the inline policy that is put on a leaver; empty
	// is lastday-deny.
	DenyPolicy string `yaml:"deny_policy"`
}

// Tags are the keys of the tags that say whose a user is.
type Tags struct {
	// Person holds the person's opaque key; empty is lastday:person.
	Person string `yaml:"person"`
	// EmployeeNumber holds HR's number, Email a verified corporate address; empty is no evidence.
	EmployeeNumber string `yaml:"employee_number"`
	Email          string `yaml:"email"`
	// Owner, on other users and on roles, holds the key, the number or an address
	// of who answers for them; empty tells nothing.
	Owner string `yaml:"owner"`
}

// IAM is the registration of the kind aws-iam.
func IAM() integrations.Kind { return integrations.Define(iamDescription(), openIAM) }

// iamDriver is the integration with the IAM users of one account.
type iamDriver struct {
	cfg    IAMConfig
	system string
	now    func() time.Time
	iam    *iam.Client
	// sts asks as who acts; base as who assumed the role that acts, nil if it is the same.
	sts, base *sts.Client

	mu sync.Mutex
	me *self
}

func openIAM(ctx context.Context, cfg IAMConfig, deps integrations.Deps) (integrations.Driver, error) {
	d, err := newIAM(ctx, cfg, deps)
	if err != nil {
		return nil, err // not a driver that is nil
	}
	return d, nil
}

func newIAM(ctx context.Context, cfg IAMConfig, deps integrations.Deps) (*iamDriver, error) {
	cfg, err := cfg.checked()
	if err != nil {
		return nil, err
	}
	n, err := connect(ctx, cfg.Region, cfg.Endpoint, cfg.Credentials, deps)
	if err != nil {
		return nil, err
	}
	d := &iamDriver{cfg: cfg, system: deps.System, now: deps.Now}
	if d.iam, err = n.iam(); err != nil {
		return nil, err
	}
	if d.sts, err = n.sts(n.credentials); err != nil {
		return nil, err
	}
	if n.base != nil {
		if d.base, err = n.sts(n.base); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (c IAMConfig) checked() (IAMConfig, error) {
	if c.Tags.Person == "" {
		c.Tags.Person = "lastday:person"
	}
	if c.DenyPolicy == "" {
		c.DenyPolicy = "lastday-deny"
	}
	switch {
	case !regexp.MustCompile(`^[0-9]{12}$`).MatchString(c.Account):
		return c, invalid("account is missing, or is not a number of 12 digits (in quotes)")
	case !regexp.MustCompile(`^[\w+=,.@-]{1,128}$`).MatchString(c.DenyPolicy):
		return c, invalid("deny_policy is not the name of a policy")
	}
	return c, nil
}

// self is who we are there.
type self struct {
	// arn and id are of who acts: AIDA... for a user, AROA...:SESSION for a role.
	arn, id string
	// base is the id of who assumed the role, empty if nobody did.
	base string
}

// user is the id of the user that acts, or that assumed the role that acts.
func (s self) users() []string { return []string{s.id, s.base} }

// role is the id of the role that acts, empty if none does.
func (s self) role() string {
	id, _, assumed := strings.Cut(s.id, ":")
	if !assumed {
		return ""
	}
	return id
}

// account is the id of the user that is ours: the one that acts, or that assumed
// the role that acts. Empty if there is none.
func (s self) account() string {
	for _, id := range s.users() {
		if userID(id) {
			return id
		}
	}
	return ""
}

// whoami asks who we are, once: credentials do not change their owner. That we
// still are where we believe to be is shown anew by every control.
func (d *iamDriver) whoami(ctx context.Context) (self, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.me != nil {
		return *d.me, nil
	}
	me, err := d.askWho(ctx)
	if err == nil {
		d.me = &me
	}
	return me, err
}

func (d *iamDriver) askWho(ctx context.Context) (self, error) {
	const op = "aws-iam: read our own identity"
	out, err := read(ctx, op, d.sts.GetCallerIdentity, &sts.GetCallerIdentityInput{})
	if err != nil {
		return self{}, err
	}
	me := self{arn: text(out.Arn), id: text(out.UserId)}
	if text(out.Account) != d.cfg.Account {
		return self{}, lastday.Errorf(lastday.CodeInvalid, op, "our credential belongs to another account than the configured one")
	}
	if me.id == d.cfg.Account {
		return self{}, lastday.Errorf(lastday.CodeInvalid, op, "our credential is the root user's: use a user or a role of our own")
	}
	if me.id == "" {
		return self{}, lastday.Errorf(lastday.CodeInvalid, op, "the answer names nobody")
	}
	if d.base == nil {
		return me, nil
	}
	base, err := read(ctx, op, d.base.GetCallerIdentity, &sts.GetCallerIdentityInput{})
	if err != nil {
		return self{}, err
	}
	me.base = text(base.UserId)
	return me, nil
}

// Probe says who we are, and whether we see the users.
func (d *iamDriver) Probe(ctx context.Context) (lastday.Health, error) {
	d.mu.Lock()
	d.me = nil
	d.mu.Unlock()
	me, err := d.whoami(ctx)
	if err != nil {
		return lastday.Health{}, err
	}
	h := lastday.Health{Identity: me.arn, AccountID: me.account(), QuotaLeft: -1}
	h.Control, err = d.glance(ctx, me)
	if codeIs(err, lastday.CodeDenied) {
		h.Missing = []lastday.Gap{d.gap("", "users, groups, roles and policies", err, "allow iam:GetAccountAuthorizationDetails")}
		return h, nil
	}
	if err != nil {
		return lastday.Health{}, err
	}
	for _, k := range iamKinds() {
		h.Can = append(h.Can, k.Name)
	}
	return h, nil
}

func (d *iamDriver) gap(kind, what string, err error, fix string) lastday.Gap {
	return lastday.Gap{System: d.system, Kind: kind, What: what, Code: lastday.CodeOf(err), Why: err.Error(), Fix: fix}
}
