package postgres

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"lastday"
)

// crowded is how long to wait where PostgreSQL has no place: it does not say.
const crowded = 30 * time.Second

// classify turns an error of the driver into one with a code. The cause is left
// behind on purpose: it names the role, the host and, where a statement failed,
// whatever the statement held.
func classify(op string, err error) error {
	if err == nil {
		return nil
	}
	if ours, ok := errors.AsType[*lastday.Error](err); ok {
		return &lastday.Error{Code: ours.Code, Op: op, What: ours.What, RetryAfter: ours.RetryAfter}
	}
	if far, ok := errors.AsType[*pgconn.PgError](err); ok {
		return classifyState(op, far)
	}
	if _, ok := errors.AsType[*pgproto3.ExceededMaxBodyLenErr](err); ok {
		return lastday.Errorf(lastday.CodeInvalid, op, "the answer is larger than allowed")
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return lastday.Errorf(lastday.CodeTransient, op, "cancelled, or it took too long")
	}
	return lastday.Errorf(lastday.CodeTransient, op, "the connection failed, or the answer made no sense")
}

// classifyState knows the states that PostgreSQL answers with.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
func classifyState(op string, far *pgconn.PgError) error {
	e := &lastday.Error{Code: codeOf(far), Op: op, What: "SQLSTATE " + state(far)}
	switch e.Code {
	case lastday.CodeRateLimited:
		e.What += ": there are too many connections"
		e.RetryAfter = crowded
	case lastday.CodeDenied:
		e.What += ": our role may not log in or may not do this"
	case lastday.CodeProtected:
		e.What += ": something depends on it"
	case lastday.CodeNotFound, lastday.CodeInvalid, lastday.CodeUnsupported, lastday.CodeTransient, lastday.CodeUnknownOutcome, lastday.CodeInternal:
	}
	return e
}

// state is the SQLSTATE, if it is one: it comes from outside.
func state(far *pgconn.PgError) string {
	if len(far.Code) != 5 || strings.Trim(far.Code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "unknown"
	}
	return far.Code
}

func codeOf(far *pgconn.PgError) lastday.Code {
	switch far.Code {
	case "42501", "0LP01", "0P000":
		return lastday.CodeDenied
	case "53300", "53400":
		return lastday.CodeRateLimited
	case "57014", "57P01", "57P02", "57P03", "57P05", "55P03", "25P03":
		return lastday.CodeTransient
	case "25006": // a standby, or a cluster that was made read-only
		return lastday.CodeUnsupported
	case "XX000": // two transactions met at one row of a catalog: "tuple concurrently updated"
		return lastday.CodeTransient
	case "2BP01":
		return lastday.CodeProtected
	case "3D000", "42704", "42P01", "42883":
		return lastday.CodeNotFound
	}
	switch strings.TrimSpace(far.Code[:min(2, len(far.Code))]) {
	case "28":
		return lastday.CodeDenied
	case "08", "40", "53", "58":
		return lastday.CodeTransient
	case "0A":
		return lastday.CodeUnsupported
	case "42":
		return lastday.CodeInternal
	}
	return lastday.CodeInvalid
}

func codeIs(err error, code lastday.Code) bool { return err != nil && lastday.CodeOf(err) == code }
