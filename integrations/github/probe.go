package github

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"

	"lastday"
)

// self is who we act as.
type self struct {
	id    int64 // zero for an app installation
	login string
	// scopes of a classic token; nil where the far side names none.
	scopes []string
}

// selfCache keeps who a personal token belongs to: that never changes.
type selfCache struct {
	mu    sync.Mutex
	known self
}

// whoAmI is who our personal token belongs to; an installation is nobody.
func (d *driver) whoAmI(ctx context.Context) (self, error) {
	if d.inst != nil {
		return self{}, nil
	}
	d.self.mu.Lock()
	known := d.self.known
	d.self.mu.Unlock()
	if known.id != 0 {
		return known, nil
	}
	s, _, err := d.askWhoAmI(ctx)
	return s, err
}

func (d *driver) askWhoAmI(ctx context.Context) (self, answer, error) {
	var got user
	a, err := d.client.get(ctx, "read our own account", "user", &got)
	if err != nil {
		return self{}, a, err
	}
	if got.ID == 0 || !validLogin(got.Login) {
		return self{}, a, lastday.Errorf(lastday.CodeInvalid, "read our own account", "no account in the answer")
	}
	s := self{id: got.ID, login: got.Login, scopes: scopesOf(a.header)}
	d.self.mu.Lock()
	d.self.known = s
	d.self.mu.Unlock()
	return s, a, nil
}

// scopesOf reads the scopes of a classic token; nil for every other credential.
func scopesOf(h http.Header) []string {
	if _, ok := h["X-Oauth-Scopes"]; !ok {
		return nil
	}
	scopes := []string{}
	for s := range strings.SplitSeq(h.Get("X-OAuth-Scopes"), ",") {
		if s = strings.TrimSpace(s); s != "" {
			scopes = append(scopes, s)
		}
	}
	return scopes
}

// Probe says who we are and what we may not see.
func (d *driver) Probe(ctx context.Context) (lastday.Health, error) {
	if d.inst != nil {
		return d.probeApp(ctx)
	}
	me, a, err := d.askWhoAmI(ctx)
	if err != nil {
		return lastday.Health{}, err
	}
	health := lastday.Health{
		Identity: me.login, AccountID: itoa(me.id), QuotaLeft: quota(a), Version: a.header.Get("X-GitHub-Enterprise-Version"),
	}
	health.Missing = d.missingScopes(me)
	m, err := d.membership(ctx, who{id: me.id, login: me.login})
	switch {
	case codeIs(err, lastday.CodeNotFound), codeIs(err, lastday.CodeDenied):
		health.Missing = append(health.Missing, d.gap("", lastday.CodeOf(err), "our own membership cannot be read: "+err.Error()))
	case err != nil:
		return lastday.Health{}, err
	case m.State != "active" || m.Role != "admin":
		health.Missing = append(health.Missing, d.gap("", lastday.CodeDenied, "our token's account is no owner of the organization"))
	default:
		health.Control = lastday.Control{Seen: true, Evidence: "read our own membership of the organization, as an owner"}
	}
	health.Can = d.able(health.Missing)
	return health, nil
}

// probeApp reads what an installation may: the token's own list of permissions.
// The call that it makes reads the pending invitations, which owners alone see
// and the rest of a survey needs.
func (d *driver) probeApp(ctx context.Context) (lastday.Health, error) {
	control := lastday.Control{Seen: true, Evidence: "read the organization's pending invitations, as owners may"}
	a, err := d.probeInvitations(ctx)
	if hidden(err) { // organizations of managed users have none
		control, a, err = d.probeOwner(ctx)
	}
	if err != nil {
		return lastday.Health{}, err
	}
	health := lastday.Health{
		Identity: "app " + d.inst.app.ID, QuotaLeft: quota(a), Version: a.header.Get("X-GitHub-Enterprise-Version"),
		Missing: d.missingPermissions(d.inst.permissions()), Control: control,
	}
	if !control.Seen {
		health.Missing = append(health.Missing, d.gap("", lastday.CodeNotFound, "the organization shows no owner to us"))
	}
	health.Can = d.able(health.Missing)
	return health, nil
}

