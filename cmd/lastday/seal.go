package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"lastday"
	"lastday/activities"
	"lastday/internal/app"
	"lastday/internal/replay"
	"lastday/workflows"
)

// fetch reads the histories of a case from Temporal.
func (p *program) fetch(ctx context.Context, caseID string) ([]replay.Run, error) {
	parts, c, err := p.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	ring, err := parts.Ring(ctx)
	if err != nil {
		return nil, err
	}
	runs, _, err := replay.Fetch(ctx, c, ring, workflows.CaseWorkflowID(caseID))
	return runs, err
}

// sealCommand makes the bundle of a case by hand.
func (p *program) sealCommand() *cobra.Command {
	var missing bool
	c := &cobra.Command{
		Use:   "seal (CASE | --missing)",
		Short: "Make the bundle of a case now: records, proofs, histories, report",
		Long: `Make the bundle of a case now: records, proofs, histories, report.

Workers make one by themselves after the cut, after each watch and when the case
closes. --missing asks Temporal for all closed cases, and makes the last bundle
of each that has none. This command needs the store of the records and the
folder of bundles, so run it where they are.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if missing == (len(args) == 1) {
				return usage("seal: name a case, or say --missing")
			}
			return p.withRecords(c.Context(), func(s app.Sealer) error {
				if missing {
					return p.sealMissing(c.Context(), s)
				}
				return p.seal(c.Context(), s, args[0])
			})
		},
	}
	c.Flags().BoolVar(&missing, "missing", false, "make the last bundle of each closed case that has none")
	return c
}

func (p *program) seal(ctx context.Context, s app.Sealer, id string) error {
	made, err := s.Seal(ctx, activities.SealInput{Case: id, Cause: "by hand"})
	if err != nil {
		return err
	}
	path := filepath.Join(s.Parts.Config.Path(s.Parts.Config.Records.Bundles), made.Bundle)
	return p.print(made, func(w io.Writer) {
		fmt.Fprintf(w, "%s: %d records, %d runs, %d bytes\ncheck it: lastday verify --key %s %s\n", path, made.Records, made.Runs, made.Bytes, "LOG.pub", path)
	})
}

// sealMissing makes the bundles that were lost; one that cannot be made stops no
// other.
func (p *program) sealMissing(ctx context.Context, s app.Sealer) error {
	all, err := s.SealMissing(ctx, p.progress)
	if err != nil {
		return err
	}
	var failed []string
	made := 0
	for _, u := range all {
		switch {
		case u.Bundle != "":
			made++
		case !u.Erased:
			failed = append(failed, u.Case)
		}
	}
	err = p.print(append([]app.Unsealed{}, all...), func(w io.Writer) {
		table(w, "CASE\tBUNDLE", func(row func(string, ...any)) {
			for _, u := range all {
				row("%s\t%s%s", u.Case, u.Bundle, u.Why)
			}
		})
		fmt.Fprintf(w, "%d bundles were missing and are made\n", made)
	})
	if err == nil && len(failed) > 0 {
		return lastday.Errorf(lastday.CodeTransient, "seal", "%d closed cases still have no bundle: %s", len(failed), few(failed, 10))
	}
	return err
}

// withRecords runs do with the store of the records and a connection to Temporal.
func (p *program) withRecords(ctx context.Context, do func(app.Sealer) error) error {
	parts, c, err := p.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	records, err := parts.OpenRecords(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = records.Close() }() // What was appended is on the disk already.
	return do(app.Sealer{Parts: parts, Temporal: c, Records: records, By: p.actor})
}
