// Package plan says what shall be taken from somebody who leaves, where and
// when, and judges afterwards whether it is gone.
//
// It is pure: equal arguments give equal answers. It does no I/O, has no
// clock, logs nothing and does not depend on the order of what it is given. A
// program that uses it must have the time zone database at hand, best by
// importing time/tzdata.
//
// Parse reads a policy, Choose picks one for a separation, Build makes the
// sealed plan, Judge compares one system with the ceiling of one stage, and
// Restore finds the way back.
package plan
