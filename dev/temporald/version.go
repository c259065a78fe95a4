package temporald

import (
	"runtime/debug"

	"go.temporal.io/server/common/headers"
)

const (
	serverModule = "go.temporal.io/server"
	uiModule     = "github.com/temporalio/ui-server/v2"
)

// Versions returns the versions of the Temporal server and of its web UI that this binary was built with. Where the
// binary carries no build information (a test binary, for one), the server says its own and the UI is "unknown".
func Versions() (server, ui string) {
	server, ui = "v"+headers.ServerVersion, "unknown"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return server, ui
	}
	for _, module := range info.Deps {
		switch module.Path {
		case serverModule:
			server = module.Version
		case uiModule:
			ui = module.Version
		}
	}
	return server, ui
}
