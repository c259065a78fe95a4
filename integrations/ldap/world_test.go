package ldap

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/integrationtest"
	"lastday/integrations/ldap/ldaptest"
)

// The server that the tests share, started when the first test wants it. Every
// test has a tree of its own in it.
var (
	slapd       *ldaptest.Slapd
	slapdFolder string
	startSlapd  = sync.OnceValue(start)
	worlds      atomic.Int64
)

func TestMain(m *testing.M) {
	code := m.Run()
	if slapd != nil {
		slapd.Stop()
	}
	_ = os.RemoveAll(slapdFolder)
	os.Exit(code)
}

func start() error {
	dir, err := os.MkdirTemp("", "slapd-test-")
	if err != nil {
		return err
	}
	slapdFolder = dir
	slapd, err = ldaptest.Start(context.Background(), dir)
	return err
}

func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

const (
	kimsPassword = "k1m-5ecret-word"
	botsPassword = "b0t-5ecret-word"
)

// world is a tree in the shared server, seen and changed as root, never by way
// of the driver.
type world struct {
	t        integrationtest.T
	base     string
	proxy    *ldaptest.Proxy
	kim, lee string // their accounts' ids

	mu   sync.Mutex
	root *goldap.Conn
}

func (w *world) person(uid string) string { return "uid=" + uid + ",ou=people," + w.base }
func (w *world) group(cn string) string   { return "cn=" + cn + ",ou=groups," + w.base }
func (w *world) bot() string              { return "cn=bot," + w.base }

