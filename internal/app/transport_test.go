package app

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"lastday"
	"lastday/audit/siem"
	"lastday/internal/config"
)

// way opens the streams of a configuration.
func way(t *testing.T, text string) ([]*stream, error) {
	t.Helper()
	c, err := config.Parse([]byte("version: 1\npolicies: [p.yaml]\nsystems: [{name: code, kind: github}]\nsiem: " + text + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	secret := func(_ context.Context, ref string) (string, error) {
		if ref != "env:KEY" {
			return "", lastday.Errorf(lastday.CodeInvalid, "secret", "no reference")
		}
		return "whsec_bGFzdGRheS1lbmQtdG8tZW5kLXNpZ25pbmcta2V5LTAx", nil
	}
	p := &Parts{Config: c, deps: Deps{Now: noon, Secret: secret}}
	return p.openStreams(t.Context(), openLog(t, noon))
}

func TestEventsGoToASignedWebhook(t *testing.T) {
	var body, signature string
	to := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body) // What is missing is seen below.
		body, signature = string(text), r.Header.Get("webhook-signature")
	}))
	defer to.Close()
	all, err := way(t, `[{kind: webhook, format: ocsf, config: {url: "`+to.URL+`", secret: "env:KEY"}}]`)
	if err != nil {
		t.Fatal(err)
	}
	write(t, all[0].log, "c-1", 1, 2, lastday.RecordNote)
	if err := all[0].send(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(body, `"c-1/2"`) || !strings.HasPrefix(signature, "v1,") {
		t.Errorf("got %q, signed %q", body, signature)
	}
}

func TestEventsGoToSyslog(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	got := make(chan string)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		text := make([]byte, 4096)
		n, _ := conn.Read(text) // What is missing is seen below.
		got <- string(text[:n])
	}()
	all, err := way(t, `[{kind: syslog, format: ecs, config: {network: tcp, address: "`+listener.Addr().String()+`", host: here}}]`)
	if err != nil {
		t.Fatal(err)
	}
	if err := all[0].transport.Send(t.Context(), []siem.Event{{ID: "e-1", At: noon(), Class: "note", Line: []byte("{}")}}); err != nil {
		t.Fatal(err)
	}
	if text := <-got; !strings.Contains(text, " here ") || !strings.Contains(text, "<109>1 ") {
		t.Errorf("got %q", text)
	}
}

func TestMistakesInStreamsAreToldWithTheirPlace(t *testing.T) {
	for part, want := range map[string]string{
		`{kind: file, format: ocsf}`:                                                            "path",
		`{kind: file, format: ocsf, schema: "2.0", config: {path: x}}`:                          "version",
		`{kind: file, format: ocsf, config: {pfad: x}}`:                                         "pfad",
		`{kind: syslog, format: ecs, config: {address: nowhere}}`:                               "host:port",
		`{kind: syslog, format: ecs, config: {address: "h:1", ca: none.pem}}`:                   "PEM",
		`{kind: webhook, format: ecs, config: {url: "https://siem.example", secret: "plain"}}`:  "reference",
		`{kind: webhook, format: ecs, config: {url: "http://siem.example", secret: "env:KEY"}}`: "http",
	} {
		_, err := way(t, "["+part+"]")
		if lastday.CodeOf(err) != lastday.CodeInvalid || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "siem[0]") {
			t.Errorf("%s: want %q, got %v", part, want, err)
		}
	}
}
