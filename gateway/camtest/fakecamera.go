package camtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"
)

// FakeOptions says what a FakeCamera is.
type FakeOptions struct {
	Footage *Footage
	// Protocol is rtsp (within the connection), http (multipart) or upload, which
	// sends JPEGs one after another to the address To, and comes again a second
	// after it was ended.
	Protocol string
	To       string
	Line     LineOptions // between it and whom it talks to; where that leads is set here
}

// FakeCamera is a camera that works, behind a Line, until it is told to fail. Close
// ends it.
type FakeCamera struct {
	Line *Line
	URL  string // at which it is, or to which it sends

	options FakeOptions
	rtsp    *RTSPCamera
	http    *HTTPCamera
	began   time.Time
	cancel  context.CancelFunc
	working sync.WaitGroup

	mu     sync.Mutex // guards what follows
	faulty Fault      // Drop, while it does
	leapt  time.Duration
}

// NewFakeCamera starts a camera.
func NewFakeCamera(o FakeOptions) (*FakeCamera, error) {
	ctx, cancel := context.WithCancel(context.Background())
	c := &FakeCamera{options: o, began: time.Now(), cancel: cancel}
	start := map[string]func(context.Context) error{"rtsp": c.startRTSP, "http": c.startHTTP, "upload": c.startUpload}[o.Protocol]
	if start == nil {
		start = func(context.Context) error {
			return fmt.Errorf("a camera speaks rtsp, http or upload, and not %q", o.Protocol)
		}
	}
	if err := start(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Do has something go wrong, and comes back when it is over, or ctx is done.
func (c *FakeCamera) Do(ctx context.Context, e Event) {
	switch e.Fault {
	case Clock:
		c.mu.Lock()
		c.leapt += e.For
		c.mu.Unlock()
	case Drop:
		c.fail(Drop)
		select {
		case <-time.After(e.For):
		case <-ctx.Done():
		}
		c.fail("")
	default:
		c.Line.Do(ctx, e.Fault, e.For)
	}
}

func (c *FakeCamera) fail(f Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faulty = f
}

// Close ends the camera and its line.
func (c *FakeCamera) Close() {
	c.cancel()
	if c.Line != nil {
		c.Line.Close()
	}
	if c.http != nil {
		c.http.Close()
	}
	c.working.Wait()
	if c.rtsp != nil {
		c.rtsp.Close()
	}
}

// open opens the line to where the camera really is, or to whom it sends.
func (c *FakeCamera) open(to string) (err error) {
	o := c.options.Line
	o.To = to
	c.Line, err = NewLine(o)
	return err
}

// state says how the camera is at the moment: what time it takes it for, and
// whether a part of what it has is left out.
func (c *FakeCamera) state() (now time.Time, drops bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.leapt), c.faulty == Drop
}

// pictures calls show with each picture, at its time, until ctx is done or show
// gives an error.
func (c *FakeCamera) pictures(ctx context.Context, show func(n int) error) error {
	tick := time.NewTicker(time.Second / time.Duration(c.options.Footage.Rate))
	defer tick.Stop()
	for last := -1; ; {
		if n := c.options.Footage.At(time.Since(c.began)); n > last {
			last = n
			if err := show(n); err != nil {
				return err
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// startRTSP starts a server that sends RTP to all who play.
func (c *FakeCamera) startRTSP(ctx context.Context) error {
	offered, packets, err := offerOf(c.options.Footage)
	if err != nil {
		return err
	}
	c.rtsp, err = NewRTSPCamera(RTSPOptions{Medias: []*description.Media{{Type: description.MediaTypeVideo, Formats: []format.Format{offered}}}})
	if err != nil {
		return err
	}
	if err := c.open(c.rtsp.address); err != nil {
		return err
	}
	c.URL = "rtsp://" + c.Line.Address() + "/stream"
	c.working.Go(func() {
		_ = c.pictures(ctx, func(n int) error { return c.sendRTP(n, packets) }) // ends with ctx
	})
	return nil
}

// offerOf gives how a camera offers what it films, and what makes packets of it.
func offerOf(f *Footage) (format.Format, func([][]byte) ([]*rtp.Packet, error), error) {
	switch f.Codec {
	case "h264":
		offered := &format.H264{PayloadTyp: 96, PacketizationMode: 1, SPS: f.Set(7), PPS: f.Set(8)}
		encoder, err := offered.CreateEncoder()
		if err != nil {
			return nil, nil, err
		}
		return offered, encoder.Encode, nil
	case "h265":
		offered := &format.H265{PayloadTyp: 96, VPS: f.Set(32), SPS: f.Set(33), PPS: f.Set(34)}
		encoder, err := offered.CreateEncoder()
		if err != nil {
			return nil, nil, err
		}
		return offered, encoder.Encode, nil
	}
	offered := &format.MJPEG{}
	encoder, err := offered.CreateEncoder()
	if err != nil {
		return nil, nil, err
	}
	return offered, func(units [][]byte) ([]*rtp.Packet, error) { return encoder.Encode(units[0]) }, nil
}

// sendRTP sends the packets of a picture, and what time it is.
func (c *FakeCamera) sendRTP(n int, packets func([][]byte) ([]*rtp.Packet, error)) error {
	group, err := packets(c.options.Footage.Picture(n))
	if err != nil {
		return err
	}
	now, drops := c.state()
	leapt := time.Until(now)
	ticks := uint32(n*90_000/c.options.Footage.Rate) + uint32(int64(leapt/time.Microsecond)*9/100)
	for _, p := range group {
		p.Timestamp = ticks
		if drops && rand.IntN(4) == 0 {
			continue
		}
		_ = c.rtsp.Send(p) // fails for who is too slow, and who is is let go
	}
	if n%c.options.Footage.Rate == 0 {
		_ = c.rtsp.Report(ntpOf(now), ticks) // there may be nobody
	}
	return nil
}

// ntpOf is a time of day as reports have it: seconds since 1900, and parts of a
// second in units of 2^-32 s (RFC 5905, 6).
func ntpOf(t time.Time) uint64 {
	const to1970 = 2208988800
	return uint64(t.Unix()+to1970)<<32 | uint64(t.Nanosecond())<<32/1e9
}

// startHTTP starts a server that sends parts to all who ask.
func (c *FakeCamera) startHTTP(ctx context.Context) error {
	if c.options.Footage.Codec != "mjpeg" {
		return errors.New("cameras send mjpeg over HTTP")
	}
	var err error
	if c.http, err = NewHTTPCamera(func(conn *HTTPConn) { c.serve(ctx, conn) }); err != nil {
		return err
	}
	u, err := url.Parse(c.http.URL("/mjpeg"))
	if err != nil {
		return err
	}
	if err := c.open(u.Host); err != nil {
		return err
	}
	u.Host = c.Line.Address()
	c.URL = u.String()
	return nil
}

func (c *FakeCamera) serve(ctx context.Context, conn *HTTPConn) {
	if conn.Request() == nil || !conn.Send("HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n--b\r\n") {
		return
	}
	_ = c.pictures(ctx, func(n int) error { // ends with ctx or the connection
		now, drops := c.state()
		if drops && rand.IntN(2) == 0 {
			return nil
		}
		picture := c.options.Footage.Picture(n)[0]
		head := fmt.Sprintf("Content-Type: image/jpeg\r\nContent-Length: %d\r\nX-Timestamp: %d.%06d\r\n\r\n", len(picture), now.Unix(), now.Nanosecond()/1000)
		if !conn.Send(head, picture, "\r\n--b\r\n") {
			return io.ErrClosedPipe
		}
		return nil
	})
}

// startUpload sends to an address, and again when that is ended.
func (c *FakeCamera) startUpload(ctx context.Context) error {
	if c.options.Footage.Codec != "mjpeg" {
		return errors.New("cameras upload mjpeg")
	}
	u, err := url.Parse(c.options.To)
	if err != nil {
		return err
	}
	if u.Scheme != "http" {
		return fmt.Errorf("%q is no http address to send to", c.options.To)
	}
	c.options.Line.Upward = true
	host := u.Host
	if u.Port() == "" {
		host += ":80"
	}
	if err := c.open(host); err != nil {
		return err
	}
	c.URL = c.options.To
	u.Host = c.Line.Address()
	c.working.Go(func() {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		for ctx.Err() == nil {
			c.upload(ctx, client, u.String(), host)
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
		}
	})
	return nil
}

// upload sends until it is ended.
func (c *FakeCamera) upload(ctx context.Context, client *http.Client, to, host string) {
	ctx, cancel := context.WithCancel(ctx)
	body, w := io.Pipe()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, body)
	if err != nil {
		panic(err) // its address was parsed
	}
	r.Host = host
	r.Header.Set("Content-Type", "image/jpeg")
	var sending sync.WaitGroup
	sending.Go(func() {
		err := c.pictures(ctx, func(n int) error { // ends with ctx or the request
			if _, drops := c.state(); drops && rand.IntN(2) == 0 {
				return nil
			}
			_, err := w.Write(c.options.Footage.Picture(n)[0])
			return err
		})
		w.CloseWithError(err)
	})
	if response, err := client.Do(r); err == nil {
		response.Body.Close()
	}
	cancel()
	body.CloseWithError(cmp.Or(ctx.Err(), io.ErrClosedPipe))
	sending.Wait()
}
