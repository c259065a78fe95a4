package sink

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"time"

	"lastday"
)

const (
	// gitWithin bounds one run of git.
	gitWithin = time.Minute
	// mostOutput is the most that one run of git may say.
	mostOutput = 16 << 20
)

// run runs git on our copy and gives what it said, without the newline.
func (g *Git) run(ctx context.Context, env []string, in string, args ...string) (string, error) {
	out, err := g.raw(ctx, env, in, args...)
	return strings.TrimRight(string(out), "\n"), err
}

// raw runs git, which asks nobody, runs no hook and starts no helper program
// for a remote.
func (g *Git) raw(ctx context.Context, env []string, in string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, gitWithin)
	defer cancel()
	settings := []string{"--git-dir=" + g.c.Dir, "-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", "-c", "commit.gpgSign=false"}
	cmd := exec.CommandContext(ctx, g.c.Program, append(settings, args...)...) //nolint:gosec // the operator's own configuration names the program and the remote; no shell reads it
	cmd.Env = append(foreign(cmd.Environ()), append(env, "GIT_TERMINAL_PROMPT=0", "LC_ALL=C",
		"GIT_AUTHOR_NAME=lastday", "GIT_AUTHOR_EMAIL=lastday@invalid", "GIT_COMMITTER_NAME=lastday", "GIT_COMMITTER_EMAIL=lastday@invalid")...)
	cmd.WaitDelay = 5 * time.Second
	cmd.Stdin = strings.NewReader(in)
	out, said := &limited{most: mostOutput}, &limited{most: 64 << 10}
	cmd.Stdout, cmd.Stderr = out, said
	if err := cmd.Run(); err != nil {
		return nil, g.explain(args[0], said.String(), err)
	}
	return out.Bytes(), nil
}

// foreign is the environment without what would lead git to another repository.
func foreign(env []string) []string {
	kept := []string{"GIT_SSH=", "GIT_SSH_COMMAND=", "GIT_SSL_CAINFO=", "GIT_ASKPASS="}
	return slices.DeleteFunc(env, func(e string) bool {
		return strings.HasPrefix(e, "GIT_") && !slices.ContainsFunc(kept, func(k string) bool { return strings.HasPrefix(e, k) })
	})
}

// explain makes an error of what git said, without the remote's address.
func (g *Git) explain(verb, said string, err error) error {
	op := "checkpoints: git " + verb
	if errors.Is(err, exec.ErrNotFound) {
		return lastday.Errorf(lastday.CodeInvalid, op, "the program git is not installed")
	}
	line := ""
	for l := range strings.Lines(said) {
		if l = strings.TrimSpace(l); l != "" && !strings.HasPrefix(l, "hint:") && !strings.HasPrefix(l, "To ") {
			line = l
			break
		}
	}
	line = strings.ReplaceAll(line, g.c.Remote, "the remote")
	if len(line) > 200 {
		line = line[:200]
	}
	code := lastday.CodeTransient
	for _, sign := range []string{"Permission denied", "Authentication failed", "could not read Username", "access denied"} {
		if strings.Contains(said, sign) {
			code = lastday.CodeDenied
		}
	}
	return lastday.Wrap(code, op, line, err)
}

// limited is a buffer that refuses to grow without bound.
type limited struct {
	bytes.Buffer

	most int
}

// Write fails when there is too much.
func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > l.most {
		return 0, errors.New("it says too much")
	}
	return l.Buffer.Write(p)
}
