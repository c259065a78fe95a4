package main

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/spf13/cobra"

	"lastday"
	"lastday/integrations"
	"lastday/internal/app"
)

// checked is what a probe of one system said.
type checked struct {
	System string         `json:"system"`
	Kind   string         `json:"kind"`
	Health lastday.Health `json:"health,omitzero"`
	Code   lastday.Code   `json:"code,omitempty"`
	Error  string         `json:"error,omitempty"`
	// Examples are those that the system's description carries.
	Examples []integrations.Example `json:"examples,omitempty"`
}

func (p *program) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check [DESCRIPTION...]",
		Short: "Check the configuration, probe every system and run the examples of descriptions; changes nothing",
		Long: "Check the configuration, probe every system and run the examples that descriptions carry. Nothing is changed.\n" +
			"With files of descriptions only their examples are run: without a configuration, a secret or a far side.",
		RunE: func(c *cobra.Command, files []string) error {
			if len(files) > 0 {
				return p.checkDescriptions(c.Context(), files)
			}
			parts, err := p.open(c.Context())
			if err != nil {
				return err
			}
			all := probeAll(c.Context(), parts, p.progress)
			if err := p.print(all, func(w io.Writer) { writeChecked(w, parts, all) }); err != nil {
				return err
			}
			return verdict(all)
		},
	}
}

func probeAll(ctx context.Context, parts *app.Parts, progress func(system, what string)) []checked {
	all := make([]checked, len(parts.Systems))
	var wg sync.WaitGroup
	for i, s := range parts.Systems {
		wg.Go(func() {
			progress(s.Name, "asking")
			all[i] = checked{System: s.Name, Kind: s.Kind.Description().Name}
			health, err := s.Surveyor().Probe(ctx)
			all[i].Health = health
			all[i].Examples = examplesOf(ctx, s.Driver)
			if err != nil {
				all[i].Code, all[i].Error = lastday.CodeOf(err), err.Error()
			}
		})
	}
	wg.Wait()
	return all
}

func writeChecked(w io.Writer, parts *app.Parts, all []checked) {
	fmt.Fprintf(w, "configuration: %d policies, %d systems, %d HR sources; gate %d leavers per day, %d owners left at least\n\n",
		len(parts.Policies), len(parts.Systems), len(parts.Sources), parts.Config.Gate.PerDay, parts.Config.MinOwners)
	table(w, "SYSTEM\tKIND\tANSWERS\tAS\tQUOTA LEFT\tMISSING", func(row func(string, ...any)) {
		for _, c := range all {
			answers, quota := "yes", "-"
			if c.Error != "" {
				answers = "no: " + string(c.Code)
			}
			if c.Health.QuotaLeft > 0 {
				quota = fmt.Sprint(c.Health.QuotaLeft)
			}
			row("%s\t%s\t%s\t%s\t%s\t%d", c.System, c.Kind, answers, orDash(c.Health.Identity), quota, len(c.Health.Missing))
		}
	})
	for _, c := range all {
		if c.Error != "" {
			fmt.Fprintf(w, "\n%s: %s\n", c.System, c.Error)
		}
		if len(c.Examples) > 0 {
			fmt.Fprintf(w, "\nexamples of %s:\n", c.System)
			writeExamples(w, c.Examples)
		}
		for _, m := range c.Health.Missing {
			fmt.Fprintf(w, "\n%s cannot see %s: %s\n  to mend it: %s\n", c.System, m.What, m.Why, orDash(m.Fix))
		}
	}
}

// verdict makes it an error if something is not as it should be.
func verdict(all []checked) error {
	var bad []string
	for _, c := range all {
		if c.Error != "" || len(c.Health.Missing) > 0 || failed(c.Examples) {
			bad = append(bad, c.System)
		}
	}
	return notInOrder(bad)
}
