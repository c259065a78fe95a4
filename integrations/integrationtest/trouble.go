package integrationtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lastday"
	"lastday/integrations"
)

func troubleChecks() []Check {
	return []Check{
		{Name: "trouble has its code", Ask: askTrouble, writes: true},
		{Name: "waits as long as it is asked to, and lets others wait", Ask: askRateLimit, writes: true},
		{Name: "does not try again by itself", Ask: askNoRetry, writes: true},
		{Name: "a lost answer is not a failure and not a success", Ask: askLostWrite, writes: true},
		{Name: "ends when its caller is gone", Ask: askCancelled, writes: true},
		{Name: "tells no secret", Ask: askSecrets, writes: true},
	}
}

// attempt is what one verb gave back.
type attempt struct {
	verb string
	err  error
	// clean says that the verb claims to be done, or to have seen everything.
	clean bool
	// said is all it gave back, as text.
	said string
}

// everyVerb calls each verb once.
func everyVerb(t T, w World, c lastday.Change) []attempt {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	health, probeErr := w.Driver.Probe(ctx)
	match, findErr := w.Driver.Find(ctx, w.Leaver)
	page, listErr := w.Driver.List(ctx, w.leaver(), "")
	receipt, applyErr := w.Driver.Apply(ctx, c)
	return []attempt{
		{"probe", probeErr, len(health.Missing) == 0, text(health)},
		{"find", findErr, match.Verdict != lastday.FoundMany && match.Control.Seen, text(match)},
		{"list", listErr, len(page.Gaps) == 0 && page.Control.Seen, text(page)},
		{"apply", applyErr, done(receipt.Outcome), text(receipt)},
	}
}

// patience ends drivers that sleep. It is far under RetryAfter.
const patience = 5 * time.Second

func text(v any) string {
	out, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%+v", v)
	}
	return string(out)
}

// expected is what the codes may be under a fault. What a write may add is that
// nobody knows: 500 and half an answer do not say what was done.
func expected() map[Fault][]lastday.Code {
	return map[Fault][]lastday.Code{
		RateLimited:  {lastday.CodeRateLimited},
		Broken:       {lastday.CodeTransient},
		Unauthorized: {lastday.CodeDenied},
		Forbidden:    {lastday.CodeDenied},
		Malformed:    {lastday.CodeInvalid, lastday.CodeTransient},
		Oversized:    {lastday.CodeInvalid},
	}
}

func mayBeUnknown(f Fault) bool { return f == Broken || f == Malformed || f == Oversized }

func askTrouble(t T, h Harness) {
	for fault, codes := range expected() {
		w := h.Open(t)
		c := change(w, changeable(t, h, w)[0], lastday.None)
		before := w.Far.Snapshot()
		w.Far.Break(fault)
		for _, a := range everyVerb(t, w, c) {
			judgeTrouble(t, fault, a, codes)
		}
		w.Far.Mend()
		if diff := moved(before, w.Far.Snapshot(), ""); fault != Oversized && diff != "" {
			t.Errorf("%s: something changed: %s", fault, diff)
		}
	}
}

func judgeTrouble(t T, fault Fault, a attempt, codes []lastday.Code) {
	t.Helper()
	if a.err == nil && fault == Forbidden && !a.clean {
		return // what may not be looked at may also be a gap
	}
	if a.err == nil {
		t.Errorf("%s: %s: no error: %s", fault, a.verb, a.said)
		return
	}
	if a.verb == "apply" && mayBeUnknown(fault) {
		codes = append(slices.Clone(codes), lastday.CodeUnknownOutcome)
	}
	if _, ok := errors.AsType[*lastday.Error](a.err); !ok {
		t.Errorf("%s: %s: the error has no code: %v", fault, a.verb, a.err)
		return
	}
	if !slices.Contains(codes, lastday.CodeOf(a.err)) {
		t.Errorf("%s: %s: code %q, want one of %q: %v", fault, a.verb, lastday.CodeOf(a.err), codes, a.err)
	}
}

