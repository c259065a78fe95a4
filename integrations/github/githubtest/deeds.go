package githubtest

import (
	"slices"
	"time"
)

// removeMember ends a membership and everything that hangs on it: teams, direct grants, private forks, seat, credential
// authorizations. Deploy keys stay, because they belong to the repository. Membership by an enterprise team stays too.
func (s *Server) removeMember(w *world, o *org, id int64, now time.Time, actor int64) {
	m := o.Members[id]
	if m == nil {
		return
	}
	o.Former[id] = &former{Role: m.Role, Teams: map[int64]string{}, Repos: map[int64]string{}, Forks: map[int64][]fork{}, Removed: now}
	delete(o.Members, id)
	o.leaveTeams(id)
	for _, r := range byID(o.Repos) {
		if role, had := r.Collaborators[id]; had {
			o.Former[id].Repos[r.ID] = role
		}
		delete(r.Collaborators, id)
		o.Former[id].Forks[r.ID] = r.dropForks(id)
	}
	s.forgetHoldings(w, o, id)
	o.audit(w, now, auditEvent{Action: "org.remove_member", Actor: actor, User: id})
}

func (o *org) leaveTeams(id int64) {
	for _, t := range o.Teams {
		if role, in := t.Members[id]; in {
			if f := o.Former[id]; f != nil {
				f.Teams[t.ID] = role
			}
			delete(t.Members, id)
		}
	}
}

// forgetHoldings ends what exists only for members.
func (s *Server) forgetHoldings(w *world, o *org, id int64) {
	for _, role := range o.Roles {
		delete(role.Users, id)
	}
	if st := o.Seats[id]; st != nil && st.Ends.IsZero() {
		st.Ends = cycleEnd(s.opts.Clock())
	}
	for gid, g := range o.Grants {
		if g.User == id {
			delete(o.Grants, gid)
		}
	}
	for gid, g := range o.GrantAsks {
		if g.User == id {
			delete(o.GrantAsks, gid)
		}
	}
	for _, t := range w.Tokens {
		if t.User == id && t.Kind == fineGrainedToken && t.Org == o.Login {
			t.Revoked = true
		}
	}
}

// dropForks deletes the person's private forks of the repository.
func (r *repo) dropForks(id int64) []fork {
	var gone []fork
	r.Forks = slices.DeleteFunc(r.Forks, func(f fork) bool {
		if f.User == id && f.Private {
			gone = append(gone, f)
			return true
		}
		return false
	})
	return gone
}

// convert makes a member an outside collaborator who keeps the repositories that teams gave
// (https://docs.github.com/organizations/managing-user-access-to-your-organizations-repositories/managing-outside-collaborators/converting-an-organization-member-to-an-outside-collaborator).
func (s *Server) convert(w *world, o *org, id int64, now time.Time, actor int64) {
	if o == nil || o.Members[id] == nil {
		return
	}
	kept := map[int64]string{}
	for _, r := range byID(o.Repos) {
		for _, src := range append(o.teamSources(r, id), source{Role: r.Collaborators[id]}) {
			if rank(o.base(src.Role)) > rank(o.base(kept[r.ID])) {
				kept[r.ID] = src.Role
			}
		}
	}
	delete(o.Members, id)
	o.leaveTeams(id)
	for rid, role := range kept {
		o.Repos[rid].Collaborators[id] = role
	}
	s.forgetHoldings(w, o, id)
	o.audit(w, now, auditEvent{Action: "org.convert_member_to_outside_collaborator", Actor: actor, User: id})
}

// removeCollaborator ends a direct grant, the private fork if nothing else is left, and the invitations the person sent
// (https://docs.github.com/rest/collaborators/collaborators#remove-a-repository-collaborator).
func (s *Server) removeCollaborator(w *world, o *org, r *repo, id int64, now time.Time, actor int64) {
	for iid, i := range r.Invitations {
		if i.User == id || i.Inviter == id && r.Collaborators[id] != "" {
			delete(r.Invitations, iid)
		}
	}
	if _, had := r.Collaborators[id]; !had {
		return
	}
	delete(r.Collaborators, id)
	if w.effective(o, r, id) == "" {
		r.dropForks(id)
	}
	o.audit(w, now, auditEvent{Action: "repo.remove_member", Actor: actor, User: id, Repo: o.Login + "/" + r.Name})
}

// cycleEnd is the end of the billing cycle: the first day of the next month.
func cycleEnd(now time.Time) time.Time {
	y, m, _ := now.UTC().Date()
	return time.Date(y, m+1, 1, 0, 0, 0, 0, time.UTC)
}

// expireSeats ends the seats whose billing cycle is over.
func (s *Server) expireSeats(now time.Time) {
	for _, o := range s.w.Orgs {
		for id, st := range o.Seats {
			if !st.Ends.IsZero() && !now.Before(st.Ends) {
				delete(o.Seats, id)
			}
		}
	}
}
