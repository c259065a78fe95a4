package hr

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"lastday"
)

// The words for what an event says. In the canonical event they stand in the
// type, as in offboard.separation.scheduled.v1; a Mapping translates to them.
const (
	// SaysScheduled announces a last day.
	SaysScheduled = "scheduled"
	// SaysChanged changes something about it: an earlier or later day, a zone.
	SaysChanged = "changed"
	// SaysRescinded takes it back: the engagement goes on.
	SaysRescinded = "rescinded"
	// SaysImmediate ends the engagement now.
	SaysImmediate = "immediate"
	// SaysContractEnd tells the end that stands in a contract.
	SaysContractEnd = "contract_end"
	// saysItself is for answers to Read, where the data speaks for itself.
	saysItself = ""
	// saysNothing is for events that the configuration tells us to pass over.
	saysNothing = "ignore"
)

const (
	typePrefix = "offboard.separation."
	typeSuffix = ".v1"
)

func words() []string {
	return []string{SaysScheduled, SaysChanged, SaysRescinded, SaysImmediate, SaysContractEnd}
}

// Type is the CloudEvents type of a canonical event that says the word.
func Type(word string) string { return typePrefix + word + typeSuffix }

// Canon reads the canonical shape: a CloudEvents 1.0 event in structured JSON
// whose data tells a separation (docs/hr-events.md). Every field is checked,
// and a field that nobody knows is a mistake.
type Canon struct {
	// Source is the name that the separations bear.
	Source string
	// Domains are the company's own mail domains. If there are any, addresses in
	// others are left out: they prove nothing about who owns an account.
	Domains []string
	// Extensions are further CloudEvents attributes to tolerate.
	Extensions []string
}

// attributes of CloudEvents 1.0 and of its documented extensions:
// https://github.com/cloudevents/spec/tree/main/cloudevents/extensions.
func attributes() []string {
	return []string{
		"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "data",
		"sequence", "sequencetype", "partitionkey", "recordedtime", "traceparent", "tracestate",
	}
}

// Event reads one event. What cannot be understood is Unknown, with all reasons.
func (c Canon) Event(tree any) Event {
	f := &form{}
	m := f.object(tree, "event")
	if m == nil {
		return Event{Unknown: strings.Join(f.wrong, "; ")}
	}
	f.only(m, "", append(attributes(), c.Extensions...)...)
	if v := f.text(m, "", "specversion"); v != "1.0" {
		f.mistake("specversion", "must be 1.0")
	}
	if f.text(m, "", "source") == "" {
		f.mistake("source", "missing")
	}
	if t := f.text(m, "", "datacontenttype"); t != "" && t != "application/json" {
		f.mistake("datacontenttype", "must be application/json")
	}
	e := Event{ID: f.text(m, "", "id"), Type: f.text(m, "", "type"), Time: f.instant(m, "", "time")}
	if e.ID == "" {
		f.mistake("id", "missing")
	}
	word, ok := wordOf(e.Type)
	if !ok {
		f.mistake("type", "%s is not understood", shownType(e.Type))
	}
	sequence := f.text(m, "", "sequence")
	s := c.separation(f, m["data"], "data", told{word: word, known: ok, at: e.Time, sequence: sequence})
	return finish(e, s, f)
}

func wordOf(eventType string) (string, bool) {
	rest, ok := strings.CutPrefix(eventType, typePrefix)
	if !ok {
		return "", false
	}
	word, ok := strings.CutSuffix(rest, typeSuffix)
	return word, ok && slices.Contains(words(), word)
}

// shownType quotes a type: a word that may have dots, as it names no person.
func shownType(eventType string) string {
	if shown(strings.ReplaceAll(eventType, ".", "-")) == "the value (not shown)" {
		return "the value (not shown)"
	}
	return fmt.Sprintf("%q", eventType)
}

