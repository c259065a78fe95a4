package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"lastday"
	"lastday/internal/app"
	"lastday/workflows"
)

// answerWithin is how long a command waits for the case's answer.
const answerWithin = 15 * time.Second

// order is a command that sends a message to a case.
type order struct {
	use, short, signal string
	needsReason        bool
	flags              func(c *cobra.Command)
	// message makes the message; it may ask the case first.
	message func(ctx context.Context, cases *workflows.Client, caseID string, m workflows.Message) (any, error)
}

func (p *program) messageCommands() []*cobra.Command {
	var all []*cobra.Command
	for _, o := range []order{
		p.approveOrder(), p.rescheduleOrder(), p.resolveOrder(),
		{
			use: "hold CASE", short: "Let a case change nothing until it is released", signal: workflows.SignalHold, needsReason: true,
			message: plain(func(m workflows.Message) any { return workflows.HoldMessage{Message: m} }),
		},
		{
			use: "release CASE", short: "End a hold", signal: workflows.SignalRelease,
			message: plain(func(m workflows.Message) any { return workflows.ReleaseMessage{Message: m} }),
		},
		{
			use: "rescind CASE", short: "Say that the engagement goes on: give back what was taken", signal: workflows.SignalRescind, needsReason: true,
			message: plain(func(m workflows.Message) any { return workflows.RescindMessage{Message: m} }),
		},
		{
			use: "cut CASE", short: "Cut everything now", signal: workflows.SignalCutNow, needsReason: true,
			message: plain(func(m workflows.Message) any { return workflows.CutNowMessage{Message: m} }),
		},
	} {
		all = append(all, p.orderCommand(o))
	}
	return all
}

func plain(make func(workflows.Message) any) func(context.Context, *workflows.Client, string, workflows.Message) (any, error) {
	return func(_ context.Context, _ *workflows.Client, _ string, m workflows.Message) (any, error) {
		return make(m), nil
	}
}

func (p *program) orderCommand(o order) *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use: o.use, Short: o.short,
		Args: oneCase,
		RunE: func(c *cobra.Command, args []string) error {
			if o.needsReason && reason == "" {
				return usage("say why: --reason TEXT; it stands in the record")
			}
			m := workflows.Message{ID: "m-" + rand.Text(), Actor: p.actor, Reason: reason}
			return p.withCases(c.Context(), func(_ *app.Parts, cases *workflows.Client) error {
				return p.send(c.Context(), cases, args[0], o, m)
			})
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "why, for the record")
	if o.flags != nil {
		o.flags(c)
	}
	return c
}

func oneCase(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage("name the case, such as c-2pvd7yqf3k5mzx4a")
	}
	return nil
}

func (p *program) send(ctx context.Context, cases *workflows.Client, caseID string, o order, m workflows.Message) error {
	message, err := o.message(ctx, cases, caseID, m)
	if err != nil {
		return err
	}
	waiting, cancel := context.WithTimeoutCause(ctx, answerWithin, fmt.Errorf("no answer within %s: does a worker run?", answerWithin))
	defer cancel()
	answer, err := cases.Send(waiting, caseID, o.signal, m.ID, message)
	if err != nil {
		return err
	}
	if answer.Refused != "" {
		return lastday.Errorf(lastday.CodeProtected, answer.What, "the case refused: %s", answer.Refused)
	}
	return p.print(answer, func(w io.Writer) {
		fmt.Fprintf(w, "%s  %s\n", caseID, answer.What)
		p.sayWhatItWaitsFor(ctx, w, cases, caseID)
	})
}

// sayWhatItWaitsFor keeps an answer from being taken for more than it is: an
// order that was heard may still wait for others.
func (p *program) sayWhatItWaitsFor(ctx context.Context, w io.Writer, cases *workflows.Client, caseID string) {
	st, err := cases.Status(ctx, caseID)
	if err != nil {
		return
	}
	if st.WaitsFor != "" {
		fmt.Fprintf(w, "  nothing is changed yet: it waits for %s\n", st.WaitsFor)
	}
	if st.News != nil {
		fmt.Fprintf(w, "  not followed yet: %s\n", cmp.Or(st.News.Why, "HR is being asked"))
	}
}

