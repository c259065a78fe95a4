package ldap

import (
	"context"
	"slices"
	"strings"

	"lastday"
)

// capabilityAD is what Active Directory's rootDSE says of itself.
// https://learn.microsoft.com/openspecs/windows_protocols/ms-adts/3ed61e6c-cfdc-487a-9f02-5a3397be3772
const capabilityAD = "1.2.840.113556.1.4.800"

// Probe says who we are in the directory, which one it is, and whether the
// canary is to be seen.
func (d *driver) Probe(ctx context.Context) (lastday.Health, error) {
	const op = "ldap: probe"
	ctx, cancel := bounds(ctx)
	defer cancel()
	l, err := d.connect(ctx, op)
	if err != nil {
		return lastday.Health{}, err
	}
	defer l.close()
	root, err := l.read(op, "", everything, "objectClass", "supportedCapabilities", "vendorName", "vendorVersion")
	if err != nil {
		return lastday.Health{}, err
	}
	if err := d.contradicts(op, root); err != nil {
		return lastday.Health{}, err
	}
	found, _, err := l.search(op, query{filter: anyOf(d.controls()...), attrs: d.flavour.account})
	if err != nil {
		return lastday.Health{}, err
	}
	var s scene
	for _, e := range found {
		d.place(&s, e)
	}
	return d.health(s, root), nil
}

// contradicts says that the server is of another flavour than configured. One
// that does not say what it is contradicts nothing.
func (d *driver) contradicts(op string, root *entry) error {
	if root == nil {
		return nil
	}
	is := ""
	switch {
	case slices.Contains(root.all("supportedCapabilities"), capabilityAD):
		is = flavourAD
	case slices.Contains(root.all("objectClass"), "OpenLDAProotDSE"):
		is = flavourOpenLDAP
	}
	if is != "" && is != d.flavour.name {
		return lastday.Errorf(lastday.CodeInvalid, op, "flavour is %s, and the server says that it is %s", d.flavour.name, is)
	}
	return nil
}

func (d *driver) health(s scene, root *entry) lastday.Health {
	h := lastday.Health{Identity: d.cfg.Bind, QuotaLeft: -1, Control: s.control(), Can: d.can(s.canary)}
	if s.me != nil {
		h.AccountID = s.me.id()
	}
	if root != nil {
		h.Version = strings.TrimSpace(root.get("vendorName") + " " + root.get("vendorVersion"))
	}
	if !s.control().Seen {
		h.Missing = append(h.Missing, d.gap("", "people's entries", lastday.CodeDenied, s.control().Evidence, "let our account read everything under the bases, and check canary"))
	}
	return h
}

// can lists what we may see and, where Active Directory says so, change. It says
// so of the canary: rights that differ from person to person show when tried.
func (d *driver) can(canary *entry) []string {
	needs := map[string]string{kindSignIn: "userAccountControl", kindExpiry: "accountExpires", kindPassword: "unicodePwd", kindKey: d.cfg.SSHKeys}
	var all []string
	for _, kind := range d.kinds() {
		if canary != nil && d.flavour.ad() && needs[kind] != "" && !slices.ContainsFunc(canary.all("allowedAttributesEffective"),
			func(a string) bool { return strings.EqualFold(a, needs[kind]) }) {
			continue
		}
		all = append(all, kind)
	}
	return all
}

// kinds lists those that exist here.
func (d *driver) kinds() []string {
	all := []string{kindSignIn, kindGroup}
	if d.flavour.ad() {
		all = append(all, kindExpiry, kindPassword)
	}
	if d.cfg.SSHKeys != "" {
		all = append(all, kindKey)
	}
	return all
}

// everything is the filter that matches all entries of a search.
const everything = "(objectClass=*)"
