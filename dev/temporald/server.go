// Package temporald runs a complete Temporal server with its web UI inside the calling process, for development,
// demonstrations and end-to-end tests. It needs no container and no network: state is kept in one SQLite file or in
// memory, and everything listens on loopback unless told otherwise.
//
// It is no production server. One SQLite connection serves everything, and there is no TLS.
package temporald

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	uiserver "github.com/temporalio/ui-server/v2/server"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/temporal"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
)

// pollInterval is the pause between two questions whether a part of the server is up.
const pollInterval = 10 * time.Millisecond

// Server is one server. Its methods may be called from several goroutines.
type Server struct {
	options Options
	claims  *claims
	token   string

	stopping atomic.Bool

	mu      sync.Mutex
	started bool
	ports   ports
	undo    []func()
}

// New checks the options and reports every mistake at once. It opens nothing.
func New(o Options) (*Server, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("temporald: %w", err)
	}
	s := &Server{options: o}
	s.claims, s.token = newClaims(o.People, o.AnonymousReadOnly)
	return s, nil
}

// Start brings the server up and returns once its frontend answers the gRPC health check, its namespaces have the wanted
// retention and search attributes, and its UI answers. If that fails or ctx ends first, everything already started is
// stopped again. A server starts once; a second call is an error.
func (s *Server) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started {
		return errors.New("temporald: start: a server starts only once")
	}
	s.started = true
	if err := s.start(ctx); err != nil {
		s.stop()
		return fmt.Errorf("temporald: start: %w", err)
	}
	return nil
}

func (s *Server) start(ctx context.Context) error {
	if err := s.startTemporal(ctx); err != nil {
		return err
	}
	if err := s.settle(ctx); err != nil {
		return err
	}
	if s.options.Headless {
		return nil
	}
	return s.startUI(ctx)
}

// Stop ends the UI and then the server, and returns when both have ended. It may be called more than once, and before
// Start.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.started = true
	s.stop()
}

func (s *Server) stop() {
	s.stopping.Store(true)
	for _, v := range slices.Backward(s.undo) {
		v()
	}
	s.undo, s.ports = nil, ports{}
}

// Address is the host and port of the gRPC frontend, as a client on this machine dials it. It is "" unless the server is
// up.
func (s *Server) Address() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ports.frontend == 0 {
		return ""
	}
	return dialAddress(s.options.IP, s.ports.frontend)
}

// UIURL is the address of the web UI for a browser on this machine. It is "" unless the server is up and has a UI.
func (s *Server) UIURL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ports.ui == 0 {
		return ""
	}
	return "http://" + dialAddress(s.options.UIIP, s.ports.ui)
}

func (s *Server) startTemporal(ctx context.Context) error {
	unlock, err := lockFile(s.options.DatabaseFile)
	if err != nil {
		return err
	}
	s.undo = append(s.undo, unlock)
	database := sqlConfig(s.options)
	if err := prepareDatabase(ctx, database); err != nil {
		return err
	}
	if err := createNamespaces(s.options, database); err != nil {
		return err
	}
	if s.ports, err = choosePorts(s.options); err != nil {
		return err
	}
	return guarded(func() error { return s.run(database) })
}

// run makes and starts the server. What NewServer made is stopped even if Start fails half-way.
func (s *Server) run(database *config.SQL) error {
	dynamic, err := dynamicConfig(s.options)
	if err != nil {
		return err
	}
	services := temporal.DefaultServices
	if s.options.AnonymousReadOnly {
		services = temporal.Services
	}
	options := append(s.authorization(),
		temporal.WithConfig(serverConfig(s.options, s.ports, database)),
		temporal.ForServices(services),
		temporal.WithStaticHosts(staticHosts(s.options, s.ports)),
		temporal.WithLogger(logger{to: s.options.Logger, stopping: &s.stopping}),
		temporal.WithDynamicConfigClient(dynamic),
	)
	server, err := temporal.NewServer(options...)
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	s.undo = append(s.undo, func() {
		if err := server.Stop(); err != nil {
			s.options.Logger.Error("stopping the server failed", "error", err)
		}
	})
	if err := server.Start(); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	return nil
}

// authorization lets everybody in unless there are people to tell apart.
func (s *Server) authorization() []temporal.ServerOption {
	mapper, authorizer := authorization.NewNoopClaimMapper(), authorization.NewNoopAuthorizer()
	if len(s.options.People) > 0 {
		mapper, authorizer = s.claims, authorization.NewDefaultAuthorizer()
	}
	return []temporal.ServerOption{
		temporal.WithAuthorizer(authorizer),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper { return mapper }),
	}
}

// settle waits for the frontend and then brings the namespaces up to date.
func (s *Server) settle(ctx context.Context) error {
	conn, err := grpc.NewClient(dialAddress(s.options.IP, s.ports.frontend), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("dial: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if err := frontendAnswers(ctx, conn); err != nil {
		return fmt.Errorf("health: %w", err)
	}
	if len(s.options.People) > 0 {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+s.token)
	}
	return settleNamespaces(ctx, conn, s.options)
}

func frontendAnswers(ctx context.Context, conn *grpc.ClientConn) error {
	client := grpc_health_v1.NewHealthClient(conn)
	request := &grpc_health_v1.HealthCheckRequest{Service: workflowservice.WorkflowService_ServiceDesc.ServiceName}
	return poll(ctx, func(ctx context.Context) error {
		response, err := client.Check(ctx, request, grpc.WaitForReady(true))
		if err != nil {
			return err
		}
		if response.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
			return fmt.Errorf("status %s", response.GetStatus())
		}
		return nil
	})
}

func (s *Server) startUI(ctx context.Context) error {
	ui := newUI(s.options, s.ports)
	ended := make(chan error, 1)
	go func() { ended <- ui.Start() }()
	s.undo = append(s.undo, func() { stopUI(ui, ended) })
	if err := uiAnswers(ctx, dialAddress(s.options.UIIP, s.ports.ui)); err != nil {
		return fmt.Errorf("ui: %w", err)
	}
	return nil
}

func stopUI(ui *uiserver.Server, ended <-chan error) {
	ui.Stop()
	<-ended //nolint:errcheck // Stopping asks only that it has ended, not how.
}

// poll asks until the answer is yes, and returns the last no when ctx ends.
func poll(ctx context.Context, ask func(context.Context) error) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-tick.C:
		}
	}
}
