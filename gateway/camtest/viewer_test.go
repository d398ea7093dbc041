package camtest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
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
