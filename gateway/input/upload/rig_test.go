package upload

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/publish"
	"framegate/gateway/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a server with the upload camera "phone" and the pulled camera
// "front", on a network in memory, so that it can run in virtual time.
type rig struct {
	t          *testing.T
	hub        *stream.Hub
	publishers *publish.Publishers
	handler    *Handler
	server     *http.Server
	network    *network
}

func newRig(t *testing.T, options Options) *rig {
	hub := stream.New(stream.Options{Resolve: func(key stream.Key) (stream.Source, error) {
		switch key.Camera {
		case "phone":
			return nil, nil
		case "front":
			return never{}, nil
		}
		return nil, stream.ErrUnknown
	}})
	publishers := publish.New(hub, publish.Options{Limited: options.Limited, Log: options.Log})
	g := &rig{t: t, hub: hub, publishers: publishers, handler: New(hub, publishers, options), network: &network{conns: make(chan net.Conn), closed: make(chan struct{})}}
	var open sync.WaitGroup // connections
	g.server = &http.Server{Handler: http.HandlerFunc(g.route), ConnState: func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed, http.StateHijacked:
			open.Done()
		}
	}}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = g.server.Serve(g.network)
	}()
	t.Cleanup(func() {
		g.publishers.Close()
		g.hub.Close()
		_ = g.server.Shutdown(context.Background())
		<-served
		open.Wait()
	})
	return g
}

type never struct{}

func (never) Run(ctx context.Context, _ func(media.Frame)) error {
	<-ctx.Done()
	return nil
}

func (g *rig) route(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/live/")
	address, _, _ := net.SplitHostPort(r.RemoteAddr)
	from := func(camera string) publish.Publisher {
		return publish.Publisher{Camera: camera, Address: address, Principal: r.Header.Get("X-Principal")}
	}
	var err error
	switch {
	case path == "upload":
		err = g.handler.ServeUpload(w, r, from("phone"))
	case strings.HasSuffix(path, ".jpg"):
		err = g.handler.ServeFrame(w, r, from(strings.TrimSuffix(path, ".jpg")))
	case strings.HasSuffix(path, ".mjpeg"):
		err = g.handler.ServeEndless(w, r, from(strings.TrimSuffix(path, ".mjpeg")))
	default:
		err = g.handler.ServeWebSocket(w, r, from(strings.TrimSuffix(path, "/publish")))
	}
	if err != nil {
		http.Error(w, err.Error(), statusOf(err))
	}
}

func statusOf(err error) int {
	for status, of := range map[int][]error{
		400: {ErrBadBody, ErrNotWebSocket},
		404: {stream.ErrUnknown},
		408: {ErrTooSlow},
		409: {stream.ErrBusy, stream.ErrPulled},
		413: {ErrTooLarge},
		415: {media.ErrNotJPEG},
		422: {media.ErrMalformed, media.ErrTooManyPixels, media.ErrUnshowable},
		429: {ErrTooMany},
		503: {stream.ErrClosed},
	} {
		for _, e := range of {
			if errors.Is(err, e) {
				return status
			}
		}
	}
	return 500
}

// client is a peer with an address of its own.
type client struct {
	*http.Client
	rig     *rig
	address string
}

func (g *rig) client(address string) *client {
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return g.network.dial(address)
	}}
	g.t.Cleanup(transport.CloseIdleConnections)
	return &client{Client: &http.Client{Transport: transport}, rig: g, address: address}
}

// post sends a body and gives the status, and the answer for its headers.
func (c *client) post(path, contentType string, body io.Reader) *http.Response {
	c.rig.t.Helper()
	response, err := c.Post("http://gate/live/"+path, contentType, body)
	if err != nil {
		c.rig.t.Errorf("POST %s: %v", path, err)
		return &http.Response{Header: http.Header{}}
	}
	text, _ := io.ReadAll(response.Body)
	response.Body.Close()
	response.Status = strings.TrimSpace(string(text))
	return response
}

