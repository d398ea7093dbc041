package upload

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// headed gives a message with a head.
func headed(kind byte, at time.Duration, data []byte) []byte {
	b := []byte{kind, 0, 0, 0}
	b = binary.BigEndian.AppendUint64(b, uint64(at.Microseconds()))
	return append(b, data...)
}

// packetOf is a packet of Opus of 20 ms, in mono.
func packetOf(n int) []byte { return fmt.Appendf(nil, "\xF8 packet %d", n) }

// sounding is a publisher that sends sound, and who listens.
type sounding struct {
	t    *testing.T
	rig  *rig
	conn *websocket.Conn
	seq  uint64
	ear  *stream.Reader
}

func newSounding(t *testing.T, options Options) *sounding {
	t.Helper()
	g := newRig(t, options)
	s := &sounding{t: t, rig: g, conn: g.client("a").mustDial("phone/publish")}
	expectReply(t, s.conn, reply{Type: "hint"})
	ear, err := g.hub.Open(stream.Key{Camera: "phone"}, stream.ReadOptions{Sound: true, Sequential: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ear.Close)
	s.ear = ear
	return s
}

func (s *sounding) say(text string, want reply) {
	s.t.Helper()
	_ = s.conn.WriteMessage(websocket.TextMessage, []byte(text))
	expectReply(s.t, s.conn, want)
}

const wishForOpus = `{"type":"sound","codec":"opus","channels":1}`

// picture sends one with a head, and wants it to be taken.
func (s *sounding) picture(at time.Duration) {
	s.t.Helper()
	s.seq++
	_ = s.conn.WriteMessage(websocket.BinaryMessage, headed(messagePicture, at, camtest.Picture(int(s.seq), 64, 48)))
	expectReply(s.t, s.conn, reply{Type: "ack", Seq: s.seq})
}

func (s *sounding) sound(at time.Duration, packet []byte) {
	_ = s.conn.WriteMessage(websocket.BinaryMessage, headed(messageSound, at, packet))
}

// heard gives the sound that came since the last time.
func (s *sounding) heard() (frames []media.Frame) {
	s.t.Helper()
	for {
		ctx, cancel := context.WithTimeout(s.t.Context(), time.Millisecond)
		f, err := s.ear.Next(ctx)
		cancel()
		if err != nil {
			return frames
		}
		frames = append(frames, f)
	}
}

// shown gives the newest picture.
func (s *sounding) shown() media.Frame {
	s.t.Helper()
	f, ok := s.rig.hub.Newest(stream.Key{Camera: "phone"})
	if !ok {
		s.t.Fatal("there is no picture")
	}
	return f
}

// TestPublisherSendsSound: it arrives as it was sent, at the times that the
// publisher's clock says in relation to its pictures, however unevenly it comes.
func TestPublisherSendsSound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const zero = 7 * time.Hour // of its clock
		random := rand.New(rand.NewPCG(1, 2))
		s := newSounding(t, Options{})
		s.say(wishForOpus, reply{Type: "sound", Codec: "opus"})
		if f := s.rig.hub.Sounds(stream.Key{Camera: "phone"}).Format; f == nil || f.Codec != media.Opus || f.Channels != 1 {
			t.Fatalf("%+v is announced", f)
		}
		s.sound(zero-time.Second, packetOf(0)) // before there is a picture to go along with
		s.picture(zero)
		began := time.Now()
		var pictures []media.Frame
		for n := range 100 {
			at := time.Duration(n) * 20 * time.Millisecond
			time.Sleep(time.Until(began.Add(at + time.Duration(random.IntN(400))*time.Millisecond)))
			s.sound(zero+at, packetOf(n))
			if n%5 == 4 {
				s.picture(zero + at)
				pictures = append(pictures, s.shown())
			}
		}
		frames := s.heard()
		if len(frames) != 100 {
			t.Fatalf("%d packets of 100 were heard", len(frames))
		}
		for n, f := range frames {
			if !bytes.Equal(f.Data, packetOf(n)) || f.Format != frames[0].Format {
				t.Fatalf("packet %d is %q", n, f.Data)
			}
			if n%5 == 4 {
				if off := f.PTS - pictures[n/5].PTS; off.Abs() > time.Millisecond {
					t.Errorf("packet %d is heard %v after its picture is shown", n, off)
				}
			}
			if n > 50 && (f.PTS-frames[n-1].PTS-20*time.Millisecond).Abs() > time.Millisecond {
				t.Errorf("packet %d comes %v after the one before", n, f.PTS-frames[n-1].PTS)
			}
		}
		for n, f := range pictures {
			if early := f.Arrived.Sub(f.Wall); early < 0 || early > 500*time.Millisecond || n > 0 && !f.Wall.After(pictures[n-1].Wall) {
				t.Errorf("picture %d was taken %v before it came", n, early)
			}
		}
	})
}

