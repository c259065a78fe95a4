package plan

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"lastday"
)

// paint adds ANSI colour where it is wanted.
type paint bool

func (p paint) with(code, text string) string {
	if !p || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p paint) bold(text string) string { return p.with("1", text) }
func (p paint) dim(text string) string  { return p.with("2", text) }
func (p paint) warn(text string) string { return p.with("33", text) }

// as paints text in the colour of a level.
func (p paint) as(l lastday.Level, text string) string {
	switch l {
	case lastday.LevelAdmin:
		return p.with("31", text)
	case lastday.LevelWrite:
		return p.with("33", text)
	case lastday.LevelRead:
		return p.with("36", text)
	case lastday.LevelSignIn:
		return p.with("34", text)
	case lastday.LevelNone:
		// Nothing left is good news, and so is what follows.
	}
	return p.with("32", text)
}

func (w *writer) line(text string) {
	w.out.WriteString(strings.TrimRight(text, " "))
	w.out.WriteByte('\n')
}

func (w *writer) pair(name, value string) {
	w.line("  " + pad(name, 10) + " " + cut(clean(value), w.width-13))
}

func (w *writer) title(name, what string) {
	w.out.WriteByte('\n')
	text := w.paint.bold(clean(name))
	if what != "" {
		text += " · " + cut(clean(what), w.width-utf8.RuneCountInString(name)-3)
	}
	w.line(text)
}

// row is a name and a text that goes on under itself.
func (w *writer) row(indent int, name, text string) {
	lines := fill(text, w.width-indent-2)
	for i, l := range lines {
		head := strings.Repeat(" ", indent)
		if i == 0 {
			head = pad(name, indent)
		}
		w.line("  " + head + l)
	}
}

func (w *writer) wrap(indent int, style func(string) string, text string) {
	for i, l := range fill(text, w.width-indent-2) {
		if i > 0 && strings.HasPrefix(text, "- ") {
			l = "  " + l
		}
		if style != nil {
			l = style(l)
		}
		w.line(strings.Repeat(" ", indent) + l)
	}
}

// fill breaks a text into lines of at most width columns.
func fill(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(clean(text)) {
		word = cut(word, width)
		switch {
		case line == "":
			line = word
		case visible(line)+1+visible(word) <= width:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	return append(lines, line)
}

// visible counts columns, colour left out.
func visible(text string) int {
	n := utf8.RuneCountInString(text)
	for {
		start := strings.Index(text, "\x1b[")
		if start < 0 {
			return n
		}
		end := strings.IndexByte(text[start:], 'm')
		if end < 0 {
			return n
		}
		n -= end + 1
		text = text[start+end+1:]
	}
}

// pad cuts or fills a text to a width.
func pad(text string, width int) string {
	text = cut(clean(text), width-1)
	return text + strings.Repeat(" ", max(width-utf8.RuneCountInString(text), 0))
}

// cut shortens a text to a width and shows that it did.
func cut(text string, width int) string {
	if visible(text) <= width || width < 1 {
		return text
	}
	runes := []rune(text)
	return string(runes[:width-1]) + "…"
}

// clean replaces what a terminal would obey or hide. Colour of our own is
// added after it.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError {
			return '?'
		}
		return r
	}, text)
}