func (d *driver) probeInvitations(ctx context.Context) (answer, error) {
	mark := d.mail.mark()
	var page []orgInvitation
	a, err := d.client.get(ctx, "list org invitations", d.client.inOrg("invitations")+"?per_page=100&page=1", &page)
	if err == nil && a.next == 0 {
		d.mail.put(mark, page)
	}
	return a, err
}

func (d *driver) probeOwner(ctx context.Context) (lastday.Control, answer, error) {
	var owners []user
	a, err := d.client.get(ctx, "read a member of the organization", d.client.inOrg("members")+"?role=admin&per_page=1", &owners)
	if len(owners) == 0 || err != nil {
		return lastday.Control{}, a, unlessMissing(err)
	}
	return lastday.Control{Seen: true, Evidence: "read an owner of the organization"}, a, nil
}

func unlessMissing(err error) error {
	if codeIs(err, lastday.CodeNotFound) {
		return nil
	}
	return err
}

// quota is how many calls are left; -1 if the far side does not say.
func quota(a answer) int {
	if a.header.Get("X-RateLimit-Remaining") == "" {
		return -1
	}
	return a.left
}

// missingScopes says what a personal token cannot see, for lack of a scope or of
// being an app.
func (d *driver) missingScopes(me self) []lastday.Gap {
	gaps := []lastday.Gap{
		d.gap(kindToken, lastday.CodeDenied, appsOnly),
		d.gap(kindTokenRequest, lastday.CodeDenied, appsOnly),
	}
	if me.scopes == nil {
		return gaps
	}
	if !slices.Contains(me.scopes, "admin:org") {
		gaps = append(gaps, d.gap("", lastday.CodeDenied, "our token lacks the scope admin:org"))
	}
	if !slices.Contains(me.scopes, "repo") {
		for _, kind := range []string{kindRepo, kindRepoInvite, kindDeployKey, kindProtection, kindEnvironment, kindRuleset} {
			gaps = append(gaps, d.gap(kind, lastday.CodeDenied, "our token lacks the scope repo"))
		}
	}
	return gaps
}

// need is an installation's permission and what cannot be seen or changed without it.
type need struct {
	permission string
	level      string
	kinds      []string
}

func needs() []need {
	return []need{
		{"members", "write", []string{kindMember, kindTeam, kindInvite, kindSent, kindOrgRole}},
		{"organization_administration", "write", []string{kindCredential, kindRuleset}},
		{"organization_personal_access_tokens", "write", []string{kindToken}},
		{"organization_personal_access_token_requests", "write", []string{kindTokenRequest}},
		{"organization_custom_org_roles", "read", []string{kindOrgRole}},
		{"organization_codespaces", "write", []string{kindCodespace, kindSpacePay}},
		{"organization_codespaces_settings", "write", []string{kindSpacePay}},
		{"organization_copilot_seat_management", "write", []string{kindCopilot}},
		{"administration", "write", []string{kindRepo, kindRepoInvite, kindDeployKey, kindProtection, kindEnvironment}},
		{"metadata", "read", []string{kindRepo}},
	}
}

func (d *driver) missingPermissions(held map[string]string) []lastday.Gap {
	rank := map[string]int{"read": 1, "write": 2, "admin": 3}
	var gaps []lastday.Gap
	told := map[string]bool{}
	for _, n := range needs() {
		if rank[held[n.permission]] >= rank[n.level] {
			continue
		}
		for _, kind := range n.kinds {
			if !told[kind] {
				told[kind] = true
				gaps = append(gaps, d.gap(kind, lastday.CodeDenied, "the app lacks the permission "+n.permission+": "+n.level))
			}
		}
	}
	return gaps
}

// able lists the kinds that no gap names.
func (d *driver) able(missing []lastday.Gap) []string {
	var can []string
	for _, k := range kinds() {
		if !slices.ContainsFunc(missing, func(g lastday.Gap) bool { return g.Kind == k.Name || g.Kind == "" }) {
			can = append(can, k.Name)
		}
	}
	return can
}
