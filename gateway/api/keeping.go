package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"framegate/gateway/auth"
	"framegate/gateway/config"
)

func (a *API) registerKeeping(r registrar) {
	add(r, operation{
		Route: Route{http.MethodPost, "/api/v1/cameras/{id}/recordings/forecast", auth.Admin}, id: "forecast-recordings", tag: "recordings",
		summary: "Say what a change would do to recordings",
		about: "Takes what PATCH of the camera takes, looks at record alone, of any camera, and changes nothing: it says what other limits under record.keep would delete at once, and for how long " +
			"recordings would last at the rate of the last day. What is deleted cannot be had again.",
		problems: []int{http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, a.forecast)
}

// Kept is what there is of a camera's recordings, and what bounds them.
type Kept struct {
	Segments         int
	Bytes, Protected int64
	Oldest           time.Time // zero where there is nothing
	PerDay           int64     // bytes; 0 where not known

	MaxAge, MarkedAge time.Duration // 0 is no bound
	MaxBytes          int64

	Lasts time.Duration // that what is recorded now stays about; 0 where nothing bounds it
	Bound string        // by which limit
}

// Forecast is what a change would do to recordings.
type Forecast struct {
	Deleted         Erased
	After           Kept
	Crowded, Filled bool
}

// keptStatus is Kept for people and programs.
type keptStatus struct {
	Segments  int        `json:"segments" doc:"files"`
	Bytes     int64      `json:"bytes"`
	Protected int64      `json:"protected" doc:"bytes of those that marks protect, which no limit deletes"`
	Oldest    *time.Time `json:"oldest,omitempty" doc:"when what there is begins"`
	PerDay    int64      `json:"bytes_per_day,omitempty" doc:"what comes in a day, by what there is of the last; not there before five minutes were recorded"`
	LastsDays float64    `json:"lasts_days,omitempty" doc:"for how many days what is recorded now stays about, unless it is marked; not there where nothing bounds it, as far as is known"`
	Bound     string     `json:"bound,omitempty" enum:"max_age,max_bytes,recordings.max_bytes,recordings.min_free" doc:"the limit that ends that"`
	MaxAgeS   float64    `json:"max_age_s,omitempty" doc:"the camera's own limits, in effect: seconds"`
	MarkedS   float64    `json:"marked_max_age_s,omitempty" doc:"seconds, for what marks reach"`
	MaxBytes  int64      `json:"max_bytes,omitempty"`
}

func keptStatusOf(k Kept) keptStatus {
	return keptStatus{
		Segments: k.Segments, Bytes: k.Bytes, Protected: k.Protected, Oldest: timeOf(k.Oldest), PerDay: k.PerDay,
		LastsDays: k.Lasts.Hours() / 24, Bound: k.Bound, MaxAgeS: k.MaxAge.Seconds(), MarkedS: k.MarkedAge.Seconds(), MaxBytes: k.MaxBytes,
	}
}

// forecastAnswer is Forecast for people and programs.
type forecastAnswer struct {
	Deleted erasedForecast `json:"deleted" doc:"what would be deleted as soon as that is saved"`
	After   keptStatus     `json:"after" doc:"what there would be then"`
	Crowded bool           `json:"crowded" doc:"marks protect more than half of what may be kept of the camera"`
	Full    bool           `json:"full" doc:"marks protect so much of max_bytes that nothing more could be recorded"`
}

// erasedForecast is what would be deleted.
type erasedForecast struct {
	Segments int        `json:"segments" doc:"files"`
	Bytes    int64      `json:"bytes"`
	From     *time.Time `json:"from,omitempty" doc:"not there where nothing would be"`
	To       *time.Time `json:"to,omitempty"`
}

func (a *API) forecast(ctx context.Context, in *struct {
	ID   string `path:"id" doc:"the camera" example:"front"`
	Body change
}) (*struct{ Body forecastAnswer }, error) {
	c, err := a.find(in.ID)
	if err != nil {
		return nil, err
	}
	wish, err := recordedAs(c.Camera, in.Body)
	if err != nil {
		return nil, err
	}
	if a.options.Recordings == nil {
		return nil, ErrNoRecordings
	}
	f, err := a.options.Recordings.Forecast(ctx, wish)
	if err != nil {
		return nil, err
	}
	return &struct{ Body forecastAnswer }{forecastAnswer{
		Deleted: erasedForecast{f.Deleted.Segments, f.Deleted.Bytes, timeOf(f.Deleted.From), timeOf(f.Deleted.To)},
		After:   keptStatusOf(f.After), Crowded: f.Crowded, Full: f.Filled,
	}}, nil
}

// recordedAs gives a camera that is recorded as one is to be after a change, and is
// nothing else: what may be forecast for one of the file may not be said of its source.
func recordedAs(c config.Camera, wish change) (config.Camera, error) {
	after, named := keys{"source": "upload:"}, make(settings)
	for name, text := range keysOf(c) {
		if strings.HasPrefix(name, "record.") {
			after[name] = text
		}
	}
	for name, text := range wish.settings {
		if strings.HasPrefix(name, "record.") {
			named[name] = text
		}
	}
	return change{settings: named}.apply(c.ID, after)
}
