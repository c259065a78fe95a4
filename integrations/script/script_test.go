package script_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/script"
)

func open(t *testing.T, c script.Config) (integrations.Driver, *logs) {
	t.Helper()
	said := &logs{}
	d, err := script.Open(t.Context(), c, deps(said))
	if err != nil {
		t.Fatal(err)
	}
	return d, said
}

// saying opens a program that prints a text and exits with a status.
func saying(t *testing.T, text string, status int) integrations.Driver {
	t.Helper()
	path := filepath.Join(t.TempDir(), "status")
	if err := os.WriteFile(path, []byte(strconv.Itoa(status)), 0o600); err != nil {
		t.Fatal(err)
	}
	d, _ := open(t, config(t, map[string]string{"MISBEHAVE": text, "STATUSFILE": path}))
	return d
}

// ended waits until a process is gone. The one that adopts it may leave it as a
// zombie, which runs no more.
func ended(t *testing.T, pid int) {
	t.Helper()
	for t.Context().Err() == nil {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return
		}
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err == nil && strings.Contains(string(stat), ") Z ") {
			return
		}
	}
	t.Fatal("it still runs")
}

func child(t *testing.T, path string) int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func TestTheTimeLimitEndsTheProgramWithAllThatItStarted(t *testing.T) {
	for _, how := range []string{"hang", "child"} {
		t.Run(how, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "pid")
			c := config(t, map[string]string{"MISBEHAVE": how, "PIDFILE": path})
			c.Timeout = "2s"
			d, _ := open(t, c)
			_, err := d.Probe(t.Context())
			if lastday.CodeOf(err) != lastday.CodeTransient {
				t.Errorf("%v", err)
			}
			ended(t, child(t, path))
		})
	}
}

func TestAProgramSeesNothingOfOurEnvironment(t *testing.T) {
	t.Setenv("LASTDAY_HR_SECRET", "do not tell")
	d, _ := open(t, config(t, map[string]string{"MISBEHAVE": "environment"}))
	health, err := d.Probe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := "CLUB_TOKEN=3 GORACE=atexit_sleep_ms=0 MISBEHAVE=environment"
	if health.Identity != want {
		t.Errorf("its environment is %q, want %q", health.Identity, want)
	}
}

