package rtspserver

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4"

	"framegate/gateway/camtest"
	"framegate/gateway/input/rtspcam/rtptest"
	"framegate/gateway/input/rtspcam/rtpvideo"
	"framegate/gateway/media"
)

// frameOf makes a frame of a JPEG, 25 a second.
func frameOf(t testing.TB, picture []byte, n int) media.Frame {
	t.Helper()
	f, err := media.JPEGFrame(picture, nil)
	if err != nil {
		t.Fatal(err)
	}
	f.PTS = time.Duration(n) * 40 * time.Millisecond
	return f
}

// jpegOf reads a JPEG that another room keeps for its tests.
func jpegOf(t testing.TB, parts ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(append([]string{"..", ".."}, parts...)...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// quality gives a picture of a size with other tables of quantization.
func quality(t testing.TB, n, width, height, quality int) []byte {
	t.Helper()
	picture, err := jpeg.Decode(bytes.NewReader(camtest.Picture(n, width, height)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// received gives what our own camera's side makes of packets, and nil for nothing.
func received(t *testing.T, packets []byte) (got []byte) {
	t.Helper()
	r := rtpvideo.New(rtpvideo.Options{
		Emit:  func(f media.Frame, _ time.Time) { got = f.Data },
		First: func() {}, Ended: func() {}, Fail: func(err error) { t.Error(err) },
		Markers: new(rtpvideo.Markers), MaxFrameBytes: 16 << 20,
	})
	r.Begin(rtpvideo.Stream{Codec: media.JPEG, PayloadType: payloadJPEG, Ordered: true})
	all := packetsOf(t, packets)
	for i, p := range all {
		if p.Marker != (i == len(all)-1) {
			t.Errorf("packet %d of %d says that it is the last, or does not", i, len(all))
		}
		r.Packet(p, time.Now())
	}
	next := *all[0] // by which whoever does not know our markers yet knows that the picture is whole
	next.SequenceNumber, next.Timestamp = all[len(all)-1].SequenceNumber+1, next.Timestamp+3600
	r.Packet(&next, time.Now())
	r.End()
	return got
}

// TestJPEGsArriveAsTheyWent: what our own camera's side makes of the packets has the
// same tables and the same scan.
func TestJPEGsArriveAsTheyWent(t *testing.T) {
	for name, picture := range map[string][]byte{
		"4:2:0":                      jpegOf(t, "media", "testdata", "yuv420.jpg"),
		"4:2:2":                      jpegOf(t, "media", "testdata", "yuv422.jpg"),
		"4:2:0 with restarts":        jpegOf(t, "media", "testdata", "restart.jpg"),
		"4:2:2 with restarts":        jpegOf(t, "input", "rtspcam", "rtpvideo", "testdata", "restart422-1.jpg"),
		"of many packets":            quality(t, 3, 1920, 1080, 95),
		"as large as can be":         quality(t, 3, 2040, 2040, 50),
		"with another file's tables": quality(t, 3, 8, 8, 10),
	} {
		f := frameOf(t, picture, 0)
		p := newPacker(f.Format, 0)
		if err := p.takes(&f); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := received(t, p.appendFrame(nil, &f, time.Second))
		if got == nil {
			t.Errorf("%s: nothing arrives", name)
			continue
		}
		want, is := cut(t, picture), cut(t, got)
		if want != is {
			t.Errorf("%s: %d bytes arrive as %d that are others", name, len(want), len(is))
		}
	}
}

// cut gives all that packets carry of a JPEG as one text.
func cut(t *testing.T, picture []byte) string {
	kind, width, height, restart, tables, scan := rtptest.CutJPEG(t, picture)
	return fmt.Sprint(kind, width, height, restart, tables, scan)
}

// TestJPEGsThatCannotBeCarried are refused in words.
func TestJPEGsThatCannotBeCarried(t *testing.T) {
	for name, words := range map[string]string{
		"progressive.jpg": "not baseline", "gray.jpg": "4:2:0 nor 4:2:2", "yuv444.jpg": "4:2:0 nor 4:2:2", "yuv440.jpg": "4:2:0 nor 4:2:2",
		"yuv411.jpg": "4:2:0 nor 4:2:2", "optimized.jpg": "Huffman",
	} {
		s := newSite(t, nil)
		camera := s.attach(own)
		camera.Give(frameOf(t, jpegOf(t, "media", "testdata", name), 0))
		if a := s.dial().ask("DESCRIBE", s.url("&codec=jpeg")); a.status != 406 || !strings.Contains(a.body, words) {
			t.Errorf("%s: %d %q", name, a.status, a.body)
		}
	}
	for name, size := range map[string][2]int{"no multiple of 8": {100, 96}, "too large": {2048, 96}} {
		_, err := readJPEG(quality(t, 1, size[0], size[1], 50))
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%dx%d", size[0], size[1])) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := newSite(t, nil)
	camera := s.attach(own)
	camera.Give(pictures(format264(t), 0, 1, 10)...)
	if a := s.dial().ask("DESCRIBE", s.url("&codec=jpeg")); a.status != 406 || !strings.Contains(a.body, "the camera sends h264") {
		t.Errorf("of a camera that sends H.264: %d %q", a.status, a.body)
	}
}

// TestJPEGsComeOneByOne: each is there before there is another, as gortsplib's client
// makes it, also with other tables; one of another size ends the session.
func TestJPEGsComeOneByOne(t *testing.T) {
	for name, transport := range map[string]gortsplib.Transport{"TCP": gortsplib.TransportTCP, "UDP": gortsplib.TransportUDP} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil)
			camera := s.attach(own)
			camera.Give(frameOf(t, quality(t, 0, 320, 240, 70), 0))
			p := s.play(s.url("&codec=jpeg"), transport)
			for n := range 30 {
				picture := quality(t, n, 320, 240, 70-2*n)
				if n > 0 { // which it begins with
					camera.Give(frameOf(t, picture, n))
				}
				got := next(t, fmt.Sprintf("picture %d", n), p.pictures)[0]
				if is, err := camtest.ReadJPEGNumber(got); err != nil || is != n {
					t.Fatalf("picture %d comes as %d, %v", n, is, err)
				}
			}
			camera.Give(frameOf(t, quality(t, 31, 160, 120, 70), 31))
			ended := make(chan error, 1)
			go func() { ended <- p.client.Wait() }() // ends with the client
			next(t, "the end", ended)
		})
	}
}

// FuzzJPEG holds that whatever is taken arrives at our own camera's side as it went.
func FuzzJPEG(f *testing.F) {
	for _, name := range []string{"yuv420.jpg", "yuv422.jpg", "restart.jpg", "optimized.jpg", "progressive.jpg"} {
		f.Add(jpegOf(f, "media", "testdata", name))
	}
	format := &media.Format{Codec: media.JPEG, Width: 96, Height: 64}
	f.Fuzz(func(t *testing.T, b []byte) {
		frame := media.Frame{Key: true, Format: format, Data: b}
		p := newPacker(format, 0)
		if p.takes(&frame) != nil || len(p.jpeg.scan) == 0 {
			return
		}
		whole, err := media.JPEGFrame(b, nil)
		if err != nil || len(whole.Data) != len(b) {
			return // the hub has none that are not whole
		}
		got, err := readJPEG(received(t, p.appendFrame(nil, &frame, 0)))
		if err != nil || !bytes.Equal(got.scan, p.jpeg.scan) || got.kind != p.jpeg.kind || got.width != p.jpeg.width || got.height != p.jpeg.height ||
			got.restart != p.jpeg.restart || !bytes.Equal(got.tables[0], p.jpeg.tables[0]) || !bytes.Equal(got.tables[1], p.jpeg.tables[1]) {
			t.Errorf("%x arrives otherwise, %v", b, err)
		}
	})
}
