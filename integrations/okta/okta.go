// Package okta takes and gives back access to one Okta organization.
//
// It acts as a service app (OAuth 2.0 with a private key) or with an API token,
// over the Management API, one request per call. People are pinned by their
// user id: logins and addresses are changed and given to others.
//
// The cut is a suspension, which is given back exactly; deactivation drops app
// assignments and admin roles and is only made where the configuration asks for
// it. What Okta decides by rules or takes from a directory is delegated.
package okta

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/internal/httpx"
)

// Config is what an organization's entry in the configuration holds.
type Config struct {
	// URL is the organization's address, such as https://acme.okta.com.
	URL string `yaml:"url"`
	// Token refers to an API token (SSWS); empty if ServiceApp is set.
	Token string `yaml:"token"`
	// ServiceApp is the OAuth 2.0 service app to act as; preferred.
	ServiceApp *ServiceApp `yaml:"service_app"`
	// Canary is the id or login of a user that is known to be there and stays. Only
	// where it is seen does not seeing somebody else show anything.
	Canary string `yaml:"canary"`
	// Domains are the company's own mail domains: an address in another one is no
	// evidence. Empty takes every address that HR calls verified.
	Domains []string `yaml:"domains"`
	// Deactivate lets the cut deactivate accounts after all else was taken. Without
	// it they are suspended and stay.
	Deactivate bool `yaml:"deactivate"`
	// ResetFactors lets the cut delete enrolled factors, which nobody can give back.
	ResetFactors bool `yaml:"reset_factors"`
	// MinSuperAdmins is how many other active super administrators must be left,
	// our own account not counted; zero is 1.
	MinSuperAdmins int `yaml:"min_super_admins"`
	// SessionAge is the longest life of a session by the organization's policies:
	// what began earlier counts as ended. Zero is 90 days.
	SessionAge time.Duration `yaml:"session_age"`
	// Walk is the most users that are read one by one when the search index, which
	// lags, knows nobody with an employee number; zero is 2000.
	Walk int `yaml:"walk"`
}

// maxAnswer is the most bytes of one answer: a page of 200 is well under one megabyte.
const maxAnswer = 4 << 20

// Kind is the registration of this integration.
func Kind() integrations.Kind { return integrations.Define(description(), open) }

// driver is the integration with one organization.
type driver struct {
	cfg    Config
	system string
	now    func() time.Time
	client *client
	auth   authorizer

	mu  sync.Mutex
	own string // the id of our own account once it is known; it never changes
}

func open(ctx context.Context, cfg Config, deps integrations.Deps) (integrations.Driver, error) {
	cfg, err := cfg.checked()
	if err != nil {
		return nil, err
	}
	options := httpx.Options{
		Base: cfg.URL, Transport: marking{next: deps.Transport}, Now: deps.Now, RequestID: "X-Okta-Request-Id",
		Header:  http.Header{"Accept": {"application/json"}, "User-Agent": {"lastday"}},
		MaxBody: maxAnswer,
	}
	auth, err := newAuthorizer(ctx, cfg, deps, options)
	if err != nil {
		return nil, err
	}
	options.Authorize = auth.authorize
	plain, err := httpx.New(options)
	if err != nil {
		return nil, err
	}
	d := &driver{cfg: cfg, system: deps.System, now: deps.Now, auth: auth}
	d.client = &client{http: plain, refused: auth.forget}
	return d, nil
}

// checked fills in what was left out and refuses what makes no sense.
func (c Config) checked() (Config, error) {
	c.URL = strings.TrimSuffix(c.URL, "/")
	c.MinSuperAdmins = orDefault(c.MinSuperAdmins, 1)
	c.SessionAge = orDefault(c.SessionAge, 90*24*time.Hour)
	c.Walk = orDefault(c.Walk, 2000)
	switch {
	case c.URL == "":
		return c, invalid("url is missing")
	case (c.Token == "") == (c.ServiceApp == nil):
		return c, invalid("exactly one of token and service_app is needed")
	case !validCanary(c.Canary):
		return c, invalid("canary must be the id or the login of a user that stays, and not \"me\"")
	case c.MinSuperAdmins < 0 || c.SessionAge < 0 || c.Walk < 0:
		return c, invalid("min_super_admins, session_age and walk must not be negative")
	}
	if c.ServiceApp != nil {
		return c, c.ServiceApp.check()
	}
	return c, nil
}

func validCanary(canary string) bool {
	return validID(canary) || (len(canary) > 3 && !strings.ContainsAny(canary, "/?# "))
}

func invalid(what string) error { return lastday.Errorf(lastday.CodeInvalid, "okta", "%s", what) }

func orDefault[T ~int | ~int64](value, standard T) T {
	if value == 0 {
		return standard
	}
	return value
}
