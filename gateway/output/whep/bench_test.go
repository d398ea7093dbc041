package whep

import (
	"net"
	"runtime"
	"testing"

	"github.com/pion/srtp/v3"
)

// benchBytes is what a picture has: 25 a second of them are 3 Mbit/s.
const benchBytes = 15000

// BenchmarkSealed compares sealing and sending by a sender with a bare loop.
func BenchmarkSealed(b *testing.B) {
	s := newSite(b)
	camera := s.attach(own)
	f := format264(b)
	camera.give(pictures(f, 0, 1, benchBytes)...)
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
	b.Run("viewer", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for i := range p.packets {
				if err := v.video.send(&p.packets[i], 0); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("bare", func(b *testing.B) {
		sealing, err := srtp.CreateContext(make([]byte, 16), make([]byte, 12), srtp.ProtectionProfileAeadAes128Gcm)
		if err != nil {
			b.Fatal(err)
		}
		to := sink.LocalAddr().(*net.UDPAddr).AddrPort()
		from, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			b.Fatal(err)
		}
		defer from.Close()
		plain, sealed := make([]byte, 2048), make([]byte, 2048)
		seq := uint16(0)
		for b.Loop() {
			for i := range p.packets {
				n := 12 + copy(plain[12:], p.packets[i].payload)
				plain[0], plain[2], plain[3] = 0x80, byte(seq>>8), byte(seq)
				seq++
				out, err := sealing.EncryptRTP(sealed[:0], plain[:n], nil)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := from.WriteToUDPAddrPort(out, to); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}

// BenchmarkFirstPicture is from the offer to the first picture.
func BenchmarkFirstPicture(b *testing.B) {
	s := newSite(b)
	camera := s.attach(own)
	camera.give(pictures(format264(b), 0, 1, benchBytes)...)
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
		camera.give(pictures(f, 0, 1, benchBytes)...)
		for range viewers {
			s.dial(offerOptions{}).see(0, 1)
		}
		for n := 1; n < 50; n++ {
			camera.give(pictures(f, n, 1, benchBytes)...)
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
