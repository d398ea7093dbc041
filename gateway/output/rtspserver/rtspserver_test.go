package rtspserver

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/format"

	"framegate/gateway/delivery"
	"framegate/gateway/httplimit"
	"framegate/gateway/media"
	"framegate/gateway/output/rtppack"
	"framegate/gateway/stream"
)

// TestNothingIsHeldBack: each picture comes before there is another, over TCP and
// over UDP, of both codecs, as it was, with the parameter sets before keyframes.
func TestNothingIsHeldBack(t *testing.T) {
	hevc, err := media.H265Format(vps265, sps265, pps265)
	if err != nil {
		t.Fatal(err)
	}
	for name, transport := range map[string]gortsplib.Transport{"TCP": gortsplib.TransportTCP, "UDP": gortsplib.TransportUDP} {
		for _, f := range []*media.Format{format264(t), hevc} {
			t.Run(name+" "+f.Codec.String(), func(t *testing.T) {
				s := newSite(t, nil)
				camera := s.attach(own)
				camera.Give(pictures(f, 0, 1, 10)...)
				p := s.play(s.url(""), transport)
				for n := range 50 {
					frame := pictures(f, n, 1, 10+100*n)[0]
					if n > 0 { // which it begins with
						camera.Give(frame)
					}
					units := next(t, fmt.Sprintf("picture %d", n), p.pictures)
					if got := numberOf(units); got != n {
						t.Fatalf("picture %d comes as %d", n, got)
					}
					vps, sps, pps := f.ParameterSets()
					want := [][]byte(nil)
					if frame.Key {
						want = slices.Concat(vps, sps, pps)
					}
					if want = append(want, unitsOf(frame)...); !slices.EqualFunc(units, want, bytes.Equal) {
						t.Fatalf("picture %d is of %d units, want %d", n, len(units), len(want))
					}
				}
				select {
				case lost := <-p.lost:
					t.Errorf("%d packets are lost", lost)
				default:
				}
			})
		}
	}
}

// unitsOf gives the units of a frame.
func unitsOf(f media.Frame) (units [][]byte) {
	for d := f.Data; len(d) > 4; {
		n := int(d[0])<<24 | int(d[1])<<16 | int(d[2])<<8 | int(d[3])
		units = append(units, d[4:4+n])
		d = d[4+n:]
	}
	return units
}

// sounds are what cameras send.
func sounds(t *testing.T) []*media.Format {
	t.Helper()
	aac, err := media.AACFormat([]byte{0x11, 0x90}) // LC, 48 kHz, stereo
	if err != nil {
		t.Fatal(err)
	}
	opus, err := media.OpusFormat(2)
	if err != nil {
		t.Fatal(err)
	}
	pcma, err := media.G711Format(media.PCMA, 8000, 1)
	if err != nil {
		t.Fatal(err)
	}
	pcmu, err := media.G711Format(media.PCMU, 16000, 1)
	if err != nil {
		t.Fatal(err)
	}
	return []*media.Format{aac, opus, pcma, pcmu}
}

