package httpcam

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
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
)

// errLongHead begins what is said of an answer that has too much of it.
var errLongHead = errors.New("camera's answer has")

// rawExchange sends one HTTP/1.0 request and reads the answer with a tolerance
// that net/http must not have: "ICY 200 OK", no reason phrase, header lines
// without a name, a Content-Length of -1, no head at all. Each request has a connection of its
// own, which ends with the answer's body or with ctx.
func (s *Source) rawExchange(ctx context.Context, w *watchdog, target *url.URL) (*answer, error) {
	header, err := s.requestHeader(target)
	if err != nil {
		return nil, err
	}
	conn, err := s.connect(ctx, target)
	if err != nil {
		return nil, err
	}
	body := &rawBody{conn: conn, unhook: context.AfterFunc(ctx, func() { conn.Close() })}
	var request bytes.Buffer
	fmt.Fprintf(&request, "GET %s HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n", target.RequestURI(), target.Host)
	header.Write(&request)
	request.WriteString("\r\n")
	w.expectAnswer()
	if _, err := conn.Write(request.Bytes()); err != nil {
		body.Close()
		return nil, fmt.Errorf("sending the request: %w", err)
	}
	a, err := readAnswer(bufio.NewReaderSize(conn, maxLine))
	if err != nil {
		body.Close()
		return nil, err
	}
	body.Reader, a.body = a.body, body
	return a, nil
}

// connect opens a connection for rawExchange.
func (s *Source) connect(ctx context.Context, target *url.URL) (net.Conn, error) {
	conn, err := s.dial(ctx, "tcp", address(target))
	if err != nil || target.Scheme != "https" {
		return conn, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.opt.Patience.Connect)
	defer cancel()
	config := s.tls.Clone()
	config.ServerName = target.Hostname()
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return secured, nil
}

// rawBody is the body of an answer that rawExchange read.
type rawBody struct {
	io.Reader
	conn   net.Conn
	unhook func() bool // the closing at the end of the context
}

func (b *rawBody) Close() error {
	b.unhook()
	return b.conn.Close()
}

// readAnswer reads status line and headers. The body's Close does nothing.
func readAnswer(r *bufio.Reader) (*answer, error) {
	a := &answer{status: http.StatusOK, header: make(http.Header)}
	if isHeadless(r) {
		a.body = io.NopCloser(r)
		return a, nil
	}
	line, err := readLine(r)
	if err != nil {
		return nil, err
	}
	if a.status, err = parseStatus(line); err != nil {
		return nil, err
	}
	for size := 0; ; {
		line, err := readLine(r)
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			break
		}
		if size += len(line); size > maxBlock {
			return nil, fmt.Errorf("%w more than %d bytes of headers", errLongHead, maxBlock)
		}
		if name, value, ok := cutHeader(line); ok {
			a.header.Add(string(name), string(value))
		}
	}
	a.body = io.NopCloser(a.decoded(r))
	return a, nil
}

// isHeadless says that the answer is a body without a head, as in HTTP/0.9 and
// from GStreamer's tcpserversink. Only a picture or a part is accepted so.
func isHeadless(r *bufio.Reader) bool {
	start, _ := r.Peek(4)
	picture, _ := startsPicture(start)
	return picture || bytes.HasPrefix(start, []byte("--")) || bytes.HasPrefix(start, []byte("\r\n--"))
}

// readLine gives a line without its end, valid until the next read.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, fmt.Errorf("%w a header line of more than %d bytes", errLongHead, maxLine)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the answer's headers: %w", err)
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

// parseStatus reads the status line.
func parseStatus(line []byte) (int, error) {
	protocol, rest, _ := strings.Cut(string(line), " ")
	word, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	status, err := strconv.Atoi(word)
	switch name, _, _ := strings.Cut(strings.ToUpper(protocol), "/"); {
	case name == "RTSP":
		return 0, errors.New("camera speaks RTSP at this address: its URL must start with rtsp://")
	case name != "HTTP" && name != "ICY" || err != nil || status < 100 || status > 599:
		return 0, fmt.Errorf("camera's answer is not HTTP: it starts with %.40q", line)
	}
	return status, nil
}

// decoded gives the body as its headers say. Cameras answer HTTP/1.0 requests
// in chunks, and tell lengths that are none: those are ignored.
func (a *answer) decoded(r *bufio.Reader) io.Reader {
	if strings.EqualFold(a.header.Get("Transfer-Encoding"), "chunked") {
		return httputil.NewChunkedReader(r)
	}
	if told := a.header.Values("Content-Length"); len(told) == 1 {
		if n, err := strconv.ParseInt(told[0], 10, 64); err == nil && n > 0 {
			return io.LimitReader(r, n)
		}
	}
	return r
}
