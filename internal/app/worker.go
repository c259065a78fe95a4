package app

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"lastday"
	"lastday/activities"
	"lastday/audit/store"
	"lastday/internal/links"
	"lastday/workflows"
)

// stopTimeout is how long a stopping worker lets activities finish: with none,
// their results would be lost and done again.
const stopTimeout = 30 * time.Second

// Worker runs cases and serves systems.
type Worker struct {
	parts   *Parts
	client  client.Client
	workers []worker.Worker
	metrics *http.Server
	failed  chan error
	// records is nil where no cases are served, and so is what sends its checkpoints out.
	records   *store.Store
	links     *links.Store
	publisher *publishing
	streams   []*stream
}

// NewWorker makes a worker of what the configuration says it serves: cases,
// and a queue for each system.
func NewWorker(ctx context.Context, p *Parts, c client.Client) (*Worker, error) {
	w := &Worker{parts: p, client: c, failed: make(chan error, 1)}
	if !p.Config.Worker.NoCases {
		if err := w.serveCases(ctx); err != nil {
			return nil, err
		}
	}
	for _, s := range p.Systems {
		if s.Driver != nil && p.Config.Worker.Serves(s.Name) {
			w.serveSystem(s)
		}
	}
	return w, nil
}

func (w *Worker) serveCases(ctx context.Context) error {
	cases, err := w.parts.cases(w.client)
	if err != nil {
		return err
	}
	if w.records, err = w.parts.OpenRecords(ctx); err != nil {
		return err
	}
	publisher, err := w.parts.Publisher(ctx, w.records)
	if err != nil {
		return errors.Join(err, w.records.Close())
	}
	w.publisher = &publishing{publisher: publisher, parts: w.parts, teller: cases.Teller, told: map[string]time.Time{}}
	if w.links, err = w.parts.OpenLinks(ctx); err != nil {
		return errors.Join(err, w.records.Close())
	}
	if w.streams, err = w.parts.openStreams(ctx, w.records); err != nil {
		return errors.Join(err, w.records.Close())
	}
	cases.Recorder, cases.Links = recorder{w.records}, LinkTable(w.links)
	cases.Sealer = Sealer{Parts: w.parts, Temporal: w.client, Records: w.records}
	options := w.options()
	options.WorkflowTaskPollerBehavior = worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{})
	options.ActivityTaskPollerBehavior = worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{})
	made := worker.New(w.client, workflows.CaseQueue, options)
	workflows.Register(made)
	made.RegisterActivity(cases)
	made.RegisterActivity(&activities.Sweeps{Roster: w.parts.Roster(w.client), Links: cases.Links})
	w.workers = append(w.workers, made)
	return nil
}

// mostPerSystem bounds what one worker does in one system at a time.
const mostPerSystem = 8

func (w *Worker) serveSystem(s OpenSystem) {
	options := w.options()
	options.DisableWorkflowWorker = true
	options.MaxConcurrentActivityExecutionSize = mostPerSystem
	options.ActivityTaskPollerBehavior = worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{})
	options.TaskQueueActivitiesPerSecond = s.PerSecond
	made := worker.New(w.client, workflows.SystemQueue(s.Name), options)
	made.RegisterActivity(activities.NewSystems(s.System()))
	w.workers = append(w.workers, made)
}

func (w *Worker) options() worker.Options {
	return worker.Options{
		DisableRegistrationAliasing: true,
		WorkerStopTimeout:           stopTimeout,
		OnFatalError: func(err error) {
			select {
			case w.failed <- err:
			default:
			}
		},
	}
}

// cases makes the activities that need no far side.
func (p *Parts) cases(c client.Client) (*activities.Cases, error) {
	teller, err := p.teller()
	if err != nil {
		return nil, err
	}
	settings := activities.Settings{GateLimit: p.Config.Gate.PerDay}
	for _, s := range p.Systems {
		settings.Systems = append(settings.Systems, activities.SystemSetting{
			Name: s.Name, Queue: workflows.SystemQueue(s.Name), Manual: s.Kind.Description().Manual,
		})
	}
	return &activities.Cases{
		Policies: p.Policies, Protected: p.Protected(), MinOwners: p.Config.MinOwners, Settings: settings,
		HR: hrReader{p}, Messenger: workflows.NewClient(c), Teller: teller,
	}, nil
}

// hrReader asks the configured sources.
type hrReader struct{ parts *Parts }

// Read asks a source about an engagement. Events that were brought by hand
// come from no source and cannot be asked about.
func (h hrReader) Read(ctx context.Context, source, person, engagement string) (lastday.Separation, error) {
	s, ok := h.parts.Source(source)
	if !ok {
		return lastday.Separation{}, lastday.Errorf(lastday.CodeUnsupported, "hr", "there is no source %q that could be asked", source)
	}
	return s.Read(ctx, person, engagement)
}

// Run runs the worker until ctx ends, then lets what is under way finish.
func (w *Worker) Run(ctx context.Context) error {
	if err := Prepare(ctx, w.client, Namespace()); err != nil {
		w.parts.deps.Log.Warn("the namespace is not prepared", "op", "prepare", "code", string(lastday.CodeOf(err)), "error", err.Error())
	}
	defer w.closeRecords()
	defer w.publish(ctx)()
	defer w.retain(ctx)()
	defer w.stream(ctx)()
	if err := w.serveMetrics(); err != nil {
		return err
	}
	for _, served := range w.workers {
		if err := served.Start(); err != nil {
			return lastday.Wrap(lastday.CodeTransient, "worker", "start", err)
		}
		defer served.Stop()
	}
	w.parts.deps.Log.Info("worker is ready", "op", "start", "systems", len(w.parts.Systems))
	select {
	case <-ctx.Done():
		return w.stopMetrics(ctx)
	case err := <-w.failed:
		return lastday.Wrap(lastday.CodeTransient, "worker", "a queue could not be served any more", err)
	}
}

// publish sends checkpoints out until ctx ends, or until it is waited for.
func (w *Worker) publish(ctx context.Context) (wait func()) {
	if w.publisher == nil {
		return func() {}
	}
	ended := make(chan struct{})
	running, stop := context.WithCancel(ctx)
	ticks, stopTicks := tick(w.parts.every())
	go func() {
		defer close(ended)
		defer stopTicks()
		w.publisher.run(running, ticks)
	}()
	return func() {
		stop()
		<-ended
	}
}

func (w *Worker) closeRecords() {
	if w.records == nil {
		return
	}
	if err := errors.Join(w.records.Close(), w.links.Close()); err != nil {
		w.parts.deps.Log.Error("the records were not closed", "op", "stop", "error", err.Error())
	}
}

func (w *Worker) serveMetrics() error {
	address := w.parts.Config.Worker.Metrics
	if address == "" || w.parts.deps.Metrics == nil {
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", w.parts.deps.Metrics.Handler())
	mux.HandleFunc("GET /healthz", func(out http.ResponseWriter, _ *http.Request) { out.WriteHeader(http.StatusNoContent) })
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return lastday.Wrap(lastday.CodeInvalid, "worker", "listen for metrics", err)
	}
	w.metrics = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := w.metrics.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			w.failed <- err
		}
	}()
	return nil
}

func (w *Worker) stopMetrics(ctx context.Context) error {
	if w.metrics == nil {
		return nil
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	return w.metrics.Shutdown(ending)
}
