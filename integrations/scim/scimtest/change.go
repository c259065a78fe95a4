package scimtest

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// read reads a body of at most a megabyte.
func (s *Server) read(r *http.Request, into any) error {
	const most = 1 << 20
	text, err := io.ReadAll(io.LimitReader(r.Body, most))
	if err != nil {
		return bad("invalidSyntax", "the body cannot be read")
	}
	s.bodies = append(s.bodies, string(text))
	if err := json.Unmarshal(text, into); err != nil {
		return bad("invalidSyntax", "the body is no JSON")
	}
	return nil
}

func (s *Server) change(w http.ResponseWriter, r *http.Request, kind string, old resource) error {
	id := old["id"].(string)
	if match := r.Header.Get("If-Match"); match != "" && match != s.etag(id) {
		return &refusal{status: http.StatusPreconditionFailed, detail: "the version is another"}
	}
	edit, err := s.edit(r, kind)
	if err != nil {
		return err
	}
	fresh, err := edit(old)
	if err == nil {
		err = strict(fresh)
	}
	if err != nil {
		return err
	}
	if s.manners.Later {
		s.later = append(s.later, func() {
			if now := s.find(kind, id); now != nil {
				fresh, _ := edit(now) // it was tried above
				s.store(kind, id, fresh)
			}
		})
		s.answer(w, http.StatusAccepted, nil)
		return nil
	}
	if !s.manners.Deaf {
		s.store(kind, id, fresh)
	}
	if now := s.find(kind, id); now != nil {
		s.answer(w, http.StatusOK, s.render(kind, now, r, false))
		return nil
	}
	s.answer(w, http.StatusNoContent, nil)
	return nil
}

// edit reads what is to be done, and gives it as a function of the resource.
func (s *Server) edit(r *http.Request, kind string) (func(old resource) (resource, error), error) {
	if r.Method == http.MethodPut {
		var whole resource
		err := s.read(r, &whole)
		return func(old resource) (resource, error) { return replaced(whole, old), nil }, err
	}
	if s.manners.NoPatch {
		return nil, &refusal{status: http.StatusNotImplemented, detail: "no PATCH here"}
	}
	var body struct {
		Schemas    []string    `json:"schemas"`
		Operations []operation `json:"Operations"`
	}
	if err := s.read(r, &body); err != nil {
		return nil, err
	}
	if !slices.Contains(body.Schemas, patchSchema) || len(body.Operations) == 0 {
		return nil, bad("invalidSyntax", "no patch, or without operations")
	}
	return func(old resource) (resource, error) {
		fresh := clone(old)
		for _, op := range body.Operations {
			if err := s.operate(kind, fresh, op); err != nil {
				return nil, err
			}
		}
		return fresh, nil
	}, nil
}

func (s *Server) operate(kind string, fresh resource, op operation) error {
	switch {
	case s.manners.NoPath && kind == "Users" && op.Path != "":
		return bad("invalidPath", "no paths here")
	case s.manners.NoFilterInPath && strings.Contains(op.Path, "["):
		return bad("invalidPath", "no filters in paths here")
	case s.manners.ArrayRemove && op.Op == "remove" && op.Value != nil:
		takeListed(fresh, op)
		return nil
	}
	return apply(fresh, op)
}

// takeListed is what several servers make of a remove with a value: it takes
// these, where the standard would take all.
func takeListed(fresh resource, op operation) {
	for _, v := range valuesAt(resource{"v": op.Value}, "v.value") {
		_ = applyFiltered(fresh, op.Path, "remove", target{filter: func(m resource) bool { return m["value"] == v }}, nil)
	}
}

// replaced is the resource of a PUT, with what only the server writes.
func replaced(whole, old resource) resource {
	fresh := clone(whole)
	fresh["id"] = old["id"]
	delete(fresh, "groups")
	delete(fresh, "meta")
	if m, ok := old["meta"]; ok {
		fresh["meta"] = m
	}
	return fresh
}

// strict refuses what is of the wrong type, as servers do that follow the schema.
func strict(r resource) error {
	if v, ok := r["active"]; ok {
		if _, is := v.(bool); !is {
			return bad("invalidValue", "active must be a boolean")
		}
	}
	for name, v := range r {
		if multiValued(name) && !list(v) {
			return bad("invalidValue", "%s has many values", name)
		}
	}
	return nil
}

// store writes a resource, and does what active:false does here besides.
func (s *Server) store(kind, id string, fresh resource) {
	all := *s.all(kind)
	i := slices.IndexFunc(all, func(r resource) bool { return r["id"] == id })
	if i < 0 {
		return
	}
	s.version[id]++
	s.manners.Blind = s.manners.Blind || s.manners.BlindAfterWrite
	tidyMembers(fresh)
	off := kind == "Users" && fresh["active"] == false && all[i]["active"] != false
	all[i] = fresh
	switch {
	case off && s.manners.Deletes:
		s.remove(kind, id)
	case off && s.manners.Scrambles:
		h := fnv.New32a()
		_, _ = fmt.Fprint(h, fresh["userName"]) // a hash takes everything
		fresh["userName"] = fmt.Sprintf("%08x_acme", h.Sum32())
		delete(fresh, "emails")
	}
}

// tidyMembers keeps of a member what is not told anew each time.
func tidyMembers(r resource) {
	for _, v := range valuesAt(r, "members") {
		if m, ok := v.(resource); ok {
			delete(m, "type")
			delete(m, "$ref")
		}
	}
}

func (s *Server) create(w http.ResponseWriter, r *http.Request, kind string) error {
	var fresh resource
	if err := s.read(r, &fresh); err != nil {
		return err
	}
	if err := strict(fresh); err != nil {
		return err
	}
	id := fmt.Sprintf("%s-%d", strings.ToLower(kind[:1]), len(s.version)+1)
	fresh["id"] = id
	s.version[id] = 1
	all := s.all(kind)
	*all = append(*all, fresh)
	s.answer(w, http.StatusCreated, s.render(kind, fresh, r, false))
	return nil
}

// Put stores a resource as it is, with the id that it has, instead of one that
// is there.
func (s *Server) Put(kind string, r map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh := clone(r)
	id := fresh["id"].(string)
	s.version[id]++
	all := s.all(kind)
	if i := slices.IndexFunc(*all, func(o resource) bool { return o["id"] == id }); i >= 0 {
		(*all)[i] = fresh
		return
	}
	*all = append(*all, fresh)
}

// Edit lets somebody else change a resource; it is no call.
func (s *Server) Edit(kind, id string, change func(map[string]any)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.find(kind, id); r != nil {
		change(r)
		s.version[id]++
	}
}

// Remove lets somebody else delete a resource.
func (s *Server) Remove(kind, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(kind, id)
}

// Resource is a copy of what is stored, nil if there is none.
func (s *Server) Resource(kind, id string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.find(kind, id); r != nil {
		return clone(r)
	}
	return nil
}

// Resources are copies of all that is stored, in the order of being made.
func (s *Server) Resources(kind string) []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []map[string]any
	for _, r := range *s.all(kind) {
		out = append(out, maps.Clone(clone(r)))
	}
	return out
}
