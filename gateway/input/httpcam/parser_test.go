package httpcam

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
)

// parse gives copies of all pictures that a parser finds in what r reads.
func parse(r io.Reader, maxPicture int) ([]picture, error) {
	p := &parser{maxPicture: maxPicture}
	var found []picture
	for {
		pic, err := p.next()
		if err != nil {
			return found, err
		}
		if pic.jpeg != nil {
			found = append(found, picture{bytes.Clone(pic.jpeg), pic.taken})
			continue
		}
		if n, err := p.fill(r); n == 0 && err != nil {
			if pic := p.finish(); pic.jpeg != nil {
				found = append(found, picture{bytes.Clone(pic.jpeg), pic.taken})
			}
			return found, p.noPicture(err)
		}
	}
}

// chopped reads a body in pieces of random lengths.
type chopped struct {
	rest   []byte
	random *rand.Rand
}

func (c *chopped) Read(b []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, c.rest[:min(len(c.rest), 1+c.random.IntN(700))])
	c.rest = c.rest[n:]
	return n, nil
}

// checkSplits fails unless the parser finds the same pictures, and ends for
// the same kind of reason, however the body is cut into reads.
func checkSplits(t *testing.T, body []byte, maxPicture int) []picture {
	t.Helper()
	want, wantErr := parse(bytes.NewReader(body), maxPicture)
	splits := map[string]io.Reader{
		"single bytes": iotest.OneByteReader(bytes.NewReader(body)),
		"halves":       iotest.HalfReader(bytes.NewReader(body)),
		"data and EOF": iotest.DataErrReader(bytes.NewReader(body)),
	}
	for seed := range uint64(3) {
		splits["random "+string('a'+rune(seed))] = &chopped{body, rand.New(rand.NewPCG(seed, uint64(len(body))))}
	}
	for name, r := range splits {
		got, err := parse(r, maxPicture)
		same := func(a, b picture) bool { return bytes.Equal(a.jpeg, b.jpeg) && a.taken.Equal(b.taken) }
		if !slices.EqualFunc(got, want, same) {
			t.Errorf("%s: %d pictures, all at once %d", name, len(got), len(want))
		}
		if errors.Is(err, io.EOF) != errors.Is(wantErr, io.EOF) {
			t.Errorf("%s: ended with %v, all at once with %v", name, err, wantErr)
		}
	}
	return want
}

func TestSamePicturesForEverySplit(t *testing.T) {
	for _, v := range variants {
		t.Run(v.name, func(t *testing.T) {
			found := checkSplits(t, v.body(4), 1<<20)
			if len(found) != 4 {
				t.Fatalf("found %d pictures of 4", len(found))
			}
			for n, pic := range found {
				if !bytes.Equal(pic.jpeg, v.take(n)) {
					t.Errorf("picture %d is not what was sent", n)
				}
			}
		})
	}
}

// TestVariantsInARow plays two variants in one body, as after a camera's settings
// were changed, and wants no more than that no picture is lost for good.
func TestVariantsInARow(t *testing.T) {
	for i, v := range variants {
		w := variants[(i+7)%len(variants)]
		found := checkSplits(t, append(v.body(2), w.body(3)...), 1<<20)
		last := w.take(2)
		if len(found) == 0 || !bytes.Equal(found[len(found)-1].jpeg, last) {
			t.Errorf("%s, then %s: the last picture is lost", v.name, w.name)
		}
	}
}

func FuzzParser(f *testing.F) {
	for _, v := range variants {
		if v.picture == nil {
			f.Add(v.body(2))
		}
	}
	f.Add([]byte("#EXTM3U\n"))
	f.Add([]byte("<html>"))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, pic := range checkSplits(t, body, 4<<10) {
			if _, err := media.JPEGFrame(pic.jpeg, nil); err != nil {
				t.Errorf("found a picture that is none: %v", err)
			}
		}
	})
}

