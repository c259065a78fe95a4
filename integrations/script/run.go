package script

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"lastday"
	"lastday/integrations/internal/httpx"
)

// mostStderr is how much of what a program complains about is kept.
const mostStderr = 16 << 10

// call runs the program once.
func (d *driver) call(ctx context.Context, r Request) (Answer, error) {
	r.Version = Version
	op := "script: " + r.Verb
	writes := r.Verb == verbApply
	if err := ctx.Err(); err != nil {
		return Answer{}, lastday.Wrap(lastday.CodeTransient, op, "not started", err)
	}
	if err := trusted(d.config.Command[0]); err != nil {
		return Answer{}, lastday.Wrap(lastday.CodeDenied, op, "not started", err)
	}
	secrets, err := d.secrets(ctx)
	if err != nil {
		return Answer{}, lastday.Wrap(lastday.CodeOf(err), op, "not started", err)
	}
	httpx.Note(ctx, writes)
	out, err := d.process(ctx, r, secrets)
	if !out.started {
		return Answer{}, lastday.Wrap(lastday.CodeTransient, op, "the program cannot be started", err)
	}
	d.complain(ctx, r.Verb, append(r.personal(), secrets...), out.stderr)
	answer, parseErr := parse(out.stdout)
	if err == nil && parseErr == nil && answer.Error == nil {
		return answer, nil
	}
	return answer, d.trouble(op, writes, out, answer, err, parseErr)
}

// output is what became of a process.
type output struct {
	started  bool
	stdout   []byte
	stderr   string
	tooLarge bool
	// late says that the time limit ended it.
	late bool
}

// process runs the program and ends it, with all that it started, when its time
// or the caller's is over or its answer is too large.
func (d *driver) process(ctx context.Context, r Request, secrets []string) (output, error) {
	limited, cancel := context.WithTimeout(ctx, d.config.timeout())
	defer cancel()
	cmd := exec.CommandContext(limited, d.config.Command[0], d.config.Command[1:]...) //nolint:gosec // G204: the operator's own configuration names the program
	cmd.Dir = d.config.Dir
	if cmd.Dir == "" {
		cmd.Dir = "/"
	}
	stdout := &bounded{left: d.config.maxOutput(), full: cancel}
	stderr := &bounded{left: mostStderr}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.WaitDelay = time.Second
	isolate(cmd)
	done, err := d.prepare(cmd, r, secrets)
	if err != nil {
		return output{}, err
	}
	err = cmd.Start()
	done()
	if err != nil {
		return output{}, safeExec(err)
	}
	err = cmd.Wait()
	if errors.Is(err, exec.ErrWaitDelay) {
		_ = end(cmd) // something that it started holds on to its output; if that ended by now, all the better
	}
	return output{
		started: true, stdout: stdout.text.Bytes(), stderr: stderr.text.String(),
		tooLarge: stdout.over, late: !stdout.over && limited.Err() != nil,
	}, err
}

// prepare gives the program its request, environment and secrets. Done closes
// what only the child needs.
func (d *driver) prepare(cmd *exec.Cmd, r Request, secrets []string) (done func(), err error) {
	cmd.Env = []string{}
	for name, value := range d.config.Env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	if d.config.Input == inputEnv {
		cmd.Env = append(cmd.Env, r.variables()...)
	} else {
		text, err := json.Marshal(r)
		if err != nil {
			return nil, err
		}
		cmd.Stdin = bytes.NewReader(append(text, '\n'))
	}
	done = func() {
		for _, f := range cmd.ExtraFiles {
			f.Close()
		}
	}
	for i, s := range d.config.Secrets {
		if s.As == asEnv {
			cmd.Env = append(cmd.Env, s.Name+"="+secrets[i])
			continue
		}
		file, err := pipeOf(secrets[i])
		if err != nil {
			done()
			return nil, err
		}
		const first = 3 // after standard input, output and error
		cmd.Env = append(cmd.Env, s.Name+"="+strconv.Itoa(first+len(cmd.ExtraFiles)))
		cmd.ExtraFiles = append(cmd.ExtraFiles, file)
	}
	return done, nil
}

// pipeOf is a pipe from which a secret can be read once. Its writer ends when
// the secret is read, or when nobody can read it any more.
func pipeOf(secret string) (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	go func() {
		defer w.Close()
		_, _ = io.WriteString(w, secret+"\n") // a program that does not read it needs none
	}()
	return r, nil
}

