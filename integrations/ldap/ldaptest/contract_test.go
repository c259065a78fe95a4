package ldaptest

import (
	"errors"
	"slices"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
)

// directory is what the contract asks of both servers.
type directory struct {
	addr, base              string
	admin, adminPassword    string
	person, personsPassword string
	// lock makes that the person can bind no more.
	lock func(t *testing.T)
}

const odd = `odd (#1)* \ "x", +`

func realDirectory(t *testing.T) directory {
	t.Helper()
	s, err := Start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatalf("the contract needs a real OpenLDAP: %v", err)
	}
	t.Cleanup(s.Stop)
	root, err := s.Root()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	base := "ou=contract," + Suffix
	d := directory{addr: s.Addr, base: base, admin: RootDN, adminPassword: RootPassword, person: "cn=kim," + base, personsPassword: "k1m"}
	must(t, Add(root, base, map[string][]string{"objectClass": {"organizationalUnit"}}))
	must(t, Add(root, d.person, map[string][]string{"objectClass": {"inetOrgPerson"}, "sn": {"k"}, "cn": {"kim"}, "userPassword": {"k1m"}, "description": {"one", "two"}}))
	for _, cn := range []string{"a", "b", "c", odd} {
		must(t, Add(root, "cn="+goldap.EscapeDN(cn)+","+base, map[string][]string{"objectClass": {"device"}, "cn": {cn}, "description": {"thing"}}))
	}
	d.lock = func(t *testing.T) {
		req := goldap.NewModifyRequest(d.person, nil)
		req.Replace("pwdAccountLockedTime", []string{"000001010000Z"})
		must(t, root.Modify(req))
	}
	return d
}

func ownDirectory(t *testing.T) directory {
	t.Helper()
	a, err := NewAD(func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) })
	must(t, err)
	t.Cleanup(a.Close)
	base := "OU=Contract," + Domain
	d := directory{addr: a.Addr, base: base, admin: "CN=admin," + Domain, adminPassword: "adm1n", person: "CN=kim," + base, personsPassword: "k1m"}
	a.AddUser(d.admin, "admin", "adm1n", 1500)
	a.AllowWrites(d.admin)
	a.Put(base, "objectClass", "organizationalUnit")
	a.AddUser(d.person, "kim", "k1m", 1600)
	a.Put(d.person, "cn", "kim", "description", "one", "description", "two")
	for _, cn := range []string{"a", "b", "c", odd} {
		a.Put("CN="+goldap.EscapeDN(cn)+","+base, "objectClass", "device", "cn", cn, "description", "thing")
	}
	d.lock = func(*testing.T) { a.Set(d.person, "userAccountControl", "514") }
	return d
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (d directory) bind(t *testing.T, name, password string) (*goldap.Conn, error) {
	t.Helper()
	conn, err := goldap.DialURL("ldap://" + d.addr)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn, conn.Bind(name, password)
}

func (d directory) modify(conn *goldap.Conn, dn string, change func(*goldap.ModifyRequest)) uint16 {
	req := goldap.NewModifyRequest(dn, nil)
	change(req)
	return code(conn.Modify(req))
}

func code(err error) uint16 {
	far, ok := errors.AsType[*goldap.Error](err)
	if !ok {
		return 0
	}
	return far.ResultCode
}

func (d directory) search(conn *goldap.Conn, base string, scope int, filter string, attrs ...string) ([]*goldap.Entry, uint16) {
	found, err := conn.Search(goldap.NewSearchRequest(base, scope, 0, 0, 0, false, filter, attrs, nil))
	if err != nil {
		return nil, code(err)
	}
	return found.Entries, 0
}

// What a real server and ours must answer alike.
func TestBothDirectoriesKeepTheContract(t *testing.T) {
	for name, open := range map[string]func(*testing.T) directory{"OpenLDAP": realDirectory, "our Active Directory": ownDirectory} {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			admin, err := d.bind(t, d.admin, d.adminPassword)
			must(t, err)
			t.Run("binding", func(t *testing.T) { askBinding(t, d) })
			t.Run("searching", func(t *testing.T) { askSearching(t, d, admin) })
			t.Run("paging", func(t *testing.T) { askPaging(t, d, admin) })
			t.Run("modifying", func(t *testing.T) { askModifying(t, d, admin) })
			t.Run("comparing", func(t *testing.T) { askComparing(t, d, admin) })
			t.Run("a lock and what is open", func(t *testing.T) { askLock(t, d) })
		})
	}
}

func askBinding(t *testing.T, d directory) {
	for name, c := range map[string]struct {
		dn, password string
		want         uint16
	}{
		"right":          {d.person, d.personsPassword, 0},
		"wrong password": {d.person, "wrong", goldap.LDAPResultInvalidCredentials},
		"nobody":         {"cn=nobody," + d.base, "x", goldap.LDAPResultInvalidCredentials},
	} {
		if _, err := d.bind(t, c.dn, c.password); code(err) != c.want {
			t.Errorf("%s: %v, want %d", name, err, c.want)
		}
	}
}

