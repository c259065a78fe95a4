package githubtest

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"time"
)

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// stampOr renders a time that may be missing as null.
func stampOr(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return stamp(t)
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func nodeID(kind string, id int64) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "0%d:%s%d", len(kind), kind, id))
}

// simpleUser renders an account the short way.
func (c *call) simpleUser(id int64) obj {
	u := c.w.Users[id]
	if u == nil { // the account is gone; GitHub shows its ghost
		u = &user{ID: 10137, Login: "ghost"}
	}
	at := c.base + "/users/" + u.Login
	return obj{
		"login": u.Login, "id": u.ID, "node_id": nodeID("User", u.ID), "avatar_url": fmt.Sprintf("%s/avatars/u/%d?v=4", c.web, u.ID), "gravatar_id": "",
		"url": at, "html_url": c.web + "/" + u.Login, "followers_url": at + "/followers", "following_url": at + "/following{/other_user}",
		"gists_url": at + "/gists{/gist_id}", "starred_url": at + "/starred{/owner}{/repo}", "subscriptions_url": at + "/subscriptions",
		"organizations_url": at + "/orgs", "repos_url": at + "/repos", "events_url": at + "/events{/privacy}",
		"received_events_url": at + "/received_events", "type": "User", "user_view_type": "public", "site_admin": u.SiteAdmin,
	}
}

func (c *call) anyUser(id int64) any { return c.simpleUser(id) }

// fullUser renders the public profile.
func (c *call) fullUser(u *user) obj {
	out := c.simpleUser(u.ID)
	maps.Copy(out, obj{
		"name": orNull(u.Name), "company": nil, "blog": "", "location": nil, "email": orNull(u.Email), "hireable": nil, "bio": nil,
		"twitter_username": nil, "public_repos": 0, "public_gists": 0, "followers": 0, "following": 0,
		"created_at": stamp(u.Created), "updated_at": stamp(u.Created),
	})
	if c.srv.opts.EnterpriseVersion != "" && c.who.user != nil && c.who.user.SiteAdmin {
		out["suspended_at"] = nil
		if u.Suspended {
			out["suspended_at"] = stamp(c.now)
		}
	}
	return out
}

// privateUser adds what only the account itself sees.
func (c *call) privateUser(u *user) obj {
	out := c.fullUser(u)
	maps.Copy(out, obj{
		"private_gists": 0, "total_private_repos": 0, "owned_private_repos": 0, "disk_usage": 0, "collaborators": 0,
		"two_factor_authentication": true, "notification_email": orNull(u.Email), "user_view_type": "private",
	})
	return out
}

func (c *call) simpleOrg(o *org) obj {
	at := c.base + "/orgs/" + o.Login
	return obj{
		"login": o.Login, "id": o.ID, "node_id": nodeID("Organization", o.ID), "url": at, "repos_url": at + "/repos", "events_url": at + "/events",
		"hooks_url": at + "/hooks", "issues_url": at + "/issues", "members_url": at + "/members{/member}",
		"public_members_url": at + "/public_members{/member}", "avatar_url": fmt.Sprintf("%s/avatars/u/%d?v=4", c.web, o.ID), "description": o.Name,
	}
}

func (c *call) fullOrg(o *org) obj {
	out := c.simpleOrg(o)
	public := 0
	for _, r := range o.Repos {
		if r.Visibility == "public" {
			public++
		}
	}
	maps.Copy(out, obj{
		"name": o.Name, "has_organization_projects": true, "has_repository_projects": true, "public_repos": public, "public_gists": 0,
		"followers": 0, "following": 0, "html_url": c.web + "/" + o.Login, "type": "Organization", "created_at": stamp(o.Created),
		"updated_at": stamp(o.Created), "archived_at": nil,
	})
	if c.mayManage(o) {
		maps.Copy(out, obj{
			"total_private_repos": len(o.Repos) - public, "default_repository_permission": o.Base, "two_factor_requirement_enabled": true,
			"members_can_fork_private_repositories": true, "deploy_keys_enabled_for_repositories": true,
			"plan": obj{"name": "enterprise", "space": 976562499, "private_repos": 999999, "filled_seats": len(o.Members), "seats": len(o.Members) + 20},
		})
	}
	return out
}

