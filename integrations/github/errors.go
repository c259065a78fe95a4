package github

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	gh "github.com/google/go-github/v60/github"

	"lastday"
	"lastday/integrations/internal/httpx"
)

// classify turns what go-github returns into an error with a code.
func classify(op string, resp *gh.Response, err error, writes bool) error {
	if _, ok := errors.AsType[*gh.AcceptedError](err); ok {
		return &acceptedError{}
	}
	if limited := remembered(op, err); limited != nil {
		return limited
	}
	var plain *http.Response
	var answered *gh.ErrorResponse
	if resp != nil {
		plain = resp.Response
	}
	if errors.As(err, &answered) {
		plain = answered.Response
	}
	found := named(op, httpx.Classify(plain, err, writes))
	if plain != nil && plain.Header.Get("X-GitHub-SSO") != "" {
		return lastday.Errorf(lastday.CodeDenied, op, "single sign-on: authorize the credential for the organization")
	}
	if answered == nil || plain == nil {
		return found
	}
	return &refusedError{status: plain.StatusCode, text: refusalText(answered), about: withNeed(found, plain.Header)}
}

func named(op string, err error) *lastday.Error {
	var e *lastday.Error
	if !errors.As(err, &e) {
		return lastday.Wrap(lastday.CodeInternal, op, "unclassified", err)
	}
	e.Op = op
	return e
}

// remembered knows the two errors of go-github that may come without a request
// on the wire: it remembers a limit and refuses by itself.
func remembered(op string, err error) error {
	if primary, ok := errors.AsType[*gh.RateLimitError](err); ok {
		return limited(op, primary.Response, time.Until(primary.Rate.Reset.Time))
	}
	if secondary, ok := errors.AsType[*gh.AbuseRateLimitError](err); ok {
		return limited(op, secondary.Response, secondary.GetRetryAfter())
	}
	return nil
}

func limited(op string, resp *http.Response, wait time.Duration) error {
	if resp != nil {
		if reset := resetOf(resp.Header); reset > 0 {
			wait = reset
		}
	}
	if wait <= 0 {
		wait = time.Minute // what GitHub asks for where no header says how long
	}
	return &lastday.Error{Code: lastday.CodeRateLimited, Op: op, What: "the far side asks to come back later", RetryAfter: min(wait, 24*time.Hour)}
}

// resetOf is how long the rate window lasts by the far side's own clock, zero
// if it does not say or there is something left.
func resetOf(h http.Header) time.Duration {
	reset, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64)
	now, dateErr := http.ParseTime(h.Get("Date"))
	if err != nil || dateErr != nil || h.Get("X-RateLimit-Remaining") != "0" {
		return 0
	}
	return time.Unix(reset, 0).Sub(now)
}

// acceptedError says that the far side took an order and will do it later.
// go-github makes 202 an error; here it is an answer of its own kind.
type acceptedError struct{}

// Error tells what it is, in case somebody forgets to handle it.
func (*acceptedError) Error() string { return "accepted, not yet done" }

func isAccepted(err error) bool {
	var a *acceptedError
	return errors.As(err, &a)
}

// withNeed adds which scope or permission the credential lacks, where the far
// side says so.
func withNeed(e *lastday.Error, h http.Header) *lastday.Error {
	if e.Code != lastday.CodeDenied {
		return e
	}
	if p := h.Get("X-Accepted-GitHub-Permissions"); p != "" {
		e.What += ": needs the permission " + p
	} else if s := h.Get("X-Accepted-OAuth-Scopes"); s != "" && !strings.Contains(h.Get("X-OAuth-Scopes"), s) {
		e.What += ": needs the scope " + s
	}
	return e
}

// refusedError is an answer that says no. Its text is matched against what
// GitHub is known to say.
type refusedError struct {
	status int
	text   string
	about  *lastday.Error
}

// Error is the text of the error with the code.
func (e *refusedError) Error() string { return e.about.Error() }

// Unwrap gives the error with the code.
func (e *refusedError) Unwrap() error { return e.about }

func refusalText(answered *gh.ErrorResponse) string {
	text := answered.Message
	for _, e := range answered.Errors {
		text += " " + e.Message
	}
	return strings.ToLower(text)
}

// statusOf is the status of a refusal, zero if the error is none.
func statusOf(err error) int {
	if refused, ok := errors.AsType[*refusedError](err); ok {
		return refused.status
	}
	return 0
}

// says tells whether the far side refused with one of the words.
func says(err error, words ...string) bool {
	var refused *refusedError
	if !errors.As(err, &refused) {
		return false
	}
	for _, w := range words {
		if strings.Contains(refused.text, w) {
			return true
		}
	}
	return false
}

func codeIs(err error, code lastday.Code) bool { return err != nil && lastday.CodeOf(err) == code }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// number reads a text that itoa made; anything else is zero.
func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
