package lastday

import (
	"errors"
	"fmt"
	"time"
)

// Code says what kind of trouble an error is. Callers act on the code, never
// on the text. The set is closed.
type Code string

// The codes.
const (
	// CodeNotFound: the thing asked for is not there, or hidden from us: which
	// of the two it is, this code does not say.
	CodeNotFound Code = "not_found"
	// CodeDenied: our own credential may not do this. Retrying cannot help
	// until a person mends the credential.
	CodeDenied Code = "denied"
	// CodeInvalid: the request, the configuration or the answer makes no sense.
	CodeInvalid Code = "invalid"
	// CodeUnsupported: the far side has no way to do this.
	CodeUnsupported Code = "unsupported"
	// CodeProtected: a guard refused (protected person, last owner, our own
	// credential). Only a person may decide otherwise.
	CodeProtected Code = "protected"
	// CodeRateLimited: the far side asked to come back later; RetryAfter says when.
	CodeRateLimited Code = "rate_limited"
	// CodeTransient: trouble that is expected to pass.
	CodeTransient Code = "transient"
	// CodeUnknownOutcome: a write was sent and nobody knows whether it took
	// effect. Read before writing again.
	CodeUnknownOutcome Code = "unknown_outcome"
	// CodeInternal: a mistake of ours.
	CodeInternal Code = "internal"
)

// Codes lists the closed set.
func Codes() []Code {
	return []Code{
		CodeNotFound, CodeDenied, CodeInvalid, CodeUnsupported, CodeProtected,
		CodeRateLimited, CodeTransient, CodeUnknownOutcome, CodeInternal,
	}
}

// Retryable says whether trying the same again, without a person, can help.
func (c Code) Retryable() bool {
	switch c {
	case CodeRateLimited, CodeTransient, CodeUnknownOutcome:
		return true
	case CodeNotFound, CodeDenied, CodeInvalid, CodeUnsupported, CodeProtected, CodeInternal:
		return false
	}
	return false
}

// Error is trouble with a code. Its text is `op: what: cause` and never holds
// a secret, a URL's query or personal data.
type Error struct {
	Code Code
	// Op names the operation, such as "github: list teams".
	Op string
	// What says what went wrong and, where one can, what to do.
	What string
	// RetryAfter is how long the far side asked us to wait; zero if it did not.
	RetryAfter time.Duration
	// Err is the cause, nil if there is none.
	Err error
}

// Errorf makes an Error without a cause.
func Errorf(code Code, op, format string, args ...any) *Error {
	return &Error{Code: code, Op: op, What: fmt.Sprintf(format, args...)}
}

// Wrap makes an Error around a cause.
func Wrap(code Code, op, what string, err error) *Error {
	return &Error{Code: code, Op: op, What: what, Err: err}
}

// Error is `op: what: cause`.
func (e *Error) Error() string {
	text := e.Op
	if e.What != "" {
		text += ": " + e.What
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf finds the code of the outermost Error in the chain. An error without
// one is CodeInternal; nil has the empty code.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}

// RetryAfterOf finds how long the far side asked us to wait, zero if it did not.
func RetryAfterOf(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.RetryAfter
	}
	return 0
}
