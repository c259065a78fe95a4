package config

import (
	"regexp"
	"slices"
	"strconv"
	"time"

	"lastday"
)

// day and year are what retention counts in; a year is 365.25 days.
const (
	day  = 24 * time.Hour
	year = 8766 * time.Hour
)

// Stream is one place where security tools get events.
type Stream struct {
	// Name tells streams of one kind apart, and stands for how far it has come:
	// another name begins anew. Empty is the kind.
	Name string `yaml:"name"`
	// Kind is file, syslog or webhook.
	Kind string `yaml:"kind"`
	// Format is ocsf or ecs, Schema its version; empty is the first that is known.
	Format string `yaml:"format"`
	Schema string `yaml:"schema"`
	Config Raw    `yaml:"config"`
}

// kept are the kinds of record that retention may name.
func kept() []lastday.RecordKind {
	return []lastday.RecordKind{
		lastday.RecordSubject, lastday.RecordOpened, lastday.RecordNews, lastday.RecordPlan, lastday.RecordMessage, lastday.RecordStage,
		lastday.RecordReading, lastday.RecordChange, lastday.RecordTask, lastday.RecordVerified, lastday.RecordNote, lastday.RecordClosed,
	}
}

// byDefault stands for all kinds that retention does not name.
const byDefault = "default"

// KeepFor is how long records are kept, by kind; nil if the file does not say.
// Kinds that are not in it are kept for good.
func (r Records) KeepFor() map[lastday.RecordKind]time.Duration {
	if len(r.Retention) == 0 {
		return nil
	}
	all := map[lastday.RecordKind]time.Duration{}
	for _, kind := range kept() {
		text, named := r.Retention[string(kind)]
		if !named {
			text, named = r.Retention[byDefault]
		}
		if d, err := parseKeep(text); named && err == nil && d > 0 {
			all[kind] = d
		}
	}
	return all
}

// parseKeep reads a number of days or years; forever is zero.
func parseKeep(text string) (time.Duration, error) {
	parts := regexp.MustCompile(`^([1-9][0-9]{0,4})(d|y)$`).FindStringSubmatch(text)
	if text == "forever" {
		return 0, nil
	}
	wrong := lastday.Errorf(lastday.CodeInvalid, "configuration", "%q is no time to keep something: want days or years such as 90d or 7y, or forever", text)
	if parts == nil {
		return 0, wrong
	}
	n, err := strconv.Atoi(parts[1])
	if err != nil {
		return 0, wrong
	}
	unit := day
	if parts[2] == "y" {
		unit = year
	}
	if n > int(100*year/unit) {
		return 0, lastday.Errorf(lastday.CodeInvalid, "configuration", "%q is more than 100 years: want forever", text)
	}
	return time.Duration(n) * unit, nil
}

func (c Config) checkRetention(bad func(string, ...any)) {
	for kind, text := range c.Records.Retention {
		if kind != byDefault && !slices.Contains(kept(), lastday.RecordKind(kind)) {
			bad("records.retention: there is no kind of record %q; there are: %v, and %s", kind, kept(), byDefault)
		}
		if _, err := parseKeep(text); err != nil {
			bad("records.retention.%s: %q: want days or years such as 90d or 7y (at most 100y), or forever", kind, text)
		}
	}
}

// ID is the name, or else the kind.
func (s Stream) ID() string {
	if s.Name == "" {
		return s.Kind
	}
	return s.Name
}

func (c Config) checkStreams(bad func(string, ...any)) {
	name := regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	seen := map[string]bool{}
	for i, s := range c.SIEM {
		if !slices.Contains([]string{"file", "syslog", "webhook"}, s.Kind) {
			bad("siem[%d].kind: there is no kind %q; there are: file, syslog, webhook", i, s.Kind)
		}
		if !name.MatchString(s.ID()) || seen[s.ID()] {
			bad("siem[%d].name: %q: want a name of its own, of lower case letters, digits and dashes", i, s.ID())
		}
		seen[s.ID()] = true
		if s.Format != "ocsf" && s.Format != "ecs" {
			bad("siem[%d].format: %q is neither ocsf nor ecs", i, s.Format)
		}
	}
}
