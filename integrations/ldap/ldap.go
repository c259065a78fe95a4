// Package ldap takes and gives back access in a directory: OpenLDAP, or Active
// Directory over LDAP.
//
// An account is an entry, pinned by the id that the server gave it (entryUUID,
// objectGUID): names and places of entries change, and are given to others.
// Every verb opens one connection, binds, and reads our own entry and the
// canary's in the same search as the person's: a directory does not refuse to
// show an entry, it leaves it out. What was not seen is only gone where the
// canary was.
//
// The two flavours share how entries are found, groups read and changes made;
// what differs is behind the type flavour.
package ldap

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/url"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"lastday"
	"lastday/integrations"
)

// Config is what a directory's entry in the configuration holds.
type Config struct {
	// URL is ldaps://HOST[:PORT], or ldap://HOST[:PORT] with StartTLS.
	URL string `yaml:"url"`
	// Flavour is openldap or active-directory. Probe says if the server is another.
	Flavour string `yaml:"flavour"`
	// StartTLS encrypts a connection to an ldap:// address before anything is said.
	StartTLS bool `yaml:"start_tls"`
	// InsecureClearText allows to send the password readable.
	InsecureClearText bool `yaml:"insecure_clear_text"`
	// CA refers to the certificates (PEM) to trust instead of the machine's.
	CA string `yaml:"ca"`
	// Bind is who we are: a DN, or in Active Directory also NAME@DOMAIN or DOMAIN\NAME.
	Bind string `yaml:"bind"`
	// Password refers to our password.
	Password string `yaml:"password"`
	// Bases are where everything is searched; one is usual.
	Bases []string `yaml:"bases"`
	// Canary is the DN of an account that stays, is nobody's we act as, and is in a
	// group. Only where it is seen does not seeing something show anything.
	Canary string `yaml:"canary"`
	// Policy is the DN of the default password policy of OpenLDAP: the lock of an
	// account only holds where its policy has pwdLockout.
	Policy string `yaml:"policy"`
	// LockedCanary is the DN of an account that is locked, and LockedPassword refers to
	// its password. That it is not let in shows that locks hold. Empty believes Policy.
	LockedCanary   string `yaml:"locked_canary"`
	LockedPassword string `yaml:"locked_password"`
	// Placeholder is the DN that takes the last member's place in a group that
	// must have one; empty refuses to take the last.
	Placeholder string `yaml:"placeholder"`
	// Monitor reads OpenLDAP's cn=Monitor to tell of connections that are open.
	Monitor bool `yaml:"monitor"`
	// SSHKeys names the attribute with public keys; empty looks at none.
	SSHKeys string `yaml:"ssh_keys"`
	// Groups says how high membership of a group is, by the group's DN: admin, write
	// or read. Others are write.
	Groups map[string]string `yaml:"groups"`
	// Managed names, by the DN above them, who decides about groups elsewhere, such as
	// an identity provider that writes them.
	Managed map[string]string `yaml:"managed"`
	// PageSize is how many entries the server sends at once; zero is 500.
	PageSize uint32 `yaml:"page_size"`
	// Timeout bounds each answer; zero is 20s.
	Timeout time.Duration `yaml:"timeout"`
	// TicketLifetime is how long a Kerberos ticket of Active Directory may go on
	// after the account was disabled; zero is 10h, the domain's default.
	TicketLifetime time.Duration `yaml:"ticket_lifetime"`
}

// Kind is the registration of this integration.
func Kind() integrations.Kind { return integrations.Define(description(), open) }

// driver is the integration with one directory.
type driver struct {
	cfg      Config
	flavour  flavour
	system   string
	now      func() time.Time
	password string
	// lockedPassword is the locked canary's.
	lockedPassword string
	addr           string
	tls            *tls.Config // nil is clear text
	levels         map[string]lastday.Level
}

func open(ctx context.Context, cfg Config, deps integrations.Deps) (integrations.Driver, error) {
	d := &driver{system: deps.System, now: deps.Now}
	var err error
	if d.cfg, err = cfg.checked(); err != nil {
		return nil, err
	}
	if d.levels, err = groupLevels(cfg.Groups); err != nil {
		return nil, err
	}
	d.flavour = flavourOf(d.cfg)
	if d.password, err = deps.Secret(ctx, cfg.Password); err != nil {
		return nil, lastday.Wrap(lastday.CodeOf(err), "ldap", "password", err)
	}
	if d.cfg.LockedCanary != "" {
		if d.lockedPassword, err = deps.Secret(ctx, cfg.LockedPassword); err != nil {
			return nil, lastday.Wrap(lastday.CodeOf(err), "ldap", "locked_password", err)
		}
		d.lockedPassword = strings.TrimRight(d.lockedPassword, "\r\n")
	}
	d.password = strings.TrimRight(d.password, "\r\n")
	if d.password == "" || (d.cfg.LockedCanary != "" && d.lockedPassword == "") {
		return nil, invalid("password is empty: a server takes that for nobody, and says yes")
	}
	return d, d.transport(ctx, deps)
}

