// Package test holds lastday to its promises from end to end: the very
// programs that operators run, against a real Temporal server, with far sides
// in memory whose own state is the judge.
//
// Nothing here sleeps or skips: a test waits for a condition, and without the
// server's program it fails and says how to make it.
package test
