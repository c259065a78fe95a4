package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

const maxTokenFile = 4096

// notePerson keeps a flag for later: the flag package would print its whole text with an error.
func (p *parser) notePerson(text string) error {
	p.people = append(p.people, text)
	return nil
}

// person reads one --people flag. What stands behind the equals sign appears in no error: somebody may have written the
// token itself there.
func (p *parser) person(text string) error {
	name, reference, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return errors.New("not of the form name=env:NAME or name=file:PATH")
	}
	token, err := p.secrets.token(reference)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if p.options.People == nil {
		p.options.People = make(map[string]string)
	}
	if _, twice := p.options.People[name]; twice {
		return fmt.Errorf("%s: given twice", name)
	}
	p.options.People[name] = token
	return nil
}

func (s secrets) token(reference string) (string, error) {
	kind, where, _ := strings.Cut(reference, ":")
	switch kind {
	case "env":
		value, ok := s.env(where)
		if !ok || value == "" {
			return "", errors.New("the environment variable of the token is not set")
		}
		return value, nil
	case "file":
		return s.tokenFile(where)
	}
	return "", errors.New("a token is given by reference, as env:NAME or file:PATH")
}

func (s secrets) tokenFile(path string) (string, error) {
	content, err := s.file(path)
	if err != nil {
		return "", errors.New("the file of the token cannot be read")
	}
	if len(content) > maxTokenFile {
		return "", fmt.Errorf("the file of the token is longer than %d bytes", maxTokenFile)
	}
	return strings.TrimSpace(string(content)), nil
}

// readSmall reads a file up to one byte more than a token may have, so that a longer one is noticed and never read whole.
func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, maxTokenFile+1))
}
