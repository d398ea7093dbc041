// Package metrics tells Prometheus how Framegate does, in its text format.
//
// Nothing is counted here but the hits of limits (Hits): the parts of Framegate
// count for themselves, and a scrape takes a snapshot of all of them. So a
// frame costs no metric anything, and there is no registry but that of New.
//
// Labels are names of cameras that are configured, of renditions, of which
// there is a bounded number, of forms, states, reasons and limits. No address, no user and
// no secret is among them.
//
// Package main gives the Sources and routes requests here, after it has decided
// who may ask.
package metrics

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"framegate/gateway/stream"
)

const (
	// scrapesAtOnce is how many are answered at a time; more get 503.
	scrapesAtOnce = 4
	// scrapeTime is what one may take to be answered.
	scrapeTime = 10 * time.Second
)

// Sources are where the numbers come from. Each is called once in a scrape,
// from any goroutine, also while it is called for another. What is nil is left
// out of the answer.
type Sources struct {
	Version string // of this Framegate

	// Cameras gives the ids of the cameras there are. Streams of others are left
	// out, so that labels are bounded by the configuration.
	Cameras  func() []string
	Streams  func() []stream.Stats
	Forms    func() []stream.FormStats
	Viewers  func(camera string) int // who watch it; called for each of Cameras
	Encoders func() Encoders
	Uploads  func() Uploads
	Logins   func() Logins
	// Recordings gives how cameras are recorded, and the room for it.
	Recordings func() (RecordingRoom, []Recording)
	Exports    func() Exports // files made of recordings
	Told       func() []Told  // to webhooks and brokers
	Cluster    func() Cluster // nil for a server alone
	Panics     func() uint64  // that were caught
	// Troubles says of all that is looked at, by name, whether it is wrong.
	Troubles func() map[string]bool
	// Limits calls yield with the name of each limit there is and how often it
	// was hit since the start.
	Limits func(yield func(limit string, hits uint64))

	Log *slog.Logger // nil discards
}

// Encoders is how the encoders do.
type Encoders struct {
	Slots, Running, Waiting    int
	OfSound                    int // that run beside those
	Starts, Dropped, StepDowns uint64
	CPU                        time.Duration
	Each                       []Encoder
}

// Encoder is how one does: what encodes a rendition, or makes a camera's pictures
// showable.
type Encoder struct {
	Stream  stream.Key
	CPU     time.Duration
	Dropped uint64 // frames left out because it was too slow
	Lag     time.Duration
	Inside  int // pictures
}

// Uploads is how the publishers do.
type Uploads struct {
	Publishers                   int
	Frames, RateDropped, Refused uint64
}

// Told is what became of what was to be told to the peers of a kind.
type Told struct {
	Kind                       string
	Delivered, Failed, Dropped uint64
}

// Logins is how logging in goes.
type Logins struct {
	Hashed, Failed uint64 // passwords hashed, and logins with a wrong one
	Watched        int    // requests that end with the permission for them
}

// New gives what answers a scrape. It starts nothing.
func New(s Sources) http.Handler {
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	return promhttp.HandlerFor(registryOf(s), promhttp.HandlerOpts{
		ErrorLog:            errorLog{s.Log},
		ErrorHandling:       promhttp.HTTPErrorOnError,
		MaxRequestsInFlight: scrapesAtOnce,
		Timeout:             scrapeTime,
	})
}

// registryOf knows the collectors of one New.
func registryOf(s Sources) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&collector{s},
	)
	return registry
}

// errorLog is where promhttp says what went wrong.
type errorLog struct{ log *slog.Logger }

func (l errorLog) Println(v ...any) { l.log.Warn("answering a scrape", "err", fmt.Sprint(v...)) }

// collector makes metrics of a snapshot of the sources.
type collector struct{ Sources }

// Describe gives every metric there can be.
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	for _, m := range all {
		to <- m.desc
	}
}

// Collect takes the snapshot.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	info.send(to, 1, c.Version, runtime.Version())
	var encoders Encoders
	if c.Encoders != nil {
		encoders = c.Encoders()
		collectEncoders(to, encoders)
	}
	c.collectCameras(to, encoders.Each)
	if c.Forms != nil {
		collectForms(to, c.Forms())
	}
	if c.Troubles != nil {
		for name, wrong := range c.Troubles() {
			is := 0.0
			if wrong {
				is = 1
			}
			trouble.send(to, is, name)
		}
	}
	if c.Panics != nil {
		panicsCaught.send(to, float64(c.Panics()))
	}
	if c.Uploads != nil {
		collectUploads(to, c.Uploads())
	}
	if c.Recordings != nil {
		collectRecordings(to, c.Recordings)
	}
	if c.Exports != nil {
		collectExports(to, c.Exports())
	}
	if c.Told != nil {
		for _, of := range c.Told() {
			told.send(to, float64(of.Delivered), of.Kind, "delivered")
			told.send(to, float64(of.Failed), of.Kind, "failed")
			told.send(to, float64(of.Dropped), of.Kind, "dropped")
		}
	}
	if c.Cluster != nil {
		collectCluster(to, c.Cluster())
	}
	if c.Logins != nil {
		collectLogins(to, c.Logins())
	}
	if c.Limits != nil {
		c.Limits(func(limit string, hits uint64) { limitHits.send(to, float64(hits), limit) })
	}
}

// collectCameras tells of the cameras there are, and of their streams.
func (c *collector) collectCameras(to chan<- prometheus.Metric, encoders []Encoder) {
	if c.Cameras == nil {
		return
	}
	known := make(map[string]bool)
	for _, id := range c.Cameras() {
		known[id] = true
		if c.Viewers != nil {
			viewers.send(to, float64(c.Viewers(id)), id)
		}
	}
	cameras.send(to, float64(len(known)))
	if c.Streams != nil {
		collectStreams(to, c.Streams(), encoders, known)
	}
}

func collectEncoders(to chan<- prometheus.Metric, e Encoders) {
	encoderSlots.send(to, float64(e.Slots))
	encodersRunning.send(to, float64(e.Running))
	encodersWaiting.send(to, float64(e.Waiting))
	encodersOfSound.send(to, float64(e.OfSound))
	encoderStarts.send(to, float64(e.Starts))
	encoderDropped.send(to, float64(e.Dropped))
	encoderStepDowns.send(to, float64(e.StepDowns))
	encoderCPU.send(to, e.CPU.Seconds())
}

func collectUploads(to chan<- prometheus.Metric, u Uploads) {
	publishers.send(to, float64(u.Publishers))
	publisherFrames.send(to, float64(u.Frames))
	publisherDropped.send(to, float64(u.RateDropped))
	publisherRefused.send(to, float64(u.Refused))
}

func collectLogins(to chan<- prometheus.Metric, l Logins) {
	passwordsHashed.send(to, float64(l.Hashed))
	loginsFailed.send(to, float64(l.Failed))
	requestsWatched.send(to, float64(l.Watched))
}
