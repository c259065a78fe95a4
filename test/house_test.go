package test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"lastday"
	"lastday/codec"
	"lastday/integrations/github/githubtest"
	"lastday/integrations/hr/hrtest"
	"lastday/internal/app"
	"lastday/workflows"
)

func silence() sdklog.Logger { return sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)) }

// The far side is a small organization: whoever leaves administers one
// repository, maintains one team and is a member.
const (
	answerWithin = 30 * time.Second
	orgName      = "northwind"
	systemName   = "code"
	hrSecret     = "whsec_bGFzdGRheS1lbmQtdG8tZW5kLXNpZ25pbmcta2V5LTAx"
	hrToken      = "token-for-asking-hr"
	// What must not be read anywhere when histories are encrypted.
	leaverName  = "Quentin Zebrowski"
	leaverEmail = "quentin.zebrowski@northwind.example"
)

// setup says what is different about a house; the zero value is the usual one.
type setup struct {
	policy string
	// systems and extra replace and extend the configuration.
	systems, extra string
	encrypt        bool
	// server is another Temporal server than the shared one; space another namespace.
	server *temporalServer
	space  string
	// front stands before the far side.
	front func(http.Handler) http.Handler
	// dial is what the worker takes for Temporal; empty is the server itself.
	dial string
	// key is HR's key of the leaver.
	key string
}

// house is one installation with its company: far sides in memory, worker and
// starter as processes.
type house struct {
	t                 *testing.T
	dir               string
	config            string
	env               []string
	dial              string
	space             string
	listen            string
	client            client.Client
	cases             *workflows.Client
	far               *githubtest.Server
	org               *githubtest.Org
	leaver            *githubtest.User
	owner             *githubtest.User
	app, installation int64
	// secret is the key of histories, empty if they are not encrypted.
	secret   string
	before   githubtest.Snapshot
	hr       *hrtest.HR
	person   lastday.Person
	contract lastday.Engagement
	worker   *process
	starter  *process
}

const quickPolicy = `version: 1
name: everybody
for: "true"
cutoff: "17:00"
stages:
  - {name: notice, at: 10 days before, time: "09:00", ceiling: write}
  - {name: handover, at: 3 days before, time: "09:00", ceiling: read}
  - {name: cut, at: last day, ceiling: none}
tell: {after: 1m, again: 1h}
`

const systemsText = `
  - name: code
    kind: github
    config: {org: northwind, url: "{far}", app: {id: "{app}", installation: {installation}, key: "env:FAR_KEY"}}
`

const configText = `version: 1
company: {domains: [northwind.example]}
policies: [policy.yaml]
systems: {systems}
sources:
  - name: people
    kind: generic
    config:
      secrets: [{id: one, ref: "env:HR_SECRET"}]
      read: {url: "{hr}", token: "env:HR_TOKEN"}
notify: [{kind: file, config: {path: "{dir}/notices.jsonl"}}]
gate: {per_day: 1000}
starter: {listen: "{listen}"}
`

// appKey is the key of the app that all houses act as.
var appKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func pemText() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(appKey())}))
}

// permissions are what docs/integrations/github.md asks for.
func permissions() map[string]string {
	return map[string]string{
		"members": "write", "organization_administration": "write", "organization_personal_access_tokens": "write",
		"organization_personal_access_token_requests": "write", "organization_custom_org_roles": "read",
		"organization_codespaces": "write", "organization_codespaces_settings": "write", "organization_copilot_seat_management": "write", "administration": "write",
		"metadata": "read", "contents": "read", "actions": "read", "organization_hooks": "read", "organization_self_hosted_runners": "read",
		"organization_secrets": "read", "repository_hooks": "read", "secrets": "read", "organization_dependabot_secrets": "read", "organization_codespaces_secrets": "read",
	}
}

// newHouse builds a company and what connects lastday to it. It starts no process.
func newHouse(t *testing.T, s setup) *house {
	t.Helper()
	if s.server == nil {
		s.server = sharedServer(t)
	}
	if s.space == "" {
		s.space = s.server.space(t)
	}
	h := &house{t: t, dir: t.TempDir(), space: s.space, dial: s.dial}
	if h.dial == "" {
		h.dial = s.server.address
	}
	h.found(s)
	h.write(s)
	h.connect(s.server.address)
	return h
}

