package main

import (
	"net/http"
	"net/netip"
	"slices"

	"framegate/gateway/api"
	"framegate/gateway/config"
	"framegate/gateway/delivery"
	"framegate/gateway/httplimit"
	"framegate/gateway/input/httpcam"
	"framegate/gateway/input/rtspcam"
	"framegate/gateway/input/upload"
	"framegate/gateway/metrics"
	"framegate/gateway/output/live"
	"framegate/gateway/rendition"
	"framegate/gateway/stream"
)

// limitLogins is the limit on logins by its name in metrics. Package auth
// counts its hits.
const limitLogins = "logins"

// newHits makes the counters of all limits there are.
func newHits() *metrics.Hits {
	return metrics.NewHits(slices.Concat(
		httplimit.LimitNames, api.LimitNames, stream.LimitNames, delivery.LimitNames, live.LimitNames,
		upload.LimitNames, httpcam.LimitNames, rtspcam.LimitNames,
	)...)
}

// metricsHandler answers scrapes. hits are those that the parts of the gateway
// are counted in; encoders and logins count for themselves.
func (g *gateway) metricsHandler(hits *metrics.Hits) http.Handler {
	return metrics.New(metrics.Sources{
		Version: version(),
		Log:     g.log,
		Cameras: func() (ids []string) {
			for _, c := range g.cameras.all() {
				ids = append(ids, c.ID)
			}
			return ids
		},
		Streams: g.hub.Stats,
		Viewers: g.hub.Viewers,
		Encoders: func() metrics.Encoders {
			s := g.encoders.Stats()
			return metrics.Encoders{
				Slots: s.Slots, Running: s.Running, Waiting: s.Waiting,
				Starts: s.Starts, Dropped: s.Dropped, StepDowns: s.StepDowns,
			}
		},
		Uploads: func() metrics.Uploads {
			s := g.upload.Stats()
			return metrics.Uploads{Publishers: len(g.publishers.All()), Frames: s.Frames, RateDropped: s.RateDropped, Refused: s.Refused}
		},
		Logins: func() metrics.Logins {
			s := g.auth.Stats()
			return metrics.Logins{Hashed: uint64(s.Hashed), Failed: uint64(s.Failed), Watched: s.Watched}
		},
		Limits: func(yield func(limit string, hits uint64)) {
			hits.All(yield)
			encoders := g.encoders.Stats()
			yield(rendition.LimitEncoders, encoders.Queued)
			yield(rendition.LimitEncoderStarts, encoders.Delayed)
			for _, limit := range rendition.ShareLimits {
				yield(limit, encoders.Refused[limit])
			}
			yield(limitLogins, uint64(g.auth.Stats().Limited))
		},
	})
}

// httpLimits are what the limits say of connections. A viewer comes by one, and
// leaves its place to others when it begins to watch.
func (g *gateway) httpLimits(l config.Limits) httplimit.Limits {
	return httplimit.Limits{
		HeaderTimeout: l.HeaderTimeout, HeaderBytes: l.HeaderBytes, IdleTimeout: l.IdleTimeout, Patience: l.ViewerPatience,
		Room: func() httplimit.Room {
			l := g.settings().Limits
			return httplimit.Room{All: l.Connections + l.Viewers, PerAddress: l.ConnectionsPerAddress + l.ViewersPerAddress}
		},
		Trusted: func(a netip.Addr) bool { return contains(g.settings().TrustedProxies, a) },
		Client:  g.client,
	}
}

// uploadOptions are what the limits say of publishers.
func (g *gateway) uploadOptions(l config.Limits) upload.Options {
	return upload.Options{
		MaxFrameBytes:      l.FrameBytes,
		FPS:                l.PublisherFPS,
		BytesPerSecond:     l.PublisherBytes,
		PostTime:           l.PostTime,
		PostBytesPerSecond: l.PostBytes,
		PostsPerAddress:    l.PostsPerAddress,
		Limited:            g.hits.Hit,
		AllowOrigin:        g.allowsOrigin,
		Principal:          func(r *http.Request) string { return principalOf(r).Subject() },
		Log:                g.log,
	}
}
