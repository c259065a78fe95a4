package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"

	"lastday"
	"lastday/codec"
	"lastday/internal/app"
	"lastday/workflows"
)

// shape says what kind of installation a part measures.
type shape struct {
	systems, grants int
	latency         time.Duration
	// stages is the YAML of the policy from "stages:" on.
	stages  string
	encrypt bool
	// skipping lets the server skip time.
	skipping bool
	// noWorker leaves the worker out.
	noWorker bool
}

// cutOnly is the policy of leavers who lose everything at once and are not watched.
const cutOnly = "stages:\n  - {name: cut, at: last day, ceiling: none}\n"

// house is a running installation: server, worker and starter are processes
// of their own, on a database file.
type house struct {
	o       options
	shape   shape
	dir     string
	config  string
	secret  string
	listen  string
	inside  string
	env     []string
	server  *process
	worker  *process
	starter *process
	client  client.Client
	cases   *workflows.Client
	// again counts the events that were sent again after a 5xx.
	again atomic.Int64
}

func openHouse(ctx context.Context, o options, s shape) (*house, error) {
	dir, err := os.MkdirTemp("", "lastday-bench-")
	if err != nil {
		return nil, err
	}
	h := &house{o: o, shape: s, dir: dir, secret: "whsec_bGFzdGRheS1iZW5jaG1hcmstc2lnbmluZy1rZXktMDE="}
	for _, step := range []func(context.Context) error{h.write, h.startServer, h.startRest, h.connect} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, h.close())
		}
	}
	return h, nil
}

// close ends everything and removes what it wrote.
func (h *house) close() error {
	if h.client != nil {
		h.client.Close()
	}
	for _, p := range []*process{h.worker, h.starter, h.server} {
		p.stop()
	}
	return os.RemoveAll(h.dir)
}

func (h *house) write(context.Context) error {
	var err error
	if h.listen, err = freeAddress(); err != nil {
		return err
	}
	if h.inside, err = freeAddress(); err != nil {
		return err
	}
	h.config = filepath.Join(h.dir, "lastday.yaml")
	policy := "version: 1\nname: bench\ncutoff: \"17:00\"\nzone: UTC\n" + h.shape.stages
	return errors.Join(os.WriteFile(h.config, []byte(h.configText()), 0o600), os.WriteFile(filepath.Join(h.dir, "policy.yaml"), []byte(policy), 0o600))
}

func (h *house) configText() string {
	var b strings.Builder
	fmt.Fprintf(&b, "version: 1\ncompany: {domains: [bench.example]}\npolicies: [policy.yaml]\nstarter: {listen: %q}\ngate: {per_day: 1000000}\n", h.listen)
	fmt.Fprint(&b, "sources: [{name: people, kind: generic, config: {secrets: [{id: one, ref: env:BENCH_SECRET}]}}]\nsystems:\n")
	for i := range h.shape.systems {
		fmt.Fprintf(&b, "  - {name: system-%d, kind: memory, config: {grants: %d, latency: %s}}\n", i, h.shape.grants, h.shape.latency)
	}
	if h.shape.encrypt {
		fmt.Fprint(&b, "encryption: {keys: [{id: bench, secret: env:BENCH_KEY}]}\n")
	}
	return b.String()
}

func (h *house) startServer(ctx context.Context) error {
	address, err := freeAddress()
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	h.env = []string{"TEMPORAL_ADDRESS=" + address, "BENCH_SECRET=" + h.secret, "BENCH_KEY=" + codec.GenerateKey()}
	args := []string{"server", "start-dev", "--headless", "--port", port, "--db-filename", filepath.Join(h.dir, "temporal.db")}
	if h.shape.skipping {
		args = append(args, "--time-skipping")
	}
	if h.server, err = startProcess("temporal", h.dir, h.o.temporald, nil, args...); err != nil {
		return err
	}
	return h.server.waitTCP(ctx, address)
}

func (h *house) startRest(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if h.starter, err = startProcess(roleStarter, h.dir, self, h.env, roleStarter, "-config", h.config); err != nil {
		return err
	}
	if err := h.starter.waitHTTP(ctx, "http://"+h.listen+"/readyz"); err != nil || h.shape.noWorker {
		return err
	}
	if h.worker, err = startProcess(roleWorker, h.dir, self, h.env, roleWorker, "-config", h.config, "-inside", h.inside); err != nil {
		return err
	}
	return h.worker.waitTCP(ctx, h.inside)
}

// connect gives this process the connection that the others have, keys included.
func (h *house) connect(ctx context.Context) error {
	for _, v := range h.env {
		name, value, _ := strings.Cut(v, "=")
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	p, err := openParts(ctx, h.config)
	if err != nil {
		return err
	}
	if h.client, err = app.Dial(ctx, p); err != nil {
		return err
	}
	h.cases = workflows.NewClient(h.client)
	return nil
}

// alive is an error if a process has ended that should not have.
func (h *house) alive() error {
	for _, p := range []*process{h.server, h.starter, h.worker} {
		if p == nil {
			continue
		}
		if err := p.ended(); err != nil {
			return err
		}
	}
	return nil
}

// look asks the worker about itself.
func (h *house) look(ctx context.Context) (inside, error) {
	var in inside
	body, err := h.fetch(ctx, "/inside")
	if err != nil {
		return in, err
	}
	return in, json.Unmarshal(body, &in)
}

func (h *house) fetch(ctx context.Context, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+h.inside+path, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	return io.ReadAll(answer.Body)
}

// profile takes a CPU profile of the worker if the command line asks for one.
// The function that it returns waits until it is written.
func (h *house) profile(ctx context.Context, name string) (wait func() error) {
	done := make(chan error, 1)
	go func() { done <- h.keepProfile(ctx, "profile?seconds=10", name+"-cpu") }()
	return func() error { return <-done }
}

// keepProfile writes one of the worker's profiles if the command line asks for profiles.
func (h *house) keepProfile(ctx context.Context, which, name string) error {
	if h.o.profiles == "" {
		return nil
	}
	body, err := h.fetch(ctx, "/debug/pprof/"+which)
	return errors.Join(err, os.WriteFile(filepath.Join(h.o.profiles, name+".pprof"), body, 0o600))
}

// count counts workflows by a query of the visibility store.
func (h *house) count(ctx context.Context, query string) (int, error) {
	answer, err := h.client.CountWorkflow(ctx, countRequest(query))
	if err != nil {
		return 0, err
	}
	return int(answer.GetCount()), nil
}

// caseOf is the id of the case of a leaver.
func caseOf(l leaver) string {
	return lastday.Separation{Source: "people", Person: lastday.Person{Key: l.person()}, Engagement: lastday.Engagement{ID: l.engagement()}}.CaseID()
}
