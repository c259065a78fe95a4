package githubtest

import (
	"net/url"
	"strings"
)

// handler answers one call. It runs under the server's lock.
type handler func(*call) *reply

// route is one endpoint: the published template, who may call it, and what it does.
type route struct {
	Method   string
	Template string
	gate     gate
	handle   handler
}

// Name is the route as the published description writes it.
func (r *route) Name() string { return r.Method + " " + r.Template }

// cloudOnly says that Enterprise Server does not have the endpoint: its published description lacks it.
func (r *route) cloudOnly() bool {
	for _, part := range []string{
		"/invitations", "/failed_invitations", "/credential-authorizations", "/codespaces", "/copilot", "/enterprise-roles", "/team-sync",
	} {
		if strings.Contains(r.Template, part) && !strings.HasPrefix(r.Template, "/repos/") {
			return true
		}
	}
	return false
}

// node is one step of the tree of routes; a literal step wins over a parameter.
type node struct {
	literal map[string]*node
	param   *node
	rest    *node
	routes  map[string]*route
}

func newNode() *node { return &node{literal: map[string]*node{}, routes: map[string]*route{}} }

func (n *node) add(r *route) {
	at := n
	for seg := range strings.SplitSeq(strings.Trim(r.Template, "/"), "/") {
		at = at.step(seg, r.Template)
	}
	at.routes[r.Method] = r
}

func (n *node) step(seg, template string) *node {
	switch {
	case seg == "{path}" && strings.HasSuffix(template, seg):
		if n.rest == nil {
			n.rest = newNode()
		}
		return n.rest
	case strings.HasPrefix(seg, "{"):
		if n.param == nil {
			n.param = newNode()
		}
		return n.param
	}
	if n.literal[seg] == nil {
		n.literal[seg] = newNode()
	}
	return n.literal[seg]
}

// find returns the node for the decoded segments; the methods it knows are in its routes.
func (n *node) find(method string, segs []string) *route {
	if len(segs) == 0 {
		return n.routes[method]
	}
	if next := n.literal[segs[0]]; next != nil {
		if r := next.find(method, segs[1:]); r != nil {
			return r
		}
	}
	if n.param != nil && segs[0] != "" {
		if r := n.param.find(method, segs[1:]); r != nil {
			return r
		}
	}
	if n.rest != nil {
		return n.rest.routes[method]
	}
	return nil
}

// segments splits an escaped path and decodes each part, so that an escaped slash stays inside its part.
func segments(escaped string) ([]string, bool) {
	parts := strings.Split(strings.Trim(escaped, "/"), "/")
	for i, p := range parts {
		dec, err := url.PathUnescape(p)
		if err != nil || p == "." || p == ".." {
			return nil, false
		}
		parts[i] = dec
	}
	return parts, true
}

// bind names the segments after the parameters of the template.
func (r *route) bind(segs []string) map[string]string {
	vars := map[string]string{}
	for i, name := range strings.Split(strings.Trim(r.Template, "/"), "/") {
		switch {
		case name == "{path}" && strings.HasSuffix(r.Template, name):
			vars["path"] = strings.Join(segs[i:], "/")
		case strings.HasPrefix(name, "{"):
			vars[strings.Trim(name, "{}")] = segs[i]
		}
	}
	return vars
}

func routeTree() *node {
	root := newNode()
	for _, r := range allRoutes() {
		root.add(r)
	}
	return root
}

// allRoutes lists every endpoint served.
func allRoutes() []*route {
	var out []*route
	for _, group := range [][]*route{
		metaRoutes(), orgRoutes(), teamRoutes(), repoRoutes(), credentialRoutes(), roleRoutes(), hookRoutes(), seatRoutes(), protectRoutes(),
		ruleRoutes(), scimRoutes(), auditRoutes(), graphqlRoutes(),
	} {
		out = append(out, group...)
	}
	return out
}

// Routes lists every endpoint served as "METHOD /template", in the words of GitHub's published description.
func Routes() []string {
	var out []string
	for _, r := range allRoutes() {
		out = append(out, r.Name())
	}
	return out
}