func askSearching(t *testing.T, d directory, conn *goldap.Conn) {
	for filter, want := range map[string]int{
		"(cn=KIM)": 1, "(cn=ki)": 0, "(description=thing)": 4, "(&(description=thing)(cn=a))": 1, "(|(cn=a)(cn=b)(cn=none))": 2,
		"(&(description=thing)(!(cn=a)))": 3, "(description=*)": 5, "(noSuchAttributeAtAll=x)": 0, "(cn=" + goldap.EscapeFilter(odd) + ")": 1, "(cn=*)": 5,
	} {
		if found, code := d.search(conn, d.base, goldap.ScopeWholeSubtree, filter, "cn"); code != 0 || len(found) != want {
			t.Errorf("%s: %d entries, result %d; want %d", filter, len(found), code, want)
		}
	}
	if found, code := d.search(conn, d.person, goldap.ScopeBaseObject, "(objectClass=*)", "DESCRIPTION"); code != 0 || len(found) != 1 || len(found[0].Attributes) != 1 ||
		len(found[0].GetEqualFoldAttributeValues("description")) != 2 {
		t.Errorf("one entry with one attribute: %d, %+v", code, found)
	}
	if _, code := d.search(conn, "cn=nobody,"+d.base, goldap.ScopeBaseObject, "(objectClass=*)"); code != goldap.LDAPResultNoSuchObject {
		t.Errorf("a base that is none: %d", code)
	}
}

func askPaging(t *testing.T, d directory, conn *goldap.Conn) {
	paging := goldap.NewControlPaging(2)
	req := goldap.NewSearchRequest(d.base, goldap.ScopeWholeSubtree, 0, 0, 0, false, "(description=*)", []string{"cn"}, []goldap.Control{paging})
	var sizes []int
	for range 10 {
		found, err := conn.Search(req)
		must(t, err)
		sizes = append(sizes, len(found.Entries))
		answer, ok := goldap.FindControl(found.Controls, goldap.ControlTypePaging).(*goldap.ControlPaging)
		if !ok {
			t.Fatal("no paging control in the answer")
		}
		if len(answer.Cookie) == 0 {
			break
		}
		paging.SetCookie(answer.Cookie)
	}
	if !slices.Equal(sizes, []int{2, 2, 1}) {
		t.Errorf("pages of %v", sizes)
	}
}

func askModifying(t *testing.T, d directory, admin *goldap.Conn) {
	kim, err := d.bind(t, d.person, d.personsPassword)
	must(t, err)
	add := func(v string) func(*goldap.ModifyRequest) {
		return func(r *goldap.ModifyRequest) { r.Add("description", []string{v}) }
	}
	del := func(v string) func(*goldap.ModifyRequest) {
		return func(r *goldap.ModifyRequest) { r.Delete("description", []string{v}) }
	}
	swap := func(from, to string) func(*goldap.ModifyRequest) {
		return func(r *goldap.ModifyRequest) { del(from)(r); add(to)(r) }
	}
	for _, step := range []struct {
		name   string
		conn   *goldap.Conn
		dn     string
		change func(*goldap.ModifyRequest)
		want   uint16
	}{
		{"without rights", kim, "cn=a," + d.base, add("x"), goldap.LDAPResultInsufficientAccessRights},
		{"no such entry", admin, "cn=nobody," + d.base, add("x"), goldap.LDAPResultNoSuchObject},
		{"add", admin, d.person, add("three"), 0},
		{"add again", admin, d.person, add("THREE"), goldap.LDAPResultAttributeOrValueExists},
		{"delete", admin, d.person, del("three"), 0},
		{"delete again", admin, d.person, del("three"), goldap.LDAPResultNoSuchAttribute},
		{"swap", admin, d.person, swap("two", "2"), 0},
		{"swap what is there no more, with all of it undone", admin, d.person, swap("two", "2b"), goldap.LDAPResultNoSuchAttribute},
		{"replace", admin, d.person, func(r *goldap.ModifyRequest) { r.Replace("description", []string{"1", "2"}) }, 0},
		{"replace again", admin, d.person, func(r *goldap.ModifyRequest) { r.Replace("description", []string{"1", "2"}) }, 0},
	} {
		if got := d.modify(step.conn, step.dn, step.change); got != step.want {
			t.Errorf("%s: result %d, want %d", step.name, got, step.want)
		}
	}
	found, _ := d.search(admin, d.person, goldap.ScopeBaseObject, "(objectClass=*)", "description")
	if values := slices.Sorted(slices.Values(found[0].GetAttributeValues("description"))); !slices.Equal(values, []string{"1", "2"}) {
		t.Errorf("in the end: %q", values)
	}
}

func askComparing(t *testing.T, d directory, conn *goldap.Conn) {
	for value, want := range map[string]bool{"kim": true, "KIM": true, "lee": false} {
		if got, err := conn.Compare(d.person, "cn", value); err != nil || got != want {
			t.Errorf("cn is %s: %t, %v", value, got, err)
		}
	}
	if _, err := conn.Compare(d.person, "telephoneNumber", "1"); code(err) != goldap.LDAPResultNoSuchAttribute {
		t.Errorf("an attribute that is not there: %v", err)
	}
}

// Neither ends what is open: this is why a lock leaves residue.
func askLock(t *testing.T, d directory) {
	open, err := d.bind(t, d.person, d.personsPassword)
	must(t, err)
	d.lock(t)
	if _, err := d.bind(t, d.person, d.personsPassword); code(err) != goldap.LDAPResultInvalidCredentials {
		t.Errorf("locked, and binds: %v", err)
	}
	if found, code := d.search(open, d.base, goldap.ScopeWholeSubtree, "(cn=a)", "cn"); code != 0 || len(found) != 1 {
		t.Errorf("the open connection: %d entries, result %d", len(found), code)
	}
}
