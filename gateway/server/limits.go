package server

import (
	"net/http"
	"slices"

	"framegate/gateway/api"
	"framegate/gateway/cluster/relay"
	"framegate/gateway/config"
	"framegate/gateway/httplimit"
	"framegate/gateway/input/upload"
	"framegate/gateway/metrics"
	"framegate/gateway/output/rtspserver"
	"framegate/gateway/ptz"
	"framegate/gateway/publish"
	"framegate/gateway/rendition"
	"framegate/gateway/stream"
)

// limitLogins is the limit on logins by its name in metrics. Package auth
// counts its hits.
const limitLogins = "logins"

// newHits makes the counters of the limits that are of no form and no input.
func newHits() *metrics.Hits {
	return metrics.NewHits(slices.Concat(httplimit.LimitNames, api.LimitNames, stream.LimitNames, ptz.LimitNames, rtspserver.LimitNames, []string{relay.LimitBranches})...)
}

// metricsHandler answers scrapes. Encoders and logins count hits of limits for
// themselves, all others in hits.
func (s *server) metricsHandler() http.Handler {
	return metrics.New(metrics.Sources{
		Version: s.Version,
		Log:     s.Log,
		Cameras: func() (ids []string) {
			for _, c := range s.cameras.All() {
				ids = append(ids, c.ID)
			}
			return ids
		},
		Streams:  s.hub.Stats,
		Viewers:  s.hub.Viewers,
		Forms:    s.hub.Forms,
		Panics:   s.panics.Count,
		Troubles: s.troubleMetrics,
		Encoders: func() metrics.Encoders {
			e := s.encoders.Stats()
			var each []metrics.Encoder
			for _, one := range e.Encoders {
				each = append(each, metrics.Encoder{Stream: one.Stream, CPU: one.CPU, Dropped: one.Dropped, Lag: one.Lag, Inside: one.Inside})
			}
			return metrics.Encoders{
				CPU: e.CPU, Each: each,
				Slots: e.Slots, Running: e.Running, Waiting: e.Waiting, OfSound: e.Sounds,
				Starts: e.Starts, Dropped: e.Dropped, StepDowns: e.StepDowns,
			}
		},
		Uploads: func() metrics.Uploads {
			u := s.upload.Stats()
			return metrics.Uploads{Publishers: len(s.publishers.All()), Frames: u.Frames + s.sent.Frames.Load(), RateDropped: u.RateDropped + s.sent.Dropped.Load(), Refused: u.Refused}
		},
		Recordings: s.recordingMetrics,
		Exports:    s.exportMetrics,
		Told:       s.notifyMetrics,
		Cluster:    s.node.metrics(),
		Logins: func() metrics.Logins {
			l := s.auth.Stats()
			return metrics.Logins{Hashed: uint64(l.Hashed), Failed: uint64(l.Failed), Watched: l.Watched}
		},
		Limits: s.limitHits,
	})
}

// limitHits calls yield with each limit and how often it was hit.
func (s *server) limitHits(yield func(limit string, hits uint64)) {
	s.hits.All(yield)
	encoders := s.encoders.Stats()
	yield(rendition.LimitEncoders, encoders.Queued)
	yield(rendition.LimitEncoderStarts, encoders.Delayed)
	for _, limit := range rendition.ShareLimits {
		yield(limit, encoders.Refused[limit])
	}
	yield(limitLogins, uint64(s.auth.Stats().Limited))
}

// httpLimits are what the limits say of connections. A viewer comes by one, and
// leaves its place to others when it begins to watch.
func (s *server) httpLimits(l config.Limits) httplimit.Limits {
	return httplimit.Limits{
		HeaderTimeout: l.HeaderTimeout, HeaderBytes: l.HeaderBytes, IdleTimeout: l.IdleTimeout, Patience: l.ViewerPatience,
		Room:    s.room,
		Trusted: s.front.Trusts,
		Client:  s.front.Client,
	}
}

// room is how many connections there may be at the moment, at each of the doors.
func (s *server) room() httplimit.Room {
	l := s.settings().Limits
	return httplimit.Room{All: l.Connections + l.Viewers, PerAddress: l.ConnectionsPerAddress + l.ViewersPerAddress}
}

// nodesRoom is how many connections other nodes may have, whatever viewers may: a node has
// one for each camera that it shows, and several may come from one address.
func nodesRoom() httplimit.Room { return httplimit.Room{All: 4096, PerAddress: 2048} }

// uploadOptions are what the limits say of publishers.
func (s *server) uploadOptions(l config.Limits) upload.Options {
	return upload.Options{
		MaxFrameBytes:      l.FrameBytes,
		FPS:                l.PublisherFPS,
		BytesPerSecond:     l.PublisherBytes,
		PostTime:           l.PostTime,
		PostBytesPerSecond: l.PostBytes,
		PostsPerAddress:    l.PostsPerAddress,
		Silent:             s.takesNoSound,
		Limited:            s.hits.Hit,
		Log:                s.Log,
	}
}

// throttle bounds what one publisher sends that is no HTTP.
func (s *server) throttle() *publish.Throttle {
	l := s.settings().Limits
	return publish.NewThrottle(publish.ThrottleOptions{
		FPS: l.PublisherFPS, BytesPerSecond: l.PublisherBytes, MaxFrameBytes: l.FrameBytes, Counters: &s.sent, Limited: s.hits.Hit,
	})
}

// takesNoSound says whether a camera's sound is left out.
func (s *server) takesNoSound(camera string) bool {
	c, _ := s.cameras.Find(camera)
	return c.Sound == config.SoundOff
}
