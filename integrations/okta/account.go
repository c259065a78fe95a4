package okta

import (
	"context"
	"net/http"
	"strings"

	"lastday"
)

// readSignIn says whether the person can get in, and in which status. Who is
// staged cannot; who is provisioned has an activation mail in hand.
func (d *driver) readSignIn(_ context.Context, u user, _ string) ([]lastday.Grant, error) {
	switch u.Status {
	case statusSuspended, statusStaged, statusGone:
		return nil, nil
	}
	rung := strings.ToLower(u.Status)
	if _, known := signInLadder().Rung(rung); !known {
		return nil, lastday.Errorf(lastday.CodeInvalid, "okta: read user", "the status of the account is one that we do not know")
	}
	g := grant(kindSignIn, "sign-in", "sign-in to Okta", rung, lastday.LevelSignIn)
	g.Pending = rung == "provisioned"
	if u.Status != statusActive {
		g.Restore = lossy("Okta suspends active users only, so this one is deactivated: " + lossOfDeactivation)
	}
	return []lastday.Grant{g}, nil
}

// takeSignIn suspends, which is given back exactly. Somebody who is not active
// cannot be suspended, but could be let in by a reset mail: only deactivation
// shuts that door.
// https://developer.okta.com/docs/api/openapi/okta-management/management/tag/UserLifecycle/
func (d *driver) takeSignIn(ctx context.Context, u user, _ lastday.Grant) (deed, error) {
	if refused, err := d.lastSuperAdmin(ctx, u); refused.outcome != "" || err != nil {
		return refused, err
	}
	if u.Status != statusActive {
		return d.lifecycle(ctx, u, "deactivate", statusGone)
	}
	return d.lifecycle(ctx, u, "suspend", statusSuspended)
}

func (d *driver) giveSignIn(ctx context.Context, u user, g lastday.Grant) (deed, error) {
	switch {
	case g.Rung == rungActive && u.Status == statusSuspended:
		return d.lifecycle(ctx, u, "unsuspend", statusActive)
	case g.Rung != rungActive && u.Status == statusGone:
		return d.lifecycle(ctx, u, "activate", "")
	}
	return deed{outcome: lastday.OutcomeDrifted, note: "the account's status is now " + strings.ToLower(u.Status)}, nil
}

// readAccount shows the account itself. Suspended it can do nothing, so that it
// is above a ceiling only where the configuration wants it deactivated.
func (d *driver) readAccount(_ context.Context, u user, _ string) ([]lastday.Grant, error) {
	if u.Status == statusGone {
		return nil, nil
	}
	level := lastday.LevelNone
	if d.cfg.Deactivate {
		level = lastday.LevelSignIn
	}
	return []lastday.Grant{grant(kindAccount, "account", "account", rungEnabled, level)}, nil
}

func (d *driver) takeAccount(ctx context.Context, u user, _ lastday.Grant) (deed, error) {
	if refused, err := d.lastSuperAdmin(ctx, u); refused.outcome != "" || err != nil {
		return refused, err
	}
	return d.lifecycle(ctx, u, "deactivate", statusGone)
}

func (d *driver) giveAccount(ctx context.Context, u user, _ lastday.Grant) (deed, error) {
	if u.Status != statusGone {
		return deed{outcome: lastday.OutcomeDrifted, note: "the account is not deactivated"}, nil
	}
	done, err := d.lifecycle(ctx, u, "activate", "")
	done.note = strings.TrimSpace(done.note + " " + lossOfDeactivation)
	return done, err
}

// lifecycle brings the user to another status. These calls are not idempotent
// and depend on the status, which was read just before. If somebody changed it in
// between, Okta refuses, and it is read once more: then the wish may have come true.
func (d *driver) lifecycle(ctx context.Context, u user, verb, goal string) (deed, error) {
	if goal != "" && u.TransitioningTo == goal {
		return deed{outcome: lastday.OutcomeAccepted, note: "Okta is at it"}, nil
	}
	path, err := at("users", u.ID, "lifecycle", verb)
	if err != nil {
		return deed{}, err
	}
	if verb == "deactivate" || verb == "activate" {
		path += query("sendEmail", "false")
	}
	request, err := d.client.send(ctx, verb+" user", http.MethodPost, path, nil)
	if err == nil {
		return did(request), nil
	}
	if code := oktaCode(err); code != codeInvalidState && code != codeActivation && code != codeNotInStatus {
		return deed{}, err
	}
	return d.afterRefusal(ctx, u, verb, goal, err)
}

func (d *driver) afterRefusal(ctx context.Context, before user, verb, goal string, refused error) (deed, error) {
	now, err := d.byID(ctx, before.ID)
	switch {
	case err != nil:
		return deed{}, err
	case goal != "" && now.Status == goal:
		return deed{outcome: lastday.OutcomeAlready, note: "somebody else did it in between"}, nil
	case now.Status != before.Status:
		return deed{}, lastday.Wrap(lastday.CodeTransient, "okta: "+verb+" user", "the status changed in between", refused)
	}
	return deed{outcome: lastday.OutcomeRefused, note: "Okta refuses to " + verb + " this account (" + oktaCode(refused) + "), status " + strings.ToLower(now.Status)}, nil
}
