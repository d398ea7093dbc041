package rtc

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/srtp/v3"
	"github.com/pion/stun/v4"

	"framegate/gateway/httplimit"
)

// benchPort makes a port with a session, which is open at its place.
func benchPort(b *testing.B) (*Port, *Session) {
	p := New(Options{Listen: "127.0.0.1:0", Room: func() httplimit.Room { return httplimit.Room{All: 100, PerAddress: 100} }, Limited: new(hits).count})
	b.Cleanup(p.Close)
	o, err := ReadOffer(offered)
	if err != nil {
		b.Fatal(err)
	}
	s, _, err := p.Open(context.Background(), o, Answer{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Close)
	return p, s
}

// count is hit for who asks for nothing.
func (h *hits) count(string) {}

// signedBy makes a check that is signed with a word.
func signedBy(b *testing.B, name, word string) []byte {
	m, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.NewUsername(name), stun.NewShortTermIntegrity(word), stun.Fingerprint)
	if err != nil {
		b.Fatal(err)
	}
	return m.Raw
}

// BenchmarkStrangers measures what a packet costs that is nobody's, and one of media that
// is a session's.
func BenchmarkStrangers(b *testing.B) {
	p, s := benchPort(b)
	e := ear{port: p, respond: func([]byte, netip.AddrPort) {}}
	from := netip.MustParseAddrPort("127.0.0.1:9")
	media := append([]byte{0x80, 100, 0, 1}, bytes.Repeat([]byte{1}, 1200)...)
	for _, c := range []struct {
		name string
		b    []byte
	}{
		{"media", media}, {"name=unknown", signedBy(b, "nobody:them", "word")}, {"word=wrong", signedBy(b, s.frag+":them", "word")},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				e.datagram(c.b, from)
			}
		})
	}
	b.Run("forged", func(b *testing.B) {
		key, salt := bytes.Repeat([]byte{1}, 16), bytes.Repeat([]byte{2}, 12)
		var err error
		if s.in, err = srtp.CreateContext(key, salt, srtp.ProtectionProfileAeadAes128Gcm, srtp.SRTPReplayProtection(512)); err != nil {
			b.Fatal(err)
		}
		s.take = func([]byte, bool) {}
		p.know(s, from)
		b.ReportAllocs()
		for b.Loop() {
			e.datagram(media, from)
		}
	})
}

// BenchmarkBesideAFlood measures how long a session's checks wait for their answers while
// somebody sends what is nobody's, as fast as a socket takes it.
func BenchmarkBesideAFlood(b *testing.B) {
	for _, c := range []struct {
		name  string
		known bool
	}{{"none", false}, {"media", false}, {"checks", true}} {
		b.Run(c.name, func(b *testing.B) {
			p, s := benchPort(b)
			to := p.udp.LocalAddr().(*net.UDPAddr)
			client, err := net.DialUDP("udp", nil, to)
			if err != nil {
				b.Fatal(err)
			}
			defer client.Close()
			flood := append([]byte{0x80, 100, 0, 1}, bytes.Repeat([]byte{1}, 1200)...)
			if c.known {
				flood = signedBy(b, s.frag+":them", "word")
			}
			var sent atomic.Int64
			stop, stopped := make(chan struct{}), make(chan struct{})
			go func() { // ends with the measurement
				defer close(stopped)
				socket, err := net.DialUDP("udp", nil, to)
				if err != nil {
					b.Error(err)
					return
				}
				defer socket.Close()
				for c.name != "none" {
					select {
					case <-stop:
						return
					default:
						_, _ = socket.Write(flood) // what does not come is lost
						sent.Add(1)
					}
				}
			}()
			check, answer := signedBy(b, s.frag+":them", s.password), make([]byte, 2048)
			var waits []time.Duration
			lost, begun := 0, time.Now()
			for b.Loop() {
				at := time.Now()
				_, _ = client.Write(check)
				_ = client.SetReadDeadline(at.Add(100 * time.Millisecond)) // of a socket that is open it cannot fail
				if _, err := client.Read(answer); err != nil {
					lost++
				} else {
					waits = append(waits, time.Since(at))
				}
			}
			took := time.Since(begun)
			close(stop)
			<-stopped
			slices.Sort(waits)
			if len(waits) > 0 {
				b.ReportMetric(float64(waits[len(waits)/2].Microseconds()), "p50-µs")
				b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds()), "p99-µs")
			}
			b.ReportMetric(100*float64(lost)/float64(lost+len(waits)), "%lost")
			b.ReportMetric(float64(sent.Load())/took.Seconds(), "flood/s")
		})
	}
}
