package sandbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"lastday/integrations/ldap/ldaptest"
)

// Directory is the company's Active Directory: the leaver has an account for
// the day's work and one for administration, which is an administrator of the
// domain by way of another group.
type Directory struct {
	ad  *ldaptest.AD
	cas *x509.CertPool
	// before are the versions of what can be written, as they were at first.
	before map[string]int
	// mine are how often one of the leaver's accounts stood in each group.
	mine map[string]int
}

const (
	peopleOU = ",OU=People," + ldaptest.Domain
	adminsOU = ",OU=Administration," + ldaptest.Domain
	groupsOU = ",OU=Groups," + ldaptest.Domain

	leaverDN    = "CN=Larsen\\, Freya" + peopleOU
	adminDN     = "CN=adm-freya" + adminsOU
	canaryDN    = "CN=canary" + peopleOU
	robotDN     = "CN=svc-lastday,OU=Service," + ldaptest.Domain
	auditorDN   = "CN=auditor,OU=Service," + ldaptest.Domain
	desktopsDN  = "CN=Desktop Admins" + groupsOU
	domainAdmin = "CN=Domain Admins,CN=Users," + ldaptest.Domain

	robotPassword   = "sandbox-robot-5ecret"
	auditorPassword = "sandbox-auditor-5ecret"
	leaverPassword  = "sandbox-freya-5ecret"
	adminPassword   = "sandbox-adm-freya-5ecret"
)

func newDirectory(dir string) (*Directory, error) {
	ad, err := ldaptest.NewAD(time.Now)
	if err != nil {
		return nil, err
	}
	d := &Directory{ad: ad, cas: x509.NewCertPool(), mine: map[string]int{}}
	if !d.cas.AppendCertsFromPEM(ad.CA) {
		return d, errors.New("the directory's certificate cannot be read")
	}
	d.furnish()
	if d.before, err = d.versions(); err != nil {
		return d, err
	}
	for _, group := range d.groups() {
		d.mine[group] = len(ours(ad.Values(group, "member")))
	}
	return d, os.WriteFile(filepath.Join(dir, "corp-ca.pem"), ad.CA, 0o600)
}

func (d *Directory) furnish() {
	d.ad.AddUser(robotDN, "svc-lastday", robotPassword, 1500)
	d.ad.AllowWrites(robotDN)
	d.ad.AddUser(auditorDN, "auditor", auditorPassword, 1501)
	people := []string{leaverDN, canaryDN}
	d.person(leaverDN, leaverLogin, leaverPassword, leaverNumber, 1600)
	d.person(canaryDN, "canary", "sandbox-canary-5ecret", "E-0001", 1601)
	for i, name := range []string{"Olga Reyes", "Jonas Weber", "Amara Okafor", "Lee Tanaka"} {
		given, family, _ := strings.Cut(name, " ")
		dn := "CN=" + family + "\\, " + given + peopleOU
		d.person(dn, strings.ToLower(given+"."+family), "sandbox-other-5ecret", fmt.Sprintf("E-10%02d", i), uint32(1610+i))
		people = append(people, dn)
	}
	d.ad.AddUser(adminDN, "adm-freya", adminPassword, 1700)
	d.ad.AddUser("CN=adm-olga"+adminsOU, "adm-olga", "sandbox-adm-olga-5ecret", 1701)
	d.ad.AddGroup("CN=Domain Users,CN=Users,"+ldaptest.Domain, 513)
	d.ad.AddGroup("CN=Everyone at Northwind"+groupsOU, 1800, people...)
	d.ad.AddGroup("CN=Support"+groupsOU, 1801, leaverDN, people[2], people[3])
	d.ad.AddGroup("CN=Customer Data"+groupsOU, 1802, leaverDN, people[4])
	d.ad.AddGroup(desktopsDN, 1803, adminDN, "CN=adm-olga"+adminsOU)
	d.ad.AddGroup(domainAdmin, 512, desktopsDN, "CN=adm-olga"+adminsOU)
}

func (d *Directory) person(dn, login, password, number string, rid uint32) {
	d.ad.AddUser(dn, login, password, rid)
	d.ad.Set(dn, "employeeID", number)
	d.ad.Set(dn, "mail", login+"@northwind.example")
}

// AdminAccount is the id of the leaver's account for administration.
func (d *Directory) AdminAccount() string { return d.ad.GUID(adminDN) }

// System is its name in the configuration.
func (d *Directory) System() string { return "directory" }

// try binds over TLS with the leaver's passwords.
func (d *Directory) try() []Attempt {
	return []Attempt{
		attempt("directory: sign in as "+leaverLogin, told(d.bind(leaverDN, leaverPassword))),
		attempt("directory: sign in as adm-freya", told(d.bind(adminDN, adminPassword))),
	}
}

