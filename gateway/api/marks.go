package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"framegate/gateway/api/events"
	"framegate/gateway/api/problem"
	"framegate/gateway/auth"
	"framegate/gateway/record/index"
)

const maxMarksListed = 1000

func (a *API) registerMarks(r registrar) {
	const tag = "recordings"
	add(r, operation{
		Route: Route{http.MethodPost, "/api/v1/cameras/{id}/events", auth.Playback}, id: "add-mark", tag: tag, status: http.StatusCreated, free: "data",
		summary: "Mark a stretch of time",
		about: "What happened there, or that it is to be kept: of the present, the past, or what is to come. What a mark reaches stays as long as the camera's " +
			"record.keep.marked.max_age says; with keep nothing deletes it but DELETE on recordings, which admins do. Who is no admin has one mark with keep reach a day at most, and all of them seven days. Without an end it is still open, until PATCH ends it.",
		problems: []int{http.StatusConflict, http.StatusUnprocessableEntity, http.StatusServiceUnavailable, http.StatusInsufficientStorage},
	}, a.addMark)
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/cameras/{id}/events", auth.Playback}, id: "list-marks", tag: tag,
		summary: "List marks", about: "The latest first.",
		problems: []int{http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, a.listMarks)
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/cameras/{id}/events/{number}", auth.Playback}, id: "get-mark", tag: tag,
		summary: "Show a mark", problems: []int{http.StatusServiceUnavailable},
	}, a.getMark)
	add(r, operation{
		Route: Route{http.MethodPatch, "/api/v1/cameras/{id}/events/{number}", auth.Playback}, id: "change-mark", tag: tag, free: "data",
		summary: "Change a mark, or end it", about: "Only what is named changes. Marks of others are for admins to change.",
		problems: []int{http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusServiceUnavailable, http.StatusInsufficientStorage},
	}, a.changeMark)
	add(r, operation{
		Route: Route{http.MethodDelete, "/api/v1/cameras/{id}/events/{number}", auth.Playback}, id: "delete-mark", tag: tag,
		summary: "Delete a mark", about: "What it reached goes when it would have gone without it. Marks of others are for admins to delete.",
		problems: []int{http.StatusForbidden, http.StatusServiceUnavailable, http.StatusInsufficientStorage},
	}, a.deleteMark)
}

// freeObject is an object of JSON that means nothing here.
type freeObject json.RawMessage

// Schema says so in the document.
func (freeObject) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Examples: []any{map[string]any{"zone": "driveway", "score": 0.8}}}
}

// MarshalJSON gives it as it came.
func (o freeObject) MarshalJSON() ([]byte, error) { return json.RawMessage(o).MarshalJSON() }

// UnmarshalJSON keeps it without blanks.
func (o *freeObject) UnmarshalJSON(b []byte) error {
	var compact bytes.Buffer
	if err := json.Compact(&compact, b); err != nil {
		return err
	}
	*o = compact.Bytes()
	return nil
}

// mark is a mark as it is answered.
type mark struct {
	ID      int64      `json:"id"`
	Camera  string     `json:"camera" example:"front"`
	Kind    string     `json:"kind" example:"motion"`
	Start   time.Time  `json:"start"`
	End     *time.Time `json:"end,omitempty" doc:"not there: still open"`
	Before  string     `json:"before" doc:"how far it reaches before its start" example:"5s"`
	After   string     `json:"after" doc:"how far it reaches behind its end" example:"10s"`
	Keep    bool       `json:"keep" doc:"whether what it reaches is protected"`
	Note    string     `json:"note,omitempty" example:"the parcel"`
	Data    freeObject `json:"data,omitempty" doc:"what was sent with it"`
	By      string     `json:"by" doc:"who made it" example:"token:mqtt"`
	Created time.Time  `json:"created"`
}

func markOf(m index.Mark) mark {
	return mark{
		ID: m.ID, Camera: m.Camera, Kind: m.Kind, Start: m.Start.UTC(), End: timeOf(m.End), Before: m.Before.String(), After: m.After.String(),
		Keep: m.Keep, Note: m.Note, Data: freeObject(m.Data), By: m.By, Created: m.Created.UTC(),
	}
}

