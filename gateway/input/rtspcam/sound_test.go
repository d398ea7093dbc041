package rtspcam

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/g711"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/pion/rtp"

	"framegate/gateway/camtest"
	"framegate/gateway/input/rtspcam/rtptest"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// soundKind is sound of a kind, as camtest's camera sends it.
type soundKind struct {
	format  format.Format
	ticks   uint32 // of a packet
	payload func(n int) []byte
	want    func(n int) []byte
	codec   media.Codec
}

var soundKinds = map[string]soundKind{
	"AAC": {
		format: &format.MPEG4Audio{PayloadTyp: 97, SizeLength: 13, IndexLength: 3, IndexDeltaLength: 3,
			Config: &mpeg4audio.AudioSpecificConfig{Type: mpeg4audio.ObjectTypeAACLC, SampleRate: 16000, ChannelConfig: 1}},
		ticks: 1024, codec: media.AAC,
		payload: func(n int) []byte { return append([]byte{0, 16, 0, 5 << 3}, 0x21, byte(n), 3, 4, 5) },
		want:    func(n int) []byte { return []byte{0x21, byte(n), 3, 4, 5} },
	},
	"Opus": {
		format: &format.Opus{PayloadTyp: 98, ChannelCount: 2}, ticks: 960, codec: media.Opus,
		payload: func(n int) []byte { return []byte{0x78 | 4, byte(n), 1, 2} },
		want:    func(n int) []byte { return []byte{0x78 | 4, byte(n), 1, 2} },
	},
	"PCMA": {
		format: &format.G711{PayloadTyp: 8, SampleRate: 8000, ChannelCount: 1}, ticks: 160, codec: media.PCMA,
		payload: func(n int) []byte { return bytes.Repeat([]byte{byte(n)}, 160) },
		want:    func(n int) []byte { return bytes.Repeat([]byte{byte(n)}, 160) },
	},
	"PCMU": {
		format: &format.G711{PayloadTyp: 99, MULaw: true, SampleRate: 16000, ChannelCount: 1}, ticks: 320, codec: media.PCMU,
		payload: func(n int) []byte { return bytes.Repeat([]byte{byte(n)}, 320) },
		want:    func(n int) []byte { return bytes.Repeat([]byte{byte(n)}, 320) },
	},
	"L16": {
		format: &format.LPCM{PayloadTyp: 100, BitDepth: 16, SampleRate: 16000, ChannelCount: 1}, ticks: 320, codec: media.PCMU,
		payload: func(n int) []byte { return bytes.Repeat([]byte{byte(n * 8), 0}, 320) },
		want:    func(n int) []byte { b, _ := g711.Mulaw(bytes.Repeat([]byte{byte(n * 8), 0}, 320)).Marshal(); return b },
	},
}

// length of a packet.
func (k soundKind) length() time.Duration {
	return time.Duration(k.ticks) * time.Second / time.Duration(k.format.ClockRate())
}

// packet makes packet n.
func (k soundKind) packet(n int) *rtp.Packet {
	return &rtp.Packet{Header: rtp.Header{Marker: true, SequenceNumber: uint16(65530 + n), Timestamp: 0xFFFFFF00 + uint32(n)*k.ticks, SSRC: 77}, Payload: k.payload(n)}
}

// beside is a stream of video and one of sound.
func beside(video, sound format.Format) []*description.Media {
	return append(offer(video), &description.Media{Type: description.MediaTypeAudio, Formats: []format.Format{sound}})
}

