package temporald

import (
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/log/tag"
)

// logger hands the server's log to slog. While the server is being stopped its errors are calls that were cut off, which
// is what stopping means, so they become debug messages.
type logger struct {
	to       *slog.Logger
	stopping *atomic.Bool
}

var (
	_ log.Logger     = logger{}
	_ log.WithLogger = logger{}
)

// fatal is what a Fatal of the server is turned into. The server expects the process to end there; a library may not do
// that, so start recovers it and returns it as an error. Elsewhere it ends the process like any panic.
type fatal struct{ error }

// Unwrap returns what the server said.
func (f fatal) Unwrap() error { return f.error }

// lazy renders a tag only if a handler wants it.
type lazy struct{ tag.Tag }

// LogValue returns the tag's value.
func (t lazy) LogValue() slog.Value { return slog.AnyValue(t.Value()) }

func attributes(tags []tag.Tag) []any {
	attrs := make([]any, 0, len(tags))
	for _, t := range tags {
		attrs = append(attrs, slog.Any(t.Key(), lazy{t}))
	}
	return attrs
}

func (l logger) Debug(msg string, tags ...tag.Tag)  { l.to.Debug(msg, attributes(tags)...) }
func (l logger) Info(msg string, tags ...tag.Tag)   { l.to.Info(msg, attributes(tags)...) }
func (l logger) Warn(msg string, tags ...tag.Tag)   { l.to.Warn(msg, attributes(tags)...) }
func (l logger) DPanic(msg string, tags ...tag.Tag) { l.Error(msg, tags...) }

func (l logger) Error(msg string, tags ...tag.Tag) {
	if l.stopping.Load() {
		l.to.Debug(msg, attributes(tags)...)
		return
	}
	l.to.Error(msg, attributes(tags)...)
}

func (l logger) Panic(msg string, tags ...tag.Tag) {
	l.to.Error(msg, attributes(tags)...)
	panic(msg)
}

func (l logger) Fatal(msg string, tags ...tag.Tag) {
	err := errors.New(msg)
	for _, t := range tags {
		// A tag's Value is only the error's text.
		field, ok := t.(tag.ZapTag)
		if !ok {
			continue
		}
		if cause, ok := field.Field().Interface.(error); ok {
			err = fmt.Errorf("%w: %w", err, cause)
		}
	}
	panic(fatal{err})
}

func (l logger) With(tags ...tag.Tag) log.Logger {
	return logger{to: l.to.With(attributes(tags)...), stopping: l.stopping}
}

// guarded runs f and returns a Fatal of the server as an error.
func guarded(f func() error) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case fatal:
			err = r
		default:
			panic(r)
		}
	}()
	return f()
}
