//go:build linux

package bench

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/pion/rtcp"
)

// liveFrames is how many pictures each way of watching is measured for.
const liveFrames = 10 * benchFPS

// BenchmarkRTSPLive has a player join an H.264 camera that is connected, each
// time at another place in the GOP, and stay: how long until it has the first
// picture, all of the past ones and the present one, and how long a picture takes from
// the camera to it. Cameras say when a picture was sent. "Direct" is the
// yardstick: who asks the camera itself.
func BenchmarkRTSPLive(b *testing.B) {
	cameras := startServer(b, "cameras", "FRAMEGATE_BENCH_CAMERAS=1", "FRAMEGATE_BENCH_REPORTS=yes")
	defer cameras.stop()
	s := gatewayFor(b, cameras, 1)
	defer s.stop()
	var first, present, delays, direct []time.Duration
	for i := range 5 {
		time.Sleep(2500*time.Millisecond + time.Duration(i)*370*time.Millisecond) // a whole GOP at least
		j, stay := watchLive(b, s.address, liveFrames/5)
		first, present, delays = append(first, j.first), append(present, j.present), append(delays, stay...)
		direct = append(direct, watchDirect(b, cameras.address, liveFrames/5)...)
	}
	report := func(name string, values []time.Duration, at int) {
		slices.Sort(values)
		b.ReportMetric(float64(values[len(values)*at/100].Microseconds())/1000, name)
	}
	report("first-ms", first, 50)
	report("first-ms-max", first, 99)
	report("present-ms", present, 50)
	report("p50-ms", delays, 50)
	report("p95-ms", delays, 95)
	report("direct-p50-ms", direct, 50)
	report("direct-p95-ms", direct, 95)
	b.ReportMetric(0, "ns/op")
}

// BenchmarkRTSPLiveRecorded20 has a player stay with one of 20 cameras, all of which
// are recorded or none: how long a picture takes to it. The two take turns.
func BenchmarkRTSPLiveRecorded20(b *testing.B) {
	const count = 20
	cameras := startServer(b, "cameras", fmt.Sprint("FRAMEGATE_BENCH_CAMERAS=", count), "FRAMEGATE_BENCH_REPORTS=yes")
	defer cameras.stop()
	var p50, p99 [2][]float64 // not recorded, recorded
	for range 5 {
		for i, keys := range []string{"", ", record: {mode: continuous}"} {
			s := gatewayWith(b, cameras, count, keys)
			time.Sleep(3 * time.Second) // so that files are being written, and old pictures gone
			_, delays := watchLive(b, s.address, liveFrames)
			s.stop()
			slices.Sort(delays)
			p50[i] = append(p50[i], delays[len(delays)/2].Seconds()*1e3)
			p99[i] = append(p99[i], delays[len(delays)*99/100].Seconds()*1e3)
		}
	}
	value := func(v float64) float64 { return v }
	for name, of := range map[string][2][]float64{"p50-ms": p50, "p99-ms": p99} {
		plain, recorded := medianOf(of[0], value), medianOf(of[1], value)
		b.Logf("%s: %.2f, recorded %.2f", name, of[0], of[1])
		b.ReportMetric(plain, name)
		b.ReportMetric(recorded, "recorded-"+name)
		b.ReportMetric(recorded/plain, "recorded-"+name+"-ratio")
	}
	b.ReportMetric(0, "ns/op")
}

// watchLive joins a camera by the player's protocol, and stays for so many
// pictures after the first that is present, of which it gives the delays.
func watchLive(b *testing.B, address string, stay int) (j joined, delays []time.Duration) {
	b.Helper()
	began := time.Now()
	dialer := websocket.Dialer{Subprotocols: []string{"framegate.v1"}}
	socket, _, err := dialer.DialContext(b.Context(), "ws://"+address+"/live/c0?codec=h264", nil)
	if err != nil {
		b.Fatal(err)
	}
	defer socket.Close()
	for len(delays) < stay {
		kind, message, err := socket.ReadMessage()
		arrived := time.Now()
		if err != nil {
			b.Fatal(err)
		}
		if kind != websocket.BinaryMessage || message[1] != 2 { // no picture
			continue
		}
		j.first = cmp.Or(j.first, arrived.Sub(began))
		if backlog := binary.BigEndian.Uint16(message[2:])&2 != 0; backlog {
			continue
		}
		if j.present == 0 {
			j.present = arrived.Sub(began)
			continue // it came to the gateway before
		}
		delays = append(delays, arrived.Sub(time.UnixMicro(int64(binary.BigEndian.Uint64(message[8:])))))
	}
	return j, delays
}

// watchDirect asks the camera itself for so many pictures, and gives their
// delays.
func watchDirect(b *testing.B, address string, pictures int) (delays []time.Duration) {
	b.Helper()
	urls, err := cameraURLs(address)
	if err != nil {
		b.Fatal(err)
	}
	conn, in, err := askForVideo(urls[0])
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	var sent time.Time
	for len(delays) < pictures {
		channel, packet, err := readInterleaved(in)
		switch {
		case err != nil:
			b.Fatal(err)
		case channel == 1:
			sent = sentAt(b, packet)
		case packet[1]&0x80 != 0 && !sent.IsZero(): // the marker bit: the picture is whole (RFC 3550, 5.1)
			delays = append(delays, time.Since(sent))
		}
	}
	return delays
}

// readInterleaved reads a packet within an RTSP connection (RFC 2326, 10.12).
func readInterleaved(in *bufio.Reader) (channel byte, packet []byte, err error) {
	var head [4]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return 0, nil, err
	}
	if head[0] != '$' {
		return 0, nil, fmt.Errorf("%q instead of a packet", head)
	}
	packet = make([]byte, binary.BigEndian.Uint16(head[2:]))
	_, err = io.ReadFull(in, packet)
	return head[1], packet, err
}

// sentAt is when the camera says that it sent what follows.
func sentAt(b *testing.B, packet []byte) time.Time {
	b.Helper()
	var report rtcp.SenderReport
	if err := report.Unmarshal(packet); err != nil {
		b.Fatal(err)
	}
	return timeOfNTP(report.NTPTime)
}

// ntpOf and timeOfNTP are about times of day as reports have them: seconds
// since 1900, and parts of a second in units of 2^-32 s (RFC 5905, 6).
func ntpOf(t time.Time) uint64 {
	return uint64(t.Unix()+secondsTo1970)<<32 | uint64(t.Nanosecond())<<32/1e9
}

func timeOfNTP(v uint64) time.Time {
	return time.Unix(int64(v>>32)-secondsTo1970, int64(v&0xFFFFFFFF*1e9>>32))
}

const secondsTo1970 = 2208988800
