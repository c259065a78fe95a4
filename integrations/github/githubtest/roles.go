package githubtest

import (
	"maps"
	"slices"
	"time"
)

// ranks orders the repository roles. The names of the REST API and those of GraphQL and of the web pages both occur.
func rank(role string) int {
	switch role {
	case "admin":
		return 5
	case "maintain":
		return 4
	case "push", "write":
		return 3
	case "triage":
		return 2
	case "pull", "read":
		return 1
	}
	return 0
}

// spoken turns a REST permission into the role name GitHub shows: pull is read, push is write.
func spoken(role string) string {
	switch role {
	case "pull":
		return "read"
	case "push":
		return "write"
	}
	return role
}

// base resolves a custom repository role to the role it is built on.
func (o *org) base(role string) string {
	for _, r := range o.RepoRoles {
		if r.Name == role {
			return r.Base
		}
	}
	return spoken(role)
}

func (o *org) knowsRole(role string) bool {
	if rank(role) > 0 {
		return true
	}
	return slices.ContainsFunc(byID(o.RepoRoles), func(r *repoRole) bool { return r.Name == role })
}

// standing is how a person belongs to an organization.
type standing struct {
	Role   string // admin, member, billing_manager, or empty
	Direct bool
	Via    []*enterpriseTeam
}

func (w *world) standing(o *org, id int64) standing {
	var s standing
	if m := o.Members[id]; m != nil {
		s.Role, s.Direct = m.Role, true
	}
	if e := w.Enterprises[o.Enterprise]; e != nil {
		for _, t := range byID(e.Teams) {
			if t.Orgs[o.Login] && t.Members[id] {
				s.Via = append(s.Via, t)
			}
		}
	}
	if s.Role == "" && len(s.Via) > 0 {
		s.Role = "member"
	}
	return s
}

func (w *world) belongs(o *org, id int64) bool { return w.standing(o, id).Role != "" }

func (o *org) owners() []int64 {
	var out []int64
	for _, id := range slices.Sorted(maps.Keys(o.Members)) {
		if o.Members[id].Role == "admin" {
			out = append(out, id)
		}
	}
	return out
}

func (o *org) isOwner(id int64) bool { m := o.Members[id]; return m != nil && m.Role == "admin" }

func (o *org) lastOwner(id int64) bool { return o.isOwner(id) && len(o.owners()) == 1 }

// memberIDs returns everybody who belongs to the organization, directly or by an enterprise team.
func (w *world) memberIDs(o *org) []int64 {
	ids := map[int64]bool{}
	for id := range o.Members {
		ids[id] = true
	}
	if e := w.Enterprises[o.Enterprise]; e != nil {
		for _, t := range e.Teams {
			if t.Orgs[o.Login] {
				maps.Copy(ids, t.Members)
			}
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// descendants returns the team and all teams below it.
func (o *org) descendants(t *team) []*team {
	out := []*team{t}
	for _, d := range o.Teams {
		if d != t && slices.Contains(o.ancestors(d), t) {
			out = append(out, d)
		}
	}
	slices.SortFunc(out[1:], func(a, b *team) int { return int(a.ID - b.ID) })
	return out
}

// ancestors returns the team and all teams above it.
func (o *org) ancestors(t *team) []*team {
	var out []*team
	for ; t != nil; t = o.Teams[t.Parent] {
		out = append(out, t)
	}
	return out
}

// teamRole answers with the person's role in the team, and the child team it is inherited from, if it is. Owners count as
// maintainers of the teams they are in (https://docs.github.com/rest/teams/members).
func (o *org) teamRole(t *team, id int64) (role string, from *team) {
	if r, ok := t.Members[id]; ok {
		if o.isOwner(id) {
			return "maintainer", nil
		}
		return r, nil
	}
	for _, d := range o.descendants(t)[1:] {
		if _, ok := d.Members[id]; ok {
			return "member", d
		}
	}
	return "", nil
}

// teamMembers lists everybody in the team, those of child teams included.
func (o *org) teamMembers(t *team) []int64 {
	ids := map[int64]bool{}
	for _, d := range o.descendants(t) {
		for id := range d.Members {
			ids[id] = true
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// teamRepos returns the team's repositories with the role, those of parent teams included.
func (o *org) teamRepos(t *team) map[int64]string {
	out := map[int64]string{}
	for _, a := range o.ancestors(t) {
		for id, role := range a.Repos {
			if rank(o.base(role)) > rank(o.base(out[id])) {
				out[id] = role
			}
		}
	}
	return out
}

// source is one way in which a person reaches a repository.
type source struct {
	Role string
	Via  string
}

// sources lists every way in which a person reaches a repository of the organization, direct grants first.
func (w *world) sources(o *org, r *repo, id int64) []source {
	var out []source
	if role, ok := r.Collaborators[id]; ok {
		out = append(out, source{role, "direct"})
	}
	st := w.standing(o, id)
	if st.Role == "admin" {
		out = append(out, source{"admin", "organization owner"})
	}
	if (st.Role == "member" || st.Role == "billing_manager") && rank(o.Base) > 0 && r.Visibility != "public" {
		out = append(out, source{o.Base, "base permission"})
	}
	return append(append(out, o.teamSources(r, id)...), o.roleSources(id)...)
}

func (o *org) teamSources(r *repo, id int64) []source {
	var out []source
	for _, t := range o.teamsOf(id) {
		best := ""
		for _, a := range o.ancestors(t) {
			if role, ok := a.Repos[r.ID]; ok && rank(o.base(role)) > rank(o.base(best)) {
				best = role
			}
		}
		if best != "" {
			out = append(out, source{best, "team " + t.Slug})
		}
	}
	return out
}

// teamsOf lists the teams a person is a direct member of.
func (o *org) teamsOf(id int64) []*team {
	var out []*team
	for _, t := range o.Teams {
		if _, in := t.Members[id]; in {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b *team) int { return int(a.ID - b.ID) })
	return out
}

func (o *org) roleSources(id int64) []source {
	var out []source
	for _, role := range byID(o.Roles) {
		if role.Base == "" {
			continue
		}
		if role.Users[id] {
			out = append(out, source{role.Base, "organization role " + role.Name})
		}
		for _, t := range o.teamsOf(id) {
			if role.Teams[t.ID] {
				out = append(out, source{role.Base, "organization role " + role.Name + " by team " + t.Slug})
			}
		}
	}
	return out
}

// effective is the highest of the person's sources; a public repository can be read by everybody.
func (w *world) effective(o *org, r *repo, id int64) string {
	if o.isOwner(id) {
		return "admin" // nothing is higher
	}
	best := ""
	if r.Visibility == "public" {
		best = "read"
	}
	for _, s := range w.sources(o, r, id) {
		if rank(o.base(s.Role)) > rank(o.base(best)) {
			best = s.Role
		}
	}
	return best
}

// live reports whether a token still opens anything at the given instant.
func (t *token) live(now time.Time) bool {
	return !t.Revoked && (t.Expires.IsZero() || now.Before(t.Expires))
}
