package secret

import (
	"fmt"
	"io"
	"log/slog"
)

// hidden stands wherever a Text is printed.
const hidden = "[secret]"

// Text holds a secret that must not be printed by accident: every way of
// printing, logging or encoding it shows "[secret]". Only Reveal gives it out.
type Text struct{ value func() string }

// NewText hides a value.
func NewText(value string) Text { return Text{value: func() string { return value }} }

// Reveal gives the value; empty for the zero Text.
func (t Text) Reveal() string {
	if t.value == nil {
		return ""
	}
	return t.value()
}

// String is "[secret]".
func (t Text) String() string { return hidden }

// GoString is "[secret]".
func (t Text) GoString() string { return hidden }

// Format writes "[secret]" for every verb.
func (t Text) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, hidden) }

// MarshalText writes "[secret]", so that JSON and YAML hold no more.
func (t Text) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue is "[secret]".
func (t Text) LogValue() slog.Value { return slog.StringValue(hidden) }
