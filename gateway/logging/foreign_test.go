package logging

import (
	"bytes"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestNobodyElsesWordsAreLogged: of a server that says more than it was asked net/http
// logs that, and Foreign passes it over, and nothing else.
func TestNobodyElsesWordsAreLogged(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() { // ends with the listener
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 4096)) // what is asked does not matter
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokcanary and more that nobody asked for\r\n")
		}
	}()
	var mu sync.Mutex
	var said, passed bytes.Buffer
	log.SetOutput(writer(func(line []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		said.Write(line)
		return Foreign(&passed).Write(line)
	}))
	defer log.SetOutput(os.Stderr)
	client := http.Client{Transport: new(http.Transport)}
	defer client.CloseIdleConnections()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		answer, err := client.Get("http://" + l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body) // so that the connection is idle
		answer.Body.Close()
		mu.Lock()
		heard := strings.Contains(said.String(), "canary")
		mu.Unlock()
		if heard {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("net/http says nothing of it any more, and Foreign can go")
		}
	}
	log.Print("something else")
	mu.Lock()
	defer mu.Unlock()
	if got := passed.String(); strings.Contains(got, "canary") || strings.Count(got, "\n") != 1 || !strings.HasSuffix(got, "something else\n") {
		t.Errorf("logged is %q", got)
	}
}

// writer is a function that writes.
type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }
