package generic

import (
	"context"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"lastday"
	"lastday/integrations/hr"
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
	config  ReadConfig
	mapping *hr.Mapping
	secret  hr.Resolver
	client  *http.Client
}

func newAsker(config *ReadConfig, deps Deps) (*asker, error) {
	if config == nil {
		return nil, nil
	}
	if err := checkURL(config.URL); err != nil {
		return nil, err
	}
	mapping, err := readMapping(config.MappingFile, deps.ReadFile)
	if err != nil {
		return nil, err
	}
	a := &asker{config: *config, mapping: mapping, secret: deps.Secret}
	if a.config.Timeout <= 0 {
		a.config.Timeout = 10 * time.Second
	}
	// A redirect could carry the token to another host, or lead to an answer
	// about somebody else.
	a.client = &http.Client{Transport: deps.Transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	return a, nil
}

func checkURL(template string) error {
	const op = "url"
	if strings.Count(template, "{person}") != 1 || strings.Count(template, "{engagement}") != 1 {
		return lastday.Errorf(lastday.CodeInvalid, op, "must hold {person} and {engagement} once each")
	}
	u, err := url.Parse(fill(template, "p", "e"))
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return lastday.Errorf(lastday.CodeInvalid, op, "is no URL, or holds a password or a fragment")
	}
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return lastday.Errorf(lastday.CodeInvalid, op, "must be https, or http to this very machine")
	}
	if u2, err := url.Parse(fill(template, "x", "y")); err != nil || u2.Host != u.Host {
		return lastday.Errorf(lastday.CodeInvalid, op, "the host must not depend on the person")
	}
	return nil
}

func fill(template, person, engagement string) string {
	return strings.NewReplacer("{person}", escape(person), "{engagement}", escape(engagement)).Replace(template)
}

// escape makes an id safe in a path as well as in a query, dots included: ".."
// must not climb.
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
	body, err := s.asker.get(ctx, personKey, engagementID)
	if err != nil {
		return lastday.Separation{}, err
	}
	tree, err := hr.ParseJSON(body)
	if err != nil {
		return lastday.Separation{}, lastday.Wrap(lastday.CodeInvalid, opRead, "the answer", err)
	}
	told, err := s.answer(tree)
	if err != nil {
		return lastday.Separation{}, err
	}
	if told.Person.Key != personKey || told.Engagement.ID != engagementID {
		return lastday.Separation{}, lastday.Errorf(lastday.CodeInvalid, opRead, "the answer is about another person or engagement")
	}
	return told, nil
}

func (s *Source) answer(tree any) (lastday.Separation, error) {
	if s.asker.mapping != nil {
		return s.asker.mapping.Answer(s.canon, tree)
	}
	return s.canon.Answer(tree)
}

func (a *asker) get(ctx context.Context, person, engagement string) ([]byte, error) {
	if person == "" || engagement == "" {
		return nil, lastday.Errorf(lastday.CodeInvalid, opRead, "asked about nobody")
	}
	slow := lastday.Errorf(lastday.CodeTransient, opRead, "no answer within %s", a.config.Timeout)
	ctx, cancel := context.WithTimeoutCause(ctx, a.config.Timeout, slow)
	defer cancel()
	request, err := a.request(ctx, person, engagement)
	if err != nil {
		return nil, err
	}
	response, err := a.client.Do(request)
	if err != nil {
		return nil, unsent(ctx, err)
	}
	defer response.Body.Close()
	if err := judge(response); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return nil, unsent(ctx, err)
	}
	if len(body) > maxAnswer {
		return nil, lastday.Errorf(lastday.CodeInvalid, opRead, "the answer is larger than %d bytes", maxAnswer)
	}
	return body, nil
}

func (a *asker) request(ctx context.Context, person, engagement string) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fill(a.config.URL, person, engagement), nil)
	if err != nil {
		return nil, lastday.Errorf(lastday.CodeInvalid, opRead, "the url cannot be filled in")
	}
	request.Header.Set("Accept", "application/json")
	if a.config.Token == "" {
		return request, nil
	}
	token, err := a.secret(ctx, a.config.Token)
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInternal, opRead, "our token cannot be read", err)
	}
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(token))
	return request, nil
}

// unsent leaves the URL away, which net/http puts into its errors: it names
// the person.
func unsent(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return lastday.Wrap(lastday.CodeTransient, opRead, "HR was not reached", cause)
	}
	var inURL *url.Error
	if errors.As(err, &inURL) {
		err = inURL.Err
	}
	return lastday.Wrap(lastday.CodeTransient, opRead, "HR was not reached", err)
}

// judge turns everything but a JSON answer of 200 into an error. Not found is
// no statement about anybody.
func judge(response *http.Response) error {
	status := response.StatusCode
	code := lastday.CodeInvalid
	switch {
	case status == http.StatusOK:
		media, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
		if err == nil && (media == "application/json" || strings.HasSuffix(media, "+json")) {
			return nil
		}
		return lastday.Errorf(lastday.CodeInvalid, opRead, "the answer is not JSON")
	case status == http.StatusNotFound || status == http.StatusGone:
		code = lastday.CodeNotFound
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		code = lastday.CodeDenied
	case status == http.StatusTooManyRequests:
		code = lastday.CodeRateLimited
	case status >= 500 || status == http.StatusRequestTimeout:
		code = lastday.CodeTransient
	}
	e := lastday.Errorf(code, opRead, "HR answered %d", status)
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.RetryAfter = min(time.Duration(seconds)*time.Second, time.Hour)
	}
	return e
}