func (c *client) postPicture(path string, n int) *http.Response {
	c.rig.t.Helper()
	return c.post(path, "image/jpeg", bytes.NewReader(camtest.Picture(n, 64, 48)))
}

// begin starts an endless POST; the answer's status comes by the channel.
func (c *client) begin(path, contentType string) (io.WriteCloser, <-chan int) {
	r, w := io.Pipe()
	status := make(chan int, 1)
	go func() {
		defer r.Close()
		status <- c.post(path, contentType, r).StatusCode
	}()
	return w, status
}

func (c *client) dial(path string, header http.Header) (*websocket.Conn, *http.Response, error) {
	dialer := websocket.Dialer{NetDialContext: func(context.Context, string, string) (net.Conn, error) {
		return c.rig.network.dial(c.address)
	}}
	return dialer.Dial("ws://gate/live/"+path, header)
}

func (c *client) mustDial(path string) *websocket.Conn {
	c.rig.t.Helper()
	conn, _, err := c.dial(path, nil)
	if err != nil {
		c.rig.t.Fatal(err)
	}
	c.rig.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// watch opens a viewer.
func (g *rig) watch() *stream.Reader {
	g.t.Helper()
	reader, err := g.hub.Open(stream.Key{Camera: "phone"}, stream.ReadOptions{Client: &stream.Client{Address: "viewer"}})
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(reader.Close)
	return reader
}

// nextNumber gives the number of the next picture that reader gets.
func (g *rig) nextNumber(reader *stream.Reader) int {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	frame, err := reader.Next(ctx)
	if err != nil {
		g.t.Fatal(err)
	}
	n, err := camtest.ReadJPEGNumber(frame.Data)
	if err != nil {
		g.t.Fatal(err)
	}
	return n
}

// newest gives the number of the newest picture, or -1.
func (g *rig) newest() int {
	g.t.Helper()
	frame, ok := g.hub.Newest(stream.Key{Camera: "phone"})
	if !ok {
		return -1
	}
	n, err := camtest.ReadJPEGNumber(frame.Data)
	if err != nil {
		g.t.Fatal(err)
	}
	return n
}

func (g *rig) state() stream.State {
	g.t.Helper()
	for _, s := range g.hub.Stats() {
		if s.Key.Camera == "phone" {
			return s.State
		}
	}
	return stream.Idle
}

// network is a net.Listener whose connections are pipes.
type network struct {
	conns  chan net.Conn
	closed chan struct{}
	done   atomic.Bool
}

func (n *network) dial(address string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case n.conns <- pipe{theirs, address}:
		return ours, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

func (n *network) Accept() (net.Conn, error) {
	select {
	case c := <-n.conns:
		return c, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

func (n *network) Close() error {
	if n.done.CompareAndSwap(false, true) {
		close(n.closed)
	}
	return nil
}

func (n *network) Addr() net.Addr { return address("gate:80") }

type pipe struct {
	net.Conn
	remote string
}

func (p pipe) RemoteAddr() net.Addr { return address(p.remote + ":50000") }

type address string

func (a address) Network() string { return "pipe" }
func (a address) String() string  { return string(a) }

// drip writes b in pieces of size bytes, until it is done or cut off.
func drip(w io.WriteCloser, b []byte, size int, every time.Duration) {
	for _, piece := range inPieces(b, size) {
		time.Sleep(every)
		if _, err := w.Write(piece); err != nil {
			return
		}
	}
	_ = w.Close()
}

// inPieces cuts b into pieces of size bytes.
func inPieces(b []byte, size int) (pieces [][]byte) {
	for len(b) > size {
		pieces, b = append(pieces, b[:size]), b[size:]
	}
	return append(pieces, b)
}

// part is a picture as a part of a multipart body, in ffmpeg's manner.
func part(picture []byte) []byte {
	return fmt.Appendf(nil, "--ffmpeg\r\nContent-type: image/jpeg\r\nContent-length: %d\r\n\r\n%s\r\n", len(picture), picture)
}