// add adds an entry; each attribute is written as name=value.
func (w *world) add(dn string, attributes ...string) {
	w.t.Helper()
	values := map[string][]string{}
	for _, a := range attributes {
		name, value, _ := strings.Cut(a, "=")
		values[name] = append(values[name], value)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := ldaptest.Add(w.root, dn, values); err != nil {
		w.t.Fatalf("add %s: %v", dn, err)
	}
}

// modify changes an entry: op is add, delete or replace.
func (w *world) modify(op, dn, attr string, values ...string) {
	w.t.Helper()
	if err := w.try(op, dn, attr, values...); err != nil {
		w.t.Fatalf("%s %s of %s: %v", op, attr, dn, err)
	}
}

func (w *world) try(op, dn, attr string, values ...string) error {
	req := goldap.NewModifyRequest(dn, nil)
	switch op {
	case "add":
		req.Add(attr, values)
	case "delete":
		req.Delete(attr, values)
	default:
		req.Replace(attr, values)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.root.Modify(req)
}

// entries reads a part of the tree with everything in it.
func (w *world) entries(filter string) []*goldap.Entry {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	found, err := w.root.Search(goldap.NewSearchRequest(w.base, goldap.ScopeWholeSubtree, 0, 0, 0, false, filter, []string{"*", "+"}, nil))
	if err != nil {
		w.t.Fatalf("search: %v", err)
	}
	return found.Entries
}

func (w *world) entry(dn string) *goldap.Entry {
	w.t.Helper()
	found := w.entries("(entryDN=" + goldap.EscapeFilter(dn) + ")")
	if len(found) != 1 {
		w.t.Fatalf("%d entries %s", len(found), dn)
	}
	return found[0]
}

func (w *world) id(dn string) string { return w.entry(dn).GetAttributeValue("entryUUID") }

// newWorld plants a company: kim leaves, lee stays.
func newWorld(t integrationtest.T) *world {
	t.Helper()
	if err := startSlapd(); err != nil {
		t.Fatalf("these tests need a real OpenLDAP: %v", err)
	}
	w := &world{t: t, base: fmt.Sprintf("ou=w%d,%s", worlds.Add(1), ldaptest.Suffix)}
	var err error
	if w.root, err = slapd.Root(); err != nil {
		t.Fatalf("root: %v", err)
	}
	if w.proxy, err = ldaptest.NewProxy(slapd.Addr); err != nil {
		t.Fatalf("proxy: %v", err)
	}
	t.Cleanup(func() {
		w.proxy.Close()
		_ = w.root.Close()
	})
	for _, ou := range []string{w.base, "ou=acl," + w.base, "ou=people," + w.base, "ou=groups," + w.base} {
		w.add(ou, "objectClass=organizationalUnit")
	}
	w.addPerson("kim", "1001", "u3")
	w.addPerson("lee", "1002", "u4")
	w.addPerson("canary", "9001", "u5")
	w.add(w.bot(), "objectClass=inetOrgPerson", "cn=bot", "sn=Bot", "userPassword="+botsPassword)
	w.add("cn=sighted,ou=acl,"+w.base, "objectClass=groupOfNames", "member=cn=nobody", "member="+w.bot())
	for _, cn := range []string{"a staff", "b, \"x\" + (#1)*"} {
		w.add(w.group(escapeRDN(cn)), "objectClass=groupOfNames", "cn="+cn, "member="+w.person("kim"), "member="+w.person("lee"), "member="+w.person("canary"))
	}
	w.add(w.group("admins"), "objectClass=groupOfNames", "member="+w.person("kim"), "member="+w.person("lee"))
	w.add(w.group("readers"), "objectClass=groupOfUniqueNames", "uniqueMember="+w.person("kim"), "uniqueMember="+w.person("lee"))
	w.add(w.group("unix"), "objectClass=posixGroup", "gidNumber=7", "memberUid=kim", "memberUid=lee")
	w.add(w.group("parent"), "objectClass=groupOfNames", "member=cn=nobody")
	w.kim, w.lee = w.id(w.person("kim")), w.id(w.person("lee"))
	return w
}

func escapeRDN(s string) string { return goldap.EscapeDN(s) }

func (w *world) addPerson(uid, number, key string) {
	w.add(w.person(uid), "objectClass=inetOrgPerson", "objectClass=ldapPublicKey", "cn="+uid, "sn="+uid, "employeeNumber="+number,
		"mail="+uid+"@acme.example", "userPassword="+kimsPassword, "sshPublicKey=ssh-ed25519 AAAAC3"+key+" "+uid+"@laptop", "sshPublicKey=ssh-ed25519 AAAAC4"+key+" "+uid+"@desk")
}

func (w *world) config() Config {
	return Config{
		URL: "ldap://" + w.proxy.Addr, InsecureClearText: true, Flavour: flavourOpenLDAP, Bind: w.bot(), Password: "env:LDAP",
		Bases: []string{w.base}, Canary: w.person("canary"), Policy: ldaptest.Policy, SSHKeys: "sshPublicKey", PageSize: 2,
		Groups: map[string]string{w.group("admins"): "admin", w.group("readers"): "read"},
	}
}

func (w *world) driver(change ...func(*Config)) *driver {
	w.t.Helper()
	cfg := w.config()
	for _, c := range change {
		c(&cfg)
	}
	return openDriver(w.t, cfg)
}

func openDriver(t integrationtest.T, cfg Config) *driver {
	t.Helper()
	secrets := map[string]string{"env:LDAP": botsPassword, "env:LOCKED": kimsPassword}
	d, err := open(t.Context(), cfg, integrations.Deps{System: "ldap", Now: noon, Secret: func(_ context.Context, ref string) (string, error) {
		if file, ok := strings.CutPrefix(ref, "file:"); ok {
			text, err := os.ReadFile(file)
			return string(text), err
		}
		return secrets[ref], nil
	}})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return d.(*driver)
}

func person(key, email, id string) lastday.Person {
	p := lastday.Person{Key: key, Name: "Kim Gone", Emails: []string{email}}
	if id != "" {
		p.Links = []lastday.Link{{System: "ldap", ID: id}}
	}
	return p
}

// uid is the login of an account's id, empty if it is gone.
func (w *world) uid(account string) string {
	for _, e := range w.entries("(entryUUID=" + account + ")") {
		return e.GetAttributeValue("uid")
	}
	return ""
}

// Access reads the books as root.
func (w *world) Access(account string) []integrationtest.Entry {
	uid := w.uid(account)
	if uid == "" {
		return nil
	}
	var all []integrationtest.Entry
	add := func(kind, resource, rung string) {
		all = append(all, integrationtest.Entry{Kind: kind, Resource: resource, Rung: rung, Later: len(all) > 4})
	}
	e := w.entry(w.person(uid))
	if e.GetAttributeValue("pwdAccountLockedTime") != "000001010000Z" {
		add("sign_in", "bind", "enabled")
	}
	for _, key := range e.GetAttributeValues("sshPublicKey") {
		add("ssh_key", keyID(key), "held")
	}
	levels := map[string]string{"admins": "admin", "readers": "read"}
	for _, g := range w.entries("(ou:dn:=groups)") {
		cn, rung := g.GetAttributeValue("cn"), "write"
		if levels[cn] != "" {
			rung = levels[cn]
		}
		for _, attr := range []string{"member", "uniqueMember"} {
			if slices.Contains(g.GetAttributeValues(attr), w.person(uid)) {
				add("group", g.GetAttributeValue("entryUUID")+"/"+attr, rung)
			}
		}
		if slices.Contains(g.GetAttributeValues("memberUid"), uid) {
			add("group", g.GetAttributeValue("entryUUID")+"/memberUid/"+uid, rung)
		}
	}
	return all
}

// Snapshot is every entry, with memberships told of the member.
func (w *world) Snapshot() map[string]string {
	out := map[string]string{}
	ids := map[string]string{strings.ToLower(w.person("kim")): w.kim, strings.ToLower(w.person("lee")): w.lee, "kim": w.kim, "lee": w.lee}
	for _, e := range w.entries("(objectClass=*)") {
		key := e.DN
		if id := ids[strings.ToLower(e.DN)]; id != "" {
			key = id
		}
		for _, a := range e.Attributes {
			if slices.Contains([]string{"entryCSN", "modifyTimestamp", "modifiersName", "memberOf"}, a.Name) {
				continue
			}
			slices.Sort(a.Values)
			for _, v := range a.Values {
				whose := key
				if id := ids[strings.ToLower(v)]; id != "" && strings.Contains(strings.ToLower(a.Name), "member") {
					whose = id
				}
				out[whose] += fmt.Sprintf("%s %s=%s; ", e.DN, a.Name, v)
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

// Put does as root what another administrator would.
func (w *world) Put(account string, e integrationtest.Entry) {
	uid := w.uid(account)
	op := map[bool]string{true: "delete", false: "add"}[e.Rung == lastday.None]
	switch e.Kind {
	case "sign_in":
		if e.Rung == lastday.None {
			w.modify("replace", w.person(uid), "pwdAccountLockedTime", "000001010000Z")
		} else {
			w.modify("delete", w.person(uid), "pwdAccountLockedTime")
		}
	case "ssh_key":
		for _, key := range w.entry(w.person(uid)).GetAttributeValues("sshPublicKey") {
			if keyID(key) == e.Resource {
				w.modify(op, w.person(uid), "sshPublicKey", key)
			}
		}
	case "group":
		parts := strings.Split(e.Resource, "/")
		for _, g := range w.entries("(entryUUID=" + parts[0] + ")") {
			value := w.person(uid)
			if parts[1] == "memberUid" {
				value = uid
			}
			w.modify(op, g.DN, parts[1], value)
		}
	}
}

// Vanish deletes the account and, as an administrator does, what names it.
func (w *world) Vanish(account string) {
	uid := w.uid(account)
	for _, g := range w.entries("(ou:dn:=groups)") {
		for _, attr := range []string{"member", "uniqueMember", "memberUid"} {
			_ = w.try("delete", g.DN, attr, map[bool]string{true: uid, false: w.person(uid)}[attr == "memberUid"]) // most do not have it
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.root.Del(goldap.NewDelRequest(w.person(uid), nil)); err != nil {
		w.t.Fatalf("delete: %v", err)
	}
}

// Break makes trouble on the way; Blind takes our account's rights away.
func (w *world) Break(f integrationtest.Fault) {
	says := "not with " + botsPassword + " for kim@acme.example"
	faults := map[integrationtest.Fault]ldaptest.Fault{
		integrationtest.RateLimited: {Answer: 51, Says: says}, integrationtest.Broken: {Answer: 80, Says: says},
		integrationtest.Unauthorized: {Answer: 49, Says: says}, integrationtest.Forbidden: {Answer: 50, Says: says},
		integrationtest.Malformed: {Garbage: true}, integrationtest.Oversized: {Huge: true}, integrationtest.LostWrite: {LoseWrites: true},
		integrationtest.WrongUser: {Swap: map[string]string{w.kim: w.lee, "kim": "lee", "1001": "1002"}},
	}
	if f == integrationtest.Blind {
		w.modify("delete", "cn=sighted,ou=acl,"+w.base, "member", w.bot())
	}
	w.proxy.Set(faults[f])
}

func (w *world) Mend() {
	w.proxy.Set(ldaptest.Fault{})
	_ = w.try("add", "cn=sighted,ou=acl,"+w.base, "member", w.bot()) // it may be there
}

func (w *world) Writes() int { return w.proxy.Writes() }
