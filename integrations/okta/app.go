package okta

import (
	"context"
	"net/http"

	"lastday"
)

// app is an app with the user's assignment in it.
type app struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Label    string `json:"label"`
	SignOn   string `json:"signOnMode"`
	Embedded struct {
		User appUser `json:"user"`
	} `json:"_embedded"`
}

type appUser struct {
	ID          string `json:"id"`
	Scope       string `json:"scope"`
	Credentials struct {
		UserName string `json:"userName"`
	} `json:"credentials"`
	Links struct {
		Group struct {
			Name string `json:"name"`
		} `json:"group"`
	} `json:"_links"`
}

// readApps lists the apps of a user, each with the assignment: an app without it,
// or with somebody else's, shows that the filter was not honoured.
// https://developer.okta.com/docs/api/openapi/okta-management/management/tag/Application/#tag/Application/operation/listApplications
func (d *driver) readApps(ctx context.Context, u user, _ string) ([]lastday.Grant, error) {
	const op = "list apps"
	where, err := at("apps")
	if err != nil {
		return nil, err
	}
	apps, err := list[app](ctx, d.client, op, where+query("filter", "user.id eq "+quoted(u.ID), "expand", "user/"+u.ID, "limit", "200"))
	if err != nil {
		return nil, err
	}
	if len(apps) == 0 {
		return nil, d.seesApps(ctx)
	}
	var grants []lastday.Grant
	for _, a := range apps {
		if a.Embedded.User.ID != u.ID {
			return nil, lastday.Errorf(lastday.CodeInvalid, "okta: "+op, "the answer is not about the assignments of this user")
		}
		grants = append(grants, a.grant())
	}
	return grants, nil
}

// seesApps is the control of an empty list: every organization has apps.
func (d *driver) seesApps(ctx context.Context) error {
	const op = "list any app"
	var any []app
	if _, err := d.client.get(ctx, op, "api/v1/apps"+query("limit", "1"), &any); err != nil {
		return err
	}
	if len(any) == 0 {
		return lastday.Errorf(lastday.CodeDenied, "okta: "+op, "no app at all is told: our credential does not see apps")
	}
	return nil
}

func (a app) grant() lastday.Grant {
	g := grant(kindApp, a.ID, a.Label, rungAssigned, lastday.LevelRead)
	g.Resource.Labels = map[string]string{"app": a.Name, "sign-on": a.SignOn}
	g.Details = map[string]string{"userName": a.Embedded.User.Credentials.UserName}
	if a.Embedded.User.Scope != "USER" {
		name := a.Embedded.User.Links.Group.Name
		if name == "" {
			name = "not told which"
		}
		g.Via = []string{"group " + name}
	}
	return g
}

func (d *driver) takeApp(ctx context.Context, u user, g lastday.Grant) (deed, error) {
	where, err := at("apps", g.Resource.ID, "users", u.ID)
	if err != nil {
		return deed{}, err
	}
	request, err := d.client.send(ctx, "unassign app", http.MethodDelete, where+query("sendEmail", "false"), nil)
	return did(request), err
}

func (d *driver) giveApp(ctx context.Context, u user, g lastday.Grant) (deed, error) {
	body := map[string]any{"id": u.ID, "scope": "USER"}
	if name := g.Details["userName"]; name != "" {
		body["credentials"] = map[string]string{"userName": name}
	}
	where, err := at("apps", g.Resource.ID, "users")
	if err != nil {
		return deed{}, err
	}
	request, err := d.client.send(ctx, "assign app", http.MethodPost, where, body)
	return did(request), err
}
