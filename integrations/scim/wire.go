package scim

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"lastday"
)

const (
	mediaType  = "application/scim+json"
	patchOp    = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

	mostBody = 16 << 20
	mostUser = 1 << 20
)

// truth is a boolean as servers write it: "active" comes as the text "True" from
// some (https://learn.microsoft.com/en-us/entra/identity/app-provisioning/application-provisioning-config-problem-scim-compatibility).
// It is written as a boolean always.
type truth bool

// UnmarshalJSON reads true, false and their names as text; nothing else.
func (t *truth) UnmarshalJSON(text []byte) error {
	value, err := strconv.ParseBool(strings.ToLower(string(bytes.Trim(text, `"`))))
	if err != nil || len(bytes.Trim(text, `"`)) < len("true") {
		return lastday.Errorf(lastday.CodeInvalid, "scim", "a boolean is neither true nor false")
	}
	*t = truth(value)
	return nil
}

// label is a text that some servers write as a number.
type label string

// UnmarshalJSON reads a text or a number.
func (l *label) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] != '"' {
		var n json.Number
		if err := json.Unmarshal(text, &n); err != nil {
			return err
		}
		*l = label(n.String())
		return nil
	}
	return json.Unmarshal(text, (*string)(l))
}

type meta struct {
	ResourceType string `json:"resourceType"`
	Version      string `json:"version"`
}

// value is one of many values of an attribute. What it was, word for word, is
// kept for giving it back.
type value struct {
	Value    string `json:"value"`
	Display  string `json:"display"`
	Type     string `json:"type"`
	Verified *truth `json:"verified"`
	raw      json.RawMessage
}

// UnmarshalJSON reads an object and keeps it.
func (v *value) UnmarshalJSON(text []byte) error {
	type plain value
	v.raw = bytes.Clone(text)
	return json.Unmarshal(text, (*plain)(v))
}

// user is an account, as far as it matters here.
type user struct {
	ID           string            `json:"id"`
	ExternalID   label             `json:"externalId"`
	UserName     string            `json:"userName"`
	Active       *truth            `json:"active"`
	Emails       []value           `json:"emails"`
	Roles        []value           `json:"roles"`
	Entitlements []value           `json:"entitlements"`
	Groups       []value           `json:"groups"`
	Certificates []json.RawMessage `json:"x509Certificates"`
	Meta         meta              `json:"meta"`
	Enterprise   struct {
		EmployeeNumber label `json:"employeeNumber"`
	} `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`
	raw  json.RawMessage
	etag string
}

// UnmarshalJSON reads a resource and keeps it: a PUT must send all of it.
func (u *user) UnmarshalJSON(text []byte) error {
	type plain user
	u.raw = bytes.Clone(text)
	return json.Unmarshal(text, (*plain)(u))
}

// active says whether the account can be used. A server that does not say is
// taken at its worst.
func (u user) active() bool { return u.Active == nil || bool(*u.Active) }

func (u user) values(kind string) []value {
	if kind == kindEntitlement {
		return u.Entitlements
	}
	return u.Roles
}

// version is what a write can be made conditional on, empty if there is none.
func (u user) version() string {
	if u.Meta.Version != "" {
		return u.Meta.Version
	}
	return u.etag
}

// group is a group, as far as it matters here. Members is nil where the server
// left them out, which many do in lists.
type group struct {
	ID          string   `json:"id"`
	DisplayName string   `json:"displayName"`
	Members     *[]value `json:"members"`
	Meta        meta     `json:"meta"`
	raw         json.RawMessage
	etag        string
}

// UnmarshalJSON reads a resource and keeps it.
func (g *group) UnmarshalJSON(text []byte) error {
	type plain group
	g.raw = bytes.Clone(text)
	return json.Unmarshal(text, (*plain)(g))
}

func (g group) members() []value {
	if g.Members == nil {
		return nil
	}
	return *g.Members
}

// has says whether an account or a group is a direct member.
func (g group) has(id string) bool {
	for _, m := range g.members() {
		if m.Value == id {
			return true
		}
	}
	return false
}

func (g group) version() string {
	if g.Meta.Version != "" {
		return g.Meta.Version
	}
	return g.etag
}

// managedBy is what an extension of the group, or its meta, says about who
// decides about it: servers have no standard attribute for it, and those that
// say it call it managedBy.
func (g group) managedBy() string {
	var whole map[string]json.RawMessage
	if json.Unmarshal(g.raw, &whole) != nil {
		return ""
	}
	for name, text := range whole {
		if name != "meta" && !strings.HasPrefix(name, "urn:") {
			continue
		}
		var said struct {
			ManagedBy  string `json:"managedBy"`
			Managed_by string `json:"managed_by"` //nolint:revive // the attribute's other spelling
		}
		if json.Unmarshal(text, &said) == nil && said.ManagedBy+said.Managed_by != "" {
			return said.ManagedBy + said.Managed_by
		}
	}
	return ""
}

// listed is a page of a list (RFC 7644 section 3.4.2, RFC 9865).
type listed[T any] struct {
	TotalResults int    `json:"totalResults"`
	StartIndex   int    `json:"startIndex"`
	Resources    []T    `json:"Resources"`
	NextCursor   string `json:"nextCursor"`
}

// operation is one part of a PATCH (RFC 7644 section 3.5.2). Operations are
// written in lower case: Entra's capitals are not everybody's.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path,omitempty"`
	Value any    `json:"value,omitempty"`
}

type patch struct {
	Schemas    []string    `json:"schemas"`
	Operations []operation `json:"Operations"`
}

func patchOf(ops ...operation) patch { return patch{Schemas: []string{patchOp}, Operations: ops} }

// quoted writes a value into a filter. JSON's quoting is the filter's
// (RFC 7644 section 3.4.2.2), so that no value can become part of the filter.
func quoted(text string) string {
	out, err := json.Marshal(text)
	if err != nil { // a string always has a JSON form
		return `""`
	}
	return string(out)
}
