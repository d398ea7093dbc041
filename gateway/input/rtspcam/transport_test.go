package rtspcam

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"
)

// newTextCamera starts a camera that ends with the test.
func newTextCamera(t *testing.T, options camtest.RTSPTextOptions) *camtest.RTSPTextCamera {
	t.Helper()
	c, err := camtest.NewRTSPTextCamera(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// awaitRequest waits until a camera was sent n requests with a method.
func awaitRequest(t *testing.T, c *camtest.RTSPTextCamera, method string, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), generous)
	defer cancel()
	if err := c.AwaitRequests(ctx, method, n); err != nil {
		t.Fatalf("no %s: %v", method, err)
	}
}

// transportOf puts another Transport header into an answer, with the camera's
// own ports or channels in place of %s.
func transportOf(usual, header string) string {
	before, rest, ok := strings.Cut(usual, "Transport: ")
	if !ok {
		return usual
	}
	own, after, _ := strings.Cut(rest, "\r\n")
	_, numbers, _ := strings.Cut(own, "server_port=")
	if _, channels, ok := strings.Cut(own, "interleaved="); ok {
		numbers = channels
	}
	return before + "Transport: " + strings.ReplaceAll(header, "%s", numbers) + "\r\n" + after
}

// TestUDPGoesToTheCameraAlone: no form of a camera's answer leads our packets
// to another host, or takes pictures from it.
func TestUDPGoesToTheCameraAlone(t *testing.T) {
	victim, err := net.ListenPacket("udp4", "127.0.0.9:0")
	if err != nil {
		t.Skip("only one address of the loopback:", err)
	}
	defer victim.Close()
	port := victim.LocalAddr().(*net.UDPAddr).Port
	for _, header := range []string{
		`RTP/AVP;unicast;source=127.0.0.9;server_port=PORT`,
		`RTP/AVP;unicast;x="a"source=127.0.0.9;server_port=PORT`,
		`RTP/AVP;unicast;x="a" source=127.0.0.9;server_port=PORT`,
		`RTP/AVP;unicast;;source="127.0.0.9";server_port=PORT`,
		`RTP/AVP;unicast; source=127.0.0.9 ;server_port=PORT`,
		`source=127.0.0.9;RTP/AVP;unicast;server_port=PORT`,
		`RTP/AVP;unicast;x=";y="source=127.0.0.9;server_port=PORT`,
		`RTP/AVP;unicast;destination=127.0.0.9;server_port=PORT,RTP/AVP;source=127.0.0.9`,
		`x="RTP/AVP"RTP/AVP;unicast;x=""source=127.0.0.9;server_port=PORT`,
	} {
		camera := newTextCamera(t, camtest.RTSPTextOptions{Answer: func(r camtest.RTSPRequest, usual string) string {
			return transportOf(usual, strings.ReplaceAll(header, "PORT", fmt.Sprintf("%d-%d", port, port)))
		}})
		run := start(t, newSource(t, Options{URL: camera.URL("/"), Transport: UDP}))
		awaitRequest(t, camera, "PLAY", 1) // our packets go out before it
		victim.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if n, from, err := victim.ReadFrom(make([]byte, 100)); !os.IsTimeout(err) {
			t.Errorf("%s: %d bytes from %v, %v", header, n, from, err)
		}
		run.cancel()
		run.wait(t)
	}
}
