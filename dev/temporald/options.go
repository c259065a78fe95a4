package temporald

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
)

// DefaultRetention is how long a closed workflow stays readable: longer than a year, so that a case can be looked at in
// the yearly review. The server's own default for namespaces made without its API is 24 hours.
const DefaultRetention = 400 * 24 * time.Hour

// minRetention is the shortest retention the server's API accepts for a namespace.
const minRetention = 24 * time.Hour

const (
	defaultIP        = "127.0.0.1"
	defaultNamespace = "default"
	maxPathLength    = 4096
	minTokenLength   = 16
	maxTokenLength   = 1024
)

// Options describes one server.
//
// Required: nothing. The zero value is a server in memory, on free ports of 127.0.0.1, with the namespace "default", the
// web UI, and a retention of DefaultRetention.
//
// Optional: every field. Each one says what its zero value means.
type Options struct {
	// IP is the address that the frontend listens on; "" is 127.0.0.1 and "localhost" means the same. The services behind
	// the frontend always listen on 127.0.0.1.
	IP string
	// Port is the gRPC port of the frontend; 0 takes a free one.
	Port int
	// HTTPPort is the port of the server's HTTP API; 0 leaves that API out.
	HTTPPort int
	// MetricsPort serves Prometheus metrics under /metrics on 127.0.0.1; 0 leaves them out.
	MetricsPort int
	// AllowRemote permits an IP or UIIP that is not a loopback address. The server speaks plain text and, without People,
	// lets everybody do everything.
	AllowRemote bool

	// DatabaseFile is the SQLite file that keeps the state; "" keeps it in memory and loses it at the end of the process.
	// A file belongs to the minor version of the server that made it and is refused by any other.
	DatabaseFile string
	// SQLitePragmas changes journal_mode, synchronous or busy_timeout. Values that can lose a committed write are refused.
	// Only for a DatabaseFile.
	SQLitePragmas map[string]string

	// Namespaces are created if they do not exist; none means "default".
	Namespaces []string
	// Retention of closed workflows in Namespaces, at least 24 hours; 0 means DefaultRetention. A namespace that exists is
	// brought to this value.
	Retention time.Duration
	// SearchAttributes are registered in Namespaces, those that exist included.
	SearchAttributes map[string]enumspb.IndexedValueType

	// DynamicConfig sets keys of the server's dynamic configuration to JSON values, over the defaults of this package.
	// Unknown keys and values of the wrong type are errors.
	DynamicConfig map[string]string
	// TimeSkipping allows clients to skip a workflow's time. For demonstrations and tests only.
	TimeSkipping bool

	// People maps names to bearer tokens of at least 16 characters. With people, a call with an unknown token is refused,
	// and what the server records of a signal carries the sender's name as principal. Empty means that nobody is asked.
	People map[string]string
	// AnonymousReadOnly lets callers without a token only read; workers then need a token too. Needs People.
	AnonymousReadOnly bool

	// Headless leaves the web UI out.
	Headless bool
	// UIIP is the address of the web UI; "" is IP.
	UIIP string
	// UIPort is the port of the web UI; 0 takes a free one.
	UIPort int
	// UICodecEndpoint is the URL of the codec server that the UI offers to decode payloads with; "" is none.
	UICodecEndpoint string

	// Logger receives the server's log; nil keeps it silent.
	Logger *slog.Logger
}

// withDefaults returns the options with every zero value replaced, or all mistakes at once.
func (o Options) withDefaults() (Options, error) {
	o.IP = ipOr(o.IP, defaultIP)
	o.UIIP = ipOr(o.UIIP, o.IP)
	if o.Retention == 0 {
		o.Retention = DefaultRetention
	}
	if len(o.Namespaces) == 0 {
		o.Namespaces = []string{defaultNamespace}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o, o.check()
}

func ipOr(ip, fallback string) string {
	switch ip {
	case "":
		return fallback
	case "localhost":
		return defaultIP
	}
	return ip
}

func (o Options) check() error {
	return errors.Join(
		o.checkIP("IP", o.IP), o.checkIP("UIIP", o.UIIP),
		checkPort("Port", o.Port), checkPort("HTTPPort", o.HTTPPort),
		checkPort("MetricsPort", o.MetricsPort), checkPort("UIPort", o.UIPort),
		checkFile(o.DatabaseFile), checkPragmas(o.DatabaseFile, o.SQLitePragmas),
		checkNamespaces(o.Namespaces), checkRetention(o.Retention), checkSearchAttributes(o.SearchAttributes),
		checkDynamicConfig(o.DynamicConfig),
		checkPeople(o.People, o.AnonymousReadOnly),
	)
}

func (o Options) checkIP(field, value string) error {
	ip := net.ParseIP(value)
	if ip == nil {
		return fmt.Errorf("options: %s: %q is not an IP address", field, value)
	}
	if !ip.IsLoopback() && !o.AllowRemote {
		return fmt.Errorf("options: %s: %s is not a loopback address and AllowRemote is not set", field, value)
	}
	return nil
}

func checkPort(field string, port int) error {
	if port < 0 || port > 65535 {
		return fmt.Errorf("options: %s: %d is not a port", field, port)
	}
	return nil
}

// checkFile refuses what would change its meaning inside the "file:" address that the server builds for SQLite, see
// https://www.sqlite.org/uri.html.
func checkFile(path string) error {
	if strings.ContainsAny(path, "?#%\x00") {
		return errors.New("options: DatabaseFile: contains one of ? # %")
	}
	if len(path) > maxPathLength {
		return fmt.Errorf("options: DatabaseFile: longer than %d bytes", maxPathLength)
	}
	if path != "" && filepath.Base(path) == "." {
		return errors.New("options: DatabaseFile: names a directory")
	}
	return nil
}

func checkRetention(d time.Duration) error {
	if d < minRetention {
		return fmt.Errorf("options: Retention: %s is shorter than %s", d, minRetention)
	}
	return nil
}

func checkNamespaces(names []string) error {
	pattern := regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,63}$`)
	for _, name := range names {
		if !pattern.MatchString(name) || name == "temporal-system" {
			return fmt.Errorf("options: Namespaces: %q is not a usable name", name)
		}
	}
	return nil
}

func checkSearchAttributes(attributes map[string]enumspb.IndexedValueType) error {
	for name, kind := range attributes {
		if name == "" || kind == enumspb.INDEXED_VALUE_TYPE_UNSPECIFIED {
			return fmt.Errorf("options: SearchAttributes: %q needs a name and a type", name)
		}
	}
	return nil
}

func checkPeople(people map[string]string, anonymousReadOnly bool) error {
	if anonymousReadOnly && len(people) == 0 {
		return errors.New("options: AnonymousReadOnly: without People nobody could write")
	}
	pattern := regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$`)
	owner := make(map[string]bool, len(people))
	for name, token := range people {
		if !pattern.MatchString(name) || name == anonymousName || name == selfName {
			return fmt.Errorf("options: People: %q is not a usable name", name)
		}
		if len(token) < minTokenLength || len(token) > maxTokenLength || strings.ContainsAny(token, " \t\r\n") {
			return fmt.Errorf("options: People: the token of %s is not %d to %d characters without spaces", name, minTokenLength, maxTokenLength)
		}
		if owner[token] {
			return fmt.Errorf("options: People: %s shares a token with somebody else", name)
		}
		owner[token] = true
	}
	return nil
}
