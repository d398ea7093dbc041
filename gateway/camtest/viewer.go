package camtest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"framegate/gateway/media"
)

// WatchOptions say what a Viewer is like. The zero value is a fast one, such
// as ffmpeg.
type WatchOptions struct {
	// Header is sent with the request; see Browsers.
	Header http.Header
	// Advance expects the form for Chrome: each part's headers come together
	// with the picture before it, without a length.
	Advance bool
	// BytesPerSecond makes the viewer slow; 0 reads as fast as it can. A viewer
	// that stalls is one whose Next is not called.
	BytesPerSecond int
	// ReceiveBuffer is the size of the kernel's receive buffer in bytes; 0
	// leaves it to the kernel, which may hide megabytes in it.
	ReceiveBuffer int
	// TLS is used for https addresses.
	TLS *tls.Config
}

// Browsers are the headers with which browsers ask for an <img>, over
// loopback or HTTPS; over plain HTTP elsewhere they send no Sec-Fetch-Dest.
var Browsers = map[string]http.Header{
	"chrome": imageRequest("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36",
		"image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"),
	"edge": imageRequest("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0",
		"image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"),
	"firefox": imageRequest("Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0",
		"image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"),
	"safari": imageRequest("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15",
		"image/webp,image/avif,image/jxl,image/heic,image/heic-sequence,video/*;q=0.8,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"),
	"chrome on ios": imageRequest("Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/143.0.7499.38 Mobile/15E148 Safari/604.1",
		"image/webp,image/avif,image/jxl,image/heic,image/heic-sequence,video/*;q=0.8,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"),
}

func imageRequest(agent, accept string) http.Header {
	return http.Header{"User-Agent": {agent}, "Accept": {accept}, "Sec-Fetch-Dest": {"image"}}
}

// StatusError is an answer that is not a stream.
type StatusError struct {
	Code   int
	Header http.Header
	Body   string
}

func (e *StatusError) Error() string { return fmt.Sprintf("status %d: %q", e.Code, e.Body) }

// Viewer watches a camera as multipart/x-mixed-replace over HTTP/1.1. It is
// the sum of all known viewers' demands: every byte of the layout is checked,
// and Next gives a picture no later than the pickiest browser would show it.
// It is for one goroutine, except for Close.
type Viewer struct {
	*PartReader
	Header http.Header // of the response
	conn   net.Conn
}

// Watch asks for address and reads the response's head, which is there before
// any picture. It gives a *StatusError if the answer is not 200. When ctx is
// done the viewer is gone.
func Watch(ctx context.Context, address string, options WatchOptions) (*Viewer, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	conn, err := dial(ctx, u, options)
	if err != nil {
		return nil, err
	}
	v := &Viewer{conn: conn}
	context.AfterFunc(ctx, v.Close)
	if err := v.request(u, options); err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

// Close leaves, whatever is under way.
func (v *Viewer) Close() { v.conn.Close() }

func dial(ctx context.Context, u *url.URL, options WatchOptions) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return nil, err
	}
	if options.ReceiveBuffer > 0 {
		if err := conn.(*net.TCPConn).SetReadBuffer(options.ReceiveBuffer); err != nil {
			return nil, err
		}
	}
	if u.Scheme == "https" {
		return tls.Client(conn, options.TLS), nil
	}
	return conn, nil
}

func (v *Viewer) request(u *url.URL, options WatchOptions) error {
	r := &http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: options.Header, ProtoMajor: 1, ProtoMinor: 1}
	if err := r.Write(v.conn); err != nil {
		return err
	}
	response, err := http.ReadResponse(bufio.NewReader(&slowReader{r: v.conn, bytesPerSecond: options.BytesPerSecond, due: time.Now()}), r)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10))
		return &StatusError{response.StatusCode, response.Header, string(body)}
	}
	if response.TransferEncoding != nil || !response.Close {
		return fmt.Errorf("transfer encoding %v, connection closes: %v", response.TransferEncoding, response.Close)
	}
	v.Header = response.Header
	v.PartReader, err = ReadParts(response.Body, response.Header, options.Advance)
	return err
}

// slowReader reads so many bytes a second. Where it is late, as on a machine
// that is busy, it makes up for it, as a slow line would: one that slept after
// each read would be slower, by as much as the machine is.
type slowReader struct {
	r              io.Reader
	bytesPerSecond int
	due            time.Time // when it may read on
}

// catchUp is how much of what was missed is made up for: what came meanwhile
// stands in the queues of a line, which are not endless.
const catchUp = 2 * time.Second

func (s *slowReader) Read(b []byte) (int, error) {
	if s.bytesPerSecond == 0 {
		return s.r.Read(b)
	}
	time.Sleep(time.Until(s.due))
	n, err := s.r.Read(b[:min(len(b), max(1, s.bytesPerSecond/50))])
	if earliest := time.Now().Add(-catchUp); s.due.Before(earliest) {
		s.due = earliest
	}
	s.due = s.due.Add(time.Duration(n) * time.Second / time.Duration(s.bytesPerSecond))
	return n, err
}

// Part is one picture of a stream.
type Part struct {
	JPEG          []byte
	Width, Height int       // pixels
	Timestamp     time.Time // X-Timestamp; zero in the form for Chrome
	Arrived       time.Time
}

// Number reads the number of a picture that Picture drew. It is an error for
// any other picture, such as "no signal".
func (p Part) Number() (int, error) { return ReadJPEGNumber(p.JPEG) }

