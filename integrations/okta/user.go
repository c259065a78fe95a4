package okta

import (
	"context"
	"regexp"
	"strings"
	"time"

	"lastday"
)

// The statuses of users.
// https://help.okta.com/en-us/content/topics/users-groups-profiles/usgp-end-user-states.htm
const (
	statusActive    = "ACTIVE"
	statusSuspended = "SUSPENDED"
	statusStaged    = "STAGED"
	statusGone      = "DEPROVISIONED"
)

// user is an account as Okta tells it.
type user struct {
	ID              string    `json:"id"`
	Status          string    `json:"status"`
	TransitioningTo string    `json:"transitioningToStatus"`
	LastLogin       time.Time `json:"lastLogin"`
	Profile         profile   `json:"profile"`
	Credentials     struct {
		Provider struct {
			Type string `json:"type"`
			Name string `json:"name"`
		} `json:"provider"`
	} `json:"credentials"`
}

type profile struct {
	Login          string `json:"login"`
	Email          string `json:"email"`
	EmployeeNumber string `json:"employeeNumber"`
}

// validID knows Okta's ids. Anything else in a path could be a login, or "me".
func validID(id string) bool {
	return regexp.MustCompile(`^[0-9A-Za-z]{15,32}$`).MatchString(id)
}

// byID reads the account with an id. CodeNotFound alone proves nothing.
func (d *driver) byID(ctx context.Context, id string) (user, error) {
	const op = "read user"
	if !validID(id) {
		return user{}, lastday.Errorf(lastday.CodeInvalid, "okta: "+op, "the account's id is none of Okta's")
	}
	u, err := d.ask(ctx, op, id)
	if err == nil && u.ID != id {
		return user{}, lastday.Errorf(lastday.CodeInvalid, "okta: "+op, "asked for one account and was told about another")
	}
	return u, err
}

// lookup is byID for who may be gone.
func (d *driver) lookup(ctx context.Context, id string) (u user, there bool, err error) {
	u, err = d.byID(ctx, id)
	if codeIs(err, lastday.CodeNotFound) {
		return user{}, false, nil
	}
	return u, err == nil, err
}

// byLogin reads the account with a login.
func (d *driver) byLogin(ctx context.Context, login string) (user, error) {
	const op = "read user by login"
	u, err := d.ask(ctx, op, login)
	if err == nil && !strings.EqualFold(u.Profile.Login, login) {
		return user{}, lastday.Errorf(lastday.CodeInvalid, "okta: "+op, "asked for one account and was told about another")
	}
	return u, err
}

func (d *driver) ask(ctx context.Context, op, who string) (user, error) {
	path, err := at("users", who)
	if err != nil {
		return user{}, err
	}
	var u user
	if _, err := d.client.get(ctx, op, path, &u); err != nil {
		return user{}, err
	}
	if !validID(u.ID) || u.Status == "" {
		return user{}, lastday.Errorf(lastday.CodeInvalid, "okta: "+op, "no account in the answer")
	}
	return u, nil
}

// control sees the canary. What cannot see it sees nothing.
func (d *driver) control(ctx context.Context) (user, lastday.Control, error) {
	read := d.byLogin
	if validID(d.cfg.Canary) {
		read = d.byID
	}
	u, err := read(ctx, d.cfg.Canary)
	if codeIs(err, lastday.CodeNotFound) {
		return user{}, lastday.Control{}, lastday.Errorf(lastday.CodeDenied, "okta: read canary", "the canary is not seen: our credential sees nobody, or this is another organization")
	}
	if err != nil {
		return user{}, lastday.Control{}, err
	}
	return u, lastday.Control{Seen: true, Evidence: "the canary " + u.ID + " was read"}, nil
}

// me is the id of the account that owns our API token; empty for a service app,
// which is no user.
func (d *driver) me(ctx context.Context) (string, error) {
	if d.cfg.ServiceApp != nil {
		return "", nil
	}
	d.mu.Lock()
	known := d.own
	d.mu.Unlock()
	if known != "" {
		return known, nil
	}
	u, err := d.ask(ctx, "read our own account", "me")
	if err != nil {
		return "", err
	}
	d.mu.Lock()
	d.own = u.ID
	d.mu.Unlock()
	return u.ID, nil
}

// account is how we speak of a user elsewhere.
func (d *driver) account(u user) lastday.Account {
	a := lastday.Account{System: d.system, ID: u.ID, Login: u.Profile.Login}
	if u.Status != statusActive {
		a.Note = "status " + strings.ToLower(u.Status)
	}
	return a
}
