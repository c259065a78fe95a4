package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"lastday/integrations"
	"lastday/integrations/notify"
	"lastday/internal/app"
	"lastday/internal/config"
	"lastday/internal/secret"
)

// The roles in which this program starts itself again.
const (
	roleWorker  = "worker"
	roleStarter = "starter"
)

// serve is the main of a worker or starter: the runtime that the mains have,
// with far sides in memory instead of the catalog's.
func serve(ctx context.Context, role string, args []string) error {
	flags := flag.NewFlagSet(role, flag.ContinueOnError)
	path := flags.String("config", "", "the configuration `file`")
	inside := flags.String("inside", "", "`host:port` that tells about the process itself")
	if err := flags.Parse(args); err != nil {
		return err
	}
	p, err := openParts(ctx, *path)
	if err != nil {
		return err
	}
	if role == roleStarter {
		return serveStarter(ctx, p)
	}
	go tellInside(*inside)
	return serveWorker(ctx, p)
}

func openParts(ctx context.Context, path string) (*app.Parts, error) {
	c, err := config.Read(path)
	if err != nil {
		return nil, err
	}
	return app.Open(ctx, c, app.Deps{
		Kinds: []integrations.Kind{farSideKind()}, Media: []notify.Medium{notify.LogMedium()},
		Secret: secret.Resolve, Log: slog.New(slog.NewTextHandler(os.Stderr, nil)), Now: time.Now, Metrics: app.NewMetrics(),
	})
}

func serveStarter(ctx context.Context, p *app.Parts) error {
	c, err := app.Dial(ctx, p)
	if err != nil {
		return err
	}
	defer c.Close()
	s, err := app.NewStarter(ctx, p, c)
	if err != nil {
		return err
	}
	return s.Run(ctx)
}

func serveWorker(ctx context.Context, p *app.Parts) error {
	c, err := app.DialWorker(ctx, p)
	if err != nil {
		return err
	}
	defer c.Close()
	w, err := app.NewWorker(ctx, p, c)
	if err != nil {
		return err
	}
	bare := bareWorker(c)
	if err := bare.Start(); err != nil {
		return err
	}
	defer bare.Stop()
	return w.Run(ctx)
}

// bareQueue is served by the same process with the options that cases have.
const bareQueue = "bare"

func bareWorker(c client.Client) worker.Worker {
	w := worker.New(c, bareQueue, worker.Options{
		DisableRegistrationAliasing: true,
		WorkflowTaskPollerBehavior:  worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{}),
		ActivityTaskPollerBehavior:  worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{}),
	})
	w.RegisterWorkflow(Bare)
	w.RegisterActivity(Nothing)
	return w
}

// BareInput is the shape of a Bare workflow.
type BareInput struct {
	// Before activities run one after the other; then each of Lanes runs Each, all
	// lanes at once.
	Before, Lanes, Each int
}

// Activities is how many there are.
func (in BareInput) Activities() int { return in.Before + in.Lanes*in.Each }

// Bare is what a case would be if nothing had to be done: empty activities in
// the same number and order.
func Bare(ctx workflow.Context, in BareInput) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	if err := nothings(ctx, in.Before); err != nil {
		return err
	}
	wg := workflow.NewWaitGroup(ctx)
	var failed error
	for range in.Lanes {
		wg.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer wg.Done()
			failed = errors.Join(failed, nothings(ctx, in.Each))
		})
	}
	wg.Wait(ctx)
	return failed
}

func nothings(ctx workflow.Context, n int) error {
	for range n {
		if err := workflow.ExecuteActivity(ctx, Nothing).Get(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

// Nothing is an empty activity.
func Nothing(context.Context) error { return nil }

// inside is what a worker tells about itself.
type inside struct {
	// Heap is what is in use after a collection, in bytes.
	Heap       uint64
	Goroutines int
}

// tellInside serves the worker's memory and profiles on a loopback address.
func tellInside(address string) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /inside", func(out http.ResponseWriter, _ *http.Request) {
		debug.FreeOSMemory()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		// A reader that is gone gets nothing, which it notices itself.
		_ = json.NewEncoder(out).Encode(inside{Heap: m.HeapAlloc, Goroutines: runtime.NumGoroutine()})
	})
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	server := &http.Server{Addr: address, Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	fmt.Fprintln(os.Stderr, "inside:", server.ListenAndServe())
}
