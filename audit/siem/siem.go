// Package siem tells records to security tools, in the two schemas that they
// share: OCSF (https://schema.ocsf.io) and ECS
// (https://www.elastic.co/docs/reference/ecs), one JSON object a line, over
// files, syslog and webhooks.
//
// Delivery is at least once: an event carries the id of its record, by which a
// receiver knows it again. The record of a person's name, number and addresses
// is in no event; accounts and resources are named as their systems name them,
// which may be by an address.
package siem

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"lastday"
)

// The formats.
const (
	// OCSF is the Open Cybersecurity Schema Framework.
	OCSF = "ocsf"
	// ECS is the Elastic Common Schema.
	ECS = "ecs"
)

// The versions of the schemas. An empty version is the first of its format.
const (
	// OCSF18 tells changes as account_change (3001) and user_access (3005).
	OCSF18 = "1.8.0"
	// OCSF19 tells them as user_management (3007), which replaces both.
	OCSF19 = "1.9.0"
	// ECS94 is the version of ECS.
	ECS94 = "9.4.0"
)

// Event is one event, ready to be sent.
type Event struct {
	// ID is the record's.
	ID string
	At time.Time
	// Class is the event's class or action, short and without blanks: syslog's MSGID.
	Class string
	// Grave says that a person should look: a refusal, a change that is not shown.
	Grave bool
	// Line is the JSON, in ASCII, without a line feed.
	Line []byte
}

// Encoder makes events of records. It is safe for concurrent use.
type Encoder struct {
	format, version, tool string
}

// New makes an encoder; tool is the version of lastday.
//
// CodeInvalid: there is no such format, or no such version of it.
func New(format, version, tool string) (*Encoder, error) {
	known := map[string][]string{OCSF: {OCSF18, OCSF19}, ECS: {ECS94}}[strings.ToLower(format)]
	if known == nil {
		return nil, lastday.Errorf(lastday.CodeInvalid, "siem", "format %q is neither ocsf nor ecs", format)
	}
	if version == "" {
		version = known[0]
	}
	for _, k := range known {
		if k == version || strings.TrimSuffix(k, ".0") == version {
			return &Encoder{format: strings.ToLower(format), version: k, tool: tool}, nil
		}
	}
	return nil, lastday.Errorf(lastday.CodeInvalid, "siem", "version %q of %s is none of %s", version, format, strings.Join(known, ", "))
}

// Events makes the events of a record: one, or none of a record that names the
// person, which stays where it can be erased.
func (e *Encoder) Events(r lastday.Record) ([]Event, error) {
	if r.Kind == lastday.RecordSubject {
		return nil, nil
	}
	var body map[string]any
	class := string(r.Kind)
	if e.format == OCSF {
		body, class = e.ocsf(r)
	} else {
		body = e.ecs(r)
	}
	text, err := json.Marshal(body)
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInternal, "siem", "encode", err)
	}
	return []Event{{ID: r.ID, At: r.At, Class: class, Grave: outcomeOf(r) == failed, Line: ascii(text)}}, nil
}

// ascii writes what is not ASCII as JSON's escapes: then every transport carries
// it unchanged.
func ascii(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for _, r := range string(text) {
		if r < utf8.RuneSelf {
			out = utf8.AppendRune(out, r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			const hex = "0123456789abcdef"
			out = append(out, '\\', 'u', hex[unit>>12&15], hex[unit>>8&15], hex[unit>>4&15], hex[unit&15])
		}
	}
	return out
}

// result is how an event turned out, as far as it is shown.
type result int

const (
	unknown result = iota
	succeeded
	// onWord: a person said so, or decided to go on without.
	onWord
	failed
)

// outcomeOf says no more than the record shows: only what was read back is a
// success.
func outcomeOf(r lastday.Record) result {
	switch {
	case r.Change != nil:
		return changeResult(*r.Change)
	case r.Verified != nil:
		return verifiedResult(*r.Verified)
	case r.Message != nil && r.Message.Refused != "":
		return failed
	case r.Message != nil:
		return succeeded
	case r.Reading != nil && (!r.Reading.Complete || !r.Reading.Control.Seen):
		return failed
	case r.Reading != nil:
		return succeeded
	}
	return unknown
}

func verifiedResult(v lastday.VerifiedFact) result {
	switch {
	case v.Proof == lastday.ProofObserved && v.Control.Seen && v.Control.KeptBy == "":
		return succeeded
	case v.Proof == lastday.ProofAttested || v.Proof == lastday.ProofWaived || v.Control.KeptBy != "":
		return onWord
	}
	return unknown
}

func changeResult(c lastday.ChangeFact) result {
	switch c.Proof {
	case lastday.ProofObserved:
		if c.After == "" {
			return unknown
		}
		return succeeded
	case lastday.ProofAttested, lastday.ProofWaived:
		return onWord
	case lastday.ProofAcknowledged, lastday.ProofNone:
	}
	switch c.Outcome {
	case lastday.OutcomeRefused, lastday.OutcomeDrifted:
		return failed
	case lastday.OutcomeApplied, lastday.OutcomeAlready, lastday.OutcomeAccepted, lastday.OutcomeOffered, lastday.OutcomeDelegated, lastday.OutcomeAsked:
	}
	return unknown
}

// detail says in words how well a change is shown.
func detail(c lastday.ChangeFact) string {
	text := string(c.Outcome) + ", " + c.Proof.String()
	if c.AnsweredBy != "" {
		text += " by " + c.AnsweredBy
	}
	if c.Note != "" {
		text += ": " + c.Note
	}
	return text
}