// TestSoundThatIsTurnedOnAndOff, after pictures without heads and before others.
func TestSoundThatIsTurnedOnAndOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSounding(t, Options{})
		plain := func() {
			t.Helper()
			s.seq++
			_ = s.conn.WriteMessage(websocket.BinaryMessage, camtest.Picture(int(s.seq), 64, 48))
			expectReply(t, s.conn, reply{Type: "ack", Seq: s.seq})
		}
		var last time.Duration
		later := func(send func()) {
			t.Helper()
			time.Sleep(100 * time.Millisecond)
			send()
			if f := s.shown(); f.PTS <= last && last > 0 || f.PTS > last+200*time.Millisecond {
				t.Errorf("picture %d is at %v, after one at %v", s.seq, f.PTS, last)
			} else {
				last = f.PTS
			}
		}
		later(plain)
		later(plain)
		s.say(wishForOpus, reply{Type: "sound", Codec: "opus"})
		later(func() { s.picture(5 * time.Second) })
		s.sound(5*time.Second, packetOf(1))
		later(plain)
		s.say(`{"type":"sound","codec":""}`, reply{Type: "sound"})
		s.sound(5200*time.Millisecond, packetOf(2))
		later(func() { s.picture(5200 * time.Millisecond) })
		later(plain)
		s.say(wishForOpus, reply{Type: "sound", Codec: "opus"})
		s.sound(5400*time.Millisecond, packetOf(3))
		later(plain)
		frames := s.heard()
		if len(frames) != 2 || string(frames[0].Data) != string(packetOf(1)) || string(frames[1].Data) != string(packetOf(3)) {
			t.Errorf("%d packets are heard", len(frames))
		}
	})
}

// TestWishesForSoundThatAreRefused, and text that is none.
func TestWishesForSoundThatAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSounding(t, Options{})
		for text, want := range map[string]string{
			`{"type":"sound","codec":"mp3","channels":1}`:  `sound that cannot be used: sound is taken as opus, not as "mp3"`,
			`{"type":"sound","codec":"opus","channels":6}`: "sound that cannot be used: Opus in 6 channels; it is one or two",
			`{"type":"sound","codec":"opus"}`:              "sound that cannot be used: Opus in 0 channels; it is one or two",
		} {
			s.say(text, reply{Type: "sound", Message: want})
		}
		for _, text := range []string{"", "sound", `{"type":"hello"}`, `["sound"]`, `{"type":"sound","codec":7}`, strings.Repeat(" ", 2000) + wishForOpus} {
			_ = s.conn.WriteMessage(websocket.TextMessage, []byte(text))
		}
		_ = s.conn.WriteMessage(websocket.BinaryMessage, headed(messagePicture, 1, camtest.Picture(1, 64, 48)))
		expectReply(t, s.conn, reply{Type: "error", Seq: 1, Code: 415}) // nobody has asked for heads
		_ = s.conn.WriteMessage(websocket.BinaryMessage, camtest.Picture(1, 64, 48))
		expectReply(t, s.conn, reply{Type: "ack", Seq: 2})
	})
}

