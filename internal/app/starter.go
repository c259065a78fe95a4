package app

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"lastday"
	"lastday/codec"
	"lastday/intake"
	"lastday/integrations/hr"
	"lastday/workflows"
)

// Starter takes events in over HTTP and hands them to Temporal.
type Starter struct {
	parts   *Parts
	client  client.Client
	servers []*listening
}

type listening struct {
	what     string
	server   *http.Server
	listener net.Listener
}

// NewStarter opens the addresses and readies the handlers; Run serves.
func NewStarter(ctx context.Context, p *Parts, c client.Client) (*Starter, error) {
	s := &Starter{parts: p, client: c}
	handler, err := s.receiver()
	if err != nil {
		return nil, err
	}
	if err := s.listen("events", p.Config.Starter.Listen, handler); err != nil {
		return nil, err
	}
	if p.Config.Encryption.CodecListen == "" {
		return s, nil
	}
	decoder, err := s.decoder(ctx)
	if err != nil {
		s.closeAll()
		return nil, err
	}
	return s, s.listen("codec", p.Config.Encryption.CodecListen, decoder)
}

func (s *Starter) receiver() (http.Handler, error) {
	config := intake.Config{
		Sources: s.parts.Sources, Handover: workflows.NewClient(s.client),
		Now: s.parts.deps.Now, Log: s.parts.deps.Log, Ready: s.ready,
	}
	if m := s.parts.deps.Metrics; m != nil {
		config.Metrics, config.MetricsHandler = m, m.Handler()
	}
	return intake.New(config)
}

// ready says whether an event could be accepted now.
func (s *Starter) ready(ctx context.Context) error {
	_, err := s.client.CheckHealth(ctx, &client.CheckHealthRequest{})
	return err
}

// decoder lets the Temporal UI read what is encrypted in histories.
func (s *Starter) decoder(ctx context.Context) (http.Handler, error) {
	e := s.parts.Config.Encryption
	ring, err := OpenRing(ctx, e, s.parts.deps.Secret)
	if err != nil {
		return nil, err
	}
	config := codec.ServerConfig{Ring: ring, Origins: e.CodecOrigins, Log: s.parts.deps.Log}
	for _, ref := range e.CodecTokens {
		token, err := s.parts.deps.Secret(ctx, ref)
		if err != nil {
			return nil, lastday.Wrap(lastday.CodeInvalid, "codec", "token", err)
		}
		config.Tokens = append(config.Tokens, token)
	}
	if len(config.Tokens) == 0 && e.CodecAnonymous {
		config.AllowAnonymous, config.Listen = true, e.CodecListen
	}
	return codec.NewServer(config)
}

func (s *Starter) listen(what, address string, handler http.Handler) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		s.closeAll()
		return lastday.Wrap(lastday.CodeInvalid, "starter", "listen for "+what, err)
	}
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
		WriteTimeout: 15 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10,
	}
	s.servers = append(s.servers, &listening{what: what, server: server, listener: listener})
	return nil
}

func (s *Starter) closeAll() {
	for _, l := range s.servers {
		_ = l.listener.Close() // Nothing was served yet: there is nothing to lose.
	}
}

// Addresses are where it listens, events first.
func (s *Starter) Addresses() []string {
	var all []string
	for _, l := range s.servers {
		all = append(all, l.listener.Addr().String())
	}
	return all
}

// Run serves until ctx ends, then lets what came in be answered.
func (s *Starter) Run(ctx context.Context) error {
	if err := Prepare(ctx, s.client, Namespace()); err != nil {
		s.parts.deps.Log.Warn("the namespace is not prepared", "op", "prepare", "code", string(lastday.CodeOf(err)), "error", err.Error())
	}
	group, serving := errgroup.WithContext(ctx)
	for _, l := range s.servers {
		s.parts.deps.Log.Info("starter listens", "op", "start", "for", l.what, "address", l.listener.Addr().String())
		group.Go(func() error {
			if err := l.server.Serve(l.listener); !errors.Is(err, http.ErrServerClosed) {
				return lastday.Wrap(lastday.CodeTransient, "starter", "serve "+l.what, err)
			}
			return nil
		})
		group.Go(func() error { return shutDown(serving, l.server) })
	}
	group.Go(func() error { s.refreshSecrets(serving); return nil })
	return group.Wait()
}

func shutDown(ctx context.Context, server *http.Server) error {
	<-ctx.Done()
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return server.Shutdown(ending)
}

// refreshEvery is how soon a secret that was changed is taken up.
const refreshEvery = 30 * time.Second

// refreshSecrets reads changed secrets while the starter runs.
func (s *Starter) refreshSecrets(ctx context.Context) {
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, source := range s.parts.Sources {
			r, ok := source.(hr.Refresher)
			if !ok {
				continue
			}
			if err := r.Refresh(ctx, s.parts.deps.Now()); err != nil {
				s.parts.deps.Log.Error("a secret could not be read", "op", "refresh", "source", source.Name(), "code", string(lastday.CodeOf(err)))
			}
		}
	}
}
