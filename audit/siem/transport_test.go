package siem_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"lastday"
	"lastday/audit/siem"
	"lastday/audit/story/storytest"
)

func events(t *testing.T, n int) []siem.Event {
	t.Helper()
	e := encoder(t, siem.OCSF, "")
	var all []siem.Event
	for i := range n {
		r := revoked()
		r.ID = "c-1/" + strconv.Itoa(i)
		one, err := e.Events(r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, one...)
	}
	return all
}

func TestLinesAreWrittenOneAnEvent(t *testing.T) {
	var out bytes.Buffer
	all := events(t, 3)
	if err := siem.NewLines(&out).Send(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n"); len(lines) != 3 || lines[2] != string(all[2].Line) {
		t.Errorf("got %q", lines)
	}
	if err := siem.NewLines(full{}).Send(t.Context(), all); lastday.CodeOf(err) != lastday.CodeTransient {
		t.Errorf("got %v", err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// rfc5424 is the grammar of the header as we use it.
var rfc5424 = regexp.MustCompile(`^<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) ([!-~]{1,255}) ([!-~]{1,48}) (-|[!-~]{1,128}) ([!-~]{1,32}) - (.*)$`)

func now() time.Time { return time.Now() }

func syslog(t *testing.T, c siem.SyslogConfig) *siem.Syslog {
	t.Helper()
	c.Now, c.Facility, c.Host = now, 13, "vm 1"
	s, err := siem.NewSyslog(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func checkMessage(t *testing.T, text string, e siem.Event) {
	t.Helper()
	m := rfc5424.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no RFC 5424 message: %s", text)
	}
	if m[1] != strconv.Itoa(13*8+5) || m[3] != "vm1" || m[4] != "lastday" || m[6] != "user_access_management" || m[7] != string(e.Line) {
		t.Errorf("got %q", m)
	}
}

func TestSyslogOverUDPIsOneMessageADatagram(t *testing.T) {
	in, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	all := events(t, 2)
	if err := syslog(t, siem.SyslogConfig{Network: "udp", Address: in.LocalAddr().String()}).Send(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		buffer := make([]byte, 65535)
		_ = in.SetReadDeadline(time.Now().Add(10 * time.Second))
		n, _, err := in.ReadFrom(buffer)
		if err != nil {
			t.Fatal(err)
		}
		checkMessage(t, string(buffer[:n]), e)
	}
}

func TestAnEventThatNoDatagramHoldsIsRefused(t *testing.T) {
	long := siem.Event{ID: "c-1/1", Line: bytes.Repeat([]byte("x"), 70000)}
	err := syslog(t, siem.SyslogConfig{Network: "udp", Address: "127.0.0.1:9"}).Send(t.Context(), []siem.Event{long})
	if lastday.CodeOf(err) != lastday.CodeInvalid || !strings.Contains(err.Error(), "c-1/1") {
		t.Errorf("got %v", err)
	}
}

// frames reads octet-counted messages from one connection.
func frames(conn net.Conn, n int) ([]string, error) {
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	in := bufio.NewReader(conn)
	var all []string
	for range n {
		head, err := in.ReadString(' ')
		if err != nil {
			return all, err
		}
		size, err := strconv.Atoi(strings.TrimSpace(head))
		if err != nil {
			return all, err
		}
		text := make([]byte, size)
		if _, err := io.ReadFull(in, text); err != nil {
			return all, err
		}
		all = append(all, string(text))
	}
	return all, nil
}

// receiver accepts connections one after the other and reads n messages of each.
func receiver(t *testing.T, l net.Listener, n int) <-chan []string {
	t.Helper()
	got := make(chan []string, 8)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all, err := frames(conn, n)
			conn.Close()
			if err == nil {
				got <- all
			}
		}
	}()
	return got
}

func wait[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(20 * time.Second):
		t.Fatal("nothing arrived")
		panic("unreachable")
	}
}

func TestSyslogOverTCPCountsOctets(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	got := receiver(t, l, 3)
	all := events(t, 3)
	if err := syslog(t, siem.SyslogConfig{Network: "tcp", Address: l.Addr().String()}).Send(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	for i, text := range wait(t, got) {
		checkMessage(t, text, all[i])
	}
}

func TestABrokenConnectionIsToldAndMadeAnew(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	got := receiver(t, l, 1)
	s := syslog(t, siem.SyslogConfig{Network: "tcp", Address: l.Addr().String()})
	all := events(t, 1)
	if err := s.Send(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	wait(t, got)
	// The receiver hangs up after one message: sooner or later a write fails.
	failed := false
	for range 10000 {
		if err := s.Send(t.Context(), all); err != nil {
			failed = lastday.CodeOf(err) == lastday.CodeTransient
			break
		}
	}
	if !failed {
		t.Fatal("it was never told")
	}
	if err := s.Send(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	checkMessage(t, wait(t, got)[0], all[0])
}

func TestSyslogOverTLSChecksTheReceiver(t *testing.T) {
	web := httptest.NewTLSServer(nil) // for its certificate
	defer web.Close()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: web.TLS.Certificates})
	if err != nil {
		t.Fatal(err)
	}
	got := receiver(t, l, 1)
	all := events(t, 1)
	stranger := syslog(t, siem.SyslogConfig{Network: "tls", Address: l.Addr().String()})
	if err := stranger.Send(t.Context(), all); lastday.CodeOf(err) != lastday.CodeTransient {
		t.Errorf("a receiver that nobody vouches for: got %v", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	s := syslog(t, siem.SyslogConfig{Network: "tls", Address: l.Addr().String(), TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}})
	if err := s.Send(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	checkMessage(t, wait(t, got)[0], all[0])
}

func TestSyslogRefusesWhatMakesNoSense(t *testing.T) {
	for name, c := range map[string]siem.SyslogConfig{
		"network": {Network: "pigeon", Address: "h:1", Now: now}, "address": {Network: "tcp", Address: "h", Now: now},
		"facility": {Network: "tcp", Address: "h:1", Facility: 24, Now: now}, "clock": {Network: "tcp", Address: "h:1"},
	} {
		if _, err := siem.NewSyslog(c); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// collector is a webhook receiver that verifies with the specification's own code.
type collector struct {
	mu     sync.Mutex
	t      *testing.T
	key    []byte
	status int
	header http.Header
	ids    []string
	bodies []string
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	hook, err := standardwebhooks.NewWebhook(base64.StdEncoding.EncodeToString(c.key))
	if err != nil {
		c.t.Error(err)
	}
	if err := hook.Verify(body, r.Header); err != nil {
		c.t.Errorf("the signature does not verify: %v", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ids = append(c.ids, r.Header.Get("Webhook-Id"))
	c.bodies = append(c.bodies, string(body))
	maps.Copy(w.Header(), c.header)
	w.WriteHeader(max(c.status, 200))
}

func webhook(t *testing.T, c *collector, change func(*siem.WebhookConfig)) *siem.Webhook {
	t.Helper()
	c.t, c.key = t, bytes.Repeat([]byte("k"), 32)
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	config := siem.WebhookConfig{URL: server.URL + "/in?token=secret", Key: c.key, Now: now}
	if change != nil {
		change(&config)
	}
	w, err := siem.NewWebhook(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func TestAWebhookPostsSignedBatches(t *testing.T) {
	c := &collector{}
	w := webhook(t, c, func(config *siem.WebhookConfig) { config.Batch = 2 })
	all := events(t, 5)
	for range 2 {
		if err := w.Send(t.Context(), all); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.bodies) != 6 || strings.Count(c.bodies[0], "\n") != 2 || strings.Count(c.bodies[2], "\n") != 1 {
		t.Fatalf("got %d requests", len(c.bodies))
	}
	if c.ids[0] != c.ids[3] || c.ids[0] == c.ids[1] {
		t.Errorf("the same batch has the same id, another has another: %q", c.ids)
	}
}

func TestAWebhookBoundsTheBody(t *testing.T) {
	c := &collector{}
	all := events(t, 6)
	w := webhook(t, c, func(config *siem.WebhookConfig) { config.Bytes = 2*len(all[0].Line) + 10 })
	if err := w.Send(t.Context(), all); err != nil || len(c.bodies) != 3 {
		t.Errorf("%v: %d requests", err, len(c.bodies))
	}
}

func TestAWebhookSaysWhatWentWrongWithoutItsAddress(t *testing.T) {
	for status, want := range map[int]lastday.Code{
		429: lastday.CodeRateLimited, 503: lastday.CodeRateLimited, 500: lastday.CodeTransient, 401: lastday.CodeDenied, 403: lastday.CodeDenied, 400: lastday.CodeInvalid, 302: lastday.CodeInvalid,
	} {
		c := &collector{status: status, header: http.Header{"Retry-After": {"7"}, "Location": {"http://elsewhere.example/"}}}
		err := webhook(t, c, nil).Send(t.Context(), events(t, 1))
		if lastday.CodeOf(err) != want || strings.Contains(err.Error(), "secret") || len(c.bodies) != 1 {
			t.Errorf("%d: got %v after %d requests", status, err, len(c.bodies))
		}
		if status == 429 && lastday.RetryAfterOf(err) != 7*time.Second {
			t.Errorf("got %s", lastday.RetryAfterOf(err))
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := webhook(t, &collector{}, nil).Send(ctx, events(t, 1)); lastday.CodeOf(err) != lastday.CodeTransient || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

func TestAWebhookRefusesWhatIsNotSafe(t *testing.T) {
	key := bytes.Repeat([]byte("k"), 32)
	for name, c := range map[string]siem.WebhookConfig{
		"plain http": {URL: "http://siem.example/in", Key: key, Now: now}, "credentials": {URL: "https://u:p@siem.example/in", Key: key, Now: now},
		"short key": {URL: "https://siem.example/in", Key: key[:8], Now: now}, "no clock": {URL: "https://siem.example/in", Key: key}, "no address": {URL: "://", Key: key, Now: now},
	} {
		if _, err := siem.NewWebhook(c); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestAWholeCaseGoesThroughEveryTransport(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := encoder(t, siem.ECS, "")
	var all []siem.Event
	for _, r := range storytest.Contractor().Records() {
		one, err := e.Events(r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, one...)
	}
	got := receiver(t, l, len(all))
	c := &collector{}
	for _, tr := range []siem.Transport{siem.NewLines(io.Discard), syslog(t, siem.SyslogConfig{Network: "tcp", Address: l.Addr().String()}), webhook(t, c, nil)} {
		if err := tr.Send(t.Context(), all); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(wait(t, got)); n != len(all) || strings.Count(strings.Join(c.bodies, ""), "\n") != len(all) {
		t.Errorf("%d of %d arrived", n, len(all))
	}
}
