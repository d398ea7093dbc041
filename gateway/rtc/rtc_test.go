package rtc

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/stun/v4"
	"go.uber.org/goleak"

	"framegate/gateway/httplimit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// soon is what anything that a test waits for may take.
const soon = 60 * time.Second

// offered is an offer as Chrome writes it, shortened.
var offered = strings.ReplaceAll(`v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
m=video 9 UDP/TLS/RTP/SAVPF 96 102
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:them
a=ice-pwd:their-password-of-enough-letters
a=ice-options:trickle
a=fingerprint:sha-256 `+strings.Repeat("AB:", 31)+`AB
a=setup:actpass
a=mid:0
a=recvonly
a=rtcp-mux
a=rtpmap:96 VP8/90000
a=rtpmap:102 H264/90000
a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
m=audio 9 UDP/TLS/RTP/SAVPF 111 0
c=IN IP4 0.0.0.0
a=mid:1
a=sendrecv
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=ssrc:7 cname:x
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=mid:2
`, "\n", "\r\n")

// hits counts limits.
type hits struct {
	mu  sync.Mutex
	all map[string]int
}

func (h *hits) hit(limit string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all[limit]++
}

func (h *hits) of(limit string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all[limit]
}

// newPort makes a port.
func newPort(t *testing.T, change func(*Options)) (*Port, *hits) {
	h := &hits{all: make(map[string]int)}
	o := Options{Listen: "127.0.0.1:0", Room: func() httplimit.Room { return httplimit.Room{All: 100, PerAddress: 100} }, Limited: h.hit}
	if change != nil {
		change(&o)
	}
	p := New(o)
	t.Cleanup(p.Close)
	return p, h
}

// open makes a session.
func open(t *testing.T, p *Port, host string) (*Session, string) {
	t.Helper()
	o, err := ReadOffer(offered)
	if err != nil {
		t.Fatal(err)
	}
	s, answer, err := p.Open(t.Context(), o, Answer{Tracks: map[int]Track{0: {Codec: o.Media[0].Codecs[1], Sends: true, SSRC: 5}}, Host: host})
	if err != nil {
		t.Fatal(err)
	}
	return s, answer
}

// await waits until something is so.
func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(soon); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

// TestOffersAreRead for what matters of them.
func TestOffersAreRead(t *testing.T) {
	o, err := ReadOffer(offered)
	if err != nil {
		t.Fatal(err)
	}
	video, audio := o.Media[0], o.Media[1]
	if len(o.Media) != 3 || o.frag != "them" || video.Kind != "video" || video.Sends || !video.Hears || !audio.Sends || !audio.Hears || audio.SSRC != 7 {
		t.Errorf("it is read as %+v", o)
	}
	if c := video.Codecs[1]; c.Name != "H264" || c.Payload != 102 || c.Rate != 90000 || c.Params["profile-level-id"] != "42e01f" {
		t.Errorf("H.264 is %+v", c)
	}
	if c := audio.Codecs; c[0].Name != "OPUS" || c[0].Channels != 2 || c[1].Name != "PCMU" || c[1].Rate != 8000 {
		t.Errorf("sound is %+v", c)
	}
	if !o.Taken(map[int]Track{0: {}, 1: {}, 2: {}}, 1) || o.Taken(map[int]Track{0: {}, 2: {}}, 2) || o.Taken(map[int]Track{0: {}}, 1) {
		t.Error("not those are taken that share a way")
	}
}

// TestAnswersSayWhereWeAre: by the address that the client asked for, those that are
// configured, and the one that we listen at, over UDP and TCP; and nothing of a name
// that a client brought.
func TestAnswersSayWhereWeAre(t *testing.T) {
	p, _ := newPort(t, func(o *Options) { o.Hosts = func() []string { return []string{"203.0.113.7"} } })
	for host, want := range map[string][]string{
		"192.0.2.9:8080":      {"192.0.2.9", "203.0.113.7", "127.0.0.1"},
		"[2001:db8::9]:8080":  {"2001:db8::9", "203.0.113.7", "127.0.0.1"},
		"cams.example.org":    {"203.0.113.7", "127.0.0.1"},
		"0.0.0.0":             {"203.0.113.7", "127.0.0.1"},
		"127.0.0.1\r\na=x:80": {"203.0.113.7", "127.0.0.1"},
	} {
		s, answer := open(t, p, host)
		var got []string
		for line := range strings.Lines(answer) {
			if fields := strings.Fields(line); strings.HasPrefix(line, "a=candidate:u") {
				got = append(got, fields[4])
			}
		}
		if !slices.Equal(got, want) || strings.Count(answer, "typ host tcptype passive") != len(want) || !strings.Contains(answer, "a=end-of-candidates") {
			t.Errorf("%q is answered with %v, want %v", host, got, want)
		}
		if !strings.Contains(answer, "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\n") || !strings.Contains(answer, "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n") || !strings.Contains(answer, "a=group:BUNDLE 0\r\n") {
			t.Errorf("what is not taken is answered %s", answer)
		}
		s.Close()
	}
}

