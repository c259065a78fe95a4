package temporald

import (
	"fmt"
	"net"
	"strconv"
	"time"

	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/common/primitives"
)

const clusterName = "active"

// ports are the addresses of one run.
type ports struct {
	frontend, ui                      int
	history, matching, worker, inside int
}

// choosePorts fills in free ports and fails for a wanted one that is taken. It has to look beforehand: over a taken port
// the UI and the metrics end the process. Whoever takes a port between here and their own listening still causes that.
func choosePorts(o Options) (ports, error) {
	var p ports
	type want struct {
		ip   string
		port int
		into *int
	}
	wanted := []want{
		{o.IP, o.Port, &p.frontend},
		{defaultIP, 0, &p.history},
		{defaultIP, 0, &p.matching},
		{defaultIP, 0, &p.worker},
		{defaultIP, 0, &p.inside},
	}
	if !o.Headless {
		wanted = append(wanted, want{o.UIIP, o.UIPort, &p.ui})
	}
	var fixed int
	if o.HTTPPort != 0 {
		wanted = append(wanted, want{o.IP, o.HTTPPort, &fixed})
	}
	if o.MetricsPort != 0 {
		wanted = append(wanted, want{defaultIP, o.MetricsPort, &fixed})
	}
	for _, w := range wanted {
		listener, err := net.Listen("tcp", net.JoinHostPort(w.ip, strconv.Itoa(w.port)))
		if err != nil {
			return ports{}, fmt.Errorf("ports: %w", err)
		}
		// All of them stay open until the last is chosen, so that no two are the same.
		defer func() { _ = listener.Close() }()
		*w.into = listener.Addr().(*net.TCPAddr).Port
	}
	return p, nil
}

// serverConfig is the configuration that a file would hold in a deployment of its own.
func serverConfig(o Options, p ports, database *config.SQL) *config.Config {
	cfg := &config.Config{
		Persistence: config.Persistence{
			DefaultStore: sqlite.PluginName, VisibilityStore: sqlite.PluginName, NumHistoryShards: 1,
			DataStores: map[string]config.DataStore{sqlite.PluginName: {SQL: database}},
		},
		ClusterMetadata: clusterConfig(dialAddress(o.IP, p.frontend), o),
		Services: map[string]config.Service{
			string(primitives.FrontendService): {RPC: config.RPC{GRPCPort: p.frontend, HTTPPort: o.HTTPPort, BindOnIP: o.IP}},
			string(primitives.HistoryService):  {RPC: config.RPC{GRPCPort: p.history, BindOnIP: defaultIP}},
			string(primitives.MatchingService): {RPC: config.RPC{GRPCPort: p.matching, BindOnIP: defaultIP}},
			string(primitives.WorkerService):   {RPC: config.RPC{GRPCPort: p.worker, BindOnIP: defaultIP}},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Archival: config.Archival{
			History: config.HistoryArchival{State: config.ArchivalDisabled}, Visibility: config.VisibilityArchival{State: config.ArchivalDisabled},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: config.ArchivalDisabled},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: config.ArchivalDisabled},
		}},
	}
	cfg.Global.Membership = config.Membership{MaxJoinDuration: 30 * time.Second, BroadcastAddress: defaultIP}
	if o.MetricsPort != 0 {
		cfg.Global.Metrics = &metrics.Config{Prometheus: &metrics.PrometheusConfig{
			ListenAddress: net.JoinHostPort(defaultIP, strconv.Itoa(o.MetricsPort)), HandlerPath: "/metrics",
		}}
	}
	addInside(cfg, o, p)
	return cfg
}

// addInside says whom the server's own workers talk to. Where anonymous callers may only read, they need the internal
// frontend, which trusts its callers and listens on 127.0.0.1 like the other services.
func addInside(cfg *config.Config, o Options, p ports) {
	if !o.AnonymousReadOnly {
		cfg.PublicClient = config.PublicClient{HostPort: dialAddress(o.IP, p.frontend)}
		return
	}
	cfg.Services[string(primitives.InternalFrontendService)] = config.Service{
		RPC: config.RPC{GRPCPort: p.inside, BindOnIP: defaultIP},
	}
}

func clusterConfig(frontend string, o Options) *cluster.Config {
	info := cluster.ClusterInformation{Enabled: true, InitialFailoverVersion: 1, RPCAddress: frontend}
	if o.HTTPPort != 0 {
		info.HTTPAddress = dialAddress(o.IP, o.HTTPPort)
	}
	return &cluster.Config{
		FailoverVersionIncrement: 10, MasterClusterName: clusterName, CurrentClusterName: clusterName,
		ClusterInformation: map[string]cluster.ClusterInformation{clusterName: info},
	}
}

// staticHosts replaces the membership protocol, which one process does not need.
func staticHosts(o Options, p ports) map[primitives.ServiceName]static.Hosts {
	hosts := map[primitives.ServiceName]static.Hosts{
		primitives.FrontendService: static.SingleLocalHost(dialAddress(o.IP, p.frontend)),
		primitives.HistoryService:  static.SingleLocalHost(dialAddress(defaultIP, p.history)),
		primitives.MatchingService: static.SingleLocalHost(dialAddress(defaultIP, p.matching)),
		primitives.WorkerService:   static.SingleLocalHost(dialAddress(defaultIP, p.worker)),
	}
	if o.AnonymousReadOnly {
		hosts[primitives.InternalFrontendService] = static.SingleLocalHost(dialAddress(defaultIP, p.inside))
	}
	return hosts
}

// dialAddress is where a server that listens on ip is reached from the same machine.
func dialAddress(ip string, port int) string {
	if parsed := net.ParseIP(ip); parsed != nil && parsed.IsUnspecified() {
		ip = defaultIP
		if parsed.To4() == nil {
			ip = net.IPv6loopback.String()
		}
	}
	return net.JoinHostPort(ip, strconv.Itoa(port))
}
