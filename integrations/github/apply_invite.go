package github

import (
	"context"
	"net/http"
	"regexp"
	"strconv"

	"lastday"
)

func (d *driver) inviteMovers() map[string]mover {
	return map[string]mover{
		kindInvite:     {d.readInviteRung, d.writeInvite, recallInvite},
		kindSent:       {write: d.writeSent},
		kindRepoInvite: {d.readRepoInviteRung, d.writeRepoInvite, recallRepo},
	}
}

func recallInvite(j *job, g lastday.Grant) bool {
	j.keep("role", g.Details["role"])
	return g.Details["role"] != ""
}

func (d *driver) readInviteRung(ctx context.Context, j *job) (string, error) {
	all, err := d.orgInvitations(ctx)
	if err != nil {
		return "", err
	}
	for _, i := range all {
		if itoa(i.ID) == j.resource().ID {
			j.keep("role", i.Role)
			return invitationRung(i.Role), nil
		}
	}
	return lastday.None, nil
}

func (d *driver) writeInvite(ctx context.Context, j *job) error {
	switch {
	case j.now == lastday.None:
		return d.inviteAgain(ctx, j)
	case j.change.To != lastday.None:
		return j.refuse("a pending invitation cannot be changed to another role, only cancelled")
	}
	id, err := resourceNumber(j)
	if err != nil {
		return err
	}
	if err := d.keepTeams(ctx, j, id); err != nil {
		return err
	}
	a, err := d.client.send(ctx, "DELETE org invitation", http.MethodDelete, d.client.inOrg("invitations", id), nil, nil)
	j.did(a)
	return err
}

// keepTeams remembers which teams the invitation led to.
func (d *driver) keepTeams(ctx context.Context, j *job, id string) error {
	ids := ""
	err := list(ctx, d.client, "list teams of an invitation", d.client.inOrg("invitations", id, "teams"), func(t indexedTeam) { ids += itoa(t.ID) + " " })
	if ids != "" {
		j.keep("teams", ids)
	}
	if codeIs(err, lastday.CodeNotFound) {
		return nil // cancelled meanwhile: the DELETE will tell
	}
	return err
}

func (d *driver) inviteAgain(ctx context.Context, j *job) error {
	role := j.change.Undo["role"]
	if role == "" {
		role = j.change.Grant.Details["role"]
	}
	body := map[string]any{"role": role}
	switch email := j.change.Grant.Details["email"]; {
	case email != "":
		body["email"] = email
	case j.who.id != 0:
		body["invitee_id"] = j.who.id
	default:
		return j.refuse("the invitation named nobody that could be invited again")
	}
	var teams []int64
	for _, text := range regexp.MustCompile(`\d+`).FindAllString(j.change.Undo["teams"], -1) {
		if id, err := strconv.ParseInt(text, 10, 64); err == nil {
			teams = append(teams, id)
		}
	}
	if len(teams) > 0 {
		body["team_ids"] = teams
	}
	a, err := d.client.send(ctx, "POST org invitation", http.MethodPost, d.client.inOrg("invitations"), body, nil)
	j.did(a)
	if err == nil {
		j.outcome, j.note = lastday.OutcomeOffered, "a new invitation was sent"
	}
	return err
}

// sentParts knows the ids of invitations sent: org-ID and repository-NAME-ID.
func sentParts(id string) (repo, number string, ok bool) {
	if m := regexp.MustCompile(`^org-(\d+)$`).FindStringSubmatch(id); m != nil {
		return "", m[1], true
	}
	if m := regexp.MustCompile(`^repository-(.+)-(\d+)$`).FindStringSubmatch(id); m != nil && validRepo(m[1]) {
		return m[1], m[2], true
	}
	return "", "", false
}

func (d *driver) writeSent(ctx context.Context, j *job) error {
	if !onlyDown(j) {
		return j.refuse(kindNamed(kindSent).Restore.Note)
	}
	repo, number, ok := sentParts(j.resource().ID)
	if !ok {
		return lastday.Errorf(lastday.CodeInvalid, "apply", "the change names no invitation")
	}
	where := d.client.inOrg("invitations", number)
	if repo != "" {
		where = d.client.inRepo(repo, "invitations", number)
	}
	a, err := d.client.send(ctx, "DELETE invitation sent", http.MethodDelete, where, nil, nil)
	j.did(a)
	return err
}

func (d *driver) readRepoInviteRung(ctx context.Context, j *job) (string, error) {
	if !validRepo(j.resource().Name) {
		return "", lastday.Errorf(lastday.CodeInvalid, "apply", "the change names no repository")
	}
	rung := lastday.None
	where := d.client.inRepo(j.resource().Name, "invitations")
	err := list(ctx, d.client, "list repository invitations", where, func(i repoInvitation) {
		mine := i.Invitee != nil && i.Invitee.ID == j.who.id
		if mine && itoa(i.ID) == j.resource().ID {
			rung = spoken(i.Permissions)
		}
	})
	return rung, err
}

func (d *driver) writeRepoInvite(ctx context.Context, j *job) error {
	j.repo = j.resource().Name
	if j.now == lastday.None {
		return d.setRepoRole(ctx, j, j.change.To)
	}
	id, err := resourceNumber(j)
	if err != nil {
		return err
	}
	j.keep("role", j.now)
	where := d.client.inRepo(j.repo, "invitations", id)
	if j.change.To == lastday.None {
		a, err := d.client.send(ctx, "DELETE repository invitation", http.MethodDelete, where, nil, nil)
		j.did(a)
		return err
	}
	// https://docs.github.com/rest/collaborators/invitations#update-a-repository-invitation
	a, err := d.client.send(ctx, "PATCH repository invitation", http.MethodPatch, where, map[string]string{"permissions": j.change.To}, nil)
	j.did(a)
	return err
}