// TestSoundComesInStep: reports give pictures and sound of one time the same moment,
// which is when they were taken.
func TestSoundComesInStep(t *testing.T) {
	for _, sound := range sounds(t) {
		t.Run(sound.Codec.String(), func(t *testing.T) {
			s := newSite(t, nil)
			camera := s.attach(own)
			f := format264(t)
			taken := time.Date(2026, 1, 2, 3, 4, 5, 250_000_000, time.UTC)
			wall := func(f media.Frame) media.Frame { f.Wall = taken.Add(f.PTS); return f }
			camera.Give(media.Frame{Format: sound}, wall(pictures(f, 0, 1, 10)[0]))
			p := s.play(s.url(""), gortsplib.TransportTCP)
			data := []byte{0xFC, 1, 2, 3, 4, 5, 6, 7} // of Opus a packet of 20 ms
			units := next(t, "the picture", p.pictures)
			if numberOf(units) != 0 {
				t.Fatalf("it begins with %d", numberOf(units))
			}
			camera.Give(media.Frame{Format: sound, PTS: 50 * time.Millisecond, Data: data}, wall(pictures(f, 1, 1, 10)[0]), wall(pictures(f, 2, 1, 10)[0]))
			packet := next(t, "the sound", p.packets)
			if !bytes.HasSuffix(packet.Payload, data) {
				t.Errorf("sound comes as %x", packet.Payload)
			}
			ofPictures, ofSound := next(t, "a report", p.reports[0]), next(t, "a report", p.reports[1])
			if ofPictures.NTPTime != ofSound.NTPTime || ofPictures.NTPTime>>32 != uint64(taken.Unix()+2208988800) {
				t.Errorf("reports are of %x and %x", ofPictures.NTPTime, ofSound.NTPTime)
			}
			if part := float64(uint32(ofPictures.NTPTime)) / (1 << 32); part < 0.249 || part > 0.251 {
				t.Errorf("the moment has %v of a second", part)
			}
			rate := p.session.Medias[1].Formats[0].ClockRate()
			after := time.Duration(int32(packet.Timestamp-ofSound.RTPTime)) * time.Second / time.Duration(rate)
			if after < 49*time.Millisecond || after > 51*time.Millisecond {
				t.Errorf("the sound of 50 ms after the picture is %v after it", after)
			}
			if got := p.session.Medias[1].Formats[0].Codec(); !strings.EqualFold(strings.ReplaceAll(got, "-", ""), described4(sound)) {
				t.Errorf("%s is described as %s", sound.Codec, got)
			}
		})
	}
}

func described4(f *media.Format) string {
	return map[media.Codec]string{media.AAC: "MPEG4 Audio", media.Opus: "Opus", media.PCMA: "G711", media.PCMU: "G711"}[f.Codec]
}

// TestJPEGsComeAsH264: of a camera that sends JPEGs it is the rendition.
func TestJPEGsComeAsH264(t *testing.T) {
	s := newSite(t, nil)
	s.attach(own).Give(media.Frame{Key: true, Format: &media.Format{Codec: media.JPEG, Width: 8, Height: 8}, Data: []byte{1}})
	encoded := s.attach(asH264)
	f := format264(t)
	encoded.Give(pictures(f, 0, 1, 10)...)
	p := s.play(s.url("&width=640"), gortsplib.TransportTCP)
	if n := numberOf(next(t, "a picture", p.pictures)); n != 0 {
		t.Errorf("picture %d comes", n)
	}
	sets := p.session.Medias[0].Formats[0].(*format.H264)
	if !bytes.Equal(sets.SPS, sps264) || !bytes.Equal(sets.PPS, pps264) {
		t.Error("it is described with other parameter sets")
	}
}

// TestItBeginsWithTheNextKeyframe, but of slow cameras, and for who wants to, with
// the newest.
func TestItBeginsWithTheNextKeyframe(t *testing.T) {
	s := newSite(t, nil)
	camera := s.attach(own)
	f := format264(t)
	n := 0
	for fps := 0.0; fps < slowRate; _, fps = s.hub.Sends(own) {
		camera.Give(pictures(f, n, 1, 10)...)
		time.Sleep(2 * time.Millisecond) // the rate is measured
		n++
	}
	camera.Give(pictures(f, n, 1, 10)...)
	newest := n / 10 * 10
	if n++; n%10 == 1 { // the newest is a keyframe
		camera.Give(pictures(f, n, 1, 10)...)
		n++
	}
	usual, soonest := s.play(s.url(""), gortsplib.TransportTCP), s.play(s.url("&start=gop"), gortsplib.TransportTCP)
	for got := newest; got < n; got++ {
		if is := numberOf(next(t, fmt.Sprintf("picture %d up to %d", got, n-1), soonest.pictures)); is != got {
			t.Fatalf("who wants to begins with %d, of %d", is, got)
		}
	}
	for len(usual.pictures) == 0 {
		camera.Give(pictures(f, n, 1, 10)...)
		time.Sleep(time.Millisecond) // the client has to read it
		n++
	}
	if is := numberOf(next(t, "a picture", usual.pictures)); is%10 != 0 || is <= newest {
		t.Errorf("others begin with %d, where the keyframe before they came is %d", is, newest)
	}
}

