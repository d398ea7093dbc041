//go:build linux

package bench

import (
	"bufio"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"framegate/gateway/config"
	"framegate/gateway/delivery"
	"framegate/gateway/front"
	"framegate/gateway/httplimit"
	"framegate/gateway/output/mjpeg"
	"framegate/gateway/stream"
)

// ownIdentity makes certificates of our own, as a server does that is told
// nothing else.
func ownIdentity() front.Identity {
	folder, err := os.MkdirTemp("", "framegate-bench")
	if err != nil {
		panic(err)
	}
	settings := &config.Config{Data: folder, TLS: config.TLS{Mode: config.TLSSelfSigned}}
	identity, err := front.NewIdentity(settings, func() []string { return nil }, slog.New(slog.DiscardHandler))
	if err != nil {
		panic(err)
	}
	return identity
}

// serveBareTLS is serveBare over TLS: one loop that writes to each.
func serveBareTLS(l net.Listener) func() int {
	handed := make(chan net.Conn)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		handed <- conn
	})}
	go ownIdentity().Serve(server, l) // ends with the process
	return writeBare(func() (net.Conn, error) { return <-handed, nil })
}

// serveHubTLS is serveHub over TLS, behind the limits that a server has.
func serveHubTLS(l net.Listener) func() int {
	hub := benchHub()
	handler := mjpeg.New(delivery.Options{Hub: hub})
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = handler.Serve(w, r, delivery.Choice{Own: stream.Key{Camera: "front"}}, stream.Client{})
	})}
	limits := httplimit.Limits{
		HeaderTimeout: time.Minute, HeaderBytes: 64 << 10, IdleTimeout: time.Minute, Patience: delivery.Patience,
		Room: func() httplimit.Room { return httplimit.Room{All: 1000, PerAddress: 1000} },
	}
	go ownIdentity().Serve(server, httplimit.Put(limits, server, l, func(string) {})) // ends with the process
	return func() int { return hub.Viewers("front") }
}

// watchTLS has a viewer join over TLS and count what comes, which it does not
// decrypt: that would cost as much as the server.
func watchTLS(b *testing.B, address string, received *atomic.Int64) (leave func()) {
	b.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	secure := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
	if _, err := io.WriteString(secure, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		b.Fatal(err)
	}
	if _, err := bufio.NewReader(secure).ReadString('\n'); err != nil {
		b.Fatal(err)
	}
	left := make(chan struct{})
	go func() { // ends with the connection
		defer close(left)
		buffer := make([]byte, 256<<10)
		for {
			n, err := conn.Read(buffer)
			received.Add(int64(n))
			if err != nil {
				return
			}
		}
	}()
	return func() { conn.Close(); <-left }
}

// relayTLS gives what a server's processor does for a gigabyte over TLS, in
// seconds.
func relayTLS(b *testing.B, kind string, viewers int) float64 {
	s := startServer(b, kind)
	defer s.stop()
	var received atomic.Int64
	for range viewers {
		defer watchTLS(b, s.address, &received)()
	}
	time.Sleep(time.Second)
	before := s.usage()
	received.Store(0)
	time.Sleep(3 * time.Second)
	after := s.usage()
	bytes := received.Load()
	cpu := (after.CPU - before.CPU).Seconds() / float64(bytes) * 1e9
	b.Logf("%s: %.3f s CPU/GB, %.0f MB/s", kind, cpu, float64(bytes)/3e6)
	return cpu
}

// BenchmarkRelayTLS200 is Relay200 over TLS, where each viewer has a goroutine.
func BenchmarkRelayTLS200(b *testing.B) {
	var bare, framegate []float64
	for range 3 {
		bare = append(bare, relayTLS(b, "bare-tls", 200))
		framegate = append(framegate, relayTLS(b, "framegate-tls", 200))
	}
	itself := func(cpu float64) float64 { return cpu }
	b.ReportMetric(medianOf(framegate, itself), "cpu-s/GB")
	b.ReportMetric(medianOf(framegate, itself)/medianOf(bare, itself), "cpu-s/GB-ratio")
	b.ReportMetric(0, "ns/op")
}
