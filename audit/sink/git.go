package sink

import (
	"context"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"lastday"
	"lastday/audit"
)

// GitConfig configures a git repository.
type GitConfig struct {
	Name string
	// Remote is the path or address of the repository. It holds no credentials:
	// git asks its credential helpers, or ssh its agent.
	Remote string
	// Branch is where to commit; "checkpoints" if empty.
	Branch string
	// Folder is where the files go; "checkpoints" if empty. Each log needs its own.
	Folder string
	// Dir is a folder of ours for a copy of the repository.
	Dir string
	// Program is git's path; empty finds it.
	Program string
}

// Git commits each checkpoint as a new file to a branch of a repository and
// pushes it. Who fetches has all that ever stood there; a branch that was
// rewritten is seen. It needs git 2.29 or newer.
type Git struct {
	c    GitConfig
	turn sync.Mutex
}

// NewGit makes the sink. CodeInvalid: a name or an address makes no sense, or
// holds credentials.
func NewGit(c GitConfig) (*Git, error) {
	if c.Branch == "" {
		c.Branch = "checkpoints"
	}
	if c.Folder == "" {
		c.Folder = "checkpoints"
	}
	if c.Program == "" {
		c.Program = "git"
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	return &Git{c: c}, nil
}

func (c GitConfig) check() error {
	word := regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*$`)
	for _, text := range []string{c.Branch, c.Folder} {
		if !word.MatchString(text) || strings.Contains(text, "..") || path.Clean(text) != text || strings.HasSuffix(text, ".lock") {
			return lastday.Errorf(lastday.CodeInvalid, "checkpoints: git", "branch and folder must be letters, digits, dots, dashes and slashes")
		}
	}
	if c.Name == "" || c.Dir == "" || c.Remote == "" || strings.HasPrefix(c.Remote, "-") || strings.Contains(c.Remote, "::") {
		return lastday.Errorf(lastday.CodeInvalid, "checkpoints: git", "name, dir and remote must be given, and the remote be a path or an address")
	}
	return c.checkRemote()
}

// checkRemote refuses credentials in the address: git repeats it in its errors.
func (c GitConfig) checkRemote() error {
	u, err := url.Parse(c.Remote)
	if err != nil {
		if strings.Contains(c.Remote, "://") {
			return lastday.Errorf(lastday.CodeInvalid, "checkpoints: git", "the remote is no address")
		}
		return nil
	}
	// Over http, a token may stand in the place of the user.
	if _, has := u.User.Password(); has || u.User != nil && strings.HasPrefix(u.Scheme, "http") {
		return lastday.Errorf(lastday.CodeInvalid, "checkpoints: git", "the remote holds credentials: use a credential helper")
	}
	return nil
}

// Name is the name that it was given.
func (g *Git) Name() string { return g.c.Name }

// Last is the checkpoint with the greatest name on the branch, as it stands at
// the remote now.
func (g *Git) Last(ctx context.Context) (audit.Signed, error) {
	g.turn.Lock()
	defer g.turn.Unlock()
	tip, err := g.fetch(ctx)
	if err != nil {
		return audit.Signed{}, err
	}
	return g.last(ctx, tip)
}

// Put commits the checkpoint and pushes it. CodeTransient: somebody else pushed
// meanwhile, or the remote could not be reached.
func (g *Git) Put(ctx context.Context, c audit.Signed) error {
	g.turn.Lock()
	defer g.turn.Unlock()
	tip, err := g.fetch(ctx)
	if err != nil {
		return err
	}
	last, err := g.last(ctx, tip)
	if err == nil {
		if more, err := advance("checkpoints: git", last, c); err != nil || !more {
			return err
		}
	} else if lastday.CodeOf(err) != lastday.CodeNotFound {
		return err
	}
	commit, err := g.commit(ctx, tip, c)
	if err != nil {
		return err
	}
	if _, err := g.run(ctx, nil, "", "push", "-q", "--", g.c.Remote, commit+":refs/heads/"+g.c.Branch); err != nil {
		return err
	}
	_, err = g.run(ctx, nil, "", "update-ref", g.seen(), commit)
	return err
}

// seen is the reference under which we remember what stood at the remote.
func (g *Git) seen() string { return "refs/seen/" + g.c.Branch }

// fetch brings the branch and gives its newest commit; empty if there is none.
func (g *Git) fetch(ctx context.Context) (string, error) {
	if err := g.prepare(ctx); err != nil {
		return "", err
	}
	before, err := g.run(ctx, nil, "", "for-each-ref", "--format=%(objectname)", g.seen())
	if err != nil {
		return "", err
	}
	there, err := g.run(ctx, nil, "", "ls-remote", "--heads", "--", g.c.Remote, "refs/heads/"+g.c.Branch)
	if err != nil {
		return "", err
	}
	if there == "" {
		if before != "" {
			return "", lastday.Errorf(lastday.CodeProtected, "checkpoints: git", "the branch %s was there and is gone", g.c.Branch)
		}
		return "", nil
	}
	fetched := "refs/fetched/" + g.c.Branch
	if _, err := g.run(ctx, nil, "", "fetch", "-q", "--no-tags", "--", g.c.Remote, "+refs/heads/"+g.c.Branch+":"+fetched); err != nil {
		return "", err
	}
	tip, err := g.run(ctx, nil, "", "rev-parse", "--verify", "-q", fetched)
	if err != nil {
		return "", err
	}
	if before != "" && before != tip {
		common, err := g.run(ctx, nil, "", "rev-list", "--max-count=1", before, "^"+tip)
		if err != nil {
			return "", err
		}
		if common != "" {
			return "", lastday.Errorf(lastday.CodeProtected, "checkpoints: git", "the branch %s was rewritten: it no longer has what we saw there", g.c.Branch)
		}
	}
	_, err = g.run(ctx, nil, "", "update-ref", g.seen(), tip)
	return tip, err
}

// prepare makes our copy if there is none.
func (g *Git) prepare(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(g.c.Dir, "HEAD")); err == nil {
		return nil
	}
	if err := os.MkdirAll(g.c.Dir, 0o700); err != nil {
		return lastday.Wrap(lastday.CodeInvalid, "checkpoints: git", "make the folder", err)
	}
	_, err := g.run(ctx, nil, "", "init", "-q", "--bare")
	return err
}

// last is the newest checkpoint in a commit.
func (g *Git) last(ctx context.Context, tip string) (audit.Signed, error) {
	if tip == "" {
		return audit.Signed{}, notFound("checkpoints: git")
	}
	list, err := g.run(ctx, nil, "", "ls-tree", "--name-only", tip, g.c.Folder+"/")
	if err != nil {
		return audit.Signed{}, err
	}
	newest := ""
	for name := range strings.SplitSeq(list, "\n") {
		if name = strings.TrimSpace(name); strings.HasSuffix(name, ".txt") {
			newest = max(newest, name)
		}
	}
	if newest == "" {
		return audit.Signed{}, notFound("checkpoints: git")
	}
	text, err := g.raw(ctx, nil, "", "cat-file", "blob", tip+":"+newest)
	if err != nil {
		return audit.Signed{}, err
	}
	return audit.ParseCheckpoint(text)
}

// commit makes a commit with one more file, without touching a working tree.
func (g *Git) commit(ctx context.Context, tip string, c audit.Signed) (string, error) {
	folder, err := os.MkdirTemp(g.c.Dir, "index-")
	if err != nil {
		return "", lastday.Wrap(lastday.CodeTransient, "checkpoints: git", "make a folder for the index", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	at := c.At.UTC().Format("2006-01-02T15:04:05Z")
	env := []string{"GIT_INDEX_FILE=" + filepath.Join(folder, "index"), "GIT_AUTHOR_DATE=" + at, "GIT_COMMITTER_DATE=" + at}
	blob, err := g.run(ctx, env, string(c.Text), "hash-object", "-w", "--stdin")
	if err != nil {
		return "", err
	}
	parents := []string{}
	if tip != "" {
		parents = []string{"-p", tip}
		if _, err := g.run(ctx, env, "", "read-tree", tip); err != nil {
			return "", err
		}
	}
	entry := "100644," + blob + "," + g.c.Folder + "/" + objectName(c)
	if _, err := g.run(ctx, env, "", "update-index", "--add", "--cacheinfo", entry); err != nil {
		return "", err
	}
	tree, err := g.run(ctx, env, "", "write-tree")
	if err != nil {
		return "", err
	}
	return g.run(ctx, env, "Checkpoint of "+c.Origin+"\n\n"+string(c.Text), append([]string{"commit-tree", tree}, parents...)...)
}