// TestSound: of every codec and over every transport sound comes beside the pictures,
// which are what they are without it.
func TestSound(t *testing.T) {
	const n = 12
	groups := rtptest.JPEGPackets(t, n)
	for name, kind := range soundKinds {
		for way, c := range map[string]struct {
			camera camtest.RTSPOptions
			opt    Options
		}{
			"TCP":          {camtest.RTSPOptions{}, Options{Transport: TCP}},
			"UDP":          {camtest.RTSPOptions{UDP: true}, Options{Transport: UDP}},
			"TCP refused":  {camtest.RTSPOptions{UDP: true, RefuseTCP: true}, Options{}},
			"TLS":          {camtest.RTSPOptions{TLS: true}, Options{InsecureTLS: true}},
			"UDP with TLS": {camtest.RTSPOptions{TLS: true, UDP: true}, Options{InsecureTLS: true, Transport: UDP}},
		} {
			if name != "AAC" && way != "TCP" {
				continue // the ways differ in nothing that is the codec's
			}
			t.Run(name+", "+way, func(t *testing.T) {
				c.camera.Medias = beside(&format.MJPEG{}, kind.format)
				camera := newCamera(t, c.camera)
				c.opt.URL = camera.URL("/video")
				run := start(t, newSource(t, c.opt))
				awaitPlay(t, camera, 1)
				announced := run.nextSound(t)
				if announced.Format.Codec != kind.codec || len(announced.Data) != 0 {
					t.Errorf("announced: %+v", announced)
				}
				var frames []media.Frame
				sent := 0
				for i, group := range copied(groups) {
					send(t, camera, group)
					frames = append(frames, run.next(t))
					for ; time.Duration(sent+1)*kind.length() <= time.Duration(i+1)*time.Second/30; sent++ {
						if err := camera.SendSound(kind.packet(sent)); err != nil {
							t.Fatal(err)
						}
					}
				}
				rtptest.WantNumbers(t, frames, rtptest.Span(0, n))
				// What was taken before the first picture has no place.
				first := sent - int(250*time.Millisecond/kind.length())
				var heard []media.Frame
				for len(heard) == 0 || !bytes.Equal(heard[len(heard)-1].Data, kind.want(sent-1)) {
					heard = append(heard, run.nextSound(t))
				}
				if len(heard) < sent-first {
					t.Errorf("heard %d of %d", len(heard), sent)
				}
				for i, f := range heard {
					if f.Format != announced.Format || !bytes.Equal(f.Data, kind.want(sent-len(heard)+i)) || f.PTS < 0 {
						t.Errorf("heard: %x at %v", f.Data, f.PTS)
					}
				}
			})
		}
	}
}

// TestSoundFollowsReports: where the camera says when its sound was taken, that is
// its place.
func TestSoundFollowsReports(t *testing.T) {
	kind := soundKinds["PCMA"]
	camera := newCamera(t, camtest.RTSPOptions{Medias: beside(&format.MJPEG{}, kind.format)})
	run := start(t, newSource(t, Options{URL: camera.URL("/")}))
	awaitPlay(t, camera, 1)
	run.nextSound(t)
	group := rtptest.JPEGPackets(t, 1)[0]
	picture, sound := group[0].Timestamp, kind.packet(0).Timestamp
	send(t, camera, group)
	run.next(t)
	if err := camera.SendSound(kind.packet(0)); err != nil { // so that the camera knows whom to report about
		t.Fatal(err)
	}
	const ntpNow = (2208988800 + 1_700_000_000) << 32
	if err := camera.Report(ntpNow, picture); err != nil {
		t.Fatal(err)
	}
	if err := camera.ReportSound(ntpNow+1<<31, sound); err != nil { // half a second after the picture
		t.Fatal(err)
	}
	for i := 1; i < 10; i++ {
		if err := camera.SendSound(kind.packet(i)); err != nil {
			t.Fatal(err)
		}
		f := run.nextSound(t)
		if f.Data[0] == 0 {
			f = run.nextSound(t) // the one before the reports had a place
		}
		if off := f.PTS - 500*time.Millisecond - time.Duration(f.Data[0])*20*time.Millisecond; off.Abs() > 5*time.Millisecond {
			t.Errorf("sound %d is %v off", f.Data[0], off)
		}
	}
}

// besideSDP describes a stream of JPEGs and one of AAC.
const besideSDP = sdpHead + sdpJPEG + "m=audio 0 RTP/AVP 97\na=rtpmap:97 MPEG4-GENERIC/16000/1\na=fmtp:97 mode=AAC-hbr;config=1408;sizelength=13;indexlength=3;indexdeltalength=3\na=control:trackID=1\n"

// ofSound says whether a request asks for the sound.
func ofSound(r camtest.RTSPRequest) bool {
	return r.Method == "SETUP" && strings.HasSuffix(r.URL, "trackID=1")
}

