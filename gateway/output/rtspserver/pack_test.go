package rtspserver

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"

	"framegate/gateway/media"
)

// packetsOf takes packets out of their framing.
func packetsOf(t *testing.T, b []byte) (packets []*rtp.Packet) {
	t.Helper()
	for len(b) > 0 {
		n := framing + int(binary.BigEndian.Uint16(b[2:]))
		if n-framing > maxPacket {
			t.Errorf("a packet has %d bytes", n)
		}
		p := new(rtp.Packet)
		if err := p.Unmarshal(bytes.Clone(b[framing:n])); err != nil {
			t.Fatal(err)
		}
		packets, b = append(packets, p), b[n:]
	}
	return packets
}

// TestSoundOfAnySize comes out of gortsplib's decoders as it went in.
func TestSoundOfAnySize(t *testing.T) {
	for _, f := range sounds(t) {
		forma, err := described(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{1, 700, maxPayload - 4, maxPayload, 6144} {
			if f.Codec == media.Opus && size > maxPayload {
				continue // which is more than a packet of Opus has: RFC 6716, 3.4
			}
			data := bytes.Repeat([]byte{0xFC, 2, 3}, size/3+1)[:size]
			p := newPacker(f, 2)
			packets := packetsOf(t, p.appendFrame(nil, &media.Frame{Format: f, Data: data}, time.Second))
			var got []byte
			var units [][]byte
			switch forma := forma.(type) {
			case *format.MPEG4Audio:
				d, err := forma.CreateDecoder()
				if err != nil {
					t.Fatal(err)
				}
				if len(packets) == 1 {
					units, err = d.Decode(packets[0])
				}
				for _, packet := range packets {
					if head := binary.BigEndian.Uint16(packet.Payload[2:]); int(head>>3) != size || packet.Marker != (packet == packets[len(packets)-1]) {
						t.Errorf("a part of %d bytes says that all are %d", size, head>>3) // RFC 3640, 3.2.1.1; gortsplib has it otherwise
					}
					units = append(units, packet.Payload[4:])
				}
				if got = slices.Concat(units[len(units)-len(packets):]...); err != nil || len(packets) == 1 && !bytes.Equal(units[0], got) {
					t.Errorf("gortsplib makes %d bytes of %d, %v", len(units[0]), size, err)
				}
			default:
				for _, packet := range packets {
					got = append(got, packet.Payload...)
				}
			}
			if !bytes.Equal(got, data) {
				t.Errorf("%s of %d bytes comes as %d", f.Codec, size, len(got))
			}
			if last := packets[len(packets)-1]; f.Codec == media.PCMA && int(last.Timestamp-packets[0].Timestamp) != size-len(last.Payload) {
				t.Errorf("of %d bytes the last begins %d after the first", size, last.Timestamp-packets[0].Timestamp)
			}
		}
	}
}

// TestTimesRunOn over runs of a camera, and as far as pictures are out of order.
func TestTimesRunOn(t *testing.T) {
	var c clock
	now := time.Now()
	for i, step := range []struct {
		run          uint64
		pts, arrived time.Duration
		at           time.Duration
	}{
		{1, time.Hour, 0, 0}, {1, time.Hour + 80*time.Millisecond, 40 * time.Millisecond, 80 * time.Millisecond},
		{1, time.Hour + 40*time.Millisecond, 80 * time.Millisecond, 40 * time.Millisecond},
		{2, time.Second, 10 * time.Second, 40*time.Millisecond + 9920*time.Millisecond},
		{2, 2 * time.Second, 11 * time.Second, 40*time.Millisecond + 10920*time.Millisecond},
	} {
		f := media.Frame{Run: step.run, PTS: step.pts, Arrived: now.Add(step.arrived)}
		if got := c.at(&f); got != step.at {
			t.Errorf("picture %d is due at %v, want %v", i, got, step.at)
		}
	}
}

// FuzzRequests holds that whatever is sent to a server is answered or ends the
// connection, and that nobody sees anything by it who was not let in.
func FuzzRequests(f *testing.F) {
	f.Add([]byte("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"))
	f.Add([]byte("DESCRIBE rtsp://h/front?codec=h264 RTSP/1.0\r\nCSeq: 1\r\nAuthorization: Basic eDp5\r\n\r\n"))
	f.Add([]byte("SETUP rtsp://h/front/trackID=1?link=good/trackID=0 RTSP/1.0\r\nCSeq: 2\r\nTransport: RTP/AVP;unicast;client_port=5000-5001\r\n\r\n"))
	f.Add([]byte("$\x00\x00\x04abcdPLAY rtsp://h/front/ RTSP/1.0\r\nCSeq: 3\r\nSession: x\r\nContent-Length: 3\r\n\r\nabc"))
	f.Add([]byte("PLAY rtsp://h RTSP/1.0\r\nCSeq: 3\r\n\r\nTEARDOWN * RTSP/1.0\r\nCSeq: 4\r\n\r\nPAUSE * RTSP/1.0\r\nCSeq: 5\r\n\r\n"))
	f.Add([]byte("ANNOUNCE rtsp://h/a RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 3\r\n\r\nv=0SETUP rtsp://h/a/1 RTSP/1.0\r\nCSeq: 2\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\nRECORD rtsp://h/a RTSP/1.0\r\nCSeq: 3\r\n\r\n$\x00\x00\x02ab$\x01\x00\x01c"))
	s := newSite(f, func(o *Options) {
		o.Announce = func(ctx context.Context, _ Ask, _ []byte) (*Sending, error) {
			return &Sending{
				Context: ctx, Leave: func() {}, Track: func(address string) int { return int(address[len(address)-1]) - '0' },
				Begin: func([]int) error { return nil }, Packet: func(int, bool, []byte) {},
			}, nil
		}
		o.HeadTime, o.Idle = 50*time.Millisecond, 50*time.Millisecond
		o.Log, o.Limited = nil, nil
		o.Admit = func(context.Context, Ask) (*Visit, error) { return nil, &Refusal{Status: 401, Words: "no"} }
	})
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := net.Dial("tcp", s.address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(soon)) // of a connection that is open it cannot fail
		_, _ = c.Write(b)                       // the other end may be gone
		_ = c.(*net.TCPConn).CloseWrite()
		answers, _ := io.ReadAll(bufio.NewReader(c))
		if bytes.Contains(answers, []byte("m=video")) {
			t.Errorf("%q is answered %q", b, answers)
		}
	})
}
