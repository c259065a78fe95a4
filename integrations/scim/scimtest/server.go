package scimtest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// The schemas of the resources.
const (
	UserSchema       = "urn:ietf:params:scim:schemas:core:2.0:User"
	GroupSchema      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	EnterpriseSchema = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

	listSchema  = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	errorSchema = "urn:ietf:params:scim:api:messages:2.0:Error"
	patchSchema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	mediaType   = "application/scim+json"
)

// Manners are the ways in which servers differ. The zero Manners follow the RFCs.
type Manners struct {
	// IgnoreFilters answers a list as if no filter had been asked for.
	IgnoreFilters bool
	// OnlyFilters are the attributes that a filter may name; others are answered
	// with an empty list if SilentFilters is set, else with 400. Empty: all.
	OnlyFilters   []string
	SilentFilters bool
	// MadeUpLists answers lists without a filter with one made-up entry.
	MadeUpLists bool
	// CaseSensitive compares logins in filters letter by letter.
	CaseSensitive bool
	// MaxPage is the most entries of a page, zero for 200.
	MaxPage int
	// Total changes the total that a list tells.
	Total func(total, page int) int
	// WithoutMembers leaves members out of lists of groups.
	WithoutMembers bool
	// WithoutGroupsOfUser leaves the attribute groups out of users.
	WithoutGroupsOfUser bool
	// NoPath, NoFilterInPath, NoPatch refuse these forms of writing.
	NoPath, NoFilterInPath, NoPatch bool
	// ArrayRemove lets a remove of members with a value take just these.
	ArrayRemove bool
	// TextBooleans writes active as "True" and "False".
	TextBooleans bool
	// Deletes, Scrambles, Hides are what active:false does besides.
	Deletes, Scrambles, Hides bool
	// Deaf answers writes with success and does nothing.
	Deaf bool
	// Later answers writes with 202 and does them when Settle is called.
	Later bool
	// Cursor pages by cursor.
	Cursor bool
	// Blind shows neither users nor groups.
	Blind bool
	// BlindAfterWrite makes it blind with the next write.
	BlindAfterWrite bool
	// Instead answers with this user, whoever is asked for.
	Instead string
	// OtherGroup answers with this group, whichever is asked for by its id.
	OtherGroup string
	// Credential is what must stand before the token, empty for "Bearer ".
	Credential string
	// NoGroups and NoDiscovery answer 404 there.
	NoGroups, NoDiscovery bool
	// WithoutVersions tells no versions.
	WithoutVersions bool
	// HiddenGroups are not found, although users name them.
	HiddenGroups []string
}

// Server is the fake. It is safe for use by several goroutines.
type Server struct {
	token string

	mu      sync.Mutex
	manners Manners
	users   []resource
	groups  []resource
	version map[string]int
	later   []func()
	calls   []string
	bodies  []string
}

// New makes a server without anybody, which wants the token.
func New(token string) *Server {
	return &Server{token: token, version: map[string]int{}}
}

// Behave sets the manners.
func (s *Server) Behave(m Manners) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.manners = m
}

// Adjust changes the manners.
func (s *Server) Adjust(change func(*Manners)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.manners)
}

// Settle carries out what Later put off.
func (s *Server) Settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, do := range s.later {
		do()
	}
	s.later = nil
}

// Calls lists the calls that were received, as "METHOD path?query".
func (s *Server) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Writes lists the bodies that were received.
func (s *Server) Writes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.bodies)
}

// Forget forgets the calls.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls, s.bodies = nil, nil
}

// ServeHTTP answers one call. The server may be mounted under a path of its own
// with http.StripPrefix.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, r.Method+" "+r.URL.RequestURI())
	w.Header().Set("Content-Type", mediaType)
	if r.Header.Get("Authorization") != cmp.Or(s.manners.Credential, "Bearer ")+s.token {
		s.fail(w, &refusal{status: http.StatusUnauthorized, detail: "no such token"})
		return
	}
	if err := s.route(w, r); err != nil {
		s.fail(w, err)
	}
}

func (s *Server) fail(w http.ResponseWriter, err error) {
	var r *refusal
	if !errors.As(err, &r) {
		r = &refusal{status: http.StatusInternalServerError, detail: err.Error()}
	}
	body := resource{"schemas": []string{errorSchema}, "status": fmt.Sprint(r.status), "detail": r.detail}
	if r.scimType != "" {
		body["scimType"] = r.scimType
	}
	s.answer(w, r.status, body)
}

func (s *Server) answer(w http.ResponseWriter, status int, body any) {
	w.WriteHeader(status)
	if body != nil {
		_ = json.NewEncoder(w).Encode(body) // the reader is gone
	}
}

var errNoResource = &refusal{status: http.StatusNotFound, detail: "there is no such resource"}

