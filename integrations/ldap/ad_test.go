package ldap

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"lastday"
	"lastday/integrations/integrationtest"
	"lastday/integrations/ldap/ldaptest"
)

const (
	adPeople = ",OU=People," + ldaptest.Domain
	adGroups = ",OU=Groups," + ldaptest.Domain
	adKim    = "CN=Gone\\, kim" + adPeople
	adLee    = "CN=Stay\\, lee" + adPeople
	adCanary = "CN=canary" + adPeople
	adBot    = "CN=bot,OU=Service," + ldaptest.Domain
)

// adWorld is a domain in this process, seen and changed by its books.
type adWorld struct {
	t     integrationtest.T
	ad    *ldaptest.AD
	proxy *ldaptest.Proxy
	// clock is the domain's and the driver's time.
	clock time.Time
}

func newADWorld(t integrationtest.T) *adWorld {
	t.Helper()
	w := &adWorld{t: t, clock: noon()}
	var err error
	if w.ad, err = ldaptest.NewAD(func() time.Time { return w.clock }); err != nil {
		t.Fatalf("domain: %v", err)
	}
	t.Cleanup(w.ad.Close)
	if w.proxy, err = ldaptest.NewProxy(w.ad.Addr); err != nil {
		t.Fatalf("proxy: %v", err)
	}
	t.Cleanup(w.proxy.Close)
	w.ad.AddUser(adBot, "svc-lastday", botsPassword, 1500)
	w.ad.AllowWrites(adBot)
	for i, dn := range []string{adKim, adLee, adCanary} {
		login := []string{"kim", "lee", "canary"}[i]
		w.ad.AddUser(dn, login, kimsPassword, uint32(1601+i))
		w.ad.Set(dn, "employeeID", fmt.Sprint(1001+i))
		w.ad.Set(dn, "mail", login+"@acme.example")
		w.ad.Set(dn, "userAccountControl", "66048") // NORMAL_ACCOUNT and DONT_EXPIRE_PASSWORD
	}
	w.ad.Set(adKim, "accountExpires", fileTime(noon().AddDate(1, 0, 0)))
	w.ad.AddGroup("CN=Domain Users,CN=Users,"+ldaptest.Domain, 513)
	for i, cn := range []string{"a staff", "b \\\"x\\\" (#1)*", "c ops", "d wiki"} {
		w.ad.AddGroup("CN="+cn+adGroups, uint32(1700+i), adKim, adLee, adCanary)
	}
	return w
}

func (w *adWorld) config() Config {
	return Config{
		URL: "ldap://" + w.proxy.Addr, InsecureClearText: true, Flavour: flavourAD, Bind: `ACME\svc-lastday`, Password: "env:LDAP",
		Bases: []string{ldaptest.Domain}, Canary: adCanary, PageSize: 2, Groups: map[string]string{"cn=c ops" + adGroups: "admin"},
	}
}

// secure is a configuration that goes to the domain with TLS.
func (w *adWorld) secure() Config {
	c := w.config()
	file := filepath.Join(tempDir(w.t), "ca.pem")
	if err := os.WriteFile(file, w.ad.CA, 0o600); err != nil {
		w.t.Fatalf("ca: %v", err)
	}
	c.URL, c.InsecureClearText, c.CA = "ldaps://"+w.ad.TLSAddr, false, "file:"+file
	return c
}

