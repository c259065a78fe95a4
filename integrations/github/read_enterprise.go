package github

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"lastday"
)

const managedQuery = `query($e:String!,$login:String!){enterprise(slug:$e){ownerInfo{samlIdentityProvider{
 externalIdentities(first:5,login:$login){nodes{guid user{databaseId}}}}}}}`

// scimUser is an identity that the identity provider provisioned.
type scimUser struct {
	ID     string `json:"id"`
	Active bool   `json:"active"`
}

// managedIdentity finds the SCIM identity of a managed account by the account's
// id; empty if there is none.
func (d *driver) managedIdentity(ctx context.Context, w who) (string, error) {
	const op = "read managed identity"
	if d.cfg.NoGraphQL {
		return "", lastday.Errorf(lastday.CodeUnsupported, op, "only GraphQL tells which identity an account has")
	}
	var got struct {
		Enterprise struct {
			OwnerInfo *struct {
				Provider *struct {
					Identities struct {
						Nodes []struct {
							GUID string      `json:"guid"`
							User *graphActor `json:"user"`
						} `json:"nodes"`
					} `json:"externalIdentities"`
				} `json:"samlIdentityProvider"`
			} `json:"ownerInfo"`
		} `json:"enterprise"`
	}
	if err := d.client.query(ctx, op, managedQuery, map[string]any{"e": d.cfg.Enterprise, "login": w.login}, &got); err != nil {
		return "", err
	}
	if got.Enterprise.OwnerInfo == nil || got.Enterprise.OwnerInfo.Provider == nil {
		return "", lastday.Errorf(lastday.CodeDenied, op, "the enterprise's identities are hidden from us")
	}
	for _, n := range got.Enterprise.OwnerInfo.Provider.Identities.Nodes {
		if n.User != nil && n.User.DatabaseID == w.id {
			return n.GUID, nil
		}
	}
	return "", nil
}

func (d *driver) scimPath(id string) string {
	return path("scim", "v2", "enterprises", d.cfg.Enterprise, "Users", id)
}

func (d *driver) scimUser(ctx context.Context, id string) (scimUser, error) {
	var u scimUser
	_, err := d.client.get(ctx, "read managed account", d.scimPath(id), &u)
	if err == nil && u.ID != id {
		return u, lastday.Errorf(lastday.CodeInvalid, "read managed account", "asked about one identity and was told about another")
	}
	return u, err
}

func (d *driver) readManaged(ctx context.Context, r *reading) error {
	id, err := d.managedIdentity(ctx, r.who)
	if err != nil || id == "" {
		return err
	}
	u, err := d.scimUser(ctx, id)
	if err == nil && u.Active {
		r.add(d.grant(kindManaged, lastday.Resource{ID: id, Name: "managed account"}, rungActive))
	}
	return err
}

// account is what a server's own administrator sees of an account.
type serverAccount struct {
	user
	SuspendedAt string `json:"suspended_at"`
}

func (d *driver) serverAccount(ctx context.Context, w who) (serverAccount, error) {
	var u serverAccount
	_, err := d.client.get(ctx, "read account", path("users", w.login), &u)
	if err == nil && u.ID != w.id {
		return u, lastday.Errorf(lastday.CodeInvalid, "read account", "asked about one account and was told about another")
	}
	return u, err
}

func (d *driver) readAccount(ctx context.Context, r *reading) error {
	u, err := d.serverAccount(ctx, r.who)
	if err == nil && u.SuspendedAt == "" {
		r.add(d.grant(kindAccount, lastday.Resource{ID: itoa(r.who.id), Name: "account"}, rungActive))
	}
	return err
}

func (d *driver) blocked(ctx context.Context, w who) (bool, error) {
	_, err := d.client.get(ctx, "read block", d.client.inOrg("blocks", w.login), nil)
	if codeIs(err, lastday.CodeNotFound) {
		return false, nil // taken for not blocked: the worse of the two
	}
	return err == nil, err
}

func (d *driver) readBlock(ctx context.Context, r *reading) error {
	blocked, err := d.blocked(ctx, r.who)
	if err == nil && !blocked {
		r.add(d.grant(kindUnblocked, lastday.Resource{ID: itoa(r.who.id), Name: "public repositories"}, "unblocked"))
	}
	return err
}

