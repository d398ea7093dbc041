package api

import (
	"testing"
	"time"

	"framegate/gateway/record/index"
)

func TestHowMuchIsKept(t *testing.T) {
	r := newRig(t)
	admin := r.admin()
	admin.do("GET", "/api/v1/recordings", nil).want(200).says(`{"cameras":[]}`)
	now := time.Now()
	hour := now.Truncate(time.Hour)
	r.recorded("gate", hour.Add(-50*time.Hour), 60*20)  // long ago
	r.recorded("gate", hour.Add(-12*time.Hour), 60*6)   // 6 of the last 24 hours
	r.recorded("old", hour.Add(-4*time.Hour), 60*2)     // 2 of 4: a camera that was removed
	r.recorded("young", now.Add(-2*time.Minute), 2)     // no whole hour
	r.recorded("past", hour.Add(-200*time.Hour), 60*10) // nothing of late
	admin.do("POST", "/api/v1/cameras/gate/events", object{"kind": "theft", "keep": true, "start": hour.Add(-12 * time.Hour).Add(time.Second), "end": hour.Add(-12 * time.Hour).Add(59 * time.Second)}).want(201)

	list := func(c client) map[string]kept {
		var all keptList
		c.do("GET", "/api/v1/recordings", nil).want(200).into(&all)
		byID := make(map[string]kept)
		for _, k := range all.Cameras {
			byID[k.ID] = k
		}
		return byID
	}
	gate := list(admin)["gate"]
	if gate.Segments != 26*60 || gate.Bytes != 26*60*1000 || gate.Protected != 1000 || !gate.Oldest.Equal(hour.Add(-50*time.Hour)) || !gate.Newest.Equal(hour.Add(-6*time.Hour)) {
		t.Errorf("of the gate is kept %+v", gate)
	}
	const minute = 800 // of pictures in one that was recorded
	for id, want := range map[string]int64{"gate": 6 * 60 * minute, "old": 6 * 2 * 60 * minute, "young": 24 * 60 * 1000, "past": 0} {
		must(t, r.past.Look(func(x *index.Index) error {
			k, err := keptOf(t.Context(), x, id, now)
			if k.DayBytes != want {
				t.Errorf("a day of %s takes %d bytes, not %d", id, k.DayBytes, want)
			}
			return err
		}))
	}
	r.past.away = ErrNotHere
	admin.do("GET", "/api/v1/recordings", nil).want(503)
	r.past.away = nil
	if some := list(r.as(r.token("p", "playback:old", "view:gate"))); len(some) != 1 || some["old"].Segments != 120 {
		t.Errorf("who has playback for one sees %v", some)
	}
	for _, none := range []func(){func() { r.past.away = ErrNoRecordings }, func() { r.API.options.Recordings = nil }} {
		none()
		admin.do("GET", "/api/v1/recordings", nil).want(200).says(`{"cameras":[]}`)
	}
}
