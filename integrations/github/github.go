// Package github takes and gives back access to one GitHub organization.
//
// It acts as a GitHub App installation or with an owner's personal token, on
// github.com and on GitHub Enterprise Server. People are pinned by their
// numeric id: logins are renamed and taken over by others, so the login is
// looked up from the id before anything is asked or changed about it.
//
// The organization's shape (which teams and repositories there are, where keys
// and protections hang) is kept in an index that all cases share. The index
// says where to look; what a person can do is read afresh every time.
package github

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"lastday"
	"lastday/integrations"
)

// Config is what an organization's entry in the configuration holds.
type Config struct {
	// Org is the organization's login.
	Org string `yaml:"org"`
	// URL is the REST base: empty is https://api.github.com/, a GitHub Enterprise
	// Server has https://HOST/api/v3/.
	URL string `yaml:"url"`
	// Token refers to a personal token of an owner; empty if App is set.
	Token string `yaml:"token"`
	// App is the GitHub App installation to act as; preferred.
	App *App `yaml:"app"`
	// Enterprise is the slug of the enterprise, for what only that can list or
	// change: enterprise teams, pending repository invitations, managed users.
	Enterprise string `yaml:"enterprise"`
	// ManagedUsers says that the enterprise owns its accounts (EMU): then the
	// account can be suspended over SCIM.
	ManagedUsers bool `yaml:"managed_users"`
	// Suspend lets accounts be suspended by a site administrator's token; GitHub
	// Enterprise Server only.
	Suspend bool `yaml:"suspend"`
	// Block puts leavers on the organization's block list.
	Block bool `yaml:"block"`
	// MinOwners is how many owners must be left; zero is 1.
	MinOwners int `yaml:"min_owners"`
	// NoGraphQL reads by REST alone, for servers without GraphQL. It costs a call
	// per team and per repository.
	NoGraphQL bool `yaml:"no_graphql"`
	// IndexAge is how old the shared index may grow; zero is 15 minutes.
	IndexAge time.Duration `yaml:"index_age"`
	// IndexReads is how many calls one index may spend on finding out whose
	// deploy keys and ruleset bypasses there are; zero is 25, or no bound with
	// NoGraphQL. What is left is a gap until the next index goes on.
	IndexReads int `yaml:"index_reads"`
	// Batch is how many repositories one GraphQL query asks about; zero is 1000.
	// Where that is too much for the far side, less is asked by itself.
	Batch int `yaml:"batch"`
	// InvitationWalk is the largest number of repositories whose pending
	// invitations are read one by one; zero is 100. Beyond it they are a gap,
	// unless Enterprise is set.
	InvitationWalk int `yaml:"invitation_walk"`
}

// Kind is the registration of this integration.
func Kind() integrations.Kind { return integrations.Define(description(), open) }

// driver is the integration with one organization.
type driver struct {
	cfg      Config
	system   string
	now      func() time.Time
	log      *slog.Logger
	client   *client
	inst     *installation // nil with a personal token
	accounts *accounts
	index    *index
	self     *selfCache
	seen     *sightings
	mail     *mailbox
	size     *sizing
}

func open(ctx context.Context, cfg Config, deps integrations.Deps) (integrations.Driver, error) {
	cfg, err := cfg.checked()
	if err != nil {
		return nil, err
	}
	source, inst, err := tokens(ctx, cfg, deps)
	if err != nil {
		return nil, err
	}
	c, err := newClient(httpOptions(cfg.URL, deps.Transport, deps.Now), source, cfg.Org)
	if err != nil {
		return nil, err
	}
	d := &driver{cfg: cfg, system: deps.System, now: deps.Now, log: deps.Log, client: c, inst: inst}
	d.accounts = newAccounts(c, deps.Now)
	d.index = newIndex(d)
	d.self = &selfCache{}
	d.seen, d.mail = newSightings(deps.Now), &mailbox{now: deps.Now}
	d.size = &sizing{most: cfg.Batch}
	return d, nil
}

// checked fills in what was left out and refuses what makes no sense.
func (c Config) checked() (Config, error) {
	if c.URL == "" {
		c.URL = "https://api.github.com/"
	}
	if !strings.HasSuffix(c.URL, "/") {
		c.URL += "/"
	}
	c.MinOwners = orDefault(c.MinOwners, 1)
	c.Batch = orDefault(c.Batch, 1000)
	c.InvitationWalk = orDefault(c.InvitationWalk, 100)
	if c.NoGraphQL {
		c.IndexReads = orDefault(c.IndexReads, 1_000_000)
	}
	c.IndexReads = orDefault(c.IndexReads, 25)
	c.IndexAge = orDefault(c.IndexAge, 15*time.Minute)
	switch {
	case !validLogin(c.Org):
		return c, invalid("org is missing or no login")
	case (c.Token == "") == (c.App == nil):
		return c, invalid("exactly one of token and app is needed")
	case c.App != nil && (c.App.ID == "" || c.App.Installation <= 0 || c.App.Key == ""):
		return c, invalid("app needs id, installation and key")
	case c.Enterprise != "" && !validSlug(c.Enterprise):
		return c, invalid("enterprise is no slug")
	case c.ManagedUsers && c.Enterprise == "":
		return c, invalid("managed_users needs enterprise")
	case c.Batch < 0 || c.Batch > 1000 || c.MinOwners < 0 || c.IndexAge < 0 || c.InvitationWalk < 0 || c.IndexReads < 0:
		return c, invalid("batch (at most 1000), min_owners, index_age, index_reads and invitation_walk must not be negative")
	}
	return c, nil
}

func invalid(what string) error { return lastday.Errorf(lastday.CodeInvalid, "github", "%s", what) }

func orDefault[T ~int | ~int64](value, standard T) T {
	if value == 0 {
		return standard
	}
	return value
}

// Refresh brings the shared index up to date if it is older than allowed.
func (d *driver) Refresh(ctx context.Context) error {
	_, err := d.index.current(ctx)
	return err
}
