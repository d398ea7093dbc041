package upload

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"slices"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// Limits on the body of a single POST, where Options say nothing. The grace and
// the form's share are not for anybody to turn: lines stall for seconds, and no
// form says more than a few hundred bytes about its picture.
const (
	bodyTime        = 30 * time.Second // for all of it
	bodyGrace       = 5 * time.Second  // before its rate counts
	bodyBytesPerSec = 1000             // at least, after that
	formBytes       = 64 << 10         // of a form, besides the picture; also of the heads of its parts
	formParts       = 100              // up to the picture
	bodiesAtOnce    = 16               // from one address
)

// steadyBody reads a body that must keep coming: its reads fail with
// ErrTooSlow as soon as the body is behind the limits.
type steadyBody struct {
	body           io.Reader
	control        *http.ResponseController
	most           time.Duration // for all of it
	bytesPerSecond int
	began          time.Time
	received       int64
}

func (b *steadyBody) Read(p []byte) (int, error) {
	limit, allowed := LimitPostBytes, bodyGrace+b.worth()
	if allowed >= b.most {
		limit, allowed = LimitPostTime, b.most
	}
	if err := b.control.SetReadDeadline(b.began.Add(allowed)); err != nil {
		return 0, fmt.Errorf("setting a deadline: %w", err)
	}
	n, err := b.body.Read(p)
	b.received += int64(n)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = &limitError{limit, fmt.Errorf("%w: %d bytes in %v", ErrTooSlow, b.received, time.Since(b.began).Round(time.Second))}
	}
	return n, err
}

// worth is how long what came may have taken.
func (b *steadyBody) worth() time.Duration {
	return time.Duration(float64(b.received) / float64(b.bytesPerSecond) * float64(time.Second))
}

// readPicture reads the picture that is the body of a request from an address,
// or a part of it.
func (h *Handler) readPicture(w http.ResponseWriter, r *http.Request, address string) ([]byte, error) {
	maxBytes := int64(h.options.MaxFrameBytes)
	contentType := r.Header.Get("Content-Type")
	kind := mediaType(contentType)
	if kind == "multipart/form-data" {
		maxBytes += formBytes
	}
	if r.ContentLength > maxBytes {
		return nil, &limitError{LimitFrameBytes, fmt.Errorf("%w: %d, of at most %d", ErrTooLarge, r.ContentLength, h.options.MaxFrameBytes)}
	}
	network := stream.Client{Address: address}.Network()
	if err := h.enterBody(network); err != nil {
		return nil, err
	}
	defer h.leaveBody(network)

	body := &steadyBody{
		body: r.Body, control: http.NewResponseController(w), began: time.Now(),
		most: h.options.PostTime, bytesPerSecond: h.options.PostBytesPerSecond,
	}
	bounded := http.MaxBytesReader(w, io.NopCloser(body), maxBytes)
	switch kind {
	case "multipart/form-data":
		return readForm(bounded, contentType)
	case "", "image/jpeg", "image/jpg", "application/octet-stream",
		"application/x-www-form-urlencoded": // what curl --data-binary calls everything
		return readAll(bounded, r.ContentLength)
	}
	return nil, fmt.Errorf("%w: content type %q", media.ErrNotJPEG, kind)
}

// enterBody counts a body in. Each may hold MaxFrameBytes while it comes, so
// one address cannot have any number of them.
func (h *Handler) enterBody(network string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.bodies[network] >= h.options.PostsPerAddress {
		return &limitError{LimitPostsPerAddress, ErrTooMany}
	}
	h.bodies[network]++
	return nil
}

func (h *Handler) leaveBody(network string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.bodies[network]--; h.bodies[network] == 0 {
		delete(h.bodies, network)
	}
}

// readForm gives the first part of a form that is a JPEG by its bytes; what
// the part is called does not matter, since senders disagree on that.
func readForm(body io.Reader, contentType string) ([]byte, error) {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || params["boundary"] == "" {
		return nil, fmt.Errorf("%w: form without a boundary", ErrBadBody)
	}
	form := multipart.NewReader(body, params["boundary"])
	heads := 0 // bytes
	for parts := 1; ; parts++ {
		part, err := form.NextRawPart()
		if err == io.EOF {
			return nil, fmt.Errorf("%w: no part of the form is one", media.ErrNotJPEG)
		}
		if err != nil {
			return nil, bodyError(err)
		}
		if heads += headBytes(part); heads > formBytes || parts > formParts {
			return nil, &limitError{LimitPartHeaders, fmt.Errorf("%w: no picture in the first %d parts of the form, of at most %d with heads of %d bytes in all",
				ErrBadBody, parts, formParts, formBytes)}
		}
		content := bufio.NewReader(part)
		if start, _ := content.Peek(2); bytes.Equal(start, startOfImage) {
			return readAll(content, 0)
		}
	}
}

// headBytes is about how long the head of a part is.
func headBytes(part *multipart.Part) int {
	n := 0
	for name, values := range part.Header {
		for _, value := range values {
			n += len(name) + len(value)
		}
	}
	return n
}

// readAll reads to the end. Its buffer grows with what has come, towards the
// length the peer announced, if it did.
func readAll(body io.Reader, announced int64) ([]byte, error) {
	var b []byte
	for {
		if len(b) == cap(b) {
			size := max(2*cap(b), 64<<10)
			if rest := int(announced) + 1; rest > len(b) && rest < size {
				size = rest // one byte more, to see the end without growing again
			}
			b = slices.Grow(b, size-len(b))
		}
		n, err := body.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case err == io.EOF && len(b) == 0:
			return nil, fmt.Errorf("%w: it is empty", ErrBadBody)
		case err == io.EOF:
			return b, nil
		case err != nil:
			return nil, bodyError(err)
		}
	}
}

// bodyError says what it means that a body could not be read.
func bodyError(err error) error {
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return &limitError{LimitFrameBytes, fmt.Errorf("%w: more than %d", ErrTooLarge, tooLarge.Limit)}
	}
	if errors.Is(err, ErrTooSlow) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrBadBody, err)
}
