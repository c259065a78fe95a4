package test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/integrations/aws/awstest"
	"lastday/integrations/httpapi/httpapitest"
	"lastday/integrations/ldap/ldaptest"
	"lastday/integrations/okta/oktatest"
	"lastday/integrations/scim/scimtest"
	"lastday/workflows"
)

// latency is what every answer over HTTP takes on top, so that the time of a
// cut is that of the far sides, as it is elsewhere.
const latency = 20 * time.Millisecond

const everySystem = systemsText + `
  - name: cloud
    kind: aws-iam
    config:
      {account: "123456789012", region: eu-central-1, endpoint: "{aws}", tags: {email: Email},
       credentials: {access_key_id: "env:CLOUD_ID", secret_access_key: "env:CLOUD_KEY"}}
  - name: saas
    kind: scim
    config: {url: "{scim}", token: "env:SCIM_TOKEN", canary: u-canary, canary_group: g-base, role_levels: {admin: admin}}
  - name: identity
    kind: okta
    config: {url: "{okta}", token: "env:OKTA_TOKEN", canary: "{boss}"}
  - name: console
    kind: httpapi
    config: {file: "{console_file}", base_url: "{console}/api/v1"}
  - name: directory
    kind: ldap
    config:
      {url: "{ldaps}", ca: "file:{ca}", flavour: active-directory, bind: 'ACME\svc-lastday', password: "env:LDAP_PASSWORD",
       bases: ["{domain}"], canary: "{canary}"}
`

// everywhere is a company with a far side of every kind that can be had in
// memory. Each has the leaver, and somebody who stays with about the same.
type everywhere struct {
	t         *testing.T
	cloud     *awstest.Cloud
	saas      *scimtest.Server
	identity  *oktatest.Server
	person    *oktatest.User
	console   *httpapitest.Console
	directory *ldaptest.AD
	// values replace what stands in braces in everySystem; env is for the worker.
	values []string
	env    []string
	links  []lastday.Link
}

func newEverywhere(t *testing.T) *everywhere {
	t.Helper()
	e := &everywhere{t: t}
	e.foundCloud()
	e.foundSaaS()
	e.foundIdentity()
	e.foundConsole()
	e.foundDirectory()
	return e
}

// slow serves a far side whose answers take the latency on top.
func (e *everywhere) slow(far http.Handler) string {
	server := httptest.NewServer(delayed(far))
	e.t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	return server.URL
}

func delayed(far http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := time.NewTimer(latency)
		defer answer.Stop()
		select {
		case <-r.Context().Done():
		case <-answer.C:
			far.ServeHTTP(w, r)
		}
	})
}

// know says what a far side is called in the configuration and who leaves there.
func (e *everywhere) know(system, account string, values, env []string) {
	e.links = append(e.links, lastday.Link{System: system, ID: account})
	e.values, e.env = append(e.values, values...), append(e.env, env...)
}

const anyAction = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

func (e *everywhere) foundCloud() {
	const secret = "cloud/s3cr3t+access-key-0123456789abcd"
	e.cloud = awstest.New("123456789012")
	e.cloud.Look(func(b *awstest.Books) {
		key := func(id, secret string) []*awstest.Credential {
			return []*awstest.Credential{{ID: id, Status: "Active", Secret: secret}}
		}
		b.Groups["staff"] = &awstest.Group{ID: "AGPASTAFF00000000001", Name: "staff", Inline: map[string]string{"all": anyAction}}
		b.Users["AIDABOT000000000001"] = &awstest.User{ID: "AIDABOT000000000001", Name: "lastday", Keys: key("AKIABOT0000000000000", secret), Inline: map[string]string{"all": anyAction}}
		for i, name := range []string{"qz", "ann"} {
			id := fmt.Sprintf("AIDAPERSON000000000%d", i)
			b.Users[id] = &awstest.User{
				ID: id, Name: name, Password: true, Groups: []string{"staff"}, Tags: map[string]string{"Email": name + "@northwind.example"},
				Keys: key(fmt.Sprintf("AKIAPERSON000000000%d", i), "their"+secret), Inline: map[string]string{"own": anyAction},
			}
		}
	})
	e.know("cloud", "AIDAPERSON0000000000", []string{"{aws}", e.slow(e.cloud.Handler())}, []string{"CLOUD_ID=AKIABOT0000000000000", "CLOUD_KEY=" + secret})
}

func (e *everywhere) foundSaaS() {
	const token = "scim-5ecret-0123456789"
	e.saas = scimtest.New(token)
	member := func(id string) any { return map[string]any{"value": id} }
	for _, name := range []string{"canary", "qz", "ann"} {
		user := map[string]any{
			"schemas": []any{scimtest.UserSchema}, "id": "u-" + name, "userName": name + "@northwind.example", "active": true,
			"emails": []any{map[string]any{"value": name + "@northwind.example", "primary": true}},
		}
		if name != "canary" {
			user["roles"] = []any{map[string]any{"value": "admin"}}
		}
		e.saas.Put("Users", user)
	}
	for _, name := range []string{"base", "staff"} {
		e.saas.Put("Groups", map[string]any{
			"schemas": []any{scimtest.GroupSchema}, "id": "g-" + name, "displayName": name, "members": []any{member("u-canary"), member("u-qz"), member("u-ann")},
		})
	}
	e.know("saas", "u-qz", []string{"{scim}", e.slow(e.saas)}, []string{"SCIM_TOKEN=" + token})
}