// Answer reads what HR answered to Read: the data alone, which must say itself
// how the engagement ends, or that it goes on.
//
// CodeInvalid: with all mistakes.
func (c Canon) Answer(tree any) (lastday.Separation, error) {
	f := &form{}
	s := c.separation(f, tree, "", told{word: saysItself, known: true})
	if len(f.wrong) > 0 {
		return lastday.Separation{}, lastday.Errorf(lastday.CodeInvalid, "hr: answer", "%s", f.summary())
	}
	return s, nil
}

func finish(e Event, s lastday.Separation, f *form) Event {
	if len(f.wrong) > 0 {
		e.Unknown = f.summary()
		return e
	}
	e.Separation = &s
	return e
}

// summary tells the mistakes in one line, and no more than can be read.
func (f *form) summary() string {
	const most = 20
	if len(f.wrong) > most {
		return strings.Join(f.wrong[:most], "; ") + fmt.Sprintf("; and %d more", len(f.wrong)-most)
	}
	return strings.Join(f.wrong, "; ")
}

// told is what stands outside the data.
type told struct {
	word     string
	known    bool
	at       time.Time
	sequence string
}

func (c Canon) separation(f *form, tree any, path string, t told) lastday.Separation {
	data := f.object(tree, or(path, "data"))
	if data == nil {
		return lastday.Separation{}
	}
	f.only(data, path, "person", "engagement", "separation")
	s := lastday.Separation{Source: c.Source, Person: c.person(f, data["person"], join(path, "person"))}
	at := join(path, "engagement")
	engagement := f.object(data["engagement"], at)
	s.Engagement = c.engagement(f, engagement, at)
	s.Zone = f.zone(engagement, at, "timeZone")
	s.ZoneBasis = f.oneOf(engagement, at, "timeZoneBasis", "worker", "site", "entity", "company_default")
	c.ending(f, data["separation"], join(path, "separation"), t, &s)
	return s
}

func (c Canon) person(f *form, tree any, path string) lastday.Person {
	m := f.object(tree, path)
	if m == nil {
		return lastday.Person{}
	}
	f.only(m, path, "id", "name", "emails", "employeeNumber", "links")
	return lastday.Person{
		Key: f.id(m, path, "id"), Name: f.text(m, path, "name"), EmployeeNumber: f.text(m, path, "employeeNumber"),
		Emails: c.emails(f, m, path), Links: links(f, m, path),
	}
}

func (c Canon) engagement(f *form, m map[string]any, path string) lastday.Engagement {
	if m == nil {
		return lastday.Engagement{}
	}
	f.only(m, path, "id", "workerType", "department", "manager", "timeZone", "timeZoneBasis")
	return lastday.Engagement{
		ID: f.id(m, path, "id"),
		WorkerType: f.oneOf(m, path, "workerType",
			"employee", "contractor", "contingent", "intern", "eor", "vendor_staff", "unknown"),
		Department: f.text(m, path, "department"), Manager: f.text(m, path, "manager"),
	}
}

// isAddress is narrower than RFC 5322: an odd address is for a person to see,
// because accounts are matched by it.
func isAddress(email string) bool {
	local, domain, ok := strings.Cut(email, "@")
	if !ok || local == "" || len(email) > 254 || strings.ContainsAny(local, "<>,;\" ") {
		return false
	}
	dot := strings.LastIndexByte(domain, '.')
	return dot > 0 && dot < len(domain)-1 && strings.Trim(domain, "abcdefghijklmnopqrstuvwxyz0123456789-.") == ""
}

func (c Canon) emails(f *form, m map[string]any, path string) []string {
	var found []string
	items := f.list(m, path, "emails")
	for i, v := range items {
		text, _ := v.(string)
		email := strings.ToLower(strings.TrimSpace(text))
		if !isAddress(email) || strings.ContainsFunc(email, unicode.IsControl) {
			f.mistake(fmt.Sprintf("%s.emails[%d]", path, i), "is no address")
			continue
		}
		if c.own(email) && !slices.Contains(found, email) {
			found = append(found, email)
		}
	}
	return found
}

func (c Canon) own(email string) bool {
	if len(c.Domains) == 0 {
		return true
	}
	_, domain, _ := strings.Cut(email, "@")
	return slices.ContainsFunc(c.Domains, func(d string) bool { return strings.EqualFold(d, domain) })
}

