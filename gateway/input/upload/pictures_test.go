package upload

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
)

// readPictures gives what a body comes to: each picture as describe has it,
// and what is wrong with each bad one and at the end.
func readPictures(body io.Reader, maxBytes int, describe func([]byte) string) (got []string) {
	p := newPictureReader(body, maxBytes, "ffmpeg")
	for {
		picture, err := p.next()
		switch {
		case err == nil:
			got = append(got, number(picture))
		case errors.Is(err, media.ErrMalformed), errors.Is(err, media.ErrUnshowable), errors.Is(err, media.ErrTooManyPixels):
			reason, _, _ := strings.Cut(err.Error(), " (near") // which is as near as the split allows
			got = append(got, reason)
		case err == io.EOF:
			return append(got, "end")
		default:
			return append(got, err.Error())
		}
	}
}

func number(picture []byte) string {
	if f, err := media.JPEGFrame(picture, nil); err == nil {
		picture = f.Data // with EOI
	}
	n, err := camtest.ReadJPEGNumber(picture)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(n)
}

// withThumbnail puts a small JPEG into an APP1 segment of a picture.
func withThumbnail(picture, thumbnail []byte) []byte {
	segment := append([]byte("Exif\x00\x00\x00\x00"), thumbnail...)
	b := append([]byte{0xFF, 0xD8, 0xFF, 0xE1, byte((len(segment) + 2) >> 8), byte(len(segment) + 2)}, segment...)
	return append(b, picture[2:]...)
}

func unended(picture []byte) []byte { return picture[:len(picture)-2] }

// commented puts a boundary line into a comment.
func commented(picture []byte) []byte {
	return append(append([]byte{0xFF, 0xD8, 0xFF, 0xFE, 0, 14}, "\r\n--ffmpeg\r\n"...), picture[2:]...)
}

// TestCutOffPicturesAreNeverCompleted by the text of the next part's head.
func TestCutOffPicturesAreNeverCompleted(t *testing.T) {
	one, two := camtest.Picture(1, 64, 48), camtest.PictureOfSize(2, 64, 48, 100_000)
	for cut := 3; cut < 40; cut++ {
		for _, boundary := range []string{"--ffmpeg", "--other"} {
			body := string(one[:len(one)-cut]) + "\r\n" + boundary + "\r\nContent-Type: image/jpeg\r\nContent-Length: 12345\r\n\r\n" + string(two)
			got := readPictures(strings.NewReader(body), 1<<20, number)
			if len(got) != 3 || !strings.Contains(got[0], "malformed") || got[1] != "2" {
				t.Errorf("%d bytes before %s: %q", cut, boundary, got)
			}
		}
	}
}

func TestFramings(t *testing.T) {
	one, two, three := camtest.Picture(1, 64, 48), camtest.Picture(2, 64, 48), camtest.Picture(3, 64, 48)
	cat := func(parts ...any) string {
		var b strings.Builder
		for _, p := range parts {
			fmt.Fprintf(&b, "%s", p)
		}
		return b.String()
	}
	broken := bytes.Clone(one)
	broken[bytes.Index(broken, []byte{0xFF, 0xDA})+1] = 0x00
	for _, tt := range []struct {
		name, body string
		want       []string
	}{
		{"bare", cat(one, two, three), []string{"1", "2", "3", "end"}},
		{"multipart", cat(part(one), part(two), part(three), "--ffmpeg--\r\n"), []string{"1", "2", "3", "end"}},
		{"multipart with bare newlines", cat("--x\n\n", one, "\n--x\n\n", two, "\n--x--"), []string{"1", "2", "end"}},
		{"wrong lengths", cat("--x\r\nContent-Length: 2000000000\r\n\r\n", one, "--x\r\nContent-Length: -1\r\n\r\n", two), []string{"1", "2", "end"}},
		{"padding", cat(one, "\x00\x00\x00", two, "\r\n\r\n\r\n", three, "\x00"), []string{"1", "2", "3", "end"}},
		{"text part between", cat(part(one), part([]byte("hello")), part(two)), []string{"1", "2", "end"}},
		{"thumbnails", cat(withThumbnail(one, three), withThumbnail(two, three)), []string{"1", "2", "end"}},
		{"nothing", "", []string{"end"}},
		{"text", "hello", []string{"end"}},
		{"last one cut off", cat(one, two[:len(two)-3]), []string{
			"1", fmt.Sprintf("malformed JPEG: cut off after %d bytes, before EOI", len(two)-3), "end"}},
		{"bad one with a good thumbnail", cat(part(one), part(withThumbnail(broken, three)), part(two)), []string{
			"1", "malformed JPEG: stuffed byte outside of a scan", "2", "end"}},
		{"bad one among bare ones", cat(one, broken, two, three), []string{
			"1", "malformed JPEG: stuffed byte outside of a scan", "2", "3", "end"}},
		{"cut off one in parts", cat(part(one[:len(one)-40]), part(two), part(three)), nil},
		{"last one without EOI", cat(one, two[:len(two)-2]), []string{"1", "2", "end"}},
		{"bare, without EOI", cat(unended(one), unended(two), unended(three)), []string{"1", "2", "3", "end"}},
		{"bare, without EOI, lines between", cat(unended(one), "\r\n", unended(two), "\r\n", unended(three), "\r\n"), []string{"1", "2", "3", "end"}},
		{"multipart, without EOI", cat(part(unended(one)), part(unended(two)), part(unended(three)), "--ffmpeg--\r\n"), []string{"1", "2", "3", "end"}},
		{"multipart of another boundary, without EOI", cat("--x\r\n\r\n", unended(one), "\r\n--x\r\n\r\n", unended(two), "\r\n--x--\r\n"), []string{"1", "2", "end"}},
		{"without EOI, with and without", cat(part(one), part(unended(two)), part(three)), []string{"1", "2", "3", "end"}},
		{"boundary in a comment", cat(part(commented(one)), part(commented(two))), []string{"1", "2", "end"}},
		{"long gap", cat(one, strings.Repeat("x", maxGap), two), []string{"1", "2", "end"}},
		{"too long a gap", cat(one, strings.Repeat("x", maxGap+1), two), []string{"1", "not a JPEG: no picture in 65536 bytes"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := readPictures(strings.NewReader(tt.body), 1<<20, number)
			t.Log(got)
			if tt.want != nil && !cmp.Equal(got, tt.want) {
				t.Error(cmp.Diff(tt.want, got))
			}
			if tt.want == nil && (len(got) < 3 || !slices.Equal(got[len(got)-2:], []string{"3", "end"})) {
				t.Errorf("got %q, want it to recover by 3", got)
			}
			if split := readPictures(iotest.OneByteReader(strings.NewReader(tt.body)), 1<<20, number); !cmp.Equal(split, got) {
				t.Errorf("byte by byte it differs: %s", cmp.Diff(got, split))
			}
		})
	}
}

