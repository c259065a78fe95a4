package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lastday"
	"lastday/audit"
	"lastday/audit/sink"
	"lastday/audit/store"
	"lastday/internal/app"
)

// recordsCommand is for who looks after the log.
func (p *program) recordsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "records",
		Short: "Look after the log of records: keys, checks, checkpoints, erasure, legal holds",
	}
	c.AddCommand(p.keyCommand(), p.verifyLogCommand(), p.checkpointCommand(), p.eraseCommand())
	c.AddCommand(p.holdRecordsCommand(), p.unholdCommand(), p.holdsCommand(), p.retainCommand())
	return c
}

func (p *program) keyCommand() *cobra.Command {
	var origin, out string
	c := &cobra.Command{
		Use:   "key --origin NAME --out FILE",
		Short: "Make a key that signs checkpoints, and its public half beside it",
		Long: `Make a key that signs checkpoints, and its public half beside it (FILE.pub).

The origin names the log for good, such as audit.example.com/lastday. Name the
key as records.key: file:FILE, and give FILE.pub to everybody who is to check.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if origin == "" || out == "" {
				return usage("records key: --origin names the log, --out the file for the key")
			}
			private, public, err := audit.NewKey(origin)
			if err != nil {
				return usageError{err}
			}
			if err := errors.Join(newFile(out, private, 0o600), newFile(out+".pub", public, 0o644)); err != nil {
				return err
			}
			told := map[string]string{"key": out, "public": out + ".pub", "line": public}
			return p.print(told, func(w io.Writer) {
				fmt.Fprintf(w, "%s signs checkpoints: keep it secret, and keep a copy\n%s is for everybody:\n%s\n", out, out+".pub", public)
			})
		},
	}
	c.Flags().StringVar(&origin, "origin", "", "the `name` of the log: a domain and a path")
	c.Flags().StringVar(&out, "out", "", "the `file` for the key; it must not be there yet")
	return c
}

// newFile writes a line into a file that must not be there.
func newFile(path, line string, mode os.FileMode) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return lastday.Wrap(lastday.CodeInvalid, "records: key", "a key is never written over another file", err)
	}
	_, err = file.WriteString(line + "\n")
	return errors.Join(err, file.Sync(), file.Close())
}

// verifyLogFlags say against what the log is checked.
type verifyLogFlags struct {
	key       string
	elsewhere []string
	tolerance audit.Tolerance
}

// tolerances are how far clocks may differ before it is told.
func tolerances(c *cobra.Command, t *audit.Tolerance) {
	c.Flags().DurationVar(&t.Skew, "skew", time.Minute, "how far the clocks of the hosts may differ")
	c.Flags().DurationVar(&t.Late, "late", time.Hour, "how much older than the checkpoint before it a record may be, because workers or the store were down")
}

func (p *program) verifyLogCommand() *cobra.Command {
	var f verifyLogFlags
	c := &cobra.Command{
		Use:   "verify [--key FILE] [--elsewhere FILE]",
		Short: "Check the whole log: every record, the tree, all checkpoints, all times",
		Long: `Check the whole log: every record, the tree, all checkpoints, all times.

Without --key it trusts the key that the configuration names. A checkpoint that
was kept out of the operator's reach (--elsewhere) shows that the log was not
made anew as a whole.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.withArchive(c.Context(), func(a app.Archive) error { return p.verifyLog(c.Context(), a, f) })
		},
	}
	c.Flags().StringVar(&f.key, "key", "", "the `file` with the public key of the log, one or more lines")
	c.Flags().StringSliceVar(&f.elsewhere, "elsewhere", nil, "a `file` with a checkpoint from elsewhere; may be given several times")
	tolerances(c, &f.tolerance)
	return c
}

