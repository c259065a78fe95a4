// Package stack starts the processes of a whole installation on this machine:
// the embedded Temporal server, a worker and a starter. Each is the binary
// that an operator runs, so that one can be killed without harm to the others.
package stack

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
	"sync"
	"syscall"
	"time"
)

// Process is one running program whose output goes to a file.
type Process struct {
	Name string
	Log  string
	cmd  *exec.Cmd
	done chan struct{}
	mu   sync.Mutex
	err  error
}

// Start starts a program with variables on top of the environment.
func Start(name, dir, program string, env []string, args ...string) (*Process, error) {
	log := filepath.Join(dir, name+".log")
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	p := &Process{Name: name, Log: log, cmd: exec.Command(program, args...), done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", name, err), out.Close())
	}
	go func() {
		err := p.cmd.Wait()
		_ = out.Close() // What the process wrote is in the file already.
		p.mu.Lock()
		p.err = err
		p.mu.Unlock()
		close(p.done)
	}()
	return p, nil
}

// Kill ends the process the hard way, as a power cut would.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // A process that is gone already is what is wanted.
	<-p.done
}

// Stop asks the process to end and kills it if it does not.
func (p *Process) Stop(patience time.Duration) {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // See Kill.
	select {
	case <-p.done:
	case <-time.After(patience):
		p.Kill()
	}
}

// Ended says why the process ended, if it has.
func (p *Process) Ended() (error, bool) {
	select {
	case <-p.done:
		p.mu.Lock()
		defer p.mu.Unlock()
		return fmt.Errorf("%s ended (%w); its log is %s", p.Name, orNil(p.err), p.Log), true
	default:
		return nil, false
	}
}

func orNil(err error) error {
	if err == nil {
		return errors.New("without an error")
	}
	return err
}

// WaitTCP waits until something listens at an address, or the process ends.
func (p *Process) WaitTCP(ctx context.Context, address string) error {
	return p.wait(ctx, "to listen at "+address, func() bool {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	})
}

// WaitHTTP waits until a GET answers 2xx, or the process ends.
func (p *Process) WaitHTTP(ctx context.Context, url string) error {
	client := &http.Client{Timeout: time.Second}
	return p.wait(ctx, "to answer at "+url, func() bool {
		answer, err := client.Get(url)
		if err != nil {
			return false
		}
		return answer.Body.Close() == nil && answer.StatusCode/100 == 2
	})
}

func (p *Process) wait(ctx context.Context, what string, ready func() bool) error {
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for !ready() {
		if err, ended := p.Ended(); ended {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited for %s %s: %w; its log is %s", p.Name, what, context.Cause(ctx), p.Log)
		case <-poll.C:
		}
	}
	return nil
}

// Address is a loopback address that is free now. Its port is under those that
// connections are given by themselves: none takes it before it is used.
func Address() (string, error) {
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000)) //nolint:gosec // A port is no secret.
		if listener, err := net.Listen("tcp", address); err == nil {
			return address, listener.Close()
		}
	}
	return "", errors.New("no port is free between 20000 and 32000")
}
