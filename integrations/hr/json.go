package hr

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"lastday"
)

const (
	opParse = "hr: parse"
	// maxDepth is how deep objects and arrays may stand in one another.
	maxDepth = 32
)

// ParseJSON reads one JSON value strictly: valid UTF-8 without lone surrogates,
// no key twice in an object, no deeper than 32, nothing behind the value.
// Numbers stay text (json.Number): ids of vendors exceed what a float can hold.
//
// CodeInvalid: with the path of the first mistake.
func ParseJSON(body []byte) (any, error) {
	if !utf8.Valid(body) {
		return nil, lastday.Errorf(lastday.CodeInvalid, opParse, "the body is not valid UTF-8")
	}
	if loneSurrogate(body) {
		return nil, lastday.Errorf(lastday.CodeInvalid, opParse, "an escape names half a character")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	r := reader{d: d}
	v, err := r.value("", 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, lastday.Errorf(lastday.CodeInvalid, opParse, "something stands behind the JSON value")
	}
	return v, nil
}

type reader struct{ d *json.Decoder }

func (r reader) value(path string, depth int) (any, error) {
	if depth > maxDepth {
		return nil, lastday.Errorf(lastday.CodeInvalid, opParse, "%s: deeper than %d", where(path), maxDepth)
	}
	token, err := r.token(path)
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		return r.object(path, depth)
	case json.Delim('['):
		return r.array(path, depth)
	}
	return token, nil
}

// token leaves the decoder's own text away: it quotes the input.
func (r reader) token(path string) (json.Token, error) {
	token, err := r.d.Token()
	if err != nil {
		return nil, lastday.Errorf(lastday.CodeInvalid, opParse, "%s: not JSON, at byte %d", where(path), r.d.InputOffset())
	}
	return token, nil
}

func (r reader) object(path string, depth int) (any, error) {
	object := map[string]any{}
	for r.d.More() {
		token, err := r.token(path)
		if err != nil {
			return nil, err
		}
		key, _ := token.(string)
		at := join(path, key)
		if _, twice := object[key]; twice {
			return nil, lastday.Errorf(lastday.CodeInvalid, opParse, "%s: given twice", at)
		}
		if object[key], err = r.value(at, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := r.token(path)
	return object, err
}

func (r reader) array(path string, depth int) (any, error) {
	array := []any{}
	for r.d.More() {
		v, err := r.value(fmt.Sprintf("%s[%d]", path, len(array)), depth+1)
		if err != nil {
			return nil, err
		}
		array = append(array, v)
	}
	_, err := r.token(path)
	return array, err
}

func where(path string) string {
	if path == "" {
		return "the body"
	}
	return path
}

// join adds a key to a path. Keys come from outside, and a key may be an
// address or anything else: only plain ones are shown.
func join(path, key string) string {
	shown := "(a key that is not shown)"
	if len(key) <= 40 && plainText(key) {
		shown = key
	}
	if path == "" {
		return shown
	}
	return path + "." + shown
}

// plainText says that the text can be shown: a word, a date, a zone, never an
// address.
func plainText(text string) bool {
	for i := range len(text) {
		c := text[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && !strings.ContainsRune("_-+:/ #", rune(c)) {
			return false
		}
	}
	return text != ""
}

// loneSurrogate finds \uD800 to \uDFFF that are no pair: the decoder would
// turn them into U+FFFD without a word, and two different texts into one.
func loneSurrogate(body []byte) bool {
	for i := 0; i+1 < len(body); i++ {
		if body[i] != '\\' {
			continue
		}
		unit, ok := escaped(body[i:])
		if !ok || unit < 0xD800 || unit > 0xDFFF {
			i++ // the escape's second byte, which may be a backslash itself
			continue
		}
		low, ok := escaped(body[min(i+6, len(body)):])
		if unit > 0xDBFF || !ok || low < 0xDC00 || low > 0xDFFF {
			return true
		}
		i += 11
	}
	return false
}

// escaped reads \uXXXX.
func escaped(text []byte) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	var unit rune
	for _, c := range text[2:6] {
		digit := strings.IndexByte("0123456789abcdef", c|0x20)
		if c >= '0' && c <= '9' {
			digit = int(c - '0')
		}
		if digit < 0 {
			return 0, false
		}
		unit = unit<<4 | rune(digit) //nolint:gosec // G115: a digit is less than 16.
	}
	return unit, true
}