// checked fills in what was left out and refuses what makes no sense.
func (c Config) checked() (Config, error) {
	if c.PageSize == 0 {
		c.PageSize = 500
	}
	if c.Timeout == 0 {
		c.Timeout = 20 * time.Second
	}
	if c.TicketLifetime == 0 {
		c.TicketLifetime = 10 * time.Hour
	}
	switch {
	case c.Bind == "" || c.Password == "":
		return c, invalid("bind or password is missing: whom to act as, and a reference such as file:PATH")
	case len(c.Bases) == 0:
		return c, invalid("bases is missing: where to search, such as dc=acme,dc=example")
	case c.Canary == "":
		return c, invalid("canary is missing: the DN of an account that stays, in at least one group")
	case c.PageSize > 1000 || c.Timeout < time.Second || c.TicketLifetime < 0:
		return c, invalid("page_size must be at most 1000, timeout at least a second, ticket_lifetime not negative")
	}
	if err := c.flavoured(); err != nil {
		return c, err
	}
	return c, c.names()
}

// flavoured refuses what does not belong to the flavour.
func (c Config) flavoured() error {
	switch c.Flavour {
	case flavourOpenLDAP:
		if (c.LockedCanary == "") != (c.LockedPassword == "") {
			return invalid("locked_canary and locked_password belong together")
		}
		if c.Policy == "" {
			return invalid("policy is missing: the DN of the default password policy, without which no lock holds")
		}
	case flavourAD:
		if c.Policy != "" || c.Placeholder != "" || c.Monitor || c.LockedCanary != "" {
			return invalid("policy, locked_canary, placeholder and monitor are for OpenLDAP")
		}
	default:
		return invalid("flavour must be openldap or active-directory")
	}
	return nil
}

// names refuses what is no DN.
func (c Config) names() error {
	all := append([]string{c.Canary}, c.Bases...)
	all = append(all, sortedKeys(c.Groups)...)
	all = append(all, sortedKeys(c.Managed)...)
	for _, dn := range []string{c.Policy, c.Placeholder, c.LockedCanary} {
		if dn != "" {
			all = append(all, dn)
		}
	}
	for _, dn := range all {
		if parsed, err := goldap.ParseDN(dn); err != nil || len(parsed.RDNs) == 0 {
			return invalid("one of bases, canary, policy, locked_canary, placeholder, groups and managed is no DN")
		}
	}
	if sameDN(c.Canary, c.Bind) {
		return invalid("canary is our own account: to see oneself shows nothing about others")
	}
	return nil
}

func groupLevels(groups map[string]string) (map[string]lastday.Level, error) {
	levels := map[string]lastday.Level{}
	for dn, name := range groups {
		level, err := lastday.ParseLevel(name)
		if err != nil || level < lastday.LevelSignIn {
			return nil, invalid("a group's level must be admin, write, read or sign-in")
		}
		levels[foldDN(dn)] = level
	}
	return levels, nil
}

// transport reads where to connect, and how it is encrypted.
func (d *driver) transport(ctx context.Context, deps integrations.Deps) error {
	u, err := server(d.cfg.URL)
	if err != nil {
		return err
	}
	secure := u.Scheme == "ldaps" || d.cfg.StartTLS
	switch {
	case u.Scheme == "ldaps" && d.cfg.StartTLS:
		return invalid("start_tls is for ldap://; ldaps:// is encrypted from the beginning")
	case !secure && !d.cfg.InsecureClearText:
		return invalid("url would send the password readable: use ldaps://, or start_tls: true, or insecure_clear_text: true if it must be")
	case secure && d.cfg.InsecureClearText:
		return invalid("insecure_clear_text contradicts an encrypted connection")
	}
	d.addr = net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), map[string]string{"ldaps": "636", "ldap": "389"}[u.Scheme]))
	if !secure {
		return nil
	}
	d.tls = &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}
	return d.trust(ctx, deps)
}

// server reads an address. Its errors never repeat it: people put passwords there.
func server(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.User != nil || (u.Path != "" && u.Path != "/") {
		return nil, invalid("url must be ldaps://HOST or ldap://HOST, with a port or not")
	}
	if u.Scheme != "ldaps" && u.Scheme != "ldap" {
		return nil, invalid("url must begin with ldaps:// or ldap://")
	}
	return u, nil
}

func (d *driver) trust(ctx context.Context, deps integrations.Deps) error {
	if d.cfg.CA == "" {
		return nil
	}
	pem, err := deps.Secret(ctx, d.cfg.CA)
	if err != nil {
		return lastday.Wrap(lastday.CodeOf(err), "ldap", "ca", err)
	}
	d.tls.RootCAs = x509.NewCertPool()
	if !d.tls.RootCAs.AppendCertsFromPEM([]byte(pem)) {
		return invalid("ca holds no certificate in PEM")
	}
	return nil
}

func invalid(what string) error { return lastday.Errorf(lastday.CodeInvalid, "ldap", "%s", what) }
