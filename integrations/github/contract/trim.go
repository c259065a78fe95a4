package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// description is a trimmed OpenAPI description.
type description struct {
	doc *openapi3.T
}

// descriptionsREST are the trimmed descriptions of github.com and of Enterprise Server.
type descriptionsREST struct {
	cloud, server *description
}

// of picks the description for a call: an Enterprise Server names its version in every answer.
func (d descriptionsREST) of(c call) *description {
	if c.Answer.Get("X-Github-Enterprise-Version") != "" {
		return d.server
	}
	return d.cloud
}

// loadREST reads both descriptions and keeps what was called.
func loadREST(ctx context.Context, d descriptions, calls []call) (descriptionsREST, error) {
	used := map[string]bool{}
	for _, c := range calls {
		if _, template, found := strings.Cut(c.Route, " "); found {
			used[template] = true
		}
	}
	var out descriptionsREST
	for _, one := range []struct {
		name string
		to   **description
	}{{d.cloud, &out.cloud}, {d.server, &out.server}} {
		raw, err := trim(one.name, used)
		if err != nil {
			return out, err
		}
		if *one.to, err = parseREST(ctx, raw); err != nil {
			return out, err
		}
	}
	return out, nil
}

func parseREST(ctx context.Context, raw []byte) (*description, error) {
	loader := openapi3.NewLoader()
	loader.Context = ctx
	doc, err := loader.LoadFromData(raw)
	if err != nil {
		return nil, fmt.Errorf("load description: %w", err)
	}
	return &description{doc: doc}, nil
}

// trim keeps the used paths and, transitively, the components they refer to. The full description has references that
// lead nowhere; those that matter would surface when the trimmed one is loaded.
func trim(name string, used map[string]bool) ([]byte, error) {
	whole, err := readJSON(name)
	if err != nil {
		return nil, err
	}
	paths := map[string]any{}
	out := map[string]any{"openapi": whole["openapi"], "info": whole["info"], "paths": paths, "components": map[string]any{}}
	for template := range used {
		if item, has := dig(whole, "paths", template); has {
			paths[template] = item
			keep(whole, out, item)
		}
	}
	raw, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("trim: %w", err)
	}
	return raw, nil
}

func readJSON(name string) (map[string]any, error) {
	raw, err := os.ReadFile(filepath.Clean(name))
	if err != nil {
		return nil, fmt.Errorf("read description: %w", err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		return nil, fmt.Errorf("read description: %s: %w", filepath.Base(name), err)
	}
	return out, nil
}

func dig(v any, path ...string) (any, bool) {
	for _, p := range path {
		m, isMap := v.(map[string]any)
		if !isMap {
			return nil, false
		}
		if v, isMap = m[p]; !isMap {
			return nil, false
		}
	}
	return v, true
}

// keep copies the components that v refers to, and drops examples, which are large and sometimes broken.
func keep(from, to map[string]any, v any) {
	switch t := v.(type) {
	case []any:
		for _, e := range t {
			keep(from, to, e)
		}
	case map[string]any:
		if _, isName := t["examples"].(map[string]any); isName {
			delete(t, "examples")
		}
		if ref, isRef := t["$ref"].(string); isRef {
			keepRef(from, to, ref)
		}
		for _, k := range sortedKeys(t) {
			keep(from, to, t[k])
		}
	}
}

func keepRef(from, to map[string]any, ref string) {
	parts := strings.Split(strings.TrimPrefix(ref, "#/"), "/")
	if len(parts) != 3 {
		return
	}
	kinds := to["components"].(map[string]any)
	if kinds[parts[1]] == nil {
		kinds[parts[1]] = map[string]any{}
	}
	kind := kinds[parts[1]].(map[string]any)
	if kind[parts[2]] != nil {
		return
	}
	if body, has := dig(from, parts...); has {
		kind[parts[2]] = body
		keep(from, to, body)
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range maps.Keys(m) {
		keys = append(keys, k)
	}
	return sortStrings(keys)
}
