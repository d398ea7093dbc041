package archive

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"framegate/gateway/places"
	"framegate/gateway/record/index"
	"framegate/gateway/stream"
)

const (
	maxAsking = 256 // requests of nodes that are answered at a time
	maxEach   = 64  // of one node
	answerIn  = 5 * time.Second
	eraseIn   = time.Minute
)

// Door answers other nodes. Its methods may be called from any goroutine.
type Door struct {
	local  Local
	empty  error
	nodeOf func(*http.Request) string
	places *places.Places

	// Asked counts requests, Bytes those of files that were given out, and Refused
	// requests that were for too much at a time, or are none that a node makes.
	Asked, Bytes, Refused atomic.Uint64
}

// NewDoor makes one that gives out what is local. nodeOf gives the node that a
// request comes from, which its connection proves, and empty is the error of local where
// it has nothing.
func NewDoor(local Local, empty error, nodeOf func(*http.Request) string) *Door {
	return &Door{local: local, empty: empty, nodeOf: nodeOf, places: places.New(maxAsking, maxEach)}
}

// Handler gives what answers requests.
func (d *Door) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /recordings/file", d.guarded(asking(d.file)))
	mux.HandleFunc("GET /recordings/thumbnail", d.guarded(asking(d.thumbnail)))
	mux.HandleFunc("GET /recordings/{what}", d.guarded(asking(d.look)))
	mux.HandleFunc("POST /recordings/erase", d.guarded(asking(d.erase)))
	mux.HandleFunc("POST /recordings/withdraw", d.guarded(asking(d.withdraw)))
	mux.HandleFunc("POST /recordings/marks", d.guarded(d.marks))
	return mux
}

func (d *Door) guarded(answer func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		d.Asked.Add(1)
		leave, ok := d.places.Take(stream.Client{Principal: "node:" + d.nodeOf(r)})
		if !ok {
			d.Refused.Add(1)
			http.Error(w, errBusy.Error(), http.StatusTooManyRequests)
			return
		}
		defer leave()
		if err := answer(w, r); err != nil {
			if errors.Is(err, ErrNonsense) {
				d.Refused.Add(1)
			}
			http.Error(w, err.Error(), d.statusOf(err))
		}
	}
}

// asking has the question of an address answered.
func asking(answer func(http.ResponseWriter, *http.Request, question) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		q, err := questionOf(r.URL.Query())
		if err != nil {
			return err
		}
		return answer(w, r, q)
	}
}

// statusOf gives the status of an error: what is not there, what nobody can answer, or
// what cannot be answered now.
func (d *Door) statusOf(err error) int {
	switch {
	case errors.Is(err, index.ErrUnknown), errors.Is(err, fs.ErrNotExist), errors.Is(err, d.empty):
		return http.StatusNotFound
	case errors.Is(err, ErrNonsense), errors.Is(err, index.ErrInvalid):
		return http.StatusBadRequest
	}
	return http.StatusServiceUnavailable
}

// question is what a node asks.
type question struct {
	camera     string
	from, to   time.Time
	limit      int
	id         int64
	resolution time.Duration
	zone       *time.Location
	path       string
	moment     time.Time
}

// questionOf reads one.
func questionOf(v url.Values) (q question, err error) {
	var errs [5]error
	q.camera, q.path = v.Get("camera"), v.Get("path")
	q.from, errs[0] = timeOf(v.Get("from"))
	q.to, errs[1] = timeOf(v.Get("to"))
	q.moment, errs[2] = timeOf(v.Get("moment"))
	limit, err := numberOf(v.Get("limit"))
	q.limit, errs[3] = int(min(limit, index.MaxRows)), err
	q.id, errs[4] = numberOf(v.Get("id"))
	if text := v.Get("resolution"); text != "" {
		if q.resolution, err = time.ParseDuration(text); err != nil {
			return q, ErrNonsense
		}
	}
	if q.zone, err = time.LoadLocation(v.Get("zone")); err != nil || v.Get("zone") == "Local" || len(q.camera) > maxText || errors.Join(errs[:]...) != nil {
		return q, ErrNonsense
	}
	return q, nil
}

