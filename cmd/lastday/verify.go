package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"lastday"
	"lastday/audit"
	"lastday/audit/bundle"
	"lastday/internal/replay"
)

// verifyCommand checks a bundle with nothing but a public key: no
// configuration, no network.
func (p *program) verifyCommand() *cobra.Command {
	var key, elsewhere string
	var within audit.Tolerance
	c := &cobra.Command{
		Use:   "verify BUNDLE.zip",
		Short: "Check the sealed bundle of a case offline, with the log's public key",
		Long: `Check the sealed bundle of a case offline, with the log's public key.

It shows that no byte of the bundle was changed, that no record of the case was
dropped, moved or dated back, and, by replaying the histories with this
program's workflows, that the case decided what it says it decided. Whether
access was really gone is shown by the readings in the records.

Take the key from somewhere else than the bundle came from.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if key == "" {
				return usage("verify: --key names the file with the log's public key: without it nothing can be trusted")
			}
			v, err := verifyBundle(c, args[0], key, elsewhere, within)
			if err != nil {
				return err
			}
			return p.verdict(v)
		},
	}
	c.Flags().StringVar(&key, "key", "", "the `file` with the public key of the log, one or more lines")
	c.Flags().StringVar(&elsewhere, "elsewhere", "", "a `file` with a checkpoint that was kept out of the operator's reach")
	tolerances(c, &within)
	return c
}

func verifyBundle(c *cobra.Command, path, key, elsewhere string, within audit.Tolerance) (bundle.Verdict, error) {
	keyText, err := readInput(path, key)
	if err != nil {
		return bundle.Verdict{}, err
	}
	keys, err := audit.ParseKeys(string(keyText))
	if err != nil {
		return bundle.Verdict{}, err
	}
	o := bundle.Options{Keys: keys, Histories: replay.Check, Tolerance: within}
	if elsewhere != "" {
		if o.Elsewhere, err = readInput(path, elsewhere); err != nil {
			return bundle.Verdict{}, err
		}
	}
	data, err := readAtMost(path, path, mostBundle)
	if err != nil {
		return bundle.Verdict{}, err
	}
	return bundle.Verify(c.Context(), data, o)
}

// The most bytes of what is read: of a key or a checkpoint, and of a bundle.
const (
	mostInput  = 1 << 20
	mostBundle = 1 << 30
)

// readInput reads a small file that a check rests on.
func readInput(of, path string) ([]byte, error) { return readAtMost(of, path, mostInput) }

// readAtMost reads a file, unless it is larger than what it should be can be.
func readAtMost(of, path string, most int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInvalid, "verify "+of, "open", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInvalid, "verify "+of, "look at the file", err)
	}
	if info.Size() > most {
		return nil, lastday.Errorf(lastday.CodeInvalid, "verify "+of, "%s has %d bytes, at most %d are read", path, info.Size(), most)
	}
	text, err := io.ReadAll(io.LimitReader(file, most))
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInvalid, "verify "+of, "read", err)
	}
	return text, nil
}

// verdict tells what was found; a bundle that is not clean is an error.
func (p *program) verdict(v bundle.Verdict) error {
	told := struct {
		bundle.Verdict
		Clean    bool     `json:"clean"`
		Evidence evidence `json:"evidence"`
	}{v, v.Clean(), weigh(v.Records)}
	if err := p.print(told, func(w io.Writer) { tellVerdict(w, v) }); err != nil {
		return err
	}
	if !v.Clean() {
		return lastday.Errorf(lastday.CodeInvalid, "verify", "this bundle is not what was sealed, or was never sealed: do not rely on it")
	}
	return nil
}

func tellVerdict(w io.Writer, v bundle.Verdict) {
	for _, c := range v.Checks {
		mark := "ok   "
		if !c.OK() {
			mark = "WRONG"
		}
		fmt.Fprintf(w, "%s  %s\n", mark, c.What)
		for i, f := range c.Found {
			if i == 20 {
				fmt.Fprintf(w, "         and %d more\n", len(c.Found)-i)
				break
			}
			fmt.Fprintf(w, "         %s\n", printable(f.String()))
		}
	}
	if !v.Clean() {
		return
	}
	e := weigh(v.Records)
	state := "the case was still open"
	if v.Sealed.Final {
		state = "the case was closed"
	}
	fmt.Fprintf(w, "\nCase %s: %d records (%d erased), sealed %s; %s.\n", v.Case, v.Sealed.Last, v.Erased, v.Signed.UTC().Format(time.RFC3339), state)
	fmt.Fprintf(w, "Decisions: replayed with this program (%s sealed it), they come out the same.\n", v.Sealed.Tool)
	fmt.Fprintf(w, "Effects:   of %d changes %d were read back gone, %d read back lowered, %d rest on the far side's word, %d on a person's, %d were waived; %d have none of these.\n",
		e.Changes, e.Gone, e.Lowered, e.Acknowledged, e.Attested, e.Waived, e.Unproved)
	if e.Returned > 0 {
		fmt.Fprintf(w, "           %d %s ordered back later: what the person has again stands in the report.\n", e.Returned, were(e.Returned))
	}
	fmt.Fprintf(w, "Compare with a checkpoint kept elsewhere: %d entries, root %s.\n", v.Size, v.Root)
}

// evidence counts how well the changes of a case are shown, each by its last
// record. What was given back is counted for itself: it is not gone.
type evidence struct {
	Changes int `json:"changes"`
	// Gone and Lowered were read back as it was ordered, with a positive control.
	Gone         int `json:"gone"`
	Lowered      int `json:"lowered"`
	Acknowledged int `json:"acknowledged"`
	Attested     int `json:"attested"`
	Waived       int `json:"waived"`
	// Unproved are those that nothing shows, and those that were seen to be otherwise.
	Unproved int `json:"unproved"`
	// Returned were ordered to be given back.
	Returned int `json:"returned"`
}

func weigh(records []lastday.Record) evidence {
	last, returned := map[string]lastday.ChangeFact{}, map[string]bool{}
	for _, r := range records {
		switch {
		case r.Reading != nil:
			doubt(last, r.System, *r.Reading)
		case r.Change == nil:
		case r.Change.Restore:
			returned[r.Change.ID] = true
		default:
			last[r.Change.ID] = *r.Change
		}
	}
	e := evidence{Changes: len(last), Returned: len(returned)}
	for _, change := range last {
		e.count(change)
	}
	return e
}

// doubt takes back that an access is gone which a later reading shows again: it
// came back, or was given back.
func doubt(last map[string]lastday.ChangeFact, system string, seen lastday.ReadingFact) {
	for _, g := range seen.Grants {
		for id, change := range last {
			same := change.Account.System == system && change.Account.ID == seen.Account.ID && change.Grant == g.Key
			if same && change.Proof == lastday.ProofObserved && change.After == lastday.None && g.Level > lastday.LevelNone {
				change.Proof, change.After = lastday.ProofNone, g.Rung
				last[id] = change
			}
		}
	}
}

func (e *evidence) count(c lastday.ChangeFact) {
	switch {
	case c.Proof == lastday.ProofObserved && c.After == lastday.None:
		e.Gone++
	case c.Proof == lastday.ProofObserved && (c.After == c.To || c.Outcome == lastday.OutcomeAlready):
		e.Lowered++
	case c.Proof == lastday.ProofAcknowledged:
		e.Acknowledged++
	case c.Proof == lastday.ProofAttested:
		e.Attested++
	case c.Proof == lastday.ProofWaived:
		e.Waived++
	default:
		e.Unproved++
	}
}

// were is the verb for so many.
func were(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// replayCommand replays a case and tells its story.
func (p *program) replayCommand() *cobra.Command {
	var zone string
	c := &cobra.Command{
		Use:   "replay CASE | HISTORY.json...",
		Short: "Replay the histories of a case with this program and tell its story",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			where, err := time.LoadLocation(zone)
			if err != nil {
				return usage("replay: --zone: %q is no time zone", zone)
			}
			runs, err := p.runs(c, args)
			if err != nil {
				return err
			}
			return p.replay(runs, where)
		},
	}
	c.Flags().StringVar(&zone, "zone", "Local", "the `zone` in which times are told, such as Europe/Berlin")
	return c
}

// runs reads histories from files, or fetches those of a case.
func (p *program) runs(c *cobra.Command, args []string) ([]replay.Run, error) {
	if _, err := os.Stat(args[0]); err != nil && len(args) == 1 {
		return p.fetch(c.Context(), args[0])
	}
	var runs []replay.Run
	for _, path := range args {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, lastday.Wrap(lastday.CodeInvalid, "replay", "read", err)
		}
		r, err := replay.Read(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		runs = append(runs, r)
	}
	return runs, nil
}

func (p *program) replay(runs []replay.Run, zone *time.Location) error {
	lines := replay.Story(runs)
	for _, r := range runs {
		if err := r.Replay(); err != nil {
			return err
		}
	}
	if p.json {
		encoder := json.NewEncoder(p.out)
		for _, l := range lines {
			if err := encoder.Encode(l); err != nil {
				return lastday.Wrap(lastday.CodeTransient, "replay", "write", err)
			}
		}
		return nil
	}
	replay.Print(p.out, lines, zone)
	fmt.Fprintf(p.out, "\nReplayed %d runs: this program decides the same.\n", len(runs))
	return nil
}