// TestSoundThatIsNotTaken is refused in words, and left out where that is said in the
// middle of it.
func TestSoundThatIsNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := true
		s := newSounding(t, Options{Silent: func(camera string) bool { return camera == "phone" && silent }})
		refused := reply{Type: "sound", Message: "no sound is taken of this camera"}
		s.say(wishForOpus, refused)
		_ = s.conn.WriteMessage(websocket.BinaryMessage, camtest.Picture(1, 64, 48))
		s.seq++
		expectReply(t, s.conn, reply{Type: "ack", Seq: s.seq})
		silent = false
		s.say(wishForOpus, reply{Type: "sound", Codec: "opus"})
		for n := range 3 {
			silent = n == 1
			at := time.Duration(n) * 20 * time.Millisecond
			s.sound(at, packetOf(n))
			s.picture(at)
		}
		s.say(`{"type":"sound","codec":""}`, reply{Type: "sound"})
		if frames := s.heard(); len(frames) != 2 || string(frames[0].Data) != string(packetOf(0)) || string(frames[1].Data) != string(packetOf(2)) {
			t.Errorf("%d packets are heard, want the first and the last of three", len(frames))
		}
	})
}

// TestBadSoundOfAPublisher costs no picture, and is told once.
func TestBadSoundOfAPublisher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := newSounding(t, Options{Log: slog.New(slog.NewTextHandler(&log, nil)), MaxFrameBytes: 10_000})
		s.say(wishForOpus, reply{Type: "sound", Codec: "opus"})
		s.picture(time.Second)
		bad := map[string][]byte{
			"nothing":          headed(messageSound, time.Second, nil),
			"no frames":        headed(messageSound, time.Second, []byte{0xFB, 0}),
			"three seconds":    headed(messageSound, time.Second, []byte{0xFB, 48}),
			"too large":        headed(messageSound, time.Second, append([]byte{0xFB, 6}, make([]byte, 7700)...)),
			"a head cut off":   {messageSound, 0, 0, 0, 1},
			"a head of 1":      append([]byte{messageSound, 1}, headed(messageSound, 0, packetOf(1))[2:]...),
			"of the year 2100": headed(messageSound, 130*365*24*time.Hour, packetOf(1)),
		}
		for name, message := range bad {
			_ = s.conn.WriteMessage(websocket.BinaryMessage, message)
			s.picture(time.Second)
			if frames := s.heard(); len(frames) > 0 {
				t.Errorf("%s: %d packets are heard", name, len(frames))
			}
		}
		if s.rig.hub.Sounds(stream.Key{Camera: "phone"}).Trouble == nil {
			t.Error("the stream is not told")
		}
		s.sound(1100*time.Millisecond, packetOf(1))
		s.sound(500*time.Millisecond, packetOf(2)) // heard already
		s.picture(1200 * time.Millisecond)
		if frames := s.heard(); len(frames) != 1 {
			t.Errorf("%d packets are heard at last", len(frames))
		}
		if stats := s.rig.handler.Stats(); stats.Refused != uint64(len(bad)) || strings.Count(log.String(), "left out") != 1 {
			t.Errorf("%d were refused; log %s", stats.Refused, log.String())
		}
		_ = s.conn.WriteMessage(websocket.BinaryMessage, []byte{messagePicture, 0})
		expectReply(t, s.conn, reply{Type: "error", Seq: s.seq + 1, Code: 422})
	})
}

