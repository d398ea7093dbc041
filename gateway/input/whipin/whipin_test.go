package whipin

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
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

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"go.uber.org/goleak"

	"framegate/gateway/camtest"
	"framegate/gateway/httplimit"
	"framegate/gateway/media"
	"framegate/gateway/rtc"
	"framegate/gateway/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// soon is what anything that a test waits for may take.
const soon = 60 * time.Second

var front = stream.Key{Camera: "front"}

// studio is a handler, and the hub of a camera that is sent to.
type studio struct {
	t       *testing.T
	hub     *stream.Hub
	port    *rtc.Port
	handler *Handler
	url     string
	end     context.CancelCauseFunc // of all visits
	visits  atomic.Int32            // that go on
}

func newStudio(t *testing.T, change ...func(*Options)) *studio {
	s := &studio{t: t}
	s.hub = stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return nil, nil }})
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.port = rtc.New(rtc.Options{Listen: "127.0.0.1:0", Room: func() httplimit.Room { return httplimit.Room{All: 100, PerAddress: 100} }, Limited: func(string) {}, Log: log})
	options := Options{Port: s.port, Limited: func(string) {}, Log: log}
	for _, change := range change {
		change(&options)
	}
	s.handler = New(options)
	visits, end := context.WithCancelCause(context.Background())
	s.end = end
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name, ok := strings.CutPrefix(r.URL.Path, "/live/front/whip/"); ok {
			_ = s.port.Serve(w, r, name) // which tests ask of sessions that are there
			return
		}
		offer, err := s.handler.Offered(w, r)
		if err == nil {
			ctx, leave := context.WithCancel(visits)
			s.visits.Add(1)
			err = s.handler.Serve(w, offer, &Visit{
				Context: ctx, Leave: func() { leave(); s.visits.Add(-1) }, Host: r.Host, Where: r.URL.Path, MaxFrameBytes: 1 << 20,
				Lets:    func(*media.Frame) bool { return true },
				Publish: func(ctx context.Context, source stream.Source) error { return s.hub.Attach(ctx, front, source) },
			})
		}
		switch {
		case errors.Is(err, stream.ErrBusy):
			http.Error(w, err.Error(), http.StatusConflict)
		case err != nil:
			http.Error(w, err.Error(), http.StatusNotAcceptable)
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

// source is who sends, as pion does.
type source struct {
	pc           *webrtc.PeerConnection
	video, audio *webrtc.TrackLocalStaticRTP
	answer       string
	location     string
	keyframes    chan struct{} // the server asks for one
	connected    chan struct{}
	seq          uint16
}

// send connects who sends.
func (s *studio) send(relay func(answer string, port int) string) (*source, int) {
	t := s.t
	t.Helper()
	var engine webrtc.MediaEngine
	for i, profile := range []string{"42001f", "42e01f"} {
		must(t, engine.RegisterCodec(webrtc.RTPCodecParameters{PayloadType: webrtc.PayloadType(100 + i), RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeH264, ClockRate: 90000, SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=" + profile,
			RTCPFeedback: []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}},
		}}, webrtc.RTPCodecTypeVideo))
	}
	must(t, engine.RegisterCodec(webrtc.RTPCodecParameters{PayloadType: 111, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}}, webrtc.RTPCodecTypeAudio))
	interceptors := new(interceptor.Registry)
	must(t, webrtc.ConfigureNack(&engine, interceptors))
	must(t, webrtc.ConfigureRTCPReports(interceptors))
	var settings webrtc.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetICEMulticastDNSMode(0)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(&engine), webrtc.WithInterceptorRegistry(interceptors), webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{})
	must(t, err)
	c := &source{pc: pc, keyframes: make(chan struct{}, 100), connected: make(chan struct{})}
	var reading sync.WaitGroup
	t.Cleanup(func() {
		must(t, pc.GracefulClose())
		reading.Wait()
	})
	c.video, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeH264}, "video", "x")
	must(t, err)
	c.audio, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "audio", "x")
	must(t, err)
	for _, track := range []webrtc.TrackLocal{c.video, c.audio} {
		sender, err := pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		must(t, err)
		reading.Go(func() { // ends with the connection
			for {
				packets, _, err := sender.Sender().ReadRTCP()
				if err != nil {
					return
				}
				for _, p := range packets {
					if _, ok := p.(*rtcp.PictureLossIndication); ok {
						c.keyframes <- struct{}{}
					}
				}
			}
		})
	}
	var once sync.Once
	pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			once.Do(func() { close(c.connected) })
		}
	})
	offer, err := pc.CreateOffer(nil)
	must(t, err)
	must(t, pc.SetLocalDescription(offer))
	response, err := http.Post(s.url+"/live/front/whip", "application/sdp", strings.NewReader(offer.SDP))
	must(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	must(t, err)
	if response.StatusCode != http.StatusCreated {
		t.Logf("refused: %s", text)
		return c, response.StatusCode
	}
	c.answer, c.location = string(text), response.Header.Get("Location")
	answer := c.answer
	if relay != nil {
		answer = relay(answer, s.port.Number())
	}
	must(t, pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}))
	next(t, "the connection", c.connected)
	return c, response.StatusCode
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
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

