package audit_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"lastday"
	"lastday/audit"
)

func TestACheckpointIsASignedNoteThatOtherToolsRead(t *testing.T) {
	key, keys := newKey(t)
	root := tlog.RecordHash([]byte("x"))
	c, err := key.Sign(42, root, noon().Add(1234567*time.Nanosecond))
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(c.Text, note.VerifierList(verifier))
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("%s\n42\n%s\ntime 2026-11-27T12:00:00.001Z\n", origin, root); n.Text != want {
		t.Errorf("got %q, want %q", n.Text, want)
	}
	again, err := keys.Open(c.Text)
	if err != nil || again.Size != 42 || again.Root != root || !again.At.Equal(c.At) || again.Origin != origin || !bytes.Equal(again.Text, c.Text) {
		t.Errorf("got %+v, %v", again, err)
	}
}

func TestAWitnessMayAddItsSignature(t *testing.T) {
	key, keys := newKey(t)
	c, err := key.Sign(1, tlog.RecordHash(nil), noon())
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := note.GenerateKey(nil2(), "witness.example")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(other)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(c.Text, note.VerifierList(verifier))
	if err != nil {
		t.Fatal(err)
	}
	both, err := note.Sign(n, signer)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := keys.Open(both); err != nil || again.Size != 1 {
		t.Errorf("got %+v, %v", again, err)
	}
}

// nil2 is a source of bytes for a key that a test throws away.
func nil2() *strings.Reader { return strings.NewReader(strings.Repeat("0123456789abcdef", 8)) }

func TestAKeyThatWasChangedStillOpensOldCheckpoints(t *testing.T) {
	old, _ := newKey(t)
	now, keys := newKey(t)
	c, err := old.Sign(1, tlog.RecordHash(nil), noon())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Open(c.Text); lastday.CodeOf(err) != lastday.CodeInvalid || !strings.Contains(err.Error(), "no key of this log signed it") {
		t.Errorf("got %v", err)
	}
	both, err := audit.ParseKeys(now.Public() + "\n" + old.Public())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := both.Open(c.Text); err != nil || both.Origin() != origin {
		t.Error(err)
	}
}

func TestKeysThatAreNoneAreRefusedWithoutRepeatingThem(t *testing.T) {
	private, public, err := audit.NewKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", public, private[:len(private)-5], private + "x", "PRIVATE+KEY+a+b+c"} {
		if _, err := audit.ParseKey(text); lastday.CodeOf(err) != lastday.CodeInvalid || len(text) > 20 && strings.Contains(err.Error(), text[20:]) {
			t.Errorf("%q: got %v", text, err)
		}
	}
	_, stranger, err := audit.NewKey("other.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "# nothing", private, public + "\n" + stranger} {
		if _, err := audit.ParseKeys(text); lastday.CodeOf(err) != lastday.CodeInvalid || strings.Contains(err.Error(), "PRIVATE") {
			t.Errorf("%q: got %v", text, err)
		}
	}
	for _, name := range []string{"", "a b", "a+b", "a\nb", "ä", strings.Repeat("x", 201)} {
		if _, _, err := audit.NewKey(name); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%q: got %v", name, err)
		}
	}
}

// note signs any text, as a log with other manners would.
func signText(t *testing.T, text string) ([]byte, *audit.Keys) {
	t.Helper()
	private, public, err := audit.NewKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := audit.ParseKeys(public)
	if err != nil {
		t.Fatal(err)
	}
	return signed, keys
}

func TestWhatIsSignedAndNoCheckpointIsRefused(t *testing.T) {
	root := tlog.RecordHash(nil).String()
	good := origin + "\n7\n" + root + "\nwords that nobody knows\ntime 2026-11-27T12:00:00.000Z\n"
	signed, keys := signText(t, good)
	if c, err := keys.Open(signed); err != nil || c.Size != 7 {
		t.Fatalf("got %+v, %v", c, err)
	}
	for what, text := range map[string]string{
		"another log":      strings.Replace(good, origin, "other.example", 1),
		"no size":          strings.Replace(good, "\n7\n", "\nseven\n", 1),
		"a signed size":    strings.Replace(good, "\n7\n", "\n+7\n", 1),
		"negative":         strings.Replace(good, "\n7\n", "\n-7\n", 1),
		"zeros before":     strings.Replace(good, "\n7\n", "\n07\n", 1),
		"no root":          strings.Replace(good, root, "AAAA", 1),
		"no time":          origin + "\n7\n" + root + "\n",
		"two times":        good + "time 2026-11-27T12:00:00.000Z\n",
		"a local time":     strings.Replace(good, "000Z", "000+01:00", 1),
		"a time too short": strings.Replace(good, ".000Z", "Z", 1),
		"only an origin":   origin + "\n",
	} {
		signed, keys := signText(t, text)
		if _, err := keys.Open(signed); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: got %v", what, err)
		}
	}
	if _, err := audit.ParseCheckpoint(make([]byte, 65<<10)); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("got %v", err)
	}
}

