package aws

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"lastday"
	"lastday/integrations/internal/httpx"
)

// classify turns what the SDK returns into an error with a code. AWS's own code
// decides where it says more than the status: IAM answers Throttling with 400.
// The message is left out but for the action that was denied: it names people.
func classify(op string, err error, wrote bool) error {
	if _, ok := errors.AsType[*strangerError](err); ok {
		return stranger(op, wrote)
	}
	resp := responseOf(err) //nolint:bodyclose // the SDK has read and closed it
	said, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return named(op, httpx.Classify(resp, err, wrote))
	}
	code, known := codeOf(said.ErrorCode(), wrote)
	if !known {
		return named(op, httpx.Classify(resp, err, wrote))
	}
	e := &lastday.Error{Code: code, Op: op, What: "AWS says " + clean(said.ErrorCode())}
	if code == lastday.CodeRateLimited {
		e.RetryAfter = waitOf(resp)
	}
	if action := deniedAction().FindStringSubmatch(said.ErrorMessage()); code == lastday.CodeDenied && action != nil {
		e.What += ": our credential lacks " + action[1]
	}
	return &refusedError{code: said.ErrorCode(), about: e}
}

func stranger(op string, wrote bool) error {
	code := lastday.CodeInvalid
	if wrote {
		code = lastday.CodeUnknownOutcome
	}
	return lastday.Wrap(code, op, "somebody in between answered", &strangerError{})
}

func responseOf(err error) *http.Response {
	if e, ok := errors.AsType[*awshttp.ResponseError](err); ok && e.Response != nil && e.Response.StatusCode != 0 { // the SDK makes up a response where none came
		return e.Response.Response
	}
	return nil
}

func named(op string, err error) error {
	e, ok := errors.AsType[*lastday.Error](err)
	if !ok {
		return lastday.Wrap(lastday.CodeInternal, op, "unclassified", err)
	}
	e.Op = op
	return e
}

// codeOf knows the errors that all services share and those of the services
// used here.
// https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
// https://docs.aws.amazon.com/singlesignon/latest/APIReference/CommonErrors.html
func codeOf(code string, wrote bool) (lastday.Code, bool) {
	switch code {
	case "Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException", "RequestLimitExceeded", "RequestThrottled", "SlowDown":
		return lastday.CodeRateLimited, true
	case "AccessDenied", "AccessDeniedException", "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidSignatureException",
		"ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "MissingAuthenticationToken", "MissingAuthenticationTokenException", "NotAuthorized", "OptInRequired",
		"InvalidIdentityToken", "IDPRejectedClaim":
		return lastday.CodeDenied, true
	case "NoSuchEntity", "NoSuchEntityException", "ResourceNotFoundException":
		return lastday.CodeNotFound, true
	case "ServiceFailure", "InternalFailure", "InternalServerException", "InternalServerError":
		if wrote {
			return lastday.CodeUnknownOutcome, true
		}
		return lastday.CodeTransient, true
	case "ServiceUnavailable", "EntityTemporarilyUnmodifiable", "ConcurrentModification", "ConflictException", "RequestExpired", "RequestTimeout", "IDPCommunicationError":
		return lastday.CodeTransient, true
	case "EntityAlreadyExists", "DeleteConflict", "LimitExceeded", "ServiceQuotaExceededException", "ValidationError", "ValidationException",
		"MalformedPolicyDocument", "InvalidInput", "UnmodifiableEntity", "PasswordPolicyViolation", "PolicyNotAttachable":
		return lastday.CodeInvalid, true
	}
	return "", false
}

// waitOf is how long AWS asks to wait. It seldom says; then a few seconds fill
// the bucket of calls again.
func waitOf(resp *http.Response) time.Duration {
	const usual = 5 * time.Second
	if resp == nil {
		return usual
	}
	if d, ok := httpx.ParseRetryAfter(resp.Header.Get("Retry-After"), time.Time{}); ok {
		return d
	}
	return usual
}

// deniedAction finds the action in the message of a refusal.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func deniedAction() *regexp.Regexp {
	return regexp.MustCompile(`not authorized to perform: ([a-z0-9-]{1,40}:[A-Za-z]{1,80})\b`)
}

func clean(code string) string {
	return regexp.MustCompile(`[^A-Za-z0-9.]`).ReplaceAllString(code, "")
}

// refusedError is an error that AWS named.
type refusedError struct {
	code  string
	about *lastday.Error
}

// Error is the text of the error with the code.
func (e *refusedError) Error() string { return e.about.Error() }

// Unwrap gives the error with the code.
func (e *refusedError) Unwrap() error { return e.about }

// says tells whether AWS refused with one of the codes.
func says(err error, codes ...string) bool {
	var refused *refusedError
	return errors.As(err, &refused) && slices.Contains(codes, refused.code)
}

func codeIs(err error, code lastday.Code) bool { return err != nil && lastday.CodeOf(err) == code }
