package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
)

// asProgram makes this test binary behave as the program itself, so that there is something to execute.
const asProgram = "TEMPORALD_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestTheSDKDrivesTheProgram(t *testing.T) {
	t.Setenv(asProgram, "1")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	stage := temporal.NewSearchAttributeKeyKeyword("Stage")
	server, err := testsuite.StartDevServer(ctx, testsuite.DevServerOptions{
		ExistingPath:     os.Args[0],
		ClientOptions:    &client.Options{Namespace: "people"},
		DBFilename:       filepath.Join(t.TempDir(), "db"),
		LogLevel:         "error",
		LogFormat:        "json",
		SearchAttributes: temporal.NewSearchAttributes(stage.ValueSet("notice")),
		ExtraArgs:        []string{"--sqlite-pragma", "synchronous=2", "--time-skipping"},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = server.Client().ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		TaskQueue: "nobody", TypedSearchAttributes: temporal.NewSearchAttributes(stage.ValueSet("cut")),
	}, "Case")
	if err != nil {
		t.Error(err)
	}
	if err := server.Stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
}

func TestTheSDKGetsTheUIItAsksFor(t *testing.T) {
	t.Setenv(asProgram, "1")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	port := freePort(t)
	server, err := testsuite.StartDevServer(ctx, testsuite.DevServerOptions{ExistingPath: os.Args[0], EnableUI: true, UIPort: port})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Stop() }()
	for ctx.Err() == nil {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:"+port+"/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
	}
	t.Error("the UI does not answer")
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

func TestHelpAndVersionAreReadable(t *testing.T) {
	var out, errOut strings.Builder
	if err := run(t.Context(), []string{"server", "start-dev", "--help"}, &out, &errOut); err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"--db-filename file", "--people name=env:NAME", "127.0.0.1", "-p int"} {
		if !strings.Contains(out.String(), word) {
			t.Errorf("the help does not say %q:\n%s", word, out.String())
		}
	}
	out.Reset()
	if err := run(t.Context(), []string{"--version"}, &out, &errOut); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "temporald server v1.") {
		t.Errorf("the version reads %q", out.String())
	}
}