// found founds the company.
func (h *house) found(s setup) {
	h.far = githubtest.New(githubtest.Options{})
	root := h.far.AddUser("root", "Root Owner", "root@northwind.example")
	h.leaver = h.far.AddUser("qz", leaverName, leaverEmail)
	other := h.far.AddUser("ann", "Ann Lee", "ann@northwind.example")
	h.org = h.far.AddOrg(orgName, "Northwind", root)
	team, web := h.org.AddTeam("Core", nil), h.org.AddRepo("web", "private")
	for _, u := range []*githubtest.User{h.leaver, other} {
		h.org.AddMember(u, "member")
		team.Add(u, "maintainer")
		web.AddCollaborator(u, "admin")
	}
	team.Grant(web, "push")
	h.owner = root
	h.app, h.installation = h.org.AddApp("lastday", &appKey().PublicKey, permissions())
	hr, err := hrtest.New(hrtest.Options{Secret: hrSecret, Token: hrToken})
	if err != nil {
		h.t.Fatal(err)
	}
	if s.key == "" {
		s.key = "p-1"
	}
	h.hr, h.contract = hr, lastday.Engagement{ID: "ctr-1", WorkerType: "contractor"}
	h.person = lastday.Person{
		Key: s.key, Name: leaverName, Emails: []string{leaverEmail},
		Links: []lastday.Link{{System: systemName, ID: fmt.Sprint(h.leaver.ID())}},
	}
	h.before = h.far.Snapshot()
}

// write writes configuration and policy, and what the processes are told.
func (h *house) write(s setup) {
	var front http.Handler = h.far
	if s.front != nil {
		front = s.front(front)
	}
	far, hr := httptest.NewServer(front), httptest.NewServer(h.hr.Handler())
	h.t.Cleanup(func() { far.CloseClientConnections(); far.Close(); hr.Close() })
	h.listen = h.mustAddress()
	if s.policy == "" {
		s.policy = quickPolicy
	}
	if s.systems == "" {
		s.systems = systemsText
	}
	h.env = []string{
		"TEMPORAL_NAMESPACE=" + h.space, "FAR_KEY=" + pemText(), "HR_SECRET=" + hrSecret, "HR_TOKEN=" + hrToken,
	}
	if s.encrypt {
		h.secret = codec.GenerateKey()
		h.env = append(h.env, "HOUSE_KEY="+h.secret)
		s.extra += "encryption: {keys: [{id: house, secret: \"env:HOUSE_KEY\"}]}\n"
	}
	configuration := strings.ReplaceAll(configText+s.extra, "{systems}", s.systems)
	text := strings.NewReplacer("{dir}", h.dir, "{listen}", h.listen, "{hr}", hr.URL+hrtest.ReadPath, "{far}", far.URL+"/",
		"{app}", fmt.Sprint(h.app), "{installation}", fmt.Sprint(h.installation)).Replace(configuration)
	h.config = filepath.Join(h.dir, "lastday.yaml")
	h.put("policy.yaml", s.policy)
	h.put("lastday.yaml", text)
}

func (h *house) mustAddress() string {
	h.t.Helper()
	address, err := freeAddress()
	if err != nil {
		h.t.Fatal(err)
	}
	return address
}

