package relay

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// wires is a connection of which the other side said all that it says, and which
// takes note of what it is told.
type wires struct {
	net.Conn
	io.Reader
	heard bytes.Buffer
}

func (w *wires) Read(b []byte) (int, error)       { return w.Reader.Read(b) }
func (w *wires) Write(b []byte) (int, error)      { return w.heard.Write(b) }
func (w *wires) SetReadDeadline(time.Time) error  { return nil }
func (w *wires) SetWriteDeadline(time.Time) error { return nil }

func lineOf(says string, most int) (*line, *wires) {
	w := &wires{Reader: strings.NewReader(says)}
	return &line{conn: w, in: bufio.NewReaderSize(w, ahead), most: most}, w
}

// TestLineTakesWhatLiveSends has messages of each length that is written in another
// way, with a ping and the end between them.
func TestLineTakesWhatLiveSends(t *testing.T) {
	long := strings.Repeat("x", 70_000)
	l, w := lineOf("\x81\x02hi\x89\x03you\x82\x7e\x01\x00"+long[:256]+"\x82\x7f\x00\x00\x00\x00\x00\x01\x11\x70"+long+"\x88\x06\x03\xe9bye!", 1<<20)
	for _, want := range []string{"hi", long[:256], long} {
		if _, b, err := l.next(time.Second); err != nil || string(b) != want || cap(b) != len(b) {
			t.Fatalf("%d bytes with room for %d, %v; want %d", len(b), cap(b), err, len(want))
		}
	}
	if _, _, err := l.next(time.Second); !errors.Is(err, errClosed{"bye!"}) {
		t.Errorf("its end is %v", err)
	}
	pong := w.heard.Bytes()
	if len(pong) != 9 || pong[0] != final|opPong || pong[1] != masked|3 || pong[6]^pong[2] != 'y' || pong[8]^pong[4] != 'u' {
		t.Errorf("a ping is answered by %x", pong)
	}
}

func TestLineRefusesWhatIsBroken(t *testing.T) {
	for name, says := range map[string]string{
		"a part of a message": "\x01\x01x",
		"masked":              "\x81\x81mask!",
		"an unknown kind":     "\x83\x00",
		"compressed":          "\xc1\x01x",
		"a long ping":         "\x89\x7e\x01\x00",
		"too long":            "\x82\x7e\x04\x01",
		"endlessly long":      "\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
	} {
		if l, _ := lineOf(says, 1024); !broken(l) {
			t.Errorf("%s is taken", name)
		}
	}
}

func broken(l *line) bool {
	_, _, err := l.next(time.Second)
	return errors.Is(err, errBroken)
}

// TestLineTakesMemoryAsItComes of a message that says that it is long, and ends early.
func TestLineTakesMemoryAsItComes(t *testing.T) {
	l, _ := lineOf("\x82\x7f\x00\x00\x00\x00\x40\x00\x00\x00"+strings.Repeat("x", 1000), 1<<30)
	if _, n, err := l.head(); err != nil || n != 1<<30 {
		t.Fatal(n, err)
	}
	if b, err := l.payload(1 << 30); !errors.Is(err, io.ErrUnexpectedEOF) || len(b) > believed {
		t.Errorf("%d bytes for a thousand that came, %v", len(b), err)
	}
}

// TestEndlessAnswer to the question for a stream is read no further than any is long.
func TestEndlessAnswer(t *testing.T) {
	says := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, err = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n")
		for err == nil {
			_, err = io.WriteString(conn, "Endless: "+strings.Repeat("x", 1000)+"\r\n")
		}
	}))
	says.StartTLS()
	defer says.Close()
	address, err := url.Parse(says.URL + "/relay/front")
	if err != nil {
		t.Fatal(err)
	}
	connect := func(ctx context.Context) (net.Conn, error) {
		return (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).DialContext(ctx, "tcp", address.Host)
	}
	l, _, err := dial(t.Context(), connect, address, 1<<20)
	if l != nil || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("it ends with %v", err)
	}
}

func FuzzLine(f *testing.F) {
	f.Add("\x81\x02hi\x89\x03you\x82\x7e\x01\x00" + strings.Repeat("x", 256) + "\x88\x00")
	f.Fuzz(func(t *testing.T, says string) {
		l, _ := lineOf(says, 1<<20)
		for {
			if _, b, err := l.next(time.Second); err != nil {
				return
			} else if len(b) > len(says) {
				t.Fatalf("%d bytes, of %d that were sent", len(b), len(says))
			}
		}
	})
}

func TestTimesThatCannotBe(t *testing.T) {
	now := time.Now()
	for ago, kept := range map[time.Duration]bool{0: true, -30 * time.Second: true, 48 * time.Hour: true, -time.Hour: false, 1000 * 24 * time.Hour: false, -290 * 365 * 24 * time.Hour: false} {
		said := now.Add(-ago)
		if got := believe(said, now); got.Equal(said) != kept || !kept && !got.Equal(now) {
			t.Errorf("taken %v ago is believed to be %v", ago, now.Sub(got))
		}
	}
	if got := believe(time.UnixMicro(-1<<63), now); !got.Equal(now) {
		t.Errorf("the year %d", got.Year())
	}
}
