// Package secret resolves references to secrets, so that configurations,
// records and payloads hold only the reference.
//
// A reference is env:NAME or file:PATH. Errors name the reference where it is
// surely one, and never the value.
package secret

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"

	"lastday"
)

// MaxSize is the most bytes that a secret may have.
const MaxSize = 64 << 10

// Resolver resolves references. Its zero value is strict and reads the
// environment of the process.
type Resolver struct {
	// Lookup finds an environment variable; nil is os.LookupEnv.
	Lookup func(name string) (string, bool)
	// AllowWorldReadable accepts files that everybody on the machine may read, as
	// some container runtimes mount them.
	AllowWorldReadable bool
}

// Resolve gives the value behind a reference, strictly; see Resolver.Resolve.
func Resolve(ctx context.Context, ref string) (string, error) {
	return Resolver{}.Resolve(ctx, ref)
}

// Resolve gives the value behind a reference, without one newline at its end.
//
// CodeInvalid: it is no reference, there is no such variable or file, the file
// is readable by everybody, or the value is empty or larger than MaxSize.
// CodeTransient: the file is there and could not be read.
func (r Resolver) Resolve(ctx context.Context, ref string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", lastday.Wrap(lastday.CodeTransient, "secret", "not resolved", err)
	}
	scheme, rest, _ := strings.Cut(ref, ":")
	switch scheme {
	case "env":
		return r.fromEnv(rest)
	case "file":
		return r.fromFile(rest)
	}
	// The text is not repeated: it may be the secret itself, written in the wrong place.
	return "", lastday.Errorf(lastday.CodeInvalid, "secret", "a secret must be a reference: env:NAME or file:PATH")
}

func (r Resolver) fromEnv(name string) (string, error) {
	if !regexp.MustCompile(`^[A-Z_][A-Z0-9_]*$`).MatchString(name) {
		return "", lastday.Errorf(lastday.CodeInvalid, "secret", "what follows env: is no name of a variable in capitals, digits and underscores")
	}
	lookup := r.Lookup
	if lookup == nil {
		lookup = os.LookupEnv
	}
	value, ok := lookup(name)
	if !ok {
		return "", lastday.Errorf(lastday.CodeInvalid, "secret", "the environment has no variable %s", name)
	}
	return checked("env:"+name, value)
}

func (r Resolver) fromFile(path string) (string, error) {
	if !strings.Contains(path, "/") {
		return "", lastday.Errorf(lastday.CodeInvalid, "secret", "what follows file: is no path: write ./NAME for a file here")
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", lastday.Errorf(lastday.CodeInvalid, "secret", "there is no file %s", path)
	}
	if err != nil {
		return "", lastday.Wrap(lastday.CodeTransient, "secret", "open", err)
	}
	defer file.Close()
	if err := r.permitted(file, path); err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(file, MaxSize+1))
	if err != nil {
		return "", lastday.Wrap(lastday.CodeTransient, "secret", "read", err)
	}
	return checked("file:"+path, string(text))
}

func (r Resolver) permitted(file *os.File, path string) error {
	info, err := file.Stat()
	if err != nil {
		return lastday.Wrap(lastday.CodeTransient, "secret", "look at the file", err)
	}
	if !info.Mode().IsRegular() {
		return lastday.Errorf(lastday.CodeInvalid, "secret", "%s is no regular file", path)
	}
	if info.Mode().Perm()&0o004 != 0 && !r.AllowWorldReadable {
		return lastday.Errorf(lastday.CodeInvalid, "secret", "everybody may read %s: take that right away (chmod o-r)", path)
	}
	return nil
}

func checked(ref, value string) (string, error) {
	if len(value) > MaxSize {
		return "", lastday.Errorf(lastday.CodeInvalid, "secret", "%s holds more than %d bytes", ref, MaxSize)
	}
	value = strings.TrimSuffix(strings.TrimSuffix(value, "\n"), "\r")
	if value == "" {
		return "", lastday.Errorf(lastday.CodeInvalid, "secret", "%s is empty", ref)
	}
	return value, nil
}
