package rtspin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
	"go.uber.org/goleak"

	"framegate/gateway/camtest"
	"framegate/gateway/input/rtspcam/rtptest"
	"framegate/gateway/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// describe describes tracks, each by its line m= and what stands behind that.
func describe(tracks ...string) []byte {
	text := "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
	for n, track := range tracks {
		text += strings.ReplaceAll(track, "|", "\r\n") + fmt.Sprintf("\r\na=control:streamid=%d\r\n", n)
	}
	return []byte(text)
}

const (
	jpegs  = "m=video 0 RTP/AVP 26"
	h264   = "m=video 0 RTP/AVP 96|a=rtpmap:96 H264/90000|a=fmtp:96 packetization-mode=1"
	h265   = "m=video 0 RTP/AVP 96|a=rtpmap:96 H265/90000"
	vp8    = "m=video 0 RTP/AVP 97|a=rtpmap:97 VP8/90000"
	pcma   = "m=audio 0 RTP/AVP 8"
	opus   = "m=audio 0 RTP/AVP 98|a=rtpmap:98 opus/48000/2"
	aac    = "m=audio 0 RTP/AVP 99|a=rtpmap:99 MPEG4-GENERIC/48000/2|a=fmtp:99 profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1190"
	vorbis = "m=audio 0 RTP/AVP 100|a=rtpmap:100 vorbis/48000/2|a=fmtp:100 configuration=AAAA"
)

// options are those of these tests.
func options(hit func(string)) Options {
	return Options{MaxFrameBytes: 1 << 20, Lets: func(*media.Frame) bool { return true }, Limited: hit}
}

// TestWhatIsTaken of what is announced: the first video and the first sound that are
// known.
func TestWhatIsTaken(t *testing.T) {
	for _, c := range []struct {
		tracks []string
		takes  string // of each track what is taken
	}{
		{[]string{h264}, "h264"},
		{[]string{h265, aac}, "h265 aac"},
		{[]string{opus, jpegs, pcma}, "opus jpeg -"},
		{[]string{vp8, h264, h265}, "- h264 -"},
		{[]string{jpegs, vorbis, pcma}, "jpeg - pcma"},
		{[]string{vp8}, ""}, {[]string{pcma}, ""}, {nil, ""},
		{[]string{strings.Replace(h264, "mode=1", "mode=2", 1)}, ""},
		{slices.Repeat([]string{h264}, maxTracks+1), ""},
	} {
		s, err := New(describe(c.tracks...), options(nil))
		if (err != nil) != (c.takes == "") || err != nil && !errors.Is(err, ErrNotTaken) {
			t.Errorf("%q: %v", c.tracks, err)
		}
		if err != nil {
			continue
		}
		var takes []string
		for n, track := range s.tracks {
			switch {
			case track.video != nil:
				takes = append(takes, track.video.Codec.String())
			case track.sound != nil:
				takes = append(takes, track.sound.Format.Codec.String())
			default:
				takes = append(takes, "-")
			}
			for _, address := range []string{"rtsp://h/front/streamid=%d", "rtsp://h/front?link=x/streamid=%d", "streamid=%d"} {
				if got := s.Track(fmt.Sprintf(address, n)); got != n {
					t.Errorf("%s is track %d, not %d", address, got, n)
				}
			}
		}
		if got := strings.Join(takes, " "); got != c.takes {
			t.Errorf("%q: taken is %s", c.tracks, got)
		}
		if n := s.Track("rtsp://h/front/streamid=9"); n != -1 {
			t.Errorf("a track that is not there is %d", n)
		}
	}
	if _, err := New([]byte("<html>"), options(nil)); !errors.Is(err, ErrNotTaken) {
		t.Errorf("of a page: %v", err)
	}
}

// run runs a source, and gives what it emits.
func run(t *testing.T, s *Source) (frames chan media.Frame, ended chan error, end context.CancelFunc) {
	t.Helper()
	frames, ended = make(chan media.Frame, 1000), make(chan error, 1)
	begun := make(chan struct{})
	ctx, end := context.WithCancel(t.Context())
	go func() { ended <- s.Run(ctx, func(f media.Frame) { frames <- f }, func() { close(begun) }) }() // ends with ctx
	select {
	case <-begun:
	case <-time.After(30 * time.Second):
		t.Fatal("it does not begin")
	}
	return frames, ended, end
}

// bytesOf gives packets as they come.
func bytesOf(t *testing.T, packets []*rtp.Packet, kind uint8) (all [][]byte) {
	t.Helper()
	for _, p := range packets {
		p.Version, p.PayloadType = 2, kind
		b, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}

// TestPicturesAndSoundComeOut in order; what comes before and behind the run, and what
// is no packet, is passed over.
func TestPicturesAndSoundComeOut(t *testing.T) {
	s, err := New(describe(jpegs, pcma, vp8), options(func(limit string) { t.Errorf("limit %s", limit) }))
	if err != nil {
		t.Fatal(err)
	}
	s.Order(0)
	s.Order(1)
	groups := rtptest.JPEGPackets(t, 10)
	s.Packet(0, false, bytesOf(t, groups[0], 26)[0])
	frames, ended, end := run(t, s)
	if f := <-frames; f.Format.Codec != media.PCMA || len(f.Data) > 0 {
		t.Errorf("the sound is announced by %+v", f)
	}
	sound := &rtp.Packet{Header: rtp.Header{SequenceNumber: 7, Timestamp: 1000}, Payload: make([]byte, 160)}
	for _, group := range groups {
		for _, b := range bytesOf(t, group, 26) {
			s.Packet(0, false, b)
		}
		s.Packet(2, false, []byte("of a track that is not taken"))
		s.Packet(0, true, []byte("no report"))
		s.Packet(1, false, bytesOf(t, []*rtp.Packet{sound}, 8)[0])
		sound.SequenceNumber, sound.Timestamp = sound.SequenceNumber+1, sound.Timestamp+160
	}
	var numbers []int
	heard := 0
	for len(numbers) < len(groups) { // of which the last is kept back for a moment
		select {
		case f := <-frames:
			if f.Format.Codec == media.PCMA {
				heard++
				continue
			}
			number, err := camtest.ReadJPEGNumber(f.Data)
			if err != nil {
				t.Fatal(err)
			}
			numbers = append(numbers, number)
		case <-time.After(30 * time.Second):
			t.Fatalf("only %v come", numbers)
		}
	}
	if !slices.Equal(numbers, rtptest.Span(0, 10)) || heard == 0 {
		t.Errorf("pictures %v, and %d of sound", numbers, heard)
	}
	end()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("it ends with %v", err)
	}
	came := len(frames)
	for _, group := range groups {
		s.Packet(0, false, bytesOf(t, group, 26)[0])
	}
	if len(frames) > came {
		t.Error("a frame comes behind the end")
	}
}

// FuzzNew holds that whatever is announced is taken or refused.
func FuzzNew(f *testing.F) {
	f.Add(describe(h264, aac))
	f.Add(describe(h265, opus, vorbis, pcma, jpegs, vp8))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := New(text, options(nil))
		if (s == nil) == (err == nil) {
			t.Errorf("%v, %v", s, err)
		}
	})
}
