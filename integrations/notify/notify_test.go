package notify_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/integrations/notify"
	"lastday/integrations/notify/notifytest"
)

// each decodes every line as a notice.
func each(t *testing.T, text []byte, read func(line []byte) notify.Notice) []notify.Notice {
	t.Helper()
	var all []notify.Notice
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		all = append(all, read(lines.Bytes()))
	}
	return all
}

func open(t *testing.T, m notify.Medium, config string, deps notify.Deps) notify.Channel {
	t.Helper()
	c, err := m.Open(t.Context(), func(into any) error { return json.Unmarshal([]byte(config), into) }, deps)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheFileChannel(t *testing.T) {
	notifytest.Run(t, func(t *testing.T) notifytest.Harness {
		path := filepath.Join(t.TempDir(), "notices.jsonl")
		return notifytest.Harness{
			Channel: open(t, notify.FileMedium(), `{"path":"`+path+`"}`, notify.Deps{}),
			Received: func() []notify.Notice {
				text, err := os.ReadFile(path)
				if err != nil && !errors.Is(err, os.ErrNotExist) {
					t.Fatal(err)
				}
				return each(t, text, func(line []byte) (n notify.Notice) {
					if err := json.Unmarshal(line, &n); err != nil {
						t.Fatal(err)
					}
					return n
				})
			},
		}
	})
}

func TestTheLogChannel(t *testing.T) {
	notifytest.Run(t, func(t *testing.T) notifytest.Harness {
		var log bytes.Buffer
		return notifytest.Harness{
			Channel: open(t, notify.LogMedium(), `{}`, notify.Deps{Log: slog.New(slog.NewJSONHandler(&log, nil))}),
			Received: func() []notify.Notice {
				return each(t, log.Bytes(), func(line []byte) notify.Notice { return logged(t, line) })
			},
		}
	})
}

// logged reads a notice back from a line of the log. When it happened is not
// told: the line has its own time.
func logged(t *testing.T, line []byte) notify.Notice {
	t.Helper()
	var l struct{ Level, Msg, Case, System, Stage, Op, Notice, Link string }
	if err := json.Unmarshal(line, &l); err != nil {
		t.Fatal(err)
	}
	return notify.Notice{
		ID: l.Notice, Case: l.Case, System: l.System, Stage: l.Stage, Text: l.Msg, Link: l.Link,
		Kind: notify.Kind(strings.TrimPrefix(l.Op, "notify ")), Urgent: l.Level == "WARN",
		At: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC),
	}
}

func TestAFileThatCannotBeWrittenIsTriedAgain(t *testing.T) {
	c := open(t, notify.FileMedium(), `{"path":"`+t.TempDir()+`"}`, notify.Deps{})
	if err := c.Send(t.Context(), notifytest.Sample()); lastday.CodeOf(err) != lastday.CodeTransient {
		t.Error(err)
	}
}

func TestAConfigurationThatCannotBeReadIsInvalid(t *testing.T) {
	for name, m := range map[string]notify.Medium{"file": notify.FileMedium(), "log": notify.LogMedium()} {
		_, err := m.Open(t.Context(), func(any) error { return errors.New("line 3: no such field") }, notify.Deps{})
		if m.Name() != name || lastday.CodeOf(err) != lastday.CodeInvalid || !strings.Contains(err.Error(), "line 3") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