// TestNothingIsOpenBeforeItIsUsed: a port that nobody uses has no socket; one that is off,
// or taken, says so, unless those behind it will do.
func TestNothingIsOpenBeforeItIsUsed(t *testing.T) {
	p, _ := newPort(t, nil)
	if p.Number() != 0 {
		t.Errorf("it is open at %d", p.Number())
	}
	s, _ := open(t, p, "")
	defer s.Close()
	if p.Number() == 0 {
		t.Error("it is not open")
	}
	o, err := ReadOffer(offered)
	if err != nil {
		t.Fatal(err)
	}
	for name, listen := range map[string]string{"off": "", "taken": p.udp.LocalAddr().String()} {
		other, _ := newPort(t, func(o *Options) { o.Listen = listen })
		if _, _, err := other.Open(t.Context(), o, Answer{}); !errors.Is(err, ErrOff) {
			t.Errorf("%s: %v", name, err)
		}
	}
	next, _ := newPort(t, func(o *Options) { o.Listen, o.Spare = p.udp.LocalAddr().String(), 1000 })
	beside, answer := open(t, next, "")
	defer beside.Close()
	if n := next.Number(); n <= p.Number() || !strings.Contains(answer, fmt.Sprintf(" 127.0.0.1 %d typ host\r\n", n)) {
		t.Errorf("beside %d it is open at %d, and answers %s", p.Number(), n, answer)
	}
	p.Close()
	if _, _, err := p.Open(t.Context(), o, Answer{}); !errors.Is(err, ErrClosed) {
		t.Errorf("of one that is closed: %v", err)
	}
}

// TestASessionThatNobodyConnectsEnds, and is counted; and so does one that is not heard
// any more.
func TestASessionThatNobodyConnectsEnds(t *testing.T) {
	p, hits := newPort(t, func(o *Options) { o.Connect, o.Consent = 50*time.Millisecond, time.Nanosecond })
	s, _ := open(t, p, "")
	if err := s.Connect(); !errors.Is(err, ErrLate) || !errors.Is(context.Cause(s.Context()), ErrLate) {
		t.Errorf("it ends by %v", err)
	}
	if s.Consents() {
		t.Error("it is heard")
	}
	s.Close()
	if p.Sessions() != 0 || len(p.byFrag) != 0 || hits.of(LimitConnect) != 1 || hits.of(LimitConsent) != 1 {
		t.Errorf("%d sessions are left, counted are %v", p.Sessions(), hits.all)
	}
	if _, err := p.Find(s.Name()); !errors.Is(err, ErrNoSession) {
		t.Errorf("it is found: %v", err)
	}
}

// checkOf makes a check of ICE.
func checkOf(t *testing.T, name, password string, more ...stun.Setter) []byte {
	t.Helper()
	setters := append([]stun.Setter{stun.TransactionID, stun.BindingRequest, stun.NewUsername(name)}, more...)
	m, err := stun.Build(append(setters, stun.MessageIntegrity(password), stun.Fingerprint)...)
	if err != nil {
		t.Fatal(err)
	}
	return m.Raw
}

// TestHandshakeThatFails ends the session as the other end's going does: that is nothing
// which a client is told of later, or which went wrong here.
func TestHandshakeThatFails(t *testing.T) {
	p, _ := newPort(t, nil)
	s, _ := open(t, p, "")
	_ = s.shaking.Close() // from now on nothing of it is read
	err := s.Connect()
	s.Close()
	if err == nil || errors.Is(err, ErrLate) {
		t.Fatalf("it ends with %v", err)
	}
	if _, why := p.Find(s.Name()); why != ErrNoSession {
		t.Errorf("who asks for it is answered: %v", why)
	}
}

// TestStrangersAreDropped and counted, each packet; who knows a session's names and word
// is answered, from as many addresses as a session may have.
func TestStrangersAreDropped(t *testing.T) {
	p, hits := newPort(t, nil)
	s, _ := open(t, p, "")
	defer s.Close()
	client, err := net.DialUDP("udp", nil, p.udp.LocalAddr().(*net.UDPAddr))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	name := s.frag + ":them"
	strange := [][]byte{
		{0}, bytes.Repeat([]byte{0x80}, 100), bytes.Repeat([]byte{22}, 100), {}, bytes.Repeat([]byte{0}, 2000),
		checkOf(t, name, "another"), checkOf(t, "x:them", s.password), checkOf(t, s.frag+":others", s.password), checkOf(t, s.frag, s.password),
		checkOf(t, name, s.password)[:40],
	}
	for i, b := range strange {
		if _, err := client.Write(b); err != nil {
			t.Fatal(err)
		}
		await(t, "it is counted", func() bool { return hits.of(LimitStrangers) == i+1 })
	}
	if p.known(s) != 0 || s.way.Load() != nil {
		t.Fatal("a stranger is known")
	}
	for range mostAddrs + 5 {
		from, err := net.DialUDP("udp", nil, p.udp.LocalAddr().(*net.UDPAddr))
		if err != nil {
			t.Fatal(err)
		}
		defer from.Close()
		if _, err := from.Write(checkOf(t, name, s.password)); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 1500)
		_ = from.SetReadDeadline(time.Now().Add(soon)) // of a socket that is open it cannot fail
		n, err := from.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		m := &stun.Message{Raw: b[:n]}
		var mapped stun.XORMappedAddress
		if m.Decode() != nil || m.Type != stun.BindingSuccess || stun.MessageIntegrity(s.password).Check(m) != nil || mapped.GetFrom(m) != nil || mapped.Port != from.LocalAddr().(*net.UDPAddr).Port {
			t.Fatalf("it is answered %v", m)
		}
	}
	await(t, "as many addresses are known as may be", func() bool { return p.known(s) == mostAddrs })
}