// bounded keeps so many bytes. Without full the rest is passed over; with it the
// process is ended.
type bounded struct {
	text bytes.Buffer
	left int64
	over bool
	full func()
}

// Write keeps what fits.
func (b *bounded) Write(p []byte) (int, error) {
	n := int64(len(p))
	if n > b.left {
		b.over = true
		b.text.Write(p[:b.left])
		b.left = 0
		if b.full == nil {
			return len(p), nil
		}
		b.full()
		return 0, errors.New("too large")
	}
	b.left -= n
	return b.text.Write(p)
}

// trouble gives what went wrong a code. What a program says of itself counts; of
// a write that ended in another way nobody knows what it did.
func (d *driver) trouble(op string, writes bool, out output, answer Answer, err, parseErr error) error {
	unsure := lastday.CodeTransient
	if writes {
		unsure = lastday.CodeUnknownOutcome
	}
	switch exit, exited := errors.AsType[*exec.ExitError](err); {
	case out.tooLarge && writes:
		return lastday.Errorf(unsure, op, "the answer is larger than %d bytes", d.config.maxOutput())
	case out.tooLarge:
		return lastday.Errorf(lastday.CodeInvalid, op, "the answer is larger than %d bytes", d.config.maxOutput())
	case out.late:
		return lastday.Errorf(unsure, op, "it was ended: no answer within %s, or nobody waits for it any more", d.config.timeout())
	case exited && parseErr == nil && answer.Error != nil:
		return answer.Error.coded(op, unsure)
	case exited:
		return exitError(op, exit.ExitCode(), unsure)
	case err != nil:
		return lastday.Wrap(unsure, op, "it did not end well", safeExec(err))
	case parseErr != nil && writes:
		return lastday.Wrap(unsure, op, "exited with 0, but its answer cannot be read", parseErr)
	case parseErr != nil:
		return lastday.Wrap(lastday.CodeInvalid, op, "its answer cannot be read", parseErr)
	}
	return lastday.Errorf(unsure, op, "exited with 0 and an error at the same time")
}

// coded is the program's own word for what went wrong.
func (e Error) coded(op string, unsure lastday.Code) error {
	for _, code := range lastday.Codes() {
		if e.Code == code {
			wait := min(max(time.Duration(e.RetryAfter), 0), 24*3600) * time.Second
			return &lastday.Error{Code: code, Op: op, What: "the program says so", RetryAfter: wait}
		}
	}
	return lastday.Errorf(unsure, op, "the program gave an error with an unknown code")
}

// exitError reads an exit status as sysexits(3) has them,
// https://man.freebsd.org/cgi/man.cgi?query=sysexits. They all say that nothing
// was changed; any other does not say.
func exitError(op string, status int, unsure lastday.Code) error {
	code, ok := map[int]lastday.Code{
		64: lastday.CodeInvalid,     // EX_USAGE
		65: lastday.CodeInvalid,     // EX_DATAERR
		67: lastday.CodeNotFound,    // EX_NOUSER
		69: lastday.CodeUnsupported, // EX_UNAVAILABLE
		70: lastday.CodeInternal,    // EX_SOFTWARE
		75: lastday.CodeTransient,   // EX_TEMPFAIL
		77: lastday.CodeDenied,      // EX_NOPERM
		78: lastday.CodeInvalid,     // EX_CONFIG
	}[status]
	if !ok {
		code = unsure
	}
	return lastday.Errorf(code, op, "exited with %d", status)
}

// safeExec keeps of an error of the operating system what names no argument.
func safeExec(err error) error {
	if path, ok := errors.AsType[*os.PathError](err); ok {
		return fmt.Errorf("%s: %w", path.Op, path.Err)
	}
	return err
}

// complain writes what the program said on standard error into the debug log,
// without secrets and without what names the person.
func (d *driver) complain(ctx context.Context, verb string, secret []string, text string) {
	if text == "" {
		return
	}
	for _, hidden := range secret {
		if hidden != "" {
			text = strings.ReplaceAll(text, hidden, "[...]")
		}
	}
	d.log.DebugContext(ctx, "the program wrote to standard error", "op", verb, "text", httpx.Redact(strings.ToValidUTF8(text, "?")))
}