func TestProofsHoldForEverySizeAndForNothingElse(t *testing.T) {
	l := newLog(t)
	var all []audit.Signed
	for range 20 {
		l.add("a", nil)
		all = append(all, l.sign())
	}
	for size := int64(1); size <= 20; size++ {
		c := all[size-1]
		for i := range size {
			p, err := tlog.ProveRecord(size, i, l.reader())
			if err != nil {
				t.Fatal(err)
			}
			if err := audit.CheckEntry(l.entries[i], p, c); err != nil {
				t.Error(err)
			}
			other := l.entries[i]
			other.Index = (i + 1) % 20
			if size > 1 && audit.CheckEntry(other, p, c) == nil {
				t.Errorf("entry %d is said to be entry %d", i, other.Index)
			}
			other = l.entries[i]
			other.Body = append(bytes.Clone(other.Body), ' ')
			if audit.CheckEntry(other, p, c) == nil {
				t.Errorf("entry %d was changed", i)
			}
			other = l.entries[i]
			other.Body, other.Salt = append([]byte{other.Salt[31]}, other.Body...), other.Salt[:31]
			if audit.CheckEntry(other, p, c) == nil {
				t.Errorf("a byte of the salt of entry %d went to its body", i)
			}
		}
		for smaller := int64(1); smaller <= size; smaller++ {
			p, err := tlog.ProveTree(size, smaller, l.reader())
			if err != nil {
				t.Fatal(err)
			}
			if err := audit.CheckGrowth(all[smaller-1], c, p); err != nil {
				t.Error(err)
			}
			forged := all[smaller-1]
			forged.Root[3] ^= 1
			if lastday.CodeOf(audit.CheckGrowth(forged, c, p)) != lastday.CodeProtected {
				t.Errorf("a tree of %d that is not the beginning of %d", smaller, size)
			}
		}
	}
	if lastday.CodeOf(audit.CheckGrowth(all[5], all[3], nil)) != lastday.CodeProtected {
		t.Error("a log that was cut short")
	}
	other := all[3]
	other.Origin = "other.example"
	if lastday.CodeOf(audit.CheckGrowth(other, all[5], nil)) != lastday.CodeInvalid {
		t.Error("a checkpoint of another log")
	}
}

func TestATreeGrownAtItsEdgeIsTheOneOfTlog(t *testing.T) {
	l := newLog(t)
	for n := range int64(70) {
		if root, err := l.tree.Root(); err != nil {
			t.Fatal(err)
		} else if want, err := tlog.TreeHash(n, l.reader()); err != nil || root != want {
			t.Errorf("%d leaves: got %v, want %v, %v", n, root, want, err)
		}
		resumed, err := audit.ResumeTree(n, l.reader())
		if err != nil {
			t.Fatal(err)
		}
		leaf := tlog.RecordHash(fmt.Append(nil, n))
		got, err := resumed.Append(leaf)
		if err != nil {
			t.Fatal(err)
		}
		want, err := tlog.StoredHashesForRecordHash(n, leaf, l.reader())
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%d leaves: got %v, want %v, %v", n, got, want, err)
		}
		l.add("a", nil)
	}
}

func FuzzParseCheckpoint(f *testing.F) {
	key, keys := newKey(f)
	c, err := key.Sign(42, tlog.RecordHash(nil), noon())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(c.Text)
	f.Add([]byte("a\n1\n\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, err := audit.ParseCheckpoint(text); err != nil && lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("got %v", err)
		}
		if got, err := keys.Open(text); err == nil && (got.Size != 42 || got.Root != c.Root || !got.At.Equal(c.At)) {
			t.Errorf("something else was signed: %+v", got)
		}
	})
}
