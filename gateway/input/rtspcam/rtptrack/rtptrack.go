// Package rtptrack knows how the packets of a track follow each other: in which
// order, of which source (intake.go), and when they were taken (clock.go); and where
// the sound of a camera is in the time of its pictures (sound.go).
//
// It knows nothing of what packets carry, opens nothing and starts nothing. Those
// who make frames of packets use it.
package rtptrack
