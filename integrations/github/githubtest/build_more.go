package githubtest

import (
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"maps"
)

// Enterprise is a handle of an enterprise.
type Enterprise struct {
	srv  *Server
	slug string
}

// AddApp registers a GitHub App owned by the organization, installs it there on all repositories with the permissions,
// and returns the numbers of app and installation. Its signatures are verified with the public key.
func (o *Org) AddApp(slug string, key *rsa.PublicKey, perms map[string]string) (appID, installationID int64) {
	pkix, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		panic(fmt.Sprintf("githubtest: seeding: public key of app %q: %v", slug, err))
	}
	o.change(func(w *world, x *org) {
		appID, installationID = w.next(), w.next()
		now := o.srv.opts.Clock()
		w.Apps[appID] = &app{ID: appID, Slug: slug, Name: slug, Owner: x.Login, PublicKey: pkix, Perms: maps.Clone(perms), Created: now}
		w.Installations[installationID] = &installation{ID: installationID, App: appID, Org: x.Login, Perms: maps.Clone(perms), Created: now}
	})
	return appID, installationID
}
