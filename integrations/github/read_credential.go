package github

import (
	"context"
	"net/url"
	"strings"
	"time"

	"lastday"
)

// credential is a SAML authorization of a classic token or an SSH key.
type credential struct {
	ID       int64     `json:"credential_id"`
	Login    string    `json:"login"`
	Type     string    `json:"credential_type"`
	Last     string    `json:"token_last_eight"`
	Title    string    `json:"authorized_credential_title"`
	Note     string    `json:"authorized_credential_note"`
	Accessed time.Time `json:"credential_accessed_at"`
}

func (c credential) name() string {
	for _, s := range []string{c.Title, c.Note} {
		if s != "" {
			return c.Type + " " + s
		}
	}
	return c.Type
}

// readCredentials reads which of the person's own credentials were let through
// single sign-on. What is not asked for is dropped: servers ignore filters.
// https://docs.github.com/enterprise-cloud@latest/rest/orgs/orgs#list-saml-sso-authorizations-for-an-organization
func (d *driver) readCredentials(ctx context.Context, r *reading) error {
	idx, err := d.index.current(ctx)
	if err != nil || idx.unsigned {
		return err
	}
	where := d.client.inOrg("credential-authorizations") + "?login=" + url.QueryEscape(r.who.login)
	var all []credential
	err = list(ctx, d.client, "list credential authorizations", where, func(c credential) { all = append(all, c) })
	if codeIs(err, lastday.CodeNotFound) {
		return d.withoutSAML(ctx, err)
	}
	for _, c := range all {
		if strings.EqualFold(c.Login, r.who.login) {
			r.add(d.grant(kindCredential, lastday.Resource{ID: itoa(c.ID), Name: c.name()}, rungHeld))
		}
	}
	return err
}

// indexSignOn finds out whether credentials are authorized for single sign-on
// here at all. Without an identity provider, and with nobody's on the list,
// there is nothing to authorize them for. With one, even if it is the
// enterprise's, every person's own are read afresh.
func (d *driver) indexSignOn(ctx context.Context, s *snapshot) error {
	if s.saml != samlNone {
		return nil
	}
	var some []credential
	_, err := d.client.get(ctx, "list credential authorizations", d.client.inOrg("credential-authorizations")+"?per_page=1", &some)
	s.unsigned = codeIs(err, lastday.CodeNotFound) || err == nil && len(some) == 0
	return unlessHidden(err)
}

// withoutSAML decides what a 404 means: with no identity provider there is
// nothing to authorize; else the list is hidden from us.
func (d *driver) withoutSAML(ctx context.Context, missing error) error {
	idx, err := d.index.current(ctx)
	if err != nil {
		return err
	}
	if idx.saml == samlNone {
		return nil
	}
	return missing
}

// What is known about single sign-on of the organization itself.
const (
	samlUnknown = iota
	samlNone
	samlOn
)

const samlQuery = `query($org:String!){organization(login:$org){viewerCanAdminister samlIdentityProvider{id}
 membersWithRole(first:3){nodes{databaseId login}}}}`

// indexSAML finds out whether the organization has an identity provider, which
// only an administrator is told, and who could be seen as a member beside a
// leaver.
func (d *driver) indexSAML(ctx context.Context, s *snapshot) error {
	if d.cfg.NoGraphQL {
		return nil
	}
	var got struct {
		Organization *struct {
			Can      bool      `json:"viewerCanAdminister"`
			Provider *struct{} `json:"samlIdentityProvider"`
			Members  struct {
				Nodes []struct {
					DatabaseID int64  `json:"databaseId"`
					Login      string `json:"login"`
				} `json:"nodes"`
			} `json:"membersWithRole"`
		} `json:"organization"`
	}
	err := d.client.query(ctx, "read identity provider", samlQuery, map[string]any{"org": d.cfg.Org}, &got)
	if err != nil {
		return unlessHidden(err)
	}
	if got.Organization == nil {
		return nil
	}
	for _, n := range got.Organization.Members.Nodes {
		s.witnesses = append(s.witnesses, user{ID: n.DatabaseID, Login: n.Login})
	}
	switch {
	case !got.Organization.Can:
	case got.Organization.Provider == nil:
		s.saml = samlNone
	default:
		s.saml = samlOn
	}
	return nil
}

const provisionedQuery = `query($org:String!,$login:String!){organization(login:$org){` + linkFields + `}}`