func (d *driver) enterpriseMovers() map[string]mover {
	return map[string]mover{
		kindEntTeam:   {d.readEntTeamRung, d.writeEntTeam, plainly},
		kindEntRole:   {d.readEntRoleRung, d.writeEntRole, recallRole},
		kindManaged:   {read: d.readManagedRung, write: d.writeManaged},
		kindAccount:   {read: d.readAccountRung, write: d.writeAccount},
		kindUnblocked: {read: d.readBlockRung, write: d.writeBlock},
	}
}

func (d *driver) readEntTeamRung(ctx context.Context, j *job) (string, error) {
	s, err := d.standing(ctx, j.who)
	if err != nil {
		return "", err
	}
	if !s.in && !s.control.Seen {
		return "", lastday.Errorf(lastday.CodeNotFound, "read org membership", "none found, but nothing showed that we could have seen one")
	}
	if slices.Contains(s.Teams, j.resource().ID) {
		return rungMember, nil
	}
	return lastday.None, nil
}

// validEntTeam knows the slugs of enterprise teams, which may begin with "ent:".
func validEntTeam(slug string) bool {
	return regexp.MustCompile(`^(?:ent:)?[A-Za-z0-9_-]{1,100}$`).MatchString(slug)
}

// https://docs.github.com/enterprise-cloud@latest/rest/enterprise-teams/enterprise-team-members
func (d *driver) writeEntTeam(ctx context.Context, j *job) error {
	slug, method := j.resource().ID, http.MethodDelete
	if j.change.To != lastday.None {
		method = http.MethodPut
	}
	if !validEntTeam(slug) {
		return lastday.Errorf(lastday.CodeInvalid, "apply", "the change names no enterprise team")
	}
	where := path("enterprises", d.cfg.Enterprise, "teams", slug, "memberships", j.who.login)
	a, err := d.client.send(ctx, method+" enterprise team membership", method, where, nil, nil)
	j.did(a)
	return err
}

func (d *driver) readManagedRung(ctx context.Context, j *job) (string, error) {
	id, err := d.managedIdentity(ctx, j.who)
	if err != nil {
		return "", err
	}
	if id == "" || id != j.resource().ID {
		return "", lastday.Errorf(lastday.CodeNotFound, "read managed account", "the account has not the identity that was seen before")
	}
	u, err := d.scimUser(ctx, id)
	if u.Active {
		return rungActive, err
	}
	return lastday.None, err
}

// writeManaged suspends or wakes a managed account. Never a DELETE: that cannot
// be undone. Suspending hides login and address, which waking brings back.
// The value is a string, as GitHub's description has it.
// https://docs.github.com/enterprise-cloud@latest/rest/enterprise-admin/scim
func (d *driver) writeManaged(ctx context.Context, j *job) error {
	body := map[string]any{
		"schemas":    []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
		"Operations": []map[string]any{{"op": "replace", "path": "active", "value": strconv.FormatBool(j.change.To == rungActive)}},
	}
	a, err := d.client.send(ctx, "PATCH managed account", http.MethodPatch, d.scimPath(j.resource().ID), body, nil)
	j.did(a)
	d.accounts.forget(j.who.id)
	return err
}

func (d *driver) readAccountRung(ctx context.Context, j *job) (string, error) {
	u, err := d.serverAccount(ctx, j.who)
	if u.SuspendedAt == "" {
		return rungActive, err
	}
	return lastday.None, err
}

// writeAccount suspends or wakes an account on a GitHub Enterprise Server.
// https://docs.github.com/enterprise-server@latest/rest/enterprise-admin/users#suspend-a-user
func (d *driver) writeAccount(ctx context.Context, j *job) error {
	method := http.MethodPut
	var body any = map[string]string{"reason": "offboarding " + strings.TrimSpace(j.change.ID)}
	if j.change.To == rungActive {
		method, body = http.MethodDelete, nil
	}
	a, err := d.client.send(ctx, method+" suspended", method, path("users", j.who.login, "suspended"), body, nil)
	j.did(a)
	return err
}

func (d *driver) readBlockRung(ctx context.Context, j *job) (string, error) {
	blocked, err := d.blocked(ctx, j.who)
	if blocked {
		return lastday.None, err
	}
	return "unblocked", err
}

func (d *driver) writeBlock(ctx context.Context, j *job) error {
	method := http.MethodPut
	if j.change.To != lastday.None {
		method = http.MethodDelete
	}
	a, err := d.client.send(ctx, method+" block", method, d.client.inOrg("blocks", j.who.login), nil, nil)
	j.did(a)
	if statusOf(err) == http.StatusUnprocessableEntity {
		return j.refuse("GitHub blocks no members: the membership must go first")
	}
	return err
}