// PartReader reads and checks the parts of a multipart/x-mixed-replace body,
// however that came, such as over HTTP/2. It is for one goroutine.
type PartReader struct {
	r        *bufio.Reader
	boundary string
	advance  bool
	parts    int  // read so far
	ended    bool // the closing boundary has come
}

var (
	contentType  = regexp.MustCompile(`^multipart/x-mixed-replace; boundary=([0-9A-Za-z]{20,70})$`)
	decimal      = regexp.MustCompile(`^[1-9][0-9]{0,7}$`)
	microseconds = regexp.MustCompile(`^[0-9]+\.[0-9]{6}$`)
)

// ReadParts checks the headers of a response and reads its body up to the
// first picture. advance is as in WatchOptions.
func ReadParts(body io.Reader, header http.Header, advance bool) (*PartReader, error) {
	m := contentType.FindStringSubmatch(header.Get("Content-Type"))
	if m == nil {
		return nil, fmt.Errorf("content type %q", header.Get("Content-Type"))
	}
	for name, want := range map[string]string{
		"Cache-Control":     "no-store, no-cache, must-revalidate, max-age=0, no-transform",
		"Pragma":            "no-cache",
		"X-Accel-Buffering": "no",
	} {
		if got := header.Get(name); got != want {
			return nil, fmt.Errorf("%s is %q, not %q", name, got, want)
		}
	}
	p := &PartReader{r: bufio.NewReader(body), boundary: m[1], advance: advance}
	return p, p.readBoundary()
}

// Next gives the next part as soon as a browser would show it: in the standard
// form with the boundary line behind it, in the form for Chrome with the next
// part's headers. It gives io.EOF where the body ended with the closing
// boundary, and another error where it ended otherwise or is malformed.
func (p *PartReader) Next() (Part, error) {
	if p.ended {
		return Part{}, io.EOF
	}
	part, err := p.readPart()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return part, fmt.Errorf("part %d: %w", p.parts, err)
	}
	p.parts++
	part.Arrived = time.Now()
	return part, nil
}

func (p *PartReader) readPart() (part Part, err error) {
	if p.advance {
		part.JPEG, err = p.readToEOI()
	} else {
		part, err = p.readByLength()
	}
	if err != nil {
		return part, err
	}
	header, n, err := media.ParseJPEG(part.JPEG)
	if err != nil {
		return part, err
	}
	if n != len(part.JPEG) {
		return part, fmt.Errorf("picture ends after %d bytes of %d", n, len(part.JPEG))
	}
	part.Width, part.Height = header.Width, header.Height
	if err := p.expect(""); err != nil {
		return part, err
	}
	return part, p.readBoundary()
}

// readBoundary reads a boundary line and what must have come with it.
func (p *PartReader) readBoundary() error {
	line, err := p.readLine()
	switch {
	case err != nil:
		return err
	case line == "--"+p.boundary+"--":
		p.ended = true
		if _, err := p.r.ReadByte(); err != io.EOF {
			return fmt.Errorf("after the closing boundary: %w", errors.Join(errors.New("no end"), err))
		}
		return nil
	case line != "--"+p.boundary:
		return fmt.Errorf("%q where the boundary must stand", line)
	case p.advance:
		return p.expect("Content-Type: image/jpeg", "")
	}
	return nil
}

// readByLength reads headers, and a picture of the length they say.
func (p *PartReader) readByLength() (part Part, err error) {
	if err := p.expect("Content-Type: image/jpeg"); err != nil {
		return part, err
	}
	length, err := p.readHeader("Content-Length", decimal)
	if err != nil {
		return part, err
	}
	timestamp, err := p.readHeader("X-Timestamp", microseconds)
	if err != nil {
		return part, err
	}
	micros, _ := strconv.ParseInt(strings.Replace(timestamp, ".", "", 1), 10, 64)
	part.Timestamp = time.UnixMicro(micros)
	if err := p.expect(""); err != nil {
		return part, err
	}
	n, _ := strconv.Atoi(length)
	part.JPEG = make([]byte, n)
	_, err = io.ReadFull(p.r, part.JPEG)
	return part, err
}

// readToEOI reads a picture to its end, and not a byte more.
func (p *PartReader) readToEOI() ([]byte, error) {
	var scanner media.JPEGScanner
	var picture []byte
	for {
		if _, err := p.r.Peek(1); err != nil {
			return nil, err
		}
		have, _ := p.r.Peek(p.r.Buffered())
		before := len(picture)
		picture = append(picture, have...)
		n, err := scanner.Scan(picture)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			_, err := p.r.Discard(n - before)
			return picture[:n], err
		}
		_, _ = p.r.Discard(len(have)) // buffered
	}
}

func (p *PartReader) readHeader(name string, form *regexp.Regexp) (string, error) {
	line, err := p.readLine()
	if err != nil {
		return "", err
	}
	value, ok := strings.CutPrefix(line, name+": ")
	if !ok || !form.MatchString(value) {
		return "", fmt.Errorf("%q where %s must stand", line, name)
	}
	return value, nil
}

func (p *PartReader) expect(lines ...string) error {
	for _, want := range lines {
		line, err := p.readLine()
		if err != nil {
			return err
		}
		if line != want {
			return fmt.Errorf("%q where %q must stand", line, want)
		}
	}
	return nil
}

// readLine reads a line that ends in CRLF, as nothing else does.
func (p *PartReader) readLine() (string, error) {
	line, err := p.r.ReadSlice('\n')
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return "", err
	}
	text, ok := bytes.CutSuffix(line, []byte("\r\n"))
	if !ok || len(text) > 200 {
		return "", fmt.Errorf("line %.200q", line)
	}
	return string(text), nil
}
