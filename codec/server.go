package codec

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path"
	"slices"
	"strings"

	"go.temporal.io/sdk/converter"
)

// MaxBody is the most bytes that a request to the Server may have.
const MaxBody = 8 << 20

// ServerConfig says who may have payloads decrypted.
type ServerConfig struct {
	// Ring decrypts, required.
	Ring *Ring
	// Origins are the web pages that may ask, each exactly as a browser names it:
	// scheme://host or scheme://host:port. Requests without an origin, as programs
	// send them, are not held to this list.
	Origins []string
	// Tokens are the bearer tokens that are let in, each of at least 16 bytes.
	// Required unless AllowAnonymous is set.
	Tokens []string
	// AllowAnonymous lets in everybody who reaches a loopback address. It is refused
	// for every other one, and together with Tokens.
	AllowAnonymous bool
	// Listen is the host:port that the handler will be served on. Required with
	// AllowAnonymous, where the host must be a loopback IP address or localhost.
	Listen string
	// AllowEncode serves /encode, too: people who start workflows or send signals
	// from the UI need it. Without it the server only decrypts.
	AllowEncode bool
	// Log takes one line per request, without contents. Required.
	Log *slog.Logger
}

// server guards the SDK's own handler.
type server struct {
	ServerConfig
	tokens tokens
	codec  http.Handler
}

// NewServer makes a handler that decrypts for the Temporal UI and the temporal
// command: POST /decode with payloads as JSON, at any depth of path, as
// https://github.com/temporalio/samples-go/blob/main/codec-server/protocol.md
// asks. The header X-Namespace is accepted and logged; all namespaces share the ring.
//
// It answers 400 to what is no payloads or cannot be decrypted, 401 without a
// good token, 403 to another origin or an anonymous request from elsewhere than
// this machine, 404 to other paths, 405 to other methods, 413 to bodies beyond MaxBody.
//
// CodeInvalid: the configuration lets in nobody, or more than it should.
func NewServer(c ServerConfig) (http.Handler, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	c.Origins = slices.Clone(c.Origins)
	return &server{ServerConfig: c, tokens: hashTokens(c.Tokens), codec: converter.NewPayloadCodecHTTPHandler(c.Ring)}, nil
}

// ServeHTTP answers one request and logs that it did.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := &statusWriter{ResponseWriter: w, status: http.StatusOK}
	s.serve(answer, r)
	s.Log.LogAttrs(r.Context(), slog.LevelInfo, "payloads asked for",
		slog.String("op", opOf(r)), slog.Int("status", answer.status),
		slog.String("namespace", cut(r.Header.Get("X-Namespace"))), slog.String("origin", cut(r.Header.Get("Origin"))))
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if !s.serves(r) {
		refuse(w, http.StatusNotFound)
		return
	}
	if !s.cors(w, r) {
		refuse(w, http.StatusForbidden)
		return
	}
	switch r.Method {
	case http.MethodOptions:
		w.WriteHeader(http.StatusNoContent)
	case http.MethodPost:
		s.post(w, r)
	default:
		w.Header().Set("Allow", "POST, OPTIONS")
		refuse(w, http.StatusMethodNotAllowed)
	}
}

func (s *server) post(w http.ResponseWriter, r *http.Request) {
	if status := s.admit(r); status != http.StatusOK {
		if status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", "Bearer")
		}
		refuse(w, status)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		refuse(w, http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		refuse(w, http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.codec.ServeHTTP(w, r)
}

// admit says whether the asker may have an answer.
func (s *server) admit(r *http.Request) int {
	if s.AllowAnonymous {
		if !arrivedOnLoopback(r) {
			return http.StatusForbidden
		}
		return http.StatusOK
	}
	if !s.tokens.has(r.Header.Get("Authorization")) {
		return http.StatusUnauthorized
	}
	return http.StatusOK
}

// arrivedOnLoopback trusts the connection and not what was said about Listen: a
// handler that is served on another address after all stays shut.
func arrivedOnLoopback(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return false
	}
	at, err := netip.ParseAddrPort(local.String())
	return err == nil && at.Addr().Unmap().IsLoopback()
}

func (s *server) serves(r *http.Request) bool {
	op := opOf(r)
	return op == "decode" || op == "encode" && s.AllowEncode
}

// opOf is the last part of the path: the protocol leaves the rest to deployments.
func opOf(r *http.Request) string {
	if op := path.Base(r.URL.Path); (op == "decode" || op == "encode") && strings.HasSuffix(r.URL.Path, op) {
		return op
	}
	return "other"
}

// cors tells a browser that its page may read the answer, and says whether the
// request may go on. A page of another origin is turned away, preflight or not.
func (s *server) cors(w http.ResponseWriter, r *http.Request) bool {
	h := w.Header()
	h.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" {
		return r.Method != http.MethodOptions
	}
	if !slices.Contains(s.Origins, origin) {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Methods", "POST")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Namespace")
	// For a proxy in front that knows its people by a cookie; the origin is exact.
	h.Set("Access-Control-Allow-Credentials", "true")
	h.Set("Access-Control-Max-Age", "600")
	return true
}

func refuse(w http.ResponseWriter, status int) { http.Error(w, http.StatusText(status), status) }

// cut keeps a header from outside from filling the log.
func cut(text string) string { return text[:min(len(text), 128)] }

// statusWriter remembers what was answered.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader keeps the status.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}
