package live

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"framegate/gateway/camtest"
	"framegate/gateway/delivery"
	"framegate/gateway/media"
	"framegate/gateway/mp4"
	"framegate/gateway/output/live/wire"
	"framegate/gateway/stream"
)

// aacFormat is 16 kHz in one channel, whose frames last 64 ms.
var (
	aacFormat  = must(media.AACFormat([]byte{0x14, 0x08}))
	opusFormat = must(media.OpusFormat(1))
	pcmuFormat = must(media.G711Format(media.PCMU, 8000, 1))
)

func must(f *media.Format, err error) *media.Format {
	if err != nil {
		panic(err)
	}
	return f
}

const ms = time.Millisecond

// heard is a frame of sound, whose data say when it is to be heard.
func heard(f *media.Format, at time.Duration) media.Frame {
	data := fmt.Appendf(nil, "%s %d", f.Codec, at.Milliseconds())
	switch f.Codec {
	case media.Opus:
		data = append([]byte{0x08}, data...) // a frame of 20 ms
	case media.PCMU:
		data = append(data, make([]byte, 160-len(data))...)
	}
	return media.Frame{Format: f, PTS: at, Data: data}
}

// fragment is one of sound, as a player reads it.
type fragment struct {
	at        float64 // seconds on the timeline
	durations []int
	data      []string
}

// readFragment reads one of sound at a rate, at the places that are documented.
func readFragment(t *testing.T, m *payload, rate int) fragment {
	t.Helper()
	b := m.Data
	f := fragment{at: float64(binary.BigEndian.Uint64(b[60:])) / float64(rate)}
	n := int(binary.BigEndian.Uint32(b[80:]))
	data := b[m.Offset:]
	for i := range n {
		f.durations = append(f.durations, int(binary.BigEndian.Uint32(b[88+8*i:])))
		size := binary.BigEndian.Uint32(b[92+8*i:])
		f.data = append(f.data, string(data[:size]))
		data = data[size:]
	}
	if len(data) != 0 {
		t.Fatalf("%d bytes behind the last frame", len(data))
	}
	return f
}

// listen has a player ask for sound, and waits until that was heard. What comes
// meanwhile of pictures is lost.
func (p *player) listen(codecs ...string) {
	p.t.Helper()
	p.say(map[string]any{"type": "sound", "codecs": append([]string{}, codecs...)})
	for range 2 { // what was asked before the first answer may be done after it
		p.say(map[string]any{"type": "ping", "c": 1})
		for answered := false; !answered; {
			m, b, err := p.receive()
			if err != nil {
				p.t.Fatal(err)
			}
			if b != nil {
				continue
			}
			if answered = m.Type == "pong"; !answered {
				p.texts = append(p.texts, *m)
			}
		}
	}
}

// sounds gives the next binary messages of sound until there are n frames of it.
func (p *player) sounds(n int) (all []*payload) {
	p.t.Helper()
	for n > 0 {
		if m := p.payload(); m.Kind > 2 {
			all = append(all, m)
			if m.Kind == 4 {
				n -= int(binary.BigEndian.Uint32(m.Data[80:]))
			}
		}
	}
	return all
}