// known counts the addresses that are known of a session, which is the only one.
func (p *Port) known(s *Session) int {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return max(len(p.byAddr), len(s.addrs))
}

// TestStrangersOverTCP are cut at once.
func TestStrangersOverTCP(t *testing.T) {
	p, hits := newPort(t, func(o *Options) { o.HeadTime = 100 * time.Millisecond })
	s, _ := open(t, p, "")
	defer s.Close()
	framed := func(b []byte) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...) }
	for name, b := range map[string][]byte{
		"silence": {}, "a length": {0xFF}, "too long": {0xFF, 0xFF, 1}, "another protocol": []byte("GET / HTTP/1.1\r\n\r\n" + strings.Repeat("x", 30000)), "nothing in it": framed(nil),
		"a wrong word": framed(checkOf(t, s.frag+":them", "another")), "media first": framed(bytes.Repeat([]byte{0x80}, 100)),
	} {
		c, err := net.Dial("tcp", p.tcp.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Write(b)                           // it may be cut already
		_ = c.SetReadDeadline(time.Now().Add(soon)) // of a connection that is open it cannot fail
		n, err := c.Read(make([]byte, 1))
		if timeout, ok := err.(net.Error); n > 0 || ok && timeout.Timeout() {
			t.Errorf("%s: %d, %v", name, n, err)
		}
		c.Close()
	}
	if hits.of(LimitStrangers) < 3 {
		t.Errorf("counted are %v", hits.all)
	}
}

// TestAnOfferThatDoesNotEnd is refused.
func TestAnOfferThatDoesNotEnd(t *testing.T) {
	p, _ := newPort(t, func(o *Options) { o.HeadTime = 50 * time.Millisecond })
	refused := make(chan error, 1)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := p.Offered(w, r)
		refused <- err
	}))
	defer web.Close()
	c, err := net.Dial("tcp", web.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/sdp\r\nContent-Length: 100\r\n\r\nv=0")); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-refused:
		if !errors.Is(err, ErrBadOffer) {
			t.Errorf("it is refused with %v", err)
		}
	case <-time.After(soon):
		t.Fatal("it is waited for")
	}
}

// TestSessionsAreBounded: one too many is refused.
func TestSessionsAreBounded(t *testing.T) {
	p, hits := newPort(t, nil)
	o, err := ReadOffer(offered)
	if err != nil {
		t.Fatal(err)
	}
	for range MaxSessions {
		s, _, err := p.Open(t.Context(), o, Answer{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
	}
	if _, _, err := p.Open(t.Context(), o, Answer{}); !errors.Is(err, ErrFull) || hits.of(LimitSessions) != 1 {
		t.Errorf("one more: %v, counted are %v", err, hits.all)
	}
}

// FuzzOffers: whatever is offered is read without harm, and what is answered has a line
// for each media, and none that the offer brought.
func FuzzOffers(f *testing.F) {
	f.Add(offered)
	f.Add(strings.ReplaceAll(offered, "\r\n", "\n"))
	f.Add(strings.Replace(offered, "a=mid:0", "a=mid:0\x00 x", 1))
	f.Add(strings.Repeat(offered, 3))
	f.Add("v=0\r\nm=video 9 x 1\r\na=fmtp:1 a=b;;=;\r\na=rtpmap:1 /\r\na=ssrc:x\r\n")
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		f.Fatal(err)
	}
	defer socket.Close()
	f.Fuzz(func(t *testing.T, text string) {
		o, err := ReadOffer(text)
		if err != nil {
			if !errors.Is(err, ErrBadOffer) && !errors.Is(err, ErrTooLarge) {
				t.Fatalf("another error: %v", err)
			}
			return
		}
		tracks := make(map[int]Track)
		for n, m := range o.Media {
			if len(m.Codecs) > 0 {
				tracks[n] = Track{Codec: m.Codecs[0], Sends: n%2 == 0}
			}
		}
		p := &Port{options: Options{Hosts: func() []string { return nil }}, udp: socket}
		answer := p.write(o, &Answer{Tracks: tracks}, &Session{frag: "ours", password: "word"})
		lines := strings.Split(strings.TrimSuffix(answer, "\r\n"), "\r\n")
		media := 0
		for _, line := range lines {
			if len(line) < 2 || line[1] != '=' || strings.ContainsAny(line, "\r\n\x00") {
				t.Fatalf("a line is %q", line)
			}
			if line[0] == 'm' {
				media++
			}
		}
		if media != len(o.Media) {
			t.Fatalf("%d media are answered of %d", media, len(o.Media))
		}
	})
}
