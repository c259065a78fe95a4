package ldap

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"slices"

	"lastday"
	"lastday/integrations"
)

// survey is what is read of one account.
type survey struct {
	*link
	op      string
	account *entry
	climb   climb
	page    integrations.Page
}

// List reads all that an account can do, in one page: the server's own pages are
// put together here.
func (d *driver) List(ctx context.Context, account lastday.Account, at integrations.Cursor) (integrations.Page, error) {
	const op = "ldap: list"
	if at != "" {
		return integrations.Page{}, lastday.Errorf(lastday.CodeInvalid, op, "there is one page, and no cursor")
	}
	if _, err := d.flavour.idFilter(account.ID); err != nil {
		return integrations.Page{}, err
	}
	ctx, cancel := bounds(ctx)
	defer cancel()
	l, err := d.connect(ctx, op)
	if err != nil {
		return integrations.Page{}, err
	}
	defer l.close()
	scene, err := l.look(op, account.ID)
	if err != nil {
		return integrations.Page{}, err
	}
	s := &survey{link: l, op: op, account: scene.account}
	s.page.Control = scene.control()
	if !scene.control().Seen {
		s.page.Gaps = append(s.page.Gaps, d.gap("", "the directory", lastday.CodeDenied, scene.control().Evidence, "let our account read everything under the bases, and check canary"))
	}
	if s.account == nil {
		return s.page, s.addDangling(account)
	}
	return s.page, s.readAll(scene)
}

func (s *survey) readAll(scene scene) error {
	if err := s.addSignIn(); err != nil {
		return err
	}
	s.addKeys(scene.canary)
	if !scene.showsLogins(s.flavour) {
		s.page.Gaps = append(s.page.Gaps, s.gap(kindGroup, "groups that name a login", lastday.CodeDenied, "neither the account nor the canary shows one, so that it is not known if we could see one",
			"give the canary a login, and let our account read it"))
	}
	if err := s.addGroups(); err != nil {
		return err
	}
	return s.addResidue()
}

// addSignIn makes grants of the ways to be let in.
func (s *survey) addSignIn() error {
	if s.flavour.ad() {
		s.addControl()
		s.addExpiry()
		s.addPassword()
		return nil
	}
	return s.addLock()
}

// hold puts a grant with one rung on the page.
func (s *survey) hold(g lastday.Grant, name, at string, level lastday.Level) {
	g.Resource.Name, g.Rung, g.Ladder = name, at, rung(at, level)
	s.page.Grants = append(s.page.Grants, g)
}

// addKeys makes a grant of each public key. Keys that are not shown are only
// told from keys that are not there by the canary's.
func (s *survey) addKeys(canary *entry) {
	if s.cfg.SSHKeys == "" {
		return
	}
	keys := s.account.all(s.cfg.SSHKeys)
	if len(keys) == 0 && (canary == nil || len(canary.all(s.cfg.SSHKeys)) == 0) {
		s.page.Gaps = append(s.page.Gaps, s.gap(kindKey, "public keys", lastday.CodeDenied, "neither the account nor the canary shows one, so that it is not known if we could see one",
			"give the canary a public key, and our account the right to read it"))
	}
	for _, key := range keys {
		g := grant(kindKey, keyID(key), exact())
		g.Details["key"] = key
		s.hold(g, "public key "+keyID(key)[:8], rungHeld, lastday.LevelWrite)
	}
}

// keyID names one value by all of its text: the same key with other options or
// another comment is another line, and another grant.
func keyID(value string) string {
	sum := sha256.Sum256([]byte(value))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// residue notes what is left although it should not be.
func (s *survey) residue(kind, what, why, todo string) {
	s.page.Residue = append(s.page.Residue, lastday.Residue{System: s.system, Kind: kind, What: what, Why: why, Todo: todo})
}

func (s *survey) harmless(kind, what, why string) {
	s.page.Residue = append(s.page.Residue, lastday.Residue{System: s.system, Kind: kind, What: what, Why: why, Harmless: true})
}

// sortedKeys lists the keys of a set.
func sortedKeys[V any](set map[string]V) []string {
	var all []string
	for key := range set {
		all = append(all, key)
	}
	slices.Sort(all)
	return all
}
