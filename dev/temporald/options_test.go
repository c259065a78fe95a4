package temporald

import (
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/server/common/dynamicconfig"
)

func TestMistakesAreReportedBeforeAnythingIsOpened(t *testing.T) {
	token := strings.Repeat("t", minTokenLength)
	for reason, o := range map[string]Options{
		"IP: 192.0.2.1 is not a loopback address":        {IP: "192.0.2.1"},
		"IP: 0.0.0.0 is not a loopback address":          {IP: "0.0.0.0"},
		"UIIP: 0.0.0.0 is not a loopback address":        {UIIP: "0.0.0.0"},
		`"example.com" is not an IP address`:             {IP: "example.com"},
		"Port: 70000":                                    {Port: 70000},
		"UIPort: -1":                                     {UIPort: -1},
		"DatabaseFile: contains":                         {DatabaseFile: "db?mode=memory"},
		"SQLitePragmas: need a DatabaseFile":             {SQLitePragmas: map[string]string{"journal_mode": "wal"}},
		"SQLitePragmas: synchronous=off":                 {DatabaseFile: "db", SQLitePragmas: map[string]string{"synchronous": "off"}},
		"SQLitePragmas: journal_mode=memory":             {DatabaseFile: "db", SQLitePragmas: map[string]string{"journal_mode": "memory"}},
		"SQLitePragmas: foreign_keys=1":                  {DatabaseFile: "db", SQLitePragmas: map[string]string{"foreign_keys": "1"}},
		"Retention: 1h0m0s is shorter":                   {Retention: time.Hour},
		`Namespaces: "temporal-system"`:                  {Namespaces: []string{"temporal-system"}},
		`SearchAttributes: "Stage" needs`:                {SearchAttributes: map[string]enumspb.IndexedValueType{"Stage": 0}},
		"unregistered key":                               {DynamicConfig: map[string]string{"matching.numTaskqueueReadPartition": "1"}},
		"validation failed":                              {DynamicConfig: map[string]string{"matching.numTaskqueueReadPartitions": `"many"`}},
		"value is not JSON":                              {DynamicConfig: map[string]string{"frontend.namespaceRPS": "12x"}},
		"the token of bob is not":                        {People: map[string]string{"bob": "short"}},
		"shares a token":                                 {People: map[string]string{"bob": token, "alice": token}},
		`People: "anonymous" is not a usable name`:       {People: map[string]string{"anonymous": token}},
		"AnonymousReadOnly: without People":              {AnonymousReadOnly: true},
		"not an IP address\noptions: Port: 99999 is not": {IP: "x", UIIP: "127.0.0.1", Port: 99999},
	} {
		_, err := New(o)
		if err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("want %q, got %v", reason, err)
		}
		if err != nil && strings.Contains(err.Error(), token) {
			t.Errorf("%v contains a token", err)
		}
	}
}

func TestRemoteAddressesNeedTheirOption(t *testing.T) {
	if _, err := New(Options{IP: "0.0.0.0", AllowRemote: true}); err != nil {
		t.Error(err)
	}
	for _, loopback := range []string{"", "localhost", "127.0.0.2", "::1"} {
		if _, err := New(Options{IP: loopback}); err != nil {
			t.Errorf("%q: %v", loopback, err)
		}
	}
}

func TestWholeNumbersReachTheServerAsIntegers(t *testing.T) {
	values, err := dynamicConfig(Options{DynamicConfig: map[string]string{"history.transferProcessorMaxPollRPS": "77"}})
	if err != nil {
		t.Fatal(err)
	}
	got := dynamicconfig.TransferProcessorMaxPollRPS.Get(dynamicconfig.NewCollection(values, silent()))()
	if got != 77 {
		t.Errorf("the server reads %d", got)
	}
}

func TestTheServerIsTuned(t *testing.T) {
	values, err := dynamicConfig(Options{})
	if err != nil {
		t.Fatal(err)
	}
	read := dynamicconfig.NewCollection(values, silent())
	for name, got := range map[string]int{
		"transfer":   dynamicconfig.TransferProcessorMaxPollRPS.Get(read)(),
		"timer":      dynamicconfig.TimerProcessorMaxPollRPS.Get(read)(),
		"visibility": dynamicconfig.VisibilityProcessorMaxPollRPS.Get(read)(),
		"outbound":   dynamicconfig.OutboundProcessorMaxPollRPS.Get(read)(),
	} {
		if got != 2000 {
			t.Errorf("%s queue polls %d times a second", name, got)
		}
	}
	if got := dynamicconfig.MatchingNumTaskqueueReadPartitions.Get(read)("default", "q", enumspb.TASK_QUEUE_TYPE_ACTIVITY); got != 1 {
		t.Errorf("%d partitions", got)
	}
	if !dynamicconfig.WorkflowPauseEnabled.Get(read)("default") || dynamicconfig.WorkflowTimeSkippingEnabled.Get(read)("default") {
		t.Error("pausing is off or skipping is on")
	}
}

func silent() logger { return logger{to: slog.New(slog.DiscardHandler), stopping: new(atomic.Bool)} }
