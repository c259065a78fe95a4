package ldap

import (
	"context"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"lastday"
)

// scene is what is read together: the person's entry and what shows that it
// would have been seen.
type scene struct {
	account *entry // nil if it was not seen
	me      *entry // nil if we have no entry under the bases
	canary  *entry // nil if it was not seen: nothing is shown then
}

// control is the positive control of one search.
func (s scene) control() lastday.Control {
	if s.canary == nil {
		return lastday.Control{Evidence: "the canary was not seen: we may have lost our rights, or this is another directory"}
	}
	return lastday.Control{Seen: true, Evidence: "the same search showed the canary's entry with its id"}
}

// showsLogins says whether it is known by which logins groups could name the
// account: it has one, or has none where the canary shows one.
func (s scene) showsLogins(f flavour) bool {
	return f.ad() || len(s.account.all(f.login)) > 0 || (s.canary != nil && s.canary.get(f.login) != "")
}

// look reads the scene of an account. An entry that was not asked for is an
// error: servers exist that ignore filters.
func (l *link) look(op, id string) (scene, error) {
	filter, err := l.flavour.idFilter(id)
	if err != nil {
		return scene{}, err
	}
	found, elsewhere, err := l.search(op, query{filter: anyOf(append(l.controls(), filter)...), attrs: l.flavour.account})
	if err != nil {
		return scene{}, err
	}
	var s scene
	for _, e := range found {
		mine := l.place(&s, e)
		if e.id() == id {
			s.account = e
		} else if !mine {
			return scene{}, lastday.Errorf(lastday.CodeInvalid, op, "the server answered about somebody else than was asked for")
		}
	}
	if elsewhere && s.account == nil {
		return scene{}, lastday.Errorf(lastday.CodeInvalid, op, "a part of the tree is on another server, and referrals are not followed: bases must end before it")
	}
	if s.account == nil && s.canary != nil {
		return s, l.strayed(op, id, filter)
	}
	return s, nil
}

// strayed is an error if the account that is not under the bases is elsewhere in
// the directory: out of sight is not gone.
func (l *link) strayed(op, id, filter string) error {
	root, err := l.read(op, "", everything, "namingContexts", "defaultNamingContext")
	if err != nil || root == nil {
		return err
	}
	contexts := root.all("namingContexts")
	if l.flavour.ad() {
		contexts = root.all("defaultNamingContext")
	}
	for _, context := range contexts {
		found, _, err := l.searchIn(op, context, goldap.ScopeWholeSubtree, query{filter: filter, attrs: []string{l.flavour.id}})
		if err != nil && !codeIs(err, lastday.CodeNotFound) && !codeIs(err, lastday.CodeDenied) {
			return err
		}
		if slices.ContainsFunc(found, func(e *entry) bool { return e.id() == id }) {
			return lastday.Errorf(lastday.CodeInvalid, op, "the account is in the directory, but not under the bases: it was moved, or bases are too narrow")
		}
	}
	return nil
}

// controls are filters for the canary's and our own entry.
func (d *driver) controls() []string {
	filters := []string{equal(d.flavour.dn, d.cfg.Canary)}
	switch {
	case strings.Contains(d.cfg.Bind, "="):
		filters = append(filters, equal(d.flavour.dn, d.cfg.Bind))
	case strings.Contains(d.cfg.Bind, "@"):
		name, _, _ := strings.Cut(d.cfg.Bind, "@")
		filters = append(filters, equal("userPrincipalName", d.cfg.Bind), equal("sAMAccountName", name))
	default:
		_, name, _ := strings.Cut(d.cfg.Bind, `\`)
		filters = append(filters, equal("sAMAccountName", name))
	}
	return filters
}

// place puts an entry where it belongs if it is one of the controls.
func (d *driver) place(s *scene, e *entry) bool {
	switch {
	case sameDN(e.DN, d.cfg.Canary) && e.id() != "":
		s.canary = e
	case d.ours(e):
		s.me = e
	default:
		return false
	}
	return true
}

// ours says whether an entry is the one that we act as.
func (d *driver) ours(e *entry) bool {
	bind := d.cfg.Bind
	if strings.Contains(bind, "=") {
		return sameDN(e.DN, bind)
	}
	name, _, upn := strings.Cut(bind, "@")
	if !upn {
		_, name, _ = strings.Cut(bind, `\`)
	}
	return strings.EqualFold(e.get("userPrincipalName"), bind) || strings.EqualFold(e.get("sAMAccountName"), name)
}

// bounds gives a verb its end.
func bounds(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, patience)
}

func (d *driver) accountOf(e *entry) lastday.Account {
	return lastday.Account{System: d.system, ID: e.id(), Login: e.get(d.flavour.login)}
}

func (d *driver) gap(kind, what string, code lastday.Code, why, fix string) lastday.Gap {
	return lastday.Gap{System: d.system, Kind: kind, What: what, Code: code, Why: why, Fix: fix}
}
