package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/catalog"
)

// examplesOf runs what a driver carries of examples, without its far side.
func examplesOf(ctx context.Context, d integrations.Driver) []integrations.Example {
	if e, ok := d.(integrations.Exampler); ok {
		return e.Examples(ctx)
	}
	return nil
}

// described is what became of the examples of one description.
type described struct {
	File     string                 `json:"file"`
	Examples []integrations.Example `json:"examples"`
}

// describing is the kind of integration that is described by files.
const describing = "httpapi"

// checkDescriptions reads descriptions and runs their examples: neither a
// configuration nor a secret is needed.
func (p *program) checkDescriptions(ctx context.Context, files []string) error {
	var all []described
	for _, file := range files {
		examples, err := runDescription(ctx, file)
		if err != nil {
			return err
		}
		all = append(all, described{File: file, Examples: examples})
	}
	err := p.print(all, func(w io.Writer) {
		for _, d := range all {
			fmt.Fprintf(w, "%s\n", d.File)
			writeExamples(w, d.Examples)
		}
	})
	if err != nil {
		return err
	}
	var bad []string
	for _, d := range all {
		if failed(d.Examples) {
			bad = append(bad, d.File)
		}
	}
	return notInOrder(bad)
}

func runDescription(ctx context.Context, file string) ([]integrations.Example, error) {
	for _, kind := range catalog.Kinds() {
		if kind.Description().Name != describing {
			continue
		}
		decode := func(into any) error {
			config, err := json.Marshal(map[string]string{"file": file})
			if err != nil {
				return err
			}
			return json.Unmarshal(config, into)
		}
		driver, err := kind.Open(ctx, decode, integrations.Deps{
			System: "description", Now: time.Now,
			Secret: func(context.Context, string) (string, error) { return "not needed", nil },
		})
		if err != nil {
			return nil, err
		}
		return examplesOf(ctx, driver), nil
	}
	return nil, lastday.Errorf(lastday.CodeInternal, "check", "there is no integration that reads descriptions")
}

func writeExamples(w io.Writer, examples []integrations.Example) {
	for _, e := range examples {
		if e.Failed == "" {
			fmt.Fprintf(w, "  pass  %s\n", e.Name)
			continue
		}
		fmt.Fprintf(w, "  FAIL  %s\n        %s\n", e.Name, e.Failed)
	}
}

func failed(examples []integrations.Example) bool {
	for _, e := range examples {
		if e.Failed != "" {
			return true
		}
	}
	return false
}

// notInOrder makes it an error if something is not as it should be.
func notInOrder(bad []string) error {
	if len(bad) == 0 {
		return nil
	}
	return lastday.Errorf(lastday.CodeDenied, "check", "not in order: %s", strings.Join(bad, ", "))
}
