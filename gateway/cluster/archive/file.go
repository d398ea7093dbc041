package archive

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"framegate/gateway/record/index"
)

const (
	// ahead is how much is read of a file at once, since what follows is mostly wanted
	// next.
	ahead = 256 << 10
	// perByte is how much longer than an answer it may take for each byte that is asked for.
	perByte = 4 * time.Microsecond
)

// file is a recording of another node. It holds nothing there between two reads.
type file struct {
	remote *Remote
	ask    question
	life   context.Context // done when it is closed
	close  context.CancelFunc

	mu     sync.Mutex // guards what follows
	window []byte     // what was read last
	at     int64      // where that is
}

// Open opens a segment, and reads its beginning.
func (r *Remote) Open(s index.Segment) (File, int64, error) {
	life, cancel := context.WithCancel(context.Background())
	f := &file{remote: r, ask: question{camera: s.Camera, path: s.Path}, life: life, close: cancel}
	b, size, err := f.fetch(0, ahead)
	if err != nil {
		cancel()
		return nil, 0, err
	}
	f.window = b
	return f, size, nil
}

// Close ends reads that go on.
func (f *file) Close() error {
	f.close()
	return nil
}

// ReadAt reads, as io.ReaderAt has it.
func (f *file) ReadAt(b []byte, at int64) (n int, err error) {
	for n < len(b) {
		f.mu.Lock()
		window, begin := f.window, f.at
		f.mu.Unlock()
		if from := at + int64(n) - begin; from >= 0 && from < int64(len(window)) {
			n += copy(b[n:], window[from:])
			continue
		}
		next := at + int64(n)
		if window, _, err = f.fetch(next, max(ahead, int64(len(b)-n))); err != nil {
			return n, err
		}
		f.mu.Lock()
		f.window, f.at = window, next
		f.mu.Unlock()
	}
	return n, nil
}

// fetch reads at most so many bytes, one at least, and gives the size of the file.
// The error is io.EOF behind its end.
func (f *file) fetch(at, most int64) (b []byte, size int64, err error) {
	ctx, cancel := context.WithTimeout(f.life, f.remote.patience+time.Duration(most)*perByte)
	defer cancel()
	b, header, err := f.remote.get(ctx, http.MethodGet, "file", f.ask, most, fmt.Sprintf("bytes=%d-%d", at, at+most-1))
	if err != nil {
		return nil, 0, err
	}
	size, ok := sizeOf(header.Get("Content-Range"), at, int64(len(b)))
	if !ok {
		err = fmt.Errorf("%w: %d bytes for %q", ErrNonsense, len(b), header.Get("Content-Range"))
		f.remote.failed(err)
		return nil, 0, err
	}
	return b, size, nil
}

// sizeOf reads the size out of a Content-Range (RFC 9110, 14.4) of so many bytes; false
// where it is of others.
func sizeOf(text string, at, length int64) (size int64, ok bool) {
	bytes, total, ok := strings.Cut(strings.TrimPrefix(text, "bytes "), "/")
	if !ok || length == 0 || bytes != fmt.Sprintf("%d-%d", at, at+length-1) {
		return 0, false
	}
	size, err := strconv.ParseInt(total, 10, 64)
	return size, err == nil && size >= at+length
}

var _ io.ReaderAt = (*file)(nil)
