package github

import (
	"context"
	"net/url"
	"strings"

	"lastday"
)

const identityFields = `nodes{user{databaseId login}samlIdentity{nameId username}}`

const identityQuery = `query($org:String!,$name:String!){organization(login:$org){samlIdentityProvider{
 externalIdentities(first:10,userName:$name){` + identityFields + `}}}}`

type externalIdentity struct {
	User *struct {
		DatabaseID int64  `json:"databaseId"`
		Login      string `json:"login"`
	} `json:"user"`
	SAML *struct {
		NameID   string `json:"nameId"`
		Username string `json:"username"`
	} `json:"samlIdentity"`
}

// is says whether the identity is the one that was asked for: servers exist
// that ignore the filter.
func (e externalIdentity) is(address string) bool {
	return e.SAML != nil && (strings.EqualFold(e.SAML.NameID, address) || strings.EqualFold(e.SAML.Username, address))
}

// findByIdentity asks the identity provider's side: the SAML identity by
// GraphQL, and the SCIM identity by REST.
func (d *driver) findByIdentity(ctx context.Context, person lastday.Person, found *findings) error {
	for _, address := range person.Emails {
		if err := d.findBySAML(ctx, address, found); err != nil {
			return err
		}
	}
	return nil
}

func (d *driver) findBySAML(ctx context.Context, address string, found *findings) error {
	if d.cfg.NoGraphQL {
		return d.findBySCIM(ctx, address, found)
	}
	var got struct {
		Organization *struct {
			Provider *struct {
				Identities struct {
					Nodes []externalIdentity `json:"nodes"`
				} `json:"externalIdentities"`
			} `json:"samlIdentityProvider"`
		} `json:"organization"`
	}
	err := d.client.query(ctx, "find by identity", identityQuery, map[string]any{"org": d.cfg.Org, "name": address}, &got)
	if err != nil {
		return found.look(err)
	}
	if got.Organization == nil || got.Organization.Provider == nil {
		return nil
	}
	for _, e := range got.Organization.Provider.Identities.Nodes {
		if e.User != nil && e.is(address) {
			found.add(user{ID: e.User.DatabaseID, Login: e.User.Login}, true, "the identity provider links the person's address to the account")
		}
	}
	return nil
}

// findBySCIM names the identity alone; which account has it, credential lists
// do not say, so the SCIM user name must be an account of the organization and
// its address the person's.
func (d *driver) findBySCIM(ctx context.Context, address string, found *findings) error {
	const op = "find by SCIM identity"
	filter := url.QueryEscape(`emails eq "` + strings.ReplaceAll(address, `"`, "") + `"`)
	var page struct {
		Resources []struct {
			UserName string `json:"userName"`
			Emails   []struct {
				Value string `json:"value"`
			} `json:"emails"`
		} `json:"Resources"`
	}
	_, err := d.client.get(ctx, op, path("scim", "v2", "organizations", d.cfg.Org, "Users")+"?filter="+filter, &page)
	if err != nil {
		if codeIs(err, lastday.CodeInvalid) {
			return nil // no SCIM here, or another dialect: it is no evidence
		}
		return unlessHidden(err)
	}
	for _, r := range page.Resources {
		for _, e := range r.Emails {
			if strings.EqualFold(e.Value, address) && validLogin(r.UserName) {
				if err := d.findMember(ctx, r.UserName, found); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// findMember takes a member whose login is the identity's name: good enough to
// show to a person, never to act on.
func (d *driver) findMember(ctx context.Context, login string, found *findings) error {
	var m membership
	_, err := d.client.get(ctx, "read org membership", d.client.inOrg("memberships", login), &m)
	if err != nil {
		return unlessHidden(err)
	}
	if strings.EqualFold(m.User.Login, login) {
		found.add(m.User, false, "a SCIM identity with the person's address has the account's login as its name")
	}
	return nil
}

const addressQuery = `query($org:String!,$after:String){organization(login:$org){membersWithRole(first:100,after:$after){
 pageInfo{hasNextPage endCursor}nodes{databaseId login organizationVerifiedDomainEmails(login:$org)}}}}`

// findByAddress looks for a member with an address of the person's that GitHub
// verified, in a domain that the organization verified.
// https://docs.github.com/organizations/managing-organization-settings/verifying-or-approving-a-domain-for-your-organization
func (d *driver) findByAddress(ctx context.Context, person lastday.Person, found *findings) error {
	if d.cfg.NoGraphQL || len(person.Emails) == 0 {
		return nil
	}
	const op = "find by verified address"
	var after *string
	for range mostPages {
		var got struct {
			Organization *struct {
				Members struct {
					PageInfo pageInfo `json:"pageInfo"`
					Nodes    []struct {
						DatabaseID int64    `json:"databaseId"`
						Login      string   `json:"login"`
						Verified   []string `json:"organizationVerifiedDomainEmails"`
					} `json:"nodes"`
				} `json:"membersWithRole"`
			} `json:"organization"`
		}
		if err := d.client.query(ctx, op, addressQuery, map[string]any{"org": d.cfg.Org, "after": after}, &got); err != nil {
			return found.look(err)
		}
		if got.Organization == nil {
			return nil
		}
		for _, n := range got.Organization.Members.Nodes {
			for _, e := range n.Verified {
				if ownsAddress(person, e) {
					found.add(user{ID: n.DatabaseID, Login: n.Login}, true, "GitHub verified one of the person's addresses for the organization's domain")
				}
			}
		}
		if !got.Organization.Members.PageInfo.HasNextPage {
			return nil
		}
		after = &got.Organization.Members.PageInfo.EndCursor
	}
	return lastday.Errorf(lastday.CodeInvalid, op, "the pages of the list have no end")
}
