package httpcam

import (
	"strings"
	"testing"

	"framegate/gateway/camtest"
)

// TestOtherKindsAreNamed, alone and as parts of a body, soon.
func TestOtherKindsAreNamed(t *testing.T) {
	for begin, kind := range map[string]string{
		"\x89PNG\r\n\x1a\n": "a PNG", "GIF89a": "a GIF", "RIFF\x00\x10\x00\x00WEBPVP8 ": "a WebP picture",
		"\x00\x00\x00\x20ftypisom": "an MP4", "\x00\x00\x00\x01\x40\x01\x0c": "H.265", "\x00\x00\x00\x01\x67\x64": "H.264",
		"\x00\x00\x00\x1cftypavif": "an AVIF picture", "\x1a\x45\xdf\xa3": "Matroska or WebM",
	} {
		content := begin + strings.Repeat("x", 500)
		for _, body := range []string{content, strings.Repeat("--frame\r\nContent-Type: image/png\r\n\r\n"+content+"\r\n", 3)} {
			camera := newCamera(t, func(c *camtest.HTTPConn) {
				if c.Request() != nil {
					c.Send("HTTP/1.1 200 OK\r\n\r\n", body)
					c.WaitClosed()
				}
			})
			err := firstPictureOf(t, newSource(t, Options{URL: camera.URL("/")}))
			if err == nil || !strings.Contains(err.Error(), "the camera sent "+kind+"; ") {
				t.Errorf("%s: %v", kind, err)
			}
		}
	}
}

// TestOtherKindsAmongPictures are no reason to end.
func TestOtherKindsAmongPictures(t *testing.T) {
	var body strings.Builder
	for n := range 8 {
		body.WriteString("--frame\r\n\r\n\x89PNG\r\n\x1a\n123456789\r\n--frame\r\n\r\n")
		body.Write(camtest.Picture(n, 64, 32))
		body.WriteString("\r\n")
	}
	if found := checkSplits(t, []byte(body.String()), 1<<20); len(found) != 8 {
		t.Errorf("found %d pictures of 8", len(found))
	}
}