// told keeps of a refused bind what the domain says: a number of Windows.
func told(err error) error {
	if err == nil {
		return nil
	}
	number := regexp.MustCompile(`data [0-9a-f]+`).FindString(err.Error())
	if number == "" {
		return err
	}
	why := map[string]string{"data 533": "the account is disabled", "data 701": "the account's time is over", "data 52e": "another password"}[number]
	return fmt.Errorf("invalid credentials, %s: %s", number, why)
}

func (d *Directory) bind(dn, password string) error {
	conn, err := d.connect(dn, password)
	if err != nil {
		return err
	}
	return conn.Close()
}

func (d *Directory) connect(dn, password string) (*goldap.Conn, error) {
	conn, err := goldap.DialURL("ldaps://"+d.ad.TLSAddr, goldap.DialWithTLSConfig(&tls.Config{RootCAs: d.cas, MinVersion: tls.VersionTLS12}))
	if err != nil {
		return nil, err
	}
	if err := conn.Bind(dn, password); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// Ways are enabled accounts that did not expire, and groups.
func (d *Directory) Ways(context.Context) ([]string, error) {
	var ways []string
	for _, dn := range []string{leaverDN, adminDN} {
		control, err := strconv.Atoi(strings.Join(d.ad.Values(dn, "userAccountControl"), ""))
		if err != nil {
			return nil, fmt.Errorf("directory: userAccountControl: %w", err)
		}
		const disabled = 2
		if control&disabled == 0 {
			ways = append(ways, dn+": enabled")
		}
	}
	for _, group := range d.groups() {
		for _, dn := range ours(d.ad.Values(group, "member")) {
			ways = append(ways, dn+": in "+group)
		}
	}
	return ways, nil
}

func (d *Directory) groups() []string {
	var all []string
	for dn, attributes := range d.ad.Dump() {
		if slices.Contains(attributes["objectClass"], "group") {
			all = append(all, dn)
		}
	}
	slices.Sort(all)
	return all
}

func ours(members []string) []string {
	return slices.DeleteFunc(slices.Clone(members), func(m string) bool { return !isOurs(m) })
}

func isOurs(dn string) bool { return strings.EqualFold(dn, leaverDN) || strings.EqualFold(dn, adminDN) }

// Others are all other entries, without the leaver's places in groups.
func (d *Directory) Others(context.Context) (map[string]string, error) {
	all := map[string]string{}
	for dn, attributes := range d.ad.Dump() {
		if isOurs(dn) {
			continue
		}
		attributes["member"] = slices.DeleteFunc(attributes["member"], isOurs)
		all[dn] = fmt.Sprint(attributes)
	}
	return all, nil
}

// Writes counts by the domain's own version numbers. A password is set twice on
// purpose: after one reset the old one goes on for an hour.
func (d *Directory) Writes(context.Context) ([]string, error) {
	now, err := d.versions()
	if err != nil {
		return nil, err
	}
	var writes []string
	for what, version := range now {
		dn, attribute, _ := strings.Cut(what, "|")
		need := 1
		switch attribute {
		case "member":
			need = d.mine[dn] - len(ours(d.ad.Values(dn, "member")))
		case "unicodePwd":
			need = 2
		case "pwdLastSet":
			need = 3 // Each reset sets it, and then it is set to zero.
		}
		for i := range version - d.before[what] {
			if i < need {
				writes = append(writes, fmt.Sprintf("%s: %s, change %d", dn, attribute, i))
				continue
			}
			writes = append(writes, fmt.Sprintf("%s: %s, change %d", dn, attribute, max(need-1, 0)))
		}
	}
	slices.Sort(writes)
	return writes, nil
}

// versions reads how often each attribute was written, as an auditor who signs in.
func (d *Directory) versions() (map[string]int, error) {
	conn, err := d.connect(auditorDN, auditorPassword)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }() // It was only read.
	found, err := conn.Search(goldap.NewSearchRequest(ldaptest.Domain, goldap.ScopeWholeSubtree, 0, 0, 0, false, "(objectSid=*)",
		[]string{"msDS-ReplAttributeMetaData"}, nil))
	if err != nil {
		return nil, err
	}
	stamp := regexp.MustCompile(`<pszAttributeName>(\w+)</pszAttributeName>\s*<dwVersion>(\d+)</dwVersion>`)
	all := map[string]int{}
	for _, e := range found.Entries {
		for _, text := range e.GetAttributeValues("msDS-ReplAttributeMetaData") {
			parts := stamp.FindStringSubmatch(text)
			if parts == nil {
				return nil, fmt.Errorf("directory: the stamp of an attribute cannot be read")
			}
			n, err := strconv.Atoi(parts[2])
			if err != nil {
				return nil, err
			}
			all[e.DN+"|"+parts[1]] = n
		}
	}
	return all, nil
}
