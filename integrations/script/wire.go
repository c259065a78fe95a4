package script

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"lastday"
)

// Version is the version of the contract.
const Version = 1

// The ways in which a request is given, and a secret.
const (
	inputJSON = "json"
	inputEnv  = "env"
	asFD      = "fd"
	asEnv     = "env"
)

// The verbs.
const (
	verbProbe = "probe"
	verbFind  = "find"
	verbList  = "list"
	verbApply = "apply"
)

// Request is what the program is asked.
type Request struct {
	Version int    `json:"version"`
	Verb    string `json:"verb"`
	// Person is set with find.
	Person *Person `json:"person,omitempty"`
	// Account is the immutable id of an account, set with list and apply.
	Account string `json:"account,omitempty"`
	// Cursor is set with list for the pages after the first.
	Cursor string `json:"cursor,omitempty"`
	// Change is set with apply.
	Change *Change `json:"change,omitempty"`
}

// Person is by what somebody may be found. Their name is not told: nothing is
// ever matched by it.
type Person struct {
	LinkID         string   `json:"link_id,omitempty"`
	LinkLogin      string   `json:"link_login,omitempty"`
	EmployeeNumber string   `json:"employee_number,omitempty"`
	Emails         []string `json:"emails,omitempty"`
}

// Change is one grant to be brought to one rung.
type Change struct {
	// ID is the same for every attempt at the same change.
	ID       string            `json:"id"`
	Kind     string            `json:"kind"`
	Resource string            `json:"resource"`
	From     string            `json:"from"`
	To       string            `json:"to"`
	Pending  bool              `json:"pending,omitempty"`
	Details  map[string]string `json:"details,omitempty"`
}

// Answer is what the program answers: one JSON object, no field that is not here.
type Answer struct {
	Version int `json:"version"`
	// Control is the positive control, with probe, find and list.
	Control *Control `json:"control,omitempty"`
	// Self is the id of the account that the program acts with, if it has one.
	Self string `json:"self,omitempty"`
	// Identity, FarVersion and QuotaLeft are for probe.
	Identity   string `json:"identity,omitempty"`
	FarVersion string `json:"far_version,omitempty"`
	QuotaLeft  *int   `json:"quota_left,omitempty"`
	// Accounts are for find.
	Accounts []Found `json:"accounts,omitempty"`
	// Account is, for list and apply, the id that the answer is about, as the far
	// side gave it; Absent says that there is no such account.
	Account string    `json:"account,omitempty"`
	Absent  bool      `json:"absent,omitempty"`
	Grants  []Grant   `json:"grants,omitempty"`
	Gaps    []Gap     `json:"gaps,omitempty"`
	Residue []Residue `json:"residue,omitempty"`
	// Next is the cursor of the next page; empty is the end.
	Next string `json:"next,omitempty"`
	// Outcome is for apply: applied, accepted, offered or refused.
	Outcome lastday.Outcome `json:"outcome,omitempty"`
	Note    string          `json:"note,omitempty"`
	// RequestID names the call in the far side's own logs.
	RequestID string `json:"request_id,omitempty"`
	// Error is set if it did not work; then the program must not exit with 0.
	Error *Error `json:"error,omitempty"`
}

// Control says whether the access would have been seen.
type Control struct {
	Seen     bool   `json:"seen"`
	Evidence string `json:"evidence"`
}

// Found is an account that was found.
type Found struct {
	ID    string `json:"id"`
	Login string `json:"login,omitempty"`
	// By is link_id, link_login, employee_number or email, and Equal what the far
	// side has there: it must be what was asked for.
	By    string `json:"by"`
	Equal string `json:"equal"`
	// EmployeeNumber is the one that the far side has, if it has one: another than
	// the person's speaks against the account.
	EmployeeNumber string `json:"employee_number,omitempty"`
}

// Grant is one thing that the account can do.
type Grant struct {
	Kind      string            `json:"kind"`
	Resource  string            `json:"resource"`
	Name      string            `json:"name,omitempty"`
	Rung      string            `json:"rung"`
	Pending   bool              `json:"pending,omitempty"`
	ManagedBy string            `json:"managed_by,omitempty"`
	Via       []string          `json:"via,omitempty"`
	Labels    map[string]string `json:"labels,omitempty"`
	Details   map[string]string `json:"details,omitempty"`
}

// Gap is something that could not be looked at.
type Gap struct {
	Kind string       `json:"kind,omitempty"`
	What string       `json:"what"`
	Why  string       `json:"why"`
	Code lastday.Code `json:"code"`
	Fix  string       `json:"fix,omitempty"`
}

// Residue is what is left and cannot be taken by the program.
type Residue struct {
	Kind string `json:"kind"`
	What string `json:"what"`
	Why  string `json:"why"`
	Todo string `json:"todo,omitempty"`
}

// Error says what went wrong.
type Error struct {
	Code lastday.Code `json:"code"`
	// RetryAfter is in seconds.
	RetryAfter int `json:"retry_after,omitempty"`
	// Text is for the debug log alone.
	Text string `json:"text,omitempty"`
}

// parse reads one answer strictly: an unknown field is most often a known one
// that is misspelt.
func parse(text []byte) (Answer, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var a Answer
	if err := d.Decode(&a); err != nil {
		return Answer{}, plain(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Answer{}, errors.New("something follows the JSON value")
	}
	if a.Version != Version {
		return Answer{}, errors.New("version is not 1")
	}
	return a, nil
}

// plain keeps of an error of the decoder what quotes no value.
func plain(err error) error {
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return errors.New("the field " + kind.Field + " has a value of another kind")
	}
	if strings.HasPrefix(err.Error(), "json: unknown field") {
		return err
	}
	return errors.New("no whole JSON object")
}

// variables gives the request as environment variables, for programs to which
// JSON is foreign.
func (r Request) variables() []string {
	all := []string{"LASTDAY_VERSION=1", "LASTDAY_VERB=" + r.Verb, "LASTDAY_ACCOUNT=" + r.Account, "LASTDAY_CURSOR=" + r.Cursor}
	if p := r.Person; p != nil {
		all = append(all, "LASTDAY_LINK_ID="+p.LinkID, "LASTDAY_LINK_LOGIN="+p.LinkLogin,
			"LASTDAY_EMPLOYEE_NUMBER="+p.EmployeeNumber, "LASTDAY_EMAILS="+strings.Join(p.Emails, "\n"))
	}
	if c := r.Change; c != nil {
		all = append(all, "LASTDAY_CHANGE="+c.ID, "LASTDAY_KIND="+c.Kind, "LASTDAY_RESOURCE="+c.Resource,
			"LASTDAY_FROM="+c.From, "LASTDAY_TO="+c.To)
	}
	return all
}

// personal lists the values that must not reach a log.
func (r Request) personal() []string {
	all := []string{r.Account}
	if p := r.Person; p != nil {
		all = append(all, p.LinkID, p.LinkLogin, p.EmployeeNumber)
		all = append(all, p.Emails...)
	}
	return all
}