// TestBodiesWithoutPictures checks what a parser says of what it cannot take.
func TestBodiesWithoutPictures(t *testing.T) {
	huge := slices.Concat([]byte{0xFF, 0xD8, 0xFF, 0xC0, 0, 17, 8, 0xFF, 0xFF, 0xFF, 0xFF, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1}, make([]byte, 279))
	for _, c := range []struct {
		name, body, want string
		is               error
	}{
		{name: "nothing", want: "EOF"},
		{name: "HTML", body: "\xef\xbb\xbf \r\n<!DOCTYPE html>" + strings.Repeat("x", 1<<17), is: errHTML},
		{name: "HTML in single line", body: "<html>" + strings.Repeat("x", 1<<17), is: errHTML},
		{name: "HLS", body: "#EXTM3U\n#EXT-X-VERSION:3\n", is: errHLS},
		{name: "endless line", body: "--frame\r\nContent-Type: " + strings.Repeat("x", 1<<20), want: "a line of more than 8192 bytes"},
		{name: "endless headers", body: "--frame\r\n" + strings.Repeat("X-Header: value\r\n", 1<<16), want: "more than 16384 bytes of headers"},
		{name: "endless zeros", body: strings.Repeat("\x00", 300<<10), want: "no picture in"},
		{name: "endless part of text", body: "--frame-frame\r\nContent-Type: text/plain\r\n\r\n" + strings.Repeat("text\r\n", 1<<16), want: "no picture in"},
		{name: "picture without end", body: string(camtest.Picture(1, 64, 32)[:600]) + strings.Repeat("\x01", 300<<10), want: "picture of more than 100000 bytes"},
		{name: "picture that is too large", body: string(camtest.PictureOfSize(1, 64, 32, 100_001)), want: "picture of more than 100000 bytes"},
		{name: "65535x65535 in 300 bytes", body: "--frame\r\n\r\n" + string(huge), want: "65535x65535", is: media.ErrTooManyPixels},
		{name: "the same for ever", body: strings.Repeat("--frame\r\n\r\n"+string(huge), 100), want: "30 bad pictures in a row", is: media.ErrTooManyPixels},
		{name: "the same without parts", body: strings.Repeat(string(huge), 100), want: "30 bad pictures in a row", is: media.ErrTooManyPixels},
		{name: "cut off by the end", body: string(camtest.Picture(1, 64, 32)[:600]), want: "cut off", is: media.ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			if found := checkSplits(t, []byte(c.body), 100_000); len(found) > 0 {
				t.Errorf("found %d pictures", len(found))
			}
			_, err := parse(strings.NewReader(c.body), 100_000)
			if c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("ended with: %v", err)
			}
		})
	}
}

// TestMemoryFollowsWhatArrives: what a peer says is not what is allocated.
func TestMemoryFollowsWhatArrives(t *testing.T) {
	p := &parser{maxPicture: 8 << 20}
	body := strings.NewReader("--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 2000000000\r\n\r\n\xff\xd8\xff\xfe\xff\xff" + strings.Repeat("x", 60_000))
	for {
		if _, err := p.next(); err != nil {
			t.Fatal(err)
		}
		if n, err := p.fill(body); n == 0 && err != nil {
			break
		}
	}
	if cap(p.buf) > 256<<10 {
		t.Errorf("buffer of %d bytes for 60000 that arrived", cap(p.buf))
	}
}

// TestBadPicturesAmongGoodOnes are no reason to end.
func TestBadPicturesAmongGoodOnes(t *testing.T) {
	var body bytes.Buffer
	for n := range 40 {
		for range maxBadInARow - 1 {
			body.WriteString("--frame\r\n\r\n\xff\xd8\xff\xd8\r\n")
		}
		body.WriteString("--frame\r\n\r\n")
		body.Write(camtest.Picture(n, 64, 32))
		body.WriteString("\r\n")
	}
	if found := checkSplits(t, body.Bytes(), 1<<20); len(found) != 40 {
		t.Errorf("found %d pictures of 40", len(found))
	}
}

func TestTimestamps(t *testing.T) {
	for text, want := range map[string]time.Time{
		"1700000000.123456":     time.Unix(1700000000, 123456000),
		"1700000000":            time.Unix(1700000000, 0),
		"1700000000.5":          time.Unix(1700000000, 500000000),
		"0.000000":              {},
		"-1.5":                  {},
		"1700000000.-1":         {},
		"1700000000.1234567891": {},
		"yesterday":             {},
		"":                      {},
	} {
		if got := parseTimestamp([]byte(text)); !got.Equal(want) {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// BenchmarkParser measures all that is done to a frame between the socket and
// the stream, the copy included, with parts that tell their length and without.
func BenchmarkParser(b *testing.B) {
	picture := noisyPicture(b, 75_000)
	for name, header := range map[string]string{"length": "Content-Length: 75000\r\n", "no length": ""} {
		part := slices.Concat([]byte("--frame-boundary\r\nContent-Type: image/jpeg\r\n"+header+"X-Timestamp: 1700000000.123456\r\n\r\n"), picture, []byte("\r\n"))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(part)))
			b.ReportAllocs()
			body, emitted := &endless{part: part}, 0
			p := &parser{maxPicture: 8 << 20}
			r := run{source: new(Source), emit: func(media.Frame) { emitted++ }}
			for b.Loop() {
				for before := emitted; emitted == before; {
					pic, err := p.next()
					if err != nil {
						b.Fatal(err)
					}
					if pic.jpeg == nil {
						p.fill(body)
						continue
					}
					r.show(pic, time.Time{})
				}
			}
		})
	}
}

// noisyPicture is a JPEG of exactly size bytes, nearly all of them
// entropy-coded, as of a real scene.
func noisyPicture(tb testing.TB, size int) []byte {
	img := image.NewGray(image.Rect(0, 0, 480, 340))
	random := rand.New(rand.NewPCG(1, 2))
	for i := range img.Pix {
		img.Pix[i] = byte(random.Uint32())
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 55}); err != nil {
		tb.Fatal(err)
	}
	return camtest.PadTo(b.Bytes(), size)
}

// endless reads the same part again and again, in pieces as of a socket.
type endless struct {
	part []byte
	at   int
}

func (e *endless) Read(b []byte) (int, error) {
	n := copy(b[:min(len(b), 32<<10)], e.part[e.at:])
	e.at = (e.at + n) % len(e.part)
	return n, nil
}
