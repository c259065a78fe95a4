// Package ldaptest brings directories for tests: a real OpenLDAP, an Active
// Directory in this process, and a proxy that puts trouble in front of either.
//
// The OpenLDAP has its own data folder and port on the loopback, keeps nothing,
// and needs no root. It needs the server program (Debian: slapd); without it it
// is an error that says what to install, because a test that skips itself proves
// nothing.
package ldaptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
)

// Suffix is the tree of every Slapd, RootDN and RootPassword who may do all.
const (
	Suffix       = "dc=acme,dc=example"
	RootDN       = "cn=root,dc=acme,dc=example"
	RootPassword = "r00t-0f-all"
	// Policy is the default password policy, which has pwdLockout.
	Policy = "cn=policy,dc=acme,dc=example"
)

// Slapd is one running OpenLDAP.
type Slapd struct {
	// Addr is host and port in clear text, TLSAddr with TLS from the beginning.
	Addr, TLSAddr string
	cmd           *exec.Cmd
	log           *bytes.Buffer
	exited        chan struct{}
}

// configuration of the server: ppolicy and memberof as in many a company. Under
// ou=wN only who is in cn=sighted,ou=acl,ou=wN sees and changes anything; others
// see the base and themselves.
const configuration = `
include %[1]s/core.schema
include %[1]s/cosine.schema
include %[1]s/inetorgperson.schema
include %[1]s/nis.schema
attributetype ( 1.3.6.1.4.1.24552.500.1.1.1.13 NAME 'sshPublicKey' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
objectclass ( 1.3.6.1.4.1.24552.500.1.1.2.0 NAME 'ldapPublicKey' SUP top AUXILIARY MAY ( sshPublicKey $ uid ) )
modulepath %[2]s
moduleload back_mdb
moduleload ppolicy
moduleload back_monitor
moduleload memberof
TLSCACertificateFile %[3]s/ca.pem
TLSCertificateFile %[3]s/cert.pem
TLSCertificateKeyFile %[3]s/key.pem
database mdb
suffix "dc=acme,dc=example"
rootdn "cn=root,dc=acme,dc=example"
rootpw "r00t-0f-all"
directory %[3]s
maxsize 268435456
dbnosync
index objectClass,entryUUID,uid,member,uniqueMember,memberUid,mail,employeeNumber eq
access to dn.regex="^ou=w[0-9]+,dc=acme,dc=example$" by users read by anonymous auth
access to dn.regex="^(.+,)?(ou=w[0-9]+,dc=acme,dc=example)$"
	by group/groupOfNames/member.expand="cn=sighted,ou=acl,$2" manage
	by self read
	by anonymous auth
access to * by users read by anonymous auth
overlay memberof
overlay ppolicy
ppolicy_default "cn=policy,dc=acme,dc=example"
ppolicy_use_lockout
database monitor
access to * by dn.regex="^cn=bot,ou=w[0-9]+,dc=acme,dc=example$" read
`

// Start makes a server in dir, which must be empty, and waits until it answers.
func Start(ctx context.Context, dir string) (*Slapd, error) {
	program, err := slapd()
	if err != nil {
		return nil, err
	}
	if err := WriteCertificates(dir); err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "slapd.conf")
	text := fmt.Sprintf(configuration, folder("/etc/ldap/schema", "/etc/openldap/schema"), folder("/usr/lib/ldap", "/usr/lib64/openldap", "/usr/libexec/openldap"), dir)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	clear, errClear := freePort(ctx)
	secure, errSecure := freePort(ctx)
	if err := errors.Join(errClear, errSecure); err != nil {
		return nil, err
	}
	s := &Slapd{Addr: clear, TLSAddr: secure, log: &bytes.Buffer{}, exited: make(chan struct{})}
	s.cmd = exec.Command(program, "-d", "0", "-f", file, "-h", "ldap://"+clear+" ldaps://"+secure) //nolint:gosec // the server under test, with our own arguments
	s.cmd.Stderr = s.log
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = s.cmd.Wait()
		close(s.exited)
	}()
	return s, s.ready(ctx)
}

// ready waits until the server lets root in, and plants the tree's root.
func (s *Slapd) ready(ctx context.Context) error {
	for range 600 {
		select {
		case <-s.exited:
			return fmt.Errorf("slapd ended: %s", s.log.String())
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
		conn, err := s.Root()
		if err != nil {
			continue
		}
		defer func() { _ = conn.Close() }()
		return errors.Join(
			Add(conn, Suffix, map[string][]string{"objectClass": {"dcObject", "organization"}, "dc": {"acme"}, "o": {"Acme"}}),
			Add(conn, Policy, map[string][]string{"objectClass": {"device", "pwdPolicy"}, "cn": {"policy"}, "pwdAttribute": {"userPassword"}, "pwdLockout": {"TRUE"}}),
		)
	}
	return errors.New("slapd does not answer")
}

// Stop ends the server at once.
func (s *Slapd) Stop() {
	_ = s.cmd.Process.Kill() // it may have ended
	<-s.exited
}

// Root opens a connection that may do all.
func (s *Slapd) Root() (*goldap.Conn, error) { return s.Bind(RootDN, RootPassword) }

// Bind opens a connection as somebody.
func (s *Slapd) Bind(dn, password string) (*goldap.Conn, error) {
	conn, err := goldap.DialURL("ldap://" + s.Addr)
	if err != nil {
		return nil, err
	}
	if err := conn.Bind(dn, password); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// Add adds an entry.
func Add(conn *goldap.Conn, dn string, attributes map[string][]string) error {
	add := goldap.NewAddRequest(dn, nil)
	for name, values := range attributes {
		add.Attribute(name, values)
	}
	return conn.Add(add)
}

// slapd finds the server program.
func slapd() (string, error) {
	if path, err := exec.LookPath("slapd"); err == nil {
		return path, nil
	}
	for _, path := range []string{"/usr/sbin/slapd", "/usr/libexec/slapd", "/usr/lib/openldap/slapd"} {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", errors.New("OpenLDAP's server program slapd is neither in PATH nor in /usr/sbin: install it (Debian: apt-get install slapd)")
}

// folder is the first of those that exist, or else the first.
func folder(all ...string) string {
	for _, path := range all {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return all[0]
}

// freePort finds a loopback address that is free now. Its port is under those that
// connections are given by themselves: none takes it before it is used.
func freePort(ctx context.Context) (string, error) {
	for range 100 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(20000+rand.IntN(12000))) //nolint:gosec // A port is no secret.
		if l, err := new(net.ListenConfig).Listen(ctx, "tcp", address); err == nil {
			return address, l.Close()
		}
	}
	return "", errors.New("no port is free between 20000 and 32000")
}