// TestSoundOnWish: nothing of it without a wish, then what it is, its init segment,
// and with each picture what is heard until then; and after silence is wished for
// nothing again.
func TestSoundOnWish(t *testing.T) {
	s := newSite(t, overTCP)
	cam := s.attach(own)
	frames := clip(t, 0, 60, 10, "")
	cam.Give(media.Frame{Format: aacFormat}, frames[0])
	p := s.watch("h264")
	if !p.text("hello").Sound {
		t.Error("the hello does not say that there is sound")
	}
	cam.Give(heard(aacFormat, 0), frames[1])
	for p.frame().Seq < 2 {
	}
	p.listen("opus", "aac")
	cam.Give(heard(aacFormat, 64*ms), frames[2], heard(aacFormat, 128*ms), frames[3], frames[4])
	got := p.sounds(3)
	m := p.text("sound")
	if m.Codec != "aac" || m.MIME != `audio/mp4; codecs="mp4a.40.2"` || m.Rate != 16000 || m.Channels != 1 || m.Message != "" {
		t.Errorf("told of the sound: %+v", m)
	}
	if got[0].Kind != 3 || !bytes.Equal(got[0].Data[4:8], []byte("ftyp")) || got[0].Epoch != 1 {
		t.Errorf("the first message of sound is of kind %d, %q", got[0].Kind, got[0].Data[:16])
	}
	var data []string
	for _, m := range got[1:] {
		f := readFragment(t, m, 16000)
		data = append(data, f.data...)
	}
	if got, want := fmt.Sprint(data), "[aac 0 aac 64 aac 128]"; got != want {
		t.Errorf("heard %s, want %s", got, want)
	}

	p.listen()
	if m := p.text("sound"); m.Codec != "" || m.Message != "" {
		t.Errorf("after silence was wished for: %+v", m)
	}
	cam.Give(heard(aacFormat, 192*ms), frames[5], frames[6])
	for {
		m := p.payload()
		if m.Kind > 2 {
			t.Fatal("sound that nobody wants")
		}
		if m.Seq == 7 {
			break
		}
	}
}

// TestHearersShareSound: what stands before it is each one's own, and its bytes are in
// memory that all share, which costs none of them an allocation.
func TestHearersShareSound(t *testing.T) {
	s := newSite(t, overTCP)
	cam := s.attach(own)
	frames := clip(t, 0, 60, 10, "")
	var viewers []*viewer
	for range 12 {
		reader, err := s.hub.Open(own, stream.ReadOptions{Sound: true})
		if err != nil {
			t.Fatal(err)
		}
		v := &viewer{handler: s.live, dialect: DialectFramegate, toldState: stateMessage{Camera: "online"}}
		if _, err := v.track.begin(&s.live.shapes, 1, frames[0].Format, nil); err != nil {
			t.Fatal(err)
		}
		v.sound.wanted, v.sound.along = []media.Codec{media.Opus}, stream.NewCompanion(reader)
		defer v.sound.along.Close()
		viewers = append(viewers, v)
	}
	pictures, err := s.hub.Open(own, stream.ReadOptions{Sequential: true})
	if err != nil {
		t.Fatal(err)
	}
	defer pictures.Close()
	// message gives what goes out to a viewer with a picture.
	message := func(v *viewer, f *media.Frame) delivery.Message {
		m, ok := v.Message(f)
		if !ok {
			t.Fatal("no message")
		}
		v.Written()
		return m
	}
	allocated := 0.0
	for n, f := range frames {
		cam.Give(heard(opusFormat, f.PTS-20*ms), heard(opusFormat, f.PTS), f)
		f, err := pictures.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			for _, v := range viewers {
				message(v, &f) // with which goes out what sound it is
			}
			continue
		}
		one, two := message(viewers[0], &f), message(viewers[1], &f)
		if len(one.End) == 0 || &one.End[0] != &two.End[0] || len(one.End) != len(two.End) {
			t.Fatalf("picture %d: %d and %d bytes of sound, which are not the same", n, len(one.End), len(two.End))
		}
		if want := wire.HeadSize + mp4.SoundHeadSize(2); len(one.Tail) < want || len(one.Tail) > want+maxOpening {
			t.Fatalf("picture %d: %d bytes stand before its sound, want %d and a few", n, len(one.Tail), want)
		}
		next := 2
		allocated += testing.AllocsPerRun(9, func() { message(viewers[next], &f); next++ })
	}
	if most := float64(len(frames)) / 2; allocated > most { // a pool forgets some, where races are looked for
		t.Errorf("%v allocations for each who comes next, with %d pictures", allocated, len(frames))
	}
}