// TestACameraComesBack: a viewer sees it again, at later times, and ends where it is
// another then.
func TestACameraComesBack(t *testing.T) {
	s := newSite(t, nil)
	camera := s.attach(own)
	camera.Give(pictures(format264(t), 0, 1, 10)...)
	p := s.play(s.url(""), gortsplib.TransportTCP)
	next(t, "a picture", p.pictures)
	camera.Leave()
	camera = s.attach(own)
	camera.Give(pictures(format264(t), 20, 1, 10)...)
	if n := numberOf(next(t, "a picture", p.pictures)); n != 20 {
		t.Errorf("picture %d comes", n)
	}
	other, err := media.H264Format(sps264, append(bytes.Clone(pps264), 0x55))
	if err != nil {
		t.Fatal(err)
	}
	camera.Give(pictures(other, 30, 1, 10)...)
	ended := make(chan error, 1)
	go func() { ended <- p.client.Wait() }()
	if err := next(t, "the end", ended); err == nil {
		t.Error("it ends without an error")
	}
	if len(p.pictures) > 0 {
		t.Error("pictures come that are others than was described")
	}
}

// TestASlowViewerSkips to the newest keyframe, and slows nobody; one that takes
// nothing is cut.
func TestASlowViewerSkips(t *testing.T) {
	s := newSite(t, func(o *Options) { o.Patience = 2 * time.Second })
	camera := s.attach(own)
	f := format264(t)
	camera.Give(pictures(f, 0, 1, 10)...)
	slow := s.dial()
	slow.begin(s.url(""))
	p := s.play(s.url(""), gortsplib.TransportTCP)
	next(t, "a picture", p.pictures)
	for n := 1; n < 200; n++ {
		camera.Give(pictures(f, n, 1, 100_000)...)
		if got := numberOf(next(t, "a picture", p.pictures)); got != n {
			t.Fatalf("picture %d comes to who takes all, of %d", got, n)
		}
	}
	if hit := next(t, "the limit", s.hits); hit != delivery.LimitViewerPatience {
		t.Errorf("limit %s is hit", hit)
	}
	slow.gone("who takes nothing")
	late := s.dial()
	late.begin(s.url(""))
	camera.Give(pictures(f, 200, 1, 100_000)...)
	late.numbers(200)
	camera.Give(pictures(f, 201, 40, 100_000)...)
	numbers := late.numbers(240)
	if !slices.IsSorted(numbers) || len(numbers) >= 40 || numbers[len(numbers)-1] != 240 {
		t.Errorf("who was late sees %v", numbers)
	}
}

// begin plays by hand, within the connection.
func (k *talker) begin(address string) {
	k.t.Helper()
	for _, q := range [][]string{{"DESCRIBE", address}, {"SETUP", strings.Replace(address, "?", "/trackID=0?", 1), "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"}, {"PLAY", address}} {
		if a := k.ask(q[0], q[1], q[2:]...); a.status != 200 {
			k.t.Fatalf("%v: %+v", q, a)
		}
	}
}

