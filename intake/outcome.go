package intake

import (
	"errors"
	"net/http"
	"time"

	"lastday"
	"lastday/integrations/hr"
)

// Outcome says what became of a delivery, in logs, metrics and answers.
type Outcome string

// The outcomes, and how each is answered.
const (
	// OutcomeAccepted: handed over. 202.
	OutcomeAccepted Outcome = "accepted"
	// OutcomeDuplicate: it was handed over before. 202, as a sender must never be
	// made to try a duplicate again.
	OutcomeDuplicate Outcome = "duplicate"
	// OutcomeParked: verified and not understood; kept for a person. 202.
	OutcomeParked Outcome = "parked"
	// OutcomeIgnored: the configuration says to pass over events of this type. 202.
	OutcomeIgnored Outcome = "ignored"
	// OutcomeDenied: bad or missing signature. 401.
	OutcomeDenied Outcome = "denied"
	// OutcomeClock: well signed, at a time outside the window. 401.
	OutcomeClock Outcome = "clock_skew"
	// OutcomeNoSource: no source has that name. 404.
	OutcomeNoSource Outcome = "no_source"
	// OutcomeTooLarge: the body is too large. 413.
	OutcomeTooLarge Outcome = "too_large"
	// OutcomeMediaType: not JSON, or encoded. 415.
	OutcomeMediaType Outcome = "media_type"
	// OutcomeBroken: the sender broke off within the body. 400.
	OutcomeBroken Outcome = "broken"
	// OutcomeSecret: a secret of ours is missing. 503.
	OutcomeSecret Outcome = "secret_missing"
	// OutcomeBusy: too many deliveries at a time. 503.
	OutcomeBusy Outcome = "busy"
	// OutcomeSlow: it took longer than the deadline. 503.
	OutcomeSlow Outcome = "slow"
	// OutcomeFailed: the hand-over failed. 503.
	OutcomeFailed Outcome = "failed"
)

// Outcomes lists the closed set.
func Outcomes() []Outcome {
	return []Outcome{
		OutcomeAccepted, OutcomeDuplicate, OutcomeParked, OutcomeIgnored, OutcomeDenied, OutcomeClock, OutcomeNoSource,
		OutcomeTooLarge, OutcomeMediaType, OutcomeBroken, OutcomeSecret, OutcomeBusy, OutcomeSlow, OutcomeFailed,
	}
}

// Status is the HTTP status that answers the outcome. 4xx stands only for what
// can never succeed: senders do not try again after it.
func (o Outcome) Status() int {
	switch o {
	case OutcomeAccepted, OutcomeDuplicate, OutcomeParked, OutcomeIgnored:
		return http.StatusAccepted
	case OutcomeDenied, OutcomeClock:
		return http.StatusUnauthorized
	case OutcomeNoSource:
		return http.StatusNotFound
	case OutcomeTooLarge:
		return http.StatusRequestEntityTooLarge
	case OutcomeMediaType:
		return http.StatusUnsupportedMediaType
	case OutcomeBroken:
		return http.StatusBadRequest
	case OutcomeSecret, OutcomeBusy, OutcomeSlow, OutcomeFailed:
		return http.StatusServiceUnavailable
	}
	return http.StatusServiceUnavailable
}

// refused is why a delivery was not taken.
type refused struct {
	outcome Outcome
	err     error
}

func (r *refused) Error() string { return string(r.outcome) + ": " + r.err.Error() }

func (r *refused) Unwrap() error { return r.err }

func refuse(outcome Outcome, code lastday.Code, format string, args ...any) error {
	return &refused{outcome: outcome, err: lastday.Errorf(code, "intake", format, args...)}
}

func errSlow() error {
	return lastday.Errorf(lastday.CodeTransient, "intake", "the delivery took too long")
}

// verifyOutcome says how a failed verification is answered.
func verifyOutcome(err error) Outcome {
	switch {
	case errors.Is(err, hr.ErrClock):
		return OutcomeClock
	case lastday.CodeOf(err) == lastday.CodeDenied:
		return OutcomeDenied
	}
	return OutcomeSecret
}

// retryAfter asks the sender of a delivery that we could not take for some patience.
const retryAfter = 15 * time.Second
