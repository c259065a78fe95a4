package sandbox

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lastday/integrations/httpapi/httpapitest"
	"lastday/integrations/integrationtest"
)

func openCompany(t *testing.T) *Company {
	t.Helper()
	c, err := New(t.Context(), Options{Dir: t.TempDir(), Examples: filepath.Join("..", "..", "examples")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(t.Context()) })
	return c
}

func TestBeforeAnythingTheLeaverGetsInEverywhere(t *testing.T) {
	c := openCompany(t)
	for _, a := range c.Try(t.Context()) {
		if !a.In {
			t.Errorf("%s: %s", a.What, a.Says)
		}
	}
	for _, books := range c.Books() {
		if ways, err := books.Ways(t.Context()); err != nil || len(ways) == 0 {
			t.Errorf("%s: %q, %v", books.System(), ways, err)
		}
		if writes, err := books.Writes(t.Context()); err != nil || len(writes) > 0 {
			t.Errorf("%s: nobody wrote: %q, %v", books.System(), writes, err)
		}
	}
	if (c.Database == nil) == (c.DatabaseLeftOut == "") {
		t.Errorf("the database is there, or it is said why not: %q", c.DatabaseLeftOut)
	}
	config, err := os.ReadFile(c.Config)
	if err != nil || strings.Contains(string(config), "kind: postgres") != (c.Database != nil) {
		t.Errorf("the configuration names the database just where there is one: %v", err)
	}
}

// What is done to a bystander, or twice, must not escape the independent check.
func TestTheBooksOfTheDirectoryShowWhatIsDone(t *testing.T) {
	c := openCompany(t)
	d := c.Directory
	before, err := d.Others(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d.ad.Set(leaverDN, "userAccountControl", "514")
	if after, err := d.Others(t.Context()); err != nil || len(Touched(before, after)) > 0 {
		t.Errorf("only the leaver was changed: %q, %v", Touched(before, after), err)
	}
	if writes, err := d.Writes(t.Context()); err != nil || len(writes) != 1 || len(Twice(writes)) > 0 {
		t.Errorf("one write: %q, %v", writes, err)
	}
	if a := d.try(); a[0].In || !strings.Contains(a[0].Says, "disabled") || !a[1].In {
		t.Errorf("%+v", a)
	}
	d.ad.Set(leaverDN, "userAccountControl", "514")
	if writes, err := d.Writes(t.Context()); err != nil || len(Twice(writes)) != 1 {
		t.Errorf("written twice: %q, %v", writes, err)
	}
	group := "CN=Support" + groupsOU
	d.ad.Set(group, "member", d.ad.Values(group, "member")[1:2]...)
	after, err := d.Others(t.Context())
	if touched := Touched(before, after); err != nil || !slices.Equal(touched, []string{group}) {
		t.Errorf("a bystander lost a group: %q, %v", touched, err)
	}
}

func TestTheBooksOfConsoleAndCRMShowBystanders(t *testing.T) {
	c := openCompany(t)
	console, _ := c.Console.Others(t.Context())
	crm, _ := c.CRM.Others(t.Context())
	c.Console.Put("a-201", integrationtest.Entry{Kind: "role", Rung: httpapitest.RoleNone})
	c.CRM.Edit("Users", crmCanary, func(u map[string]any) { u["active"] = false })
	consoleNow, _ := c.Console.Others(t.Context())
	crmNow, _ := c.CRM.Others(t.Context())
	if got := Touched(console, consoleNow); !slices.Equal(got, []string{"a-201"}) {
		t.Errorf("console: %q", got)
	}
	if got := Touched(crm, crmNow); !slices.Equal(got, []string{"break.glass@northwind.example"}) {
		t.Errorf("crm: %q", got)
	}
}

func TestTheBooksOfTheDatabaseShowWhatIsDone(t *testing.T) {
	c := openCompany(t)
	if c.Database == nil {
		t.Fatalf("this test needs a real PostgreSQL: %s", c.DatabaseLeftOut)
	}
	d := c.Database
	before, err := d.Others(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	do := func(sql string) {
		t.Helper()
		if _, err := d.root.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	do("alter role " + databaseRole + " nologin")
	do("select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = '" + databaseRole + "'")
	for _, a := range d.try(t.Context()) {
		if a.In {
			t.Errorf("%s: still works", a.What)
		}
	}
	if err := d.HandOver(t.Context()); err != nil {
		t.Fatal(err)
	}
	ways, err := d.Ways(t.Context())
	if err != nil || slices.ContainsFunc(ways, func(w string) bool {
		return strings.HasPrefix(w, "owns") || strings.HasPrefix(w, "session") || w == "may sign in"
	}) || !slices.Contains(ways, "member of support_rw") {
		t.Errorf("%q, %v", ways, err)
	}
	do("alter role " + databaseRole + " nologin")
	if writes, err := d.Writes(t.Context()); err != nil || len(Twice(writes)) != 1 {
		t.Errorf("written twice: %q, %v", writes, err)
	}
	do("revoke support_rw from jonas_weber")
	after, err := d.Others(t.Context())
	if got := Touched(before, after); err != nil || !slices.Equal(got, []string{"jonas_weber"}) {
		t.Errorf("a bystander lost a membership: %q, %v", got, err)
	}
}

func TestTheRegisterIsSettledItemByItem(t *testing.T) {
	c := openCompany(t)
	before, _ := c.Register.Ways(t.Context())
	if wrote, err := c.Register.Settle("shared-secret root password of the bastion hosts: known to none", time.Now()); err != nil || !strings.Contains(wrote, "rotated") {
		t.Errorf("%q, %v", wrote, err)
	}
	if after, _ := c.Register.Ways(t.Context()); len(after) != len(before)-1 {
		t.Errorf("%q", after)
	}
	if _, err := c.Register.Settle("something else", time.Now()); err == nil {
		t.Error("an item that is not there was settled")
	}
}
