package script_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"lastday/integrations/script"
)

// The tests' own binary is the program: started with an address, it hands the
// request on to the club, and prints what the club answers.
func TestMain(m *testing.M) {
	if address := os.Getenv("CLUB"); address != "" {
		os.Exit(program(address))
	}
	if how := os.Getenv("MISBEHAVE"); how != "" {
		os.Exit(misbehave(how))
	}
	os.Exit(m.Run())
}

// program is what somebody would write: one request, one answer, and an exit
// status that says what went wrong.
func program(address string) int {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return 70
	}
	var asked script.Request
	if err := json.Unmarshal(text, &asked); err != nil {
		return 64
	}
	method := http.MethodGet
	if asked.Verb == "apply" {
		method = http.MethodPost
	}
	req, err := http.NewRequest(method, address, strings.NewReader(string(text)))
	if err != nil {
		return 78
	}
	secret, err := io.ReadAll(os.NewFile(3, "secret"))
	if err != nil || os.Getenv("CLUB_TOKEN") != "3" {
		return 78
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(secret)))
	fmt.Fprintln(os.Stderr, "asking with", string(secret), "about", string(text))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 1
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		if _, err := io.Copy(os.Stdout, resp.Body); err != nil {
			return 1
		}
		return 0
	case http.StatusTooManyRequests:
		fmt.Printf(`{"version":1,"error":{"code":"rate_limited","retry_after":%s,"text":"too fast"}}`, resp.Header.Get("Retry-After"))
		return 1
	case http.StatusUnauthorized, http.StatusForbidden:
		return 77
	case http.StatusConflict:
		fmt.Print(`{"version":1,"error":{"code":"protected","text":"the last keeper"}}`)
		return 1
	}
	return 75
}

// byVerb picks the answer to the verb that is asked, if there is one for each.
func byVerb(text string) (string, bool) {
	var answers map[string]json.RawMessage
	var asked script.Request
	if json.Unmarshal([]byte(text), &answers) != nil || answers["apply"] == nil || json.NewDecoder(os.Stdin).Decode(&asked) != nil {
		return "", false
	}
	return string(answers[asked.Verb]), true
}

// misbehave is a program that goes wrong in one way.
func misbehave(how string) int {
	switch how {
	case "hang", "child":
		// The child holds on to standard output and outlives its parent, if it is let.
		child := exec.Command("/bin/sh", "-c", `echo $$ > "$1"; sleep 600`, "sh", os.Getenv("PIDFILE"))
		child.Stdout = os.Stdout
		if err := child.Start(); err != nil {
			return 70
		}
		if how == "hang" {
			time.Sleep(10 * time.Minute)
		}
		for { // until the child has said who it is
			if text, err := os.ReadFile(os.Getenv("PIDFILE")); err == nil && strings.HasSuffix(string(text), "\n") {
				break
			}
		}
		fmt.Print(`{"version":1,"identity":"parent","control":{"seen":true,"evidence":"read"}}`)
		return 0
	case "environment":
		fmt.Printf(`{"version":1,"identity":%q,"control":{"seen":true,"evidence":"read"}}`, strings.Join(slices.Sorted(slices.Values(os.Environ())), " "))
		return 0
	case "folder":
		dir, err := os.Getwd()
		fmt.Printf(`{"version":1,"identity":%q,"control":{"seen":true,"evidence":"%v"}}`, dir, err)
		return 0
	}
	if answer, ok := byVerb(how); ok {
		how = answer
	}
	fmt.Print(how)
	if status, err := os.ReadFile(os.Getenv("STATUSFILE")); err == nil {
		var n int
		_, _ = fmt.Sscan(string(status), &n) // a file without a number is 0
		return n
	}
	return 0
}