// put writes a file into the house's folder.
func (h *house) put(name, text string) string {
	h.t.Helper()
	path := filepath.Join(h.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
	return path
}

// connect gives the test a client that reads what the processes write.
func (h *house) connect(address string) {
	h.t.Helper()
	options := client.Options{HostPort: address, Namespace: h.space, Logger: silence()}
	options.DataConverter, options.FailureConverter = codec.Converters(h.ring())
	var err error
	if h.client, err = client.DialContext(h.t.Context(), options); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(h.client.Close)
	prepare(h.t, h.client, h.space)
	h.cases = workflows.NewClient(h.client)
}

// prepare prepares a namespace. Two that are prepared at a time may get into
// each other's way: the server has one version for all.
func prepare(t *testing.T, c client.Client, space string) {
	t.Helper()
	var err error
	for range 20 {
		if err = app.Prepare(t.Context(), c, space); err == nil {
			return
		}
	}
	t.Fatal(err)
}

// ring holds the key of the house, nil if it encrypts nothing.
func (h *house) ring() *codec.Ring {
	h.t.Helper()
	if h.secret == "" {
		return nil
	}
	key, err := codec.ParseKey("house", h.secret)
	if err != nil {
		h.t.Fatal(err)
	}
	ring, err := codec.NewRing([]codec.Key{key})
	if err != nil {
		h.t.Fatal(err)
	}
	return ring
}

// caseID is the id of the leaver's case.
func (h *house) caseID() string {
	return lastday.Separation{Source: "people", Person: h.person, Engagement: h.contract}.CaseID()
}

// leaves says that the engagement ends now.
func (h *house) leaves() {
	h.t.Helper()
	s := lastday.Separation{
		Source: "people", Kind: lastday.SeparationImmediate, Person: h.person, Engagement: h.contract,
		LastDay: lastday.DateOf(time.Now()), Zone: "Europe/Berlin", EnteredAt: time.Now().UTC(),
	}
	d := lastday.Delivery{Source: "people", ID: h.person.Key, Type: "immediate", ReceivedAt: time.Now().UTC(), Scheme: "file", Actor: "test", Separation: &s}
	if _, err := h.cases.Accept(h.t.Context(), d); err != nil {
		h.t.Fatal(err)
	}
}

// task waits for an open task of a kind.
func (h *house) task(kind workflows.TaskKind) workflows.Task {
	h.t.Helper()
	var found workflows.Task
	h.until("a task "+string(kind), func(st workflows.Status) bool {
		for _, task := range st.Tasks {
			if task.Kind == kind && task.Closed == nil {
				found = task
				return true
			}
		}
		return false
	})
	return found
}

// resolve answers a task and waits for the answer.
func (h *house) resolve(task workflows.Task, how, account string) {
	h.t.Helper()
	id := how + " " + task.ID
	m := workflows.ResolveMessage{Message: workflows.Message{ID: id, Actor: "ann", Reason: "looked at it"}, Task: task.ID, How: how, Account: account, Evidence: "ticket 4711"}
	e, err := h.cases.Send(h.t.Context(), h.caseID(), workflows.SignalResolve, id, m)
	if err != nil || e.Refused != "" {
		h.t.Fatalf("%s: %+v: %v", id, e, err)
	}
}

// ends waives what is left for people and holds the case to its end: nothing
// left, nobody else touched, nothing done twice.
func (h *house) ends() workflows.CaseResult {
	h.t.Helper()
	ctx, done := context.WithCancel(h.t.Context())
	defer done()
	go h.answer(ctx)
	result, err := h.result(80 * time.Second)
	if err != nil {
		st := h.status()
		h.t.Fatalf("the case does not end: %v: %s, stage %s\nlanes %+v\ntasks %+v", err, st.State, st.Stage, st.Lanes, st.Tasks)
	}
	if left := h.far.Access(h.leaver.ID()); len(left) > 0 {
		h.t.Errorf("the leaver still has %v", left)
	}
	h.untouched()
	return result
}

// untouched holds that nobody else lost or gained anything, and that nothing
// took effect twice.
func (h *house) untouched() {
	h.t.Helper()
	if touched := h.before.Bystanders(h.far.Snapshot(), h.leaver.ID()); len(touched) > 0 {
		h.t.Errorf("others were touched: %+v", touched)
	}
	seen := map[string]bool{}
	for _, write := range h.writes() {
		if seen[write] {
			h.t.Errorf("done twice: %s", write)
		}
		seen[write] = true
	}
}

// writes are the writes that took effect.
func (h *house) writes() []string {
	var all []string
	for _, call := range h.far.Writes() {
		if call.Status < http.StatusBadRequest && changes(call.Method, call.Path) {
			all = append(all, call.Method+" "+call.Path+" "+call.Body)
		}
	}
	return all
}

func (h *house) status() workflows.Status {
	h.t.Helper()
	var st workflows.Status
	eventually(h.t, 30*time.Second, "an answer of the case", func() bool {
		ctx, cancel := context.WithTimeout(h.t.Context(), 5*time.Second)
		defer cancel()
		var err error
		st, err = h.cases.Status(ctx, h.caseID())
		return err == nil
	})
	return st
}

// until waits until the case's status is as wanted.
func (h *house) until(what string, want func(workflows.Status) bool) workflows.Status {
	h.t.Helper()
	var st workflows.Status
	limit := time.Now().Add(90 * time.Second)
	poll := time.NewTicker(100 * time.Millisecond)
	defer poll.Stop()
	for st = h.status(); !want(st); st = h.status() {
		<-poll.C
		if time.Now().After(limit) {
			h.t.Fatalf("waited for %s; state %q, stage %q, waits for %q\nlanes %+v\ntasks %+v\nlog %+v", what, st.State, st.Stage, st.WaitsFor, st.Lanes, st.Tasks, st.Log)
		}
	}
	return st
}

// result waits until there is a case and until it ends.
func (h *house) result(within time.Duration) (workflows.CaseResult, error) {
	ctx, cancel := context.WithTimeout(h.t.Context(), within)
	defer cancel()
	poll := time.NewTicker(100 * time.Millisecond)
	defer poll.Stop()
	for {
		var result workflows.CaseResult
		err := h.client.GetWorkflow(ctx, workflows.CaseWorkflowID(h.caseID()), "").Get(ctx, &result)
		if _, ok := errors.AsType[*serviceerror.NotFound](err); !ok {
			return result, err
		}
		select {
		case <-ctx.Done():
			return result, err
		case <-poll.C:
		}
	}
}

// history is all that the server recorded of a workflow.
func (h *house) history(workflowID string) *historypb.History {
	h.t.Helper()
	var all historypb.History
	events := h.client.GetWorkflowHistory(h.t.Context(), workflowID, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			h.t.Fatal(err)
		}
		all.Events = append(all.Events, e)
	}
	return &all
}

