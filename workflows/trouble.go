package workflows

import (
	"errors"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"

	"lastday"
	"lastday/activities"
)

// codeUnserved is the workflows' own: no worker took the order.
const codeUnserved lastday.Code = "unserved"

// troubleOf reads an activity's error: the code, and the reason in words.
func troubleOf(err error) activities.Trouble {
	var timeout *temporal.TimeoutError
	if errors.As(err, &timeout) && timeout.TimeoutType() == enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START {
		return activities.Trouble{Code: codeUnserved, Why: "no worker took the order: none serves the queue, or its rate limit holds it back"}
	}
	if app, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		var t activities.Trouble
		if app.HasDetails() && app.Details(&t) == nil && t.Code != "" {
			return t
		}
		return activities.Trouble{Code: lastday.Code(app.Type()), Why: app.Message()}
	}
	if errors.As(err, &timeout) {
		return activities.Trouble{Code: lastday.CodeTransient, Why: "no answer in time: the far side or the worker hangs (" + timeout.TimeoutType().String() + ")"}
	}
	return activities.Trouble{Code: lastday.CodeInternal, Why: err.Error()}
}
