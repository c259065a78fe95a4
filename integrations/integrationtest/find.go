package integrationtest

import (
	"lastday"
)

func findChecks() []Check {
	return []Check{
		{Name: "finds just the account that is the person's", Ask: askExactMatch},
		{Name: "never finds by likeness", Ask: askNoLikeness},
		{Name: "finds nobody only with a positive control", Ask: askNobody},
		{Name: "refuses an answer about somebody else", Ask: askWrongUser},
	}
}

func askExactMatch(t T, h Harness) {
	w := h.Open(t)
	for who, want := range map[string]struct {
		person lastday.Person
		id     string
	}{"the leaver": {w.Leaver, w.LeaverID}, "the bystander": {w.Bystander, w.BystanderID}} {
		m, err := w.Driver.Find(t.Context(), want.person)
		if err != nil {
			t.Errorf("%s: %v", who, err)
			continue
		}
		if m.Verdict != lastday.FoundOne || m.Account.ID != want.id || m.Account.System != w.System {
			t.Errorf("%s: found %q, account %q of system %q; want the account %q of %q", who, m.Verdict, m.Account.ID, m.Account.System, want.id, w.System)
		}
		if len(m.Evidence) == 0 {
			t.Errorf("%s: no evidence is named", who)
		}
	}
}

func askNoLikeness(t T, h Harness) {
	w := h.Open(t)
	alike := map[string]lastday.Person{
		"the same name":           {Key: "p-other", Name: w.Leaver.Name},
		"nothing but a key":       {Key: "p-other"},
		"addresses that resemble": {Key: "p-other", Emails: []string{}},
		"another domain":          {Key: "p-other", Emails: []string{}},
		"part of an address":      {Key: "p-other", Emails: []string{}},
	}
	for _, address := range w.Leaver.Emails {
		add := func(who, email string) {
			p := alike[who]
			p.Emails = append(p.Emails, email)
			alike[who] = p
		}
		add("addresses that resemble", "x"+address)
		add("another domain", address+".example")
		add("part of an address", address[:len(address)-1])
	}
	for who, person := range alike {
		m, err := w.Driver.Find(t.Context(), person)
		if err == nil && m.Verdict == lastday.FoundOne {
			t.Errorf("%s: found the account %q", who, m.Account.ID)
		}
	}
}

func askNobody(t T, h Harness) {
	w := h.Open(t)
	m, err := w.Driver.Find(t.Context(), w.Stranger)
	if err != nil {
		t.Fatalf("find: %v", err)
	}
	if m.Verdict != lastday.FoundNone {
		t.Errorf("found %q for somebody without an account", m.Verdict)
	}
	if !m.Control.Seen || m.Control.Evidence == "" {
		t.Errorf("nothing shows that an account would have been seen")
	}
}

func askWrongUser(t T, h Harness) {
	w := h.Open(t)
	grant := changeable(t, h, w)[0]
	before := w.Far.Snapshot()
	w.Far.Break(WrongUser)
	m, err := w.Driver.Find(t.Context(), w.Leaver)
	if err == nil && m.Verdict == lastday.FoundOne && m.Account.ID != w.LeaverID {
		t.Errorf("found the account of somebody else")
	}
	if err == nil && m.Verdict == lastday.FoundNone {
		t.Errorf("an answer about somebody else was taken for nobody")
	}
	_, _ = w.Driver.Apply(t.Context(), change(w, grant, lastday.None)) // whatever it says, see what it did
	w.Far.Mend()
	if diff := moved(before, w.Far.Snapshot(), w.LeaverID); diff != "" {
		t.Errorf("somebody else was changed: %s", diff)
	}
}
