package server

import (
	"time"

	"framegate/gateway/export"
)

// drainLook is the time between two looks whether all is done.
const drainLook = 100 * time.Millisecond

// drain takes no viewers and publishers any more, and waits until what ends by itself has
// done so: an export that is being made, downloads, requests of the API; for a time at most.
// Those that watch, publish and are recorded go on until the end that follows. Exports that
// wait are made after the next start.
func (s *server) drain(most time.Duration) {
	if most <= 0 {
		return
	}
	until := time.Now().Add(most)
	s.front.Drain(until)
	s.Log.Info("framegate drains", "for", most, "exports", s.exporting(), "requests", s.front.Busy())
	again := time.NewTicker(drainLook)
	defer again.Stop()
	for s.exporting()+s.front.Busy() > 0 && time.Now().Before(until) {
		<-again.C
	}
	s.Log.Info("framegate has drained", "exports", s.exporting(), "requests", s.front.Busy())
}

// exporting counts the exports that are being made.
func (s *server) exporting() int { return s.exports.Stats().Jobs[export.Running] }
