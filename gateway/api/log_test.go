package api

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/api/events"
)

func TestLogIsReadAsItGrows(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	read := func(query string) (a logAnswer) {
		t.Helper()
		c.do("GET", "/api/v1/log"+query, nil).want(200).into(&a)
		return a
	}
	r.API.log.Info("before")
	before := read("").Last
	for n := range 3 {
		r.API.log.Warn("source ended", "stream", "gate", "n", n)
		r.API.log.Debug("quiet")
	}
	r.API.log.Error("panic", "stack", strings.Repeat("x", 5000))

	all := read(fmt.Sprint("?after=", before))
	if len(all.Records) != 7 || all.Last != before+7 || all.Records[0].Number != before+1 {
		t.Fatalf("%+v", all)
	}
	first, last := all.Records[0], all.Records[6]
	if first.Level != "warn" || first.Message != "source ended" || first.Attributes["stream"] != "gate" || first.Attributes["n"] != "0" || time.Since(first.At).Abs() > time.Hour {
		t.Errorf("%+v", first)
	}
	if text := last.Attributes["stack"]; last.Level != "error" || len(text) > 3000 || !strings.HasSuffix(text, "x…") {
		t.Errorf("%+v", last)
	}
	for query, want := range map[string][]uint64{
		fmt.Sprint("?level=error&after=", before):        {7},
		fmt.Sprint("?level=warn&after=", before+1):       {3, 5, 7},
		fmt.Sprint("?level=warn&limit=2&after=", before): {5, 7},
		fmt.Sprint("?after=", before+7):                  nil,
	} {
		var got []uint64
		a := read(query)
		for _, record := range a.Records {
			got = append(got, record.Number-before)
		}
		if !slices.Equal(got, want) || a.Last != before+7 {
			t.Errorf("%s: %v, want %v; the last is %d", query, got, want, a.Last)
		}
	}
	if again := read("?after=1000000"); len(again.Records) != int(before)+7 {
		t.Errorf("behind what there was not yet come %d", len(again.Records))
	}
	c.do("GET", "/api/v1/log?level=loud", nil).want(400)
	r.as(r.token("v", "view:gate")).do("GET", "/api/v1/log", nil).want(404)
}

// Admins who ask for it hear that something was logged, and nobody else does.
func TestThatSomethingWasLoggedIsHeard(t *testing.T) {
	r := newRig(t)
	admin := r.admin()
	r.run()
	follows, silent, viewer := admin.hearWith("?log=true"), admin.hear(), r.as(r.token("v", "view:gate")).hearWith("?log=true")
	r.API.log.Info("something")
	follows.expect(events.LogAdded, "")
	r.gateway.change(func() { r.gateway.settings.Refused = fmt.Errorf("a mistake") })
	silent.expect(events.SettingsRefused, "") // and nothing before
	r.gateway.change(func() { r.gateway.file["gate"] = fileCamera(t, "gate", keys{"source": "upload:"}) })
	viewer.expect(events.CameraChanged, "gate") // nor here
	admin.do("GET", "/api/v1/events?log=yes", nil).want(422)
}

// However much is logged, listeners are told once a second.
func TestALogThatGrowsFastIsToldNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		const seconds = 10
		for range seconds * 100 {
			_, _ = w.options.Journal.Write([]byte("level=INFO msg=x\n")) // which discards
			time.Sleep(10 * time.Millisecond)
		}
		synctest.Wait()
		all, lost := w.l.Take()
		if len(all) < seconds-1 || len(all) > seconds+1 || lost > 0 {
			t.Errorf("told %d times in %d s", len(all), seconds)
		}
	})
}
