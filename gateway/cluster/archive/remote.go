package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"framegate/gateway/record/index"
	"framegate/gateway/record/thumbs"
)

const (
	usualPatience = 2 * time.Second
	// eraseWait is how long it may take to delete.
	eraseWait = eraseIn + usualPatience
	// growingFor is how long what is being written is believed to be as it was.
	growingFor = 400 * time.Millisecond
	maxPicture = 1 << 20 // bytes of a thumbnail
	maxFormats = 1024    // that are remembered
)

// maxUnderWay bounds what is asked of a node at a time, which takes somewhat more.
const maxUnderWay = maxEach * 3 / 4

// Remote is what another node recorded, with its own IDs. Its methods may be called
// from any goroutine.
type Remote struct {
	node     string
	client   *http.Client
	patience time.Duration
	places   chan struct{} // of questions at a time, fewer than a Door takes of a node
	// failed is told of each question how it went: nil where the node answered, be it
	// that there is nothing.
	failed func(error)

	mu      sync.Mutex // guards what follows
	grows   map[string]seen
	formats map[int64]index.Format
}

// seen is what was being written a moment ago.
type seen struct {
	growing Growing
	ok      bool
	at      time.Time
}

func newRemote(node string, dial func(ctx context.Context, node string) (net.Conn, error), patience time.Duration, failed func(error)) *Remote {
	return &Remote{
		node: node, patience: patience, failed: failed, places: make(chan struct{}, maxUnderWay), grows: make(map[string]seen), formats: make(map[int64]index.Format),
		client: &http.Client{
			Transport: &http.Transport{
				DialTLSContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
					ctx, cancel := context.WithTimeout(ctx, patience)
					defer cancel()
					return dial(ctx, node)
				},
				MaxIdleConnsPerHost: 8, IdleConnTimeout: 30 * time.Second, DisableCompression: true,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

func (r *Remote) close() { r.client.CloseIdleConnections() }

// get asks for at most so many bytes, of a range of a file where that is named.
func (r *Remote) get(ctx context.Context, method, what string, q question, most int64, span string) ([]byte, http.Header, error) {
	return r.say(ctx, method, what, q, nil, most, span)
}

// say is get with something that is sent.
func (r *Remote) say(ctx context.Context, method, what string, q question, body []byte, most int64, span string) (b []byte, header http.Header, err error) {
	defer func() {
		if !errors.Is(err, context.Canceled) {
			r.failed(answered(err))
		}
	}()
	select {
	case r.places <- struct{}{}:
		defer func() { <-r.places }()
	case <-ctx.Done():
		return nil, nil, fmt.Errorf("%w: %w: %w", ErrAway, errBusy, ctx.Err())
	}
	address := url.URL{Scheme: "https", Host: r.node, Path: "/recordings/" + what, RawQuery: q.values().Encode()}
	request, err := http.NewRequestWithContext(ctx, method, address.String(), bytes.NewReader(body))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrAway, err)
	}
	if span != "" {
		request.Header.Set("Range", span)
	}
	answer, err := r.client.Do(request)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrAway, err)
	}
	defer answer.Body.Close()
	if err := statusError(answer, span != ""); err != nil {
		return nil, nil, err
	}
	b, err = io.ReadAll(io.LimitReader(answer.Body, most+1))
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("%w: %w", ErrAway, err)
	case int64(len(b)) > most:
		return nil, nil, fmt.Errorf("%w: more than %d bytes", ErrNonsense, most)
	}
	return b, answer.Header, nil
}

// errOlder: the node's version does not know the question.
var errOlder = errors.New("it is of another version, which does not know how: bring it up to date")

// answered makes nothing of an error that is an answer.
func answered(err error) error {
	if errors.Is(err, errBusy) || errors.Is(err, errOlder) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, io.EOF) || errors.Is(err, index.ErrInvalid) {
		return nil
	}
	return err
}

// statusError gives the error that a status stands for.
func statusError(answer *http.Response, ranged bool) error {
	switch answer.StatusCode {
	case http.StatusOK:
		if !ranged {
			return nil
		}
	case http.StatusPartialContent:
		if ranged {
			return nil
		}
	case http.StatusRequestedRangeNotSatisfiable:
		return io.EOF
	case http.StatusNotFound:
		return fs.ErrNotExist
	case http.StatusBadRequest:
		return index.ErrInvalid
	case http.StatusTooManyRequests:
		return fmt.Errorf("%w: %w", ErrAway, errBusy)
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return errOlder
	case http.StatusServiceUnavailable:
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 512)) // whatever there is of it
		return fmt.Errorf("%w: %s", ErrAway, text)
	}
	return fmt.Errorf("%w: status %d", ErrNonsense, answer.StatusCode)
}

// know asks for JSON, and checks it.
func know[T any](ctx context.Context, r *Remote, what string, q question, check func(T) error) (answer T, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	b, _, err := r.get(ctx, http.MethodGet, what, q, maxAnswer, "")
	if err != nil {
		return answer, err
	}
	if err = read(b, &answer); err == nil {
		err = check(answer)
	}
	if err != nil {
		r.failed(err)
		var none T
		return none, err
	}
	return answer, nil
}

