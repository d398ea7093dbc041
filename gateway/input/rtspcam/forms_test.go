package rtspcam

import (
	"slices"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"

	"framegate/gateway/camtest"
	"framegate/gateway/input/rtspcam/rtptest"
	"framegate/gateway/input/rtspcam/rtpvideo"
	"framegate/gateway/media"
)

// received gives what comes of packets of a camera that is known to mark where
// its pictures end: the packets come twice, and tell that at first.
func received(t *testing.T, codec media.Codec, groups camtest.Pictures) (frames []media.Frame) {
	var markers rtpvideo.Markers
	for range 2 {
		frames = nil
		r := rtpvideo.New(rtpvideo.Options{
			Emit:    func(f media.Frame, _ time.Time) { frames = append(frames, f) },
			First:   func() {},
			Ended:   func() {},
			Fail:    func(err error) { t.Error(err) },
			Markers: &markers, MaxFrameBytes: defaultMaxFrame,
		})
		r.Begin(rtpvideo.Stream{Codec: codec, Ordered: true})
		for _, p := range slices.Concat(groups...) {
			r.Packet(p, time.Now())
		}
		r.End()
	}
	return frames
}

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
			rtptest.WantSame(t, "all but the last", frames, want[:len(want)-1])
		})
	}
}

// TestPicturesAreWhole: a picture is what its slices, or the pieces of its JPEG,
// say, whatever markers and timestamps do.
func TestPicturesAreWhole(t *testing.T) {
	const n = 24
	one, three := rtptest.Encoded(t, n, 160, 144), rtptest.Encoded(t, n, 160, 144, "-x264-params", "slices=3:sliced-threads=0")
	several := rtptest.EncodedH265(t, n, 160, 144, "slices=3")
	h264, h265 := offer(&format.H264{PayloadTyp: 96, PacketizationMode: 1}), offer(&format.H265{PayloadTyp: 96})
	for _, c := range []struct {
		kind     string
		medias   []*description.Media
		pictures func() camtest.Pictures
		want     []media.Frame
	}{
		{"H.264", h264, func() camtest.Pictures { return rtptest.Packets(t, one) }, received(t, media.H264, rtptest.Packets(t, one))},
		{"H.264 in slices", h264, func() camtest.Pictures { return inSlices(t, three, rtptest.Packets) }, received(t, media.H264, inSlices(t, three, rtptest.Packets))},
		{"H.265 in slices", h265, func() camtest.Pictures { return inSlices(t, several, rtptest.PacketsH265) }, received(t, media.H265, inSlices(t, several, rtptest.PacketsH265))},
		{"JPEG", offer(&format.MJPEG{}), func() camtest.Pictures { return rtptest.JPEGPackets(t, n) }, received(t, media.JPEG, rtptest.JPEGPackets(t, n))},
	} {
		rtptest.WantNumbers(t, c.want, rtptest.Span(0, n))
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
func inSlices(t *testing.T, pictures []rtptest.Picture, packets func(*testing.T, []rtptest.Picture) [][]*rtp.Packet) (groups camtest.Pictures) {
	var sequence uint16
	for i, p := range pictures {
		var group []*rtp.Packet
		for _, unit := range p {
			for _, packet := range packets(t, []rtptest.Picture{{unit}})[0] {
				packet.SequenceNumber, packet.Timestamp, packet.Marker, packet.SSRC = sequence, rtptest.TicksOf(i), false, 1
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
	pictures := rtptest.Encoded(t, n, 160, 144)
	want := received(t, media.H264, rtptest.Packets(t, pictures))
	rtptest.WantNumbers(t, want, rtptest.Span(0, n))
	for name, change := range camtest.Counted {
		t.Run(name, func(t *testing.T) {
			overEachTransport(t, offer(&format.H264{PayloadTyp: 96, PacketizationMode: 1}), func() camtest.Pictures { return change(rtptest.Packets(t, pictures)) }, want)
		})
	}
	for name, change := range camtest.CountedOverTCP {
		t.Run(name, func(t *testing.T) {
			rtptest.WantSame(t, "all", received(t, media.H264, change(rtptest.Packets(t, pictures))), want)
		})
	}
}