// TestRefusedSound: a camera that answers as it likes when it is asked for its sound
// plays its pictures in the same run.
func TestRefusedSound(t *testing.T) {
	groups := rtptest.JPEGPackets(t, 3)
	for name, answer := range map[string]func(usual string) string{
		"not found":            func(usual string) string { return strings.Replace(usual, "200 OK", "404 Not Found", 1) },
		"no bandwidth":         func(usual string) string { return strings.Replace(usual, "200 OK", "453 Not Enough Bandwidth", 1) },
		"transport":            func(usual string) string { return strings.Replace(usual, "200 OK", "461 Unsupported Transport", 1) },
		"broken within":        func(usual string) string { return strings.Replace(usual, "200 OK", "500 Internal Server Error", 1) },
		"the video's channels": func(usual string) string { return transportOf(usual, "RTP/AVP/TCP;unicast;interleaved=0-1") },
		"over UDP instead":     func(usual string) string { return transportOf(usual, "RTP/AVP;unicast;server_port=4000-4001") },
		"no transport":         func(usual string) string { return transportOf(usual, "") },
		"a transport of words": func(usual string) string { return transportOf(usual, "by;post;interleaved=x") },
	} {
		t.Run(name, func(t *testing.T) {
			everyWay(t, func(t *testing.T, options camtest.RTSPTextOptions, opt Options) {
				t.Parallel()
				options.SDP = crlf(besideSDP)
				options.Answer = func(r camtest.RTSPRequest, usual string) string {
					if ofSound(r) {
						return answer(usual)
					}
					return usual
				}
				wantPlayed(t, newTextCamera(t, options), opt, copied(groups))
			})
		})
	}
}

// TestSoundThatBreaksTheCamera: where a camera does not go on once it is asked for
// its sound, the next run takes its pictures alone, and where it does not play, that
// after the next.
func TestSoundThatBreaksTheCamera(t *testing.T) {
	groups := rtptest.JPEGPackets(t, 3)
	for name, c := range map[string]struct {
		bad    int // runs
		answer func(r camtest.RTSPRequest, usual string, asked bool) string
	}{
		"it says nothing any more": {1, func(r camtest.RTSPRequest, usual string, asked bool) string {
			if ofSound(r) {
				return ""
			}
			return usual
		}},
		"it refuses to play": {2, func(r camtest.RTSPRequest, usual string, asked bool) string {
			if r.Method == "PLAY" && asked {
				return strings.Replace(usual, "200 OK", "455 Method Not Valid In This State", 1)
			}
			return usual
		}},
		"it answers with rubbish": {1, func(r camtest.RTSPRequest, usual string, asked bool) string {
			if ofSound(r) {
				return "RTSP/1.0 \r\n\r\n"
			}
			return usual
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			asked := false
			camera := newTextCamera(t, camtest.RTSPTextOptions{SDP: crlf(besideSDP), Answer: func(r camtest.RTSPRequest, usual string) string {
				mu.Lock()
				defer mu.Unlock()
				asked = ofSound(r) || asked && r.Number > 1
				return c.answer(r, usual, asked)
			}})
			var log bytes.Buffer
			s := newSource(t, Options{URL: camera.URL("/cam"), Log: slog.New(slog.NewTextHandler(&log, nil))})
			s.patience = impatient
			for n := range c.bad {
				if !s.soundless.IsZero() {
					t.Errorf("run %d does not ask for the sound", n)
				}
				if err := start(t, s).wait(t); err == nil {
					t.Fatalf("run %d ends well", n)
				}
			}
			s.patience = usualPatience
			plays := len(askedWith(camera, "PLAY"))
			run := start(t, s)
			var frames []media.Frame
			awaitRequest(t, camera, "PLAY", plays+1)
			for _, group := range copied(groups) {
				for _, p := range group {
					if err := camera.Send(p); err != nil {
						t.Fatal(err)
					}
				}
				frames = append(frames, run.next(t))
			}
			rtptest.WantNumbers(t, frames, rtptest.Span(0, 3))
			run.cancel()
			run.wait(t)
			if n := strings.Count(log.String(), "sound is left out"); n != 1 {
				t.Errorf("told %d times: %s", n, log.String())
			}
			wantSoundTrouble(t, s, "")
		})
	}
}

// wantSoundTrouble runs a source in a stream, which it is to tell why its sound is left
// out.
func wantSoundTrouble(t *testing.T, s *Source, says string) {
	t.Helper()
	hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return s, nil }})
	defer hub.Close()
	key := stream.Key{Camera: "front"}
	r, err := hub.Open(key, stream.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for until := time.Now().Add(30 * time.Second); hub.Sounds(key).Trouble == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("the stream is not told why there is no sound")
		}
	}
	if text := hub.Sounds(key).Trouble.Error(); !strings.Contains(text, says) {
		t.Errorf("told %q, want %q", text, says)
	}
}

