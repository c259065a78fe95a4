package hr

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"lastday"
)

func TestTwoSecretsAreAcceptedWhileOneIsChanged(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	ring := ringOfMany(t, []Secret{
		{ID: "old", Ref: "env:OLD", NotAfter: noon.Add(time.Hour)},
		{ID: "new", Ref: "env:NEW", NotBefore: noon},
	}, map[string]string{"env:OLD": testSecret, "env:NEW": otherSecret})
	for _, v := range []struct {
		name, secret string
		at           time.Time
		want         string
	}{
		{"the old one before", testSecret, noon.Add(-time.Minute), "old"},
		{"the new one too early", otherSecret, noon.Add(-time.Minute), ""},
		{"the old one within the change", testSecret, noon.Add(time.Minute), "old"},
		{"the new one within the change", otherSecret, noon.Add(time.Minute), "new"},
		{"the old one after", testSecret, noon.Add(2 * time.Hour), ""},
		{"the new one after", otherSecret, noon.Add(2 * time.Hour), "new"},
	} {
		header, err := StandardWebhooks().Sign(v.secret, "evt_1", v.at, []byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := ring.Verify(header, []byte("{}"), v.at)
		if got.SecretID != v.want {
			t.Errorf("%s: verified by %q (%v), want %q", v.name, got.SecretID, err, v.want)
		}
		if v.want == "" && lastday.CodeOf(err) != lastday.CodeDenied {
			t.Errorf("%s: %v, want denied", v.name, err)
		}
	}
}

func TestSignedTimeMustLieInTheWindow(t *testing.T) {
	at := time.Unix(1795000000, 0)
	header, err := StandardWebhooks().Sign(testSecret, "evt_1", at, []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	for off, ok := range map[time.Duration]bool{
		0: true, 5 * time.Minute: true, -5 * time.Minute: true,
		5*time.Minute + time.Second: false, -5*time.Minute - time.Second: false, 24 * time.Hour: false,
	} {
		_, err := standardRing(t).Verify(header, []byte("{}"), at.Add(off))
		if ok != (err == nil) || !ok && (!errors.Is(err, ErrClock) || lastday.CodeOf(err) != lastday.CodeDenied) {
			t.Errorf("%s off: %v", off, err)
		}
	}
}

// A forger must not learn from the answer whether our clock is wrong.
func TestABadSignatureIsNeverBlamedOnTheClock(t *testing.T) {
	header, err := StandardWebhooks().Sign(otherSecret, "evt_1", time.Unix(1, 0), []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := standardRing(t).Verify(header, []byte("{}"), time.Unix(1795000000, 0)); errors.Is(err, ErrClock) {
		t.Error(err)
	}
}

func TestAMissingSecretIsOurFaultAndNotTheSenders(t *testing.T) {
	now := time.Unix(1795000000, 0)
	header, err := StandardWebhooks().Sign(testSecret, "evt_1", now, []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]struct {
		secrets []Secret
		known   map[string]string
	}{
		"it cannot be read":      {[]Secret{{ID: "now", Ref: "env:GONE"}}, nil},
		"it is malformed":        {[]Secret{{ID: "now", Ref: "env:A"}}, map[string]string{"env:A": "hunter2"}},
		"none is active":         {[]Secret{{ID: "now", Ref: "env:A", NotAfter: now.Add(-time.Second)}}, map[string]string{"env:A": testSecret}},
		"the other is not there": {[]Secret{{ID: "a", Ref: "env:A"}, {ID: "b", Ref: "env:GONE"}}, map[string]string{"env:A": otherSecret}},
	} {
		ring, err := NewKeyring(StandardWebhooks(), v.secrets, lookIn(v.known))
		if err != nil {
			t.Fatal(err)
		}
		refreshed := ring.Refresh(t.Context(), now)
		if _, err := ring.Verify(header, []byte("{}"), now); lastday.CodeOf(err) != lastday.CodeInternal {
			t.Errorf("%s: %v, want internal", name, err)
		}
		if refreshed != nil && strings.Contains(refreshed.Error(), "hunter2") {
			t.Errorf("%s: the error shows the secret: %v", name, refreshed)
		}
	}
}

func TestSecretsAreReadAgainWhenTheyAreOld(t *testing.T) {
	now, reads, secret := time.Unix(1795000000, 0), 0, testSecret
	fail := error(nil)
	ring, err := NewKeyring(StandardWebhooks(), []Secret{{ID: "now", Ref: "file:a"}}, func(context.Context, string) (string, error) {
		reads++
		return secret + "\n", fail
	})
	if err != nil {
		t.Fatal(err)
	}
	accepts := func(secret string, at time.Time) bool {
		header, err := StandardWebhooks().Sign(secret, "evt_1", at, []byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = ring.Verify(header, []byte("{}"), at)
		return err == nil
	}
	step := func(name string, after time.Duration, wantReads int, wantErr bool, accepted string) {
		t.Helper()
		now = now.Add(after)
		if err := ring.Refresh(t.Context(), now); (err != nil) != wantErr {
			t.Errorf("%s: %v", name, err)
		}
		if reads != wantReads || !accepts(accepted, now) {
			t.Errorf("%s: %d reads, want %d; accepted: %v", name, reads, wantReads, accepts(accepted, now))
		}
	}
	step("at first", 0, 1, false, testSecret)
	secret = otherSecret
	step("soon after", 30*time.Second, 1, false, testSecret)
	step("a minute later", 31*time.Second, 2, false, otherSecret)
	fail = errors.New("the disk is gone")
	step("when it cannot be read, the last known holds", 2*time.Minute, 3, true, otherSecret)
	step("and is not read with every delivery", time.Second, 3, false, otherSecret)
	fail = nil
	step("but soon", 2*time.Second, 4, false, otherSecret)
}

func TestBearerComparesTheToken(t *testing.T) {
	ring, err := NewBearer([]Secret{{ID: "now", Ref: "env:A"}}, fixed("0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Refresh(t.Context(), time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]lastday.Code{
		"0123456789abcdef": "", "Bearer 0123456789abcdef": "",
		"Bearer 0123456789abcdeg": lastday.CodeDenied, "Basic 0123456789abcdef": lastday.CodeDenied, "": lastday.CodeDenied,
	} {
		got, err := ring.Verify(http.Header{"Authorization": {value}}, nil, time.Unix(1, 0))
		if lastday.CodeOf(err) != want || want == "" && got.Scheme != "bearer" {
			t.Errorf("%q: %+v, %v", value, got, err)
		}
	}
}

func TestKeyringRefusesSecretsInTheConfiguration(t *testing.T) {
	_, err := NewKeyring(StandardWebhooks(), []Secret{
		{ID: "a", Ref: testSecret},
		{ID: "a", Ref: "env:B"},
		{Ref: "env:C", NotBefore: time.Unix(9, 0), NotAfter: time.Unix(1, 0)},
	}, fixed(""))
	if lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Fatalf("%v, want invalid", err)
	}
	for _, want := range []string{"secrets[0].ref", "secrets[1].id", "secrets[2].id", "secrets[2].notAfter"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not tell of %s", err, want)
		}
	}
	if strings.Contains(err.Error(), testSecret) {
		t.Error("the error shows the secret")
	}
}

func fixed(secret string) Resolver {
	return func(context.Context, string) (string, error) { return secret, nil }
}

func lookIn(known map[string]string) Resolver {
	return func(_ context.Context, ref string) (string, error) {
		if secret, ok := known[ref]; ok {
			return secret, nil
		}
		return "", errors.New("no such secret")
	}
}

func standardRing(t *testing.T) *Keyring {
	t.Helper()
	return ringOf(t, StandardWebhooks(), Secret{ID: "now", Ref: "env:A"}, testSecret)
}

func ringOf(t *testing.T, s Scheme, secret Secret, value string) *Keyring {
	t.Helper()
	ring, err := NewKeyring(s, []Secret{secret}, fixed(value))
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Refresh(t.Context(), time.Unix(1795000000, 0)); err != nil {
		t.Fatal(err)
	}
	return ring
}

func ringOfMany(t *testing.T, secrets []Secret, known map[string]string) *Keyring {
	t.Helper()
	ring, err := NewKeyring(StandardWebhooks(), secrets, lookIn(known))
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Refresh(t.Context(), time.Unix(1795000000, 0)); err != nil {
		t.Fatal(err)
	}
	return ring
}
