// Command lockers is an example of a program for the integration script: lockers
// in a JSON file, each with the employee number of who holds it. It uses nothing
// of lastday, so that it can be copied; docs/integrations/script.md tells of the
// contract.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// request is what we are asked; fields that we do not need are left out.
type request struct {
	Version int    `json:"version"`
	Verb    string `json:"verb"`
	Person  struct {
		EmployeeNumber string `json:"employee_number"`
	} `json:"person"`
	Account string `json:"account"`
	Change  struct {
		Resource string `json:"resource"`
		To       string `json:"to"`
	} `json:"change"`
}

type object = map[string]any

type locker struct {
	Holder string `json:"holder,omitempty"`
}

// sysexits(3): all of them say that nothing was changed.
const (
	exUsage    = 64
	exData     = 65
	exTempFail = 75
)

func main() {
	if len(os.Args) != 2 {
		os.Exit(exUsage)
	}
	status, err := run(os.Args[1], os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(status)
}

func run(path string, in io.Reader, out io.Writer) (int, error) {
	var r request
	if err := json.NewDecoder(in).Decode(&r); err != nil || r.Version != 1 {
		return exUsage, errors.Join(errors.New("no request of version 1"), err)
	}
	lockers, err := read(path)
	if err != nil {
		return exTempFail, err
	}
	answer, status, err := serve(r, path, lockers)
	if err != nil {
		return status, err
	}
	answer["version"] = 1
	return 0, json.NewEncoder(out).Encode(answer)
}

func read(path string) (map[string]locker, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var lockers map[string]locker
	return lockers, json.Unmarshal(text, &lockers)
}

func serve(r request, path string, lockers map[string]locker) (object, int, error) {
	// A file without any locker is not the file that we want to see.
	control := object{"seen": len(lockers) > 0, "evidence": fmt.Sprintf("read %d lockers", len(lockers))}
	switch r.Verb {
	case "probe":
		return object{"identity": "the lockers' file", "control": control}, 0, nil
	case "find":
		who := r.Person.EmployeeNumber
		accounts := []object{}
		if who != "" && len(held(lockers, who)) > 0 {
			accounts = append(accounts, object{"id": who, "by": "employee_number", "equal": who})
		}
		return object{"accounts": accounts, "control": control}, 0, nil
	case "list":
		grants := held(lockers, r.Account)
		return object{"account": r.Account, "absent": len(grants) == 0, "grants": grants, "control": control}, 0, nil
	case "apply":
		return apply(r, path, lockers)
	}
	return nil, exUsage, errors.New("no such verb")
}

func held(lockers map[string]locker, who string) []object {
	all := []object{}
	for id, l := range lockers {
		if l.Holder == who {
			all = append(all, object{"kind": "locker", "resource": id, "rung": "held"})
		}
	}
	return all
}

// apply replaces the file in one step.
func apply(r request, path string, lockers map[string]locker) (object, int, error) {
	l, ok := lockers[r.Change.Resource]
	if !ok || (l.Holder != "" && l.Holder != r.Account) {
		return nil, exData, errors.New("no such locker, or it is another person's")
	}
	l.Holder = ""
	if r.Change.To == "held" {
		l.Holder = r.Account
	}
	lockers[r.Change.Resource] = l
	text, err := json.Marshal(lockers)
	if err != nil {
		return nil, exData, err
	}
	next := filepath.Join(filepath.Dir(path), ".lockers.new")
	if err := os.WriteFile(next, text, 0o600); err != nil {
		return nil, exTempFail, err
	}
	return object{"account": r.Account, "outcome": "applied"}, exTempFail, os.Rename(next, path)
}
