package githubtest

import "fmt"

// furnish adds what accumulates: keys, hooks, runners, protections, seats, tokens and invitations, of people at random.
func (g *generator) furnish() {
	o := g.out.Org
	for i, r := range g.out.Repos {
		if i%3 == 0 {
			r.AddKey(g.pick("deploy ci mirror backup release")+"-"+r.Name(), pickOf(g, g.out.People), g.rnd.IntN(2) == 0)
		}
		if i%4 == 0 {
			g.guard(r)
		}
		if i%9 == 0 {
			r.AddFork(pickOf(g, g.out.People))
			r.AddHook("https://hooks."+g.c.Login+".example/"+r.Name(), nil)
		}
		if i%15 == 0 {
			r.Invite(pickOf(g, g.out.Outside), "push", pickOf(g, g.out.People))
			r.AddSecret("DEPLOY_TOKEN")
			r.AddRunner("runner-"+r.Name(), nil)
		}
	}
	for i, u := range g.out.People {
		g.possessions(i, u)
	}
	for _, name := range []string{"NPM_TOKEN", "REGISTRY_PASSWORD", "SIGNING_KEY"} {
		o.AddSecret("actions", name)
	}
	o.AddSecret("dependabot", "REGISTRY_PASSWORD")
	o.AddSecret("codespaces", "SANDBOX_KEY")
	o.AddHook("https://audit."+g.c.Login+".example/github", nil)
	o.AddRunner("build-01", nil)
	for range 3 {
		o.Invite(g.person("recruits.example"), "direct_member", pickOf(g, g.out.People), pickOf(g, g.out.Teams))
	}
	o.FailInvitation(o.InviteEmail("late@recruits.example", "direct_member", pickOf(g, g.out.People)), "Invitation expired")
	g.groups()
}

func (g *generator) guard(r *Repo) {
	r.Protect("main", Protection{Push: []*User{pickOf(g, g.out.People)}, PushTeams: []*Team{pickOf(g, g.out.Teams)}, Dismissal: []*User{pickOf(g, g.out.People)}})
	r.AddEnvironment("production", []*User{pickOf(g, g.out.People)}, pickOf(g, g.out.Teams))
	r.AddRuleset("release branches", pickOf(g, g.out.People))
	r.SetFile(".github/CODEOWNERS", fmt.Sprintf("# who reviews what\n*  @%s\n/docs/  @%s/%s\n", pickOf(g, g.out.People).Login(), g.c.Login, pickOf(g, g.out.Teams).Slug()))
}

func (g *generator) possessions(i int, u *User) {
	o := g.out.Org
	if i%2 == 0 {
		o.AddSeat(u, nil)
	}
	if i%5 == 0 {
		pickOf(g, g.out.Repos).AddCodespace(u)
		o.FineGrainedToken(u, "laptop "+g.pick("scripts backup reports"), map[string]string{"contents": "read", "metadata": "read"}, pickOf(g, g.out.Repos))
	}
	if i%11 == 0 {
		o.AskForToken(u, "automation", "nightly export")
	}
	o.AddSCIM(u)
	if g.c.SAML {
		o.Authorize(u.Token("repo", "read:org"), "work laptop")
		o.AuthorizeKey(u, u.Login()+"@laptop")
	}
}

// groups hands some teams to the identity provider and some people an enterprise team or an organization role.
func (g *generator) groups() {
	o := g.out.Org
	for i, t := range g.out.Teams {
		switch {
		case i%40 == 7:
			t.SetSynced()
		case i%40 == 23:
			t.SetExternalGroup("idp " + t.Slug())
		case i%40 == 31:
			t.SetSecret()
		}
	}
	security := o.AddRole("security_manager", "read", "Predefined")
	writer := o.AddRole("all_repo_write", "write", "Predefined")
	o.AssignRoleToTeam(security, g.out.Teams[min(4, len(g.out.Teams)-1)])
	o.AssignRole(writer, pickOf(g, g.out.People))
	var staff []*User
	for i := 0; i < len(g.out.People); i += 10 {
		staff = append(staff, g.out.People[i])
	}
	g.out.Enterprise.AddTeam("All Engineering", staff, o)
	o.AddRuleset("no force pushes", g.out.People[0])
}

// leaver puts one ordinary member on every kind of list, so that an exit has everything to find.
func (g *generator) leaver() {
	o, u := g.out.Org, g.out.People[len(g.out.People)-1]
	g.out.Leaver = u
	free := g.unmanaged()
	r := g.out.Repos[0]
	if len(free) > 0 {
		free[0].Add(u, "maintainer")
		free[len(free)-1].Add(u, "member")
	}
	r.AddCollaborator(u, "admin")
	r.AddKey("old-jenkins", u, false)
	r.AddFork(u)
	r.AddCodespace(u)
	r.AddHook("https://"+u.Login()+".dev.example/hook", u)
	r.AddRunner(u.Login()+"-workstation", u)
	r.Protect("release", Protection{Push: []*User{u, g.out.People[0]}, Dismissal: []*User{u, g.out.People[0]}, Bypass: []*User{u}})
	r.AddRuleset("hotfix", u, g.out.People[0])
	r.AddEnvironment("staging", []*User{u, g.out.People[0]})
	r.SetFile(".github/CODEOWNERS", "*  @"+u.Login()+"\n")
	r.Invite(g.out.Outside[0], "pull", u)
	o.InviteEmail("friend@recruits.example", "direct_member", u)
	o.AddSeat(u, nil)
	o.FineGrainedToken(u, "ci publishing", map[string]string{"contents": "write", "metadata": "read"}, r)
	o.AskForToken(u, "cleanup", "old branches", r)
	o.AssignRole(o.AddRole("ci_cd_admin", "", "Predefined"), u)
	o.AddRuleset("tag protection", u, g.out.People[0])
}

// unmanaged are the teams whose members no identity provider decides about.
func (g *generator) unmanaged() []*Team {
	var out []*Team
	for i, t := range g.out.Teams {
		if i%40 != 7 && i%40 != 23 {
			out = append(out, t)
		}
	}
	return out
}

// connector gives the orchestrator its credentials, and switches single sign-on on last so that they are authorized.
func (g *generator) connector() {
	owner := g.out.People[0]
	g.out.Admin = owner.Token("admin:org", "repo", "admin:org_hook", "manage_billing:copilot", "read:audit_log", "admin:enterprise", "codespace")
	if g.c.SAML {
		g.out.Org.Authorize(g.out.Admin, "access orchestrator")
		g.out.Org.SetSAML(SAMLEnforced)
	}
	if g.c.AppKey != nil {
		g.out.AppID, g.out.Installation = g.out.Org.AddApp("access-orchestrator", g.c.AppKey, g.c.AppPerms)
	}
}