// readProvisioned tells of the identity that the identity provider gave the
// person: it can bring the membership back, and is ended there.
func (d *driver) readProvisioned(ctx context.Context, r *reading) error {
	idx, err := d.index.current(ctx)
	if err != nil || idx.saml != samlOn {
		return err
	}
	linked := r.glance != nil && r.glance.linked
	if r.glance == nil {
		if linked, err = d.linked(ctx, r.who); err != nil {
			return err
		}
	}
	if linked {
		r.page.Residue = append(r.page.Residue, d.linkResidue())
	}
	return nil
}

func (d *driver) linked(ctx context.Context, w who) (bool, error) {
	var got struct {
		Organization *struct {
			Provider *linkedIdentities `json:"samlIdentityProvider"`
		} `json:"organization"`
	}
	err := d.client.query(ctx, "read identity", provisionedQuery, map[string]any{"org": d.cfg.Org, "login": w.login}, &got)
	if err != nil || got.Organization == nil {
		return false, err
	}
	return got.Organization.Provider.links(w), nil
}

// fineToken is a fine-grained token, approved or asked for.
type fineToken struct {
	ID          int64  `json:"id"`
	Owner       user   `json:"owner"`
	Name        string `json:"token_name"`
	Permissions struct {
		Organization map[string]string `json:"organization"`
		Repository   map[string]string `json:"repository"`
	} `json:"permissions"`
}

func (t fineToken) level() lastday.Level {
	level := lastday.LevelSignIn
	for _, set := range []map[string]string{t.Permissions.Organization, t.Permissions.Repository} {
		for name, held := range set {
			level = max(level, levelOfPermission(name, held))
		}
	}
	return level
}

// levelOfPermission is what a permission lets its holder do at worst: to
// administer or to manage members is to grant.
func levelOfPermission(name, held string) lastday.Level {
	switch held {
	case "read":
		return lastday.LevelRead
	case "write":
		if name == "administration" || name == "members" || strings.HasPrefix(name, "organization_administration") {
			return lastday.LevelAdmin
		}
		return lastday.LevelWrite
	}
	return lastday.LevelAdmin
}

// Only apps may ask; https://docs.github.com/rest/orgs/personal-access-tokens
const appsOnly = "only a GitHub App may list fine-grained tokens and requests for them"

func (d *driver) readTokens(ctx context.Context, r *reading) error {
	return d.readFineTokens(ctx, r, kindToken, "personal-access-tokens")
}

// readTokenRequests asks afresh about people whose requests the index saw. A
// request opens nothing; once it is granted it is a token, which is always read.
func (d *driver) readTokenRequests(ctx context.Context, r *reading) error {
	if d.inst == nil {
		return lastday.Errorf(lastday.CodeDenied, "list token requests", appsOnly)
	}
	idx, err := d.index.current(ctx)
	if err != nil {
		return err
	}
	if err := idx.hidden[kindTokenRequest]; err != nil || !idx.asking[r.who.id] {
		return err
	}
	return d.readFineTokens(ctx, r, kindTokenRequest, "personal-access-token-requests")
}

// indexTokenRequests finds out who asks for a token.
func (d *driver) indexTokenRequests(ctx context.Context, s *snapshot) error {
	if d.inst == nil {
		return nil
	}
	err := list(ctx, d.client, "list token requests", d.client.inOrg("personal-access-token-requests"), func(t fineToken) { s.asking[t.Owner.ID] = true })
	if err != nil {
		return s.hide(kindTokenRequest, err)
	}
	return nil
}

func (d *driver) readFineTokens(ctx context.Context, r *reading, kind, where string) error {
	op := "list " + strings.ReplaceAll(where, "-", " ")
	if d.inst == nil {
		return lastday.Errorf(lastday.CodeDenied, op, appsOnly)
	}
	return list(ctx, d.client, op, d.client.inOrg(where)+"?owner[]="+url.QueryEscape(r.who.login), func(t fineToken) {
		if t.Owner.ID != r.who.id {
			return
		}
		g := d.grant(kind, lastday.Resource{ID: itoa(t.ID), Name: t.Name}, rungHeld)
		g.Pending = kind == kindTokenRequest
		if !g.Pending {
			g.Ladder = one(rungHeld, t.level())
		}
		r.add(g)
	})
}
