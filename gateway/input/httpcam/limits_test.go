package httpcam

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"framegate/gateway/camtest"
	"framegate/gateway/stream"
)

// huge is a picture whose header tells of 65535x65535 pixels.
func huge() []byte {
	b := bytes.Clone(camtest.Picture(1, 64, 32))
	sof := bytes.Index(b, []byte{0xFF, 0xC0})
	binary.BigEndian.PutUint32(b[sof+5:], 0xFFFFFFFF)
	return b
}

// limitCases has a camera for each limit.
var limitCases = map[string]struct {
	opt    Options
	script func(*camtest.HTTPConn)
	want   map[string]int
	took   time.Duration
}{
	"does not connect": {
		Options{Patience: Patience{Connect: 2 * time.Second}, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}},
		nil, map[string]int{LimitCameraConnect: 1}, 2 * time.Second,
	},
	"does not answer": {
		Options{Patience: Patience{FirstByte: 3 * time.Second}},
		func(c *camtest.HTTPConn) { c.Request(); c.WaitClosed() },
		map[string]int{LimitCameraFirstByte: 1}, 3 * time.Second,
	},
	"answers without a body": {
		Options{Patience: Patience{FirstByte: 20 * time.Second}},
		func(c *camtest.HTTPConn) { c.Request(); c.Send("HTTP/1.1 200 OK\r\n\r\n"); c.WaitClosed() },
		map[string]int{LimitCameraFirstByte: 1}, 20 * time.Second,
	},
	"has no whole picture": {
		Options{},
		func(c *camtest.HTTPConn) { c.Request(); c.Send("HTTP/1.1 200 OK\r\n\r\n\xff\xd8"); c.WaitClosed() },
		map[string]int{LimitCameraFirstPicture: 1}, stream.FirstPicture,
	},
	"falls silent": {
		Options{Patience: Patience{Silence: 90 * time.Second}},
		func(c *camtest.HTTPConn) {
			c.Request()
			c.Send("HTTP/1.1 200 OK\r\n\r\n", camtest.Picture(0, 64, 32), camtest.Picture(1, 64, 32))
			c.WaitClosed()
		},
		map[string]int{LimitCameraSilence: 1}, 90 * time.Second,
	},
	"has a picture of too many bytes": {
		Options{MaxFrameBytes: 5000},
		func(c *camtest.HTTPConn) {
			c.Request()
			c.Send("HTTP/1.1 200 OK\r\n\r\n", camtest.PictureOfSize(0, 64, 32, 10_000))
		},
		map[string]int{LimitFrameBytes: 1}, 0,
	},
	"has pictures of too many pixels among good ones": {
		Options{},
		func(c *camtest.HTTPConn) {
			c.Request()
			c.Send("HTTP/1.1 200 OK\r\n\r\n", camtest.Picture(0, 64, 32), huge(), huge(), camtest.Picture(1, 64, 32))
		},
		map[string]int{LimitFramePixels: 2}, 0,
	},
	"has endless headers of a part": {
		Options{},
		func(c *camtest.HTTPConn) {
			c.Request()
			c.Send("HTTP/1.1 200 OK\r\n\r\n--x\r\n" + strings.Repeat("X: y\r\n", 10_000))
		},
		map[string]int{LimitPartHeaders: 1}, 0,
	},
	"has an endless line": {
		Options{},
		func(c *camtest.HTTPConn) {
			c.Request()
			c.Send("HTTP/1.1 200 OK\r\n\r\n--x\r\nX: " + strings.Repeat("y", 10_000))
		},
		map[string]int{LimitPartHeaders: 1}, 0,
	},
	"has endless headers": {
		Options{},
		func(c *camtest.HTTPConn) {
			c.Request()
			c.Send("HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 10_000))
		},
		map[string]int{LimitPartHeaders: 1}, 0,
	},
	"ends": {
		Options{},
		func(c *camtest.HTTPConn) {
			c.Request()
			c.Send("HTTP/1.1 200 OK\r\n\r\n", camtest.Picture(0, 64, 32), camtest.Picture(1, 64, 32))
		},
		map[string]int{}, 0,
	},
	"refuses": {
		Options{},
		func(c *camtest.HTTPConn) { c.Request(); c.Send("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n") },
		map[string]int{}, 0,
	},
}

// TestHitsAreCounted: once each, by the name of the limit, and in the time that
// Options say.
func TestHitsAreCounted(t *testing.T) {
	hit := make(map[string]bool)
	for name, c := range limitCases {
		for _, raw := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, raw %v", name, raw), func(t *testing.T) {
				got := make(map[string]int)
				c.opt.Limited = func(limit string) { got[limit]++ }
				_, took, err := inVirtualTime(t, c.opt, raw, c.script)
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("%v\n%s", err, diff)
				}
				if took != c.took {
					t.Errorf("it took %v, want %v", took, c.took)
				}
			})
		}
		for limit := range maps.Keys(c.want) {
			hit[limit] = true
		}
	}
	for _, limit := range LimitNames {
		if !hit[limit] {
			t.Errorf("%s is not hit here", limit)
		}
	}
}

// TestStoppingIsNoHit: who ends a run in time has not met a limit, though its
// deadline may be what ends it.
func TestStoppingIsNoHit(t *testing.T) {
	ctx, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	source := newSource(t, Options{
		URL:     "http://camera.example/",
		Dial:    func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() },
		Limited: func(limit string) { t.Error(limit) },
	})
	if err := source.Run(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ended with: %v", err)
	}
}