// TestPublisherClock: what comes fastest was not on its way, two clocks drift, and a
// publisher's may leap.
func TestPublisherClock(t *testing.T) {
	start := time.Now()
	var c publisherClock
	at := func(its, arrived time.Duration) time.Duration { return c.at(its, start.Add(arrived), arrived) }
	for _, step := range []struct{ its, arrived, want time.Duration }{
		{1000 * time.Second, time.Second, time.Second},
		{1001 * time.Second, 2500 * time.Millisecond, 2*time.Second + 150*time.Microsecond}, // late
		{1002 * time.Second, 2900 * time.Millisecond, 2900 * time.Millisecond},              // the fastest
		{1003 * time.Second, 3900 * time.Millisecond, 3900 * time.Millisecond},
		{10 * time.Second, 5 * time.Second, 5 * time.Second}, // leaps back
		{11 * time.Second, 6 * time.Second, 6 * time.Second},
		{9000 * time.Second, 7 * time.Second, 7 * time.Second}, // leaps ahead
	} {
		if got := at(step.its, step.arrived); got != step.want {
			t.Errorf("%v that came at %v is at %v, want %v", step.its, step.arrived, got, step.want)
		}
	}
	c = publisherClock{}
	for n := range 100_000 { // a day, and a clock that is slower by 50 parts in a million
		arrived := time.Duration(n) * time.Second
		if got := at(arrived-arrived/20_000, arrived); arrived-got > 10*time.Millisecond {
			t.Fatalf("after %v it is behind by %v", arrived, arrived-got)
		}
	}
}

// FuzzMessages: whatever a publisher says and sends after it was granted sound, of what
// is taken for a packet its stream gets no more than is allowed, of the format that was
// granted last, and in order.
func FuzzMessages(f *testing.F) {
	for _, message := range [][]byte{nil, {messageSound}, {0xFF, 0xD8, 0xFF}, headed(messageSound, time.Second, nil),
		headed(messageSound, time.Second, packetOf(1)), headed(messagePicture, time.Second, camtest.Picture(1, 32, 16)),
		headed(messageSound, latestTime*time.Microsecond+1, packetOf(1)), {messageSound, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}} {
		f.Add([]byte(wishForOpus), message)
	}
	f.Add([]byte(`{"type":"sound","codec":"opus","channels":3}`), headed(messageSound, 0, packetOf(1)))
	f.Add([]byte(`{"type":"sound","codec":""}`), headed(messageSound, 0, packetOf(1)))
	h := New(nil, nil, Options{})
	f.Fuzz(func(t *testing.T, text, message []byte) {
		var granted *media.Format
		last := time.Duration(-1)
		in := h.newIntake(func(f media.Frame) {
			if f.Format.Codec.Kind() != media.Audio {
				return
			}
			if granted = f.Format; len(f.Data) == 0 {
				return // announced
			}
			if len(f.Data) > largestPacket || f.PTS < last || !bytes.HasSuffix(message, f.Data) {
				t.Errorf("%d bytes of %v behind %v", len(f.Data), f.PTS, last)
			}
			last = f.PTS
		})
		s := &socket{handler: h}
		in.grant(wish{Type: "sound", Codec: "opus", Channels: 1})
		s.publish(1, in, headed(messagePicture, time.Second, camtest.Picture(1, 32, 16)))
		if w, ok := readWish(text); ok {
			answer := in.grant(w)
			if granted == nil || answer.Codec != "" && (answer.Codec != "opus" || granted.Channels != w.Channels) {
				t.Errorf("%q is answered by %+v, and %v", text, answer, granted)
			}
		}
		kind, at, data, err := in.readHead(bytes.Clone(message))
		if err == nil && (kind != messagePicture && kind != messageSound || at < noTime || at > latestTime*time.Microsecond || !bytes.HasSuffix(message, data)) {
			t.Errorf("%x is of kind %d at %v, %v", message, kind, at, err)
		}
		for seq := range uint64(3) {
			if answer := s.publish(seq, in, bytes.Clone(message)); (answer.Type == "") != (kind == messageSound) {
				t.Errorf("of kind %d, answered %+v", kind, answer)
			}
		}
	})
}
