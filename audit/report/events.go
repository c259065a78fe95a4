package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"lastday/audit/story"
)

// eventRow is one line of what people said and what happened.
type eventRow struct {
	at     time.Time
	At     stamp
	By     string
	What   string
	Why    string
	Class  string
	Refuse string
}

// events are the news, messages and notes in the order of time.
func events(c story.Case, k clock) []eventRow {
	all := []eventRow{{at: c.Opened.Told, By: c.Opened.Source, What: "announced: last day " + c.Opened.LastDay.String(), Class: "news"}}
	for _, n := range c.News {
		all = append(all, eventRow{at: n.At, By: n.By, What: n.What, Class: "news"})
	}
	for _, m := range c.Messages {
		about := m.About
		if len(about) > 20 {
			about = about[:16] + "…"
		}
		what := strings.TrimSpace(m.Verb + " " + about)
		why := m.Reason
		if m.Evidence != "" {
			why = strings.TrimSpace(why + " · evidence: " + m.Evidence)
		}
		all = append(all, eventRow{at: m.At, By: m.By, What: what, Why: why, Class: "message", Refuse: m.Refused})
	}
	for _, n := range c.Notes {
		all = append(all, eventRow{at: n.At, By: cmp.Or(n.By, n.System), What: n.What, Class: "note"})
	}
	slices.SortStableFunc(all, func(a, b eventRow) int { return a.at.Compare(b.at) })
	for i := range all {
		all[i].At = k.stamp(all[i].at)
	}
	return all
}
