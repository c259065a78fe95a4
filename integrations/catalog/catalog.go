// Package catalog is the one list of the kinds of integrations that exist. It
// is literal: what is not written here cannot be configured.
package catalog

import (
	"lastday/integrations"
	"lastday/integrations/manual"
)

// Kinds lists every kind, in the order in which people are shown them.
func Kinds() []integrations.Kind {
	return []integrations.Kind{
		manual.Kind(),
	}
}
