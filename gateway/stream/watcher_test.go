package stream_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// still is a source of one frame.
type still struct{ frame media.Frame }

func (s still) Run(ctx context.Context, emit func(media.Frame)) error {
	emit(s.frame)
	<-ctx.Done()
	return ctx.Err()
}

// TestWatchers: one register knows all viewers, what each reads now and what its
// player says.
func TestWatchers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		jpeg := still{media.Frame{Key: true, Format: &media.Format{Codec: media.JPEG}, Data: []byte("jpeg")}}
		h264 := still{media.Frame{Key: true, Format: &media.Format{Codec: media.H264}, Data: []byte("h264")}}
		hub := stream.New(stream.Options{Resolve: func(k stream.Key) (stream.Source, error) {
			return map[string]stream.Source{"": jpeg, "h264": h264}[k.Rendition], nil
		}})
		defer hub.Close()
		ended := ""
		ann, bob := stream.Client{Principal: "ann", Form: "mjpeg"}, stream.Client{Principal: "bob", Form: "framegate.v1"}
		bob.Exit = &stream.Exit{End: func() { ended += "bob" }}
		began := time.Now()
		first := open(t, hub, stream.ReadOptions{Client: &ann})
		time.Sleep(time.Second)
		second := open(t, hub, stream.ReadOptions{Client: &bob})
		open(t, hub, stream.ReadOptions{}) // for nobody
		want := []stream.Watcher{{Client: ann, Key: front, Since: began}, {Client: stream.Client{Principal: "bob", Form: "framegate.v1"}, Key: front, Since: began.Add(time.Second)}}
		expect := func(what string) {
			t.Helper()
			got := hub.Watchers()
			for i, w := range got {
				if w.ID == 0 || i > 0 && w.ID <= got[i-1].ID {
					t.Errorf("%s: the id of %s is %d", what, w.Principal, w.ID)
				}
				got[i].ID, got[i].Exit = 0, nil
			}
			if !cmp.Equal(got, want) {
				t.Errorf("%s: %s", what, cmp.Diff(want, got))
			}
		}
		expect("before they read")
		expectFrame(t, first, "jpeg")
		want[0].Codec = media.JPEG
		expect("one reads")
		key := stream.Key{Camera: front.Camera, Rendition: "h264"}
		besides, err := hub.Open(key, stream.ReadOptions{Client: &bob, Besides: second})
		if err != nil {
			t.Fatal(err)
		}
		defer besides.Close()
		want[1].Key = key
		expect("the other changed")
		expectFrame(t, besides, "h264")
		second.Report(stream.Report{Shown: 1})
		second.Report(stream.Report{Shown: 12, Delay: time.Second})
		besides.Report(stream.Report{Shown: 99}) // it counts nobody
		want[1].Codec, want[1].Report = media.H264, &stream.Report{Shown: 12, Delay: time.Second}
		expect("its player says something")
		past := stream.New(stream.Options{Audience: hub.Audience, Past: true, Resolve: func(stream.Key) (stream.Source, error) { return jpeg, nil }})
		defer past.Close()
		looksBack, err := past.Open(front, stream.ReadOptions{Client: &bob, Besides: second})
		if err != nil {
			t.Fatal(err)
		}
		expectFrame(t, looksBack, "jpeg")
		carl := stream.Client{Principal: "carl", Form: "mp4"}
		leave := hub.Show("gone", carl)
		want[1].Key, want[1].Codec, want[1].Past = front, media.JPEG, true
		want = append(want, stream.Watcher{Client: carl, Key: stream.Key{Camera: "gone"}, Past: true, Since: time.Now()})
		expect("one looks back, and another does nothing else")
		for _, f := range hub.Forms() {
			if f.Viewers != 1 {
				t.Errorf("%d viewers of %s", f.Viewers, f.Form)
			}
		}
		leave()
		looksBack.Close()
		besides, err = hub.Open(key, stream.ReadOptions{Client: &bob, Besides: second})
		if err != nil {
			t.Fatal(err)
		}
		defer besides.Close()
		expectFrame(t, besides, "h264")
		want[1].Key, want[1].Codec, want[1].Past = key, media.H264, false
		want = want[:2]
		expect("the present again")
		all := hub.Watchers()
		if w, ok := hub.EndViewer(all[1].ID); !ok || w.ID != all[1].ID || w.Key != key || ended != "bob" {
			t.Errorf("ended %q, %+v, %v", ended, w, ok)
		}
		if _, ok := hub.EndViewer(all[0].ID); ok {
			t.Error("one was ended that cannot be")
		}
		first.Close()
		want = want[1:]
		expect("one left")
		second.Close()
		second.Report(stream.Report{})
		if _, ok := hub.EndViewer(all[1].ID); ok || ended != "bob" {
			t.Error("one was ended that has gone")
		}
		want = []stream.Watcher{}
		expect("all left")
		var forms []string
		for _, f := range hub.Forms() {
			forms = append(forms, f.Form)
			if f.Viewers != 0 {
				t.Errorf("%d viewers of %s", f.Viewers, f.Form)
			}
		}
		if !cmp.Equal(forms, []string{"framegate.v1", "mjpeg", "mp4"}) {
			t.Errorf("forms %q", forms)
		}
	})
}
