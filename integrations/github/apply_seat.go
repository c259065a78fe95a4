package github

import (
	"context"
	"net/http"
	"regexp"

	"lastday"
)

func (d *driver) seatMovers() map[string]mover {
	return map[string]mover{
		kindCodespace: {d.readCodespaceRung, d.writeCodespace, recallCodespace},
		kindSpacePay:  {d.readPayRung, d.writePay, plainly},
		kindCopilot:   {d.readSeatRung, d.writeSeat, plainly},
	}
}

func recallCodespace(j *job, g lastday.Grant) bool {
	j.keep("name", g.Resource.Name)
	return validCodespace(g.Resource.Name)
}

// validCodespace knows the names that GitHub makes for codespaces.
func validCodespace(name string) bool {
	return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$`).MatchString(name)
}

func (d *driver) readCodespaceRung(ctx context.Context, j *job) (string, error) {
	all, err := d.codespaces(ctx, j.who)
	for _, c := range all {
		if itoa(c.ID) == j.resource().ID {
			j.keep("name", c.Name)
			return c.rung(), nil
		}
	}
	return lastday.None, err
}

func (d *driver) writeCodespace(ctx context.Context, j *job) error {
	where := []string{"members", j.who.login, "codespaces", j.undo["name"]}
	switch {
	case j.change.To == lastday.None:
		a, err := d.client.send(ctx, "DELETE codespace", http.MethodDelete, d.client.inOrg(where...), nil, nil)
		j.did(a)
		return err
	case j.change.To == "stopped" && j.now == "running":
		a, err := d.client.send(ctx, "POST stop codespace", http.MethodPost, d.client.inOrg(append(where, "stop")...), nil, nil)
		j.did(a)
		return err
	}
	return j.refuse("only the person can start a codespace, and nobody can bring one back")
}

func (d *driver) readPayRung(ctx context.Context, j *job) (string, error) {
	idx, err := d.index.current(ctx)
	if err != nil {
		return "", err
	}
	all, err := d.codespaces(ctx, j.who)
	return heldIf(paid(all, idx.org)), err
}

// writePay takes the person off the list of those for whose codespaces the
// organization pays. There is such a list only if it does not pay for everybody.
// https://docs.github.com/rest/codespaces/organizations#remove-users-from-codespaces-access-for-an-organization
func (d *driver) writePay(ctx context.Context, j *job) error {
	method := http.MethodDelete
	if j.change.To != lastday.None {
		method = http.MethodPost
	}
	body := map[string][]string{"selected_usernames": {j.who.login}}
	a, err := d.client.send(ctx, method+" codespaces access", method, d.client.inOrg("codespaces", "access", "selected_users"), body, nil)
	j.did(a)
	switch statusOf(err) {
	case http.StatusNotModified:
		j.outcome = lastday.OutcomeAlready
		return nil
	case http.StatusUnprocessableEntity:
		j.outcome, j.note = lastday.OutcomeDelegated, "the organization does not pay by a list of people: it ends with the membership"
		return nil
	}
	return err
}

func (d *driver) readSeatRung(ctx context.Context, j *job) (string, error) {
	s, err := d.seat(ctx, j.who)
	if err != nil || !s.held() {
		return lastday.None, err
	}
	if s.Team != nil {
		return "seat", j.refuse("a team brings the seat: it goes with the team's membership")
	}
	return "seat", nil
}

func (d *driver) writeSeat(ctx context.Context, j *job) error {
	method := http.MethodDelete
	if j.change.To != lastday.None {
		method = http.MethodPost
	}
	body := map[string][]string{"selected_usernames": {j.who.login}}
	where := d.client.inOrg("copilot", "billing", "selected_users")
	a, err := d.client.send(ctx, method+" Copilot seat", method, where, body, nil)
	j.did(a)
	if statusOf(err) == http.StatusUnprocessableEntity && method == http.MethodDelete {
		return j.refuse("GitHub refuses: a team may bring the seat, which then goes with the team's membership")
	}
	if err == nil && method == http.MethodDelete {
		j.residue = append(j.residue, d.endingSeat(d.now().AddDate(0, 1, 0), "a cancelled Copilot seat; it ends with the billing cycle, within a month"))
	}
	return err
}
