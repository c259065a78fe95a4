package githubtest

import (
	"crypto/sha1" //nolint:gosec // git names its objects by SHA-1
	"encoding/base64"
	"encoding/hex"
	"maps"
	"net/http"
	"slices"
	"strings"
)

func protectRoutes() []*route {
	look := onRepo("pull", right{"repo", "metadata", read})
	contents := onRepo("pull", right{"repo", "contents", read})
	inspect := onRepo("admin", right{"repo", "administration", read})
	manage := onRepo("admin", right{"repo", "administration", write})
	const at = "/repos/{owner}/{repo}/branches"
	const protected = at + "/{branch}/protection"
	const users = protected + "/restrictions/users"
	return []*route{
		{"GET", at, contents, listBranches},
		{"GET", protected, inspect, withProtection(showProtection)},
		{"GET", protected + "/required_pull_request_reviews", inspect, withProtection(showReviews)},
		{"PATCH", protected + "/required_pull_request_reviews", manage, withProtection(patchReviews)},
		{"GET", users, inspect, withProtection(restrictedUsers)},
		{"POST", users, manage, withProtection(changeUsers(union))},
		{"PUT", users, manage, withProtection(changeUsers(func(_, b []int64) []int64 { return b }))},
		{"DELETE", users, manage, withProtection(changeUsers(minus))},
		{"GET", "/repos/{owner}/{repo}/contents/{path}", contents, getContents},
		{"GET", "/repos/{owner}/{repo}/codeowners/errors", contents, codeownersErrors},
		{"GET", "/repos/{owner}/{repo}/forks", look, listForks},
	}
}

func fakeSHA(parts ...string) string {
	sum := sha1.Sum([]byte(strings.Join(parts, "/"))) //nolint:gosec // see the import
	return hex.EncodeToString(sum[:])
}

func listBranches(c *call) *reply {
	names := slices.Collect(maps.Keys(c.repo.Protections))
	if c.repo.Protections[c.repo.Branch] == nil {
		names = append(names, c.repo.Branch)
	}
	slices.Sort(names)
	want := c.q.Get("protected")
	names = slices.DeleteFunc(names, func(n string) bool {
		p := c.repo.Protections[n] != nil
		return want == "true" && !p || want == "false" && p
	})
	return list(c, names, func(n string) any {
		sha := fakeSHA(c.repo.Name, n)
		return obj{
			"name": n, "commit": obj{"sha": sha, "url": c.place() + "/commits/" + sha}, "protected": c.repo.Protections[n] != nil,
			"protection_url": c.place() + "/branches/" + n + "/protection",
		}
	})
}

func withProtection(f func(*call, *protection) *reply) handler {
	return func(c *call) *reply {
		p := c.repo.Protections[c.vars["branch"]]
		if p == nil {
			return failure(http.StatusNotFound, "Branch not protected")
		}
		return f(c, p)
	}
}

func (c *call) protectionAt(p *protection) string {
	return c.place() + "/branches/" + p.Branch + "/protection"
}

func (c *call) users(ids []int64) []any {
	out := []any{}
	for _, id := range ids {
		out = append(out, c.simpleUser(id))
	}
	return out
}

func (c *call) teams(ids []int64) []any {
	out := []any{}
	for _, id := range ids {
		if t := c.org.Teams[id]; t != nil {
			out = append(out, c.teamWithParent(c.org, t))
		}
	}
	return out
}

func (c *call) actorsObject(a actors) obj {
	return obj{"users": c.users(a.Users), "teams": c.teams(a.Teams), "apps": []any{}}
}

func showProtection(c *call, p *protection) *reply {
	at := c.protectionAt(p)
	out := obj{
		"url": at, "enforce_admins": obj{"url": at + "/enforce_admins", "enabled": p.Admins},
		"required_linear_history": obj{"enabled": false}, "allow_force_pushes": obj{"enabled": false}, "allow_deletions": obj{"enabled": false},
	}
	if p.Reviews {
		out["required_pull_request_reviews"] = c.reviewsObject(p)
	}
	if p.Restricts {
		r := c.actorsObject(p.Push)
		maps.Copy(r, obj{"url": at + "/restrictions", "users_url": at + "/restrictions/users", "teams_url": at + "/restrictions/teams", "apps_url": at + "/restrictions/apps"})
		out["restrictions"] = r
	}
	return ok(out)
}

func (c *call) reviewsObject(p *protection) obj {
	at := c.protectionAt(p)
	out := obj{
		"url": at + "/required_pull_request_reviews", "dismiss_stale_reviews": p.Stale, "require_code_owner_reviews": p.CodeOwners,
		"required_approving_review_count": p.Approvals, "require_last_push_approval": false, "bypass_pull_request_allowances": c.actorsObject(p.Bypass),
	}
	if p.Dismisses {
		d := c.actorsObject(p.Dismissal)
		maps.Copy(d, obj{"url": at + "/dismissal_restrictions", "users_url": at + "/dismissal_restrictions/users", "teams_url": at + "/dismissal_restrictions/teams"})
		out["dismissal_restrictions"] = d
	}
	return out
}

func showReviews(c *call, p *protection) *reply {
	if !p.Reviews {
		return notFound()
	}
	return ok(c.reviewsObject(p))
}

type actorNames struct {
	Users *[]string
	Teams *[]string
}

