package app

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.temporal.io/sdk/client"

	"lastday"
	"lastday/intake"
)

// Metrics are the numbers of one process in Prometheus' form: calls of
// systems, deliveries from HR, and what the Temporal SDK counts. No label
// names a person.
type Metrics struct {
	registry   *prometheus.Registry
	calls      *prometheus.HistogramVec
	deliveries *prometheus.HistogramVec
	sdk        *sdkMetrics
}

// NewMetrics makes the metrics of a process.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "lastday_system_call_seconds", Help: "Calls of systems by verb and code; an empty code is success.",
			Buckets: prometheus.ExponentialBuckets(0.01, 3, 9),
		}, []string{"system", "verb", "code"}),
		deliveries: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "lastday_delivery_seconds", Help: "Deliveries from HR by source and outcome.",
			Buckets: prometheus.ExponentialBuckets(0.001, 3, 9),
		}, []string{"source", "outcome"}),
	}
	m.sdk = &sdkMetrics{registry: m.registry, vectors: map[string]any{}}
	m.registry.MustRegister(m.calls, m.deliveries, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Observe counts a call of a system.
func (m *Metrics) Observe(_ context.Context, system, verb string, code lastday.Code, took time.Duration) {
	m.calls.WithLabelValues(system, verb, string(code)).Observe(took.Seconds())
}

// Delivered counts a delivery from HR.
func (m *Metrics) Delivered(source string, outcome intake.Outcome, took time.Duration) {
	m.deliveries.WithLabelValues(source, string(outcome)).Observe(took.Seconds())
}

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// SDK is where the Temporal SDK counts.
func (m *Metrics) SDK() client.MetricsHandler { return sdkHandler{metrics: m.sdk} }

// sdkMetrics keeps one vector for each name and set of labels that the SDK uses.
type sdkMetrics struct {
	registry *prometheus.Registry
	mu       sync.Mutex
	vectors  map[string]any
}

// sdkHandler implements client.MetricsHandler: names and labels come from the
// SDK as it goes.
type sdkHandler struct {
	metrics *sdkMetrics
	names   []string
	values  []string
}

// WithTags adds labels.
func (h sdkHandler) WithTags(tags map[string]string) client.MetricsHandler {
	merged := make(map[string]string, len(h.names)+len(tags))
	for i, n := range h.names {
		merged[n] = h.values[i]
	}
	for k, v := range tags {
		merged[label(k)] = v
	}
	next := sdkHandler{metrics: h.metrics}
	for k := range merged {
		next.names = append(next.names, k)
	}
	slices.Sort(next.names)
	for _, n := range next.names {
		next.values = append(next.values, merged[n])
	}
	return next
}

func label(name string) string { return strings.NewReplacer("-", "_", ".", "_").Replace(name) }

// Counter counts up.
func (h sdkHandler) Counter(name string) client.MetricsCounter {
	vec := vector(h, name+"_total", func(o prometheus.Opts) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts(o), h.names)
	})
	return counter{vec.WithLabelValues(h.values...)}
}

// Gauge shows a value.
func (h sdkHandler) Gauge(name string) client.MetricsGauge {
	vec := vector(h, name, func(o prometheus.Opts) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts(o), h.names)
	})
	return gauge{vec.WithLabelValues(h.values...)}
}

// Timer records durations, in seconds.
func (h sdkHandler) Timer(name string) client.MetricsTimer {
	vec := vector(h, name+"_seconds", func(o prometheus.Opts) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: o.Name, Help: o.Help, ConstLabels: o.ConstLabels, Buckets: prometheus.ExponentialBuckets(0.001, 4, 10),
		}, h.names)
	})
	return timer{vec.WithLabelValues(h.values...)}
}

// vector finds or makes the vector for a name with the handler's labels. The
// SDK uses one name with several sets of labels; Prometheus wants each set to
// be a collector of its own, told apart by a constant label.
func vector[V prometheus.Collector](h sdkHandler, name string, build func(prometheus.Opts) V) V {
	m := h.metrics
	m.mu.Lock()
	defer m.mu.Unlock()
	shape := strings.Join(h.names, ",")
	if known, ok := m.vectors[name+"{"+shape].(V); ok {
		return known
	}
	made := build(prometheus.Opts{Name: name, Help: "Counted by the Temporal SDK.", ConstLabels: prometheus.Labels{"labels": shape}})
	m.registry.MustRegister(unchecked{made})
	m.vectors[name+"{"+shape] = made
	return made
}

// unchecked lets vectors of one name have different labels.
type unchecked struct{ prometheus.Collector }

// Describe describes nothing, which makes the collector unchecked.
func (unchecked) Describe(chan<- *prometheus.Desc) {}

type counter struct{ c prometheus.Counter }

func (c counter) Inc(n int64) { c.c.Add(float64(n)) }

type gauge struct{ g prometheus.Gauge }

func (g gauge) Update(v float64) { g.g.Set(v) }

type timer struct{ o prometheus.Observer }

func (t timer) Record(d time.Duration) { t.o.Observe(d.Seconds()) }