func TestSoundOfAnotherKindIsTold(t *testing.T) {
	camera := newTextCamera(t, camtest.RTSPTextOptions{SDP: crlf(sdpHead + sdpJPEG + "m=audio 0 RTP/AVP 9\na=control:trackID=1\n")})
	wantSoundTrouble(t, newSource(t, Options{URL: camera.URL("/cam")}), "not taken: audio G722")
}

// TestSoundIsSuspectedTwice: a camera that plays, and sends nothing, may be about to
// start; if it does so again it is not asked for sound, and then again if it was not
// for that.
func TestSoundIsSuspectedTwice(t *testing.T) {
	t.Parallel()
	camera := newTextCamera(t, camtest.RTSPTextOptions{SDP: crlf(besideSDP)})
	s := newSource(t, Options{URL: camera.URL("/cam")})
	s.patience = impatient
	for i, want := range []int{2, 4, 5, 7} {
		if err := start(t, s).wait(t); !errors.Is(err, errNoPacket) {
			t.Fatalf("run %d: %v", i, err)
		}
		if asked := askedWith(camera, "SETUP"); len(asked) != want {
			t.Errorf("run %d: set up %q", i, asked)
		}
	}
}

// TestNoSoundIsAskedFor of a camera whose sound is off, of one that would have us
// speak, and of none that can be used.
func TestNoSoundIsAskedFor(t *testing.T) {
	groups := rtptest.JPEGPackets(t, 2)
	audio := func(lines string) string {
		return sdpHead + sdpJPEG + "m=audio 0 RTP/AVP " + lines + "a=control:trackID=1\n"
	}
	for name, c := range map[string]struct {
		sdp string
		off bool
	}{
		"off":             {besideSDP, true},
		"a back channel":  {audio("0\na=sendonly\n"), false},
		"nobody's":        {audio("0\na=inactive\n"), false},
		"G.726":           {audio("97\na=rtpmap:97 G726-32/8000\n"), false},
		"G.722":           {audio("9\n"), false},
		"MP2":             {audio("14\n"), false},
		"7 Hz":            {audio("97\na=rtpmap:97 PCMU/7/8\n"), false},
		"an empty config": {audio("97\na=rtpmap:97 MPEG4-GENERIC/16000\na=fmtp:97 config=\n"), false},
		"a huge config":   {audio("97\na=rtpmap:97 MPEG4-GENERIC/16000\na=fmtp:97 config=" + strings.Repeat("14", 30_000) + "\n"), false},
		"no address":      {strings.TrimSuffix(audio("0\n"), "a=control:trackID=1\n"), false},
		"the video's":     {strings.ReplaceAll(audio("0\n"), "trackID=1", "trackID=0"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			camera := newTextCamera(t, camtest.RTSPTextOptions{SDP: crlf(c.sdp)})
			wantPlayed(t, camera, Options{Silent: c.off}, copied(groups))
			if asked := askedWith(camera, "SETUP"); len(asked) != 1 {
				t.Errorf("set up: %q", asked)
			}
		})
	}
}