// Timeline is as Source has it.
func (r *Remote) Timeline(ctx context.Context, camera string, from, to time.Time, resolution time.Duration) (index.Timeline, error) {
	return know(ctx, r, "timeline", question{camera: camera, from: from, to: to, resolution: resolution}, func(t index.Timeline) error {
		return checkTimeline(t, from, to, resolution)
	})
}

// Days is as Source has it.
func (r *Remote) Days(ctx context.Context, camera string, zone *time.Location, from, to time.Time) ([]string, error) {
	return know(ctx, r, "days", question{camera: camera, from: from, to: to, zone: zone}, checkDays)
}

// Between is as Source has it.
func (r *Remote) Between(ctx context.Context, camera string, from, to time.Time, limit int) ([]index.Segment, error) {
	if limit <= 0 || limit > index.MaxRows {
		limit = index.MaxRows
	}
	return know(ctx, r, "between", question{camera: camera, from: from, to: to, limit: limit}, func(rows []index.Segment) error {
		return checkRows(rows, camera, from, to, limit)
	})
}

// Spans is as Source has it.
func (r *Remote) Spans(ctx context.Context, camera string, from, to time.Time) ([]index.Span, error) {
	return know(ctx, r, "spans", question{camera: camera, from: from, to: to}, func(spans []index.Span) error {
		return checkSpans(spans, index.MaxRows, from, to)
	})
}

// Hours is as Source has it.
func (r *Remote) Hours(ctx context.Context, camera string, from, to time.Time) ([]index.Hour, error) {
	return know(ctx, r, "hours", question{camera: camera, from: from, to: to}, func(hours []index.Hour) error { return checkHours(hours, from, to) })
}

// Gaps is as Source has it.
func (r *Remote) Gaps(ctx context.Context, camera string, from, to time.Time) ([]index.Gap, error) {
	return know(ctx, r, "gaps", question{camera: camera, from: from, to: to}, func(gaps []index.Gap) error { return checkGaps(gaps, from, to) })
}

// Format is as Source has it.
func (r *Remote) Format(ctx context.Context, id int64) (index.Format, error) {
	r.mu.Lock()
	known, ok := r.formats[id]
	r.mu.Unlock()
	if ok {
		return known, nil
	}
	f, err := know(ctx, r, "format", question{id: id}, func(f index.Format) error {
		if f.ID != id || len(f.Config) > index.MaxConfigBytes || !isText(f.Codec) || min(f.Width, f.Height) < 0 {
			return fmt.Errorf("%w: format %d", ErrNonsense, f.ID)
		}
		return nil
	})
	if err != nil {
		return f, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.formats) < maxFormats {
		r.formats[id] = f
	}
	return f, nil
}

// Cameras is as Source has it.
func (r *Remote) Cameras(ctx context.Context) ([]string, error) {
	extents, err := r.extents(ctx)
	return slices.Sorted(maps.Keys(extents)), err
}

// extents is Local.Extents.
func (r *Remote) extents(ctx context.Context) (map[string]index.Span, error) {
	return know(ctx, r, "extents", question{}, checkExtents)
}

// Growing is as Source has it.
func (r *Remote) Growing(camera string) (Growing, bool) {
	r.mu.Lock()
	s := r.grows[camera]
	r.mu.Unlock()
	if time.Since(s.at) < growingFor {
		return s.growing, s.ok
	}
	s = seen{at: time.Now()}
	_, err := know(context.Background(), r, "growing", question{camera: camera}, func(m growing) (err error) {
		s.growing, err = m.growing(camera)
		return err
	})
	s.ok = err == nil
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.grows) > maxFormats {
		clear(r.grows)
	}
	r.grows[camera] = s
	return s.growing, s.ok
}

// Missing is as Source has it.
func (r *Remote) Missing(camera string) (index.Gap, bool) {
	g, err := know(context.Background(), r, "missing", question{camera: camera}, func(g index.Gap) error {
		return checkGaps([]index.Gap{g}, time.Time{}, time.Time{})
	})
	g.Camera = camera
	return g, err == nil
}

// Thumbnail is as Source has it.
func (r *Remote) Thumbnail(of index.Segment, moment time.Time) (thumbs.Picture, error) {
	ctx, cancel := context.WithTimeout(context.Background(), r.patience)
	defer cancel()
	b, _, err := r.get(ctx, http.MethodGet, "thumbnail", question{camera: of.Camera, path: of.Path, moment: moment}, maxPicture, "")
	return thumbs.Picture{Sequence: of.Sequence, Moment: moment, Data: b}, err
}

// Withdraw is as Local has it.
func (r *Remote) Withdraw(ctx context.Context, camera string, from, to time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, eraseWait)
	defer cancel()
	_, _, err := r.get(ctx, http.MethodPost, "withdraw", question{camera: camera, from: from, to: to}, maxAnswer, "")
	return err
}

// Erase is as Source has it.
func (r *Remote) Erase(ctx context.Context, camera string, from, to time.Time) (gone Erased, err error) {
	ctx, cancel := context.WithTimeout(ctx, eraseWait)
	defer cancel()
	b, _, err := r.get(ctx, http.MethodPost, "erase", question{camera: camera, from: from, to: to}, maxAnswer, "")
	if err == nil {
		err = read(b, &gone)
	}
	if err == nil && (gone.Segments < 0 || gone.Bytes < 0) {
		err = ErrNonsense
	}
	return gone, err
}
