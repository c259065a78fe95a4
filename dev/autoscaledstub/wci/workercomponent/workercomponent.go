// Package workercomponent registers nothing: the embedded server's system workers scale nobody.
package workercomponent

import "go.uber.org/fx"

// Module is empty; the server's worker service asks for it by name.
var Module = fx.Options()
