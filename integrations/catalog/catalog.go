// Package catalog is the one list of the integrations and channels that exist. It
// is literal: what is not written here cannot be configured.
package catalog

import (
	"lastday/integrations"
	"lastday/integrations/aws"
	"lastday/integrations/custody"
	"lastday/integrations/github"
	"lastday/integrations/httpapi"
	"lastday/integrations/ldap"
	"lastday/integrations/manual"
	"lastday/integrations/notify"
	"lastday/integrations/notify/webhook"
	"lastday/integrations/okta"
	"lastday/integrations/postgres"
	"lastday/integrations/scim"
	"lastday/integrations/script"
)

// Kinds lists every kind, in the order in which people are shown them.
func Kinds() []integrations.Kind {
	return []integrations.Kind{
		github.Kind(),
		postgres.Kind(),
		scim.Kind(),
		httpapi.Kind(),
		aws.IAM(),
		aws.IdentityCenter(),
		ldap.Kind(),
		okta.Kind(),
		custody.Kind(),
		script.Kind(),
		manual.Kind(),
	}
}

// Media lists every way to tell people something.
func Media() []notify.Medium {
	return []notify.Medium{
		notify.LogMedium(),
		notify.FileMedium(),
		webhook.Medium(),
	}
}
