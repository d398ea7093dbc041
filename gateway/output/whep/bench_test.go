package whep

import (
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/pion/srtp/v3"
)

// benchBytes is what a picture has: 25 a second of them are 3 Mbit/s.
const benchBytes = 15000

// BenchmarkSealed compares sealing and sending a picture by a sender with a bare loop.
func BenchmarkSealed(b *testing.B) {
	s := newSite(b)
	camera := s.attach(own)
	f := format264(b)
	camera.Give(pictures(f, 0, 1, benchBytes)...)
	client := s.dial(offerOptions{})
	client.see(0, 1)
	var v *viewer
	s.handler.mu.Lock()
	for one := range s.handler.ends {
		v = one
	}
	s.handler.mu.Unlock()
	p := pack(&pictures(f, 1, 1, benchBytes)[0])
	sink, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	defer sink.Close()
	sealing, err := srtp.CreateContext(make([]byte, 16), make([]byte, 12), srtp.ProtectionProfileAeadAes128Gcm)
	if err != nil {
		b.Fatal(err)
	}
	from, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	defer from.Close()
	bare := bareSender{sealing: sealing, from: from, to: sink.LocalAddr().(*net.UDPAddr).AddrPort(), plain: make([]byte, 2048), sealed: make([]byte, 2048)}
	var ours, theirs time.Duration
	b.ReportAllocs()
	for b.Loop() {
		began := time.Now()
		for i := range p.packets {
			if err := v.video.send(&p.packets[i], 0); err != nil {
				b.Fatal(err)
			}
		}
		between := time.Now()
		for i := range p.packets {
			if err := bare.send(p.packets[i].payload); err != nil {
				b.Fatal(err)
			}
		}
		ours, theirs = ours+between.Sub(began), theirs+time.Since(between)
	}
	b.ReportMetric(float64(ours.Microseconds())/float64(b.N), "us/picture")
	b.ReportMetric(float64(ours)/float64(theirs), "ratio")
}

// bareSender seals packets and sends them, and does nothing else.
type bareSender struct {
	sealing       *srtp.Context
	from          *net.UDPConn
	to            netip.AddrPort
	plain, sealed []byte
	seq           uint16
}

func (s *bareSender) send(payload []byte) error {
	n := 12 + copy(s.plain[12:], payload)
	s.plain[0], s.plain[2], s.plain[3] = 0x80, byte(s.seq>>8), byte(s.seq)
	s.seq++
	out, err := s.sealing.EncryptRTP(s.sealed[:0], s.plain[:n], nil)
	if err != nil {
		return err
	}
	_, err = s.from.WriteToUDPAddrPort(out, s.to)
	return err
}

// BenchmarkFirstPicture is from the offer to the first picture.
func BenchmarkFirstPicture(b *testing.B) {
	s := newSite(b)
	camera := s.attach(own)
	camera.Give(pictures(format264(b), 0, 1, benchBytes)...)
	for b.Loop() {
		client := s.dial(offerOptions{})
		client.see(0, 1)
		b.StopTimer()
		client.pc.Close()
		b.StartTimer()
	}
}

// BenchmarkMemory is what a viewer takes of it: what is less when viewers end, whose
// clients stay, though those too give back some.
func BenchmarkMemory(b *testing.B) {
	const viewers = 20
	for b.Loop() {
		s := newSite(b)
		camera := s.attach(own)
		f := format264(b)
		camera.Give(pictures(f, 0, 1, benchBytes)...)
		var all [viewers]*browser
		for i := range all {
			all[i] = s.dial(offerOptions{})
			all[i].see(0, 1)
		}
		for n := 1; n < 50; n++ {
			camera.Give(pictures(f, n, 1, benchBytes)...)
			for _, one := range all { // so that pictures do not wait where they are shown
				one.see(n, n+1)
			}
		}
		with, goroutines := heap(), runtime.NumGoroutine()
		s.handler.Close()
		b.ReportMetric(float64(with-min(with, heap()))/viewers/1024, "kB/viewer")
		b.ReportMetric(float64(goroutines-runtime.NumGoroutine())/viewers, "goroutines/viewer")
	}
}

// heap gives the bytes of it, and of stacks, that are in use.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}
