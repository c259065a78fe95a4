package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"lastday"
	"lastday/internal/app"
)

// checked is what a probe of one system said.
type checked struct {
	System string         `json:"system"`
	Kind   string         `json:"kind"`
	Health lastday.Health `json:"health,omitzero"`
	Code   lastday.Code   `json:"code,omitempty"`
	Error  string         `json:"error,omitempty"`
}

func (p *program) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Check the configuration and probe every system; changes nothing",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
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
		for _, m := range c.Health.Missing {
			fmt.Fprintf(w, "\n%s cannot see %s: %s\n  to mend it: %s\n", c.System, m.What, m.Why, orDash(m.Fix))
		}
	}
}

// verdict makes it an error if something is not as it should be.
func verdict(all []checked) error {
	var bad []string
	for _, c := range all {
		if c.Error != "" || len(c.Health.Missing) > 0 {
			bad = append(bad, c.System)
		}
	}
	if len(bad) == 0 {
		return nil
	}
	return lastday.Errorf(lastday.CodeDenied, "check", "not in order: %s", strings.Join(bad, ", "))
}