// TestSoundAndPicturesHaveOneTimeline.
func TestSoundAndPicturesHaveOneTimeline(t *testing.T) {
	s := newSite(t, overTCP)
	cam := s.attach(own)
	frames := clip(t, 0, 60, 10, "")
	cam.Give(media.Frame{Format: aacFormat}, frames[0])
	p := s.watch("h264")
	p.frame()
	p.listen("aac")
	sound := 0 * ms
	for _, f := range frames[1:] {
		for ; sound <= f.PTS; sound += 64 * ms {
			cam.Give(heard(aacFormat, sound))
		}
		cam.Give(f)
		time.Sleep(2 * ms) // so that nothing is skipped
	}
	shown, from := make(map[time.Duration]float64), 0
	for seq := uint64(1); seq < uint64(len(frames)); {
		m := p.payload()
		switch m.Kind {
		case 2:
			seq = m.Seq
			shown[frames[seq-1].PTS] = float64(binary.BigEndian.Uint64(m.Data[60:])) / 90000
		case 4:
			f := readFragment(t, m, 16000)
			var at int
			fmt.Sscanf(f.data[0], "aac %d", &at)
			pts := (time.Duration(at) * ms).Truncate(40 * ms)
			if picture, ok := shown[pts]; ok {
				from++
				if away := f.at - picture - (time.Duration(at)*ms - pts).Seconds(); away > 0.045 || away < -0.045 {
					t.Errorf("sound of %d ms is %.3f s away from its picture", at, away)
				}
			}
		}
	}
	if from < 20 {
		t.Errorf("%d fragments of sound were compared", from)
	}
}

// TestSoundInAnotherCodec is read as a rendition, and a wish that cannot be
// fulfilled is answered in words.
func TestSoundInAnotherCodec(t *testing.T) {
	s := newSite(t, overTCP)
	cam := s.attach(own)
	frames := clip(t, 0, 60, 10, "")
	cam.Give(media.Frame{Format: pcmuFormat}, frames[0])
	opus := s.attach(asOpus)
	p := s.watch("h264")
	p.frame()
	p.listen("opus")
	at := 0 * ms
	step := func(n int) {
		f := heard(opusFormat, at)
		f.Run = 1 // of the camera, the first
		cam.Give(heard(pcmuFormat, at), frames[n])
		opus.Give(f)
		at += 20 * ms
	}
	for n := 1; n < 6; n++ {
		step(n)
	}
	waitFor(t, "the rendition to be read", func() bool {
		for _, stat := range s.hub.Stats() {
			if stat.Key == asOpus && stat.Readers > 0 {
				return true
			}
		}
		return false
	})
	for n := 6; n < 20; n++ {
		step(n)
	}
	got := p.sounds(3)
	if m := p.text("sound"); m.Codec != "opus" || m.MIME != `audio/mp4; codecs="opus"` || m.Rate != 48000 {
		t.Errorf("told of the sound: %+v", m)
	}
	if f := readFragment(t, got[1], 48000); !strings.Contains(f.data[0], "opus") || f.durations[0] < 900 || f.durations[0] > 1020 {
		t.Errorf("heard %q for %v", f.data, f.durations)
	}

	q := s.watch("h264")
	q.frame()
	q.listen("vorbis")
	if m := q.text("sound"); m.Codec != "" {
		t.Errorf("of a codec that nobody knows: %+v", m)
	}
}

// TestCameraWithoutSound says so, once it is asked.
func TestCameraWithoutSound(t *testing.T) {
	for name, choice := range map[string]Choice{noSound: choice, soundOff: {Own: own, H264: asH264, JPEG: asJPEG}} {
		s := newSite(t, overTCP)
		s.choice = choice
		cam := s.attach(own)
		cam.Give(clip(t, 0, 60, 10, "")[0])
		p := s.watch("h264")
		if p.text("hello").Sound {
			t.Errorf("%s: the hello says that there is sound", name)
		}
		p.listen("aac")
		if m := p.text("sound"); m.Codec != "" || m.Message != name {
			t.Errorf("told %+v, want %q", m, name)
		}
		if stream.LifeOf(cam.Context()).SoundTrouble(errors.New("of another kind")); name == noSound {
			p.listen("aac")
			if m := p.text("sound"); m.Message != leftOut {
				t.Errorf("told %+v, want %q", m, leftOut)
			}
		}
	}
}