func (p *program) verifyLog(ctx context.Context, a app.Archive, f verifyLogFlags) error {
	keys, err := a.Parts.PublicKeys(ctx)
	if f.key != "" {
		var text []byte
		if text, err = readInput("the log", f.key); err == nil {
			keys, err = audit.ParseKeys(string(text))
		}
	}
	if err != nil {
		return err
	}
	var elsewhere [][]byte
	for _, path := range f.elsewhere {
		text, err := readInput("the log", path)
		if err != nil {
			return err
		}
		if _, err := audit.ParseCheckpoint(text); err != nil { // Then it says nothing about the log.
			return lastday.Wrap(lastday.CodeInvalid, "records", "--elsewhere "+filepath.Base(path), err)
		}
		elsewhere = append(elsewhere, text)
	}
	stop := p.wait("checking the log")
	v, err := a.Records.Verify(ctx, keys, f.tolerance, elsewhere...)
	stop()
	if err != nil {
		return err
	}
	told := struct {
		audit.Verdict
		Clean bool `json:"clean"`
	}{v, v.Clean()}
	if err := p.print(told, func(w io.Writer) { tellLog(w, v, len(elsewhere)) }); err != nil {
		return err
	}
	if !v.Clean() {
		return lastday.Errorf(lastday.CodeProtected, "records", "%d findings: the log is not what was signed. Keep the database as it is, and find out why", len(v.Findings)+v.More)
	}
	return nil
}

func tellLog(w io.Writer, v audit.Verdict, elsewhere int) {
	for i, f := range v.Findings {
		if i == 50 {
			fmt.Fprintf(w, "and %d more\n", len(v.Findings)-i+v.More)
			break
		}
		fmt.Fprintln(w, f)
	}
	fmt.Fprintf(w, "%d entries (%d erased), %d checkpoints, root %s\n", v.Size, v.Erased, v.Checkpoints, v.Root)
	if n := v.Size - v.Covered; n > 0 {
		fmt.Fprintf(w, "%d entries came after the newest checkpoint: nothing holds them yet (lastday records checkpoint)\n", n)
	}
	if !v.Clean() {
		return
	}
	fmt.Fprintln(w, "nothing is wrong: no byte was changed, and nothing dropped, moved or dated back since it was signed")
	if elsewhere == 0 {
		fmt.Fprintln(w, "that it was not made anew as a whole, with the key, is shown only by a checkpoint from elsewhere (--elsewhere)")
	}
}

func (p *program) checkpointCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "checkpoint",
		Short: "Sign the log as it is, send that out, and say what stands elsewhere",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.withArchive(c.Context(), func(a app.Archive) error { return p.checkpoint(c.Context(), a) })
		},
	}
}

func (p *program) checkpoint(ctx context.Context, a app.Archive) error {
	defer p.wait("sending the checkpoint out")()
	publisher, err := a.Parts.Publisher(ctx, a.Records)
	if err != nil {
		return err
	}
	all, failed := publisher.Publish(ctx)
	newest, err := a.Records.Checkpoint(ctx)
	if err != nil {
		return err
	}
	told := struct {
		Origin     string        `json:"origin"`
		Size       int64         `json:"size"`
		Root       string        `json:"root"`
		At         time.Time     `json:"at"`
		Checkpoint string        `json:"checkpoint"`
		Elsewhere  []sink.Status `json:"elsewhere"`
	}{newest.Origin, newest.Size, newest.Root.String(), newest.At, string(newest.Text), all}
	if err := p.print(told, func(w io.Writer) { tellCheckpoint(w, newest, all) }); err != nil {
		return err
	}
	return failed
}

func tellCheckpoint(w io.Writer, newest audit.Signed, all []sink.Status) {
	fmt.Fprintf(w, "%s\nsigned %s, %d entries\n\n", newest.Text, utc(newest.At), newest.Size)
	if len(all) == 0 {
		fmt.Fprintln(w, "It goes nowhere else: who has the key and the database can make all of it anew (records.checkpoints).")
		return
	}
	table(w, "PLACE\tENTRIES\tSIGNED\tLAG\tSEEN THERE\tTROUBLE", func(row func(string, ...any)) {
		for _, s := range all {
			seen := "no"
			if s.Checked {
				seen = "yes"
			}
			lag := fmt.Sprint(s.Lag)
			if s.Lag > 0 {
				lag += ", " + s.Behind.Round(time.Second).String()
			}
			row("%s\t%d\t%s\t%s\t%s\t%s", s.Sink, s.Size, utc(s.At), lag, seen, orDash(strings.TrimPrefix(string(s.Code)+" "+s.Why, " ")))
		}
	})
}

// orderFlags are who wants something of the log, and why.
type orderFlags struct{ id, by, reason string }

