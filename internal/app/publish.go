package app

import (
	"context"
	"fmt"
	"time"

	"lastday"
	"lastday/activities"
	"lastday/audit/sink"
	"lastday/audit/store"
	"lastday/internal/config"
)

// The configurations of the places for checkpoints, as the file has them.
type (
	fileSink struct {
		Name string `yaml:"name"`
		Path string `yaml:"path"`
	}
	webhookSink struct {
		Name     string `yaml:"name"`
		URL      string `yaml:"url"`
		Secret   string `yaml:"secret"`
		Insecure bool   `yaml:"insecure"`
	}
	gitSink struct {
		Name   string `yaml:"name"`
		Remote string `yaml:"remote"`
		Branch string `yaml:"branch"`
		Folder string `yaml:"folder"`
		Dir    string `yaml:"dir"`
	}
	bucketSink struct {
		Name         string `yaml:"name"`
		Endpoint     string `yaml:"endpoint"`
		Region       string `yaml:"region"`
		Bucket       string `yaml:"bucket"`
		Prefix       string `yaml:"prefix"`
		AccessKey    string `yaml:"access_key"`
		SecretKey    string `yaml:"secret_key"`
		SessionToken string `yaml:"session_token"`
		LockMode     string `yaml:"lock_mode"`
		LockFor      string `yaml:"lock_for"`
		Insecure     bool   `yaml:"insecure"`
	}
)

// Publisher brings the checkpoints of a store to the places that the
// configuration names; without any it only signs them.
func (p *Parts) Publisher(ctx context.Context, log *store.Store) (*sink.Publisher, error) {
	_, keys, err := p.recordKeys(ctx)
	if err != nil {
		return nil, err
	}
	o := sink.Options{Log: log, Keys: keys, Now: p.deps.Now, Tick: tick, Logger: p.deps.Log}
	for i, c := range p.Config.Records.Checkpoints {
		s, err := p.openSink(ctx, c)
		if err != nil {
			return nil, lastday.Wrap(lastday.CodeOf(err), "records", fmt.Sprintf("checkpoints[%d]", i), err)
		}
		o.Sinks = append(o.Sinks, s)
	}
	return sink.NewPublisher(o)
}

func tick(every time.Duration) (<-chan time.Time, func()) {
	t := time.NewTicker(every)
	return t.C, t.Stop
}

func (p *Parts) openSink(ctx context.Context, c config.Channel) (sink.Sink, error) {
	deps := sink.Deps{Secret: p.deps.Secret, Transport: p.deps.Transport, Now: p.deps.Now}
	switch c.Kind {
	case "file":
		var f fileSink
		if err := c.Config.Decode(&f); err != nil {
			return nil, err
		}
		return sink.NewFile(f.Name, p.Config.Path(f.Path))
	case "webhook":
		var w webhookSink
		if err := c.Config.Decode(&w); err != nil {
			return nil, err
		}
		return sink.NewWebhook(ctx, sink.WebhookConfig(w), deps)
	case "git":
		var g gitSink
		if err := c.Config.Decode(&g); err != nil {
			return nil, err
		}
		return sink.NewGit(sink.GitConfig{Name: g.Name, Remote: g.Remote, Branch: g.Branch, Folder: g.Folder, Dir: p.Config.Path(g.Dir)})
	case "bucket":
		return p.openBucket(ctx, c, deps)
	}
	return nil, lastday.Errorf(lastday.CodeInvalid, "records", "there is no place for checkpoints of kind %q; there are: file, webhook, git, bucket", c.Kind)
}

func (p *Parts) openBucket(ctx context.Context, c config.Channel, deps sink.Deps) (sink.Sink, error) {
	var b bucketSink
	if err := c.Config.Decode(&b); err != nil {
		return nil, err
	}
	made := sink.BucketConfig{
		Name: b.Name, Endpoint: b.Endpoint, Region: b.Region, Bucket: b.Bucket, Prefix: b.Prefix, AccessKey: b.AccessKey,
		SecretKey: b.SecretKey, SessionToken: b.SessionToken, LockMode: b.LockMode, Insecure: b.Insecure,
	}
	if b.LockFor != "" {
		d, err := time.ParseDuration(b.LockFor)
		if err != nil {
			return nil, lastday.Errorf(lastday.CodeInvalid, "records", "lock_for: %q is no duration such as 8760h", b.LockFor)
		}
		made.LockFor = d
	}
	return sink.NewBucket(ctx, made, deps)
}

// every is how often checkpoints are signed and sent; the configuration was checked.
func (p *Parts) every() time.Duration {
	d, err := time.ParseDuration(p.Config.Records.Every)
	if err != nil {
		return 5 * time.Minute
	}
	return d
}

// publishing sends checkpoints out until its context ends.
type publishing struct {
	publisher *sink.Publisher
	parts     *Parts
	teller    activities.Teller
	// told is when people were told last that a place holds another log, by place.
	told map[string]time.Time
}

// tellRewrittenAgain is how often people are told that what was sent out denies
// the log.
const tellRewrittenAgain = 4 * time.Hour

// run publishes at every tick, and once more at the end. It does not at the
// start: what cases recorded while no worker ran is written first, so that no
// signature comes before an honest record that is late.
func (p *publishing) run(ctx context.Context, ticks <-chan time.Time) {
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			p.once(last)
			return
		case <-ticks:
			p.once(ctx)
		}
	}
}

func (p *publishing) once(ctx context.Context) {
	statuses, err := p.publisher.Publish(ctx)
	if err != nil {
		p.parts.deps.Log.Error("checkpoints were not sent everywhere; they are at the next tick", "op", "publish", "code", string(lastday.CodeOf(err)), "error", err.Error())
	}
	if lastday.CodeOf(err) == lastday.CodeProtected && len(statuses) == 0 {
		p.tell(ctx, "the log", err.Error())
	}
	for _, s := range statuses {
		if s.Code == lastday.CodeProtected {
			p.tell(ctx, s.Sink, s.Why)
		}
	}
}

// tell goes to a person: this is no error that mends itself.
func (p *publishing) tell(ctx context.Context, where, why string) {
	now := p.parts.deps.Now()
	if now.Sub(p.told[where]) < tellRewrittenAgain {
		return
	}
	n := activities.Notice{
		ID: fmt.Sprintf("records/%s/%d", where, now.Unix()), Kind: "records_denied", Urgent: true, At: now,
		Text: "the log of the records is not what was signed before (" + where + "): keep the database and what stands there as they are, and find out which was changed: " + why,
	}
	if err := p.teller.Tell(ctx, n); err != nil {
		p.parts.deps.Log.Error("nobody could be told that the log was changed", "op", "publish", "code", string(lastday.CodeOf(err)))
		return
	}
	p.told[where] = now
}
