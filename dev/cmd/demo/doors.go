package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"lastday/dev/sandbox"
)

// tryBefore lets the leaver try every door while they still may, and writes
// down what everybody else has.
func (s *story) tryBefore(ctx context.Context) error {
	heading("Before: the leaver tries every door")
	for _, a := range s.in.company.Try(ctx) {
		tellAttempt(a)
		if !a.In {
			return fmt.Errorf("%s: it must work before it can be taken: %s", a.What, a.Says)
		}
	}
	s.others = map[string]map[string]string{}
	for _, books := range s.in.company.Books() {
		others, err := books.Others(ctx)
		if err != nil {
			return err
		}
		s.others[books.System()] = others
	}
	return nil
}

func tellAttempt(a sandbox.Attempt) {
	mark := "refused"
	if a.In {
		mark = "works"
	}
	fmt.Printf("  %-8s %-44s %s\n", mark, a.What, clip(a.Says, 64))
}

// button is 2 November 2017 again: the permission went days ago, the session
// in which the work is handed over did not.
func (s *story) button(context.Context) error {
	heading("Meanwhile, in a session that is still open: the button")
	status, open := s.in.company.Console.PressButton(), s.in.company.Console.SessionOpen()
	fmt.Printf("  the leaver presses it      deactivate a customer's account: %d %s; the session for the handover goes on: %v\n", status, http.StatusText(status), open)
	if status != http.StatusForbidden || !open {
		return fmt.Errorf("after the notice the button answers %d, session open: %v", status, open)
	}
	return nil
}

// checkDoors tries again: with the passwords that worked, and in the session
// that was open.
func (s *story) checkDoors(ctx context.Context) int {
	in := 0
	for _, a := range s.in.company.Try(ctx) {
		tellAttempt(a)
		if a.In {
			in++
		}
	}
	return report(in == 0, "every door that worked before refuses the leaver now", fmt.Sprintf("%d doors still open", in))
}

// checkBooks reads what the other far sides know themselves.
func (s *story) checkBooks(ctx context.Context) (bad int, err error) {
	for _, books := range s.in.company.Books() {
		wrong, err := s.checkOne(ctx, books)
		if err != nil {
			return bad, fmt.Errorf("the books of %s: %w", books.System(), err)
		}
		bad += wrong
	}
	return bad, nil
}

func (s *story) checkOne(ctx context.Context, books sandbox.Books) (bad int, err error) {
	ways, err := books.Ways(ctx)
	if err != nil {
		return 0, err
	}
	others, err := books.Others(ctx)
	if err != nil {
		return 0, err
	}
	writes, err := books.Writes(ctx)
	if err != nil {
		return 0, err
	}
	touched, twice := sandbox.Touched(s.others[books.System()], others), sandbox.Twice(writes)
	for what, found := range map[string][]string{"still there": ways, "touched": touched, "written twice": twice} {
		for _, f := range found {
			bad = 1
			fmt.Printf("       %s: %s: %s\n", books.System(), what, f)
		}
	}
	good := fmt.Sprintf("%s: no way in; %d others as they were; %d writes, none twice", books.System(), len(others), len(writes))
	if len(others) == 0 {
		good = books.System() + ": all that the leaver knew or owned was changed or taken over"
	}
	return report(bad == 0, good,
		books.System()+" is not as it must be"), nil
}

// linkAdmin says whose the account for administration is, as the directory's
// administrators do: no employee number stands on it.
func (in *installation) linkAdmin(ctx context.Context) error {
	c := in.company
	args := []string{
		"link", "add", "--person", c.Leaver.Key, "--system", c.Directory.System(), "--id", c.Directory.AdminAccount(), "--login", "adm-freya",
		"--role", "admin", "--evidence", "ticket OPS-97", "--reason", "account for administration", "--actor", "olga@northwind.example",
	}
	fmt.Printf("  $ lastday %s\n", strings.Join(args[:8], " ")+" ...")
	out, err := in.command(ctx, args...)
	if err != nil {
		return fmt.Errorf("link the account for administration: %w: %s", err, out)
	}
	return nil
}
