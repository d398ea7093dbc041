package rtspcam

import (
	"slices"
	"testing"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
)

// overEachTransport plays pictures of a camera over TCP and UDP, and wants all
// of them to come out as they do from a camera without faults. The last may
// have to wait for one more.
func overEachTransport(t *testing.T, medias []*description.Media, pictures func() camtest.Pictures, want []media.Frame) {
	for _, transport := range []Transport{TCP, UDP} {
		t.Run(string(transport), func(t *testing.T) {
			t.Parallel()
			camera := newCamera(t, camtest.RTSPOptions{UDP: true, Medias: medias})
			run := start(t, newSource(t, Options{URL: camera.URL("/"), Transport: transport}))
			awaitPlay(t, camera, 1)
			var frames []media.Frame
			for i, group := range pictures() {
				for _, p := range group {
					if err := camera.SendAs(p); err != nil {
						t.Fatal(err)
					}
				}
				if i > 0 {
					frames = append(frames, run.next(t))
				}
			}
			if n := len(run.frames); n > 1 {
				t.Errorf("%d frames too many", n-1)
			}
			wantSame(t, "all but the last", frames, want[:len(want)-1])
		})
	}
}

// TestPicturesAreWhole: a picture is what its slices, or the pieces of its JPEG,
// say, whatever markers and timestamps do.
func TestPicturesAreWhole(t *testing.T) {
	const n = 24
	one, three := encoded(t, n, 160, 144), encoded(t, n, 160, 144, "-x264-params", "slices=3:sliced-threads=0")
	h264 := offer(&format.H264{PayloadTyp: 96, PacketizationMode: 1})
	for _, c := range []struct {
		kind     string
		medias   []*description.Media
		pictures func() camtest.Pictures
		want     []media.Frame
	}{
		{"H.264", h264, func() camtest.Pictures { return packets(t, one) }, newH264(t).take(slices.Concat(packets(t, one)...)).frames},
		{"H.264 in slices", h264, func() camtest.Pictures { return inSlices(t, three) }, newH264(t).take(slices.Concat(inSlices(t, three)...)).frames},
		{"JPEG", offer(&format.MJPEG{}), func() camtest.Pictures { return jpegPackets(t, n) }, newJPEG(t).take(slices.Concat(jpegPackets(t, n)...)).frames},
	} {
		wantNumbers(t, c.want, span(0, n))
		for name, change := range camtest.Marked {
			t.Run(c.kind+", "+name, func(t *testing.T) {
				overEachTransport(t, c.medias, func() camtest.Pictures {
					pictures := c.pictures()
					change(pictures)
					return pictures
				}, c.want)
			})
		}
	}
}

// inSlices makes packets of which each has a slice at most.
func inSlices(t *testing.T, pictures []picture) (groups camtest.Pictures) {
	var sequence uint16
	for i, p := range pictures {
		var group []*rtp.Packet
		for _, unit := range p {
			for _, packet := range packets(t, []picture{{unit}})[0] {
				packet.SequenceNumber, packet.Timestamp, packet.Marker, packet.SSRC = sequence, ticksOf(i), false, 1
				group = append(group, packet)
				sequence++
			}
		}
		group[len(group)-1].Marker = true
		groups = append(groups, group)
	}
	return groups
}

// TestPacketsAreCountedOddly: no picture is lost to how packets are counted and
// named, and none is made of strays.
func TestPacketsAreCountedOddly(t *testing.T) {
	const n = 40
	pictures := encoded(t, n, 160, 144)
	want := newH264(t).take(slices.Concat(packets(t, pictures)...)).frames
	wantNumbers(t, want, span(0, n))
	for name, change := range camtest.Counted {
		t.Run(name, func(t *testing.T) {
			overEachTransport(t, offer(&format.H264{PayloadTyp: 96, PacketizationMode: 1}), func() camtest.Pictures { return change(packets(t, pictures)) }, want)
		})
	}
	for name, change := range camtest.CountedOverTCP {
		t.Run(name, func(t *testing.T) {
			wantSame(t, "all", newH264(t).take(slices.Concat(change(packets(t, pictures))...)).frames, want)
		})
	}
}
