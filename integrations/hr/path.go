package hr

import (
	"strconv"
	"strings"

	"lastday"
)

// step is one step of a path: into an object by key or into an array by index.
type step struct {
	key   string
	index int
	array bool
}

// parsePath reads a path such as data.jobs[0].end or custom["Last Day"]. An
// empty path is the value itself.
//
// CodeInvalid: the path is malformed.
func parsePath(path string) ([]step, error) {
	var steps []step
	for rest := path; rest != ""; {
		s, after, ok := nextStep(rest, len(steps) == 0)
		if !ok {
			return nil, lastday.Errorf(lastday.CodeInvalid, "hr: path", "%q is malformed", path)
		}
		steps, rest = append(steps, s), after
	}
	return steps, nil
}

func nextStep(rest string, first bool) (step, string, bool) {
	if quoted, ok := strings.CutPrefix(rest, `["`); ok {
		key, after, ok := strings.Cut(quoted, `"]`)
		return step{key: key}, after, ok && key != ""
	}
	if inner, ok := strings.CutPrefix(rest, "["); ok {
		digits, after, ok := strings.Cut(inner, "]")
		index, err := strconv.ParseUint(digits, 10, 16)
		return step{index: int(index), array: true}, after, ok && err == nil
	}
	if !first {
		var ok bool
		if rest, ok = strings.CutPrefix(rest, "."); !ok {
			return step{}, "", false
		}
	}
	end := strings.IndexAny(rest, ".[")
	if end < 0 {
		end = len(rest)
	}
	return step{key: rest[:end]}, rest[end:], end > 0
}

// lookup finds the value at a path, nil if there is none.
func lookup(tree any, steps []step) any {
	for _, s := range steps {
		switch at := tree.(type) {
		case map[string]any:
			if s.array {
				return nil
			}
			tree = at[s.key]
		case []any:
			if !s.array || s.index >= len(at) {
				return nil
			}
			tree = at[s.index]
		default:
			return nil
		}
	}
	return tree
}
