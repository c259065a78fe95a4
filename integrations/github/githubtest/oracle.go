package githubtest

import (
	"fmt"
	"slices"
)

// Entry is one thing a person can still get at, in plain words.
type Entry struct {
	Org      string // login of the organization, or the enterprise
	Kind     string // "organization", "team", "repository", "deploy key", ...
	Resource string // what it is about
	Level    string // GitHub's word for how much: "admin", "maintainer", "write", ...
	Via      string // "direct", "team x", "base permission", "invitation", ...
	Dormant  bool   // the account is suspended: nothing works until that is lifted
}

// String renders the entry as one line.
func (e Entry) String() string {
	s := fmt.Sprintf("%s: %s %s: %s (%s)", e.Org, e.Kind, e.Resource, e.Level, e.Via)
	if e.Dormant {
		s += " [dormant]"
	}
	return s
}

// Access computes from the state what the account can still get at, everywhere: memberships, teams, repositories that
// are not public, pending invitations, credentials, roles, keys, seats and every list that names the person. It does not
// go through HTTP, ignores lag and faults, and sees what GitHub itself cannot tell, such as whose machine a runner is.
func (s *Server) Access(userID int64) []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.access(userID)
}

func (w *world) access(id int64) []Entry {
	var out []Entry
	for _, o := range sortedOrgs(w) {
		out = append(out, w.orgAccess(o, id)...)
		out = append(out, w.repoAccess(o, id)...)
		out = append(out, w.holdings(o, id)...)
	}
	out = append(out, w.enterpriseAccess(id)...)
	if u := w.Users[id]; u != nil && u.Suspended {
		for i := range out {
			out[i].Dormant = true
		}
	}
	return out
}

func (w *world) orgAccess(o *org, id int64) []Entry {
	var out []Entry
	add := func(kind, resource, level, via string) {
		out = append(out, Entry{o.Login, kind, resource, level, via, false})
	}
	if m := o.Members[id]; m != nil {
		add("organization", o.Login, map[string]string{"admin": "owner"}[m.Role]+map[string]string{"member": "member", "billing_manager": "billing manager"}[m.Role], "direct")
	}
	for _, t := range w.standing(o, id).Via {
		add("organization", o.Login, "member", "enterprise team "+t.Slug)
	}
	for _, t := range byID(o.Teams) {
		if role, in := t.Members[id]; in {
			add("team", t.Slug, role, "direct")
		} else if _, from := o.teamRole(t, id); from != nil {
			add("team", t.Slug, "member", "child team "+from.Slug)
		}
	}
	for _, i := range byID(o.Invitations) {
		if i.User == id && i.FailedAt.IsZero() {
			add("pending invitation", o.Login, i.Role, "invitation")
		}
		if i.Inviter == id && i.FailedAt.IsZero() && i.User != id {
			add("invitation sent", o.Login, i.Role, "to "+w.invitee(i))
		}
	}
	return out
}

func (w *world) invitee(i *invitation) string {
	if u := w.Users[i.User]; u != nil {
		return u.Login
	}
	return "an address without an account"
}

func (w *world) repoAccess(o *org, id int64) []Entry {
	var out []Entry
	for _, r := range byID(o.Repos) {
		for _, src := range w.sources(o, r, id) {
			if r.Visibility == "public" && rank(o.base(src.Role)) < 2 {
				continue // everybody can read it
			}
			out = append(out, Entry{o.Login, "repository", r.Name, spoken(src.Role), src.Via, false})
		}
		for _, i := range byID(r.Invitations) {
			if i.User == id {
				out = append(out, Entry{o.Login, "pending repository invitation", r.Name, spoken(i.Role), "invitation", false})
			}
			if i.Inviter == id && i.User != id {
				out = append(out, Entry{o.Login, "repository invitation sent", r.Name, spoken(i.Role), "to " + w.invitee(i), false})
			}
		}
	}
	return out
}

// Snapshot is what everybody can get at at one moment, by account id.
type Snapshot map[int64][]Entry

// Snapshot computes Access for every account.
func (s *Server) Snapshot() Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := Snapshot{}
	for id := range s.w.Users {
		out[id] = s.w.access(id)
	}
	return out
}

// Difference is what changed between two snapshots for one account.
type Difference struct {
	User   int64
	Lost   []Entry
	Gained []Entry
}

// Diff compares two snapshots; accounts without a change are left out.
func (before Snapshot) Diff(after Snapshot) []Difference {
	ids := map[int64]bool{}
	for id := range before {
		ids[id] = true
	}
	for id := range after {
		ids[id] = true
	}
	var out []Difference
	for _, id := range sortedKeys(ids) {
		d := Difference{User: id, Lost: missing(before[id], after[id]), Gained: missing(after[id], before[id])}
		if len(d.Lost)+len(d.Gained) > 0 {
			out = append(out, d)
		}
	}
	return out
}

// Bystanders compares two snapshots and leaves the given accounts out: an empty answer means nobody else was touched.
func (before Snapshot) Bystanders(after Snapshot, leavers ...int64) []Difference {
	return slices.DeleteFunc(before.Diff(after), func(d Difference) bool { return slices.Contains(leavers, d.User) })
}

// missing returns what is in a and not in b, counting repetitions.
func missing(a, b []Entry) []Entry {
	have := map[Entry]int{}
	for _, e := range b {
		have[e]++
	}
	var out []Entry
	for _, e := range a {
		if have[e] > 0 {
			have[e]--
			continue
		}
		out = append(out, e)
	}
	return out
}
