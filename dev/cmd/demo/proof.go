package main

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// proof checks the sealed bundle as an auditor would: with the public key,
// without any server. Then it shows that one changed byte is found.
func (s *story) proof(ctx context.Context) error {
	heading("The proof: the sealed bundle, checked offline with the public key")
	path, err := s.sealed(ctx)
	if err != nil {
		return err
	}
	data, key, err := s.handOut(path)
	if err != nil {
		return err
	}
	fmt.Println("  The server skipped 16 days, so records are dated ahead of the checkpoints that sign them: --skew allows it here.")
	out, err := s.verify(ctx, "bundle.zip", data, key)
	if err != nil {
		return fmt.Errorf("the bundle does not verify: %w: %s", err, out)
	}
	fmt.Println(indent(out))
	tampered, name, err := tamper(data)
	if err != nil {
		return err
	}
	out, err = s.verify(ctx, "tampered.zip", tampered, key)
	if err == nil {
		return errors.New("a bundle with a changed byte passed for whole")
	}
	fmt.Printf("\n  One byte of %s is changed, and it is packed again:\n%s\n", name, indent(wrong(out)))
	fmt.Printf("\n  For people: %s\n", filepath.Join(s.in.o.out, "report.html"))
	return nil
}

// sealed waits for the bundle that is made when the case has closed.
func (s *story) sealed(ctx context.Context) (string, error) {
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		found, err := filepath.Glob(filepath.Join(s.in.o.dir, "lastday-bundles", s.caseID+"-*-closed.zip"))
		if err != nil {
			return "", err
		}
		if len(found) > 0 {
			return slices.Max(found), nil
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("waited for the bundle of the closed case: %w", context.Cause(ctx))
		case <-poll.C:
		}
	}
}

// handOut puts report, bundle and public key where they stay when the demo ends.
func (s *story) handOut(path string) (bundle []byte, key string, err error) {
	if bundle, err = os.ReadFile(path); err != nil {
		return nil, "", err
	}
	public, err := os.ReadFile(filepath.Join(s.in.o.dir, "lastday-records.key.pub"))
	if err != nil {
		return nil, "", err
	}
	report, err := member(bundle, "report.html")
	if err != nil {
		return nil, "", err
	}
	if err := os.MkdirAll(s.in.o.out, 0o700); err != nil {
		return nil, "", err
	}
	key = filepath.Join(s.in.o.out, "records.key.pub")
	return bundle, key, errors.Join(os.WriteFile(key, public, 0o600), os.WriteFile(filepath.Join(s.in.o.out, "report.html"), report, 0o600))
}

func member(bundle []byte, name string) ([]byte, error) {
	z, err := zip.NewReader(bytes.NewReader(bundle), int64(len(bundle)))
	if err != nil {
		return nil, err
	}
	f, err := z.Open(name)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(f)
	return text, errors.Join(err, f.Close())
}

// verify runs `lastday verify`, which needs neither configuration nor network.
func (s *story) verify(ctx context.Context, name string, bundle []byte, key string) (string, error) {
	path := filepath.Join(s.in.o.out, name)
	if err := os.WriteFile(path, bundle, 0o600); err != nil {
		return "", err
	}
	const skew = "480h" // 20 days; the story skips 16.
	fmt.Printf("  $ lastday verify %s --key %s --skew %s\n", path, key, skew)
	return s.in.command(ctx, "verify", path, "--key", key, "--skew", skew)
}

// tamper changes one byte of the records and packs the bundle again, as
// somebody would who wants it to look whole.
func tamper(bundle []byte) (tampered []byte, name string, err error) {
	z, err := zip.NewReader(bytes.NewReader(bundle), int64(len(bundle)))
	if err != nil {
		return nil, "", err
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range z.File {
		text, err := member(bundle, f.Name)
		if err != nil {
			return nil, "", err
		}
		if at := bytes.Index(text, []byte("directory")); at >= 0 && name == "" && strings.Contains(f.Name, "records") {
			text[at], name = 'D', f.Name
		}
		to, err := w.CreateHeader(&zip.FileHeader{Name: f.Name, Method: f.Method, Modified: f.Modified})
		if err != nil {
			return nil, "", err
		}
		if _, err := to.Write(text); err != nil {
			return nil, "", err
		}
	}
	if name == "" {
		return nil, "", errors.New("the bundle has no records to tamper with")
	}
	err = w.Close()
	return out.Bytes(), name, err
}

// wrong keeps the lines that say what was found.
func wrong(out string) string {
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSpace(out), "\n") {
		if !strings.HasPrefix(line, "ok ") {
			lines = append(lines, clip(line, 116))
		}
	}
	return strings.Join(lines[:min(len(lines), 6)], "\n")
}
