package hrtest

import (
	"encoding/json"
	"fmt"
	"time"

	"lastday"
	"lastday/integrations/hr"
)

// envelope is the CloudEvents envelope, written down apart from the code that
// reads it, so that a mistake in one is seen by the other.
type envelope struct {
	SpecVersion string `json:"specversion"`
	ID          string `json:"id"`
	Source      string `json:"source"`
	Type        string `json:"type"`
	Time        string `json:"time"`
	Sequence    string `json:"sequence"`
	ContentType string `json:"datacontenttype"`
	Data        data   `json:"data"`
}

type data struct {
	Person     person     `json:"person"`
	Engagement engagement `json:"engagement"`
	Separation separation `json:"separation"`
}

type person struct {
	ID             string         `json:"id"`
	Name           string         `json:"name,omitempty"`
	Emails         []string       `json:"emails,omitempty"`
	EmployeeNumber string         `json:"employeeNumber,omitempty"`
	Links          []lastday.Link `json:"links,omitempty"`
}

type engagement struct {
	ID         string `json:"id"`
	WorkerType string `json:"workerType,omitempty"`
	Department string `json:"department,omitempty"`
	Manager    string `json:"manager,omitempty"`
	TimeZone   string `json:"timeZone,omitempty"`
	ZoneBasis  string `json:"timeZoneBasis,omitempty"`
}

type separation struct {
	Kind         string `json:"kind,omitempty"`
	Rescinded    bool   `json:"rescinded,omitempty"`
	LastDay      string `json:"lastDay,omitempty"`
	Cutoff       string `json:"cutoff,omitempty"`
	Confidential bool   `json:"confidential,omitempty"`
	EnteredAt    string `json:"enteredAt,omitempty"`
	Sequence     string `json:"sequence,omitempty"`
}

func (e *Employment) event(word, id string) (Event, error) {
	body, err := json.Marshal(envelope{
		SpecVersion: "1.0", ID: id, Source: "hr://sandbox", Type: hr.Type(word), Time: e.EnteredAt.Format(time.RFC3339Nano),
		Sequence: padSequence(e.Sequence), ContentType: "application/json", Data: e.data(),
	})
	if err != nil {
		return Event{}, lastday.Wrap(lastday.CodeInternal, "hrtest: event", "encode", err)
	}
	return Event{ID: id, Body: body}, nil
}

func (e *Employment) data() data {
	basis := ""
	if e.Zone != "" {
		basis = "worker"
	}
	return data{
		Person: person{
			ID: e.Person.Key, Name: e.Person.Name, Emails: e.Person.Emails,
			EmployeeNumber: e.Person.EmployeeNumber, Links: e.Person.Links,
		},
		Engagement: engagement{
			ID: e.Engagement.ID, WorkerType: e.Engagement.WorkerType, Department: e.Engagement.Department,
			Manager: e.Engagement.Manager, TimeZone: e.Zone, ZoneBasis: basis,
		},
		Separation: e.ending(),
	}
}

func (e *Employment) ending() separation {
	s := separation{
		Rescinded: !e.Ends, Kind: string(e.Kind), LastDay: e.LastDay.String(), Confidential: e.Confidential,
		Sequence: padSequence(e.Sequence),
	}
	if !e.EnteredAt.IsZero() {
		s.EnteredAt = e.EnteredAt.Format(time.RFC3339Nano)
	}
	if e.Cutoff != nil {
		s.Cutoff = fmt.Sprint(e.Cutoff)
	}
	return s
}
