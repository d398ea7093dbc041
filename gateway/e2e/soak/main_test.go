// Package soak has everything go on at once for as long as there is time: cameras
// flap, viewers of every form come and go, publishers vanish, ffmpeg is killed,
// configurations change, the disk fills up. What the gateway uses must be what it
// used at first, and what it promises be kept.
package soak

import (
	"testing"

	"framegate/gateway/e2e/rig"
)

func TestMain(m *testing.M) { rig.Main(m) }
