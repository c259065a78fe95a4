package okta

import (
	"context"
	"slices"

	"lastday"
	"lastday/integrations"
)

// handler knows one kind of grant.
type handler struct {
	kind string
	// read lists the user's grants of the kind. Only, if it is not empty, is the
	// one resource that is asked about: others may be left out.
	read func(d *driver, ctx context.Context, u user, only string) ([]lastday.Grant, error)
	// take and give change one grant, as it was read just now, and give back how.
	take func(d *driver, ctx context.Context, u user, g lastday.Grant) (deed, error)
	give func(d *driver, ctx context.Context, u user, g lastday.Grant) (deed, error)
}

// deed is what a change came to. An empty outcome is applied.
type deed struct {
	requests []lastday.Request
	outcome  lastday.Outcome
	note     string
}

func did(r lastday.Request) deed { return deed{requests: []lastday.Request{r}} }

func handlers() []handler {
	return []handler{
		{kindToken, (*driver).readTokens, (*driver).takeToken, nil},
		{kindRole, (*driver).readRoles, (*driver).takeRole, (*driver).giveRole},
		{kindSignIn, (*driver).readSignIn, (*driver).takeSignIn, (*driver).giveSignIn},
		{kindSession, (*driver).readSession, (*driver).takeSession, nil},
		{kindLink, (*driver).readLinks, (*driver).takeLink, (*driver).giveLink},
		{kindRefresh, (*driver).readRefresh, (*driver).takeRefresh, nil},
		{kindConsent, (*driver).readConsents, (*driver).takeConsent, nil},
		{kindApp, (*driver).readApps, (*driver).takeApp, (*driver).giveApp},
		{kindGroup, (*driver).readGroups, (*driver).takeGroup, (*driver).giveGroup},
		{kindFactor, (*driver).readFactors, (*driver).takeFactor, nil},
		{kindAccount, (*driver).readAccount, (*driver).takeAccount, (*driver).giveAccount},
	}
}

func handlerOf(kind string) (handler, bool) {
	all := handlers()
	i := slices.IndexFunc(all, func(h handler) bool { return h.kind == kind })
	if i < 0 {
		return handler{}, false
	}
	return all[i], true
}

// List reads everything in one page.
func (d *driver) List(ctx context.Context, account lastday.Account, at integrations.Cursor) (integrations.Page, error) {
	if at != "" {
		return integrations.Page{}, lastday.Errorf(lastday.CodeInvalid, "okta: list", "there is one page only")
	}
	if account.System != "" && account.System != d.system {
		return integrations.Page{}, lastday.Errorf(lastday.CodeInvalid, "okta: list", "the account belongs to another system")
	}
	u, there, err := d.lookup(ctx, account.ID)
	if err != nil {
		return integrations.Page{}, err
	}
	canary, control, err := d.control(ctx)
	if err != nil {
		return integrations.Page{}, err
	}
	if !there {
		control.Evidence += ", and no user has the account's id"
		return integrations.Page{Control: control}, nil
	}
	if canary.ID == u.ID {
		return integrations.Page{}, lastday.Errorf(lastday.CodeInvalid, "okta: list", "the canary is leaving: configure another")
	}
	page := integrations.Page{Control: control}
	for _, h := range handlers() {
		if err := d.gather(ctx, h, u, &page); err != nil {
			return integrations.Page{}, err
		}
	}
	empower(page.Grants)
	residue, err := d.residue(ctx, u, page.Grants)
	page.Residue = residue
	return page, err
}

// gather reads one kind. What may not be looked at is a gap; what may pass is an
// error, because half a list must not look like a whole one.
func (d *driver) gather(ctx context.Context, h handler, u user, page *integrations.Page) error {
	grants, err := h.read(d, ctx, u, "")
	page.Grants = append(page.Grants, grants...)
	if err == nil {
		return nil
	}
	if !hidden(err) {
		return err
	}
	kind := kindNamed(h.kind)
	page.Gaps = append(page.Gaps, lastday.Gap{
		System: d.system, Kind: h.kind, What: kind.What, Code: lastday.CodeOf(err), Why: err.Error(),
		Fix: "give our credential a super administrator's role and the scope " + scopeOf(h.kind),
	})
	return nil
}

// hidden says whether an error means that we may not look, or that there is no
// such thing in this organization: trying again does not help.
func hidden(err error) bool {
	return codeIs(err, lastday.CodeDenied) || codeIs(err, lastday.CodeUnsupported) || codeIs(err, lastday.CodeNotFound)
}

// grant makes a grant of a kind with what is declared of the kind. The level is
// that of the only rung of its ladder.
func grant(kind, resource, name, rung string, level lastday.Level) lastday.Grant {
	declared := kindNamed(kind)
	return lastday.Grant{
		Key: kind + "/" + resource, Kind: kind, Resource: lastday.Resource{ID: resource, Name: name},
		Rung: rung, Ladder: one(rung, level), Restore: declared.Restore, Order: declared.Order,
	}
}
