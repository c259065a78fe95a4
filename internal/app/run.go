package app

import (
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"time"

	"lastday/integrations/catalog"
	"lastday/internal/config"
	"lastday/internal/secret"
)

// Options are what a main hands over.
type Options struct {
	// Config is the path of the configuration file.
	Config string
	// Log is where the log goes.
	Log     io.Writer
	LogJSON bool
}

// RunWorker runs a worker until ctx ends. It opens the systems that it serves
// and no others.
func RunWorker(ctx context.Context, o Options) error {
	p, err := o.open(ctx, config.Worker.Serves)
	if err != nil {
		return err
	}
	c, err := DialWorker(ctx, p)
	if err != nil {
		return err
	}
	defer c.Close()
	w, err := NewWorker(ctx, p, c)
	if err != nil {
		return err
	}
	return w.Run(ctx)
}

// RunStarter runs a starter until ctx ends. It opens no system at all.
func RunStarter(ctx context.Context, o Options) error {
	p, err := o.open(ctx, func(config.Worker, string) bool { return false })
	if err != nil {
		return err
	}
	c, err := Dial(ctx, p)
	if err != nil {
		return err
	}
	defer c.Close()
	s, err := NewStarter(ctx, p, c)
	if err != nil {
		return err
	}
	return s.Run(ctx)
}

// Open reads the configuration and opens all that it names.
func (o Options) Open(ctx context.Context) (*Parts, error) {
	return o.open(ctx, func(config.Worker, string) bool { return true })
}

func (o Options) open(ctx context.Context, serves func(config.Worker, string) bool) (*Parts, error) {
	read, err := config.Read(o.Config)
	if err != nil {
		return nil, err
	}
	return Open(ctx, read, Deps{
		Kinds: catalog.Kinds(), Media: catalog.Media(), Serves: func(system string) bool { return serves(read.Worker, system) },
		Secret: secret.Resolve, Log: o.Logger(), Now: time.Now, Metrics: NewMetrics(),
	})
}

// Logger makes the log of the process.
func (o Options) Logger() *slog.Logger {
	if o.LogJSON {
		return slog.New(slog.NewJSONHandler(o.Log, nil))
	}
	return slog.New(slog.NewTextHandler(o.Log, nil))
}

// Usage makes asking for help no failure.
func Usage(err error) error {
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	return err
}
