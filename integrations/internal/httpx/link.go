package httpx

import (
	"net/http"
	"net/url"
	"strings"

	"lastday"
)

// Next is the address of the next page as the Link header names it, empty if
// there is none.
func Next(resp *http.Response) string {
	if resp == nil {
		return ""
	}
	next := ParseLinks(strings.Join(resp.Header.Values("Link"), ","))["next"]
	if next == "" || resp.Request == nil || resp.Request.URL == nil {
		return next
	}
	ref, err := url.Parse(next)
	if err != nil {
		return next
	}
	return resp.Request.URL.ResolveReference(ref).String()
}

// ParseLinks reads a Link header, see https://www.rfc-editor.org/rfc/rfc8288,
// into addresses by relation. Of two links with one relation the first counts;
// what makes no sense is left out.
func ParseLinks(header string) map[string]string {
	links := map[string]string{}
	for {
		_, rest, ok := strings.Cut(header, "<")
		if !ok {
			return links
		}
		target, rest, ok := strings.Cut(rest, ">")
		if !ok {
			return links
		}
		params, rest := cutUnquoted(rest, ',')
		for _, rel := range relations(params) {
			if _, taken := links[rel]; !taken {
				links[rel] = target
			}
		}
		header = rest
	}
}

// cutUnquoted cuts at the first separator outside quotes.
func cutUnquoted(text string, separator byte) (before, after string) {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quoted:
			i++
		case text[i] == '"':
			quoted = !quoted
		case text[i] == separator && !quoted:
			return text[:i], text[i+1:]
		}
	}
	return text, ""
}

func relations(params string) []string {
	for params != "" {
		var param string
		param, params = cutUnquoted(params, ';')
		name, value, _ := strings.Cut(param, "=")
		if strings.EqualFold(strings.TrimSpace(name), "rel") {
			return strings.Fields(strings.ToLower(strings.Trim(strings.TrimSpace(value), `"`)))
		}
	}
	return nil
}

// Path joins segments to a path, each escaped. A segment that is empty or would
// climb is CodeInvalid: a missing name must never turn a call about somebody
// into a call about everybody, or about ourselves.
func Path(segments ...string) (string, error) {
	escaped := make([]string, len(segments))
	for i, s := range segments {
		if s == "" || s == "." || s == ".." {
			return "", lastday.Errorf(lastday.CodeInvalid, "http", "segment %d of a path is empty or climbs", i+1)
		}
		escaped[i] = url.PathEscape(s)
	}
	return strings.Join(escaped, "/"), nil
}
