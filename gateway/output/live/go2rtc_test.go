package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// other is a client that speaks as go2rtc's players do.
type other struct{ *player }

func (s *site) dialGo2RTC() other { return other{s.dialAs("?dialect=go2rtc")} }

func (o other) ask(kind string, value any) {
	o.t.Helper()
	o.say(map[string]any{"type": kind, "value": value})
}

// next gives the next message: a text, or the bytes of another.
func (o other) next() (said go2rtcMessage, data []byte) {
	o.t.Helper()
	_ = o.conn.SetReadDeadline(time.Now().Add(soon))
	kind, b, err := o.conn.ReadMessage()
	if err != nil {
		o.t.Fatal(err)
	}
	if kind == websocket.BinaryMessage {
		return said, b
	}
	if err := json.Unmarshal(b, &said); err != nil {
		o.t.Fatalf("%s: %v", b, err)
	}
	return said, nil
}

// expect wants the next message to be a text that begins so.
func (o other) expect(kind, begins string) {
	o.t.Helper()
	if said, _ := o.next(); said.Type != kind || !strings.HasPrefix(said.Value, begins) {
		o.t.Fatalf("it is told %+v, want %s %s", said, kind, begins)
	}
}

// expectBox wants the next message to be MP4 that begins with this box.
func (o other) expectBox(name string) {
	o.t.Helper()
	if said, data := o.next(); len(data) < 8 || string(data[4:8]) != name {
		o.t.Fatalf("%+v, % x come, want %s", said, data[:min(len(data), 16)], name)
	}
}

// end reads to the end and gives the close code.
func (o other) end() int {
	o.t.Helper()
	for {
		_ = o.conn.SetReadDeadline(time.Now().Add(soon))
		_, _, err := o.conn.ReadMessage()
		if left := (*websocket.CloseError)(nil); errors.As(err, &left) {
			return left.Code
		} else if err != nil {
			o.t.Fatal(err)
		}
	}
}

// everything is what a browser's player lists.
const everything = "avc1.640029,avc1.64002A,avc1.640033,hvc1.1.6.L153.B0,mp4a.40.2,mp4a.40.5,flac,opus"

// TestGo2RTCPlayers has clients ask as go2rtc's players do, in all modes at once.
func TestGo2RTCPlayers(t *testing.T) {
	s := newSite(t, overTCP)
	camera := s.attach(own)
	frames := clip(t, 0, 20, 10, "")
	camera.Give(frames[0])

	o := s.dialGo2RTC()
	o.ask("webrtc/offer", strings.Repeat("v=0\r\n", 2000)) // which is longer than any message of ours
	o.expect("error", "webrtc/offer: there is no WebRTC here")
	o.ask("webrtc/candidate", "")
	o.ask("mse", everything)
	o.expect("mse", `video/mp4; codecs="avc1.`)
	o.expectBox("ftyp")
	o.expectBox("moof")
	camera.Give(frames[1])
	o.expectBox("moof")
	o.ask("hls", "avc1.640029")
	o.expect("error", "hls: ")
	camera.Give(frames[2])
	o.expectBox("moof")
	if form := s.hub.Watchers()[0].Form; form != DialectGo2RTC {
		t.Errorf("it is counted as %s", form)
	}

	pictures := s.dialGo2RTC()
	pictures.ask("mse", "vp09.00.10.08")
	pictures.expect("error", "mse: codecs not matched")
	pictures.ask("mjpeg", nil)
	s.attach(asJPEG).Give(picture(7))
	pictures.expect("mjpeg", "")
	if _, data := pictures.next(); string(data) != string(camtest.Picture(7, 64, 32)) {
		t.Errorf("%d bytes come that are not the picture", len(data))
	}
}

