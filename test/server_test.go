package test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
)

// spaces is how many namespaces the server has: each test gets one of its own,
// so that none sees another's queues.
const spaces = 128

// people have tokens; the server writes their names beside what they send.
const (
	annToken = "token-of-ann-for-this-test-alone"
	bobToken = "token-of-bob-for-this-test-alone"
)

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if s, err := shared(); err == nil {
		s.process.kill()
	}
	if dir, err := programs(); err == nil {
		_ = os.RemoveAll(dir) // A folder that is left in the temporary one does no harm.
	}
	os.Exit(code)
}

// temporalServer is a running Temporal server.
type temporalServer struct {
	address string
	process *process

	mu   sync.Mutex
	used int
}

// shared is the server that all tests share; it starts with the first of them.
var shared = sync.OnceValues(func() (*temporalServer, error) {
	args := []string{"--time-skipping", "--people", "ann=env:ANN_TOKEN", "--people", "bob=env:BOB_TOKEN"}
	for i := range spaces {
		args = append(args, "--namespace", spaceName(i))
	}
	return startTemporal(args...)
})

func spaceName(i int) string { return fmt.Sprintf("space-%d", i) }

// startTemporal starts a server of its own and waits until it answers.
func startTemporal(args ...string) (*temporalServer, error) {
	program, err := temporalProgram()
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	return startTemporalAt(program, address, args...)
}

func startTemporalAt(program, address string, args ...string) (*temporalServer, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	args = append([]string{"server", "start-dev", "--headless", "--port", port}, args...)
	p, err := launch(program, []string{"ANN_TOKEN=" + annToken, "BOB_TOKEN=" + bobToken}, args...)
	if err != nil {
		return nil, err
	}
	s := &temporalServer{address: address, process: p}
	return s, s.await()
}

// await waits until the server answers. It creates its namespaces before it listens.
func (s *temporalServer) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		c, err := client.DialContext(ctx, client.Options{HostPort: s.address, Logger: silence()})
		if err == nil {
			c.Close()
			return nil
		}
		if ctx.Err() != nil || s.process.ended() {
			return fmt.Errorf("the Temporal server does not answer: %w\n%s", err, tail(s.process.log()))
		}
	}
}

// space hands out a namespace that no other test uses.
func (s *temporalServer) space(t *testing.T) string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.used >= spaces {
		t.Fatalf("all %d namespaces are used: raise spaces", spaces)
	}
	s.used++
	return spaceName(s.used - 1)
}

func sharedServer(t *testing.T) *temporalServer {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// temporalProgram is the server's program: LASTDAY_TEMPORALD, or what `make build` made.
func temporalProgram() (string, error) {
	program := os.Getenv("LASTDAY_TEMPORALD")
	if program == "" {
		program = filepath.Join("..", "bin", "temporald")
	}
	program, err := filepath.Abs(program)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(program); err != nil {
		return "", fmt.Errorf("there is no Temporal server to test with: run `make build`, or set LASTDAY_TEMPORALD: %w", err)
	}
	return program, nil
}

// programs builds worker, starter and lastday from the sources as they are
// now, into a folder that ends with the tests.
var programs = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "lastday-test-")
	if err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "lastday/worker", "lastday/starter", "lastday/cmd/lastday").CombinedOutput()
	if err != nil {
		return "", errors.Join(fmt.Errorf("build the programs: %w\n%s", err, out), os.RemoveAll(dir))
	}
	return dir, nil
})

// program is the path of one of our programs.
func program(t *testing.T, name string) string {
	t.Helper()
	dir, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, name)
}