func (s *Server) route(w http.ResponseWriter, r *http.Request) error {
	kind, id, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case slices.Contains([]string{"ServiceProviderConfig", "ResourceTypes", "Schemas"}, kind) && r.Method == http.MethodGet:
		return s.discover(w, kind)
	case kind == "Groups" && s.manners.NoGroups:
		return errNoResource
	case kind != "Users" && kind != "Groups":
		return errNoResource
	case id == "" && r.Method == http.MethodGet:
		return s.list(w, r, kind)
	case id == "" && r.Method == http.MethodPost:
		return s.create(w, r, kind)
	case id == "":
		return &refusal{status: http.StatusMethodNotAllowed, detail: "not on all of them"}
	}
	return s.single(w, r, kind, id)
}

func (s *Server) single(w http.ResponseWriter, r *http.Request, kind, id string) error {
	if kind == "Users" && s.manners.Instead != "" {
		id = s.manners.Instead
	}
	if kind == "Groups" && s.manners.OtherGroup != "" {
		id = s.manners.OtherGroup
	}
	if s.manners.Blind || slices.Contains(s.manners.HiddenGroups, id) {
		return errNoResource
	}
	found := s.find(kind, id)
	if found == nil || (s.manners.Hides && found["active"] == false) {
		return errNoResource
	}
	switch r.Method {
	case http.MethodGet:
		if !s.manners.WithoutVersions {
			w.Header().Set("Etag", s.etag(id))
		}
		s.answer(w, http.StatusOK, s.render(kind, found, r, false))
		return nil
	case http.MethodPatch, http.MethodPut:
		return s.change(w, r, kind, found)
	case http.MethodDelete:
		s.remove(kind, id)
		s.answer(w, http.StatusNoContent, nil)
		return nil
	}
	return &refusal{status: http.StatusMethodNotAllowed, detail: "no such method"}
}

func (s *Server) all(kind string) *[]resource {
	if kind == "Groups" {
		return &s.groups
	}
	return &s.users
}

func (s *Server) find(kind, id string) resource {
	for _, r := range *s.all(kind) {
		if r["id"] == id {
			return r
		}
	}
	return nil
}

// remove deletes, and takes the member out of all groups.
func (s *Server) remove(kind, id string) {
	all := s.all(kind)
	*all = slices.DeleteFunc(*all, func(r resource) bool { return r["id"] == id })
	for _, g := range s.groups {
		if slices.ContainsFunc(valuesAt(g, "members.value"), func(v any) bool { return v == id }) {
			_ = applyFiltered(g, "members", "remove", target{filter: func(m resource) bool { return m["value"] == id }}, nil)
			s.version[g["id"].(string)]++
		}
	}
}

func (s *Server) etag(id string) string { return fmt.Sprintf(`W/"%d"`, s.version[id]) }

// render is a resource as it is told: with what only the server knows.
func (s *Server) render(kind string, r resource, req *http.Request, inList bool) resource {
	out := clone(r)
	id := r["id"].(string)
	meta := resource{"resourceType": strings.TrimSuffix(kind, "s"), "location": "/" + kind + "/" + id}
	if !s.manners.WithoutVersions {
		meta["version"] = s.etag(id)
	}
	if extra, ok := r["meta"].(resource); ok {
		maps.Copy(meta, extra)
	}
	out["meta"] = meta
	if kind == "Users" {
		s.renderUser(out, id)
	} else {
		s.renderMembers(out)
	}
	if inList && s.manners.WithoutMembers {
		delete(out, "members")
	}
	for name := range strings.SplitSeq(req.URL.Query().Get("excludedAttributes"), ",") {
		delete(out, keyOf(out, name))
	}
	return out
}

func (s *Server) renderUser(out resource, id string) {
	if active, ok := out["active"].(bool); ok && s.manners.TextBooleans {
		out["active"] = map[bool]string{true: "True", false: "False"}[active]
	}
	var in []any
	for _, g := range s.groups {
		if slices.ContainsFunc(valuesAt(g, "members.value"), func(v any) bool { return v == id }) {
			in = append(in, resource{"value": g["id"], "display": g["displayName"], "type": "direct"})
		}
	}
	if len(in) > 0 && !s.manners.WithoutGroupsOfUser {
		out["groups"] = in
	}
}

// renderMembers says of each member what it is.
func (s *Server) renderMembers(out resource) {
	for _, v := range valuesAt(out, "members") {
		m, ok := v.(resource)
		if !ok {
			continue
		}
		id, _ := m["value"].(string)
		m["type"], m["$ref"] = "User", "/Users/"+id
		if g := s.find("Groups", id); g != nil {
			m["type"], m["$ref"] = "Group", "/Groups/"+id
		}
	}
}
