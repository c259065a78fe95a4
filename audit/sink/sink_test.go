package sink_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"lastday"
	"lastday/audit"
	"lastday/audit/sink"
)

const origin = "lastday.example/log"

func noon() time.Time { return time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC) }

func newKey(t *testing.T) (*audit.Key, *audit.Keys) {
	t.Helper()
	private, public, err := audit.NewKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	key, err := audit.ParseKey(private)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := audit.ParseKeys(public)
	if err != nil {
		t.Fatal(err)
	}
	return key, keys
}

// signed is a checkpoint of a log that has the given leaves.
func signed(t *testing.T, key *audit.Key, after time.Duration, leaves ...string) audit.Signed {
	t.Helper()
	var tree audit.Tree
	for _, leaf := range leaves {
		if _, err := tree.Append(tlog.RecordHash([]byte(leaf))); err != nil {
			t.Fatal(err)
		}
	}
	root, err := tree.Root()
	if err != nil {
		t.Fatal(err)
	}
	c, err := key.Sign(tree.Size(), root, noon().Add(after))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// secrets resolves the references of all tests.
func secrets(_ context.Context, ref string) (string, error) {
	value, ok := map[string]string{
		"env:ID": "AKIDEXAMPLE", "env:KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "env:TOKEN": "tok-en",
		"env:HOOK": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8G", "env:SHORT": "whsec_c2hvcnQ=",
	}[ref]
	if !ok {
		return "", lastday.Errorf(lastday.CodeInvalid, "secret", "there is no %s", ref)
	}
	return value, nil
}

func deps() sink.Deps { return sink.Deps{Secret: secrets, Now: noon} }

// place is a sink with what its far side holds.
type place struct {
	sink.Sink
	// holds gives the texts of all that stands there, in any order.
	holds func() [][]byte
}

// places are those that can be read.
func places(t *testing.T) map[string]func(t *testing.T) place {
	t.Helper()
	return map[string]func(t *testing.T) place{"file": inFile, "git": inGit, "bucket": inBucket}
}

func inFile(t *testing.T) place {
	path := filepath.Join(t.TempDir(), "checkpoints.jsonl")
	f, err := sink.NewFile("file", path)
	if err != nil {
		t.Fatal(err)
	}
	return place{f, func() [][]byte {
		text, err := os.ReadFile(path)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return bytes.SplitAfter(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	}}
}

// git runs git as somebody else would who has the repository.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=x", "-c", "user.email=x@example.com"}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func newGit(t *testing.T, remote string) *sink.Git {
	t.Helper()
	g, err := sink.NewGit(sink.GitConfig{Name: "git", Remote: remote, Dir: filepath.Join(t.TempDir(), "copy")})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func bareRepository(t *testing.T) string {
	t.Helper()
	remote := filepath.Join(t.TempDir(), "remote.git")
	git(t, t.TempDir(), "init", "-q", "--bare", remote)
	return remote
}

func inGit(t *testing.T) place {
	remote := bareRepository(t)
	return place{newGit(t, remote), func() [][]byte {
		if git(t, remote, "for-each-ref") == "" {
			return nil
		}
		var all [][]byte
		for name := range strings.FieldsSeq(git(t, remote, "ls-tree", "-r", "--name-only", "checkpoints")) {
			all = append(all, []byte(git(t, remote, "show", "checkpoints:"+name)))
		}
		return all
	}}
}

func TestAPlaceKeepsCheckpointsInTheirOrder(t *testing.T) {
	for name, open := range places(t) {
		t.Run(name, func(t *testing.T) {
			p, ctx := open(t), t.Context()
			key, _ := newKey(t)
			if _, err := p.Last(ctx); lastday.CodeOf(err) != lastday.CodeNotFound {
				t.Errorf("an empty place said %v", err)
			}
			var all []audit.Signed
			for n := range 5 {
				leaves := strings.Split(strings.Repeat("x", 3*n), "")
				all = append(all, signed(t, key, time.Duration(n)*time.Minute, leaves...))
			}
			all = append(all, signed(t, key, time.Hour, strings.Split(strings.Repeat("x", 12), "")...)) // the same size, later
			for i, c := range all {
				for range 2 {
					if err := p.Put(ctx, c); err != nil {
						t.Fatal(err)
					}
				}
				last, err := p.Last(ctx)
				if err != nil || !bytes.Equal(last.Text, c.Text) {
					t.Errorf("after %d: got %+v, %v", i, last, err)
				}
			}
			if got := p.holds(); len(got) != len(all) {
				t.Errorf("%d checkpoints stand there, not %d", len(got), len(all))
			}
			if err := p.Put(ctx, all[2]); lastday.CodeOf(err) != lastday.CodeTransient {
				t.Errorf("an older one: %v", err)
			}
			if err := p.Put(ctx, signed(t, key, 2*time.Hour, strings.Split(strings.Repeat("y", 12), "")...)); lastday.CodeOf(err) != lastday.CodeProtected {
				t.Errorf("another log of the same size: %v", err)
			}
			if got := p.holds(); len(got) != len(all) {
				t.Errorf("%d checkpoints stand there, not %d", len(got), len(all))
			}
		})
	}
}

func TestAFileGoesOnAfterALineThatWasNotWrittenToItsEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoints.jsonl")
	f, err := sink.NewFile("file", path)
	if err != nil {
		t.Fatal(err)
	}
	key, _ := newKey(t)
	first, second := signed(t, key, 0, "a"), signed(t, key, time.Minute, "a", "b")
	if err := f.Put(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(`{"type":"lastday.checkpoint","checkpoint":"lastday.exam`); err != nil {
		t.Fatal(err)
	}
	file.Close()
	if last, err := f.Last(t.Context()); err != nil || last.Size != 1 {
		t.Errorf("got %+v, %v", last, err)
	}
	if err := f.Put(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	if last, err := f.Last(t.Context()); err != nil || last.Size != 2 {
		t.Errorf("got %+v, %v", last, err)
	}
}

func TestAFileWithoutCheckpointsIsNoEmptyPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes")
	if err := os.WriteFile(path, []byte("hello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := sink.NewFile("file", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Last(t.Context()); lastday.CodeOf(err) != lastday.CodeProtected {
		t.Errorf("got %v", err)
	}
}

func TestGitCommitsOneFileEachAndLeavesOtherFilesAlone(t *testing.T) {
	remote := bareRepository(t)
	work := t.TempDir()
	git(t, work, "init", "-q", "-b", "checkpoints")
	if err := os.WriteFile(filepath.Join(work, "README"), []byte("ours\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	git(t, work, "add", ".")
	git(t, work, "commit", "-q", "-m", "begin")
	git(t, work, "push", "-q", remote, "checkpoints")
	key, keys := newKey(t)
	g := newGit(t, remote)
	for n := range 3 {
		if err := g.Put(t.Context(), signed(t, key, time.Duration(n)*time.Minute, strings.Split(strings.Repeat("x", n+1), "")...)); err != nil {
			t.Fatal(err)
		}
	}
	if got := git(t, remote, "rev-list", "--count", "checkpoints"); got != "4" {
		t.Errorf("%s commits", got)
	}
	if got := git(t, remote, "log", "-1", "--format=%an %cI %s", "checkpoints"); got != "lastday 2026-11-27T12:02:00+00:00 Checkpoint of "+origin && !strings.HasPrefix(got, "lastday 2026-11-27T12:02:00Z") {
		t.Errorf("got %q", got)
	}
	if got := git(t, remote, "show", "checkpoints:README"); got != "ours" {
		t.Errorf("got %q", got)
	}
	text := git(t, remote, "show", "checkpoints:checkpoints/00000000000000000003-20261127T120200.000Z.txt")
	if _, err := keys.Open([]byte(text + "\n")); err != nil {
		t.Error(err)
	}
}

func TestGitSeesABranchThatWasRewrittenOrRemoved(t *testing.T) {
	key, _ := newKey(t)
	for name, damage := range map[string]func(remote string){
		"rewritten": func(remote string) {
			first := git(t, remote, "rev-list", "--max-parents=0", "checkpoints")
			git(t, remote, "update-ref", "refs/heads/checkpoints", first)
		},
		"removed": func(remote string) { git(t, remote, "update-ref", "-d", "refs/heads/checkpoints") },
	} {
		t.Run(name, func(t *testing.T) {
			remote := bareRepository(t)
			g := newGit(t, remote)
			for n := range 2 {
				if err := g.Put(t.Context(), signed(t, key, time.Duration(n)*time.Minute, strings.Split(strings.Repeat("x", n+1), "")...)); err != nil {
					t.Fatal(err)
				}
			}
			damage(remote)
			if _, err := g.Last(t.Context()); lastday.CodeOf(err) != lastday.CodeProtected {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestTwoCopiesPushToOneBranch(t *testing.T) {
	remote := bareRepository(t)
	key, _ := newKey(t)
	one, two := newGit(t, remote), newGit(t, remote)
	for n := range 4 {
		g := []*sink.Git{one, two}[n%2]
		if err := g.Put(t.Context(), signed(t, key, time.Duration(n)*time.Minute, strings.Split(strings.Repeat("x", n+1), "")...)); err != nil {
			t.Fatal(err)
		}
	}
	if last, err := one.Last(t.Context()); err != nil || last.Size != 4 {
		t.Errorf("got %+v, %v", last, err)
	}
}

func TestAGitRemoteThatIsNotThereIsTroubleWithoutItsAddress(t *testing.T) {
	remote := filepath.Join(t.TempDir(), "nobody-s-secret-path")
	_, err := newGit(t, remote).Last(t.Context())
	if lastday.CodeOf(err) != lastday.CodeTransient || strings.Contains(fmt.Sprint(err), remote) {
		t.Errorf("got %v", err)
	}
}

func TestGitRefusesConfigurationsThatAreNoPlace(t *testing.T) {
	for what, c := range map[string]sink.GitConfig{
		"no name":  {Remote: "r", Dir: "d"},
		"option":   {Name: "n", Remote: "--upload-pack=x", Dir: "d"},
		"helper":   {Name: "n", Remote: "ext::sh -c x", Dir: "d"},
		"password": {Name: "n", Remote: "https://me:secret@git.example/r", Dir: "d"},
		// Tokens are taken in the place of a user as well, and git repeats that in its errors.
		"unread": {Name: "n", Remote: "https://me:secret%@git.example/r", Dir: "d"},
		"token":  {Name: "n", Remote: "https://ghp_secret@git.example/r", Dir: "d"},
		"branch": {Name: "n", Remote: "r", Dir: "d", Branch: "-x"},
		"folder": {Name: "n", Remote: "r", Dir: "d", Folder: "../x"},
	} {
		if _, err := sink.NewGit(c); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: got %v", what, err)
		}
	}
	if _, err := newGitWith(t, "no-such-program"); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("got %v", err)
	}
}

func newGitWith(t *testing.T, program string) (audit.Signed, error) {
	t.Helper()
	g, err := sink.NewGit(sink.GitConfig{Name: "n", Remote: "r", Dir: t.TempDir(), Program: program})
	if err != nil {
		t.Fatal(err)
	}
	return g.Last(t.Context())
}
