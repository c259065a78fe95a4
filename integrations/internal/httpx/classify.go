package httpx

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"lastday"
)

// Classify turns what came back into an error with a code, or nil for a 2xx
// that was read without an error. Wrote says that the call could change
// something: then an answer that got lost is CodeUnknownOutcome, unless it is
// certain that nothing was sent, and so are 500, 502 and 504, which do not say
// whether the change took effect.
//
//	401                           denied
//	403, 429                      rate_limited if a limit is named, else denied
//	404, 410                      not_found (which proves nothing)
//	408, 409, 423, 425, 5xx       transient
//	501                           unsupported
//	other 3xx, 4xx                invalid
//	no answer, half an answer     transient or unknown_outcome
//	malformed or oversized JSON   invalid or unknown_outcome
//
// It reads the rest of an error's body and does not close it. The text of the
// error is free of URLs, tokens and e-mail addresses.
func Classify(resp *http.Response, err error, wrote bool) error {
	if e := refusalOf(err); e != nil {
		return e
	}
	if resp != nil && resp.StatusCode/100 != 2 {
		return classifyStatus(resp, err, wrote)
	}
	if err == nil {
		return nil
	}
	if resp == nil {
		return classifyLost(err, wrote)
	}
	return classifyUnread(err, wrote)
}

// refusalOf finds an error of our own that came before anything was sent, or
// instead of following a redirect.
func refusalOf(err error) *lastday.Error {
	var e *lastday.Error
	if !errors.As(err, &e) {
		return nil
	}
	c := *e
	return &c
}

func classifyLost(err error, wrote bool) *lastday.Error {
	sent := true
	if lost, ok := errors.AsType[*lostError](err); ok {
		sent = lost.sent
	}
	if wrote && sent && !isDial(err) {
		return lastday.Wrap(lastday.CodeUnknownOutcome, "http", "sent, and the answer was lost", safe(err))
	}
	if _, ok := errors.AsType[*tooLargeError](err); ok {
		return lastday.Wrap(lastday.CodeInvalid, "http", "answer refused", safe(err))
	}
	return lastday.Wrap(lastday.CodeTransient, "http", "no answer", safe(err))
}

// classifyUnread judges a 2xx whose body could not be read.
func classifyUnread(err error, wrote bool) *lastday.Error {
	if wrote {
		return lastday.Wrap(lastday.CodeUnknownOutcome, "http", "accepted, but the answer cannot be read", safe(err))
	}
	var lost *lostError
	var other *pageError
	if errors.As(err, &lost) || errors.As(err, &other) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return lastday.Wrap(lastday.CodeTransient, "http", "no full answer", safe(err))
	}
	return lastday.Wrap(lastday.CodeInvalid, "http", "the answer cannot be read", safe(err))
}

func classifyStatus(resp *http.Response, err error, wrote bool) *lastday.Error {
	message := messageOf(resp)
	e := &lastday.Error{Code: codeOf(resp, wrote), Op: "http", What: fmt.Sprintf("answered %d", resp.StatusCode)}
	if message != "" {
		e.What += " (" + redactForeign(message) + ")"
	}
	limited := resp.StatusCode == http.StatusTooManyRequests || saysLimited(resp, message, err)
	if limited {
		e.Code = lastday.CodeRateLimited
	}
	e.RetryAfter = retryAfter(resp, limited)
	return e
}

func codeOf(resp *http.Response, wrote bool) lastday.Code {
	switch status := resp.StatusCode; {
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusProxyAuthRequired:
		return lastday.CodeDenied
	case status == http.StatusNotFound, status == http.StatusGone:
		return lastday.CodeNotFound
	case status == http.StatusRequestTimeout, status == http.StatusConflict, status == http.StatusLocked, status == http.StatusTooEarly:
		return lastday.CodeTransient
	case status == http.StatusNotImplemented:
		return lastday.CodeUnsupported
	case wrote && (status == http.StatusInternalServerError || status == http.StatusBadGateway || status == http.StatusGatewayTimeout):
		return lastday.CodeUnknownOutcome
	case status >= http.StatusInternalServerError:
		return lastday.CodeTransient
	}
	return lastday.CodeInvalid
}

// saysLimited knows a limit that comes as a 403: by Retry-After, by an empty
// quota, or by its words. See
// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
func saysLimited(resp *http.Response, message string, err error) bool {
	if resp.StatusCode != http.StatusForbidden {
		return false
	}
	if resp.Header.Get("Retry-After") != "" || resp.Header.Get("X-Ratelimit-Remaining") == "0" {
		return true
	}
	words := strings.ToLower(message)
	if err != nil {
		words += " " + strings.ToLower(err.Error())
	}
	return strings.Contains(words, "rate limit") || strings.Contains(words, "abuse detection")
}

// retryAfter is how long the far side asks to wait. A limit that does not say
// is a minute, which GitHub asks for in that case (page above).
func retryAfter(resp *http.Response, limited bool) time.Duration {
	now := noteOf(resp).at
	if now.IsZero() {
		now, _ = http.ParseTime(resp.Header.Get("Date"))
	}
	if d, ok := ParseRetryAfter(resp.Header.Get("Retry-After"), now); ok {
		return d
	}
	if !limited {
		return 0
	}
	if d, ok := untilReset(resp.Header.Get("X-Ratelimit-Reset"), now); ok && resp.Header.Get("X-Ratelimit-Remaining") == "0" {
		return d
	}
	return time.Minute
}

// mostWait bounds what a far side can ask for: a wrong header must not put a
// case to sleep for years.
const mostWait = 24 * time.Hour

// ParseRetryAfter reads a Retry-After header, seconds or a date, see
// https://www.rfc-editor.org/rfc/rfc9110#field.retry-after. The wait is
// between zero and a day. False says that the header is empty or makes no
// sense, or is a date while now is unknown.
func ParseRetryAfter(value string, now time.Time) (time.Duration, bool) {
	value = strings.TrimSpace(value)
	if seconds, err := strconv.ParseUint(value, 10, 63); err == nil {
		return clampSeconds(seconds), true
	}
	at, err := http.ParseTime(value)
	if err != nil || now.IsZero() {
		return 0, false
	}
	return min(max(at.Sub(now), 0), mostWait), true
}

// untilReset reads the instant at which a quota is full again, in seconds of
// the Unix epoch.
func untilReset(value string, now time.Time) (time.Duration, bool) {
	epoch, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
	if err != nil || now.IsZero() || epoch < 0 {
		return 0, false
	}
	return min(max(time.Unix(epoch, 0).Sub(now), 0), mostWait), true
}

func clampSeconds(seconds uint64) time.Duration {
	if seconds > uint64(mostWait/time.Second) {
		return mostWait
	}
	return time.Duration(seconds) * time.Second
}

// messageOf reads what the far side says about its refusal, in the fields that
// are in use.
func messageOf(resp *http.Response) string {
	const most = 64 << 10
	if resp.Body == nil {
		return ""
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, most))
	if err != nil {
		return ""
	}
	var said struct {
		Message     string          `json:"message"`
		Detail      string          `json:"detail"`
		Description string          `json:"error_description"`
		Error       json.RawMessage `json:"error"`
	}
	if json.Unmarshal(text, &said) != nil {
		return ""
	}
	var plain string
	if json.Unmarshal(said.Error, &plain) != nil {
		plain = ""
	}
	for _, s := range []string{said.Message, said.Detail, said.Description, plain} {
		if s != "" {
			return s
		}
	}
	return ""
}
