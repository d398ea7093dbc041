package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"framegate/gateway/auth"
	"framegate/gateway/config"
	"framegate/gateway/instant"
	"framegate/gateway/record/index"
)

// Recordings is what was recorded, and goes on being. It may be used from any
// goroutine.
type Recordings interface {
	// View calls use with what is known of recordings, which is good until use
	// returns, and gives its error. It is ErrNotHere where nothing is known at the
	// moment, as while the disk is not there, and ErrNoRecordings where nothing
	// was ever to be recorded.
	View(use func(View) error) error
	// Away gives the nodes that cannot be asked at the moment, and what each may have
	// of a camera in a stretch of time.
	Away(camera string, from, to time.Time) []Away
	// Growing gives the segment of a camera that is being written, as far as it
	// can be read; it is in no index yet. ok is false where there is none.
	Growing(camera string) (s index.Segment, ok bool)
	// Missing gives the gap of a camera that goes on until now; it may be in no
	// index yet. ok is false where there is none.
	Missing(camera string) (g index.Gap, ok bool)
	// Erase deletes all of a camera that has to do with a stretch of time,
	// whatever protects it, also what is still being written. Recording goes on.
	Erase(ctx context.Context, camera string, from, to time.Time) (Erased, error)
	// Forecast says what would become of a camera's recordings if it was recorded as
	// here. It changes nothing.
	Forecast(ctx context.Context, c config.Camera) (Forecast, error)
	// ForecastAll says what would be deleted if all recordings were bounded as here. It
	// changes nothing.
	ForecastAll(ctx context.Context, r config.Recordings) (Erased, error)
}

// View is what is known of recordings: an index, or those of several servers as one.
// Its methods are those of index.Index.
type View interface {
	Timeline(ctx context.Context, camera string, from, to time.Time, resolution time.Duration) (index.Timeline, error)
	Days(ctx context.Context, camera string, zone *time.Location, from, to time.Time) ([]string, error)
	Between(ctx context.Context, camera string, from, to time.Time, limit int) ([]index.Segment, error)
	Spans(ctx context.Context, camera string, from, to time.Time) ([]index.Span, error)
	Format(ctx context.Context, id int64) (index.Format, error)
	Cameras(ctx context.Context) ([]string, error)

	AddMark(ctx context.Context, m index.Mark) (id int64, err error)
	Mark(ctx context.Context, id int64) (index.Mark, error)
	UpdateMark(ctx context.Context, m index.Mark) error
	DeleteMark(ctx context.Context, id int64) error
	Marks(ctx context.Context, f index.MarkFilter) ([]index.Mark, error)
	Protects(ctx context.Context, m index.Mark) (time.Duration, error)
}