func links(f *form, m map[string]any, path string) []lastday.Link {
	var found []lastday.Link
	for i, v := range f.list(m, path, "links") {
		at := fmt.Sprintf("%s.links[%d]", path, i)
		item := f.object(v, at)
		if item == nil {
			continue
		}
		f.only(item, at, "system", "id", "login")
		l := lastday.Link{System: f.id(item, at, "system"), ID: f.text(item, at, "id"), Login: f.text(item, at, "login")}
		if l.ID == "" && l.Login == "" {
			f.mistake(at, "has neither id nor login")
		}
		if slices.ContainsFunc(found, func(o lastday.Link) bool { return o.System == l.System }) {
			f.mistake(at, "is a second account in one system")
		}
		found = append(found, l)
	}
	return found
}

// ending reads how the engagement ends, and holds it against what the event's
// type says: a contradiction is for a person to solve.
func (c Canon) ending(f *form, tree any, path string, t told, s *lastday.Separation) {
	m := f.object(tree, path)
	if m == nil {
		return
	}
	f.only(m, path, "kind", "rescinded", "lastDay", "cutoff", "confidential", "enteredAt", "sequence")
	kind := lastday.SeparationKind(f.oneOf(m, path, "kind",
		string(lastday.SeparationScheduled), string(lastday.SeparationImmediate), string(lastday.SeparationContractEnd)))
	s.Rescinded = f.flag(m, path, "rescinded") || t.word == SaysRescinded
	s.LastDay, s.Cutoff = f.date(m, path, "lastDay"), f.clock(m, path, "cutoff")
	s.Confidential = f.flag(m, path, "confidential")
	if s.EnteredAt = f.instant(m, path, "enteredAt"); s.EnteredAt.IsZero() {
		s.EnteredAt = t.at
	}
	s.Sequence = padded(or(t.sequence, f.text(m, path, "sequence")))
	if t.known {
		s.Kind = agree(f, path, t.word, kind, m["rescinded"])
		needDay(f, path, s)
	}
}

// agree gives the kind that both the type and the data stand for.
func agree(f *form, path, word string, kind lastday.SeparationKind, rescinded any) lastday.SeparationKind {
	wanted := map[string]lastday.SeparationKind{
		SaysImmediate: lastday.SeparationImmediate, SaysContractEnd: lastday.SeparationContractEnd,
	}[word]
	if wanted != "" && kind != "" && kind != wanted {
		f.mistake(path+".kind", "%s contradicts the event's type", shown(string(kind)))
	}
	if (word == SaysScheduled || word == SaysChanged) && kind == lastday.SeparationImmediate {
		f.mistake(path+".kind", "%s contradicts the event's type", shown(string(kind)))
	}
	says, told := rescinded.(bool)
	if told && word != saysItself && says != (word == SaysRescinded) {
		f.mistake(path+".rescinded", "contradicts the event's type")
	}
	if word == saysItself && kind == "" && !says {
		f.mistake(path+".kind", "missing")
	}
	return lastday.SeparationKind(or(string(kind), or(string(wanted), string(lastday.SeparationScheduled))))
}

// needDay asks for the last day where it decides something. What ends at once
// ends today: today is when HR said so, on the person's calendar.
func needDay(f *form, path string, s *lastday.Separation) {
	if !s.LastDay.IsZero() || s.Rescinded {
		return
	}
	if s.Kind != lastday.SeparationImmediate || s.EnteredAt.IsZero() {
		f.mistake(path+".lastDay", "missing")
		return
	}
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		zone = time.UTC
	}
	s.LastDay = lastday.DateOf(s.EnteredAt.In(zone))
}

// padded makes numbers of different length order as texts.
func padded(sequence string) string {
	const width = 20
	if len(sequence) < width && sequence != "" && strings.Trim(sequence, "0123456789") == "" {
		return strings.Repeat("0", width-len(sequence)) + sequence
	}
	return sequence
}