func askRateLimit(t T, h Harness) {
	w := h.Open(t)
	c := change(w, changeable(t, h, w)[0], lastday.None)
	w.Far.Break(RateLimited)
	began := time.Now()
	for _, a := range everyVerb(t, w, c) {
		if got := lastday.RetryAfterOf(a.err); got != RetryAfter {
			t.Errorf("%s: asks to come back in %s, the far side said %s: %v", a.verb, got, RetryAfter, a.err)
		}
	}
	if took := time.Since(began); took >= patience {
		t.Errorf("slept for %s instead of handing the wait on", took)
	}
}

func askNoRetry(t T, h Harness) {
	for _, fault := range []Fault{Broken, RateLimited, LostWrite} {
		w := h.Open(t)
		c := change(w, changeable(t, h, w)[0], lastday.None)
		before := w.Far.Writes()
		w.Far.Break(fault)
		_, err := w.Driver.Apply(t.Context(), c)
		if n := w.Far.Writes() - before; n > 1 {
			t.Errorf("%s: wrote %d times (%v)", fault, n, err)
		}
	}
}

func askLostWrite(t T, h Harness) {
	for i := range changeable(t, h, h.Open(t)) {
		w := h.Open(t)
		g := changeable(t, h, w)[i]
		c := change(w, g, lastday.None)
		system := integrations.NewSystem(w.System, w.Driver, integrations.Options{Now: w.Now})
		w.Far.Break(LostWrite)
		receipt, err := system.Apply(t.Context(), c, false)
		if lastday.CodeOf(err) != lastday.CodeUnknownOutcome {
			t.Errorf("%s: the answer was lost: outcome %q, error %v; want %s", g.Kind, receipt.Outcome, err, lastday.CodeUnknownOutcome)
		}
		w.Far.Mend()
		again, err := system.Apply(t.Context(), c, true)
		if err != nil || again.Outcome != lastday.OutcomeApplied {
			t.Errorf("%s: tried again: outcome %q, error %v; want %q", g.Kind, again.Outcome, err, lastday.OutcomeApplied)
		}
		if got := rungOf(w, w.LeaverID, g); got != lastday.None {
			t.Errorf("%s: stands at %q after trying again", g.Kind, got)
		}
	}
}

func askCancelled(t T, h Harness) {
	w := h.Open(t)
	c := change(w, changeable(t, h, w)[0], lastday.None)
	before := w.Far.Snapshot()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Driver.List(ctx, w.leaver(), ""); err == nil || !lastday.CodeOf(err).Retryable() {
		t.Errorf("list: %v; want an error that can be tried again", err)
	}
	if receipt, err := w.Driver.Apply(ctx, c); err == nil || !lastday.CodeOf(err).Retryable() {
		t.Errorf("apply: outcome %q, error %v; want an error that can be tried again", receipt.Outcome, err)
	}
	if diff := moved(before, w.Far.Snapshot(), ""); diff != "" {
		t.Errorf("something changed: %s", diff)
	}
}

func askSecrets(t T, h Harness) {
	w := h.Open(t)
	if len(w.Secrets) == 0 {
		t.Errorf("the harness names no secret")
	}
	named := append([]string{w.Leaver.Name}, w.Leaver.Emails...)
	c := change(w, changeable(t, h, w)[0], lastday.None)
	faults := []Fault{Unauthorized, Forbidden, RateLimited, Broken, Malformed, Oversized, Blind, WrongUser, LostWrite, ""}
	for _, fault := range faults {
		w.Far.Mend()
		if fault != "" {
			w.Far.Break(fault)
		}
		for _, a := range everyVerb(t, w, c) {
			tellsNone(t, fmt.Sprintf("%s: what %s gave back", fault, a.verb), a.said, w.Secrets)
			for err := a.err; err != nil; err = errors.Unwrap(err) {
				tellsNone(t, fmt.Sprintf("%s: the error of %s", fault, a.verb), fmt.Sprintf("%v %+v", err, err), slices.Concat(w.Secrets, named))
			}
		}
	}
	if w.Logs != nil {
		tellsNone(t, "the log", w.Logs(), slices.Concat(w.Secrets, named))
	}
}

func tellsNone(t T, where, said string, hidden []string) {
	t.Helper()
	for _, s := range hidden {
		if s != "" && strings.Contains(said, s) {
			t.Errorf("%s tells a secret or somebody's name: %s", where, strings.ReplaceAll(said, s, "<here>"))
		}
	}
}