// Away is a node of a cluster that cannot be asked, and from when until when it may
// have recordings.
type Away struct {
	Node string    `json:"node" example:"barn"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Why recordings cannot be looked at, or deleted.
var (
	ErrNodeAway     = errors.New("a node of the cluster cannot be reached")
	ErrNotHere      = errors.New("the recordings are not at hand at the moment; the log says why")
	ErrNoRecordings = errors.New("this server keeps no recordings")
)

// Erased is what Erase deleted: whole segments, and so a little more than was
// asked for.
type Erased struct {
	Segments int
	Bytes    int64
	From, To time.Time // zero where there was nothing
}

const (
	// usualStretch is what is looked at where no time is named.
	usualStretch = 24 * time.Hour
	maxSegments  = 1000
)

func (a *API) registerRecordings(r registrar) {
	const tag = "recordings"
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/cameras/{id}/timeline", auth.Playback}, id: "show-timeline", tag: tag,
		summary: "Show what was recorded, and when",
		about: "Stretches that were recorded, gaps with their reasons, and marks; also of a camera that was removed, as long as something of it is kept. " +
			"What is being written is among them, and a gap that goes on. A stretch, gap or mark that is shorter than the resolution may be one with its neighbours. " +
			"Beyond 7.5 minutes marks of a kind are told apart by the next longer one of 15 and 30 minutes and 1, 2, 4, 8, 16 and 32 hours.",
		problems: []int{http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, a.showTimeline)
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/cameras/{id}/days", auth.Playback}, id: "list-days", tag: tag,
		summary: "List the days of which something is kept", about: "As a calendar shows them: days of a time zone, at most 4000.",
		problems: []int{http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, a.listDays)
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/cameras/{id}/segments", auth.Playback}, id: "list-segments", tag: tag,
		summary:  "List the files of recordings",
		about:    "The earliest first. Where there are more, ask again from the end of the last one.",
		problems: []int{http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, a.listSegments)
	add(r, operation{
		Route: Route{http.MethodDelete, "/api/v1/cameras/{id}/recordings", auth.Admin}, id: "erase-recordings", tag: tag, status: http.StatusOK,
		summary: "Delete what was recorded within a stretch of time",
		about: "For privacy: at once, and whatever marks protect it. Files are deleted whole, so a little before and after goes too; the answer says what. Exports that show any of it go as well. In a cluster that is so on all nodes; 503 says which could not be reached. " +
			"Recording goes on. Who did it is in the log.",
		problems: []int{http.StatusUnprocessableEntity, http.StatusServiceUnavailable, http.StatusInsufficientStorage},
	}, a.eraseRecordings)
}

// keepsRecordings says whether something was recorded, or is to be.
func (a *API) keepsRecordings() bool {
	return a.options.Recordings != nil && !errors.Is(a.options.Recordings.View(func(View) error { return nil }), ErrNoRecordings)
}

// inView calls use with what is known of recordings, for a camera of which something
// may be kept. The error is a problem, or of use.
func (a *API) inView(ctx context.Context, camera string, use func(View) error) error {
	if a.options.Recordings == nil {
		return ErrNoRecordings
	}
	_, unknown := a.find(camera)
	if unknown != nil { // asked before the index, which has what is finished meanwhile
		if _, grows := a.growing(camera); grows {
			unknown = nil
		}
	}
	return a.options.Recordings.View(func(x View) error {
		if unknown != nil {
			if err := a.kept(ctx, x, camera, unknown); err != nil {
				return err
			}
		}
		return use(x)
	})
}

// kept gives an error where nothing is kept of a camera.
func (a *API) kept(ctx context.Context, x View, camera string, unknown error) error {
	cameras, err := x.Cameras(ctx)
	if err == nil && !slices.Contains(cameras, camera) {
		err = unknown
	}
	return err
}

// momentOf reads a time that somebody gives; "" is the one that is so anyway.
// The error is a problem with the parameter or member at location.
func momentOf(text string, usual, now time.Time, location string) (time.Time, error) {
	if text == "" {
		return usual, nil
	}
	t, err := instant.Parse(text, now)
	if err != nil {
		return t, faulty(location, err.Error())
	}
	return t, nil
}

// stretchOf reads from when until when: without either, the usual stretch that
// ends now.
func stretchOf(from, to string) (begin, end time.Time, err error) {
	now := time.Now()
	if end, err = momentOf(to, now, now, "query.to"); err != nil {
		return begin, end, err
	}
	if begin, err = momentOf(from, latest(end.Add(-usualStretch), time.Unix(0, 0)), now, "query.from"); err != nil {
		return begin, end, err
	}
	if !begin.Before(end) {
		return begin, end, faulty("query.to", "must be later than from")
	}
	return begin, end, nil
}

// span is a stretch of time.
type span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

type gap struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Reason string    `json:"reason" example:"the camera was away"`
	Open   bool      `json:"open,omitempty" doc:"whether it goes on: to is now, or where the stretch ends that was asked for. What memory holds for a slow disk may still fill it"`
}

// shownFlag is a mark as a timeline has it.
type shownFlag struct {
	ID    int64      `json:"id" doc:"of the mark, or of one of those that it stands for"`
	Kind  string     `json:"kind" example:"motion"`
	From  time.Time  `json:"from"`
	To    *time.Time `json:"to,omitempty" doc:"not there: still open"`
	Keep  bool       `json:"keep" doc:"whether it protects what was recorded"`
	Count int        `json:"count" doc:"how many marks it stands for"`
}

type timeline struct {
	From       time.Time   `json:"from"`
	To         time.Time   `json:"to"`
	Resolution string      `json:"resolution" doc:"what is shorter may not be told apart" example:"1m26.4s"`
	Spans      []span      `json:"spans" nullable:"false" doc:"that were recorded without a gap"`
	Gaps       []gap       `json:"gaps" nullable:"false" doc:"in which something should have been recorded, and was not or is lost"`
	Marks      []shownFlag `json:"marks" nullable:"false"`
	Away       []Away      `json:"away,omitempty" doc:"nodes of a cluster that cannot be reached, and what they may have, which is not shown"`
	MoreMarks  bool        `json:"more_marks,omitempty" doc:"there are later ones, too many for one answer"`
}

func (a *API) showTimeline(ctx context.Context, in *struct {
	ID         string `path:"id" doc:"the camera" example:"front"`
	From       string `query:"from" maxLength:"40" doc:"a time as in RFC 3339, now, or -30m; 24 hours before to, if left out" example:"2026-11-20T00:00:00Z"`
	To         string `query:"to" maxLength:"40" doc:"a time as in RFC 3339, now, or -30m; now, if left out" example:"2026-11-21T00:00:00Z"`
	Resolution string `query:"resolution" maxLength:"40" doc:"what need not be told apart, such as 1m; as fine as one answer can be, if left out" example:"1m"`
}) (*struct{ Body timeline }, error) {
	from, to, err := stretchOf(in.From, in.To)
	if err != nil {
		return nil, err
	}
	resolution, err := durationOf(in.Resolution, "query.resolution")
	if err != nil {
		return nil, err
	}
	missing, misses := a.missing(in.ID)
	growing, grows := a.growing(in.ID) // first, so that what is finished meanwhile is in either
	var t index.Timeline
	err = a.inView(ctx, in.ID, func(x View) (err error) {
		t, err = x.Timeline(ctx, in.ID, from, to, resolution)
		return err
	})
	if err != nil {
		return nil, err
	}
	if grows {
		t = withGrowing(t, growing)
	}
	answer := timelineOf(t)
	answer.Away = a.options.Recordings.Away(in.ID, from, to)
	if misses {
		answer.addMissing(missing, t.Resolution)
	}
	return &struct{ Body timeline }{answer}, nil
}

// missing gives the gap of a camera that goes on.
func (a *API) missing(camera string) (index.Gap, bool) {
	if a.options.Recordings == nil {
		return index.Gap{}, false
	}
	return a.options.Recordings.Missing(camera)
}

// growing gives the segment of a camera that is being written.
func (a *API) growing(camera string) (index.Segment, bool) {
	if a.options.Recordings == nil {
		return index.Segment{}, false
	}
	return a.options.Recordings.Growing(camera)
}

// withGrowing adds the segment that is being written to a timeline.
func withGrowing(t index.Timeline, s index.Segment) index.Timeline {
	from, to := latest(s.Start, t.From), earliest(s.End, t.To)
	if !from.Before(to) {
		return t
	}
	last := len(t.Spans) - 1
	if last >= 0 && from.Sub(t.Spans[last].To) <= max(index.Joint, t.Resolution) {
		from = t.Spans[last].From
		t.Spans[last].To = latest(to, t.Spans[last].To)
	} else {
		t.Spans = append(t.Spans, index.Span{From: from, To: to})
	}
	t.Gaps = slices.DeleteFunc(t.Gaps, func(g index.Gap) bool { return !g.From.Before(from) && !g.To.After(to) })
	return t
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func timelineOf(t index.Timeline) timeline {
	answer := timeline{
		From: t.From.UTC(), To: t.To.UTC(), Resolution: t.Resolution.String(),
		Spans: []span{}, Gaps: []gap{}, Marks: []shownFlag{}, MoreMarks: t.MoreFlags,
	}
	for _, s := range t.Spans {
		answer.Spans = append(answer.Spans, span{s.From.UTC(), s.To.UTC()})
	}
	for _, g := range t.Gaps {
		answer.Gaps = append(answer.Gaps, gap{From: g.From.UTC(), To: g.To.UTC(), Reason: g.Reason})
	}
	for _, f := range t.Flags {
		answer.Marks = append(answer.Marks, shownFlag{f.ID, f.Kind, f.From.UTC(), timeOf(f.To), f.Keep, f.Count})
	}
	return answer
}

// addMissing adds the gap that goes on. There is none any more where something was
// recorded behind its beginning, which is known later.
func (t *timeline) addMissing(g index.Gap, resolution time.Duration) {
	from, to := latest(g.From, t.From).UTC(), earliest(g.To, t.To).UTC()
	if n := len(t.Spans); n > 0 {
		if t.Spans[n-1].To.Sub(g.From) > index.Joint {
			return
		}
		from = latest(from, t.Spans[n-1].To)
	}
	if n := len(t.Gaps); n > 0 && !t.Gaps[n-1].To.Before(from) { // which the index knows in part
		last := &t.Gaps[n-1]
		if last.Reason == g.Reason && from.Before(to) {
			last.To, last.Open = latest(to, last.To), true
			return
		}
		from = last.To
	}
	if to.Sub(from) >= max(resolution, 1) {
		t.Gaps = append(t.Gaps, gap{from, to, g.Reason, true})
	}
}

type days struct {
	Zone string   `json:"zone" doc:"that the days are of" example:"Europe/Berlin"`
	Away []Away   `json:"away,omitempty" doc:"nodes of a cluster that cannot be reached, and what they may have, which is not among it"`
	Days []string `json:"days" nullable:"false" example:"[\"2026-11-20\"]"`
}

func (a *API) listDays(ctx context.Context, in *struct {
	ID   string `path:"id" doc:"the camera" example:"front"`
	Zone string `query:"tz" maxLength:"64" doc:"the time zone whose days are meant; UTC, if left out" example:"Europe/Berlin"`
	From string `query:"from" maxLength:"40" doc:"a time as in RFC 3339, now, or -30m; ten years before to, if left out" example:"2026-11-01T00:00:00Z"`
	To   string `query:"to" maxLength:"40" doc:"a time as in RFC 3339, now, or -30m; now, if left out" example:"2026-12-01T00:00:00Z"`
}) (*struct{ Body days }, error) {
	answer := days{Zone: in.Zone, Days: []string{}}
	if in.Zone == "" {
		answer.Zone = "UTC"
	}
	zone, err := config.Zone(answer.Zone)
	if err != nil {
		return nil, faulty("query.tz", err.Error())
	}
	// What was recorded while the clock was ahead is among what is there.
	now := time.Now()
	to, err := momentOf(in.To, now.AddDate(0, 0, 2), now, "query.to")
	if err != nil {
		return nil, err
	}
	from, err := momentOf(in.From, latest(to.AddDate(-10, 0, 0), time.Unix(0, 0)), now, "query.from")
	if err != nil {
		return nil, err
	}
	growing, grows := a.growing(in.ID)
	err = a.inView(ctx, in.ID, func(x View) error {
		list, err := x.Days(ctx, in.ID, zone, from, to)
		answer.Days = append(answer.Days, list...)
		return err
	})
	if err != nil {
		return nil, err
	}
	answer.Away = a.options.Recordings.Away(in.ID, from, to)
	for _, t := range []time.Time{growing.Start, growing.End} {
		day := t.In(zone).Format(time.DateOnly)
		if at, known := slices.BinarySearch(answer.Days, day); grows && !known && !t.Before(from) && t.Before(to) {
			answer.Days = slices.Insert(answer.Days, at, day)
		}
	}
	return &struct{ Body days }{answer}, nil
}

// segment is a file of a recording as it is answered.
type segment struct {
	Start   time.Time `json:"start"`
	End     time.Time `json:"end"`
	Path    string    `json:"path" doc:"in the folder of the recordings" example:"front/2026-11-20/13/20261120T130400.123Z-17.mp4"`
	Node    string    `json:"node,omitempty" doc:"of a cluster, in whose folder it is; not there: this one" example:"barn"`
	Bytes   int64     `json:"bytes"`
	Frames  int       `json:"frames"`
	Growing bool      `json:"growing,omitempty" doc:"whether it is being written, and so longer by now"`
	Codec   string    `json:"codec,omitempty" example:"h264"`
	Width   int       `json:"width,omitempty" doc:"pixels"`
	Height  int       `json:"height,omitempty" doc:"pixels"`
}

type segmentList struct {
	Segments []segment `json:"segments" nullable:"false"`
	Away     []Away    `json:"away,omitempty" doc:"nodes of a cluster that cannot be reached, and what they may have, which is not among it"`
	More     bool      `json:"more,omitempty" doc:"whether there are later ones, too many for one answer"`
}

func (a *API) listSegments(ctx context.Context, in *struct {
	ID    string `path:"id" doc:"the camera" example:"front"`
	From  string `query:"from" maxLength:"40" doc:"a time as in RFC 3339, now, or -30m; 24 hours before to, if left out" example:"2026-11-20T00:00:00Z"`
	To    string `query:"to" maxLength:"40" doc:"a time as in RFC 3339, now, or -30m; now, if left out" example:"2026-11-21T00:00:00Z"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"how many at most"`
}) (*struct{ Body segmentList }, error) {
	from, to, err := stretchOf(in.From, in.To)
	if err != nil {
		return nil, err
	}
	limit := min(max(in.Limit, 1), maxSegments)
	list := segmentList{Segments: []segment{}}
	growing, grows := a.growing(in.ID)
	err = a.inView(ctx, in.ID, func(x View) error {
		found, err := x.Between(ctx, in.ID, from, to, limit+1)
		if err != nil {
			return err
		}
		finished := slices.ContainsFunc(found, func(s index.Segment) bool { return s.Sequence == growing.Sequence && s.Run == growing.Run })
		if grows && !finished && growing.Start.Before(to) && growing.End.After(from) {
			found = append(found, growing)
		}
		if list.More = len(found) > limit; list.More {
			found = found[:limit]
		}
		list.Segments, err = segmentsOf(ctx, x, found)
		return err
	})
	if err != nil {
		return nil, err
	}
	list.Away = a.options.Recordings.Away(in.ID, from, to)
	return &struct{ Body segmentList }{list}, nil
}

// segmentsOf describes segments; one without a row is being written.
func segmentsOf(ctx context.Context, x View, found []index.Segment) ([]segment, error) {
	formats := make(map[int64]index.Format)
	all := make([]segment, 0, len(found))
	for _, s := range found {
		format, known := formats[s.Format]
		if !known && s.Format != 0 {
			var err error
			if format, err = x.Format(ctx, s.Format); err != nil && !errors.Is(err, index.ErrUnknown) {
				return nil, err
			}
			formats[s.Format] = format
		}
		all = append(all, segment{
			Start: s.Start.UTC(), End: s.End.UTC(), Path: s.Path, Node: s.Node, Bytes: s.Bytes, Frames: s.Frames, Growing: s.ID == 0,
			Codec: format.Codec, Width: format.Width, Height: format.Height,
		})
	}
	return all, nil
}

type erased struct {
	Segments int        `json:"segments" doc:"how many files were deleted"`
	Bytes    int64      `json:"bytes" doc:"that they had"`
	From     *time.Time `json:"from,omitempty" doc:"when the first of them began"`
	To       *time.Time `json:"to,omitempty" doc:"when the last of them ended"`
	Exports  int        `json:"exports" doc:"how many files that were made of it were deleted, or are not made any more"`
}

func (a *API) eraseRecordings(ctx context.Context, in *struct {
	ID   string `path:"id" doc:"the camera" example:"front"`
	From string `query:"from" required:"true" maxLength:"40" doc:"a time as in RFC 3339, now, or -30m" example:"2026-11-20T14:00:00Z"`
	To   string `query:"to" required:"true" maxLength:"40" doc:"a time as in RFC 3339, now, or -30m" example:"2026-11-20T14:30:00Z"`
}) (*struct{ Body erased }, error) {
	from, to, err := stretchOf(in.From, in.To)
	if err != nil {
		return nil, err
	}
	if err := a.inView(ctx, in.ID, func(View) error { return nil }); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writePatience)
	defer cancel()
	gone, err := a.options.Recordings.Erase(ctx, in.ID, from, to)
	begin := from // files go whole, and so a little more than was asked for
	if !gone.From.IsZero() {
		begin = earliest(from, gone.From)
	}
	exports, failed := a.eraseExports(ctx, in.ID, begin, latest(to, gone.To))
	err = errors.Join(err, failed)
	log := a.log.With("camera", in.ID, "from", from.UTC(), "to", to.UTC(), "segments", gone.Segments, "bytes", gone.Bytes, "exports", exports, "by", principalOf(ctx).String())
	if err != nil {
		log.Error("recordings not deleted, or not all", "err", err)
		return nil, err
	}
	log.Info("recordings deleted")
	return &struct{ Body erased }{erased{gone.Segments, gone.Bytes, timeOf(gone.From), timeOf(gone.To), exports}}, nil
}

// durationOf reads a duration; "" is none. The error is a problem.
func durationOf(text, location string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := config.Duration(text)
	if err != nil {
		return 0, faulty(location, err.Error())
	}
	return d, nil
}
