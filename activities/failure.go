package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"

	"lastday"
)

// Trouble is the detail of every failure that leaves an activity: what a
// workflow needs to decide, and to tell a person, without reading texts.
type Trouble struct {
	Code lastday.Code `json:"code"`
	// Why is the error's text; it holds no secret and no personal data.
	Why string `json:"why"`
	// RetryAfter is how long the far side asked us to wait; zero if it did not.
	RetryAfter time.Duration `json:"retryAfter,omitempty"`
}

func troubleOf(err error) Trouble {
	return Trouble{Code: lastday.CodeOf(err), Why: err.Error(), RetryAfter: lastday.RetryAfterOf(err)}
}

// Failure is the one translation of our errors to Temporal's: the code becomes
// the type, trouble that a person must mend is not retried, and a far side
// that asked us to wait is left alone for as long. Nil stays nil.
func Failure(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	t := troubleOf(err)
	return temporal.NewApplicationErrorWithOptions(err.Error(), string(t.Code), temporal.ApplicationErrorOptions{
		NonRetryable:   !t.Code.Retryable(),
		NextRetryDelay: t.RetryAfter,
		Category:       category(t.Code),
		Details:        []any{t},
	})
}

// category marks what is expected to happen, so that it does not count as a
// failure of ours in logs and metrics.
func category(code lastday.Code) temporal.ApplicationErrorCategory {
	if code == lastday.CodeRateLimited {
		return temporal.ApplicationErrorCategoryBenign
	}
	return temporal.ApplicationErrorCategoryUnspecified
}