func (e *everywhere) foundIdentity() {
	e.identity = oktatest.New(time.Now, 200)
	root, boss := e.identity.AddUser("root@northwind.example", "1"), e.identity.AddUser("boss@northwind.example", "2")
	e.person = e.identity.AddUser("qz@northwind.example", "3")
	other := e.identity.AddUser("ann@northwind.example", "4")
	group, app := e.identity.AddGroup("staff", "OKTA_GROUP"), e.identity.AddApp("wiki", "Wiki", "SAML_2_0", "")
	for _, u := range []*oktatest.User{root, boss} {
		e.identity.AddRole(u, "SUPER_ADMIN")
	}
	for _, u := range []*oktatest.User{e.person, other} {
		e.identity.AddToken(u, "script")
		e.identity.AddRole(u, "USER_ADMIN")
		e.identity.Assign(u, app)
		e.identity.Join(u, group)
	}
	_, token := e.identity.AddToken(root, "lastday")
	far, err := url.Parse(e.identity.Start(e.t.Cleanup))
	must(e.t, err)
	e.know("identity", e.person.ID, []string{"{okta}", e.slow(httputil.NewSingleHostReverseProxy(far)), "{boss}", boss.ID}, []string{"OKTA_TOKEN=" + token})
}

func (e *everywhere) foundConsole() {
	const token = "console-5ecret-0123456789"
	e.console = httpapitest.New(token)
	for i, name := range []string{"qz", "ann", "pat"} {
		e.console.Add(httpapitest.Agent{
			ID: "a-" + name, Email: name + "@northwind.example", Name: name, Role: httpapitest.RoleAgent,
			Permissions: []string{httpapitest.Button, httpapitest.Export, httpapitest.Protector},
			Sessions:    []string{fmt.Sprintf("s-%d", i)}, Keys: []string{fmt.Sprintf("k-%d", i)}, Queues: []httpapitest.Queue{{ID: "q-1", Role: httpapitest.Member}},
		})
	}
	file, err := filepath.Abs(filepath.Join("..", "examples", "integrations", "support-console.yaml"))
	must(e.t, err)
	e.know("console", "a-qz", []string{"{console}", e.slow(e.console), "{console_file}", file}, []string{"SUPPORT_CONSOLE_TOKEN=" + token})
}

const (
	inDirectory     = ",OU=People," + ldaptest.Domain
	leaverInDomain  = "CN=qz" + inDirectory
	canaryInDomain  = "CN=canary" + inDirectory
	accountDisabled = "514"
)

func (e *everywhere) foundDirectory() {
	const password = "b0t-5ecret-word"
	var err error
	e.directory, err = ldaptest.NewAD(time.Now)
	must(e.t, err)
	e.t.Cleanup(e.directory.Close)
	bot := "CN=bot,OU=Service," + ldaptest.Domain
	e.directory.AddUser(bot, "svc-lastday", password, 1500)
	e.directory.AllowWrites(bot)
	for i, name := range []string{"qz", "ann", "canary"} {
		e.directory.AddUser("CN="+name+inDirectory, name, "their-5ecret-word", uint32(1601+i))
	}
	e.directory.AddGroup("CN=Domain Users,CN=Users,"+ldaptest.Domain, 513)
	for i, name := range []string{"staff", "ops"} {
		e.directory.AddGroup("CN="+name+",OU=Groups,"+ldaptest.Domain, uint32(1700+i), leaverInDomain, "CN=ann"+inDirectory, canaryInDomain)
	}
	ca := filepath.Join(e.t.TempDir(), "ca.pem")
	must(e.t, os.WriteFile(ca, e.directory.CA, 0o600))
	e.know("directory", e.directory.GUID(leaverInDomain),
		[]string{"{ldaps}", "ldaps://" + e.directory.TLSAddr, "{ca}", ca, "{domain}", ldaptest.Domain, "{canary}", canaryInDomain}, []string{"LDAP_PASSWORD=" + password})
}

