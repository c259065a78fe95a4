package githubtest

import (
	"maps"
	"strings"
)

// repoURLs are the address templates of a repository, by member name.
func repoURLs(at string) obj {
	out := obj{}
	for pair := range strings.FieldsSeq(`archive:{archive_format}{/ref} assignees:{/user} blobs:/git/blobs{/sha} branches:{/branch}
		collaborators:{/collaborator} comments:{/number} commits:{/sha} compare:/{base}...{head} contents:/{+path} contributors deployments
		downloads events forks git_commits:/git/commits{/sha} git_refs:/git/refs{/sha} git_tags:/git/tags{/sha}
		issue_comment:/issues/comments{/number} issue_events:/issues/events{/number} issues:{/number} keys:{/key_id} labels:{/name}
		languages merges milestones:{/number} notifications:{?since,all,participating} pulls:{/number} releases:{/id} stargazers
		statuses:/{sha} subscribers subscription tags teams trees:/git/trees{/sha} hooks`) {
		name, rest, _ := strings.Cut(pair, ":")
		if strings.HasPrefix(rest, "/git/") || strings.HasPrefix(rest, "/issues/") {
			out[name+"_url"] = at + rest
			continue
		}
		out[name+"_url"] = at + "/" + name + rest
	}
	return out
}

// minimalRepo renders a repository as it stands in lists.
func (c *call) minimalRepo(o *org, r *repo) obj {
	at := c.base + "/repos/" + o.Login + "/" + r.Name
	out := repoURLs(at)
	maps.Copy(out, obj{
		"id": r.ID, "node_id": nodeID("Repository", r.ID), "name": r.Name, "full_name": o.Login + "/" + r.Name, "owner": c.ownerAsUser(o),
		"private": r.Visibility != "public", "visibility": r.Visibility, "html_url": c.web + "/" + o.Login + "/" + r.Name, "description": nil,
		"fork": false, "url": at, "archived": r.Archived, "disabled": false, "default_branch": r.Branch, "forks_count": len(r.Forks),
		"created_at": stamp(r.Created), "updated_at": stamp(r.Created), "pushed_at": stamp(r.Created), "stargazers_count": 0,
		"watchers_count": 0, "size": 1, "open_issues_count": 0, "forks": len(r.Forks), "open_issues": 0, "watchers": 0,
	})
	return out
}

// fullRepo renders a repository as it stands alone.
func (c *call) fullRepo(o *org, r *repo) obj {
	out := c.minimalRepo(o, r)
	host := strings.TrimPrefix(strings.TrimPrefix(c.web, "http://"), "https://")
	page := c.web + "/" + o.Login + "/" + r.Name
	maps.Copy(out, obj{
		"git_url": "git://" + host + "/" + o.Login + "/" + r.Name + ".git", "ssh_url": "git@" + host + ":" + o.Login + "/" + r.Name + ".git",
		"clone_url": page + ".git", "svn_url": page, "mirror_url": nil, "homepage": nil, "language": nil, "license": nil,
		"has_issues": true, "has_projects": true, "has_wiki": false, "has_pages": false, "has_downloads": true, "has_discussions": false,
		"subscribers_count": 0, "network_count": len(r.Forks), "allow_forking": true, "organization": c.ownerAsUser(o),
	})
	if u := c.who.user; u != nil {
		out["permissions"] = permissions(o.base(c.w.effective(o, r, u.ID)))
	}
	return out
}

// repoInvitation renders an invitation to a repository.
func (c *call) repoInvitation(r *repo, i *invitation) obj {
	var invitee any
	if i.User != 0 {
		invitee = c.simpleUser(i.User)
	}
	return obj{
		"id": i.ID, "node_id": nodeID("RepositoryInvitation", i.ID), "repository": c.minimalRepo(c.org, r), "invitee": invitee,
		"inviter": c.simpleUser(i.Inviter), "permissions": spoken(i.Role), "created_at": stamp(i.Created), "expired": false,
		"url": c.base + "/user/repository_invitations/" + itoa(i.ID), "html_url": c.web + "/" + c.org.Login + "/" + r.Name + "/invitations",
	}
}

// orgInvitation renders an invitation to the organization.
func (c *call) orgInvitation(i *invitation) obj {
	var login any
	if u := c.w.Users[i.User]; u != nil {
		login = u.Login
	}
	out := obj{
		"id": i.ID, "node_id": nodeID("OrganizationInvitation", i.ID), "login": login, "email": orNull(i.Email), "role": i.Role,
		"created_at": stamp(i.Created), "inviter": c.simpleUser(i.Inviter), "team_count": len(i.Teams), "invitation_source": i.Source,
		"invitation_teams_url": c.base + "/organizations/" + itoa(c.org.ID) + "/invitations/" + itoa(i.ID) + "/teams",
	}
	if !i.FailedAt.IsZero() {
		out["failed_at"], out["failed_reason"] = stamp(i.FailedAt), i.Reason
	}
	return out
}

// membership renders how an account belongs to the organization.
func (c *call) membership(id int64, state, role string, st standing) obj {
	out := obj{
		"url": c.base + "/orgs/" + c.org.Login + "/memberships/" + c.login(id), "state": state, "role": role,
		"organization_url": c.base + "/orgs/" + c.org.Login, "organization": c.simpleOrg(c.org), "user": c.simpleUser(id),
		"direct_membership": st.Direct || state == "pending",
	}
	if len(st.Via) > 0 {
		out["enterprise_teams_providing_indirect_membership"] = names(st.Via)
	}
	return out
}

func names(teams []*enterpriseTeam) []string {
	out := []string{}
	for _, t := range teams {
		out = append(out, t.Slug)
	}
	return out
}

func (c *call) login(id int64) string {
	if u := c.w.Users[id]; u != nil {
		return u.Login
	}
	return "ghost"
}

func (c *call) enterpriseTeam(t *enterpriseTeam) obj {
	at := c.base + "/enterprises/" + c.entOf().Slug + "/teams/" + t.Slug
	return obj{
		"id": t.ID, "name": t.Name, "slug": t.Slug, "url": at, "group_id": nil, "members_url": at + "/members{/member}",
		"html_url": c.web + "/enterprises/" + c.entOf().Slug + "/teams/" + t.Slug, "created_at": stamp(t.Created), "updated_at": stamp(t.Created),
		"organization_selection_type": "selected",
	}
}

// entOf is the enterprise of the path or of the organization.
func (c *call) entOf() *enterprise {
	if c.ent != nil {
		return c.ent
	}
	return c.w.Enterprises[c.org.Enterprise]
}
