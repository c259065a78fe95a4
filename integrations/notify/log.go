package notify

import (
	"context"
	"log/slog"

	"lastday"
)

// LogConfig configures the log channel: there is nothing to configure.
type LogConfig struct{}

// LogMedium tells notices to the log.
func LogMedium() Medium {
	return Define("log", func(_ context.Context, _ LogConfig, deps Deps) (Channel, error) {
		if deps.Log == nil {
			return nil, lastday.Errorf(lastday.CodeInternal, "notify: open log", "there is no log")
		}
		return &logChannel{log: deps.Log}, nil
	})
}

type logChannel struct{ log *slog.Logger }

func (c *logChannel) Send(ctx context.Context, n Notice) error {
	if err := n.Check(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return lastday.Wrap(lastday.CodeTransient, "notify: log", "not told", err)
	}
	level := slog.LevelInfo
	if n.Urgent {
		level = slog.LevelWarn
	}
	c.log.LogAttrs(ctx, level, n.Text,
		slog.String("case", n.Case), slog.String("system", n.System), slog.String("stage", n.Stage),
		slog.String("op", "notify "+string(n.Kind)), slog.String("notice", n.ID), slog.String("link", n.Link))
	return nil
}
