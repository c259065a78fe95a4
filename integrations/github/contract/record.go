package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
)

// call is one recorded exchange, as package githubtest writes it.
type call struct {
	Number   int64             `json:"number"`
	Method   string            `json:"method"`
	Path     string            `json:"path"`
	Query    string            `json:"query"`
	Route    string            `json:"route"`
	Header   http.Header       `json:"header"`
	Body     string            `json:"body"`
	Status   int               `json:"status"`
	Answer   http.Header       `json:"answer"`
	Response string            `json:"response"`
	Vars     map[string]string `json:"vars"`
	Fault    bool              `json:"fault"`
	file     string
}

// readCalls reads every recording of a folder, in the order of the names; an empty folder is an error.
func readCalls(dir string) ([]call, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("read recordings: %w", err)
	}
	slices.Sort(names)
	var out []call
	for _, name := range names {
		some, err := readFile(name)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	if len(out) == 0 {
		return nil, errors.New("read recordings: no calls found: record some first")
	}
	return out, nil
}

func readFile(name string) ([]call, error) {
	f, err := os.Open(filepath.Clean(name))
	if err != nil {
		return nil, fmt.Errorf("read recordings: %w", err)
	}
	defer func() { _ = f.Close() }() // read only
	var out []call
	for dec := json.NewDecoder(f); ; {
		c := call{file: filepath.Base(name)}
		err := dec.Decode(&c)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read recordings: %s: call %d: %w", filepath.Base(name), len(out)+1, err)
		}
		out = append(out, c)
	}
}
