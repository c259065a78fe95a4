package github

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"lastday"
)

// orgInvitation is a pending invitation to the organization. GitHub names the
// invitee by login or by e-mail, not by id.
// https://docs.github.com/rest/orgs/members#list-pending-organization-invitations
type orgInvitation struct {
	ID      int64  `json:"id"`
	Login   string `json:"login"`
	Email   string `json:"email"`
	Role    string `json:"role"`
	Inviter *user  `json:"inviter"`
}

func (i orgInvitation) by(w who) bool { return i.Inviter != nil && i.Inviter.ID == w.id }

func (d *driver) orgInvitations(ctx context.Context) ([]orgInvitation, error) {
	mark := d.mail.mark()
	var all []orgInvitation
	err := list(ctx, d.client, "list org invitations", d.client.inOrg("invitations"), func(i orgInvitation) { all = append(all, i) })
	err = d.without(ctx, err, "members", "admin:org")
	if err == nil {
		d.mail.put(mark, all)
	}
	return all, err
}

// invitationsOfSurvey are those that the same survey has read already, or
// reads. The list is the last to need them.
func (d *driver) invitationsOfSurvey(ctx context.Context, last bool) ([]orgInvitation, error) {
	if all, ok := d.mail.get(last); ok {
		return all, nil
	}
	all, err := d.orgInvitations(ctx)
	d.mail.get(last)
	return all, err
}

// readInvitations reads what was offered to the person, and what they offered
// to others.
func (d *driver) readInvitations(ctx context.Context, r *reading) error {
	all, err := d.invitationsOfSurvey(ctx, true)
	if err != nil {
		return err
	}
	for _, i := range all {
		switch {
		case i.Login != "" && strings.EqualFold(i.Login, r.who.login), r.who.invited[i.ID]:
			r.add(d.invitationGrant(i))
		case i.by(r.who):
			r.add(d.sentGrant("org-"+itoa(i.ID), d.cfg.Org, i.Role))
		}
	}
	return nil
}

// invitationRung is the rung that accepting would lead to. A reinstatement may
// bring an owner back.
func invitationRung(role string) string {
	switch role {
	case "direct_member", "member":
		return rungMember
	case "admin":
		return rungOwner
	}
	return role
}

func (d *driver) invitationGrant(i orgInvitation) lastday.Grant {
	g := d.grant(kindInvite, lastday.Resource{ID: itoa(i.ID), Name: d.cfg.Org}, invitationRung(i.Role))
	g.Ladder = one(g.Rung, levelOfRole(g.Rung))
	if r, ok := memberLadder().Rung(g.Rung); ok {
		g.Ladder = rungs(r) // an invitation is cancelled, never changed
	}
	g.Pending = true
	g.Details = map[string]string{"role": i.Role, "email": i.Email}
	return g
}

func (d *driver) sentGrant(id, where, role string) lastday.Grant {
	g := d.grant(kindSent, lastday.Resource{ID: id, Name: where, Labels: map[string]string{"role": role}}, rungHeld)
	g.Pending = true
	return g
}

// repoInvitation is a pending invitation to one repository.
type repoInvitation struct {
	ID          int64  `json:"id"`
	Invitee     *user  `json:"invitee"`
	Inviter     *user  `json:"inviter"`
	Permissions string `json:"permissions"`
	Expired     bool   `json:"expired"`
}

// readRepoInvitations looks where invitations can be: in the repositories that
// the enterprise names, or in all of them if they are few. There is no list of
// them for an organization.
func (d *driver) readRepoInvitations(ctx context.Context, r *reading) error {
	repos, err := d.invitingRepos(ctx, r.who)
	if err != nil {
		return err
	}
	found, err := gather(ctx, len(repos), func(ctx context.Context, n int) ([]lastday.Grant, error) {
		return d.repoInvitationsOf(ctx, repos[n], r.who)
	})
	r.add(slices.Concat(found...)...)
	return err
}

// repoInvitationsOf are the invitations to one repository that name the person.
func (d *driver) repoInvitationsOf(ctx context.Context, repo string, w who) ([]lastday.Grant, error) {
	var grants []lastday.Grant
	where := d.client.inRepo(repo, "invitations")
	err := list(ctx, d.client, "list repository invitations", where, func(i repoInvitation) {
		switch {
		case i.Invitee != nil && i.Invitee.ID == w.id:
			grants = append(grants, d.repoInvitationGrant(repo, i))
		case i.Inviter != nil && i.Inviter.ID == w.id:
			grants = append(grants, d.sentGrant("repository-"+repo+"-"+itoa(i.ID), repo, spoken(i.Permissions)))
		}
	})
	return grants, err
}

