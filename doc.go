// Package lastday holds the words of the trade: who leaves, when, what they
// can do where, what shall be changed, and how well it is shown that it was.
//
// It depends on the standard library alone and does no I/O. Every other
// package speaks in these words; docs/concepts.md explains them to people.
package lastday
