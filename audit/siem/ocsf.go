package siem

import (
	"strings"

	"lastday"
)

// Classes and activities of OCSF's category 3, Identity & Access Management:
// https://schema.ocsf.io/categories/iam. Activity 99 is Other in every class.
const (
	categoryIAM         = 3
	classBase           = 0
	classAccountChange  = 3001
	classUserAccess     = 3005
	classUserManagement = 3007
	activityOther       = 99
)

// activity is a class with one of its activities.
type activity struct {
	class, id   int
	className   string
	activityTag string
}

func (e *Encoder) ocsf(r lastday.Record) (map[string]any, string) {
	a := e.activityOf(r)
	body := map[string]any{
		"activity_id": a.id, "activity_name": a.activityTag, "category_uid": 0, "category_name": "Uncategorized", "class_uid": a.class, "class_name": a.className,
		"type_uid": a.class*100 + a.id, "type_name": a.className + ": " + a.activityTag, "time": r.At.UnixMilli(), "message": r.What,
		"metadata": e.metadata(r), "unmapped": unmapped(r),
	}
	if a.class != classBase {
		body["category_uid"], body["category_name"] = categoryIAM, "Identity & Access Management"
	}
	status(body, r)
	if r.By != "" {
		body["actor"] = map[string]any{"user": map[string]any{"uid": r.By}}
	} else {
		body["actor"] = map[string]any{"app_name": "lastday"}
	}
	if r.Change != nil {
		e.changed(body, *r.Change, a)
	}
	return body, strings.ReplaceAll(strings.ToLower(a.className), " ", "_")
}

func (e *Encoder) metadata(r lastday.Record) map[string]any {
	product := map[string]any{"name": "lastday", "vendor_name": "lastday"}
	if e.tool != "" {
		product["version"] = e.tool
	}
	return map[string]any{
		"version": e.version, "product": product, "uid": r.ID, "correlation_uid": r.Case, "sequence": r.Seq, "log_name": "records", "event_code": string(r.Kind),
	}
}

// status says no more than the record shows.
func status(body map[string]any, r lastday.Record) {
	id, name, severity := 0, "Unknown", 1
	switch outcomeOf(r) {
	case succeeded:
		id, name = 1, "Success"
	case failed:
		id, name, severity = 2, "Failure", 3
	case onWord:
		id, name, severity = 99, "On a person's word", 2
	case unknown:
	}
	body["status_id"], body["status"] = id, name
	body["severity_id"], body["severity"] = severity, [4]string{"Unknown", "Informational", "Low", "Medium"}[severity]
	if r.Change != nil {
		body["status_detail"] = detail(*r.Change)
	}
}

// changed names the account, what it could do and where.
func (e *Encoder) changed(body map[string]any, c lastday.ChangeFact, a activity) {
	user := map[string]any{"uid": c.Account.ID, "domain": c.Account.System}
	if c.Account.Login != "" {
		user["name"] = c.Account.Login
	}
	body["user"] = user
	for _, q := range c.Requests {
		if q.ID != "" {
			body["http_request"] = map[string]any{"uid": q.ID}
			break
		}
	}
	if a.class == classAccountChange {
		return
	}
	body["privileges"] = []string{c.Kind + ": " + c.From}
	body["resources"] = []any{map[string]any{"uid": c.Resource.ID, "name": c.Resource.Name, "type": c.Kind, "namespace": c.Account.System}}
}

// unmapped holds what OCSF has no place for.
func unmapped(r lastday.Record) map[string]any {
	m := map[string]any{"case": r.Case, "kind": string(r.Kind), "person": r.Person, "workflow": r.Workflow, "run": r.Run, "event": r.Event}
	for name, text := range map[string]string{"system": r.System, "stage": r.Stage} {
		if text != "" {
			m[name] = text
		}
	}
	if c := r.Change; c != nil {
		m["change"], m["from"], m["to"], m["before"], m["after"] = c.ID, c.From, c.To, c.Before, c.After
		m["level"], m["proof"], m["outcome"] = c.Level.String(), c.Proof.String(), string(c.Outcome)
		var ids []string
		for _, q := range c.Requests {
			ids = append(ids, strings.TrimSpace(q.What+" "+q.ID))
		}
		m["requests"] = ids
	}
	if v := r.Verified; v != nil {
		m["ceiling"], m["highest"], m["proof"], m["grants"] = v.Ceiling.String(), v.Highest.String(), v.Proof.String(), v.Grants
	}
	if msg := r.Message; msg != nil {
		m["verb"], m["reason"], m["about"], m["refused"] = msg.Verb, msg.Reason, msg.About, msg.Refused
	}
	return m
}

// activityOf chooses class and activity. What is no change of access is a base
// event: no class of the schema tells it.
func (e *Encoder) activityOf(r lastday.Record) activity {
	if r.Change == nil {
		return activity{classBase, activityOther, "Base Event", "Other"}
	}
	if e.version == OCSF19 {
		return management(*r.Change)
	}
	if accountLike(r.Change.Kind) {
		return accountChange(*r.Change)
	}
	return userAccess(*r.Change)
}

// accountLike says whether a grant of the kind is the account itself.
func accountLike(kind string) bool {
	switch strings.ToLower(kind) {
	case "account", "login", "user":
		return true
	}
	return false
}

func credential(kind string) bool {
	for _, word := range []string{"token", "key", "certificate", "password", "secret", "credential"} {
		if strings.Contains(strings.ToLower(kind), word) {
			return true
		}
	}
	return false
}

func role(kind string) bool { return strings.Contains(strings.ToLower(kind), "role") }

// accountChange: https://schema.ocsf.io/1.8.0/classes/account_change
func accountChange(c lastday.ChangeFact) activity {
	a := activity{classAccountChange, 5, "Account Change", "Disable"}
	if c.Restore {
		a.id, a.activityTag = 2, "Enable"
	}
	return a
}

// userAccess: https://schema.ocsf.io/1.8.0/classes/user_access
func userAccess(c lastday.ChangeFact) activity {
	a := activity{classUserAccess, 2, "User Access Management", "Revoke Privileges"}
	switch {
	case c.Restore && role(c.Kind):
		a.id, a.activityTag = 3, "Assign Role"
	case c.Restore:
		a.id, a.activityTag = 1, "Assign Privileges"
	case role(c.Kind) && c.To == lastday.None:
		a.id, a.activityTag = 4, "Remove Role"
	}
	return a
}

// management: https://github.com/ocsf/ocsf-schema/blob/main/events/iam/user_management.json
func management(c lastday.ChangeFact) activity {
	a := activity{classUserManagement, 15, "User Management", "Remove Privileges"}
	switch {
	case c.Restore && accountLike(c.Kind):
		a.id, a.activityTag = 4, "Enable"
	case c.Restore && role(c.Kind):
		a.id, a.activityTag = 16, "Assign Roles"
	case c.Restore:
		a.id, a.activityTag = 14, "Assign Privileges"
	case accountLike(c.Kind):
		a.id, a.activityTag = 5, "Disable"
	case role(c.Kind) && c.To == lastday.None:
		a.id, a.activityTag = 17, "Remove Roles"
	case credential(c.Kind) && c.To == lastday.None:
		a.id, a.activityTag = 19, "Remove Programmatic Credentials"
	}
	return a
}
