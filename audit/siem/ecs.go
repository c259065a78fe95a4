package siem

import (
	"strconv"
	"time"

	"lastday"
)

// ecs makes an event of the category iam:
// https://www.elastic.co/docs/reference/ecs/ecs-allowed-values-event-category#ecs-event-category-iam
func (e *Encoder) ecs(r lastday.Record) map[string]any {
	at := r.At.UTC().Format(time.RFC3339Nano)
	body := map[string]any{
		"@timestamp": at, "ecs": map[string]any{"version": e.version}, "message": r.What, "labels": labels(r), "event": ecsEvent(r, at),
		"observer": map[string]any{"vendor": "lastday", "product": "lastday"},
	}
	if e.tool != "" {
		body["observer"] = map[string]any{"vendor": "lastday", "product": "lastday", "version": e.tool}
	}
	if r.System != "" {
		body["service"] = map[string]any{"target": map[string]any{"name": r.System}}
	}
	ecsUsers(body, r)
	if c := r.Change; c != nil {
		for _, q := range c.Requests {
			if q.ID != "" {
				body["http"] = map[string]any{"request": map[string]any{"id": q.ID}}
				break
			}
		}
		if c.Rule != "" {
			body["rule"] = map[string]any{"name": c.Rule}
		}
	}
	return body
}

func ecsEvent(r lastday.Record, at string) map[string]any {
	event := map[string]any{
		"id": r.ID, "kind": "event", "category": []string{"iam"}, "type": ecsTypes(r), "action": ecsAction(r), "outcome": "unknown", "created": at,
		"module": "lastday", "dataset": "lastday.records", "provider": "lastday", "sequence": r.Seq,
	}
	switch outcomeOf(r) {
	case succeeded:
		event["outcome"] = "success"
	case failed:
		event["outcome"] = "failure"
	case onWord, unknown:
	}
	if r.Message != nil && r.Message.Reason != "" {
		event["reason"] = r.Message.Reason
	}
	if r.Change != nil {
		event["reason"] = detail(*r.Change)
	}
	return event
}

func ecsAction(r lastday.Record) string {
	switch {
	case r.Change != nil && r.Change.Restore:
		return "access-restored"
	case r.Change != nil && r.Change.To == lastday.None:
		return "access-revoked"
	case r.Change != nil:
		return "access-reduced"
	case r.Message != nil:
		return "message-" + r.Message.Verb
	}
	return "case-" + string(r.Kind)
}

func ecsTypes(r lastday.Record) []string {
	if r.Change == nil {
		return []string{"info"}
	}
	types := []string{"user", "change"}
	if r.Change.Level == lastday.LevelAdmin {
		types = append(types, "admin")
	}
	if r.Change.Kind == "group" || r.Change.Kind == "team" {
		types = append(types, "group")
	}
	return types
}

// ecsUsers names who did it, and to whose account.
func ecsUsers(body map[string]any, r lastday.Record) {
	user := map[string]any{}
	var related []string
	if r.By != "" {
		user["id"], related = r.By, append(related, r.By)
	}
	account := lastday.Account{}
	switch {
	case r.Change != nil:
		account = r.Change.Account
	case r.Reading != nil:
		account = r.Reading.Account
	case r.Verified != nil:
		account = r.Verified.Account
	}
	if account.ID != "" {
		target := map[string]any{"id": account.ID}
		related = append(related, account.ID)
		if account.Login != "" {
			target["name"], related = account.Login, append(related, account.Login)
		}
		user["target"] = target
	}
	if len(user) > 0 {
		body["user"], body["related"] = user, map[string]any{"user": related}
	}
}

// labels are keywords beside the schema; nested objects are not allowed there.
func labels(r lastday.Record) map[string]string {
	all := map[string]string{"case": r.Case, "kind": string(r.Kind), "person": r.Person, "workflow": r.Workflow, "run": r.Run, "history_event": strconv.Itoa(r.Event)}
	if r.Stage != "" {
		all["stage"] = r.Stage
	}
	if c := r.Change; c != nil {
		all["change"], all["grant_kind"], all["resource"] = c.ID, c.Kind, c.Resource.Name
		all["from"], all["to"], all["before"], all["after"] = c.From, c.To, c.Before, c.After
		all["level"], all["proof"], all["outcome"] = c.Level.String(), c.Proof.String(), string(c.Outcome)
	}
	if v := r.Verified; v != nil {
		all["ceiling"], all["highest"], all["proof"] = v.Ceiling.String(), v.Highest.String(), v.Proof.String()
	}
	if m := r.Message; m != nil {
		all["about"], all["refused"] = m.About, m.Refused
	}
	return all
}
