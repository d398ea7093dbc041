package openapi

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestWhatIsNotTakenForJSON(t *testing.T) {
	for body, says := range map[string]string{
		strings.Repeat("[", 9) + "1" + strings.Repeat("]", 9):     "too deep",
		strings.Repeat(`{"a":`, 9) + "1" + strings.Repeat("}", 9): "too deep",
		`{"a":null}`:             "null",
		`[null]`:                 "null",
		`{"free":null}`:          "null",
		`{"":null}`:              "null",
		`{"a":{"b":1,"b":2}}`:    "twice",
		`{"A":1}`:                "unknown field",
		`{"a":{"free":{"A":1}}}`: "unknown field",
		`{"free":{"A":1},"B":1}`: "unknown field",
		`{"free":{"A":1,"A":2}}`: "twice",
		`[{"free":{"A":1}}]`:     "unknown field",
		`{"free":` + strings.Repeat("[", 8) + strings.Repeat("]", 8) + `}`: "too deep",
		`{"":1}{}`: "behind its end",
		`{"a":1`:   "not JSON",
		``:         "not JSON",
		"\"\xc0\"": "not UTF-8",
	} {
		if err := checkJSON([]byte(body), "free"); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.40s: %v", body, err)
		}
	}
	for _, body := range []string{`{"free":{"A":null,"b-c":[null,{"Ü":1,"free":2}],"":{}},"a":1}`, `{"a":[{"b":"null"},{"b":1}]}`, `1`, `[]`, strings.Repeat("[", 8) + strings.Repeat("]", 8)} {
		if err := checkJSON([]byte(body), "free"); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestABodyThatMayBeAnyObject(t *testing.T) {
	for body, taken := range map[string]bool{
		`{}`: true, `{"A":null,"b-c":[null,{"Ü":1}]}`: true, strings.Repeat(`{"A":`, 7) + `{}` + strings.Repeat("}", 7): true,
		`null`: false, `{"A":1,"A":2}`: false, `{"A":1}{}`: false, strings.Repeat(`{"A":`, 8) + `{}` + strings.Repeat("}", 8): false,
	} {
		if err := checkJSON([]byte(body), WholeBody); (err == nil) != taken {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// FuzzBodies: a body is taken by checkJSON only if encoding/json takes it for
// one value without a null.
func FuzzBodies(f *testing.F) {
	for _, seed := range []string{`{"a":1}`, `{"a":[{}]}`, `null`, `{"a":1,"a":2}`, `{"\u0061":1,"a":2}`, "\xff", `[[[[[[[[[1]]]]]]]]]`, `1 2`, `{"a"}`, `{]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if checkJSON(body, "") != nil {
			return
		}
		var v any
		if err := json.Unmarshal(body, &v); err != nil {
			t.Fatalf("taken is %q: %v", body, err)
		}
		again, err := json.Marshal(v)
		if err != nil || checkJSON(again, "") != nil {
			t.Fatalf("%q is taken, %q is not", body, again)
		}
	})
}

// pipes is a listener of connections within the process.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{} }

// TestBodiesArriveInTime: one that stops is given up when its time is over, and
// one that comes slowly but in time is taken, after which the connection may be
// used for as long as it likes.
func TestBodiesArriveInTime(t *testing.T) {
	const body = `{"name": "desk"}`
	for name, c := range map[string]struct {
		sent   int // of the body, a byte a half second
		status int
		after  time.Duration
	}{
		"slow":       {len(body), 201, time.Duration(len(body)) * 500 * time.Millisecond},
		"half":       {len(body) / 2, 408, bodyPatience},
		"none":       {0, 408, bodyPatience},
		"cut off":    {-1, 0, 0},
		"in no time": {-2, 201, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			listener, shop := make(pipes), newShop()
			server := &http.Server{Handler: shop}
			done := make(chan error)
			go func() { done <- server.Serve(listener) }() // ends by the close of listener
			defer func() { close(listener); <-done; server.Close() }()
			client, peer := net.Pipe()
			defer client.Close()
			listener <- peer
			began := time.Now()
			fmt.Fprintf(client, "POST /lamps/hall HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", len(body))
			switch c.sent {
			case -1:
				client.Close()
				synctest.Wait()
				if shop.lit != nil || len(shop.refused) != 1 || shop.refused[0] != http.StatusBadRequest {
					t.Errorf("%s: %v, told of %v", name, shop.lit, shop.refused)
				}
				return
			case -2:
				io.WriteString(client, body)
			}
			for i := range c.sent {
				time.Sleep(500 * time.Millisecond)
				io.WriteString(client, body[i:i+1])
			}
			r := bufio.NewReader(client)
			w, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			text, _ := io.ReadAll(w.Body)
			if w.StatusCode != c.status || time.Since(began) != c.after {
				t.Errorf("%s: status %d after %v: %s", name, w.StatusCode, time.Since(began), text)
			}
			if c.status != 201 {
				return
			}
			time.Sleep(2 * bodyPatience)
			io.WriteString(client, "GET /page HTTP/1.1\r\nHost: a\r\n\r\n")
			if w, err := http.ReadResponse(r, nil); err != nil || w.StatusCode != 200 {
				t.Errorf("%s: and then %v", name, err)
			}
		})
	}
}
