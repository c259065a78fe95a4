// Package report makes pages of what records tell: one of a case, one of a
// period. A page is one HTML file without scripts and without anything from
// outside; it can be mailed, kept, and printed on A4 and Letter.
//
// The pages say no more than the records show. What was not read back is not
// called done; what rests on a person's word stands out.
package report

import (
	"bytes"
	_ "embed" // the pages' templates and style
	"html/template"
	"io"
	"time"

	"lastday"
	"lastday/audit/story"
)

//go:embed case.html
var casePage string

//go:embed parts.html
var partsPage string

//go:embed style.css
var style string

// Proofs say how a page can be checked, and who made it. Empty fields are left
// out of the page; without a checkpoint it says that it cannot be verified.
type Proofs struct {
	// Bundle is the file with the records and proofs, Key the public key of the
	// log in the form that the verifying command takes.
	Bundle string
	Key    string
	// Checkpoint is the signed text, word for word.
	Checkpoint string
	// Sinks say where else the checkpoint went.
	Sinks []string
	// Digests are of files that belong to the page: the plan, the histories.
	Digests []Digest
	// Erased are the numbers of records whose text was erased: the log proves it.
	Erased []int
	// Tool and Commit say which lastday made the page; Made when, By who asked.
	Tool   string
	Commit string
	Made   time.Time
	By     string
}

// Digest is the SHA-256 of a file, in hex.
type Digest struct {
	File   string
	SHA256 string
}

// Case writes the page of one case.
func Case(w io.Writer, c story.Case, p Proofs) error {
	return render(w, "case", casePage, caseView(c, p))
}

// render fills a template, and writes nothing if that fails.
func render(w io.Writer, name, page string, view any) error {
	const op = "report"
	t, err := template.New(name).Funcs(template.FuncMap{"style": func() template.CSS { return template.CSS(style) }}).Parse(partsPage) //nolint:gosec // our own file
	if err != nil {
		return lastday.Wrap(lastday.CodeInternal, op, "parts", err)
	}
	if _, err := t.Parse(page); err != nil {
		return lastday.Wrap(lastday.CodeInternal, op, "page", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, view); err != nil {
		return lastday.Wrap(lastday.CodeInternal, op, "fill", err)
	}
	if _, err := w.Write(bytes.Map(upright, out.Bytes())); err != nil {
		return lastday.Wrap(lastday.CodeTransient, op, "write", err)
	}
	return nil
}

// upright makes signs visible that would turn the direction of what follows
// them: a name must not rearrange the line that it stands in
// (https://www.unicode.org/reports/tr9/#Explicit_Directional_Embeddings).
func upright(r rune) rune {
	if (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) {
		return 0xfffd
	}
	return r
}