// mayManage reports whether the caller sees an organization with an owner's eyes.
func (c *call) mayManage(o *org) bool {
	if c.who.inst != nil {
		return c.who.inst.Org == o.Login && levelOf(c.who.token.Permissions["organization_administration"]) >= read
	}
	if c.who.user == nil || !o.isOwner(c.who.user.ID) {
		return false
	}
	return c.who.kind == finePAT || hasScope(c.who.token.Scopes, "admin:org")
}

// ownerAsUser renders the organization as the owner of a repository.
func (c *call) ownerAsUser(o *org) obj {
	at := c.base + "/users/" + o.Login
	return obj{
		"login": o.Login, "id": o.ID, "node_id": nodeID("Organization", o.ID), "avatar_url": fmt.Sprintf("%s/avatars/u/%d?v=4", c.web, o.ID), "gravatar_id": "",
		"url": at, "html_url": c.web + "/" + o.Login, "followers_url": at + "/followers", "following_url": at + "/following{/other_user}",
		"gists_url": at + "/gists{/gist_id}", "starred_url": at + "/starred{/owner}{/repo}", "subscriptions_url": at + "/subscriptions",
		"organizations_url": at + "/orgs", "repos_url": at + "/repos", "events_url": at + "/events{/privacy}",
		"received_events_url": at + "/received_events", "type": "Organization", "user_view_type": "public", "site_admin": false,
	}
}

func (c *call) simpleTeam(o *org, t *team) obj {
	at := fmt.Sprintf("%s/organizations/%d/team/%d", c.base, o.ID, t.ID)
	privacy := "closed"
	if t.Secret {
		privacy = "secret"
	}
	return obj{
		"id": t.ID, "node_id": nodeID("Team", t.ID), "url": at, "html_url": c.web + "/orgs/" + o.Login + "/teams/" + t.Slug, "name": t.Name,
		"slug": t.Slug, "description": nil, "privacy": privacy, "notification_setting": "notifications_enabled", "permission": "pull",
		"members_url": at + "/members{/member}", "repositories_url": at + "/repos", "type": "organization", "organization_id": o.ID,
	}
}

func (c *call) teamWithParent(o *org, t *team) obj {
	out := c.simpleTeam(o, t)
	out["parent"] = nil
	if p := o.Teams[t.Parent]; p != nil {
		out["parent"] = c.simpleTeam(o, p)
	}
	return out
}

func (c *call) fullTeam(o *org, t *team) obj {
	out := c.teamWithParent(o, t)
	organization := c.fullOrg(o)
	delete(organization, "deploy_keys_enabled_for_repositories") // not shown here
	maps.Copy(out, obj{
		"members_count": len(o.teamMembers(t)), "repos_count": len(o.teamRepos(t)), "created_at": stamp(t.Created),
		"updated_at": stamp(t.Created), "organization": organization,
	})
	return out
}

// permissions renders a role as the five switches of the REST API.
func permissions(role string) obj {
	n := rank(role)
	return obj{"pull": n >= 1, "triage": n >= 2, "push": n >= 3, "maintain": n >= 4, "admin": n >= 5}
}

// collaborator renders an account with its role on a repository.
func (c *call) collaborator(id int64, role string) obj {
	out := c.simpleUser(id)
	out["permissions"] = permissions(c.org.base(role))
	out["role_name"] = spoken(role)
	return out
}

// teamWithRole renders a team with its role on a repository.
func (c *call) teamWithRole(o *org, t *team, role string) obj {
	out := c.teamWithParent(o, t)
	out["permission"] = role
	out["permissions"] = permissions(o.base(role))
	return out
}

func sortedKeys[V any](m map[int64]V) []int64 { return slices.Sorted(maps.Keys(m)) }
