package github

import (
	"context"

	"lastday"
)

// withManagers tells which teams an identity provider decides about: their
// members can only be changed there. Which teams those are is a fact of the
// organization, kept with the index.
// https://docs.github.com/enterprise-cloud@latest/organizations/organizing-members-into-teams/synchronizing-a-team-with-an-identity-provider-group
func (d *driver) withManagers(ctx context.Context, teams []team) ([]team, error) {
	if len(teams) == 0 {
		return teams, nil
	}
	idx, err := d.index.current(ctx)
	if err != nil {
		return nil, err
	}
	for i := range teams {
		if teams[i].managed, err = idx.managerOf(ctx, d, teams[i].slug, teams[i].id); err != nil {
			return nil, err
		}
	}
	return teams, nil
}

// managerOf says who decides about a team's members, empty for the
// organization itself. It is asked once per team and index, and only where the
// organization is connected to groups at all.
func (s *snapshot) managerOf(ctx context.Context, d *driver, slug string, id int64) (string, error) {
	if !s.externalGroups && !s.teamSync {
		return "", nil
	}
	if known, ok := s.manager(id); ok || s.allManaged {
		return known, nil
	}
	name, err := d.askManager(ctx, s, slug)
	if err == nil {
		s.setManager(id, name)
	}
	return name, err
}

// externalGroup is a group of the identity provider, and the teams it decides about.
type externalGroup struct {
	ID    int64  `json:"group_id"`
	Name  string `json:"group_name"`
	Teams []struct {
		ID int64 `json:"team_id"`
	} `json:"teams"`
}

func (g externalGroup) says() string { return "identity provider group " + g.Name }

// fewGroups is how many groups the index asks for their teams. Where there are
// more, each team is asked when somebody in it leaves.
const fewGroups = 25

func (d *driver) indexManagers(ctx context.Context, s *snapshot, groups []externalGroup, all bool) error {
	if len(groups) > fewGroups || !all {
		return nil
	}
	for _, g := range groups {
		// https://docs.github.com/enterprise-cloud@latest/rest/teams/external-groups#get-an-external-group
		_, err := d.client.get(ctx, "read external group", d.client.inOrg("external-group", itoa(g.ID)), &g)
		if err != nil && notManaged(err) {
			return nil // each team is asked instead
		}
		if err != nil {
			return err
		}
		for _, t := range g.Teams {
			s.setManager(t.ID, g.says())
		}
	}
	s.allManaged = true
	return nil
}

// askManager asks about external groups, which managed users have, or else
// about team synchronization, which is for organizations without them. A team
// that turns out managed only when it is changed is found out there.
func (d *driver) askManager(ctx context.Context, s *snapshot, slug string) (string, error) {
	where := []string{"teams", slug, "external-groups"}
	if !s.externalGroups {
		where = []string{"teams", slug, "team-sync", "group-mappings"}
	}
	var got struct {
		Groups []externalGroup `json:"groups"`
	}
	_, err := d.client.get(ctx, "read groups of a team", d.client.inOrg(where...), &got)
	if err != nil && !notManaged(err) {
		return "", err
	}
	for _, g := range got.Groups {
		return g.says(), nil
	}
	return "", nil
}

// notManaged says that the organization answers the question with no: groups
// are for organizations with single sign-on.
func notManaged(err error) bool {
	switch lastday.CodeOf(err) {
	case lastday.CodeNotFound, lastday.CodeDenied, lastday.CodeInvalid, lastday.CodeUnsupported:
		return true
	case lastday.CodeProtected, lastday.CodeRateLimited, lastday.CodeTransient, lastday.CodeUnknownOutcome, lastday.CodeInternal:
	}
	return false
}