func tempDir(t integrationtest.T) string {
	dir, err := os.MkdirTemp("", "ldap-test-")
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (w *adWorld) open(cfg Config) *driver {
	w.t.Helper()
	d := openDriver(w.t, cfg)
	d.now = func() time.Time { return w.clock }
	return d
}

func TestConformanceOfActiveDirectory(t *testing.T) {
	integrationtest.Run(t, integrationtest.Harness{
		Description: description(),
		Open:        openADWorld,
		Absent: map[string]string{
			"pending":    "a directory has no invitations",
			kindKey:      "no attribute for keys is configured, as in most domains; it is OpenLDAP's code",
			kindPassword: "it is only taken over TLS and once the account is disabled; the faults need to read the wire, password_test.go does it",
		},
		Excused: map[string]string{
			"waits as long as it is asked to, and lets others wait": "a server that is busy does not say for how long",
		},
	})
}

func openADWorld(t integrationtest.T) integrationtest.World {
	w := newADWorld(t)
	kim, lee := w.ad.GUID(adKim), w.ad.GUID(adLee)
	return integrationtest.World{
		System: "ldap", Driver: w.open(w.config()), Far: w, Now: noon,
		Leaver: person("p1", "kim@acme.example", kim), LeaverID: kim,
		Bystander: person("p2", "lee@acme.example", lee), BystanderID: lee,
		Stranger: lastday.Person{Key: "p3", Name: "Max", Emails: []string{"max@acme.example"}},
		Secrets:  []string{botsPassword, kimsPassword},
		LastOwner: func() integrationtest.Entry {
			w.ad.Set("CN=c ops"+adGroups, "member", adKim)
			return integrationtest.Entry{Kind: kindGroup, Resource: w.ad.GUID("CN=c ops"+adGroups) + "/member", Rung: "admin"}
		},
	}
}

// dn is the name of the account with an id, empty if it is gone.
func (w *adWorld) dn(id string) string {
	for _, dn := range []string{adKim, adLee} {
		if w.ad.GUID(dn) == id {
			return dn
		}
	}
	return ""
}

// Access reads the domain's books.
func (w *adWorld) Access(id string) []integrationtest.Entry {
	dn := w.dn(id)
	if dn == "" {
		return nil
	}
	var all []integrationtest.Entry
	if w.ad.Values(dn, "userAccountControl")[0] == "66048" {
		all = append(all, integrationtest.Entry{Kind: "sign_in", Resource: "bind", Rung: "enabled"})
	}
	if w.ad.Values(dn, "accountExpires")[0] > fileTime(noon()) {
		all = append(all, integrationtest.Entry{Kind: "expiry", Resource: "accountExpires", Rung: "open"})
	}
	for group, attrs := range w.ad.Dump() {
		if slices.Contains(attrs["member"], dn) {
			rung := "write"
			if group == "CN=c ops"+adGroups {
				rung = "admin"
			}
			all = append(all, integrationtest.Entry{Kind: "group", Resource: w.ad.GUID(group) + "/member", Rung: rung, Later: strings.HasPrefix(group, "CN=d")})
		}
	}
	return all
}

// Snapshot is all objects, with memberships told of the member.
func (w *adWorld) Snapshot() map[string]string {
	out := map[string]string{}
	for dn, attrs := range w.ad.Dump() {
		key := dn
		if id := w.ad.GUID(dn); w.dn(id) != "" {
			key = id
		}
		for _, attr := range sortedKeys(attrs) {
			for _, v := range attrs[attr] {
				if whose := w.ad.GUID(v); attr == "member" && w.dn(whose) != "" {
					out[whose] += "; member of " + dn
					continue
				}
				out[key] += "; " + attr + "=" + v
			}
		}
	}
	for key, text := range out {
		parts := strings.Split(text, "; ")
		slices.Sort(parts)
		out[key] = strings.Join(parts, "; ")
	}
	return out
}

// Put does what another administrator would.
func (w *adWorld) Put(id string, e integrationtest.Entry) {
	dn := w.dn(id)
	switch {
	case e.Kind == "sign_in":
		w.ad.Set(dn, "userAccountControl", map[bool]string{true: "66050", false: "66048"}[e.Rung == lastday.None])
	case e.Kind == "expiry":
		w.ad.Set(dn, "accountExpires", map[bool]string{true: "1", false: "0"}[e.Rung == lastday.None])
	default:
		for group, attrs := range w.ad.Dump() {
			if w.ad.GUID(group)+"/member" != e.Resource {
				continue
			}
			rest := slices.DeleteFunc(attrs["member"], func(m string) bool { return m == dn })
			if e.Rung != lastday.None {
				rest = append(rest, dn)
			}
			w.ad.Set(group, "member", rest...)
		}
	}
}

func (w *adWorld) Vanish(id string) { w.ad.Delete(w.dn(id)) }

func (w *adWorld) Break(f integrationtest.Fault) {
	says := "80090308: LdapErr: data 533, not with " + botsPassword + " for kim@acme.example"
	faults := map[integrationtest.Fault]ldaptest.Fault{
		integrationtest.RateLimited: {Answer: 51, Says: says}, integrationtest.Broken: {Answer: 52, Says: says},
		integrationtest.Unauthorized: {Answer: 49, Says: says}, integrationtest.Forbidden: {Answer: 50, Says: says},
		integrationtest.Malformed: {Garbage: true}, integrationtest.Oversized: {Huge: true}, integrationtest.LostWrite: {LoseWrites: true},
		integrationtest.WrongUser: {Swap: map[string]string{
			w.ad.Values(adKim, "objectGUID")[0]: w.ad.Values(adLee, "objectGUID")[0], "kim@": "lee@", "Gone\\, kim": "Stay\\, lee", "1001": "1002",
		}},
	}
	w.ad.Blind(adBot, f == integrationtest.Blind)
	w.proxy.Set(faults[f])
}

func (w *adWorld) Mend() {
	w.proxy.Set(ldaptest.Fault{})
	w.ad.Blind(adBot, false)
}

func (w *adWorld) Writes() int { return w.proxy.Writes() }

// binds says with which number the domain refuses somebody, empty if it lets them in.
func (w *adWorld) binds(name, password string) string {
	conn, err := goldap.DialURL("ldap://" + w.ad.Addr)
	if err != nil {
		w.t.Fatalf("dial: %v", err)
	}
	defer conn.Close()
	if err = conn.Bind(name, password); err == nil {
		return ""
	}
	_, data, _ := strings.Cut(err.Error(), "data ")
	data, _, _ = strings.Cut(data, ",")
	return data
}
