package temporald

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"
)

// newUI makes the web UI. It makes no calls to the outside: the news feed and the check for new versions are off.
func newUI(o Options, p ports) *uiserver.Server {
	return uiserver.NewServer(uioptions.WithConfigProvider(&uiconfig.Config{
		TemporalGRPCAddress: dialAddress(o.IP, p.frontend),
		// The UI puts host and port together with a colon.
		Host: strings.TrimSuffix(net.JoinHostPort(o.UIIP, ""), ":"), Port: p.ui,
		EnableUI: true, DefaultNamespace: o.Namespaces[0],
		CORS:             uiconfig.CORS{CookieInsecure: true},
		Codec:            uiconfig.Codec{Endpoint: o.UICodecEndpoint},
		DisableNewsFetch: true, NotifyOnNewVersion: false, HideLogs: true,
	}))
}

// uiAnswers asks the UI for its health until it answers or ctx ends.
func uiAnswers(ctx context.Context, address string) error {
	return poll(ctx, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/healthz", http.NoBody)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d", response.StatusCode)
		}
		return nil
	})
}