func (d *driver) repoInvitationGrant(repo string, i repoInvitation) lastday.Grant {
	g := d.grant(kindRepoInvite, lastday.Resource{ID: itoa(i.ID), Name: repo}, spoken(i.Permissions))
	g.Ladder = withRung(repoLadder(), g.Rung, lastday.LevelAdmin)
	g.Pending = true
	return g
}

const pendingQuery = `query($e:String!,$after:String){enterprise(slug:$e){ownerInfo{pendingCollaboratorInvitations(first:100,after:$after){
 pageInfo{hasNextPage endCursor}nodes{invitee{databaseId}inviter{databaseId}repository{name owner{login}}}}}}}`

func (d *driver) invitingRepos(ctx context.Context, w who) ([]string, error) {
	if d.cfg.Enterprise != "" && !d.cfg.NoGraphQL {
		return d.invitingByEnterprise(ctx, w)
	}
	idx, err := d.index.current(ctx)
	if err != nil {
		return nil, err
	}
	if len(idx.repos) > d.cfg.InvitationWalk {
		return nil, lastday.Errorf(lastday.CodeUnsupported, "list repository invitations",
			"GitHub lists them per repository only, and %d repositories are more than invitation_walk allows", len(idx.repos))
	}
	var names []string
	for _, r := range idx.repos {
		if !r.archived {
			names = append(names, r.name)
		}
	}
	return names, nil
}

func (d *driver) invitingByEnterprise(ctx context.Context, w who) ([]string, error) {
	type account struct {
		DatabaseID int64 `json:"databaseId"`
	}
	var names []string
	var after *string
	for range mostPages {
		var got struct {
			Enterprise struct {
				OwnerInfo *struct {
					Pending struct {
						PageInfo pageInfo `json:"pageInfo"`
						Nodes    []struct {
							Invitee    *account `json:"invitee"`
							Inviter    *account `json:"inviter"`
							Repository *struct {
								Name  string `json:"name"`
								Owner struct {
									Login string `json:"login"`
								} `json:"owner"`
							} `json:"repository"`
						} `json:"nodes"`
					} `json:"pendingCollaboratorInvitations"`
				} `json:"ownerInfo"`
			} `json:"enterprise"`
		}
		vars := map[string]any{"e": d.cfg.Enterprise, "after": after}
		if err := d.client.query(ctx, "list repository invitations", pendingQuery, vars, &got); err != nil {
			return nil, err
		}
		if got.Enterprise.OwnerInfo == nil {
			return nil, lastday.Errorf(lastday.CodeDenied, "list repository invitations", "our account is no owner of the enterprise")
		}
		pending := got.Enterprise.OwnerInfo.Pending
		for _, n := range pending.Nodes {
			about := n.Invitee != nil && n.Invitee.DatabaseID == w.id || n.Inviter != nil && n.Inviter.DatabaseID == w.id
			if about && n.Repository != nil && strings.EqualFold(n.Repository.Owner.Login, d.cfg.Org) {
				names = append(names, n.Repository.Name)
			}
		}
		if !pending.PageInfo.HasNextPage {
			return unique(names), nil
		}
		after = &pending.PageInfo.EndCursor
	}
	return nil, lastday.Errorf(lastday.CodeInvalid, "list repository invitations", "the pages of the list have no end")
}

func unique(names []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, n := range names {
		if !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	return out
}

// Accounts of people who were invited by e-mail and have no account that we
// know: their id is the invitation's.
const invitedID = "invitation-"

// invitationNote tells, in an account's note, by which invitations the person
// was invited by e-mail. It is read back by invitationsIn.
func invitationNote(ids []int64) string {
	var parts []string
	for _, id := range ids {
		parts = append(parts, "invitation "+itoa(id))
	}
	return "invited by e-mail, not yet accepted: " + strings.Join(parts, ", ")
}

func invitationsIn(account lastday.Account) map[int64]bool {
	ids := map[int64]bool{}
	if text, ok := strings.CutPrefix(account.ID, invitedID); ok {
		if id, err := strconv.ParseInt(text, 10, 64); err == nil {
			ids[id] = true
		}
	}
	for _, m := range regexp.MustCompile(`invitation (\d+)`).FindAllStringSubmatch(account.Note, -1) {
		if id, err := strconv.ParseInt(m[1], 10, 64); err == nil {
			ids[id] = true
		}
	}
	return ids
}
