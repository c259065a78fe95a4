package githubtest

func (c *call) appObject(a *app) obj {
	return obj{
		"id": a.ID, "slug": a.Slug, "client_id": clientID(a), "node_id": nodeID("Integration", a.ID), "owner": c.ownerAsUser(c.w.org(a.Owner)),
		"name": a.Name, "description": nil, "external_url": c.web + "/apps/" + a.Slug, "html_url": c.web + "/apps/" + a.Slug,
		"created_at": stamp(a.Created), "updated_at": stamp(a.Created), "permissions": a.Perms, "events": []string{},
	}
}

func (c *call) installationObject(i *installation) obj {
	a, o := c.w.Apps[i.App], c.w.org(i.Org)
	var suspended any
	if i.Suspended {
		suspended = stamp(c.now)
	}
	at := c.base + "/app/installations/" + itoa(i.ID)
	return obj{
		"id": i.ID, "account": c.ownerAsUser(o), "repository_selection": "all", "access_tokens_url": at + "/access_tokens",
		"repositories_url": c.base + "/installation/repositories", "html_url": c.web + "/organizations/" + o.Login + "/settings/installations/" + itoa(i.ID),
		"app_id": i.App, "client_id": clientID(a), "target_id": o.ID, "target_type": "Organization", "permissions": i.Perms, "events": []string{},
		"created_at": stamp(i.Created), "updated_at": stamp(i.Created), "single_file_name": nil, "app_slug": a.Slug,
		"suspended_by": nil, "suspended_at": suspended,
	}
}

func appInstallations(c *call) *reply {
	var items []*installation
	for _, i := range byID(c.w.Installations) {
		if i.App == c.who.app.ID {
			items = append(items, i)
		}
	}
	return list(c, items, func(i *installation) any { return c.installationObject(i) })
}

func appInstallationByID(c *call) *reply {
	if i := c.myInstallation(); i != nil {
		return ok(c.installationObject(i))
	}
	return notFound()
}

func orgInstallation(c *call) *reply {
	for _, i := range byID(c.w.Installations) {
		if i.App == c.who.app.ID && i.Org == c.org.Login {
			return ok(c.installationObject(i))
		}
	}
	return notFound()
}

func orgInstallations(c *call) *reply {
	var items []*installation
	for _, i := range byID(c.w.Installations) {
		if i.Org == c.org.Login {
			items = append(items, i)
		}
	}
	return listIn(c, "installations", nil, items, func(i *installation) any { return c.installationObject(i) })
}

func suspendInstallation(suspended bool) handler {
	return func(c *call) *reply {
		i := c.myInstallation()
		if i == nil {
			return notFound()
		}
		i.Suspended = suspended
		return noContent()
	}
}

func installationRepos(c *call) *reply {
	if c.who.kind != appInstallation {
		return forbidden("You must authenticate with an installation access token in order to list repositories for an installation.")
	}
	o := c.w.org(c.who.inst.Org)
	c.org = o
	return listIn(c, "repositories", obj{"total_count": len(o.Repos), "repository_selection": "all"}, byID(o.Repos), func(r *repo) any {
		out := c.fullRepo(o, r)
		for _, alone := range []string{"network_count", "organization", "subscribers_count"} {
			delete(out, alone) // shown only where a repository stands alone
		}
		return out
	})
}