func TestPictureComesWithItsLastByte(t *testing.T) {
	r, w := io.Pipe()
	go func() {
		for n := range 10 {
			_, _ = w.Write(part(camtest.Picture(n, 64, 48)))
		}
		_ = w.Close()
	}()
	p := newPictureReader(r, 1<<20, "")
	for n := range 10 {
		// The pipe gives the writer no credit: what next has not read yet is not written.
		picture, err := p.next()
		if err != nil || number(picture) != fmt.Sprint(n) {
			t.Fatalf("picture %d: %s, %v", n, number(picture), err)
		}
	}
}

func TestPictureTooLarge(t *testing.T) {
	picture := camtest.PictureOfSize(1, 64, 48, 5000)
	if got := readPictures(bytes.NewReader(picture), 5000, number); !slices.Equal(got, []string{"1", "end"}) {
		t.Errorf("5000 of 5000 bytes: %q", got)
	}
	_, err := newPictureReader(bytes.NewReader(picture), 4999, "").next()
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("5000 of 4999 bytes: %v", err)
	}
}

// FuzzEverySplit: however the bytes of a body are split on their way, the same
// comes of them, and none of it is more than allowed.
func FuzzEverySplit(f *testing.F) {
	one, two := camtest.Picture(1, 32, 16), camtest.Picture(2, 32, 16)
	f.Add([]byte(nil), []byte{1})
	f.Add(append(part(one), part(two)...), []byte{7, 200, 1})
	f.Add(append(bytes.Clone(one), two...), []byte{255})
	f.Add(append(part(one[:300]), part(two)...), []byte{3})
	f.Add(append(withThumbnail(one, two)[:900], two...), []byte{2, 90})
	f.Fuzz(func(t *testing.T, body, splits []byte) {
		const maxBytes = 1000
		bytesOf := func(picture []byte) string { return string(picture) }
		whole := readPictures(bytes.NewReader(body), maxBytes, bytesOf)
		split := readPictures(&splitReader{body: body, splits: splits}, maxBytes, bytesOf)
		if !slices.Equal(whole, split) {
			t.Errorf("split it differs: %s", cmp.Diff(whole, split))
		}
	})
}

// splitReader gives a body in pieces of the sizes in splits, over and over.
type splitReader struct {
	body, splits []byte
	reads        int
}

func (s *splitReader) Read(b []byte) (int, error) {
	if len(s.body) == 0 {
		return 0, io.EOF
	}
	n := len(s.body)
	if len(s.splits) > 0 {
		n = min(n, int(s.splits[s.reads%len(s.splits)])+1)
		s.reads++
	}
	n = copy(b, s.body[:n])
	s.body = s.body[n:]
	return n, nil
}
