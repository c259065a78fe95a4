package app

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"lastday"
	"lastday/activities"
	"lastday/integrations/notify"
	"lastday/internal/config"
)

// teller tells people through all configured channels.
type teller struct {
	channels  []notify.Channel
	addresses *regexp.Regexp
	link      string
}

// teller opens the channels; without any, notices go to the log.
func (p *Parts) teller() (*teller, error) {
	t := &teller{addresses: regexp.MustCompile(`[^\s@<>"']+@[^\s@<>"']+\.[^\s@<>"',;:)]+`), link: p.Config.UI}
	configured := p.Config.Notify
	if len(configured) == 0 {
		configured = []config.Channel{{Kind: "log"}}
	}
	var found []error
	for i, c := range configured {
		channel, err := p.openChannel(c)
		if err != nil {
			found = append(found, lastday.Wrap(lastday.CodeInvalid, "notify", "channel "+c.Kind+" (number "+string(rune('1'+i))+")", err))
			continue
		}
		t.channels = append(t.channels, channel)
	}
	return t, errors.Join(found...)
}

func (p *Parts) openChannel(c config.Channel) (notify.Channel, error) {
	var names []string
	for _, m := range p.deps.Media {
		if m.Name() == c.Kind {
			return m.Open(context.Background(), c.Config.Decode, notify.Deps{
				Secret: p.deps.Secret, Transport: p.deps.Transport, Log: p.deps.Log, Now: p.deps.Now,
			})
		}
		names = append(names, m.Name())
	}
	return nil, lastday.Errorf(lastday.CodeInvalid, "notify", "there is no kind of channel %q; there are: %s", c.Kind, strings.Join(names, ", "))
}

// Tell tells a notice in all channels. If one fails the notice is told again
// in all of them: it keeps its id, and receivers tell a repetition by that.
func (t *teller) Tell(ctx context.Context, n activities.Notice) error {
	told := notify.Notice{
		ID: n.ID, Case: n.Case, System: n.System, Stage: n.Stage, Kind: noticeKind(n.Kind),
		Text: t.addresses.ReplaceAllString(n.Text, "(address)"), Urgent: n.Urgent, At: n.At,
	}
	if t.link != "" && n.Case != "" {
		told.Link = strings.ReplaceAll(t.link, "{case}", n.Case)
	}
	var failed []error
	for _, c := range t.channels {
		if err := c.Send(ctx, told); err != nil {
			failed = append(failed, err)
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return lastday.Wrap(lastday.CodeOf(failed[0]), "tell", "not every channel took the notice", errors.Join(failed...))
}

// noticeKind is what a notice is about in the words of the channels.
func noticeKind(kind string) notify.Kind {
	switch {
	case kind == "approval", kind == "mass_leavers", kind == "news":
		return notify.KindApproval
	case strings.HasPrefix(kind, "resurrected"):
		return notify.KindReturned
	case kind == "unserved", kind == "failing", kind == "unseen":
		return notify.KindStuck
	case kind == "finished":
		return notify.KindFinished
	}
	return notify.KindTask
}