// TestSoundWithoutPicturesComes while they are away, as it does of a camera that is
// slow.
func TestSoundWithoutPicturesComes(t *testing.T) {
	s := newSite(t, overTCP)
	cam := s.attach(own)
	cam.Give(media.Frame{Format: aacFormat}, clip(t, 0, 60, 10, "")[0])
	p := s.watch("h264")
	p.frame()
	p.listen("aac")
	for at := 0 * ms; at < 2000*ms; at += 64 * ms {
		cam.Give(heard(aacFormat, at))
	}
	p.sounds(25)
}

// TestSoundOfJPEGs: they have no fragments, and the sound has a timeline all the same.
func TestSoundOfJPEGs(t *testing.T) {
	s := newSite(t, overTCP)
	cam := s.attach(own)
	shot := func(n int) media.Frame {
		f := picture(n)
		f.PTS = time.Duration(n) * 100 * ms
		return f
	}
	cam.Give(media.Frame{Format: aacFormat}, shot(0))
	p := s.watch("jpeg")
	p.frame()
	p.listen("aac")
	var all []*payload // of sound
	sound := 0 * ms
	for n := 1; n < 10; n++ {
		for ; sound <= time.Duration(n)*100*ms; sound += 64 * ms {
			cam.Give(heard(aacFormat, sound))
		}
		cam.Give(shot(n))
		m := p.payload()
		for ; m.Kind != wire.KindFrame; m = p.payload() {
			all = append(all, m)
		}
		numbered(t, m, n) // before there is another, for which it would be left out
	}
	if len(all) < 8 {
		t.Errorf("%d messages of sound come", len(all))
	}
	next := 0.0
	for _, m := range all {
		if m.Kind != 4 {
			continue
		}
		f := readFragment(t, m, 16000)
		if next > 0 && (f.at < next-0.001 || f.at > next+0.001) {
			t.Errorf("sound begins at %v, and the one before ends at %v", f.at, next)
		}
		next = f.at
		for _, d := range f.durations {
			next += float64(d) / 16000
		}
		var at int64
		fmt.Sscanf(f.data[0], "aac %d", &at)
		if at > 100 { // the first follow from the first picture alone
			if late := m.Wall.UnixMilli() - at; late <= 0 {
				t.Errorf("sound of %d ms has no time of its own: %v", at, m.Wall)
			}
		}
	}
}

// tracks gives what ffprobe finds in a file, in the order of their kinds.
func tracks(t *testing.T, b []byte) string {
	t.Helper()
	var all struct {
		Streams []struct {
			Codec   string `json:"codec_name"`
			Packets string `json:"nb_read_packets"`
		}
	}
	if err := json.Unmarshal(camtest.Output(t, b, "ffprobe", "-v", "fatal", "-count_packets", "-show_streams", "-of", "json", "pipe:0"), &all); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range all.Streams {
		names = append(names, s.Codec)
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(b, a) }) // pictures are called h
	return strings.Join(names, " ")
}