func (p *program) registerOrder(c *cobra.Command, f *orderFlags, id string) {
	c.Flags().StringVar(&f.id, "id", "", id)
	c.Flags().StringVar(&f.by, "by", "", "who wants it; default is --actor. Kept for good")
	c.Flags().StringVar(&f.reason, "reason", "", "why. Kept for good: do not name the person")
}

// check fills in who, and refuses an order without a reason.
func (f *orderFlags) check(p *program, command string) error {
	if f.by == "" {
		f.by = p.actor
	}
	if f.reason == "" || f.by == "" {
		return usage("records %s: --reason says why, and --by who", command)
	}
	return nil
}

func (p *program) eraseCommand() *cobra.Command {
	var f orderFlags
	var person string
	var everything bool
	c := &cobra.Command{
		Use:   "erase --person KEY --reason TEXT [--by NAME] [--everything]",
		Short: "Erase what names a person, or with --everything all that was recorded of them",
		Long: `Erase what names a person, or with --everything all that was recorded of them.

The leaves stay, so every proof and checkpoint still holds, and the log tells
that it was erased, by whom and why. The bundles of the person's cases go too:
they name the person in the report and the histories. What a legal hold covers
stays, and so does what an open case needs.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if person == "" {
				return usage("records erase: --person is HR's key of the person")
			}
			if err := f.check(p, "erase"); err != nil {
				return err
			}
			if f.id == "" {
				f.id = "erase-" + time.Now().UTC().Format("20060102T150405.000Z")
			}
			return p.withArchive(c.Context(), func(a app.Archive) error {
				return p.erase(c.Context(), a, store.Erasure{ID: f.id, Person: person, Everything: everything, By: f.by, Reason: f.reason})
			})
		},
	}
	c.Flags().StringVar(&person, "person", "", "HR's `key` of the person")
	c.Flags().BoolVar(&everything, "everything", false, "erase all records of the person, not only their name and addresses")
	p.registerOrder(c, &f, "the `id` of the request; the same one again tells what it erased. Default is the time")
	return c
}

func (p *program) erase(ctx context.Context, a app.Archive, e store.Erasure) error {
	defer p.wait("erasing, and writing the database anew")()
	done, failed := a.Records.Erase(ctx, e)
	if failed != nil && len(done.Entries) == 0 {
		return failed
	}
	bundles, err := a.ForgetBundles(ctx)
	told := erasedTold{ID: e.ID, Retained: app.Retained{Erased: done, Bundles: bundles}}
	if err := errors.Join(failed, err, p.print(told, func(w io.Writer) { told.tell(w) })); err != nil {
		return err
	}
	return told.verdict()
}

// erasedTold is what was erased, and what was not.
type erasedTold struct {
	ID string `json:"id,omitempty"`
	app.Retained
}

func (t erasedTold) tell(w io.Writer) {
	fmt.Fprintf(w, "%d records erased; their leaves stay\n", len(t.Entries))
	for _, id := range t.Records {
		fmt.Fprintf(w, "the log tells of it: %s\n", id)
	}
	for _, b := range t.Bundles.Removed {
		fmt.Fprintf(w, "bundle removed: %s\n", b.Path)
	}
	for _, b := range t.Bundles.Held {
		fmt.Fprintf(w, "bundle kept by a legal hold: %s\n", b.Path)
	}
	for i, k := range t.Kept {
		if i == 20 {
			fmt.Fprintf(w, "kept: %d more\n", len(t.Kept)-i)
			break
		}
		fmt.Fprintf(w, "kept: %s (%s of %s): %s\n", k.ID, k.Kind, k.Case, k.Why)
	}
	if len(t.Entries) > 0 {
		fmt.Fprintln(w, "not here, and yours to see to: backups, bundles and reports that were given out, other machines' folders of bundles\n(their workers remove theirs within a day), the table of links (lastday link), and Temporal's histories (docs/evidence.md)")
	}
}

// verdict is an error if not all that was asked for was erased.
func (t erasedTold) verdict() error {
	if n := len(t.Kept); n > 0 {
		return lastday.Errorf(lastday.CodeProtected, "records", "%d records were kept: %s", n, t.Kept[0].Why)
	}
	if t.ID != "" && len(t.Entries) == 0 {
		return lastday.Errorf(lastday.CodeNotFound, "records", "nothing that could be erased is kept under this key (is it HR's key of the person?)")
	}
	return nil
}