func (p *program) approveOrder() order {
	var digest, task string
	return order{
		use: "approve CASE", short: "Consent to the plan in force, to news, or to another's answer to a task", signal: workflows.SignalApprove,
		flags: func(c *cobra.Command) {
			c.Flags().StringVar(&digest, "digest", "", "the `digest` that you looked at (`lastday status CASE` shows it)")
			c.Flags().StringVar(&task, "task", "", "the `id` of a task that somebody else waived or attested: the record then shows two people")
		},
		message: func(ctx context.Context, cases *workflows.Client, caseID string, m workflows.Message) (any, error) {
			if task != "" && digest == "" {
				return workflows.ApproveMessage{Message: m, Digest: task}, nil
			}
			if digest == "" {
				st, err := cases.Status(ctx, caseID)
				if err != nil {
					return nil, err
				}
				return nil, usage("say what you approve: --digest %s for the plan%s", st.PlanDigest, newsDigest(st))
			}
			return workflows.ApproveMessage{Message: m, Digest: digest}, nil
		},
	}
}

func newsDigest(st workflows.Status) string {
	if st.News == nil {
		return ""
	}
	return ", or " + st.News.ID + " for the news"
}

func (p *program) rescheduleOrder() order {
	var who person
	return order{
		use: "reschedule CASE --last-day DATE", short: "Move the last day; a later one is checked with HR first", signal: workflows.SignalReschedule, needsReason: true,
		flags: func(c *cobra.Command) {
			c.Flags().StringVar(&who.lastDay, "last-day", "", "the new last `day`: YYYY-MM-DD")
			c.Flags().StringVar(&who.cutoff, "cutoff", "", "time of day: HH:MM")
			c.Flags().StringVar(&who.zone, "zone", "", "IANA `zone`")
		},
		message: func(_ context.Context, _ *workflows.Client, _ string, m workflows.Message) (any, error) {
			if who.lastDay == "" {
				return nil, usage("say when: --last-day YYYY-MM-DD")
			}
			var s lastday.Separation
			if err := who.dates(&s); err != nil {
				return nil, err
			}
			return workflows.RescheduleMessage{Message: m, LastDay: s.LastDay, Cutoff: s.Cutoff, Zone: who.zone}, nil
		},
	}
}

func (p *program) resolveOrder() order {
	var r workflows.ResolveMessage
	var file string
	return order{
		use: "resolve CASE --task ID --how HOW", short: "Answer a task: retry, waive, attest or link", signal: workflows.SignalResolve,
		flags: func(c *cobra.Command) {
			c.Flags().StringVar(&r.Task, "task", "", "the task's `id` (`lastday status CASE` lists them)")
			c.Flags().StringVar(&r.How, "how", "", "retry (try again), waive (go on without, with a reason), attest (it was done by hand, with evidence), link (this is the account)")
			c.Flags().StringVar(&r.Evidence, "evidence", "", "what an attestation rests on, such as a ticket")
			c.Flags().StringVar(&file, "evidence-file", "", "a `file` that it rests on: name, size and SHA-256 are recorded, the file stays where it is")
			c.Flags().StringVar(&r.Account, "account", "", "for link: the account's immutable `id`")
		},
		message: func(_ context.Context, _ *workflows.Client, _ string, m workflows.Message) (any, error) {
			if r.Task == "" || r.How == "" {
				return nil, usage("say what and how: --task ID --how retry|waive|attest|link")
			}
			var err error
			r.Message = m
			r.Evidence, err = evidenceOf(r.Evidence, file)
			return r, err
		},
	}
}
