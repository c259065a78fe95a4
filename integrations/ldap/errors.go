package ldap

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"lastday"
)

// crowded is how long to wait where a server is busy: it does not say.
const crowded = 30 * time.Second

// classify turns an error of the client into one with a code. The cause is left
// behind on purpose: servers put names and values into their diagnostics.
func classify(op string, err error) error {
	if err == nil {
		return nil
	}
	if ours, ok := errors.AsType[*lastday.Error](err); ok {
		return ours
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return lastday.Errorf(lastday.CodeTransient, op, "cancelled, or it took too long")
	}
	if far, ok := errors.AsType[*goldap.Error](err); ok && far.ResultCode < goldap.ErrorNetwork {
		return classifyResult(op, far)
	}
	return lastday.Errorf(lastday.CodeTransient, op, "the connection failed, or the answer made no sense")
}

// classifyResult knows the results that servers answer with.
// https://www.rfc-editor.org/rfc/rfc4511#appendix-A
func classifyResult(op string, far *goldap.Error) error {
	e := &lastday.Error{Code: codeOf(far.ResultCode), Op: op, What: "the server answered", Err: result(far.ResultCode)}
	if e.Code == lastday.CodeRateLimited {
		e.RetryAfter = crowded
	}
	if far.ResultCode == goldap.LDAPResultInvalidCredentials {
		e.What = refusedBind(far)
	}
	if far.ResultCode == goldap.LDAPResultReferral {
		e.What = "the answer is on another server, and referrals are not followed"
	}
	return e
}

func codeOf(result uint16) lastday.Code {
	switch result {
	case goldap.LDAPResultInvalidCredentials, goldap.LDAPResultInsufficientAccessRights, goldap.LDAPResultInappropriateAuthentication,
		goldap.LDAPResultAuthMethodNotSupported, goldap.LDAPResultStrongAuthRequired, goldap.LDAPResultConfidentialityRequired:
		return lastday.CodeDenied
	case goldap.LDAPResultBusy:
		return lastday.CodeRateLimited
	case goldap.LDAPResultOperationsError, goldap.LDAPResultTimeLimitExceeded, goldap.LDAPResultUnavailable, goldap.LDAPResultOther, goldap.LDAPResultLoopDetect:
		return lastday.CodeTransient
	case goldap.LDAPResultNoSuchObject:
		return lastday.CodeNotFound
	case goldap.LDAPResultObjectClassViolation, goldap.LDAPResultConstraintViolation:
		return lastday.CodeProtected
	case goldap.LDAPResultUndefinedAttributeType, goldap.LDAPResultUnwillingToPerform, goldap.LDAPResultUnavailableCriticalExtension:
		return lastday.CodeUnsupported
	}
	return lastday.CodeInvalid
}

// refusedBind says why we were not let in, as far as the server tells. Active
// Directory tells with a number: https://learn.microsoft.com/windows/win32/debug/system-error-codes--1300-1699-
// (1326 is 52e, 1331 533, 1793 701, 1907 773 in hexadecimal).
func refusedBind(far *goldap.Error) string {
	said := ""
	if m := regexp.MustCompile(`\bdata ([0-9a-f]{1,8})\b`).FindStringSubmatch(fmt.Sprint(far.Err)); m != nil {
		said = m[1]
	}
	switch said {
	case "525":
		return "there is no such account as ours (data 525)"
	case "52e":
		return "our password is wrong (data 52e)"
	case "530", "531":
		return "our account may not log in now or from here (data " + said + ")"
	case "532", "773":
		return "our password is over and must be changed (data " + said + ")"
	case "533":
		return "our account is disabled (data 533)"
	case "701":
		return "our account has expired (data 701)"
	case "775":
		return "our account is locked out (data 775)"
	}
	return "our name or password is wrong, or our account is locked"
}

func codeIs(err error, code lastday.Code) bool { return err != nil && lastday.CodeOf(err) == code }

// result is what a server answered.
type result uint16

// Error names it.
func (r result) Error() string {
	return fmt.Sprintf("result %d (%s)", uint16(r), goldap.LDAPResultCodeMap[uint16(r)])
}

// resultIs says whether the server answered with one of the results.
func resultIs(err error, any ...result) bool {
	answered, ok := errors.AsType[result](err)
	return ok && slices.Contains(any, answered)
}
