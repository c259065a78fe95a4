package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/converter"
	sdklog "go.temporal.io/sdk/log"
	"google.golang.org/protobuf/types/known/durationpb"

	"lastday"
	"lastday/codec"
	"lastday/internal/config"
	"lastday/workflows"
)

// Dial connects to Temporal. The address, the namespace, TLS and API keys come
// from the standard TEMPORAL_* variables and file; the configuration adds the
// keys that encrypt histories.
func Dial(ctx context.Context, p *Parts) (client.Client, error) {
	return dial(ctx, p, codec.Converters)
}

// DialWorker connects a worker. With a key missing it lets workflow tasks wait
// and be tried again, instead of failing a case on what it cannot read.
func DialWorker(ctx context.Context, p *Parts) (client.Client, error) {
	return dial(ctx, p, codec.WorkerConverters)
}

func dial(ctx context.Context, p *Parts, converters func(*codec.Ring) (converter.DataConverter, converter.FailureConverter)) (client.Client, error) {
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInvalid, "temporal", "the TEMPORAL_* settings", err)
	}
	options.Logger = sdklog.NewStructuredLogger(quiet(p.deps.Log))
	if p.deps.Metrics != nil {
		options.MetricsHandler = p.deps.Metrics.SDK()
	}
	ring, err := OpenRing(ctx, p.Config.Encryption, p.deps.Secret)
	if err != nil {
		return nil, err
	}
	options.DataConverter, options.FailureConverter = converters(ring)
	c, err := client.DialContext(ctx, options)
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeTransient, "temporal", "no connection to "+address(options)+": is it running, is TEMPORAL_ADDRESS right?", err)
	}
	return c, nil
}

func address(o client.Options) string {
	if o.HostPort == "" {
		return client.DefaultHostPort
	}
	return o.HostPort
}

// OpenRing opens the keys that encrypt histories; nil if there are none.
func OpenRing(ctx context.Context, e config.Encryption, secret func(context.Context, string) (string, error)) (*codec.Ring, error) {
	if len(e.Keys) == 0 {
		return nil, nil //nolint:nilnil // No keys is a choice of the configuration, and nil is what the converters take for it.
	}
	keys := make([]codec.Key, 0, len(e.Keys))
	for _, k := range e.Keys {
		text, err := secret(ctx, k.Secret)
		if err != nil {
			return nil, lastday.Wrap(lastday.CodeInvalid, "encryption key "+k.ID, "secret", err)
		}
		key, err := codec.ParseKey(k.ID, text)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return codec.NewRing(keys)
}

// quiet keeps what the SDK says of its own inner life out of the log, unless
// it is a warning.
func quiet(log *slog.Logger) *slog.Logger {
	return slog.New(atLeast{Handler: log.Handler(), level: slog.LevelWarn})
}

type atLeast struct {
	slog.Handler
	level slog.Level
}

// Enabled leaves out what is under the level.
func (h atLeast) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= h.level && h.Handler.Enabled(ctx, level)
}

// WithAttrs keeps the level.
func (h atLeast) WithAttrs(attrs []slog.Attr) slog.Handler {
	return atLeast{Handler: h.Handler.WithAttrs(attrs), level: h.level}
}

// WithGroup keeps the level.
func (h atLeast) WithGroup(name string) slog.Handler {
	return atLeast{Handler: h.Handler.WithGroup(name), level: h.level}
}

// retention is how long closed cases stay readable: longer than the year after
// which somebody looks at them.
const retention = 400 * 24 * time.Hour

// Prepare brings the namespace to what cases need: search attributes, and a
// retention under which an event that is sent twice is known for at least as
// long as anybody retries. Both may be done again and again.
func Prepare(ctx context.Context, c client.Client, namespace string) error {
	if err := addPatiently(ctx, c, namespace); err != nil {
		return lastday.Wrap(lastday.CodeDenied, "temporal", "search attributes could not be registered; do it by hand (docs/operating.md)", err)
	}
	described, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	if err != nil {
		return lastday.Wrap(lastday.CodeTransient, "temporal", "describe namespace", err)
	}
	settings := described.GetConfig()
	if settings.GetWorkflowExecutionRetentionTtl().AsDuration() >= retention {
		return nil
	}
	settings.WorkflowExecutionRetentionTtl = durationpb.New(retention)
	_, err = c.WorkflowService().UpdateNamespace(ctx, &workflowservice.UpdateNamespaceRequest{Namespace: namespace, Config: settings})
	if err != nil {
		return lastday.Wrap(lastday.CodeDenied, "temporal", fmt.Sprintf("the retention of closed cases is under %s and could not be raised; do it by hand (docs/operating.md)", retention), err)
	}
	return nil
}

func addSearchAttributes(ctx context.Context, c client.Client, namespace string) error {
	add := map[string]enumspb.IndexedValueType{}
	for _, key := range workflows.SearchAttributes() {
		add[key.GetName()] = key.GetValueType()
	}
	known, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err == nil {
		for name := range known.GetCustomAttributes() {
			delete(add, name)
		}
	}
	if len(add) == 0 {
		return nil
	}
	_, err = c.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{Namespace: namespace, SearchAttributes: add})
	return err
}

// addPatiently tries again when two processes that start together get into each
// other's way: the server refuses the second of two changes at once.
func addPatiently(ctx context.Context, c client.Client, namespace string) error {
	var err error
	for range 10 {
		if err = addSearchAttributes(ctx, c, namespace); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(200 * time.Millisecond):
		}
	}
	return err
}

// Namespace is the namespace of the TEMPORAL_* settings.
func Namespace() string {
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil || options.Namespace == "" {
		return client.DefaultNamespace
	}
	return options.Namespace
}
