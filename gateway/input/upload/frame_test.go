package upload

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

func form(parts ...string) string {
	return "--b\r\n" + strings.Join(parts, "\r\n--b\r\n") + "\r\n--b--\r\n"
}

func file(name string, content []byte) string {
	return fmt.Sprintf("Content-Disposition: form-data; name=%q; filename=\"x.jpg\"\r\n\r\n%s", name, content)
}

// enormous is a JPEG header of 65535x65535 pixels, without the pixels.
func enormous() []byte {
	b := bytes.Clone(camtest.Picture(1, 64, 48))
	sof := bytes.Index(b, []byte{0xFF, 0xC0})
	binary.BigEndian.PutUint32(b[sof+5:], 0xFFFFFFFF)
	return b
}

func TestFormsOfOnePicture(t *testing.T) {
	jpeg := camtest.Picture(7, 64, 48)
	const formType = "multipart/form-data; boundary=b"
	for _, tt := range []struct {
		name        string
		contentType string
		body        string
		status      int
	}{
		{"raw", "image/jpeg", string(jpeg), 204},
		{"raw, misspelt", "Image/JPG;size=9", string(jpeg), 204},
		{"raw, of any type", "application/octet-stream", string(jpeg), 204},
		{"raw, without type", "", string(jpeg), 204},
		{"raw, by curl --data-binary", "application/x-www-form-urlencoded", string(jpeg), 204},
		{"raw, padded", "image/jpeg", string(jpeg) + "\x00\x00\r\n", 204},
		{"form", formType, form(file("picture", jpeg)), 204},
		{"form, other fields first", formType, form("Content-Disposition: form-data; name=a\r\n\r\n1", file("text", []byte("no")), file("b", jpeg)), 204},
		{"form, part without a file name", formType, form("Content-Disposition: form-data; name=a\r\n\r\n" + string(jpeg)), 204},
		{"form without a picture", formType, form(file("a", []byte("GIF89a"))), 415},
		{"form without a boundary", "multipart/form-data", form(file("a", jpeg)), 400},
		{"form, cut off", formType, form(file("a", jpeg))[:200], 400},
		{"form that is none", formType, string(jpeg), 400},
		{"empty", "image/jpeg", "", 400},
		{"HTML that says it is a picture", "image/jpeg", "<!doctype html>", 415},
		{"picture that says it is HTML", "text/html", string(jpeg), 415},
		{"PNG", "image/png", "\x89PNG\r\n\x1a\n", 415},
		{"cut off", "image/jpeg", string(jpeg[:len(jpeg)-12]), 422},
		{"without EOI", "image/jpeg", string(jpeg[:len(jpeg)-2]), 204},
		{"without EOI, padded", "image/jpeg", string(jpeg[:len(jpeg)-2]) + "\x00\x00\r\n", 204},
		{"form, without EOI", formType, form(file("picture", jpeg[:len(jpeg)-2])), 204},
		{"65535x65535 pixels", "image/jpeg", string(enormous()), 422},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newRig(t, Options{})
				got := g.client("a").post("phone.jpg", tt.contentType, strings.NewReader(tt.body))
				if got.StatusCode != tt.status {
					t.Errorf("status %d (%s), want %d", got.StatusCode, got.Status, tt.status)
				}
				if want := map[bool]int{true: 7, false: -1}[tt.status == 204]; g.newest() != want {
					t.Errorf("newest picture is %d, want %d", g.newest(), want)
				}
			})
		})
	}
}

func TestRefusalSaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := newRig(t, Options{}).client("a").post("phone.jpg", "image/jpeg", bytes.NewReader(enormous()))
		if !strings.Contains(got.Status, "65535x65535") {
			t.Errorf("answer %q does not say what is wrong", got.Status)
		}
	})
}

func TestBadPictureLeavesTheLastGoodOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, Options{})
		c := g.client("a")
		c.postPicture("phone.jpg", 5)
		c.post("phone.jpg", "image/jpeg", bytes.NewReader(camtest.Picture(6, 64, 48)[:300]))
		if g.newest() != 5 {
			t.Errorf("newest picture is %d, want 5", g.newest())
		}
		if s := g.handler.Stats(); s.Frames != 1 || s.Refused != 1 || len(g.publishers.All()) != 1 {
			t.Errorf("stats %+v, want 1 frame, 1 refused, 1 publisher", s)
		}
	})
}

