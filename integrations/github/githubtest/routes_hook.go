package githubtest

import (
	"net/http"
	"slices"
	"strings"
)

func hookRoutes() []*route {
	seeHooks := asOwner(right{"admin:org_hook", "organization_hooks", read})
	setHooks := asOwner(right{"admin:org_hook", "organization_hooks", write})
	seeRunners := asOwner(right{"admin:org", "organization_self_hosted_runners", read})
	setRunners := asOwner(right{"admin:org", "organization_self_hosted_runners", write})
	repoHooks := onRepo("admin", right{"repo", "repository_hooks", read})
	setRepoHooks := onRepo("admin", right{"repo", "repository_hooks", write})
	repoAdmin := onRepo("admin", right{"repo", "administration", read})
	setRepo := onRepo("admin", right{"repo", "administration", write})
	const hooks, rhooks = "/orgs/{org}/hooks", "/repos/{owner}/{repo}/hooks"
	const runners, rrunners = "/orgs/{org}/actions/runners", "/repos/{owner}/{repo}/actions/runners"
	const keys = "/repos/{owner}/{repo}/keys"
	return []*route{
		{"GET", hooks, seeHooks, listHooks},
		{"GET", hooks + "/{hook_id}", seeHooks, withHook(showHook)},
		{"PATCH", hooks + "/{hook_id}", setHooks, withHook(patchHook)},
		{"DELETE", hooks + "/{hook_id}", setHooks, withHook(deleteHook)},
		{"GET", rhooks, repoHooks, listHooks},
		{"GET", rhooks + "/{hook_id}", repoHooks, withHook(showHook)},
		{"PATCH", rhooks + "/{hook_id}", setRepoHooks, withHook(patchHook)},
		{"DELETE", rhooks + "/{hook_id}", setRepoHooks, withHook(deleteHook)},
		{"GET", runners, seeRunners, listRunners},
		{"GET", runners + "/{runner_id}", seeRunners, withRunner(showRunner)},
		{"DELETE", runners + "/{runner_id}", setRunners, withRunner(deleteRunner)},
		{"GET", rrunners, repoAdmin, listRunners},
		{"GET", rrunners + "/{runner_id}", repoAdmin, withRunner(showRunner)},
		{"DELETE", rrunners + "/{runner_id}", setRepo, withRunner(deleteRunner)},
		{"GET", keys, repoAdmin, listKeys},
		{"POST", keys, setRepo, createKey},
		{"GET", keys + "/{key_id}", repoAdmin, withKey(showKey)},
		{"DELETE", keys + "/{key_id}", setRepo, withKey(deleteKey)},
		{"GET", "/orgs/{org}/actions/secrets", asOwner(right{"admin:org", "organization_secrets", read}), listSecrets("actions")},
		{"GET", "/orgs/{org}/dependabot/secrets", asOwner(right{"admin:org", "organization_dependabot_secrets", read}), listSecrets("dependabot")},
		{"GET", "/orgs/{org}/codespaces/secrets", asOwner(right{"admin:org", "organization_codespaces_secrets", read}), listSecrets("codespaces")},
		{"GET", "/repos/{owner}/{repo}/actions/secrets", onRepo("push", right{"repo", "secrets", read}), listRepoSecrets},
	}
}

// hooksHere are the hooks of the repository of the path, or of the organization.
func (c *call) hooksHere() map[int64]*hook {
	if c.repo != nil {
		return c.repo.Hooks
	}
	return c.org.Hooks
}

func (c *call) place() string {
	if c.repo != nil {
		return c.base + "/repos/" + c.org.Login + "/" + c.repo.Name
	}
	return c.base + "/orgs/" + c.org.Login
}

func (c *call) hookObject(h *hook) any {
	at := c.place() + "/hooks/" + itoa(h.ID)
	out := obj{
		"id": h.ID, "url": at, "ping_url": at + "/pings", "deliveries_url": at + "/deliveries", "name": "web", "events": h.Events,
		"active": h.Active, "config": obj{"url": h.URL, "content_type": "json", "insecure_ssl": "0"}, "updated_at": stamp(h.Updated),
		"created_at": stamp(h.Created), "type": "Organization",
	}
	if c.repo != nil {
		out["type"], out["test_url"] = "Repository", at+"/test"
		out["last_response"] = obj{"code": nil, "status": "unused", "message": nil}
	}
	return out
}

func listHooks(c *call) *reply { return list(c, byID(c.hooksHere()), c.hookObject) }

func withHook(f func(*call, *hook) *reply) handler {
	return func(c *call) *reply {
		h := c.hooksHere()[c.number("hook_id")]
		if h == nil {
			return notFound()
		}
		return f(c, h)
	}
}

