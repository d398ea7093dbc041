package httplimit

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestRecordsOfAMessageGoOutTogether counts writes, by what they have.
func TestRecordsOfAMessageGoOutTogether(t *testing.T) {
	const record = recordBytes + 22 // as TLS 1.3 makes them
	for _, row := range []struct {
		name     string
		expected int
		records  []int
		want     []int // bytes of each write
	}{
		{"what nobody announced", 0, []int{record, record}, []int{record, record}},
		{"a record alone", 100, []int{122}, []int{122}},
		{"two", recordBytes + 100, []int{record, 122}, []int{record + 122}},
		{"a picture", 75_000, []int{record, record, record, record, 75_000 - 4*recordBytes + 22}, []int{maxGathered, 75_000 + 5*22 - maxGathered}},
		{"and what comes behind it", 20_000, []int{record, 20_000 - recordBytes + 22, 50, 60}, []int{20_000 + 44, 50, 60}},
		{"in smaller records", 20_000, []int{5022, 5022, 5022, 5022}, []int{20_000 + 88}},
		{"in ever smaller ones", 3000, []int{122, 122, 122, 2722}, []int{3000 + 88}},
		{"with something in between", 20_000, []int{record, 40, 20_000 - recordBytes + 22}, []int{record + 40 + 20_000 - recordBytes + 22}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var g gather
			var writes []int
			var in, out bytes.Buffer
			g.expected.Store(int64(expect(row.expected)))
			for i, n := range row.records {
				b := bytes.Repeat([]byte{byte(i)}, n)
				in.Write(b)
				if m, err := g.add(b, func(b []byte) (int, error) { writes = append(writes, len(b)); return out.Write(b) }); err != nil || m != n {
					t.Fatalf("of %d bytes %d are written, %v", n, m, err)
				}
			}
			if !bytes.Equal(in.Bytes(), out.Bytes()) {
				t.Errorf("of %d bytes %d went out, or others", in.Len(), out.Len())
			}
			if fmt.Sprint(writes) != fmt.Sprint(row.want) {
				t.Errorf("in writes of %v, want %v", writes, row.want)
			}
			if g.kept != nil || g.left != 0 {
				t.Error("it still expects something")
			}
		})
	}
}

// TestWhatIsGatheredFails: an error comes out, and nothing of the message later.
func TestWhatIsGatheredFails(t *testing.T) {
	var g gather
	broken := errors.New("broken")
	g.expected.Store(int64(expect(20_000)))
	fail := func([]byte) (int, error) { return 0, broken }
	if _, err := g.add(make([]byte, recordBytes), fail); err != nil {
		t.Fatalf("what is kept fails already: %v", err)
	}
	if _, err := g.add(make([]byte, 5000), fail); !errors.Is(err, broken) || g.kept != nil {
		t.Errorf("it is answered by %v", err)
	}
	n := 0
	if _, err := g.add(make([]byte, 10), func(b []byte) (int, error) { n += len(b); return len(b), nil }); err != nil || n != 10 {
		t.Errorf("then %d bytes go out, %v", n, err)
	}
}

// TestNothingGatheredIsHeldBack has messages of all sizes go by all ciphers, of which the
// next is written when the last is there.
func TestNothingGatheredIsHeldBack(t *testing.T) {
	settings := map[string]*tls.Config{"TLS 1.3": {MinVersion: tls.VersionTLS13}}
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if suite.SupportedVersions[0] != tls.VersionTLS13 && !strings.Contains(suite.Name, "ECDSA") { // for which the test's certificate is not
			settings[suite.Name] = &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite.ID}}
		}
	}
	sizes := []int{1, 100, recordBytes - 1, recordBytes, recordBytes + 1, recordBytes + 5, 2 * recordBytes, 3*recordBytes + 30, 75_000, 4 * recordBytes, maxGathered + 1, 300_000}
	for name, client := range settings {
		t.Run(name, func(t *testing.T) {
			next := make(chan int)
			s := newSite(t, Limits{HeaderBytes: 8 << 10, HeaderTimeout: time.Minute, IdleTimeout: time.Minute}, true)
			s.TLS.MinVersion, s.TLS.CipherSuites = tls.VersionTLS10, client.CipherSuites
			s.Config.Handler.(*bounded).next = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				c, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer c.Close()
				for n := range next {
					writePieces(t, c, make([]byte, n))
				}
			})
			under, err := net.Dial("tcp", s.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			client.InsecureSkipVerify = true
			c := tls.Client(under, client)
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(time.Minute))
			defer close(next)
			if err := c.Handshake(); err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(c, request)
			for range 3 { // records grow while a connection is young
				for _, n := range sizes {
					next <- n
					if m, err := io.ReadFull(c, make([]byte, n)); err != nil {
						t.Fatalf("of a message of %d bytes %d came: %v", n, m, err)
					}
				}
			}
		})
	}
}

// writePieces writes a message in pieces, as package delivery does.
func writePieces(t *testing.T, c net.Conn, b []byte) {
	Gather(c, len(b))
	for len(b) > 0 {
		n := min(len(b), recordBytes)
		if _, err := c.Write(b[:n]); err != nil {
			t.Error(err)
			return
		}
		b = b[n:]
	}
}
