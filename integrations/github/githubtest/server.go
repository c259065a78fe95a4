package githubtest

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// Options sets how a Server behaves. The zero value is a github.com that is always consistent and has no latency.
type Options struct {
	// Clock tells the server's time: expiry, rate windows and asynchronous work follow it. Nil means the wall clock.
	Clock func() time.Time
	// Latency is how long every answer takes on top of the work itself.
	Latency time.Duration
	// RateLimit is the number of REST requests per hour and token; 0 means 5,000.
	RateLimit int
	// GraphQLPoints is the number of GraphQL points per hour and token; 0 means 5,000.
	GraphQLPoints int
	// WritesPerMinute makes the server answer 403 with a secondary rate limit beyond that many writes in a minute of the
	// server's clock; 0 switches it off.
	WritesPerMinute int
	// NoGraphQL makes /graphql answer 404.
	NoGraphQL bool
	// EnterpriseVersion names a GitHub Enterprise Server release such as "3.19.0"; empty means github.com. Suspending an
	// account by a site administrator exists on GitHub Enterprise Server only.
	EnterpriseVersion string
	// LagRequests is how many reads after a write still see the state before it; 0 means none.
	LagRequests int
	// AsyncRequests is how many further requests pass before work answered with 202 takes effect; 0 leaves it to AsyncDelay.
	AsyncRequests int
	// AsyncDelay is how long work answered with 202 takes by the server's clock. With neither this nor AsyncRequests it
	// takes effect with the next request.
	AsyncDelay time.Duration
	// DropResponseBodies keeps response bodies out of the log of calls: for benchmarks.
	DropResponseBodies bool
}

// Server is the far side. It is safe for concurrent use.
type Server struct {
	opts   Options
	routes *node
	schema map[string]*gqlType

	mu       sync.Mutex
	w        *world
	stale    *world // what reads see while they lag behind, or nil
	staleFor int
	later    []delayed
	served   int64
	windows  map[string]*window
	writes   map[string]*window
	faults   []*fault
	calls    []Call
	started  *httptest.Server
}

// New returns a server with an empty state.
func New(opts Options) *Server {
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if opts.RateLimit == 0 {
		opts.RateLimit = 5000
	}
	if opts.GraphQLPoints == 0 {
		opts.GraphQLPoints = 5000
	}
	return &Server{opts: opts, routes: routeTree(), schema: publishedSchema(), w: newWorld(), windows: map[string]*window{}, writes: map[string]*window{}}
}

// Start listens on a free loopback port and returns the base URL without a trailing slash. Close ends it.
func (s *Server) Start() string { return s.start(nil) }

// StartOn serves on the given listener and returns the base URL. Close ends it.
func (s *Server) StartOn(l net.Listener) string { return s.start(l) }

func (s *Server) start(l net.Listener) string {
	ts := httptest.NewUnstartedServer(s)
	if l != nil {
		_ = ts.Listener.Close()
		ts.Listener = l
	}
	ts.Start()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.started = ts
	return ts.URL
}

// Close ends what Start or StartOn began; without either it does nothing.
func (s *Server) Close() {
	s.mu.Lock()
	ts := s.started
	s.started = nil
	s.mu.Unlock()
	if ts != nil {
		ts.CloseClientConnections()
		ts.Close()
	}
}

// delayed is work that was answered with 202.
type delayed struct {
	due    time.Time
	number int64
	work   func(*world)
}

// async queues work; it takes effect when either of the configured waits is over.
func (s *Server) async(work func(*world)) {
	d := delayed{due: s.opts.Clock().Add(s.opts.AsyncDelay), number: -1, work: work}
	if s.opts.AsyncRequests > 0 {
		d.number = s.served + int64(s.opts.AsyncRequests)
	}
	s.later = append(s.later, d)
}

// settle does the queued work that is due.
func (s *Server) settle() {
	now, rest := s.opts.Clock(), s.later[:0]
	for _, d := range s.later {
		byTime := (s.opts.AsyncDelay > 0 || s.opts.AsyncRequests == 0) && !now.Before(d.due)
		byCount := d.number >= 0 && s.served >= d.number
		if byTime || byCount {
			d.work(s.w)
			continue
		}
		rest = append(rest, d)
	}
	s.later = rest
	s.expireSeats(now)
}

// Settle does all work that was answered with 202 and ends every lag at once.
func (s *Server) Settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.later {
		d.work(s.w)
	}
	s.later, s.stale, s.staleFor = nil, nil, 0
}

// view returns the state that a request sees: writes see the truth, reads may lag behind it.
func (s *Server) view(write bool) (*world, error) {
	if !write && s.staleFor > 0 {
		s.staleFor--
		return s.stale, nil
	}
	if !write || s.opts.LagRequests == 0 {
		return s.w, nil
	}
	if s.staleFor == 0 {
		old, err := s.w.clone()
		if err != nil {
			return nil, fmt.Errorf("view: %w", err)
		}
		s.stale = old
	}
	s.staleFor = s.opts.LagRequests
	return s.w, nil
}

// SetLag changes Options.LagRequests; 0 also ends a lag that is under way.
func (s *Server) SetLag(requests int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts.LagRequests = requests
	if requests == 0 {
		s.stale, s.staleFor = nil, 0
	}
}

// SetRateLimit changes the number of REST requests per hour and token, from the next request on.
func (s *Server) SetRateLimit(requests int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts.RateLimit = requests
}

var _ http.Handler = (*Server)(nil)
