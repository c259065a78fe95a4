package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is one running program whose output goes to a file.
type process struct {
	name, log string
	cmd       *exec.Cmd
	done      chan struct{}
	err       error
}

func startProcess(name, dir, program string, env []string, args ...string) (*process, error) {
	p := &process{name: name, log: filepath.Join(dir, name+".log"), cmd: exec.Command(program, args...), done: make(chan struct{})}
	out, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", name, err), out.Close())
	}
	go func() {
		p.err = errors.Join(p.cmd.Wait(), out.Close())
		close(p.done)
	}()
	return p, nil
}

// stop asks the process to end and kills it if it does not.
func (p *process) stop() {
	if p == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // One that is gone already is what is wanted.
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill() // See above.
		<-p.done
	}
}

// ended is an error if the process runs no more.
func (p *process) ended() error {
	select {
	case <-p.done:
		text, _ := os.ReadFile(p.log) // The log may be gone; what is told then is less.
		return fmt.Errorf("%s ended: %w: %s", p.name, p.err, tail(string(text), 2000))
	default:
		return nil
	}
}

func tail(text string, most int) string { return text[max(0, len(text)-most):] }

// waitTCP waits until something listens at an address, or the process ends.
func (p *process) waitTCP(ctx context.Context, address string) error {
	var dialer net.Dialer
	return until(ctx, p.name+" to listen", 20*time.Millisecond, func() (bool, error) {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			return false, p.ended()
		}
		return true, conn.Close()
	})
}

// waitHTTP waits until a GET answers 2xx, or the process ends.
func (p *process) waitHTTP(ctx context.Context, url string) error {
	return until(ctx, p.name+" to be ready", 20*time.Millisecond, func() (bool, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return false, err
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return false, p.ended()
		}
		return answer.StatusCode/100 == 2, answer.Body.Close()
	})
}

// until asks again and again. Nothing here takes longer than an hour.
func until(ctx context.Context, what string, every time.Duration, ready func() (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, time.Hour, errors.New("an hour is over"))
	defer cancel()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		ok, err := ready()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited for %s: %w", what, context.Cause(ctx))
		case <-tick.C:
		}
	}
}

// resident is the memory of a process that the machine really holds, in bytes.
func (p *process) resident() (uint64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("memory of %s (only Linux tells it): %w", p.name, err)
	}
	return residentOf(string(text))
}

func residentOf(status string) (uint64, error) {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseUint(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("memory: there is no line VmRSS")
}

// freeAddress finds a loopback address that nobody listens at. Its port is under those that
// connections are given by themselves: none takes it before it is used.
func freeAddress() (string, error) {
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000)) //nolint:gosec // A port is no secret.
		if listener, err := net.Listen("tcp", address); err == nil {
			return address, listener.Close()
		}
	}
	return "", errors.New("no port is free between 20000 and 32000")
}
