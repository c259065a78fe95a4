package github

import (
	"context"

	"lastday"
)

// membership is an answer about one person's place in the organization.
type membership struct {
	State  string `json:"state"`
	Role   string `json:"role"`
	User   user   `json:"user"`
	Direct *bool  `json:"direct_membership"`
	// Teams are the slugs of enterprise teams that make the person a member
	// whatever the organization does.
	// https://docs.github.com/enterprise-cloud@latest/rest/orgs/members#get-organization-membership-for-a-user
	Teams []string `json:"enterprise_teams_providing_indirect_membership"`
}

// direct says that the organization itself made the person a member.
func (m membership) direct() bool { return m.Direct == nil || *m.Direct }

// membership reads a person's place. CodeNotFound if there is none, which
// alone proves nothing.
func (d *driver) membership(ctx context.Context, w who) (membership, error) {
	const op = "read org membership"
	var m membership
	if !validLogin(w.login) {
		return m, lastday.Errorf(lastday.CodeInvalid, op, "no login")
	}
	_, err := d.client.get(ctx, op, d.client.inOrg("memberships", w.login), &m)
	if err != nil {
		return membership{}, err
	}
	if m.User.ID != w.id {
		return membership{}, lastday.Errorf(lastday.CodeInvalid, op, "asked about one account and was told about another")
	}
	return m, nil
}

// standing is how a person belongs to the organization now.
type standing struct {
	membership
	// in says that there is a membership, active or pending.
	in      bool
	control lastday.Control
}

// standing reads the membership; where there is none it shows, through the very
// same endpoint, that one would have been seen.
func (d *driver) standing(ctx context.Context, w who) (standing, error) {
	if w.login == "" { // the account is gone, or there never was one
		control, err := d.control(ctx)
		return standing{control: control}, err
	}
	s, err := d.belongs(ctx, w)
	if err != nil || s.in {
		return s, err
	}
	s.control, err = d.control(ctx)
	return s, err
}

// belongs reads the membership. Where there is none, that is no proof yet.
func (d *driver) belongs(ctx context.Context, w who) (standing, error) {
	if w.login == "" {
		return standing{}, nil
	}
	m, err := d.membership(ctx, w)
	if codeIs(err, lastday.CodeNotFound) {
		return standing{}, nil
	}
	if err != nil {
		return standing{}, err
	}
	seen := lastday.Control{Seen: true, Evidence: "read the account's own membership of the organization"}
	return standing{membership: m, in: true, control: seen}, nil
}

// mayHaveRoles says whether the person can have roles on repositories as a member.
func (s standing) mayHaveRoles() bool {
	return s.in && s.State == "active" && s.Role != "billing_manager"
}

// control shows that we see memberships: our own, or for an app an owner's,
// through the endpoint that is asked about leavers. Not seeing one is no error:
// the control says so, and then nothing counts as absent.
func (d *driver) control(ctx context.Context) (lastday.Control, error) {
	witness, evidence, err := d.witness(ctx)
	if err != nil || witness.id == 0 {
		return lastday.Control{}, passing(err)
	}
	m, err := d.membership(ctx, witness)
	if err != nil || m.State != "active" {
		return lastday.Control{}, passing(err)
	}
	if d.inst == nil && m.Role != "admin" {
		return lastday.Control{Evidence: "our own membership is no owner's: others may be hidden from us"}, nil
	}
	return lastday.Control{Seen: true, Evidence: evidence}, nil
}

// passing keeps the errors that may pass and drops those that mean "blind".
func passing(err error) error {
	if codeIs(err, lastday.CodeNotFound) || codeIs(err, lastday.CodeDenied) {
		return nil
	}
	return err
}

func (d *driver) witness(ctx context.Context) (who, string, error) {
	if d.inst == nil {
		me, err := d.whoAmI(ctx)
		return who{id: me.id, login: me.login}, "read our own membership of the organization", err
	}
	var owners []user
	_, err := d.client.get(ctx, "read an owner of the organization", d.client.inOrg("members")+"?role=admin&per_page=1", &owners)
	if err != nil || len(owners) == 0 {
		return who{}, "", err
	}
	return who{id: owners[0].ID, login: owners[0].Login}, "read an owner's membership of the organization", nil
}

// organization is what we need of the organization itself.
type organization struct {
	ID   int64  `json:"id"`
	Base string `json:"default_repository_permission"`
}

// listMembership reads the membership, what every member may do, and the
// enterprise teams behind it.
func (d *driver) listMembership(s standing) []lastday.Grant {
	if !s.in {
		return nil
	}
	var grants []lastday.Grant
	if s.State == "pending" {
		return nil // an invitation, which listInvitations tells in full
	}
	for _, slug := range s.Teams {
		g := d.grant(kindEntTeam, lastday.Resource{ID: slug, Name: slug}, rungMember)
		if d.cfg.Enterprise == "" {
			g.ManagedBy = "the enterprise"
		}
		grants = append(grants, g)
	}
	if s.direct() || len(s.Teams) == 0 {
		grants = append(grants, d.memberGrant(s))
	}
	return grants
}

func (d *driver) memberGrant(s standing) lastday.Grant {
	g := d.grant(kindMember, lastday.Resource{ID: d.cfg.Org, Name: d.cfg.Org}, rungMember)
	g.Ladder = memberLadder()
	switch s.Role {
	case "admin":
		g.Rung = rungOwner
	case "member":
	default: // billing_manager, and whatever GitHub invents: what we cannot judge we fear
		g.Rung = s.Role
		g.Ladder = one(s.Role, levelOfRole(s.Role))
		g.Restore = lastday.Restore{Fidelity: lastday.RestoreLossy, Note: "a new invitation to this role must be sent by a person"}
	}
	g.Details = map[string]string{"role": s.Role}
	return g
}

func levelOfRole(role string) lastday.Level {
	if role == "billing_manager" {
		return lastday.LevelWrite
	}
	return lastday.LevelAdmin
}

// grant makes a grant with everything that its kind declares.
func (d *driver) grant(kind string, r lastday.Resource, rung string) lastday.Grant {
	k := kindNamed(kind)
	return lastday.Grant{
		Key: kind + "/" + r.ID, Kind: kind, Resource: r, Rung: rung, Ladder: k.Ladder, Restore: k.Restore, Order: k.Order,
	}
}

// baseGrant is what every member may do on every repository, if it is anything.
func (d *driver) baseGrant(base string) []lastday.Grant {
	if _, ok := repoLadder().Rung(base); !ok || base == lastday.None {
		return nil
	}
	g := d.grant(kindBase, lastday.Resource{ID: d.cfg.Org, Name: "all repositories of " + d.cfg.Org}, base)
	g.Via = []string{kindMember + "/" + d.cfg.Org}
	return []lastday.Grant{g}
}
