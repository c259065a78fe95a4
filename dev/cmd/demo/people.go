package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"lastday"
	"lastday/workflows"
)

// showChanges prints every change once: when its end was seen or answered for,
// or when the stage is over.
func (s *story) showChanges(st workflows.Status, over bool) {
	for _, l := range st.Lanes {
		for _, o := range l.Orders {
			settled := over || o.Receipt.Proof == lastday.ProofObserved || o.Receipt.Proof == lastday.ProofAttested || o.Receipt.Proof == lastday.ProofWaived
			if o.Receipt.Change == "" || !settled || s.told[o.Change.ID] {
				continue
			}
			s.told[o.Change.ID] = true
			fmt.Printf("  %-16s %-24s %-26s %-10s → %-8s %-8s proof: %s\n", l.System, o.Change.Grant.Kind, clip(o.Change.Grant.Resource.Name, 26),
				o.Change.From, o.Change.To, o.Receipt.Outcome, o.Receipt.Proof)
		}
	}
}

// mostAnswers is how often one task may come back: more is a story that runs in
// a circle.
const mostAnswers = 3

// answerTasks does what people would: the work, where there is some, and the
// lastday command for each open task.
func (s *story) answerTasks(ctx context.Context, st workflows.Status) error {
	for _, t := range st.Tasks {
		if t.Closed != nil || !needsHands(t) {
			continue
		}
		if s.asked[t.ID]++; s.asked[t.ID] > mostAnswers {
			return fmt.Errorf("%s: %s: answered %d times, and open again: %s", t.System, t.What, mostAnswers, t.Why)
		}
		if err := s.answerTask(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

func (s *story) answerTask(ctx context.Context, t workflows.Task) error {
	did, how, err := s.work(ctx, t)
	if err != nil {
		return err
	}
	fmt.Printf("  a person is needed   %s\n      why: %s\n", clip(t.System+": "+t.What, 96), clip(t.Why, 108))
	if did != "" {
		fmt.Printf("      done: %s\n", clip(did, 108))
	}
	args := append([]string{"resolve", s.caseID, "--task", t.ID, "--actor", "ann@northwind.example"}, how...)
	fmt.Printf("      $ lastday resolve %s --task %s --actor ann %s\n", s.caseID, t.ID, quoted(how))
	out, err := s.in.command(ctx, args...)
	if err != nil && strings.Contains(out, "no open task") {
		fmt.Println("      it was read again meanwhile, and the task has closed itself")
		return nil
	}
	if err != nil {
		return fmt.Errorf("resolve: %w: %s", err, out)
	}
	return nil
}

// work is what a person does about a task, in words, and how they answer it then.
func (s *story) work(ctx context.Context, t workflows.Task) (did string, how []string, err error) {
	c := s.in.company
	switch {
	case t.System == c.Register.System():
		did, err = c.Register.Settle(t.What, time.Now())
		return did, []string{"--how", "retry", "--reason", "the register says so now"}, err
	case c.Database != nil && t.System == c.Database.System() && strings.HasPrefix(t.What, "ownership"):
		return "the database's administrator hands the table to data_platform", []string{"--how", "retry", "--reason", "handed over"}, c.Database.HandOver(ctx)
	case t.Kind == workflows.TaskAsked:
		return "", []string{"--how", "attest", "--reason", "collected", "--evidence", "return slip 4711"}, nil
	}
	return "", []string{"--how", "waive", "--reason", reasonFor(t.What + " " + t.Why)}, nil
}

// reasonFor is the ticket in which a thing that no interface takes is dealt with.
func reasonFor(text string) string {
	for _, r := range [][2]string{
		{"secret", "rotated, ticket OPS-118"},
		{"hook", "handed to the support team, ticket OPS-119"},
		{"tickets; ", "handed to the support team, ticket OPS-119"},
		{"runner", "taken off the network, ticket OPS-120"},
		{"CODEOWNERS", "successor named in pull request 88"},
		{"identity provider", "taken out of the application there, ticket OPS-121"},
		{"Kerberos", "workstation locked, ticket OPS-122"},
		{"connection", "workstation locked, ticket OPS-122"},
	} {
		if strings.Contains(text, r[0]) {
			return r[1]
		}
	}
	return "looked through, ticket OPS-123"
}

func quoted(args []string) string {
	var out []string
	for _, a := range args {
		if strings.Contains(a, " ") {
			a = `"` + a + `"`
		}
		out = append(out, a)
	}
	return strings.Join(out, " ")
}