func (q question) values() url.Values {
	v := url.Values{}
	set := func(key, text string, there bool) {
		if there {
			v.Set(key, text)
		}
	}
	set("camera", q.camera, q.camera != "")
	set("path", q.path, q.path != "")
	set("from", q.from.Format(time.RFC3339Nano), !q.from.IsZero())
	set("to", q.to.Format(time.RFC3339Nano), !q.to.IsZero())
	set("moment", q.moment.Format(time.RFC3339Nano), !q.moment.IsZero())
	set("limit", strconv.Itoa(q.limit), q.limit > 0)
	set("id", strconv.FormatInt(q.id, 10), q.id > 0)
	set("resolution", q.resolution.String(), q.resolution > 0)
	if q.zone != nil {
		v.Set("zone", q.zone.String())
	}
	return v
}

func timeOf(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339Nano, text)
}

func numberOf(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if n < 0 {
		err = ErrNonsense
	}
	return n, err
}

// look answers what the index knows.
func (d *Door) look(w http.ResponseWriter, r *http.Request, q question) error {
	ctx, cancel := context.WithTimeout(r.Context(), answerIn)
	defer cancel()
	answer, err := d.know(ctx, r.PathValue("what"), q)
	if err != nil {
		return err
	}
	b, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(b) // who asked may be gone
	return nil
}

// know gives what is asked.
func (d *Door) know(ctx context.Context, what string, q question) (any, error) {
	switch what {
	case "timeline":
		return d.local.Timeline(ctx, q.camera, q.from, q.to, q.resolution)
	case "days":
		return d.local.Days(ctx, q.camera, q.zone, q.from, q.to)
	case "between":
		return d.local.Between(ctx, q.camera, q.from, q.to, q.limit)
	case "spans":
		return d.local.Spans(ctx, q.camera, q.from, q.to)
	case "hours":
		return d.local.Hours(ctx, q.camera, q.from, q.to)
	case "gaps":
		return d.local.Gaps(ctx, q.camera, q.from, q.to)
	case "format":
		return d.local.Format(ctx, q.id)
	case "extents":
		return d.local.Extents(ctx)
	case "growing":
		g, ok := d.local.Growing(q.camera)
		if !ok {
			return nil, index.ErrUnknown
		}
		return growingOf(g), nil
	case "missing":
		g, ok := d.local.Missing(q.camera)
		if !ok {
			return nil, index.ErrUnknown
		}
		return g, nil
	}
	return nil, ErrNonsense
}

// file gives out bytes of a recording. Only what has a row, or is being written, is
// opened, whatever path is asked for.
func (d *Door) file(w http.ResponseWriter, r *http.Request, q question) error {
	row, err := d.row(r.Context(), q)
	if err != nil {
		return err
	}
	f, size, err := d.local.Open(row)
	if err != nil {
		return err
	}
	defer f.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(&counting{w, d}, r, "", time.Time{}, io.NewSectionReader(f, 0, size))
	return nil
}

// row gives the row of a path of a camera.
func (d *Door) row(ctx context.Context, q question) (index.Segment, error) {
	if g, ok := d.local.Growing(q.camera); ok && g.Segment.Path == q.path {
		return g.Segment, nil
	}
	row, err := d.local.SegmentByPath(ctx, q.path)
	if err == nil && (row.Camera != q.camera || row.Lost) {
		err = index.ErrUnknown
	}
	return row, err
}

// counting counts bytes that are given out.
type counting struct {
	http.ResponseWriter
	door *Door
}

func (c *counting) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.door.Bytes.Add(uint64(n))
	return n, err
}

// Unwrap is for http.ResponseController.
func (c *counting) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// thumbnail gives out one that is kept.
func (d *Door) thumbnail(w http.ResponseWriter, r *http.Request, q question) error {
	row, err := d.row(r.Context(), q)
	if err != nil {
		return err
	}
	p, err := d.local.Thumbnail(row, q.moment)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/jpeg")
	_, _ = w.Write(p.Data) // who asked may be gone
	return nil
}

// erase deletes what is local. It goes on when who asked is gone.
func (d *Door) erase(w http.ResponseWriter, r *http.Request, q question) error {
	if !q.stretches() {
		return ErrNonsense
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), eraseIn)
	defer cancel()
	gone, err := d.local.Erase(ctx, q.camera, q.from, q.to)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(gone)
}

// withdraw removes what was made of recordings that are deleted, likewise.
func (d *Door) withdraw(_ http.ResponseWriter, r *http.Request, q question) error {
	if !q.stretches() {
		return ErrNonsense
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), eraseIn)
	defer cancel()
	return d.local.Withdraw(ctx, q.camera, q.from, q.to)
}

// stretches says whether the question is of a stretch of time of a camera.
func (q question) stretches() bool { return q.camera != "" && !q.from.IsZero() && q.from.Before(q.to) }
