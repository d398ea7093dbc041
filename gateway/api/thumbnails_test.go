package api

import (
	"strings"
	"testing"
	"time"

	"framegate/gateway/record/index"
)

func TestThumbnailsLieOnAGrid(t *testing.T) {
	r := newRig(t)
	c := r.as(r.token("p", "playback:gate"))
	r.recorded("gate", afternoon.Add(3*time.Second), 1) // 14:00:03 to 14:01:03
	r.recorded("gate", afternoon.Add(10*time.Minute), 200)
	r.past.growing["gate"] = index.Segment{Camera: "gate", Start: afternoon.Add(210 * time.Minute), End: afternoon.Add(210*time.Minute + 15*time.Second)}
	const day = "from=2020-11-20T00:00:00Z&to=2020-11-21T00:00:00Z"
	for query, want := range map[string]struct {
		count      int
		step, ends string // the first and the last
		more       bool
	}{
		"from=2020-11-20T14:00:00Z&to=2020-11-20T14:05:00Z":          {6, "10s", "14:00:10 14:01:00", false},
		"from=2020-11-20T14:00:12Z&to=2020-11-20T14:00:31Z":          {2, "10s", "14:00:20 14:00:30", false},
		"from=2020-11-20T14:00:00Z&to=2020-11-20T14:12:00Z&step=1m":  {3, "1m0s", "14:01:00 14:11:00", false},
		"from=2020-11-20T17:29:00Z&to=2020-11-20T18:00:00Z&step=10s": {8, "10s", "17:29:00 17:30:10", false},
		day:               {50, "4m0s", "14:12:00 17:28:00", false},
		day + "&step=10s": {1000, "10s", "14:00:10 16:55:30", true},
	} {
		var list thumbnailList
		c.do("GET", "/api/v1/cameras/gate/thumbnails?"+query, nil).want(200).into(&list)
		n := len(list.Thumbnails)
		if n == 0 {
			t.Errorf("%s: there are none", query)
			continue
		}
		ends := list.Thumbnails[0].At.Format("15:04:05") + " " + list.Thumbnails[n-1].At.Format("15:04:05")
		if n != want.count || list.Step != want.step || ends != want.ends || list.More != want.more {
			t.Errorf("%s: %d by %s, %s, more: %v", query, n, list.Step, ends, list.More)
		}
		if url := list.Thumbnails[0].URL; !strings.HasSuffix(url, "/live/gate/thumbnail.jpg?at=2020-11-20T"+ends[:8]+"Z") {
			t.Errorf("%s: the address is %s", query, url)
		}
	}
	for _, step := range []string{"5s", "15s", "-10s", "x"} {
		c.do("GET", "/api/v1/cameras/gate/thumbnails?step="+step, nil).want(422)
	}
	r.as(r.token("v", "view:gate")).do("GET", "/api/v1/cameras/gate/thumbnails", nil).want(404)
}
