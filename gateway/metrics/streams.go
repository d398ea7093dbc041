package metrics

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"framegate/gateway/stream"
)

// maxRenditions is how many renditions are told of in a scrape, each with a
// dozen series. Viewers choose what renditions there are, so that something
// must bound what they cost the one who stores the series.
const maxRenditions = 256

// states are those of a stream, by the words for them.
var states = [...]stream.State{stream.Idle, stream.Connecting, stream.Online, stream.Offline}

// collectStreams tells of the streams of known cameras: what cameras send
// always, and renditions in the order given, up to the bound.
func collectStreams(to chan<- prometheus.Metric, streams []stream.Stats, encoders []Encoder, known map[string]bool) {
	works := make(map[stream.Key]*Encoder)
	for i, e := range encoders {
		works[e.Stream] = &encoders[i]
	}
	told, hidden := 0, 0
	for _, s := range streams {
		switch {
		case !known[s.Key.Camera]:
			continue // it was removed
		case s.Key.Rendition == "":
		case told == maxRenditions:
			hidden++
			continue
		default:
			told++
		}
		collectStream(to, &s)
		if e := works[s.Key]; e != nil {
			collectEncoder(to, e)
		}
	}
	streamsHidden.send(to, float64(hidden))
}

func collectEncoder(to chan<- prometheus.Metric, e *Encoder) {
	send := func(m metric, value float64) { m.send(to, value, e.Stream.Camera, e.Stream.Rendition) }
	send(renditionCPU, e.CPU.Seconds())
	send(renditionDropped, float64(e.Dropped))
	send(renditionLag, e.Lag.Seconds())
	send(renditionInside, float64(e.Inside))
}

func collectStream(to chan<- prometheus.Metric, s *stream.Stats) {
	send := func(m metric, value float64) { m.send(to, value, s.Key.Camera, s.Key.Rendition) }
	for _, state := range states {
		is := 0.0
		if state == s.State {
			is = 1
		}
		streamState.send(to, is, s.Key.Camera, s.Key.Rendition, state.String())
	}
	send(streamReaders, float64(s.Readers))
	send(streamFPS, s.FPS)
	if !s.Newest.IsZero() {
		send(streamNewest, float64(s.Newest.UnixMilli())/1e3)
	}
	send(streamRuns, float64(s.Runs))
	send(streamFails, float64(s.Failures))
	if s.Key.Rendition == "" {
		for _, reason := range stream.Reasons() {
			restarts.send(to, float64(s.Failed[reason]), s.Key.Camera, reason.String())
		}
	}
	send(streamFrames, float64(s.Frames))
	send(streamBytes, float64(s.Bytes))
	if f := s.Sound.Format; f != nil {
		soundInfo.send(to, 1, s.Key.Camera, s.Key.Rendition, f.Codec.String(), strconv.Itoa(f.Rate), strconv.Itoa(f.Channels))
	}
	if s.Sound.Frames > 0 {
		send(soundFrames, float64(s.Sound.Frames))
		send(soundBytes, float64(s.Sound.Bytes))
	}
	send(streamRefused, float64(s.Refused))
	send(streamDropped, float64(s.Dropped))
}
