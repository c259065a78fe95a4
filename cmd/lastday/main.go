// Command lastday is the people's side: it plans, starts, follows and answers
// cases.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // Zone rules are part of the program, not of the machine.
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], world{in: os.Stdin, out: os.Stdout, err: os.Stderr, actor: actor()})
	stop()
	os.Exit(code)
}
