package whep

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph264"
	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"go.uber.org/goleak"

	"framegate/gateway/camtest"
	"framegate/gateway/delivery"
	"framegate/gateway/httplimit"
	"framegate/gateway/media"
	"framegate/gateway/rtc"
	"framegate/gateway/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// soon is what anything that a test waits for may take.
const soon = 60 * time.Second

var (
	own      = stream.Key{Camera: "front"}
	asH264   = stream.Key{Camera: "front", Rendition: "h264"}
	straight = stream.Key{Camera: "front", Rendition: "h264-straight"}
	lesser   = stream.Key{Camera: "front", Rendition: "h264-h480"}
	asOpus   = stream.Key{Camera: "front", Rendition: "opus"}
)

// site is a handler, and the hub of a camera whose streams are under the test's thumb.
type site struct {
	t       testing.TB
	hub     *stream.Hub
	port    *rtc.Port
	handler *Handler
	url     string
	end     context.CancelCauseFunc // of all visits
	visits  atomic.Int32            // that go on
	removed atomic.Bool             // the camera is

	mu   sync.Mutex
	hits map[string]int
}

// newSite makes a handler.
func newSite(t testing.TB) *site {
	s := &site{t: t, hits: make(map[string]int)}
	s.hub = stream.New(stream.Options{Resolve: func(k stream.Key) (stream.Source, error) {
		if k.Camera != own.Camera || s.removed.Load() {
			return nil, stream.ErrUnknown
		}
		return nil, nil
	}})
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.port = rtc.New(rtc.Options{Listen: "127.0.0.1:0", Room: func() httplimit.Room { return httplimit.Room{All: 100, PerAddress: 100} }, Limited: s.limited, Log: log})
	s.handler = New(Options{Options: delivery.Options{Hub: s.hub, Log: log}, Port: s.port})
	visits, end := context.WithCancelCause(context.Background())
	s.end = end
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.serve(visits, w, r); err != nil {
			http.Error(w, err.Error(), http.StatusTeapot)
		}
	}))
	s.url = web.URL
	t.Cleanup(func() {
		web.Close()
		s.handler.Close()
		s.port.Close()
		s.hub.Close()
		end(nil)
		if n := s.visits.Load(); n != 0 {
			t.Errorf("%d visits go on", n)
		}
	})
	return s
}

func (s *site) limited(limit string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hits[limit]++
}

func (s *site) serve(visits context.Context, w http.ResponseWriter, r *http.Request) error {
	if name, ok := strings.CutPrefix(r.URL.Path, "/live/front/whep/"); ok {
		return s.port.Serve(w, r, name)
	}
	offer, err := s.handler.Offered(w, r)
	if err != nil {
		return err
	}
	ctx, leave := context.WithCancel(visits)
	s.visits.Add(1)
	return s.handler.Serve(r.Context(), w, offer, &Visit{
		Context: ctx, Leave: func() { leave(); s.visits.Add(-1) }, Client: stream.Client{Address: "192.0.2.1"}, Host: r.Host, Where: r.URL.Path,
		Choice: Choice{Own: own, Plain: true, H264: asH264, Straight: straight, Lesser: []stream.Key{lesser}, Opus: asOpus},
	})
}

// attach has a stream given its frames by the test.
func (s *site) attach(key stream.Key) *camtest.Source {
	return camtest.Attach(s.t, func(ctx context.Context, source *camtest.Source) error { return s.hub.Attach(ctx, key, source) })
}

var (
	sps264, _ = hex.DecodeString("6764001fac2484014016ec0440000003004000000c83c60ca8")
	pps264, _ = hex.DecodeString("68ee32c8b0")
	vps265, _ = hex.DecodeString("40010c01ffff01600000030090000003000003001eba0240")
	sps265, _ = hex.DecodeString("42010101600000030090000003000003001ea0080809165ba4a4c2f0168080000003008000000504")
	pps265, _ = hex.DecodeString("4401c073c189")
)

