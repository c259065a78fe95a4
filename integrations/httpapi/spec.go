package httpapi

import (
	"time"

	"lastday"
)

// Spec is a system as a file describes it; docs/integrations/httpapi.md tells of
// each word.
type Spec struct {
	// Version of the file's form; it is 1.
	Version int    `yaml:"version"`
	Title   string `yaml:"title"`
	// BaseURL is where all requests go.
	BaseURL string `yaml:"base_url"`
	Auth    Auth   `yaml:"auth"`
	// Permissions are what the credential needs there.
	Permissions []Permission `yaml:"permissions"`
	// Cannot lists what nobody can take through this interface.
	Cannot []string `yaml:"cannot"`
	Limits Limits   `yaml:"limits"`
	Quota  Quota    `yaml:"quota"`
	// RequestID is the header in which the far side names a call.
	RequestID string `yaml:"request_id"`
	// Errors give answers a code that their status alone would not give.
	Errors []ErrorRule `yaml:"errors"`
	Probe  Probe       `yaml:"probe"`
	// Account reads one account by its immutable id.
	Account AccountRead `yaml:"account"`
	// Find lists the searches, strongest evidence first.
	Find    []Search   `yaml:"find"`
	Grants  []Grant    `yaml:"grants"`
	Residue []Leftover `yaml:"residue"`
	// Examples are run by `lastday check`, without the far side.
	Examples []Script `yaml:"examples"`
}

// Auth is how we show who we are; exactly one of them. Secrets are references.
type Auth struct {
	Bearer string        `yaml:"bearer"`
	Basic  *Basic        `yaml:"basic"`
	Header *NamedSecret  `yaml:"header"`
	Query  *NamedSecret  `yaml:"query"`
	OAuth2 *ClientSecret `yaml:"oauth2"`
}

// Basic is a user and a password, RFC 7617.
type Basic struct {
	User     string `yaml:"user"`
	Password string `yaml:"password"`
}

// NamedSecret is a secret in a header or a query.
type NamedSecret struct {
	Name   string `yaml:"name"`
	Secret string `yaml:"secret"`
	// Prefix stands before the secret, such as "Token ".
	Prefix string `yaml:"prefix"`
}

// ClientSecret is the grant of client credentials, RFC 6749 section 4.4.
type ClientSecret struct {
	TokenURL string   `yaml:"token_url"`
	ClientID string   `yaml:"client_id"`
	Secret   string   `yaml:"secret"`
	Scopes   []string `yaml:"scopes"`
	// Params are sent along, such as an audience.
	Params map[string]string `yaml:"params"`
}

// Permission is something that our credential needs there.
type Permission struct {
	Name string `yaml:"name"`
	For  string `yaml:"for"`
}

// Limits bound what is taken from the far side.
type Limits struct {
	// Bytes of one answer; zero is 4 MiB.
	Bytes int64 `yaml:"bytes"`
	// Pages of one list; zero is 1000.
	Pages int `yaml:"pages"`
	// Timeout of one request, such as 10s; empty is 30s.
	Timeout string `yaml:"timeout"`
}

// Quota says where the far side tells what is left.
type Quota struct {
	// Left is the header with the number of requests left.
	Left string `yaml:"left"`
	// RetryAfter is a header, in seconds, of far sides that do not send Retry-After.
	RetryAfter string `yaml:"retry_after"`
}

// ErrorRule gives an answer a code. The first that fits counts.
type ErrorRule struct {
	// Status is the status of the answer; zero is any. One of 2xx makes an error
	// of what looks like a success.
	Status int `yaml:"status"`
	// When must hold over the answer; if there is no JSON it does not.
	When Expr         `yaml:"when"`
	Code lastday.Code `yaml:"code"`
	// Note tells people what it means.
	Note string `yaml:"note"`
}

// Request is one request; exactly one of the methods names its path.
type Request struct {
	Get    Template `yaml:"get"`
	Post   Template `yaml:"post"`
	Put    Template `yaml:"put"`
	Patch  Template `yaml:"patch"`
	Delete Template `yaml:"delete"`
	// Query, Headers and the strings in Body are templates.
	Query   map[string]Template `yaml:"query"`
	Headers map[string]Template `yaml:"headers"`
	Body    any                 `yaml:"body"`
}

// Probe is asked first in every verb: its answer is the positive control.
type Probe struct {
	Request `yaml:",inline"`

	// Expect must hold over the answer, or nothing is concluded from absence.
	Expect Expr `yaml:"expect"`
	// Evidence says in words what that shows.
	Evidence string `yaml:"evidence"`
	// Identity is the name that we act under.
	Identity Expr `yaml:"identity"`
	// AccountID is the immutable id of our own account, which is never changed.
	AccountID Expr `yaml:"account_id"`
	// FarVersion is the far side's version.
	FarVersion Expr `yaml:"version"`
	// Needs are rights without which something cannot be seen.
	Needs []Need `yaml:"needs"`
}

// Need is a right without which a kind of grant is not seen.
type Need struct {
	Expect Expr   `yaml:"expect"`
	Kind   string `yaml:"kind"`
	What   string `yaml:"what"`
	Fix    string `yaml:"fix"`
}

// AccountRead reads one account by its immutable id.
type AccountRead struct {
	Request `yaml:",inline"`

	// Absent are statuses by which the far side says that there is no such
	// account. They count only together with the probe.
	Absent []int `yaml:"absent"`
	// Gone may hold over an answer about an account that is there no more.
	Gone Expr `yaml:"gone"`
	// ID must give the id that was asked for.
	ID    Expr `yaml:"id"`
	Login Expr `yaml:"login"`
	// ManagedBy names who decides about the whole account elsewhere.
	ManagedBy Expr `yaml:"managed_by"`
}