// numbers reads packets until the picture with a number, and gives those of all.
func (k *talker) numbers(last int) (all []int) {
	k.t.Helper()
	for {
		b, err := k.reader.Peek(4)
		if err != nil {
			k.t.Fatalf("%v come, then %v", all, err)
		}
		n := 4 + int(b[2])<<8 + int(b[3])
		packet := make([]byte, n)
		if _, err := io.ReadFull(k.reader, packet); err != nil {
			k.t.Fatal(err)
		}
		payload := packet[4+rtppack.HeadBytes:]
		const fuA, start, end = 28, 0x80, 0x40
		if packet[1] == 0 && payload[0]&31 == fuA && payload[1]&start != 0 {
			number := numberOf([][]byte{append([]byte{0x41}, payload[2:]...)})
			all = append(all, number)
		}
		if packet[1] != 0 || payload[0]&31 != fuA {
			continue
		}
		if number := all[len(all)-1]; payload[len(payload)-1] != filler(number) {
			k.t.Fatalf("picture %d has bytes of another", number)
		} else if payload[1]&end != 0 && number == last {
			return all
		}
	}
}

// TestWhoIsNotLetIn is told what to bring, and the connection ends after some wrong
// tries.
func TestWhoIsNotLetIn(t *testing.T) {
	s := newSite(t, nil)
	s.attach(own).Give(pictures(format264(t), 0, 1, 10)...)
	k := s.dial()
	bad := "rtsp://" + s.address + "/front"
	for method, headers := range map[string][]string{"DESCRIBE": nil, "SETUP": {"Transport: RTP/AVP/TCP;interleaved=0-1"}} {
		if a := k.ask(method, bad, headers...); a.status != 401 || a.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %+v", method, a)
		}
	}
	for method, status := range map[string]int{"PLAY": 455, "PAUSE": 455, "OPTIONS": 200, "RECORD": 455, "ANNOUNCE": 501, "GET_PARAMETER": 200} {
		if a := k.ask(method, bad); a.status != status {
			t.Errorf("%s: %+v", method, a)
		}
	}
	if a := k.ask("DESCRIBE", "rtsp://"+s.address+"/absent?link=good"); a.status != 404 {
		t.Errorf("a camera that is not there: %+v", a)
	}
	if a := k.ask("DESCRIBE", s.url(""), "Session: another"); a.status != 454 {
		t.Errorf("somebody else's session: %+v", a)
	}
	for n := range maxRefused {
		if a := k.ask("DESCRIBE", bad, "Authorization: Basic eDp5"); a.status != 401 {
			t.Errorf("try %d: %+v", n, a)
		}
	}
	k.gone("who guesses")
	if n := s.hub.Viewers(own.Camera); n != 0 {
		t.Errorf("%d viewers are counted", n)
	}
}

// TestWhoPausesGoesOnWithAKeyframe, and who leaves is told so.
func TestWhoPausesGoesOnWithAKeyframe(t *testing.T) {
	s := newSite(t, nil)
	camera := s.attach(own)
	f := format264(t)
	camera.Give(pictures(f, 0, 1, 2000)...)
	k := s.dial()
	k.begin(s.url(""))
	camera.Give(pictures(f, 1, 2, 2000)...)
	if got := k.numbers(2); !slices.Equal(got, []int{0, 1, 2}) {
		t.Errorf("first come %v", got)
	}
	if a := k.ask("PAUSE", s.url("")); a.status != 200 {
		t.Fatalf("%+v", a)
	}
	camera.Give(pictures(f, 12, 4, 2000)...)
	if a := k.ask("PLAY", s.url("")); a.status != 200 {
		t.Fatalf("%+v", a)
	}
	camera.Give(pictures(f, 16, 6, 2000)...)
	if got := k.numbers(21); !slices.Equal(got, []int{20, 21}) {
		t.Errorf("then come %v", got)
	}
	if a := k.ask("TEARDOWN", s.url("")); a.status != 200 {
		t.Errorf("%+v", a)
	}
	k.gone("who leaves")
}

