package rtpvideo

import (
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
	"go.uber.org/goleak"

	"framegate/gateway/input/rtspcam/rtptest"
	"framegate/gateway/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestBytesOfTheNetwork: what is no packet, or not of the stream, is passed
// over, and nothing is kept that is the network's.
func TestBytesOfTheNetwork(t *testing.T) {
	const n = 12
	r := newH264(t)
	r.Begin(Stream{Codec: media.H264, PayloadType: 96, Ordered: true})
	send := func(p rtp.Packet, kind uint8, source uint32) {
		p.Version, p.PayloadType, p.SSRC = 2, kind, source
		b, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		r.Bytes(b, time.Now())
		for i := range b {
			b[i] = 0xEE // the buffer is used again
		}
	}
	for _, p := range slices.Concat(rtptest.Packets(t, rtptest.Encoded(t, n, 160, 120))...) {
		spoils := *p
		spoils.Payload = []byte{0x80}
		send(spoils, 97, 5) // of another kind
		send(*p, 96, 5)
		spoils.SequenceNumber++
		send(spoils, 96, 6) // from another source
		r.Bytes([]byte{0x80, 96, 0}, time.Now())
	}
	rtptest.WantNumbers(t, r.frames, rtptest.Span(0, n))
	if r.err != nil {
		t.Error(r.err)
	}
}
