package scimtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func (s *Server) list(w http.ResponseWriter, r *http.Request, kind string) error {
	hits, err := s.selected(kind, r.URL.Query().Get("filter"))
	if err != nil {
		return err
	}
	start, count := s.window(r)
	page := hits[min(start, len(hits)):min(start+count, len(hits))]
	total := len(hits)
	if s.manners.Total != nil {
		total = s.manners.Total(total, len(page))
	}
	rendered := []any{}
	for _, x := range page {
		rendered = append(rendered, s.render(kind, x, r, true))
	}
	body := resource{"schemas": []string{listSchema}, "totalResults": total, "itemsPerPage": len(page), "Resources": rendered}
	switch {
	case !s.manners.Cursor:
		body["startIndex"] = start + 1
	case start+count < len(hits):
		body["nextCursor"] = "c" + strconv.Itoa(start+count)
	}
	s.answer(w, http.StatusOK, body)
	return nil
}

// window is where a page begins and how long it is. A server that pages by
// cursor knows no index, and the other way round.
func (s *Server) window(r *http.Request) (start, count int) {
	count = 200
	if n, err := strconv.Atoi(r.URL.Query().Get("count")); err == nil {
		count = max(n, 0)
	}
	if s.manners.MaxPage > 0 {
		count = min(count, s.manners.MaxPage)
	}
	if s.manners.Cursor {
		start, _ = strconv.Atoi(strings.TrimPrefix(r.URL.Query().Get("cursor"), "c"))
		return max(start, 0), count
	}
	start, _ = strconv.Atoi(r.URL.Query().Get("startIndex"))
	return max(start, 1) - 1, count
}

func (s *Server) selected(kind, filter string) ([]resource, error) {
	switch {
	case s.manners.Blind:
		return nil, nil
	case filter != "" && kind == "Users" && s.manners.Instead != "":
		return []resource{s.find(kind, s.manners.Instead)}, nil
	case filter == "" && s.manners.MadeUpLists:
		return []resource{{"id": "1", "userName": "synthesis_user", "displayName": "synthesis_user_display_name", "active": false}}, nil
	}
	matches, err := s.matching(filter)
	if err != nil {
		return nil, err
	}
	var hits []resource
	for _, r := range *s.all(kind) {
		if s.shown(r) && matches(r) {
			hits = append(hits, r)
		}
	}
	return hits, nil
}

func (s *Server) shown(r resource) bool {
	id, _ := r["id"].(string)
	return !slices.Contains(s.manners.HiddenGroups, id) && (!s.manners.Hides || r["active"] != false)
}

// matching is what the server makes of a filter.
func (s *Server) matching(filter string) (condition, error) {
	if filter == "" || s.manners.IgnoreFilters {
		return func(resource) bool { return true }, nil
	}
	c, err := parseFilter(filter)
	if err != nil {
		return nil, bad("invalidFilter", "%v", err)
	}
	name, _, _ := strings.Cut(filter, " ")
	known := len(s.manners.OnlyFilters) == 0 || slices.Contains(s.manners.OnlyFilters, name)
	switch {
	case !known && s.manners.SilentFilters:
		return func(resource) bool { return false }, nil
	case !known:
		return nil, bad("invalidFilter", "no filter by %s", name)
	case s.manners.CaseSensitive:
		return func(r resource) bool { return c(r) && strings.Contains(filter, fmt.Sprint(r["userName"])) }, nil
	}
	return c, nil
}

// discover tells what the server can do (RFC 7644 section 4).
func (s *Server) discover(w http.ResponseWriter, kind string) error {
	if s.manners.NoDiscovery {
		return errNoResource
	}
	yes := func(ok bool) resource { return resource{"supported": ok} }
	if kind == "ServiceProviderConfig" {
		s.answer(w, http.StatusOK, resource{
			"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
			"patch":   yes(!s.manners.NoPatch), "filter": resource{"supported": !s.manners.IgnoreFilters, "maxResults": 200},
			"bulk": resource{"supported": false, "maxOperations": 0, "maxPayloadSize": 0}, "changePassword": yes(false), "sort": yes(false),
			"etag": yes(!s.manners.WithoutVersions), "authenticationSchemes": []any{},
		})
		return nil
	}
	types := []any{resource{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"}, "id": "User", "name": "User", "endpoint": "/Users", "schema": UserSchema}}
	if !s.manners.NoGroups {
		types = append(types, resource{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"}, "id": "Group", "name": "Group", "endpoint": "/Groups", "schema": GroupSchema})
	}
	if kind == "Schemas" {
		types = []any{resource{"id": UserSchema, "name": "User"}, resource{"id": GroupSchema, "name": "Group"}}
	}
	s.answer(w, http.StatusOK, resource{"schemas": []string{listSchema}, "totalResults": len(types), "itemsPerPage": len(types), "startIndex": 1, "Resources": types})
	return nil
}