// TestMP4WithSound: a track beside the pictures, unless it is not wanted or there is
// none, over each kind of connection.
func TestMP4WithSound(t *testing.T) {
	camtest.Need(t, "ffprobe")
	for _, test := range []struct {
		query, want string
		format      *media.Format
		status      int
	}{
		{"", "h264 aac", aacFormat, 200},
		{"?sound=auto", "h264 aac", aacFormat, 200},
		{"?sound=aac", "h264 aac", aacFormat, 200},
		{"?sound=off", "h264", aacFormat, 200},
		{"", "h264", nil, 200},
		{"?sound=loud", "", aacFormat, http.StatusTeapot},
	} {
		s := newSiteOf(t, overTCP, Choice{Own: own, H264: asH264, AAC: asAAC, Opus: asOpus})
		cam := s.attach(own)
		frames := clip(t, 0, 60, 10, "")
		if test.format != nil {
			cam.Give(media.Frame{Format: test.format})
		}
		cam.Give(frames[0])
		ctx, cancel := context.WithTimeout(t.Context(), soon)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, "GET", s.server.URL+"/live/front.mp4"+test.query, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := s.server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != test.status {
			t.Errorf("%s: status %d, want %d", test.query, response.StatusCode, test.status)
		}
		if test.status != 200 {
			response.Body.Close()
			continue
		}
		done := make(chan []byte)
		go func() { // ends with the response
			b, _ := io.ReadAll(response.Body)
			done <- b
		}()
		waitFor(t, "a viewer", func() bool { return s.hub.Viewers("front") == 1 })
		readers := 1
		if strings.Contains(test.want, "aac") {
			readers = 2
		}
		waitFor(t, "its readers", func() bool { return s.hub.Stats()[0].Readers >= readers })
		sound := 0 * ms
		for _, f := range frames[1:] {
			for ; test.format != nil && sound <= f.PTS; sound += 64 * ms {
				cam.Give(heard(test.format, sound))
			}
			cam.Give(f)
			time.Sleep(2 * ms) // so that nothing is skipped
		}
		s.revoke()
		if got := tracks(t, <-done); got != test.want {
			t.Errorf("%q of sound %v: ffprobe finds %q, want %q", test.query, test.format != nil, got, test.want)
		}
	}
}

// TestBareSocketWithSound: fragments of both in one row, where the query asks for it.
func TestBareSocketWithSound(t *testing.T) {
	s := newSite(t, overTCP)
	cam := s.attach(own)
	frames := clip(t, 0, 60, 10, "")
	cam.Give(media.Frame{Format: aacFormat}, frames[0])
	for query, want := range map[string]string{"?sound=auto": "h264 aac", "": "h264"} {
		conn, _, err := s.dialer().Dial(s.url(query), nil)
		if err != nil {
			t.Fatal(err)
		}
		var all []byte
		done := make(chan struct{})
		go func() { // ends with the connection
			defer close(done)
			for {
				kind, b, err := conn.ReadMessage()
				if err != nil {
					return
				}
				if kind == websocket.BinaryMessage {
					all = append(all, b...)
				}
			}
		}()
		waitFor(t, "its reader", func() bool { return s.hub.Viewers("front") == 1 })
		sound := 0 * ms
		for n := range frames[1:] {
			f := frames[1+n]
			for ; sound <= f.PTS; sound += 64 * ms {
				cam.Give(heard(aacFormat, sound))
			}
			cam.Give(f)
			time.Sleep(2 * ms)
		}
		conn.Close()
		<-done
		if got := tracks(t, all); got != want {
			t.Errorf("%q: ffprobe finds %q, want %q", query, got, want)
		}
		waitFor(t, "its end", func() bool { return s.hub.Viewers("front") == 0 })
		cam.Leave()
		cam = s.attach(own)
		cam.Give(media.Frame{Format: aacFormat}, frames[0])
	}
}

// TestSoundThatBeginsLaterIsTold to who watches already, so that a player can offer
// it.
func TestSoundThatBeginsLaterIsTold(t *testing.T) {
	t.Parallel()
	for _, start := range []func(*httptest.Server){overTCP, overTLS} { // with the pump, and without
		s := newSite(t, start)
		cam := s.attach(own)
		frames := clip(t, 0, 60, 10, "")
		cam.Give(frames[0])
		p := s.watch("h264")
		if p.text("hello").Sound || p.text("state").Sound {
			t.Error("there is sound before there is")
		}
		cam.Give(media.Frame{Format: aacFormat})
		began := time.Now()
		for _, f := range frames[1:] {
			cam.Give(f)
			if time.Since(began) > soundLook+200*ms {
				break
			}
			time.Sleep(40 * ms) // as a camera does
		}
		if m := p.text("state"); !m.Sound || m.Camera != "online" {
			t.Errorf("told %+v", m)
		}
	}
}
