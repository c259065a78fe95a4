package githubtest

import (
	"slices"
	"strings"
	"time"
)

// finder collects entries of one organization.
type finder struct {
	org string
	out []Entry
}

func (f *finder) add(kind, resource, level, via string) {
	f.out = append(f.out, Entry{Org: f.org, Kind: kind, Resource: resource, Level: level, Via: via})
}

// holdings lists what names the person beyond memberships and repository roles.
func (w *world) holdings(o *org, id int64) []Entry {
	f := &finder{org: o.Login}
	f.credentials(o, id)
	f.roles(o, id)
	f.machines(o.Login, o.Hooks, o.Runners, id)
	f.seats(o, id)
	f.rulesets(o.Login, o.Rulesets, id)
	for _, r := range byID(o.Repos) {
		f.onRepo(w, r, id)
	}
	for _, x := range o.SCIM {
		if x.User == id && x.Active {
			f.add("SCIM identity", x.UserName, "active", "identity provider")
		}
	}
	return f.out
}

func (f *finder) credentials(o *org, id int64) {
	for _, x := range byID(o.Credentials) {
		if x.User == id {
			f.add("authorized credential", x.Type+" "+x.Note, "single sign-on", "direct")
		}
	}
	for _, g := range byID(o.Grants) {
		if g.User == id {
			f.add("fine-grained token", g.TokenName, strongest(g), "direct")
		}
	}
	for _, g := range byID(o.GrantAsks) {
		if g.User == id {
			f.add("fine-grained token request", g.TokenName, strongest(g), "direct")
		}
	}
}

func strongest(g *patGrant) string {
	best := "read"
	for _, perms := range []map[string]string{g.OrgPerms, g.RepoPerms} {
		for _, l := range perms {
			if levelOf(l) > levelOf(best) {
				best = l
			}
		}
	}
	return best
}

func (f *finder) roles(o *org, id int64) {
	for _, r := range byID(o.Roles) {
		if r.Users[id] {
			f.add("organization role", r.Name, "holder", "direct")
		}
		for _, team := range sortedKeys(r.Teams) {
			if slices.Contains(o.teamMembers(o.Teams[team]), id) {
				f.add("organization role", r.Name, "holder", "team "+o.Teams[team].Slug)
			}
		}
	}
}

func (f *finder) machines(place string, hooks map[int64]*hook, runners map[int64]*runner, id int64) {
	for _, h := range byID(hooks) {
		if h.Owner == id && h.Active {
			f.add("webhook", place+" "+h.URL, "receives events", "endpoint")
		}
	}
	for _, r := range byID(runners) {
		if r.Owner == id {
			f.add("self-hosted runner", place+" "+r.Name, "runs jobs", "machine")
		}
	}
}

func (f *finder) seats(o *org, id int64) {
	if s := o.Seats[id]; s != nil {
		level := "active"
		if !s.Ends.IsZero() {
			level = "until " + s.Ends.UTC().Format(time.DateOnly)
		}
		f.add("Copilot seat", o.Login, level, "organization")
	}
	for _, x := range byID(o.Codespaces) {
		if x.User == id {
			f.add("codespace", x.Name, x.State, "direct")
		}
	}
	if o.CodeAccess[id] {
		f.add("codespaces billing", o.Login, "paid by the organization", "direct")
	}
}

func (f *finder) rulesets(place string, sets map[int64]*ruleset, id int64) {
	for _, r := range byID(sets) {
		for _, a := range r.Bypass {
			if a.Type == "User" && a.ActorID != nil && *a.ActorID == id {
				f.add("ruleset bypass", place+" "+r.Name, a.Mode, "direct")
			}
		}
	}
}

func (f *finder) onRepo(w *world, r *repo, id int64) {
	for _, k := range byID(r.Keys) {
		if k.AddedBy == id {
			f.add("deploy key", r.Name+" "+k.Title, map[bool]string{true: "read", false: "write"}[k.ReadOnly], "added by")
		}
	}
	f.machines(r.Name, r.Hooks, r.Runners, id)
	f.rulesets(r.Name, r.Rulesets, id)
	f.protections(r, id)
	for _, x := range r.Forks {
		if x.User == id && x.Private {
			f.add("private fork", r.Name, "copy", "direct")
		}
	}
	if u := w.Users[id]; u != nil {
		f.codeowner(r, u.Login)
	}
}

func (f *finder) protections(r *repo, id int64) {
	branches := make([]string, 0, len(r.Protections))
	for b := range r.Protections {
		branches = append(branches, b)
	}
	slices.Sort(branches)
	for _, b := range branches {
		p := r.Protections[b]
		f.named("push restriction", r.Name+" "+b, p.Push, id)
		f.named("review dismissal", r.Name+" "+b, p.Dismissal, id)
		f.named("pull request bypass", r.Name+" "+b, p.Bypass, id)
	}
	for _, e := range r.Environments {
		if slices.Contains(e.Reviewers, reviewer{"User", id}) {
			f.add("environment reviewer", r.Name+" "+e.Name, "approves deployments", "direct")
		}
	}
}

func (f *finder) named(kind, resource string, a actors, id int64) {
	if slices.Contains(a.Users, id) {
		f.add(kind, resource, "named", "direct")
	}
}

func (f *finder) codeowner(r *repo, login string) {
	path, text, _ := r.codeowners()
	for word := range strings.FieldsSeq(text) {
		if strings.EqualFold(word, "@"+login) {
			f.add("code owner", r.Name+" "+path, "reviews", "file")
			return
		}
	}
}

// enterpriseAccess lists what the person holds in enterprises.
func (w *world) enterpriseAccess(id int64) []Entry {
	var out []Entry
	for _, e := range w.Enterprises {
		f := &finder{org: e.Slug}
		if e.Owners[id] {
			f.add("enterprise", e.Slug, "owner", "direct")
		}
		for _, t := range byID(e.Teams) {
			if t.Members[id] {
				f.add("enterprise team", t.Slug, "member", "direct")
			}
		}
		for _, r := range byID(e.Roles) {
			if r.Users[id] {
				f.add("enterprise role", r.Name, "holder", "direct")
			}
		}
		for _, x := range e.SCIM {
			if x.User == id && x.Active {
				f.add("managed account", x.UserName, "active", "identity provider")
			}
		}
		out = append(out, f.out...)
	}
	return out
}
