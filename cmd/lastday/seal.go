package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

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
	return &cobra.Command{
		Use:   "seal CASE",
		Short: "Make the bundle of a case now: records, proofs, histories, report",
		Long: `Make the bundle of a case now: records, proofs, histories, report.

Workers make one by themselves after the cut, after each watch and when the case
closes. This command needs the store of the records, so run it where it is.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.withRecords(c.Context(), func(s app.Sealer) error {
				made, err := s.Seal(c.Context(), activities.SealInput{Case: args[0], Cause: "by hand"})
				if err != nil {
					return err
				}
				path := filepath.Join(s.Parts.Config.Path(s.Parts.Config.Records.Bundles), made.Bundle)
				return p.print(made, func(w io.Writer) {
					fmt.Fprintf(w, "%s: %d records, %d runs, %d bytes\ncheck it: lastday verify --key %s %s\n", path, made.Records, made.Runs, made.Bytes, "LOG.pub", path)
				})
			})
		},
	}
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
