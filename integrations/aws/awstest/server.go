package awstest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"lastday/integrations/integrationtest"
)

// Fields are the members of a structure, as requests and answers have them.
type Fields map[string]any

// Call is one request and its answer, for Check.
type Call struct {
	Service, Operation string
	// In is the request: Fields of texts and lists.
	In Fields
	// Out is the answer, nil if it was an error with Code.
	Out  Fields
	Code string
}

// Cloud is an account with its IAM and, in the same place, an instance of IAM
// Identity Center. It is safe for use by several goroutines.
type Cloud struct {
	integrationtest.Faults

	mu    sync.Mutex
	books *Books
	// old is what reading shows for a while after a write.
	old      *Books
	stale    int
	sessions map[string]*session
	serial   int
	calls    []Call
	limited  map[string]bool

	// PageSize is how much one page of a list holds.
	PageSize int
	// Lag is how many readings after a write still show the old state.
	Lag int
	// Swap, if it is set, changes answers on their way out.
	Swap func(operation string, out Fields)
	// Wrong is the id of the user who is answered whoever is asked for, while the
	// fault WrongUser is on.
	Wrong string
}

// New makes a Cloud of an account with a number of 12 digits.
func New(account string) *Cloud {
	return &Cloud{books: newBooks(account), sessions: map[string]*session{}, limited: map[string]bool{}, PageSize: 100}
}

// Look reads or changes the books, as AWS itself could.
func (c *Cloud) Look(f func(b *Books)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(c.books)
}

// Calls gives the calls so far that were signed rightly.
func (c *Cloud) Calls() []Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Call{}, c.calls...)
}

// Throttle refuses an operation with AWS's own error, until it is called again
// with false.
func (c *Cloud) Throttle(operation string, on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limited[operation] = on
}

// failure is an error as AWS answers it.
type failure struct {
	status  int
	code    string
	message string
}

func (e *failure) Error() string { return e.code + ": " + e.message }

func fail(status int, code, format string, args ...any) error {
	return &failure{status, code, fmt.Sprintf(format, args...)}
}

// request is one call under way.
type request struct {
	service, operation string
	in                 Fields
	who                principal
	// books are what the caller may see: the old ones for readings after a write.
	books *Books
}

func (r *request) text(name string) string {
	s, _ := r.in[name].(string)
	return s
}

// operation is something that a service can do.
type operation struct {
	write bool
	do    func(c *Cloud, r *request) (Fields, error)
}

// Handler is the way in, for all services.
func (c *Cloud) Handler() http.Handler {
	serve := c.Faults.Wrap(http.HandlerFunc(c.serve))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		req, _ := parse(r, body)
		if op, known := operations()[req.service+":"+req.operation]; known && !op.write {
			r = r.Clone(r.Context())
			r.Header.Set("Test-Method", r.Method)
			r.Method = http.MethodGet // for Faults: a POST that reads is no write
		}
		serve.ServeHTTP(w, r)
	})
}

// parse reads what is asked, in either protocol.
func parse(r *http.Request, body []byte) (*request, error) {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		prefix, name, _ := strings.Cut(target, ".")
		req := &request{service: map[string]string{"AWSIdentityStore": "identitystore", "SWBExternalService": "sso"}[prefix], operation: name, in: Fields{}}
		return req, json.Unmarshal(body, &req.in)
	}
	form, err := url.ParseQuery(string(body))
	req := &request{operation: form.Get("Action"), in: nest(form)}
	req.service = map[string]string{"2010-05-08": "iam", "2011-06-15": "sts"}[form.Get("Version")]
	return req, err
}

func (c *Cloud) serve(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if method := r.Header.Get("Test-Method"); method != "" {
		r.Method = method
		r.Header.Del("Test-Method")
	}
	body, _ := io.ReadAll(r.Body)
	req, err := parse(r, body)
	if err != nil {
		err = fail(http.StatusBadRequest, "SerializationException", "the request cannot be read")
	}
	c.serial++
	w.Header().Set("X-Amzn-Requestid", fmt.Sprintf("00000000-0000-4000-8000-%012d", c.serial))
	var out Fields
	if err == nil {
		out, err = c.answer(r, body, req)
	}
	c.reply(w, r, req, out, err)
}

func (c *Cloud) answer(r *http.Request, body []byte, req *request) (Fields, error) {
	op, known := operations()[req.service+":"+req.operation]
	if !known {
		return nil, fail(http.StatusBadRequest, "InvalidAction", "no such action: %s %s", req.service, req.operation)
	}
	who, err := c.authenticate(r, body, req)
	if err != nil {
		return nil, err
	}
	if req.who = who; !c.authorized(req) {
		return nil, fail(http.StatusForbidden, "AccessDenied", "User: %s is not authorized to perform: %s:%s because of a policy", who.arn, req.service, req.operation)
	}
	if c.limited[req.operation] {
		return nil, fail(http.StatusBadRequest, "Throttling", "Rate exceeded")
	}
	req.books = c.view(op.write)
	out, err := op.do(c, req)
	c.record(req, out, err)
	if c.Swap != nil && err == nil {
		c.Swap(req.operation, out)
	}
	return out, err
}

// view is the state that a call works on.
func (c *Cloud) view(write bool) *Books {
	switch {
	case write && c.Lag > 0:
		c.old, c.stale = c.books.clone(), c.Lag
	case !write && c.stale > 0:
		c.stale--
		return c.old
	}
	return c.books
}

func (c *Cloud) record(req *request, out Fields, err error) {
	call := Call{Service: req.service, Operation: req.operation, In: req.in, Out: out}
	if f, ok := err.(*failure); ok { //nolint:errorlint // the fake makes it itself
		call.Code, call.Out = f.code, nil
	}
	c.calls = append(c.calls, call)
}

// reply writes an answer in the protocol of the question.
func (c *Cloud) reply(w http.ResponseWriter, r *http.Request, req *request, out Fields, err error) {
	isJSON := r.Header.Get("X-Amz-Target") != ""
	f, failed := err.(*failure) //nolint:errorlint // the fake makes it itself
	switch {
	case isJSON && failed:
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if f.code == "AccessDenied" {
			f.code = "AccessDeniedException"
		}
		w.WriteHeader(f.status)
		_ = json.NewEncoder(w).Encode(Fields{"__type": f.code, "Message": f.message})
	case isJSON:
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_ = json.NewEncoder(w).Encode(out)
	case failed:
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(f.status)
		_, _ = io.WriteString(w, xmlError(f, w.Header().Get("X-Amzn-Requestid")))
	default:
		w.Header().Set("Content-Type", "text/xml")
		_, _ = io.WriteString(w, xmlAnswer(req, out, w.Header().Get("X-Amzn-Requestid")))
	}
}
