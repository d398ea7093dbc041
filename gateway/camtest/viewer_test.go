package camtest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const testBoundary = "AAAAAAAAAAAAAAAAAAAA"

var streamHeader = http.Header{
	"Content-Type":      {"multipart/x-mixed-replace; boundary=" + testBoundary},
	"Cache-Control":     {"no-store, no-cache, must-revalidate, max-age=0, no-transform"},
	"Pragma":            {"no-cache"},
	"X-Accel-Buffering": {"no"},
}

// standardPart lays out a picture as the standard form does.
func standardPart(picture []byte) string {
	return fmt.Sprintf("Content-Type: image/jpeg\r\nContent-Length: %d\r\nX-Timestamp: 1700000000.000007\r\n\r\n%s\r\n", len(picture), picture)
}

// TestSlowViewersKeepTheirRate: on a machine where each turn comes late, and
// after a time in which nothing came.
func TestSlowViewersKeepTheirRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate = 5000
		late, quiet := 50*time.Millisecond, time.Duration(0)
		s := &slowReader{r: readFunc(func(b []byte) (int, error) { time.Sleep(late + quiet); return len(b), nil }), bytesPerSecond: rate, due: time.Now()}
		read := func(n int64) float64 {
			began := time.Now()
			got, err := io.CopyN(io.Discard, s, n)
			if err != nil {
				t.Fatal(err)
			}
			return float64(got) / time.Since(began).Seconds()
		}
		for _, late = range []time.Duration{0, 15 * time.Millisecond} {
			if got := read(100_000); got < 0.95*rate || got > 1.05*rate {
				t.Errorf("%v late each time it reads %.0f bytes a second", late, got)
			}
		}
		late, quiet = 0, time.Minute
		read(1)
		quiet = 0
		if got := read(4 * rate); got > 2.2*rate { // what stood in the queue, and what comes
			t.Errorf("after a minute it reads %.0f bytes a second", got)
		}
	})
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(b []byte) (int, error) { return f(b) }

func TestReadParts(t *testing.T) {
	one, two := Picture(1, 64, 32), Picture(2, 128, 64)
	boundary := "--" + testBoundary + "\r\n"
	end := "--" + testBoundary + "--\r\n"
	advance := "Content-Type: image/jpeg\r\n\r\n"
	for name, body := range map[string]string{
		"standard": boundary + standardPart(one) + boundary + standardPart(two) + end,
		"advance":  boundary + advance + string(one) + "\r\n" + boundary + advance + string(two) + "\r\n" + end,
	} {
		t.Run(name, func(t *testing.T) {
			p, err := ReadParts(strings.NewReader(body), streamHeader, name == "advance")
			if err != nil {
				t.Fatal(err)
			}
			for want := 1; want <= 2; want++ {
				part, err := p.Next()
				if err != nil {
					t.Fatal(err)
				}
				if n, err := part.Number(); n != want || err != nil || part.Width != 64*want {
					t.Fatalf("number %d, %v, width %d; want %d", n, err, part.Width, want)
				}
				if name == "standard" && part.Timestamp.UnixMicro() != 1700000000_000007 {
					t.Fatalf("timestamp %v", part.Timestamp)
				}
			}
			if _, err := p.Next(); err != io.EOF {
				t.Fatalf("at the end: %v", err)
			}
		})
	}
}

func TestViewerFindsFault(t *testing.T) {
	picture := Picture(1, 64, 32)
	boundary := "--" + testBoundary + "\r\n"
	good := boundary + standardPart(picture) + boundary
	for name, body := range map[string]string{
		"line feeds alone":     strings.ReplaceAll(good, "\r\n", "\n"),
		"other boundary":       strings.Replace(good, "AAAA", "BBBB", 1),
		"space after boundary": strings.Replace(good, "\r\n", " \r\n", 1),
		"other type":           strings.Replace(good, "image/jpeg", "image/jpg", 1),
		"no length":            strings.Replace(good, "Content-Length", "Content-Size", 1),
		"padded picture":       boundary + standardPart(append(picture[:len(picture):len(picture)], 0)) + boundary,
		"cut picture":          boundary + standardPart(picture[:len(picture)-1]) + boundary,
		"no timestamp":         strings.Replace(good, ".000007", "", 1),
		"empty part":           boundary + boundary + good,
		"no boundary behind":   strings.TrimSuffix(good, boundary),
	} {
		t.Run(name, func(t *testing.T) {
			p, err := ReadParts(strings.NewReader(body), streamHeader, false)
			if err == nil {
				_, err = p.Next()
			}
			if err == nil || errors.Is(err, io.EOF) {
				t.Fatalf("passed: %v", err)
			}
		})
	}
}

func TestViewerRefusesHeader(t *testing.T) {
	for name := range streamHeader {
		header := streamHeader.Clone()
		header.Set(name, "x")
		if _, err := ReadParts(strings.NewReader(""), header, false); err == nil {
			t.Errorf("%s: x passed", name)
		}
	}
}

func TestPartCutShort(t *testing.T) {
	picture := Picture(1, 64, 32)
	p, err := ReadParts(strings.NewReader("--"+testBoundary+"\r\n"+standardPart(picture)[:200]), streamHeader, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("got %v", err)
	}
}