// loss passes what a client sends on to the server, but for each so many packets of
// media.
func loss(t *testing.T, each int) (relay func(string, int) string, lost *atomic.Int64) {
	front, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	must(t, err)
	lost = new(atomic.Int64)
	var passing sync.WaitGroup
	var back *net.UDPConn
	t.Cleanup(func() {
		front.Close()
		if back != nil {
			back.Close()
		}
		passing.Wait()
	})
	return func(answer string, port int) string {
		back, err = net.DialUDP("udp", nil, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		must(t, err)
		var client atomic.Pointer[net.UDPAddr]
		passing.Go(func() { // ends with the socket
			b := make([]byte, 4096)
			for media := 0; ; {
				n, from, err := front.ReadFromUDP(b)
				if err != nil {
					return
				}
				client.Store(from)
				if b[0] >= 128 && b[0] < 192 && (b[1] < 192 || b[1] > 223) {
					if media++; media%each == 0 {
						lost.Add(1)
						continue
					}
				}
				_, _ = back.Write(b[:n])
			}
		})
		passing.Go(func() { // likewise
			b := make([]byte, 4096)
			for {
				n, err := back.Read(b)
				if err != nil {
					return
				}
				if to := client.Load(); to != nil {
					_, _ = front.WriteToUDP(b[:n], to)
				}
			}
		})
		ours := front.LocalAddr().(*net.UDPAddr).Port
		return strings.ReplaceAll(answer, " 127.0.0.1 "+strconv.Itoa(port)+" ", " 127.0.0.1 "+strconv.Itoa(ours)+" ")
	}, lost
}

// picture sends the units of a picture of footage, in packets of 1000 bytes.
func (c *source) picture(t *testing.T, n int, units [][]byte) {
	t.Helper()
	packetizer := rtp.NewPacketizer(1000, 0, 0, annexB{}, rtp.NewFixedSequencer(c.seq+1), 90000)
	var all []byte
	for _, unit := range units {
		all = append(binary.BigEndian.AppendUint32(all, uint32(len(unit))), unit...)
	}
	packets := packetizer.Packetize(all, 0)
	for _, p := range packets {
		p.Timestamp = uint32(n) * 90000 / 15
		c.seq = p.SequenceNumber
		must(t, c.video.WriteRTP(p))
	}
}

// annexB packs units with lengths, as FU-A where they are large.
type annexB struct{}

// Payload gives the payloads of the packets of a picture.
func (annexB) Payload(mtu uint16, b []byte) (all [][]byte) {
	for len(b) > 4 {
		n := int(binary.BigEndian.Uint32(b))
		unit := b[4 : 4+n]
		b = b[4+n:]
		if len(unit) <= int(mtu) {
			all = append(all, unit)
			continue
		}
		start := byte(0x80)
		for rest := unit[1:]; len(rest) > 0; start = 0 {
			n := min(len(rest), int(mtu)-2)
			head := start | unit[0]&0x1F
			if n == len(rest) {
				head |= 0x40
			}
			all = append(all, append([]byte{unit[0]&^0x1F | 28, head}, rest[:n]...))
			rest = rest[n:]
		}
	}
	return all
}

// TestWhatIsSentComes: each picture of somebody who sends by WebRTC, also where one
// packet of twenty is lost on the way, with the sound.
func TestWhatIsSentComes(t *testing.T) {
	footage, err := camtest.NewFootage(camtest.FootageOptions{Codec: "h264", Width: 320, Height: 176, Seconds: 3})
	must(t, err)
	for name, each := range map[string]int{"whole": 1 << 30, "with 5 % lost": 20} {
		t.Run(name, func(t *testing.T) {
			s := newStudio(t)
			relay, lost := loss(t, each)
			c, _ := s.send(relay)
			if !strings.Contains(c.answer, "profile-level-id=42e034") || !strings.Contains(c.answer, "m=audio 9") {
				t.Errorf("answered is %s", c.answer)
			}
			r, err := s.hub.Open(front, stream.ReadOptions{Sequential: true})
			must(t, err)
			defer r.Close()
			sound, err := s.hub.Open(front, stream.ReadOptions{Sequential: true, Sound: true})
			must(t, err)
			defer sound.Close()
			const all = 45
			for heard := false; !heard; { // what comes before the server has agreed on keys is lost
				c.picture(t, 0, footage.Picture(0))
				select {
				case <-c.keyframes: // which it asks for as soon as it hears something
					heard = true
				case <-time.After(50 * time.Millisecond):
				}
			}
			sent := make(chan struct{})
			go func() { // ends with what there is to send
				defer close(sent)
				for n := range all {
					c.picture(t, n+1, footage.Picture(n))
					must(t, c.audio.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: uint16(n), Timestamp: uint32(n) * 960}, Payload: []byte{0xFC, byte(n), 2, 3}}))
					time.Sleep(10 * time.Millisecond) // as cameras do
				}
			}()
			ctx, cancel := context.WithTimeout(t.Context(), soon)
			defer cancel()
			for n := range all - 1 { // the last may lack its marker
				f, err := r.Next(ctx)
				if err != nil {
					t.Fatalf("picture %d: %v", n, err)
				}
				for n == 1 && shows(&f, footage.Picture(0)) && err == nil { // which came more than once
					f, err = r.Next(ctx)
				}
				if !shows(&f, footage.Picture(n)) {
					t.Fatalf("picture %d comes as another, of %d bytes, %v", n, len(f.Data), err)
				}
			}
			f, err := sound.Next(ctx)
			if err != nil || f.Format.Codec != media.Opus || len(f.Data) == 0 {
				t.Errorf("the sound comes as %+v, %v", f, err)
			}
			<-sent
			if each == 20 && lost.Load() == 0 {
				t.Error("nothing was lost")
			}
		})
	}
}