// TestBadSoundCostsNoPicture: whatever comes as sound, no picture is lost or changed,
// and what is good after that is heard.
func TestBadSoundCostsNoPicture(t *testing.T) {
	const n = 30
	groups := rtptest.JPEGPackets(t, n)
	for name, bad := range map[string]func(i int) []*rtp.Packet{
		"nothing": func(i int) []*rtp.Packet { return soundPackets(i, []byte{}) },
		"rubbish": func(i int) []*rtp.Packet { return soundPackets(i, bytes.Repeat([]byte{0xFF, byte(i)}, 500)) },
		"enormous units": func(i int) []*rtp.Packet {
			return soundPackets(i, append([]byte{0, 16, 0xFF, 0xF8}, make([]byte, 1400)...))
		},
		"stopping and beginning": func(i int) []*rtp.Packet { return soundPackets(i, []byte{0, 16, 0, 8, 1})[:i/5%2] },
		"at times that leap": func(i int) []*rtp.Packet {
			p := soundPackets(i, []byte{0, 16, 0, 8, 1})
			p[0].Timestamp += uint32(i/4) * 987654321
			return p
		},
		"at one time": func(i int) []*rtp.Packet { p := soundPackets(i, []byte{0, 16, 0, 8, 1}); p[0].Timestamp = 7; return p },
		"a flood": func(i int) []*rtp.Packet {
			return soundPackets(i, bytes.Split(bytes.Repeat([]byte("\x00\x10\x00\x08x,"), 100), []byte(","))...)
		},
		"of many sources": func(i int) []*rtp.Packet {
			p := soundPackets(i, []byte{0, 16, 0, 8, 1})
			p[0].SSRC = uint32(i)
			return p
		},
		"another type": func(i int) []*rtp.Packet {
			p := soundPackets(i, []byte{0, 16, 0, 8, 1})
			p[0].PayloadType = 26
			return p
		},
		"ADTS of another rate": func(i int) []*rtp.Packet {
			return soundPackets(i, []byte{0xFF, 0xF1, 0x40 | byte(i%12)<<2, 0x40, 1, 0x1F, 0xFC, 1})
		},
		"nothing for long": func(int) []*rtp.Packet { return nil },
		"a clock that is 3 % fast": func(i int) []*rtp.Packet {
			p := soundPackets(i, []byte{0, 16, 0, 8, 1})
			p[0].Timestamp += uint32(i) * 31
			return p
		},
		"ADTS without channels": func(i int) []*rtp.Packet { return soundPackets(i, []byte{0xFF, 0xF1, 0x40, 0, 1, 0x1F, 0xFC, 1}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			camera := newTextCamera(t, camtest.RTSPTextOptions{SDP: crlf(besideSDP)})
			run := start(t, newSource(t, Options{URL: camera.URL("/cam")}))
			awaitRequest(t, camera, "PLAY", 1)
			var frames []media.Frame
			for i, group := range copied(groups) {
				for _, p := range bad(i) {
					if err := camera.SendOn(1, p); err != nil {
						t.Fatal(err)
					}
				}
				for _, p := range group {
					if err := camera.Send(p); err != nil {
						t.Fatal(err)
					}
				}
				frames = append(frames, run.next(t))
				for len(run.sounds) > 0 {
					<-run.sounds
				}
			}
			rtptest.WantNumbers(t, frames, rtptest.Span(0, n))
			if name == "a flood" {
				return // nothing is taken until all of it could have been heard
			}
			for i := range uint32(20) {
				p := soundPackets(n, []byte{0, 16, 0, 16, 0x7A, byte(i)})[0]
				p.SequenceNumber, p.Timestamp = uint16(20000+i), 1_000_000+i*1024
				if err := camera.SendOn(1, p); err != nil {
					t.Fatal(err)
				}
			}
			for f := run.nextSound(t); len(f.Data) != 2 || f.Data[0] != 0x7A; {
				f = run.nextSound(t)
			}
		})
	}
}

// soundPackets are packets of AAC with these payloads, of picture i.
func soundPackets(i int, payloads ...[]byte) (packets []*rtp.Packet) {
	for k, payload := range payloads {
		number := i*len(payloads) + k
		packets = append(packets, &rtp.Packet{Header: rtp.Header{Marker: true, PayloadType: 97, SequenceNumber: uint16(number), Timestamp: uint32(number) * 1024, SSRC: 5}, Payload: payload})
	}
	return packets
}

// TestSoundIsToldOfOnce, with its name and what is wrong.
func TestSoundIsToldOfOnce(t *testing.T) {
	sdp := sdpHead + sdpJPEG + "m=audio 0 RTP/AVP 97\na=rtpmap:97 MPEG4-GENERIC/16000\na=fmtp:97 config=zz\na=control:trackID=1\n"
	camera := newTextCamera(t, camtest.RTSPTextOptions{SDP: crlf(sdp)})
	var log bytes.Buffer
	s := newSource(t, Options{URL: camera.URL("/"), Log: slog.New(slog.NewTextHandler(&log, nil))})
	for i := range 2 {
		run := start(t, s)
		awaitRequest(t, camera, "PLAY", i+1)
		run.cancel()
		run.wait(t)
	}
	for _, want := range []string{"[audio MPEG4-GENERIC]", "not in hexadecimal digits"} {
		if n := strings.Count(log.String(), want); n != 1 {
			t.Errorf("%s: told %d times: %s", want, n, log.String())
		}
	}
}
