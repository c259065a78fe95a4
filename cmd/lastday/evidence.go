package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"lastday"
)

// mostEvidence bounds a file that is named as evidence.
const mostEvidence = 64 << 20

// evidenceOf says in one line what an attestation rests on: the words, and a
// file by its name, size and digest. The file stays where it is: who is asked
// for it later can show that it is the same.
func evidenceOf(words, path string) (string, error) {
	if path == "" {
		return words, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return "", lastday.Wrap(lastday.CodeInvalid, "evidence", "open", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return "", lastday.Errorf(lastday.CodeInvalid, "evidence", "it is no regular file")
	}
	sum := sha256.New()
	n, err := io.Copy(sum, io.LimitReader(file, mostEvidence+1))
	if err != nil {
		return "", lastday.Wrap(lastday.CodeInvalid, "evidence", "read", err)
	}
	if n == 0 || n > mostEvidence {
		return "", lastday.Errorf(lastday.CodeInvalid, "evidence", "the file is empty or larger than %d bytes", mostEvidence)
	}
	text := fmt.Sprintf("file %s, %d bytes, sha256:%s", printable(filepath.Base(path)), n, hex.EncodeToString(sum.Sum(nil)))
	return strings.TrimPrefix(words+"; "+text, "; "), nil
}

// printable keeps a name on one line.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, name)
}
