package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

func heading(text string) {
	fmt.Printf("\n━━ %s %s\n", text, strings.Repeat("━", max(0, 92-len([]rune(text)))))
}

func say(what, text string, began time.Time) {
	fmt.Printf("  %-26s %s  (%s)\n", what, text, time.Since(began).Round(time.Millisecond))
}

func day(t time.Time) string { return t.Format("Mon 2 January 15:04 MST") }

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ")
}

func clip(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most-1]) + "…"
}

func colour() bool {
	info, err := os.Stdout.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("NO_COLOR") == ""
}

// command runs the lastday command as a person would, and gives what it wrote.
func (in *installation) command(ctx context.Context, args ...string) (string, error) {
	c := exec.CommandContext(ctx, in.o.program("lastday"), append([]string{"--config", in.company.Config}, args...)...)
	c.Env = append(os.Environ(), in.env()...)
	out, err := c.CombinedOutput()
	return string(out), err
}