// format264 gives a new Format, as each run of a camera has one.
func format264(t testing.TB) *media.Format {
	f, err := media.H264Format(sps264, pps264)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// numbered is added to numbers, so that no start code is among their bytes.
const numbered = 0x11111111

// pictures makes pictures of H.264 or H.265, 25 a second, every tenth a keyframe, of one
// unit that has a size and begins with a number.
func pictures(format *media.Format, from, count, size int) (all []media.Frame) {
	for n := from; n < from+count; n++ {
		unit := []byte{0x41}
		if n%10 == 0 {
			unit = []byte{0x65}
		}
		if format.Codec == media.H265 {
			unit = []byte{2, 1}
			if n%10 == 0 {
				unit = []byte{40, 1}
			}
		}
		unit = binary.BigEndian.AppendUint32(unit, numbered+uint32(n))
		unit = append(unit, bytes.Repeat([]byte{byte(n) | 0x80}, size)...)
		data := append(binary.BigEndian.AppendUint32(nil, uint32(len(unit))), unit...)
		all = append(all, media.Frame{Key: n%10 == 0, Format: format, Data: data, PTS: time.Duration(n) * 40 * time.Millisecond})
	}
	return all
}

// numberOf gives the number of the picture that units are of; -1 of none.
func numberOf(units [][]byte) int {
	last := units[len(units)-1]
	if len(last) < 5 {
		return -1
	}
	return int(binary.BigEndian.Uint32(last[1:]) - numbered)
}

// received is a picture that came.
type received struct {
	number    int
	units     [][]byte
	timestamp uint32
}

// browser is a client, as pion makes one.
type browser struct {
	t        testing.TB
	pc       *webrtc.PeerConnection
	answer   string
	location string
	pictures chan received
	sound    chan *rtp.Packet
	packets  atomic.Int64 // that came
	gone     chan struct{}
	video    atomic.Uint32 // SSRC of the pictures
	newest   atomic.Uint32 // number of their packet that came last
	loses    bool

	mu      sync.Mutex // guards what follows
	closed  bool       // no more tracks are read
	reading sync.WaitGroup
}

// offerOptions say how a client comes.
type offerOptions struct {
	codecs []webrtc.RTPCodecParameters // nil: H.264 as browsers have it
	sound  bool
	tcp    bool
	quiet  bool // it sends no reports by itself
	loses  bool // packets may be lost for good, and are passed over then
	relay  *relay
}

// browser264 is H.264 as browsers offer it.
func browser264(profiles ...string) (all []webrtc.RTPCodecParameters) {
	for i, profile := range profiles {
		all = append(all, webrtc.RTPCodecParameters{PayloadType: webrtc.PayloadType(100 + i), RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeH264, ClockRate: 90000, SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=" + profile,
			RTCPFeedback: []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}},
		}})
	}
	return all
}

// dial connects a client, and waits until it is.
func (s *site) dial(o offerOptions) *browser {
	s.t.Helper()
	b := s.begin(o)
	next(s.t, "the connection", b.connected())
	return b
}

// connected is closed when a client is connected.
func (b *browser) connected() <-chan struct{} {
	c := make(chan struct{})
	var once sync.Once
	b.pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			once.Do(func() { close(c) })
		}
	})
	if b.pc.ConnectionState() == webrtc.PeerConnectionStateConnected {
		once.Do(func() { close(c) })
	}
	return c
}

// begin has a client ask, and take the answer.
func (s *site) begin(o offerOptions) *browser {
	t := s.t
	t.Helper()
	b := s.offering(o)
	status, header, answer := s.post(b.offer(), "application/sdp")
	if status != http.StatusCreated {
		t.Fatalf("the offer is answered %d: %s", status, answer)
	}
	b.location, b.answer = header.Get("Location"), answer
	if o.relay != nil {
		answer = o.relay.in(answer, s.port.Number())
	}
	if err := b.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	return b
}

