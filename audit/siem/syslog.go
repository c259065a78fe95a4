package siem

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"lastday"
)

// SyslogConfig says where a syslog receiver is and as whom to write.
type SyslogConfig struct {
	// Network is udp, tcp or tls; Address is host:port.
	Network string
	Address string
	// TLS is for tls; nil checks the receiver against the system's roots.
	TLS *tls.Config
	// Host is the name of this host in the messages; empty is unknown.
	Host string
	// Facility is RFC 5424's, 0 to 23; 10 (security) and 13 (log audit) are usual.
	Facility int
	// Timeout bounds connecting, and writing one batch; zero is 10 s.
	Timeout time.Duration
	// Dial opens connections; nil dials the network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Now is the clock of deadlines.
	Now func() time.Time
}

// mostDatagram is what one UDP datagram holds over IPv4.
const mostDatagram = 65507

// The severities of RFC 5424, section 6.2.1.
const (
	severityWarning = 4
	severityNotice  = 5
)

// Syslog writes RFC 5424 messages: over UDP one a datagram (RFC 5426), over TCP
// and TLS with octet counting (RFC 6587, RFC 5425). TCP and UDP are in clear,
// and UDP loses messages silently: TLS is the one to use.
type Syslog struct {
	c    SyslogConfig
	mu   sync.Mutex
	conn net.Conn
}

// NewSyslog makes the transport. It connects when the first event is sent.
//
// CodeInvalid: the network, address or facility makes no sense, or there is no clock.
func NewSyslog(c SyslogConfig) (*Syslog, error) {
	const op = "siem: syslog"
	if c.Network != "udp" && c.Network != "tcp" && c.Network != "tls" {
		return nil, lastday.Errorf(lastday.CodeInvalid, op, "network %q is none of udp, tcp, tls", c.Network)
	}
	host, _, err := net.SplitHostPort(c.Address)
	if err != nil || host == "" {
		return nil, lastday.Errorf(lastday.CodeInvalid, op, "the address must be host:port")
	}
	if c.Facility < 0 || c.Facility > 23 || c.Now == nil {
		return nil, lastday.Errorf(lastday.CodeInvalid, op, "it needs a facility from 0 to 23, and a clock")
	}
	c.Timeout = cmp.Or(c.Timeout, 10*time.Second)
	c.Host = cmp.Or(printable(c.Host, 255), "-")
	if c.TLS == nil {
		c.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if c.TLS.ServerName == "" {
		c.TLS = c.TLS.Clone()
		c.TLS.ServerName = host
	}
	if c.Dial == nil {
		c.Dial = (&net.Dialer{Timeout: c.Timeout}).DialContext
	}
	return &Syslog{c: c}, nil
}

// Send writes the events. After an error the connection is made anew by the
// next call.
//
// CodeInvalid: an event is too long for a datagram. CodeTransient: the receiver
// cannot be reached, or the connection broke.
func (s *Syslog) Send(ctx context.Context, events []Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.connect(ctx); err != nil {
		return err
	}
	if err := s.conn.SetWriteDeadline(s.deadline(ctx)); err != nil {
		return s.broken("deadline", err)
	}
	for _, e := range events {
		text := s.message(e)
		if s.c.Network == "udp" && len(text) > mostDatagram {
			return lastday.Errorf(lastday.CodeInvalid, "siem: syslog", "event %s has %d bytes, a datagram holds %d", e.ID, len(text), mostDatagram)
		}
		if s.c.Network != "udp" {
			text = append([]byte(strconv.Itoa(len(text))+" "), text...)
		}
		if _, err := s.conn.Write(text); err != nil {
			return s.broken("write", err)
		}
	}
	return nil
}

func (s *Syslog) connect(ctx context.Context) error {
	if s.conn != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.c.Timeout)
	defer cancel()
	network := s.c.Network
	if network == "tls" {
		network = "tcp"
	}
	conn, err := s.c.Dial(ctx, network, s.c.Address)
	if err != nil {
		return lastday.Wrap(lastday.CodeTransient, "siem: syslog", "connect", err)
	}
	if s.c.Network == "tls" {
		secure := tls.Client(conn, s.c.TLS)
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = conn.Close() // the handshake's error is what matters
			return lastday.Wrap(lastday.CodeTransient, "siem: syslog", "handshake", err)
		}
		conn = secure
	}
	s.conn = conn
	return nil
}

func (s *Syslog) deadline(ctx context.Context) time.Time {
	at := s.c.Now().Add(s.c.Timeout)
	if d, ok := ctx.Deadline(); ok && d.Before(at) {
		return d
	}
	return at
}

func (s *Syslog) broken(what string, err error) error {
	_ = s.conn.Close() // it is broken already
	s.conn = nil
	return lastday.Wrap(lastday.CodeTransient, "siem: syslog", what, err)
}

// message is RFC 5424's HEADER SP STRUCTURED-DATA SP MSG. The message is ASCII,
// so that no byte order mark is needed.
func (s *Syslog) message(e Event) []byte {
	severity := severityNotice
	if e.Grave {
		severity = severityWarning
	}
	head := "<" + strconv.Itoa(s.c.Facility*8+severity) + ">1 " + e.At.UTC().Format("2006-01-02T15:04:05.000000Z") + " " + s.c.Host +
		" lastday - " + cmp.Or(printable(e.Class, 32), "-") + " - "
	return append([]byte(head), e.Line...)
}

// printable keeps RFC 5424's PRINTUSASCII.
func printable(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if r < 33 || r > 126 {
			return -1
		}
		return r
	}, text)
	return text[:min(len(text), most)]
}

// Close closes the connection.
func (s *Syslog) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		return nil
	}
	err := s.conn.Close()
	s.conn = nil
	if err != nil {
		return lastday.Wrap(lastday.CodeTransient, "siem: syslog", "close", err)
	}
	return nil
}
