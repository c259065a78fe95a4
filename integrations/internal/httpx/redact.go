package httpx

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
)

// Redact takes out of a text what must not stand in errors and logs: the
// addresses called (hosts stay), e-mail addresses and everything that looks
// like a token.
func Redact(text string) string {
	for _, r := range redactions() {
		text = r.find.ReplaceAllString(text, r.put)
	}
	return text
}

// redactForeign is Redact for a text that the far side wrote: shorter, and
// without long words, which could be a credential that it echoes.
func redactForeign(text string) string {
	words := strings.Fields(Redact(text))
	for i, w := range words {
		if len(w) >= 20 && strings.ContainsAny(w, "0123456789_") {
			words[i] = "[...]"
		}
	}
	return clip(strings.Join(words, " "), 160)
}

type redaction struct {
	find *regexp.Regexp
	put  string
}

func redactions() []redaction {
	return []redaction{
		{regexp.MustCompile(`(?i)\b(https?)://(?:[^\s"'<>/@]*@)?([a-z0-9.\-:\[\]]+)[^\s"'<>)]*`), "$1://$2/..."},
		{regexp.MustCompile(`(?i)[a-z0-9._%+'\-]+(?:@|%40)[a-z0-9.\-]+`), "[e-mail]"},
		{regexp.MustCompile(`(?i)\b(bearer|basic|token)[ :=]+[a-z0-9._~+/=\-]{8,}`), "$1 [secret]"},
		{regexp.MustCompile(`\b(?:gh[a-z]_|github_pat_|glpat-|xox[a-z]-|sk-|whsec_)[A-Za-z0-9_\-]+`), "[secret]"},
		{regexp.MustCompile(`\beyJ[A-Za-z0-9_\-]+\.[A-Za-z0-9_.\-]+`), "[secret]"},
		{regexp.MustCompile(`(?i)\b(access_token|client_secret|refresh_token|password|secret|api_key|apikey)(["']?\s*[:=]\s*["']?)[^\s"'&,}]+`), "$1$2[secret]"},
	}
}

// safe gives an error a text without addresses, e-mail or tokens. What it wraps
// is still found by errors.Is and errors.As, but no longer printed.
func safe(err error) error {
	if err == nil {
		return nil
	}
	return &safeError{err: err}
}

type safeError struct{ err error }

func (e *safeError) Error() string {
	err := e.err
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return clip(Redact(err.Error()), 300)
}

// Is looks behind the redaction.
func (e *safeError) Is(target error) bool { return errors.Is(e.err, target) }

// As looks behind the redaction.
func (e *safeError) As(target any) bool { return errors.As(e.err, target) }

func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "..."
}
