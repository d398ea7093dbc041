package relay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// TestLyingNodesAreCounted and what they say is cut short.
func TestLyingNodesAreCounted(t *testing.T) {
	s := New(Options{Owner: "z", Counters: new(Counters)})
	r := &reader{life: stream.LifeOf(context.Background()), emit: func(media.Frame) {}, counters: s.options.Counters}
	err := s.hear(r, []byte(`{"type":"error","message":"`+strings.Repeat("é", 1<<20)+`"}`))
	if err == nil || len(err.Error()) > maxRefusal || !utf8.ValidString(err.Error()) {
		t.Errorf("an error of two million bytes becomes one of %d", len(err.Error()))
	}
	for i, wrong := range []error{s.hear(r, []byte("no JSON")), r.take([]byte("short")), ErrLoop} {
		if s.wrong(wrong); s.options.Counters.Broken.Load() != uint64(i+1) {
			t.Errorf("%v is not counted", wrong)
		}
	}
	if s.wrong(err); s.options.Counters.Broken.Load() != 3 {
		t.Error("what a camera's owner says of it is counted as a lie")
	}
}

// FuzzWords has a node say anything in words. Whatever ends a run for it says so shortly.
func FuzzWords(f *testing.F) {
	for _, seed := range []string{
		`{"type":"hello","codec":"jpeg","width":64,"height":32}`, `{"type":"sound","codec":""}`, `{"type":"state","camera":"offline","message":"no route"}`,
		`{"type":"error","code":503,"message":"full"}`, `{"type":1}`, `[`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s := New(Options{Owner: "z", Counters: new(Counters)})
		r := &reader{life: stream.LifeOf(context.Background()), emit: func(media.Frame) { t.Error("words give a frame") }, counters: s.options.Counters}
		if err := s.hear(r, text); err != nil && (len(err.Error()) > 2*maxRefusal || !utf8.ValidString(err.Error())) {
			t.Errorf("%d bytes: %.99q", len(err.Error()), err)
		}
	})
}

// FuzzAsk has a node ask anything. What is understood is bounded, of the node that asks,
// and goes in no circle.
func FuzzAsk(f *testing.F) {
	f.Add("front", "epoch=1&path=b", "b")
	f.Add("front", "epoch=2&path=c,b&rendition=jpeg-64x&not=d,e", "b")
	f.Add("front", "epoch=18446744073709551616&path=a,b", "b")
	f.Add("..", "epoch=1&path=,,,,,,,,,&not=&path=b", "b")
	f.Fuzz(func(t *testing.T, camera, query, node string) {
		d := &Door{Self: "a", NodeOf: func(*http.Request) string { return node }}
		r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/relay/" + camera, RawQuery: query}}
		r.SetPathValue("camera", camera)
		ask, status, err := d.understand(r)
		refused := d.Name.Load() + d.Loop.Load() + d.Query.Load()
		if (err != nil) != (refused == 1) || (err != nil) != (status >= http.StatusBadRequest) {
			t.Errorf("%v, %d, counted %d times", err, status, refused)
		}
		if err == nil && (ask.Node != node || len(ask.Not) > maxAsked || len(ask.Key.Rendition) > maxRendition || slices.Contains(strings.Split(r.URL.Query().Get(pathQuery), ","), d.Self)) {
			t.Errorf("understood: %+v", ask)
		}
	})
}

// FuzzPath has a node say by which nodes its pictures come, or that another has them.
func FuzzPath(f *testing.F) {
	f.Add("a,b", "b")
	f.Add("", "")
	f.Add(strings.Repeat("a,", 9)+"b", "b")
	f.Fuzz(func(t *testing.T, said, node string) {
		path, err := pathOf(&http.Response{Header: http.Header{pathHeader: {said}}}, node)
		if err != nil && !errors.Is(err, errBroken) {
			t.Error(err)
		}
		if err == nil && (len(path) > maxPath || path[len(path)-1] != node) {
			t.Errorf("taken: %q of %q", path, node)
		}
		tree := new(Tree)
		if gone, err := tree.comes(stream.Key{Camera: "front"}, path, "self"); err == nil {
			if slices.Contains(path, "self") {
				t.Error("pictures come by who gets them")
			}
			gone()
		}
		w := httptest.NewRecorder()
		d := &Door{Address: func(node string) (string, bool) { return "x:1", node == "b" }}
		if status := d.statusOf(w, httptest.NewRequest(http.MethodGet, "/relay/front", nil), &Elsewhere{node}); (status == http.StatusTemporaryRedirect) != (node == "b") {
			t.Errorf("who is sent to %q gets %d", node, status)
		}
	})
}

// FuzzFlows has a node say which streams come to it. What is taken can be told on.
func FuzzFlows(f *testing.F) {
	f.Add([]byte(`[{"camera":"front","rendition":"jpeg-64x","from":"a","since":"2026-11-20T10:00:00Z","bytes":7}]`))
	f.Add([]byte(`[{"camera":"front","from":"a","since":"9999-12-31T23:59:59-23:00"}]`)) // the year 10000 by UTC
	f.Add([]byte(`[{"camera":"../x","from":"<b>"}]`))
	f.Fuzz(func(t *testing.T, said []byte) {
		flows, err := ReadFlows(bytes.NewReader(said))
		if err != nil {
			return
		}
		for _, flow := range flows {
			flow.Since = flow.Since.UTC()
			if _, err := json.Marshal(flow); err != nil || len(flow.Camera) > 63 || len(flow.Rendition) > maxRendition {
				t.Errorf("taken: %+v, %v", flow, err)
			}
		}
	})
}
