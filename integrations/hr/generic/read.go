package generic

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"lastday"
	"lastday/integrations/hr"
	"lastday/integrations/internal/httpx"
)

const (
	opRead    = "hr: read"
	maxAnswer = 256 << 10
)

// ReadConfig says how HR is asked about one engagement.
type ReadConfig struct {
	// URL is a template with {person} and {engagement}. It must be https, or http
	// to this very machine.
	URL string `yaml:"url"`
	// Token is the reference of a bearer token; empty sends none.
	Token string `yaml:"token"`
	// MappingFile is the path of a mapping for answers in another shape than the
	// canonical data; its type must yield what the answer says.
	MappingFile string `yaml:"mappingFile"`
	// Timeout bounds the call; the default is ten seconds.
	Timeout time.Duration `yaml:"timeout"`
}

type asker struct {
	path    string
	mapping *hr.Mapping
	client  *httpx.Client
}

func newAsker(config *ReadConfig, deps Deps) (*asker, error) {
	if config == nil {
		return nil, nil //nolint:nilnil // Nobody to ask is a choice, and nil is what the source takes for it.
	}
	base, path, err := splitURL(config.URL)
	if err != nil {
		return nil, err
	}
	mapping, err := readMapping(config.MappingFile, deps.ReadFile)
	if err != nil {
		return nil, err
	}
	timeout := config.Timeout
	if timeout <= 0 {
		timeout = 10 * time.Second
	}
	client, err := httpx.New(httpx.Options{
		Base: base, Transport: deps.Transport, MaxBody: maxAnswer, Timeout: timeout,
		Authorize: authorize(config.Token, deps.Secret), Header: http.Header{"Accept": {"application/json"}},
	})
	if err != nil {
		return nil, err
	}
	return &asker{path: path, mapping: mapping, client: client}, nil
}

// splitURL takes the host from the template, so that no id can change it.
func splitURL(template string) (string, string, error) {
	const op = "url"
	if strings.Count(template, "{person}") != 1 || strings.Count(template, "{engagement}") != 1 {
		return "", "", lastday.Errorf(lastday.CodeInvalid, op, "must hold {person} and {engagement} once each")
	}
	scheme, rest, ok := strings.Cut(template, "://")
	host, path, slash := strings.Cut(rest, "/")
	if !ok || !slash || strings.ContainsAny(host, "{}?#@") || strings.Contains(path, "#") {
		return "", "", lastday.Errorf(lastday.CodeInvalid, op, "must be scheme://host/path, without password and fragment")
	}
	return scheme + "://" + host, path, nil
}

// authorize resolves the token with every call: it may have been changed.
func authorize(ref string, resolve hr.Resolver) func(*http.Request) error {
	if ref == "" {
		return nil
	}
	return func(r *http.Request) error {
		token, err := resolve(r.Context(), ref)
		if err != nil {
			return lastday.Wrap(lastday.CodeInternal, opRead, "our token cannot be read", err)
		}
		r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(token))
		return nil
	}
}

// escape makes an id safe in a path as well as in a query: it cannot climb and
// cannot add a parameter.
func escape(id string) string {
	text := strings.ReplaceAll(url.QueryEscape(id), "+", "%20")
	if strings.Trim(id, ".") == "" {
		return strings.ReplaceAll(text, ".", "%2E")
	}
	return text
}

// Read asks HR what it says now; see hr.Source.
func (s *Source) Read(ctx context.Context, personKey, engagementID string) (lastday.Separation, error) {
	if s.asker == nil {
		return lastday.Separation{}, lastday.Errorf(lastday.CodeUnsupported, opRead, "%s has no url to be asked at", s.name)
	}
	if personKey == "" || engagementID == "" {
		return lastday.Separation{}, lastday.Errorf(lastday.CodeInvalid, opRead, "asked about nobody")
	}
	path := strings.NewReplacer("{person}", escape(personKey), "{engagement}", escape(engagementID)).Replace(s.asker.path)
	var body json.RawMessage
	if _, err := s.asker.client.Get(ctx, opRead, path, &body); err != nil {
		return lastday.Separation{}, err
	}
	told, err := s.answer(body)
	if err != nil {
		return lastday.Separation{}, err
	}
	if told.Person.Key != personKey || told.Engagement.ID != engagementID {
		return lastday.Separation{}, lastday.Errorf(lastday.CodeInvalid, opRead, "the answer is about another person or engagement")
	}
	return told, nil
}

func (s *Source) answer(body []byte) (lastday.Separation, error) {
	tree, err := hr.ParseJSON(body)
	if err != nil {
		return lastday.Separation{}, err
	}
	if s.asker.mapping != nil {
		return s.asker.mapping.Answer(s.canon, tree)
	}
	return s.canon.Answer(tree)
}