// newMark is a mark as it is added.
type newMark struct {
	Kind   string     `json:"kind" minLength:"1" maxLength:"64" doc:"what happened, of letters, digits, dots, dashes and underscores" example:"motion"`
	Start  string     `json:"start,omitempty" maxLength:"40" doc:"a time as in RFC 3339, now, or -30m; now, if left out" example:"2026-11-20T14:05:10Z"`
	End    string     `json:"end,omitempty" maxLength:"40" doc:"a time as in RFC 3339, now, or -30m; still open, if left out" example:"2026-11-20T14:05:40Z"`
	Before string     `json:"before,omitempty" maxLength:"40" doc:"how far it reaches before its start, up to 24h" example:"5s"`
	After  string     `json:"after,omitempty" maxLength:"40" doc:"how far it reaches behind its end, up to 24h" example:"10s"`
	Keep   bool       `json:"keep,omitempty" doc:"protect what it reaches: no limit on age or size deletes that"`
	Note   string     `json:"note,omitempty" maxLength:"4096" doc:"for people" example:"the parcel"`
	Data   freeObject `json:"data,omitempty" doc:"an object of your own, up to 16 KiB; kept as it is"`
}

// markChange is what is to be different of a mark.
type markChange struct {
	Kind   *string     `json:"kind,omitempty" minLength:"1" maxLength:"64"`
	Start  string      `json:"start,omitempty" maxLength:"40" doc:"a time as in RFC 3339, now, or -30m" example:"2026-11-20T14:05:10Z"`
	End    string      `json:"end,omitempty" maxLength:"40" doc:"a time as in RFC 3339, now, which ends it, or -30m" example:"2026-11-20T14:05:40Z"`
	Before *string     `json:"before,omitempty" maxLength:"40"`
	After  *string     `json:"after,omitempty" maxLength:"40"`
	Keep   *bool       `json:"keep,omitempty"`
	Note   *string     `json:"note,omitempty" maxLength:"4096"`
	Data   *freeObject `json:"data,omitempty" doc:"instead of all that was there"`
}

// apply gives the mark that is to be. The error is a problem.
func (c markChange) apply(m index.Mark, now time.Time) (_ index.Mark, err error) {
	if m.Start, err = momentOf(c.Start, m.Start, now, "body.start"); err != nil {
		return m, err
	}
	if m.End, err = momentOf(c.End, m.End, now, "body.end"); err != nil {
		return m, err
	}
	if c.Before != nil {
		if m.Before, err = durationOf(*c.Before, "body.before"); err != nil {
			return m, err
		}
	}
	if c.After != nil {
		if m.After, err = durationOf(*c.After, "body.after"); err != nil {
			return m, err
		}
	}
	if c.Kind != nil {
		m.Kind = *c.Kind
	}
	if c.Keep != nil {
		m.Keep = *c.Keep
	}
	if c.Note != nil {
		m.Note = *c.Note
	}
	if c.Data != nil {
		m.Data = json.RawMessage(*c.Data)
	}
	return m, nil
}

// change gives what makes a new mark of an empty one.
func (n newMark) change() markChange {
	return markChange{&n.Kind, n.Start, n.End, &n.Before, &n.After, &n.Keep, &n.Note, &n.Data}
}

type markAnswer struct{ Body mark }

type addedMark struct {
	Location string `header:"Location" doc:"its address"`
	Body     mark
}