func (h *house) startWorker() {
	h.t.Helper()
	h.worker = start(h.t, program(h.t, "worker"), append(h.env, "TEMPORAL_ADDRESS="+h.dial), "--config", h.config)
}

func (h *house) startStarter() {
	h.t.Helper()
	h.starter = start(h.t, program(h.t, "starter"), append(h.env, "TEMPORAL_ADDRESS="+h.dial), "--config", h.config)
	eventually(h.t, 30*time.Second, "the starter", func() bool { return get("http://"+h.listen+"/healthz") == http.StatusOK })
}

// get is the status of a GET, zero without an answer.
func get(url string) int {
	answer, err := http.Get(url)
	if err != nil {
		return 0
	}
	_ = answer.Body.Close() // Only the status is asked for.
	return answer.StatusCode
}

func (h *house) hook() string { return "http://" + h.listen + "/v1/hooks/people" }

// read reads a file of the house's folder.
func (h *house) read(name string) string {
	h.t.Helper()
	text, err := os.ReadFile(filepath.Join(h.dir, name))
	if err != nil {
		h.t.Fatal(err)
	}
	return string(text)
}

// told waits until people were told of a task.
func (h *house) told(task workflows.Task) {
	h.t.Helper()
	h.until("people to be told", func(st workflows.Status) bool {
		for _, t := range st.Tasks {
			if t.ID == task.ID {
				return t.Told > 0
			}
		}
		return false
	})
	eventually(h.t, 30*time.Second, "the notice", func() bool {
		text, err := os.ReadFile(filepath.Join(h.dir, "notices.jsonl"))
		return err == nil && len(text) > 0
	})
}

// accountID is the immutable id of the leaver's account.
func (h *house) accountID() string { return fmt.Sprint(h.leaver.ID()) }

// eventID is the workflow of the event that leaves brings.
func (h *house) eventID() string {
	return lastday.Delivery{Source: "people", ID: h.person.Key}.WorkflowID()
}

// readable adds to a history what stands behind base64.
func readable(text string) string {
	all := text
	for _, part := range regexp.MustCompile(`"[A-Za-z0-9+/]{8,}={0,2}"`).FindAllString(text, -1) {
		if plain, err := base64.StdEncoding.DecodeString(strings.Trim(part, `"`)); err == nil {
			all += "\n" + string(plain)
		}
	}
	return all
}
