package okta

import (
	"context"
	"net/http"
	"time"

	"lastday"
)

// event is a line of the System Log.
type event struct {
	Type      string    `json:"eventType"`
	Published time.Time `json:"published"`
	Outcome   struct {
		Result string `json:"result"`
	} `json:"outcome"`
	Target []struct {
		ID string `json:"id"`
	} `json:"target"`
}

const eventClear = "user.session.clear"

// readSession says whether sessions may be open. Okta does not list sessions:
// one is taken to be open from the last sign-in on, until the System Log says that
// the sessions were ended, or until no session can last any longer. A session can
// do what its roles, apps and groups let it, which are grants of their own: by
// itself it is a way in, like the sign-in that it goes with.
// https://developer.okta.com/docs/reference/api/event-types/
func (d *driver) readSession(ctx context.Context, u user, _ string) ([]lastday.Grant, error) {
	if u.LastLogin.IsZero() || d.now().Sub(u.LastLogin) > d.cfg.SessionAge {
		return nil, nil
	}
	open := []lastday.Grant{grant(kindSession, "sessions", "sessions since the last sign-in", rungOpen, lastday.LevelSignIn)}
	where, err := at("logs")
	if err != nil {
		return open, err
	}
	filter := "eventType eq " + quoted(eventClear) + " and target.id eq " + quoted(u.ID)
	since := u.LastLogin.UTC().Format("2006-01-02T15:04:05.000Z")
	var events []event
	where += query("filter", filter, "since", since, "sortOrder", "DESCENDING", "limit", "10")
	if _, err := d.client.get(ctx, "read System Log", where, &events); err != nil {
		return open, err
	}
	for _, e := range events {
		if e.ends(u) {
			return nil, nil
		}
	}
	return open, nil
}

// ends says whether the event is the end of all sessions of the user. An answer
// about something else shows nothing.
func (e event) ends(u user) bool {
	if e.Type != eventClear || e.Outcome.Result != "SUCCESS" || !e.Published.After(u.LastLogin) {
		return false
	}
	for _, t := range e.Target {
		if t.ID == u.ID {
			return true
		}
	}
	return false
}

// takeSession ends all sessions, revokes the OAuth tokens that were given in
// them, and lets every device be asked anew.
func (d *driver) takeSession(ctx context.Context, u user, _ lastday.Grant) (deed, error) {
	where, err := at("users", u.ID, "sessions")
	if err != nil {
		return deed{}, err
	}
	where += query("oauthTokens", "true", "forgetDevices", "true")
	request, err := d.client.send(ctx, "end sessions", http.MethodDelete, where, nil)
	if codeIs(err, lastday.CodeNotFound) && u.Status == statusGone {
		return deed{outcome: lastday.OutcomeRefused, note: "Okta ends no sessions of a deactivated account"}, nil
	}
	return did(request), err
}
