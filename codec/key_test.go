package codec_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"lastday"
	"lastday/codec"
)

func TestGeneratedKeysAreReadBackAndDiffer(t *testing.T) {
	text := codec.GenerateKey()
	if !strings.HasPrefix(text, "lastday-key-1:") || text == codec.GenerateKey() {
		t.Errorf("not a new key: %d characters", len(text))
	}
	a, err := codec.ParseKey("k", text)
	if err != nil {
		t.Fatal(err)
	}
	b, err := codec.ParseKey("k", " "+text+"\n")
	if err != nil || a != b {
		t.Errorf("white space around a key matters: %v", err)
	}
}

func TestMalformedKeysAreRefusedWithoutShowingThem(t *testing.T) {
	good := codec.GenerateKey()
	encoded := strings.TrimPrefix(good, "lastday-key-1:")
	for name, in := range map[string][2]string{
		"no prefix":         {"k", encoded},
		"later version":     {"k", "lastday-key-2:" + encoded},
		"no base64":         {"k", good[:len(good)-2] + "!!"},
		"too short":         {"k", "lastday-key-1:" + encoded[:40]},
		"too long":          {"k", "lastday-key-1:" + base64.StdEncoding.EncodeToString(make([]byte, 33))},
		"empty":             {"k", ""},
		"empty id":          {"", good},
		"capitals in id":    {"K", good},
		"line feed in id":   {"k\n", good},
		"long id":           {strings.Repeat("k", 65), good},
		"the key as the id": {good, good},
	} {
		_, err := codec.ParseKey(in[0], in[1])
		if lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if strings.Contains(err.Error(), encoded[:20]) {
			t.Errorf("%s: the error shows the key", name)
		}
	}
}

func TestAKeyIsNeverPrinted(t *testing.T) {
	key := newKey(t, "k")
	wrapped := struct{ Keys []codec.Key }{[]codec.Key{key}}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "key", key, "wrapped", wrapped)
	texts := []string{log.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%d", "%q"} {
		texts = append(texts, fmt.Sprintf(verb, key), fmt.Sprintf(verb, &key), fmt.Sprintf(verb, wrapped))
	}
	for _, text := range texts {
		for _, form := range []string{"%x", "%X", "%d", "%s"} {
			if strings.Contains(text, strings.Trim(fmt.Sprintf(form, key.Secret[:]), "[]")) {
				t.Errorf("the secret is printed: %s", text)
			}
		}
		if !strings.Contains(text, "key k") {
			t.Errorf("the id is not printed: %s", text)
		}
	}
	if out, err := json.Marshal(wrapped); err == nil {
		t.Errorf("the key was written as JSON: %s", out)
	}
}

func TestRingsThatCannotBeMeantAreRefused(t *testing.T) {
	a := newKey(t, "a")
	for name, keys := range map[string][]codec.Key{
		"none":             nil,
		"an id twice":      {a, newKey(t, "a")},
		"a secret twice":   {a, {ID: "b", Secret: a.Secret}},
		"no secret":        {{ID: "a"}},
		"no id":            {{Secret: a.Secret}},
		"bad id, not last": {{ID: "A b", Secret: a.Secret}, newKey(t, "b")},
	} {
		if _, err := codec.NewRing(keys); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
