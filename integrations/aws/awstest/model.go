package awstest

import (
	"embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

//go:embed testdata/*.json
var models embed.FS

// model is AWS's own description of a service.
type model struct {
	Metadata   struct{ Protocol string }
	Operations map[string]struct {
		Input, Output *struct{ Shape string }
		Errors        []struct{ Shape string }
	}
	Shapes map[string]shape
}

type shape struct {
	Type     string
	Required []string
	Members  map[string]struct{ Shape string }
	Member   struct{ Shape string }
	Enum     []string
	Pattern  string
	Min, Max *int
	Error    struct{ Code string }
}

// Models hold calls to AWS's descriptions.
type Models struct {
	mu    sync.Mutex
	known map[string]*model
	rules map[string]*regexp.Regexp
}

// NewModels makes Models; they are read when they are needed.
func NewModels() *Models {
	return &Models{known: map[string]*model{}, rules: map[string]*regexp.Regexp{}}
}

// Check says what in a call is not as AWS describes it: an unknown or missing
// member, a wrong type, a value outside its pattern, an error that the
// operation does not have.
func (m *Models) Check(call Call) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	service, err := m.service(call.Service)
	if err != nil {
		return []string{err.Error()}
	}
	op, ok := service.Operations[call.Operation]
	if !ok {
		return []string{"no operation " + call.Operation}
	}
	c := &checker{models: m, service: service, at: call.Service + ":" + call.Operation}
	if op.Input != nil {
		c.value("request", op.Input.Shape, map[string]any(call.In))
	}
	switch {
	case call.Code != "":
		c.failure(call.Code, op.Errors)
	case op.Output != nil:
		c.value("answer", op.Output.Shape, call.Out)
	case len(call.Out) > 0:
		c.wrong("answer", "must be empty")
	}
	return c.found
}

func (m *Models) service(name string) (*model, error) {
	if known := m.known[name]; known != nil {
		return known, nil
	}
	text, err := models.ReadFile("testdata/" + name + ".json")
	if err != nil {
		return nil, fmt.Errorf("awstest: no model of %s: %w", name, err)
	}
	m.known[name] = &model{}
	return m.known[name], json.Unmarshal(text, m.known[name])
}

type checker struct {
	models  *Models
	service *model
	at      string
	found   []string
}

func (c *checker) wrong(place, what string) {
	c.found = append(c.found, c.at+": "+place+": "+what)
}

// failure knows an operation's own errors and those that all have.
func (c *checker) failure(code string, errs []struct{ Shape string }) {
	common := []string{"Throttling", "AccessDenied", "AccessDeniedException", "ValidationError", "InvalidClientTokenId", "SignatureDoesNotMatch"}
	for _, e := range errs {
		s := c.service.Shapes[e.Shape]
		common = append(common, e.Shape, s.Error.Code)
	}
	if !slices.Contains(common, code) {
		c.wrong("error", code+" is none that the operation has")
	}
}

func (c *checker) value(place, name string, v any) {
	s := c.service.Shapes[name]
	switch s.Type {
	case "structure":
		c.structure(place, s, v)
	case "list":
		items, ok := v.([]any)
		if !ok {
			c.wrong(place, fmt.Sprintf("%v is no list", v))
		}
		for i, x := range items {
			c.value(place+"["+strconv.Itoa(i)+"]", s.Member.Shape, x)
		}
	case "string":
		c.text(place, s, v)
	default:
		c.scalar(place, s.Type, v)
	}
}

func (c *checker) structure(place string, s shape, v any) {
	fields, ok := v.(map[string]any)
	if f, is := v.(Fields); is {
		fields, ok = f, true
	}
	if !ok {
		c.wrong(place, fmt.Sprintf("%v is no structure", v))
		return
	}
	for _, name := range s.Required {
		if _, there := fields[name]; !there {
			c.wrong(place, name+" is missing")
		}
	}
	for _, name := range sorted(fields) {
		member, known := s.Members[name]
		if !known {
			c.wrong(place, name+" is no member")
			continue
		}
		c.value(place+"."+name, member.Shape, fields[name])
	}
}

func (c *checker) text(place string, s shape, v any) {
	t, ok := v.(string)
	if !ok {
		c.wrong(place, fmt.Sprintf("%v is no text", v))
		return
	}
	n := utf8.RuneCountInString(t)
	if (s.Min != nil && n < *s.Min) || (s.Max != nil && n > *s.Max) {
		c.wrong(place, fmt.Sprintf("%q has a wrong length", t))
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, t) {
		c.wrong(place, fmt.Sprintf("%q is none of %v", t, s.Enum))
	}
	if s.Pattern != "" && !c.models.rule(s.Pattern).MatchString(t) {
		c.wrong(place, fmt.Sprintf("%q does not match %s", t, s.Pattern))
	}
}

// rule is a pattern of a model in Go's words. Go has no look-ahead: what stands in
// one is not checked.
func (m *Models) rule(pattern string) *regexp.Regexp {
	if m.rules[pattern] == nil {
		inGo := regexp.MustCompile(`\\u([0-9A-Fa-f]{4})`).ReplaceAllString(pattern, `\x{$1}`)
		inGo = regexp.MustCompile(`\(\?[!=](\([^()]*\)|[^()])*\)`).ReplaceAllString(inGo, "")
		m.rules[pattern] = regexp.MustCompile("^(?:" + inGo + ")$")
	}
	return m.rules[pattern]
}

// scalar checks numbers, booleans and times. The Query protocol has them as texts.
func (c *checker) scalar(place, kind string, v any) {
	said := fmt.Sprint(v)
	ok := true
	switch kind {
	case "boolean":
		ok = said == "true" || said == "false"
	case "integer", "long":
		_, err := strconv.ParseFloat(said, 64)
		ok = err == nil
	case "timestamp":
		_, err := strconv.ParseFloat(said, 64)
		inText := strings.HasSuffix(said, "Z") && strings.Contains(said, "T")
		ok = (c.service.Metadata.Protocol == "json" && err == nil) || (c.service.Metadata.Protocol == "query" && inText)
	}
	if !ok {
		c.wrong(place, fmt.Sprintf("%v is no %s", v, kind))
	}
}
