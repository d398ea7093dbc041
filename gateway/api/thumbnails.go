package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"framegate/gateway/auth"
	"framegate/gateway/record/index"
)

const (
	thumbnailGrid = 10 * time.Second
	// maxThumbnails is how many one answer has. Without a step it is as fine as
	// usualThumbnails can be.
	maxThumbnails, usualThumbnails = 1000, 360
)

func (a *API) registerThumbnails(r registrar) {
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/cameras/{id}/thumbnails", auth.Playback}, id: "list-thumbnails", tag: "recordings",
		summary: "List small pictures of what was recorded",
		about: "JPEGs that are 160 pixels wide, with their addresses, one for each step of time in which something is recorded. They lie on a grid of ten seconds, " +
			"so that the same moment has the same address. A picture that is not made yet is made when it is asked for. Where there are more, ask again from behind the last one.",
		problems: []int{http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, a.listThumbnails)
}

type thumbnail struct {
	At  time.Time `json:"at"`
	URL string    `json:"url" doc:"of the JPEG; it does not change, and may be kept" example:"/live/front/thumbnail.jpg?at=2026-11-20T14:05:10Z"`
}

type thumbnailList struct {
	Step       string      `json:"step" doc:"the time from one to the next" example:"10s"`
	Thumbnails []thumbnail `json:"thumbnails" nullable:"false"`
	More       bool        `json:"more,omitempty" doc:"whether there are later ones, too many for one answer"`
}

func (a *API) listThumbnails(ctx context.Context, in *struct {
	ID   string `path:"id" doc:"the camera" example:"front"`
	From string `query:"from" maxLength:"40" doc:"a time as in RFC 3339, now, or -30m; 24 hours before to, if left out" example:"2026-11-20T14:00:00Z"`
	To   string `query:"to" maxLength:"40" doc:"a time as in RFC 3339, now, or -30m; now, if left out" example:"2026-11-20T15:00:00Z"`
	Step string `query:"step" maxLength:"40" doc:"the time from one to the next, of whole tens of seconds; as short as 360 pictures allow, if left out" example:"1m"`
}) (*struct{ Body thumbnailList }, error) {
	from, to, err := stretchOf(in.From, in.To)
	if err != nil {
		return nil, err
	}
	step, err := durationOf(in.Step, "query.step")
	switch {
	case err != nil:
		return nil, err
	case in.Step == "":
		step = max((to.Sub(from)/usualThumbnails + thumbnailGrid - 1).Truncate(thumbnailGrid), thumbnailGrid)
	case step < thumbnailGrid || step%thumbnailGrid != 0:
		return nil, faulty("query.step", "must be 10s or a multiple of that")
	}
	growing, grows := a.growing(in.ID)
	var spans []index.Span
	err = a.inView(ctx, in.ID, func(x View) error {
		spans, err = x.Spans(ctx, in.ID, from, to)
		return err
	})
	if err != nil {
		return nil, err
	}
	if grows {
		spans = append(spans, index.Span{From: growing.Start, To: growing.End})
	}
	list := thumbnailList{Step: step.String(), Thumbnails: []thumbnail{}}
	moments, more := gridOf(spans, from, to, step)
	list.More = more || len(spans) >= index.MaxRows
	for _, t := range moments {
		url := a.base(ctx) + "/live/" + in.ID + "/thumbnail.jpg?at=" + t.Format(time.RFC3339)
		list.Thumbnails = append(list.Thumbnails, thumbnail{t, url})
	}
	return &struct{ Body thumbnailList }{list}, nil
}

// gridOf gives the moments of a grid that lie in spans, by time, and says if there
// are more than one answer has.
func gridOf(spans []index.Span, from, to time.Time, step time.Duration) (moments []time.Time, more bool) {
	slices.SortFunc(spans, func(a, b index.Span) int { return a.From.Compare(b.From) })
	next := time.Time{}
	for _, s := range spans {
		begin, end := latest(latest(s.From, from), next), earliest(s.To, to)
		t := time.Unix(0, 0).UTC().Add(begin.Sub(time.Unix(0, 0)).Truncate(step))
		if t.Before(begin) {
			t = t.Add(step)
		}
		for ; t.Before(end); t = t.Add(step) {
			if len(moments) == maxThumbnails {
				return moments, true
			}
			moments = append(moments, t)
			next = t.Add(time.Nanosecond)
		}
	}
	return moments, false
}
