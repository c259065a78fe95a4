package okta

import (
	"context"
	"net/http"

	"lastday"
)

type factor struct {
	ID       string `json:"id"`
	Type     string `json:"factorType"`
	Provider string `json:"provider"`
}

// readFactors lists enrolled factors. They open nothing while the account cannot
// sign in, so that they are above a ceiling only where the configuration wants
// them gone.
func (d *driver) readFactors(ctx context.Context, u user, _ string) ([]lastday.Grant, error) {
	where, err := at("users", u.ID, "factors")
	if err != nil {
		return nil, err
	}
	factors, err := list[factor](ctx, d.client, "list factors", where)
	level := lastday.LevelNone
	if d.cfg.ResetFactors {
		level = lastday.LevelSignIn
	}
	var grants []lastday.Grant
	for _, f := range factors {
		grants = append(grants, grant(kindFactor, f.ID, f.Type+" by "+f.Provider, rungEnrolled, level))
	}
	return grants, err
}

func (d *driver) takeFactor(ctx context.Context, u user, g lastday.Grant) (deed, error) {
	return d.drop(ctx, "delete factor", "users", u.ID, "factors", g.Resource.ID)
}

type identityProvider struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
}

// readLinks lists the outside providers at which the person has an identity that
// signs in here.
func (d *driver) readLinks(ctx context.Context, u user, only string) ([]lastday.Grant, error) {
	where, err := at("users", u.ID, "idps")
	if err != nil {
		return nil, err
	}
	providers, err := list[identityProvider](ctx, d.client, "list identity providers", where)
	var grants []lastday.Grant
	for _, p := range providers {
		if only != "" && p.ID != only {
			continue
		}
		g := grant(kindLink, p.ID, p.Name, rungLinked, lastday.LevelSignIn)
		if p.Type == "SAML2" {
			g.Restore = never("Okta links a SAML identity only at its next sign-in")
			grants = append(grants, g)
			continue
		}
		outside, err := d.outsideID(ctx, u.ID, p.ID)
		if err != nil {
			return nil, err
		}
		g.Details = map[string]string{"externalId": outside}
		grants = append(grants, g)
	}
	return grants, err
}

// outsideID is the person's id at the provider: giving back needs it.
func (d *driver) outsideID(ctx context.Context, user, provider string) (string, error) {
	where, err := at("idps", provider, "users", user)
	if err != nil {
		return "", err
	}
	var got struct {
		External string `json:"externalId"`
	}
	_, err = d.client.get(ctx, "read linked identity", where, &got)
	return got.External, err
}

func (d *driver) takeLink(ctx context.Context, u user, g lastday.Grant) (deed, error) {
	return d.drop(ctx, "unlink identity", "idps", g.Resource.ID, "users", u.ID)
}

func (d *driver) giveLink(ctx context.Context, u user, g lastday.Grant) (deed, error) {
	where, err := at("idps", g.Resource.ID, "users", u.ID)
	if err != nil {
		return deed{}, err
	}
	request, err := d.client.send(ctx, "link identity", http.MethodPost, where, map[string]string{"externalId": g.Details["externalId"]})
	return did(request), err
}