func TestAProgramWithoutAnyEnvironmentHasNone(t *testing.T) {
	t.Setenv("LASTDAY_HR_SECRET", "do not tell")
	c := config(t, nil)
	c.Secrets, c.Env = nil, nil
	c.Command = []string{filepath.Join(t.TempDir(), "program")}
	text := "#!/bin/sh\n" + `printf '{"version":1,"identity":"%s",` + seen + `}' "${LASTDAY_HR_SECRET-nothing}"` + "\n"
	if err := os.WriteFile(c.Command[0], []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	d, _ := open(t, c)
	if health, err := d.Probe(t.Context()); err != nil || health.Identity != "nothing" {
		t.Errorf("it sees %q, %v", health.Identity, err)
	}
}

func TestAProgramRunsInTheFolderThatIsConfigured(t *testing.T) {
	c := config(t, map[string]string{"MISBEHAVE": "folder"})
	for _, dir := range []string{"", t.TempDir()} {
		c.Dir = dir
		d, _ := open(t, c)
		health, err := d.Probe(t.Context())
		if dir == "" {
			dir = "/"
		}
		if err != nil || health.Identity != dir {
			t.Errorf("runs in %q, want %q (%v)", health.Identity, dir, err)
		}
	}
}

// A secret that something renews is used from the next call on, and kept out of
// the log like the one before; without it nothing is started.
func TestASecretIsResolvedForEveryCall(t *testing.T) {
	var shown []string
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown = append(shown, r.Header.Get("Authorization"))
		_, _ = io.WriteString(w, `{"version":1,`+seen+`}`)
	}))
	t.Cleanup(far.Close)
	said := &logs{}
	held, lost := "old-5ecret", error(nil)
	given := deps(said)
	given.Secret = func(context.Context, string) (string, error) { return held, lost }
	d, err := script.Open(t.Context(), config(t, map[string]string{"CLUB": far.URL}), given)
	if err != nil {
		t.Fatal(err)
	}
	for _, held = range []string{"old-5ecret", "new-5ecret"} {
		if _, err := d.Probe(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if want := []string{"Bearer old-5ecret", "Bearer new-5ecret"}; !slices.Equal(shown, want) {
		t.Errorf("shows %q, want %q", shown, want)
	}
	if !strings.Contains(said.String(), "asking") || strings.Contains(said.String(), "5ecret") {
		t.Errorf("the log: %s", said)
	}
	lost = lastday.Errorf(lastday.CodeInvalid, "secret", "there is none")
	if _, err := d.Probe(t.Context()); lastday.CodeOf(err) != lastday.CodeInvalid || len(shown) != 2 {
		t.Errorf("without its secret: %v, shows %q", err, shown)
	}
}

func TestWhatItComplainsAboutGoesIntoTheDebugLogAlone(t *testing.T) {
	d, said := open(t, config(t, map[string]string{"CLUB": "http://127.0.0.1:1"}))
	_, err := d.Find(t.Context(), lastday.Person{Key: "p1", EmployeeNumber: "E-77", Emails: []string{"kim@acme.example"}})
	if lastday.CodeOf(err) != lastday.CodeTransient || strings.Contains(err.Error(), "asking") {
		t.Errorf("%v", err)
	}
	log := said.String()
	if !strings.Contains(log, "level=DEBUG") || !strings.Contains(log, "asking with [...]") {
		t.Errorf("the log does not tell what it complained about: %s", log)
	}
	for _, hidden := range []string{token, "kim@acme", "E-77"} {
		if strings.Contains(log, hidden) {
			t.Errorf("the log tells %q", hidden)
		}
	}
}

const seen = `"control":{"seen":true,"evidence":"read"}`

func TestAnswersAreReadStrictly(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":               ` `,
		"no JSON":               `hello`,
		"half":                  `{"version":1,`,
		"two values":            `{"version":1,` + seen + `} {}`,
		"a word that is none":   `{"version":1,"identitty":"x",` + seen + `}`,
		"another version":       `{"version":2,` + seen + `}`,
		"no version":            `{` + seen + `}`,
		"another kind of value": `{"version":1,"quota_left":"many"}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := saying(t, text, 0).Probe(t.Context())
			if lastday.CodeOf(err) != lastday.CodeInvalid || strings.Contains(err.Error(), "many") {
				t.Errorf("%v", err)
			}
		})
	}
	if _, err := saying(t, `{"version":1,`+seen+`}`, 0).Probe(t.Context()); err != nil {
		t.Errorf("a good answer: %v", err)
	}
}

func TestExitStatusesHaveTheirCodes(t *testing.T) {
	for status, want := range map[int]lastday.Code{
		1: lastday.CodeTransient, 64: lastday.CodeInvalid, 65: lastday.CodeInvalid, 67: lastday.CodeNotFound,
		69: lastday.CodeUnsupported, 70: lastday.CodeInternal, 75: lastday.CodeTransient, 77: lastday.CodeDenied, 78: lastday.CodeInvalid,
	} {
		if _, err := saying(t, `{"version":1,`+seen+`}`, status).Probe(t.Context()); lastday.CodeOf(err) != want {
			t.Errorf("%d: %v, want %s", status, err, want)
		}
	}
	_, err := saying(t, `{"version":1,"error":{"code":"rate_limited","retry_after":17,"text":"kim"}}`, 9).Probe(t.Context())
	if lastday.CodeOf(err) != lastday.CodeRateLimited || lastday.RetryAfterOf(err).Seconds() != 17 || strings.Contains(err.Error(), "kim") {
		t.Errorf("its own word counts: %v", err)
	}
	if _, err := saying(t, `{"version":1,"error":{"code":"denied"}}`, 0).Probe(t.Context()); err == nil {
		t.Error("an error with the status 0 is taken for a success")
	}
}

func TestAbsenceWithoutAControlIsNoAnswer(t *testing.T) {
	account := lastday.Account{System: "club", ID: "m-1"}
	for name, text := range map[string]string{
		"no control":            `{"version":1,"account":"m-1","absent":true}`,
		"not seen":              `{"version":1,"account":"m-1","absent":true,"control":{"seen":false,"evidence":"no"}}`,
		"seen without evidence": `{"version":1,"account":"m-1","absent":true,"control":{"seen":true,"evidence":""}}`,
	} {
		if _, err := saying(t, text, 0).List(t.Context(), account, ""); lastday.CodeOf(err) != lastday.CodeDenied {
			t.Errorf("%s: list: %v", name, err)
		}
	}
	if _, err := saying(t, `{"version":1}`, 0).Find(t.Context(), lastday.Person{Key: "p", EmployeeNumber: "E7"}); lastday.CodeOf(err) != lastday.CodeDenied {
		t.Errorf("find: %v", err)
	}
	for name, text := range map[string]string{
		"another account":      `{"version":1,"account":"m-2",` + seen + `}`,
		"a kind that is none":  `{"version":1,"account":"m-1","grants":[{"kind":"boat","resource":"x","rung":"open"}],` + seen + `}`,
		"a rung that is none":  `{"version":1,"account":"m-1","grants":[{"kind":"door","resource":"x","rung":"ajar"}],` + seen + `}`,
		"absent and with more": `{"version":1,"account":"m-1","absent":true,"grants":[{"kind":"door","resource":"x","rung":"open"}],` + seen + `}`,
	} {
		if _, err := saying(t, text, 0).List(t.Context(), account, ""); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOnlyExactEvidenceFindsSomebody(t *testing.T) {
	person := lastday.Person{
		Key: "p", EmployeeNumber: "E7", Emails: []string{"kim@acme.example"},
		Links: []lastday.Link{{System: "club", ID: "m-1", Login: "kim"}},
	}
	answer := func(accounts string) string { return `{"version":1,"accounts":[` + accounts + `],` + seen + `}` }
	for text, want := range map[string]lastday.Verdict{
		``: lastday.FoundNone,
		`{"id":"m-1","by":"link_id","equal":"m-1"}`:                                                  lastday.FoundOne,
		`{"id":"m-1","by":"email","equal":"KIM@acme.example"}`:                                       lastday.FoundOne,
		`{"id":"m-1","by":"link_login","equal":"kim"}`:                                               lastday.FoundMany,
		`{"id":"m-9","by":"email","equal":"kim@acme.example"}`:                                       lastday.FoundMany,
		`{"id":"m-1","by":"email","equal":"kim@acme.example.eu"}`:                                    "",
		`{"id":"m-1","by":"employee_number","equal":"E70"}`:                                          "",
		`{"id":"m-1","by":"name","equal":"Kim"}`:                                                     "",
		`{"id":"","by":"employee_number","equal":"E7"}`:                                              "",
		`{"id":"m-1","by":"link_id","equal":"m-1"},{"id":"m-2","by":"employee_number","equal":"E7"}`: lastday.FoundMany,
	} {
		m, err := saying(t, answer(text), 0).Find(t.Context(), person)
		if m.Verdict != want || (want == "") != (lastday.CodeOf(err) == lastday.CodeInvalid) {
			t.Errorf("%s: %q, %v; want %q", text, m.Verdict, err, want)
		}
	}
	person.Links = nil // who is pinned was looked at by a person; addresses are given to newcomers
	for number, want := range map[string]lastday.Verdict{"E7": lastday.FoundOne, "": lastday.FoundOne, "E8": lastday.FoundMany} {
		text := `{"id":"m-1","by":"email","equal":"kim@acme.example","employee_number":"` + number + `"}`
		if m, err := saying(t, answer(text), 0).Find(t.Context(), person); m.Verdict != want || err != nil {
			t.Errorf("number %q: %q, %v; want %q", number, m.Verdict, err, want)
		}
	}
}

func TestOnlyRootAndWeMaySayWhatTheProgramDoes(t *testing.T) {
	base := t.TempDir()
	program := filepath.Join(base, "program")
	put := func(mode os.FileMode, text string) {
		if err := os.WriteFile(program, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(program, mode); err != nil {
			t.Fatal(err)
		}
	}
	c := config(t, nil)
	c.Command = []string{program}
	try := func(what string, fine bool) {
		t.Helper()
		if _, err := script.Open(t.Context(), c, deps(&logs{})); (err == nil) != fine {
			t.Errorf("%s: %v", what, err)
		}
	}
	try("missing", false)
	put(0o644, "#!/bin/sh\n")
	try("no program", false)
	for mode, fine := range map[os.FileMode]bool{0o755: true, 0o500: true, 0o757: false, 0o775: false} {
		put(mode, "#!/bin/sh\n")
		try(mode.String(), fine)
	}
	put(0o755, "#!/bin/sh\n")
	if os.Geteuid() == 0 { // nobody else can give a file away
		const stranger = 54321
		if err := os.Chown(program, stranger, stranger); err != nil {
			t.Fatal(err)
		}
		try("another user's", false)
		if err := os.Chown(program, 0, 0); err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() == 0 {
		const stranger = 54321
		if err := os.Chown(base, stranger, stranger); err != nil {
			t.Fatal(err)
		}
		try("in another user's folder", false)
		if err := os.Chown(base, 0, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(base, 0o777); err != nil {
		t.Fatal(err)
	}
	try("a folder that everybody may change", false)
	if err := os.Chmod(base, 0o700); err != nil {
		t.Fatal(err)
	}
	d, _ := open(t, c)
	put(0o777, "#!/bin/sh\n")
	if _, err := d.Probe(t.Context()); lastday.CodeOf(err) != lastday.CodeDenied {
		t.Errorf("it became writable for everybody after it was opened, and is run: %v", err)
	}
}

func TestAChangeIsSentOnlyIfItIsNeeded(t *testing.T) {
	list := `{"version":1,"account":"m-1","self":"m-robot","grants":[{"kind":"door","resource":"vault","rung":"open"%s}],` + seen + `}`
	change := func(account, resource, to string) lastday.Change {
		ladder := lastday.Ladder{{Name: "open", Level: lastday.LevelSignIn}}
		return lastday.NewChange("c-1", lastday.Account{System: "club", ID: account},
			lastday.Grant{Key: "door/" + resource, Kind: "door", Resource: lastday.Resource{ID: resource}, Rung: "open", Ladder: ladder}, to, "")
	}
	managed := saying(t, strings.Replace(list, "%s", `,"managed_by":"the landlord"`, 1), 0)
	if r, err := managed.Apply(t.Context(), change("m-1", "vault", lastday.None)); err != nil || r.Outcome != lastday.OutcomeDelegated {
		t.Errorf("managed elsewhere: %+v, %v", r, err)
	}
	gone := saying(t, strings.Replace(list, "%s", "", 1), 0)
	if r, err := gone.Apply(t.Context(), change("m-1", "attic", lastday.None)); err != nil || r.Outcome != lastday.OutcomeAlready {
		t.Errorf("not there: %+v, %v", r, err)
	}
	own := saying(t, `{"version":1,"account":"m-robot","self":"m-robot",`+seen+`}`, 0)
	if r, err := own.Apply(t.Context(), change("m-robot", "vault", lastday.None)); err != nil || r.Outcome != lastday.OutcomeRefused {
		t.Errorf("our own account: %+v, %v", r, err)
	}
	blind := saying(t, `{"version":1,"account":"m-1","gaps":[{"kind":"door","what":"doors","why":"no right","code":"denied"}],`+seen+`}`, 0)
	if r, err := blind.Apply(t.Context(), change("m-1", "vault", lastday.None)); lastday.CodeOf(err) != lastday.CodeDenied {
		t.Errorf("the kind could not be seen: %+v, %v", r, err)
	}
	unseen := saying(t, `{"version":1,"account":"m-1"}`, 0)
	if r, err := unseen.Apply(t.Context(), change("m-1", "vault", lastday.None)); lastday.CodeOf(err) != lastday.CodeDenied {
		t.Errorf("not listed, and nothing shows that it would be: %+v, %v", r, err)
	}
	other := saying(t, `{"list":`+strings.Replace(list, "%s", "", 1)+`,"apply":{"version":1,"account":"m-2","outcome":"applied"}}`, 0)
	if r, err := other.Apply(t.Context(), change("m-1", "vault", lastday.None)); lastday.CodeOf(err) != lastday.CodeUnknownOutcome {
		t.Errorf("somebody else was changed: %+v, %v", r, err)
	}
	// The same answer to a change says nothing of what was done.
	if r, err := gone.Apply(t.Context(), change("m-1", "vault", lastday.None)); lastday.CodeOf(err) != lastday.CodeUnknownOutcome {
		t.Errorf("no outcome: %+v, %v", r, err)
	}
}

func TestAllMistakesAreToldAtOnce(t *testing.T) {
	_, err := script.Open(t.Context(), script.Config{
		Command: []string{"sh"}, Dir: "here", Input: "xml", Timeout: "1d", MaxOutput: -1,
		Env:     map[string]string{"LD_PRELOAD": "x"},
		Secrets: []script.Secret{{Name: "lower", Ref: "hunter2", As: "argument"}},
		Grants:  []script.GrantKind{{Kind: "A b", Ladder: []script.Rung{{Name: lastday.None}}}, {Kind: "A b"}},
	}, integrations.Deps{System: "club", Now: noon, Secret: func(context.Context, string) (string, error) { return "", nil }})
	if lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Fatal(err)
	}
	for _, part := range []string{
		"title", "command", "dir", "input", "timeout", "max_output", "permissions", "env:", "secrets[0].name", "secrets[0].ref", "secrets[0].as",
		"grants[0]: kind", "grants[0]: what", "ladder[0]", "grants[0]: restore", "grants[1]: ladder", "twice",
	} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not told: %v", part, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Error("a secret that was written in the wrong place is told")
	}
}
