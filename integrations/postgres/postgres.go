// Package postgres takes and gives back access to one PostgreSQL cluster.
//
// A cluster has one set of roles for all its databases, so one system is one
// cluster: the databases are found in it, and those in which something refers to
// the person's role are read one by one. Roles are pinned by their number (oid)
// together with their name: a role that was dropped and made again has the name
// and another number, and a cluster restored from a dump has the names and all
// other numbers.
//
// What a role can do is read from the system catalogs, each database in one
// snapshot. Every change is one transaction that reads, writes, reads again and
// is only made lasting if just what was wanted has come about.
package postgres

import (
	"context"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"lastday"
	"lastday/integrations"
)

// Config is what a cluster's entry in the configuration holds.
type Config struct {
	// DSN refers to the connection string (URL or keywords) of the role to act as,
	// with the database to begin with; best postgres.
	DSN string `yaml:"dsn"`
	// Canary is a role that is known to be in the cluster and stays, as NAME or,
	// better, OID/NAME. Only where it is seen does not seeing the person's role
	// show anything: a connection string may lead to another cluster.
	Canary string `yaml:"canary"`
	// Successor is the role that owned objects are handed to; empty hands nothing on.
	Successor string `yaml:"successor"`
	// Suggest makes a role's name from a person: {local} and {email} of an address,
	// {employee_number}. A role of that name is a suggestion to a person, never a match.
	Suggest string `yaml:"suggest"`
	// MinSuperusers is how many superusers that can log in must be left, besides
	// our own role; zero is 1.
	MinSuperusers int `yaml:"min_superusers"`
	// StatementTimeout bounds each statement on the server; zero is 15s.
	StatementTimeout time.Duration `yaml:"statement_timeout"`
	// TerminateTimeout is how long to wait for a session to end; zero is 5s.
	TerminateTimeout time.Duration `yaml:"terminate_timeout"`
	// Cleartext allows connections without TLS to other machines.
	Cleartext bool `yaml:"cleartext"`
}

// Kind is the registration of this integration.
func Kind() integrations.Kind { return integrations.Define(description(), open) }

// driver is the integration with one cluster.
type driver struct {
	cfg    Config
	system string
	now    func() time.Time
	base   *pgx.ConnConfig
	canary pin
}

func open(ctx context.Context, cfg Config, deps integrations.Deps) (integrations.Driver, error) {
	cfg, err := cfg.checked()
	if err != nil {
		return nil, err
	}
	dsn, err := deps.Secret(ctx, cfg.DSN)
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeOf(err), "postgres", "dsn", err)
	}
	base, err := cfg.connection(strings.TrimSpace(dsn))
	if err != nil {
		return nil, err
	}
	return &driver{cfg: cfg, system: deps.System, now: deps.Now, base: base, canary: parsePin(cfg.Canary)}, nil
}

// checked fills in what was left out and refuses what makes no sense.
func (c Config) checked() (Config, error) {
	if c.MinSuperusers == 0 {
		c.MinSuperusers = 1
	}
	if c.StatementTimeout == 0 {
		c.StatementTimeout = 15 * time.Second
	}
	if c.TerminateTimeout == 0 {
		c.TerminateTimeout = 5 * time.Second
	}
	canary := parsePin(c.Canary)
	switch {
	case c.DSN == "":
		return c, invalid("dsn is missing: a reference such as file:PATH")
	case canary.name == "":
		return c, invalid("canary is missing: a role that is known to be in the cluster")
	case strings.HasPrefix(canary.name, "pg_"):
		return c, invalid("canary is built in: every cluster has it, so it shows nothing")
	case c.MinSuperusers < 0 || c.StatementTimeout < time.Second || c.TerminateTimeout < time.Second:
		return c, invalid("min_superusers must not be negative, the timeouts not be under a second")
	case c.TerminateTimeout >= c.StatementTimeout:
		return c, invalid("terminate_timeout must be shorter than statement_timeout")
	}
	return c, nil
}

// connection reads the connection string. Its errors never repeat it: it holds
// a password.
func (c Config) connection(dsn string) (*pgx.ConnConfig, error) {
	base, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, invalid("dsn is no connection string of PostgreSQL")
	}
	if base.User == "" || base.Database == "" {
		return nil, invalid("dsn names no user or no database")
	}
	if !c.Cleartext && mayBeClear(base) {
		return nil, invalid("dsn allows a connection without TLS to another machine: use sslmode=verify-full, or cleartext: true if it must be")
	}
	return limited(base, c), nil
}

// mayBeClear says whether a password or an answer could travel readable. What
// stays on the machine is nobody else's to read.
func mayBeClear(c *pgx.ConnConfig) bool {
	clear := c.TLSConfig == nil && !onThisMachine(c.Host)
	for _, f := range c.Fallbacks {
		clear = clear || (f.TLSConfig == nil && !onThisMachine(f.Host))
	}
	return clear
}

func onThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return strings.HasPrefix(host, "/") || host == "localhost" || (ip != nil && ip.IsLoopback())
}

func invalid(what string) error { return lastday.Errorf(lastday.CodeInvalid, "postgres", "%s", what) }
