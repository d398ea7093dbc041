package api

import (
	"testing"
	"time"

	"framegate/gateway/config"
)

// Other limits are tried on any camera before they are saved.
func TestLimitsAreForecast(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	at := time.Date(2026, 11, 20, 14, 0, 0, 0, time.FixedZone("", 3600))
	r.past.would = Forecast{
		Deleted: Erased{Segments: 3, Bytes: 3000, From: at, To: at.Add(time.Hour)},
		After:   Kept{Segments: 7, Bytes: 7000, Protected: 100, Oldest: at.Add(time.Hour), PerDay: 1000, MaxAge: time.Hour, MaxBytes: 9000, Lasts: 36 * time.Hour, Bound: "max_bytes"},
		Crowded: true,
	}
	r.gateway.file["gate"] = fileCamera(t, "gate", keys{"source": "http://192.0.2.7/", "record.mode": "continuous", "record.keep.max_age": "30d"})
	const path = "/api/v1/cameras/gate/recordings/forecast"
	c.do("POST", path, `{"name": "not looked at", "source": "file:///x", "record": {"keep": {"max_bytes": "9GB", "marked": {"max_age": "90d"}}}}`).want(200).
		says(`{"deleted":{"segments":3,"bytes":3000,"from":"2026-11-20T13:00:00Z","to":"2026-11-20T14:00:00Z"},` +
			`"after":{"segments":7,"bytes":7000,"protected":100,"oldest":"2026-11-20T14:00:00Z","bytes_per_day":1000,"lasts_days":1.5,"bound":"max_bytes","max_age_s":3600,"max_bytes":9000},` +
			`"crowded":true,"full":false}`)
	if keep := r.past.asked.Record.Keep; r.past.asked.ID != "gate" || r.past.asked.Record.Mode != config.RecordContinuous || keep.MaxAge != 30*24*time.Hour || keep.MaxBytes != 9_000_000_000 || keep.MarkedMaxAge != 90*24*time.Hour {
		t.Errorf("%+v was asked for", r.past.asked)
	}
	r.past.would = Forecast{}
	c.do("POST", path, `{}`).want(200).says(`{"deleted":{"segments":0,"bytes":0},"after":{"segments":0,"bytes":0,"protected":0},"crowded":false,"full":false}`)
	c.do("POST", path, `{"record": {"keep": {"max_age": "soon"}}}`).want(422).says("record.keep.max_age")
	c.do("POST", "/api/v1/cameras/absent/recordings/forecast", `{}`).want(404)
	r.as(r.token("p", "playback:gate")).do("POST", path, `{}`).want(404)
	r.past.away = ErrNotHere
	c.do("POST", path, `{}`).want(503)
}

// What there is of a camera is in its status, and what there is of others beside it.
func TestWhatIsKeptIsInTheStatus(t *testing.T) {
	r := newRig(t)
	r.gateway.recordings = []Recording{{Camera: "gate", Mode: "continuous", State: "recording", Kept: Kept{Segments: 2, Bytes: 5, MaxAge: time.Minute, Lasts: time.Minute, Bound: "max_age"}}}
	r.gateway.room = RecordingRoom{Removed: map[string]Kept{"b": {Segments: 1, Bytes: 3}, "a": {Segments: 4, Bytes: 9}}}
	r.admin().do("GET", "/api/v1/status", nil).want(200).
		says(`"kept":{"segments":2,"bytes":5,"protected":0,"lasts_days":0.0006944444444444445,"bound":"max_age","max_age_s":60}`).
		says(`"min_free":1073741824,"removed":[{"camera":"a","kept":{"segments":4,"bytes":9,"protected":0}},{"camera":"b","kept":{"segments":1,"bytes":3,"protected":0}}]`)
	r.as(r.token("v", "playback:gate")).do("GET", "/api/v1/cameras/gate/status", nil).want(200).says(`"kept":{"segments":2`)
}