func (a *API) addMark(ctx context.Context, in *struct {
	ID   string `path:"id" doc:"the camera" example:"front"`
	Body newMark
}) (*addedMark, error) {
	now := time.Now()
	p := principalOf(ctx)
	m, err := in.Body.change().apply(index.Mark{Camera: in.ID, Start: now, By: p.String(), Owner: p.Owner(), Created: now}, now)
	if err != nil {
		return nil, err
	}
	err = a.inView(ctx, in.ID, func(x View) error {
		defer a.protecting(m)()
		if err = mayProtect(ctx, x, m); err != nil {
			return err
		}
		if m.ID, err = x.AddMark(ctx, m); err != nil {
			return err
		}
		m, err = x.Mark(ctx, m.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	a.tellMark(events.MarkAdded, m)
	location := a.base(ctx) + "/api/v1/cameras/" + in.ID + "/events/" + strconv.FormatInt(m.ID, 10)
	return &addedMark{Location: location, Body: markOf(m)}, nil
}

// markPath is which mark is meant.
type markPath struct {
	ID     string `path:"id" doc:"the camera" example:"front"`
	Number int64  `path:"number" doc:"the mark's id"`
}

// markAt finds a mark of a camera.
func markAt(ctx context.Context, x View, at markPath) (index.Mark, error) {
	m, err := x.Mark(ctx, at.Number)
	if err == nil && m.Camera != at.ID {
		err = index.ErrUnknown
	}
	return m, err
}

// own says whether a mark may be changed by whoever asks: those of others decide
// what is kept for them.
func own(ctx context.Context, m index.Mark) error {
	p := principalOf(ctx)
	mine := m.Owner == p.Owner()
	if m.Owner == "" { // a link's, or of before that was kept
		mine = m.By == p.String()
	}
	if !isAdmin(p) && !mine {
		return problem.New(http.StatusForbidden, "the mark was made by "+m.By+"; ask an admin to change it")
	}
	return nil
}

// What nothing deletes fills the disk, which is everybody's. So who is no admin
// protects this much at most, at once and in all, of all cameras.
const (
	mostProtected    = 24 * time.Hour
	mostProtectedAll = 7 * 24 * time.Hour
)

// protecting has one at a time protect more, until done.
func (a *API) protecting(m index.Mark) (done func()) {
	if !m.Keep {
		return func() {}
	}
	a.keeping.Lock()
	return a.keeping.Unlock
}

// mayProtect says whether whoever asks may protect so much beside what the maker of
// the mark protects already.
func mayProtect(ctx context.Context, x View, m index.Mark) error {
	if !m.Keep || isAdmin(principalOf(ctx)) {
		return nil
	}
	reach := m.End.Sub(m.Start) // which is no more than 292 years
	if reach <= mostProtected && m.Before <= mostProtected && m.After <= mostProtected {
		reach += m.Before + m.After
	} else {
		reach = mostProtected + 1
	}
	if m.End.IsZero() || reach > mostProtected {
		return problem.New(http.StatusForbidden, "only an admin may protect more than a day, or without an end; have the mark reach 24h at most, with its before and after")
	}
	others, err := x.Protects(ctx, m)
	if err == nil && others > mostProtectedAll-reach { // the sum may be more than there is
		return problem.New(http.StatusForbidden, "your other marks protect "+others.Round(time.Second).String()+" of recordings already, and who is no admin may protect 168h in all; delete some of them, or ask an admin")
	}
	return err
}

func (a *API) getMark(ctx context.Context, in *markPath) (*markAnswer, error) {
	var m index.Mark
	err := a.inView(ctx, in.ID, func(x View) (err error) {
		m, err = markAt(ctx, x, *in)
		return err
	})
	return &markAnswer{markOf(m)}, err
}

func (a *API) changeMark(ctx context.Context, in *struct {
	ID     string `path:"id" doc:"the camera" example:"front"`
	Number int64  `path:"number" doc:"the mark's id"`
	Body   markChange
}) (*markAnswer, error) {
	a.marking.Lock() // or a change to another part of it might be lost
	defer a.marking.Unlock()
	var m index.Mark
	err := a.inView(ctx, in.ID, func(x View) (err error) {
		if m, err = markAt(ctx, x, markPath{in.ID, in.Number}); err != nil {
			return err
		}
		if err = own(ctx, m); err != nil {
			return err
		}
		if m, err = in.Body.apply(m, time.Now()); err != nil {
			return err
		}
		defer a.protecting(m)()
		if err = mayProtect(ctx, x, m); err != nil {
			return err
		}
		if err = x.UpdateMark(ctx, m); err != nil {
			return err
		}
		m, err = x.Mark(ctx, m.ID)
		return err
	})
	if err == nil {
		a.tellMark(events.MarkChanged, m)
	}
	return &markAnswer{markOf(m)}, err
}

func (a *API) deleteMark(ctx context.Context, in *markPath) (*nothing, error) {
	var m index.Mark
	err := a.inView(ctx, in.ID, func(x View) (err error) {
		if m, err = markAt(ctx, x, *in); err != nil {
			return err
		}
		if err = own(ctx, m); err != nil {
			return err
		}
		return x.DeleteMark(ctx, m.ID)
	})
	if err != nil {
		return nil, err
	}
	a.tellMark(events.MarkDeleted, m)
	if m.Keep {
		a.log.Info("recordings are not protected any more", "camera", m.Camera, "kind", m.Kind, "start", m.Start.UTC(), "by", principalOf(ctx).String())
	}
	return &nothing{}, nil
}

// tellMark tells those who listen of a mark.
func (a *API) tellMark(kind string, m index.Mark) {
	a.listeners.Tell(events.Event{Kind: kind, Camera: m.Camera, Mark: m.ID, At: time.Now().UTC()})
}

type markList struct {
	Marks []mark `json:"marks" nullable:"false"`
	Next  string `json:"next,omitempty" doc:"what after has to be for those that follow; not there: these are the last"`
}

func (a *API) listMarks(ctx context.Context, in *struct {
	ID    string `path:"id" doc:"the camera" example:"front"`
	From  string `query:"from" maxLength:"40" doc:"only those that end later: a time as in RFC 3339, now, or -30m" example:"2026-11-20T00:00:00Z"`
	To    string `query:"to" maxLength:"40" doc:"only those that start earlier: a time as in RFC 3339, now, or -30m" example:"2026-11-21T00:00:00Z"`
	Kind  string `query:"kind" maxLength:"64" doc:"only those of this kind" example:"motion"`
	Keep  bool   `query:"keep" doc:"only those that protect what they reach"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"how many at most"`
	After string `query:"after" maxLength:"60" doc:"next of the answer before"`
}) (*struct{ Body markList }, error) {
	limit := min(max(in.Limit, 1), maxMarksListed)
	filter := index.MarkFilter{Cameras: []string{in.ID}, Kind: in.Kind, Keep: in.Keep, Limit: limit + 1}
	var err error
	now := time.Now()
	if filter.From, err = momentOf(in.From, time.Time{}, now, "query.from"); err != nil {
		return nil, err
	}
	if filter.To, err = momentOf(in.To, time.Time{}, now, "query.to"); err != nil {
		return nil, err
	}
	if filter.After, err = placeOf(in.After); err != nil {
		return nil, err
	}
	list := markList{Marks: []mark{}}
	err = a.inView(ctx, in.ID, func(x View) error {
		found, err := x.Marks(ctx, filter)
		if len(found) > limit {
			found = found[:limit]
			list.Next = placeText(found[limit-1])
		}
		for _, m := range found {
			list.Marks = append(list.Marks, markOf(m))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &struct{ Body markList }{list}, nil
}

// placeText says where in a list a mark is, so that what follows can be asked
// for even when the mark is gone by then.
func placeText(m index.Mark) string {
	return strconv.FormatInt(m.Start.UnixMicro(), 10) + "-" + strconv.FormatInt(m.ID, 10)
}

func placeOf(text string) (index.Mark, error) {
	if text == "" {
		return index.Mark{}, nil
	}
	start, id, _ := strings.Cut(text, "-")
	us, errStart := strconv.ParseUint(start, 10, 62)
	number, errID := strconv.ParseUint(id, 10, 62)
	if errStart != nil || errID != nil || number == 0 {
		return index.Mark{}, faulty("query.after", "must be what next was in the answer before")
	}
	return index.Mark{ID: int64(number), Start: time.UnixMicro(int64(us))}, nil
}
