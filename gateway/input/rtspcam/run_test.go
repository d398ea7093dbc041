package rtspcam

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"

	"framegate/gateway/input/rtspcam/rtpvideo"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// channelPacket is a packet as it travels within an RTSP connection.
func channelPacket(number byte, data string) string {
	return string(binary.BigEndian.AppendUint16([]byte{'$', number}, uint16(len(data)))) + data
}

// scriptedConn is a connection from which something comes, whatever is written.
type scriptedConn struct {
	net.Conn
	io.Reader
}

func (c scriptedConn) Read(p []byte) (int, error)     { return c.Reader.Read(p) }
func (scriptedConn) Write(p []byte) (int, error)      { return len(p), nil }
func (scriptedConn) SetWriteDeadline(time.Time) error { return nil }

// TestShortcutUsed: a run over TCP takes its packets by the shortcut, of the
// channel that was agreed on. One with TLS does not.
func TestShortcutUsed(t *testing.T) {
	for _, c := range []struct {
		scheme, transport string
		want              int // channel, or -1
	}{
		{"rtsp", "RTP/AVP/TCP;unicast;interleaved=4-5", 4},
		{"rtsp", "RTP/AVP;unicast;client_port=4000-4001", -1},
		{"rtsp", "RTP/AVP/TCP;unicast;interleaved=256-257", -1},
		{"rtsp", "", -1},
		{"rtsp", "RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=01ABCD", 0},
		{"rtsps", "RTP/AVP/TCP;unicast;interleaved=0-1", -1},
	} {
		r := dialledRun(t, c.scheme, channelPacket(byte(max(c.want, 0)), "\x80\x60"+strings.Repeat("\x00", 12)))
		agreed := &base.Response{Header: base.Header{"Transport": {c.transport}}}
		number, ok := r.channel(agreed)
		if ok != (c.want >= 0) || ok && int(number) != c.want {
			t.Errorf("%s, %q: channel %d, %v", c.scheme, c.transport, number, ok)
		}
		if c.scheme == "rtsps" {
			continue // there is nothing to be read
		}
		r.shorten(agreed, r.receiver.Bytes)
		fmt.Fprint(r.conversation(), "PLAY rtsp://127.0.0.1/ RTSP/1.0\r\nCSeq: 5\r\n\r\n")
		if _, err := io.Copy(io.Discard, r.conversation()); err != nil {
			t.Fatal(err)
		}
		if r.received.Load() != ok {
			t.Errorf("%s, %q: taken %v", c.scheme, c.transport, r.received.Load())
		}
	}
}

// dialledRun is a run to which this comes once it plays.
func dialledRun(t *testing.T, scheme, comes string) *run {
	t.Helper()
	dial := func(context.Context, string, string) (net.Conn, error) {
		return scriptedConn{Reader: strings.NewReader(comes)}, nil
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	r := &run{source: newSource(t, Options{URL: scheme + "://127.0.0.1/", Dial: dial}), ctx: ctx, cancel: cancel, client: new(gortsplib.Client)}
	r.watch = newWatchdog(cancel, impatient, stream.Silence{})
	r.receiver = r.newReceiver()
	r.receiver.Begin(rtpvideo.Stream{Codec: media.H264, PayloadType: 96, Ordered: true})
	t.Cleanup(r.watch.Stop)
	t.Cleanup(r.receiver.End)
	if _, err := r.dial(t.Context(), "tcp", r.source.address); err != nil {
		t.Fatal(err)
	}
	return r
}
