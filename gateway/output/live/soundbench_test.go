//go:build linux

package live

import (
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/mp4"
	"framegate/gateway/output/live/wire"
)

const (
	benchUnit = 340 // bytes of a frame of sound, at 128 kbit/s
	// What a bare server is told to do.
	withSound, withoutSound = "sound", "no sound"

	hearing   = 300 // viewers, in the benchmark of what hearing adds
	benchTurn = 1500 * time.Millisecond
)

// bareSound says, in the process of a bare server, that sound goes out with pictures.
var bareSound atomic.Bool

// benchSound is what goes out with a picture to who hears the camera, in the slices that
// it goes out in: a message of 1.6 frames of sound.
func benchSound() [][]byte {
	units := benchUnit * 48000 / 1024 / benchFPS
	head := appendOpening(nil, opBinary, wire.HeadSize+mp4.SoundHeadSize(2)+units)
	return [][]byte{append(head, make([]byte, wire.HeadSize+mp4.SoundHeadSize(2))...), make([]byte, units)}
}

// BenchmarkSound is what sound adds. What it adds for a viewer who hears it is measured
// of the same viewers of one server, who hear it and do not in turns, so that whatever
// else the machine does is in both; "bare" is what the same slices more add to the
// bare loop. What it adds for one who does not is beside a camera that has none.
func BenchmarkSound(b *testing.B) {
	b.Run("unheard", func(b *testing.B) {
		runs := make(map[string][]served)
		for range 9 {
			for _, kind := range []string{muteServer, liveServer} {
				runs[kind] = append(runs[kind], serveCrowd(b, kind, benchViewers))
			}
		}
		cpu, allocated := func(s served) float64 { return s.cpuPerFrame }, func(s served) float64 { return s.allocated }
		b.ReportMetric(median(runs[liveServer], cpu)/median(runs[muteServer], cpu), "cpu-ratio")
		b.ReportMetric(median(runs[liveServer], allocated)-median(runs[muteServer], allocated), "allocs/frame")
		b.ReportMetric(0, "ns/op")
	})
	for name, kind := range map[string]string{"heard": liveServer, "bare": bareServer} {
		b.Run(name, func(b *testing.B) {
			t := hearInTurns(b, kind, 20)
			for _, q := range []float64{0.25, 0.5, 0.75} {
				b.ReportMetric(t.ratio(q), fmt.Sprintf("cpu-ratio-p%.0f", 100*q))
			}
			b.ReportMetric(t.cpu, "cpu-us/frame")
			b.ReportMetric(t.allocated, "allocs/frame")
			b.ReportMetric(quantile(t.sounds, 0.5), "sound-p50-us")
			b.ReportMetric(quantile(t.sounds, 0.95), "sound-p95-us")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// turns is what viewers cost who hear and do not in turns.
type turns struct {
	ratios    []float64 // of CPU for a picture, of each turn, sorted
	cpu       float64   // of all, with sound, in microseconds
	allocated float64   // more with sound, for a picture, however many get it
	sounds    []time.Duration
}

func (t *turns) ratio(q float64) float64 { return t.ratios[int(q*float64(len(t.ratios)-1))] }

func hearInTurns(b *testing.B, kind string, times int) (all turns) {
	s := startServer(b, kind)
	defer s.stop()
	c := &benchCrowd{}
	defer c.leave()
	for range hearing {
		c.join(b, s.address)
	}
	time.Sleep(time.Second)
	for i := range times {
		var cpu, allocated [2]float64
		for turn := range 2 { // each goes first as often as the other
			hears := (i + turn) % 2
			c.hear(s, kind, hears == 1)
			used, frames, sounds := s.during(c, benchTurn)
			cpu[hears] = float64(used.CPU.Microseconds()) / float64(max(frames, 1))
			allocated[hears] = float64(used.Allocated) / float64(max(frames, 1)) * hearing
			all.sounds = append(all.sounds, sounds...)
		}
		b.Logf("%s: %.2f µs a picture, %.2f µs with sound: %.3f", kind, cpu[0], cpu[1], cpu[1]/cpu[0])
		all.ratios = append(all.ratios, cpu[1]/cpu[0])
		all.cpu += cpu[1] / float64(times)
		all.allocated += (allocated[1] - allocated[0]) / float64(times)
	}
	slices.Sort(all.ratios)
	slices.Sort(all.sounds)
	return all
}

// hear has all hear the camera, or nobody.
func (c *benchCrowd) hear(s *benchServer, kind string, hears bool) {
	word, wish := withoutSound, `{"type":"sound","codecs":[]}`
	if hears {
		word, wish = withSound, `{"type":"sound","codecs":["`+media.AAC.String()+`"]}`
	}
	if kind == bareServer {
		_, _ = io.WriteString(s.in, word+"\n")
	} else {
		for _, conn := range c.conns {
			_, _ = io.WriteString(conn, string([]byte{opText, 0x80 | byte(len(wish)), 0, 0, 0, 0})+wish) // masked by nothing
		}
	}
	time.Sleep(400 * time.Millisecond) // until all ride again
}

// during gives what is used in a time, the pictures that came, and the delays of sound.
func (s *benchServer) during(c *benchCrowd, d time.Duration) (used usage, frames int, sounds []time.Duration) {
	c.take()
	before := s.usage()
	time.Sleep(d)
	after := s.usage()
	delays, sounds := c.take()
	return usage{CPU: after.CPU - before.CPU, Allocated: after.Allocated - before.Allocated}, len(delays), sounds
}