// shows says that a frame is of the units of a picture.
func shows(f *media.Frame, units [][]byte) bool {
	last := units[len(units)-1]
	return bytes.HasSuffix(f.Data, last)
}

// TestACameraHasOneSender: a second is refused, and gets the camera when the first has
// ended its session, may not send any more, or is gone.
func TestACameraHasOneSender(t *testing.T) {
	for name, end := range map[string]func(*studio, *source) error{
		"DELETE": func(s *studio, c *source) error {
			r, err := http.NewRequest(http.MethodDelete, s.url+c.location, nil)
			if err != nil {
				return err
			}
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				return err
			}
			response.Body.Close()
			if response.StatusCode != http.StatusOK {
				return fmt.Errorf("it is answered %s", response.Status)
			}
			return nil
		},
		"no permission": func(s *studio, _ *source) error { s.end(errors.New("revoked")); return nil },
		"gone":          func(_ *studio, c *source) error { return c.pc.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStudio(t)
			c, _ := s.send(nil)
			if _, status := s.send(nil); status != http.StatusConflict {
				t.Fatalf("a second is answered %d", status)
			}
			must(t, end(s, c))
			for deadline := time.Now().Add(soon); s.visits.Load() > 0; time.Sleep(5 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("the session goes on")
				}
			}
		})
	}
}

// TestSenderWithoutPicturesIsCut, though packets of it come.
func TestSenderWithoutPicturesIsCut(t *testing.T) {
	hits := make(chan string, 1)
	s := newStudio(t, func(o *Options) {
		o.Silence = 500 * time.Millisecond
		o.Limited = func(limit string) { hits <- limit }
	})
	c, _ := s.send(nil)
	next(t, "the connection", c.connected)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(soon); ; <-tick.C {
		c.seq++
		middle := &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: c.seq}, Payload: []byte{0x7C, 0x05, 0}} // of a picture without a beginning
		must(t, c.video.WriteRTP(middle))
		select {
		case limit := <-hits:
			if limit != LimitPublisherSilence {
				t.Fatalf("limit %s is hit", limit)
			}
			return
		default:
			if time.Now().After(deadline) {
				t.Fatal("it keeps the camera")
			}
		}
	}
}