// patchReviews replaces the lists that are given and leaves the others
// (https://docs.github.com/rest/branches/branch-protection#update-pull-request-review-protection).
func patchReviews(c *call, p *protection) *reply {
	var in struct {
		Dismissal  *actorNames `json:"dismissal_restrictions"`
		Bypass     *actorNames `json:"bypass_pull_request_allowances"`
		Stale      *bool       `json:"dismiss_stale_reviews"`
		CodeOwners *bool       `json:"require_code_owner_reviews"`
		Approvals  *int        `json:"required_approving_review_count"`
	}
	if out := c.decode(&in); out != nil {
		return out
	}
	if in.Dismissal != nil {
		p.Dismisses = in.Dismissal.Users != nil || in.Dismissal.Teams != nil
		c.setActors(&p.Dismissal, in.Dismissal)
	}
	if in.Bypass != nil {
		c.setActors(&p.Bypass, in.Bypass)
	}
	set(&p.Stale, in.Stale)
	set(&p.CodeOwners, in.CodeOwners)
	set(&p.Approvals, in.Approvals)
	p.Reviews = true
	return ok(c.reviewsObject(p))
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func (c *call) setActors(a *actors, in *actorNames) {
	if in.Users != nil {
		a.Users = c.accounts(*in.Users)
	}
	if in.Teams != nil {
		a.Teams = nil
		for _, slug := range *in.Teams {
			if t := c.org.teamBySlug(slug); t != nil {
				a.Teams = append(a.Teams, t.ID)
			}
		}
	}
}

func (c *call) accounts(logins []string) []int64 {
	var ids []int64
	for _, l := range logins {
		if u := c.w.userByLogin(l); u != nil {
			ids = append(ids, u.ID)
		}
	}
	return ids
}

func restrictedUsers(c *call, p *protection) *reply {
	if !p.Restricts {
		return failure(http.StatusNotFound, "Push restrictions not enabled")
	}
	return ok(c.users(p.Push.Users))
}

func union(a, b []int64) []int64 { return append(minus(a, b), b...) }

func minus(a, b []int64) []int64 {
	return slices.DeleteFunc(slices.Clone(a), func(id int64) bool { return slices.Contains(b, id) })
}

func changeUsers(merge func(have, named []int64) []int64) func(*call, *protection) *reply {
	return func(c *call, p *protection) *reply {
		var in struct{ Users []string }
		if out := c.decode(&in); out != nil {
			return out
		}
		if !p.Restricts {
			return failure(http.StatusNotFound, "Push restrictions not enabled")
		}
		p.Push.Users = merge(p.Push.Users, c.accounts(in.Users))
		return ok(c.users(p.Push.Users))
	}
}

func getContents(c *call) *reply {
	path := c.vars["path"]
	text, has := c.repo.Files[path]
	if !has {
		return notFound()
	}
	if strings.Contains(c.r.Header.Get("Accept"), "raw") {
		out := ok(nil).with("Content-Type", "application/vnd.github.raw+json; charset=utf-8")
		out.raw = []byte(text)
		return out
	}
	sha := fakeSHA(path, text)
	at, page := c.place()+"/contents/"+path+"?ref="+c.repo.Branch, c.web+"/"+c.org.Login+"/"+c.repo.Name+"/blob/"+c.repo.Branch+"/"+path
	git := c.place() + "/git/blobs/" + sha
	return ok(obj{
		"type": "file", "encoding": "base64", "size": len(text), "name": path[strings.LastIndex(path, "/")+1:], "path": path,
		"content": base64.StdEncoding.EncodeToString([]byte(text)) + "\n", "sha": sha, "url": at, "git_url": git, "html_url": page,
		"download_url": strings.Replace(page, "/blob/", "/raw/", 1), "_links": obj{"git": git, "html": page, "self": at},
	})
}

// codeownersPaths are the places GitHub looks in, in this order
// (https://docs.github.com/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners).
func codeownersPaths() []string {
	return []string{".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"}
}

func (r *repo) codeowners() (path, text string, ok bool) {
	for _, p := range codeownersPaths() {
		if t, has := r.Files[p]; has {
			return p, t, true
		}
	}
	return "", "", false
}

// codeownersErrors flags owners who cannot write to the repository.
func codeownersErrors(c *call) *reply {
	path, text, has := c.repo.codeowners()
	if !has {
		return notFound()
	}
	flaws := []any{}
	for n, line := range strings.Split(text, "\n") {
		for word := range strings.FieldsSeq(line) {
			if strings.HasPrefix(word, "#") {
				break
			}
			if name, isUser := strings.CutPrefix(word, "@"); isUser && !strings.Contains(name, "/") && !c.mayOwnCode(name) {
				flaws = append(flaws, obj{
					"line": n + 1, "column": strings.Index(line, word) + 1, "source": line, "kind": "Unknown owner", "path": path,
					"suggestion": "make sure @" + name + " exists and has write access to the repository", "message": "Unknown owner on line " + itoa(int64(n+1)),
				})
			}
		}
	}
	return ok(obj{"errors": flaws})
}

func (c *call) mayOwnCode(login string) bool {
	u := c.w.userByLogin(login)
	return u != nil && rank(c.org.base(c.w.effective(c.org, c.repo, u.ID))) >= rank("write")
}

func listForks(c *call) *reply {
	return list(c, c.repo.Forks, func(f fork) any {
		out := c.minimalRepo(c.org, c.repo)
		maps.Copy(out, repoURLs(c.base+"/repos/"+c.login(f.User)+"/"+f.Name))
		out["id"], out["name"], out["full_name"], out["owner"] = f.ID, f.Name, c.login(f.User)+"/"+f.Name, c.simpleUser(f.User)
		out["fork"], out["private"], out["url"] = true, f.Private, c.base+"/repos/"+c.login(f.User)+"/"+f.Name
		out["html_url"], out["node_id"] = c.web+"/"+c.login(f.User)+"/"+f.Name, nodeID("Repository", f.ID)
		return out
	})
}