func TestCameraThatTakesNoPublisher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, Options{})
		c := g.client("a")
		for path, status := range map[string]int{"front.jpg": 409, "nobody.jpg": 404, "front.mjpeg": 409, "nobody.mjpeg": 404} {
			if got := c.postPicture(path, 1).StatusCode; got != status {
				t.Errorf("%s: status %d, want %d", path, got, status)
			}
		}
		if left := g.publishers.All(); len(left) != 0 {
			t.Errorf("%v are left", left)
		}
	})
}

func TestViewerMayComeFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, Options{})
		c := g.client("a")
		if got := c.postPicture("phone.jpg", 1).Header.Get("X-Framegate-Viewers"); got != "0" {
			t.Errorf("%q viewers, want 0", got)
		}
		time.Sleep(time.Minute)
		reader := g.watch()
		if got := c.postPicture("phone.jpg", 2).Header.Get("X-Framegate-Viewers"); got != "1" {
			t.Errorf("%q viewers, want 1", got)
		}
		if n := g.nextNumber(reader); n != 2 {
			t.Errorf("viewer got picture %d, want 2", n)
		}
	})
}

func TestSizeIsChecked(t *testing.T) {
	fits := camtest.PictureOfSize(1, 64, 48, 20_000)
	large := camtest.PictureOfSize(1, 64, 48, 20_001)
	formOf := func(b []byte) string { return form(file("a", b)) }
	for _, tt := range []struct {
		name, contentType string
		body              io.Reader
		status            int
	}{
		{"fits", "image/jpeg", bytes.NewReader(fits), 204},
		{"fits, unannounced", "image/jpeg", io.MultiReader(bytes.NewReader(fits)), 204},
		{"fits in a form", "multipart/form-data; boundary=b", strings.NewReader(formOf(fits)), 204},
		{"too large", "image/jpeg", bytes.NewReader(large), 413},
		{"too large, unannounced", "image/jpeg", io.MultiReader(bytes.NewReader(large)), 413},
		{"form of many fields", "multipart/form-data; boundary=b", strings.NewReader(form(strings.Repeat("a: b\r\n\r\n\r\n--b\r\n", 9000))), 413},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newRig(t, Options{MaxFrameBytes: 20_000})
				if got := g.client("a").post("phone.jpg", tt.contentType, tt.body); got.StatusCode != tt.status {
					t.Errorf("status %d (%s), want %d", got.StatusCode, got.Status, tt.status)
				}
			})
		})
	}
}

// TestBufferGrowsWithWhatComes: a length is not believed before its bytes.
func TestBufferGrowsWithWhatComes(t *testing.T) {
	b, err := readAll(bytes.NewReader(make([]byte, 1000)), 2_000_000_000)
	if err != nil || len(b) != 1000 || cap(b) > 1<<20 {
		t.Errorf("%d bytes in a buffer of %d (%v)", len(b), cap(b), err)
	}
	b, err = readAll(bytes.NewReader(make([]byte, 100_000)), 100_000)
	if err != nil || len(b) != 100_000 || cap(b) > 115_000 {
		t.Errorf("%d bytes in a buffer of %d (%v)", len(b), cap(b), err)
	}
}

func TestSlowBody(t *testing.T) {
	picture := camtest.PictureOfSize(1, 64, 48, 100_000)
	for _, tt := range []struct {
		name  string
		every time.Duration
		bytes int
		want  int
		after time.Duration
	}{
		{"a byte at a time", 700 * time.Millisecond, 1, 408, 5 * time.Second},
		{"900 bytes a second", 700 * time.Millisecond, 630, 408, 30 * time.Second},
		{"2000 bytes a second", 700 * time.Millisecond, 1400, 408, 30 * time.Second},
		{"5000 bytes a second", 700 * time.Millisecond, 3500, 204, 20 * time.Second},
		{"nothing", time.Hour, 1, 408, 5 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newRig(t, Options{})
				began := time.Now()
				body, status := g.client("a").begin("phone.jpg", "image/jpeg")
				var dripping sync.WaitGroup
				defer dripping.Wait()
				dripping.Go(func() { drip(body, picture, tt.bytes, tt.every) })
				got := <-status
				if took := time.Since(began); got != tt.want || took.Round(time.Second) != tt.after {
					t.Errorf("status %d after %v, want %d after %v", got, took, tt.want, tt.after)
				}
			})
		})
	}
}

func TestBodiesAtOnceOfOneAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, Options{})
		c := g.client("a")
		var slow []<-chan int
		for range bodiesAtOnce {
			_, status := c.begin("phone.jpg", "image/jpeg")
			slow = append(slow, status)
		}
		synctest.Wait()
		if got := c.postPicture("phone.jpg", 1).StatusCode; got != 429 {
			t.Errorf("one more from the same address: status %d, want 429", got)
		}
		if got := g.client("b").postPicture("phone.jpg", 1).StatusCode; got != 204 {
			t.Errorf("from another address: status %d, want 204", got)
		}
		for _, status := range slow {
			if got := <-status; got != 408 {
				t.Errorf("slow one: status %d, want 408", got)
			}
		}
		time.Sleep(time.Minute)
		if got := c.postPicture("phone.jpg", 1).StatusCode; got != 204 {
			t.Errorf("after that: status %d, want 204", got)
		}
	})
}

func TestPostsShareASession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, Options{})
		c := g.client("a")
		for n := range 20 {
			if got := c.postPicture("phone.jpg", n); got.StatusCode != 204 {
				t.Fatalf("picture %d: %d %s", n, got.StatusCode, got.Status)
			}
			time.Sleep(time.Second)
		}
		if got := g.client("b").postPicture("phone.jpg", 99).StatusCode; got != 409 {
			t.Errorf("another address: status %d, want 409", got)
		}
		if runs := g.hub.Stats()[0].Runs; runs != 1 {
			t.Errorf("%d runs, want 1", runs)
		}
		time.Sleep(11 * time.Second)
		synctest.Wait()
		if g.state() != stream.Idle {
			t.Errorf("after ten intervals the camera is %v, want idle", g.state())
		}
		if got := g.client("b").postPicture("phone.jpg", 99).StatusCode; got != 204 {
			t.Errorf("another address later: status %d, want 204", got)
		}
	})
}

// TestPostsMinutesApart: from the second on, the camera stays online between
// them.
func TestPostsMinutesApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, Options{})
		c := g.client("a")
		for n := range 5 {
			c.postPicture("phone.jpg", n)
			time.Sleep(time.Minute)
			synctest.Wait()
			if n > 0 && g.state() != stream.Online {
				t.Errorf("a minute after picture %d the camera is %v", n, g.state())
			}
		}
	})
}

// TestRarePostsHoldTheCameraForSeconds, although it stays online between them.
func TestRarePostsHoldTheCameraForSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, Options{})
		c := g.client("a")
		c.postPicture("phone.jpg", 1)
		time.Sleep(time.Minute)
		c.postPicture("phone.jpg", 2)
		time.Sleep(4 * time.Second)
		if got := g.client("b").postPicture("phone.jpg", 3).StatusCode; got != 409 {
			t.Errorf("another after 4 s: status %d, want 409", got)
		}
		time.Sleep(7 * time.Second)
		conn := g.client("b").mustDial("phone/publish")
		if got := c.postPicture("phone.jpg", 4).StatusCode; got != 409 {
			t.Errorf("the first while another publishes: status %d, want 409", got)
		}
		_ = conn.Close()
		synctest.Wait()
		if got := c.postPicture("phone.jpg", 5).StatusCode; got != 204 {
			t.Errorf("the first again: status %d, want 204", got)
		}
	})
}

// TestPrincipalTakesOverItsOwnPosts from another address, with a connection;
// two programs that POST do not take turns.
func TestPrincipalTakesOverItsOwnPosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, Options{})
		post := func(address string) int {
			r, _ := http.NewRequest("POST", "http://gate/live/phone.jpg", bytes.NewReader(camtest.Picture(1, 64, 48)))
			r.Header.Set("X-Principal", "user:ann")
			response, err := g.client(address).Do(r)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			return response.StatusCode
		}
		if got := post("a"); got != 204 {
			t.Fatalf("status %d", got)
		}
		if got := post("b"); got != 409 {
			t.Errorf("POST from another address at once: status %d, want 409", got)
		}
		if _, response, err := g.client("b").dial("phone/publish", http.Header{"X-Principal": {"user:bob"}}); err == nil || response.StatusCode != 409 {
			t.Errorf("another user's page: %v, want 409", err)
		}
		conn, _, err := g.client("b").dial("phone/publish", http.Header{"X-Principal": {"user:ann"}})
		if err != nil {
			t.Fatalf("the same user's page: %v", err)
		}
		_ = conn.Close()
	})
}

func TestPostsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, Options{})
		c := g.client("a")
		status := make(chan int, 10)
		for n := range cap(status) {
			go func() { status <- c.postPicture("phone.jpg", n).StatusCode }()
		}
		for range cap(status) {
			if got := <-status; got != 204 {
				t.Errorf("status %d, want 204", got)
			}
		}
	})
}

func TestTooManyFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, Options{})
		c := g.client("a")
		for n := range 100 {
			got := c.postPicture("phone.jpg", n)
			if want := map[bool]string{true: "1"}[n >= maxFPS]; got.StatusCode != 204 || got.Header.Get("X-Framegate-Dropped") != want {
				t.Errorf("picture %d: status %d, dropped %q, want %q", n, got.StatusCode, got.Header.Get("X-Framegate-Dropped"), want)
			}
		}
		if s := g.handler.Stats(); s.Frames != 60 || s.RateDropped != 40 {
			t.Errorf("stats %+v, want 60 frames and 40 dropped", s)
		}
		time.Sleep(time.Second)
		if got := c.postPicture("phone.jpg", 1).Header.Get("X-Framegate-Dropped"); got != "" {
			t.Error("dropped a second later")
		}
	})
}

func TestTooManyBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, Options{})
		c := g.client("a")
		for range 10 {
			c.post("phone.jpg", "image/jpeg", bytes.NewReader(camtest.PictureOfSize(1, 64, 48, 4_000_000)))
		}
		if s := g.handler.Stats(); s.Frames != 5 || s.RateDropped != 5 {
			t.Errorf("stats %+v, want 5 frames and 5 dropped", s)
		}
	})
}

// TestFramesOfARunShareTheirFormat: another pointer would mean another size.
func TestFramesOfARunShareTheirFormat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, Options{})
		c := g.client("a")
		format := func(width int) *media.Format {
			c.post("phone.jpg", "image/jpeg", bytes.NewReader(camtest.Picture(1, width, 48)))
			frame, _ := g.hub.Newest(stream.Key{Camera: "phone"})
			return frame.Format
		}
		first, same, other := format(64), format(64), format(80)
		if first != same {
			t.Error("two pictures of one size have two formats")
		}
		if first == other {
			t.Error("two sizes have one format")
		}
	})
}

func TestCaptureTime(t *testing.T) {
	now := time.UnixMicro(1_700_000_000_500_000)
	for header, want := range map[string]time.Time{
		"1700000000.000000": now.Add(-500 * time.Millisecond),
		"1700000000.25":     now.Add(-250 * time.Millisecond),
		"1700000001.4":      now.Add(900 * time.Millisecond),
		"1699999991":        now.Add(-9500 * time.Millisecond),
		"1699999990":        {},
		"1700000002":        {},
		"":                  {},
		"now":               {},
		"NaN":               {},
		"-Inf":              {},
		"1e300":             {},
	} {
		if got := captureTime(header, now); got.Sub(want).Abs() > time.Millisecond {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}

func TestCaptureTimeGoesWithTheFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, Options{})
		taken := time.Now().Add(-3 * time.Second)
		r, _ := http.NewRequest("POST", "http://gate/live/phone.jpg", bytes.NewReader(camtest.Picture(1, 64, 48)))
		r.Header.Set("X-Timestamp", fmt.Sprintf("%.6f", float64(taken.UnixMicro())/1e6))
		response, err := g.client("a").Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if frame, _ := g.hub.Newest(stream.Key{Camera: "phone"}); frame.Wall.Sub(taken).Abs() > time.Millisecond {
			t.Errorf("taken %v, frame says %v", taken, frame.Wall)
		}
	})
}

func TestUploadGoesByContentType(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, Options{})
		c := g.client("a")
		two := append(part(camtest.Picture(1, 64, 48)), part(camtest.Picture(2, 64, 48))...)
		for n, contentType := range []string{"multipart/x-mixed-replace; boundary=x", "multipart/mixed;boundary=x", "video/x-motion-jpeg"} {
			if got := c.post("upload", contentType, bytes.NewReader(two)); got.StatusCode != 204 || g.handler.Stats().Frames != uint64(2*n+2) {
				t.Errorf("%s: %d %s, %+v", contentType, got.StatusCode, got.Status, g.handler.Stats())
			}
		}
		if got := c.postPicture("upload", 3); got.StatusCode != 204 || g.newest() != 3 {
			t.Errorf("one picture: %d, newest %d", got.StatusCode, g.newest())
		}
	})
}
