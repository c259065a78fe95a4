package github

import (
	"sync"
	"time"

	"lastday"
)

// seenAge is how long what List saw may stand in for another look before
// something is taken: long enough for a batch of changes after a survey. Only
// changes that cannot raise or invite make use of it, and each sighting serves
// once. Whether a change took is never told from here: the closing survey reads.
const seenAge = 30 * time.Second

// sightings are the grants that were listed a moment ago, as they were then.
type sightings struct {
	now func() time.Time

	mu    sync.Mutex
	known map[string]sighting
}

type sighting struct {
	grant lastday.Grant
	at    time.Time
}

func newSightings(now func() time.Time) *sightings {
	return &sightings{now: now, known: map[string]sighting{}}
}

// note remembers what was listed of an account, and forgets what is too old.
func (s *sightings) note(w who, grants []lastday.Grant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for key, x := range s.known {
		if now.Sub(x.at) > seenAge || now.Before(x.at) {
			delete(s.known, key)
		}
	}
	for _, g := range grants {
		s.known[itoa(w.id)+" "+g.Key] = sighting{grant: g, at: now}
	}
}

// take gives a sighting that is recent enough and forgets it: what is written
// must be looked at before it is written again.
func (s *sightings) take(w who, key string) (lastday.Grant, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key = itoa(w.id) + " " + key
	x, ok := s.known[key]
	delete(s.known, key)
	now := s.now()
	return x.grant, ok && now.Sub(x.at) <= seenAge && !now.Before(x.at)
}

// mailbox keeps the organization's pending invitations for the rest of one
// survey: the probe, the search and the list all need them, and they are the
// same for everybody. They serve one list alone, and no write.
type mailbox struct {
	now func() time.Time

	mu      sync.Mutex
	all     []orgInvitation
	at      time.Time
	have    bool
	changes int
}

// mailAge is how long invitations that were read may be used within a survey.
const mailAge = 10 * time.Second

// mark is given to put: what was read before a change is not kept after it.
func (m *mailbox) mark() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.changes
}

func (m *mailbox) put(mark int, all []orgInvitation) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if mark == m.changes {
		m.all, m.at, m.have = all, m.now(), true
	}
}

// get gives the invitations that were read a moment ago; last forgets them.
func (m *mailbox) get(last bool) ([]orgInvitation, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	ok := m.have && now.Sub(m.at) <= mailAge && !now.Before(m.at)
	m.have = ok && !last
	return m.all, ok
}

func (m *mailbox) drop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.have = false
	m.changes++
}