// TestAViewerEnds with its permission, and with the server, and is counted as long as
// it is there, by its form.
func TestAViewerEnds(t *testing.T) {
	s := newSite(t, nil)
	camera := s.attach(own)
	camera.Give(pictures(format264(t), 0, 1, 10)...)
	described, plays := s.dial(), s.dial()
	if a := described.ask("DESCRIBE", s.url("")); a.status != 200 {
		t.Fatalf("%+v", a)
	}
	plays.begin(s.url(""))
	byUDP := s.beginUDP()
	watchers := s.hub.Watchers()
	if len(watchers) != 3 || watchers[0].Form != Form || watchers[1].Form != Form || watchers[2].Form != FormUDP {
		t.Errorf("viewers are %+v", watchers)
	}
	camera.Give(pictures(format264(t), 1, 9, 10)...)
	s.until("the counts of each form", func() bool {
		forms := s.hub.Forms()
		return len(forms) == 2 && forms[0].Form == Form && forms[0].Viewers == 2 && forms[0].Frames >= 9 && forms[1].Viewers == 1 && forms[1].Frames >= 9
	})
	s.end(stream.ErrEnded)
	described.gone("who was described the camera")
	plays.gone("who plays")
	byUDP.gone("who plays by UDP")
	s.server.Close()
	if n := s.hub.Viewers(own.Camera); n != 0 {
		t.Errorf("%d viewers are counted at the end", n)
	}
}

// TestWhoAsksForNoEnd is cut: a request without an end, a large one, a flood of those
// whose answers are not taken, and connections beyond the room.
func TestWhoAsksForNoEnd(t *testing.T) {
	room := 3
	s := newSite(t, func(o *Options) {
		o.HeadTime, o.Idle, o.Patience = 100*time.Millisecond, 100*time.Millisecond, time.Second
		o.Room = func() httplimit.Room { return httplimit.Room{All: 1000, PerAddress: room} }
	})
	s.attach(own).Give(pictures(format264(t), 0, 1, 10)...)
	for name, c := range map[string]struct{ says, limit string }{
		"nothing":             {"", httplimit.LimitIdleTimeout},
		"half a request":      {"OPTIONS * RTSP/1.0\r\nCSeq", httplimit.LimitHeaderTimeout},
		"a request too large": {"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nA: " + strings.Repeat("a", 1<<16), httplimit.LimitHeaderBytes},
		"a body too large":    {"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 4294967295\r\n\r\n", httplimit.LimitHeaderBytes},
	} {
		k := s.dial()
		_, _ = k.conn.Write([]byte(c.says)) // the other end may be gone
		k.gone(name)
		if hit := next(t, name, s.hits); hit != c.limit {
			t.Errorf("%s: limit %s", name, hit)
		}
	}
	for name, says := range map[string]string{
		"HTTP": "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "no number": "OPTIONS * RTSP/1.0\r\n\r\n", "no address": "DESCRIBE http://x/ RTSP/1.0\r\nCSeq: 1\r\n\r\n",
	} {
		k := s.dial()
		_, _ = k.conn.Write([]byte(says)) // the other end may be gone
		k.gone(name)
	}
	held := make([]*talker, room)
	for i := range held {
		held[i] = s.dial()
	}
	if beyond, err := net.Dial("tcp", s.address); err == nil { // it may be closed already
		defer beyond.Close()
	}
	for hit := ""; hit != httplimit.LimitConnectionsPerAddress; {
		hit = next(t, "the limit", s.hits)
	}
}

// TestAFloodOfQuestions whose answers are not taken ends.
func TestAFloodOfQuestions(t *testing.T) {
	s := newSite(t, nil)
	camera := s.attach(own)
	camera.Give(pictures(format264(t), 0, 1, 10)...)
	k := s.dial()
	k.begin(s.url(""))
	question := []byte(strings.Repeat("OPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\n", 1000))
	for {
		_ = k.conn.SetWriteDeadline(time.Now().Add(soon)) // of a connection that is open it cannot fail
		if _, err := k.conn.Write(question); err != nil {
			failed, ok := err.(net.Error)
			if errors.Is(err, net.ErrClosed) || ok && failed.Timeout() {
				t.Errorf("it goes on: %v", err)
			}
			return
		}
	}
}