// Search looks for a person by one kind of evidence.
type Search struct {
	// By is link_id, link_login, employee_number or email.
	By      string `yaml:"by"`
	Request `yaml:",inline"`

	Absent []int `yaml:"absent"`
	Items  Expr  `yaml:"items"`
	Pages  Pages `yaml:"pages"`
	// When leaves items out for which it does not hold.
	When  Expr `yaml:"when"`
	ID    Expr `yaml:"id"`
	Login Expr `yaml:"login"`
	// Equal must give what was asked for, for each item: far sides exist that
	// ignore a filter. E-mail addresses are compared without case.
	Equal Expr `yaml:"equal"`
	// Number gives the employee number that the far side has of the account, empty
	// if none. Another one than the person's speaks against the account: addresses
	// are given to newcomers.
	Number Expr `yaml:"number"`
}

// Pages say how a list goes on.
type Pages struct {
	// By is link (the Link header), token, number or offset; empty is one page.
	By string `yaml:"by"`
	// Next gives the next token; null or empty is the end.
	Next Expr `yaml:"next"`
	// Param is the query parameter for the token, number or offset.
	Param string `yaml:"param"`
	// First is the first number or offset; nil is 1 for numbers and 0 for offsets.
	First *int `yaml:"first"`
	// Size is sent as SizeParam.
	Size      int    `yaml:"size"`
	SizeParam string `yaml:"size_param"`
	// Total gives how many items there are. Without it and Last a list ends with
	// an empty page.
	Total Expr `yaml:"total"`
	// Last says whether this is the last page.
	Last Expr `yaml:"last"`
}

// Rung is one step of a ladder.
type Rung struct {
	Name  string        `yaml:"rung"`
	Level lastday.Level `yaml:"level"`
}

// Restore is what can be promised about giving back.
type Restore struct {
	Fidelity lastday.Fidelity `yaml:"fidelity"`
	Note     string           `yaml:"note"`
	Within   string           `yaml:"within"`
}

// Grant is one kind of grant.
type Grant struct {
	Kind string `yaml:"kind"`
	What string `yaml:"what"`
	// Ladder lists the rungs, highest first; "none" is always there.
	Ladder []Rung `yaml:"ladder"`
	// Order ranks the kinds; lower is changed first.
	Order   int     `yaml:"order"`
	Restore Restore `yaml:"restore"`
	// Settles is how long the far side may go on showing the old state, such as 30s.
	Settles string `yaml:"settles"`
	// List are the requests that together show all of them.
	List []Source `yaml:"list"`
	// Read shows one of them again before it is changed; without it List does.
	Read *Source `yaml:"read"`
	// ReadOnly says why it cannot be changed; empty if it can.
	ReadOnly string  `yaml:"read_only"`
	Apply    []Write `yaml:"apply"`
}

// Source is a request, and what of its answer are grants.
type Source struct {
	Request `yaml:",inline"`

	// About must give the account's id, if the answer names it.
	About Expr  `yaml:"about"`
	Items Expr  `yaml:"items"`
	Pages Pages `yaml:"pages"`
	// When leaves items out for which it does not hold.
	When Expr `yaml:"when"`
	// ItemAbout must give the account's id for each item that is not left out.
	ItemAbout Expr `yaml:"item_about"`
	ID        Expr `yaml:"id"`
	Name      Expr `yaml:"name"`
	// Rung gives the rung, or a word that Rungs translates.
	Rung      Expr              `yaml:"rung"`
	Rungs     map[string]string `yaml:"rungs"`
	Pending   Expr              `yaml:"pending"`
	ManagedBy Expr              `yaml:"managed_by"`
	Via       Expr              `yaml:"via"`
	Labels    map[string]Expr   `yaml:"labels"`
	// Details are kept for giving it back, and to fill requests as {{.details.NAME}}.
	Details map[string]Expr `yaml:"details"`
}

// Write is the request that brings a grant to some rungs.
type Write struct {
	// To are the rungs that it reaches.
	To      []string `yaml:"to"`
	Request `yaml:",inline"`

	// SafeToRepeat says of a POST or PATCH that sending it twice is the same as
	// once: after a lost answer it may be.
	SafeToRepeat bool `yaml:"safe_to_repeat"`
	// Expect are the statuses of a success; none is 200, 201 and 204.
	Expect []int `yaml:"expect"`
	// Accepted are statuses that say: later.
	Accepted []int `yaml:"accepted"`
	// Already are statuses that say that it was so before. They are believed only
	// if reading again shows it.
	Already []int `yaml:"already"`
}

// Leftover is what belongs to the person and cannot be taken here.
type Leftover struct {
	Request `yaml:",inline"`

	Kind  string `yaml:"kind"`
	About Expr   `yaml:"about"`
	Items Expr   `yaml:"items"`
	Pages Pages  `yaml:"pages"`
	When  Expr   `yaml:"when"`
	// What names it, Why says why it is left.
	What Expr   `yaml:"what"`
	Why  string `yaml:"why"`
	// Todo tells a person what to do about it.
	Todo string `yaml:"todo"`
}

func (g Grant) ladder() lastday.Ladder {
	var l lastday.Ladder
	for _, r := range g.Ladder {
		l = append(l, lastday.Rung{Name: r.Name, Level: r.Level})
	}
	return l
}

func (g Grant) restore() lastday.Restore {
	return lastday.Restore{Fidelity: g.Restore.Fidelity, Note: g.Restore.Note, Within: span(g.Restore.Within)}
}

// span reads a duration that was checked before; empty is zero.
func span(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0
	}
	return d
}
