package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// The versions are pinned: a new description is adopted on purpose.
const (
	openapiPackage = "@octokit/openapi"
	openapiVersion = "23.0.2"
	graphqlPackage = "@octokit/graphql-schema"
	graphqlVersion = "15.26.1"
)

// maxDescription bounds one unpacked file.
const maxDescription = 64 << 20

// descriptions are the paths of the unpacked files.
type descriptions struct {
	cloud   string // ghec.json
	server  string // ghes-3.19.json
	graphql string // schema.graphql
}

// fetch makes sure that the descriptions are in the cache.
func fetch(ctx context.Context, cache string) (descriptions, error) {
	var d descriptions
	for _, f := range []struct {
		pkg, version, member string
		to                   *string
	}{
		{openapiPackage, openapiVersion, "package/generated/ghec.json", &d.cloud},
		{openapiPackage, openapiVersion, "package/generated/ghes-3.19.json", &d.server},
		{graphqlPackage, graphqlVersion, "package/schema.graphql", &d.graphql},
	} {
		got, err := member(ctx, cache, f.pkg, f.version, f.member)
		if err != nil {
			return d, err
		}
		*f.to = got
	}
	return d, nil
}

// member returns the path of one file of a package, fetching and unpacking what is missing.
func member(ctx context.Context, cache, pkg, version, name string) (string, error) {
	flat := strings.NewReplacer("@", "", "/", "-").Replace(pkg) + "-" + version
	file := filepath.Join(cache, flat, path.Base(name))
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	tgz := filepath.Join(cache, flat+".tgz")
	if _, err := os.Stat(tgz); errors.Is(err, os.ErrNotExist) {
		if err := pack(ctx, cache, pkg+"@"+version); err != nil {
			return "", err
		}
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return "", fmt.Errorf("fetch: create folder: %w", err)
	}
	return file, unpack(tgz, name, file)
}

func pack(ctx context.Context, cache, spec string) error {
	if err := os.MkdirAll(cache, 0o750); err != nil {
		return fmt.Errorf("fetch: create cache: %w", err)
	}
	cmd := exec.CommandContext(ctx, "npm", "pack", "--silent", "--pack-destination", cache, spec) //nolint:gosec // constants and a folder
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("fetch: npm pack %s: %w: %s", spec, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// unpack copies one member of the archive into a file, which appears only when it is whole.
func unpack(tgz, name, file string) error {
	f, err := os.Open(filepath.Clean(tgz))
	if err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	defer func() { _ = f.Close() }() // read only
	zr, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	for tr := tar.NewReader(zr); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("unpack: %s: no such member", name)
		}
		if err != nil {
			return fmt.Errorf("unpack: %w", err)
		}
		if h.Name == name {
			return writeWhole(file, tr)
		}
	}
}

func writeWhole(file string, from io.Reader) error {
	raw, err := io.ReadAll(io.LimitReader(from, maxDescription+1))
	if err != nil {
		return fmt.Errorf("unpack: read: %w", err)
	}
	if len(raw) > maxDescription {
		return fmt.Errorf("unpack: %s is larger than %d bytes", filepath.Base(file), maxDescription)
	}
	if err := os.WriteFile(file+".part", raw, 0o600); err != nil {
		return fmt.Errorf("unpack: write: %w", err)
	}
	if err := os.Rename(file+".part", file); err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	return nil
}
