package main

import (
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	enumspb "go.temporal.io/api/enums/v1"
)

const token = "0123456789abcdef-token"

func parsed(t *testing.T, line ...string) command {
	t.Helper()
	c, err := parse(line, io.Discard, io.Discard, vault())
	if err != nil {
		t.Fatalf("%v: %v", line, err)
	}
	return c
}

// vault holds one token in the environment.
func vault() secrets {
	return secrets{file: readSmall, env: func(name string) (string, bool) { return token, name == "BOB" }}
}

func TestBothFormsOfACommandLineMeanTheSame(t *testing.T) {
	long := parsed(t, "server", "start-dev", "--port", "7000", "--namespace", "a", "--namespace", "b", "--db-filename", "db").options
	short := parsed(t, "-p", "7000", "-n", "a", "-n", "b", "-f", "db").options
	long.Logger, short.Logger = nil, nil
	if !reflect.DeepEqual(long, short) {
		t.Errorf("%+v\n%+v", long, short)
	}
	if long.Port != 7000 || long.DatabaseFile != "db" || len(long.Namespaces) != 2 {
		t.Errorf("%+v", long)
	}
}

func TestTheUIPortFollowsTheFrontends(t *testing.T) {
	for want, line := range map[int][]string{
		8233: nil, 9000: {"--ui-port", "9000"}, 8000: {"--port", "7000"}, 0: {"--port", "0"},
	} {
		if got := parsed(t, line...).options.UIPort; got != want {
			t.Errorf("%v: %d, not %d", line, got, want)
		}
	}
	if got := parsed(t, "--port", "65000").options.UIPort; got != 0 {
		t.Errorf("a port beyond the last is %d", got)
	}
}

func TestPairsAreCollected(t *testing.T) {
	o := parsed(t, "--dynamic-config-value", `a.b="x=y"`, "--sqlite-pragma", "synchronous=2", "--search-attribute", "Stage=Keyword").options
	if o.DynamicConfig["a.b"] != `"x=y"` || o.SQLitePragmas["synchronous"] != "2" ||
		o.SearchAttributes["Stage"] != enumspb.INDEXED_VALUE_TYPE_KEYWORD {
		t.Errorf("%+v", o)
	}
}

func TestTokensAreGivenByReference(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	people := parsed(t, "--people", "bob=env:BOB", "--people", "alice=file:"+file).options.People
	if people["bob"] != token || people["alice"] != token {
		t.Errorf("%v", people)
	}
}

func TestNoErrorRepeatsWhatMayBeASecret(t *testing.T) {
	long := filepath.Join(t.TempDir(), "long")
	if err := os.WriteFile(long, make([]byte, maxTokenFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{
		"bob=" + token, "bob=env:" + token, "bob=file:" + token, token, "bob=plain:" + token, "bob=file:" + long,
	} {
		_, err := parse([]string{"--people", value}, io.Discard, io.Discard, vault())
		if err == nil || strings.Contains(err.Error(), token) {
			t.Errorf("%q gives %v", value, err)
		}
	}
}

func TestWrongLinesAreRefused(t *testing.T) {
	for _, line := range [][]string{
		{"start-dev"},
		{"server"},
		{"--no-such-flag"},
		{"--port", "x"},
		{"--search-attribute", "Stage"},
		{"--search-attribute", "Stage=Colour"},
		{"--dynamic-config-value", "x"},
		{"--log-level", "loud"},
		{"--log-format", "xml"},
		{"--people", "bob=env:BOB", "--people", "bob=env:BOB"},
		{"--retention", "400d"},
	} {
		if _, err := parse(line, io.Discard, io.Discard, vault()); err == nil {
			t.Errorf("%v is accepted", line)
		}
	}
}

func TestTheLogIsQuietByDefault(t *testing.T) {
	var log strings.Builder
	c, err := parse(nil, io.Discard, &log, vault())
	if err != nil {
		t.Fatal(err)
	}
	c.options.Logger.Warn("hidden")
	c.options.Logger.Error("shown")
	if strings.Contains(log.String(), "hidden") || !strings.Contains(log.String(), "shown") {
		t.Errorf("%q", log.String())
	}
	if parsed(t, "--log-level", "never").options.Logger != nil {
		t.Error("never is not silent")
	}
}
