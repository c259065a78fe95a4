package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"go.temporal.io/sdk/client"

	"lastday/dev/sandbox"
	"lastday/dev/stack"
	"lastday/internal/app"
	"lastday/workflows"
)

// installation is everything running: the sandbox company in this process,
// and Temporal, worker and starter each in one of their own.
type installation struct {
	o        options
	company  *sandbox.Company
	temporal *stack.Process
	worker   *stack.Process
	starter  *stack.Process
	address  string
	ui       string
	client   client.Client
	cases    *workflows.Client
}

func install(ctx context.Context, o options) (*installation, error) {
	in := &installation{o: o}
	for _, step := range []func(context.Context) error{
		in.openCompany, in.startTemporal, in.startRest, in.connect,
	} {
		if err := step(ctx); err != nil {
			in.stop(ctx)
			return nil, err
		}
	}
	return in, nil
}

func (in *installation) openCompany(ctx context.Context) error {
	began := time.Now()
	company, err := sandbox.New(ctx, sandbox.Options{Dir: in.o.dir, Examples: in.o.examples, Latency: in.o.latency})
	if err != nil {
		return err
	}
	in.company = company
	seeded := company.Seeded
	say("sandbox company", fmt.Sprintf("HR; GitHub-shaped server: %d teams, %d repositories, %d people", len(seeded.Teams), len(seeded.Repos), len(seeded.People)), began)
	fmt.Printf("  %-26s %s\n", "", "Active Directory over LDAPS; support console; SCIM application; custody register")
	if company.Database == nil {
		fmt.Printf("  %-26s left out: %s\n", "PostgreSQL", company.DatabaseLeftOut)
		return nil
	}
	fmt.Printf("  %-26s %s\n", "PostgreSQL", "a real server with a data folder and port of its own")
	return nil
}

func (in *installation) startTemporal(ctx context.Context) error {
	began := time.Now()
	address, err := stack.Address()
	if err != nil {
		return err
	}
	in.address = address
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if in.ui, err = in.uiAddress(); err != nil {
		return err
	}
	_, uiPort, err := net.SplitHostPort(in.ui)
	if err != nil {
		return err
	}
	args := []string{
		"server", "start-dev", "--port", port, "--ui-port", uiPort, "--db-filename", in.o.dir + "/temporal.db", "--time-skipping",
		"--ui-codec-endpoint", "http://" + in.company.Codec,
	}
	if in.temporal, err = stack.Start("temporal", in.o.dir, in.o.program("temporald"), nil, args...); err != nil {
		return err
	}
	if err := in.temporal.WaitTCP(ctx, address); err != nil {
		return err
	}
	if err := in.temporal.WaitHTTP(ctx, "http://"+in.ui+"/"); err != nil {
		return err
	}
	say("Temporal server", "a real one, with its web UI at http://"+in.ui, began)
	return in.company.AllowUI("http://" + in.ui)
}

func (in *installation) uiAddress() (string, error) {
	if in.o.uiPort > 0 {
		return fmt.Sprintf("127.0.0.1:%d", in.o.uiPort), nil
	}
	return stack.Address()
}

func (in *installation) startRest(ctx context.Context) error {
	began := time.Now()
	if err := in.startWorker(); err != nil {
		return err
	}
	var err error
	if in.starter, err = stack.Start("starter", in.o.dir, in.o.program("starter"), in.env(), "--config", in.company.Config); err != nil {
		return err
	}
	if err := in.starter.WaitHTTP(ctx, "http://"+in.company.Listen+"/readyz"); err != nil {
		return err
	}
	say("worker and starter", "separate processes; histories are encrypted", began)
	return nil
}

func (in *installation) startWorker() error {
	var err error
	in.worker, err = stack.Start("worker", in.o.dir, in.o.program("worker"), in.env(), "--config", in.company.Config)
	return err
}

func (in *installation) env() []string {
	return append([]string{"TEMPORAL_ADDRESS=" + in.address}, in.company.Env...)
}

// connect gives this process the same connection that the processes of
// lastday have, keys included.
func (in *installation) connect(ctx context.Context) error {
	for _, v := range in.env() {
		name, value, _ := strings.Cut(v, "=")
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	log, err := os.Create(in.o.dir + "/demo.log")
	if err != nil {
		return err
	}
	parts, err := app.Options{Config: in.company.Config, Log: log}.Open(ctx)
	if err != nil {
		return err
	}
	if in.client, err = app.Dial(ctx, parts); err != nil {
		return err
	}
	in.cases = workflows.NewClient(in.client)
	return nil
}

// alive says if a process has ended that should not have.
func (in *installation) alive() error {
	for _, p := range []*stack.Process{in.temporal, in.worker, in.starter} {
		if err, ended := p.Ended(); ended {
			return err
		}
	}
	return nil
}

func (in *installation) stop(ctx context.Context) {
	if in.client != nil {
		in.client.Close()
	}
	for _, p := range []*stack.Process{in.worker, in.starter, in.temporal} {
		if p != nil {
			p.Stop(5 * time.Second)
		}
	}
	if in.company != nil {
		in.company.Close(context.WithoutCancel(ctx))
	}
}
