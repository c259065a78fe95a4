package population

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// listNames are the lists that a comparison needs.
func listNames() []string { return []string{"leavers", "cases", "enabled"} }

// lists fills in row counts and digests. A list that nobody described is there
// all the same, and not whole.
func lists(in Input, leavers []Leaver) []List {
	rows := map[string][]string{}
	for _, l := range leavers {
		rows["leavers"] = append(rows["leavers"], line(l))
	}
	for _, c := range in.Cases {
		rows["cases"] = append(rows["cases"], line([]any{c.ID, c.Person, c.Separation.Engagement.ID, c.Separation.LastDay, c.Verdict.Word, c.Records}))
	}
	for _, e := range in.Enabled {
		rows["enabled"] = append(rows["enabled"], line(e))
	}
	var all []List
	for _, name := range listNames() {
		l := List{Name: name, Why: "nobody said where it comes from"}
		if i := slices.IndexFunc(in.Lists, func(l List) bool { return l.Name == name }); i >= 0 {
			l = in.Lists[i]
		}
		l.Rows, l.SHA256 = len(rows[name]), digest(rows[name])
		all = append(all, l)
	}
	return all
}

// line is a row in canonical form: its JSON. All that we write can be encoded.
func line(row any) string {
	text, err := json.Marshal(row)
	if err != nil {
		return fmt.Sprintf("%+v", row)
	}
	return string(text)
}

// digest is the SHA-256 over the sorted lines, each ended by a line feed: the
// same rows in another order have the same digest.
func digest(lines []string) string {
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(append(lines, ""), "\n")))
	return hex.EncodeToString(sum[:])
}

// findings says what speaks against completeness.
func findings(r Result) []string {
	var all []string
	for _, l := range r.Lists {
		if !l.Whole {
			all = append(all, fmt.Sprintf("the list of %s is not known to be whole: %s", l.Name, l.Why))
		}
	}
	for _, row := range r.Rows {
		if text := row.finding(); text != "" {
			all = append(all, text)
		}
	}
	return append(all, tooEarly(r)...)
}

// tooEarly names those whose accounts were read before their access was due to
// end: that nothing is found then says nothing.
func tooEarly(r Result) []string {
	var all []string
	i := slices.IndexFunc(r.Lists, func(l List) bool { return l.Name == "enabled" })
	if i < 0 || !r.Lists[i].Whole || r.Lists[i].ReadAt.IsZero() {
		return nil
	}
	for _, row := range r.Rows {
		if row.goes() && !after(r.Lists[i].ReadAt, row) {
			all = append(all, fmt.Sprintf("the accounts of %s were read at %s, before the access was due to end", row.Person, utc(r.Lists[i].ReadAt)))
		}
	}
	return all
}

// finding is what is wrong with a row; empty if nothing is.
func (r Row) finding() string {
	who := r.Person
	if r.Engagement != "" {
		who += " (engagement " + r.Engagement + ")"
	}
	text := ""
	switch r.State {
	case Matched:
		return ""
	case NoCase:
		text = fmt.Sprintf("%s left on %s by %s, and has no case", who, r.LastDay, r.Source)
	case NoLeaver:
		text = fmt.Sprintf("%s has case %s, and is not in HR's list", who, r.Case)
	case DatesDiffer:
		text = fmt.Sprintf("%s left on %s by HR, on %s by case %s", who, r.LastDay, r.CaseDay, r.Case)
	case TakenBack:
		text = fmt.Sprintf("%s left on %s by HR, and case %s was taken back", who, r.LastDay, r.Case)
	case StillEnabled:
		text = who + " still has " + accounts(r.Enabled)
	}
	if r.State != StillEnabled && len(r.Enabled) > 0 {
		text += ", and still has " + accounts(r.Enabled)
	}
	if r.Explained != "" {
		text += "; " + r.Explained
	}
	return text
}

func accounts(all []Enabled) string {
	var names []string
	for _, e := range all {
		names = append(names, fmt.Sprintf("%s in %s (%s)", e.Account, e.System, e.Level))
	}
	return strings.Join(names, ", ")
}
