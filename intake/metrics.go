package intake

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"lastday"
)

// Prometheus counts deliveries for a Prometheus server.
type Prometheus struct {
	delivered *prometheus.CounterVec
	took      *prometheus.HistogramVec
}

// NewPrometheus registers the metrics lastday_intake_deliveries_total, by
// source and outcome, and lastday_intake_delivery_seconds, by source. Every
// outcome of the named sources is there from the start, as zero, so that an
// alert on a rate does not miss the first.
//
// CodeInvalid: metrics of these names are registered already.
func NewPrometheus(registry prometheus.Registerer, sources ...string) (*Prometheus, error) {
	p := &Prometheus{
		delivered: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "lastday_intake_deliveries_total", Help: "Deliveries of HR sources by what became of them.",
		}, []string{"source", "outcome"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "lastday_intake_delivery_seconds", Help: "How long a delivery took from its header to the answer.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 1.5, 2, 2.5, 3},
		}, []string{"source"}),
	}
	for _, c := range []prometheus.Collector{p.delivered, p.took} {
		if err := registry.Register(c); err != nil {
			return nil, lastday.Wrap(lastday.CodeInvalid, "intake: metrics", "register", err)
		}
	}
	for _, s := range sources {
		for _, o := range Outcomes() {
			p.delivered.WithLabelValues(s, string(o))
		}
	}
	return p, nil
}

// Delivered counts one delivery.
func (p *Prometheus) Delivered(source string, outcome Outcome, took time.Duration) {
	p.delivered.WithLabelValues(source, string(outcome)).Inc()
	p.took.WithLabelValues(source).Observe(took.Seconds())
}
