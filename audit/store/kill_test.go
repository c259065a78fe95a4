package store_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"lastday"
	"lastday/audit"
	"lastday/audit/store"
)

// With these in its environment the test program is a process that appends.
const (
	childOf   = "LASTDAY_TEST_APPEND_TO"
	childName = "LASTDAY_TEST_APPEND_AS"
)

// child appends case after case to a log, three records each, and says the
// name of each when it is kept. It ends when it is killed.
func child(path, name string) int {
	ctx := context.Background()
	s, err := store.OpenSQLite(ctx, path, store.Options{Now: time.Now})
	for n := 0; err == nil; n++ {
		of := fmt.Sprintf("%s-%d", name, n)
		var batch []lastday.Record
		for seq := range 3 {
			batch = append(batch, lastday.Record{ID: fmt.Sprintf("%s/%d", of, seq+1), Case: of, Seq: seq + 1, At: time.Now(), Kind: lastday.RecordNote})
		}
		if _, err = s.Append(ctx, batch); err == nil {
			_, err = fmt.Println(of)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// appender is such a process.
type appender struct {
	*exec.Cmd
	said *bufio.Scanner
	kept []string
}

func startAppender(t *testing.T, path, name string) *appender {
	t.Helper()
	a := &appender{Cmd: exec.CommandContext(t.Context(), os.Args[0])}
	a.Env = append(os.Environ(), childOf+"="+path, childName+"="+name)
	a.Stderr = os.Stderr
	out, err := a.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	a.said = bufio.NewScanner(out)
	return a
}

// until reads until n more cases are kept.
func (a *appender) until(t *testing.T, n int) {
	t.Helper()
	for range n {
		if !a.said.Scan() {
			t.Fatalf("it ended by itself: %v", a.said.Err())
		}
		a.kept = append(a.kept, a.said.Text())
	}
}

// kill ends it at once, and reads what it said last.
func (a *appender) kill(t *testing.T) {
	t.Helper()
	if err := a.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for a.said.Scan() {
		a.kept = append(a.kept, a.said.Text())
	}
	_ = a.Wait() // it was killed
}

func TestNothingThatWasAcknowledgedIsLostWhenProcessesAreKilled(t *testing.T) {
	w := newWorld(t)
	path := filepath.Join(t.TempDir(), "log.db")
	w.Store = opened(t, func() (*store.Store, error) {
		return store.OpenSQLite(t.Context(), path, store.Options{Now: time.Now, Key: w.key})
	})
	var all []*appender
	for n := range 3 {
		all = append(all, startAppender(t, path, fmt.Sprintf("p%d", n)))
	}
	for i, a := range all {
		a.until(t, 10)
		w.checkpoint() // while others write
		a.kill(t)
		for _, other := range all[i+1:] {
			other.until(t, 5)
		}
	}
	for _, a := range all {
		for _, of := range a.kept {
			if n := len(w.entries(audit.Query{Case: of})); n != 3 {
				t.Errorf("%s was acknowledged, and %d of its 3 records are there", of, n)
			}
		}
	}
	w.checkpoint()
	if v := w.clean(); v.Size%3 != 0 || v.Covered != v.Size {
		t.Errorf("got %+v", v)
	}
}