// offering makes a client that has offered nothing yet.
func (s *site) offering(o offerOptions) *browser {
	t := s.t
	t.Helper()
	var engine webrtc.MediaEngine
	codecs := o.codecs
	if codecs == nil {
		codecs = browser264("42001f", "42e01f", "64001f")
	}
	for _, c := range codecs {
		if err := engine.RegisterCodec(c, webrtc.RTPCodecTypeVideo); err != nil {
			t.Fatal(err)
		}
	}
	for i, c := range []webrtc.RTPCodecCapability{{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1"}, {MimeType: webrtc.MimeTypePCMU, ClockRate: 8000}} {
		if err := engine.RegisterCodec(webrtc.RTPCodecParameters{PayloadType: webrtc.PayloadType([]int{111, 0}[i]), RTPCodecCapability: c}, webrtc.RTPCodecTypeAudio); err != nil {
			t.Fatal(err)
		}
	}
	interceptors := new(interceptor.Registry)
	if err := webrtc.ConfigureNack(&engine, interceptors); err != nil {
		t.Fatal(err)
	}
	if !o.quiet {
		if err := webrtc.ConfigureRTCPReports(interceptors); err != nil {
			t.Fatal(err)
		}
	}
	var settings webrtc.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetSRTPReplayProtectionWindow(1024) // as browsers have it: what is lost may come late
	settings.SetICEMulticastDNSMode(0)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	if o.tcp {
		settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
	}
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(&engine), webrtc.WithInterceptorRegistry(interceptors), webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, pc: pc, loses: o.loses, pictures: make(chan received, 10000), sound: make(chan *rtp.Packet, 1000), gone: make(chan struct{})}
	t.Cleanup(func() {
		if err := pc.GracefulClose(); err != nil {
			t.Error(err)
		}
		b.mu.Lock()
		b.closed = true
		b.mu.Unlock()
		b.reading.Wait()
	})
	pc.OnTrack(b.take)
	kinds := []webrtc.RTPCodecType{webrtc.RTPCodecTypeVideo}
	if o.sound {
		kinds = append(kinds, webrtc.RTPCodecTypeAudio)
	}
	for _, kind := range kinds {
		if _, err := pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// take reads a track, of which a client may be told only after it was closed.
func (b *browser) take(track *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	b.reading.Go(func() { // ends with the connection
		for {
			if _, _, err := r.ReadRTCP(); err != nil {
				return
			}
		}
	})
	b.reading.Go(func() { b.read(track) }) // likewise
}

// offer gives a client's offer.
func (b *browser) offer() string {
	b.t.Helper()
	offer, err := b.pc.CreateOffer(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.pc.SetLocalDescription(offer); err != nil {
		b.t.Fatal(err)
	}
	return offer.SDP
}

// post sends an offer.
func (s *site) post(offer, kind string) (status int, header http.Header, body string) {
	s.t.Helper()
	response, err := http.Post(s.url+"/live/front/whep", kind, strings.NewReader(offer))
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(text)
}

// mostWaiting is for how many packets behind it one is waited for that may be lost for good.
const mostWaiting = 200

// read takes what comes by a track. Packets that come late, since they were sent again,
// are put in order.
func (b *browser) read(track *webrtc.TrackRemote) {
	if track.Kind() == webrtc.RTPCodecTypeAudio {
		for {
			p, _, err := track.ReadRTP()
			if err != nil {
				return
			}
			b.sound <- p
		}
	}
	b.video.Store(uint32(track.SSRC()))
	decoder := newDecoder()
	waiting := make(map[uint16]*rtp.Packet)
	var due uint16
	for begun := false; ; {
		p, _, err := track.ReadRTP()
		if err != nil {
			close(b.gone)
			return
		}
		b.packets.Add(1)
		b.newest.Store(uint32(p.SequenceNumber))
		if !begun {
			begun, due = true, p.SequenceNumber
		}
		waiting[p.SequenceNumber] = p
		for b.loses && len(waiting) > mostWaiting && waiting[due] == nil {
			due++
			decoder = newDecoder() // or what came of a picture before what is lost were one
		}
		for waiting[due] != nil {
			p := waiting[due]
			delete(waiting, due)
			due++
			units, err := decoder.Decode(p)
			if err == nil {
				b.pictures <- received{number: numberOf(units), units: units, timestamp: p.Timestamp}
			}
		}
	}
}

func newDecoder() *rtph264.Decoder {
	d := &rtph264.Decoder{PacketizationMode: 1}
	_ = d.Init() // which fails of another mode only
	return d
}

// ask sends a report to the server.
func (b *browser) ask(p rtcp.Packet) {
	b.t.Helper()
	if err := b.pc.WriteRTCP([]rtcp.Packet{p}); err != nil {
		b.t.Fatal(err)
	}
}

// see expects pictures by their numbers, one after the other.
func (b *browser) see(from, to int) (all []received) {
	b.t.Helper()
	for n := from; n < to; n++ {
		p := next(b.t, fmt.Sprintf("picture %d", n), b.pictures)
		if p.number != n {
			b.t.Fatalf("picture %d comes as %d", n, p.number)
		}
		all = append(all, p)
	}
	return all
}

// next gives the next of what comes.
func next[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(soon):
		t.Fatalf("%s: nothing comes", what)
		panic("unreached")
	}
}

// await waits until something is so.
func await(t testing.TB, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(soon); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

// relay passes datagrams between one client and a server, but for those that it loses.
type relay struct {
	front, back *net.UDPConn
	lose        func(n int) bool // of the packets that come from the server
	lost        atomic.Int64
	mu          sync.Mutex
	client      *net.UDPAddr
	checks      [][]byte // of ICE, that the client sent
	passing     sync.WaitGroup
}

// newRelay makes a relay to a server.
func newRelay(t testing.TB, lose func(n int) bool) *relay {
	r := &relay{lose: lose}
	var err error
	if r.front, err = net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.front.Close()
		if r.back != nil {
			r.back.Close()
		}
		r.passing.Wait()
	})
	return r
}

// in gives an answer with the relay in place of the server, and begins to pass.
func (r *relay) in(answer string, port int) string {
	r.back, _ = net.DialUDP("udp", nil, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	r.passing.Go(func() { // ends with the socket
		b := make([]byte, 4096)
		for {
			n, from, err := r.front.ReadFromUDP(b)
			if err != nil {
				return
			}
			r.mu.Lock()
			if r.client = from; b[0] == 0 {
				r.checks = append(r.checks, bytes.Clone(b[:n]))
			}
			r.mu.Unlock()
			_, _ = r.back.Write(b[:n])
		}
	})
	r.passing.Go(func() { // likewise
		b := make([]byte, 4096)
		for media := 0; ; {
			n, err := r.back.Read(b)
			if err != nil {
				return
			}
			if b[0] >= 128 && b[0] < 192 {
				if media++; r.lose(media) {
					r.lost.Add(1)
					continue
				}
			}
			r.mu.Lock()
			to := r.client
			r.mu.Unlock()
			_, _ = r.front.WriteToUDP(b[:n], to)
		}
	})
	ours := r.front.LocalAddr().(*net.UDPAddr).Port
	return strings.ReplaceAll(answer, " 127.0.0.1 "+strconv.Itoa(port)+" ", " 127.0.0.1 "+strconv.Itoa(ours)+" ")
}