// shut asks each far side itself whether the leaver is out.
func (e *everywhere) shut() {
	e.t.Helper()
	e.cloud.Look(func(b *awstest.Books) {
		u := b.Users["AIDAPERSON0000000000"]
		if u.Password || len(u.Groups) > 0 || u.Inline["own"] != "" || u.Keys[0].Status == "Active" {
			e.t.Errorf("the cloud still lets the leaver in: %+v", u)
		}
	})
	if u := e.saas.Resource("Users", "u-qz"); u["active"] != false || u["roles"] != nil {
		e.t.Errorf("SCIM still lets the leaver in: %v", u)
	}
	if s := e.identity.Status(e.person); s != "SUSPENDED" {
		e.t.Errorf("Okta has the leaver as %s", s)
	}
	if left := e.console.Access("a-qz"); len(left) > 0 {
		e.t.Errorf("the console leaves %v", left)
	}
	if v := e.directory.Values(leaverInDomain, "userAccountControl"); !slices.Equal(v, []string{accountDisabled}) {
		e.t.Errorf("the directory's userAccountControl is %v", v)
	}
}

// stayed asks each whether the one who stays still has everything.
func (e *everywhere) stayed() {
	e.t.Helper()
	e.cloud.Look(func(b *awstest.Books) {
		if u := b.Users["AIDAPERSON0000000001"]; !u.Password || len(u.Groups) != 1 || u.Inline["own"] == "" || u.Keys[0].Status != "Active" {
			e.t.Errorf("the cloud took something of a colleague: %+v", u)
		}
	})
	if u := e.saas.Resource("Users", "u-ann"); u["active"] != true || u["roles"] == nil {
		e.t.Errorf("SCIM took something of a colleague: %v", u)
	}
	if left := e.console.Access("a-ann"); len(left) != 7 {
		e.t.Errorf("the console took something of a colleague: %v", left)
	}
	if v := e.directory.Values("CN=ann"+inDirectory, "userAccountControl"); !slices.Equal(v, []string{"512"}) {
		e.t.Errorf("the directory's userAccountControl of a colleague is %v", v)
	}
}

// newHouseEverywhere connects a house to all of them, on a server of its own
// that does not skip time.
func newHouseEverywhere(t *testing.T) (*house, *everywhere) {
	t.Helper()
	server, err := startTemporal("--namespace", spaceName(0))
	must(t, err)
	t.Cleanup(server.process.kill)
	e := newEverywhere(t)
	h := newHouse(t, setup{server: server, space: spaceName(0), systems: strings.NewReplacer(e.values...).Replace(everySystem), front: delayed})
	h.env = append(h.env, e.env...)
	h.person.Links = append(h.person.Links, e.links...)
	return h, e
}

func TestCutNowReachesEverySystem(t *testing.T) {
	t.Parallel()
	h, e := newHouseEverywhere(t)
	h.startWorker()
	h.hire()
	h.announce(inDays(60))
	h.until("the plan", func(st workflows.Status) bool { return st.PlanDigest != "" && st.State == workflows.StateWaiting })
	began := time.Now()
	h.lastday(0, "cut", h.caseID(), "--reason", "seen in the data room")
	st := h.until("the cut to be verified", func(st workflows.Status) bool { return !st.Times.CutVerified.IsZero() })
	e.shut()
	e.stayed()
	if len(st.Lanes) != 6 {
		t.Errorf("%d lanes, want 6", len(st.Lanes))
	}
	for _, l := range st.Lanes {
		if !l.Exited || l.Verdict != lastday.FoundOne || len(l.Orders) == 0 {
			t.Errorf("%s: exited %t, account %q, %d orders: %s", l.System, l.Exited, l.Verdict, len(l.Orders), l.Why)
		}
		for _, o := range l.Orders {
			if o.Receipt.Outcome == lastday.OutcomeApplied && o.Receipt.Proof != lastday.ProofObserved {
				t.Errorf("%s: %s is %s", l.System, o.Change.Grant.Key, o.Receipt.Proof)
			}
		}
	}
	measured(t, st, began)
	h.ends()
}

// measured tells how long it took, for `make bench` to read.
func measured(t *testing.T, st workflows.Status, began time.Time) {
	t.Helper()
	grants, calls := 0, 0
	for _, l := range st.Lanes {
		grants, calls = grants+len(l.Orders), calls+l.Calls
		t.Attr("lane_"+l.System, fmt.Sprint(l.Read.Sub(began).Milliseconds()))
	}
	t.Attr("all", fmt.Sprint(st.Times.CutVerified.Sub(began).Milliseconds()))
	t.Attr("systems", fmt.Sprint(len(st.Lanes)))
	t.Attr("grants", fmt.Sprint(grants))
	t.Attr("calls", fmt.Sprint(calls))
	t.Attr("latency", fmt.Sprint(latency.Milliseconds()))
}

// announce says that the engagement ends on a day to come.
func (h *house) announce(day lastday.Date) {
	h.t.Helper()
	s := lastday.Separation{
		Source: "people", Kind: lastday.SeparationScheduled, Person: h.person, Engagement: h.contract,
		LastDay: day, Zone: "Europe/Berlin", EnteredAt: time.Now().UTC(),
	}
	d := lastday.Delivery{Source: "people", ID: h.person.Key, Type: "scheduled", ReceivedAt: time.Now().UTC(), Scheme: "file", Actor: "test", Separation: &s}
	_, err := h.cases.Accept(h.t.Context(), d)
	must(h.t, err)
}
