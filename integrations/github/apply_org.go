package github

import (
	"context"
	"fmt"
	"net/http"

	gh "github.com/google/go-github/v60/github"

	"lastday"
)

// readMemberRung reads the membership that the organization itself gave. A PUT
// on somebody who is no member invites them, so nothing is written without it.
// https://docs.github.com/rest/orgs/members#set-organization-membership-for-a-user
func (d *driver) readMemberRung(ctx context.Context, j *job) (string, error) {
	s, err := d.standing(ctx, j.who)
	if err != nil {
		return "", err
	}
	if !s.in && !s.control.Seen {
		return "", lastday.Errorf(lastday.CodeNotFound, "read org membership", "none found, but nothing showed that we could have seen one")
	}
	switch {
	case !s.in, !s.direct() && len(s.Teams) > 0:
		return lastday.None, nil
	case s.State != "active":
		j.note = "invited, not a member"
		return lastday.None, nil
	}
	return d.memberGrant(s).Rung, nil
}

func (d *driver) writeMember(ctx context.Context, j *job) error {
	to := j.change.To
	if j.now == lastday.None {
		return d.reinstate(ctx, j)
	}
	if j.now == rungOwner {
		if last, err := d.lastOwner(ctx, j.who); last || err != nil {
			return errorOr(err, j.refuse(fmt.Sprintf("fewer than %d owners would be left: somebody else must be made an owner first", d.cfg.MinOwners)))
		}
	}
	if to == lastday.None {
		return d.leaveOrg(ctx, j)
	}
	j.keep("role", j.now)
	return d.setRole(ctx, j, map[string]string{rungOwner: "admin", rungMember: "member"}[to])
}

func (d *driver) leaveOrg(ctx context.Context, j *job) error {
	const op = "DELETE org membership"
	j.keep("role", j.now)
	a, err := d.client.send(ctx, op, http.MethodDelete, d.client.inOrg("memberships", j.who.login), nil, nil)
	j.did(a)
	return d.ownerRefusal(j, err)
}

func (d *driver) setRole(ctx context.Context, j *job, role string) error {
	const op = "PUT org membership"
	if role == "" {
		return lastday.Errorf(lastday.CodeInvalid, op, "no such role")
	}
	var m membership
	a, err := d.client.send(ctx, op, http.MethodPut, d.client.inOrg("memberships", j.who.login), gh.Membership{Role: &role}, &m)
	j.did(a)
	if err := d.ownerRefusal(j, err); err != nil || j.outcome != "" {
		return err
	}
	if m.Role != role {
		return lastday.Errorf(lastday.CodeTransient, op, "answered with success, but the role did not change")
	}
	return nil
}

// ownerRefusal turns GitHub's own "last owner" into a refusal.
func (d *driver) ownerRefusal(j *job, err error) error {
	status := statusOf(err)
	if (status == http.StatusForbidden || status == http.StatusUnprocessableEntity) && says(err, "last owner", "last admin", "at least one owner", "at least one admin") {
		return j.refuse("GitHub refuses: it is the last owner")
	}
	return err
}

// lastOwner says whether too few owners would be left without the account.
func (d *driver) lastOwner(ctx context.Context, w who) (bool, error) {
	others := 0
	err := list(ctx, d.client, "list owners", d.client.inOrg("members")+"?role=admin", func(u user) {
		if u.ID != w.id {
			others++
		}
	})
	return others < d.cfg.MinOwners, err
}

// reinstate offers the membership again, with the role, teams and forks of
// before; the person must accept. GitHub keeps them for three months.
// https://docs.github.com/organizations/managing-membership-in-your-organization/reinstating-a-former-member-of-your-organization
func (d *driver) reinstate(ctx context.Context, j *job) error {
	const op = "POST org invitation"
	if j.note != "" { // readMemberRung saw a pending invitation
		j.outcome = lastday.OutcomeOffered
		return nil
	}
	body := map[string]any{"invitee_id": j.who.id, "role": "reinstate"}
	a, err := d.client.send(ctx, op, http.MethodPost, d.client.inOrg("invitations"), body, nil)
	j.did(a)
	if statusOf(err) == http.StatusUnprocessableEntity {
		return j.refuse("GitHub refuses to reinstate: a person must invite them anew")
	}
	if err == nil {
		j.outcome, j.note = lastday.OutcomeOffered, "the person must accept the invitation"
	}
	return err
}
