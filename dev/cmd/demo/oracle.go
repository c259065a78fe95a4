package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"lastday"
	"lastday/integrations/github/githubtest"
	"lastday/workflows"
)

// check asks the sandbox itself, not through any driver: has the leaver any
// way in, has anybody else lost or gained anything, was anything written twice?
func (s *story) check(ctx context.Context) error {
	heading("The independent check: the sandbox's own state")
	st, err := s.in.cases.Status(ctx, s.caseID)
	if err != nil {
		return err
	}
	made, err := s.in.cases.Plan(ctx, s.caseID)
	if err != nil {
		return err
	}
	books, err := s.checkBooks(ctx)
	if err != nil {
		return err
	}
	if bad := s.checkLeaver(st, made) + s.checkOthers() + s.checkWrites() + books + s.checkDoors(ctx); bad > 0 {
		return fmt.Errorf("%d independent checks failed", bad)
	}
	return nil
}

// noAccess are the kinds of things that the sandbox still connects with the
// leaver and that open nothing: GitHub does not tell whose they are, or keeps
// them until the end of a term. Each must be named in the case, by the word
// beside it, so that a person has seen to it.
func noAccess() map[string]string {
	return map[string]string{
		"Copilot seat": "copilot", "webhook": "webhook", "self-hosted runner": "runner", "code owner": "CODEOWNERS", "SCIM identity": "identity",
	}
}

func (s *story) checkLeaver(st workflows.Status, made lastday.Plan) int {
	named := tellNamed(st, made)
	ways, rest := 0, 0
	for _, e := range s.in.company.GitHub.Access(s.in.company.Seeded.Leaver.ID()) {
		word, known := noAccess()[e.Kind]
		if known && strings.Contains(named, strings.ToLower(word)) {
			rest++
			fmt.Printf("       named for a person: %s\n", e)
			continue
		}
		ways++
		fmt.Printf("       still there: %s\n", e)
	}
	return report(ways == 0, fmt.Sprintf("the leaver has no way in; %d things that open nothing were named for people", rest), fmt.Sprintf("the leaver still has %d ways in", ways))
}

// tellNamed is all that the case said for people, in lower case.
func tellNamed(st workflows.Status, made lastday.Plan) string {
	var b strings.Builder
	for _, r := range made.Residue {
		fmt.Fprintln(&b, r.Kind, r.What, r.Why)
	}
	for _, t := range st.Tasks {
		fmt.Fprintln(&b, t.What, t.Why)
	}
	for _, l := range st.Lanes {
		for _, o := range l.Orders {
			fmt.Fprintln(&b, o.Change.Grant.Kind, o.Receipt.Note)
		}
	}
	return strings.ToLower(b.String())
}

// checkOthers allows one thing alone: invitations that the leaver had sent are
// withdrawn, by us or by GitHub itself.
func (s *story) checkOthers() int {
	touched, withdrawn := 0, 0
	for _, d := range s.before.Bystanders(s.in.company.GitHub.Snapshot(), s.in.company.Seeded.Leaver.ID()) {
		lost := withoutInvitations(d.Lost)
		withdrawn += len(d.Lost) - len(lost)
		if len(lost)+len(d.Gained) > 0 {
			touched++
			fmt.Printf("       account %d lost %v, gained %v\n", d.User, lost, d.Gained)
		}
	}
	return report(touched == 0, fmt.Sprintf("%d other people lost and gained nothing (%d invitations that the leaver had sent were withdrawn)", len(s.before)-1, withdrawn),
		fmt.Sprintf("%d other people were touched", touched))
}

func withoutInvitations(lost []githubtest.Entry) []githubtest.Entry {
	var rest []githubtest.Entry
	for _, e := range lost {
		if !strings.Contains(e.Kind, "invitation") {
			rest = append(rest, e)
		}
	}
	return rest
}

func (s *story) checkWrites() int {
	twice, writes := 0, 0
	seen := map[string]bool{}
	for _, call := range s.in.company.GitHub.Writes() {
		if strings.HasSuffix(call.Route, "/access_tokens") {
			continue // A credential of our own.
		}
		writes++
		key := call.Method + " " + call.Path + " " + call.Body
		if call.Status < http.StatusBadRequest && seen[key] {
			twice++
			fmt.Printf("       written twice: %s\n", call.Route)
		}
		seen[key] = true
	}
	return report(twice == 0, fmt.Sprintf("%d writes, none of them twice, although the worker was killed", writes), fmt.Sprintf("%d writes were made twice", twice))
}

func report(ok bool, good, wrong string) int {
	if ok {
		fmt.Println("  ok   " + good)
		return 0
	}
	fmt.Println("  FAIL " + wrong)
	return 1
}
