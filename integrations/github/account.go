package github

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"lastday"
)

// user is a person as GitHub shows them in lists.
type user struct {
	ID    int64  `json:"id"`
	Login string `json:"login"`
}

// validLogin knows GitHub's logins, with the short code that managed accounts
// end with, and the longer ones that hide a suspended managed account. Anything
// else never becomes part of a path.
// https://docs.github.com/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/username-considerations-for-external-authentication
func validLogin(login string) bool {
	return regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9-]{0,99})(?:_[A-Za-z0-9-]{1,40})?$`).MatchString(login)
}

func validSlug(slug string) bool {
	return regexp.MustCompile(`^[a-z0-9](?:[a-z0-9_-]{0,99})$`).MatchString(slug)
}

// loginAge is how long a login that was looked up from an id may be used: long
// enough for one survey or one change, too short for somebody to take it over
// unnoticed.
const loginAge = 30 * time.Second

// accounts looks up logins from ids.
type accounts struct {
	client *client
	now    func() time.Time

	mu    sync.Mutex
	known map[int64]knownLogin
}

type knownLogin struct {
	login string
	at    time.Time
}

func newAccounts(c *client, now func() time.Time) *accounts {
	return &accounts{client: c, now: now, known: map[int64]knownLogin{}}
}

// login is the login that the account with the id has now. CodeNotFound if
// there is none, which alone proves nothing.
func (a *accounts) login(ctx context.Context, id int64) (string, error) {
	if login, ok := a.recall(id); ok {
		return login, nil
	}
	return a.ask(ctx, id)
}

// ask is login without memory.
func (a *accounts) ask(ctx context.Context, id int64) (string, error) {
	const op = "read account by id"
	var got user
	if _, err := a.client.get(ctx, op, path("user", itoa(id)), &got); err != nil {
		return "", err
	}
	if got.ID != id || !validLogin(got.Login) {
		return "", lastday.Errorf(lastday.CodeInvalid, op, "asked for one account and was told about another")
	}
	a.remember(got)
	return got.Login, nil
}

func (a *accounts) recall(id int64) (string, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	k, ok := a.known[id]
	if !ok || a.now().Sub(k.at) > loginAge || a.now().Before(k.at) {
		return "", false
	}
	return k.login, true
}

func (a *accounts) remember(u user) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	for id, k := range a.known { // the map holds no more than was asked in loginAge
		if now.Sub(k.at) > loginAge {
			delete(a.known, id)
		}
	}
	a.known[u.ID] = knownLogin{login: u.Login, at: now}
}

func (a *accounts) forget(id int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.known, id)
}

// who is an account whose login was looked up just now.
type who struct {
	id    int64
	login string
	// gone says that no account with the id was found.
	gone bool
	// invited are invitations by e-mail that are known to be the person's.
	invited map[int64]bool
}

// resolve pins an account of ours to its login of now.
func (d *driver) resolve(ctx context.Context, account lastday.Account) (who, error) {
	if account.System != "" && account.System != d.system {
		return who{}, lastday.Errorf(lastday.CodeInvalid, "account", "it belongs to another system")
	}
	invited := invitationsIn(account)
	if strings.HasPrefix(account.ID, invitedID) && len(invited) > 0 {
		return who{invited: invited}, nil
	}
	id, err := strconv.ParseInt(account.ID, 10, 64)
	if err != nil || id <= 0 {
		return who{}, lastday.Errorf(lastday.CodeInvalid, "account", "the id is no number")
	}
	login, err := d.accounts.login(ctx, id)
	if codeIs(err, lastday.CodeNotFound) {
		return who{id: id, gone: true, invited: invited}, nil
	}
	if err != nil {
		return who{}, err
	}
	return who{id: id, login: login, invited: invited}, nil
}