// TestGo2RTCPlayersHear has sound in the same file, where the player lists its codec.
func TestGo2RTCPlayersHear(t *testing.T) {
	s := newSite(t, overTCP)
	camera := s.attach(own)
	camera.Give(media.Frame{Format: aacFormat}, clip(t, 0, 20, 10, "")[0])
	o := s.dialGo2RTC()
	o.ask("mse", everything)
	told := make(chan go2rtcMessage)
	go func() { // ends with the message
		said, _ := o.next()
		told <- said
	}()
	for at := 0 * ms; ; at += 64 * ms {
		camera.Give(heard(aacFormat, at))
		select {
		case said := <-told:
			if said.Type != "mse" || !strings.HasPrefix(said.Value, `video/mp4; codecs="avc1.`) || !strings.HasSuffix(said.Value, `,mp4a.40.2"`) {
				t.Errorf("it is told %+v", said)
			}
			_, data := o.next()
			if got := tracks(t, data); got != "h264 aac" {
				t.Errorf("the file begins with %s", got)
			}
			return
		case <-time.After(ms):
		}
	}
}

// TestGo2RTCPlayersOffer has offers of WebRTC answered, in both ways of writing them, and
// refused in words.
func TestGo2RTCPlayersOffer(t *testing.T) {
	s := newSite(t, overTCP)
	s.attach(own)
	s.choice.Offer = func(_ context.Context, offer string) (string, error) {
		switch offer {
		case "away":
			return "", fmt.Errorf("asked: %w", &stream.SourceError{Err: errors.New("rtsp://user:secret@camera")})
		case "bad":
			return "", errors.New("bad offer")
		}
		return "answer of " + offer, nil
	}
	o := s.dialGo2RTC()
	o.ask("webrtc/offer", "one")
	o.expect("webrtc/answer", "answer of one")
	o.ask("webrtc/candidate", "candidate:1 1 udp 1 192.0.2.1 1 typ host")
	o.ask("webrtc/offer", "away")
	o.expect("error", "webrtc/offer: the camera gives no picture at the moment")
	o.ask("webrtc/offer", "bad")
	o.expect("error", "webrtc/offer: bad offer")
	o.ask("webrtc", description{"offer", "two"})
	_, b, err := o.conn.ReadMessage()
	if want := `{"type":"webrtc","value":{"type":"answer","sdp":"answer of two"}}`; err != nil || string(b) != want {
		t.Errorf("it is told %s, %v", b, err)
	}
	o.ask("webrtc/offer", "three")
	o.expect("error", "webrtc/offer: too many offers")
}

// TestGo2RTCPlayersBegin ends those whose camera sends another kind of pictures, and
// those who say nothing that is understood.
func TestGo2RTCPlayersBegin(t *testing.T) {
	s := newSite(t, overTCP)
	camera := s.attach(own)
	camera.Give(clip(t, 0, 20, 10, "")[0])
	for name, c := range map[string]struct {
		say  string
		code int
	}{
		"a text that is no JSON": {"mse", websocket.CloseInvalidFramePayloadData},
		"a long message":         {`{"type":"` + strings.Repeat("x", maxOffer) + `"}`, websocket.CloseMessageTooBig},
	} {
		o := s.dialGo2RTC()
		if err := o.conn.WriteMessage(websocket.TextMessage, []byte(c.say)); err != nil {
			t.Fatal(err)
		}
		if code := o.end(); code != c.code {
			t.Errorf("%s: closed with %d, want %d", name, code, c.code)
		}
	}
	o := s.dialGo2RTC()
	o.ask("mse", "avc1.640029")
	o.expect("mse", "video/mp4")
	o.expectBox("ftyp")
	o.expectBox("moof")
	other := *clip(t, 0, 20, 10, "")[0].Format
	other.Config = append([]byte(nil), other.Config...)
	other.Config[3]++ // another level
	next := clip(t, 0, 20, 10, "")[10]
	next.Format = &other
	camera.Give(next)
	if code := o.end(); code != websocket.CloseServiceRestart {
		t.Errorf("closed with %d", code)
	}
}