func showHook(c *call, h *hook) *reply { return ok(c.hookObject(h)) }

func patchHook(c *call, h *hook) *reply {
	var in struct {
		Active *bool
		Events []string
		Config *struct{ URL string }
	}
	if out := c.decode(&in); out != nil {
		return out
	}
	if in.Active != nil {
		h.Active = *in.Active
	}
	if in.Events != nil {
		h.Events = in.Events
	}
	if in.Config != nil && in.Config.URL != "" {
		h.URL = in.Config.URL
	}
	h.Updated = c.now
	return ok(c.hookObject(h))
}

func deleteHook(c *call, h *hook) *reply {
	delete(c.hooksHere(), h.ID)
	return noContent()
}

func (c *call) runnersHere() map[int64]*runner {
	if c.repo != nil {
		return c.repo.Runners
	}
	return c.org.Runners
}

func runnerObject(r *runner) any {
	labels := []any{}
	for i, l := range r.Labels {
		labels = append(labels, obj{"id": i + 1, "name": l, "type": "custom"})
	}
	status := "offline"
	if r.Online {
		status = "online"
	}
	return obj{"id": r.ID, "name": r.Name, "os": r.OS, "status": status, "busy": r.Busy, "labels": labels, "runner_group_id": 1}
}

func listRunners(c *call) *reply {
	name := c.q.Get("name")
	items := slices.DeleteFunc(byID(c.runnersHere()), func(r *runner) bool { return name != "" && r.Name != name })
	return listIn(c, "runners", nil, items, runnerObject)
}

func withRunner(f func(*call, *runner) *reply) handler {
	return func(c *call) *reply {
		r := c.runnersHere()[c.number("runner_id")]
		if r == nil {
			return notFound()
		}
		return f(c, r)
	}
}

func showRunner(_ *call, r *runner) *reply { return ok(runnerObject(r)) }

// deleteRunner refuses while a job runs on the machine.
func deleteRunner(c *call, r *runner) *reply {
	if r.Busy {
		return answer(http.StatusUnprocessableEntity, obj{"message": "Runner is currently running a job and cannot be deleted.", "documentation_url": "https://docs.github.com/rest"})
	}
	delete(c.runnersHere(), r.ID)
	return noContent()
}

func (c *call) keyObject(k *deployKey) any {
	out := obj{
		"id": k.ID, "key": k.Key, "url": c.place() + "/keys/" + itoa(k.ID), "title": k.Title, "verified": true, "created_at": stamp(k.Created),
		"read_only": k.ReadOnly, "added_by": nil, "last_used": stampOr(k.Used), "enabled": true,
	}
	if u := c.w.Users[k.AddedBy]; u != nil {
		out["added_by"] = u.Login
	}
	return out
}

func listKeys(c *call) *reply { return list(c, byID(c.repo.Keys), c.keyObject) }

func createKey(c *call) *reply {
	var in struct {
		Title    string
		Key      string
		ReadOnly bool `json:"read_only"`
	}
	if out := c.decode(&in); out != nil {
		return out
	}
	if !strings.HasPrefix(in.Key, "ssh-") && !strings.HasPrefix(in.Key, "ecdsa-") {
		return invalid("PublicKey", "key", "key is invalid. You must supply a key in OpenSSH public key format")
	}
	for _, k := range c.repo.Keys {
		if k.Key == in.Key {
			return invalid("PublicKey", "key", "key is already in use")
		}
	}
	k := &deployKey{ID: c.w.next(), Title: in.Title, Key: in.Key, ReadOnly: in.ReadOnly, AddedBy: c.actor(), Created: c.now}
	c.repo.Keys[k.ID] = k
	return created(c.keyObject(k))
}

func withKey(f func(*call, *deployKey) *reply) handler {
	return func(c *call) *reply {
		k := c.repo.Keys[c.number("key_id")]
		if k == nil {
			return notFound()
		}
		return f(c, k)
	}
}

func showKey(c *call, k *deployKey) *reply { return ok(c.keyObject(k)) }

func deleteKey(c *call, k *deployKey) *reply {
	delete(c.repo.Keys, k.ID)
	return noContent()
}

func listSecrets(kind string) handler {
	return func(c *call) *reply {
		return listIn(c, "secrets", nil, c.org.Secrets[kind], func(s secret) any {
			return obj{"name": s.Name, "created_at": stamp(s.Created), "updated_at": stamp(s.Created), "visibility": "all"}
		})
	}
}

func listRepoSecrets(c *call) *reply {
	return listIn(c, "secrets", nil, c.repo.Secrets, func(s secret) any {
		return obj{"name": s.Name, "created_at": stamp(s.Created), "updated_at": stamp(s.Created)}
	})
}
