package rig

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// OpenStream is a request whose answer, or whose body, does not end by itself.
type OpenStream struct {
	Name  string // method and path
	Conn  net.Conn
	Came  atomic.Int64  // bytes of the answer
	Ended chan struct{} // closed when the other side has ended it
	End   time.Time     // when that was; to be read after Ended
}

// Open asks for something endless, and gives it once the first of it has come.
// feed, where there is one, is called 20 times a second for what to send.
func (s *Server) Open(t *testing.T, r *http.Request, who Credentials, feed func() []byte) *OpenStream {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	o := &OpenStream{Name: r.Method + " " + r.URL.Path, Conn: conn, Ended: make(chan struct{})}
	who.Put(r)
	if r.Header.Get("Connection") == "" {
		r.Header.Set("Connection", "close")
	}
	var head strings.Builder
	fmt.Fprintf(&head, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.Method, r.URL.RequestURI(), r.URL.Host)
	r.Header.Write(&head)
	if _, err := io.WriteString(conn, head.String()+"\r\n"); err != nil {
		t.Fatal(err)
	}
	begun := make(chan error, 1)
	var wg sync.WaitGroup
	wg.Go(func() { o.read(begun) })
	t.Cleanup(func() { conn.Close(); wg.Wait() })
	if r.Method != http.MethodPost { // whose answer comes at its end
		select {
		case err := <-begun:
			if err != nil {
				t.Fatalf("%s: %v", o.Name, err)
			}
		case <-time.After(Ceiling):
			t.Fatalf("%s does not begin", o.Name)
		}
	}
	if feed != nil {
		wg.Go(func() { o.feed(feed) })
	}
	return o
}

// feed sends something 20 times a second until the stream ends.
func (o *OpenStream) feed(next func() []byte) {
	pace := time.NewTicker(50 * time.Millisecond)
	defer pace.Stop()
	for {
		if _, err := o.Conn.Write(next()); err != nil {
			return
		}
		select {
		case <-pace.C:
		case <-o.Ended:
			return
		}
	}
}

// read reads what comes until the other side ends it.
func (o *OpenStream) read(begun chan<- error) {
	defer close(o.Ended)
	defer func() { o.End = time.Now() }()
	answer := bufio.NewReader(o.Conn)
	status, err := answer.ReadString('\n')
	if err == nil && !strings.Contains(status, " 200 ") && !strings.Contains(status, " 101 ") {
		err = fmt.Errorf("answers %q", strings.TrimSpace(status))
	}
	begun <- err
	buffer := make([]byte, 32<<10)
	for err == nil {
		var n int
		n, err = answer.Read(buffer)
		o.Came.Add(int64(n))
	}
	o.Conn.Close()
}
